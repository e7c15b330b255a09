//! Days as people name them: relative, by weekday, within a month; English and Chinese. `calendar` has those of a given month.
//! Never knows what day it is: that is passed in. A day without a year is the next such day.

use chrono::{Datelike, Days, Months, NaiveDate, Weekday};

use super::calendar::{chinese_day, feast, month_and_day, written};
use super::number::{ordinal, whole};
use super::words::{from, one_of, skip, word};

/// One way to name a day.
type Way = fn(&[String], NaiveDate) -> Option<(NaiveDate, usize)>;

/// The day that the words begin with, and how many words name it.
pub fn date(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let ways: [Way; 8] = [named, counted, by_weekday, edge, of_month, written, month_and_day, feast];
    ways.into_iter().filter_map(|way| way(words, today)).max_by_key(|(_, length)| *length)
}

const NEAR: &[(&str, i64)] = &[
    ("the day after tomorrow", 2),
    ("day after tomorrow", 2),
    ("the day before yesterday", -2),
    ("day before yesterday", -2),
    ("tomorrow", 1),
    ("yesterday", -1),
    ("last night", -1),
    ("today", 0),
    ("tonight", 0),
    ("this morning", 0),
    ("this afternoon", 0),
    ("this evening", 0),
    ("a week from today", 7),
    ("a week from tomorrow", 8),
    ("大后天", 3),
    ("后天", 2),
    ("明天", 1),
    ("明日", 1),
    ("明早", 1),
    ("明晚", 1),
    ("今天", 0),
    ("今日", 0),
    ("今早", 0),
    ("今晚", 0),
    ("昨天", -1),
    ("昨日", -1),
    ("昨晚", -1),
    ("前天", -2),
    ("大前天", -3),
];

fn named(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let (days, length) = one_of(words, NEAR)?;
    Some((shifted(today, days)?, length))
}

/// What a count of days, weeks, months or years is counted in.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Days(i64),
    Months(i64),
}

const UNITS: &[(&str, Unit)] = &[
    ("day", Unit::Days(1)),
    ("days", Unit::Days(1)),
    ("week", Unit::Days(7)),
    ("weeks", Unit::Days(7)),
    ("fortnight", Unit::Days(14)),
    ("month", Unit::Months(1)),
    ("months", Unit::Months(1)),
    ("year", Unit::Months(12)),
    ("years", Unit::Months(12)),
    ("天", Unit::Days(1)),
    ("日", Unit::Days(1)),
    ("周", Unit::Days(7)),
    ("个星期", Unit::Days(7)),
    ("星期", Unit::Days(7)),
    ("个礼拜", Unit::Days(7)),
    ("礼拜", Unit::Days(7)),
    ("个月", Unit::Months(1)),
    ("年", Unit::Months(12)),
];

/// "In three days", "two weeks ago", 三天前, 两个月后.
fn counted(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let lead = skip(words, &["in", "within"]);
    let (count, counted) = count(from(words, lead))?;
    let (unit, named) = one_of(from(words, lead + counted), UNITS)?;
    let at = lead + counted + named;
    let back = skip(from(words, at), &["ago", "before today", "earlier", "之前", "以前", "前"]);
    let forth = skip(from(words, at), &["from now", "from today", "later", "time", "之后", "以后", "后"]);
    let sign = match (lead > 0, back > 0, forth > 0) {
        (_, true, _) => -1,
        (true, false, _) | (false, false, true) => 1,
        (false, false, false) => return None,
    };
    let day = match unit {
        Unit::Days(days) => shifted(today, sign * count.checked_mul(days)?)?,
        Unit::Months(months) => months_on(today, sign * count.checked_mul(months)?)?,
    };
    Some((day, at + back + forth))
}

fn count(words: &[String]) -> Option<(i64, usize)> {
    let article = matches!(word(words, 0), "a" | "an").then_some((1, 1));
    whole(words).or(article).filter(|(n, _)| *n <= 36_500)
}

const WEEKDAYS: &[(&str, Weekday)] = &[
    ("monday", Weekday::Mon),
    ("mondays", Weekday::Mon),
    ("tuesday", Weekday::Tue),
    ("wednesday", Weekday::Wed),
    ("thursday", Weekday::Thu),
    ("friday", Weekday::Fri),
    ("saturday", Weekday::Sat),
    ("the weekend", Weekday::Sat),
    ("weekend", Weekday::Sat),
    ("sunday", Weekday::Sun),
    ("一", Weekday::Mon),
    ("二", Weekday::Tue),
    ("三", Weekday::Wed),
    ("四", Weekday::Thu),
    ("五", Weekday::Fri),
    ("六", Weekday::Sat),
    ("日", Weekday::Sun),
    ("天", Weekday::Sun),
    ("末", Weekday::Sat),
];

/// Which week's day is meant.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Week {
    /// The next such day.
    Coming,
    /// The last such day.
    Gone,
    /// So many weeks of the calendar from this one; a week begins on Monday.
    Of(i64),
}

const WEEKS: &[(&str, Week)] = &[
    ("this coming", Week::Coming),
    ("this", Week::Coming),
    ("coming", Week::Coming),
    ("on", Week::Coming),
    ("next", Week::Of(1)),
    ("last", Week::Gone),
    ("past", Week::Gone),
    ("这个", Week::Of(0)),
    ("这", Week::Of(0)),
    ("本", Week::Of(0)),
    ("下下个", Week::Of(2)),
    ("下下", Week::Of(2)),
    ("下个", Week::Of(1)),
    ("下", Week::Of(1)),
    ("上上个", Week::Of(-2)),
    ("上上", Week::Of(-2)),
    ("上个", Week::Of(-1)),
    ("上", Week::Of(-1)),
];

/// "Friday", "next Friday", "Friday next week", 这周五, 下下个星期天. Without a week it is the next such day.
fn by_weekday(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let (mut week, lead) = one_of(words, WEEKS).unwrap_or((Week::Coming, 0));
    let chinese = skip(from(words, lead), &["周", "星期", "礼拜"]);
    let (weekday, length) = one_of(from(words, lead + chinese), WEEKDAYS)?;
    if (chinese == 0) != word(words, lead + chinese).is_ascii() {
        return None;
    }
    let mut at = lead + chinese + length;
    let behind =
        [("next week", Week::Of(1)), ("this week", Week::Of(0)), ("last week", Week::Of(-1)), ("after next", Week::Of(2))];
    if let Some((of, more)) = one_of(from(words, at), &behind) {
        (week, at) = (of, at + more);
    }
    let position = i64::from(weekday.num_days_from_monday()) - i64::from(today.weekday().num_days_from_monday());
    let days = match week {
        Week::Coming => (position + 6).rem_euclid(7) + 1,
        Week::Gone => -((-position + 6).rem_euclid(7) + 1),
        Week::Of(weeks) => position + 7 * weeks,
    };
    Some((shifted(today, days)?, at))
}

/// The first or last day of a month or year.
#[derive(Debug, Clone, Copy)]
enum Edge {
    MonthEnd(i32),
    MonthStart(i32),
    YearEnd(i32),
    YearStart(i32),
}

const EDGES: &[(&str, Edge)] = &[
    ("the end of the month", Edge::MonthEnd(0)),
    ("end of the month", Edge::MonthEnd(0)),
    ("the end of this month", Edge::MonthEnd(0)),
    ("the end of next month", Edge::MonthEnd(1)),
    ("the beginning of next month", Edge::MonthStart(1)),
    ("the start of next month", Edge::MonthStart(1)),
    ("the end of the year", Edge::YearEnd(0)),
    ("end of the year", Edge::YearEnd(0)),
    ("the end of this year", Edge::YearEnd(0)),
    ("the end of next year", Edge::YearEnd(1)),
    ("the beginning of the year", Edge::YearStart(0)),
    ("the beginning of next year", Edge::YearStart(1)),
    ("月底", Edge::MonthEnd(0)),
    ("这个月底", Edge::MonthEnd(0)),
    ("本月底", Edge::MonthEnd(0)),
    ("月末", Edge::MonthEnd(0)),
    ("下个月底", Edge::MonthEnd(1)),
    ("下月底", Edge::MonthEnd(1)),
    ("上个月底", Edge::MonthEnd(-1)),
    ("下个月初", Edge::MonthStart(1)),
    ("下月初", Edge::MonthStart(1)),
    ("年底", Edge::YearEnd(0)),
    ("今年年底", Edge::YearEnd(0)),
    ("今年底", Edge::YearEnd(0)),
    ("明年年底", Edge::YearEnd(1)),
    ("明年底", Edge::YearEnd(1)),
    ("去年年底", Edge::YearEnd(-1)),
    ("去年底", Edge::YearEnd(-1)),
    ("年初", Edge::YearStart(0)),
    ("明年年初", Edge::YearStart(1)),
    ("明年初", Edge::YearStart(1)),
];

fn edge(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let (edge, length) = one_of(words, EDGES)?;
    let first = today.with_day(1)?;
    let day = match edge {
        Edge::MonthEnd(months) => shifted(months_on(first, i64::from(months) + 1)?, -1)?,
        Edge::MonthStart(months) => months_on(first, i64::from(months))?,
        Edge::YearEnd(years) => NaiveDate::from_ymd_opt(today.year() + years, 12, 31)?,
        Edge::YearStart(years) => NaiveDate::from_ymd_opt(today.year() + years, 1, 1)?,
    };
    Some((day, length))
}

const MONTHS_FROM_NOW: &[(&str, i64)] = &[
    ("last months", -1),
    ("last month the", -1),
    ("next months", 1),
    ("next month the", 1),
    ("this months", 0),
    ("this month the", 0),
    ("上上个月", -2),
    ("上个月", -1),
    ("上月", -1),
    ("这个月", 0),
    ("本月", 0),
    ("下个月", 1),
    ("下月", 1),
    ("下下个月", 2),
];
const MONTHS_BEHIND: &[(&str, i64)] =
    &[("of last month", -1), ("last month", -1), ("of this month", 0), ("of next month", 1), ("next month", 1)];

/// "The first" is a day only before one of these: "the first one" is none.
const BEHIND_A_DAY: &[&str] =
    &["", ",", "please", "at", "in", "if", "is", "would", "works", "then", "or", "around", "for", "sorry", "no"];

/// "Last month's 15th", "the 15th of next month", 上个月15号, "the 15th", 15号: a bare one is the next such day.
fn of_month(words: &[String], today: NaiveDate) -> Option<(NaiveDate, usize)> {
    let first = today.with_day(1)?;
    if let Some((months, lead)) = one_of(words, MONTHS_FROM_NOW) {
        let (day, length) = day_of_month(from(words, lead))?;
        return Some((months_on(first, months)?.with_day(day)?, lead + length));
    }
    let article = skip(words, &["the"]);
    let (day, length) = day_of_month(from(words, article))?;
    let at = article + length;
    if let Some((months, more)) = one_of(from(words, at), MONTHS_BEHIND) {
        return Some((months_on(first, months)?.with_day(day)?, at + more));
    }
    let chinese = matches!(word(words, at.checked_sub(1)?), "号" | "日");
    let ends = article > 0 && BEHIND_A_DAY.contains(&word(words, at));
    if !chinese && !ends {
        return None;
    }
    let mut months = (0..3).filter_map(|n| months_on(first, n)?.with_day(day));
    Some((months.find(|d| *d >= today)?, at))
}

/// `15th`, "fifteenth", 15号, 十五日.
fn day_of_month(words: &[String]) -> Option<(u32, usize)> {
    let english = || ordinal(words).filter(|_| word(words, 0) != "第");
    let (day, length) = chinese_day(words).or_else(english)?;
    (1..=31).contains(&day).then_some((day, length))
}

fn shifted(day: NaiveDate, days: i64) -> Option<NaiveDate> {
    let distance = Days::new(days.unsigned_abs());
    if days < 0 { day.checked_sub_days(distance) } else { day.checked_add_days(distance) }
}

fn months_on(day: NaiveDate, months: i64) -> Option<NaiveDate> {
    let distance = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
    if months < 0 { day.checked_sub_months(distance) } else { day.checked_add_months(distance) }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    /// The first day named anywhere in the text, as the slot looks for it.
    fn found(text: &str, today: &str) -> Option<NaiveDate> {
        let said = words(text);
        (0..said.len()).find_map(|at| date(&said[at..], day(today))).map(|(d, _)| d)
    }

    #[track_caller]
    fn check(today: &str, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(found(text, today), Some(day(expected)), "{text}");
        }
    }

    const SUNDAY: &str = "2026-11-22";
    const WEDNESDAY: &str = "2026-11-25";

    #[test]
    fn days_relative_to_today() {
        check(
            SUNDAY,
            &[
                ("today please", "2026-11-22"),
                ("tomorrow", "2026-11-23"),
                ("the day after tomorrow", "2026-11-24"),
                ("the day before yesterday", "2026-11-20"),
                ("in 3 days", "2026-11-25"),
                ("in three days", "2026-11-25"),
                ("in a week", "2026-11-29"),
                ("two weeks ago", "2026-11-08"),
                ("ten days from now", "2026-12-02"),
                ("a month ago", "2026-10-22"),
                ("in two months", "2027-01-22"),
                ("a year ago", "2025-11-22"),
                ("a week from tomorrow", "2026-11-30"),
                ("后天下午", "2026-11-24"),
                ("大后天", "2026-11-25"),
                ("大前天", "2026-11-19"),
                ("三天前", "2026-11-19"),
                ("十天以后", "2026-12-02"),
                ("两个月后", "2027-01-22"),
                ("三个星期之前", "2026-11-01"),
                ("一年前", "2025-11-22"),
                ("今晚八点", "2026-11-22"),
            ],
        );
        assert_eq!(found("my order", SUNDAY), None);
        assert_eq!(found("三天", SUNDAY), None, "three days of what");
        assert_eq!(found("半天", SUNDAY), None);
    }

    #[test]
    fn weekdays_of_this_week_and_others() {
        check(
            SUNDAY,
            &[
                ("friday", "2026-11-27"),
                ("next friday please", "2026-11-27"),
                ("on sunday", "2026-11-29"),
                ("last friday", "2026-11-20"),
                ("周五", "2026-11-27"),
                ("这周五", "2026-11-20"),
                ("下周五", "2026-11-27"),
                ("上周五", "2026-11-13"),
                ("星期天", "2026-11-29"),
            ],
        );
        check(
            WEDNESDAY,
            &[
                ("this friday", "2026-11-27"),
                ("next friday", "2026-12-04"),
                ("friday next week", "2026-12-04"),
                ("last monday", "2026-11-23"),
                ("last friday", "2026-11-20"),
                ("wednesday", "2026-12-02"),
                ("at the weekend", "2026-11-28"),
                ("这周五", "2026-11-27"),
                ("下周一", "2026-11-30"),
                ("下个星期三", "2026-12-02"),
                ("下下周二", "2026-12-08"),
                ("上周日", "2026-11-22"),
                ("周末", "2026-11-28"),
                ("礼拜天", "2026-11-29"),
            ],
        );
    }

    #[test]
    fn days_of_the_calendar() {
        check(
            SUNDAY,
            &[
                ("December 5th", "2026-12-05"),
                ("december the fifth", "2026-12-05"),
                ("dec 5", "2026-12-05"),
                ("the 3rd of may", "2027-05-03"),
                ("5 december", "2026-12-05"),
                ("twenty-first of march twenty twenty seven", "2027-03-21"),
                ("March 21st, 2027", "2027-03-21"),
                ("march fifth next year", "2027-03-05"),
                ("july fourth nineteen eighty four", "1984-07-04"),
                ("july 4th two thousand and five", "2005-07-04"),
                ("the fifteenth of last month", "2026-10-15"),
                ("last month's 15th", "2026-10-15"),
                ("the 15th", "2026-12-15"),
                ("the 25th", "2026-11-25"),
                ("the end of the month", "2026-11-30"),
                ("2026-12-24", "2026-12-24"),
                ("5/12", "2027-05-12"),
                ("12/5/2026", "2026-12-05"),
                ("25/12", "2026-12-25"),
                ("christmas", "2026-12-25"),
                ("12月5号", "2026-12-05"),
                ("十二月五日", "2026-12-05"),
                ("二零二七年三月二十一号", "2027-03-21"),
                ("2027年3月21日", "2027-03-21"),
                ("85年7月4号", "1985-07-04"),
                ("明年三月五号", "2027-03-05"),
                ("上个月15号", "2026-10-15"),
                ("下个月三号", "2026-12-03"),
                ("二十五号", "2026-11-25"),
                ("15号", "2026-12-15"),
                ("年底", "2026-12-31"),
                ("明年年初", "2027-01-01"),
                ("月底", "2026-11-30"),
                ("下个月底", "2026-12-31"),
                ("国庆节", "2027-10-01"),
                ("february 29", "2028-02-29"),
            ],
        );
        for text in ["february 30", "13/13", "32号", "may i ask", "the first one", "一百年前一百年前的一百万天前"]
        {
            let found = found(text, SUNDAY);
            assert!(found.is_none() || text.starts_with('一'), "{text}: {found:?}");
        }
    }
}
