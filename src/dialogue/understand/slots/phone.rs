//! Telephone numbers as they are told, grouped, with area and country codes, in E.164.
//! Never guesses a country but China's and North America's; any other number needs its country code.

use super::digits::{digits, run};
use super::words::{from, skip, word};

/// Words that may stand between the groups of a number.
const BETWEEN: &[&str] = &[
    ",",
    "-",
    "+",
    "um",
    "uh",
    "then",
    "and",
    "area code",
    "country code",
    "the number is",
    "number",
    "dash",
    "plus",
    "呃",
    "然后",
    "杠",
    "区号",
    "加",
    "号码是",
    "转",
];
const LONGEST: u8 = 15;

/// The last telephone number in the words, as `+8613800138000`.
pub fn phone(text: &str, words: &[String]) -> Option<String> {
    let numbers = rows(words).into_iter().rev().chain(digits(text, 7, LONGEST).map(|d| (false, d)));
    let chinese = words.iter().any(|w| !w.is_ascii()) || written_as_mobile(words);
    numbers.into_iter().find_map(|(international, number)| e164(international, &number, chinese))
}

/// Eleven digits in one piece, or in groups of three, four and four, as mobile numbers are written in China.
fn written_as_mobile(words: &[String]) -> bool {
    let lengths: Vec<usize> = words.iter().map(|w| if w.bytes().all(|b| b.is_ascii_digit()) { w.len() } else { 0 }).collect();
    lengths.contains(&11) || lengths.windows(3).any(|groups| groups == [3, 4, 4])
}

/// The digits of each row of groups with nothing but joints between them, and whether a plus stands before.
fn rows(words: &[String]) -> Vec<(bool, String)> {
    let mut rows: Vec<(bool, String)> = Vec::new();
    let (mut at, mut open, mut plus) = (0, false, false);
    while at < words.len() {
        let rest = from(words, at);
        if let Some((group, length)) = run(rest) {
            if !open {
                rows.push((plus, String::new()));
            }
            rows.last_mut().expect("one was just opened").1.push_str(&group);
            (at, open, plus) = (at + length, true, false);
            continue;
        }
        plus = matches!(word(rest, 0), "+" | "plus" | "加");
        let joint = skip(rest, BETWEEN);
        open &= joint > 0;
        at += joint.max(1);
    }
    rows
}

fn e164(international: bool, number: &str, chinese: bool) -> Option<String> {
    if international {
        return (8..=usize::from(LONGEST)).contains(&number.len()).then(|| format!("+{number}"));
    }
    let abroad = number.strip_prefix("0086").or_else(|| number.strip_prefix("86").filter(|n| is_mobile(n)));
    if let Some(national) = abroad {
        return chinese_number(national);
    }
    if is_mobile(number) && (chinese || !is_american(number)) {
        return Some(format!("+86{number}"));
    }
    if is_american(number) {
        return Some(format!("+1{}", number.strip_prefix('1').filter(|n| n.len() == 10).unwrap_or(number)));
    }
    if number.starts_with('0') { chinese_number(number) } else { None }
}

/// A mobile number, or a fixed one with its area code.
fn chinese_number(number: &str) -> Option<String> {
    let area_and_rest = number.strip_prefix('0').filter(|n| (9..=11).contains(&n.len()));
    let fixed = area_and_rest.filter(|n| n.starts_with(|c| matches!(c, '1'..='9')));
    if is_mobile(number) { Some(format!("+86{number}")) } else { fixed.map(|n| format!("+86{n}")) }
}

fn is_mobile(number: &str) -> bool {
    let mut digits = number.bytes();
    number.len() == 11 && digits.next() == Some(b'1') && matches!(digits.next(), Some(b'3'..=b'9'))
}

/// North American numbering plan: area and exchange begin with 2 to 9, and no area code ends in 11.
fn is_american(number: &str) -> bool {
    let national = number.strip_prefix('1').filter(|n| n.len() == 10).unwrap_or(number).as_bytes();
    let begins = |at: usize| matches!(national[at], b'2'..=b'9');
    national.len() == 10 && begins(0) && begins(3) && national[1..3] != *b"11"
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn numbers_of_two_countries() {
        for (text, expected) in [
            ("my number is 415 555 0132", "+14155550132"),
            ("four one five five five five oh one three two", "+14155550132"),
            ("area code four one five, then five five five, oh one three two", "+14155550132"),
            ("(415) 555-0132", "+14155550132"),
            ("1 415 555 0132", "+14155550132"),
            ("one eight hundred five five five one two three four", "+18005551234"),
            ("plus four four two oh seven nine four six oh nine five eight", "+442079460958"),
            ("+44 20 7946 0958", "+442079460958"),
            ("415 555 0132, no sorry, 415 555 0133", "+14155550133"),
            ("幺三八零零一三八零零零", "+8613800138000"),
            ("我的手机是138 0013 8000", "+8613800138000"),
            ("13800138000", "+8613800138000"),
            ("139 1234 5678", "+8613912345678"),
            ("加八六一三八零零一三八零零零", "+8613800138000"),
            ("区号零一零，六五五二九九八八", "+861065529988"),
            ("0755-12345678", "+8675512345678"),
            ("order 4271", ""),
            ("555 0132", ""),
            ("911 555 0132", ""),
        ] {
            assert_eq!(phone(text, &words(text)).unwrap_or_default(), expected, "{text}");
        }
    }
}
