//! Amounts of money, in hundredths: 12.50, twelve fifty, three dollars fifty, 三百五十块两毛, 两千三, two grand.
//! Never asks for the currency; an amount that names one goes before one that does not.

use super::number::{Figure, number, pair, whole};
use super::words::{from, one_of, skip, starts, word};

/// The amount that the words begin with, whether a currency was named, and how many words it takes.
pub fn money(words: &[String]) -> Option<(i64, bool, usize)> {
    let sign = skip(words, &["$", "£", "€", "¥"]);
    let rest = from(words, sign);
    let (cents, named, length) = chinese(rest).or_else(|| english(rest))?;
    Some((cents, named || sign > 0, sign + length))
}

const UNITS: &[&str] =
    &["us dollars", "dollars", "dollar", "bucks", "buck", "pounds", "pound", "quid", "euros", "euro", "yuan", "rmb"];
const CENTS: &[&str] = &["cents", "cent", "pence", "p", "fen"];
const YUAN: &[&str] = &["块钱", "块", "元钱", "元", "圆", "人民币"];

fn english(words: &[String]) -> Option<(i64, bool, usize)> {
    let one = matches!(word(words, 0), "a") && skip(from(words, 1), UNITS) > 0;
    let (figure, length) = if one { (Figure::of(1)?, 1) } else { number(words)? };
    let unit = skip(from(words, length), UNITS);
    if unit == 0 {
        return bare(words, figure, length);
    }
    let at = length + unit;
    let (cents, more) = cents_behind(from(words, at));
    let of = skip(from(words, at + more), &["rmb"]);
    Some((figure.hundredfold()?.checked_add(cents)?, true, at + more + of))
}

/// "And ten cents", "fifty" behind the dollars.
fn cents_behind(words: &[String]) -> (i64, usize) {
    let and = skip(words, &["and"]);
    let Some((cents, length)) = whole(from(words, and)).filter(|(n, _)| (1..100).contains(n)) else { return (0, 0) };
    let unit = skip(from(words, and + length), CENTS);
    if unit > 0 || and == 0 && cents >= 10 { (cents, and + length + unit) } else { (0, 0) }
}

/// No currency: cents, "twelve fifty", or a plain number.
fn bare(words: &[String], figure: Figure, length: usize) -> Option<(i64, bool, usize)> {
    let cents = skip(from(words, length), CENTS);
    if cents > 0 {
        return Some((figure.whole()?, true, length + cents));
    }
    if let Some((high, low, paired)) = pair(words).filter(|(_, _, paired)| *paired > length) {
        let unit = skip(from(words, paired), UNITS);
        return Some((i64::from(high) * 100 + i64::from(low), unit > 0, paired + unit));
    }
    Some((figure.hundredfold()?, false, length))
}

/// 三块五, 三百五十块两毛, 十二块零五分, 两毛五, 三块半; and amounts in 万 without any unit.
fn chinese(words: &[String]) -> Option<(i64, bool, usize)> {
    let (figure, length) = number(words)?;
    let unit = skip(from(words, length), YUAN);
    if unit > 0 {
        let at = length + unit;
        let (cents, more) = fen(from(words, at), true);
        let end = at + more + skip(from(words, at + more), &["钱", "整", "人民币"]);
        return Some((figure.hundredfold()?.checked_add(cents)?, true, end));
    }
    let (cents, length) = fen(words, false);
    (length > 0).then_some((cents, true, length + skip(from(words, length), &["钱"])))
}

/// 两毛五, 五分, 半 (of one yuan); behind a 块 a lone digit counts tenths.
fn fen(words: &[String], behind: bool) -> (i64, usize) {
    if behind && let Some(length) = starts(words, "半") {
        return (50, length);
    }
    let zero = if behind { skip(words, &["零"]) } else { 0 };
    let Some((n, length)) = whole(from(words, zero)).filter(|(n, _)| (0..100).contains(n)) else { return (0, 0) };
    let at = zero + length;
    match one_of(from(words, at), &[("毛钱", 10), ("毛", 10), ("角", 10), ("分钱", 1), ("分", 1)]) {
        Some((10, more)) => {
            let (rest, length) = tail(from(words, at + more));
            (10 * n + rest, at + more + length)
        }
        Some((unit, more)) => (unit * n, at + more),
        // 一万块五年: these are years.
        None if behind && n < 10 && one_of(from(words, at), LENGTHS).is_none() => (10 * n, at),
        None => (0, 0),
    }
}

const LENGTHS: &[(&str, ())] = &[("年", ()), ("个月", ()), ("月", ()), ("期", ()), ("天", ())];

/// The hundredths behind a 毛.
fn tail(words: &[String]) -> (i64, usize) {
    match whole(words) {
        Some((n, length)) if n < 10 => (n, length + skip(from(words, length), &["分"])),
        Some(_) | None => (0, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[track_caller]
    fn check(cases: &[(&str, i64)]) {
        for (text, cents) in cases {
            let said = words(text);
            let found = money(&said);
            assert_eq!(found.map(|(c, _, length)| (c, length)), Some((*cents, said.len())), "{text}");
        }
    }

    #[test]
    fn money_in_english() {
        check(&[
            ("12.50", 1_250),
            ("$1,299.50", 129_950),
            ("twelve fifty", 1_250),
            ("twelve dollars", 1_200),
            ("twelve dollars fifty", 1_250),
            ("three hundred and fifty dollars and ten cents", 35_010),
            ("a dollar fifty", 150),
            ("fifty cents", 50),
            ("ninety nine pence", 99),
            ("two grand", 200_000),
            ("5k", 500_000),
            ("a hundred bucks", 10_000),
            ("two and a half thousand dollars", 250_000),
            ("one point five million euros", 150_000_000),
            ("three hundred", 30_000),
            ("nineteen ninety nine", 1_999),
            ("twenty five quid", 2_500),
            ("3", 300),
        ]);
    }

    #[test]
    fn money_in_chinese() {
        check(&[
            ("三百五十块", 35_000),
            ("三百五十块两毛", 35_020),
            ("三百五", 35_000),
            ("三块五", 350),
            ("三块五毛", 350),
            ("三块五毛二", 352),
            ("三块五毛二分", 352),
            ("三块零五分", 305),
            ("三块半", 350),
            ("两毛五", 25),
            ("八毛钱", 80),
            ("十块钱", 1_000),
            ("1.2万", 1_200_000),
            ("两千三百块钱", 230_000),
            ("一万二", 1_200_000),
            ("12.5元", 1_250),
            ("¥1,234.50", 123_450),
            ("五千元整", 500_000),
            ("二十万", 20_000_000),
        ]);
    }
}
