//! Words that mean much the same to a caller, in both languages, so that a phrase teaches more than its own words.
//! Never decides anything: a concept is one more feature beside the words.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::features::words_of;

/// One concept a line; its number is the line's.
pub(super) const TEXT: &str = include_str!("concepts.txt");

/// The ways to say a concept, by their first word: all words, and the concept.
type Ways = HashMap<String, Vec<(Vec<String>, u16)>>;

static WAYS: LazyLock<Ways> = LazyLock::new(|| {
    let mut ways = Ways::new();
    let lines = TEXT.lines().filter(|line| !line.starts_with('#'));
    for (concept, line) in (0..).zip(lines) {
        for way in line.split(',') {
            let words: Vec<String> = words_of(&way.replace('\'', "")).map(str::to_owned).collect();
            if let Some(first) = words.first() {
                ways.entry(first.clone()).or_default().push((words, concept));
            }
        }
    }
    ways
});

/// The concepts that a text in lower case speaks of, each once, by number; and its words that belong to none.
pub(super) fn concepts_in(text: &str) -> (Vec<u16>, Vec<&str>) {
    let words: Vec<&str> = words_of(text).collect();
    let mut concepts = Vec::new();
    let mut covered = vec![false; words.len()];
    for at in 0..words.len() {
        for (way, concept) in WAYS.get(words[at]).into_iter().flatten() {
            if words.len() - at >= way.len() && way.iter().zip(&words[at..]).all(|(a, b)| a == b) {
                concepts.push(*concept);
                covered[at..at + way.len()].fill(true);
            }
        }
    }
    concepts.sort_unstable();
    concepts.dedup();
    let others = words.into_iter().zip(covered).filter(|(_, covered)| !covered).map(|(word, _)| word);
    (concepts, others.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_share_their_concepts() {
        let shared = |a: &str, b: &str| {
            let of_b = concepts_in(b).0;
            concepts_in(a).0.into_iter().filter(|concept| of_b.contains(concept)).count()
        };
        assert!(shared("where is my parcel", "我的包裹在哪里") >= 2);
        assert!(shared("i want my money back", "我要退款") >= 2);
        assert_eq!(shared("where is my parcel", "再见"), 0);
        assert_eq!(concepts_in("quiet please, zebra").1, ["zebra"]);
    }
}
