//! What the bot expects to hear next. It steers recognition (grammar), end-pointing and the keypad.

use serde::{Deserialize, Serialize};

/// One thing the caller may choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the dialogue gets when it is chosen.
    pub id: String,
    /// Ways to say it.
    pub phrases: Vec<String>,
    /// The key that chooses it, if any.
    pub key: Option<super::Digit>,
}

/// What the caller is expected to say or key in next.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expectation {
    /// Anything.
    #[default]
    Open,
    /// Yes or no, in any form.
    YesNo,
    /// One of these.
    Choice(Vec<Choice>),
    /// A number said or keyed digit by digit, of `min` to `max` digits.
    Digits {
        /// Fewest digits.
        min: u8,
        /// Most digits; the turn is over when they are in.
        max: u8,
        /// A PIN or card number: goes to the verifier and nowhere else.
        sensitive: bool,
    },
    /// Letters and digits spelled out.
    Spelling,
    /// A date, absolute or relative.
    Date,
    /// A time of day, with or without a date.
    Time,
    /// An amount of money.
    Amount,
    /// A count, a length of time or a percentage.
    Number,
    /// A person's name.
    Name,
    /// A street address.
    Address,
}

impl Expectation {
    /// Whether what is asked for goes to the verifier and nowhere else.
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Digits { sensitive: true, .. })
    }
}
