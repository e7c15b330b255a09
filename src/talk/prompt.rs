//! What the bot has to answer: the caller's words, keys, silence, or a failure of our own.

use serde::{Deserialize, Serialize};

use crate::privacy::Pii;

use super::hint::sealed;
use super::{Hint, Transcript, TurnId};

/// What a reply answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prompt {
    /// The call has just been answered: greet.
    Greeting,
    /// The caller said something that was understood as words.
    Said {
        /// The turn it was said in.
        turn: TurnId,
        /// What was understood; never [`Transcript::is_nothing`].
        transcript: Transcript,
    },
    /// The caller pressed keys.
    Keyed {
        /// The turn they were pressed in.
        turn: TurnId,
        /// The keys in order, without the closing `#`.
        #[serde(with = "sealed")]
        keys: Pii<String>,
    },
    /// An operator hints at what to do. Nobody on the line said anything.
    Hinted {
        /// At what.
        hint: Hint,
    },
    /// The caller said nothing for a while.
    NoInput {
        /// How many times in a row, from 1.
        count: u8,
    },
    /// The caller spoke and was not understood.
    NoMatch {
        /// How many times in a row, from 1.
        count: u8,
        /// The caller talked for long.
        at_length: bool,
    },
    /// Something of ours failed (recogniser, responder); the caller is owed a word.
    Trouble,
    /// The call is about to be ended by us; say good-bye.
    Closing {
        /// Why.
        why: Closing,
    },
}

impl Prompt {
    /// The turn that it answers, if somebody said or keyed something.
    pub const fn turn(&self) -> Option<TurnId> {
        match self {
            Self::Said { turn, .. } | Self::Keyed { turn, .. } => Some(*turn),
            Self::Greeting
            | Self::Hinted { .. }
            | Self::NoInput { .. }
            | Self::NoMatch { .. }
            | Self::Trouble
            | Self::Closing { .. } => None,
        }
    }
}

/// Why we end a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closing {
    /// The caller was silent through the whole no-input ladder.
    NoInput,
    /// The caller was not understood through the whole no-match ladder.
    NoMatch,
    /// The longest allowed call is reached.
    TooLong,
    /// The line is shutting down.
    Shutdown,
}
