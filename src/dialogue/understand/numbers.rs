//! Numbers in a sentence, whatever they are for: their digits, and the sentence without them.
//! Never guesses: a lone number word ("one moment", 一下) is no number.

use crate::business::tokens;

use super::slots::digits::{is_lone, run};

/// Every number in a text, as digits: "forty two seven one" is `4271`, 一千二百 is `1200`.
pub fn numbers(text: &str) -> Vec<String> {
    runs(&tokens(text)).into_iter().map(|run| run.digits).collect()
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

struct Run {
    from: usize,
    to: usize,
    digits: String,
}

fn runs(words: &[String]) -> Vec<Run> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        match run(&words[at..]) {
            Some((digits, length)) => {
                if !is_lone(&words[at..], length) {
                    found.push(Run { from: at, to: at + length, digits });
                }
                at += length;
            }
            None => at += 1,
        }
    }
    found
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
        assert_eq!(without_numbers("a hundred lamps"), ["#", "lamps"]);
    }
}
