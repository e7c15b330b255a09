//! Decoders of the embedded engine: a bounded pool, each with its dictionary and the grammars it used last.
//! Never holds its lock while it decodes or loads a model.

use std::collections::{HashSet, VecDeque};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::front::{self, Front};
use super::sphinx_ffi::{Decoder, Interface, Library};
use super::vocabulary::Sayable;
use super::{FrontEnd, HearError, SphinxConfig};

/// The cepstral mean that a decoder's first utterance begins with where the library makes the features: that of people and flite
/// voices behind G.711, upsampled to 16 kHz. The model's own mean is that of wide-band sound, and cost the first sentence of
/// every decoder.
const TELEPHONE_MEAN: &str = "43,24,-26,36,-19,0,12,-26,17,-10,2,7,-12";
/// What the library is still told of the features where the front-end makes and normalises them.
const STILL_TOLD: [&str; 4] = ["-feat", "-svspec", "-agc", "-varnorm"];

/// Keeps at most so many decoders and lends them out.
pub(super) struct Decoders {
    library: Arc<Library>,
    config: SphinxConfig,
    shelf: Mutex<Shelf>,
    /// One came back.
    returned: Condvar,
}

#[derive(Default)]
struct Shelf {
    idle: Vec<Primed>,
    lent: usize,
}

/// A decoder and what it has been taught.
pub(super) struct Primed {
    pub(super) decoder: Decoder,
    words: HashSet<String>,
    /// Grammars by the name they have in the decoder, the latest last.
    grammars: VecDeque<String>,
}

/// A decoder on loan. It goes back when this is dropped. Where the library normalises the features, it does so only if it understood
/// something: the running mean of one that heard a cough or noise is theirs, the next sentence would not be understood by it, and
/// the library has no way to take a mean back.
pub(super) struct Lent {
    home: Arc<Decoders>,
    primed: Option<Primed>,
    understood: bool,
}

impl Decoders {
    /// A pool whose first decoder is made at once, so that a bad model is found at start.
    pub(super) fn open(library: Arc<Library>, config: &SphinxConfig) -> Result<Arc<Self>, HearError> {
        let pool = Self { library, config: config.clone(), shelf: Mutex::default(), returned: Condvar::new() };
        let first = pool.make()?;
        pool.shelf().idle.push(first);
        Ok(Arc::new(pool))
    }

    /// A decoder with this grammar active, an idle one that already knows it where there is one. Where all are in use it waits for
    /// one as long as is configured: the caller's sound waits too, and none is lost.
    pub(super) fn lend(self: &Arc<Self>, sayable: &Sayable) -> Result<Lent, HearError> {
        let idle = {
            let patience = Duration::from_millis(self.config.wait_ms);
            let all_lent = |shelf: &mut Shelf| shelf.lent >= self.config.decoders;
            let waited = self.returned.wait_timeout_while(self.shelf(), patience, all_lent);
            let (mut shelf, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
            if shelf.lent >= self.config.decoders {
                return Err(failed(format!("all {} decoders are in use; raise hear.sphinx.decoders", self.config.decoders)));
            }
            shelf.take(&sayable.name)
        };
        self.ready(idle, sayable)
    }

    /// The same where it takes nothing from anybody: more than half of all are free, so that each who hears may have a second one.
    pub(super) fn spare(self: &Arc<Self>, sayable: &Sayable) -> Result<Option<Lent>, HearError> {
        let idle = {
            let mut shelf = self.shelf();
            if shelf.lent * 2 > self.config.decoders {
                return Ok(None);
            }
            shelf.take(&sayable.name)
        };
        self.ready(idle, sayable).map(Some)
    }

    /// From here on the loan is counted back by `Lent`, also on an error.
    fn ready(self: &Arc<Self>, idle: Option<Primed>, sayable: &Sayable) -> Result<Lent, HearError> {
        let mut lent = Lent { home: self.clone(), primed: idle, understood: false };
        if lent.primed.is_none() {
            lent.primed = Some(self.make()?);
        }
        lent.primed().learn(sayable, self.config.grammars_kept)?;
        Ok(lent)
    }

    /// What makes an utterance's features, where it is not the decoder itself.
    pub(super) fn front(&self) -> Option<Front> {
        (self.config.front_end == FrontEnd::Telephone).then(Front::new)
    }

    fn make(&self) -> Result<Primed, HearError> {
        let model = &self.config.acoustic_model;
        let decoder = is_model(model).then(|| self.options()).transpose()?.and_then(|options| {
            let options: Vec<(&str, &str)> = options.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Decoder::new(&self.library, &options)
        });
        let decoder = decoder.ok_or_else(|| {
            let model = model.display();
            failed(format!("no acoustic model in {model}; apt-get install pocketsphinx-en-us, or set hear.sphinx.acoustic_model"))
        })?;
        Ok(Primed { decoder, words: HashSet::new(), grammars: VecDeque::new() })
    }

    fn options(&self) -> Result<Vec<(&'static str, String)>, HearError> {
        let model = &self.config.acoustic_model;
        let mut options = vec![
            ("hmm", model.display().to_string()),
            ("fwdflat", "no".to_owned()),
            ("bestpath", "no".to_owned()),
            // All senones are scored in every frame, so that a path's score tells how far it lies below the best sound.
            ("compallsen", "yes".to_owned()),
            // A word's further readings stand in our grammars; finding their places takes the library a hundred milliseconds.
            ("fsgusealtpron", "no".to_owned()),
            // Narrower than the library's own: with a whole pack's phrases the transcript is final in half the time, and no less right
            // (`benches/hear.rs`: of 156 phrases 11 wrong or rejected, as before).
            ("beam", "1e-40".to_owned()),
            ("pbeam", "1e-40".to_owned()),
            ("wbeam", "1e-24".to_owned()),
            ("wip", self.config.word_insertion.to_string()),
        ];
        match self.config.front_end {
            FrontEnd::Model => options.push(("cmninit", TELEPHONE_MEAN.to_owned())),
            FrontEnd::Telephone => options.extend(told_beside_the_front_end(model)?),
        }
        if self.library.interface() == Interface::V08 {
            options.push(("remove_silence", "no".to_owned()));
        }
        Ok(options)
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Shelf {
    /// Counts a loan: an idle decoder, one that already knows this grammar where there is one, or none.
    fn take(&mut self, grammar: &String) -> Option<Primed> {
        self.lent += 1;
        let at = self.idle.iter().position(|primed| primed.grammars.contains(grammar));
        at.or_else(|| self.idle.len().checked_sub(1)).map(|at| self.idle.swap_remove(at))
    }
}

impl Lent {
    pub(super) fn primed(&mut self) -> &mut Primed {
        self.primed.as_mut().expect("a loan holds its decoder until it is dropped")
    }

    /// Whether what it hears is speech that it knows: then its own mean, if it keeps one, is as good for the next utterance.
    pub(super) const fn understands(&mut self, understood: bool) {
        self.understood = understood;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut shelf = self.home.shelf();
        shelf.lent -= 1;
        let has_no_mean = self.home.config.front_end == FrontEnd::Telephone;
        shelf.idle.extend(self.primed.take().filter(|_| has_no_mean || self.understood));
        drop(shelf);
        self.home.returned.notify_one();
    }
}

impl Primed {
    fn learn(&mut self, sayable: &Sayable, kept: usize) -> Result<(), HearError> {
        if let Some(at) = self.grammars.iter().position(|known| *known == sayable.name) {
            self.grammars.remove(at);
        } else {
            for (word, (_, readings)) in &sayable.sounds {
                self.learn_word(word, readings)?;
            }
            if !self.decoder.add_grammar(&sayable.name, &sayable.fsg) {
                return Err(failed("the grammar of this moment was refused; a phrase holds something that cannot be spoken"));
            }
        }
        self.grammars.push_back(sayable.name.clone());
        if !self.decoder.activate(&sayable.name) {
            return Err(failed("the grammar could not be made active"));
        }
        while self.grammars.len() > kept.max(1) {
            let oldest = self.grammars.pop_front().expect("more than one is there");
            self.decoder.remove(&oldest);
        }
        Ok(())
    }

    fn learn_word(&mut self, word: &str, readings: &[String]) -> Result<(), HearError> {
        if !self.words.insert(word.to_owned()) {
            return Ok(());
        }
        for (i, phones) in readings.iter().enumerate() {
            let name = if i == 0 { word.to_owned() } else { format!("{word}({})", i + 1) };
            if !self.decoder.add_word(&name, phones) {
                return Err(failed("the acoustic model lacks a phone of the dictionary; it must be an English one"));
            }
        }
        Ok(())
    }
}

/// What the library is told of a model's features where they come made and normalised: all that the model says of them, but not that
/// it is to normalise them. The model's own file would overrule that, and is left out.
fn told_beside_the_front_end(model: &Path) -> Result<Vec<(&'static str, String)>, HearError> {
    let told = std::fs::read_to_string(model.join("feat.params")).unwrap_or_default();
    let of = |name: &str| told.lines().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(' ').map(str::trim));
    if !front::PARAMETERS.iter().all(|(name, value)| of(name) == Some(value)) {
        let model = model.display();
        return Err(failed(format!("{model} was trained on other features; set hear.sphinx.front_end = \"model\"")));
    }
    let still = STILL_TOLD.iter().filter_map(|name| Some((name.trim_start_matches('-'), of(name)?.to_owned())));
    Ok([("featparams", "/dev/null".to_owned()), ("cmn", "none".to_owned())].into_iter().chain(still).collect())
}

fn is_model(folder: &Path) -> bool {
    ["mdef", "means", "variances", "transition_matrices"].iter().all(|file| folder.join(file).is_file())
}

fn failed(what: impl Into<String>) -> HearError {
    HearError::Backend { engine: "sphinx", what: what.into() }
}
