//! piper: neural voices (VITS) on ONNX Runtime, their phonemes from espeak-ng.
//! Never downloads, and never touches `ort` before the library was tried.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use ort::session::Session;
use ort::value::Tensor;
use tracing::info;

use crate::audio::{Dbfs, SampleRate};
use crate::talk::Language;

use super::by_clause::Engine;
use super::espeak_ffi::Library;
use super::loudness::{TARGET, active_level};
use super::vits::{Vits, with_mark};
use super::{Delivery, PiperConfig, Sink, SpeakError, espeak, onnx_ffi};

/// Spoken once when a voice is opened: it warms the model up and tells how loud the voice is.
const WARM_UP: &str = "həlˈoʊ wˈʌn tˈuː θɹˈiː fˈɔːɹ.";
/// A voice is made louder or softer by at most this.
const MAX_GAIN_DB: f32 = 12.0;

/// The voices in the data folder, one a language.
pub(super) struct Piper {
    voices: BTreeMap<Language, Voice>,
    phonemes: &'static Library,
    speaker: i64,
}

struct Voice {
    vits: Vits,
    /// One utterance at a time; `ort` wants the session for itself.
    session: Mutex<Session>,
    gain: Dbfs,
}

impl Piper {
    /// Opens the voices below `data/voices`, and says what is wrong with those that cannot be opened.
    pub(super) fn open(config: &PiperConfig, data: &Path) -> Result<(Self, Option<String>), SpeakError> {
        let files = voice_files(config, &data.join("voices"));
        if files.is_empty() {
            return Err(failed(format!("no voice in {}; `hotline models pull` fetches some", data.join("voices").display())));
        }
        load_runtime(&runtime_path(config, data)).map_err(failed)?;
        let mut piper = Self { voices: BTreeMap::new(), phonemes: espeak::library(data)?, speaker: config.speaker };
        let mut problems = Vec::new();
        for (language, file) in files {
            match Voice::open(&file, config.speaker) {
                Ok(voice) => drop(piper.voices.insert(language, voice)),
                Err(problem) => problems.push(format!("{}: {problem}", file.display())),
            }
        }
        let problem = (!problems.is_empty()).then(|| problems.join("; "));
        match problem {
            Some(problem) if piper.voices.is_empty() => Err(failed(problem)),
            problem => Ok((piper, problem)),
        }
    }

    /// The languages it speaks.
    pub(super) fn languages(&self) -> impl Iterator<Item = Language> {
        self.voices.keys().copied()
    }

    fn voice(&self, language: Language) -> Result<&Voice, SpeakError> {
        self.voices.get(&language).ok_or(SpeakError::NoVoice(language))
    }
}

impl Engine for Piper {
    fn name(&self) -> &'static str {
        "piper"
    }

    fn speaks(&self, language: Language) -> bool {
        self.voices.contains_key(&language)
    }

    fn rate(&self, language: Language) -> SampleRate {
        self.voices.get(&language).map_or(SampleRate::HZ_22050, |voice| voice.vits.rate)
    }

    fn gain(&self, language: Language) -> Dbfs {
        self.voices.get(&language).map_or(Dbfs::new(0.0), |voice| voice.gain)
    }

    fn clause(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        let voice = self.voice(language)?;
        let phonemes = self.phonemes.turn().phonemes(text, &voice.vits.phonemes_of).map_err(failed)?;
        let pcm = voice.speak(&with_mark(&phonemes, text), self.speaker, delivery.rate).map_err(failed)?;
        // A `Break` ends it, and there is nothing left to end.
        let _ = sink(&pcm);
        Ok(())
    }
}

impl Voice {
    fn open(file: &Path, speaker: i64) -> Result<Self, String> {
        let described = PathBuf::from(format!("{}.json", file.display()));
        let json = fs::read(&described).map_err(|error| format!("{}: {error}", described.display()))?;
        let vits = Vits::parse(&json)?;
        let session = Session::builder().map_err(|error| error.to_string())?;
        // More threads would fight over the cores with the other calls.
        let session = session.with_intra_threads(1).map_err(|error| error.to_string())?;
        let session = session.with_inter_threads(1).map_err(|error| error.to_string())?.commit_from_file(file);
        let session = Mutex::new(session.map_err(|error| format!("no model ONNX Runtime can load: {error}"))?);
        let mut voice = Self { vits, session, gain: Dbfs::new(0.0) };
        let spoken = voice.speak(WARM_UP, speaker, 1.0)?;
        let level = active_level(&spoken, voice.vits.rate);
        voice.gain = Dbfs::new((TARGET.db() - level.db()).clamp(-MAX_GAIN_DB, MAX_GAIN_DB));
        Ok(voice)
    }

    /// The samples for phonemes in IPA.
    fn speak(&self, phonemes: &str, speaker: i64, rate: f32) -> Result<Vec<i16>, String> {
        let ids = self.vits.ids(phonemes);
        let told = |error: ort::Error| error.to_string();
        let length = ids.len() as i64;
        let mut inputs = ort::inputs![
            "input" => Tensor::from_array(([1, length], ids)).map_err(told)?,
            "input_lengths" => Tensor::from_array(([1], vec![length])).map_err(told)?,
            "scales" => Tensor::from_array(([3], self.vits.scales(rate).to_vec())).map_err(told)?,
        ];
        if self.vits.speakers > 1 {
            let speaker = speaker.clamp(0, i64::from(self.vits.speakers) - 1);
            inputs.push(("sid".into(), Tensor::from_array(([1], vec![speaker])).map_err(told)?.into()));
        }
        let mut session = self.session.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let outputs = session.run(inputs).map_err(told)?;
        let output = outputs.values().next().ok_or("the model has no output")?;
        let (_, samples) = output.try_extract_tensor::<f32>().map_err(told)?;
        Ok(samples.iter().map(|sample| (sample.clamp(-1.0, 1.0) * 32_767.0) as i16).collect())
    }
}

/// The voice file of each language: the configured one, else the first in the folder whose name begins with the language.
fn voice_files(config: &PiperConfig, folder: &Path) -> BTreeMap<Language, PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    found.sort();
    let mut files = BTreeMap::new();
    for path in found {
        // `en_US-lessac-medium.onnx`
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(language) = name.split('-').next().and_then(|tag| tag.parse().ok()) {
            files.entry(language).or_insert(path);
        }
    }
    files.extend(config.voices.iter().map(|(language, name)| (*language, folder.join(format!("{name}.onnx")))));
    files
}

fn runtime_path(config: &PiperConfig, data: &Path) -> PathBuf {
    let told = config.onnxruntime.clone().or_else(|| std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from));
    told.filter(|path| !path.as_os_str().is_empty()).unwrap_or_else(|| data.join("models/libonnxruntime.so"))
}

/// Loads ONNX Runtime once for the process; the first library that works stays.
fn load_runtime(path: &Path) -> Result<(), String> {
    static LOADED: OnceLock<()> = OnceLock::new();
    static LOADING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = LOADING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if LOADED.get().is_some() {
        return Ok(());
    }
    let version = onnx_ffi::version(path).map_err(|problem| format!("{problem}; `hotline models pull` fetches it"))?;
    ort::init_from(path).map_err(|error| error.to_string())?.with_telemetry(false).commit();
    info!(%version, "ONNX Runtime is loaded.");
    LOADED.get_or_init(|| ());
    Ok(())
}

fn failed(what: impl Into<String>) -> SpeakError {
    SpeakError::Backend { engine: "piper", what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn voices_are_found_by_the_language_their_name_begins_with() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["en_US-b-medium.onnx", "en_GB-a-low.onnx", "zh_CN-huayan-medium.onnx", "notes.txt", "model.onnx"] {
            fs::write(folder.path().join(name), "").expect("writable");
        }
        let mut config = PiperConfig::default();
        let files = voice_files(&config, folder.path());
        assert_eq!(files.keys().collect::<Vec<_>>(), [&Language::EN, &Language::ZH]);
        assert!(files[&Language::EN].ends_with("en_GB-a-low.onnx"));
        config.voices.insert(Language::EN, "en_US-b-medium".to_owned());
        assert!(voice_files(&config, folder.path())[&Language::EN].ends_with("en_US-b-medium.onnx"));
    }

    #[test]
    fn without_voices_or_runtime_the_error_says_what_to_do_at_once() {
        let data = tempfile::tempdir().expect("a temporary folder");
        let config = PiperConfig { onnxruntime: Some(data.path().join("none.so")), ..PiperConfig::default() };
        let told = |error: Option<SpeakError>| error.map(|error| error.to_string()).unwrap_or_default();
        assert!(told(Piper::open(&config, data.path()).err()).contains("hotline models pull"));
        fs::create_dir(data.path().join("voices")).expect("writable");
        fs::write(data.path().join("voices/en_US-x-low.onnx"), "garbage").expect("writable");
        let error = told(Piper::open(&config, data.path()).err());
        assert!(error.contains("none.so"), "{error}");
    }
}
