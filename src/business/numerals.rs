//! A text as words and numbers: `1,234.50`, "twelve hundred and fifty", 一千二百五十, 3.5 and 三点五.
//! Never says what a number counts.

/// A word, a sign, or a number.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// In lower case; a Chinese character or a sign is one by itself.
    Word(String),
    /// In thousandths. Not `sure` is a word that often counts nothing: "one", 一.
    Number {
        /// The value.
        thousandths: i128,
        /// Whether it is a number even if nothing is counted.
        sure: bool,
    },
}

const SIGNS: &[char] = &['%', '％', '$', '€', '£', '¥', '￥'];
/// A number ends before them.
const PAUSES: &[char] = &[',', '.', ';', '，', '。', '；', '、'];
/// Longer numbers are references, compared digit by digit up to here.
const MOST_DIGITS: usize = 24;

/// The words and numbers of a text, in order.
pub(super) fn items(text: &str) -> Vec<Item> {
    let words = words(text);
    let mut items = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        let (item, used) =
            written(rest).or_else(|| chinese(rest)).or_else(|| english(rest)).unwrap_or_else(|| (word(&rest[0]), 1));
        items.push(item);
        at += used;
    }
    items
}

fn word(word: &str) -> Item {
    Item::Word(word.to_owned())
}

fn number(value: i128, sure: bool) -> Item {
    Item::Number { thousandths: value.saturating_mul(1_000), sure }
}

/// Digits with their separators, words, signs and Chinese characters. `9:30` and `2026-11-22` fall into their units.
fn words(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let c = letters[at];
        let start = at;
        at += 1;
        if c.is_ascii_digit() {
            while at < letters.len() && in_number(&letters, at) {
                at += 1;
            }
            words.push(letters[start..at].iter().collect());
            at += ordinal_ending(&letters[at..]);
            stand_apart(&mut words, &letters, at);
        } else if c.is_alphabetic() && !is_han(c) {
            while at < letters.len() && letters[at].is_alphabetic() && !is_han(letters[at]) {
                at += 1;
            }
            words.push(letters[start..at].iter().collect());
        } else if is_han(c) || SIGNS.contains(&c) {
            words.push(c.to_string());
        } else if PAUSES.contains(&c) {
            words.push(",".to_owned());
        }
    }
    dates(words)
}

/// `,` and `.` belong to a number between digits; the comma only before three of them.
fn in_number(letters: &[char], at: usize) -> bool {
    let digit = |i: usize| letters.get(i).is_some_and(char::is_ascii_digit);
    match letters[at] {
        '.' => digit(at + 1),
        ',' => digit(at + 1) && digit(at + 2) && digit(at + 3) && !digit(at + 4),
        c => c.is_ascii_digit(),
    }
}

fn ordinal_ending(rest: &[char]) -> usize {
    let ends = |ending: &str| ending.chars().eq(rest.iter().copied().take(2));
    let alone = rest.get(2).is_none_or(|c| !c.is_alphanumeric());
    if alone && ["st", "nd", "rd", "th"].into_iter().any(ends) { 2 } else { 0 }
}

/// After `9` of `9:30` comes 点, as in Chinese; after `2026` of `2026-11` a hyphen, for [`dates`].
fn stand_apart(words: &mut Vec<String>, letters: &[char], at: usize) {
    let digit = |i: usize| letters.get(i).is_some_and(char::is_ascii_digit);
    match letters.get(at) {
        Some(':') if digit(at + 1) && digit(at + 2) => words.push("点".to_owned()),
        Some('-') if digit(at + 1) && digit(at + 2) => words.push("-".to_owned()),
        _ => {}
    }
}

/// `2026 - 11 - 22` as 2026年11月22日; other hyphens go.
fn dates(words: Vec<String>) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = words.as_slice();
    while let Some((first, after)) = rest.split_first() {
        match rest {
            [year, dash, month, hyphen, day, tail @ ..] if year.len() == 4 && dash == "-" && hyphen == "-" => {
                for (part, unit) in [(year, "年"), (month, "月"), (day, "日")] {
                    out.extend([part.clone(), unit.to_owned()]);
                }
                rest = tail;
            }
            _ => {
                out.extend((first != "-").then(|| first.clone()));
                rest = after;
            }
        }
    }
    out
}

/// A number in digits, with 万 or 亿 after it.
fn written(words: &[String]) -> Option<(Item, usize)> {
    let first = words[0].as_str();
    if !first.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let plain: String = first.chars().filter(|c| *c != ',').take(MOST_DIGITS).collect();
    let (whole, part) = plain.split_once('.').unwrap_or((&plain, ""));
    let part: String = part.chars().filter(char::is_ascii_digit).chain("000".chars()).take(3).collect();
    let thousandths = whole.parse::<i128>().ok()? * 1_000 + part.parse::<i128>().ok()?;
    let scale = words.get(1).and_then(|next| scale_of(next)).filter(|scale| *scale >= 1_000);
    Some((
        Item::Number { thousandths: thousandths.saturating_mul(scale.unwrap_or(1)), sure: true },
        1 + usize::from(scale.is_some()),
    ))
}

fn scale_of(word: &str) -> Option<i128> {
    match word {
        "thousand" | "千" => Some(1_000),
        "万" => Some(10_000),
        "million" => Some(1_000_000),
        "亿" => Some(100_000_000),
        _ => None,
    }
}

fn chinese_digit(word: &str) -> Option<i128> {
    let at = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"].iter().position(|digit| *digit == word);
    at.map(|digit| digit as i128).or(match word {
        "〇" => Some(0),
        "幺" => Some(1),
        "两" => Some(2),
        _ => None,
    })
}

fn chinese_scale(word: &str) -> Option<i128> {
    match word {
        "十" => Some(10),
        "百" => Some(100),
        _ => scale_of(word).filter(|_| !word.is_ascii()),
    }
}

/// 一千二百三十, 两万三, 四二七一, 三点五. A run that begins with 百, 千 or 万 is a saying (千万, 万一, 百分之), as is 十分.
fn chinese(words: &[String]) -> Option<(Item, usize)> {
    let run = words.iter().take_while(|w| chinese_digit(w).is_some() || chinese_scale(w).is_some()).count();
    let digits = &words[..run];
    let first = digits.first()?.as_str();
    let next = |i: usize| words.get(run + i).map_or("", String::as_str);
    if chinese_digit(first).is_none() && first != "十" || run == 1 && first == "十" && next(0) == "分" && next(1) != "钟" {
        return None;
    }
    let value = if digits.iter().any(|w| chinese_scale(w).is_some()) {
        chinese_cardinal(digits)
    } else {
        digits.iter().filter_map(|w| chinese_digit(w)).take(MOST_DIGITS).fold(0, |value, digit| 10 * value + digit)
    };
    let fraction: Vec<i128> = words[run..].iter().skip(1).map_while(|w| chinese_digit(w)).collect();
    let after = next(1 + fraction.len());
    if next(0) == "点" && !fraction.is_empty() && chinese_scale(after).is_none() && after != "分" {
        let part = fraction.iter().chain(&[0, 0, 0]).take(3).fold(0, |part, digit| 10 * part + digit);
        return Some((
            Item::Number { thousandths: value.saturating_mul(1_000).saturating_add(part), sure: true },
            run + 1 + fraction.len(),
        ));
    }
    Some((number(value, run > 1 || value != 1), run))
}

fn chinese_cardinal(digits: &[String]) -> i128 {
    let (mut total, mut section, mut unit, mut last) = (0i128, 0i128, 0i128, 1i128);
    for word in digits {
        match (chinese_digit(word), chinese_scale(word)) {
            (Some(0), _) => last = 1,
            (Some(digit), _) => unit = digit,
            (None, Some(scale @ (10 | 100 | 1_000))) => {
                section += unit.max(1) * scale;
                (unit, last) = (0, scale);
            }
            (None, Some(scale)) => {
                total = total.saturating_add(section + unit).max(1).saturating_mul(scale);
                (section, unit, last) = (0, 0, scale);
            }
            (None, None) => {}
        }
    }
    // 一千二 is 1200: a digit right after a scale counts one scale below.
    total.saturating_add(section + if last >= 100 { unit * last / 10 } else { unit })
}

fn small(word: &str) -> Option<i128> {
    const NAMES: [&str; 20] = [
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
    NAMES.iter().position(|name| *name == word).map(|value| value as i128)
}

fn tens(word: &str) -> Option<i128> {
    const NAMES: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    NAMES.iter().position(|name| *name == word).map(|value| 20 + 10 * value as i128)
}

/// "twelve hundred and fifty", "three point five", "four two seven one".
fn english(words: &[String]) -> Option<(Item, usize)> {
    let digits = words.iter().map_while(|w| small(w).filter(|digit| *digit < 10)).take(MOST_DIGITS);
    let spelled: Vec<i128> = digits.collect();
    if spelled.len() > 1 {
        return Some((number(spelled.iter().fold(0, |value, digit| 10 * value + digit), true), spelled.len()));
    }
    let (mut total, mut section, mut used, mut may_add) = (0i128, 0i128, 0, 100);
    while let Some(word) = words.get(used) {
        let known = tens(word).map(|value| (value, 10)).or_else(|| small(word).map(|value| (value, 1)));
        match (known, word.as_str()) {
            (Some((value, next)), _) if value < may_add => {
                section = section.saturating_add(value);
                may_add = next;
            }
            (None, "hundred") if used > 0 => (section, may_add) = (section.max(1).saturating_mul(100), 100),
            (None, "thousand" | "million") if used > 0 => {
                total = section.max(1).saturating_mul(scale_of(word).unwrap_or(1)).saturating_add(total);
                (section, may_add) = (0, 100);
            }
            (None, "and")
                if used > 0 && may_add == 100 && words.get(used + 1).is_some_and(|w| small(w).or_else(|| tens(w)).is_some()) => {}
            _ => break,
        }
        used += 1;
    }
    let value = total.saturating_add(section);
    let fraction: Vec<i128> = words[used..].iter().skip(1).map_while(|w| small(w).filter(|digit| *digit < 10)).collect();
    if used > 0 && words.get(used).is_some_and(|w| w == "point") && !fraction.is_empty() {
        let part = fraction.iter().chain(&[0, 0, 0]).take(3).fold(0, |part, digit| 10 * part + digit);
        return Some((
            Item::Number { thousandths: value.saturating_mul(1_000).saturating_add(part), sure: true },
            used + 1 + fraction.len(),
        ));
    }
    (used > 0).then(|| (number(value, used > 1 || value != 1), used))
}

const fn is_han(c: char) -> bool {
    super::knowledge::is_han(c) || c == '〇'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[f64]) {
        let numbers: Vec<f64> = items(text)
            .into_iter()
            .filter_map(|item| match item {
                Item::Number { thousandths, .. } => Some(thousandths as f64 / 1e3),
                Item::Word(_) => None,
            })
            .collect();
        assert_eq!(numbers, expected, "{text}");
    }

    #[test]
    fn numbers_are_read_in_every_form() {
        check("1,234.50 and 3.5% of 1,2", &[1234.5, 3.5, 1.0, 2.0]);
        check("twelve hundred and fifty, four two seven one", &[1250.0, 4271.0]);
        check("two thousand and twenty six; twenty twenty six", &[2026.0, 20.0, 26.0]);
        check("一千二百五十，两万三，四二七一，三点五，3万", &[1250.0, 23000.0, 4271.0, 3.5, 30000.0]);
        check("九点三十分，九点半", &[9.0, 30.0, 9.0]);
        check("一千零二，十五，一百零五", &[1002.0, 15.0, 105.0]);
        check("2026-11-22 at 9:30, the 22nd", &[2026.0, 11.0, 22.0, 9.0, 30.0, 22.0]);
        for hostile in ["9".repeat(60) + "万", "一".to_owned() + &"亿".repeat(60), "two ".to_owned() + &"hundred ".repeat(60)]
        {
            assert!(!items(&hostile).is_empty(), "longer numbers than there are do no harm");
        }
        check("千万，万一，十分抱歉，十分钟", &[1.0, 10.0]);
    }
}
