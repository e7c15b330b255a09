//! A call in virtual time: a scripted caller, the real jitter buffer, codec, voice activity, call and dialogue, and a scripted
//! recogniser and voice. Hundreds of times faster than a call, and the same to the bit each time.
//! Never reads a clock into its result: the time that dialogue and tools take is what the scenario says.
//!
//! The one exception is bounded: a tool that really runs longer than 1.2 s makes the dialogue say its filler.

mod caller;
mod network;
mod scenario;
mod verdict;
mod voices;
mod world;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::clock;
use super::line::OpenError;
use super::reply::Dialogues;
use crate::business::Pack;
use crate::call::CallConfig;
use crate::dialogue::DialogueConfig;
use crate::media::MediaConfig;
use crate::store::journal::Entry;

pub use caller::Findings;
pub use scenario::{Act, After, Expected, Network, Piece, Scenario, ScenarioError, Step, Timing};
pub use verdict::{Verdict, judge};
pub use voices::{cough, speak};

/// What came of a simulated call.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What happened on the line, as in the record of a call.
    pub entries: Vec<Entry>,
    /// What the caller found out with his own ears.
    pub findings: Findings,
    /// How long the call was, in virtual time.
    pub length: Duration,
}

/// A call about to be simulated: its pack is read, its understanding trained, its database fresh.
pub struct Simulation {
    scenario: Scenario,
    dialogues: Dialogues,
    call: CallConfig,
    media: MediaConfig,
    runtime: Handle,
    _data: Scratch,
}

impl Simulation {
    /// Readies everything. The embedded brain answers, whatever is configured: a language model says other words each time.
    /// To be called outside the runtime's threads.
    ///
    /// # Errors
    /// A pack that cannot be used.
    pub fn prepare(scenario: Scenario, (call, media): (&CallConfig, &MediaConfig), runtime: &Handle) -> Result<Self, OpenError> {
        let pack = Arc::new(Pack::load(&scenario.pack)?);
        let language = scenario.language.unwrap_or_else(|| pack.first_language());
        let data = Scratch(std::env::temp_dir().join(format!("hotline-simulate-{:016x}", clock::seed())));
        let dialogues = runtime.block_on(Dialogues::open(&DialogueConfig::default(), pack, &data.0))?;
        let call = CallConfig { language, ..call.clone() };
        Ok(Self { scenario, dialogues, call, media: media.clone(), runtime: runtime.clone(), _data: data })
    }

    /// Runs the call to its end. To be called outside the runtime's threads.
    pub fn run(self) -> Outcome {
        let outcome = world::World::new(&self).run();
        self.runtime.block_on(self.dialogues.finished());
        outcome
    }
}

/// A folder of one simulation's own; gone with it.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "A folder for temporary data is left over.");
        }
    }
}
