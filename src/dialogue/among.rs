//! Which of the records on the table a caller means: by its number or name, by words about it, or by its place in the list.
//! Never guesses between two that fit equally well.

use chrono::NaiveDate;
use serde_json::Value as Json;

use crate::business::flow::{Among, Slot, SlotKind};
use crate::business::tokens;

use super::Value;
use super::understand::{near, slots};

/// The part of a record's words that must be said to choose it.
const NAMED: f32 = 0.5;
/// Words that every name may have.
const ARTICLES: &[&str] = &["a", "an", "the", "of", "my", "的"];
const FIRST: &[&str] = &["first", "第一"];
const LAST: &[&str] = &["last", "latest", "newest", "最后", "最近", "最新"];
const SECOND: &[&str] = &["second", "第二"];
const THE_ONE: &[&str] = &["it", "that", "this", "yes", "that one", "这个", "那个", "是", "对"];

/// What a caller gave for a slot whose value is one of the rows.
pub(super) struct Given<'a> {
    pub(super) slot: &'a Slot,
    /// The value that was understood, if any.
    pub(super) value: Option<&'a Value>,
    /// The caller's words, the best reading first.
    pub(super) readings: &'a [String],
    pub(super) today: NaiveDate,
}

/// The row that is meant.
pub(super) fn pick<'r>(among: &Among, rows: &'r [Json], given: &Given<'_>) -> Option<&'r Json> {
    by_value(among, rows, given)
        .or_else(|| given.readings.iter().find_map(|words| by_words(among, rows, words)))
        .or_else(|| by_sound(among, rows, given))
        .or_else(|| given.readings.iter().find_map(|words| by_place(rows, words)))
        .or_else(|| match rows {
            [only] if among.only && given.value.is_none() => Some(only),
            _ => None,
        })
}

/// The slot's value for a row.
pub(super) fn value_of(row: &Json, among: &Among, slot: &Slot) -> Value {
    let name = plain(&row[&among.column]);
    match slot.kind {
        SlotKind::Digits { .. } => Value::Digits(name),
        SlotKind::Code { .. } => Value::Code(name),
        _ => Value::Text(name),
    }
}

fn by_value<'r>(among: &Among, rows: &'r [Json], given: &Given<'_>) -> Option<&'r Json> {
    let heard = given.readings.iter().filter_map(|words| slots::value(given.slot, words, given.today));
    let mut said = given.value.cloned().into_iter().chain(heard).map(|value| plain(&value.to_json()));
    said.find_map(|said| {
        let said = essence(&said);
        rows.iter().find(|row| essence(&plain(&row[&among.column])) == said)
    })
}

/// The row whose number sounds like the one that was heard, if only one does.
fn by_sound<'r>(among: &Among, rows: &'r [Json], given: &Given<'_>) -> Option<&'r Json> {
    let heard: Vec<String> = given.readings.iter().filter_map(|words| slots::heard(given.slot, words)).collect();
    let heard: Vec<&str> = heard.iter().map(String::as_str).collect();
    let records: Vec<String> = rows.iter().map(|row| plain(&row[&among.column])).collect();
    let records: Vec<&str> = records.iter().map(String::as_str).collect();
    match near::choose(&heard, &records, near::Kind::Code) {
        near::Choice::One { index, .. } => rows.get(index),
        near::Choice::Several(_) | near::Choice::None => None,
    }
}

fn by_words<'r>(among: &Among, rows: &'r [Json], words: &str) -> Option<&'r Json> {
    let said = tokens(words);
    let share = |row: &Json| {
        let shares = among.by.iter().map(|column| {
            let name: Vec<String> =
                tokens(&plain(&row[column])).into_iter().filter(|w| !ARTICLES.contains(&w.as_str())).collect();
            let there = name.iter().filter(|w| said.contains(w)).count();
            if name.is_empty() { 0.0 } else { there as f32 / name.len() as f32 }
        });
        shares.fold(0.0, f32::max)
    };
    the_best(rows, share)
}

/// The row with the highest share, if it is high enough and the only one.
fn the_best(rows: &[Json], share: impl Fn(&Json) -> f32) -> Option<&Json> {
    let shares: Vec<f32> = rows.iter().map(share).collect();
    let best = shares.iter().copied().fold(0.0, f32::max);
    let mut at_best = rows.iter().zip(&shares).filter(|(_, share)| **share >= best);
    let (row, _) = at_best.next().filter(|_| best >= NAMED)?;
    at_best.next().is_none().then_some(row)
}

fn by_place<'r>(rows: &'r [Json], words: &str) -> Option<&'r Json> {
    let said = tokens(words).join(" ");
    let compact = words.replace(' ', "");
    let says = |any: &[&str]| {
        any.iter().any(|w| if w.is_ascii() { format!(" {said} ").contains(&format!(" {w} ")) } else { compact.contains(w) })
    };
    match rows {
        [only] if says(THE_ONE) => Some(only),
        [.., last] if says(LAST) => Some(last),
        [first, ..] if says(FIRST) => Some(first),
        [_, second, ..] if says(SECOND) => Some(second),
        _ => None,
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn essence(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
