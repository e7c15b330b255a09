//! Codes of letters and digits: order ids, booking references, postcodes.
//! Never takes a lone word for a code: it holds a digit, or was spelled.

use super::digits::{rejects, replaces};
use super::spelling::spelled;
use super::words::{from, skip, word};

/// What a code looks like.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// Fewest letters and digits.
    pub min: usize,
    /// Most of them.
    pub max: usize,
    /// `A` for a letter, `9` for a digit, anything else for itself; empty for any code.
    pub pattern: &'a str,
}

impl Shape<'_> {
    /// Whether that text, in capitals, has this shape.
    pub fn fits(self, code: &str) -> bool {
        let of_pattern = |(sign, letter): (char, char)| match sign {
            'A' => letter.is_ascii_uppercase(),
            '9' => letter.is_ascii_digit(),
            other => letter == other,
        };
        let length = code.chars().count();
        let matches = self.pattern.is_empty()
            || self.pattern.chars().count() == length && self.pattern.chars().zip(code.chars()).all(of_pattern);
        (self.min..=self.max).contains(&length) && code.chars().all(|c| c.is_ascii_alphanumeric()) && matches
    }
}

/// The last code of that shape in the text, in capitals; one that was taken back does not count.
pub fn code(text: &str, words: &[String], shape: Shape<'_>) -> Option<String> {
    let told = told(words);
    let spoken = told.iter().rev().find_map(|run| best(run, shape));
    spoken.or_else(|| written(text, shape))
}

/// A postcode: five or nine digits (US), six (China), or letters and digits as in Britain.
pub fn postcode(text: &str, words: &[String]) -> Option<String> {
    let digits = |min, max| super::digits::digits(text, min, max);
    let nine =
        || digits(9, 9).map(|d| format!("{}-{}", d.chars().take(5).collect::<String>(), d.chars().skip(5).collect::<String>()));
    nine().or_else(|| digits(5, 6)).or_else(|| british(text, words))
}

/// `SW1A1AA` as `SW1A 1AA`: the last three are a digit and two letters.
fn british(text: &str, words: &[String]) -> Option<String> {
    let shapes = ["AA999AA", "AA9A9AA", "A999AA", "AA99AA", "A9A9AA", "A99AA"];
    let joined = pairs(text);
    let in_any = |pattern: &&str| {
        let shape = Shape { min: 5, max: 7, pattern };
        code(text, words, shape).or_else(|| written(&joined, shape))
    };
    let found = shapes.iter().find_map(in_any)?;
    let outward = found.chars().count() - 3;
    Some(format!("{} {}", found.chars().take(outward).collect::<String>(), found.chars().skip(outward).collect::<String>()))
}

/// Every two pieces of a text as one: `M1 1AE` as `M11AE`.
fn pairs(text: &str) -> String {
    let pieces: Vec<&str> = text.split_whitespace().collect();
    pieces.windows(2).map(<[&str]>::concat).collect::<Vec<_>>().join(" ")
}

/// A run of letters and digits, and the same without what looks like a word before it ("a" of "a w two").
fn best(run: &str, shape: Shape<'_>) -> Option<String> {
    let capitals = run.to_ascii_uppercase();
    let counts = |c: &str| {
        c.contains(|c: char| c.is_ascii_digit()) || shape.pattern.contains('A') || c.chars().count() == run.chars().count()
    };
    (0..capitals.chars().count()).map(|n| capitals.chars().skip(n).collect::<String>()).find(|c| shape.fits(c) && counts(c))
}

/// Every spelled run, in order. A short one behind a correction replaces the end of the one before.
fn told(words: &[String]) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let (mut at, mut instead) = (0, false);
    while at < words.len() {
        let rest = from(words, at);
        let hash = skip(rest, &["#", "hash", "pound sign", "井号", "-", "dash", "hyphen"]);
        // "a" before a word that is no letter is an article, and "i" a person.
        let found = if hash == 0 { spelled(rest, true) } else { None };
        match found.filter(|s| !(s.pieces == 1 && matches!(word(rest, 0), "a" | "i" | "o" | "oh"))) {
            Some(found) => {
                take(&mut runs, found.text, rejects(&words[..at]), std::mem::take(&mut instead));
                at += found.length;
            }
            None => {
                instead |= replaces(rest);
                at += hash.max(1);
            }
        }
    }
    runs
}

fn take(runs: &mut Vec<String>, run: String, rejected: bool, instead: bool) {
    match runs.last_mut() {
        _ if rejected => {}
        Some(before) if instead && run.len() < before.len() => {
            let kept = before.chars().count() - run.chars().count();
            *before = before.chars().take(kept).chain(run.chars()).collect();
        }
        Some(_) | None => runs.push(run),
    }
}

/// A code as a recogniser or a keyboard writes it: `W2378`, `AB-12`.
fn written(text: &str, shape: Shape<'_>) -> Option<String> {
    let pieces = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    let plain = pieces.map(|p| p.replace('-', "").to_ascii_uppercase());
    plain.filter(|p| p.contains(|c: char| c.is_ascii_digit()) || shape.pattern.contains('A')).rfind(|p| shape.fits(p))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[track_caller]
    fn check(text: &str, pattern: &str, expected: &str) {
        let shape = Shape { min: 4, max: 8, pattern };
        assert_eq!(code(text, &words(text), shape).unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn order_ids() {
        for (text, expected) in [
            ("W two three seven eight", "W2378"),
            ("order number hash W2378", "W2378"),
            ("it's whiskey twenty three seventy eight", "W2378"),
            ("w as in whiskey two three double seven", "W2377"),
            ("W2378, no, nine", "W2379"),
            ("not W2378, W2379", "W2379"),
            ("AB-12", "AB12"),
            ("订单号W二三七八", "W2378"),
            ("是 w 2378 对吧", "W2378"),
            ("my order please", ""),
            ("a lamp", ""),
        ] {
            check(text, "", expected);
        }
        check("W two three seven eight", "A9999", "W2378");
        check("two three seven eight", "A9999", "");
        check("i think it is w 2378", "A9999", "W2378");
        check("q w e r t y", "AAAAAA", "QWERTY");
    }

    #[test]
    fn postcodes_of_three_countries() {
        for (text, expected) in [
            ("nine four one oh three", "94103"),
            ("94103-1234", "94103-1234"),
            ("一零零零八四", "100084"),
            ("邮编518000", "518000"),
            ("s w one a one a a", "SW1A 1AA"),
            ("it is M1 1AE", "M1 1AE"),
            ("i do not know", ""),
        ] {
            assert_eq!(postcode(text, &words(text)).unwrap_or_default(), expected, "{text}");
        }
    }
}
