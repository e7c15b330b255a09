//! The dialogue's part of the configuration: the language model, if there is one.
//! Never holds a key in the clear where it could be printed.

use std::fmt;

use serde::Deserialize;

/// How the conversation is led. Without a language model the embedded brain does it alone.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DialogueConfig {
    /// The language model that proposes what callers want.
    pub llm: LlmConfig,
}

/// Any server that speaks OpenAI's chat completions.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LlmConfig {
    /// Its address up to `/v1`, for example `http://127.0.0.1:11434/v1`. Empty: no language model.
    pub base_url: String,
    /// Its key; may be empty for a server of your own.
    pub key: ApiKey,
    /// The model's name.
    pub model: String,
    /// Whether it sees: photos of callers on which no code is read are sent to it, as they are.
    pub sees_images: bool,
    /// The first token must be there after this long, in milliseconds.
    pub first_token_ms: u64,
    /// The whole answer must be there after this long, a second try counted in, in milliseconds.
    pub total_ms: u64,
    /// A photo must be looked at after this long, in milliseconds.
    pub image_ms: u64,
    /// After this many failures in a row the model is left alone for a while.
    pub failures_to_open: u32,
    /// How long it is left alone, in milliseconds.
    pub open_ms: u64,
    /// A caller who waits longer than this for the model hears a filler, in milliseconds.
    pub filler_after_ms: u64,
    /// Whether it is asked at each pause of the caller already, so that its answer is there when the turn is over: faster, and up to
    /// twice the requests.
    pub guess: bool,
}

impl Default for LlmConfig {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            key: ApiKey::default(),
            model: "gpt-4.1-mini".to_owned(),
            sees_images: false,
            first_token_ms: 1_500,
            total_ms: 3_000,
            image_ms: 10_000,
            failures_to_open: 3,
            open_ms: 30_000,
            filler_after_ms: 900,
            guess: true,
        }
    }
}

impl LlmConfig {
    /// Whether there is a language model at all.
    pub const fn is_on(&self) -> bool {
        !self.base_url.is_empty()
    }
}

/// A key; printing it shows a placeholder.
#[derive(Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(transparent)]
pub struct ApiKey(String);

impl ApiKey {
    /// Marks a text as a key.
    pub const fn new(key: String) -> Self {
        Self(key)
    }

    /// The key, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}
