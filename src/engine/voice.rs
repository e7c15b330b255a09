//! A sentence becomes pieces for the downlink: the voice's sound, at the caller's wish louder or slower, cut at the port's rate.
//! Never waits by itself: whoever takes the pieces decides how long that takes.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::audio::{Dbfs, SampleRate};
use crate::dialogue::Manner;
use crate::media::{Speech, SpeechCutter};
use crate::speech::speak::{Delivery, SpeakError, Synthesizer};
use crate::talk::{Language, ReplyId, Sentence};

/// A piece of the bot's sound, and with the last one of a sentence how long the sentence is.
pub struct Spoken {
    /// The piece.
    pub speech: Speech,
    /// Length of the whole sentence; zero if the voice failed.
    pub length: Option<Duration>,
}

/// What speaks one sentence, and how.
pub(super) struct Speaking<'v> {
    pub(super) engine: &'v dyn Synthesizer,
    pub(super) reply: ReplyId,
    pub(super) port_rate: SampleRate,
    pub(super) manner: Manner,
}

/// Speaks what may be said next to nobody, so that a voice that keeps its phrases has it at once; one that fails will say so then.
pub(super) fn rehearse(engine: &dyn Synthesizer, (text, language): (&str, Language), manner: Manner) {
    let synthesise = || engine.synthesise(text, language, delivery(manner), &mut |_| ControlFlow::Continue(()));
    let _told_when_it_is_said = catch_unwind(AssertUnwindSafe(synthesise));
}

fn delivery(manner: Manner) -> Delivery {
    Delivery { rate: f32::from(manner.rate_percent) / 100.0 }
}

impl Speaking<'_> {
    /// Speaks a sentence to its end, or until `give` breaks off. A voice that fails gives an end all the same.
    pub(super) fn say(&self, sentence: &Sentence, give: &mut dyn FnMut(Spoken) -> ControlFlow<()>) -> ControlFlow<()> {
        let voice_rate = self.engine.rate(sentence.language);
        let mut cutter = SpeechCutter::new(self.reply, sentence.index, voice_rate, self.port_rate);
        let delivery = delivery(self.manner);
        let gain = Dbfs::new(f32::from(self.manner.gain_db)).gain();
        let mut sink = |pcm: &[i16]| {
            let louder = |&sample: &i16| (f32::from(sample) * gain).clamp(-32_768.0, 32_767.0) as i16;
            let pcm = if self.manner.gain_db == 0 { Cow::Borrowed(pcm) } else { pcm.iter().map(louder).collect() };
            cutter.push(&pcm).try_for_each(|speech| give(Spoken { speech, length: None }))
        };
        let synthesise = || self.engine.synthesise(&sentence.text, sentence.language, delivery, &mut sink);
        // A voice's own fault is a sentence that was not spoken, and no end of the call. The panic itself is in the log.
        let panicked = |_| Err(SpeakError::Backend { engine: self.engine.name(), what: "it panicked".to_owned() });
        if let Err(error) = catch_unwind(AssertUnwindSafe(synthesise)).unwrap_or_else(panicked) {
            tracing::warn!(%error, stage = "tts", "A sentence could not be spoken.");
        }
        let given = cutter.length();
        let rest: Vec<_> = cutter.finish().collect();
        let left: usize = rest.iter().map(|speech| speech.pcm.len()).sum();
        let length = given + Duration::from_micros(left as u64 * 1_000_000 / u64::from(self.port_rate.hz()));
        rest.into_iter().try_for_each(|speech| {
            let length = speech.last.then_some(length);
            give(Spoken { speech, length })
        })
    }
}
