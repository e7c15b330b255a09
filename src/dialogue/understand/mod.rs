//! What a caller's words mean: which of the pack's topics, which values, yes or no, which language.
//! Never decides what is done about it.

mod bytes;
mod calibration;
mod classifier;
mod concepts;
mod features;
pub(crate) mod lack;
mod language;
mod linear;
pub mod near;
pub(crate) mod numbers;
pub(crate) mod slots;
mod yes_no;

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use crate::business::{Pack, Topic};

use bytes::{Reader, Writer};
use calibration::Calibration;
pub(super) use features::words_of;
use numbers::without_numbers;

pub use bytes::Corrupt;
pub use classifier::{Classifier, Learnt, Lesson};
pub use language::language_of;
pub use yes_no::YesNo;

/// At or above this score a topic is acted on, in every pack.
pub const ACT: f32 = 0.56;
/// At or above this score the caller is asked whether it is meant; below, nothing is.
pub const CLARIFY: f32 = 0.35;

/// Things people say to a telephone that are no company's business.
const BACKGROUND: &str = include_str!("background.txt");
/// How much it speaks against every topic that words sound like the background.
const AGAINST: f32 = 0.3;
/// A Chinese line is strange to a company if it has no words for one in so many of its terms.
const FAMILIAR: usize = 3;
/// One phrase in so many is kept aside to learn what a margin is worth.
const FOLDS: usize = 5;
/// So many phrases kept aside are enough.
const ENOUGH: usize = 1_000;
/// What is written begins with this; the last byte is the version of the format and of the features.
const MAGIC: &[u8] = b"hotline understanding 2\n";
const DIGEST: usize = 32;

/// A topic and how well the words fit it.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// What it is.
    pub topic: Topic,
    /// The chance that it is meant, 0 to 1; `ACT` and `CLARIFY` say what follows.
    pub score: f32,
}

/// The understanding of one pack, trained from its phrases.
#[derive(Debug)]
pub struct Understanding {
    topics: Vec<Topic>,
    classifier: Classifier,
    calibration: Calibration,
    yes_no: YesNo,
}

impl Understanding {
    /// Trains on the pack's phrases, on this thread; the same pack gives the same understanding.
    pub fn train(pack: &Pack) -> Self {
        Self::train_with(pack, Lesson::all)
    }

    /// The same, with `learn` turning each lesson into a classifier: on several threads, where there are some.
    pub fn train_with(pack: &Pack, learn: impl Fn(Lesson) -> Classifier) -> Self {
        let phrases = Phrases::of(pack);
        let calibration = phrases.calibrate(&learn);
        let classifier = learn(phrases.lesson(|_| true));
        Self { topics: topics(pack), classifier, calibration, yes_no: YesNo::new(pack) }
    }

    /// All topics, the likeliest first.
    pub fn intents(&self, words: &str) -> Vec<Ranked> {
        let evidence = evidence(&self.classifier, &plain(words));
        let scored = self.topics.iter().cloned().zip(evidence);
        let score = |evidence| self.calibration.chance(evidence);
        let mut ranked: Vec<Ranked> = scored.map(|(topic, evidence)| Ranked { topic, score: score(evidence) }).collect();
        ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
        ranked
    }

    /// Yes, no or neither.
    pub fn yes_no(&self, words: &str) -> Option<bool> {
        self.yes_no.answer(words)
    }

    /// What everything that was learnt depends on, as hexadecimal digits: another pack, another hash.
    pub fn content_hash(pack: &Pack) -> String {
        content(pack).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }

    /// What was learnt from that pack, to be kept.
    pub fn to_bytes(&self, pack: &Pack) -> Vec<u8> {
        let mut out = Writer::default();
        out.raw(MAGIC);
        out.raw(&content(pack));
        self.calibration.write(&mut out);
        self.classifier.write(&mut out);
        let mut bytes = out.finish();
        bytes.extend_from_slice(&Sha256::digest(&bytes));
        bytes
    }

    /// What was kept.
    ///
    /// # Errors
    /// If it is damaged, of another version, or was learnt from other phrases.
    pub fn from_bytes(pack: &Pack, bytes: &[u8]) -> Result<Self, Corrupt> {
        let (body, digest) = bytes.split_last_chunk::<DIGEST>().ok_or(Corrupt)?;
        let mut from = Reader::new(body);
        let whole = Sha256::digest(body).as_slice() == digest;
        if !whole || from.raw(MAGIC.len())? != MAGIC || from.raw(DIGEST)? != content(pack) {
            return Err(Corrupt);
        }
        let calibration = Calibration::read(&mut from)?;
        let classifier = Classifier::read(&mut from)?;
        from.end()?;
        let topics = topics(pack);
        if classifier.classes() != topics.len() + 1 {
            return Err(Corrupt);
        }
        Ok(Self { topics, classifier, calibration, yes_no: YesNo::new(pack) })
    }
}

/// What is learnt from: the pack's phrases with the number of their topic, and the background.
struct Phrases {
    of_topics: Vec<(String, usize)>,
    background: Vec<String>,
    topics: usize,
}

impl Phrases {
    fn of(pack: &Pack) -> Self {
        let topics = pack.topics();
        let mut of_topics = Vec::new();
        for (label, (_, phrases)) in topics.iter().enumerate() {
            of_topics.extend(phrases.values().flatten().map(|phrase| (plain(&with_values(phrase)), label)));
        }
        let own: BTreeSet<String> = of_topics.iter().flat_map(|(phrase, _)| terms(phrase)).collect();
        let background = BACKGROUND.lines().map(plain).filter(|line| is_strange(line, &own)).collect();
        Self { background, topics: topics.len(), of_topics }
    }

    /// The phrases whose place in their list is wanted. The background is the last class.
    fn lesson(&self, wanted: impl Fn(usize) -> bool) -> Lesson {
        let of_topics =
            self.of_topics.iter().enumerate().filter(|(i, _)| wanted(*i)).map(|(_, (text, topic))| (text.as_str(), *topic));
        let background =
            self.background.iter().enumerate().filter(|(i, _)| wanted(*i)).map(|(_, text)| (text.as_str(), self.topics));
        let (phrases, labels): (Vec<&str>, Vec<usize>) = of_topics.chain(background).unzip();
        Lesson::with_concepts(&phrases, labels, self.topics + 1)
    }

    /// Learns from four phrases in five and looks how the fifth fares, until enough have been looked at.
    fn calibrate(&self, learn: &impl Fn(Lesson) -> Classifier) -> Calibration {
        let mut margins = Vec::new();
        for fold in 0..FOLDS {
            if margins.len() >= ENOUGH {
                break;
            }
            let classifier = learn(self.lesson(|i| i % FOLDS != fold));
            let best = |text: &str| evidence(&classifier, text).into_iter().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
            let aside = |i: &usize| i % FOLDS == fold;
            let of_topics = self.of_topics.iter().enumerate().filter(|(i, _)| aside(i));
            margins
                .extend(of_topics.filter_map(|(_, (text, topic))| best(text).map(|(found, margin)| (margin, found == *topic))));
            let background = self.background.iter().enumerate().filter(|(i, _)| aside(i));
            margins.extend(background.filter_map(|(_, text)| best(text).map(|(_, margin)| (margin, false))));
        }
        Calibration::fit(&margins)
    }
}

/// What speaks for each topic: its margin, less if the words sound like the background.
fn evidence(classifier: &Classifier, plain: &str) -> Vec<f32> {
    let mut margins = classifier.scores(plain);
    let background = margins.pop().unwrap_or_default();
    margins.iter_mut().for_each(|margin| *margin -= AGAINST * background);
    margins
}

/// Whether a line of the background is none of a company's business: what the company has words for is not background to it.
/// One English word unheard of is enough. Every two Chinese characters are a term, and some of them are new in any sentence.
fn is_strange(line: &str, own: &BTreeSet<String>) -> bool {
    let terms = terms(line);
    let strange = terms.iter().filter(|term| !own.contains(*term)).count();
    if line.is_ascii() { strange > 0 } else { strange * FAMILIAR > terms.len() }
}

/// Words, and every two neighbours among Chinese characters.
fn terms(text: &str) -> Vec<String> {
    let words: Vec<&str> = words_of(text).collect();
    let pairs = words.windows(2).filter(|pair| pair.iter().all(|word| !word.is_ascii())).map(<[&str]>::concat);
    let alone = words.iter().filter(|word| word.is_ascii()).map(|word| (*word).to_owned());
    alone.chain(pairs).collect()
}

fn topics(pack: &Pack) -> Vec<Topic> {
    pack.topics().into_iter().map(|(topic, _)| topic).collect()
}

/// A digest of all that training reads.
fn content(pack: &Pack) -> [u8; DIGEST] {
    let mut hash = Sha256::new();
    let mut part = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    [BACKGROUND, concepts::TEXT].into_iter().for_each(&mut part);
    for (topic, phrases) in pack.topics() {
        part(&format!("{topic:?}"));
        phrases.values().flatten().for_each(|phrase| part(phrase));
    }
    hash.finalize().into()
}

/// A text as it is learnt and scored: words in lower case without marks, Chinese in one piece, every number as `0`.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut after_han = true;
    for word in without_numbers(text) {
        let han = !word.is_ascii() && word.chars().count() == 1;
        if !(plain.is_empty() || han && after_han) {
            plain.push(' ');
        }
        plain.push_str(if word == "#" { "0" } else { &word });
        after_han = han;
    }
    plain
}

/// A phrase with something sayable for its placeholders.
fn with_values(phrase: &str) -> String {
    let filled = [("{digits}", "1234"), ("{amount}", "1234"), ("{date}", "tomorrow"), ("{name}", "")];
    filled.into_iter().fold(phrase.to_owned(), |phrase, (placeholder, value)| phrase.replace(placeholder, value))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::business::tokens;

    fn shop() -> Pack {
        Pack::load(Path::new("packs/shop")).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn texts_are_learnt_as_they_are_heard() {
        assert_eq!(plain("Where's order 4271?"), "wheres order 0");
        assert_eq!(plain("我的VIP订单，四二七幺到哪了"), "我的 vip 订单 0 到哪了");
        assert_eq!(tokens(&with_values("check order {digits}")), ["check", "order", "1234"]);
    }

    #[test]
    fn what_is_kept_is_read_back_and_damage_is_refused() {
        let pack = shop();
        let learnt = Understanding::train(&pack);
        let bytes = learnt.to_bytes(&pack);
        let read = Understanding::from_bytes(&pack, &bytes).unwrap();
        assert_eq!(read.intents("where is my order"), learnt.intents("where is my order"));
        assert_eq!(Understanding::train(&pack).to_bytes(&pack), bytes, "the same pack gives the same understanding");
        for at in (0..bytes.len()).step_by(bytes.len() / 50) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Understanding::from_bytes(&pack, &damaged).is_err(), "byte {at}");
        }
        assert!(Understanding::from_bytes(&pack, &bytes[..bytes.len() - 1]).is_err());
        assert!(Understanding::from_bytes(&pack, &[]).is_err());
    }
}
