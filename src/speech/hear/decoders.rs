//! Decoders of the embedded engine: a bounded pool, each with its dictionary and the grammars it used last.
//! Never holds its lock while it decodes or loads a model.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::front::{self, Front};
use super::grammar::Grammar;
use super::lexicon::Pronounced;
use super::sphinx_ffi::{Decoder, Interface, Library};
use super::{FrontEnd, HearError, SphinxConfig};

/// The cepstral mean that a decoder's first utterance begins with: that of people and flite voices behind G.711, upsampled to
/// 16 kHz. The model's own mean is that of wide-band sound, and cost the first sentence of every decoder.
const TELEPHONE_MEAN: &str = "43,24,-26,36,-19,0,12,-26,17,-10,2,7,-12";

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

/// A decoder on loan. It goes back when this is dropped, if it understood something: the running mean of one that heard a cough or
/// noise is theirs, and the next sentence would not be understood by it (the library has no way to take a mean back).
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
        if config.front_end == FrontEnd::Telephone && !has_features(&config.acoustic_model) {
            let model = config.acoustic_model.display();
            return Err(failed(format!("{model} was trained on other features; set hear.sphinx.front_end = \"model\"")));
        }
        pool.shelf().idle.push(first);
        Ok(Arc::new(pool))
    }

    /// A decoder with this grammar active, an idle one that already knows it where there is one. Where all are in use it waits for
    /// one as long as is configured: the caller's sound waits too, and none is lost.
    pub(super) fn lend(self: &Arc<Self>, grammar: &Grammar, sounds: &Pronounced) -> Result<Lent, HearError> {
        let name = name_of(&grammar.jsgf);
        let idle = {
            let patience = Duration::from_millis(self.config.wait_ms);
            let all_lent = |shelf: &mut Shelf| shelf.lent >= self.config.decoders;
            let waited = self.returned.wait_timeout_while(self.shelf(), patience, all_lent);
            let (mut shelf, _) = waited.unwrap_or_else(std::sync::PoisonError::into_inner);
            if shelf.lent >= self.config.decoders {
                return Err(failed(format!("all {} decoders are in use; raise hear.sphinx.decoders", self.config.decoders)));
            }
            shelf.lent += 1;
            let at = shelf.idle.iter().position(|primed| primed.grammars.contains(&name));
            at.or_else(|| shelf.idle.len().checked_sub(1)).map(|at| shelf.idle.swap_remove(at))
        };
        // From here on the loan is counted back by `Lent`, also on an error.
        let mut lent = Lent { home: self.clone(), primed: idle, understood: false };
        if lent.primed.is_none() {
            lent.primed = Some(self.make()?);
        }
        lent.primed().learn(&name, grammar, sounds, self.config.grammars_kept)?;
        Ok(lent)
    }

    /// What makes an utterance's features, where it is not the decoder itself.
    pub(super) fn front(&self) -> Option<Front> {
        (self.config.front_end == FrontEnd::Telephone).then(Front::new)
    }

    fn make(&self) -> Result<Primed, HearError> {
        let model = self.config.acoustic_model.display().to_string();
        let insertion = self.config.word_insertion.to_string();
        let mean = match self.config.front_end {
            FrontEnd::Telephone => front::MEAN,
            FrontEnd::Model => TELEPHONE_MEAN,
        };
        // All senones are scored in every frame, so that a path's score tells how far it lies below the best sound.
        let mut options = vec![
            ("hmm", model.as_str()),
            ("fwdflat", "no"),
            ("bestpath", "no"),
            ("compallsen", "yes"),
            ("cmninit", mean),
            ("wip", insertion.as_str()),
        ];
        if self.library.interface() == Interface::V08 {
            options.push(("remove_silence", "no"));
        }
        let decoder = is_model(&self.config.acoustic_model).then(|| Decoder::new(&self.library, &options)).flatten();
        let decoder = decoder.ok_or_else(|| {
            failed(format!("no acoustic model in {model}; apt-get install pocketsphinx-en-us, or set hear.sphinx.acoustic_model"))
        })?;
        Ok(Primed { decoder, words: HashSet::new(), grammars: VecDeque::new() })
    }

    fn shelf(&self) -> std::sync::MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Lent {
    pub(super) fn primed(&mut self) -> &mut Primed {
        self.primed.as_mut().expect("a loan holds its decoder until it is dropped")
    }

    /// Whether what it hears is speech that it knows: then it is as good for the next utterance.
    pub(super) const fn understands(&mut self, understood: bool) {
        self.understood = understood;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut shelf = self.home.shelf();
        shelf.lent -= 1;
        shelf.idle.extend(self.primed.take().filter(|_| self.understood));
        drop(shelf);
        self.home.returned.notify_one();
    }
}

impl Primed {
    fn learn(&mut self, name: &str, grammar: &Grammar, sounds: &Pronounced, kept: usize) -> Result<(), HearError> {
        if let Some(at) = self.grammars.iter().position(|known| known == name) {
            self.grammars.remove(at);
        } else {
            for word in &grammar.words {
                self.learn_word(word, sounds)?;
            }
            if !self.decoder.add_grammar(name, &grammar.jsgf) {
                return Err(failed("the grammar of this moment was refused; a phrase holds something that cannot be spoken"));
            }
        }
        self.grammars.push_back(name.to_owned());
        if !self.decoder.activate(name) {
            return Err(failed("the grammar could not be made active"));
        }
        while self.grammars.len() > kept.max(1) {
            let oldest = self.grammars.pop_front().expect("more than one is there");
            self.decoder.remove(&oldest);
        }
        Ok(())
    }

    fn learn_word(&mut self, word: &str, sounds: &Pronounced) -> Result<(), HearError> {
        if !self.words.insert(word.to_owned()) {
            return Ok(());
        }
        let readings = sounds.get(word).map_or(&[][..], |(_, readings)| readings);
        for (i, phones) in readings.iter().enumerate() {
            // Further readings carry a number, which the decoder strips from what it hears.
            let name = if i == 0 { word.to_owned() } else { format!("{word}({})", i + 1) };
            if !self.decoder.add_word(&name, phones) {
                return Err(failed("the acoustic model lacks a phone of the dictionary; it must be an English one"));
            }
        }
        Ok(())
    }
}

fn is_model(folder: &Path) -> bool {
    ["mdef", "means", "variances", "transition_matrices"].iter().all(|file| folder.join(file).is_file())
}

/// Whether the model's features are those that the telephone front-end makes.
fn has_features(model: &Path) -> bool {
    let told = std::fs::read_to_string(model.join("feat.params")).unwrap_or_default();
    front::PARAMETERS.iter().all(|(name, value)| told.lines().any(|l| l.split_whitespace().eq([*name, *value])))
}

fn name_of(jsgf: &str) -> String {
    let mut hasher = DefaultHasher::new();
    jsgf.hash(&mut hasher);
    format!("g{:016x}", hasher.finish())
}

fn failed(what: impl Into<String>) -> HearError {
    HearError::Backend { engine: "sphinx", what: what.into() }
}
