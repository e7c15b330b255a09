//! Speech to text: the [`Recognizer`] trait and its engines.
//! Never decides whose turn it is; an utterance is begun, fed and finished by its owner.

pub mod at_length;
pub mod beginnings;
mod config;
#[cfg(feature = "sphinx")]
mod decoders;
#[cfg(feature = "sphinx")]
mod front;
pub mod gate;
#[cfg(feature = "whisper")]
pub mod ggml;
pub mod grammar;
pub mod lexicon;
#[cfg(feature = "sphinx")]
mod limits;
mod open;
#[cfg(feature = "openai")]
pub mod openai;
pub mod phrase;
pub mod pinyin;
#[cfg(feature = "sphinx")]
mod readings;
#[cfg(feature = "sphinx")]
pub mod sphinx;
#[cfg(feature = "sphinx")]
mod sphinx_ffi;
#[cfg(feature = "sphinx")]
mod vocabulary;
#[cfg(feature = "whisper")]
pub mod whisper;
#[cfg(feature = "whisper")]
mod whisper_abort;
mod written;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use thiserror::Error;

use crate::audio::MediaTime;
use crate::talk::{Expectation, Language, Transcript};

pub use config::{AudioContext, FrontEnd, HearConfig, HearEngine, OpenaiHearConfig, SphinxConfig, WhisperConfig};
pub use open::{EngineFact, describe, is_restricted, open};
pub use phrase::Phrase;
pub use written::written;

/// What a recogniser is told before an utterance.
#[derive(Debug, Clone)]
pub struct HearRequest {
    /// The language the caller is taken to speak.
    pub language: Language,
    /// What the dialogue expects to hear now.
    pub expectation: Expectation,
    /// Media time of the first sample that will be fed; word times count from it.
    pub from: MediaTime,
    /// Ends the work early when set.
    pub cancel: Cancel,
}

/// A flag that ends blocking work early; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks the work to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why an utterance could not be recognised.
#[derive(Debug, Error)]
pub enum HearError {
    /// The engine, its library or its server failed.
    #[error("recogniser {engine}: {what}")]
    Backend {
        /// The engine's name.
        engine: &'static str,
        /// What happened and what to do.
        what: String,
    },
    /// The work was cancelled; nobody waits for it.
    #[error("recognition was cancelled")]
    Cancelled,
}

/// A speech recogniser, shared by all calls.
pub trait Recognizer: Send + Sync {
    /// Its name in the configuration and in events.
    fn name(&self) -> &'static str;

    /// Whether it can make out words of this language at all.
    fn hears(&self, language: Language) -> bool;

    /// Begins an utterance. May take some milliseconds (a grammar is made ready); runs on a worker.
    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError>;

    /// Takes what callers may say from now on; an engine that hears any words by itself has nothing to learn.
    fn learn(&self, _phrases: Vec<Phrase>) {}
}

/// One utterance on its way through a recogniser.
pub trait Hearing: Send {
    /// Takes more sound: 16 kHz mono, any number of samples. A streaming engine may give a partial transcript back.
    fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError>;

    /// The caller pauses: what was said so far, as well as if it were all, in a partial transcript; `None` where that is not worth
    /// its while. `cancel` ends this guess alone.
    ///
    /// # Errors
    /// As [`Self::finish`].
    fn guess(&mut self, _cancel: &Cancel) -> Result<Option<Transcript>, HearError> {
        Ok(None)
    }

    /// Ends the utterance and gives its final transcript (possibly [`Transcript::nothing`]). `as_guessed`: nothing was said since the
    /// last guess, whose work need not be done again.
    ///
    /// # Errors
    /// The engine failed, or the work was cancelled.
    fn finish(self: Box<Self>, as_guessed: bool) -> Result<Transcript, HearError>;
}
