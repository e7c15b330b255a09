//! What callers ask for, in a pack's own names.
//! Never a word of a caller's.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::HouseIntent;

/// Something callers ask for: what understanding ranks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A flow, by its name.
    Flow(String),
    /// An entry of the knowledge, by its name.
    Entry(String),
    /// A request every pack understands.
    House(HouseIntent),
}

/// As a message to a pack's author names it.
impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flow(name) => write!(f, "the flow {name}"),
            Self::Entry(name) => write!(f, "the entry {name}"),
            Self::House(intent) => write!(f, "{}, which every pack understands", intent.as_str()),
        }
    }
}
