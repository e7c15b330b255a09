//! What is written into the audit log.
//! Never holds anything of a caller but a pseudonym.

use serde::{Serialize, Serializer};

use crate::store::identity::Pseudonym;
use crate::talk::CallId;

/// Something that somebody may have to answer for. Its `kind` in the log is its name in snake case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum AuditEvent {
    /// A tool that writes was called.
    ToolWrite {
        /// On this call.
        #[serde(serialize_with = "as_text")]
        call: CallId,
        /// For this caller.
        caller: Pseudonym,
        /// Its name in the pack.
        tool: String,
        /// Whether it gave a result.
        ok: bool,
    },
    /// A caller was asked to prove to be the holder of an account.
    IdentityCheck {
        /// On this call.
        #[serde(serialize_with = "as_text")]
        call: CallId,
        /// Whoever called.
        caller: Pseudonym,
        /// The account.
        account: Pseudonym,
        /// How it went.
        outcome: IdentityOutcome,
    },
    /// A caller was handed to a person.
    Handoff {
        /// On this call.
        #[serde(serialize_with = "as_text")]
        call: CallId,
        /// This one.
        caller: Pseudonym,
    },
    /// From here on the line works with another configuration or pack.
    Version {
        /// `config`, or `pack` and its name.
        of: String,
        /// Hash of its content.
        sha256: String,
    },
    /// Somebody looked at a call's record.
    Access {
        /// This call.
        #[serde(serialize_with = "as_text")]
        call: CallId,
        /// `events` or `recording`.
        what: &'static str,
        /// The user of this machine.
        by: String,
    },
    /// Somebody tried to log in to the console.
    Login {
        /// The account; only where there is such a one, for people type passwords into the wrong field.
        by: Option<String>,
        /// Whether it was them.
        ok: bool,
    },
    /// Somebody at the console took part in a call.
    TookPart {
        /// The account.
        by: String,
        /// In this call.
        #[serde(serialize_with = "as_text")]
        call: CallId,
        /// `listen`, `hint`, `hint to say`, `take over`, `give back` or `hang-up`.
        how: &'static str,
    },
    /// An account of the console was made, given a new link, or removed.
    Account {
        /// The admin; `first start` before there was one.
        by: String,
        /// Whose account it is.
        of: String,
        /// `invited`, `opened` or `removed`.
        what: &'static str,
    },
    /// Somebody at the console changed what the pack knows, or tried to: it is taken only if nothing gets worse by it.
    Taught {
        /// The account.
        by: String,
        /// The entry of the knowledge; none where the latest change is taken back.
        entry: Option<String>,
    },
    /// A person's data was handed out.
    Export {
        /// The person's.
        caller: Pseudonym,
        /// How many calls it held.
        calls: usize,
        /// The user of this machine.
        by: String,
    },
    /// A person's data was destroyed: the receipt.
    Erasure {
        /// The person's.
        caller: Pseudonym,
        /// Whether there was a key to destroy; without one, everything had been unreadable before.
        key_destroyed: bool,
        /// The calls whose records were deleted.
        calls: Vec<String>,
        /// Whether something was remembered beyond calls, and is deleted.
        memory: bool,
        /// The user of this machine.
        by: String,
    },
    /// What was older than configured was deleted.
    Sweep {
        /// Records of what happened.
        events: usize,
        /// Recordings.
        recordings: usize,
        /// Memories of callers.
        memories: usize,
        /// Keys that sealed nothing any more.
        keys: usize,
    },
    /// The oldest months of this log were deleted, through this entry.
    AuditRemoved {
        /// Its number.
        through: u64,
        /// Its hash.
        hash: String,
    },
    /// The master key was changed.
    KeysRotated {
        /// Keys wrapped anew.
        rewrapped: usize,
        /// The user of this machine.
        by: String,
    },
    /// The log's head was missing when this was written: entries at its end may have been removed before.
    HeadMissing,
    /// The queue was full or the disk refused: entries are missing here.
    Lost {
        /// How many.
        count: u64,
    },
}

/// How an identity check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IdentityOutcome {
    /// The caller proved it.
    Passed,
    /// The caller did not.
    Failed,
    /// The caller did not, and the account is locked now.
    Locked,
    /// The account was locked already; nothing was checked.
    Refused,
}

fn as_text<S: Serializer>(call: &CallId, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(call.as_str())
}

impl Serialize for Pseudonym {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}
