//! Lengths of time and parts of a hundred: three years, 36 months, 24期, an hour and a half, 4.2 %, 百分之五.
//! Never rounds: what is no whole number of the unit asked for is no answer.

use super::number::{Figure, number};
use super::words::{from, one_of, skip, starts, word};

/// The whole months that the words begin with, and how many words tell them. A bare number is none.
pub fn months(words: &[String]) -> Option<(i64, usize)> {
    measured(words, MONTHS)
}

/// The whole minutes that the words begin with, likewise.
pub fn minutes(words: &[String]) -> Option<(i64, usize)> {
    measured(words, MINUTES)
}

/// The percentage that the words begin with, in hundredths of one percent, likewise.
pub fn percent(words: &[String]) -> Option<(i64, usize)> {
    if let Some(lead) = starts(words, "百分之") {
        let (figure, length) = number(from(words, lead))?;
        return Some((figure.hundredfold()?, lead + length));
    }
    let (figure, length) = half(words).or_else(|| number(words))?;
    let sign = skip(from(words, length), &["percent", "per cent", "percentage points", "%", "个百分点", "个点", "个percent"]);
    (sign > 0).then(|| Some((figure.hundredfold()?, length + sign)))?
}

const MONTHS: &[(&str, i64)] = &[
    ("month", 1),
    ("months", 1),
    ("instalments", 1),
    ("installments", 1),
    ("monthly instalments", 1),
    ("quarter", 3),
    ("quarters", 3),
    ("year", 12),
    ("years", 12),
    ("个月", 1),
    ("月", 1),
    ("期", 1),
    ("个季度", 3),
    ("年", 12),
];
const MINUTES: &[(&str, i64)] = &[
    ("minute", 1),
    ("minutes", 1),
    ("min", 1),
    ("hour", 60),
    ("hours", 60),
    ("day", 1_440),
    ("days", 1_440),
    ("night", 1_440),
    ("nights", 1_440),
    ("week", 10_080),
    ("weeks", 10_080),
    ("分钟", 1),
    ("小时", 60),
    ("个小时", 60),
    ("个钟头", 60),
    ("钟头", 60),
    ("天", 1_440),
    ("晚", 1_440),
    ("晚上", 1_440),
    ("夜", 1_440),
    ("周", 10_080),
    ("个星期", 10_080),
    ("星期", 10_080),
    ("个礼拜", 10_080),
];

/// One or more counted units: "two years and six months", "an hour and a half", 一年半, 两个半小时.
fn measured(words: &[String], units: &[(&str, i64)]) -> Option<(i64, usize)> {
    let (mut total, mut at) = piece(words, units)?;
    loop {
        let and = skip(from(words, at), &["and", "零", "又"]);
        let Some((more, length)) = piece(from(words, at + and), units) else { break };
        total = total.plus(more)?;
        at += and + length;
    }
    Some((total.whole()?, at))
}

fn piece(words: &[String], units: &[(&str, i64)]) -> Option<(Figure, usize)> {
    let (figure, length) = half(words).or_else(|| article(words)).or_else(|| number(words))?;
    // 两个半小时: the measure word may stand before the half.
    let (figure, length) = match starts(from(words, length), "个半") {
        Some(more) => (figure.plus(Figure::HALF)?, length + more),
        None => (figure, length),
    };
    let (unit, more) = one_of(from(words, length), units)?;
    let end = length + more;
    let behind = skip(from(words, end), &["and a half", "半"]);
    let extra = if behind > 0 { Figure::HALF.times(unit)? } else { Figure::of(0)? };
    Some((figure.times(unit)?.plus(extra)?, end + behind))
}

fn half(words: &[String]) -> Option<(Figure, usize)> {
    let length = skip(words, &["half a", "half an", "a half", "half", "半个", "半"]);
    (length > 0).then_some((Figure::HALF, length))
}

fn article(words: &[String]) -> Option<(Figure, usize)> {
    matches!(word(words, 0), "a" | "an").then(|| Some((Figure::of(1)?, 1)))?
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[track_caller]
    fn check(grammar: fn(&[String]) -> Option<(i64, usize)>, cases: &[(&str, i64)]) {
        for (text, value) in cases {
            let said = words(text);
            assert_eq!(grammar(&said), Some((*value, said.len())), "{text}");
        }
    }

    #[test]
    fn lengths_in_months() {
        check(
            months,
            &[
                ("three years", 36),
                ("36 months", 36),
                ("thirty six months", 36),
                ("a year and a half", 18),
                ("one and a half years", 18),
                ("half a year", 6),
                ("two years and six months", 30),
                ("twelve instalments", 12),
                ("24期", 24),
                ("三年", 36),
                ("一年半", 18),
                ("半年", 6),
                ("十二个月", 12),
                ("两年零三个月", 27),
                ("二十四期", 24),
            ],
        );
        assert_eq!(months(&words("half a month")), None, "no whole month");
        assert_eq!(months(&words("thirty six")), None);
    }

    #[test]
    fn lengths_in_minutes() {
        check(
            minutes,
            &[
                ("three nights", 4_320),
                ("an hour and a half", 90),
                ("half an hour", 30),
                ("ninety minutes", 90),
                ("2 hours and 15 minutes", 135),
                ("a week", 10_080),
                ("半个小时", 30),
                ("两个半小时", 150),
                ("一个小时", 60),
                ("四十五分钟", 45),
                ("三天", 4_320),
                ("两晚", 2_880),
            ],
        );
    }

    #[test]
    fn parts_of_a_hundred() {
        check(
            percent,
            &[
                ("4.2%", 420),
                ("four point two percent", 420),
                ("five per cent", 500),
                ("half a percent", 50),
                ("twelve and a half percent", 1_250),
                ("百分之五", 500),
                ("百分之三点五", 350),
                ("百分之4.25", 425),
                ("三个点", 300),
                ("100%", 10_000),
            ],
        );
        assert_eq!(percent(&words("five")), None);
    }
}
