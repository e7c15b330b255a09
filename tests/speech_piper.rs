//! A voice of piper's shape speaks through ONNX Runtime, where `ORT_DYLIB_PATH` names its library; without it the error is told.
//! Never needs a real voice: `tests/data/tone.onnx` (679 bytes, made by hand) turns each phoneme id into 256 samples of a tone.
#![cfg(feature = "piper")]

#[path = "common/skip.rs"]
mod skip;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use hotline::speech::speak::{Delivery, EngineKind, PiperConfig, SpeakConfig, SpeakError, Synthesizer, Voices, open};
use hotline::talk::Language;

/// A data folder with the tone as an English voice, and a broken Chinese one.
fn voices_folder() -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a temporary folder");
    let voices = data.path().join("voices");
    fs::create_dir(&voices).expect("writable");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tone.onnx");
    fs::copy(model, voices.join("en_US-tone-low.onnx")).expect("writable");
    let symbols = "_^$ ˈˌːəɪʊɛæʌɑɔɚɹɡŋθðʃʒabcdefhijklmnopstuvwz.,?!";
    let map: Vec<String> = symbols.chars().enumerate().map(|(id, symbol)| format!("\"{symbol}\":[{id}]")).collect();
    let json =
        format!(r#"{{"audio":{{"sample_rate":16000}},"espeak":{{"voice":"en-us"}},"phoneme_id_map":{{{}}}}}"#, map.join(","));
    fs::write(voices.join("en_US-tone-low.onnx.json"), json).expect("writable");
    fs::write(voices.join("zh_CN-broken-low.onnx"), "no model").expect("writable");
    fs::write(voices.join("zh_CN-broken-low.onnx.json"), "no json").expect("writable");
    data
}

fn opened(data: &Path, onnxruntime: PathBuf) -> Result<Voices, SpeakError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    let piper = PiperConfig { onnxruntime: Some(onnxruntime), ..PiperConfig::default() };
    open(&SpeakConfig { engines: vec![EngineKind::Piper], piper, cache_kib: 0, ..SpeakConfig::default() }, data, runtime.handle())
}

fn samples(voices: &Voices, text: &str, rate: f32) -> usize {
    let mut samples = 0;
    let mut sink = |pcm: &[i16]| {
        samples += pcm.len();
        ControlFlow::Continue(())
    };
    voices.synthesise(text, Language::EN, Delivery { rate }, &mut sink).expect("speaks");
    samples
}

#[test]
fn a_voice_of_pipers_shape_speaks_and_a_broken_one_beside_it_is_told() {
    let Some(library) = std::env::var_os("ORT_DYLIB_PATH") else {
        skip::skip("onnxruntime", "ORT_DYLIB_PATH names no library");
        return;
    };
    let data = voices_folder();
    let voices = opened(data.path(), library.into()).expect("opens");
    assert_eq!(voices.facts()[0].languages, "en");
    let problem = voices.facts()[0].problem.clone().expect("the Chinese voice is broken");
    assert!(problem.contains("zh_CN-broken-low.onnx"), "{problem}");
    let (short, long) = (samples(&voices, "Yes.", 1.0), samples(&voices, "Your order has shipped.", 1.0));
    assert!(short > 1_000 && long > 2 * short, "{short} {long}");
    assert!(samples(&voices, "Your order has shipped.", 2.0) < long * 6 / 10, "twice as fast is half as long");
}

#[test]
fn a_missing_runtime_is_an_error_at_once_and_no_endless_wait() {
    let data = voices_folder();
    let error = opened(data.path(), data.path().join("none.so")).err().expect("nothing to load");
    assert!(error.to_string().contains("none.so"), "{error}");
}
