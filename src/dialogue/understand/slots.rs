//! Values in a caller's words, for each kind of slot, in English and Chinese.
//! Never looks at anything but the words (and what day it is today, which is passed in).

use chrono::{Datelike, Days, NaiveDate, Weekday};

use crate::business::flow::{Slot, SlotChoice, SlotKind};
use crate::business::tokens;

use super::super::Value;
use super::numbers::{numbers, whole};

/// The value in those words that the slot could hold. With several numbers the last one counts: people correct themselves.
pub fn value(slot: &Slot, words: &str, today: NaiveDate) -> Option<Value> {
    match &slot.kind {
        SlotKind::Digits { min, max } => digits(words, *min, *max).map(Value::Digits),
        SlotKind::Choice(choices) => choice(choices, words).map(|id| Value::Choice(id.to_owned())),
        SlotKind::Date => date(words, today).map(Value::Date),
        SlotKind::Amount => amount(words).map(Value::Amount),
        SlotKind::Name => name(words).map(Value::Text),
        SlotKind::Record => None,
        SlotKind::Text => Some(words.trim()).filter(|w| !w.is_empty()).map(|w| Value::Text(w.to_owned())),
    }
}

/// The value that those keys stand for.
pub fn keyed(slot: &Slot, keys: &str) -> Option<Value> {
    let number = keys.bytes().all(|b| b.is_ascii_digit());
    match &slot.kind {
        SlotKind::Digits { min, max } => {
            (number && (usize::from(*min)..=usize::from(*max)).contains(&keys.len())).then(|| Value::Digits(keys.to_owned()))
        }
        SlotKind::Choice(choices) => {
            let chosen = choices.iter().find(|c| c.key.is_some_and(|k| k.as_char().to_string() == keys))?;
            Some(Value::Choice(chosen.id.clone()))
        }
        SlotKind::Amount if number => keys.parse::<i64>().ok()?.checked_mul(100).map(Value::Amount),
        SlotKind::Record => Some(Value::Text(keys.to_owned())),
        SlotKind::Amount | SlotKind::Date | SlotKind::Name | SlotKind::Text => None,
    }
}

fn digits(words: &str, min: u8, max: u8) -> Option<String> {
    let fits = |n: &String| (usize::from(min)..=usize::from(max)).contains(&n.len());
    numbers(words).into_iter().rev().find(fits)
}

/// The choice whose phrase stands in the words, the longest first.
fn choice<'a>(choices: &'a [SlotChoice], words: &str) -> Option<&'a str> {
    let said = tokens(words);
    let phrases = choices.iter().flat_map(|c| c.phrases.values().flatten().map(move |p| (c, tokens(p))));
    let stand = phrases.filter(|(_, phrase)| said.windows(phrase.len().max(1)).any(|w| w == phrase.as_slice()));
    stand.max_by_key(|(_, phrase)| phrase.len()).map(|(c, _)| c.id.as_str())
}

const WEEKDAYS: &[(Weekday, &[&str])] = &[
    (Weekday::Mon, &["monday", "周一", "星期一", "礼拜一"]),
    (Weekday::Tue, &["tuesday", "周二", "星期二", "礼拜二"]),
    (Weekday::Wed, &["wednesday", "周三", "星期三", "礼拜三"]),
    (Weekday::Thu, &["thursday", "周四", "星期四", "礼拜四"]),
    (Weekday::Fri, &["friday", "周五", "星期五", "礼拜五"]),
    (Weekday::Sat, &["saturday", "周六", "星期六", "礼拜六"]),
    (Weekday::Sun, &["sunday", "周日", "周天", "星期天", "星期日", "礼拜天"]),
];

const MONTHS: &[&str] =
    &["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Longer ones first: 大后天 holds 后天.
const NEAR: &[(&str, i64)] = &[
    ("day after tomorrow", 2),
    ("day before yesterday", -2),
    ("tomorrow", 1),
    ("yesterday", -1),
    ("today", 0),
    ("大后天", 3),
    ("后天", 2),
    ("前天", -2),
    ("明天", 1),
    ("昨天", -1),
    ("今天", 0),
];

fn date(words: &str, today: NaiveDate) -> Option<NaiveDate> {
    let words = words.to_lowercase();
    if let Some(day) = words.split_whitespace().find_map(|w| w.parse::<NaiveDate>().ok()) {
        return Some(day);
    }
    if let Some((_, days)) = NEAR.iter().find(|(phrase, _)| words.contains(phrase)) {
        return shifted(today, *days);
    }
    relative(&words, today).or_else(|| calendar(&words, today)).or_else(|| weekday(&words, today))
}

fn shifted(today: NaiveDate, days: i64) -> Option<NaiveDate> {
    let distance = Days::new(days.unsigned_abs());
    if days < 0 { today.checked_sub_days(distance) } else { today.checked_add_days(distance) }
}

/// "in 3 days", "3 days ago", 3天后, 3天前; weeks likewise.
fn relative(words: &str, today: NaiveDate) -> Option<NaiveDate> {
    let unit = match () {
        () if words.contains("week") || words.contains("周后") || words.contains("周前") || words.contains("个星期") => 7,
        () if words.contains("day") && !words.contains("day ") || words.contains("days") || words.contains('天') => 1,
        () => return None,
    };
    let back = words.contains("ago") || words.contains('前');
    let forth = words.contains("in ") || words.contains("from now") || words.contains('后');
    let count = small_number(words)?;
    (back || forth).then(|| shifted(today, if back { -count * unit } else { count * unit }))?
}

/// A number that may be a single word ("in three days").
fn small_number(words: &str) -> Option<i64> {
    let one_word = |w: &String| whole(&format!("{w} zero")).map(|n| n / 10);
    whole(words).or_else(|| tokens(words).iter().find_map(one_word))
}

/// "May 5th", "the 5th of May", 5月3号; the next such day, unless a year is near.
fn calendar(words: &str, today: NaiveDate) -> Option<NaiveDate> {
    let (month, day) = match words.split_once('月') {
        Some((before, after)) => (small_number(before)?, small_number(after)?),
        None => {
            let said = tokens(words);
            let month = MONTHS.iter().position(|m| said.iter().any(|w| w == m))?;
            let day = said.iter().find_map(|w| w.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse::<i64>().ok())?;
            (month as i64 + 1, day)
        }
    };
    let (month, day) = (u32::try_from(month).ok()?, u32::try_from(day).ok()?);
    let this_year = NaiveDate::from_ymd_opt(today.year(), month, day)?;
    if this_year >= today { Some(this_year) } else { NaiveDate::from_ymd_opt(today.year() + 1, month, day) }
}

/// The next such weekday; "next" or 下 skips this week's.
fn weekday(words: &str, today: NaiveDate) -> Option<NaiveDate> {
    let (wanted, _) = WEEKDAYS.iter().find(|(_, names)| names.iter().any(|n| words.contains(n)))?;
    let until = (7 + wanted.num_days_from_monday() - today.weekday().num_days_from_monday()) % 7;
    let until = if until == 0 { 7 } else { until };
    let next_week = words.contains('下') && wanted.num_days_from_monday() > today.weekday().num_days_from_monday();
    shifted(today, i64::from(until) + if next_week { 7 } else { 0 })
}

/// `12.50`, "twelve dollars", 三百五十块; in cents.
fn amount(words: &str) -> Option<i64> {
    let decimal = words.split(|c: char| !c.is_ascii_digit() && c != '.').find_map(|n| {
        let (whole, cents) = n.split_once('.')?;
        let cents = format!("{cents:0<2}");
        (cents.len() == 2).then(|| Some(whole.parse::<i64>().ok()?.checked_mul(100)? + cents.parse::<i64>().ok()?))?
    });
    decimal.or_else(|| small_number(words)?.checked_mul(100))
}

fn name(words: &str) -> Option<String> {
    let lower = words.to_lowercase();
    let leads = ["my name is ", "this is ", "i am ", "i'm ", "it is ", "it's ", "我的名字是", "我叫", "我姓", "我是"];
    let after = leads.iter().find_map(|lead| lower.find(lead).and_then(|at| words.get(at + lead.len()..)));
    let name = after.unwrap_or(words).trim().trim_end_matches(['.', '。', '!', '！']).to_owned();
    (!name.is_empty() && name.split_whitespace().count() <= 5).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_in_both_languages() {
        let sunday = day("2026-11-22");
        for (words, expected) in [
            ("tomorrow", "2026-11-23"),
            ("后天下午", "2026-11-24"),
            ("next friday please", "2026-11-27"),
            ("in 3 days", "2026-11-25"),
            ("三天前", "2026-11-19"),
            ("December 5th", "2026-12-05"),
            ("12月5号", "2026-12-05"),
            ("the 3rd of may", "2027-05-03"),
            ("2026-12-24", "2026-12-24"),
        ] {
            assert_eq!(date(words, sunday), Some(day(expected)), "{words}");
        }
        assert_eq!(date("my order", sunday), None);
    }

    #[test]
    fn money_is_in_cents() {
        assert_eq!(amount("12.50"), Some(1250));
        assert_eq!(amount("three hundred dollars"), Some(30_000));
        assert_eq!(amount("三百五十块"), Some(35_000));
    }

    #[test]
    fn the_last_number_of_the_right_length_counts() {
        assert_eq!(digits("not 4271, sorry, 12346", 4, 5).as_deref(), Some("12346"));
        assert_eq!(digits("two of them, order 4271", 4, 5).as_deref(), Some("4271"));
        assert_eq!(digits("4271 and 42", 4, 5).as_deref(), Some("4271"));
    }
}
