//! What a brain may propose: commands. The policy decides which are carried out.
//! Never holds a wording: what is said comes from the pack.

use std::fmt;

use chrono::{NaiveDateTime, NaiveTime};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::business::flow::SlotKind;
use crate::business::{HouseIntent, Topic};
use crate::talk::Language;

/// One thing a brain takes the caller to want.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// Begin a flow; a second one in the same turn waits until the first is done.
    StartFlow {
        /// Its name.
        flow: String,
    },
    /// A slot of the flow at hand gets a value.
    SetSlot {
        /// The slot.
        slot: String,
        /// What it gets.
        value: Value,
    },
    /// A slot that had a value gets another ("no, 12346").
    Correct {
        /// The slot.
        slot: String,
        /// The new value.
        value: Value,
    },
    /// A part of the digits that the slot at hand needs; more will come.
    PartOfNumber {
        /// All digits told so far.
        digits: String,
    },
    /// The caller cannot give the value that is asked for.
    NotAtHand,
    /// Leave the flow at hand.
    Cancel,
    /// Give an entry of the knowledge.
    Answer {
        /// Its name.
        entry: String,
    },
    /// Ask which of these is meant.
    Clarify {
        /// One or two.
        topics: Vec<Topic>,
    },
    /// The caller said yes to what was asked.
    Affirm,
    /// The caller said no to it.
    Deny,
    /// Say the last reply again.
    Repeat,
    /// Say it again, and speak slower from now on.
    Slower,
    /// Say it again, and speak louder from now on.
    Louder,
    /// Give the caller a moment.
    Wait,
    /// A person.
    Handoff,
    /// Go on in another language.
    ChangeLanguage {
        /// Which.
        language: Language,
    },
    /// Small talk and questions about the bot itself.
    ChitChat {
        /// Which.
        topic: HouseIntent,
    },
    /// Nothing was understood.
    NoMatch,
    /// How satisfied the caller is, from 1 to 5.
    Rate {
        /// So much.
        stars: u8,
    },
    /// The caller is done.
    Goodbye,
}

impl Command {
    /// How satisfied the caller says they are, if it is that.
    pub const fn stars(&self) -> Option<u8> {
        if let Self::Rate { stars } = self { Some(*stars) } else { None }
    }

    /// What kind it is, with the name out of the pack that it is about: `start_flow order_status`. Never a value of the caller's.
    pub fn label(&self) -> String {
        let (kind, about) = match self {
            Self::StartFlow { flow } => ("start_flow", flow.as_str()),
            Self::SetSlot { slot, .. } => ("set_slot", slot.as_str()),
            Self::Correct { slot, .. } => ("correct", slot.as_str()),
            Self::PartOfNumber { .. } => ("part_of_number", ""),
            Self::NotAtHand => ("not_at_hand", ""),
            Self::Cancel => ("cancel", ""),
            Self::Answer { entry } => ("answer", entry.as_str()),
            Self::Clarify { .. } => ("clarify", ""),
            Self::Affirm => ("affirm", ""),
            Self::Deny => ("deny", ""),
            Self::Repeat => ("repeat", ""),
            Self::Slower => ("slower", ""),
            Self::Louder => ("louder", ""),
            Self::Wait => ("wait", ""),
            Self::Handoff => ("handoff", ""),
            Self::ChangeLanguage { language } => ("change_language", language.code()),
            Self::ChitChat { .. } => ("chit_chat", ""),
            Self::NoMatch => ("no_match", ""),
            Self::Rate { .. } => ("rate", ""),
            Self::Goodbye => ("goodbye", ""),
        };
        format!("{kind} {about}").trim_end().to_owned()
    }
}

/// What a brain proposes for one turn.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Proposal {
    /// What the caller wants, in order.
    pub commands: Vec<Command>,
    /// A wording of a language model for an answer; used only if it passes the checks.
    pub wording: Option<String>,
    /// The brain's name, for the record.
    #[serde(skip, default = "model")]
    pub brain: &'static str,
}

/// Only a model's proposals come from elsewhere.
const fn model() -> &'static str {
    "openai"
}

/// What a slot holds.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A number told digit by digit.
    Digits(String),
    /// Letters and digits, in capitals.
    Code(String),
    /// The name of a choice.
    Choice(String),
    /// A day, as `2026-11-22`.
    Date(chrono::NaiveDate),
    /// A time of day, as `15:30`.
    Time(NaiveTime),
    /// A day and a time, as `2026-11-22T15:30`.
    DateTime(NaiveDateTime),
    /// Money, in cents.
    Amount(i64),
    /// A whole number.
    Number(i64),
    /// A length of time in months.
    Months(i64),
    /// A length of time in minutes.
    Minutes(i64),
    /// Hundredths of one percent.
    Percent(i64),
    /// A telephone number, as `+8613800138000`.
    Phone(String),
    /// An e-mail address in lower case.
    Email(String),
    /// A postcode.
    Postcode(String),
    /// A name or free text.
    Text(String),
}

impl Value {
    /// As templates, expressions and tools see it.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Digits(text)
            | Self::Code(text)
            | Self::Choice(text)
            | Self::Phone(text)
            | Self::Email(text)
            | Self::Postcode(text)
            | Self::Text(text) => Json::from(text.as_str()),
            Self::Date(day) => Json::from(day.to_string()),
            Self::Time(time) => Json::from(time.format("%H:%M").to_string()),
            Self::DateTime(moment) => Json::from(moment.format("%Y-%m-%dT%H:%M").to_string()),
            Self::Amount(number)
            | Self::Number(number)
            | Self::Months(number)
            | Self::Minutes(number)
            | Self::Percent(number) => Json::from(*number),
        }
    }
}

impl Value {
    /// The value of a slot of this kind that [`Self::to_json`] wrote; `None` where it is none, or none any more.
    pub fn of_json(kind: &SlotKind, told: &Json) -> Option<Self> {
        let text = || told.as_str().map(str::to_owned);
        Some(match kind {
            SlotKind::Digits { .. } => Self::Digits(text()?),
            SlotKind::Code { .. } => Self::Code(text()?),
            SlotKind::Choice(choices) => Self::Choice(text().filter(|id| choices.iter().any(|choice| choice.id == *id))?),
            SlotKind::Date => Self::Date(text()?.parse().ok()?),
            SlotKind::Time => Self::Time(NaiveTime::parse_from_str(&text()?, "%H:%M").ok()?),
            SlotKind::DateTime => Self::DateTime(NaiveDateTime::parse_from_str(&text()?, "%Y-%m-%dT%H:%M").ok()?),
            SlotKind::Amount => Self::Amount(told.as_i64()?),
            SlotKind::Number { min, max } => Self::Number(told.as_i64().filter(|n| (min..=max).contains(&n))?),
            SlotKind::Months => Self::Months(told.as_i64()?),
            SlotKind::Duration => Self::Minutes(told.as_i64()?),
            SlotKind::Percent => Self::Percent(told.as_i64()?),
            SlotKind::Phone => Self::Phone(text()?),
            SlotKind::Email => Self::Email(text()?),
            SlotKind::Postcode => Self::Postcode(text()?),
            SlotKind::Name | SlotKind::Record | SlotKind::Text => Self::Text(text()?),
        })
    }
}

impl fmt::Debug for Value {
    /// The kind only: a slot's content is the caller's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Digits(_) => "Digits",
            Self::Code(_) => "Code",
            Self::Choice(_) => "Choice",
            Self::Date(_) => "Date",
            Self::Time(_) => "Time",
            Self::DateTime(_) => "DateTime",
            Self::Amount(_) => "Amount",
            Self::Number(_) => "Number",
            Self::Months(_) => "Months",
            Self::Minutes(_) => "Minutes",
            Self::Percent(_) => "Percent",
            Self::Phone(_) => "Phone",
            Self::Email(_) => "Email",
            Self::Postcode(_) => "Postcode",
            Self::Text(_) => "Text",
        })
    }
}
