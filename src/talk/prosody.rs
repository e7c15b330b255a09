//! How an utterance was said: loudness, pitch, speed, talking over the bot; and the leave to look at it.
//! Never says what the caller feels; `business` reads that out of it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::Dbfs;

/// The proof that a company has switched the reading of feelings on, and so announces it (EU AI Act, Art. 50 (3)).
///
/// All that reads feelings asks for one, and only a pack's emotion policy that is on gives one:
/// where it is off no such code can run.
///
/// ```compile_fail
/// let leave = hotline::talk::EmotionOn(()); // the field is private
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmotionOn(());

impl EmotionOn {
    /// Called in one place: where a policy that is on is asked for its leave.
    pub(crate) const fn granted() -> Self {
        Self(())
    }
}

/// How one utterance was said.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prosody {
    /// Mean level of the frames with speech.
    pub level: Dbfs,
    /// The voice's pitch; `None` where too little of it was voiced (a whisper, noise).
    pub pitch: Option<Pitch>,
    /// Syllables a second of speech, pauses left out.
    pub syllables_per_s: f32,
    /// How much speech it was read from.
    pub speech: Duration,
    /// How much of that was said while the bot spoke.
    pub over_bot: Duration,
}

/// The pitch of a voice over one utterance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pitch {
    /// Half of the voiced sound lies above it, half below.
    pub median_hz: f32,
    /// From the tenth to the ninetieth percentile, in semitones.
    pub range_semitones: f32,
}
