//! Letters and digits told one by one: plain, by the radio alphabet, "b as in boy", "double l".
//! Never takes an ordinary word for letters, unless letters stand around it.

use super::digits::run;
use super::number::digit;
use super::words::{from, one_of, skip, starts, word};

/// What was spelled: its letters in lower case, its digits, and the signs that were named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spelled {
    /// The letters and digits in order.
    pub text: String,
    /// How many words it took.
    pub length: usize,
    /// How many pieces were told; one alone is often no spelling.
    pub pieces: usize,
}

/// The letters (and, if wanted, digits) that the words begin with.
pub fn spelled(words: &[String], with_digits: bool) -> Option<Spelled> {
    let mut spelled = Spelled { text: String::new(), length: 0, pieces: 0 };
    let mut at = 0;
    loop {
        at += skip(
            from(words, at),
            &[",", "um", "uh", "then", "and then", "capital", "uppercase", "lowercase", "大写", "小写", "然后", "-"],
        );
        let Some((piece, length)) = piece(from(words, at), with_digits) else { break };
        spelled.text.push_str(&piece);
        spelled.pieces += 1;
        at += length;
        spelled.length = at;
    }
    (spelled.pieces > 0).then_some(spelled)
}

/// The letter that a word of the radio alphabet stands for.
pub fn radio(word: &str) -> Option<char> {
    RADIO.iter().find(|(name, _)| *name == word).map(|(_, letter)| *letter)
}

const RADIO: &[(&str, char)] = &[
    ("alpha", 'a'),
    ("alfa", 'a'),
    ("bravo", 'b'),
    ("charlie", 'c'),
    ("delta", 'd'),
    ("echo", 'e'),
    ("foxtrot", 'f'),
    ("golf", 'g'),
    ("hotel", 'h'),
    ("india", 'i'),
    ("juliet", 'j'),
    ("juliett", 'j'),
    ("kilo", 'k'),
    ("lima", 'l'),
    ("mike", 'm'),
    ("november", 'n'),
    ("oscar", 'o'),
    ("papa", 'p'),
    ("quebec", 'q'),
    ("romeo", 'r'),
    ("sierra", 's'),
    ("tango", 't'),
    ("uniform", 'u'),
    ("victor", 'v'),
    ("whiskey", 'w'),
    ("whisky", 'w'),
    ("xray", 'x'),
    ("yankee", 'y'),
    ("zulu", 'z'),
];
/// Names of letters that are no common words.
const NAMES: &[(&str, char)] = &[
    ("double u", 'w'),
    ("x ray", 'x'),
    ("bee", 'b'),
    ("cee", 'c'),
    ("dee", 'd'),
    ("gee", 'g'),
    ("aitch", 'h'),
    ("jay", 'j'),
    ("kay", 'k'),
    ("el", 'l'),
    ("em", 'm'),
    ("en", 'n'),
    ("pee", 'p'),
    ("cue", 'q'),
    ("ess", 's'),
    ("tee", 't'),
    ("vee", 'v'),
    ("ex", 'x'),
    ("wye", 'y'),
    ("zee", 'z'),
    ("zed", 'z'),
];
const TIMES: &[(&str, usize)] = &[("double", 2), ("triple", 3), ("two", 2), ("两个", 2), ("三个", 3)];

/// One letter, a letter with its word, one doubled, or the digits that stand here.
fn piece(words: &[String], with_digits: bool) -> Option<(String, usize)> {
    if let Some((letter, length)) = letter(words) {
        return Some((letter.to_string(), length + example(from(words, length), letter)));
    }
    if let Some((times, lead)) = one_of(words, TIMES)
        && let Some((letter, length)) = letter(from(words, lead))
        && (word(words, 0) != "two")
    {
        return Some((letter.to_string().repeat(times), lead + length + example(from(words, lead + length), letter)));
    }
    if !with_digits {
        return None;
    }
    // "o" among digits is a zero, among letters a letter: the letter was tried first.
    run(words)
}

fn letter(words: &[String]) -> Option<(char, usize)> {
    if let Some((letter, length)) = one_of(words, NAMES) {
        return Some((letter, length));
    }
    let mut letters = word(words, 0).chars();
    match (letters.next(), letters.next()) {
        (Some(letter @ 'a'..='z'), None) => Some((letter, 1)),
        _ => radio(word(words, 0)).map(|letter| (letter, 1)),
    }
}

/// How many words "as in boy", "for dog", "like apple" take behind a letter; the example must begin with it.
fn example(words: &[String], letter: char) -> usize {
    let comma = usize::from(word(words, 0) == ",");
    let lead = skip(from(words, comma), &["as in", "for", "like in", "like", "is for", "in"]);
    let begins = from(words, comma + lead).first().is_some_and(|w| w.starts_with(letter) && w.len() > 1);
    if lead > 0 && begins { comma + lead + 1 } else { 0 }
}

/// The word's letters if it is a digit word: for addresses such as 一六三.
pub fn as_digit(word: &str) -> Option<String> {
    digit(word).map(|d| d.to_string())
}

/// Whether the words begin with a letter that is explained ("b as in boy").
pub fn is_explained(words: &[String]) -> bool {
    letter(words).is_some_and(|(letter, length)| example(from(words, length), letter) > 0)
}

/// The words behind "spelled" or 拼写是, if they stand here.
pub fn announced(words: &[String]) -> Option<usize> {
    ["spelled", "spelt", "that is spelled", "thats", "spell", "拼写是", "拼作"].iter().find_map(|lead| starts(words, lead))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn letters_in_every_way() {
        for (text, expected) in [
            ("s m i t h", "smith"),
            ("S. M. I. T. H.", "smith"),
            ("sierra mike india tango hotel", "smith"),
            ("b as in boy", "b"),
            ("b as in boy, d for dog, e like echo", "bde"),
            ("h e double l o", "hello"),
            ("m as in mike i double l e r", "miller"),
            ("double u a n g", "wang"),
            ("zed h o u", "zhou"),
            ("capital a n n a", "anna"),
            ("bee oh", "b"),
        ] {
            assert_eq!(spelled(&words(text), false).map(|s| s.text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(spelled(&words("smith"), false), None);
    }

    #[test]
    fn digits_among_letters() {
        for (text, expected) in [
            ("w two three seven eight", "w2378"),
            ("W 2378", "w2378"),
            ("a b twelve", "ab12"),
            ("x double seven q", "x77q"),
            ("whiskey two double three", "w233"),
            ("a 一二三", "a123"),
        ] {
            assert_eq!(spelled(&words(text), true).map(|s| s.text).as_deref(), Some(expected), "{text}");
        }
    }
}
