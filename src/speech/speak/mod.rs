//! Text to speech: the [`Synthesizer`] trait and its voices.
//! Never plays anything: sound goes into the sink it was given.
//!
//! ```text
//! sentence ─► Voices (by language) ─► Cached ─┬─► ByClause: spoken ─► clauses ─► piper | flite | espeak ─► gain, trim ─► sink
//!                                             └─► openai (streams by itself) ────────────────────────────────────────► sink
//! ```

mod by_clause;
mod cache;
mod clause;
mod config;
#[cfg(feature = "espeak")]
mod espeak;
#[cfg(feature = "espeak")]
pub mod espeak_data;
#[cfg(feature = "espeak")]
mod espeak_ffi;
#[cfg(feature = "flite")]
mod flite;
#[cfg(feature = "flite")]
mod flite_ffi;
mod linear;
pub mod loudness;
#[cfg(feature = "piper")]
mod onnx_ffi;
#[cfg(feature = "openai")]
mod openai;
#[cfg(feature = "piper")]
mod piper;
mod spoken;
mod trim;
#[cfg(feature = "piper")]
mod vits;
mod voices;

use std::ops::ControlFlow;

use thiserror::Error;

use crate::audio::SampleRate;
use crate::talk::Language;

pub use cache::{Cached, Phrases};
pub use clause::{Clause, clauses};
pub use config::{EngineKind, EspeakConfig, FliteConfig, FliteVoice, OpenaiVoiceConfig, PiperConfig, SpeakConfig};
pub use spoken::spoken;
pub use voices::{VoiceFact, Voices, open};

/// How a sentence is to be spoken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delivery {
    /// Speaking rate against the voice's own: 1.0 as it is, 0.8 slower.
    pub rate: f32,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { rate: 1.0 }
    }
}

/// Why a sentence could not be spoken.
#[derive(Debug, Error)]
pub enum SpeakError {
    /// The engine, its voice file or its server failed.
    #[error("voice {engine}: {what}")]
    Backend {
        /// The engine's name.
        engine: &'static str,
        /// What happened and what to do.
        what: String,
    },
    /// No voice speaks this language.
    #[error("no voice speaks {0}; `hotline doctor` lists the voices")]
    NoVoice(Language),
}

/// Takes sound as it is made: 16-bit mono at the synthesizer's rate. `Break` ends the work.
pub type Sink<'a> = &'a mut dyn FnMut(&[i16]) -> ControlFlow<()>;

/// A voice, shared by all calls.
pub trait Synthesizer: Send + Sync {
    /// Its name in the configuration and in events.
    fn name(&self) -> &'static str;

    /// Whether it speaks this language.
    fn speaks(&self, language: Language) -> bool;

    /// Samples per second of what it gives the sink for this language.
    fn rate(&self, language: Language) -> SampleRate;

    /// Speaks one sentence into the sink, in pieces, as early as they are there. Blocking.
    fn synthesise(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError>;
}

impl<S: Synthesizer + ?Sized> Synthesizer for Box<S> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn speaks(&self, language: Language) -> bool {
        (**self).speaks(language)
    }

    fn rate(&self, language: Language) -> SampleRate {
        (**self).rate(language)
    }

    fn synthesise(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        (**self).synthesise(text, language, delivery, sink)
    }
}
