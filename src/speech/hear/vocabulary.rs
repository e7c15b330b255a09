//! What the embedded recogniser listens for: the phrases whose words can be pronounced, and the grammars made of them.
//! Never hears; a new pack's phrases take the place of the old ones between two utterances.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crate::talk::{Ending, Expectation, Language};

use super::grammar::{self, Grammar};
use super::lexicon::{Lexicon, Pronounced, Source};
use super::phrase::{Phrase, Piece, pieces};

/// Grammars kept ready at most; choices read from records make new ones.
const MOST_GRAMMARS: usize = 64;

/// Phrases, words and how they sound.
pub(super) struct Vocabulary {
    lexicon: Lexicon,
    /// Pronunciations of every word that was needed so far.
    sounds: Mutex<Pronounced>,
    taught: RwLock<Arc<Taught>>,
}

/// A grammar as a decoder learns it.
pub(super) struct Sayable {
    /// The same for the same grammar.
    pub(super) name: String,
    /// In SphinxBase's text format.
    pub(super) fsg: String,
    /// How its words are pronounced.
    pub(super) sounds: Pronounced,
    grammar: Grammar,
}

impl Sayable {
    fn new(grammar: Grammar, sounds: Pronounced) -> Self {
        let fsg = grammar.fsg(|word| sounds.get(word).map_or(1, |(_, readings)| readings.len()));
        let mut hasher = DefaultHasher::new();
        fsg.hash(&mut hasher);
        Self { name: format!("g{:016x}", hasher.finish()), fsg, sounds, grammar }
    }

    /// Whether these words of it may be all.
    pub(super) fn ending(&self, words: &str) -> Ending {
        if self.grammar.says(words) { Ending::Whole } else { Ending::Unfinished }
    }
}

#[derive(Default)]
struct Taught {
    phrases: Vec<Phrase>,
    unpronounceable: BTreeMap<String, BTreeSet<String>>,
    grammars: Mutex<HashMap<(Language, String), Arc<Sayable>>>,
}

impl Vocabulary {
    pub(super) fn new(lexicon: Lexicon, phrases: Vec<Phrase>) -> Self {
        let vocabulary = Self { lexicon, sounds: Mutex::default(), taught: RwLock::default() };
        vocabulary.teach(phrases);
        vocabulary
    }

    /// Takes these phrases instead of the ones before, but those with a word that nothing can pronounce.
    pub(super) fn teach(&self, phrases: Vec<Phrase>) {
        let words: Vec<BTreeSet<String>> = phrases.iter().map(words_of).collect();
        let sounds = self.pronounce(&words.iter().flatten().cloned().collect());
        let mut taught = Taught::default();
        for (phrase, words) in phrases.into_iter().zip(words) {
            let silent: BTreeSet<String> = words.into_iter().filter(|w| !sounds.contains_key(w)).collect();
            if silent.is_empty() {
                taught.phrases.push(phrase);
            } else {
                taught.unpronounceable.entry(phrase.text).or_default().extend(silent);
            }
        }
        *self.taught.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(taught);
    }

    /// Phrases that cannot be heard, each with the words (or characters) that no rule can pronounce.
    pub(super) fn unpronounceable(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.taught().unpronounceable.clone()
    }

    /// Words whose pronunciation was only guessed from their letters.
    pub(super) fn guessed(&self) -> Vec<String> {
        let sounds = self.sounds.lock().unwrap_or_else(PoisonError::into_inner);
        sounds.iter().filter(|(_, (source, _))| *source == Source::Rules).map(|(word, _)| word.clone()).collect()
    }

    /// What is listened for in that language where this is expected; choices that cannot be pronounced are left out.
    pub(super) fn sayable(&self, expectation: &Expectation, language: Language) -> Arc<Sayable> {
        let taught = self.taught();
        let key = (language, format!("{expectation:?}"));
        if let Some(known) = taught.grammars().get(&key) {
            return Arc::clone(known);
        }
        let grammar = Grammar::build(&taught.phrases, &self.pronounceable(expectation, language), language);
        let sayable = {
            let sounds = self.pronounce(&grammar.words());
            Arc::new(Sayable::new(grammar, sounds))
        };
        let mut grammars = taught.grammars();
        if grammars.len() >= MOST_GRAMMARS {
            grammars.clear();
        }
        grammars.insert(key, Arc::clone(&sayable));
        sayable
    }

    fn taught(&self) -> Arc<Taught> {
        Arc::clone(&self.taught.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The pronunciations of these words; the dictionary is read once for those not met before.
    fn pronounce(&self, words: &BTreeSet<String>) -> Pronounced {
        let mut sounds = self.sounds.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<String> = words.iter().filter(|w| !sounds.contains_key(*w)).cloned().collect();
        if !new.is_empty() {
            sounds.extend(self.lexicon.pronounce(&new));
        }
        words.iter().filter_map(|w| Some((w.clone(), sounds.get(w)?.clone()))).collect()
    }

    fn pronounceable(&self, expectation: &Expectation, language: Language) -> Expectation {
        let Expectation::Choice(choices) = expectation else { return expectation.clone() };
        let mut choices = choices.clone();
        for choice in &mut choices {
            choice.phrases.retain(|text| {
                let words = words_of(&Phrase { text: text.clone(), language, first: true });
                self.pronounce(&words).len() == words.len()
            });
        }
        Expectation::Choice(choices)
    }
}

impl Taught {
    fn grammars(&self) -> std::sync::MutexGuard<'_, HashMap<(Language, String), Arc<Sayable>>> {
        self.grammars.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn words_of(phrase: &Phrase) -> BTreeSet<String> {
    let words = |piece| match piece {
        Piece::Words(words) => grammar::spelled(&words, phrase.language),
        Piece::Slot(_) => Vec::new(),
    };
    pieces(&phrase.text).into_iter().flat_map(words).collect()
}
