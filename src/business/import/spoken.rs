//! Sentences that were written to be read, cut so that they can be heard: at most 25 words each.
//! Never leaves a word out.

use super::super::knowledge::is_han;
use super::super::template::{MOST_HAN, MOST_WORDS, sentences};

/// Words before which a speaker may breathe, if no mark is near.
const JOINTS: &[&str] = &["and", "but", "or", "which", "because", "so", "if", "when", "unless", "while", "that", "where"];

/// The same words in sentences short enough for the ear.
pub(super) fn shortened(text: &str) -> String {
    sentences(text).iter().flat_map(|sentence| cut(sentence)).collect::<Vec<_>>().join(" ")
}

fn fits(piece: &str) -> bool {
    piece.split_whitespace().count() <= MOST_WORDS && piece.chars().filter(|c| is_han(*c)).count() <= MOST_HAN
}

/// Cuts at the last mark that fits, else before the last joint, else where it is full.
fn cut(sentence: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest = sentence.trim().to_owned();
    while !fits(&rest) {
        let ends: Vec<usize> =
            rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| rest.get(..*end).is_some_and(fits)).collect();
        let full = ends.last().copied().unwrap_or(rest.len());
        let head = rest.get(..full).unwrap_or(&rest);
        let mark = head.char_indices().rev().find(|(at, c)| *at > 0 && is_mark(*c, head.get(at + c.len_utf8()..)));
        let joint = head.match_indices(' ').map(|(at, _)| at).rfind(|at| *at > 0 && before_joint(&rest, *at));
        let space = head.rfind(' ').filter(|_| !head.ends_with(is_han));
        let end = mark.map(|(at, c)| at + c.len_utf8()).or(joint).or(space).unwrap_or(full);
        let (said, after) = rest.split_at(end);
        pieces.push(closed(said));
        rest = after.trim_start().to_owned();
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// A comma inside a number is none.
fn is_mark(c: char, after: Option<&str>) -> bool {
    let in_number = after.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    matches!(c, '，' | '；' | '：' | '、' | '—') || matches!(c, ',' | ';' | ':') && !in_number
}

fn before_joint(text: &str, space: usize) -> bool {
    let next = text.get(space + 1..).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    JOINTS.contains(&next)
}

/// Ends like a sentence.
fn closed(said: &str) -> String {
    let said = said.trim_end().trim_end_matches([',', ';', ':', '，', '；', '：', '、', '—']);
    let stop = if said.ends_with(is_han) { '。' } else { '.' };
    format!("{said}{stop}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sentences_are_cut_where_a_speaker_breathes() {
        let long = "If you paid by card we send the money back to that card within 5 days, but if you paid in cash at the counter \
            you have to come to the shop with the receipt and your identity card so that we can hand it out";
        let said = sentences(&shortened(long));
        assert_eq!(said[0], "If you paid by card we send the money back to that card within 5 days.");
        assert!(said.len() >= 2 && said.iter().all(|sentence| fits(sentence)), "{said:#?}");
        let words = |text: &str| text.replace(['.', ','], "").split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(words(&said.join(" ")), words(long), "no word is left out");
    }

    #[test]
    fn chinese_and_texts_without_marks_are_cut_too() {
        let long = "如果您是用银行卡付款的，我们会在五天之内把钱退到那张卡上，如果是在柜台付的现金，就请您带着小票和身份证到门店来，我们当面退给您";
        assert!(sentences(&shortened(long)).iter().all(|sentence| fits(sentence)), "{}", shortened(long));
        let endless = "钱".repeat(200) + &" word".repeat(100);
        assert!(sentences(&shortened(&endless)).iter().all(|sentence| fits(sentence)));
        assert_eq!(shortened("It is $1,000. Fine."), "It is $1,000. Fine.");
    }
}
