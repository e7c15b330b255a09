//! Keys in a row become one entry: by what is expected, by `#`, or because no further key comes.
//! Never shows what was pressed: an entry prints no keys.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::privacy::Pii;
use crate::talk::{Digit, Expectation, TurnId};

use super::config::ms;

/// No entry is longer; a caller who leans on a key does not fill the memory.
const MOST_KEYS: usize = 64;

/// How keys are collected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeypadConfig {
    /// After the last key, until the entry is taken as complete.
    pub gap_ms: u64,
    /// The same while fewer digits than expected are in: people read cards in groups.
    pub short_entry_gap_ms: u64,
    /// A `#` this soon after an entry that was complete without it is habit, and is dropped.
    pub closing_key_ms: u64,
    /// After a key the caller's sound is not taken for speech, because the tone may be in it.
    pub deaf_ms: u64,
}

impl Default for KeypadConfig {
    fn default() -> Self {
        Self { gap_ms: 2_000, short_entry_gap_ms: 4_000, closing_key_ms: 2_000, deaf_ms: 300 }
    }
}

impl KeypadConfig {
    /// Time from the last of that many keys to the end of the entry, if no further key comes.
    fn gap(&self, keys: usize, expectation: &Expectation) -> Duration {
        match expectation {
            Expectation::Digits { min, .. } if keys < usize::from(*min) => ms(self.short_entry_gap_ms),
            Expectation::Open
            | Expectation::YesNo
            | Expectation::Choice(_)
            | Expectation::Digits { .. }
            | Expectation::Spelling
            | Expectation::Date
            | Expectation::Time
            | Expectation::Amount
            | Expectation::Number
            | Expectation::Name
            | Expectation::Address => ms(self.gap_ms),
        }
    }
}

/// The keys so far.
pub(super) struct Entry {
    pub(super) turn: TurnId,
    /// Nobody who watches is told its keys.
    pub(super) secret: bool,
    keys: String,
}

/// Whether an entry goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Press {
    /// More keys may come within this time.
    Open { gap: Duration },
    /// The entry is complete; a `#` that follows is habit.
    Complete,
    /// The entry was closed by `#`.
    Closed,
}

impl Entry {
    pub(super) const fn new(turn: TurnId, secret: bool) -> Self {
        Self { turn, secret, keys: String::new() }
    }

    /// Takes a key in. A `#` closes an entry and is not part of it; alone it is the entry.
    pub(super) fn press(&mut self, digit: Digit, config: &KeypadConfig, expectation: &Expectation) -> Press {
        let key = digit.as_char();
        if key == '#' {
            if self.keys.is_empty() {
                self.keys.push(key);
            }
            return Press::Closed;
        }
        self.keys.push(key);
        let complete = match expectation {
            Expectation::Digits { max, .. } => self.keys.len() >= usize::from(*max),
            Expectation::Choice(choices) => self.keys.len() == 1 && choices.iter().any(|c| c.key == Some(digit)),
            Expectation::Open
            | Expectation::YesNo
            | Expectation::Spelling
            | Expectation::Date
            | Expectation::Time
            | Expectation::Amount
            | Expectation::Number
            | Expectation::Name
            | Expectation::Address => false,
        };
        if complete || self.keys.len() >= MOST_KEYS {
            Press::Complete
        } else {
            Press::Open { gap: config.gap(self.keys.len(), expectation) }
        }
    }

    /// What was pressed.
    pub(super) fn into_keys(self) -> Pii<String> {
        Pii::new(self.keys)
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("turn", &self.turn).field("secret", &self.secret).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use crate::talk::Choice;

    use super::*;

    fn press_all(keys: &str, expectation: &Expectation) -> (Press, String) {
        let config = KeypadConfig::default();
        let mut entry = Entry::new(TurnId(1), false);
        let last = keys.chars().map(|key| entry.press(Digit::from_char(key).unwrap(), &config, expectation)).last();
        (last.unwrap(), entry.into_keys().reveal().clone())
    }

    #[test]
    fn an_entry_ends_by_what_is_expected() {
        let digits = Expectation::Digits { min: 4, max: 6, sensitive: false };
        assert_eq!(press_all("123", &digits), (Press::Open { gap: ms(4_000) }, "123".into()));
        assert_eq!(press_all("12345", &digits), (Press::Open { gap: ms(2_000) }, "12345".into()));
        assert_eq!(press_all("123456", &digits), (Press::Complete, "123456".into()));
        assert_eq!(press_all("1234#", &digits), (Press::Closed, "1234".into()));
        let choice = Expectation::Choice(vec![Choice { id: "orders".into(), phrases: Vec::new(), key: Digit::from_char('1') }]);
        assert_eq!(press_all("1", &choice), (Press::Complete, "1".into()));
        assert_eq!(press_all("2", &choice), (Press::Open { gap: ms(2_000) }, "2".into()));
        assert_eq!(press_all("#", &Expectation::Open), (Press::Closed, "#".into()));
    }

    #[test]
    fn a_key_that_is_leant_on_ends_somewhere() {
        let (press, keys) = press_all(&"7".repeat(64), &Expectation::Open);
        assert_eq!((press, keys.len()), (Press::Complete, 64));
    }

    #[test]
    fn an_entry_prints_no_keys() {
        let mut entry = Entry::new(TurnId(1), false);
        entry.press(Digit::from_char('7').unwrap(), &KeypadConfig::default(), &Expectation::Open);
        assert!(!format!("{entry:?}").contains("\"7\""));
    }
}
