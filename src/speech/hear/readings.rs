//! The likeliest readings of an utterance, out of the paths through a decoder's lattice.
//! Never judges whether an utterance lies in the grammar, only its readings against each other.

use crate::talk::{Alternative, Expectation, Language, Probability};

use super::written::written;

/// Paths that are looked at: most differ from the one before only in where a pause lies.
pub(super) const MOST_PATHS: usize = 300;
/// Readings that are told.
const MOST_READINGS: usize = 8;
/// The library's unit of a path's score in nats (1,024 steps of log 1.0001), made twenty times flatter, as is usual: frames are
/// not independent of each other, so that raw scores are far too sure.
const NATS_A_STEP: f32 = 0.1024 / 20.0;

/// The distinct readings of these paths, likeliest first, as they are written under this expectation; a string of digits that is
/// not as long as asked for is none. `confidence` is that of the likeliest.
pub(super) fn readings(
    paths: &[(String, i32)],
    language: Language,
    expectation: &Expectation,
    confidence: Probability,
) -> Vec<Alternative> {
    let separator = if language == Language::ZH { "" } else { " " };
    let best = paths.iter().map(|(_, score)| *score).max().unwrap_or_default();
    let mut readings: Vec<Alternative> = Vec::new();
    for (words, score) in paths {
        let words: Vec<&str> = words.split_whitespace().filter(|w| is_word(w)).map(base).collect();
        let text = written(&words.join(separator), language, expectation);
        if text.is_empty() || !is_long_enough(&text, expectation) || readings.iter().any(|r| r.text == text) {
            continue;
        }
        let behind = (best.saturating_sub(*score)) as f32 * NATS_A_STEP;
        readings.push(Alternative { text, confidence: Probability::new(confidence.get() * (-behind).exp()) });
    }
    readings.sort_by(|a, b| b.confidence.get().total_cmp(&a.confidence.get()));
    readings.truncate(MOST_READINGS);
    readings
}

/// Whether a string of digits has as many as were asked for; whatever else was said is not counted.
pub(super) fn is_long_enough(text: &str, expectation: &Expectation) -> bool {
    let Expectation::Digits { min, max, .. } = expectation else { return true };
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits == 0 || (usize::from(*min)..=usize::from(*max)).contains(&digits)
}

/// Whether a segment is a word and not silence or a filler.
pub(super) fn is_word(segment: &str) -> bool {
    !segment.starts_with(['<', '[', '(', '+'])
}

/// The word without the number of its reading.
pub(super) fn base(word: &str) -> &str {
    word.split_once('(').map_or(word, |(base, _)| base)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Expectation = Expectation::Digits { min: 4, max: 5, sensitive: false };

    #[test]
    fn each_reading_is_told_once_with_how_far_it_lies_behind() {
        let path = |text: &str, score| (text.to_owned(), score);
        let paths = [
            path("four two seven one", -7_000),
            path("<sil> four two seven(2) one", -7_001),
            path("four two seven nine", -7_100),
            path("four two double nine", -7_200),
            path("four two seven", -7_300),
        ];
        let readings = readings(&paths, Language::EN, &ORDER, Probability::new(0.8));
        let texts: Vec<&str> = readings.iter().map(|r| r.text.as_str()).collect();
        assert_eq!(texts, ["4271", "4279", "4299"], "427 is too short for an order");
        assert!((readings[0].confidence.get() - 0.8).abs() < 1e-6);
        assert!(readings[1].confidence.get() < 0.55 && readings[1].confidence.get() > readings[2].confidence.get());
    }

    #[test]
    fn a_number_of_another_length_is_none() {
        assert!(is_long_enough("4271", &ORDER) && is_long_enough("agent", &ORDER) && is_long_enough("7", &Expectation::Open));
        assert!(!is_long_enough("it's 427", &ORDER) && !is_long_enough("427111", &ORDER));
    }
}
