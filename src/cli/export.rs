//! `hotline export CALLER`: all that is kept of a person, in one zip to hand over.
//! Never overwrites a file, and never lets others than its owner read it.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::audit::operator;
use super::calls::new_file;
use super::line_args::DataArgs;
use crate::config::Config;
use crate::engine::clock;
use crate::store::Archive;

/// A person's data, to hand over.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The person: a number or address as the line hears it, the id of a call, or a pseudonym.
    pub caller: String,
    /// Where to write the zip; nothing there is overwritten.
    #[arg(long, value_name = "FILE", default_value = "export.zip")]
    pub out: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Writes the zip and says what is in it.
///
/// # Errors
/// Nobody, keys that cannot be had, a file that is there already.
pub async fn run(args: ExportArgs, config: Config, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let config = args.data.over(config);
    let archive = Archive::existing(&config.store, &config.privacy).await?;
    let caller = archive.find(&args.caller).context(NOBODY)?;
    let file = new_file(&args.out)?;
    let exported = archive.subject(caller, operator()).export(BufWriter::new(file), clock::wall().to_utc()).await?;
    let memory = if exported.memory { ", and what is remembered" } else { "" };
    writeln!(out, "{}: {} calls{memory}", args.out.display(), exported.calls)?;
    for (call, damage) in &exported.damage {
        writeln!(out, "damaged: {call}: {damage}")?;
    }
    Ok(())
}

/// What to do about a name that means nobody.
pub(super) const NOBODY: &str =
    "that names nobody: give a number, an address such as 1001@pbx.example.com, or the id of a call (`hotline calls list`)";
