//! Filters of templates: numbers, amounts, days and names in the form that a voice says well, in English and Chinese.
//! Never says a value of the wrong kind: the template fails, and the one who asked hears of it.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, Timelike, Weekday};
use minijinja::{Environment, Error, ErrorKind, State, Value};

/// Adds all of them.
pub(super) fn add_to(env: &mut Environment<'static>) {
    env.add_filter("digits", digits);
    env.add_filter("spell", spell);
    env.add_filter("email", email);
    env.add_filter("phone", phone);
    env.add_filter("money", money);
    env.add_filter("percent", percent);
    env.add_filter("date", date);
    env.add_filter("time", time);
    env.add_filter("datetime", datetime);
    env.add_filter("count", count);
    env.add_filter("months", months);
    env.add_filter("duration", duration);
    env.add_filter("list", list);
}

fn chinese(state: &State<'_, '_>) -> bool {
    state.lookup("language").is_some_and(|l| l.as_str() == Some("zh"))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn wrong(what: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, what)
}

/// `4271` as `4 2 7 1`; from six digits on in groups, with a pause between them.
fn digits(state: &State<'_, '_>, value: &Value) -> String {
    let signs: Vec<char> = text(value).chars().filter(|c| c.is_alphanumeric()).collect();
    in_groups(&signs, groups_of(signs.len()), chinese(state))
}

/// The lengths of the groups in which so many digits are said.
fn groups_of(count: usize) -> &'static [usize] {
    match count {
        0..=5 => &[5],
        6 | 9 | 12 => &[3],
        7 => &[3, 4],
        8 | 16 | 20 => &[4],
        10 => &[3, 3, 4],
        11 => &[3, 4, 4],
        _ => &[4],
    }
}

/// Groups of these lengths, the last length again and again.
fn in_groups(signs: &[char], lengths: &[usize], chinese: bool) -> String {
    let mut rest = signs;
    let mut groups = Vec::new();
    for at in 0.. {
        if rest.is_empty() {
            break;
        }
        let length = lengths.get(at).or_else(|| lengths.last()).copied().unwrap_or(1);
        let (group, behind) = rest.split_at(length.min(rest.len()));
        groups.push(group.iter().map(char::to_string).collect::<Vec<_>>().join(" "));
        rest = behind;
    }
    groups.join(if chinese { "，" } else { ", " })
}

/// Letters and digits one by one, signs by their names: `a_b@x.com` is "a underscore b at x dot com".
fn spell(state: &State<'_, '_>, value: &Value) -> String {
    let chinese = chinese(state);
    let said = text(value).chars().filter_map(|sign| named_sign(sign, chinese)).collect::<Vec<_>>();
    said.join(" ")
}

/// An address by its words: `anna.lee@x.com` is "anna dot lee at x dot com".
fn email(state: &State<'_, '_>, value: &Value) -> String {
    let chinese = chinese(state);
    let name = |sign: char| match named_sign(sign, chinese)? {
        name if sign.is_alphanumeric() => Some(name),
        name => Some(format!(" {name} ")),
    };
    text(value).chars().filter_map(name).collect()
}

fn named_sign(sign: char, chinese: bool) -> Option<String> {
    let (english, han) = match sign {
        '@' => ("at", "艾特"),
        '.' => ("dot", "点"),
        '_' => ("underscore", "下划线"),
        '-' => ("dash", "横杠"),
        '+' => ("plus", "加号"),
        c if c.is_alphanumeric() => return Some(c.to_string()),
        _ => return None,
    };
    Some(if chinese { han } else { english }.to_owned())
}

/// A telephone number in the groups of its country, without the country code of China and North America.
fn phone(state: &State<'_, '_>, value: &Value) -> String {
    let number = text(value);
    let national = number.strip_prefix("+86").or_else(|| number.strip_prefix("+1").filter(|n| n.len() == 10));
    let signs: Vec<char> = national.unwrap_or(&number).chars().filter(char::is_ascii_digit).collect();
    let plus = match (number.starts_with('+') && national.is_none(), chinese(state)) {
        (true, false) => "plus ",
        (true, true) => "加 ",
        (false, _) => "",
    };
    format!("{plus}{}", in_groups(&signs, groups_of(signs.len()), chinese(state)))
}

/// Cents as an amount, in the currency of that code, else in that of the language.
fn money(state: &State<'_, '_>, cents: i64, code: Option<String>) -> Result<String, Error> {
    let chinese = chinese(state);
    let code = code.unwrap_or_else(|| if chinese { "CNY" } else { "USD" }.to_owned());
    let (sign, unit) = match code.as_str() {
        "USD" => ("$", "美元"),
        "CNY" => ("¥", "元"),
        "EUR" => ("€", "欧元"),
        "GBP" => ("£", "英镑"),
        other => return Err(wrong(format!("{other} is no currency here; write USD, CNY, EUR or GBP"))),
    };
    let minus = match (cents < 0, chinese) {
        (false, _) => "",
        (true, false) => "minus ",
        (true, true) => "负",
    };
    let (whole, rest) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    let amount = if rest == 0 { whole.to_string() } else { format!("{whole}.{rest:02}") };
    Ok(if chinese { format!("{minus}{amount}{unit}") } else { format!("{minus}{sign}{amount}") })
}

/// Hundredths of one percent: 420 is `4.2%`.
fn percent(hundredths: i64) -> String {
    let minus = if hundredths < 0 { "-" } else { "" };
    let (whole, rest) = (hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100);
    let decimals = format!("{rest:02}");
    match decimals.trim_end_matches('0') {
        "" => format!("{minus}{whole}%"),
        decimals => format!("{minus}{whole}.{decimals}%"),
    }
}

/// `2026-11-24` as "Tuesday, November 24" or 11月24日星期二; "tomorrow" and the like where the variable `today` is known,
/// and the year where it is not today's.
fn date(state: &State<'_, '_>, value: &str) -> Result<String, Error> {
    let day = day_of(value)?;
    let today = state.lookup("today").and_then(|t| day_of(t.as_str()?).ok());
    let chinese = chinese(state);
    if let Some(near) = today.and_then(|today| near(day, today, chinese)) {
        return Ok(near.to_owned());
    }
    let other_year = today.is_some_and(|today| today.year() != day.year());
    let (month, number, weekday) = (day.month(), day.day(), day.weekday());
    Ok(match (chinese, other_year) {
        (false, false) => format!("{}, {} {number}", english_weekday(weekday), MONTHS[month as usize - 1]),
        (false, true) => format!("{} {number}, {}", MONTHS[month as usize - 1], day.year()),
        (true, false) => format!("{month}月{number}日星期{}", han_weekday(weekday)),
        (true, true) => format!("{}年{month}月{number}日", day.year()),
    })
}

fn near(day: NaiveDate, today: NaiveDate, chinese: bool) -> Option<&'static str> {
    Some(match (day.signed_duration_since(today).num_days(), chinese) {
        (-1, false) => "yesterday",
        (0, false) => "today",
        (1, false) => "tomorrow",
        (-2, true) => "前天",
        (-1, true) => "昨天",
        (0, true) => "今天",
        (1, true) => "明天",
        (2, true) => "后天",
        _ => return None,
    })
}

/// `15:30` as "3:30 pm" or 下午3点半.
fn time(state: &State<'_, '_>, value: &str) -> Result<String, Error> {
    let clock = value.split_once('T').map_or(value, |(_, clock)| clock);
    let parsed = NaiveTime::parse_from_str(clock, "%H:%M").or_else(|_| NaiveTime::parse_from_str(clock, "%H:%M:%S"));
    let time = parsed.map_err(|_| wrong(format!("{value:?} is no time; a time is written 15:30")))?;
    let (hour, minute) = (time.hour(), time.minute());
    let twelve = if hour.is_multiple_of(12) { 12 } else { hour % 12 };
    Ok(match (chinese(state), hour, minute) {
        (false, 12, 0) => "noon".to_owned(),
        (false, 0, 0) => "midnight".to_owned(),
        (false, _, 0) => format!("{twelve} {}", if hour < 12 { "am" } else { "pm" }),
        (false, _, _) => format!("{twelve}:{minute:02} {}", if hour < 12 { "am" } else { "pm" }),
        (true, _, 0) => format!("{}{twelve}点", part_of_day(hour)),
        (true, _, 30) => format!("{}{twelve}点半", part_of_day(hour)),
        (true, _, 1..=9) => format!("{}{twelve}点零{minute}分", part_of_day(hour)),
        (true, _, _) => format!("{}{twelve}点{minute}分", part_of_day(hour)),
    })
}

const fn part_of_day(hour: u32) -> &'static str {
    match hour {
        0..6 => "凌晨",
        6..9 => "早上",
        9..12 => "上午",
        12 => "中午",
        13..18 => "下午",
        _ => "晚上",
    }
}

/// `2026-11-24T15:30` as "Tuesday, November 24 at 3:30 pm" or 11月24日星期二下午3点半.
fn datetime(state: &State<'_, '_>, value: &str) -> Result<String, Error> {
    let (day, clock) = (date(state, value)?, time(state, value)?);
    Ok(if chinese(state) { format!("{day}{clock}") } else { format!("{day} at {clock}") })
}

/// A number with what is counted: `3 | count("day")` is "3 days", with its own plural `count("foot", "feet")`; 3天 in Chinese.
fn count(state: &State<'_, '_>, number: i64, unit: &str, plural: Option<String>) -> String {
    if chinese(state) {
        return format!("{number}{unit}");
    }
    let many = || plural.unwrap_or_else(|| plural_of(unit));
    format!("{number} {}", if number.abs() == 1 { unit.to_owned() } else { many() })
}

fn plural_of(unit: &str) -> String {
    let vowel_before_y = ["ay", "ey", "oy", "uy"].iter().any(|end| unit.ends_with(end));
    match unit.strip_suffix('y').filter(|_| !vowel_before_y) {
        Some(stem) => format!("{stem}ies"),
        None if ["s", "x", "z", "ch", "sh"].iter().any(|end| unit.ends_with(end)) => format!("{unit}es"),
        None => format!("{unit}s"),
    }
}

/// A number of months: 30 is "2 years and 6 months" or 2年6个月.
fn months(state: &State<'_, '_>, months: i64) -> String {
    measured(state, &[(months / 12, "year", "年"), (months % 12, "month", "个月")])
}

/// A number of minutes: 90 is "1 hour and 30 minutes" or 1小时30分钟.
fn duration(state: &State<'_, '_>, minutes: i64) -> String {
    measured(state, &[(minutes / 1_440, "day", "天"), (minutes / 60 % 24, "hour", "小时"), (minutes % 60, "minute", "分钟")])
}

/// The parts that are not zero; the last one if all are.
fn measured(state: &State<'_, '_>, parts: &[(i64, &str, &str)]) -> String {
    let chinese = chinese(state);
    let all_zero = parts.iter().all(|(n, ..)| *n == 0);
    let kept = parts.iter().enumerate().filter(|(at, (n, ..))| *n != 0 || all_zero && at + 1 == parts.len());
    let said: Vec<String> = kept.map(|(_, (n, unit, han))| count(state, *n, if chinese { han } else { unit }, None)).collect();
    if chinese { said.concat() } else { said.join(" and ") }
}

/// "A, b and c" or a、b和c.
fn list(state: &State<'_, '_>, items: Vec<Value>) -> String {
    let items: Vec<String> = items.iter().map(text).collect();
    let (comma, and) = if chinese(state) { ("、", "和") } else { (", ", " and ") };
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{}{and}{last}", rest.join(comma)),
        None => String::new(),
    }
}

fn day_of(value: &str) -> Result<NaiveDate, Error> {
    let moment = || NaiveDateTime::parse_from_str(value, "%Y-%m-%dT%H:%M").map(|m| m.date());
    value.parse().or_else(|_| moment()).map_err(|_| wrong(format!("{value:?} is no date; a date is written 2026-11-24")))
}

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

const fn english_weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Mon => "Monday",
        Weekday::Tue => "Tuesday",
        Weekday::Wed => "Wednesday",
        Weekday::Thu => "Thursday",
        Weekday::Fri => "Friday",
        Weekday::Sat => "Saturday",
        Weekday::Sun => "Sunday",
    }
}

const fn han_weekday(day: Weekday) -> char {
    match day {
        Weekday::Mon => '一',
        Weekday::Tue => '二',
        Weekday::Wed => '三',
        Weekday::Thu => '四',
        Weekday::Fri => '五',
        Weekday::Sat => '六',
        Weekday::Sun => '日',
    }
}

#[cfg(test)]
mod tests {
    use minijinja::context;

    use crate::business::render;

    #[track_caller]
    fn check(cases: &[(&str, &str, &str)]) {
        for (template, english, han) in cases {
            for (language, expected) in [("en", english), ("zh", han)] {
                let said = render(&format!("{{{{ {template} }}}}"), &context! { language, nothing => "" });
                assert_eq!(said.unwrap_or_else(|e| panic!("{template}: {e}")), **expected, "{template} in {language}");
            }
        }
    }

    #[test]
    fn ids_and_numbers_are_read_one_by_one() {
        check(&[
            ("'4271' | digits", "4 2 7 1", "4 2 7 1"),
            ("100084 | digits", "1 0 0, 0 8 4", "1 0 0，0 8 4"),
            ("'1234567' | digits", "1 2 3, 4 5 6 7", "1 2 3，4 5 6 7"),
            ("'4111111111111111' | digits", "4 1 1 1, 1 1 1 1, 1 1 1 1, 1 1 1 1", "4 1 1 1，1 1 1 1，1 1 1 1，1 1 1 1"),
            ("'W2378' | spell", "W 2 3 7 8", "W 2 3 7 8"),
            ("'a_b@x.com' | spell", "a underscore b at x dot c o m", "a 下划线 b 艾特 x 点 c o m"),
            ("'anna.lee@x.com' | email", "anna dot lee at x dot com", "anna 点 lee 艾特 x 点 com"),
            ("'+14155550132' | phone", "4 1 5, 5 5 5, 0 1 3 2", "4 1 5，5 5 5，0 1 3 2"),
            ("'+8613800138000' | phone", "1 3 8, 0 0 1 3, 8 0 0 0", "1 3 8，0 0 1 3，8 0 0 0"),
            ("'+442079460958' | phone", "plus 4 4 2, 0 7 9, 4 6 0, 9 5 8", "加 4 4 2，0 7 9，4 6 0，9 5 8"),
        ]);
    }

    #[test]
    fn amounts_and_counts() {
        check(&[
            ("1250 | money", "$12.50", "12.50元"),
            ("1200 | money", "$12", "12元"),
            ("1205 | money('EUR')", "€12.05", "12.05欧元"),
            ("-500 | money('CNY')", "minus ¥5", "负5元"),
            ("420 | percent", "4.2%", "4.2%"),
            ("500 | percent", "5%", "5%"),
            ("-75 | percent", "-0.75%", "-0.75%"),
            ("1 | count('day')", "1 day", "1day"),
            ("3 | count('day')", "3 days", "3day"),
            ("2 | count('delivery')", "2 deliveries", "2delivery"),
            ("2 | count('box')", "2 boxes", "2box"),
            ("2 | count('foot', 'feet')", "2 feet", "2foot"),
            ("2 | count('个')", "2 个s", "2个"),
            ("36 | months", "3 years", "3年"),
            ("30 | months", "2 years and 6 months", "2年6个月"),
            ("90 | duration", "1 hour and 30 minutes", "1小时30分钟"),
            ("4320 | duration", "3 days", "3天"),
            ("0 | duration", "0 minutes", "0分钟"),
            ("['a', 'b', 'c'] | list", "a, b and c", "a、b和c"),
            ("['a'] | list", "a", "a"),
            ("[] | list", "", ""),
        ]);
    }

    #[test]
    fn days_and_times() {
        check(&[
            ("'2026-11-24' | date", "Tuesday, November 24", "11月24日星期二"),
            ("'2026-11-24T15:30' | date", "Tuesday, November 24", "11月24日星期二"),
            ("'15:30' | time", "3:30 pm", "下午3点半"),
            ("'14:05' | time", "2:05 pm", "下午2点零5分"),
            ("'10:00' | time", "10 am", "上午10点"),
            ("'12:00' | time", "noon", "中午12点"),
            ("'00:00' | time", "midnight", "凌晨12点"),
            ("'20:15' | time", "8:15 pm", "晚上8点15分"),
            ("'2026-11-24T15:30' | datetime", "Tuesday, November 24 at 3:30 pm", "11月24日星期二下午3点半"),
        ]);
        let near =
            |day: &str, language: &str| render("{{ day | date }}", &context! { day, language, today => "2026-11-22" }).unwrap();
        assert_eq!((near("2026-11-23", "en").as_str(), near("2026-11-24", "zh").as_str()), ("tomorrow", "后天"));
        assert_eq!((near("2027-03-01", "en").as_str(), near("2027-03-01", "zh").as_str()), ("March 1, 2027", "2027年3月1日"));
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_not_said() {
        for template in ["'soon' | date", "'late' | time", "100 | money('XYZ')", "'a' | percent"] {
            assert!(render(&format!("{{{{ {template} }}}}"), &context! { language => "en" }).is_err(), "{template}");
        }
    }
}
