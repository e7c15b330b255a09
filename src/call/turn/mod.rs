//! Whose turn it is: is this speech, is it over, does it interrupt.
//! Never looks at the bot's words or at samples; probability, level, pitch, media time and the caller's words so far are all it gets.

mod barge_in;
mod cadence;
mod detector;
mod endpoint;
mod words;

use serde::{Deserialize, Serialize};

pub use barge_in::{BargeInConfig, Gain, Interjection, Step, Verdict};
pub use cadence::{Cadence, Measures};
pub use detector::{DetectorConfig, Run, SpeechDetector};
pub use endpoint::{EndpointConfig, Endpointer, Pace, Progress};
pub use words::Reaction;

/// When the caller has the floor.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TurnConfig {
    /// What counts as speech.
    pub detector: DetectorConfig,
    /// When a turn is over.
    pub endpoint: EndpointConfig,
    /// What speech does to the bot's own.
    pub barge_in: BargeInConfig,
}
