//! What there is to hear and speak with: voices and weights.
//! Never pulls anything.

use std::path::Path;

use tokio::runtime::Handle;

use crate::speech::hear::{self, EngineFact, HearConfig};
use crate::speech::speak::{self, SpeakConfig, VoiceFact};
use crate::store::weights::{Patience, Shelf, Sources, Weights, catalogue};

use super::Finding;

/// Which voices can be opened, and what the others lack.
pub fn voices(config: &SpeakConfig, data: &Path, runtime: &Handle) -> Vec<Finding> {
    const AREA: &str = "voices";
    let tell = |VoiceFact { engine, languages, problem }: &VoiceFact| {
        let what = format!("{}: {}", engine.name(), if languages.is_empty() { "not there" } else { languages });
        match problem {
            None => Finding::well(AREA, what),
            Some(problem) => Finding::lacking(AREA, what, problem.clone()),
        }
    };
    match speak::open(config, data, runtime) {
        Ok(voices) => voices.facts().iter().map(tell).collect(),
        Err(error) => vec![Finding::broken(AREA, error.to_string(), "name another engine in [speak]")],
    }
}

/// Which weights lie in the data folder; their digests are what `hotline models verify` looks at.
pub fn weights(data: &Path) -> Vec<Finding> {
    const AREA: &str = "weights";
    let shelf = match Shelf::new(data, Sources::from_env(), Patience::default()) {
        Ok(shelf) => shelf,
        Err(error) => return vec![Finding::broken(AREA, error.to_string(), "see to the TLS libraries of this build")],
    };
    let tell = |weights: &Weights| match (weights.name.as_str(), shelf.has(weights)) {
        (name, true) => Finding::well(AREA, name),
        (name, false) => Finding::lacking(AREA, format!("{name} is not there"), format!("hotline models pull {name}")),
    };
    catalogue().iter().filter(|weights| weights.default).map(tell).collect()
}

/// What can hear, and what the others lack.
pub fn recognisers(config: &HearConfig, data: &Path, runtime: &Handle) -> Vec<Finding> {
    const AREA: &str = "hearing";
    let tell = |EngineFact { name, languages, missing }| match missing {
        None => Finding::well(AREA, format!("{name}: {languages}")),
        Some(why) => Finding::lacking(AREA, format!("{name} is not there"), why),
    };
    let facts = hear::describe(config, data, runtime);
    let deaf = facts.iter().all(|fact| fact.missing.is_some());
    let mut findings: Vec<_> = facts.into_iter().map(tell).collect();
    if deaf {
        findings.push(Finding::broken(AREA, "nothing hears", "apt-get install pocketsphinx-en-us libpocketsphinx3"));
    }
    findings
}
