//! Every scenario of `tests/scenarios` in virtual time: its expectations hold, and a second run is the same to the event.

use std::fmt::Write as _;
use std::path::Path;

use hotline::call::CallConfig;
use hotline::engine::simulate::{Outcome, Scenario, Simulation, judge};
use hotline::media::MediaConfig;
use hotline::store::journal::JournalEvent;
use tokio::runtime::Runtime;

fn run(scenario: &Scenario, runtime: &Runtime) -> Outcome {
    let config = (&CallConfig::default(), &MediaConfig::default());
    Simulation::prepare(scenario.clone(), config, runtime.handle()).expect("the pack is there").run()
}

/// The lines a person reads in `events.jsonl`.
fn told(outcome: &Outcome) -> String {
    outcome.entries.iter().fold(String::new(), |mut text, entry| {
        writeln!(text, "{}", serde_json::to_string(entry).expect("plain data")).expect("a string takes all");
        text
    })
}

#[test]
fn every_scenario_goes_as_expected_and_the_same_twice() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the scenarios").map(|file| file.expect("a file").path()).collect();
    files.sort();
    files.retain(|file| file.extension().is_some_and(|end| end == "yaml"));
    assert!(files.len() >= 8, "{} scenarios", files.len());
    let mut faults = String::new();
    for file in files {
        let scenario = Scenario::load(&file).unwrap_or_else(|error| panic!("{error}"));
        let (first, second) = (run(&scenario, &runtime), run(&scenario, &runtime));
        if first != second {
            writeln!(faults, "{}: two runs differ:\n{}\n{}", file.display(), told(&first), told(&second)).expect("a string");
        }
        let missed: Vec<_> = judge(&scenario.expect, &first.entries, &first.findings).into_iter().filter(|v| !v.met).collect();
        if !missed.is_empty() {
            writeln!(faults, "{}:", file.display()).expect("a string");
            missed.iter().for_each(|verdict| writeln!(faults, "  {verdict}").expect("a string"));
            writeln!(faults, "{}", told(&first)).expect("a string");
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn an_interruption_is_obeyed_by_its_words_or_its_length() {
    let runtime = Runtime::new().expect("a runtime");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/barge_in.yaml");
    let mut scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
    for seed in 1..=5 {
        scenario.network.seed = seed;
        let outcome = run(&scenario, &runtime);
        let after = outcome.entries.iter().find_map(|entry| match entry.event {
            JournalEvent::BargeIn { after_ms } => Some(after_ms),
            _ => None,
        });
        assert!(after.is_some_and(|ms| ms <= 400), "{after:?} ms after the first speech frame\n{}", told(&outcome));
    }
}

#[test]
fn another_seed_is_another_call() {
    let runtime = Runtime::new().expect("a runtime");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/bad_network.yaml");
    let mut scenario = Scenario::load(&path).unwrap_or_else(|error| panic!("{error}"));
    let first = run(&scenario, &runtime);
    scenario.network.seed += 1;
    assert_ne!(told(&first), told(&run(&scenario, &runtime)), "other packets are lost");
}
