//! What outlives a call: its journal, its recording, and the records read back from them.
//! The only place that writes files of callers; a disk that fails harms no call.
//!
//! ```text
//! DATA/calls/20261122-151923-kqzt/events.jsonl     what happened, a JSON object a line (schema: `journal::entry`)
//! DATA/calls/20261122-151923-kqzt/recording.wav    left the caller, right the bot; only where `record = "stereo"`
//! ```
//!
//! Both are written by one thread each for all calls. A call hands its lines to a bounded queue and goes on; what the queue
//! or the disk cannot take is counted, and the journal itself says how many lines are missing.

mod calls;
mod feed;
pub mod journal;
pub mod pack_data;
pub mod recording;
pub mod weights;

use std::path::PathBuf;

use serde::Deserialize;
use thiserror::Error;

use crate::talk::CallId;

pub use calls::{CallRecord, CallRecords, CallSummary, Damage, call_id};
pub use feed::{Counts, Writer};

/// The section `[store]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The folder that holds everything that is kept. `HOTLINE_DATA` and `--data` go before it.
    pub data: PathBuf,
    /// Whether calls are recorded: `off` or `stereo` (left the caller, right the bot).
    pub record: Record,
    /// Hide phone, card and identity numbers and e-mail addresses in what was said before it is written.
    pub redact: bool,
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { data: PathBuf::from("hotline-data"), record: Record::Off, redact: true }
    }
}

/// Whether calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// No sound is kept.
    #[default]
    Off,
    /// A wav of two channels a call.
    Stereo,
}

/// What went wrong when records were read.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is no such call.
    #[error("no call {id} in {}; `hotline calls list` shows those there are", data.display())]
    NoCall {
        /// What was asked for.
        id: CallId,
        /// Where it was looked for.
        data: PathBuf,
    },
    /// A file or folder could not be read.
    #[error("{} cannot be read ({source}); check its owner and permissions", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// The folder of one call.
fn call_folder(data: &std::path::Path, call: &CallId) -> PathBuf {
    data.join("calls").join(call.as_str())
}
