//! `hotline replay`: a recorded call once more, decision by decision, and what another setting would have done.
//! Never changes a record, and never takes one out of its seal without a word in the audit log.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::json;
use tokio::runtime::Handle;

use super::calls::{self, clock, new_file};
use super::line_args::DataArgs;
use crate::business::Pack;
use crate::call::CallConfig;
use crate::config::Config;
use crate::engine::learning::understanding;
use crate::engine::replay::{self, Asked, Difference, Ear, Otherwise, Remark, Replayed, Stop, Talked};
use crate::engine::reply::PackVersion;
use crate::engine::{clock as time, phrases};
use crate::speech::hear::{self, Cancel, HearRequest, Recognizer};
use crate::store::flight::{Flight, unsealed};
use crate::store::journal::{Entry, JournalEvent};
use crate::store::{CallRecords, Vault};
use crate::talk::Transcript;
use crate::telemetry::Percentiles;

/// Replay a recorded call and compare every decision
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A file that --export made, a call's id, or `last`
    what: String,
    /// Begin at the caller's packets: jitter buffer, codec and voice activity are run again too
    #[arg(long)]
    packets: bool,
    /// Show what the call would have been with another value of the section `[call]`, for example turn.endpoint.open_ms=300; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    what_if: Vec<Setting>,
    /// Take the call out of its seal into this file, which then replays anywhere
    #[arg(long, value_name = "FILE", conflicts_with_all = ["packets", "what_if", "json"])]
    export: Option<PathBuf>,
    /// Write what is decided now into the file as what is right: a changed decision was meant, the call's or the conversation's
    #[arg(long, conflicts_with_all = ["packets", "what_if", "json", "export"])]
    accept: bool,
    /// Replay the conversation with this pack, whichever it was made with; else with the configured one, where it is the same
    #[arg(long, value_name = "DIR", conflicts_with_all = ["what_if", "export"])]
    pack: Option<PathBuf>,
    /// Print what came of it as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// One value of the configuration's section `[call]`.
#[derive(Debug, Clone)]
struct Setting {
    path: Vec<String>,
    value: toml::Value,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, for example turn.endpoint.open_ms=300")?;
        let path: Vec<_> = key.trim().trim_start_matches("call.").split('.').map(str::to_owned).collect();
        let quoted = || toml::Value::String(value.trim().to_owned());
        let value = toml::from_str::<toml::Table>(&format!("v = {value}")).ok().and_then(|mut table| table.remove("v"));
        Ok(Self { path, value: value.unwrap_or_else(quoted) })
    }
}

/// Replays; tells whether every decision is the recorded one. With `--what-if` the other call is shown beside it.
///
/// # Errors
/// No such call, a file that is no flight, a setting that there is not.
pub fn run(args: &ReplayArgs, config: Config, runtime: &Handle, out: &mut dyn Write) -> Result<bool> {
    let config = args.data.over(config);
    let packed = packed(&args.what, &config, out)?;
    if let Some(path) = &args.export {
        new_file(path)?.write_all(&packed).with_context(|| format!("{} cannot be written", path.display()))?;
        writeln!(out, "{}: {} kB; hotline replay {}", path.display(), packed.len().div_ceil(1_000), path.display())?;
        return Ok(true);
    }
    let flight = Flight::read(&*packed).with_context(|| args.what.clone())?;
    if args.accept {
        ensure!(
            Path::new(&args.what).is_file(),
            "--accept changes a file that --export made; the record of a call stays as it is"
        );
        std::fs::write(&args.what, accepted(&flight, args.pack.as_deref(), &config)?.to_bytes())
            .with_context(|| format!("{} cannot be written", args.what))?;
    }
    let ear = if args.packets { Ear::Packets } else { Ear::Inputs };
    if args.what_if.is_empty() {
        let began = time::now();
        let replayed = replay::replay(&flight, ear)?;
        let took = time::since(began);
        let talked = talk(&flight, args.pack.as_deref(), &config)?;
        show(&flight, (&replayed, &talked), (took, args.json), out)?;
        return Ok(replayed.difference.is_none() && talked.difference().is_none());
    }
    let replayed = replay::replay(&flight, Ear::Inputs)?;
    let otherwise = otherwise((&flight, ear), &args.what_if, &config, runtime)?;
    compare(&replayed, &otherwise, args.json, out)?;
    Ok(true)
}

/// What is known of the conversation.
enum Talk {
    None,
    Replayed(Talked),
    /// The pack it was made with is not at hand.
    OtherPack(String),
}

impl Talk {
    fn difference(&self) -> Option<&Difference> {
        match self {
            Self::Replayed(talked) => talked.difference.as_ref(),
            Self::None | Self::OtherPack(_) => None,
        }
    }
}

/// The conversation once more, with the pack that is named, or the configured one where that is the one it was made with.
fn talk(flight: &Flight, named: Option<&Path>, config: &Config) -> Result<Talk> {
    let Some(made_with) = replay::made_with(flight) else { return Ok(Talk::None) };
    let version = |PackVersion { name, version }: &PackVersion| format!("{name} {version}");
    let pack = match (named, Pack::load(&config.pack)) {
        (Some(folder), _) => Pack::load(folder)?,
        (None, Ok(pack)) if PackVersion::of(&pack)? == made_with => pack,
        (None, Ok(pack)) => {
            let (was, is) = (version(&made_with), version(&PackVersion::of(&pack)?));
            return Ok(Talk::OtherPack(format!("it was made with the pack {was}, and {} is {is}", config.pack.display())));
        }
        (None, Err(error)) => return Ok(Talk::OtherPack(format!("it was made with the pack {}: {error}", version(&made_with)))),
    };
    let understanding = Arc::new(understanding(&pack, &config.store.data));
    Ok(Talk::Replayed(replay::talked(flight, Arc::new(pack), understanding)))
}

/// The flight with what is decided now: the call, and the conversation with the pack of its name.
fn accepted(flight: &Flight, named: Option<&Path>, config: &Config) -> Result<Flight> {
    let flight = replay::accepted(flight);
    let Some(made_with) = replay::made_with(&flight) else { return Ok(flight) };
    let folder = named.unwrap_or(&config.pack);
    let pack = Pack::load(folder)?;
    let name = &made_with.name;
    ensure!(named.is_some() || pack.name() == name, "{} is not the pack {name}; --pack DIR names it", folder.display());
    let understanding = Arc::new(understanding(&pack, &config.store.data));
    Ok(replay::retold(&flight, Arc::new(pack), understanding)?)
}

/// The flight's file: as it lies there, or taken out of a call's seal.
fn packed(what: &str, config: &Config, out: &mut dyn Write) -> Result<Vec<u8>> {
    if Path::new(what).is_file() {
        return std::fs::read(what).with_context(|| format!("{what} cannot be read"));
    }
    let vault = Arc::new(Vault::existing(&config.store.data, &config.privacy).with_context(|| format!("no file {what}"))?);
    let id = calls::find(&CallRecords::new(Arc::clone(&vault)), what)?;
    calls::note_access(&vault, &id, "flight")?;
    let (packed, damage) = unsealed(&vault, &id)?;
    damage.map_or(Ok(()), |damage| writeln!(out, "damaged: {damage}; it is replayed up to there"))?;
    Ok(packed)
}

fn show(
    flight: &Flight,
    (replayed, talk): (&Replayed, &Talk),
    (took, json): (Duration, bool),
    out: &mut dyn Write,
) -> Result<()> {
    let Replayed { inputs, decisions, frames, difference, remarks, length, entries } = replayed;
    let remarks: Vec<_> = remarks.iter().map(remark).collect();
    if json {
        let of = |difference: &Difference| {
            let at = difference.at.as_micros() as u64;
            json!({ "at_us": at, "input": difference.input, "recorded": difference.recorded, "now": difference.now })
        };
        let conversation = match talk {
            Talk::None => serde_json::Value::Null,
            Talk::OtherPack(why) => json!({ "not_replayed": why }),
            Talk::Replayed(Talked { steps, decisions, difference, stop }) => json!({
                "steps": steps, "decisions": decisions, "same": difference.is_none(),
                "difference": difference.as_ref().map(of), "stopped": stop.map(|(_, why)| why),
            }),
        };
        let told = json!({
            "call": flight.head.call.as_str(), "inputs": inputs, "decisions": decisions, "frames": frames,
            "length_ms": length.as_millis() as u64, "took_us": took.as_micros() as u64,
            "same": difference.is_none(), "difference": difference.as_ref().map(of), "remarks": remarks,
            "conversation": conversation,
        });
        writeln!(out, "{told}")?;
        return Ok(());
    }
    let head = &flight.head;
    writeln!(out, "{}  {}  {}  pack {}  recorded by hotline {}", head.call, clock(*length), head.codec, head.pack, head.program)?;
    entries.iter().filter_map(calls::line).try_for_each(|line| writeln!(out, "{line}"))?;
    remarks.iter().try_for_each(|remark| writeln!(out, "note: {remark}"))?;
    let of_packets = if *frames > 0 { format!(", {frames} frames made of packets") } else { String::new() };
    let (factor, took) = ((length.as_secs_f64() / took.as_secs_f64()).round(), took.as_secs_f64() * 1e3);
    writeln!(out, "replayed: {inputs} inputs{of_packets}, {decisions} decisions, in {took:.1} ms ({factor} times real time)")?;
    match talk {
        Talk::None => {}
        Talk::OtherPack(why) => writeln!(out, "the conversation is not replayed: {why}; --pack DIR replays it with another one")?,
        Talk::Replayed(Talked { steps, decisions, stop, .. }) => {
            writeln!(out, "the conversation: {steps} steps, {decisions} decisions")?;
            if let Some((at, why)) = stop {
                writeln!(out, "note: not replayed from {} on: {why}", clock(*at))?;
            }
        }
    }
    let differences: Vec<&Difference> = difference.iter().chain(talk.difference()).collect();
    if differences.is_empty() {
        writeln!(out, "every decision is the recorded one")?;
    }
    for difference in differences {
        writeln!(out, "the first that is not, at {}, told {}:", clock(difference.at), difference.input)?;
        difference.recorded.iter().try_for_each(|line| writeln!(out, "  recorded  {line}"))?;
        difference.now.iter().try_for_each(|line| writeln!(out, "  now       {line}"))?;
    }
    Ok(())
}

fn remark(remark: &Remark) -> String {
    match remark {
        Remark::Lost { at, pieces } => format!("{pieces} pieces of the recording are missing at {}; it ends there", clock(*at)),
        Remark::Withheld { at } => {
            format!(
                "a secret was asked for at {}; its sound is not kept, and frames are the recorded ones from there",
                clock(*at)
            )
        }
    }
}

/// The call with those settings; words that nobody recognised are recognised from the packets, where there are some.
fn otherwise((flight, ear): (&Flight, Ear), settings: &[Setting], config: &Config, runtime: &Handle) -> Result<Otherwise> {
    let call = settings.iter().try_fold(flight.head.config.clone(), |call, setting| set(&call, setting))?;
    if !flight.head.packets {
        return Ok(replay::what_if(flight, call, (&[], None)));
    }
    let remade = replay::remade(flight)?;
    let frames = if ear == Ear::Packets { &*remade.heard } else { &[] };
    let phrases = phrases(&Pack::load(&config.pack)?);
    let recognizer = hear::open(&config.hear, &config.store.data, phrases, runtime)?;
    let mut again = |asked: Asked<'_>| again(&*recognizer, &remade.pcm, asked);
    Ok(replay::what_if(flight, call, (frames, Some(&mut again))))
}

fn set(call: &CallConfig, Setting { path, value }: &Setting) -> Result<CallConfig> {
    let name = path.join(".");
    let mut root = toml::Table::try_from(call)?;
    let mut place = &mut root;
    let (last, way) = path.split_last().context("an empty key")?;
    for step in way {
        place = match place.get_mut(step) {
            Some(toml::Value::Table(table)) => table,
            Some(_) | None => bail!("[call] has no {name}; `hotline check` and the README name its values"),
        };
    }
    let Some(old) = place.get_mut(last) else {
        bail!("[call] has no {name}; {} are there", place.keys().cloned().collect::<Vec<_>>().join(", "));
    };
    *old = value.clone();
    root.try_into().with_context(|| format!("{name} = {value}"))
}

fn again(recognizer: &dyn Recognizer, sound: &[i16], asked: Asked<'_>) -> Option<Transcript> {
    let [from, to] = [asked.range.from, asked.range.to].map(|at| (at.as_micros() as usize * 2 / 125).min(sound.len()));
    let Asked { range, expectation, language } = asked;
    let request = HearRequest { language, expectation: expectation.clone(), from: range.from, cancel: Cancel::default() };
    let heard = recognizer.start(request).and_then(|mut hearing| {
        sound[from..to].chunks(320).try_for_each(|frame| hearing.feed(frame).map(drop))?;
        hearing.finish(false)
    });
    heard.inspect_err(|error| tracing::warn!(%error, "The other turn could not be recognised.")).ok()
}

/// A call in some figures.
struct Figures {
    turns: usize,
    waits: Vec<Duration>,
    interruptions: usize,
    length: Duration,
}

impl Figures {
    fn of(entries: &[Entry], length: Duration) -> Self {
        let count = |kind: &str| entries.iter().filter(|entry| entry.event.kind() == kind).count();
        let wait = |entry: &Entry| match entry.event {
            JournalEvent::Latency { total_ms, .. } => Some(Duration::from_millis(total_ms)),
            _ => None,
        };
        let waits = entries.iter().filter_map(wait).collect();
        Self { turns: count("speech_ended"), waits, interruptions: count("barge_in"), length }
    }

    fn json(&self) -> serde_json::Value {
        let waits: Vec<_> = self.waits.iter().map(|wait| wait.as_millis() as u64).collect();
        let length = self.length.as_millis() as u64;
        json!({ "turns": self.turns, "waits_ms": waits, "interruptions": self.interruptions, "length_ms": length })
    }

    fn line(&self) -> String {
        let waits = Percentiles::of(&self.waits).map_or_else(|| "nothing answered".to_owned(), |waits| waits.to_string());
        let Self { turns, interruptions, length, .. } = self;
        format!("{}  {turns} turns  {interruptions} interruptions  voice to voice {waits}", clock(*length))
    }
}

fn compare(replayed: &Replayed, otherwise: &Otherwise, json: bool, out: &mut dyn Write) -> Result<()> {
    let was = Figures::of(&replayed.entries, replayed.length);
    let would_be = Figures::of(&otherwise.entries, otherwise.length);
    let stop = otherwise.stop.as_ref().map(|stop| why(stop, otherwise.length));
    if json {
        writeln!(out, "{}", json!({ "was": was.json(), "would_be": would_be.json(), "stopped": stop }))?;
        return Ok(());
    }
    otherwise.entries.iter().filter_map(calls::line).try_for_each(|line| writeln!(out, "{line}"))?;
    stop.map_or(Ok(()), |stop| writeln!(out, "{stop}"))?;
    writeln!(out, "was       {}", was.line())?;
    writeln!(out, "would be  {}", would_be.line())?;
    Ok(())
}

fn why(stop: &Stop, at: Duration) -> String {
    let at = clock(at);
    match stop {
        Stop::Unheard(range) => format!(
            "{at}: not known further: the turn would have ended at {}, and nobody recognised those words alone; \
             a flight with packets is recognised again",
            clock(Duration::from_micros(range.to.as_micros()))
        ),
        Stop::Unanswered => format!("{at}: not known further: the dialogue would have been asked what it was not asked then"),
        Stop::Unspoken => format!("{at}: not known further: a sentence would have been heard that was never spoken whole"),
        Stop::Unrecorded => format!("{at}: not known further: the recording ends here"),
    }
}
