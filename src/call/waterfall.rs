//! Where the time between the caller's last word and our first sound goes.
//! Never clamps a stage to make it look good; a turn without a beginning or an end has no waterfall at all.

use std::time::{Duration, Instant};

use crate::talk::TurnId;

use super::output::Latency;

/// The moments of one turn, as they pass.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Waterfall {
    pub(super) turn: TurnId,
    /// In media time: the caller's last speech frame to the decision.
    pub(super) endpoint: Duration,
    pub(super) decided: Instant,
    pub(super) transcript: Instant,
    pub(super) sentence: Option<Instant>,
    pub(super) audio: Option<Instant>,
}

impl Waterfall {
    /// The waterfall of a turn whose first frame of sound leaves now. A stage that was over before the one in front of it
    /// (the first sound is told after it has left) counts nothing, and its time is in the stage that was really waited for:
    /// the stages always sum to the total.
    pub(super) fn close(&self, now: Instant) -> Latency {
        let sentence = self.sentence.unwrap_or(now).clamp(self.transcript, now);
        let audio = self.audio.unwrap_or(now).clamp(sentence, now);
        Latency {
            turn: self.turn,
            endpoint: self.endpoint,
            stt: self.transcript - self.decided,
            reply: sentence - self.transcript,
            tts: audio - sentence,
            wire: now - audio,
            total: self.endpoint + (now - self.decided),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A turn that was over 300 ms after its last frame and understood 50 ms later; sentence and sound so long after the decision.
    #[expect(clippy::disallowed_methods, reason = "an instant to count from")]
    fn closed(sentence: Option<u64>, audio: Option<u64>, left: u64) -> [u64; 6] {
        let (decided, ms) = (Instant::now(), Duration::from_millis);
        let at = |after| decided + ms(after);
        let (sentence, audio) = (sentence.map(at), audio.map(at));
        let waterfall = Waterfall { turn: TurnId(1), endpoint: ms(300), decided, transcript: at(50), sentence, audio };
        let Latency { turn: _, endpoint, stt, reply, tts, wire, total } = waterfall.close(at(left));
        [endpoint, stt, reply, tts, wire, total].map(|stage| stage.as_millis() as u64)
    }

    #[test]
    fn latency_counts_from_the_last_speech_frame_and_its_stages_sum_to_it() {
        assert_eq!(closed(Some(150), Some(180), 200), [300, 50, 100, 30, 20, 500]);
    }

    #[test]
    fn a_stage_that_was_over_early_or_never_told_costs_the_total_nothing() {
        for (sentence, audio) in [(Some(20), Some(30)), (Some(150), Some(250)), (None, None), (Some(150), None)] {
            let [stages @ .., total] = closed(sentence, audio, 200);
            assert_eq!((stages.iter().sum::<u64>(), total), (500, 500), "{sentence:?} {audio:?}");
        }
    }
}
