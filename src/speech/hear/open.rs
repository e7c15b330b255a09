//! Opens the configured recogniser, or the next one where it cannot be opened, and says which and why.
//! Never falls back in silence, and never at any other time than the start.

use std::path::Path;
use std::sync::Arc;

use tokio::runtime::Handle;

use crate::talk::Language;

use super::at_length::AtLength;
#[cfg(any(feature = "whisper", feature = "openai"))]
use super::beginnings::Knowing;
use super::phrase::Phrase;
use super::{HearConfig, HearEngine, HearError, Recognizer};

/// What one engine is and what it lacks, for `doctor` and the ready line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFact {
    /// Its name in the configuration.
    pub name: &'static str,
    /// The languages it hears, as text for people.
    pub languages: &'static str,
    /// What is missing and how to get it; `None` where it can be opened.
    pub missing: Option<String>,
}

/// Opens the first engine of the configured order that can be. Weights are looked for in `data/models`; `runtime` carries
/// the requests of the server engine. Each engine that fell out is logged once.
///
/// # Errors
/// What every engine of the order lacks.
pub fn open(config: &HearConfig, data: &Path, phrases: Vec<Phrase>, runtime: &Handle) -> Result<Arc<dyn Recognizer>, HearError> {
    let mut missing = Vec::new();
    for engine in order(config, data) {
        match open_one(engine, config, data, (phrases.clone(), runtime)) {
            Ok(recognizer) => {
                tracing::info!(engine = recognizer.name(), "The recogniser is ready.");
                return Ok(Arc::new(AtLength(recognizer)));
            }
            Err(error) => {
                tracing::warn!(%error, "A recogniser cannot be used; the next one steps in.");
                missing.push(error.to_string());
            }
        }
    }
    Err(HearError::Backend { engine: "hear", what: format!("no recogniser can be opened: {}", missing.join("; ")) })
}

/// What each engine of this build is and lacks; opens the embedded one to find out.
pub fn describe(config: &HearConfig, data: &Path, runtime: &Handle) -> Vec<EngineFact> {
    [
        (HearEngine::Whisper, "whisper", "about 100 languages with a multilingual model"),
        (HearEngine::Sphinx, "sphinx", "en by grammar; zh: a few words, half of them rightly, never tried on people"),
        (HearEngine::Openai, "openai", "what the server hears"),
    ]
    .into_iter()
    .map(|(engine, name, languages)| {
        let missing = open_one(engine, config, data, (Vec::new(), runtime)).err().map(|e| e.to_string());
        EngineFact { name, languages, missing }
    })
    .collect()
}

/// Whether a language is heard only as far as a small grammar goes.
pub fn is_restricted(recognizer: &dyn Recognizer, language: Language) -> bool {
    recognizer.name() == "sphinx" && language != Language::EN
}

fn order(config: &HearConfig, data: &Path) -> Vec<HearEngine> {
    match config.engine {
        HearEngine::Auto if data.join("models").join(&config.whisper.model).is_file() => {
            vec![HearEngine::Whisper, HearEngine::Sphinx]
        }
        HearEngine::Auto | HearEngine::Sphinx => vec![HearEngine::Sphinx],
        HearEngine::Whisper => vec![HearEngine::Whisper, HearEngine::Sphinx],
        HearEngine::Openai => vec![HearEngine::Openai, HearEngine::Whisper, HearEngine::Sphinx],
    }
}

#[cfg_attr(
    not(any(feature = "whisper", feature = "openai", feature = "sphinx")),
    expect(unused_variables, reason = "no engine is built in")
)]
fn open_one(
    engine: HearEngine,
    config: &HearConfig,
    data: &Path,
    (phrases, runtime): (Vec<Phrase>, &Handle),
) -> Result<Arc<dyn Recognizer>, HearError> {
    match engine {
        #[cfg(feature = "whisper")]
        HearEngine::Whisper => {
            let model = data.join("models").join(&config.whisper.model);
            let whisper = Arc::new(super::whisper::Whisper::open(&model, &config.whisper)?);
            Ok(Arc::new(Knowing::new(whisper, &phrases)))
        }
        #[cfg(feature = "openai")]
        HearEngine::Openai => Ok(Arc::new(Knowing::new(super::openai::OpenaiEar::open(&config.openai, runtime)?, &phrases))),
        #[cfg(feature = "sphinx")]
        HearEngine::Sphinx | HearEngine::Auto => {
            let sphinx = super::sphinx::Sphinx::open(&config.sphinx, phrases)?;
            let unheard = sphinx.unpronounceable();
            if !unheard.is_empty() {
                tracing::info!(
                    phrases = unheard.len(),
                    "Some of the pack's phrases hold words that no dictionary has; they will not be heard."
                );
            }
            for (phrase, words) in unheard {
                tracing::debug!(phrase, ?words, "Not heard.");
            }
            Ok(Arc::new(sphinx))
        }
        #[allow(unreachable_patterns, reason = "reached only in builds without some engine")]
        absent => Err(HearError::Backend { engine: "hear", what: format!("this build has no {absent:?} recogniser") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whisper_is_first_where_its_file_is_there() {
        let data = tempfile::tempdir().expect("a folder");
        let config = HearConfig::default();
        assert_eq!(order(&config, data.path()), [HearEngine::Sphinx]);
        std::fs::create_dir(data.path().join("models")).expect("made");
        std::fs::write(data.path().join("models/ggml-base.bin"), b"").expect("written");
        assert_eq!(order(&config, data.path())[0], HearEngine::Whisper);
    }

    #[test]
    fn what_is_missing_is_named_with_what_to_do() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut config = HearConfig::default();
        config.sphinx.dictionary = "/nowhere/words.dict".into();
        let error = open(&config, Path::new("/nowhere"), Vec::new(), runtime.handle()).err().expect("nothing can be opened");
        assert!(error.to_string().contains("apt-get install"), "{error}");
    }
}
