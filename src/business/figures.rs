//! Numbers, dates, amounts and rates in a text, however they are written or spoken, as values that can be compared.
//! Never reads a language the pack has not: English and Chinese.

use std::collections::BTreeSet;
use std::fmt;

use super::numerals::{Item, items};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Nothing that is said with it.
    Bare,
    /// Hundredths.
    Percent,
    /// US dollars.
    Dollars,
    /// Euros.
    Euros,
    /// Pounds sterling.
    Pounds,
    /// Renminbi.
    Yuan,
    /// Minutes.
    Minutes,
    /// Hours, or hours of the day.
    Hours,
    /// Days, or days of the month.
    Days,
    /// Weeks.
    Weeks,
    /// Months, or months of the year by their number.
    Months,
    /// Years, or years of the calendar.
    Years,
    /// A day of the week: 1 is Monday.
    Weekday,
}

/// A number with its unit, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Figure {
    thousandths: i128,
    unit: Unit,
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.thousandths as f64 / 1e3)?;
        match self.unit {
            Unit::Bare => Ok(()),
            unit => write!(f, " {}", format!("{unit:?}").to_lowercase()),
        }
    }
}

impl Figure {
    /// Whether a source with `other` in it supports this one: the same value of the same kind. A source may leave the unit
    /// out, and tools count money in its hundredth part.
    fn is_supported_by(self, other: Self) -> bool {
        let same = self.thousandths == other.thousandths;
        let money = matches!(self.unit, Unit::Dollars | Unit::Euros | Unit::Pounds | Unit::Yuan);
        let cents = money && other.unit == Unit::Bare && self.thousandths.saturating_mul(100) == other.thousandths;
        same && (self.unit == other.unit || self.unit == Unit::Bare || other.unit == Unit::Bare) || cents
    }
}

/// An answer says a figure that none of its sources holds.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0} stands in no source; say only what the entry or the tool's result says")]
pub struct Unsupported(pub Figure);

/// Whether every number, date, amount and rate of an answer stands in one of the sources, written or spoken, in either language.
///
/// # Errors
/// The first figure that does not.
pub fn supported(answer: &str, sources: &[&str]) -> Result<(), Unsupported> {
    let known: BTreeSet<Figure> = sources.iter().flat_map(|source| figures(source)).collect();
    let missing = figures(answer).into_iter().find(|figure| !known.iter().any(|known| figure.is_supported_by(*known)));
    missing.map_or(Ok(()), |figure| Err(Unsupported(figure)))
}

/// A day of the month or the number in "half past nine" stands beside these; "may" and "march" are months only there.
const DOUBTFUL_MONTHS: [&str; 2] = ["may", "march"];
const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Words between a number and what it counts.
const BETWEEN: [&str; 9] = ["business", "working", "calendar", "full", "whole", "us", "more", "个", "工作"];

/// What follows a number and says what it counts; the longest first.
const UNITS: [(&[&str], Unit); 51] = [
    (&["per", "cent"], Unit::Percent),
    (&["o", "clock"], Unit::Hours),
    (&["美", "元"], Unit::Dollars),
    (&["美", "金"], Unit::Dollars),
    (&["欧", "元"], Unit::Euros),
    (&["英", "镑"], Unit::Pounds),
    (&["分", "钟"], Unit::Minutes),
    (&["小", "时"], Unit::Hours),
    (&["钟", "头"], Unit::Hours),
    (&["星", "期"], Unit::Weeks),
    (&["礼", "拜"], Unit::Weeks),
    (&["%"], Unit::Percent),
    (&["％"], Unit::Percent),
    (&["percent"], Unit::Percent),
    (&["dollar"], Unit::Dollars),
    (&["dollars"], Unit::Dollars),
    (&["usd"], Unit::Dollars),
    (&["euro"], Unit::Euros),
    (&["euros"], Unit::Euros),
    (&["eur"], Unit::Euros),
    (&["€"], Unit::Euros),
    (&["pound"], Unit::Pounds),
    (&["pounds"], Unit::Pounds),
    (&["gbp"], Unit::Pounds),
    (&["yuan"], Unit::Yuan),
    (&["rmb"], Unit::Yuan),
    (&["cny"], Unit::Yuan),
    (&["元"], Unit::Yuan),
    (&["块"], Unit::Yuan),
    (&["minute"], Unit::Minutes),
    (&["minutes"], Unit::Minutes),
    (&["分"], Unit::Minutes),
    (&["hour"], Unit::Hours),
    (&["hours"], Unit::Hours),
    (&["oclock"], Unit::Hours),
    (&["am"], Unit::Hours),
    (&["pm"], Unit::Hours),
    (&["点"], Unit::Hours),
    (&["day"], Unit::Days),
    (&["days"], Unit::Days),
    (&["天"], Unit::Days),
    (&["日"], Unit::Days),
    (&["号"], Unit::Days),
    (&["week"], Unit::Weeks),
    (&["weeks"], Unit::Weeks),
    (&["周"], Unit::Weeks),
    (&["month"], Unit::Months),
    (&["months"], Unit::Months),
    (&["月"], Unit::Months),
    (&["year"], Unit::Years),
    (&["years"], Unit::Years),
];

/// All figures of a text.
fn figures(text: &str) -> Vec<Figure> {
    let items = items(text);
    (0..items.len()).filter_map(|at| figure(&items, at)).collect()
}

fn figure(items: &[Item], at: usize) -> Option<Figure> {
    let of = |value: usize, unit| Some(Figure { thousandths: 1_000 * value as i128, unit });
    let word = match &items[at] {
        Item::Number { thousandths, sure } => return counted(items, at, *thousandths, *sure),
        Item::Word(word) => word.as_str(),
    };
    if let Some(month) = MONTHS.iter().position(|month| *month == word) {
        let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten().filter_map(|i| items.get(i));
        let dated =
            !DOUBTFUL_MONTHS.contains(&word) || beside.into_iter().any(|item| matches!(item, Item::Number { sure: true, .. }));
        return if dated { of(month + 1, Unit::Months) } else { None };
    }
    if let Some(day) = WEEKDAYS.iter().position(|day| *day == word || word.strip_suffix('s') == Some(day)) {
        return of(day + 1, Unit::Weekday);
    }
    match (word, follows(items, at + 1, "past"), at.checked_sub(1).map(|before| &items[before])) {
        ("half", true, _) => of(30, Unit::Minutes),
        ("quarter", true, _) => of(15, Unit::Minutes),
        ("半", _, Some(Item::Word(before))) if before == "点" => of(30, Unit::Minutes),
        ("日" | "天", _, Some(Item::Word(before))) if ["期", "周", "拜"].contains(&before.as_str()) => of(7, Unit::Weekday),
        _ => None,
    }
}

/// The number at `at` with what stands around it.
fn counted(items: &[Item], at: usize, thousandths: i128, sure: bool) -> Option<Figure> {
    let before = |n: usize| match at.checked_sub(n).map(|i| &items[i]) {
        Some(Item::Word(word)) => word.as_str(),
        Some(Item::Number { .. }) | None => "",
    };
    let whole = |unit| Some(Figure { thousandths, unit });
    match before(1) {
        "$" => return whole(Unit::Dollars),
        "€" => return whole(Unit::Euros),
        "£" => return whole(Unit::Pounds),
        "¥" | "￥" => return whole(Unit::Yuan),
        "之" if before(2) == "分" && before(3) == "百" => return whole(Unit::Percent),
        "周" | "期" | "拜" if !sure && thousandths <= 6_000 => return whole(Unit::Weekday),
        "点" if !follows(items, at + 1, "元") => return whole(Unit::Minutes),
        _ => {}
    }
    if follows(items, at + 1, "折") {
        // 九折 leaves 90 hundredths of the price, 八五折 leaves 85.
        let left = if thousandths < 10_000 { 10 * thousandths } else { thousandths.min(100_000) };
        return Some(Figure { thousandths: 100_000 - left, unit: Unit::Percent });
    }
    if follows(items, at + 1, "cents") || follows(items, at + 1, "cent") {
        return Some(Figure { thousandths: thousandths / 100, unit: Unit::Dollars });
    }
    match unit_after(items, at + 1) {
        Unit::Bare if !sure => None,
        unit => whole(unit),
    }
}

fn follows(items: &[Item], at: usize, word: &str) -> bool {
    matches!(items.get(at), Some(Item::Word(next)) if next == word)
}

fn unit_after(items: &[Item], mut at: usize) -> Unit {
    while BETWEEN.iter().any(|word| follows(items, at, word)) {
        at += 1;
    }
    if follows(items, at, "年") {
        return Unit::Years;
    }
    let found = UNITS.iter().find(|(words, _)| words.iter().enumerate().all(|(i, word)| follows(items, at + i, word)));
    found.map_or(Unit::Bare, |(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn holds(answer: &str, source: &str) {
        assert_eq!(supported(answer, &[source]), Ok(()), "{answer:?} by {source:?}");
    }

    #[track_caller]
    fn refused(answer: &str, source: &str) {
        assert!(supported(answer, &[source]).is_err(), "{answer:?} by {source:?}: {:?}", figures(answer));
    }

    #[test]
    fn a_rate_is_the_same_however_it_is_said() {
        let ways = ["3 %", "3%", "three percent", "three per cent", "百分之三", "3 percent", "3.0%"];
        for answer in ways {
            for source in ways {
                holds(answer, source);
            }
            refused(answer, "4 %");
            refused(answer, "3 days");
        }
        holds("百分之三点五", "the rate is 3.5 percent");
        holds("three point five percent", "利率是3.5%");
        holds("打九折", "10 percent off");
        holds("八五折", "15% off");
        refused("八折", "10 percent off");
    }

    #[test]
    fn amounts_keep_their_currency() {
        holds("It costs $1,234.50.", "1234.50 dollars");
        holds("twelve hundred and fifty dollars", "$1,250");
        holds("二十五元", "25元");
        holds("That is $12.50.", r#"{"price": 1250}"#);
        holds("fifty cents", "$0.50");
        refused("4 euros", "4 dollars");
        refused("It is 45 dollars.", "It is free from 50 dollars on.");
        refused("两百元", "满20元");
    }

    #[test]
    fn days_dates_and_times() {
        holds("within thirty days", "收货后30天内可以退货");
        holds("5 to 7 business days", "5-7个工作日");
        holds("on November 22nd", "2026-11-22");
        holds("11月22日", "22 November 2026");
        holds("at half past nine", "9:30");
        holds("九点半开门", "we open at 9:30");
        holds("周一到周六", "Monday to Saturday");
        holds("星期天休息", "closed on Sundays");
        refused("on Tuesday", "on Monday");
        refused("within 30 months", "within 30 days");
        refused("12月22日", "2026-11-22");
        refused("两年", "2个月");
        refused("2027年", "2026-11-22");
    }

    #[test]
    fn words_that_only_look_like_figures_need_no_source() {
        for answer in [
            "one moment, that one may be it",
            "一般来说可以，请等一下",
            "十分抱歉",
            "千万别担心，万一有问题",
            "march on",
            "a second",
        ] {
            holds(answer, "");
        }
        let refusal = supported("It takes 9 days.", &["It takes 5 days.", "9 weeks"]).unwrap_err();
        assert!(refusal.to_string().starts_with("9 days stands in no source"), "{refusal}");
    }
}
