//! A caller's words cut finer than for the intents: signs that carry a value stay, letters and digits come apart.
//! Never drops a sign that a date, a time, an amount or an address needs.

use crate::business::is_han;

/// The words in lower case: each Chinese character and each sign a word of its own, `12.50` and `1,299` one word each,
/// `10am` two. A comma or the end of a sentence is `,`.
pub fn words(text: &str) -> Vec<String> {
    let letters = text.chars().map(half_width).flat_map(char::to_lowercase).filter(|c| !matches!(c, '\'' | '’'));
    let letters: Vec<char> = letters.collect();
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let rest = &letters[at..];
        let length = match letter {
            '0'..='9' => number_length(rest),
            c if is_han(c) => 1,
            c if c.is_alphabetic() => rest.iter().take_while(|c| c.is_alphabetic() && !is_han(**c)).count(),
            _ => 1,
        };
        let before = at.checked_sub(1).map(|i| letters[i]);
        push(&mut words, &rest[..length], before, rest.get(length).copied());
        at += length;
    }
    words
}

/// How many words of `words` this phrase takes up, if they begin with it. Its own words stand between spaces, Chinese as it is.
pub fn starts(words: &[String], phrase: &str) -> Option<usize> {
    let mut length = 0;
    for piece in phrase.split(' ') {
        if piece.is_ascii() {
            (words.get(length)? == piece).then_some(())?;
            length += 1;
        } else {
            for letter in piece.chars() {
                (words.get(length)?.chars().eq([letter])).then_some(())?;
                length += 1;
            }
        }
    }
    Some(length)
}

/// The longest of these phrases that the words begin with, and how many words it is.
pub fn one_of<T: Copy>(words: &[String], table: &[(&str, T)]) -> Option<(T, usize)> {
    let found = table.iter().filter_map(|(phrase, meaning)| Some((*meaning, starts(words, phrase)?)));
    found.max_by_key(|(_, length)| *length)
}

/// How many words it takes to pass over the first of these phrases that stands here; 0 if none does.
pub fn skip(words: &[String], phrases: &[&str]) -> usize {
    phrases.iter().find_map(|phrase| starts(words, phrase)).unwrap_or(0)
}

/// The word at that place, or nothing.
pub fn word(words: &[String], at: usize) -> &str {
    words.get(at).map_or("", String::as_str)
}

/// The rest of the words.
pub fn from(words: &[String], at: usize) -> &[String] {
    words.get(at..).unwrap_or_default()
}

fn push(words: &mut Vec<String>, piece: &[char], before: Option<char>, after: Option<char>) {
    let text: String = piece.iter().filter(|c| **c != ',').collect();
    let inside = |wanted: fn(&char) -> bool| before.as_ref().is_some_and(wanted) && after.as_ref().is_some_and(wanted);
    match piece[0] {
        ',' | ';' | '。' | '、' | '!' | '?' => words.push(",".to_owned()),
        '.' if inside(|c| c.is_ascii_alphanumeric()) => words.push(text),
        '.' => words.push(",".to_owned()),
        '-' if inside(char::is_ascii_digit) => words.push(text),
        ':' | '/' | '@' | '_' | '%' | '$' | '£' | '€' | '¥' | '#' | '+' => words.push(text),
        'm' if text == "m" && words.last().is_some_and(|w| w == ".") => clock_half(words),
        c if c.is_alphanumeric() => words.push(text),
        _ => {}
    }
}

/// `a.m.` is one word.
fn clock_half(words: &mut Vec<String>) {
    match words.iter().rev().nth(1).map(String::as_str) {
        Some(half @ ("a" | "p")) => {
            let whole = format!("{half}m");
            words.truncate(words.len() - 2);
            words.push(whole);
        }
        _ => words.push("m".to_owned()),
    }
}

/// Digits, thousands behind commas, and a fraction.
fn number_length(rest: &[char]) -> usize {
    let digits = |from: usize| rest.iter().skip(from).take_while(|c| c.is_ascii_digit()).count();
    let mut length = digits(0);
    while rest.get(length) == Some(&',') && digits(length + 1) == 3 {
        length += 4;
    }
    let fraction = if rest.get(length) == Some(&'.') { digits(length + 1) } else { 0 };
    if fraction > 0 { length + 1 + fraction } else { length }
}

fn half_width(letter: char) -> char {
    match letter {
        '！'..='～' => char::from_u32(letter as u32 - 0xFEE0).unwrap_or(letter),
        '￥' => '¥',
        _ => letter,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_that_carry_a_value_stay() {
        for (text, expected) in [
            ("It's $1,299.50, please.", "its $ 1299.50 , please ,"),
            ("10am or 3 p.m.", "10 am or 3 pm ,"),
            ("5/12 at 14:05", "5 / 12 at 14 : 05"),
            ("forty-two, 415-555", "forty two , 415 - 555"),
            ("后天３点半，好吗？", "后 天 3 点 半 , 好 吗 ,"),
            ("W2378 a_b@x.com", "w 2378 a _ b @ x . com"),
        ] {
            assert_eq!(words(text).join(" "), expected, "{text}");
        }
    }

    #[test]
    fn phrases_are_found_at_the_front() {
        let said = words("the day after tomorrow");
        assert_eq!(starts(&said, "the day"), Some(2));
        assert_eq!(starts(&words("大后天吧"), "大后天"), Some(3));
        assert_eq!(starts(&said, "day"), None);
        assert_eq!(one_of(&words("后天"), &[("后", 1), ("后天", 2)]), Some((2, 2)));
    }
}
