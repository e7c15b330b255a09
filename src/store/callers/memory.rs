//! What is remembered of a caller beyond calls, and the caller's consent to it.
//! Never exists without the consent, and never prints what it holds.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a caller agreed to have remembered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// The caller's yes. Without one there is nothing to remember.
    pub consent: Consent,
    /// What is remembered, by name.
    pub facts: BTreeMap<String, Value>,
}

/// A caller's yes to being remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// When it was given.
    pub given_at: DateTime<Utc>,
    /// The question that was answered with yes, as it was put.
    pub question: String,
}

impl Memory {
    /// Nothing yet, with this consent.
    pub const fn new(consent: Consent) -> Self {
        Self { consent, facts: BTreeMap::new() }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} facts", self.facts.len())
    }
}
