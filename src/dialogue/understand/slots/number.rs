//! Numbers as people say them: cardinals with and without scales, decimals, halves, ordinals, pairs; English and Chinese.
//! Never uses a float: a figure is exact to four decimals.

use super::words::{from, one_of, starts, word};

/// A number with four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figure(i64);

impl Figure {
    const ONE: i64 = 10_000;
    /// One half.
    pub const HALF: Self = Self(Self::ONE / 2);

    /// A whole number.
    pub fn of(whole: i64) -> Option<Self> {
        whole.checked_mul(Self::ONE).map(Self)
    }

    /// The number, if it is whole.
    pub const fn whole(self) -> Option<i64> {
        if self.0 % Self::ONE == 0 { Some(self.0 / Self::ONE) } else { None }
    }

    /// A hundred times the number, if that is whole: cents of an amount, hundredths of a percent.
    pub const fn hundredfold(self) -> Option<i64> {
        if self.0 % 100 == 0 { Some(self.0 / 100) } else { None }
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The product with a whole number.
    pub fn times(self, factor: i64) -> Option<Self> {
        self.0.checked_mul(factor).map(Self)
    }

    /// `12.5`, with at most four decimals.
    fn written(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let fits =
            !whole.is_empty() && decimals.len() <= 4 && [whole, decimals].iter().all(|t| t.bytes().all(|b| b.is_ascii_digit()));
        let decimals: i64 = fits.then(|| format!("{decimals:0<4}"))?.parse().ok()?;
        Self::of(whole.parse().ok()?)?.plus(Self(decimals))
    }
}

/// The number that the words begin with, and how many words it takes.
pub fn number(words: &[String]) -> Option<(Figure, usize)> {
    chinese(words).or_else(|| english(words))
}

/// A whole number that the words begin with.
pub fn whole(words: &[String]) -> Option<(i64, usize)> {
    let (figure, length) = number(words)?;
    Some((figure.whole()?, length))
}

/// "Twenty twenty-six", "twelve fifty", "three oh five": two numbers below a hundred, the second of two digits.
pub fn pair(words: &[String]) -> Option<(u32, u32, usize)> {
    let (high, length) = below_hundred(words).filter(|(n, _)| *n > 0)?;
    if matches!(word(words, length), "oh" | "o") {
        let low = unit(word(words, length + 1)).filter(|n| *n > 0)?;
        return Some((high, low, length + 2));
    }
    let (low, more) = below_hundred(from(words, length)).filter(|(n, _)| *n >= 10)?;
    Some((high, low, length + more))
}

/// `5th`, "twenty-first", 第三: from 1 to 99.
pub fn ordinal(words: &[String]) -> Option<(u32, usize)> {
    if word(words, 0) == "第" {
        let (n, length) = whole(from(words, 1))?;
        return Some((u32::try_from(n).ok()?, length + 1));
    }
    if let (Ok(n), "st" | "nd" | "rd" | "th") = (word(words, 0).parse(), word(words, 1)) {
        return Some((n, 2));
    }
    let place = |name: &str| ORDINALS.iter().position(|o| *o == name).map(|i| i as u32 + 1);
    if let Some(n) = place(word(words, 0)) {
        return Some((n, 1));
    }
    let round = ["twentieth", "thirtieth"].iter().position(|o| *o == word(words, 0)).map(|i| 20 + 10 * i as u32);
    if let Some(n) = round {
        return Some((n, 1));
    }
    let units = place(word(words, 1)).filter(|n| *n < 10)?;
    Some((tens(word(words, 0))? + units, 2))
}

/// A digit as a word, in either language.
pub fn digit(word: &str) -> Option<u32> {
    let spoken = || match word {
        "oh" | "o" | "nought" | "naught" => Some(0),
        "niner" => Some(9),
        "幺" => Some(1),
        _ => None,
    };
    unit(word).or_else(|| han_digit(word)).or_else(spoken)
}

/// Zero to nine in English.
pub fn unit(word: &str) -> Option<u32> {
    UNITS.iter().position(|u| *u == word).map(|i| i as u32)
}

/// Ten to nineteen.
pub fn teen(word: &str) -> Option<u32> {
    TEENS.iter().position(|t| *t == word).map(|i| 10 + i as u32)
}

/// Twenty, thirty … ninety.
pub fn tens(word: &str) -> Option<u32> {
    TENS.iter().position(|t| *t == word).map(|i| 20 + 10 * i as u32)
}

/// Hundred, thousand … and 十 百 千 万 亿.
pub fn scale(word: &str) -> Option<i64> {
    han_scale(word).or(match word {
        "hundred" => Some(100),
        "thousand" => Some(1_000),
        "million" => Some(1_000_000),
        "billion" => Some(1_000_000_000),
        _ => None,
    })
}

const UNITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const TEENS: [&str; 10] =
    ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
const ORDINALS: [&str; 19] = [
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
const ENGLISH_SCALES: &[(&str, i64)] =
    &[("thousand", 1_000), ("grand", 1_000), ("k", 1_000), ("million", 1_000_000), ("billion", 1_000_000_000)];
const HALVES: &[(&str, i64)] = &[("half a thousand", 500), ("half a million", 500_000), ("half a dozen", 6)];
const COUNTS: &[(&str, i64)] = &[("a couple of", 2), ("a couple", 2), ("a dozen", 12), ("a pair of", 2)];

/// "Two thousand three hundred and five", "one point five million", "two and a half".
fn english(words: &[String]) -> Option<(Figure, usize)> {
    if let Some((n, length)) = one_of(words, HALVES).or_else(|| one_of(words, COUNTS)) {
        return Some((Figure::of(n)?, length));
    }
    let (mut total, mut at, mut least) = (Figure::of(0)?, 0, i64::MAX);
    loop {
        let (section, length) = below_thousand(from(words, at))?;
        let (section, more) = fraction(section, from(words, at + length))?;
        at += length + more;
        match one_of(from(words, at), ENGLISH_SCALES).filter(|(scale, _)| *scale < least) {
            Some((scale, length)) => {
                total = total.plus(section.times(scale)?)?;
                least = scale;
                at += length;
            }
            None => return Some((total.plus(section)?, at)),
        }
        let and = usize::from(word(words, at) == "and");
        if below_thousand(from(words, at + and)).is_none() {
            return Some((total, at));
        }
        at += and;
    }
}

/// "Point two five", "and a half".
fn fraction(whole: Figure, words: &[String]) -> Option<(Figure, usize)> {
    if let Some(length) = starts(words, "and a half") {
        return Some((whole.plus(Figure::HALF)?, length));
    }
    let decimals: String = from(words, 1).iter().map_while(|w| digit(w)).map(|d| d.to_string()).collect();
    if word(words, 0) != "point" || decimals.is_empty() {
        return Some((whole, 0));
    }
    Some((whole.plus(Figure::written(&format!("0.{decimals}"))?)?, 1 + decimals.len()))
}

fn below_thousand(words: &[String]) -> Option<(Figure, usize)> {
    let multiple = |at: usize| word(words, at) == "hundred";
    let (head, length) = match Figure::written(word(words, 0)) {
        Some(figure) => (figure, 1),
        None => {
            let one = word(words, 0) == "a" && matches!(word(words, 1), "hundred" | "thousand" | "million" | "billion" | "grand");
            let (n, length) = if one { (1, 1) } else { below_hundred(words)? };
            (Figure::of(n.into())?, length)
        }
    };
    if !multiple(length) {
        return Some((head, length));
    }
    let hundreds = head.times(100)?;
    let after = length + 1;
    let and = usize::from(word(words, after) == "and");
    match below_hundred(from(words, after + and)) {
        Some((rest, more)) => Some((hundreds.plus(Figure::of(rest.into())?)?, after + and + more)),
        None => Some((hundreds, after)),
    }
}

fn below_hundred(words: &[String]) -> Option<(u32, usize)> {
    let first = word(words, 0);
    if let Some(tens) = tens(first) {
        return match unit(word(words, 1)).filter(|n| *n > 0) {
            Some(unit) => Some((tens + unit, 2)),
            None => Some((tens, 1)),
        };
    }
    unit(first).or_else(|| teen(first)).map(|n| (n, 1))
}

fn han_digit(word: &str) -> Option<u32> {
    Some(match word {
        "零" | "〇" => 0,
        "一" | "壹" => 1,
        "二" | "两" | "贰" => 2,
        "三" | "叁" => 3,
        "四" | "肆" => 4,
        "五" | "伍" => 5,
        "六" | "陆" => 6,
        "七" | "柒" => 7,
        "八" | "捌" => 8,
        "九" | "玖" => 9,
        _ => return None,
    })
}

fn han_scale(word: &str) -> Option<i64> {
    Some(match word {
        "十" | "拾" => 10,
        "百" | "佰" => 100,
        "千" | "仟" => 1_000,
        "万" => 10_000,
        "亿" => 100_000_000,
        _ => return None,
    })
}

/// What has been read of a Chinese number.
struct Chinese {
    total: Figure,
    /// Below the next 万 or 亿.
    section: Figure,
    /// A digit that waits for its scale.
    pending: Option<Figure>,
    /// The scale right before `pending`, unless a 零 stands between.
    scale: Option<i64>,
    /// The next 十 百 千 must be below this.
    least: i64,
}

/// 三百五, 一千零二, 两万三, 十二万零五十, 1.2万, 三点五, 3万5; a bare row of digits is none.
fn chinese(words: &[String]) -> Option<(Figure, usize)> {
    let zero = Figure::of(0)?;
    let mut read = Chinese { total: zero, section: zero, pending: None, scale: None, least: i64::MAX };
    let mut at = 0;
    while read.take(word(words, at))? {
        at += 1;
    }
    if at == 0 {
        return None;
    }
    let digits_in_a_row = at == 1 && han_digit(word(words, at)).is_some();
    let latin = at == 1 && Figure::written(word(words, 0)).is_some();
    let (value, more) = decimals(read.value()?, from(words, at))?;
    (!digits_in_a_row && (!latin || more > 0)).then_some((value, at + more))
}

impl Chinese {
    /// Takes one word in; false if it does not go on the number. `None` if it is too large.
    fn take(&mut self, word: &str) -> Option<bool> {
        if let Some(scale) = han_scale(word) {
            return self.scale_by(scale);
        }
        let figure = han_digit(word).map(|d| Figure::of(d.into())).unwrap_or_else(|| Figure::written(word));
        let Some(figure) = figure.filter(|_| self.pending.is_none()) else { return Some(false) };
        if figure == Figure(0) && self.scale.is_some() {
            self.scale = None;
        } else {
            self.pending = Some(figure);
        }
        Some(true)
    }

    fn scale_by(&mut self, scale: i64) -> Option<bool> {
        let nothing = self.pending.is_none();
        if scale < 10_000 {
            if scale >= self.least || nothing && scale > 10 {
                return Some(false);
            }
            let count = self.pending.take().or_else(|| Figure::of(1))?;
            self.section = self.section.plus(count.times(scale)?)?;
            self.least = scale;
        } else {
            let section = self.section.plus(self.pending.take().unwrap_or(Figure(0)))?;
            if section == Figure(0) {
                return Some(false);
            }
            self.total = self.total.plus(section.times(scale)?)?;
            self.section = Figure(0);
            self.least = i64::MAX;
        }
        self.scale = Some(scale);
        Some(true)
    }

    /// A digit right behind 百, 千, 万 counts a tenth of it: 一千二 is 1200.
    fn value(&self) -> Option<Figure> {
        let rest = match (self.pending, self.scale) {
            (Some(digit), Some(scale)) if scale >= 100 && digit < Figure::of(10)? => digit.times(scale / 10)?,
            (Some(digit), _) => digit,
            (None, _) => Figure(0),
        };
        self.total.plus(self.section)?.plus(rest)
    }
}

/// 点五, and a scale behind it: 一点二万. The 点 of a time is none.
fn decimals(whole: Figure, words: &[String]) -> Option<(Figure, usize)> {
    let digits: String = from(words, 1).iter().map_while(|w| han_digit(w)).map(|d| d.to_string()).collect();
    let after = 1 + digits.chars().count();
    let of_a_time = matches!(word(words, after), "十" | "分" | "刻");
    if word(words, 0) != "点" || digits.is_empty() || of_a_time {
        return Some((whole, 0));
    }
    let value = whole.plus(Figure::written(&format!("0.{digits}"))?)?;
    match han_scale(word(words, after)).filter(|s| *s >= 100) {
        Some(scale) => Some((value.times(scale)?, after + 1)),
        None => Some((value, after)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let said = words(text);
        let (figure, length) = number(&said).unwrap_or_else(|| panic!("{text}: no number"));
        assert_eq!((figure, length), (Figure::written(expected).expect("a figure"), said.len()), "{text}");
    }

    #[test]
    fn english_cardinals() {
        for (text, expected) in [
            ("zero", "0"),
            ("seventeen", "17"),
            ("forty-two", "42"),
            ("a hundred and five", "105"),
            ("one hundred five", "105"),
            ("nineteen hundred", "1900"),
            ("two thousand and five", "2005"),
            ("two thousand three hundred and forty six", "2346"),
            ("three hundred thousand", "300000"),
            ("one million two hundred thousand and one", "1200001"),
            ("twelve point five", "12.5"),
            ("one point five million", "1500000"),
            ("two and a half", "2.5"),
            ("two and a half thousand", "2500"),
            ("two grand", "2000"),
            ("5k", "5000"),
            ("12.50", "12.5"),
            ("1,299", "1299"),
            ("3 hundred", "300"),
            ("half a million", "500000"),
            ("a couple of", "2"),
            ("a dozen", "12"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn chinese_cardinals() {
        for (text, expected) in [
            ("零", "0"),
            ("十", "10"),
            ("十五", "15"),
            ("二十", "20"),
            ("两百", "200"),
            ("三百五", "350"),
            ("三百五十", "350"),
            ("三百零五", "305"),
            ("一百一十二", "112"),
            ("一千二", "1200"),
            ("一千零二", "1002"),
            ("一千零二十", "1020"),
            ("一千二百三十四", "1234"),
            ("两万三", "23000"),
            ("两万三千", "23000"),
            ("两万零三", "20003"),
            ("十二万零五十", "120050"),
            ("一百二十万", "1200000"),
            ("三亿五千万", "350000000"),
            ("一亿零三", "100000003"),
            ("1.2万", "12000"),
            ("3万5", "35000"),
            ("3万500", "30500"),
            ("5百", "500"),
            ("三点五", "3.5"),
            ("一点二万", "12000"),
            ("零点零五", "0.05"),
            ("壹仟贰佰", "1200"),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn ordinals_and_pairs() {
        for (text, expected) in [
            ("first", 1),
            ("twenty first", 21),
            ("5th", 5),
            ("thirtieth", 30),
            ("thirty-first", 31),
            ("第三", 3),
            ("twelfth", 12),
        ] {
            assert_eq!(ordinal(&words(text)).map(|(n, _)| n), Some(expected), "{text}");
        }
        assert_eq!(ordinal(&words("forty two")), None);
        assert_eq!(pair(&words("twenty twenty six")), Some((20, 26, 3)));
        assert_eq!(pair(&words("three oh five")), Some((3, 5, 3)));
        assert_eq!(pair(&words("three five")), None);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["a lamp", "万", "点五", "four hundred billion billion billion", "百", "99999999999999999999"] {
            let whole_text = number(&words(text)).filter(|(_, n)| *n == words(text).len());
            assert_eq!(whole_text, None, "{text}");
        }
        assert_eq!(number(&words("三点五十")).map(|(n, _)| n), Figure::of(3), "that is ten to four");
        assert_eq!(number(&words("四二七一")), None, "digits in a row are no cardinal");
    }
}
