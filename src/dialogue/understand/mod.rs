//! What a caller's words mean: which of the pack's topics, which values, yes or no, which language.
//! Never decides what is done about it.

mod features;
mod linear;
pub mod near;
pub(crate) mod numbers;
pub(crate) mod slots;
mod yes_no;

use crate::business::{Pack, Topic, tokens};
use crate::talk::Language;

use features::Vectorizer;
use linear::Linear;

pub use yes_no::YesNo;

/// At or above this score a topic is acted on.
pub const ACT: f32 = -0.20;
/// At or above this score the caller is asked whether it is meant; below, nothing is.
pub const CLARIFY: f32 = -0.40;

/// A topic and how well the words fit it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// What it is.
    pub topic: Topic,
    /// Margin of the linear model; `ACT` and `CLARIFY` say what it is worth.
    pub score: f32,
}

/// The understanding of one pack, trained from its phrases.
#[derive(Debug)]
pub struct Understanding {
    topics: Vec<Topic>,
    vectorizer: Vectorizer,
    model: Linear,
    yes_no: YesNo,
}

impl Understanding {
    /// Trains on the pack's phrases; the same pack gives the same understanding.
    pub fn train(pack: &Pack) -> Self {
        let topics = pack.topics();
        let (mut phrases, mut labels) = (Vec::new(), Vec::new());
        for (label, (_, of_topic)) in topics.iter().enumerate() {
            for phrase in of_topic.values().flatten() {
                phrases.push(with_values(phrase));
                labels.push(label);
            }
        }
        let phrases: Vec<&str> = phrases.iter().map(String::as_str).collect();
        let vectorizer = Vectorizer::fit(&phrases);
        let vectors: Vec<_> = phrases.iter().map(|p| vectorizer.vector(p)).collect();
        let model = Linear::train(&vectors, &labels, vectorizer.size());
        let topics = topics.into_iter().map(|(topic, _)| topic).collect();
        Self { topics, vectorizer, model, yes_no: YesNo::new(pack) }
    }

    /// All topics, the likeliest first.
    pub fn intents(&self, words: &str) -> Vec<Ranked> {
        let scores = self.model.scores(&self.vectorizer.vector(words));
        let mut ranked: Vec<Ranked> =
            self.topics.iter().cloned().zip(scores).map(|(topic, score)| Ranked { topic, score }).collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        ranked
    }

    /// Yes, no or neither.
    pub fn yes_no(&self, words: &str) -> Option<bool> {
        self.yes_no.answer(words)
    }
}

/// The language the words are surely in: Chinese if they hold two Chinese characters, English from three English words on.
pub fn language_of(words: &str) -> Option<Language> {
    let tokens = tokens(words);
    let han = tokens.iter().filter(|t| !t.is_ascii()).count();
    let english = tokens.iter().filter(|t| t.bytes().all(|b| b.is_ascii_alphabetic())).count();
    match (han, english) {
        (2.., _) if han > english => Some(Language::ZH),
        (0, 3..) => Some(Language::EN),
        _ => None,
    }
}

/// A phrase with something sayable for its placeholders.
fn with_values(phrase: &str) -> String {
    let filled = [("{digits}", "1234"), ("{amount}", "1234"), ("{date}", "tomorrow"), ("{name}", "")];
    filled.into_iter().fold(phrase.to_owned(), |phrase, (placeholder, value)| phrase.replace(placeholder, value))
}
