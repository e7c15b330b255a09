//! A flow: what a company's desk does for one kind of request, step by step, as its file says.
//! Never runs itself; `dialogue` does. `format` reads the file, `check` refuses what could go wrong in a call.

mod check;
mod format;

use std::collections::BTreeMap;

use crate::talk::{Choice, Digit, Expectation, Language};

use super::template::Text;
use super::tool::Level;

pub(super) use check::{Around, check};
pub(super) use format::read;

/// One flow, checked: every target exists, every slot is set before it is read, every write is confirmed first.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// Its name: that of its file.
    pub id: String,
    /// What it does, in a few words that follow "I can help with …".
    pub about: Text,
    /// The key that starts it from the menu.
    pub key: Option<Digit>,
    /// What callers say to start it.
    pub intent: BTreeMap<Language, Vec<String>>,
    /// What it asks for.
    pub slots: BTreeMap<String, Slot>,
    /// Its steps; the first is the beginning, running past the last is the end.
    pub steps: Vec<Step>,
}

/// Something a caller tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Its type.
    pub kind: SlotKind,
    /// It goes to the tool and nowhere else: not said, not kept, not shown to a language model.
    pub sensitive: bool,
    /// Ways to say it, with `{digits}` and the like where the value stands.
    pub phrases: BTreeMap<Language, Vec<String>>,
}

/// The type of a slot.
#[derive(Debug, Clone, PartialEq)]
pub enum SlotKind {
    /// A number told digit by digit.
    Digits {
        /// Fewest digits.
        min: u8,
        /// Most digits.
        max: u8,
    },
    /// Letters and digits.
    Code {
        /// Fewest of them.
        min: u8,
        /// Most of them.
        max: u8,
        /// What it looks like: `A` a letter, `9` a digit, anything else itself; empty for any code.
        pattern: String,
    },
    /// One of these.
    Choice(Vec<SlotChoice>),
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day and a time.
    DateTime,
    /// An amount of money, in cents.
    Amount,
    /// A whole number.
    Number {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A length of time in whole months.
    Months,
    /// A length of time in whole minutes.
    Duration,
    /// A part of a hundred, in hundredths of one percent.
    Percent,
    /// A telephone number, as E.164.
    Phone,
    /// An e-mail address.
    Email,
    /// A postcode.
    Postcode,
    /// A person's name.
    Name,
    /// One of the records that an earlier call gave.
    Record,
    /// Whatever is said.
    Text,
}

/// One value of a [`SlotKind::Choice`].
#[derive(Debug, Clone, PartialEq)]
pub struct SlotChoice {
    /// What flows and tools get.
    pub id: String,
    /// How the bot says it.
    pub about: Text,
    /// How callers say it.
    pub phrases: BTreeMap<Language, Vec<String>>,
    /// The key for it.
    pub key: Option<Digit>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its name, for `next` and for the record.
    pub id: String,
    /// The line of the file it begins on.
    pub line: usize,
    /// Said on entering it.
    pub say: Option<Text>,
    /// What it does.
    pub action: Action,
    /// The step after it; the number of steps means the end.
    pub next: usize,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Nothing but go on.
    Go,
    /// Ask until the slot has a value; passed over if it has one.
    Collect(Collect),
    /// Call a tool.
    Call(Call),
    /// Go to the first target whose expression holds, else on.
    Branch(Vec<(String, usize)>),
    /// Read back what will be done and ask for a yes.
    Confirm {
        /// The question.
        ask: Text,
        /// Where a no leads.
        no: usize,
    },
    /// Take values back, to ask anew.
    Forget(Vec<String>),
    /// The caller said no to what this variable names: for the rest of the call it is among `declined`.
    Decline(String),
    /// Make sure that the caller is known this well.
    Identify(Level),
    /// Check what the caller gave as proof.
    Verify(Verify),
    /// Send a one-time code to the caller's address on record, by this tool.
    SendCode(String),
    /// Go over into another flow, with the slots both have.
    Link(String),
    /// Hand the caller to a person.
    Transfer(String),
    /// The flow is done.
    End,
}

/// The `collect` of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Collect {
    /// What to ask for.
    pub slot: String,
    /// The question.
    pub ask: Text,
    /// The question put differently, the first time it was not understood, the second …
    pub again: Vec<Text>,
    /// Said once to a caller who has not got the value: where to find it, or another way.
    pub find: Option<Text>,
    /// Said with the next thing once the value is there ("Order 4271.").
    pub echo: Option<Text>,
    /// Asked once the value is there; a no takes it back.
    pub check: Option<Text>,
    /// The value must be one of these records.
    pub among: Option<Among>,
    /// Said when it is none of them, before asking again.
    pub unknown: Option<Text>,
}

/// Records to choose from: the rows of an earlier call's result.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Among {
    /// The name that result was saved under.
    pub list: String,
    /// The column whose value the slot gets.
    pub column: String,
    /// Columns whose words choose a record as well ("the headphones").
    #[serde(default)]
    pub by: Vec<String>,
    /// The only record of a list is taken without asking.
    #[serde(default)]
    pub only: bool,
}

/// The `verify` of a step of an identity flow.
#[derive(Debug, Clone, PartialEq)]
pub struct Verify {
    /// The level it proves.
    pub level: Level,
    /// The private tool that reads the record.
    pub record: String,
    /// Its arguments → slots.
    pub arguments: BTreeMap<String, String>,
    /// Slot → column of the record: what the caller knows.
    pub facts: BTreeMap<String, String>,
    /// Slot → column that holds the hash of a PIN.
    pub secret: BTreeMap<String, String>,
    /// The slot that holds the one-time code.
    pub code: Option<String>,
    /// The column that names the account.
    pub account: String,
    /// Columns that texts may read as `caller.COLUMN`.
    pub keep: Vec<String>,
    /// Where a failure leads.
    pub failed: usize,
}

/// The `call` of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// Argument → slot, or field of an earlier result (`order_info.number`).
    pub arguments: BTreeMap<String, String>,
    /// The name its result gets.
    pub save: String,
    /// Said if it takes a while.
    pub filler: Option<Text>,
    /// Where a failure leads.
    pub on_error: Option<usize>,
}

impl Flow {
    /// The step's number.
    pub fn step_named(&self, id: &str) -> Option<usize> {
        self.steps.iter().position(|s| s.id == id)
    }
}

impl Slot {
    /// What a caller is expected to say or key in for it.
    pub fn expectation(&self) -> Expectation {
        match &self.kind {
            SlotKind::Digits { min, max } => Expectation::Digits { min: *min, max: *max, sensitive: self.sensitive },
            SlotKind::Choice(choices) => Expectation::Choice(choices.iter().map(SlotChoice::to_choice).collect()),
            SlotKind::Code { .. } | SlotKind::Email | SlotKind::Postcode => Expectation::Spelling,
            SlotKind::Date => Expectation::Date,
            SlotKind::Time | SlotKind::DateTime => Expectation::Time,
            SlotKind::Amount => Expectation::Amount,
            SlotKind::Number { .. } | SlotKind::Months | SlotKind::Duration | SlotKind::Percent => Expectation::Number,
            SlotKind::Phone => Expectation::Digits { min: 7, max: 15, sensitive: self.sensitive },
            SlotKind::Name => Expectation::Name,
            SlotKind::Record | SlotKind::Text => Expectation::Open,
        }
    }
}

impl SlotKind {
    /// Whether values of one can stand for values of the other.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }

    /// The filter without which a voice would misread such a value.
    pub(super) const fn filter(&self) -> Option<&'static str> {
        match self {
            Self::Digits { .. } => Some("digits"),
            Self::Code { .. } | Self::Postcode => Some("spell"),
            Self::Date => Some("date"),
            Self::Time => Some("time"),
            Self::DateTime => Some("datetime"),
            Self::Amount => Some("money"),
            Self::Months => Some("months"),
            Self::Duration => Some("duration"),
            Self::Percent => Some("percent"),
            Self::Phone => Some("phone"),
            Self::Email => Some("email"),
            Self::Choice(_) | Self::Number { .. } | Self::Name | Self::Record | Self::Text => None,
        }
    }
}

impl SlotChoice {
    fn to_choice(&self) -> Choice {
        Choice { id: self.id.clone(), phrases: self.phrases.values().flatten().cloned().collect(), key: self.key }
    }
}
