//! `hotline simulate`: plays a scenario, in virtual time or over real sockets, shows the conversation and what came of it.
//! Never judges by itself: what a scenario expects is weighed by `engine::simulate`.

#[cfg(all(feature = "sip", feature = "web", feature = "flite"))]
mod realtime;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Args;
use tokio::runtime::Handle;

use super::calls;
use crate::config::Config;
use crate::engine::clock;
use crate::engine::simulate::{Outcome, Scenario, Simulation, Verdict, judge};

/// Play a scripted caller against the bot, hundreds of times faster than a call
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The scenario, a YAML file; tests/scenarios holds some.
    scenario: PathBuf,
    /// Over real SIP and RTP on loopback, with the configured recogniser and voices, in real time.
    #[cfg(all(feature = "sip", feature = "web", feature = "flite"))]
    #[arg(long, conflicts_with = "times")]
    realtime: bool,
    /// Print the call's events as JSON lines; what was expected goes to stderr.
    #[arg(long)]
    json: bool,
    /// Play it so often, to measure; every run must be the same.
    #[arg(long, default_value = "1", value_name = "N")]
    times: std::num::NonZeroU32,
}

/// How long it took.
struct Took {
    calls: Duration,
    wall: Duration,
    prepared: Duration,
}

/// Plays the scenario; tells whether all came as expected.
pub fn run(args: &SimulateArgs, config: &Config, runtime: &Handle, out: &mut dyn Write) -> Result<bool> {
    let scenario = Scenario::load(&args.scenario)?;
    let (outcome, took) = play(args, &scenario, config, runtime)?;
    let verdicts = judge(&scenario.expect, &outcome.entries, &outcome.findings);
    if args.json {
        for entry in &outcome.entries {
            writeln!(out, "{}", serde_json::to_string(entry)?)?;
        }
        tell(&scenario, &verdicts, &took, &mut io::stderr())?;
    } else {
        outcome.entries.iter().filter_map(calls::line).try_for_each(|line| writeln!(out, "{line}"))?;
        tell(&scenario, &verdicts, &took, out)?;
    }
    Ok(verdicts.iter().all(|verdict| verdict.met))
}

#[cfg(all(feature = "sip", feature = "web", feature = "flite"))]
fn play(args: &SimulateArgs, scenario: &Scenario, config: &Config, runtime: &Handle) -> Result<(Outcome, Took)> {
    if !args.realtime {
        return virtually(args.times.get(), scenario, config, runtime);
    }
    let began = clock::now();
    let outcome = runtime.block_on(realtime::play(scenario, config.clone()))?;
    let prepared = clock::since(began).saturating_sub(outcome.length);
    let took = Took { calls: outcome.length, wall: outcome.length, prepared };
    Ok((outcome, took))
}

#[cfg(not(all(feature = "sip", feature = "web", feature = "flite")))]
fn play(args: &SimulateArgs, scenario: &Scenario, config: &Config, runtime: &Handle) -> Result<(Outcome, Took)> {
    virtually(args.times.get(), scenario, config, runtime)
}

fn virtually(times: u32, scenario: &Scenario, config: &Config, runtime: &Handle) -> Result<(Outcome, Took)> {
    let mut took = Took { calls: Duration::ZERO, wall: Duration::ZERO, prepared: Duration::ZERO };
    let mut once = || -> Result<Outcome> {
        let began = clock::now();
        let simulation = Simulation::prepare(scenario.clone(), (&config.call, &config.media), runtime)?;
        let ready = clock::now();
        let outcome = simulation.run();
        took.prepared += ready - began;
        took.wall += clock::since(ready);
        took.calls += outcome.length;
        Ok(outcome)
    };
    let first = once()?;
    for n in 1..times {
        ensure!(once()? == first, "run {} was another one than the first; a simulation must be the same each time", n + 1);
    }
    Ok((first, took))
}

fn tell(scenario: &Scenario, verdicts: &[Verdict], took: &Took, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", scenario.name)?;
    verdicts.iter().try_for_each(|verdict| writeln!(out, "  {verdict}"))?;
    let (calls, wall) = (took.calls.as_secs_f64(), took.wall.as_secs_f64());
    let ratio = calls / wall.max(1e-9);
    let prepared = took.prepared.as_millis();
    writeln!(out, "{calls:.1} s of calls in {wall:.3} s: {ratio:.0} times real time (made ready in {prepared} ms)")
}
