//! Yes or no, in all its forms, by the phrases of the pack.
//! Never takes a doubtful word for a yes: what hangs on it may not be undone.

use std::collections::BTreeMap;

use crate::business::{Pack, tokens};

/// Words that carry no answer.
const FILLERS: &[&str] = &["um", "uh", "er", "well", "oh", "please", "thanks", "so", "then", "呃", "那", "啊", "呢", "吧", "请"];
/// Words that turn a yes into something else.
const DOUBTS: &[&str] = &["but", "wait", "what", "how", "why", "which", "if", "maybe", "但", "什", "怎", "吗", "么", "等", "如"];
/// Phrases that hold a yes or no and mean neither.
const NEITHER: &[&str] = &["对不起", "不好意思", "excuse me", "是不是", "对不对", "no idea", "not sure", "不知道"];

/// The pack's phrases for yes and no, as words.
#[derive(Debug)]
pub struct YesNo {
    phrases: BTreeMap<Vec<String>, Option<bool>>,
    longest: usize,
}

impl YesNo {
    /// Takes the phrases from the pack.
    pub fn new(pack: &Pack) -> Self {
        let yes = pack.yes().values().flatten().map(|p| (tokens(p), Some(true)));
        let no = pack.no().values().flatten().map(|p| (tokens(p), Some(false)));
        let neither = NEITHER.iter().map(|p| (tokens(p), None));
        let phrases: BTreeMap<_, _> = yes.chain(no).chain(neither).collect();
        let longest = phrases.keys().map(Vec::len).max().unwrap_or(0);
        Self { phrases, longest }
    }

    /// What the words answer; `None` if they are neither, or both.
    pub fn answer(&self, words: &str) -> Option<bool> {
        let words: Vec<String> = tokens(words).into_iter().filter(|w| !FILLERS.contains(&w.as_str())).collect();
        let words: &[String] = if words.is_empty() { return None } else { &words };
        let (mut covered, mut answers, mut first, mut unsure) = (0, Vec::new(), None, false);
        let mut at = 0;
        while at < words.len() {
            match self.longest_at(words, at) {
                Some((length, answer)) => {
                    first.get_or_insert(at);
                    covered += length;
                    answers.extend(answer);
                    unsure |= answer.is_none();
                    at += length;
                }
                None => at += 1,
            }
        }
        let answer = *answers.first()?;
        let doubtful = unsure || answer && words.iter().any(|w| DOUBTS.contains(&w.as_str()));
        let leads = first == Some(0) && words[0].is_ascii();
        let agrees = answers.iter().all(|a| *a == answer);
        (agrees && !doubtful && (leads || 2 * covered >= words.len())).then_some(answer)
    }

    fn longest_at(&self, words: &[String], at: usize) -> Option<(usize, Option<bool>)> {
        let most = self.longest.min(words.len() - at);
        (1..=most).rev().find_map(|n| self.phrases.get(&words[at..at + n]).map(|answer| (n, *answer)))
    }
}
