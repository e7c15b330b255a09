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

use chrono::NaiveDate;
use tokio::runtime::Handle;

use super::clock;
use super::line::{OpenError, phrases};
use super::reply::Dialogues;
use crate::business::Pack;
use crate::call::{CallConfig, TurnConfig};
use crate::dialogue::DialogueConfig;
use crate::media::MediaConfig;
use crate::speech::hear::Recognizer;
use crate::speech::hear::beginnings::Beginnings;
use crate::store::journal::Entry;

pub use caller::{Deed, Findings, SAMPLES, Talker};
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

/// Where calls are simulated: a pack is read, its understanding trained, its database fresh.
pub struct Stage {
    dialogues: Dialogues,
    /// How what callers say begins, for the scripted recogniser.
    known: Beginnings,
    today: NaiveDate,
    network: Network,
    timing: Timing,
    ear: Option<Arc<dyn Recognizer>>,
    call: CallConfig,
    media: MediaConfig,
    runtime: Handle,
    _data: Scratch,
}

/// A call that was simulated.
pub struct Played<T> {
    /// What happened on the line, as in the record of a call.
    pub entries: Vec<Entry>,
    /// The caller, and all they know by now.
    pub caller: T,
    /// How long the call was, in virtual time.
    pub length: Duration,
}

impl Stage {
    /// Readies the stage of a scenario. The embedded brain answers, whatever is configured: a language model says other words each
    /// time. To be called outside the runtime's threads.
    ///
    /// # Errors
    /// A pack that cannot be used.
    pub fn prepare(scenario: &Scenario, (call, media): (&CallConfig, &MediaConfig), runtime: &Handle) -> Result<Self, OpenError> {
        let pack = Arc::new(Pack::load(&scenario.pack)?);
        let language = scenario.language.unwrap_or_else(|| pack.first_language());
        let data = Scratch(std::env::temp_dir().join(format!("hotline-simulate-{:016x}", clock::seed())));
        let known = Beginnings::of(&phrases(&pack));
        let dialogues = runtime.block_on(Dialogues::open(&DialogueConfig::default(), pack, &data.0))?;
        let (call, media) = (CallConfig { language, ..call.clone() }, media.clone());
        let Scenario { today, network, timing, .. } = *scenario;
        Ok(Self { dialogues, known, today, network, timing, ear: None, call, media, runtime: runtime.clone(), _data: data })
    }

    /// The same stage, where a real recogniser hears the languages it can; what it computes is waited for as long as that takes.
    #[must_use]
    pub fn heard_by(self, ear: Arc<dyn Recognizer>) -> Self {
        Self { ear: Some(ear), ..self }
    }

    /// Whose turn it is is decided by this from now on.
    pub fn set_turn(&mut self, turn: TurnConfig) {
        self.call.turn = turn;
    }

    /// Plays a call to its end. To be called outside the runtime's threads.
    pub fn play<T: Talker>(&self, caller: T) -> Played<T> {
        world::World::new(self, caller).run()
    }

    /// Ends what the dialogues still do.
    pub fn close(self) {
        self.runtime.block_on(self.dialogues.finished());
    }
}

/// A call about to be simulated.
pub struct Simulation {
    scenario: Scenario,
    stage: Stage,
}

impl Simulation {
    /// Readies everything, as [`Stage::prepare`] does.
    ///
    /// # Errors
    /// A pack that cannot be used.
    pub fn prepare(scenario: Scenario, config: (&CallConfig, &MediaConfig), runtime: &Handle) -> Result<Self, OpenError> {
        Ok(Self { stage: Stage::prepare(&scenario, config, runtime)?, scenario })
    }

    /// Runs the call to its end. To be called outside the runtime's threads.
    pub fn run(self) -> Outcome {
        let caller = caller::Caller::new(&self.scenario.caller, self.scenario.network.seed);
        let Played { entries, caller, length } = self.stage.play(caller);
        self.stage.close();
        Outcome { entries, findings: caller.findings(), length }
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
