//! Values in a caller's words, for each kind of slot, in English and Chinese. Each grammar reads what a text begins with;
//! here they are led over the whole text, and the last value counts that was not taken back.
//! Never looks at anything but the words (and what day it is today, which is passed in).

mod calendar;
pub(crate) mod code;
mod date;
pub(crate) mod digits;
mod duration;
mod email;
mod money;
mod name;
mod number;
mod phone;
mod spelling;
mod surname;
mod time;
mod words;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use crate::business::flow::{Slot, SlotChoice, SlotKind};
use crate::business::tokens;

use super::super::Value;
use super::numbers::numbers;
use code::Shape;
pub use digits::Joined;
use words::{from, skip, words as cut};

/// The value in those words that the slot could hold. With several the last one counts: people correct themselves.
pub fn value(slot: &Slot, text: &str, today: NaiveDate) -> Option<Value> {
    let words = cut(text);
    match &slot.kind {
        SlotKind::Digits { min, max } => digits::digits(text, *min, *max).map(Value::Digits),
        SlotKind::Code { min, max, pattern } => {
            let shape = Shape { min: usize::from(*min), max: usize::from(*max), pattern };
            code::code(text, &words, shape).map(Value::Code)
        }
        SlotKind::Choice(choices) => choice(choices, text).map(|id| Value::Choice(id.to_owned())),
        SlotKind::Date => last(&words, |w| date::date(w, today)).map(Value::Date),
        SlotKind::Time => the_time(&words).map(Value::Time),
        SlotKind::DateTime => moment(&words, today).map(Value::DateTime),
        SlotKind::Amount => amount(&words).map(Value::Amount),
        SlotKind::Number { min, max } => counted(&words).filter(|n| (*min..=*max).contains(n)).map(Value::Number),
        SlotKind::Months => last(&words, duration::months).or_else(|| answer(&words, figure)).map(Value::Months),
        SlotKind::Duration => last(&words, duration::minutes).map(Value::Minutes),
        SlotKind::Percent => {
            last(&words, duration::percent).or_else(|| answer(&words, |w| hundredfold(number::number(w)?))).map(Value::Percent)
        }
        SlotKind::Phone => phone::phone(text, &words).map(Value::Phone),
        SlotKind::Email => email::email(text, &words).map(Value::Email),
        SlotKind::Postcode => code::postcode(text, &words).map(Value::Postcode),
        SlotKind::Name => name::name(text).map(Value::Text),
        SlotKind::Record => None,
        SlotKind::Text => Some(text.trim()).filter(|w| !w.is_empty()).map(|w| Value::Text(w.to_owned())),
    }
}

/// Without a currency, at least so many cents are surely money and neither months nor percent.
const SURELY_MONEY: i64 = 100_000;

/// The amount, in cents, in a sentence that is about more than it: one that names a currency, or else the only large number.
pub fn told_amount(text: &str) -> Option<i64> {
    let words = cut(text);
    let (mut named, mut large, mut at) = (Vec::new(), Vec::new(), 0);
    while at < words.len() {
        let here = from(&words, at);
        at += match (duration::months(here).or_else(|| duration::percent(here)), money::money(here)) {
            (Some((_, length)), _) => length.max(1),
            (None, Some((cents, has_currency, length))) => {
                if has_currency {
                    named.push(cents);
                } else if cents >= SURELY_MONEY {
                    large.push(cents);
                }
                length.max(1)
            }
            (None, None) => 1,
        };
    }
    match (named.as_slice(), large.as_slice()) {
        ([.., last], _) => Some(*last),
        ([], [only]) => Some(*only),
        ([], _) => None,
    }
}

/// The value that those keys stand for: a date as `20261224`, a time as `1530`, an amount in whole units.
pub fn keyed(slot: &Slot, keys: &str) -> Option<Value> {
    if let SlotKind::Choice(choices) = &slot.kind {
        let chosen = choices.iter().find(|c| c.key.is_some_and(|k| k.as_char().to_string() == keys))?;
        return Some(Value::Choice(chosen.id.clone()));
    }
    if slot.kind == SlotKind::Record {
        return Some(Value::Text(keys.to_owned()));
    }
    if keys.is_empty() || !keys.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = || keys.parse::<i64>().ok();
    match &slot.kind {
        SlotKind::Digits { min, max } => {
            (usize::from(*min)..=usize::from(*max)).contains(&keys.len()).then(|| Value::Digits(keys.to_owned()))
        }
        SlotKind::Code { min, max, pattern } => {
            let shape = Shape { min: usize::from(*min), max: usize::from(*max), pattern };
            shape.fits(keys).then(|| Value::Code(keys.to_owned()))
        }
        SlotKind::Date => NaiveDate::parse_from_str(keys, "%Y%m%d").ok().filter(|_| keys.len() == 8).map(Value::Date),
        SlotKind::Time => NaiveTime::parse_from_str(keys, "%H%M").ok().filter(|_| keys.len() == 4).map(Value::Time),
        SlotKind::Amount => number()?.checked_mul(100).map(Value::Amount),
        SlotKind::Number { min, max } => number().filter(|n| (*min..=*max).contains(n)).map(Value::Number),
        SlotKind::Months => number().map(Value::Months),
        SlotKind::Record => Some(Value::Text(keys.to_owned())),
        SlotKind::Phone => phone::phone(keys, &cut(keys)).map(Value::Phone),
        SlotKind::Postcode => code::postcode(keys, &cut(keys)).map(Value::Postcode),
        SlotKind::Choice(_)
        | SlotKind::DateTime
        | SlotKind::Duration
        | SlotKind::Percent
        | SlotKind::Email
        | SlotKind::Name
        | SlotKind::Text => None,
    }
}

/// The digits of this turn joined to those of the turns before; `None` for a slot that holds no digits.
pub fn joined(slot: &Slot, before: &str, text: &str) -> Option<Joined> {
    let SlotKind::Digits { min, max } = slot.kind else { return None };
    Some(digits::joined(before, text, min, max))
}

/// The number or code in the words whatever its length, for matching against records: half of it may be misheard.
pub fn heard(slot: &Slot, text: &str) -> Option<String> {
    match slot.kind {
        SlotKind::Digits { .. } => numbers(text).pop(),
        SlotKind::Code { max, .. } => code::code(text, &cut(text), Shape { min: 2, max: usize::from(max) + 2, pattern: "" }),
        _ => None,
    }
}

/// Whether the caller's own words, in order, hold this value for the slot; a number may be told over several turns.
pub fn was_said<'a>(slot: &Slot, value: &Value, said: impl Iterator<Item = &'a str> + Clone, today: NaiveDate) -> bool {
    let told = said.clone().any(|text| self::value(slot, text, today).as_ref() == Some(value));
    told || match (&slot.kind, value) {
        (SlotKind::Digits { min, max }, Value::Digits(wanted)) => over_turns(said, (*min, *max), wanted),
        _ => false,
    }
}

fn over_turns<'a>(said: impl Iterator<Item = &'a str>, (min, max): (u8, u8), wanted: &str) -> bool {
    let mut so_far = String::new();
    for text in said {
        match digits::joined(&so_far, text, min, max) {
            Joined::Whole(number) if number == wanted => return true,
            Joined::Whole(_) => so_far.clear(),
            Joined::Part(part) => so_far = part,
            Joined::Nothing => {}
        }
    }
    false
}

/// The last value that a grammar finds and that is not said to be meant otherwise.
fn last<T>(words: &[String], grammar: impl Fn(&[String]) -> Option<(T, usize)>) -> Option<T> {
    let (mut found, mut at) = (None, 0);
    while at < words.len() {
        match grammar(from(words, at)) {
            Some((value, length)) => {
                if !digits::rejects(&words[..at]) {
                    found = Some(value);
                }
                at += length.max(1);
            }
            None => at += 1,
        }
    }
    found
}

/// Words around a bare answer.
const AROUND: &[&str] = &[
    ",",
    "um",
    "uh",
    "er",
    "well",
    "please",
    "its",
    "it is",
    "thats",
    "about",
    "around",
    "roughly",
    "just",
    "only",
    "say",
    "make it",
    "maybe",
    "okay",
    "no",
    "sorry",
    "make that",
    "i think",
    "thanks",
    "thank you",
    "嗯",
    "呃",
    "大概",
    "大约",
    "差不多",
    "就",
    "是",
    "要",
    "吧",
    "的",
    "不",
    "不对",
    "谢谢",
    "左右",
    "个",
    "位",
    "件",
    "of them",
    "people",
    "人",
];

/// The value that is the whole answer, but for words that carry nothing.
fn answer<T>(words: &[String], grammar: impl Fn(&[String]) -> Option<(T, usize)>) -> Option<T> {
    let (mut found, mut at) = (None, 0);
    while at < words.len() {
        let rest = from(words, at);
        at += match grammar(rest) {
            Some((value, length)) => {
                found = Some(value);
                length
            }
            None => Some(skip(rest, AROUND)).filter(|n| *n > 0)?,
        };
    }
    found
}

/// The choice whose phrase stands in the words, the longest first, unless it is said not to be meant.
fn choice<'a>(choices: &'a [SlotChoice], text: &str) -> Option<&'a str> {
    let said = tokens(text);
    let phrases = choices.iter().flat_map(|c| c.phrases.values().flatten().map(move |p| (c, tokens(p))));
    let meant = |phrase: &[String]| {
        let mut places = said.windows(phrase.len().max(1)).enumerate().filter(|(_, w)| *w == phrase);
        places.any(|(at, _)| !digits::rejects(&said[..at]))
    };
    let stand = phrases.filter(|(_, phrase)| meant(phrase));
    stand.max_by_key(|(_, phrase)| phrase.len()).map(|(c, _)| c.id.as_str())
}

fn the_time(words: &[String]) -> Option<NaiveTime> {
    last(words, time::time).or_else(|| answer(words, time::bare))
}

/// A day and a time; neither alone is a moment.
fn moment(words: &[String], today: NaiveDate) -> Option<NaiveDateTime> {
    Some(last(words, |w| date::date(w, today))?.and_time(last(words, time::time)?))
}

/// An amount with its currency, else the last number.
fn amount(words: &[String]) -> Option<i64> {
    let with = |wanted: bool| last(words, |w| money::money(w).filter(|(_, named, _)| *named == wanted).map(|(c, _, n)| (c, n)));
    with(true).or_else(|| with(false))
}

/// A count: a number with something more than one lone word to it, or the whole answer.
fn counted(words: &[String]) -> Option<i64> {
    let sure = |w: &[String]| figure(w).filter(|(_, length)| !digits::is_lone(w, *length));
    last(words, sure).or_else(|| answer(words, figure)).or_else(|| last(words, figure).filter(|_| words.len() <= 6))
}

/// A whole number, as one or as a row of digits, whichever takes more words.
fn figure(words: &[String]) -> Option<(i64, usize)> {
    let row = digits::run(words).and_then(|(text, length)| Some((text.parse().ok()?, length)));
    match (number::whole(words), row) {
        (Some(one), Some(row)) if row.1 > one.1 => Some(row),
        (Some(one), _) => Some(one),
        (None, row) => row,
    }
}

fn hundredfold((figure, length): (number::Figure, usize)) -> Option<(i64, usize)> {
    Some((figure.hundredfold()?, length))
}

#[cfg(test)]
mod tests;
