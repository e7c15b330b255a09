//! What callers may say, as a pack writes it: plain text in which `{digits}`, `{date}` and the like stand for sub-grammars.
//! Never knows a recogniser's grammar format.

use crate::talk::Language;

/// One thing a caller may say, in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// Plain text; a name in braces stands for a [`Slot`]: `where is order {digits}`.
    pub text: String,
    /// The language it is in.
    pub language: Language,
    /// Whether it is listened for at any time; the others only after an open question: each grammar has to be learnt.
    pub first: bool,
}

/// What a placeholder stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// Digits one by one, and numbers.
    Digits,
    /// A date, absolute or relative.
    Date,
    /// An amount of money.
    Amount,
    /// A person's name, out of the common ones or spelled.
    Name,
    /// Letters and digits spelled out.
    Spelling,
}

impl Slot {
    /// The slot a placeholder's name asks for, by the word it holds: `{return_date}` is a date, `{price}` an amount,
    /// `{first_name}` a name, `{booking_code}` spelled; every other name (`{order_number}`) is digits.
    pub fn of_name(name: &str) -> Self {
        let any = |words: &[&str]| words.iter().any(|w| name.contains(w));
        match () {
            () if any(&["date", "day", "time"]) => Self::Date,
            () if any(&["amount", "price", "money", "sum"]) => Self::Amount,
            () if any(&["name"]) => Self::Name,
            () if any(&["spell", "code", "letter"]) => Self::Spelling,
            () => Self::Digits,
        }
    }
}

/// A piece of a phrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Words to be said as they are.
    Words(String),
    /// Something to be filled in.
    Slot(Slot),
}

/// The pieces of a phrase's text, in order; a brace that is never closed is left out with what follows it.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (i, part) in text.split('{').enumerate() {
        let words = match part.split_once('}') {
            Some((name, words)) if i > 0 => {
                pieces.push(Piece::Slot(Slot::of_name(name.trim())));
                words
            }
            _ if i > 0 => continue,
            _ => part,
        };
        if !words.trim().is_empty() {
            pieces.push(Piece::Words(words.trim().to_owned()));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_become_slots() {
        let words = |w: &str| Piece::Words(w.to_owned());
        assert_eq!(
            pieces("where is order {order_number} from {date}"),
            [words("where is order"), Piece::Slot(Slot::Digits), words("from"), Piece::Slot(Slot::Date)]
        );
        assert_eq!(pieces("{customer_name}"), [Piece::Slot(Slot::Name)]);
        assert_eq!(pieces("an open {brace"), [words("an open")]);
    }
}
