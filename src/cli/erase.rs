//! `hotline erase CALLER`: destroys a person's key and all it sealed, and prints the signed receipt.
//! Never without `--yes` or a yes at the terminal: it cannot be undone.

use std::io::{BufRead, IsTerminal, Write, stdin};

use anyhow::{Context, bail};
use clap::Args;

use super::audit::operator;
use super::export::NOBODY;
use super::line_args::DataArgs;
use crate::config::Config;
use crate::engine::clock;
use crate::store::Archive;

/// Destroy a person's data.
#[derive(Debug, Args)]
pub struct EraseArgs {
    /// The person: a number or address as the line hears it, the id of a call, or a pseudonym.
    pub caller: String,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Erases and prints the receipt.
///
/// # Errors
/// Nobody, nothing kept, no yes, or something that cannot be deleted.
pub async fn run(args: EraseArgs, config: Config, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let config = args.data.over(config);
    let archive = Archive::existing(&config.store, &config.privacy).await?;
    let subject = archive.subject(archive.find(&args.caller).context(NOBODY)?, operator());
    let calls = subject.calls()?.len();
    if !args.yes && !asked(calls, out)? {
        bail!("nothing was erased");
    }
    let receipt = subject.erase(clock::wall().to_utc()).await?;
    let receipt = receipt.context("nothing is kept of that caller, so nothing was erased")?;
    writeln!(out, "{receipt}")?;
    Ok(())
}

fn asked(calls: usize, out: &mut (dyn Write + Send)) -> anyhow::Result<bool> {
    if !stdin().is_terminal() {
        bail!("give --yes to erase without being asked: it cannot be undone");
    }
    write!(out, "{calls} calls and all that is remembered will be destroyed for ever. Erase? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "yes"))
}
