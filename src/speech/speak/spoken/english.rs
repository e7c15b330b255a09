//! Numbers in English words.
//! Never asks what a number is for beyond the words beside it.

use super::Around;
use super::scan::{Amount, Number};

const ONES: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] = ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const SCALES: [(u64, &str); 4] =
    [(1_000_000_000_000, "trillion"), (1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand")];
const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
/// Ordinals that are not the cardinal with `th`.
const ORDINALS: [(&str, &str); 8] = [
    ("one", "first"),
    ("two", "second"),
    ("three", "third"),
    ("five", "fifth"),
    ("eight", "eighth"),
    ("nine", "ninth"),
    ("twelve", "twelfth"),
    ("y", "ieth"),
];
/// Sign, one unit, several units, one hundredth, several hundredths.
const CURRENCIES: [(char, [&str; 4]); 4] = [
    ('$', ["dollar", "dollars", "cent", "cents"]),
    ('£', ["pound", "pounds", "penny", "pence"]),
    ('€', ["euro", "euros", "cent", "cents"]),
    ('¥', ["yuan", "yuan", "fen", "fen"]),
];
/// A number of three or more digits behind one of these names a thing.
const NAMING: [&str; 30] = [
    "account",
    "booking",
    "card",
    "case",
    "claim",
    "code",
    "confirmation",
    "customer",
    "digits",
    "ending",
    "extension",
    "flight",
    "id",
    "invoice",
    "member",
    "membership",
    "no",
    "number",
    "order",
    "parcel",
    "passcode",
    "pin",
    "policy",
    "ref",
    "reference",
    "return",
    "room",
    "ticket",
    "tracking",
    "zip",
];
/// These may stand between the name and the number.
const BETWEEN: [&str; 6] = ["is", "was", "in", "with", "the", "code"];
/// A number from 1900 to 2099 behind one of these is a year.
const BEFORE_YEAR: [&str; 8] = ["in", "since", "until", "year", "of", "from", "by", "before"];

pub(super) fn read(number: &Number, around: &Around<'_>) -> String {
    match number {
        Number::Money(sign, amount) => money(*sign, amount),
        Number::Percent(amount) => format!("{} percent", decimal(amount)),
        Number::Date { year, month, day } => {
            format!("{} {}, {}", MONTHS[usize::from(month - 1)], ordinal(u64::from(*day)), year_words(u64::from(*year)))
        }
        Number::Time { hour, minute } => time(*hour, *minute),
        Number::Phone(groups) => groups.iter().map(|group| digits(group)).collect::<Vec<_>>().join(", "),
        Number::Range(low, high) => format!("{} to {}", plain(low), plain(high)),
        Number::Ordinal(value) => ordinal(*value),
        Number::Decimal(amount) => decimal(amount),
        Number::Plain(text) => bare(text, around),
        Number::Code(text) => spelt(text),
    }
}

/// A bare run of digits, read by what stands beside it.
fn bare(text: &str, around: &Around<'_>) -> String {
    let Ok(value) = text.parse::<u64>() else { return digits(text) };
    let words = last_words(around.before);
    let month = words.first().is_some_and(|word| MONTHS.iter().any(|month| month.eq_ignore_ascii_case(word)));
    let said = if month && (1..=31).contains(&value) && text.len() <= 2 {
        ordinal(value)
    } else if names_a_thing(text, around, &words) {
        digits(text)
    } else if (1900..2100).contains(&value) && is_year(around, &words, month) {
        year_words(value)
    } else {
        cardinal(value)
    };
    // `10am` was written together; `#12` reads as "number 12" would.
    let unit_follows = around.after.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    format!("{said}{}", if unit_follows { " " } else { "" })
}

fn names_a_thing(text: &str, around: &Around<'_>, words: &[String]) -> bool {
    let named = || {
        let mut before = words.iter().skip_while(|word| BETWEEN.contains(&word.as_str()) && !NAMING.contains(&word.as_str()));
        before.next().is_some_and(|word| NAMING.contains(&word.as_str()))
    };
    text.len() >= 5 || text.len() > 1 && text.starts_with('0') || text.len() >= 3 && (around.before.ends_with('#') || named())
}

fn is_year(around: &Around<'_>, words: &[String], month: bool) -> bool {
    // "May 5, 2026" leaves only ", " between the numbers.
    month || around.before.trim() == "," || words.first().is_some_and(|word| BEFORE_YEAR.contains(&word.as_str()))
}

/// The words before a number in its sentence, the nearest first, in lower case.
fn last_words(before: &str) -> Vec<String> {
    let sentence = before.rsplit(['.', '!', '?', ';']).next().unwrap_or_default();
    let nearest = sentence.rsplit(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    nearest.take(3).map(str::to_lowercase).collect()
}

fn money(sign: char, amount: &Amount) -> String {
    let Some((_, [unit, units, hundredth, hundredths])) = CURRENCIES.into_iter().find(|(known, _)| *known == sign) else {
        return decimal(amount);
    };
    let whole = amount.whole.parse().unwrap_or(u64::MAX);
    if amount.fraction.len() > 2 {
        return format!("{} {units}", decimal(amount));
    }
    let parts = format!("{:0<2}", amount.fraction).parse().unwrap_or(0);
    let large = format!("{} {}", cardinal(whole), if whole == 1 { unit } else { units });
    let small = format!("{} {}", cardinal(parts), if parts == 1 { hundredth } else { hundredths });
    match (whole, parts) {
        (_, 0) => large,
        (0, _) => small,
        _ => format!("{large} and {small}"),
    }
}

/// `14:05` as on a timetable: "fourteen oh five"; whole hours of the twelve-hour clock get "o'clock" from no one.
fn time(hour: u8, minute: u8) -> String {
    let hour_words = cardinal(u64::from(hour));
    match minute {
        0 if hour > 12 || hour == 0 => format!("{hour_words} hundred"),
        0 => hour_words,
        1..=9 => format!("{hour_words} oh {}", cardinal(u64::from(minute))),
        _ => format!("{hour_words} {}", cardinal(u64::from(minute))),
    }
}

fn decimal(amount: &Amount) -> String {
    let whole = plain(&amount.whole);
    if amount.fraction.is_empty() { whole } else { format!("{whole} point {}", digits(&amount.fraction)) }
}

fn plain(text: &str) -> String {
    text.parse().map_or_else(|_| digits(text), cardinal)
}

fn digits(text: &str) -> String {
    text.chars().filter_map(|c| c.to_digit(10)).map(|digit| ONES[digit as usize]).collect::<Vec<_>>().join(" ")
}

/// Letters and digits one by one.
fn spelt(text: &str) -> String {
    let said =
        text.chars().map(|c| c.to_digit(10).map_or_else(|| c.to_ascii_uppercase().to_string(), |d| ONES[d as usize].to_owned()));
    said.collect::<Vec<_>>().join(" ")
}

/// "nineteen ninety-five", "two thousand five", "twenty twenty-six".
fn year_words(year: u64) -> String {
    match (year / 100, year % 100) {
        (20, 0..=9) => cardinal(year),
        (century, 0) => format!("{} hundred", cardinal(century)),
        (century, rest @ 1..=9) => format!("{} oh {}", cardinal(century), cardinal(rest)),
        (century, rest) => format!("{} {}", cardinal(century), cardinal(rest)),
    }
}

fn ordinal(value: u64) -> String {
    let words = cardinal(value);
    let changed = ORDINALS.iter().find_map(|(end, ordinal)| words.strip_suffix(end).map(|head| format!("{head}{ordinal}")));
    changed.unwrap_or_else(|| format!("{words}th"))
}

fn cardinal(value: u64) -> String {
    if let Some((scale, name)) = SCALES.into_iter().find(|(scale, _)| value >= *scale) {
        return joined(format!("{} {name}", cardinal(value / scale)), " ", value % scale);
    }
    match value as usize {
        small @ 0..20 => ONES[small].to_owned(),
        tens @ 20..100 => joined(TENS[tens / 10].to_owned(), "-", value % 10),
        hundreds => joined(format!("{} hundred", ONES[hundreds / 100]), " ", value % 100),
    }
}

fn joined(head: String, by: &str, rest: u64) -> String {
    if rest == 0 { head } else { format!("{head}{by}{}", cardinal(rest)) }
}

#[cfg(test)]
mod tests {
    use crate::speech::speak::spoken::spoken;
    use crate::talk::Language;

    fn check(cases: &[(&str, &str)]) {
        for (written, said) in cases {
            assert_eq!(spoken(written, Language::EN), *said, "{written}");
        }
    }

    #[test]
    fn what_names_a_thing_is_read_digit_by_digit() {
        check(&[
            ("Your order 4271 has shipped.", "Your order four two seven one has shipped."),
            ("The order number is 4271.", "The order number is four two seven one."),
            ("The card ending in 0042.", "The card ending in zero zero four two."),
            ("Parcel #305 is here.", "Parcel #three zero five is here."),
            ("Tracking 100200300.", "Tracking one zero zero two zero zero three zero zero."),
            ("Invoice AB12.", "Invoice A B one two."),
            ("Call +1 555-123-4567 now.", "Call one, five five five, one two three, four five six seven now."),
        ]);
    }

    #[test]
    fn counts_and_amounts_are_read_as_numbers() {
        check(&[
            ("We have 4271 lamps.", "We have four thousand two hundred seventy-one lamps."),
            ("Order 12 lamps.", "Order twelve lamps."),
            ("It costs $12.50.", "It costs twelve dollars and fifty cents."),
            ("It costs $1.", "It costs one dollar."),
            ("Only £0.99!", "Only ninety-nine pence!"),
            ("That is €1,299.", "That is one thousand two hundred ninety-nine euros."),
            ("It is 3.05 metres.", "It is three point zero five metres."),
            ("You save 15%.", "You save fifteen percent."),
            ("Wait 3-5 days.", "Wait three to five days."),
            ("1,000,000 thanks", "one million thanks"),
        ]);
    }

    #[test]
    fn dates_and_times_are_read_as_such() {
        check(&[
            ("It arrives 2026-05-12.", "It arrives May twelfth, twenty twenty-six."),
            ("On May 5, 2026.", "On May fifth, twenty twenty-six."),
            ("Since 1995.", "Since nineteen ninety-five."),
            ("In 2005 and of 1907.", "In two thousand five and of nineteen oh seven."),
            ("At 9:05 or 14:30.", "At nine oh five or fourteen thirty."),
            ("From 10am to 8:00.", "From ten am to eight."),
            ("The 21st and 30th, 12th.", "The twenty-first and thirtieth, twelfth."),
        ]);
    }

    #[test]
    fn text_without_numbers_is_left_alone() {
        check(&[("Hello, anne42@example.com.", "Hello, anne42@example.com."), ("", "")]);
        assert_eq!(spoken("Bonjour 42", "fr".parse().expect("a tag")), "Bonjour 42");
    }

    #[test]
    fn numbers_beyond_any_word_are_read_digit_by_digit() {
        let huge = "9".repeat(30);
        assert_eq!(spoken(&huge, Language::EN), vec!["nine"; 30].join(" "));
        assert!(spoken(&format!("${huge}"), Language::EN).contains("dollars"));
    }
}
