//! `hotline bench duplex`: who speaks when, over hundreds of scripted moments with spoken audio, and the eight figures drawn from it.
//! Never judges; what a recogniser computes is waited for as long as it really took, everything else happens in virtual time.

mod actor;
mod curve;
mod hum;
mod report;
mod score;
mod script;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tokio::runtime::Handle;

use super::Speaker;
use crate::audio::SampleRate;
use crate::business::Pack;
use crate::config::Config;
use crate::engine::phrases;
use crate::engine::simulate::{Scenario, Stage};
use crate::speech::hear;
use crate::speech::speak::{self, EngineKind, SpeakConfig, Synthesizer};
use crate::store::journal::JournalEvent;
use crate::talk::Language;
use actor::{Actor, Uttered};
use report::Report;
use script::{Kind, Moment};

/// With --quick every so many moments one is played.
const QUICK: usize = 9;

/// Who speaks when: eight figures over hundreds of moments, and the end-point curve
#[derive(Debug, Args)]
pub struct DuplexArgs {
    /// Play every ninth moment only
    #[arg(long)]
    quick: bool,
    /// Your own moments instead of the built-in ones; the built-in file shows the form
    #[arg(long, value_name = "YAML")]
    moments: Option<PathBuf>,
    /// Only moments of this language
    #[arg(long)]
    language: Option<Language>,
    /// Draw the end-point curve too: false cut-offs against delay, for the policy and for plain silence
    #[arg(long)]
    curve: bool,
    /// Write the callers' sound (8 kHz wav) and their truth times into this folder, and play nothing
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Write the picture
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print the whole report as JSON instead of tables
    #[arg(long)]
    json: bool,
}

/// Plays the moments and prints what came of them.
///
/// # Errors
/// A file of moments that cannot be used, a pack, a voice or a recogniser that is not there.
pub fn run(args: &DuplexArgs, config: &Config, runtime: &Handle, out: &mut dyn Write) -> Result<()> {
    let text = match &args.moments {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?,
        None => script::BUILT_IN.to_owned(),
    };
    let mut moments = script::parse(&text).map_err(anyhow::Error::msg).context("moments")?;
    moments.retain(|moment| args.language.is_none_or(|language| moment.language == language));
    if args.quick {
        moments.retain(|moment| moment.number % QUICK == moment.number / QUICK % QUICK);
    }
    ensure!(!moments.is_empty(), "no moment is left to play");
    let voices = Voices::open(&config.store.data, runtime)?;
    // All at once and before anything is played: a voice that fails is told now, and not after the first language's minutes.
    let scenes = moments.iter().map(|moment| voices.scene(moment)).collect::<Result<Vec<_>>>()?;
    if let Some(folder) = &args.write {
        return write(&scenes, folder, out);
    }
    let theatre = Theatre::open(&moments, config, runtime)?;
    let mut results = Vec::new();
    for scene in &scenes {
        results.push(theatre.play(scene));
        if !args.json {
            eprint!("\r{} of {} moments", results.len(), scenes.len());
        }
    }
    let curve = if args.curve { curve::sweep(&scenes, theatre) } else { Vec::new() };
    let report = Report::new(results, curve);
    if let Some(path) = &args.svg {
        std::fs::write(path, report.svg()).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        eprintln!();
        write!(out, "{}", report.table())?;
    }
    Ok(())
}

/// Who speaks: flite's voices but the bot's own for English, espeak-ng for the rest.
struct Voices {
    flite: Vec<Speaker>,
    other: speak::Voices,
}

impl Voices {
    /// What the voices unpack lies under `data`.
    fn open(data: &Path, runtime: &Handle) -> Result<Self> {
        let _inside = runtime.enter();
        let config = SpeakConfig { engines: vec![EngineKind::Espeak], cache_kib: 0, ..SpeakConfig::default() };
        Ok(Self { flite: super::voices()?, other: speak::open(&config, data, runtime)? })
    }

    /// Whose voice a moment is in.
    fn of(&self, moment: &Moment) -> (&'static str, &dyn Synthesizer) {
        match moment.language {
            Language::EN => {
                // Each utterance has the same voice at all noise levels.
                let (name, voice) = &self.flite[moment.number / script::NOISES.len() % self.flite.len()];
                (name, &**voice)
            }
            _ => ("espeak", &self.other),
        }
    }

    fn scene<'m>(&self, moment: &'m Moment) -> Result<Scene<'m>> {
        let (name, voice) = self.of(moment);
        let uttered = Uttered::of(moment, voice).with_context(|| format!("{name} cannot say {:?}", moment.text()))?;
        let said = actor::says(moment).map(|text| Uttered::words(text, moment.language, voice)).transpose()?;
        Ok(Scene { moment, voice: name, said, uttered })
    }
}

/// A moment and its sound, ready to be played.
struct Scene<'m> {
    moment: &'m Moment,
    voice: &'static str,
    /// What is said before the moment.
    said: Option<Uttered>,
    uttered: Uttered,
}

/// A stage for each language.
struct Theatre {
    stages: Vec<(Language, Stage)>,
}

impl Theatre {
    fn open(moments: &[Moment], config: &Config, runtime: &Handle) -> Result<Self> {
        let phrases = phrases(&Pack::load(&config.pack)?);
        let ear = hear::open(&config.hear, &config.store.data, phrases, runtime)?;
        let stage = |language: Language| -> Result<(Language, Stage)> {
            let text =
                format!("name: duplex\nlanguage: {language}\ntiming: {{stt_ms: 60, reply_ms: 5, tts_ms: 20}}\ncaller: []\n");
            let scenario = Scenario { pack: config.pack.clone(), ..Scenario::parse(&text, Path::new("duplex"))? };
            let stage = Stage::prepare(&scenario, (&config.call, &config.media), runtime)?;
            // What hears no more than a small grammar would measure itself: there the true words come at their true times.
            let hears = ear.hears(language) && !hear::is_restricted(&*ear, language);
            Ok((language, if hears { stage.heard_by(ear.clone()) } else { stage }))
        };
        let mut languages: Vec<_> = moments.iter().map(|moment| moment.language).collect();
        languages.sort_unstable();
        languages.dedup();
        Ok(Self { stages: languages.into_iter().map(stage).collect::<Result<_>>()? })
    }

    fn stage(&self, language: Language) -> &Stage {
        let stage = self.stages.iter().find(|(of, _)| *of == language);
        &stage.expect("a stage was opened for each language").1
    }

    fn play(&self, Scene { moment, voice, said, uttered }: &Scene<'_>) -> score::Result {
        let played = self.stage(moment.language).play(Actor::new(moment, said.as_ref(), uttered));
        let timeline = played.caller.timeline();
        let (came, softer_ms) = score::judge(moment.kind, &timeline);
        let understood = played.entries.iter().filter_map(|entry| match &entry.event {
            JournalEvent::Transcript { is_final: true, text, engine, .. } if engine != "text" => Some(text.as_str()),
            _ => None,
        });
        score::Result {
            number: moment.number,
            language: moment.language.to_string(),
            held_out: moment.held_out,
            kind: moment.kind.name(),
            text: moment.text(),
            pauses: moment.pauses(),
            snr_db: moment.snr_db,
            voice: (*voice).to_owned(),
            came,
            softer_ms,
            understood: understood.collect::<Vec<_>>().join(" | "),
        }
    }
}

/// Writes what is uttered, so that anyone has the same files.
fn write(scenes: &[Scene<'_>], folder: &Path, out: &mut dyn Write) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut truth = Vec::new();
    for Scene { moment, voice, uttered, .. } in scenes.iter().filter(|scene| scene.moment.snr_db.is_none()) {
        let name = format!("{:03}-{}.wav", moment.number, moment.kind.name().replace(' ', "-"));
        let file = std::fs::File::create(folder.join(&name)).with_context(|| format!("{name} cannot be written"))?;
        let mut wav = crate::audio::wav::Writer::new(std::io::BufWriter::new(file), SampleRate::HZ_8000, 1)?;
        wav.push(&uttered.pcm)?;
        wav.finish()?;
        truth.push(serde_json::json!({
            "file": name, "language": moment.language.code(), "held_out": moment.held_out, "kind": moment.kind.name(),
            "text": moment.text(), "voice": voice, "ends_s": uttered.pcm.len() as f64 / 8_000.0,
        }));
    }
    std::fs::write(folder.join("truth.json"), serde_json::to_string_pretty(&truth)?)?;
    writeln!(out, "{} files and truth.json in {}", truth.len(), folder.display())?;
    Ok(())
}
