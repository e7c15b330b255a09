//! The last question of a call: how satisfied the caller is, from 1 to 5, told by voice or key.
//! Never asked twice, and never insisted on: whatever is no number ends the call as it would have ended.

use crate::business::{Cue, tokens};
use crate::talk::{Choice, Digit};

use super::draft::Draft;
use super::session::Waiting;

/// More words than this tell something else than a number.
const MOST_WORDS: usize = 8;
/// The numbers as callers say them.
const SAID: [&[&str]; 5] =
    [&["one", "1", "一"], &["two", "2", "二", "两"], &["three", "3", "三"], &["four", "4", "四"], &["five", "5", "五"]];
/// What comes before the best there is: "four out of five", 满分五分.
const SCALE: &[&str] = &[" out of ", " of ", "满分"];

/// The number from 1 to 5 in the caller's words, if they name one and no other.
pub(super) fn stars(words: &str) -> Option<u8> {
    let words = words.to_lowercase();
    let told = SCALE.iter().find_map(|scale| words.split_once(scale)).map_or(words.as_str(), |(told, _)| told);
    let told = tokens(told);
    let named = |said: &&[&str]| told.iter().any(|word| said.contains(&word.as_str()));
    let mut named = SAID.iter().enumerate().filter(|(_, said)| named(said));
    let (first, other) = (named.next()?, named.next());
    (other.is_none() && told.len() <= MOST_WORDS).then_some(first.0 as u8 + 1)
}

/// The same of a key.
pub(super) fn key(keys: &str) -> Option<u8> {
    keys.parse().ok().filter(|stars| (1..=SAID.len() as u8).contains(stars))
}

/// What may be said or pressed.
pub(super) fn choices() -> Vec<Choice> {
    let choice = |(i, said): (usize, &&[&str])| Choice {
        id: (i + 1).to_string(),
        phrases: said.iter().map(|&word| word.to_owned()).collect(),
        key: (i + 1).to_string().chars().next().and_then(Digit::from_char),
    };
    SAID.iter().enumerate().map(choice).collect()
}

impl Draft<'_> {
    /// Asks, where the pack wants it, something was done, and it was not asked before; whether it did.
    pub(super) fn ask_to_rate(&mut self) -> bool {
        if !self.pack.rating().on || self.session.asked_to_rate || self.session.topics.is_empty() {
            return false;
        }
        self.session.asked_to_rate = true;
        self.cue(Cue::RateAsk);
        self.wait_for(Waiting::Rating);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rating_is_one_number_from_one_to_five() {
        for (words, expected) in [
            ("five", Some(5)),
            ("I would say a four", Some(4)),
            ("4 out of 5", Some(4)),
            ("three of five stars", Some(3)),
            ("五分", Some(5)),
            ("给两分吧", Some(2)),
            ("满分五分我给四分", None),
            ("between three and four", None),
            ("no thank you", None),
            ("seven", None),
            ("I have told you one thing after the other and nobody listens", None),
        ] {
            assert_eq!(stars(words), expected, "{words}");
        }
        assert_eq!((key("5"), key("6"), key("0"), key("12")), (Some(5), None, None, None));
    }
}
