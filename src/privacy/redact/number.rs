//! Finds phone, card and identity numbers among the digits of a text, however they are grouped.
//! Never guesses on few digits: below seven nothing is personal.

use std::ops::Range;

use super::Found;

/// Digits that stand together, or one digit that was said.
struct Group {
    digits: Vec<u8>,
    at: Range<usize>,
}

/// What stands between two groups.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Nothing, a blank, a dash, a bracket.
    Tight,
    /// A full stop.
    Dot,
    /// A comma with a blank, or a Chinese comma: a pause in speech.
    Pause,
    /// Anything else: two numbers.
    Apart,
}

/// Neighbouring groups that may be one number.
struct Candidate<'a> {
    chars: &'a [char],
    groups: &'a [Group],
    digits: Vec<u8>,
    gaps: &'a [Gap],
}

const MIN_DIGITS: usize = 7;
const MAX_DIGITS: usize = 20;
/// How far back a word may say what a number is.
const CONTEXT: usize = 24;
const PHONE_WORDS: [&str; 11] = ["phone", "mobile", "cell", "tel", "call me", "whatsapp", "fax", "电话", "手机", "座机", "致电"];
const CARD_WORDS: [&str; 4] = ["card", "卡号", "银行卡", "信用卡"];

/// Every number that is a person's.
pub(super) fn find(chars: &[char]) -> Vec<Found> {
    let groups = groups(chars);
    let gaps: Vec<_> = groups.windows(2).map(|pair| gap(&chars[pair[0].at.end..pair[1].at.start])).collect();
    let mut found = Vec::new();
    let mut first = 0;
    while first < groups.len() {
        match longest_from(chars, &groups, &gaps, first) {
            Some((last, hit)) => {
                found.push(hit);
                first = last + 1;
            }
            None => first += 1,
        }
    }
    found
}

/// The longest run of groups from `first` on that is a personal number.
fn longest_from(chars: &[char], groups: &[Group], gaps: &[Gap], first: usize) -> Option<(usize, Found)> {
    // A group has a digit at least, so that no run that counts has more groups than digits.
    let linked = gaps[first..].iter().take(MAX_DIGITS).take_while(|&&gap| gap != Gap::Apart).count();
    // A run that is cut out of a longer number, spelled digit by digit, is none.
    let spelled_on =
        |gap: usize| gaps.get(gap).is_some_and(|&g| g != Gap::Apart) && groups[gap..=gap + 1].iter().all(|g| g.digits.len() == 1);
    (first..=first + linked).rev().find_map(|last| {
        let run = &groups[first..=last];
        let n = run.iter().map(|group| group.digits.len()).sum();
        if !(MIN_DIGITS..=MAX_DIGITS).contains(&n) || first > 0 && spelled_on(first - 1) || spelled_on(last) {
            return None;
        }
        let digits = run.iter().flat_map(|group| group.digits.iter().copied()).collect();
        let candidate = Candidate { chars, groups: run, digits, gaps: &gaps[first..last] };
        Some((last, candidate.classify()?))
    })
}

impl Candidate<'_> {
    fn classify(&self) -> Option<Found> {
        let at = self.start()..self.end();
        if let Some(end) = self.identity_end() {
            return Some(Found { at: at.start..end, placeholder: "<id>" });
        }
        if self.is_social_security() {
            return Some(Found { at, placeholder: "<id>" });
        }
        if self.is_phone() {
            return Some(Found { at, placeholder: "<phone>" });
        }
        self.is_card().then_some(Found { at, placeholder: "<card>" })
    }

    fn is_phone(&self) -> bool {
        if self.before().is_some_and(|c| "¥￥$€£".contains(c)) {
            return false;
        }
        let n = self.digits.len();
        let uniform = self.gaps.iter().all(|gap| *gap == Gap::Tight) || self.gaps.iter().all(|gap| *gap == Gap::Dot);
        self.is_chinese_mobile()
            || uniform
                && (self.has_plus() && (8..=16).contains(&n)
                    || self.is_trunk_number()
                    || self.is_north_american()
                    || (7..=15).contains(&n) && self.follows(&PHONE_WORDS) && !self.is_date())
    }

    /// 1, then 3 to 9, then nine more; perhaps after the country code 86.
    fn is_chinese_mobile(&self) -> bool {
        let national = [&b"0086"[..], b"86"]
            .iter()
            .find_map(|code| self.digits.strip_prefix(*code).filter(|rest| rest.len() == 11))
            .unwrap_or(&self.digits);
        national.len() == 11 && national[0] == b'1' && national[1] >= b'3'
    }

    /// A national number that begins with the trunk prefix 0, written in groups (`010-6552 9988`, `06 12 34 56 78`),
    /// or with the international prefix 00.
    fn is_trunk_number(&self) -> bool {
        let grouped = self.groups.len() > 1 && (10..=12).contains(&self.digits.len());
        let abroad = self.digits.starts_with(b"00") && (12..=17).contains(&self.digits.len());
        self.digits[0] == b'0' && (grouped || abroad)
    }

    /// `(415) 555-2671`, perhaps with a 1 before it (North American Numbering Plan).
    fn is_north_american(&self) -> bool {
        let local = match self.lengths()[..] {
            [3, 3, 4] => &self.digits[..],
            [1, 3, 3, 4] if self.digits[0] == b'1' => &self.digits[1..],
            _ => return false,
        };
        local[0] >= b'2' && local[3] >= b'2'
    }

    /// 13 to 19 digits of an issuer that exists, with the check digit of ISO/IEC 7812-1; or announced as a card.
    fn is_card(&self) -> bool {
        let n = self.digits.len();
        let written = self.gaps.iter().all(|gap| *gap == Gap::Tight)
            && (self.groups.len() == 1 || self.groups.iter().all(|g| g.digits.len() <= 6));
        let checked = (13..=19).contains(&n) && (b'2'..=b'6').contains(&self.digits[0]) && luhn(&self.digits);
        written && (checked || (12..=19).contains(&n) && self.follows(&CARD_WORDS))
    }

    /// `078-05-1120`.
    fn is_social_security(&self) -> bool {
        self.lengths() == [3, 2, 4] && self.chars[self.start()..self.end()].iter().filter(|&&c| c == '-').count() == 2
    }

    /// Where a Chinese identity number ends: 17 digits and a check character, which may be an X behind the digits.
    fn identity_end(&self) -> Option<usize> {
        let end = self.end();
        let (check, end) = match self.digits.len() {
            18 => (self.digits[17], end),
            17 if matches!(self.chars.get(end), Some('X' | 'x' | 'Ｘ')) => (b'X', end + 1),
            _ => return None,
        };
        let number = |range: Range<usize>| self.digits[range].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'));
        let (year, month, day) = (number(6..10), number(10..12), number(12..14));
        let dated = (1800..2100).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
        (dated && check == mod_11_2(&self.digits[..17])).then_some(end)
    }

    fn is_date(&self) -> bool {
        matches!(self.lengths()[..], [4, 2, 2] | [2, 2, 4])
    }

    fn lengths(&self) -> Vec<usize> {
        self.groups.iter().map(|g| g.digits.len()).collect()
    }

    fn has_plus(&self) -> bool {
        matches!(self.before(), Some('+' | '＋'))
    }

    /// The character before the first digit, an opening bracket left out.
    fn before(&self) -> Option<char> {
        self.chars[..self.groups[0].at.start].iter().rev().copied().find(|&c| c != '(')
    }

    /// First character, a plus and an opening bracket counted in.
    fn start(&self) -> usize {
        let digits = self.groups[0].at.start;
        digits - self.chars[..digits].iter().rev().take_while(|c| matches!(c, '(' | '+' | '＋')).count()
    }

    fn end(&self) -> usize {
        self.groups[self.groups.len() - 1].at.end
    }

    /// Whether one of these words stands shortly before the number.
    fn follows(&self, words: &[&str]) -> bool {
        let start = self.start();
        let before: String = self.chars[start.saturating_sub(CONTEXT)..start].iter().map(char::to_ascii_lowercase).collect();
        words.iter().any(|word| before.contains(word))
    }
}

fn groups(chars: &[char]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        if let Some(digit) = digit(chars[i]) {
            match groups.last_mut() {
                Some(group) if group.at.end == i => {
                    group.digits.push(digit);
                    group.at.end += 1;
                }
                _ => groups.push(Group { digits: vec![digit], at: i..i + 1 }),
            }
            i += 1;
        } else {
            let letters = chars[i..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
            groups.extend(said_digit(&chars[i..i + letters]).map(|d| Group { digits: vec![d], at: i..i + letters }));
            i += letters.max(1);
        }
    }
    groups
}

/// A written digit: ASCII, full-width or Chinese.
fn digit(c: char) -> Option<u8> {
    let value = match c {
        '0'..='9' => c as u32 - '0' as u32,
        '０'..='９' => c as u32 - '０' as u32,
        '〇' => 0,
        '幺' => 1,
        _ => "零一二三四五六七八九".chars().position(|d| d == c)? as u32,
    };
    Some(b'0' + value as u8)
}

/// A digit said in English.
fn said_digit(word: &[char]) -> Option<u8> {
    const WORDS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let word: String = word.iter().map(char::to_ascii_lowercase).collect();
    let value = if word == "oh" { 0 } else { WORDS.iter().position(|w| *w == word)? };
    Some(b'0' + value as u8)
}

fn gap(between: &[char]) -> Gap {
    match between {
        ['.'] => Gap::Dot,
        ['，' | '、'] | [',', ' '] => Gap::Pause,
        _ if between.len() <= 3 && between.iter().all(|c| " \u{a0}\u{3000}-‐–—()".contains(*c)) => Gap::Tight,
        _ => Gap::Apart,
    }
}

/// The check of ISO/IEC 7812-1 annex B.
fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits.iter().rev().enumerate().fold(0, |sum, (i, d)| {
        let d = u32::from(d - b'0') << (i % 2);
        sum + d / 10 + d % 10
    });
    sum.is_multiple_of(10)
}

/// The check character of GB 11643-1999 (ISO 7064 MOD 11-2) for 17 digits.
fn mod_11_2(digits: &[u8]) -> u8 {
    let remainder = digits.iter().fold(0, |r, d| (r + u32::from(d - b'0')) * 2 % 11);
    match (12 - remainder) % 11 {
        10 => b'X',
        check => b'0' + check as u8,
    }
}
