//! Digits to words before synthesis, as a person at a counter would read them.
//! Never changes text without digits, and never touches e-mail or web addresses.

mod chinese;
mod english;
mod scan;

use std::borrow::Cow;

use crate::talk::Language;

use scan::{Number, Piece, scan};

/// The text with its numbers in words, for English and Chinese; other languages are left to their voice.
///
/// Amounts, counts and years are read as numbers; what names a thing (an order, a card, a phone number) digit by digit.
pub fn spoken(text: &str, language: Language) -> Cow<'_, str> {
    let read: fn(&Number, &Around<'_>) -> String = match language {
        Language::EN => english::read,
        Language::ZH => chinese::read,
        _ => return Cow::Borrowed(text),
    };
    let pieces = scan(text);
    if pieces.iter().all(|piece| matches!(piece, Piece::Text(_))) {
        return Cow::Borrowed(text);
    }
    let mut said = String::with_capacity(text.len() * 2);
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Text(text) => said.push_str(text),
            Piece::Number(number) => {
                let around = Around { before: neighbour(&pieces, at.checked_sub(1)), after: neighbour(&pieces, Some(at + 1)) };
                let words = read(number, &around);
                said.push_str(&words);
            }
        }
    }
    Cow::Owned(said)
}

/// The text on both sides of a number: it decides how the number is read.
struct Around<'a> {
    before: &'a str,
    after: &'a str,
}

fn neighbour(pieces: &[Piece], at: Option<usize>) -> &str {
    match at.and_then(|at| pieces.get(at)) {
        Some(Piece::Text(text)) => text,
        Some(Piece::Number(_)) | None => "",
    }
}
