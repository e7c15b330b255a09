//! Numbers told digit by digit, in pairs, doubled, in groups with corrections, and over several turns.
//! Never joins what a caller took back.

use super::number::{digit, number, scale, teen, tens};
use super::words::{from, one_of, skip, word, words};

/// Words between two groups of one number.
const BETWEEN: &[&str] = &[
    ",",
    "-",
    "um",
    "uh",
    "er",
    "then",
    "and then",
    "and",
    "again",
    "next",
    "followed by",
    "dash",
    "hyphen",
    "然后",
    "呃",
    "嗯",
    "再",
    "接着",
    "后面",
    "杠",
    "最后",
];
/// What follows stands for what was said just before.
const INSTEAD: &[&str] = &[
    "no wait",
    "no sorry",
    "no",
    "sorry",
    "i mean",
    "i meant",
    "rather",
    "make that",
    "correction",
    "wait",
    "actually",
    "excuse me",
    "不对",
    "错了",
    "说错了",
    "不好意思",
    "不是",
    "不",
    "对不起",
    "应该是",
    "更正",
];
/// What follows is not meant.
const REJECTED: &[&str] = &["not", "isnt", "instead of", "rather than", "而不是", "不是"];
/// The number begins anew.
const ANEW: &[&str] =
    &["start over", "start again", "from the beginning", "once more", "from the start", "重来", "重新说", "重新来", "从头"];

/// What a piece of a number is worth.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// Digits as they stand.
    Literal(String),
    Teen(u32),
    Tens(u32),
    Scale(i64),
    /// The next digit so many times.
    Times(usize),
}

/// The stretch of number words that the words begin with, as digits: "forty two seven one" is `4271`, 一千二 is `1200`.
pub fn run(words: &[String]) -> Option<(String, usize)> {
    let mut parts = Vec::new();
    let mut length = 0;
    while let Some((part, more)) = next_part(words, length, &parts) {
        parts.push(part);
        length += more;
    }
    if matches!(parts.last(), Some(Part::Times(_))) {
        parts.pop();
        length -= 1;
    }
    let text = as_one_number(words, length, &parts).unwrap_or_else(|| in_order(&parts));
    (!text.is_empty()).then_some((text, length))
}

/// Whether a run is one lone number word, which may be no number at all ("this one", 一下).
pub fn is_lone(words: &[String], length: usize) -> bool {
    length == 1 && !word(words, 0).starts_with(|c: char| c.is_ascii_digit())
}

/// The number of `min` to `max` digits that the words give; with several the last one counts that was not taken back.
pub fn digits(text: &str, min: u8, max: u8) -> Option<String> {
    let fits = |n: &str| (usize::from(min)..=usize::from(max)).contains(&n.len());
    let told = told(&words(text), usize::from(max), &fits);
    told.into_iter().rev().find(|n| fits(n))
}

/// What became of a number that is told over several turns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Joined {
    /// It is complete.
    Whole(String),
    /// So far; more is to come.
    Part(String),
    /// The words hold no digits.
    Nothing,
}

/// Joins the digits of this turn to those of the turns before: "four two" … "seven one". A whole number replaces them,
/// "no, nine" replaces the last, "start over" all.
pub fn joined(before: &str, text: &str, min: u8, max: u8) -> Joined {
    let (least, most) = (usize::from(min), usize::from(max));
    let fits = |n: &str| (least..=most).contains(&n.len());
    let said = words(text);
    if let Some(whole) = told(&said, most, &fits).into_iter().rev().find(|n| fits(n)) {
        return Joined::Whole(whole);
    }
    let anew = (0..said.len()).any(|at| skip(from(&said, at), ANEW) > 0);
    let mut number = Dictation { so_far: if anew { "" } else { before }.to_owned(), most, fits: &fits };
    let groups = groups(&said, !before.is_empty());
    for group in &groups {
        let link = if group.link == Link::Apart { Link::Joined } else { group.link };
        if let Some(old) = number.add(&Group { link, digits: group.digits.clone() }) {
            number.so_far = format!("{old}{}", group.digits);
        }
    }
    match number.so_far {
        n if groups.is_empty() && !(anew && n.is_empty()) => Joined::Nothing,
        n if fits(&n) => Joined::Whole(n),
        n if n.len() > most => Joined::Part(groups.last().map(|g| g.digits.clone()).unwrap_or_default()),
        n => Joined::Part(n),
    }
}

/// How a group of digits hangs together with those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Link {
    /// It goes on.
    Joined,
    /// Other words stand between.
    Apart,
    /// It replaces.
    Instead,
    /// It is not meant.
    Rejected,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    link: Link,
    digits: String,
}

/// Every number that the words tell, in order; one taken back is not among them.
fn told(said: &[String], most: usize, fits: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut number = Dictation { so_far: String::new(), most, fits };
    let groups = groups(said, said.len() <= 3);
    // 不是12346 alone is "no, it is 12346".
    let only_one = groups.len() == 1 && groups[0].link == Link::Rejected && !said[0].is_ascii();
    let mut told = Vec::new();
    for group in groups {
        let link = if only_one { Link::Joined } else { group.link };
        told.extend(number.add(&Group { link, ..group }));
    }
    told.push(number.so_far);
    told
}

/// A number while it is told.
struct Dictation<'a> {
    so_far: String,
    most: usize,
    fits: &'a dyn Fn(&str) -> bool,
}

impl Dictation<'_> {
    /// Takes a group in; gives the number that it ended, if it begins another.
    fn add(&mut self, group: &Group) -> Option<String> {
        let digits = &group.digits;
        match group.link {
            Link::Rejected => None,
            Link::Instead if (self.fits)(digits) || digits.len() > self.so_far.len() => {
                self.so_far = digits.clone();
                None
            }
            Link::Instead => {
                let kept = self.so_far.len() - digits.len();
                self.so_far = self.so_far.chars().take(kept).chain(digits.chars()).collect();
                None
            }
            Link::Joined
                if !((self.fits)(&self.so_far) && (self.fits)(digits)) && self.so_far.len() + digits.len() <= self.most =>
            {
                self.so_far.push_str(digits);
                None
            }
            Link::Joined | Link::Apart => {
                let before = std::mem::replace(&mut self.so_far, digits.clone());
                (!before.is_empty()).then_some(before)
            }
        }
    }
}

/// The groups of digits in the words. A lone number word is one only where a number is being told.
fn groups(said: &[String], telling: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let (mut at, mut link) = (0, Link::Joined);
    while at < said.len() {
        let rest = from(said, at);
        if let Some((digits, length)) =
            run(rest).filter(|(_, n)| !is_lone(rest, *n) || telling || !groups.is_empty() && link != Link::Apart)
        {
            groups.push(Group { link, digits });
            (at, link) = (at + length, Link::Joined);
            continue;
        }
        let passed = [(REJECTED, Link::Rejected), (INSTEAD, Link::Instead), (BETWEEN, link)]
            .into_iter()
            .map(|(phrases, then)| (skip(rest, phrases), then))
            .max_by_key(|(length, then)| (*length, *then == Link::Rejected));
        match passed {
            Some((length @ 1.., then)) => (at, link) = (at + length, then),
            // "I mean", "it's": a word more between a correction and its digits.
            Some((0, _)) | None => (at, link) = (at + 1, if link == Link::Instead { link } else { Link::Apart }),
        }
    }
    groups
}

fn next_part(words: &[String], at: usize, parts: &[Part]) -> Option<(Part, usize)> {
    let text = word(words, at);
    let scaled = matches!(parts.last(), Some(Part::Scale(_)));
    if text == "and" && scaled {
        return part(word(words, at + 1)).filter(|p| !matches!(p, Part::Times(_))).map(|p| (p, 2));
    }
    if text == "a" && parts.is_empty() && matches!(word(words, at + 1), "hundred" | "thousand") {
        return Some((Part::Literal("1".to_owned()), 1));
    }
    part(text).map(|part| (part, 1))
}

fn part(word: &str) -> Option<Part> {
    if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Part::Literal(word.to_owned()));
    }
    let times = [("double", 2), ("triple", 3), ("treble", 3), ("quadruple", 4)];
    let repeated = || times.iter().find(|(name, _)| *name == word).map(|(_, n)| Part::Times(*n));
    digit(word)
        .map(|d| Part::Literal(d.to_string()))
        .or_else(|| teen(word).map(Part::Teen))
        .or_else(|| tens(word).map(Part::Tens))
        .or_else(|| scale(word).map(Part::Scale))
        .or_else(repeated)
}

/// The digits of a run that is one number with a scale.
fn as_one_number(words: &[String], length: usize, parts: &[Part]) -> Option<String> {
    let scaled = parts.iter().any(|p| matches!(p, Part::Scale(_)));
    let (figure, taken) = number(&words[..length]).filter(|(_, taken)| scaled && *taken == length)?;
    (taken == length).then(|| figure.whole())?.map(|n| n.to_string())
}

/// "Forty two seven double one" as 42 7 11, "one eight hundred" as 1 800.
fn in_order(parts: &[Part]) -> String {
    let mut out = String::new();
    let mut times = 1;
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        let text = match part {
            Part::Literal(digits) => digits.clone(),
            Part::Teen(n) => n.to_string(),
            Part::Tens(n) => match parts.next_if(|p| matches!(p, Part::Literal(unit) if unit.len() == 1 && unit != "0")) {
                Some(Part::Literal(unit)) => (n + unit.parse::<u32>().unwrap_or(0)).to_string(),
                Some(_) | None => n.to_string(),
            },
            Part::Scale(10) => ten(&out, parts.peek()),
            Part::Scale(scale) if out.is_empty() => scale.to_string(),
            Part::Scale(scale) => scale.to_string().chars().skip(1).collect(),
            Part::Times(n) => {
                times = *n;
                continue;
            }
        };
        out.push_str(&text.repeat(times));
        times = 1;
    }
    out
}

/// 十 among digits: 二十 is 20, 二十一 is 21, 十二 is 12.
fn ten(out: &str, next: Option<&&Part>) -> String {
    let unit_follows = matches!(next, Some(Part::Literal(digit)) if digit.len() == 1);
    match (out.is_empty(), unit_follows) {
        (true, true) => "1".to_owned(),
        (true, false) => "10".to_owned(),
        (false, true) => String::new(),
        (false, false) => "0".to_owned(),
    }
}

/// The digits that stand for these words one by one, if every one of them is a digit.
pub fn plain(words: &[String]) -> Option<String> {
    let one = |w: &String| digit(w).map(|d| d.to_string()).or_else(|| w.bytes().all(|b| b.is_ascii_digit()).then(|| w.clone()));
    words.iter().map(one).collect::<Option<String>>().filter(|d| !d.is_empty())
}

/// Whether the words begin with one of those that replace what was said.
pub fn replaces(words: &[String]) -> bool {
    skip(words, INSTEAD) > 0
}

/// Whether what stands behind these words is said not to be meant.
pub fn rejects(words: &[String]) -> bool {
    let tail = |n: usize| words.len().checked_sub(n).map(|at| from(words, at));
    let table: Vec<(&str, ())> = REJECTED.iter().map(|p| (*p, ())).collect();
    (1..=3).filter_map(|n| tail(n).map(|t| (t, n))).any(|(t, n)| one_of(t, &table).is_some_and(|(_, length)| length == n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, (min, max): (u8, u8), expected: &str) {
        assert_eq!(digits(text, min, max).unwrap_or_default(), expected, "{text}");
    }

    #[test]
    fn digits_in_every_way() {
        for (text, expected) in [
            ("order 4271 please", "4271"),
            ("four two seven one", "4271"),
            ("42 71", "4271"),
            ("42, 71", "4271"),
            ("forty-two seventy-one", "4271"),
            ("4 2 7 1", "4271"),
            ("double five oh two", "5502"),
            ("triple oh seven", "0007"),
            ("nine double zero one", "9001"),
            ("four thousand two hundred and seventy one", "4271"),
            ("forty two hundred", "4200"),
            ("it's four two, um, seven one", "4271"),
            ("twenty twenty six", "2026"),
            ("订单四二七幺", "4271"),
            ("四千二百七十一", "4271"),
            ("四二，七一", "4271"),
            ("四二然后七一", "4271"),
            ("四十二七十一", "4271"),
            ("１２３４", "1234"),
        ] {
            check(text, (4, 4), expected);
        }
        check("one eight hundred five five five one two three four", (11, 11), "18005551234");
        check("一三八零零一三八零零零", (11, 11), "13800138000");
        check("twelve three forty six", (4, 5), "12346");
        check("幺二三四六", (4, 5), "12346");
        check("can i get one", (1, 4), "");
        check("seven", (1, 4), "7");
        check("three thousand", (4, 4), "3000");
    }

    #[test]
    fn the_last_number_that_was_not_taken_back_counts() {
        for (text, expected) in [
            ("not 4271, sorry, 12346", "12346"),
            ("12346, not 4271", "12346"),
            ("it's 12346 instead of 4271", "12346"),
            ("4271, no, 4272", "4272"),
            ("four two seven one, no, nine", "4279"),
            ("four two seven one, sorry, i mean seven two", "4272"),
            ("forty two, no, forty three, seventy one", "4371"),
            ("two of them, order 4271", "4271"),
            ("4271 and 42", "4271"),
            ("first 4271 then order 12346", "12346"),
            ("不是4271，是12346", "12346"),
            ("是12346，不是4271", "12346"),
            ("不对，12346", "12346"),
            ("不是12346", "12346"),
            ("四二七一，不对，九", "4279"),
            ("四二七一，说错了，是四二七二", "4272"),
            ("it is not 4271", ""),
        ] {
            check(text, (4, 5), expected);
        }
    }

    #[test]
    fn a_number_may_be_told_over_several_turns() {
        let part = |n: &str| Joined::Part(n.to_owned());
        let whole = |n: &str| Joined::Whole(n.to_owned());
        for (before, text, expected) in [
            ("", "four two", part("42")),
            ("42", "seven one", whole("4271")),
            ("42", "um, seven one five", whole("42715")),
            ("42", "seven", part("427")),
            ("427", "no, nine", part("429")),
            ("42", "no, it's 12346", whole("12346")),
            ("42", "start over", part("")),
            ("42", "start over, one two", part("12")),
            ("427", "七一三八", whole("7138")),
            ("42", "七一", whole("4271")),
            ("427", "三二一", part("321")),
            ("42", "what do you mean", Joined::Nothing),
        ] {
            assert_eq!(joined(before, text, 4, 5), expected, "{before} + {text}");
        }
    }
}
