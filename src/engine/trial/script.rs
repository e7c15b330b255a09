//! One scripted caller: what they want, know and answer, and what must come of it.
//! Never holds what a conversation does; that is the caller's.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::talk::Language;

/// One scripted caller.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// The pack's folder name.
    pub pack: String,
    /// The language the call begins in.
    pub language: Language,
    /// What they want, one request after the other; the next is made when the bot asks what else.
    pub says: Vec<String>,
    /// What they answer when a slot is asked for; `a|b` names the slots, `key:` before an answer presses keys. A list is
    /// gone through, the last answer being repeated.
    #[serde(default)]
    pub knows: BTreeMap<String, OneOrMore>,
    /// What they say instead, the first time that slot (or `confirm`) is asked for.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// Their answers to what is read back before a write, in order, the last being repeated. Without any they say no.
    #[serde(default)]
    pub confirm: Vec<String>,
    /// Their answer to the offer of a person.
    #[serde(default = "no")]
    pub offer: String,
    /// How many writes must have succeeded.
    #[serde(default)]
    pub writes: Option<usize>,
    /// Nothing may have been changed.
    #[serde(default)]
    pub refuse: bool,
    /// The caller is not who they say: any tool that needs an identity is a failure.
    #[serde(default)]
    pub impostor: bool,
    /// What must have been said, each as `this|or this`.
    #[serde(default)]
    pub hears: Vec<String>,
    /// What must not have been said.
    #[serde(default)]
    pub never: Vec<String>,
    /// How the conversation must have ended.
    #[serde(default)]
    pub ends: Option<Ends>,
    /// What a query over the pack's database must give at the end (its first column).
    #[serde(default)]
    pub end: Vec<EndState>,
}

/// One answer, or several in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// Always the same.
    One(String),
    /// One after the other.
    More(Vec<String>),
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ends {
    /// With good-bye.
    Hangup,
    /// With a person.
    Transfer,
}

/// A query and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndState {
    /// `SELECT …`, one row, one column.
    pub sql: String,
    /// What it must give.
    pub is: Value,
}

fn no() -> String {
    "no".to_owned()
}
