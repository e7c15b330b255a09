//! How words are pronounced: a dictionary cut to the words asked for, rules for words it lacks, and Mandarin characters.
//! Never holds the whole dictionary parsed, and never guesses a Chinese character.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::pinyin;

/// A pronouncing dictionary in CMU format, as text.
pub struct Lexicon {
    text: String,
}

/// Where a word's pronunciations were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// In the dictionary.
    Dictionary,
    /// Made by letter-to-sound rules: rough.
    Rules,
    /// A Mandarin syllable put into the English phones: never tried on people.
    Mandarin,
}

/// A word's pronunciations, each a line of phones.
pub type Pronounced = BTreeMap<String, (Source, Vec<String>)>;

impl Lexicon {
    /// Reads the dictionary file.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Ok(Self { text: std::fs::read_to_string(path)? })
    }

    /// A lexicon of that text.
    pub const fn of_text(text: String) -> Self {
        Self { text }
    }

    /// The words' pronunciations, in one pass over the dictionary; words that nothing can pronounce are missing.
    pub fn pronounce<'a>(&self, words: impl IntoIterator<Item = &'a String>) -> Pronounced {
        let mut missing: BTreeSet<&str> = words.into_iter().map(String::as_str).collect();
        let mut found = Pronounced::new();
        for (word, phones) in self.text.lines().filter_map(|line| line.split_once(' ')) {
            let base = word.split_once('(').map_or(word, |(base, _)| base);
            if missing.contains(base) {
                found.entry(base.to_owned()).or_insert_with(|| (Source::Dictionary, Vec::new())).1.push(phones.trim().to_owned());
            }
        }
        missing.retain(|word| !found.contains_key(*word));
        for word in missing {
            let phones = match pinyin::phones_of(word) {
                readings if !readings.is_empty() => (Source::Mandarin, readings),
                _ => match letters_to_phones(word) {
                    phones if phones.is_empty() => continue,
                    phones => (Source::Rules, vec![phones]),
                },
            };
            found.insert(word.to_owned(), phones);
        }
        found
    }
}

/// Letters and what they are spoken as in English, longest first.
const LETTERS: &[(&str, &str)] = &[
    ("tion", "SH AH N"),
    ("sion", "ZH AH N"),
    ("ough", "AO"),
    ("igh", "AY"),
    ("tch", "CH"),
    ("sch", "S K"),
    ("eau", "OW"),
    ("ch", "CH"),
    ("sh", "SH"),
    ("th", "TH"),
    ("ph", "F"),
    ("wh", "W"),
    ("ck", "K"),
    ("ng", "NG"),
    ("qu", "K W"),
    ("kn", "N"),
    ("wr", "R"),
    ("gh", "G"),
    ("ee", "IY"),
    ("ea", "IY"),
    ("oo", "UW"),
    ("ou", "AW"),
    ("ow", "OW"),
    ("oa", "OW"),
    ("oi", "OY"),
    ("oy", "OY"),
    ("ai", "EY"),
    ("ay", "EY"),
    ("au", "AO"),
    ("aw", "AO"),
    ("ie", "IY"),
    ("ei", "EY"),
    ("ey", "IY"),
    ("ue", "UW"),
    ("ar", "AA R"),
    ("er", "ER"),
    ("ir", "ER"),
    ("or", "AO R"),
    ("ur", "ER"),
    ("ce", "S AH"),
    ("ci", "S IH"),
    ("cy", "S IY"),
    ("a", "AE"),
    ("b", "B"),
    ("c", "K"),
    ("d", "D"),
    ("e", "EH"),
    ("f", "F"),
    ("g", "G"),
    ("h", "HH"),
    ("i", "IH"),
    ("j", "JH"),
    ("k", "K"),
    ("l", "L"),
    ("m", "M"),
    ("n", "N"),
    ("o", "OW"),
    ("p", "P"),
    ("q", "K"),
    ("r", "R"),
    ("s", "S"),
    ("t", "T"),
    ("u", "AH"),
    ("v", "V"),
    ("w", "W"),
    ("x", "K S"),
    ("y", "IY"),
    ("z", "Z"),
];

/// A rough English pronunciation: doubled consonants once, a closing `e` silent, and it lengthens the vowel before it.
fn letters_to_phones(word: &str) -> String {
    let mut letters: String = word.to_lowercase().chars().filter(char::is_ascii_lowercase).collect();
    let long = letters.len() > 3 && letters.ends_with('e');
    if long {
        letters.pop();
    }
    let mut phones = Vec::new();
    let mut rest = letters.as_str();
    while let Some((spelling, sound)) = LETTERS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
        let after = rest.strip_prefix(spelling).expect("it starts with it");
        if !(spelling.len() == 1 && after.starts_with(spelling)) {
            let lengthened = long && after.chars().count() == 1;
            phones.push(match (*spelling, lengthened) {
                ("a", true) => "EY",
                ("i", true) => "AY",
                ("u", true) => "UW",
                ("e", true) => "IY",
                _ => sound,
            });
        }
        rest = after;
    }
    phones.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dictionary_is_cut_to_the_words_asked_for() {
        let lexicon = Lexicon::of_text("a AH\na(2) EY\nabout AH B AW T\nzoo Z UW\n".to_owned());
        let words = ["a", "about", "brake", "是", "龘"].map(str::to_owned);
        let found = lexicon.pronounce(&words);
        assert_eq!(found["a"].1, ["AH", "EY"]);
        assert_eq!(found["brake"], (Source::Rules, vec!["B R EY K".to_owned()]));
        assert_eq!(found["是"], (Source::Mandarin, vec!["SH ER".to_owned()]));
        assert!(!found.contains_key("龘") && !found.contains_key("zoo"));
    }

    #[test]
    fn unknown_names_get_a_rough_sound() {
        assert_eq!(letters_to_phones("acmephone"), "AE K M EH F OW N");
        assert_eq!(letters_to_phones("zally"), "Z AE L IY");
        assert_eq!(letters_to_phones("123"), "");
    }
}
