//! The pack's questions and answers, found by BM25 over words and Chinese character pairs.
//! Never makes an answer up: it gives an entry or nothing.

use std::collections::BTreeMap;
use std::fmt;

use bm25::{Document, SearchEngine, SearchEngineBuilder, Tokenizer};

use crate::talk::Language;

use super::template::Text;

/// An entry with fewer ways to ask in a language is found by the words of its answer too.
const FEW: usize = 3;

/// One answer and the ways its question is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name; every answer given is recorded with it.
    pub id: String,
    /// What it is about, in a few words ("our opening hours").
    pub about: Text,
    /// What is said.
    pub answer: Text,
    /// Ways to ask, per language.
    pub phrasings: BTreeMap<Language, Vec<String>>,
}

/// All entries, searchable.
pub struct Knowledge {
    entries: Vec<Entry>,
    engine: SearchEngine<u32, u32, Words>,
    /// Which entry a phrasing belongs to.
    owner: Vec<usize>,
}

impl fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Knowledge").field("entries", &self.entries.len()).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// Indexes the entries.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut owner = Vec::new();
        let mut documents = Vec::new();
        for (i, entry) in entries.iter().enumerate() {
            let phrasings = entry.phrasings.values().flatten();
            let answers = entry.answer.templates().filter(|_| entry.phrasings.values().any(|some| some.len() < FEW));
            for text in phrasings.map(String::as_str).chain(answers) {
                documents.push(Document::new(owner.len() as u32, text.to_owned()));
                owner.push(i);
            }
        }
        let engine = SearchEngineBuilder::with_tokenizer_and_documents(Words, documents).build();
        Self { entries, engine, owner }
    }

    /// All entries, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of that name.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.id == id)
    }

    /// Entries that share words with the question, best first, each once, with its BM25 score.
    pub fn search(&self, question: &str) -> Vec<(&Entry, f32)> {
        let mut found: Vec<(&Entry, f32)> = Vec::new();
        for hit in self.engine.search(question, 24) {
            let entry = &self.entries[self.owner[hit.document.id as usize]];
            if !found.iter().any(|(e, _)| e.id == entry.id) {
                found.push((entry, hit.score));
            }
        }
        found
    }
}

/// Words in lower case; Chinese as single characters and pairs.
#[derive(Debug, Clone, Copy, Default)]
struct Words;

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        let words = tokens(text);
        let pairs = words.windows(2).filter(|p| p.iter().all(|w| w.chars().all(is_han))).map(|p| p.concat());
        words.iter().cloned().chain(pairs).collect()
    }
}

/// The words of a text in lower case, each Chinese character a word of its own.
pub fn tokens(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let joins = c.is_alphanumeric() && !is_han(c);
        if joins {
            word.push(c);
        } else if c != '\'' && c != '’' && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if is_han(c) {
            words.push(c.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether it is a Chinese character.
pub const fn is_han(c: char) -> bool {
    matches!(c as u32, 0x3400..=0x9FFF | 0xF900..=0xFAFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, en: &str, zh: &str) -> Entry {
        let phrasings = BTreeMap::from([(Language::EN, vec![en.to_owned()]), (Language::ZH, vec![zh.to_owned()])]);
        Entry { id: id.to_owned(), about: Text::default(), answer: Text::default(), phrasings }
    }

    #[test]
    fn both_languages_find_their_entry() {
        let knowledge = Knowledge::new(vec![
            entry("hours", "when are you open", "你们几点开门"),
            entry("shipping", "how much is shipping", "运费是多少"),
        ]);
        assert_eq!(knowledge.search("What's the shipping cost?")[0].0.id, "shipping");
        assert_eq!(knowledge.search("请问几点开门")[0].0.id, "hours");
        assert!(knowledge.search("sing").is_empty());
    }

    #[test]
    fn an_entry_with_few_phrasings_is_found_by_its_answer() {
        let answer = BTreeMap::from([(Language::EN, "Bring it to the counter with the ticket.".to_owned())]);
        let told = Entry { answer: Text::of(answer), ..entry("wardrobe", "where is the wardrobe", "衣帽间在哪") };
        let knowledge = Knowledge::new(vec![entry("hours", "when are you open", "你们几点开门"), told]);
        assert_eq!(knowledge.search("do i need my ticket")[0].0.id, "wardrobe");
    }

    #[test]
    fn words_and_characters() {
        assert_eq!(tokens("Where's my VIP订单?"), ["wheres", "my", "vip", "订", "单"]);
    }
}
