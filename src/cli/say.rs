//! `hotline say`: speaks a text into a wav with the voice a caller would hear.
//! Never plays it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::runtime::Handle;

use crate::audio::wav::Writer;
use crate::speech::speak::{self, Delivery, EngineKind, FliteVoice, SpeakConfig, Synthesizer};
use crate::talk::Language;

/// Speaks a text into a wav.
#[derive(Debug, Clone, Args)]
pub struct Say {
    /// What to say.
    pub text: String,
    /// The wav to write.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// The language of the text: en, zh, fr …
    #[arg(long, short, default_value = "en")]
    pub language: Language,
    /// ENGINE or ENGINE:NAME instead of the configured voice, such as flite:rms, espeak:en-gb, piper:en_US-lessac-medium.
    #[arg(long, value_name = "ENGINE[:NAME]")]
    pub voice: Option<String>,
    /// Speaking rate against the voice's own.
    #[arg(long, default_value_t = 1.0)]
    pub rate: f32,
}

/// Speaks and writes the wav; voices and their data are looked for below `data`. Call it outside of the runtime's threads.
pub fn run(say: &Say, config: &SpeakConfig, data: &Path, runtime: &Handle) -> Result<()> {
    let config = match &say.voice {
        Some(voice) => chosen(voice, say.language, config)?,
        None => config.clone(),
    };
    let voices = speak::open(&config, data, runtime)?;
    let rate = voices.rate(say.language);
    let mut pcm = Vec::new();
    let mut sink = |piece: &[i16]| {
        pcm.extend_from_slice(piece);
        ControlFlow::Continue(())
    };
    voices.synthesise(&say.text, say.language, Delivery { rate: say.rate }, &mut sink)?;
    if pcm.is_empty() {
        bail!("there is nothing to speak in {:?}", say.text);
    }
    let file = File::create(&say.out).with_context(|| format!("cannot write {}", say.out.display()))?;
    let mut wav = Writer::new(BufWriter::new(file), rate, 1)?;
    wav.push(&pcm)?;
    wav.finish()?;
    let seconds = pcm.len() as f64 / f64::from(rate.hz());
    let engine = voices.engine(say.language).unwrap_or("no voice");
    // Nobody reading the line is no reason to fail: the wav is there.
    writeln!(std::io::stdout(), "{}: {seconds:.1} s at {} Hz by {engine}", say.out.display(), rate.hz()).ok();
    Ok(())
}

/// The configuration with one engine alone, and with its voice where one was named.
fn chosen(voice: &str, language: Language, config: &SpeakConfig) -> Result<SpeakConfig> {
    let (engine, name) = voice.split_once(':').map_or((voice, None), |(engine, name)| (engine, Some(name)));
    let Some(engine) = EngineKind::ALL.into_iter().find(|known| known.name() == engine) else {
        bail!("no engine {engine:?}; there are {}", EngineKind::ALL.map(EngineKind::name).join(", "));
    };
    let mut config = SpeakConfig { engines: vec![engine], ..config.clone() };
    match (engine, name) {
        (_, None) => {}
        (EngineKind::Openai, Some(name)) => name.clone_into(&mut config.openai.voice),
        (EngineKind::Piper, Some(name)) => drop(config.piper.voices.insert(language, name.to_owned())),
        (EngineKind::Espeak, Some(name)) => drop(config.espeak.voices.insert(language, name.to_owned())),
        (EngineKind::Flite, Some(name)) => {
            let known = FliteVoice::ALL.into_iter().find(|voice| voice.name() == name);
            let names = FliteVoice::ALL.map(FliteVoice::name).join(", ");
            config.flite.voice = known.with_context(|| format!("flite has no voice {name:?}; it has {names}"))?;
        }
    }
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_is_named_by_engine_and_name() {
        let of = |voice: &str| chosen(voice, Language::EN, &SpeakConfig::default());
        let flite = of("flite:rms").expect("known");
        assert_eq!((flite.engines, flite.flite.voice), (vec![EngineKind::Flite], FliteVoice::Rms));
        assert_eq!(of("espeak:en-gb").expect("known").espeak.voices[&Language::EN], "en-gb");
        assert!(of("flite:bob").expect_err("unknown").to_string().contains("slt, rms, awb, kal16"));
        assert!(of("festival").expect_err("unknown").to_string().contains("openai, piper, flite, espeak"));
    }

    #[cfg(feature = "espeak")]
    #[test]
    fn a_text_becomes_a_wav_and_silence_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
        let out = folder.path().join("x.wav");
        let language = Language::ZH;
        let mut say =
            Say { text: "您好。".to_owned(), out: out.clone(), language, voice: Some("espeak".to_owned()), rate: 1.0 };
        run(&say, &SpeakConfig::default(), folder.path(), runtime.handle()).expect("speaks");
        let sound = crate::audio::wav::Sound::read(File::open(out).expect("written")).expect("a wav");
        assert!((300..3_000).contains(&sound.millis()), "{} ms", sound.millis());
        say.text = "…".to_owned();
        assert!(run(&say, &SpeakConfig::default(), folder.path(), runtime.handle()).is_err());
    }
}
