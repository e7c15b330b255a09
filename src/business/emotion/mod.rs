//! What a caller feels, turn by turn: read from the words, from the voice where there is one, and from both together.
//! Never acts on it; a pack's `emotion.toml` says what follows, and without its leave nothing here can run.

mod lexicon;
mod policy;
mod voice;
mod words;

use serde::{Deserialize, Serialize};

use crate::talk::{EmotionOn, Language, Probability};

pub use policy::{EmotionPolicy, Mood, Reaction};
pub use voice::Baseline;

/// What a caller feels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Emotion {
    /// Cross with us: heat, sarcasm, cold politeness.
    Angry,
    /// Sad, let down, at the end of their strength.
    Upset,
    /// Afraid of what may happen, or pressed for time.
    Anxious,
    /// None that shows.
    Neutral,
    /// Glad, relieved, grateful.
    Pleased,
}

impl Emotion {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Angry, Self::Upset, Self::Anxious, Self::Neutral, Self::Pleased];

    /// Its name in files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Angry => "angry",
            Self::Upset => "upset",
            Self::Anxious => "anxious",
            Self::Neutral => "neutral",
            Self::Pleased => "pleased",
        }
    }

    /// What the words of a turn tell, given what was said before it (newest last).
    ///
    /// In a language without a lexicon every turn reads as neutral, and not surely.
    pub fn of_words(_leave: EmotionOn, text: &str, language: Language, before: &[Said<'_>]) -> Reading {
        words::read(text, language, before)
    }
}

/// Something said before the turn at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// By the caller.
    Caller(&'a str),
    /// By the bot, as far as it was heard.
    Bot(&'a str),
}

/// Why a turn was read as it was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The lexicon's entry or the rule's name; never the caller's own words.
    pub cue: &'static str,
    /// What it speaks for.
    pub emotion: Emotion,
    /// How strongly, in log-odds.
    pub weight: f32,
}

/// What a turn tells of its caller's feelings.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The likeliest.
    pub emotion: Emotion,
    /// How likely: of turns read at 0.8, about eight in ten are right.
    pub confidence: Probability,
    /// What speaks for it or against, strongest first.
    pub evidence: Vec<Evidence>,
    /// Log-odds by emotion, in the order of [`Emotion::ALL`].
    scores: [f32; Emotion::ALL.len()],
}

/// Scores are divided by this before they become probabilities: fitted on the development set.
const TEMPERATURE: f32 = 0.6;

impl Reading {
    fn of(scores: [f32; Emotion::ALL.len()], mut evidence: Vec<Evidence>) -> Self {
        let emotion = *Emotion::ALL.iter().max_by(|a, b| scores[**a as usize].total_cmp(&scores[**b as usize])).expect("five");
        evidence.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
        let reading = Self { emotion, confidence: Probability::ZERO, evidence, scores };
        Self { confidence: reading.share(emotion), ..reading }
    }

    /// How likely that emotion is.
    pub fn share(&self, emotion: Emotion) -> Probability {
        let odds = |e: Emotion| (self.scores[e as usize] / TEMPERATURE).exp();
        Probability::new(odds(emotion) / Emotion::ALL.map(odds).iter().sum::<f32>())
    }
}
