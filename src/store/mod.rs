//! What outlives a call: its journal, its recording, the records read back from them, and what is remembered of callers.
//! The only place that writes files of callers, and it seals them; a disk that fails harms no call.
//!
//! ```text
//! DATA/keys/                                        the master key and, wrapped by it, a key a caller (`keys`)
//! DATA/calls/20261122-151923-kqzt/events.sealed     what happened, a JSON object a line (schema: `journal::entry`)
//! DATA/calls/20261122-151923-kqzt/recording.sealed  left the caller, right the bot; only where `record = "stereo"`
//! DATA/calls/20261122-151923-kqzt/flight.sealed     what its decisions were made of; only where `flight` is on (`flight`)
//! DATA/callers.db                                   memory (sealed) and lock-outs; or in Postgres (`callers`)
//! DATA/operators.sealed                             who works at the console (`operators`)
//! DATA/audit/2026-11.jsonl                          who did what with data, hash-chained and signed (`audit`)
//! ```
//!
//! A call's files are written by one thread each for all calls. A call hands its lines to a bounded queue and goes on; what
//! the queue or the disk cannot take is counted, and the journal itself says how many lines are missing. `hotline calls show`
//! reads them back, `hotline export` hands them to the person they are about, `hotline erase` destroys the person's key.

mod archive;
pub mod audit;
pub mod callers;
mod calls;
mod cipher;
mod config;
mod feed;
pub mod flight;
pub(crate) mod hex;
mod identity;
pub mod journal;
mod keys;
pub mod operators;
pub mod pack_data;
pub mod recording;
mod retention;
mod seal;
mod subject;
pub mod weights;

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::talk::CallId;

pub use archive::Archive;
pub use calls::{CallRecord, CallRecords, CallSummary, call_id};
pub(crate) use cipher::token;
pub use config::{DatabaseUrl, FlightKind, KeySource, LockoutConfig, PrivacyConfig, Record, RetentionConfig, StoreConfig};
pub use feed::{Counts, Writer};
pub use identity::Pseudonym;
pub use keys::{KeyError, Rotation, Vault};
pub use retention::Swept;
pub use subject::{Exported, Subject};

use audit::AuditError;
use callers::CallersError;
use operators::OperatorsError;

/// What went wrong with records.
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
    /// The call was not recorded, or its recording was swept away.
    #[error("call {0} has no recording; `record = \"stereo\"` in [store] records from then on")]
    NoRecording(CallId),
    /// Nothing to replay was kept of the call.
    #[error("call {0} has no flight; `flight = \"decisions\"` in [store] keeps one from then on")]
    NoFlight(CallId),
    /// A file or folder could not be read.
    #[error("{} cannot be read ({source}); check its owner and permissions", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file or folder could not be written or deleted.
    #[error("{} cannot be written or deleted ({source}); check its owner, and the room on its disk", path.display())]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file's first bytes are not those of a sealed file.
    #[error("{}: no sealed file, or its beginning was altered; restore it from a backup", path.display())]
    NotSealed {
        /// The file.
        path: PathBuf,
    },
    /// The key was destroyed.
    #[error("{}: the key of caller {caller} was destroyed, nobody can read it; `hotline erase` deletes what is left", path.display())]
    Erased {
        /// The file.
        path: PathBuf,
        /// Whose it was.
        caller: Pseudonym,
    },
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The database of callers.
    #[error(transparent)]
    Callers(#[from] CallersError),
    /// The console's accounts.
    #[error(transparent)]
    Operators(#[from] OperatorsError),
}

/// A place in a sealed file that cannot be read, or not in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The file's name.
    pub file: &'static str,
    /// The record's number, from 1; 0 if the file itself is missing.
    pub record: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, record, what } = self;
        if *record == 0 { write!(f, "{file}: {what}") } else { write!(f, "{file}: record {record}: {what}") }
    }
}

/// The folder of one call.
fn call_folder(data: &std::path::Path, call: &CallId) -> PathBuf {
    data.join("calls").join(call.as_str())
}
