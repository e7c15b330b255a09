//! The command line: one file a subcommand.
//! Holds no logic that a library user would miss.

pub mod audit;
#[cfg(all(feature = "sip", feature = "web"))]
pub mod bench;
#[cfg(feature = "sip")]
pub mod call;
#[cfg(feature = "sip")]
pub mod caller;
pub mod calls;
pub mod chat;
pub mod check;
#[cfg(all(feature = "sip", feature = "web"))]
pub mod demo;
pub mod doctor;
pub mod eot;
pub mod erase;
pub mod eval;
pub mod export;
pub mod keys;
pub mod line_args;
#[cfg(feature = "mic")]
pub mod mic;
pub mod models;
pub mod pack;
pub mod replay;
pub mod say;
#[cfg(all(feature = "sip", feature = "web"))]
pub mod serve;
pub mod simulate;
pub mod transcribe;
pub mod version;

use std::io::stdout;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::business::Pack;
use crate::config::{self, Config, ConfigError};
use crate::engine::phrases;
use crate::telemetry::start_logging;

/// Threads for recognising and speaking: two a call, and the recognisers between two turns.
const BLOCKING_THREADS: usize = 1_024;

/// A voice call-centre bot: it hears a phone line, understands, answers, and can be interrupted.
#[derive(Debug, Parser)]
#[command(name = "hotline", version, about, disable_version_flag = true)]
pub struct Cli {
    /// The configuration file; without it hotline.toml here, if there is one
    #[arg(long, global = true, value_name = "FILE", env = "HOTLINE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the line and answer calls until Ctrl-C
    #[cfg(all(feature = "sip", feature = "web"))]
    Serve(serve::ServeArgs),
    /// Open the line, place a scripted call to it, show the conversation, and stay open
    #[cfg(all(feature = "sip", feature = "web"))]
    Demo(demo::DemoArgs),
    /// Call a SIP address: play a wav, press keys, record, measure
    #[cfg(feature = "sip")]
    Call(call::CallArgs),
    /// Talk to the bot with microphone and loudspeaker
    #[cfg(feature = "mic")]
    Mic(mic::MicArgs),
    /// Play a scripted caller against the bot, hundreds of times faster than a call
    Simulate(simulate::SimulateArgs),
    /// Talk to a pack by text
    Chat(chat::ChatArgs),
    /// Write down what is said in wav files
    Transcribe(transcribe::TranscribeArgs),
    /// Say when the bot would have taken the turn in recordings, whose paths come on standard input
    Eot(eot::EotArgs),
    /// Speak a text into a wav
    Say(say::Say),
    /// Past calls: list them, show one, listen to one
    Calls(calls::CallsArgs),
    /// Replay a recorded call decision by decision, or under another setting
    Replay(replay::ReplayArgs),
    /// Hand a person their data
    Export(export::ExportArgs),
    /// Destroy a person's data
    Erase(erase::EraseArgs),
    /// Keys of what is kept: a new master key, deletion of what is too old
    Keys(keys::KeysArgs),
    /// The audit log: whether it is as it was written
    Audit(audit::AuditArgs),
    /// Weights: list, pull, verify
    Models(models::ModelsArgs),
    /// Measure what a caller waits for
    #[cfg(all(feature = "sip", feature = "web"))]
    Bench(bench::BenchArgs),
    /// Measure how well it understands, decides, feels and recommends, on sets of your own
    Eval(eval::EvalArgs),
    /// What this machine has and lacks, with the fix
    Doctor(doctor::DoctorArgs),
    /// Business packs: make a new one
    Pack(pack::PackArgs),
    /// Check configuration files and business packs
    Check(check::CheckArgs),
    /// Which build this is, and its licence
    Version(version::VersionArgs),
}

/// Runs the program.
///
/// # Errors
/// What stopped the subcommand, in words for the person who called it.
pub fn main() -> anyhow::Result<ExitCode> {
    let Cli { config, command } = Cli::parse();
    // One provider of TLS for all crates; refused only where the same one is there already.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build()?;
    let code = run(command, config.as_deref(), &runtime);
    // A recogniser that is still busy with a call that is over must not hold the program up.
    runtime.shutdown_background();
    code
}

fn run(command: Command, file: Option<&Path>, runtime: &Runtime) -> anyhow::Result<ExitCode> {
    let done = |()| ExitCode::SUCCESS;
    match command {
        #[cfg(all(feature = "sip", feature = "web"))]
        Command::Serve(args) => runtime.block_on(serve::run(args, logged(file)?)).map(done),
        #[cfg(all(feature = "sip", feature = "web"))]
        Command::Demo(args) => runtime.block_on(demo::run(args, logged(file)?)).map(done),
        #[cfg(feature = "sip")]
        Command::Call(args) => runtime.block_on(call::run(args)).map(done),
        #[cfg(feature = "mic")]
        Command::Mic(args) => runtime.block_on(mic::run(args, logged(file)?)).map(done),
        Command::Chat(args) => runtime.block_on(chat::run(args, &logged(file)?)).map(done),
        Command::Simulate(args) => Ok(exit_code(simulate::run(&args, &logged(file)?, runtime.handle(), &mut stdout())?)),
        Command::Transcribe(args) => {
            let config = logged(file)?;
            let phrases = phrases(&Pack::load(&config.pack)?);
            transcribe::run(&args, &config.hear, &config.store.data, (phrases, runtime.handle()))
        }
        Command::Eot(args) => {
            let config = logged(file)?;
            let phrases = phrases(&Pack::load(&config.pack)?);
            eot::run(&args, &config, (phrases, runtime.handle()), std::io::stdin().lock())
        }
        Command::Say(args) => {
            let config = logged(file)?;
            say::run(&args, &config.speak, &config.store.data, runtime.handle()).map(done)
        }
        Command::Calls(args) => calls::run(&args, load(file)?, &mut stdout()).map(done),
        Command::Replay(args) => Ok(exit_code(replay::run(&args, logged(file)?, runtime.handle(), &mut stdout())?)),
        Command::Export(args) => runtime.block_on(export::run(args, load(file)?, &mut stdout())).map(done),
        Command::Erase(args) => runtime.block_on(erase::run(args, load(file)?, &mut stdout())).map(done),
        Command::Keys(args) => runtime.block_on(keys::run(args, load(file)?, &mut stdout())).map(done),
        Command::Audit(args) => Ok(exit_code(audit::run(&args, &load(file)?.store.data, &mut stdout())?)),
        Command::Models(args) => runtime.block_on(models::run(args)),
        #[cfg(all(feature = "sip", feature = "web"))]
        Command::Bench(args) => bench::run(args, logged(file)?, runtime.handle()),
        Command::Doctor(args) => {
            let path = file.unwrap_or_else(|| Path::new(config::FILE_NAME));
            let findings = doctor::survey(path, &load(file).map(|config| args.over(config)), runtime.handle());
            Ok(exit_code(doctor::run(&args, &findings, &mut stdout())?))
        }
        Command::Eval(args) => Ok(exit_code(eval::run(&args, &logged(file)?, runtime.handle(), &mut stdout())?)),
        Command::Pack(args) => pack::run(&args, &mut stdout()).map(done),
        Command::Check(args) => Ok(exit_code(check::run(&args, &mut stdout())?)),
        Command::Version(args) => {
            version::run(&args);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The configuration, with logging begun as it says.
fn logged(file: Option<&Path>) -> anyhow::Result<Config> {
    let config = load(file)?;
    start_logging(&config.telemetry, std::env::var("HOTLINE_LOG").ok().as_deref())?;
    Ok(config)
}

/// The configuration: the named file or `hotline.toml`, and the environment before it.
fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
    let text =
        |(name, value): (std::ffi::OsString, std::ffi::OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    Config::load(file, std::env::vars_os().filter_map(text))
}

fn exit_code(well: bool) -> ExitCode {
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
