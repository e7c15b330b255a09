//! Words and keys without what they say, for records of what was decided where a secret was asked for.
//! Never changes what is decided by: whether there were words, and how many digits.

use super::{Hint, Prompt, Transcript};
use crate::privacy::Pii;

impl Transcript {
    /// The same without its words.
    #[must_use]
    pub fn veiled(self) -> Self {
        Self { text: stars(&self.text), words: Vec::new(), alternatives: Vec::new(), ..self }
    }
}

impl Hint {
    /// The same without its words.
    #[must_use]
    pub fn veiled(&self) -> Self {
        let veiled = |text: &Pii<String>| Pii::new(stars(text.reveal()));
        match self {
            Self::Steer(text) => Self::Steer(veiled(text)),
            Self::Say(text) => Self::Say(veiled(text)),
            Self::SayAnyway(text) => Self::SayAnyway(veiled(text)),
            Self::StepAside => Self::StepAside,
            Self::ComeBack => Self::ComeBack,
        }
    }
}

impl Prompt {
    /// The same without the words or keys of anybody.
    #[must_use]
    pub fn veiled(self) -> Self {
        match self {
            Self::Said { turn, transcript } => Self::Said { turn, transcript: transcript.veiled() },
            Self::Keyed { turn, keys } => Self::Keyed { turn, keys: Pii::new(stars(keys.reveal())) },
            Self::Hinted { hint } => Self::Hinted { hint: hint.veiled() },
            other @ (Self::Greeting | Self::NoInput { .. } | Self::NoMatch { .. } | Self::Trouble | Self::Closing { .. }) => {
                other
            }
        }
    }
}

/// As many words and as many digits in each as there were, none of them told. Not even a word's length is: "four" would be known.
fn stars(text: &str) -> String {
    let zeros = |word: &str| word.chars().filter(|c| c.is_numeric()).map(|_| '0').collect::<String>();
    let hidden = text.split_whitespace().map(zeros).map(|zeros| if zeros.is_empty() { "***".to_owned() } else { zeros });
    hidden.collect::<Vec<_>>().join(" ")
}
