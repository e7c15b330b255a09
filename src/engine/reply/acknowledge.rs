//! The few words that fill the wait for an answer whose sound is late: the pack's, fitting to what the caller was asked.
//! Never waits for the dialogue, which is busy with the answer; never says anything of the answer.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Cue, Desk, Dialogue};
use crate::business::Pack;
use crate::talk::{Expectation, Importance, Language, Sentence};

/// The acknowledgements of the pack that a dialogue speaks for, also after it was replaced.
#[derive(Clone)]
pub struct Acknowledgements {
    desk: watch::Receiver<Arc<Desk>>,
}

impl Dialogue {
    /// What fills the wait for its answers.
    pub fn acknowledgements(&self) -> Acknowledgements {
        Acknowledgements { desk: self.newest.clone() }
    }
}

impl Acknowledgements {
    /// The words for somebody who was asked this, in that language; `None` where the pack has none in it.
    pub fn after(&self, asked: &Expectation, language: Language) -> Option<Sentence> {
        words(&self.desk.borrow().pack, asked, language)
    }
}

fn words(pack: &Pack, asked: &Expectation, language: Language) -> Option<Sentence> {
    let text = pack.prompt(cue(asked)).template(language).filter(|text| !text.contains('{'))?.to_owned();
    Some(Sentence { index: Sentence::ACKNOWLEDGEMENT, text, language, importance: Importance::Normal })
}

const fn cue(asked: &Expectation) -> Cue {
    match asked {
        Expectation::Open => Cue::Acknowledge,
        Expectation::YesNo | Expectation::Choice(_) => Cue::AcknowledgeAnswer,
        Expectation::Digits { .. }
        | Expectation::Spelling
        | Expectation::Date
        | Expectation::Time
        | Expectation::Amount
        | Expectation::Number
        | Expectation::Name
        | Expectation::Address => Cue::AcknowledgeValue,
    }
}
