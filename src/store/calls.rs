//! The records of past calls, unsealed and read back from their folders.
//! Never changes a file; a damaged record is named and the rest is read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDateTime;
use serde::Deserialize;

use crate::privacy::Pii;
use crate::talk::CallId;

use super::journal::{self, Entry, JournalEvent};
use super::keys::Vault;
use super::seal::SealedReader;
use super::{Damage, StoreError, call_folder, recording};

/// How the time stands in a call's id.
const ID_TIME: &str = "%Y%m%d-%H%M%S";
const LETTERS: u32 = 26;

/// Everything that may lie in a call's folder.
pub(super) const FILES: [&str; 2] = [journal::FILE_NAME, recording::FILE_NAME];

/// The id of a call that begins at `at`: `20261122-151923-kqzt`. The four letters come from `random`.
pub fn call_id(at: NaiveDateTime, random: u32) -> CallId {
    let letters = (0..4).map(|place| (b'a' + (random / LETTERS.pow(place) % LETTERS) as u8) as char);
    let id = format!("{}-{}", at.format(ID_TIME), letters.collect::<String>());
    CallId::new(id).expect("digits, dashes and letters")
}

/// What is kept of past calls in one data folder.
#[derive(Clone)]
pub struct CallRecords {
    vault: Arc<Vault>,
}

/// One call as its journal tells it.
#[derive(Debug, Clone)]
pub struct CallRecord {
    /// Its id.
    pub id: CallId,
    /// What happened, in the order it was written.
    pub entries: Vec<Entry>,
    /// Every whole line as it stands in the file, kinds of later versions among them.
    pub lines: Vec<Pii<String>>,
    /// Records and lines that could not be read.
    pub damage: Vec<Damage>,
    /// Whether its writer came to the end. If not, the call lasts, the writer was stopped, or the end was taken away.
    pub is_closed: bool,
    /// Whether its sound was kept.
    pub is_recorded: bool,
}

/// A call in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSummary {
    /// Its id.
    pub id: CallId,
    /// When it began, as its id says.
    pub started: Option<NaiveDateTime>,
    /// Caller's address.
    pub from: Pii<String>,
    /// What it came by: `sip/udp`, `webrtc`, `chat`, `whatsapp` …
    pub channel: String,
    /// From the answer to the last thing noted.
    pub length: Duration,
    /// The caller's turns; where nothing was spoken, their messages.
    pub turns: usize,
    /// Replies that were cut off.
    pub barge_ins: usize,
    /// Why it ended; `None` while it lasts, or if its end was never written.
    pub cause: Option<String>,
    /// How many of its records and lines could not be read.
    pub damaged: usize,
}

impl CallRecords {
    /// The records sealed by this vault.
    pub const fn new(vault: Arc<Vault>) -> Self {
        Self { vault }
    }

    /// The ids of all calls, the latest first.
    pub fn ids(&self) -> Result<Vec<CallId>, StoreError> {
        let folder = self.vault.data().join("calls");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::Unreadable { path: folder, source }),
        };
        let mut ids: Vec<CallId> = entries.flatten().filter_map(|e| CallId::new(e.file_name().into_string().ok()?)).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        Ok(ids)
    }

    /// All calls, the latest first.
    pub fn list(&self) -> Result<Vec<CallSummary>, StoreError> {
        self.ids()?.iter().map(|id| Ok(self.show(id)?.summary())).collect()
    }

    /// One call with everything that happened in it.
    pub fn show(&self, id: &CallId) -> Result<CallRecord, StoreError> {
        let folder = call_folder(self.vault.data(), id);
        if !folder.is_dir() {
            return Err(StoreError::NoCall { id: id.clone(), data: self.vault.data().to_owned() });
        }
        let mut record = CallRecord {
            id: id.clone(),
            entries: Vec::new(),
            lines: Vec::new(),
            damage: Vec::new(),
            is_closed: false,
            is_recorded: folder.join(recording::FILE_NAME).is_file(),
        };
        match SealedReader::open(&self.vault, id, journal::FILE_NAME) {
            Ok(Some(file)) => record.read(file),
            Ok(None) => record.damaged(0, "the journal is missing"),
            Err(StoreError::NotSealed { .. }) => record.damaged(0, "its beginning was altered, or it is no sealed file"),
            Err(StoreError::Erased { .. }) => record.damaged(0, "its key was destroyed: nobody can read it any more"),
            Err(other) => return Err(other),
        }
        Ok(record)
    }
}

impl CallRecord {
    /// The call in one line.
    pub fn summary(&self) -> CallSummary {
        let count = |kind: &str| self.entries.iter().filter(|e| e.event.kind() == kind).count();
        let began_by = self.entries.iter().find_map(|e| match &e.event {
            JournalEvent::CallStarted { from, transport, .. } => Some((from.clone(), transport.clone())),
            _ => None,
        });
        let (from, channel) = began_by.unwrap_or_default();
        let is_message = |e: &&Entry| matches!(e.event, JournalEvent::Transcript { is_final: true, .. });
        let messages = || self.entries.iter().filter(is_message).count();
        let cause = self.entries.iter().rev().find_map(|e| match &e.event {
            JournalEvent::CallEnded { cause } => Some(cause.clone()),
            _ => None,
        });
        CallSummary {
            id: self.id.clone(),
            started: began(&self.id),
            from: Pii::new(from),
            channel,
            length: Duration::from_millis(self.entries.iter().map(|e| e.t_ms).max().unwrap_or_default()),
            turns: match count("speech_ended") {
                0 => messages(),
                spoken => spoken,
            },
            barge_ins: count("barge_in"),
            cause,
            damaged: self.damage.len(),
        }
    }

    fn read(&mut self, mut file: SealedReader) {
        while let Some(record) = file.next() {
            match record {
                Err(damage) => self.damage.push(damage),
                Ok(lines) => self.read_lines(&lines, file.number()),
            }
        }
        self.is_closed = file.is_closed();
    }

    fn read_lines(&mut self, lines: &[u8], record: usize) {
        let Ok(lines) = std::str::from_utf8(lines) else { return self.damaged(record, "not UTF-8 text") };
        for line in lines.lines() {
            match serde_json::from_str::<Entry>(line) {
                Ok(entry) => self.entries.push(entry),
                Err(_) if is_of_later_version(line) => {}
                Err(_) => {
                    self.damaged(record, "no event: not JSON, or fields are missing");
                    continue;
                }
            }
            self.lines.push(Pii::new(line.to_owned()));
        }
    }

    fn damaged(&mut self, record: usize, what: &'static str) {
        self.damage.push(Damage { file: journal::FILE_NAME, record, what });
    }
}

/// When a call began, as its id says.
pub(super) fn began(id: &CallId) -> Option<NaiveDateTime> {
    NaiveDateTime::parse_and_remainder(id.as_str(), ID_TIME).ok().map(|(at, _)| at)
}

/// Whether a line is well-formed and merely of a kind that this version does not know.
fn is_of_later_version(line: &str) -> bool {
    #[derive(Deserialize)]
    struct Any {
        #[serde(rename = "t_ms")]
        _t_ms: u64,
        kind: String,
    }
    serde_json::from_str::<Any>(line).is_ok_and(|any| !JournalEvent::KINDS.contains(&any.kind.as_str()))
}
