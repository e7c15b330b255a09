//! What the dialogue hands to the voice: sentences in order, and what follows the last one.

use serde::{Deserialize, Serialize};

use super::{Expectation, Language};

/// Whether the caller may cut a sentence off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Importance {
    /// The caller may interrupt it.
    #[default]
    Normal,
    /// It must be heard to its end (legal notice); speech over it is kept for afterwards.
    MustBeHeard,
}

/// One sentence of a reply, ready to be spoken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentence {
    /// Its place in the reply: [`Self::FIRST`] and up, or [`Self::ACKNOWLEDGEMENT`].
    pub index: u16,
    /// What to say, as plain text in `language`.
    pub text: String,
    /// The language it is in.
    pub language: Language,
    /// Whether it may be cut off.
    pub importance: Importance,
}

impl Sentence {
    /// The place of a few words that fill the wait for the first sentence, before all others.
    pub const ACKNOWLEDGEMENT: u16 = 0;
    /// The place of the first sentence.
    pub const FIRST: u16 = 1;
}

/// What the call does when the reply has been said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterReply {
    /// Listen; this is what the caller is expected to say.
    Listen(Expectation),
    /// The same, for as long as it takes: the caller asked for a moment.
    Wait(Expectation),
    /// Hang up.
    HangUp,
    /// Hand the caller to a person.
    Transfer {
        /// Where to, by the name the configuration gives it.
        target: String,
    },
}

impl AfterReply {
    /// What the caller is expected to say, if it is their turn.
    pub const fn expected(&self) -> Option<&Expectation> {
        match self {
            Self::Listen(expected) | Self::Wait(expected) => Some(expected),
            Self::HangUp | Self::Transfer { .. } => None,
        }
    }
}
