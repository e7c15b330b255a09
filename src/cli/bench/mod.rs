//! `hotline bench`: what a caller waits for, measured on real calls, and two such reports side by side.
//! Never judges: figures, machine and build are printed, and whoever reads them decides.

mod callers;
mod duplex;
mod machine;
mod picture;
mod report;
mod run;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::caller::Caller;
use super::line_args::LineArgs;
use super::serve;
use crate::config::Config;
use crate::engine::{Line, Tasks};
use crate::line::sip::{DialOptions, Listen, SipConfig, SipEndpoint, Transport};
use crate::speech;
use crate::speech::speak::{EngineKind, FliteConfig, FliteVoice, SpeakConfig, SpeakError, Synthesizer};
use crate::talk::Language;
use callers::Utterance;
use machine::{Build, Machine};
use report::Report;

pub use callers::speak;

/// Calls at the same time in a latency run; few enough that they do not wait for each other.
const AT_ONCE: usize = 5;
/// Turns in one call.
const TURNS_A_CALL: usize = 6;
/// Interruptions in one run.
const BARGE_INS: usize = 8;

/// Measure what a caller waits for
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Caller's last speech sample to the first audible reply frame, on real calls over loopback
    Latency(LatencyArgs),
    /// Who speaks when: eight figures over hundreds of moments, and the end-point curve
    Duplex(duplex::DuplexArgs),
    /// Two reports side by side
    Compare {
        /// A report written by `bench latency --json`.
        a: PathBuf,
        /// Another.
        b: PathBuf,
    },
}

#[derive(Debug, Args)]
struct LatencyArgs {
    #[command(flatten)]
    line: LineArgs,
    /// Write the whole report as a page.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write the picture alone.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Print the report as JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Runs a measurement or a comparison.
pub fn run(args: BenchArgs, config: Config, runtime: &Handle) -> Result<ExitCode> {
    match args.what {
        What::Duplex(args) => duplex::run(&args, &config, runtime, &mut std::io::stdout())?,
        What::Compare { a, b } => print!("{}", run::read(&a)?.compare(&run::read(&b)?)),
        What::Latency(args) => {
            let report = runtime.block_on(latency(args.line.over(config)))?;
            for (path, text) in [(&args.report, picture::html(&report)), (&args.svg, picture::svg(&report))] {
                if let Some(path) = path {
                    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
                }
            }
            if args.json { println!("{}", serde_json::to_string_pretty(&report)?) } else { print!("{}", report.table()) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A voice and its name.
pub type Speaker = (&'static str, Box<dyn Synthesizer>);

/// The callers' voices: flite's, but for the one that the bot speaks with.
pub fn voices() -> Result<Vec<Speaker>, SpeakError> {
    [FliteVoice::Rms, FliteVoice::Awb, FliteVoice::Kal16]
        .into_iter()
        .map(|voice| {
            let flite = FliteConfig { voice };
            let config = SpeakConfig { engines: vec![EngineKind::Flite], cache_kib: 0, flite, ..SpeakConfig::default() };
            let voices = speech::speak::open(&config, Path::new("."), &Handle::current())?;
            Ok((voice.name(), Box::new(voices) as Box<dyn Synthesizer>))
        })
        .collect()
}

async fn latency(mut config: Config) -> Result<Report> {
    config.sip.listen = vec![loopback()];
    config.http.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let speakers = voices()?;
    let speakers: Vec<_> = speakers.iter().map(|(name, voice)| (*name, &**voice)).collect();
    let set = callers::utterances(&speakers)?;
    let question = speak(speakers[0].1, "what is your return policy", Language::EN)?;
    let interruption = speak(speakers[0].1, "what are your opening hours", Language::EN)?;
    let (live, told) = mpsc::channel(4_096);
    let line = Line::open(&config, Some(live)).await?;
    let open = serve::open(line, &config).await?;
    let told = tokio::task::JoinSet::from_iter([run::Told::gather(told)]);
    let tasks = Tasks::default();
    let phone = SipConfig { listen: vec![loopback()], ..SipConfig::default() };
    let (phone, _calls) = SipEndpoint::bind(phone, tasks.tracker(), tasks.stopping().clone()).await?;
    let bot = open.sip().local_addrs().first().context("the line listens nowhere")?.addr;
    let dial = async |name: String| -> Result<Caller> {
        let from = Some(format!("sip:{name}@127.0.0.1"));
        let port = phone.dial(&format!("sip:bot@{bot}"), DialOptions { from, ..DialOptions::default() }).await?;
        Ok(Caller::new(port, open.line().board().shared().clock.subscribe(), 11))
    };
    let calls: Vec<_> = set.chunks(TURNS_A_CALL).enumerate().collect();
    let one_call = async |n: usize, utterances: &[Utterance]| {
        let name = format!("bench-{n}-caller");
        let (mut turns, mut spacing) = (Vec::new(), Vec::new());
        while turns.len() < utterances.len() {
            let mut caller = dial(name.clone()).await?;
            turns.extend(run::turns(&mut caller, &utterances[turns.len()..]).await);
            spacing.extend(run::spacing(&caller));
        }
        anyhow::Ok((name, turns, spacing))
    };
    let measure = async {
        let mut all = Vec::new();
        for round in calls.chunks(AT_ONCE) {
            all.extend(futures::future::try_join_all(round.iter().map(|(n, utterances)| one_call(*n, utterances))).await?);
        }
        anyhow::Ok(all)
    };
    let interrupt = async {
        let mut caller = dial("bench-interrupts".to_owned()).await?;
        anyhow::Ok(run::barge_ins(&mut caller, &question, &interruption, BARGE_INS).await?)
    };
    let (measured, interrupted) = futures::future::try_join(measure, interrupt).await?;
    let build = engines(open.line());
    phone.shutdown().await;
    tasks.stop();
    open.close().await;
    let told = told.join_all().await.pop().context("the line's events were not gathered")?;
    let (mut turns, mut spacing_tenth_ms) = (Vec::new(), Vec::new());
    for (name, measured, spacing) in measured {
        turns.extend(measured.into_iter().map(|turn| told.complete(&name, turn)));
        spacing_tenth_ms.extend(spacing);
    }
    let barge_in_ms = interrupted.iter().map(|found| found.softer_ms).collect();
    let yield_ms = interrupted.iter().map(|found| found.silent_ms).collect();
    Ok(Report { machine: Machine::here(), build, turns, barge_in_ms, yield_ms, spacing_tenth_ms })
}

fn engines(line: &Line) -> Build {
    let hear = line.board().shared().engines.recognizer.name();
    let speak = line.facts().speak.iter().find(|fact| fact.problem.is_none() && fact.languages.contains("en"));
    Build::this(hear, speak.map_or("?", |fact| fact.engine.name()))
}

fn loopback() -> Listen {
    Listen { transport: Transport::Udp, addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}
