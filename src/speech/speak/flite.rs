//! flite: the English voice that needs no download, opened from the system's libraries at run time.
//! Never speaks another language.

use crate::audio::{Dbfs, SampleRate};
use crate::talk::Language;

use super::by_clause::Engine;
use super::flite_ffi::Flite;
use super::{Delivery, FliteVoice, SpeakError};

/// flite with one voice.
pub(super) struct FliteEngine {
    flite: Flite,
    voice: FliteVoice,
}

impl FliteEngine {
    /// Opens the system's flite. Fails where libflite1 is not installed.
    pub(super) fn open(voice: FliteVoice) -> Result<Self, SpeakError> {
        Ok(Self { flite: Flite::open(voice.name()).map_err(failed)?, voice })
    }
}

impl Engine for FliteEngine {
    fn name(&self) -> &'static str {
        "flite"
    }

    fn speaks(&self, language: Language) -> bool {
        language == Language::EN
    }

    fn rate(&self, _: Language) -> SampleRate {
        SampleRate::HZ_16000
    }

    fn gain(&self, _: Language) -> Dbfs {
        gain(self.voice)
    }

    fn clause(&self, text: &str, language: Language, delivery: Delivery) -> Result<Vec<i16>, SpeakError> {
        if !self.speaks(language) {
            return Err(SpeakError::NoVoice(language));
        }
        let sound = self.flite.speak(text, 1.0 / delivery.rate).map_err(failed)?;
        if sound.rate_hz == 16_000 || sound.pcm.is_empty() {
            Ok(sound.pcm)
        } else {
            Err(failed(format!("voice {} came at {} Hz instead of 16000", self.voice.name(), sound.rate_hz)))
        }
    }
}

/// Measured over the sentences of `benches/speech.rs`: what brings the voice's active speech to the common level.
const fn gain(voice: FliteVoice) -> Dbfs {
    match voice {
        FliteVoice::Slt => Dbfs::new(-6.9),
        FliteVoice::Rms => Dbfs::new(-1.0),
        FliteVoice::Awb => Dbfs::new(-2.3),
        FliteVoice::Kal16 => Dbfs::new(6.1),
    }
}

fn failed(what: impl Into<String>) -> SpeakError {
    SpeakError::Backend { engine: "flite", what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_voice_speaks_at_16_khz_and_slower_when_told() {
        for voice in FliteVoice::ALL {
            let flite = FliteEngine::open(voice).expect("libflite1 is in packages.txt");
            let at = |rate| flite.clause("Good morning to you.", Language::EN, Delivery { rate }).expect("speaks").len() as f32;
            assert!(at(1.0) > 12_000.0, "{voice:?}: {}", at(1.0));
            assert!(at(0.8) > 1.1 * at(1.0), "{voice:?}");
        }
    }

    #[test]
    fn calls_from_many_threads_do_not_mix() {
        let flite = FliteEngine::open(FliteVoice::Kal16).expect("libflite1 is in packages.txt");
        let say = |text: &str, rate| flite.clause(text, Language::EN, Delivery { rate }).expect("speaks").len();
        let (slow, fast) = (say("One two three", 0.8), say("Four five six", 1.2));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| (0..20).all(|_| say("One two three", 0.8) == slow));
            assert!((0..20).all(|_| say("Four five six", 1.2) == fast));
            assert!(other.join().expect("no panic"));
        });
    }

    #[test]
    fn another_language_or_a_missing_voice_is_an_error() {
        let flite = FliteEngine::open(FliteVoice::Kal16).expect("libflite1 is in packages.txt");
        assert!(matches!(flite.clause("x", Language::ZH, Delivery::default()), Err(SpeakError::NoVoice(_))));
        let error = Flite::open("nobody").err().expect("there is no such voice");
        assert!(error.contains("apt-get install libflite1"), "{error}");
    }

    #[test]
    fn text_with_nothing_to_say_is_no_sound_and_no_crash() {
        let flite = FliteEngine::open(FliteVoice::Slt).expect("libflite1 is in packages.txt");
        for text in ["", " ", "\0x", "您好", "<>&%$#", &"a".repeat(400)] {
            flite.clause(text, Language::EN, Delivery::default()).expect("no crash");
        }
    }
}
