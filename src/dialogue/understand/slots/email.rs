//! E-mail addresses, typed or told: "anna dot lee at example dot com", "j s m i t h at …", 一六三点com.
//! Never repairs an address: what is none is not taken.

use super::spelling::{as_digit, spelled};
use super::words::{from, one_of, skip, word};

/// The last address in the words, in lower case.
pub fn email(text: &str, words: &[String]) -> Option<String> {
    typed(text).or_else(|| told(words))
}

fn typed(text: &str) -> Option<String> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '@');
    let mut pieces = text.split(|c: char| !inner(c)).map(|p| p.trim_matches(['.', '-']).to_ascii_lowercase());
    pieces.rfind(|p| is_address(p))
}

const AT: &[&str] = &["@", "at sign", "at", "艾特", "圈a", "小老鼠"];
const SIGNS: &[(&str, &str)] = &[
    ("dot", "."),
    (".", "."),
    ("point", "."),
    ("period", "."),
    ("点儿", "."),
    ("点", "."),
    ("underscore", "_"),
    ("under score", "_"),
    ("_", "_"),
    ("下划线", "_"),
    ("dash", "-"),
    ("hyphen", "-"),
    ("minus", "-"),
    ("-", "-"),
    ("横杠", "-"),
    ("中划线", "-"),
    ("减号", "-"),
    ("plus", "+"),
    ("+", "+"),
    ("加号", "+"),
];
/// An address begins behind one of these.
const LEADS: &[&str] = &["is", "its", "to", "email", "mail", "address", "use", "me", "sorry", "no", "not"];

fn told(words: &[String]) -> Option<String> {
    let places = (0..words.len()).filter(|at| skip(from(words, *at), AT) > 0);
    places.rev().find_map(|at| around(words, at))
}

/// The address around the "at" that stands there.
fn around(words: &[String], at: usize) -> Option<String> {
    let after = at + skip(from(words, at), AT);
    let first = (0..at).rev().take_while(|i| part_of_address(words, *i)).last()?;
    let local = joined(from(words, first).get(..at - first)?);
    let domain = domain(from(words, after));
    let address = format!("{local}@{domain}");
    is_address(&address).then_some(address)
}

/// Latin words, digits and signs belong to an address; the word that leads up to it does not, nor other Chinese.
fn part_of_address(words: &[String], at: usize) -> bool {
    let text = word(words, at);
    let sign = one_of(from(words, at), SIGNS).is_some() || SIGNS.iter().any(|(name, _)| !name.is_ascii() && name.contains(text));
    let latin = text.chars().all(|c| c.is_ascii_alphanumeric()) && !LEADS.contains(&text);
    latin || sign || as_digit(text).is_some()
}

/// The words behind the "at": labels with dots between them, up to the first word that no dot leads to.
fn domain(words: &[String]) -> String {
    let mut end = 0;
    loop {
        let label = label_length(from(words, end));
        if label == 0 {
            break;
        }
        end += label;
        let dot = dot(from(words, end));
        if dot == 0 || label_length(from(words, end + dot)) == 0 {
            break;
        }
        end += dot;
    }
    joined(&words[..end])
}

/// Letters spelled, digits, or one word, and hyphens within.
fn label_length(words: &[String]) -> usize {
    if let Some(spelled) = spelled(words, true).filter(|s| s.pieces > 1) {
        return spelled.length;
    }
    let digits = words.iter().take_while(|w| as_digit(w).is_some()).count();
    let one = usize::from(words.first().is_some_and(|w| w.chars().all(|c| c.is_ascii_alphanumeric())));
    let length = digits.max(one);
    let hyphen = skip(from(words, length), &["dash", "hyphen", "-", "横杠"]);
    if length > 0 && hyphen > 0 { length + hyphen + label_length(from(words, length + hyphen)) } else { length }
}

fn dot(words: &[String]) -> usize {
    skip(words, &["dot", ".", "point", "点"])
}

fn joined(words: &[String]) -> String {
    let mut out = String::new();
    let mut at = 0;
    while at < words.len() {
        let rest = from(words, at);
        if let Some((sign, length)) = one_of(rest, SIGNS) {
            out.push_str(sign);
            at += length;
        } else if let Some(spelled) = spelled(rest, true) {
            out.push_str(&spelled.text);
            at += spelled.length;
        } else {
            out.push_str(&as_digit(word(rest, 0)).unwrap_or_else(|| word(rest, 0).to_owned()));
            at += 1;
        }
    }
    out
}

/// The shape of an address as RFC 5321 has it, without quotes and comments.
fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_ok = (1..=64).contains(&local.len())
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+'));
    let label_ok = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    let top = domain.rsplit('.').next().unwrap_or_default();
    local_ok
        && domain.contains('.')
        && domain.split('.').all(label_ok)
        && top.len() >= 2
        && top.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::super::words::words;
    use super::*;

    #[test]
    fn addresses_typed_and_told() {
        for (text, expected) in [
            ("anna.lee@example.com", "anna.lee@example.com"),
            ("Write to Anna_Lee+shop@mail.example.co.uk.", "anna_lee+shop@mail.example.co.uk"),
            ("anna dot lee at example dot com", "anna.lee@example.com"),
            ("my email is john underscore smith at mail dot example dot org", "john_smith@mail.example.org"),
            ("it's j s m i t h four two at example dot com", "jsmith42@example.com"),
            ("b as in boy o b at example dot com please", "bob@example.com"),
            ("anna double e at example dot com", "annaee@example.com"),
            ("sales dash team at my dash shop dot com", "sales-team@my-shop.com"),
            ("我的邮箱是zhang三零艾特一六三点com", "zhang30@163.com"),
            ("一二三四五@qq点com", "12345@qq.com"),
            ("li下划线ming艾特example点com点cn", "li_ming@example.com.cn"),
            ("meet me at home", ""),
            ("at example dot com", ""),
            ("anna at example", ""),
        ] {
            assert_eq!(email(text, &words(text)).unwrap_or_default(), expected, "{text}");
        }
    }
}
