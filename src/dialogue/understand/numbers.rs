//! Numbers as people say them, in English and Chinese: digit by digit, in pairs, doubled, or as one number.
//! Never guesses: a word that is no number ends the number.

use crate::business::tokens;

/// One word of a number.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// Digits as they stand ("4271", "four", "幺").
    Literal(String),
    /// Twenty, thirty …: takes a following unit in.
    Tens(u64),
    /// Ten to nineteen.
    Teen(u64),
    /// Hundred, thousand, 十 百 千 万.
    Scale(u64),
    /// The next digit twice or three times.
    Times(usize),
}

/// Every number in a text, as digits: "forty two seven one" is `4271`, 一千二百 is `1200`.
pub fn numbers(text: &str) -> Vec<String> {
    runs(&tokens(text)).into_iter().filter_map(|run| digits_of(&run.parts)).collect()
}

/// The words of a text with every number as `#`.
pub fn without_numbers(text: &str) -> Vec<String> {
    let words = tokens(text);
    let mut out = Vec::new();
    let mut at = 0;
    for run in runs(&words) {
        out.extend_from_slice(&words[at..run.from]);
        out.push("#".to_owned());
        at = run.to;
    }
    out.extend_from_slice(&words[at..]);
    out
}

/// The last number of a text as a whole number, for amounts and counts.
pub fn whole(text: &str) -> Option<i64> {
    numbers(text).last()?.parse().ok()
}

struct Run {
    from: usize,
    to: usize,
    parts: Vec<Part>,
}

/// The longest stretches of number words. A lone "a", "one" or 一 inside other words counts as a number only with company.
fn runs(words: &[String]) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let Some(part) = part(word) else { continue };
        let joins = |run: &Run| run.to == at || (run.to + 1 == at && words[run.to] == "and" && has_scale(&run.parts));
        match found.last_mut().filter(|run| joins(run)) {
            Some(run) => {
                run.parts.push(part);
                run.to = at + 1;
            }
            None => found.push(Run { from: at, to: at + 1, parts: vec![part] }),
        }
    }
    found.retain(|run| run.parts.len() > 1 || words[run.from].starts_with(|c: char| c.is_ascii_digit()));
    found
}

fn has_scale(parts: &[Part]) -> bool {
    parts.iter().any(|p| matches!(p, Part::Scale(_)))
}

fn part(word: &str) -> Option<Part> {
    if word.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Part::Literal(word.to_owned()));
    }
    let literal = |n: u64| Some(Part::Literal(n.to_string()));
    match word {
        "zero" | "oh" | "o" | "nought" | "零" | "〇" => literal(0),
        "one" | "一" | "幺" | "壹" => literal(1),
        "two" | "二" | "两" => literal(2),
        "three" | "三" => literal(3),
        "four" | "四" => literal(4),
        "five" | "五" => literal(5),
        "six" | "六" => literal(6),
        "seven" | "七" => literal(7),
        "eight" | "八" => literal(8),
        "nine" | "niner" | "九" => literal(9),
        "double" => Some(Part::Times(2)),
        "triple" | "treble" => Some(Part::Times(3)),
        "hundred" | "百" => Some(Part::Scale(100)),
        "thousand" | "千" => Some(Part::Scale(1_000)),
        "万" => Some(Part::Scale(10_000)),
        "十" => Some(Part::Scale(10)),
        _ => teen(word).map(Part::Teen).or_else(|| tens(word).map(Part::Tens)),
    }
}

fn teen(word: &str) -> Option<u64> {
    let names = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
    names.iter().position(|n| *n == word).map(|i| 10 + i as u64)
}

fn tens(word: &str) -> Option<u64> {
    let names = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    names.iter().position(|n| *n == word).map(|i| 20 + 10 * i as u64)
}

fn digits_of(parts: &[Part]) -> Option<String> {
    if has_scale(parts) { cardinal(parts).map(|n| n.to_string()) } else { Some(in_order(parts)) }
}

/// "forty two seven double one" as 42 7 11.
fn in_order(parts: &[Part]) -> String {
    let mut out = String::new();
    let mut times = 1;
    let mut parts = parts.iter().peekable();
    while let Some(part) = parts.next() {
        let text = match part {
            Part::Literal(digits) => digits.clone(),
            Part::Teen(n) | Part::Scale(n) => n.to_string(),
            Part::Tens(n) => match parts.peek() {
                Some(Part::Literal(unit)) if unit.len() == 1 && unit != "0" => {
                    let unit = unit.parse().unwrap_or(0);
                    parts.next();
                    (n + unit).to_string()
                }
                _ => n.to_string(),
            },
            Part::Times(n) => {
                times = *n;
                continue;
            }
        };
        out.push_str(&text.repeat(times));
        times = 1;
    }
    out
}

/// "four thousand two hundred seventy one", 一千二百三十, 十五, 两万三.
fn cardinal(parts: &[Part]) -> Option<u64> {
    let (mut total, mut section, mut unit) = (0u64, 0u64, None::<u64>);
    let mut last_scale = 0;
    for part in parts {
        match part {
            Part::Literal(digits) => unit = Some(unit.unwrap_or(0) + digits.parse::<u64>().ok()?),
            Part::Tens(n) | Part::Teen(n) => unit = Some(unit.unwrap_or(0) + n),
            Part::Scale(scale @ (1_000 | 10_000)) => {
                let count = (section + unit.take().unwrap_or(0)).max(1);
                total = total.checked_add(count.checked_mul(*scale)?)?;
                section = 0;
                last_scale = *scale;
            }
            Part::Scale(scale) => {
                section = section.checked_add(unit.take().unwrap_or(1).checked_mul(*scale)?)?;
                last_scale = *scale;
            }
            Part::Times(_) => return None,
        }
    }
    // 一千二 is 1200: a digit right after 百, 千 or 万 counts one scale below.
    let spoken_short = matches!((parts.last(), parts.iter().rev().nth(1)), (Some(Part::Literal(d)), Some(Part::Scale(s))) if d.len() == 1 && *s >= 100);
    let tail = match unit {
        Some(n) if spoken_short => n * last_scale / 10,
        Some(n) => n,
        None => 0,
    };
    total.checked_add(section)?.checked_add(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(numbers(text), expected, "{text}");
    }

    #[test]
    fn english_in_every_way() {
        check("order 4271 please", &["4271"]);
        check("it's four two seven one", &["4271"]);
        check("forty two seventy one", &["4271"]);
        check("4 2 7 1", &["4271"]);
        check("five oh double two", &["5022"]);
        check("four thousand two hundred and seventy one", &["4271"]);
        check("twelve three forty six", &["12346"]);
        check("can i get one", &[]);
    }

    #[test]
    fn chinese_in_every_way() {
        check("订单四二七幺", &["4271"]);
        check("四千二百七十一", &["4271"]);
        check("幺二三四六", &["12346"]);
        check("一万两千三百四十六", &["12346"]);
        check("一千二", &["1200"]);
        check("十五", &["15"]);
        check("一千零二", &["1002"]);
    }

    #[test]
    fn a_number_is_one_word_to_the_intents() {
        assert_eq!(without_numbers("Order four two seven one is late"), ["order", "#", "is", "late"]);
        assert_eq!(without_numbers("one moment"), ["one", "moment"]);
    }
}
