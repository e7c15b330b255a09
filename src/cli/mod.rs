//! One file a subcommand.
//! Holds no logic that a library user would miss.

#[cfg(feature = "sip")]
pub mod call;
pub mod calls;
pub mod chat;
pub mod check;
pub mod doctor;
pub mod models;
pub mod say;
pub mod transcribe;
pub mod version;

use std::io::stdout;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;

use crate::dialogue::DialogueConfig;
use crate::config::{self, Config, ConfigError};

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(name = "hotline", version, about, disable_version_flag = true)]
pub struct Cli {
    /// The configuration file; without it hotline.toml here, if there is one
    #[arg(long, global = true, value_name = "FILE", env = "HOTLINE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Past calls: list them, show one
    Calls(calls::CallsArgs),
    /// Check configuration files and business packs
    Check(check::CheckArgs),
    /// What this machine has and lacks, with the fix
    Doctor(doctor::DoctorArgs),
    /// Weights: list, pull, verify
    Models(models::ModelsArgs),
    /// Call a SIP address: play a wav, press keys, record, measure
    #[cfg(feature = "sip")]
    Call(call::CallArgs),
    /// Talk to a pack by text
    Chat(chat::ChatArgs),
    /// Which build this is, and its licence
    Version(version::VersionArgs),
}

/// Runs the program.
///
/// # Errors
/// What stopped the subcommand, in words for the person who called it.
pub fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.command {
        Command::Calls(args) => {
            calls::run(&args, &load(cli.config.as_deref())?.store.data, &mut stdout()).map(|()| ExitCode::SUCCESS)
        }
        Command::Check(args) => Ok(exit_code(check::run(&args, &mut stdout())?)),
        Command::Doctor(args) => {
            let path = cli.config.as_deref().unwrap_or_else(|| Path::new(config::FILE_NAME));
            let findings = doctor::survey(path, &load(cli.config.as_deref()), runtime.handle());
            Ok(exit_code(doctor::run(&args, &findings, &mut stdout())?))
        }
        Command::Models(args) => runtime.block_on(models::run(args)),
        #[cfg(feature = "sip")]
        Command::Call(args) => runtime.block_on(call::run(args)).map(|()| ExitCode::SUCCESS),
        Command::Chat(args) => {
            runtime.block_on(chat::run(args, &DialogueConfig::default()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Version(args) => {
            version::run(&args);
            Ok(ExitCode::SUCCESS)
        }
    }
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
