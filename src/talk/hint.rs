//! What an operator at the console wants the bot to do.
//! Never the caller's words: nothing in it may fill a slot, answer a question or confirm anything.

use serde::{Deserialize, Serialize};

use crate::privacy::Pii;

/// Where a caller goes who goes to the operator that waits for them: a transfer's target that is no number.
pub const DESK: &str = "desk";

/// A hint to the bot while a call lasts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hint {
    /// Turn to what these words name: an entry of the knowledge, a flow, a person.
    Steer(#[serde(with = "sealed")] Pii<String>),
    /// Tell the caller that an operator takes over, and be silent.
    StepAside,
    /// The operator gives the caller back: go on.
    ComeBack,
    /// Say this to the caller, then put the question at hand again.
    Say(#[serde(with = "sealed")] Pii<String>),
    /// The same, though a figure in it stands in no source: the operator answers for it.
    SayAnyway(#[serde(with = "sealed")] Pii<String>),
}

impl Hint {
    /// What the operator wrote, if anything.
    pub const fn text(&self) -> Option<&Pii<String>> {
        match self {
            Self::Steer(text) | Self::Say(text) | Self::SayAnyway(text) => Some(text),
            Self::StepAside | Self::ComeBack => None,
        }
    }

    /// Its kind in one word, for records.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Steer(_) => "steer",
            Self::Say(_) => "say",
            Self::SayAnyway(_) => "say anyway",
            Self::StepAside => "step aside",
            Self::ComeBack => "come back",
        }
    }
}

/// Written only where everything of a caller's is sealed: into a flight.
pub(super) mod sealed {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::privacy::Pii;

    pub(in super::super) fn serialize<S: Serializer>(text: &Pii<String>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text.reveal())
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Pii<String>, D::Error> {
        String::deserialize(from).map(Pii::new)
    }
}
