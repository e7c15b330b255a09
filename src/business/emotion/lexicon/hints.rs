//! What the words of a turn hint at when no entry stands in it whole: a naive Bayes model of the lexicon's own entries.
//! Never overrules an entry that was found.

use std::collections::HashMap;

use super::super::Emotion;

type Scores = [f32; Emotion::ALL.len()];

/// Letters by which forms of one word are taken for the same.
const PREFIX: usize = 5;
/// What a feature never seen with an emotion counts as.
const SMOOTH: f32 = 0.3;
/// How much a model of phrases says of whole turns, and at most.
const TRUST: f32 = 0.55;
const MOST: f32 = 1.9;

/// How often words and pairs of them stand in the entries of each emotion.
#[derive(Default)]
pub(in super::super) struct Hints {
    counts: HashMap<String, Scores>,
    totals: Scores,
}

impl Hints {
    /// Takes a phrase that tells of that emotion.
    pub(super) fn learn(&mut self, words: &[&str], emotion: Emotion) {
        for feature in features(words) {
            self.counts.entry(feature).or_default()[emotion as usize] += 1.0;
            self.totals[emotion as usize] += 1.0;
        }
    }

    /// Log-odds by emotion against their mean.
    pub(in super::super) fn of(&self, words: &[&str]) -> Scores {
        let mut sum = Scores::default();
        let mut known = 0u16;
        for counts in features(words).iter().filter_map(|feature| self.counts.get(feature)) {
            let share =
                |e: Emotion| (counts[e as usize] + SMOOTH) / (self.totals[e as usize] + SMOOTH * self.counts.len() as f32);
            let shares = Emotion::ALL.map(|e| share(e).ln());
            let mean = shares.iter().sum::<f32>() / shares.len() as f32;
            sum.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share - mean);
            known += 1;
        }
        sum.map(|score| (TRUST * score / f32::from(known.max(1)).sqrt()).clamp(-MOST, MOST))
    }
}

/// Words, their beginnings, and pairs of neighbours; a Chinese character alone says too little.
fn features(words: &[&str]) -> Vec<String> {
    let single = words.iter().filter(|word| word.is_ascii()).map(|word| (*word).to_owned());
    let long = words.iter().filter(|word| word.chars().count() > PREFIX);
    let beginnings = long.map(|word| format!("{}*", word.chars().take(PREFIX).collect::<String>()));
    let pairs = words.windows(2).map(|pair| pair.join(" "));
    single.chain(beginnings).chain(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_hinted_at_by_the_entries_it_shares_words_with() {
        let mut hints = Hints::default();
        hints.learn(&["stop", "calling", "me"], Emotion::Angry);
        hints.learn(&["no", "strength", "left"], Emotion::Upset);
        hints.learn(&["opening", "hours"], Emotion::Neutral);
        let best = |words: &[&str]| {
            let scores = hints.of(words);
            *Emotion::ALL.iter().max_by(|a, b| scores[**a as usize].total_cmp(&scores[**b as usize])).unwrap()
        };
        assert_eq!(best(&["stop", "transferring", "me"]), Emotion::Angry);
        assert_eq!(best(&["i", "lack", "the", "strength"]), Emotion::Upset);
        assert_eq!(hints.of(&["zebra"]), Scores::default());
    }
}
