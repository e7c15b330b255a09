//! The ids that tie every asynchronous result to the turn or reply it belongs to.
//! Never reused within a call.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One stretch in which the caller has the floor, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TurnId(pub u32);

/// One answer of the bot, counted from 1; the greeting is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReplyId(pub u32);

impl TurnId {
    /// The id after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl ReplyId {
    /// The id after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for TurnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "turn {}", self.0)
    }
}

impl fmt::Display for ReplyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reply {}", self.0)
    }
}

/// Names one call for ever: letters, digits and `-`, safe as a folder name. Holds nothing of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(String);

/// The text is no call's name.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} names no call; a name is 1 to 64 letters, digits and dashes")]
pub struct NoCallId(String);

impl CallId {
    /// The id with that text, or `None` unless it is 1 to 64 letters, digits and dashes.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let ok = (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        ok.then_some(Self(text))
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CallId {
    type Error = NoCallId;

    fn try_from(text: String) -> Result<Self, NoCallId> {
        Self::new(text.as_str()).ok_or(NoCallId(text))
    }
}

impl From<CallId> for String {
    fn from(id: CallId) -> Self {
        id.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
