//! A key of the telephone.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One key: `0` to `9`, `*`, `#`, `A` to `D` (RFC 4733 section 3.2, events 0 to 15).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Digit(u8);

const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// No telephone has that key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0:?} is no key; the keys are 0 to 9, *, # and A to D")]
pub struct NoKey(char);

impl Digit {
    /// The key of a telephone-event code.
    pub const fn from_event(event: u8) -> Option<Self> {
        if event < 16 { Some(Self(event)) } else { None }
    }

    /// The key with that label.
    pub fn from_char(c: char) -> Option<Self> {
        let c = c.to_ascii_uppercase();
        KEYS.iter().position(|&k| char::from(k) == c).map(|i| Self(i as u8))
    }

    /// The telephone-event code.
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The label on the key.
    pub const fn as_char(self) -> char {
        KEYS[self.0 as usize] as char
    }

    /// The number on the key, if it has one.
    pub const fn number(self) -> Option<u8> {
        if self.0 < 10 { Some(self.0) } else { None }
    }
}

impl TryFrom<char> for Digit {
    type Error = NoKey;

    fn try_from(label: char) -> Result<Self, NoKey> {
        Self::from_char(label).ok_or(NoKey(label))
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> Self {
        digit.as_char()
    }
}

impl fmt::Display for Digit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_char())
    }
}
