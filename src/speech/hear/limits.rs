//! The embedded recogniser's operating point: how far below the best sound words may lie that count as said.
//! Never looks at which words they are.

use crate::talk::{Language, Probability};

use super::SphinxConfig;
use super::readings::is_word;
use super::sphinx_ffi::Segment;

/// Frames of 10 ms below which a word is too short to be judged alone.
const SHORT_WORD_FRAMES: u32 = 8;

/// The operating point.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    mean: f32,
    word: f32,
    pause: f32,
}

impl Limits {
    pub(super) fn of(config: &SphinxConfig, language: Language) -> Self {
        let leeway = if language == Language::ZH { config.mandarin_leeway } else { 0.0 };
        Self {
            mean: config.reject_above + leeway,
            word: config.reject_word_above + leeway,
            pause: config.reject_pause_above + leeway,
        }
    }

    /// How surely the words of these segments were said: 0.5 is the operating point, less is outside the grammar. Not calibrated.
    pub(super) fn confidence(self, segments: &[Segment]) -> Probability {
        let (words, pauses): (Vec<&Segment>, Vec<&Segment>) = segments.iter().partition(|s| is_word(&s.word));
        let total: u32 = words.iter().map(|w| frames(w)).sum();
        let mean = -words.iter().map(|w| w.score as f32).sum::<f32>() / total.max(1) as f32;
        let worst = |segments: &[&Segment]| {
            let long = segments.iter().filter(|s| frames(s) >= SHORT_WORD_FRAMES);
            long.map(|s| distance(s)).fold(0.0, f32::max)
        };
        let margin = ((self.mean - mean) / 8.0).min((self.word - worst(&words)) / 12.0).min((self.pause - worst(&pauses)) / 12.0);
        Probability::new(1.0 / (1.0 + (-margin).exp()))
    }
}

const fn frames(segment: &Segment) -> u32 {
    segment.to_frame.saturating_sub(segment.from_frame) + 1
}

/// How far a segment lies below the best sound, on average a frame.
fn distance(segment: &Segment) -> f32 {
    -(segment.score as f32) / frames(segment) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operating_point_is_at_one_half() {
        let limits = Limits { mean: 68.0, word: 95.0, pause: 50.0 };
        let segment = |score: i32| Segment { word: "order".into(), from_frame: 0, to_frame: 9, score };
        assert!(limits.confidence(&[segment(-680)]).get() >= 0.5);
        assert!(limits.confidence(&[segment(-700)]).get() < 0.5);
        assert!(limits.confidence(&[segment(-300)]).get() > 0.9);
        let pause = |score| Segment { word: "<sil>".into(), ..segment(score) };
        assert!(limits.confidence(&[pause(-200), segment(-300)]).get() > 0.9);
        assert!(limits.confidence(&[pause(-900), segment(-300)]).get() < 0.5, "a pause full of speech");
    }
}
