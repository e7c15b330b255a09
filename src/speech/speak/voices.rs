//! All voices as one: each language by the best engine that is there, the next one when it fails.
//! Never gives up silently: what is missing is kept for `hotline doctor`, and a failing engine is logged once.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::runtime::Handle;
use tracing::{info, warn};

use crate::audio::SampleRate;
use crate::talk::Language;

use super::cache::{Cached, Phrases};
use super::linear::Linear;
use super::{Delivery, EngineKind, Sink, SpeakConfig, SpeakError, Synthesizer};

/// An engine that failed is passed over for that many sentences before it is tried again.
const REST_SENTENCES: u32 = 20;

/// What there is to know about an engine before a call comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceFact {
    /// The engine.
    pub engine: EngineKind,
    /// Which languages it speaks, as the caller is told: `en, zh`; empty if it could not be opened.
    pub languages: String,
    /// What is missing and how to get it; `None` if all is well.
    pub problem: Option<String>,
}

/// The voices that could be opened.
pub struct Voices {
    engines: Vec<Ranked>,
    facts: Vec<VoiceFact>,
}

struct Ranked {
    voice: Cached<Box<dyn Synthesizer>>,
    /// Sentences until an engine that failed is tried again.
    resting: AtomicU32,
}

/// What an opener gives: the voice, and whatever is worth telling about it.
struct Opened {
    voice: Box<dyn Synthesizer>,
    languages: String,
    problem: Option<String>,
}

/// Opens the engines of the configuration. An engine that cannot be opened is left out and its [`VoiceFact`] says why; none
/// at all is an error.
///
/// Voice files are looked for in `data/voices`, espeak-ng's data is unpacked into `data`. `runtime` drives the voice server's
/// connection; [`Synthesizer::synthesise`] must then be called outside of its threads, as all blocking work.
pub fn open(config: &SpeakConfig, data: &Path, runtime: &Handle) -> Result<Voices, SpeakError> {
    let phrases = Arc::new(Phrases::new(config.cache_kib as usize * 1_024));
    let mut voices = Voices { engines: Vec::new(), facts: Vec::new() };
    for &engine in &config.engines {
        let (languages, problem) = match open_engine(engine, config, data, runtime) {
            Ok(Opened { voice, languages, problem }) => {
                let voice = Cached::new(voice, Arc::clone(&phrases));
                voices.engines.push(Ranked { voice, resting: AtomicU32::new(0) });
                (languages, problem)
            }
            Err(problem) => (String::new(), Some(problem)),
        };
        voices.facts.push(VoiceFact { engine, languages, problem });
    }
    if voices.engines.is_empty() {
        let problems = voices.facts.into_iter().filter_map(|fact| fact.problem).collect::<Vec<_>>();
        return Err(SpeakError::Backend { engine: "none", what: format!("nothing to speak with: {}", problems.join("; ")) });
    }
    Ok(voices)
}

impl Voices {
    /// What is there and what is missing, in the configuration's order.
    pub fn facts(&self) -> &[VoiceFact] {
        &self.facts
    }

    /// The name of the engine that speaks this language while all is well.
    pub fn engine(&self, language: Language) -> Option<&'static str> {
        self.first(language).map(|ranked| ranked.voice.name())
    }

    fn first(&self, language: Language) -> Option<&Ranked> {
        self.engines.iter().find(|ranked| ranked.voice.speaks(language))
    }

    /// The engines for a language: those that rest after a failure come last.
    fn candidates(&self, language: Language) -> Vec<&Ranked> {
        let mut candidates: Vec<&Ranked> = self.engines.iter().filter(|ranked| ranked.voice.speaks(language)).collect();
        candidates.sort_by_key(|ranked| ranked.rests());
        candidates
    }
}

impl Synthesizer for Voices {
    fn name(&self) -> &'static str {
        "voices"
    }

    fn speaks(&self, language: Language) -> bool {
        self.first(language).is_some()
    }

    /// The rate of the language's first engine. It never changes: an engine that steps in is brought to it.
    fn rate(&self, language: Language) -> SampleRate {
        self.first(language).map_or(SampleRate::HZ_16000, |ranked| ranked.voice.rate(language))
    }

    /// Speaks with the first engine that can. A sentence that broke off half spoken is an error and not begun again.
    fn synthesise(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        let promised = self.rate(language);
        let mut failure = SpeakError::NoVoice(language);
        for ranked in self.candidates(language) {
            let rate = ranked.voice.rate(language);
            let mut linear = (rate != promised).then(|| Linear::new(rate, promised));
            let mut begun = false;
            let mut given = |pcm: &[i16]| -> ControlFlow<()> {
                begun = true;
                match &mut linear {
                    Some(linear) => sink(&linear.next(pcm)),
                    None => sink(pcm),
                }
            };
            match ranked.voice.synthesise(text, language, delivery, &mut given) {
                Ok(()) => {
                    ranked.worked();
                    return Ok(());
                }
                Err(error) => {
                    ranked.failed(&error);
                    if begun {
                        return Err(error);
                    }
                    failure = error;
                }
            }
        }
        Err(failure)
    }
}

impl Ranked {
    /// Whether this engine is passed over now; each question brings its next chance nearer.
    fn rests(&self) -> bool {
        let left = self.resting.load(Ordering::Relaxed);
        if left > 1 {
            self.resting.store(left - 1, Ordering::Relaxed);
        }
        left > 1
    }

    fn worked(&self) {
        if self.resting.swap(0, Ordering::Relaxed) > 0 {
            info!(engine = self.voice.name(), "A voice is back.");
        }
    }

    fn failed(&self, error: &SpeakError) {
        if self.resting.swap(REST_SENTENCES, Ordering::Relaxed) == 0 {
            warn!(engine = self.voice.name(), %error, "A voice failed; another one steps in where there is one.");
        }
    }
}

fn open_engine(engine: EngineKind, config: &SpeakConfig, data: &Path, runtime: &Handle) -> Result<Opened, String> {
    match engine {
        EngineKind::Openai => open_openai(config, runtime),
        EngineKind::Piper => open_piper(config, data),
        EngineKind::Flite => open_flite(config),
        EngineKind::Espeak => open_espeak(config, data),
    }
}

#[cfg(feature = "openai")]
fn open_openai(config: &SpeakConfig, runtime: &Handle) -> Result<Opened, String> {
    let voice = super::openai::OpenaiVoice::open(&config.openai, runtime).map_err(|error| error.to_string())?;
    Ok(Opened { voice: Box::new(voice), languages: "all the server's".to_owned(), problem: None })
}

#[cfg(feature = "piper")]
fn open_piper(config: &SpeakConfig, data: &Path) -> Result<Opened, String> {
    let (piper, problem) = super::piper::Piper::open(&config.piper, data).map_err(|error| error.to_string())?;
    let languages = listed(piper.languages());
    Ok(Opened { voice: Box::new(super::by_clause::ByClause(piper)), languages, problem })
}

#[cfg(feature = "flite")]
fn open_flite(config: &SpeakConfig) -> Result<Opened, String> {
    let flite = super::flite::FliteEngine::open(config.flite.voice).map_err(|error| error.to_string())?;
    Ok(Opened { voice: Box::new(super::by_clause::ByClause(flite)), languages: "en".to_owned(), problem: None })
}

#[cfg(feature = "espeak")]
fn open_espeak(config: &SpeakConfig, data: &Path) -> Result<Opened, String> {
    let espeak = super::espeak::Espeak::open(data, &config.espeak.voices).map_err(|error| error.to_string())?;
    let languages = listed(espeak.languages());
    Ok(Opened { voice: Box::new(super::by_clause::ByClause(espeak)), languages, problem: None })
}

#[cfg(not(feature = "openai"))]
fn open_openai(_: &SpeakConfig, _: &Handle) -> Result<Opened, String> {
    Err(not_built("openai"))
}

#[cfg(not(feature = "piper"))]
fn open_piper(_: &SpeakConfig, _: &Path) -> Result<Opened, String> {
    Err(not_built("piper"))
}

#[cfg(not(feature = "flite"))]
fn open_flite(_: &SpeakConfig) -> Result<Opened, String> {
    Err(not_built("flite"))
}

#[cfg(not(feature = "espeak"))]
fn open_espeak(_: &SpeakConfig, _: &Path) -> Result<Opened, String> {
    Err(not_built("espeak"))
}

#[cfg(not(all(feature = "openai", feature = "piper", feature = "flite", feature = "espeak")))]
fn not_built(feature: &str) -> String {
    format!("voice {feature}: not in this build; build with --features {feature}")
}

#[cfg(any(feature = "piper", feature = "espeak"))]
fn listed(languages: impl Iterator<Item = Language>) -> String {
    languages.map(|language| language.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// Speaks 100 samples at its rate, unless told to fail.
    struct Fake {
        rate: SampleRate,
        broken: Arc<AtomicBool>,
        after: usize,
    }

    impl Synthesizer for Fake {
        fn name(&self) -> &'static str {
            "fake"
        }
        fn speaks(&self, language: Language) -> bool {
            language == Language::EN
        }
        fn rate(&self, _: Language) -> SampleRate {
            self.rate
        }
        fn synthesise(&self, _: &str, _: Language, _: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
            let broken = self.broken.load(Ordering::Relaxed);
            let _ = sink(&vec![1; if broken { self.after } else { 100 }]);
            if broken { Err(SpeakError::Backend { engine: "fake", what: "broken".to_owned() }) } else { Ok(()) }
        }
    }

    fn voices(after: usize) -> (Voices, Arc<AtomicBool>) {
        let broken = Arc::new(AtomicBool::new(false));
        let fake = |rate, broken| -> Box<dyn Synthesizer> { Box::new(Fake { rate, broken, after }) };
        let first = fake(SampleRate::HZ_8000, Arc::clone(&broken));
        let second = fake(SampleRate::HZ_16000, Arc::default());
        let phrases = Arc::new(Phrases::new(0));
        let ranked = |voice| Ranked { voice: Cached::new(voice, Arc::clone(&phrases)), resting: AtomicU32::new(0) };
        (Voices { engines: vec![ranked(first), ranked(second)], facts: Vec::new() }, broken)
    }

    fn say(voices: &Voices, language: Language) -> Result<usize, SpeakError> {
        let mut samples = 0;
        let mut sink = |pcm: &[i16]| {
            samples += pcm.len();
            ControlFlow::Continue(())
        };
        voices.synthesise("Hello.", language, Delivery::default(), &mut sink).map(|()| samples)
    }

    /// A piece with no samples still counts as begun only if the fake gave some.
    #[test]
    fn a_half_spoken_sentence_is_not_begun_again_by_another_voice() {
        let (voices, broken) = voices(10);
        broken.store(true, Ordering::Relaxed);
        assert!(matches!(say(&voices, Language::EN), Err(SpeakError::Backend { .. })));
        assert_eq!(say(&voices, Language::EN).expect("the other voice"), 50);
    }

    #[test]
    fn another_voice_steps_in_at_the_promised_rate_and_the_first_comes_back() {
        let (voices, broken) = voices(10);
        assert_eq!(voices.rate(Language::EN), SampleRate::HZ_8000);
        broken.store(true, Ordering::Relaxed);
        say(&voices, Language::EN).expect_err("broke off");
        for _ in 0..5 {
            assert_eq!(say(&voices, Language::EN).expect("steps in"), 50, "100 samples at 16 kHz are 50 at 8 kHz");
        }
        broken.store(false, Ordering::Relaxed);
        let back = (0..REST_SENTENCES).position(|_| say(&voices, Language::EN).expect("speaks") == 100);
        assert!(back.is_some(), "the first voice is tried again");
    }

    #[test]
    fn a_language_without_a_voice_is_named() {
        let error = say(&voices(0).0, Language::ZH).expect_err("nobody speaks it");
        assert!(error.to_string().contains("zh"), "{error}");
    }
}
