//! The `speak` part of the configuration.
//! Never opens anything.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::talk::Language;

/// Which voices speak, and how.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpeakConfig {
    /// Engines, the best first: a language is spoken by the first that has a voice for it, the next one steps in when it fails.
    pub engines: Vec<EngineKind>,
    /// Memory for phrases that were spoken before, in KiB; 0 keeps none.
    pub cache_kib: u32,
    /// The neural voices in `DATA/voices`.
    pub piper: PiperConfig,
    /// The English voice that needs no download.
    pub flite: FliteConfig,
    /// The voice for every other language.
    pub espeak: EspeakConfig,
    /// A voice server.
    pub openai: OpenaiVoiceConfig,
}

impl Default for SpeakConfig {
    fn default() -> Self {
        Self {
            engines: EngineKind::ALL.to_vec(),
            cache_kib: 32 * 1_024,
            piper: PiperConfig::default(),
            flite: FliteConfig::default(),
            espeak: EspeakConfig::default(),
            openai: OpenaiVoiceConfig::default(),
        }
    }
}

/// A speech engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineKind {
    /// A server with `/v1/audio/speech`; used when `speak.openai.base_url` is set.
    Openai,
    /// Neural voices, where voice files and ONNX Runtime are there.
    Piper,
    /// English, from the package libflite1.
    Flite,
    /// Chinese and about a hundred other languages; always there.
    Espeak,
}

impl EngineKind {
    /// All engines in the usual order.
    pub const ALL: [Self; 4] = [Self::Openai, Self::Piper, Self::Flite, Self::Espeak];

    /// Its name in the configuration, in events and in `hotline say --voice`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::Piper => "piper",
            Self::Flite => "flite",
            Self::Espeak => "espeak",
        }
    }
}

/// piper's part.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PiperConfig {
    /// The voice of a language by its file's name without `.onnx`, such as `zh = "zh_CN-huayan-medium"`. A language without an
    /// entry is spoken by the first voice in `DATA/voices` that is made for it.
    pub voices: BTreeMap<Language, String>,
    /// Which speaker of a voice with several, by number.
    pub speaker: i64,
    /// ONNX Runtime's library; by default `ORT_DYLIB_PATH`, then `DATA/models/libonnxruntime.so`.
    pub onnxruntime: Option<PathBuf>,
}

/// flite's part.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FliteConfig {
    /// Whose voice.
    pub voice: FliteVoice,
}

/// The voices in libflite1 that speak at 16 kHz.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FliteVoice {
    /// A woman, American; statistical.
    #[default]
    Slt,
    /// A man, American; statistical.
    Rms,
    /// A man, Scottish; statistical.
    Awb,
    /// A man, American; diphones: robotic and twenty times cheaper.
    Kal16,
}

impl FliteVoice {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Slt, Self::Rms, Self::Awb, Self::Kal16];

    /// Its name in flite.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slt => "slt",
            Self::Rms => "rms",
            Self::Awb => "awb",
            Self::Kal16 => "kal16",
        }
    }
}

/// espeak-ng's part.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EspeakConfig {
    /// The voice of a language by espeak-ng's name, such as `en = "en-gb"`; a variant goes behind a `+`.
    pub voices: BTreeMap<Language, String>,
}

/// The voice server's part.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenaiVoiceConfig {
    /// The server, up to and with `/v1`; empty: none is asked.
    pub base_url: String,
    /// The environment variable that holds the key; unset or empty: none is sent.
    pub api_key_env: String,
    /// The model's name at the server.
    pub model: String,
    /// The voice's name at the server.
    pub voice: String,
    /// Longest wait for the first sound, in milliseconds; later pieces wait as long.
    pub timeout_ms: u64,
}

impl Default for OpenaiVoiceConfig {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            api_key_env: "OPENAI_API_KEY".to_owned(),
            model: "gpt-4o-mini-tts".to_owned(),
            voice: "alloy".to_owned(),
            timeout_ms: 4_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_default_and_unknown_keys_are_refused() {
        assert_eq!(toml::from_str::<SpeakConfig>("").expect("empty is fine"), SpeakConfig::default());
        assert!(toml::from_str::<SpeakConfig>("voice = 'slt'").is_err());
    }

    #[test]
    fn voices_are_chosen_by_language() {
        let text = "engines = ['flite', 'espeak']\n[piper.voices]\nzh = 'zh_CN-huayan-medium'\n[flite]\nvoice = 'kal16'";
        let config: SpeakConfig = toml::from_str(text).expect("well formed");
        assert_eq!(config.engines, [EngineKind::Flite, EngineKind::Espeak]);
        assert_eq!(config.piper.voices[&Language::ZH], "zh_CN-huayan-medium");
        assert_eq!(config.flite.voice, FliteVoice::Kal16);
    }
}
