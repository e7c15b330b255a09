//! Finds the numbers in a text by their shape: money, dates, times, phone numbers, codes.
//! Never decides how one is read; that depends on the language.

/// A number as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Number {
    /// `$12.50`; the sign and the amount.
    Money(char, Amount),
    /// `12.5%`
    Percent(Amount),
    /// `2026-05-12` or `2026/5/12`
    Date { year: u16, month: u8, day: u8 },
    /// `14:30`, seconds left out.
    Time { hour: u8, minute: u8 },
    /// Groups of digits: `+1 555-123-4567`.
    Phone(Vec<String>),
    /// `3-5`
    Range(String, String),
    /// `21st`
    Ordinal(u64),
    /// `3.5` or `1,299`
    Decimal(Amount),
    /// `4271`: what it is, the words around it tell.
    Plain(String),
    /// `AB12`
    Code(String),
}

/// Digits before and after the point, without thousands separators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Amount {
    pub whole: String,
    pub fraction: String,
}

/// A stretch of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Number(Number),
}

/// The text, cut into numbers and what is between them.
pub(super) fn scan(text: &str) -> Vec<Piece> {
    let chars: Vec<char> = text.chars().map(half_width).collect();
    let mut pieces = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let fresh = at == 0 || !chars[at - 1].is_ascii_alphanumeric();
        let token = if fresh { address(rest) } else { 0 };
        if token > 0 {
            plain.extend(&rest[..token]);
            at += token;
        } else if let Some((number, length)) = fresh.then(|| number(rest)).flatten() {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Number(number));
            at += length;
        } else {
            plain.push(rest[0]);
            at += 1;
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// Full-width digits and signs as their ASCII form.
fn half_width(c: char) -> char {
    match c {
        '０'..='９' => char::from_digit(c as u32 - '０' as u32, 10).unwrap_or(c),
        '％' => '%',
        '￥' => '¥',
        '＋' => '+',
        _ => c,
    }
}

/// Length of the e-mail or web address that begins here; 0 where there is none.
fn address(rest: &[char]) -> usize {
    let length = rest.iter().take_while(|c| c.is_ascii_graphic()).count();
    let token: String = rest[..length].iter().collect();
    let inner_at = token.char_indices().any(|(at, c)| c == '@' && at > 0 && at + 1 < length);
    if inner_at || token.contains("://") || token.starts_with("www.") { length } else { 0 }
}

/// The number that begins here, and how many characters it takes.
fn number(rest: &[char]) -> Option<(Number, usize)> {
    let first = *rest.first()?;
    if first.is_ascii_alphanumeric()
        && let Some(found) = word(rest)
    {
        return Some(found);
    }
    if let '$' | '£' | '€' | '¥' = first {
        let (amount, length) = amount(&rest[1..])?;
        return Some((Number::Money(first, amount), length + 1));
    }
    if let '+' | '(' = first {
        return phone(rest);
    }
    if !first.is_ascii_digit() {
        return None;
    }
    date(rest).or_else(|| time(rest)).or_else(|| range(rest)).or_else(|| phone(rest)).or_else(|| quantity(rest))
}

/// Letters and digits written together: an ordinal, a number with its unit, a code.
fn word(rest: &[char]) -> Option<(Number, usize)> {
    let length = rest.iter().take_while(|c| c.is_ascii_alphanumeric()).count();
    let digits = digits(rest);
    let letters = rest[..length].iter().filter(|c| c.is_ascii_alphabetic()).count();
    let has_digit = rest[..length].iter().any(char::is_ascii_digit);
    if letters == 0 || !has_digit {
        return None;
    }
    let text: String = rest[..length].iter().collect();
    let suffix: String = rest[digits..length].iter().collect();
    if digits > 0 && matches!(suffix.as_str(), "st" | "nd" | "rd" | "th") {
        return Some((Number::Ordinal(value(&rest[..digits])?), length));
    }
    if digits > 0 && suffix.chars().all(|c| c.is_ascii_lowercase()) {
        // `10am`, `5kg`: the number alone, the unit stays text.
        return Some((Number::Plain(rest[..digits].iter().collect()), digits));
    }
    Some((Number::Code(text), length))
}

fn date(rest: &[char]) -> Option<(Number, usize)> {
    let (year, separator) = (digits(rest), *rest.get(4)?);
    if year != 4 || !matches!(separator, '-' | '/') {
        return None;
    }
    let month = digits(&rest[5..]);
    let after = 5 + month;
    if rest.get(after) != Some(&separator) {
        return None;
    }
    let day = digits(&rest[after + 1..]);
    let (month, day_value) = (value(&rest[5..after])?, value(&rest[after + 1..after + 1 + day])?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day_value) {
        return None;
    }
    let year = u16::try_from(value(&rest[..4])?).ok()?;
    Some((Number::Date { year, month: month as u8, day: day_value as u8 }, after + 1 + day))
}

fn time(rest: &[char]) -> Option<(Number, usize)> {
    let hours = digits(rest);
    if hours > 2 || rest.get(hours) != Some(&':') || digits(&rest[hours + 1..]) != 2 {
        return None;
    }
    let (hour, minute) = (value(&rest[..hours])?, value(&rest[hours + 1..hours + 3])?);
    let mut length = hours + 3;
    if rest.get(length) == Some(&':') && digits(&rest[length + 1..]) == 2 {
        length += 3;
    }
    (hour < 25 && minute < 60).then_some((Number::Time { hour: hour as u8, minute: minute as u8 }, length))
}

fn range(rest: &[char]) -> Option<(Number, usize)> {
    let low = digits(rest);
    if !matches!(rest.get(low), Some('-' | '–' | '~' | '～')) {
        return None;
    }
    let high = digits(&rest[low + 1..]);
    let length = low + 1 + high;
    let ends = !matches!(rest.get(length), Some('-' | '.')) || !rest.get(length + 1).is_some_and(char::is_ascii_digit);
    let text = |part: &[char]| part.iter().collect::<String>();
    ((1..=2).contains(&low) && (1..=2).contains(&high) && ends)
        .then(|| (Number::Range(text(&rest[..low]), text(&rest[low + 1..length])), length))
}

/// Groups of digits between hyphens; spaces join groups only behind a `+` or a bracket, as ordinary numbers stand apart too.
fn phone(rest: &[char]) -> Option<(Number, usize)> {
    let marked = matches!(rest[0], '+' | '(');
    let mut groups = Vec::new();
    let (mut at, mut end) = (usize::from(marked), 0);
    loop {
        let length = digits(rest.get(at..)?);
        if length == 0 {
            break;
        }
        groups.push(rest[at..at + length].iter().collect::<String>());
        at += length;
        end = at;
        while matches!(rest.get(at), Some('-')) || marked && matches!(rest.get(at), Some(' ' | '(' | ')')) {
            at += 1;
        }
        if at == end {
            break;
        }
    }
    let total: usize = groups.iter().map(String::len).sum();
    ((marked || groups.len() > 1) && (5..=20).contains(&total)).then_some((Number::Phone(groups), end))
}

/// A bare number, one with a point or separators, or a percentage.
fn quantity(rest: &[char]) -> Option<(Number, usize)> {
    let (amount, mut length) = amount(rest)?;
    let bare = length == digits(rest);
    if rest.get(length) == Some(&'%') {
        length += 1;
        return Some((Number::Percent(amount), length));
    }
    if rest.get(length) == Some(&'元') && amount.fraction.len() == 2 {
        return Some((Number::Money('¥', amount), length + 1));
    }
    Some((if bare { Number::Plain(amount.whole) } else { Number::Decimal(amount) }, length))
}

/// `1,299.50`: groups of three behind commas, then a fraction.
fn amount(rest: &[char]) -> Option<(Amount, usize)> {
    let mut length = digits(rest);
    if length == 0 {
        return None;
    }
    let mut whole: String = rest[..length].iter().collect();
    while length <= 15 && rest.get(length) == Some(&',') && digits(&rest[length + 1..]) == 3 && whole.len() <= 12 {
        whole.extend(&rest[length + 1..length + 4]);
        length += 4;
    }
    let mut fraction = String::new();
    if rest.get(length) == Some(&'.') {
        let decimals = digits(&rest[length + 1..]);
        fraction.extend(&rest[length + 1..length + 1 + decimals]);
        length += if decimals > 0 { decimals + 1 } else { 0 };
    }
    Some((Amount { whole, fraction }, length))
}

fn digits(rest: &[char]) -> usize {
    rest.iter().take_while(|c| c.is_ascii_digit()).count()
}

fn value(digits: &[char]) -> Option<u64> {
    digits.iter().collect::<String>().parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(text: &str) -> Vec<Number> {
        let found = scan(text).into_iter();
        found.filter_map(|piece| if let Piece::Number(number) = piece { Some(number) } else { None }).collect()
    }

    #[test]
    fn shapes_are_told_apart() {
        let amount = |whole: &str, fraction: &str| Amount { whole: whole.to_owned(), fraction: fraction.to_owned() };
        assert_eq!(numbers("$1,299.50"), [Number::Money('$', amount("1299", "50"))]);
        assert_eq!(numbers("12.5%"), [Number::Percent(amount("12", "5"))]);
        assert_eq!(numbers("2026-05-12"), [Number::Date { year: 2026, month: 5, day: 12 }]);
        assert_eq!(numbers("at 14:30:05."), [Number::Time { hour: 14, minute: 30 }]);
        assert_eq!(numbers("+1 (555) 123-4567"), [Number::Phone(vec!["1".into(), "555".into(), "123".into(), "4567".into()])]);
        assert_eq!(numbers("3-5 days"), [Number::Range("3".into(), "5".into())]);
        assert_eq!(numbers("21st"), [Number::Ordinal(21)]);
        assert_eq!(numbers("order AB12"), [Number::Code("AB12".into())]);
        assert_eq!(numbers("10am"), [Number::Plain("10".into())]);
        assert_eq!(numbers("１２３。"), [Number::Plain("123".into())]);
    }

    #[test]
    fn addresses_are_text() {
        assert!(numbers("bob42@mail7.example.com www.shop24.com https://x.y/9").is_empty());
    }

    #[test]
    fn a_full_stop_behind_a_number_is_no_point() {
        assert_eq!(numbers("It is 42."), [Number::Plain("42".into())]);
        assert_eq!(scan("42.").last(), Some(&Piece::Text(".".into())));
    }

    proptest! {
        #[test]
        fn any_text_is_scanned_without_losing_a_letter(text in "[ -~年月日号，。０-９￥]{0,60}") {
            let kept: usize = scan(&text).iter().filter(|piece| matches!(piece, Piece::Text(_))).count();
            prop_assert!(kept <= text.chars().count());
        }
    }
}
