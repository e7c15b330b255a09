//! flite: the English voice that needs no download, opened from the system's libraries at run time.
//! Never speaks another language.

use crate::audio::{Dbfs, SampleRate};
use crate::talk::Language;

use super::by_clause::Engine;
use super::flite_ffi::Flite;
use super::{Delivery, FliteVoice, Sink, SpeakError};

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

    fn clause(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        if !self.speaks(language) {
            return Err(SpeakError::NoVoice(language));
        }
        match self.flite.speak(text, 1.0 / delivery.rate, sink).map_err(failed)? {
            0 | 16_000 => Ok(()),
            other => Err(failed(format!("voice {} came at {other} Hz instead of 16000", self.voice.name()))),
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
    use std::ops::ControlFlow;
    use std::sync::mpsc;

    use super::*;

    fn flite(voice: FliteVoice) -> FliteEngine {
        FliteEngine::open(voice).expect("libflite1 is in packages.txt")
    }

    fn samples(flite: &FliteEngine, text: &str, rate: f32) -> usize {
        let mut samples = 0;
        let mut sink = |pcm: &[i16]| {
            samples += pcm.len();
            ControlFlow::Continue(())
        };
        flite.clause(text, Language::EN, Delivery { rate }, &mut sink).expect("speaks");
        samples
    }

    #[test]
    fn every_voice_speaks_at_16_khz_and_slower_when_told() {
        for voice in FliteVoice::ALL {
            let flite = flite(voice);
            let at = |rate| samples(&flite, "Good morning to you.", rate) as f32;
            assert!(at(1.0) > 12_000.0, "{voice:?}: {}", at(1.0));
            assert!(at(0.8) > 1.1 * at(1.0), "{voice:?}");
        }
    }

    #[test]
    fn sound_comes_in_pieces_and_a_break_ends_it() {
        for voice in FliteVoice::ALL {
            let flite = flite(voice);
            let mut pieces = 0;
            let mut sink = |_: &[i16]| {
                pieces += 1;
                if pieces == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            flite.clause("Good morning to you all.", Language::EN, Delivery::default(), &mut sink).expect("ends");
            assert_eq!(pieces, 2, "{voice:?}");
            assert!(samples(&flite, "Good morning.", 1.0) > 8_000, "{voice:?} still speaks");
        }
    }

    #[test]
    fn a_sink_that_waits_keeps_no_other_call_waiting() {
        let (slow, fast) = (flite(FliteVoice::Slt), flite(FliteVoice::Slt));
        let alone = samples(&fast, "One two three.", 1.0);
        let (entered, wait_entered) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(move || {
                let mut total = 0;
                let mut sink = |pcm: &[i16]| {
                    total += pcm.len();
                    entered.send(()).ok();
                    // The other call has spoken when the sender is gone or has sent.
                    released.recv().ok();
                    ControlFlow::Continue(())
                };
                slow.clause("Good morning to you.", Language::EN, Delivery::default(), &mut sink).expect("speaks");
                total
            });
            wait_entered.recv().expect("the first piece");
            assert_eq!(samples(&fast, "One two three.", 1.0), alone, "spoken while the other one waits");
            drop(release);
            assert_eq!(waiting.join().expect("no panic"), samples(&fast, "Good morning to you.", 1.0));
        });
    }

    #[test]
    fn a_panic_in_a_sink_reaches_its_caller_and_harms_nobody() {
        let flite = flite(FliteVoice::Kal16);
        let spoken = std::panic::catch_unwind(|| {
            let mut sink = |_: &[i16]| -> ControlFlow<()> { panic!("the sink's own") };
            flite.clause("Good morning.", Language::EN, Delivery::default(), &mut sink)
        });
        assert!(spoken.is_err());
        assert!(samples(&flite, "Good morning.", 1.0) > 8_000);
    }

    #[test]
    fn calls_from_many_threads_do_not_mix() {
        let flite = flite(FliteVoice::Slt);
        let (slow, fast) = (samples(&flite, "One two", 0.8), samples(&flite, "Four five", 1.2));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| (0..10).all(|_| samples(&flite, "One two", 0.8) == slow));
            assert!((0..10).all(|_| samples(&flite, "Four five", 1.2) == fast));
            assert!(other.join().expect("no panic"));
        });
    }

    #[test]
    fn another_language_or_a_missing_voice_is_an_error() {
        let mut sink = |_: &[i16]| ControlFlow::Continue(());
        let chinese = flite(FliteVoice::Kal16).clause("x", Language::ZH, Delivery::default(), &mut sink);
        assert!(matches!(chinese, Err(SpeakError::NoVoice(_))));
        let error = Flite::open("nobody").err().expect("there is no such voice");
        assert!(error.contains("apt-get install libflite1"), "{error}");
    }

    #[test]
    fn text_with_nothing_to_say_is_no_crash() {
        for text in ["", " ", "\0x", "您好", "<>&%$#", &"a".repeat(400)] {
            samples(&flite(FliteVoice::Slt), text, 1.0);
        }
    }
}
