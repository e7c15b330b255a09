//! espeak-ng in this process: the voice for Chinese and for every language without a better one.
//! Never reads a system's espeak-ng; its data comes with the binary.

use std::collections::BTreeMap;
use std::path::Path;

use crate::audio::{Dbfs, SampleRate};
use crate::talk::Language;

use super::by_clause::Engine;
use super::espeak_ffi::{Library, Offered};
use super::{Delivery, Sink, SpeakError, espeak_data};

/// A pace that is clear on a telephone, in words a minute; espeak-ng's own is 175.
const WORDS_PER_MINUTE: f32 = 165.0;

/// espeak-ng, with a voice for each language it knows.
pub(super) struct Espeak {
    library: &'static Library,
    rate: SampleRate,
    voices: BTreeMap<Language, String>,
}

impl Espeak {
    /// Initialises espeak-ng; its data is unpacked below `cache` first, unless it is there. `chosen` names voices by hand.
    pub(super) fn open(cache: &Path, chosen: &BTreeMap<Language, String>) -> Result<Self, SpeakError> {
        let library = library(cache)?;
        let rate = SampleRate::new(library.rate_hz());
        let rate = rate.ok_or_else(|| failed(format!("it speaks at {} Hz", library.rate_hz())))?;
        let mut voices = by_language(&library.turn().offered());
        voices.extend([(Language::EN, "en-us".to_owned()), (Language::ZH, "cmn".to_owned())]);
        voices.extend(chosen.clone());
        Ok(Self { library, rate, voices })
    }

    /// The languages it speaks.
    pub(super) fn languages(&self) -> impl Iterator<Item = Language> {
        self.voices.keys().copied()
    }
}

impl Engine for Espeak {
    fn name(&self) -> &'static str {
        "espeak"
    }

    fn speaks(&self, language: Language) -> bool {
        self.voices.contains_key(&language)
    }

    fn rate(&self, _: Language) -> SampleRate {
        self.rate
    }

    /// Measured over the sentences of `benches/speech.rs`.
    fn gain(&self, language: Language) -> Dbfs {
        if language == Language::ZH { Dbfs::new(-2.8) } else { Dbfs::new(-0.6) }
    }

    /// espeak-ng makes ten seconds of sound in about five milliseconds, so a clause is made whole and then handed over.
    fn clause(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        let voice = self.voices.get(&language).ok_or(SpeakError::NoVoice(language))?;
        let pcm = self.library.turn().speak(text, voice, (WORDS_PER_MINUTE * delivery.rate) as u16).map_err(failed)?;
        // A `Break` ends it, and there is nothing left to end.
        let _ = sink(&pcm);
        Ok(())
    }
}

/// espeak-ng, initialised with the data that came with the binary.
pub(super) fn library(cache: &Path) -> Result<&'static Library, SpeakError> {
    let folder = espeak_data::unpacked(cache)
        .map_err(|error| failed(format!("its data cannot be unpacked below {}: {error}", cache.display())))?;
    Library::open(&folder).map_err(failed)
}

/// The voice of the best priority for each language, the plainest tag first (`fr` before `fr-be`).
fn by_language(offered: &[Offered]) -> BTreeMap<Language, String> {
    let mut best: BTreeMap<Language, (u8, usize, &str)> = BTreeMap::new();
    for Offered { tag, file, priority } in offered {
        let Ok(language) = tag.parse() else { continue };
        let rank = (*priority, tag.len(), file.as_str());
        best.entry(language).and_modify(|now| *now = rank.min(*now)).or_insert(rank);
    }
    best.into_iter().map(|(language, (.., file))| (language, file.to_owned())).collect()
}

fn failed(what: impl Into<String>) -> SpeakError {
    SpeakError::Backend { engine: "espeak", what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One folder for all runs: the first data folder stays for the life of a process, so none may vanish with its test.
    fn cache() -> std::path::PathBuf {
        std::env::temp_dir().join("hotline-tests")
    }

    fn espeak() -> Espeak {
        Espeak::open(&cache(), &BTreeMap::new()).expect("its data comes with the build")
    }

    fn spoken(text: &str, language: Language, rate: f32) -> Result<Vec<i16>, SpeakError> {
        said(&espeak(), text, language, rate)
    }

    fn said(espeak: &Espeak, text: &str, language: Language, rate: f32) -> Result<Vec<i16>, SpeakError> {
        let mut pcm = Vec::new();
        let mut sink = |piece: &[i16]| {
            pcm.extend_from_slice(piece);
            std::ops::ControlFlow::Continue(())
        };
        espeak.clause(text, language, Delivery { rate }, &mut sink).map(|()| pcm)
    }

    #[test]
    fn many_languages_are_spoken_and_an_unknown_one_is_refused() {
        let espeak = espeak();
        assert!(espeak.languages().count() > 80, "{}", espeak.languages().count());
        for language in ["en", "zh", "fr", "de", "es", "ja", "ru", "ar", "hi", "pt", "vi", "yue"] {
            let language = language.parse().expect("a tag");
            let pcm = said(&espeak, "1 2 3", language, 1.0).expect("speaks");
            assert!(pcm.len() > 5_000, "{language}: {} samples", pcm.len());
        }
        assert!(matches!(spoken("x", "xx".parse().expect("a tag"), 1.0), Err(SpeakError::NoVoice(_))));
    }

    #[test]
    fn a_slower_rate_takes_longer() {
        let at = |rate| spoken("Good morning to you", Language::EN, rate).expect("speaks").len() as f32;
        assert!(at(0.8) > 1.1 * at(1.0) && at(1.0) > 1.1 * at(1.3));
    }

    #[test]
    fn a_voice_it_does_not_have_is_an_error_and_the_next_one_is_right() {
        let chosen = BTreeMap::from([(Language::EN, "no-such-voice".to_owned())]);
        let wrong = Espeak::open(&cache(), &chosen).expect("opens");
        let error = said(&wrong, "Hello", Language::EN, 1.0).expect_err("refused");
        assert!(error.to_string().contains("no-such-voice"), "{error}");
        assert!(!spoken("Hello", Language::EN, 1.0).expect("speaks").is_empty());
    }

    #[test]
    fn calls_from_many_threads_do_not_mix() {
        let alone = spoken("您好", Language::ZH, 1.0).expect("speaks");
        std::thread::scope(|scope| {
            let english = scope.spawn(|| (0..20).map(|_| spoken("Hello there", Language::EN, 1.3).expect("speaks").len()).max());
            let chinese: Vec<_> = (0..20).map(|_| spoken("您好", Language::ZH, 1.0).expect("speaks").len()).collect();
            assert!(chinese.iter().all(|&length| length.abs_diff(alone.len()) < 500), "{} {chinese:?}", alone.len());
            english.join().expect("no panic");
        });
    }

    #[cfg(feature = "piper")]
    #[test]
    fn phonemes_are_in_ipa_for_both_languages_and_nothing_ends() {
        let espeak = espeak();
        let phonemes = |text: &str, voice: &str| espeak.library.turn().phonemes(text, voice).expect("phonemes").concat();
        assert!(phonemes("Hello, world.", "en-us").contains('ə'));
        assert!(!phonemes("您好。", "cmn").is_empty());
        assert_eq!(phonemes("", "en-us"), "");
    }
}
