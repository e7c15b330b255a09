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
