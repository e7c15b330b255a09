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

use std::process::ExitCode;

use clap::Parser;

use crate::dialogue::DialogueConfig;

/// The program's arguments.
#[derive(Debug, Parser)]
#[command(name = "hotline", version, about, disable_version_flag = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
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
