//! Turns an engine that speaks clauses into a voice: words for digits, one level, no silence around.
//! Never holds a lock while the sink runs.

use std::ops::ControlFlow;

use crate::audio::{Dbfs, SampleRate};
use crate::talk::Language;

use super::clause::{Clause, clauses};
use super::loudness::amplified;
use super::spoken::spoken;
use super::trim::{Edges, TAIL_MS};
use super::{Delivery, Sink, SpeakError, Synthesizer};

/// Samples are handed over in pieces of this length, so that a `Break` is heeded soon.
const PIECE_MS: u32 = 100;

/// Slowest and fastest speaking rate asked of an engine.
const RATES: std::ops::RangeInclusive<f32> = 0.5..=2.0;

/// An engine that speaks one clause at a time.
pub(super) trait Engine: Send + Sync {
    fn name(&self) -> &'static str;

    fn speaks(&self, language: Language) -> bool;

    fn rate(&self, language: Language) -> SampleRate;

    /// What brings this engine's active speech to the common level of about −20 dBFS.
    fn gain(&self, language: Language) -> Dbfs;

    /// Speaks a clause without digits into the sink. Blocking.
    fn clause(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError>;
}

/// A voice that speaks clause by clause: the first one, kept short, is heard while the next is made.
///
/// Numbers become words first; each clause loses the silence the engine puts around it and gets a pause by its punctuation.
pub(super) struct ByClause<E>(pub E);

impl<E: Engine> Synthesizer for ByClause<E> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn speaks(&self, language: Language) -> bool {
        self.0.speaks(language)
    }

    fn rate(&self, language: Language) -> SampleRate {
        self.0.rate(language)
    }

    fn synthesise(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        let text = spoken(text, language);
        let rate = self.0.rate(language);
        let gain = self.0.gain(language).gain();
        let delivery =
            Delivery { rate: if delivery.rate.is_nan() { 1.0 } else { delivery.rate.clamp(*RATES.start(), *RATES.end()) } };
        let mut clauses = clauses(&text).into_iter().peekable();
        while let Some(Clause { text, pause_ms }) = clauses.next() {
            let pause_ms = if clauses.peek().is_some() { pause_ms } else { TAIL_MS };
            let mut edges = Edges::new(rate, (pause_ms as f32 / delivery.rate) as u32);
            let mut flow = ControlFlow::Continue(());
            let mut given = |pcm: &[i16]| {
                let loud = amplified(pcm, gain);
                flow = hand_over(&edges.next(&loud), rate, sink);
                flow
            };
            self.0.clause(text, language, delivery, &mut given)?;
            if flow.is_break() || hand_over(&edges.end(), rate, sink).is_break() {
                break;
            }
        }
        Ok(())
    }
}

/// Gives the sink all samples, piece by piece.
pub(super) fn hand_over(pcm: &[i16], rate: SampleRate, sink: Sink<'_>) -> ControlFlow<()> {
    pcm.chunks((rate.hz() * PIECE_MS / 1_000) as usize).try_for_each(sink)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Gives half a second a clause, and notes what it was asked.
    #[derive(Default)]
    struct Tone {
        asked: Mutex<Vec<String>>,
    }

    impl Engine for Tone {
        fn name(&self) -> &'static str {
            "tone"
        }
        fn speaks(&self, _: Language) -> bool {
            true
        }
        fn rate(&self, _: Language) -> SampleRate {
            SampleRate::HZ_8000
        }
        fn gain(&self, _: Language) -> Dbfs {
            Dbfs::new(6.0)
        }
        fn clause(&self, text: &str, _: Language, _: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
            self.asked.lock().expect("not poisoned").push(text.to_owned());
            let _ = sink(&[8_000; 4_000]);
            Ok(())
        }
    }

    #[test]
    fn a_break_ends_the_work_before_the_next_clause() {
        let voice = ByClause(Tone::default());
        let mut pieces = 0;
        let mut sink = |_: &[i16]| {
            pieces += 1;
            if pieces == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        voice.synthesise("One thing. Another thing.", Language::EN, Delivery::default(), &mut sink).expect("speaks");
        assert_eq!(pieces, 2);
        assert_eq!(*voice.0.asked.lock().expect("not poisoned"), ["One thing."]);
    }

    #[test]
    fn engines_are_given_words_for_digits() {
        let voice = ByClause(Tone::default());
        let mut sink = |_: &[i16]| ControlFlow::Continue(());
        voice.synthesise("Order 4271.", Language::EN, Delivery::default(), &mut sink).expect("speaks");
        assert_eq!(*voice.0.asked.lock().expect("not poisoned"), ["Order four two seven one."]);
    }
}
