//! Many phrases as one JSGF expression that is quick to search: what phrases begin with alike stands in it once, and a slot's rule
//! once for all phrases that hold it. Never loses a phrase; around a slot the beginnings and ends of its phrases mix.

use std::collections::BTreeMap;

use super::slot_rule;
use crate::speech::hear::phrase::Slot;

/// A phrase, piece by piece: its slots, and the words before, between and behind them (one list more).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pieces {
    pub(super) slots: Vec<Slot>,
    pub(super) words: Vec<Vec<String>>,
}

/// Any of these phrases; empty where there is none.
pub(super) fn any_of(phrases: impl Iterator<Item = Pieces>) -> String {
    let mut groups: BTreeMap<Vec<Slot>, Vec<Tree>> = BTreeMap::new();
    for Pieces { slots, words } in phrases {
        let trees = groups.entry(slots).or_insert_with(|| vec![Tree::default(); words.len()]);
        for (tree, words) in trees.iter_mut().zip(words) {
            tree.add(&words);
        }
    }
    let groups = groups.iter().map(|(slots, trees)| group(slots, trees)).filter(|said| !said.is_empty());
    groups.collect::<Vec<_>>().join(" | ")
}

fn group(slots: &[Slot], trees: &[Tree]) -> String {
    if slots.is_empty() {
        return trees[0].alternatives();
    }
    let mut said: Vec<String> = Vec::new();
    for (i, tree) in trees.iter().enumerate() {
        said.extend(tree.rest());
        said.extend(slots.get(i).map(|slot| slot_rule(*slot).to_owned()));
    }
    said.join(" ")
}

/// Word sequences by their beginnings.
#[derive(Debug, Clone, Default)]
struct Tree {
    /// One ends here.
    ends: bool,
    next: BTreeMap<String, Self>,
}

impl Tree {
    fn add(&mut self, words: &[String]) {
        match words.split_first() {
            Some((word, rest)) => self.next.entry(word.clone()).or_default().add(rest),
            None => self.ends = true,
        }
    }

    /// The ways on from here. Without weights each has the score of its sounds alone, in the tree as in a list.
    fn alternatives(&self) -> String {
        let way = |(word, tree): (&String, &Self)| match tree.rest() {
            Some(rest) => format!("{word} {rest}"),
            None => word.clone(),
        };
        self.next.iter().map(way).collect::<Vec<_>>().join(" | ")
    }

    /// The same as one expression, which may be left out where a phrase ends here; `None` where all do.
    fn rest(&self) -> Option<String> {
        match (self.next.len(), self.ends) {
            (0, _) => None,
            (1, false) => Some(self.alternatives()),
            (_, false) => Some(format!("({})", self.alternatives())),
            (_, true) => Some(format!("[{}]", self.alternatives())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Pieces {
        Pieces { slots: Vec::new(), words: vec![text.split_whitespace().map(str::to_owned).collect()] }
    }

    fn with_digits(before: &str, after: &str) -> Pieces {
        let [before, after] = [before, after].map(|t| plain(t).words.remove(0));
        Pieces { slots: vec![Slot::Digits], words: vec![before, after] }
    }

    #[test]
    fn common_beginnings_stand_once() {
        let texts = ["where is my order", "where is my parcel", "where are you", "cancel", "cancel it"];
        assert_eq!(any_of(texts.map(plain).into_iter()), "cancel [it] | where (are you | is my (order | parcel))");
    }

    #[test]
    fn a_slot_stands_once_for_all_phrases_that_hold_it() {
        let phrases = [with_digits("order", ""), with_digits("cancel order", "please"), plain("hello")];
        assert_eq!(any_of(phrases.into_iter()), "hello | (cancel order | order) <digits> [please]");
        assert_eq!(any_of([with_digits("", "")].into_iter()), "<digits>");
    }

    #[test]
    fn no_phrase_is_no_alternative() {
        assert_eq!(any_of(std::iter::empty()), "");
        assert_eq!(any_of([plain("")].into_iter()), "");
    }
}
