//! `hotline transcribe`: writes down what is said in wav files, with the recogniser a caller would have.
//! Never keeps the sound or the text.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::runtime::Handle;

use crate::audio::wav::Sound;
use crate::audio::{MediaTime, SampleRate};
use crate::media::resample::StreamResampler;
use crate::speech::hear::{self, Cancel, HearConfig, HearRequest, Phrase, Recognizer};
use crate::talk::{Expectation, Language, Transcript};

/// Writes down what is said in wav files.
#[derive(Debug, Clone, Args)]
pub struct TranscribeArgs {
    /// Wav files, 8 to 48 kHz.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The language spoken.
    #[arg(long, short, default_value = "en")]
    pub language: Language,
    /// What the speaker was asked for.
    #[arg(long, value_enum, default_value = "open")]
    pub expect: Expect,
    /// Further phrases the speaker may say, as a pack would have them ("where is order {digits}"); repeatable.
    #[arg(long = "phrase", value_name = "TEXT")]
    pub phrases: Vec<String>,
    /// One JSON object a file.
    #[arg(long)]
    pub json: bool,
}

/// What the speaker was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Expect {
    /// Anything.
    Open,
    /// Yes or no.
    YesNo,
    /// Digits.
    Digits,
    /// Letters and digits.
    Spelling,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// An amount of money.
    Amount,
    /// A count, a length of time or a percentage.
    Number,
    /// A name.
    Name,
}

/// Transcribes each file; weights are looked for below `data`, and `phrases` are the pack's. Call it outside of the
/// runtime's threads. Fails (exit code 1) if a file could not be read; nothing understood is no failure.
pub fn run(
    args: &TranscribeArgs,
    config: &HearConfig,
    data: &Path,
    (mut phrases, runtime): (Vec<Phrase>, &Handle),
) -> Result<ExitCode> {
    phrases.extend(args.phrases.iter().map(|text| Phrase { text: text.clone(), language: args.language, first: true }));
    let recognizer = hear::open(config, data, phrases, runtime)?;
    let mut out = std::io::stdout().lock();
    let mut code = ExitCode::SUCCESS;
    for file in &args.files {
        match transcribe(&*recognizer, file, args) {
            Ok(heard) if args.json => writeln!(out, "{}", as_json(file, &heard))?,
            Ok(heard) if heard.is_nothing() => writeln!(out, "{}: (nothing understood)", file.display())?,
            Ok(heard) => writeln!(out, "{}: {}", file.display(), heard.text)?,
            Err(error) => {
                writeln!(std::io::stderr(), "{error:#}")?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn transcribe(recognizer: &dyn Recognizer, file: &Path, args: &TranscribeArgs) -> Result<Transcript> {
    let stream = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let sound = Sound::read(BufReader::new(stream)).with_context(|| file.display().to_string())?;
    let mut pcm = Vec::new();
    let mut resampler = StreamResampler::new(sound.rate, SampleRate::HZ_16000);
    resampler.push(&sound.pcm, &mut pcm);
    resampler.finish(&mut pcm);
    let expectation = args.expect.expectation();
    let request = HearRequest { language: args.language, expectation, from: MediaTime::ZERO, cancel: Cancel::default() };
    let mut hearing = recognizer.start(request)?;
    for piece in pcm.chunks(SampleRate::HZ_16000.frame_len()) {
        hearing.feed(piece)?;
    }
    Ok(hearing.finish(false)?)
}

impl Expect {
    pub(super) const fn expectation(self) -> Expectation {
        match self {
            Self::Open => Expectation::Open,
            Self::YesNo => Expectation::YesNo,
            Self::Digits => Expectation::Digits { min: 1, max: 32, sensitive: false },
            Self::Spelling => Expectation::Spelling,
            Self::Date => Expectation::Date,
            Self::Time => Expectation::Time,
            Self::Amount => Expectation::Amount,
            Self::Number => Expectation::Number,
            Self::Name => Expectation::Name,
        }
    }
}

fn as_json(file: &Path, heard: &Transcript) -> serde_json::Value {
    json!({
        "file": file.display().to_string(),
        "text": heard.text,
        "language": heard.language.code(),
        "engine": heard.engine,
        "confidence": heard.confidence.get(),
        "words": heard.words.iter().map(|w| json!({
            "text": w.text, "from_ms": w.from.as_millis(), "to_ms": w.to.as_millis(), "confidence": w.confidence.get(),
        })).collect::<Vec<_>>(),
        "alternatives": heard.alternatives.iter().map(|a| json!({ "text": a.text, "confidence": a.confidence.get() })).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_is_one_json_object_a_file() {
        let json = as_json(Path::new("a.wav"), &Transcript::of_text("4271", Language::EN, "sphinx"));
        assert_eq!((json["text"].as_str(), json["engine"].as_str()), (Some("4271"), Some("sphinx")));
    }
}
