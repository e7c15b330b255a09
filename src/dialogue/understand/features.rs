//! An utterance as a sparse vector: hashed word 1-2-grams and character 2-4-grams, weighted by rarity.
//! Never segments Chinese: each character is a word. A number is one word, whichever it is.

use std::collections::HashMap;

use super::numbers::without_numbers;

/// Position and weight, ordered by position.
pub(super) type Vector = Vec<(u32, f32)>;

/// How often each n-gram occurs in one utterance, words and characters apart.
type Counts = [HashMap<u64, f32>; 2];

/// Knows the n-grams of the training phrases and how rare each is.
#[derive(Debug)]
pub(super) struct Vectorizer {
    known: [HashMap<u64, (u32, f32)>; 2],
    /// The weight of an n-gram never seen: as rare as can be.
    unknown: f32,
    size: usize,
}

impl Vectorizer {
    pub(super) fn fit(phrases: &[&str]) -> Self {
        let mut frequency: [HashMap<u64, u32>; 2] = Default::default();
        for phrase in phrases {
            for (frequency, counts) in frequency.iter_mut().zip(counts(phrase)) {
                counts.keys().for_each(|gram| *frequency.entry(*gram).or_default() += 1);
            }
        }
        let n = phrases.len() as f32;
        let rarity = |documents: f32| ((1.0 + n) / (1.0 + documents)).ln() + 1.0;
        let mut size = 0;
        let known = frequency.map(|frequency| {
            let mut grams: Vec<(u64, u32)> = frequency.into_iter().collect();
            grams.sort_unstable();
            let numbered = grams.into_iter().map(|(gram, documents)| {
                size += 1;
                (gram, (size as u32 - 1, rarity(documents as f32)))
            });
            numbered.collect()
        });
        Self { known, unknown: rarity(0.0), size }
    }

    /// How many positions a vector has.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// The utterance's vector. Its length is at most √2; n-grams never seen shorten it, so that strange words lower every score.
    pub(super) fn vector(&self, text: &str) -> Vector {
        let mut vector = Vector::new();
        for (known, counts) in self.known.iter().zip(counts(text)) {
            let from = vector.len();
            let mut square = 0.0;
            for (gram, count) in counts {
                let (place, rarity) = known.get(&gram).map_or((None, self.unknown), |(place, rarity)| (Some(*place), *rarity));
                let weight = (1.0 + count.ln()) * rarity;
                square += weight * weight;
                vector.extend(place.map(|place| (place, weight)));
            }
            let length = f32::max(square.sqrt(), f32::EPSILON);
            vector[from..].iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        vector.sort_unstable_by_key(|(place, _)| *place);
        vector
    }
}

fn counts(text: &str) -> Counts {
    let words = without_numbers(text);
    let mut counts = Counts::default();
    for n in 1..=2 {
        words.windows(n).for_each(|gram| *counts[0].entry(hash(&gram.join(" "))).or_default() += 1.0);
    }
    for word in runs_of_characters(&words) {
        let letters: Vec<char> = word.chars().collect();
        for n in 2..=4 {
            let grams = letters.windows(n).map(|gram| gram.iter().collect::<String>());
            grams.for_each(|gram| *counts[1].entry(hash(&gram)).or_default() += 1.0);
        }
    }
    counts
}

/// ` word ` for each word with letters; neighbouring Chinese characters joined into one run.
fn runs_of_characters(words: &[String]) -> Vec<String> {
    let mut runs: Vec<String> = Vec::new();
    let mut in_han = false;
    for word in words {
        let han = !word.is_ascii() && word.chars().count() == 1;
        match runs.last_mut().filter(|_| han && in_han) {
            Some(run) => {
                run.pop();
                run.push_str(word);
                run.push(' ');
            }
            None => runs.push(format!(" {word} ")),
        }
        in_han = han;
    }
    runs
}

/// FNV-1a with a final stir.
fn hash(gram: &str) -> u64 {
    let fnv = gram.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    (fnv ^ (fnv >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
