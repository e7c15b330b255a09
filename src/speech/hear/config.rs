//! The `hear` part of the configuration.
//! Never opens anything.

use std::path::PathBuf;

use serde::Deserialize;

/// Who hears, and how.
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct HearConfig {
    /// The engine to begin with; the ones behind it in `auto`'s order step in when it cannot be opened.
    pub engine: HearEngine,
    /// Whisper on this machine.
    pub whisper: WhisperConfig,
    /// The embedded engine that hears a grammar.
    pub sphinx: SphinxConfig,
    /// A transcription server.
    pub openai: OpenaiHearConfig,
}

/// A recogniser by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum HearEngine {
    /// Whisper where its file is there, else the embedded one.
    #[default]
    Auto,
    /// Whisper on this machine.
    Whisper,
    /// PocketSphinx with grammars.
    Sphinx,
    /// A server with `/v1/audio/transcriptions`.
    Openai,
}

/// How much of its 30 s window whisper encodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum AudioContext {
    /// As much as the utterance is long: many times faster for short ones.
    #[default]
    Fit,
    /// The whole window, as the model was trained.
    Full,
}

/// Whisper on this machine.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WhisperConfig {
    /// The ggml file: a path, or a name in `DATA/models`.
    pub model: PathBuf,
    /// How much of the window is encoded.
    pub audio_ctx: AudioContext,
    /// Find the language of each utterance instead of taking the call's.
    pub detect_language: bool,
    /// Names and words that may be said, shown to the model before it listens.
    pub hints: Vec<String>,
    /// Most tokens of one utterance.
    pub max_tokens: u16,
}

impl Default for WhisperConfig {
    fn default() -> Self {
        Self {
            model: PathBuf::from("ggml-base.bin"),
            audio_ctx: AudioContext::Fit,
            detect_language: false,
            hints: Vec::new(),
            max_tokens: 96,
        }
    }
}

/// What turns sound into the acoustic model's features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum FrontEnd {
    /// A network that undoes the telephone's band and noise; for models with the features of en-us.
    #[default]
    Telephone,
    /// The model's own, for sound as it was trained on and for other models.
    Model,
}

/// The embedded engine that hears a grammar.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SphinxConfig {
    /// A PocketSphinx 5 library of your own; empty: what the system's loader finds, 5.x before 0.8.
    pub library: String,
    /// Folder of the acoustic model (`mdef`, `means` …).
    pub acoustic_model: PathBuf,
    /// What turns sound into its features.
    pub front_end: FrontEnd,
    /// Pronouncing dictionary in CMU format.
    pub dictionary: PathBuf,
    /// Most decoders at once, one an utterance in progress, 15 to 40 MB each; made when first needed, then kept.
    pub decoders: usize,
    /// How long an utterance waits for a decoder where all are in use, in milliseconds.
    pub wait_ms: u64,
    /// Grammars each decoder keeps ready.
    pub grammars_kept: usize,
    /// Probability of one more word, against the same sound in fewer words; small keeps short words from creeping in.
    pub word_insertion: f32,
    /// How far below the best sound of each 10 ms an utterance may lie on average before it counts as outside the grammar
    /// (units of the engine's log scale; smaller rejects more).
    pub reject_above: f32,
    /// The same for each single word.
    pub reject_word_above: f32,
    /// The same for each pause: one that is far from silence has swallowed words of another sentence.
    pub reject_pause_above: f32,
    /// How much further all of them may lie for Mandarin, which is heard through English sounds.
    pub mandarin_leeway: f32,
}

impl Default for SphinxConfig {
    fn default() -> Self {
        let model = PathBuf::from("/usr/share/pocketsphinx/model/en-us");
        Self {
            library: String::new(),
            acoustic_model: model.join("en-us"),
            front_end: FrontEnd::Telephone,
            dictionary: model.join("cmudict-en-us.dict"),
            decoders: 16,
            wait_ms: 2_000,
            grammars_kept: 8,
            word_insertion: 0.01,
            reject_above: 68.0,
            reject_word_above: 95.0,
            reject_pause_above: 38.0,
            mandarin_leeway: 14.0,
        }
    }
}

/// A transcription server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenaiHearConfig {
    /// Its address up to `/v1`; empty: none.
    pub base_url: String,
    /// Name of the environment variable that holds the key.
    pub api_key_env: String,
    /// The model to ask for.
    pub model: String,
    /// Longest wait for an answer.
    pub timeout_ms: u64,
    /// Whether it is asked at each pause of the caller already, so that its answer is there when the turn is over: faster, and two to
    /// three requests a turn.
    pub guess: bool,
}

impl Default for OpenaiHearConfig {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            api_key_env: "OPENAI_API_KEY".to_owned(),
            model: "whisper-1".to_owned(),
            timeout_ms: 8_000,
            guess: true,
        }
    }
}
