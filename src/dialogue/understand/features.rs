//! An utterance as a sparse vector: hashed word 1-2-grams and character 2-4-grams, each weighted by its rarity.
//! Never segments Chinese, where each character is a word, and never allocates a string for an n-gram.
//!
//! The weights are those of scikit-learn's `TfidfVectorizer(sublinear_tf=True)`: (1 + ln tf) · (1 + ln((1 + n) / (1 + df))),
//! words and characters each scaled to length 1; the characters are those of `analyzer="char_wb"`.

use super::bytes::{Corrupt, Reader, Writer};
use super::concepts::concepts_in;

/// Positions of a vector. Two n-grams in one position cost less accuracy than a table of all costs memory.
pub(super) const POSITIONS: usize = 1 << 14;

/// Words, characters and concepts are weighed apart.
const BLOCKS: usize = 3;
/// The length of each block, as the recipe has it …
const SHARES: [f32; BLOCKS] = [1.0, 1.0, 0.0];
/// … and beside concepts, chosen on the packs' development phrasings.
const SHARES_WITH_CONCEPTS: [f32; BLOCKS] = [1.3, 1.0, 1.2];

/// Position and weight, by position.
pub(super) type Vector = Vec<(u16, f32)>;

/// The hash of an n-gram and how often it occurs, by hash.
type Counts = Vec<(u32, u32)>;

/// Knows the n-grams of the training phrases and in how many of them each stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Vectorizer {
    phrases: u32,
    /// Whether concepts are features too.
    concepts: bool,
    /// Words, characters, concepts; each by hash.
    known: [Counts; BLOCKS],
}

impl Vectorizer {
    pub(super) fn fit(phrases: &[&str], concepts: bool) -> Self {
        let mut known: [Counts; BLOCKS] = Default::default();
        for phrase in phrases {
            for (known, counts) in known.iter_mut().zip(counts(phrase, concepts)) {
                known.extend(counts.into_iter().map(|(gram, _)| (gram, 1)));
            }
        }
        Self { phrases: phrases.len() as u32, concepts, known: known.map(merged) }
    }

    /// The utterance's vector. Without concepts, n-grams never seen in training are left out, as the recipe has it; with them,
    /// they shorten their block, so that strange words lower every score.
    pub(super) fn vector(&self, text: &str) -> Vector {
        let mut vector = Vector::new();
        let shares = if self.concepts { SHARES_WITH_CONCEPTS } else { SHARES };
        for ((known, counts), share) in self.known.iter().zip(counts(text, self.concepts)).zip(shares) {
            let from = vector.len();
            let mut square = 0.0;
            for (gram, count) in counts {
                let found = known.binary_search_by_key(&gram, |(known, _)| *known).ok();
                let weight = (1.0 + (count as f32).ln()) * self.rarity(found.map_or(0, |at| known[at].1));
                if found.is_some() || self.concepts {
                    square += weight * weight;
                }
                vector.extend(found.map(|_| (position(gram), weight)));
            }
            let length = square.sqrt() / share;
            vector[from..].iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        vector.sort_unstable_by_key(|(position, _)| *position);
        vector.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            kept.1 += if same { later.1 } else { 0.0 };
            same
        });
        vector
    }

    fn rarity(&self, phrases: u32) -> f32 {
        ((1.0 + self.phrases as f32) / (1.0 + phrases as f32)).ln() + 1.0
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.u32(self.phrases);
        out.u32(self.concepts.into());
        for known in &self.known {
            out.u32(known.len() as u32);
            let mut before = 0;
            for (gram, phrases) in known {
                out.varint(gram - before);
                out.varint(*phrases);
                before = *gram;
            }
        }
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let phrases = from.u32()?;
        let concepts = from.u32()? != 0;
        let mut known: [Counts; BLOCKS] = Default::default();
        for known in &mut known {
            let mut gram = 0u32;
            for _ in 0..from.u32()? {
                gram = gram.checked_add(from.varint()?).ok_or(Corrupt)?;
                known.push((gram, from.varint()?));
            }
        }
        Ok(Self { phrases, concepts, known })
    }
}

const fn position(gram: u32) -> u16 {
    (gram as usize % POSITIONS) as u16
}

fn counts(text: &str, concepts: bool) -> [Counts; BLOCKS] {
    let text = text.to_lowercase();
    let meant = if concepts { meaning(&text) } else { Counts::new() };
    [words(&text), characters(&text), meant].map(merged)
}

/// Words and pairs of neighbours.
fn words(text: &str) -> Counts {
    let mut grams = Counts::new();
    let mut before: Option<&str> = None;
    for word in words_of(text) {
        grams.push((finished(hash(WORDS, word.as_bytes())), 1));
        if let Some(before) = before {
            let pair = [before, " ", word].iter().fold(WORDS, |state, part| hash(state, part.as_bytes()));
            grams.push((finished(pair), 1));
        }
        before = Some(word);
    }
    grams
}

/// Runs of characters of each word with a space around it.
fn characters(text: &str) -> Counts {
    let (mut grams, mut padded, mut ends) = (Counts::new(), String::new(), Vec::new());
    for run in text.split_whitespace() {
        padded.clear();
        padded.extend([" ", run, " "]);
        ends.clear();
        ends.extend(padded.char_indices().map(|(at, c)| at + c.len_utf8()));
        characters_of(padded.as_bytes(), &ends, &mut grams);
    }
    grams
}

/// Concepts and every two of them, wherever they stand; a word of no concept stands for itself.
fn meaning(text: &str) -> Counts {
    let (concepts, others) = concepts_in(text);
    let mut grams: Counts = others.iter().map(|word| (finished(hash(CONCEPTS, word.as_bytes())), 1)).collect();
    for (i, concept) in concepts.iter().enumerate() {
        let state = hash(CONCEPTS, &concept.to_le_bytes());
        grams.push((finished(state), 1));
        grams.extend(concepts[i + 1..].iter().map(|other| (finished(hash(state, &other.to_le_bytes())), 1)));
    }
    grams
}

/// Letters, digits and `_` in a row are a word; a Chinese character is one by itself.
pub(in crate::dialogue) fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let joins = |c: char| (c.is_alphanumeric() || c == '_') && !is_han(c);
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '_');
        let first = rest.chars().next()?;
        let end = if is_han(first) { first.len_utf8() } else { rest.find(|c| !joins(c)).unwrap_or(rest.len()) };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// Every 2, 3 and 4 characters in a row of a word with a space around it.
fn characters_of(padded: &[u8], ends: &[usize], out: &mut Counts) {
    for first in 0..ends.len() {
        let start = if first == 0 { 0 } else { ends[first - 1] };
        let mut from = start;
        let mut state = CHARACTERS;
        for (n, &end) in (1..=4).zip(&ends[first..]) {
            state = hash(state, &padded[from..end]);
            from = end;
            if n > 1 {
                out.push((finished(state), 1));
            }
        }
    }
}

/// Equal n-grams as one, in order.
fn merged(mut counts: Counts) -> Counts {
    counts.sort_unstable_by_key(|(gram, _)| *gram);
    counts.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        kept.1 += if same { later.1 } else { 0 };
        same
    });
    counts
}

const fn is_han(c: char) -> bool {
    matches!(c as u32, 0x3400..=0x9FFF | 0xF900..=0xFAFF)
}

/// Where the hash of a word n-gram begins; the offset of FNV-1a.
const WORDS: u64 = 0xcbf2_9ce4_8422_2325;
/// Where that of a character n-gram begins.
const CHARACTERS: u64 = WORDS ^ 0x9e37_79b9_7f4a_7c15;
/// Where that of a concept begins.
const CONCEPTS: u64 = WORDS ^ 0x3c6e_f372_fe94_f82a;

/// FNV-1a.
fn hash(state: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(state, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A last stir: the low bits become positions.
const fn finished(hash: u64) -> u32 {
    let stirred = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (stirred ^ (stirred >> 32)) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(text: &str) -> [usize; 3] {
        counts(text, false).map(|block| block.iter().map(|(_, n)| *n as usize).sum())
    }

    #[test]
    fn n_grams_are_those_of_the_recipe() {
        // Two words and their pair; " i ": 2 twos, 1 three; " am ": 3 twos, 2 threes, 1 four.
        assert_eq!(grams("I  am"), [3, 9, 0]);
        assert_eq!(words_of("what's my VIP订单_1?").collect::<Vec<_>>(), ["what", "s", "my", "VIP", "订", "单", "_1"]);
        assert_eq!(grams(" ... "), [0, 4 + 3 + 2, 0]);
        assert_eq!(counts("LAMP", true), counts("lamp", true));
    }

    #[test]
    fn weights_are_those_of_the_recipe() {
        let vectorizer = Vectorizer::fit(&["a b", "a c", "a a"], false);
        let block = |word: &str| {
            let gram = finished(hash(WORDS, word.as_bytes()));
            vectorizer.known[0].iter().find(|(known, _)| *known == gram).map(|(_, phrases)| vectorizer.rarity(*phrases))
        };
        assert_eq!(block("a"), Some(1.0));
        assert_eq!(block("b"), Some(1.0 + (4.0f32 / 2.0).ln()));
        let vector = vectorizer.vector("a a c");
        let square: f32 = vector.iter().map(|(_, weight)| weight * weight).sum();
        assert!((square - 2.0).abs() < 1e-5, "two blocks of length 1, but {square}");
        assert!(vectorizer.vector("日本").is_empty() && vectorizer.vector("").is_empty());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let vectorizer = Vectorizer::fit(&["where is my order", "我的订单到哪了", ""], true);
        let mut out = Writer::default();
        vectorizer.write(&mut out);
        let bytes = out.finish();
        assert_eq!(Vectorizer::read(&mut Reader::new(&bytes)), Ok(vectorizer));
        assert_eq!(Vectorizer::read(&mut Reader::new(&bytes[..bytes.len() - 1])), Err(Corrupt));
    }
}
