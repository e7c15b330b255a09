//! `hotline eval dialogue DIR`: scripted callers talk to the engine by text; the figures over all of them.
//! Never judges a conversation itself: `engine::trial` does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use crate::dialogue::DialogueConfig;
use crate::engine::trial::{Outcome, Script, Trial, scripts};

/// Let scripted callers talk to packs and judge what came of it.
#[derive(Debug, Args)]
pub struct DialogueArgs {
    /// Folder of scripts (YAML; see tests/dialogue/callers).
    pub dir: PathBuf,
    /// Folder of the packs they name.
    #[arg(long, default_value = "packs")]
    pub packs: PathBuf,
    /// Only scripts whose name holds this.
    #[arg(long, default_value = "")]
    pub only: String,
    /// Print the whole conversation of each script that went wrong.
    #[arg(long)]
    pub show: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// The figures over all scripts.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many.
    pub scripts: usize,
    /// The part that succeeded, 0 to 1.
    pub success: f64,
    /// Writes without a yes.
    pub unconfirmed_writes: usize,
    /// Calls of tools without the right to.
    pub unauthorised_calls: usize,
    /// Writes on scripts that must be refused.
    pub writes_on_must_refuse: usize,
    /// Caller's turns a script.
    pub mean_turns: f64,
    /// Each script.
    pub outcomes: Vec<Outcome>,
}

/// Runs all scripts of the folder and prints the figures; whether nothing forbidden happened.
pub async fn run(args: &DialogueArgs, config: &DialogueConfig, out: &mut dyn std::io::Write) -> anyhow::Result<bool> {
    let all =
        scripts(&args.dir).with_context(|| format!("no scripts in {}; name a folder of .yaml files", args.dir.display()))?;
    let scripts: Vec<Script> = all.into_iter().filter(|s| s.name.contains(&args.only)).collect();
    let report = judge(&scripts, &args.packs, config).await?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report, args.show, out)?;
    }
    Ok(report.unconfirmed_writes + report.unauthorised_calls + report.writes_on_must_refuse == 0)
}

/// Runs scripts, each on a fresh copy of its pack's database.
///
/// # Errors
/// A pack that cannot be opened.
pub async fn judge(scripts: &[Script], packs: &Path, config: &DialogueConfig) -> anyhow::Result<Report> {
    let mut desks: BTreeMap<&str, Trial> = BTreeMap::new();
    let mut outcomes = Vec::new();
    for script in scripts {
        if !desks.contains_key(script.pack.as_str()) {
            desks.insert(&script.pack, Trial::open(&packs.join(&script.pack), config).await?);
        }
        outcomes.push(desks[script.pack.as_str()].serve(script).await?);
    }
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let mean = |of: fn(&Outcome) -> usize| sum(of) as f64 / outcomes.len().max(1) as f64;
    Ok(Report {
        scripts: outcomes.len(),
        success: mean(|o| usize::from(o.success)),
        unconfirmed_writes: sum(|o| o.unconfirmed_writes),
        unauthorised_calls: sum(|o| o.unauthorised_calls),
        writes_on_must_refuse: sum(|o| o.refused_writes),
        mean_turns: mean(|o| o.turns),
        outcomes,
    })
}

fn print(report: &Report, show: bool, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    for outcome in report.outcomes.iter().filter(|o| !o.success) {
        writeln!(out, "{}: {}", outcome.name, outcome.wrong.join("; "))?;
        if show {
            outcome.conversation.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
        }
    }
    writeln!(out, "scripts             {}", report.scripts)?;
    writeln!(out, "success             {:.1} %", 100.0 * report.success)?;
    writeln!(out, "unconfirmed_writes  {}", report.unconfirmed_writes)?;
    writeln!(out, "unauthorised_calls  {}", report.unauthorised_calls)?;
    writeln!(out, "writes_on_must_refuse  {}", report.writes_on_must_refuse)?;
    writeln!(out, "mean_turns          {:.1}", report.mean_turns)
}
