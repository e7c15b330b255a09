//! English numbers, ordinals and spelled letters.
//! Works on lower-case words as the grammars give them.

const UNITS: [&str; 20] = [
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
const ORDINALS: [&str; 20] = [
    "",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
];
const NATO: [&str; 26] = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima", "mike",
    "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "x-ray", "yankee", "zulu",
];

/// What a word is worth in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Unit(u64),
    Teen(u64),
    Tens(u64),
    Scale(u64),
    /// `double`, `triple`.
    Times(usize),
    Ordinal(u64),
}

pub(super) fn written(text: &str, asked: bool, spelling: bool) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let run = run_len(&words[at..], asked);
        if run > 0 {
            out.push(number(&words[at..at + run]));
            at += run;
        } else {
            out.push(words[at].to_owned());
            at += 1;
        }
    }
    let joined = join_points(out);
    if spelling { spelled(&joined) } else { joined.join(" ") }
}

fn part(word: &str) -> Option<Part> {
    let place = |words: &[&str]| words.iter().position(|w| *w == word && !w.is_empty()).map(|i| i as u64);
    match word {
        "oh" => return Some(Part::Unit(0)),
        "hundred" => return Some(Part::Scale(100)),
        "thousand" => return Some(Part::Scale(1_000)),
        "double" => return Some(Part::Times(2)),
        "triple" => return Some(Part::Times(3)),
        "twentieth" => return Some(Part::Ordinal(20)),
        "thirtieth" => return Some(Part::Ordinal(30)),
        _ => {}
    }
    let cardinal = place(&UNITS).map(|n| if n < 10 { Part::Unit(n) } else { Part::Teen(n) });
    cardinal.or_else(|| place(&TENS).map(|n| Part::Tens(n * 10))).or_else(|| place(&ORDINALS).map(Part::Ordinal))
}

/// How many words from here on are one number; 0 if none is, or if it was hardly meant as one.
fn run_len(words: &[&str], asked: bool) -> usize {
    let mut len = 0;
    while len < words.len() {
        match part(words[len]) {
            Some(Part::Ordinal(_)) if asked => return len + 1,
            Some(Part::Ordinal(_)) | None => {
                let scaled = len > 0 && matches!(part(words[len - 1]), Some(Part::Scale(_)));
                let goes_on = words.get(len + 1).is_some_and(|w| matches!(part(w), Some(p) if !matches!(p, Part::Ordinal(_))));
                if !(words[len] == "and" && scaled && goes_on) {
                    break;
                }
            }
            Some(_) => {}
        }
        len += 1;
    }
    while len > 0 && (matches!(part(words[len - 1]), Some(Part::Times(_))) || words[len - 1] == "and") {
        len -= 1;
    }
    let meant = asked || len >= 2 || matches!(words[..len], [word] if !matches!(word, "one" | "oh" | "zero" | "second"));
    let says_number = words[..len].iter().any(|w| !matches!(part(w), None | Some(Part::Times(_) | Part::Scale(_))));
    if meant && says_number { len } else { 0 }
}

/// A run of number words in digits. A tens word takes the unit after it, a hundred or thousand multiplies what stands
/// before it; everything else is said digit by digit and written side by side.
fn number(words: &[&str]) -> String {
    let parts: Vec<Part> = words.iter().filter_map(|w| part(w)).collect();
    if parts.iter().any(|p| matches!(p, Part::Scale(_))) {
        return scaled(&parts).to_string();
    }
    let mut text = String::new();
    let mut parts = parts.into_iter().peekable();
    let mut times = 1;
    while let Some(part) = parts.next() {
        let value = match part {
            Part::Times(n) => {
                times = n;
                continue;
            }
            Part::Tens(tens) => match parts.peek() {
                Some(&(Part::Unit(unit) | Part::Ordinal(unit))) if (1..10).contains(&unit) => {
                    // "twenty first twenty twenty six": a year after a day stands apart.
                    let ordinal = matches!(parts.next(), Some(Part::Ordinal(_)));
                    debug_assert!(!ordinal || parts.peek().is_none(), "an ordinal ends its run");
                    tens + unit
                }
                _ => tens,
            },
            Part::Unit(n) | Part::Teen(n) | Part::Ordinal(n) | Part::Scale(n) => n,
        };
        text.push_str(&value.to_string().repeat(std::mem::replace(&mut times, 1)));
    }
    text
}

fn scaled(parts: &[Part]) -> u64 {
    let (mut total, mut group) = (0u64, 0u64);
    for part in parts {
        match *part {
            Part::Scale(100) => group = group.max(1).saturating_mul(100),
            Part::Scale(scale) => {
                total = total.saturating_add(group.max(1).saturating_mul(scale));
                group = 0;
            }
            Part::Unit(n) | Part::Teen(n) | Part::Tens(n) | Part::Ordinal(n) => group = group.saturating_add(n),
            Part::Times(_) => {}
        }
    }
    total.saturating_add(group)
}

/// "12 point 5" → "12.5".
fn join_points(words: Vec<String>) -> Vec<String> {
    let is_number = |w: &String| w.bytes().all(|b| b.is_ascii_digit());
    let mut out: Vec<String> = Vec::new();
    for word in words {
        if is_number(&word) && out.last().is_some_and(|w| w == "point") && out.iter().rev().nth(1).is_some_and(is_number) {
            out.pop();
            let whole = out.pop().expect("two words stand there");
            out.push(format!("{whole}.{word}"));
        } else {
            out.push(word);
        }
    }
    out
}

/// Letters, NATO words and numbers drawn together; "b for bravo" is one letter.
fn spelled(words: &[String]) -> String {
    let mut out = String::new();
    let mut times = 1;
    let mut explained = false;
    for word in words {
        let letter = match (word.as_str(), NATO.iter().position(|n| n == word)) {
            (_, Some(i)) => Some(char::from(b'A' + i as u8).to_string()),
            (w, None) if w.bytes().all(|b| b.is_ascii_digit()) => Some(w.to_owned()),
            (w, None) if w.trim_end_matches('.').len() == 1 => Some(w.trim_end_matches('.').to_uppercase()),
            _ => None,
        };
        match (letter, word.as_str()) {
            (Some(_), _) if std::mem::take(&mut explained) => {}
            (Some(letter), _) => out.push_str(&letter.repeat(std::mem::replace(&mut times, 1))),
            (None, "double") => times = 2,
            (None, "triple") => times = 3,
            (None, "for" | "in") => explained = true,
            (None, "as") => {}
            (None, other) => {
                out.push(' ');
                out.push_str(other);
                out.push(' ');
            }
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}
