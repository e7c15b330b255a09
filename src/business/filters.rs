//! How days, times and percentages of a template are said, in the conversation's language.
//! Never changes what it cannot read: that is said as it stands.

use chrono::{Datelike, NaiveDate, NaiveTime, Timelike, Weekday};
use minijinja::{Environment, State};

/// Adds `date`, `time` and `percent`.
pub(super) fn add_to(env: &mut Environment<'_>) {
    env.add_filter("date", |state: &State<'_, '_>, day: String| date(&day, in_chinese(state)).unwrap_or(day));
    env.add_filter("time", |state: &State<'_, '_>, time: String| clock(&time, in_chinese(state)).unwrap_or(time));
    env.add_filter("percent", |state: &State<'_, '_>, hundredths: i64| percent(hundredths, in_chinese(state)));
}

/// Whether a text is rendered for a conversation in Chinese.
pub(super) fn in_chinese(state: &State<'_, '_>) -> bool {
    state.lookup("language").is_some_and(|l| l.as_str() == Some("zh"))
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

/// `2026-11-24` as "Tuesday, November 24th" or 11月24日星期二.
fn date(day: &str, chinese: bool) -> Option<String> {
    let day: NaiveDate = day.parse().ok()?;
    let (weekday_en, weekday_zh) = match day.weekday() {
        Weekday::Mon => ("Monday", "一"),
        Weekday::Tue => ("Tuesday", "二"),
        Weekday::Wed => ("Wednesday", "三"),
        Weekday::Thu => ("Thursday", "四"),
        Weekday::Fri => ("Friday", "五"),
        Weekday::Sat => ("Saturday", "六"),
        Weekday::Sun => ("Sunday", "日"),
    };
    let number = day.day();
    if chinese {
        return Some(format!("{}月{number}日星期{weekday_zh}", day.month()));
    }
    let ending = match number {
        1 | 21 | 31 => "st",
        2 | 22 => "nd",
        3 | 23 => "rd",
        _ => "th",
    };
    Some(format!("{weekday_en}, {} {number}{ending}", MONTHS[day.month0() as usize]))
}

/// `14:30` as "2:30 in the afternoon" or 下午2点30分.
fn clock(time: &str, chinese: bool) -> Option<String> {
    let time = NaiveTime::parse_from_str(time, "%H:%M").ok()?;
    let (_, hour) = time.hour12();
    let (part_en, part_zh) = match time.hour() {
        0..6 => ("at night", "凌晨"),
        6..12 => ("in the morning", "上午"),
        12..18 => ("in the afternoon", "下午"),
        _ => ("in the evening", "晚上"),
    };
    Some(match (chinese, time.minute()) {
        (false, 0) => format!("{hour} {part_en}"),
        (false, minute) => format!("{hour}:{minute:02} {part_en}"),
        (true, 0) => format!("{part_zh}{hour}点"),
        (true, minute) => format!("{part_zh}{hour}点{minute}分"),
    })
}

/// Hundredths of a percent: 420 as "4.2 percent" or 百分之4.2.
fn percent(hundredths: i64, chinese: bool) -> String {
    let (whole, part) = (hundredths / 100, hundredths.abs() % 100);
    let sign = if hundredths < 0 && whole == 0 { "-" } else { "" };
    let part = format!("{part:02}");
    let figure = match part.trim_end_matches('0') {
        "" => format!("{sign}{whole}"),
        part => format!("{sign}{whole}.{part}"),
    };
    if chinese { format!("百分之{figure}") } else { format!("{figure} percent") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_said_as_people_say_them() {
        let both = |say: fn(&str, bool) -> Option<String>, text: &str| (say(text, false).unwrap(), say(text, true).unwrap());
        assert_eq!(both(date, "2026-11-24"), ("Tuesday, November 24th".to_owned(), "11月24日星期二".to_owned()));
        assert_eq!(both(date, "2026-02-01"), ("Sunday, February 1st".to_owned(), "2月1日星期日".to_owned()));
        assert_eq!(both(clock, "14:30"), ("2:30 in the afternoon".to_owned(), "下午2点30分".to_owned()));
        assert_eq!(both(clock, "10:00"), ("10 in the morning".to_owned(), "上午10点".to_owned()));
        assert_eq!(both(clock, "00:05"), ("12:05 at night".to_owned(), "凌晨12点5分".to_owned()));
        assert_eq!((date("soon", false), clock("25:00", true)), (None, None));
    }

    #[test]
    fn a_percentage_has_no_needless_noughts() {
        let said = |hundredths| (percent(hundredths, false), percent(hundredths, true));
        assert_eq!(said(420), ("4.2 percent".to_owned(), "百分之4.2".to_owned()));
        assert_eq!(said(1_205).0, "12.05 percent");
        assert_eq!((said(300).0, said(-25).0), ("3 percent".to_owned(), "-0.25 percent".to_owned()));
    }

    #[test]
    fn templates_reach_them_by_name() {
        let mut env = Environment::new();
        add_to(&mut env);
        let variables = minijinja::context! { language => "zh", day => "2026-11-24", odd => "soon", rate => 385 };
        let said =
            env.render_str("{{ day | date }} {{ odd | date }} {{ '09:30' | time }} {{ rate | percent }}", variables).unwrap();
        assert_eq!(said, "11月24日星期二 soon 上午9点30分 百分之3.85");
    }
}
