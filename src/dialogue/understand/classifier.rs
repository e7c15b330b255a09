//! Phrases with labels to a classifier of utterances: the one model behind understanding and `hotline eval nlu`.
//! Never knows what a label means, and starts no thread: a caller with several shares the classes out among them.

use std::ops::Range;

use super::bytes::{Corrupt, Reader, Writer};
use super::features::Vectorizer;
use super::linear::{Examples, Linear, Plane};

/// The price of a training error where there is much to learn from; measured on public sets of 77 and 150 intents.
const PRICE: f32 = 0.5;
/// The price where examples are few and each must count.
const PRICE_OF_FEW: f32 = 1.0;
/// Below this number of phrases they are few.
const FEW: usize = 5_000;

/// Phrases ready to be learnt from.
#[derive(Debug)]
pub struct Lesson {
    vectorizer: Vectorizer,
    examples: Examples,
    labels: Vec<usize>,
    classes: usize,
    price: f32,
    /// Whether an example of a small class counts for more.
    balanced: bool,
}

/// Some of a lesson's classes, learnt.
#[derive(Debug)]
pub struct Learnt(Vec<Plane>);

/// Scores an utterance for every class.
#[derive(Debug, Clone, PartialEq)]
pub struct Classifier {
    vectorizer: Vectorizer,
    linear: Linear,
}

impl Lesson {
    /// Reads the phrases. Labels count from 0; one at or above `classes` speaks against all.
    ///
    /// # Panics
    /// If there is not one label a phrase.
    pub fn new(phrases: &[&str], labels: Vec<usize>, classes: usize) -> Self {
        Self::of(Vectorizer::fit(phrases, false), phrases, labels, classes)
    }

    /// The same with the concepts of the words as further features, for phrases in the words of [`super::concepts`], and with
    /// small classes favoured: a pack has a hundred phrases for one topic and twenty for another. However
    /// many they are, the price is that of few.
    pub(super) fn with_concepts(phrases: &[&str], labels: Vec<usize>, classes: usize) -> Self {
        Self { balanced: true, price: PRICE_OF_FEW, ..Self::of(Vectorizer::fit(phrases, true), phrases, labels, classes) }
    }

    fn of(vectorizer: Vectorizer, phrases: &[&str], labels: Vec<usize>, classes: usize) -> Self {
        assert_eq!(phrases.len(), labels.len(), "one label a phrase");
        let examples = Examples::new(phrases.iter().map(|phrase| vectorizer.vector(phrase)));
        let price = if phrases.len() < FEW { PRICE_OF_FEW } else { PRICE };
        Self { vectorizer, examples, labels, classes, price, balanced: false }
    }

    /// How many classes there are to learn.
    pub const fn classes(&self) -> usize {
        self.classes
    }

    /// Learns some of the classes; each for itself, so that ranges can be learnt at the same time.
    pub fn learn(&self, classes: Range<usize>) -> Learnt {
        let plane = |class| self.examples.separate(|i| self.labels[i] == class, self.prices(class), class as u64);
        Learnt(classes.map(plane).collect())
    }

    /// What an error outside and inside a class costs. A topic of few phrases beside topics of many would never be dared.
    fn prices(&self, class: usize) -> [f32; 2] {
        let members = self.labels.iter().filter(|label| **label == class).count().max(1);
        let mean = self.labels.len() as f32 / self.classes as f32;
        let favour = if self.balanced { (mean / members as f32).sqrt() } else { 1.0 };
        [self.price, self.price * favour]
    }

    /// Puts together what was learnt: all classes, in order.
    ///
    /// # Panics
    /// If a class is missing.
    pub fn finish(self, learnt: impl IntoIterator<Item = Learnt>) -> Classifier {
        let planes: Vec<Plane> = learnt.into_iter().flat_map(|Learnt(planes)| planes).collect();
        assert_eq!(planes.len(), self.classes, "every class is learnt once");
        Classifier { vectorizer: self.vectorizer, linear: Linear::new(&planes) }
    }

    /// All at once, on this thread.
    pub fn all(self) -> Classifier {
        let learnt = self.learn(0..self.classes);
        self.finish([learnt])
    }
}

impl Classifier {
    /// The margin of every class; the highest is meant, if any is.
    pub fn scores(&self, text: &str) -> Vec<f32> {
        self.linear.scores(&self.vectorizer.vector(text))
    }

    /// How many classes it tells apart.
    pub const fn classes(&self) -> usize {
        self.linear.classes()
    }

    /// As bytes, to be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        self.write(&mut out);
        out.finish()
    }

    pub(super) fn write(&self, out: &mut Writer) {
        self.vectorizer.write(out);
        self.linear.write(out);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, Corrupt> {
        Ok(Self { vectorizer: Vectorizer::read(from)?, linear: Linear::read(from)? })
    }
}
