//! What was learnt from callers, as Markdown in the pack's own format: more ways to ask, or an entry of its own.
//! Never takes a word over that is a sign of the format, or a number somebody said.

use std::collections::BTreeMap;

use crate::talk::Language;

/// Digits in one way to ask; more may be somebody's number.
const MOST_DIGITS: usize = 2;
/// Characters of a way to ask.
const LONGEST: usize = 200;

/// Something to add to a pack's knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// The entry's name: one that is there, or a new one.
    pub entry: String,
    /// How callers put it.
    pub phrasings: Vec<String>,
    /// What a new entry is about, and what is said, in every language of the pack; empty for one that is there.
    pub told: BTreeMap<Language, (String, String)>,
}

impl Addition {
    /// Its section of `knowledge/learned.md`; `None` if nothing of it may be written.
    pub fn section(&self) -> Option<String> {
        let phrasings: Vec<String> = self.phrasings.iter().filter_map(|said| phrasing(said)).collect();
        let abouts: Vec<String> = self.told.values().filter_map(|(about, _)| phrasing(about)).collect();
        let title = if self.told.is_empty() { phrasings.first()?.clone() } else { abouts.join(" / ") };
        if title.is_empty() || !is_id(&self.entry) {
            return None;
        }
        let items: String = phrasings.iter().filter(|said| **said != title).map(|said| format!("- {said}\n")).collect();
        let answers: String = self.told.values().map(|(_, answer)| format!("\n{}\n", line(answer))).collect();
        Some(format!("\n## {title} {{#{}}}\n\n{items}{answers}", self.entry))
    }
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A caller's sentence as a way to ask: words and the marks between them.
fn phrasing(said: &str) -> Option<String> {
    let kept: String =
        said.chars().map(|c| if c.is_alphanumeric() || matches!(c, '\'' | '’' | ',' | '，') { c } else { ' ' }).collect();
    let kept = line(&kept);
    let digits = kept.chars().filter(|c| c.is_numeric()).count();
    let words = (1..=LONGEST).contains(&kept.chars().count());
    (words && digits <= MOST_DIGITS && !said.contains(['<', '>'])).then_some(kept)
}

/// On one line, without a mark that would begin something else in Markdown.
fn line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").trim_start_matches(['#', '-', '*', '+', '>', '=', '`', '~', '|', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(phrasings: &[&str]) -> Addition {
        let phrasings = phrasings.iter().map(|&text| text.to_owned()).collect();
        Addition { entry: "gift".to_owned(), phrasings, told: BTreeMap::new() }
    }

    #[test]
    fn ways_to_ask_are_a_section_under_the_entrys_name() {
        let section = said(&["Do you wrap presents?", "# can you *wrap* it"]).section();
        assert_eq!(section.as_deref(), Some("\n## Do you wrap presents {#gift}\n\n- can you wrap it\n"));
    }

    #[test]
    fn numbers_and_hidden_words_are_not_taken_over() {
        assert_eq!(said(&["call me at 13800138000", "I am at <email>", "***"]).section(), None);
        assert_eq!(Addition { entry: "a} b".to_owned(), ..said(&["hello"]) }.section(), None);
    }
}
