//! The binary speaks where nothing of its build is: espeak-ng's data travels inside it.
//! Never needs the network, a voice file or libflite.
#![cfg(feature = "espeak")]

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Command, Output};

use hotline::audio::wav::Sound;
use hotline::speech::speak::{self, Delivery, EngineKind, SpeakConfig, Synthesizer};
use hotline::talk::Language;

/// `hotline say` from a folder of its own, with no variable of ours or cargo's and every path of the build out of its sight.
fn say(home: &Path, text: &str, language: &str) -> Output {
    let program = home.join("hotline");
    if !program.exists() {
        fs::copy(env!("CARGO_BIN_EXE_hotline"), &program).expect("the binary can be copied");
    }
    let mut command = Command::new(program);
    command.current_dir(home).env_clear().env("HOME", home).env("HOTLINE_DATA", home.join("data"));
    command.args(["say", text, "--language", language, "--voice", "espeak", "--out", "x.wav"]);
    command.output().expect("the copied binary starts")
}

#[test]
fn a_copied_binary_speaks_chinese_from_an_empty_folder() {
    let home = tempfile::tempdir().expect("a temporary folder");
    for text in ["您好，您的订单已经发货。", "再见。"] {
        let told = say(home.path(), text, "zh");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        assert!(!String::from_utf8_lossy(&told.stderr).contains("dictionary"), "espeak-ng complains about its data");
        let wav = fs::File::open(home.path().join("x.wav")).expect("written");
        let sound = Sound::read(wav).expect("a wav");
        assert!((300..8_000).contains(&sound.millis()), "{} ms", sound.millis());
        assert!(sound.pcm.iter().any(|sample| sample.unsigned_abs() > 2_000), "it is audible");
    }
    let unpacked = fs::read_dir(home.path().join("data")).expect("made by the first call");
    assert_eq!(unpacked.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("espeak-ng-data-")).count(), 1);
}

#[test]
fn the_data_is_taken_from_the_binary_and_not_from_the_build() {
    // The default path that espeak-ng was compiled with lies in the build's folder: with another language in ours only, the
    // voice must fail, or it was read from there.
    let home = tempfile::tempdir().expect("a temporary folder");
    assert!(say(home.path(), "Bonjour.", "fr").status.success());
    let data = fs::read_dir(home.path().join("data")).expect("made by the first call").flatten();
    let data = data.map(|entry| entry.path()).find(|path| path.is_dir()).expect("unpacked");
    fs::remove_file(data.join("fr_dict")).expect("there");
    fs::remove_file(data.join("lang/roa/fr")).expect("there");
    assert!(!say(home.path(), "Bonjour.", "fr").status.success(), "French came from elsewhere");
}

/// The only test of this file that speaks in its own process.
#[tokio::test]
async fn data_that_is_taken_away_is_an_error_and_not_the_end_of_the_line() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let config = SpeakConfig { engines: vec![EngineKind::Espeak], cache_kib: 0, ..SpeakConfig::default() };
    let voices = speak::open(&config, data.path(), &tokio::runtime::Handle::current()).expect("the data is in the binary");
    drop(data);
    let spoken = voices.synthesise("你好。", Language::ZH, Delivery::default(), &mut |_| ControlFlow::Continue(()));
    let why = spoken.expect_err("nothing to speak with").to_string();
    assert!(why.contains("taken away"), "{why}");
}
