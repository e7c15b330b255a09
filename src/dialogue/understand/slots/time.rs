//! The time of day as people say it: half past three, three thirty, noon, 三点半, 下午两点一刻.
//! Never knows the time: an hour from 1 to 6 without a part of the day is taken for the afternoon, as at any counter.

use chrono::NaiveTime;

use super::number::{digit, pair, whole};
use super::words::{from, one_of, skip, starts, word};

/// The part of the day that settles which of two hours is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Before,
    After,
    /// Evening and night: 7 to 11 in the evening, 12 and the first hours after midnight.
    Night,
}

/// An hour and minute; whether words settled which half of the day.
#[derive(Debug, Clone, Copy)]
struct Clock {
    hour: u32,
    minute: u32,
    /// Words that only a time has: "o'clock", 点, a colon.
    sure: bool,
}

/// The time that the words begin with, and how many words tell it. A bare hour counts only behind "at" and the like.
pub fn time(words: &[String]) -> Option<(NaiveTime, usize)> {
    let named = one_of(words, NAMED).and_then(|(hour, length)| Some((NaiveTime::from_hms_opt(hour, 0, 0)?, length)));
    [named, by_clock(words)].into_iter().flatten().max_by_key(|(_, length)| *length)
}

/// The hour if the words begin with one alone ("three"): for an answer to the question for a time.
pub fn bare(words: &[String]) -> Option<(NaiveTime, usize)> {
    let (clock, length) = clock(words)?;
    Some((settled(clock, None)?, length))
}

/// By hour and minute, with the part of the day before or behind.
fn by_clock(words: &[String]) -> Option<(NaiveTime, usize)> {
    let (before, lead) = one_of(words, PARTS).map_or((None, 0), |(half, n)| (Some(half), n));
    let comma = usize::from(lead > 0 && word(words, lead) == ",");
    let at = skip(from(words, lead + comma), &["at", "around", "about", "by", "before", "after", "from"]);
    let from_here = lead + comma + at;
    let (clock, length) = clock(from(words, from_here))?;
    let end = from_here + length;
    let (behind, more) = one_of(from(words, end), HALVES).map_or((None, 0), |(half, n)| (Some(half), n));
    let half = behind.or(before);
    (clock.sure || half.is_some() || at > 0).then(|| Some((settled(clock, half)?, end + more)))?
}

const NAMED: &[(&str, u32)] = &[
    ("noon", 12),
    ("midday", 12),
    ("lunchtime", 12),
    ("midnight", 0),
    ("正午", 12),
    ("中午", 12),
    ("午夜", 0),
    ("半夜十二点", 0),
];
const PARTS: &[(&str, Half)] = &[
    ("in the morning", Half::Before),
    ("this morning", Half::Before),
    ("morning", Half::Before),
    ("in the afternoon", Half::After),
    ("this afternoon", Half::After),
    ("afternoon", Half::After),
    ("in the evening", Half::Night),
    ("this evening", Half::Night),
    ("evening", Half::Night),
    ("tonight", Half::Night),
    ("早上", Half::Before),
    ("早晨", Half::Before),
    ("上午", Half::Before),
    ("今早", Half::Before),
    ("明早", Half::Before),
    ("凌晨", Half::Before),
    ("中午", Half::After),
    ("下午", Half::After),
    ("午后", Half::After),
    ("傍晚", Half::After),
    ("晚上", Half::Night),
    ("今晚", Half::Night),
    ("明晚", Half::Night),
    ("夜里", Half::Night),
    ("半夜", Half::Night),
];
const HALVES: &[(&str, Half)] = &[
    ("am", Half::Before),
    ("in the morning", Half::Before),
    ("pm", Half::After),
    ("in the afternoon", Half::After),
    ("in the evening", Half::Night),
    ("at night", Half::Night),
    ("tonight", Half::Night),
];

fn settled(clock: Clock, half: Option<Half>) -> Option<NaiveTime> {
    let hour = match (clock.hour, half) {
        (hour @ 13.., _) => hour,
        (12, Some(Half::Before | Half::Night)) => 0,
        (12, Some(Half::After) | None) => 12,
        (hour, Some(Half::Before)) => hour,
        (hour @ 0..=4, Some(Half::Night)) => hour,
        (hour, Some(Half::After | Half::Night)) => hour + 12,
        (hour @ 1..=6, None) => hour + 12,
        (hour, None) => hour,
    };
    NaiveTime::from_hms_opt(hour % 24, clock.minute, 0)
}

fn clock(words: &[String]) -> Option<(Clock, usize)> {
    english_words(words)
        .or_else(|| chinese(words))
        .or_else(|| digits(words))
        .or_else(|| spoken_pair(words))
        .or_else(|| hour_only(words))
}

/// "Half past three", "a quarter to five", "ten past two", "twenty minutes to nine".
fn english_words(words: &[String]) -> Option<(Clock, usize)> {
    let (minutes, length) = one_of(words, &[("half", 30), ("a quarter", 15), ("quarter", 15)])
        .or_else(|| whole(words).filter(|(n, _)| (1..=59).contains(n)).map(|(n, length)| (n as u32, length)))?;
    let length = length + skip(from(words, length), &["minutes", "minute"]);
    let (to, more) = one_of(
        from(words, length),
        &[("past", false), ("after", false), ("to", true), ("before", true), ("til", true), ("of", true)],
    )?;
    let (hour, hours) = hour(from(words, length + more))?;
    let end = length + more + hours + skip(from(words, length + more + hours), &["oclock"]);
    let clock = if to {
        Clock { hour: (hour + 23) % 24, minute: 60 - minutes, sure: true }
    } else {
        Clock { hour, minute: minutes, sure: true }
    };
    // A quarter to one is 12:45.
    let clock = if clock.hour == 0 && hour == 1 { Clock { hour: 12, ..clock } } else { clock };
    Some((clock, end))
}

/// 三点, 三点半, 三点一刻, 三点零五分, 十五时三十分, 差五分三点, 三点差一刻.
fn chinese(words: &[String]) -> Option<(Clock, usize)> {
    if let Some(lead) = starts(words, "差") {
        let (minutes, length) = chinese_minutes(from(words, lead))?;
        let (clock, more) = chinese(from(words, lead + length)).filter(|(c, _)| c.minute == 0)?;
        return Some((less(clock, minutes), lead + length + more));
    }
    let (hour, length) = hour(words)?;
    let sign = skip(from(words, length), &["点钟", "点整", "点", "时"]);
    if sign == 0 {
        return None;
    }
    let at = length + sign;
    let past = skip(from(words, at), &["过", "差"]);
    let minutes = chinese_minutes(from(words, at + past));
    match minutes {
        Some((minutes, more)) if word(words, at) == "差" => {
            Some((less(Clock { hour, minute: 0, sure: true }, minutes), at + past + more))
        }
        Some((minute, more)) => Some((Clock { hour, minute, sure: true }, at + past + more)),
        None => Some((Clock { hour, minute: 0, sure: true }, at)),
    }
}

const fn less(clock: Clock, minutes: u32) -> Clock {
    let hour = if clock.hour <= 1 { clock.hour + 11 } else { clock.hour - 1 };
    Clock { hour, minute: 60 - minutes, sure: true }
}

fn chinese_minutes(words: &[String]) -> Option<(u32, usize)> {
    if let Some((minutes, length)) = one_of(words, &[("半", 30), ("一刻", 15), ("一刻钟", 15), ("三刻", 45)]) {
        return Some((minutes, length));
    }
    let zero = skip(words, &["零", "0"]);
    let (minutes, length) = whole(from(words, zero)).filter(|(n, _)| (1..=59).contains(n))?;
    let sign = skip(from(words, zero + length), &["分钟", "分"]);
    Some((minutes as u32, zero + length + sign))
}

/// `14:05`, `3:30`.
fn digits(words: &[String]) -> Option<(Clock, usize)> {
    let (hour, minute) = (word(words, 0).parse().ok()?, word(words, 2).parse().ok()?);
    let shaped = word(words, 1) == ":" && hour < 24 && minute < 60;
    // 03:30 is written so on a 24-hour clock.
    let hour = if shaped && hour < 10 && word(words, 0).len() == 2 { return exact(hour, minute) } else { hour };
    shaped.then_some((Clock { hour, minute, sure: true }, 3))
}

/// An early hour that is settled already: 24 counts as the hour 0 does, and nothing is added to it.
fn exact(hour: u32, minute: u32) -> Option<(Clock, usize)> {
    Some((Clock { hour: hour + 24, minute, sure: true }, 3))
}

/// "Three thirty", "ten oh five", "fourteen hundred hours".
fn spoken_pair(words: &[String]) -> Option<(Clock, usize)> {
    let (hour, minute, length) = pair(words).filter(|(h, m, _)| *h < 24 && *m < 60)?;
    Some((Clock { hour, minute, sure: true }, length))
}

/// "Three o'clock", "3 pm"; or an hour alone, which is not sure.
fn hour_only(words: &[String]) -> Option<(Clock, usize)> {
    let (hour, length) = hour(words)?;
    let sign = skip(from(words, length), &["oclock sharp", "oclock", "sharp", "hundred hours", "hundred"]);
    Some((Clock { hour, minute: 0, sure: sign > 0 }, length + sign))
}

fn hour(words: &[String]) -> Option<(u32, usize)> {
    // 两点五十: the number grammar would not mind, but "oh" is no hour.
    let oh = matches!(word(words, 0), "oh" | "o") && digit(word(words, 0)).is_some();
    let (hour, length) = whole(words).filter(|(n, _)| !oh && (0..24).contains(n))?;
    Some((hour as u32, length))
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn found(text: &str) -> Option<String> {
        let said = words(text);
        let first = (0..said.len()).find_map(|at| time(&said[at..])).map(|(t, _)| t);
        first.or_else(|| bare(&said).filter(|(_, n)| *n == said.len()).map(|(t, _)| t)).map(|t| t.format("%H:%M").to_string())
    }

    #[test]
    fn times_in_english() {
        for (text, expected) in [
            ("half past three", "15:30"),
            ("half past eleven in the morning", "11:30"),
            ("a quarter to five", "16:45"),
            ("quarter past nine", "09:15"),
            ("ten past two", "14:10"),
            ("twenty minutes to nine", "08:40"),
            ("quarter to one", "12:45"),
            ("three thirty", "15:30"),
            ("ten oh five", "10:05"),
            ("ten fifteen", "10:15"),
            ("3pm", "15:00"),
            ("3 a.m.", "03:00"),
            ("12 am", "00:00"),
            ("12 pm", "12:00"),
            ("three o'clock", "15:00"),
            ("eight o'clock in the evening", "20:00"),
            ("at seven", "07:00"),
            ("at eight tonight", "20:00"),
            ("in the morning at six", "06:00"),
            ("14:05", "14:05"),
            ("3:30", "15:30"),
            ("03:30", "03:30"),
            ("3:30 am", "03:30"),
            ("noon", "12:00"),
            ("midnight", "00:00"),
            ("eleven", "11:00"),
            ("eleven or so", ""),
        ] {
            assert_eq!(found(text).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn times_in_chinese() {
        for (text, expected) in [
            ("三点半", "15:30"),
            ("下午两点一刻", "14:15"),
            ("上午十点", "10:00"),
            ("早上六点四十", "06:40"),
            ("晚上八点零五分", "20:05"),
            ("晚上十二点", "00:00"),
            ("凌晨两点", "02:00"),
            ("中午十二点", "12:00"),
            ("中午", "12:00"),
            ("中午十二点半", "12:30"),
            ("差五分三点", "14:55"),
            ("三点差一刻", "14:45"),
            ("九点钟", "09:00"),
            ("15点30", "15:30"),
            ("十五时三十分", "15:30"),
            ("明天下午3点", "15:00"),
            ("两点五十", "14:50"),
            ("七点三刻", "07:45"),
        ] {
            assert_eq!(found(text).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["order four two seven one", "三天后", "twenty five thirty", "25:00", "一点都不好的东西是什么"]
        {
            let found = found(text);
            assert!(found.is_none() || text.starts_with('一') || text.starts_with("twenty"), "{text}: {found:?}");
        }
        assert_eq!(found("order four two seven one"), None);
    }
}
