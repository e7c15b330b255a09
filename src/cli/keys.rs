//! `hotline keys rotate|sweep`: a new master key, and the daily deletion of what is too old, on demand.
//! Never prints a key.

use std::io::Write;

use clap::{Args, Subcommand};

use super::audit::operator;
use super::line_args::DataArgs;
use crate::config::Config;
use crate::engine::clock;
use crate::store::audit::AuditEvent;
use crate::store::{Archive, Swept};

/// Keys of what is kept.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: KeysCommand,
    #[command(flatten)]
    data: DataArgs,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a new master key and wrap every caller's key by it; calls go on meanwhile, and a crash loses nothing
    Rotate,
    /// Delete what was kept longer than [privacy.retention] says, as the line does every day
    Sweep,
}

/// Runs the subcommand.
///
/// # Errors
/// Keys, files or a database that cannot be had.
pub async fn run(args: KeysArgs, config: Config, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let config = args.data.over(config);
    let archive = Archive::existing(&config.store, &config.privacy).await?;
    let now = clock::wall();
    match args.command {
        KeysCommand::Rotate => {
            let rotation = archive.vault().rotate()?;
            let event = AuditEvent::KeysRotated { rewrapped: rotation.rewrapped, by: operator() };
            archive.audit().append(now.to_utc(), &event)?;
            writeln!(
                out,
                "{} of {} keys wrapped by the new master key; the old one opens nothing any more",
                rotation.rewrapped, rotation.keys
            )?;
        }
        KeysCommand::Sweep => {
            let Swept { events, recordings, memories, keys, audit_months, refused } = archive.sweep(now).await?;
            writeln!(
                out,
                "deleted: {events} journals, {recordings} recordings, {memories} memories, {keys} keys, {audit_months} audit months"
            )?;
            if refused > 0 {
                writeln!(out, "{refused} files could not be deleted; check their owner")?;
            }
        }
    }
    Ok(())
}
