//! What passes between the rooms: ids, what was heard, transcripts, sentences, expectations.
//! Data only: no behaviour beyond parsing and veiling itself.

mod digit;
mod expectation;
mod heard;
mod hint;
mod ids;
mod language;
mod prompt;
mod prosody;
mod sentence;
mod transcript;
mod veiled;

pub use digit::Digit;
pub use expectation::{Choice, Expectation};
pub use heard::{AudioRange, Heard, Playout, Probability, Tone};
pub use hint::{DESK, Hint};
pub use ids::{CallId, ReplyId, TurnId};
pub use language::Language;
pub use prompt::{Closing, Prompt};
pub use prosody::{EmotionOn, Pitch, Prosody};
pub use sentence::{AfterReply, Importance, Sentence};
pub use transcript::{Alternative, Ending, Finality, Transcript, Word};
