//! What a recogniser made of an utterance: text, word times, alternatives.
//! Never judged here; whether it was in the grammar is said by the recogniser.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::audio::MediaTime;

use super::{Language, Probability};

/// Whether more may still come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finality {
    /// The caller is still speaking; this may change.
    Partial,
    /// The recogniser's last word.
    Final,
}

/// Whether what was understood so far may be all, as far as a recogniser that knows what may be said can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// It cannot tell.
    #[default]
    Unknown,
    /// It may be all.
    Whole,
    /// Nobody ends like this: more must come.
    Unfinished,
}

/// One recognised word and where it was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// As the recogniser spells it.
    pub text: String,
    /// Its first sample.
    pub from: MediaTime,
    /// The sample after its last.
    pub to: MediaTime,
    /// How sure the recogniser is of it.
    pub confidence: Probability,
}

/// Another reading of the same utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alternative {
    /// Its text.
    pub text: String,
    /// How likely, against the others.
    pub confidence: Probability,
}

/// What was said, as far as a recogniser could tell. An empty text means that nothing was understood:
/// silence, noise, or words outside the grammar.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// Partial or final.
    pub finality: Finality,
    /// The best reading, numbers as digits; empty if nothing was understood.
    pub text: String,
    /// The language it is in.
    pub language: Language,
    /// The engine's name, as in the configuration (`whisper`, `sphinx`, `openai`).
    pub engine: Cow<'static, str>,
    /// How sure the recogniser is of the whole.
    pub confidence: Probability,
    /// The words of the best reading with their times; empty where the engine gives none.
    pub words: Vec<Word>,
    /// Other readings, best first.
    pub alternatives: Vec<Alternative>,
    /// Whether it may be all.
    pub ending: Ending,
}

impl Transcript {
    /// A final transcript of that text, without word times: typed text, and what tests hear.
    pub fn of_text(text: impl Into<String>, language: Language, engine: impl Into<Cow<'static, str>>) -> Self {
        Self {
            finality: Finality::Final,
            text: text.into(),
            language,
            engine: engine.into(),
            confidence: Probability::ONE,
            words: Vec::new(),
            alternatives: Vec::new(),
            ending: Ending::Unknown,
        }
    }

    /// A final transcript that says nothing was understood.
    pub fn nothing(language: Language, engine: impl Into<Cow<'static, str>>) -> Self {
        Self { confidence: Probability::ZERO, ..Self::of_text("", language, engine) }
    }

    /// Whether nothing was understood.
    pub fn is_nothing(&self) -> bool {
        self.text.trim().is_empty()
    }
}
