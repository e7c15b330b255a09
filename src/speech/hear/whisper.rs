//! Whisper on this machine: one model shared by all calls, one decode an utterance, on one thread.
//! Never returns words that the sound gives no evidence for (see `gate`), and never blocks a caller who barged in for longer
//! than the encoder takes: the flag is looked at between tokens.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_int;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Once;

use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError, WhisperState};

use crate::audio::Dbfs;
use crate::talk::{Finality, Language, Probability, Transcript};

use super::gate::{Evidence, invented};
use super::written::written;
use super::{AudioContext, Cancel, HearError, HearRequest, Hearing, Recognizer, WhisperConfig, ggml, whisper_abort};

const NAME: &str = "whisper";
const RATE: usize = 16_000;
/// Below about a second whisper misreads its own padding: shorter sound is followed by silence.
const SHORTEST: usize = RATE + RATE / 10;
/// The window the models are trained on.
const LONGEST: usize = 30 * RATE;

/// The model, shared by all calls.
pub struct Whisper {
    context: WhisperContext,
    facts: ggml::ModelFacts,
    config: WhisperConfig,
    hints: Vec<c_int>,
}

impl Whisper {
    /// Loads the model and decodes a second of silence, so that the first caller does not wait for it.
    pub fn open(path: &Path, config: &WhisperConfig) -> Result<Self, HearError> {
        let wrong = |what: String| failed(format!("{}: {what}", path.display()));
        let mut file = BufReader::new(File::open(path).map_err(|e| wrong(format!("{e}; `hotline models pull` fetches it")))?);
        let facts = ggml::check(&mut file).map_err(&wrong)?;
        quieten();
        let text = path.to_str().ok_or_else(|| wrong("the path is no UTF-8".to_owned()))?;
        // Flash attention pads its keys to a multiple of 256 and lets them take part: wrong with a short window.
        let parameters = WhisperContextParameters { use_gpu: false, flash_attn: false, ..Default::default() };
        let context = WhisperContext::new_with_params(text, parameters).map_err(|e| wrong(format!("cannot be loaded: {e}")))?;
        let hints = match config.hints.join(", ") {
            hints if hints.is_empty() => Vec::new(),
            hints => context.tokenize(&hints, 200).map_err(|e| failed(format!("the hints are too long: {e}")))?,
        };
        let whisper = Self { context, facts, config: config.clone(), hints };
        whisper.decode(&[0; RATE], Language::EN, &Cancel::default())?;
        Ok(whisper)
    }

    fn decode(&self, pcm: &[i16], language: Language, cancel: &Cancel) -> Result<WhisperState, HearError> {
        let mut sound: Vec<f32> = pcm.iter().take(LONGEST).map(|&s| f32::from(s) / 32_768.0).collect();
        sound.resize(sound.len().max(SHORTEST), 0.0);
        let mut params: FullParams<'_, '_> = params_for(language, self.config.detect_language && self.facts.multilingual);
        params.set_audio_ctx(match self.config.audio_ctx {
            AudioContext::Full => 0,
            AudioContext::Fit => fit(sound.len(), self.facts.audio_ctx),
        });
        params.set_max_tokens(c_int::from(self.config.max_tokens));
        if !self.hints.is_empty() {
            params.set_tokens(&self.hints);
        }
        let mut state = self.context.create_state().map_err(|e| failed(format!("no memory for a decode: {e}")))?;
        match whisper_abort::decode(&mut state, params, &sound, cancel) {
            _ if cancel.is_cancelled() => Err(HearError::Cancelled),
            Ok(()) => Ok(state),
            Err(WhisperError::GenericError(code)) => Err(failed(format!("decoding ended with code {code}"))),
            Err(e) => Err(failed(e.to_string())),
        }
    }

    fn transcribe(&self, pcm: &[i16], request: &HearRequest, cancel: &Cancel) -> Result<Transcript, HearError> {
        let nothing = Transcript::nothing(request.language, NAME);
        if pcm.is_empty() {
            return Ok(nothing);
        }
        let state = self.decode(pcm, request.language, cancel)?;
        let (text, mean_logprob, no_speech) = read(&state);
        let evidence = Evidence { no_speech, mean_logprob, seconds: pcm.len() as f32 / RATE as f32, level: Dbfs::of(pcm) };
        if text.is_empty() {
            return Ok(nothing);
        }
        if let Some(why) = invented(&text, &evidence) {
            tracing::debug!(engine = NAME, ?why, "A reading without evidence in the sound was turned away.");
            return Ok(nothing);
        }
        let language = if self.config.detect_language { detected(&state).unwrap_or(request.language) } else { request.language };
        let confidence = Probability::new(mean_logprob.exp() * (1.0 - no_speech));
        Ok(Transcript { confidence, ..Transcript::of_text(written(&text, language, &request.expectation), language, NAME) })
    }
}

impl Recognizer for std::sync::Arc<Whisper> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn hears(&self, language: Language) -> bool {
        language == Language::EN || (self.facts.multilingual && whisper_rs::get_lang_id(language.code()).is_some())
    }

    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
        if !self.hears(request.language) {
            return Err(failed(format!("this model does not hear {}; a multilingual one does", request.language)));
        }
        Ok(Box::new(Collecting { whisper: self.clone(), request, pcm: Vec::with_capacity(5 * RATE), guessed: None }))
    }
}

/// An utterance that is decoded when it has ended or pauses: whisper does not stream.
struct Collecting {
    whisper: std::sync::Arc<Whisper>,
    request: HearRequest,
    pcm: Vec<i16>,
    guessed: Option<Transcript>,
}

impl Hearing for Collecting {
    fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError> {
        if self.request.cancel.is_cancelled() {
            return Err(HearError::Cancelled);
        }
        let room = LONGEST.saturating_sub(self.pcm.len());
        self.pcm.extend(pcm.iter().take(room));
        Ok(None)
    }

    fn guess(&mut self, cancel: &Cancel) -> Result<Option<Transcript>, HearError> {
        self.guessed = None;
        let guess = self.whisper.transcribe(&self.pcm, &self.request, cancel)?;
        self.guessed = Some(guess.clone());
        Ok(Some(Transcript { finality: Finality::Partial, ..guess }))
    }

    fn finish(self: Box<Self>, as_guessed: bool) -> Result<Transcript, HearError> {
        let guessed = self.guessed.filter(|_| as_guessed);
        guessed.map_or_else(|| self.whisper.transcribe(&self.pcm, &self.request, &self.request.cancel), Ok)
    }
}

/// Encoder frames of 20 ms for that many samples, a little more, in steps of 64 and never more than the model has.
fn fit(samples: usize, most: u32) -> c_int {
    let frames = (samples * 50).div_ceil(RATE) + 16;
    c_int::try_from(frames.next_multiple_of(64).max(128).min(most as usize)).unwrap_or(0)
}

/// Parameters of that language. Each language's are made once a thread and cloned: the crate leaks the name it is given.
fn params_for(language: Language, detect: bool) -> FullParams<'static, 'static> {
    thread_local!(static MADE: RefCell<HashMap<(Language, bool), FullParams<'static, 'static>>> = RefCell::default());
    let make = || {
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(1);
        params.set_single_segment(true);
        params.set_no_timestamps(true);
        params.set_no_context(true);
        params.set_temperature_inc(0.0);
        params.set_suppress_blank(true);
        params.set_print_progress(false);
        params.set_print_special(false);
        params.set_print_realtime(false);
        params.set_print_timestamps(false);
        match (detect, language) {
            (true, _) => params.set_language(None),
            // The default.
            (false, Language::EN) => {}
            (false, other) => params.set_language(whisper_rs::get_lang_id(other.code()).and_then(whisper_rs::get_lang_str)),
        }
        params
    };
    MADE.with_borrow_mut(|made| made.entry((language, detect)).or_insert_with(make).clone())
}

/// The text, the tokens' mean log-probability and the highest no-speech probability.
fn read(state: &WhisperState) -> (String, f32, f32) {
    let (mut text, mut logprob, mut tokens, mut no_speech) = (String::new(), 0.0, 0u32, 0.0f32);
    for segment in state.as_iter() {
        text.push_str(&segment.to_str_lossy().unwrap_or_default());
        no_speech = no_speech.max(segment.no_speech_probability());
        for token in (0..segment.n_tokens()).filter_map(|i| segment.get_token(i)) {
            logprob += token.token_probability().max(1e-9).ln();
            tokens += 1;
        }
    }
    (text.trim().to_owned(), logprob / tokens.max(1) as f32, no_speech)
}

fn detected(state: &WhisperState) -> Option<Language> {
    whisper_rs::get_lang_str(state.full_lang_id_from_state())?.parse().ok()
}

/// Whisper and ggml write to standard error unless they are told where else to.
fn quieten() {
    static ONCE: Once = Once::new();
    ONCE.call_once(whisper_rs::install_logging_hooks);
}

fn failed(what: impl Into<String>) -> HearError {
    HearError::Backend { engine: NAME, what: what.into() }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::audio::MediaTime;
    use crate::talk::Expectation;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("written");
        file
    }

    fn request(cancel: Cancel) -> HearRequest {
        HearRequest { language: Language::EN, expectation: Expectation::Open, from: MediaTime::ZERO, cancel }
    }

    #[test]
    fn a_tiny_model_decodes_and_can_be_cancelled() {
        let file = file(&ggml::fixture::model());
        let whisper = Arc::new(Whisper::open(file.path(), &WhisperConfig::default()).expect("loads"));
        assert!(whisper.hears(Language::ZH) && !whisper.hears("xx".parse().expect("a tag")));
        let mut hearing = whisper.start(request(Cancel::default())).expect("starts");
        for i in 0..100 {
            let tone: Vec<i16> = (0..320).map(|s| (((i * 320 + s) as f32 * 0.17).sin() * 8_000.0) as i16).collect();
            assert_eq!(hearing.feed(&tone).expect("takes sound"), None);
        }
        hearing.finish(false).expect("decodes");
        let cancel = Cancel::default();
        let hearing = whisper.start(request(cancel.clone())).expect("starts");
        cancel.cancel();
        assert!(hearing.finish(false).is_ok_and(|t| t.is_nothing()), "nothing was fed");
        let mut hearing = whisper.start(request(Cancel::default())).expect("starts");
        hearing.feed(&[0; 16_000]).expect("takes sound");
        assert!(hearing.finish(false).is_ok());
        let cancelled = Cancel::default();
        cancelled.cancel();
        assert!(matches!(whisper.decode(&[1; 16_000], Language::EN, &cancelled), Err(HearError::Cancelled)));
    }

    #[test]
    fn what_was_decoded_in_a_pause_is_not_decoded_again() {
        let file = file(&ggml::fixture::model());
        let whisper = Arc::new(Whisper::open(file.path(), &WhisperConfig::default()).expect("loads"));
        let said = Transcript::of_text("what was guessed", Language::EN, NAME);
        let paused = |pcm: &[i16]| {
            let mut hearing =
                Collecting { whisper: whisper.clone(), request: request(Cancel::default()), pcm: Vec::new(), guessed: None };
            hearing.feed(pcm).expect("takes sound");
            let guess = hearing.guess(&Cancel::default()).expect("guesses").expect("a guess");
            assert_eq!(guess.finality, Finality::Partial);
            assert!(hearing.guessed.as_ref().is_some_and(|kept| kept.text == guess.text));
            Box::new(Collecting { guessed: Some(said.clone()), ..hearing })
        };
        assert_eq!(paused(&[7; 16_000]).finish(true).expect("kept"), said);
        assert_ne!(paused(&[7; 16_000]).finish(false).expect("decoded anew"), said);
        let given_up = Cancel::default();
        given_up.cancel();
        let mut hearing = paused(&[7; 16_000]);
        assert!(matches!(hearing.guess(&given_up), Err(HearError::Cancelled)));
        assert!(hearing.guessed.is_none() && hearing.finish(true).is_ok(), "a guess given up is no end of the turn");
    }

    #[test]
    fn a_cut_off_or_missing_model_is_named_and_never_loaded() {
        let model = ggml::fixture::model();
        let file = file(&model[..model.len() - 100]);
        let error = Whisper::open(file.path(), &WhisperConfig::default()).err().expect("cut off").to_string();
        assert!(error.contains("cut off") && error.contains("models pull"), "{error}");
        assert!(Whisper::open(Path::new("/nowhere/ggml.bin"), &WhisperConfig::default()).is_err());
    }

    #[test]
    fn the_window_fits_the_sound() {
        assert_eq!(fit(RATE, 1_500), 128);
        assert_eq!(fit(RATE * 5 / 2, 1_500), 192);
        assert_eq!(fit(30 * RATE, 1_500), 1_500);
        assert_eq!(fit(30 * RATE, 256), 256);
    }
}
