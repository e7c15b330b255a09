//! Days of a named month and year, as they are said or written: December 5th 2026, 5/12, 2026年5月3号, 国庆节.
//! Never knows what day it is: that is passed in. A day without a year is the next such day.

use chrono::{Datelike, NaiveDate};

use super::number::{ordinal, pair, whole};
use super::words::{from, one_of, skip, starts, word};

/// `2026-12-24`, `5/12`, `5/12/2026`: the month first, unless it can only be the day.
pub(super) fn written(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let number = |at: usize| word(words, at).parse::<u32>().ok();
    let sign = Some(word(words, 1)).filter(|s| matches!(*s, "/" | "-"))?;
    let third = if word(words, 3) == sign { number(4) } else { None };
    let (first, second) = (number(0)?, number(2)?);
    let (year, month, day) = match third {
        Some(day) if first > 31 => (Some(first), second, day),
        Some(year) => (Some(if year < 100 { 2000 + year } else { year }), first, second),
        None if sign == "/" => (None, first, second),
        None => return None,
    };
    let (month, day) = if month > 12 { (day, month) } else { (month, day) };
    let length = if third.is_some() { 5 } else { 3 };
    Some((dated(year.and_then(|y| i32::try_from(y).ok()), month, day, today)?, length))
}

const MONTHS: &[(&str, u32)] = &[
    ("january", 1),
    ("jan", 1),
    ("february", 2),
    ("feb", 2),
    ("march", 3),
    ("mar", 3),
    ("april", 4),
    ("apr", 4),
    ("may", 5),
    ("june", 6),
    ("jun", 6),
    ("july", 7),
    ("jul", 7),
    ("august", 8),
    ("aug", 8),
    ("september", 9),
    ("sept", 9),
    ("sep", 9),
    ("october", 10),
    ("oct", 10),
    ("november", 11),
    ("nov", 11),
    ("december", 12),
    ("dec", 12),
];
const YEARS: &[(&str, i32)] = &[("今年", 0), ("本年", 0), ("明年", 1), ("后年", 2), ("去年", -1), ("前年", -2)];
const YEARS_BEHIND: &[(&str, i32)] =
    &[("this year", 0), ("of this year", 0), ("next year", 1), ("of next year", 1), ("last year", -1), ("of last year", -1)];

/// "December 5th 2026", "the third of May next year", 2026年5月3号, 明年三月五号.
pub(super) fn month_and_day(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let (year, lead) = chinese_year(words, today).map_or((None, 0), |(y, n)| (Some(y), n));
    if let Some((month, day, length)) = chinese_month_and_day(from(words, lead)) {
        return Some((dated(year, month, day, today)?, lead + length));
    }
    let (month, day, at) = english_month_and_day(words)?;
    let comma = skip(from(words, at), &[","]);
    let (year, length) = match english_year(from(words, at + comma)) {
        Some((year, length)) => (Some(year), comma + length),
        None => one_of(from(words, at), YEARS_BEHIND).map_or((None, 0), |(years, n)| (Some(today.year() + years), n)),
    };
    Some((dated(year, month, day, today)?, at + length))
}

fn english_month_and_day(words: &[String]) -> Option<(u32, u32, usize)> {
    if let Some((month, length)) = one_of(words, MONTHS) {
        let article = skip(from(words, length), &["the"]);
        let rest = from(words, length + article);
        let plain =
            || whole(rest).and_then(|(n, length)| Some((u32::try_from(n).ok().filter(|n| (1..=31).contains(n))?, length)));
        let (day, more) = ordinal(rest).or_else(plain)?;
        return Some((month, day, length + article + more));
    }
    let article = skip(words, &["the"]);
    let plain = || Some((word(words, article).parse().ok()?, 1));
    let (day, length) = ordinal(from(words, article)).or_else(plain)?;
    let of = skip(from(words, article + length), &["of"]);
    let (month, more) = one_of(from(words, article + length + of), MONTHS)?;
    Some((month, day, article + length + of + more))
}

fn chinese_month_and_day(words: &[String]) -> Option<(u32, u32, usize)> {
    let (month, length) = whole(words)?;
    let at = length + starts(from(words, length), "月")?;
    let start = skip(from(words, at), &["初"]);
    let (day, more) = chinese_day(from(words, at)).or_else(|| {
        let (day, length) = whole(from(words, at + start))?;
        Some((u32::try_from(day).ok()?, start + length))
    })?;
    Some((u32::try_from(month).ok()?, day, at + more))
}

fn chinese_year(words: &[String], today: NaiveDate) -> Option<(i32, usize)> {
    if let Some((years, length)) = one_of(words, YEARS) {
        return Some((today.year() + years, length));
    }
    let length = words.iter().take(5).position(|w| w == "年")?;
    let digits = super::digits::plain(from(words, 0).get(..length)?)?;
    let year: i32 = digits.parse().ok()?;
    match digits.len() {
        4 => Some((year, length + 1)),
        2 => Some((if year > 50 { 1900 + year } else { 2000 + year }, length + 1)),
        _ => None,
    }
}

/// `2026`, "twenty twenty-six", "nineteen oh five", "two thousand and five".
fn english_year(words: &[String]) -> Option<(i32, usize)> {
    let of = skip(words, &["of", "in"]);
    let words = from(words, of);
    let paired = pair(words).map(|(high, low, length)| (i64::from(high * 100 + low), length));
    let (year, length) = paired.or_else(|| whole(words))?;
    (1900..2100).contains(&year).then_some((i32::try_from(year).ok()?, of + length))
}

const FEASTS: &[(&str, (u32, u32))] = &[
    ("new years eve", (12, 31)),
    ("new years day", (1, 1)),
    ("new year", (1, 1)),
    ("christmas eve", (12, 24)),
    ("christmas day", (12, 25)),
    ("christmas", (12, 25)),
    ("boxing day", (12, 26)),
    ("halloween", (10, 31)),
    ("valentines day", (2, 14)),
    ("元旦", (1, 1)),
    ("情人节", (2, 14)),
    ("妇女节", (3, 8)),
    ("劳动节", (5, 1)),
    ("儿童节", (6, 1)),
    ("国庆节", (10, 1)),
    ("国庆", (10, 1)),
    ("圣诞节", (12, 25)),
    ("圣诞", (12, 25)),
    ("平安夜", (12, 24)),
];

pub(super) fn feast(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let ((month, day), length) = one_of(words, FEASTS)?;
    Some((dated(None, month, day, today)?, length))
}

/// The day of that year; without a year the next such day (29 February waits for a leap year).
fn dated(year: Option<i32>, month: u32, day: u32, today: NaiveDate) -> Option<NaiveDate> {
    match year {
        Some(year) => NaiveDate::from_ymd_opt(year, month, day),
        None => (0..8).filter_map(|n| NaiveDate::from_ymd_opt(today.year() + n, month, day)).find(|d| *d >= today),
    }
}

/// 15号, 十五日.
pub(super) fn chinese_day(words: &[String]) -> Option<(u32, usize)> {
    let (day, length) = whole(words)?;
    let sign = skip(from(words, length), &["号", "日"]);
    (sign > 0).then_some((u32::try_from(day).ok()?, length + sign))
}
