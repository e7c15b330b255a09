//! Finds e-mail addresses, written (`a.b@c.org`) or said (`a dot b at c dot org`).
//! Never checks that an address exists.

use std::ops::Range;

use super::Found;

const PLACEHOLDER: &str = "<email>";

/// Top-level domains that make `… at … dot X` an address; written addresses take any.
const SAID_DOMAINS: [&str; 12] = ["com", "net", "org", "cn", "edu", "gov", "io", "co", "uk", "de", "fr", "info"];

/// Every address in the text.
pub(super) fn find(chars: &[char]) -> Vec<Found> {
    let written = (0..chars.len()).filter(|&i| chars[i] == '@').filter_map(|at| written(chars, at));
    written.chain(said(chars)).map(|at| Found { at, placeholder: PLACEHOLDER }).collect()
}

fn written(chars: &[char], at: usize) -> Option<Range<usize>> {
    let of_local = |c: &char| c.is_ascii_alphanumeric() || "._%+-".contains(*c);
    let of_domain = |c: &char| c.is_ascii_alphanumeric() || ".-".contains(*c);
    let start = at - chars[..at].iter().rev().take_while(|c| of_local(c)).count();
    let mut end = at + 1 + chars[at + 1..].iter().take_while(|c| of_domain(c)).count();
    while end > at + 1 && !chars[end - 1].is_ascii_alphanumeric() {
        end -= 1; // the full stop of the sentence
    }
    let dot = (at + 1..end).rfind(|&i| chars[i] == '.')?;
    let top = &chars[dot + 1..end];
    let real = top.len() >= 2 && top.iter().all(char::is_ascii_alphabetic);
    (start < at && dot > at + 1 && real).then_some(start..end)
}

fn said(chars: &[char]) -> Vec<Range<usize>> {
    let words = words(chars);
    let is = |i: usize, word: &str| words.get(i).is_some_and(|(_, w)| w == word);
    let mut found = Vec::new();
    for at in (1..words.len()).filter(|&i| is(i, "at")) {
        let mut first = at - 1;
        while first >= 2 && is(first - 1, "dot") {
            first -= 2;
        }
        let mut last = at + 1;
        while is(last + 1, "dot") && last + 2 < words.len() {
            last += 2;
        }
        if last > at + 1 && SAID_DOMAINS.contains(&words[last].1.as_str()) {
            found.push(words[first].0.start..words[last].0.end);
        }
    }
    found
}

/// ASCII words in lower case with their places.
pub(super) fn words(chars: &[char]) -> Vec<(Range<usize>, String)> {
    let mut words: Vec<(Range<usize>, String)> = Vec::new();
    for (i, c) in chars.iter().enumerate().filter(|(_, c)| c.is_ascii_alphanumeric()) {
        match words.last_mut() {
            Some((at, word)) if at.end == i => {
                at.end = i + 1;
                word.push(c.to_ascii_lowercase());
            }
            _ => words.push((i..i + 1, c.to_ascii_lowercase().to_string())),
        }
    }
    words
}
