//! The records of past calls, read back from their folders.
//! Never changes a file; a damaged line is named and the rest is read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDateTime;
use serde::Deserialize;

use crate::privacy::Pii;
use crate::talk::CallId;

use super::journal::{self, Entry, JournalEvent};
use super::{StoreError, call_folder, recording};

/// How the time stands in a call's id.
const ID_TIME: &str = "%Y%m%d-%H%M%S";
const LETTERS: u32 = 26;

/// The id of a call that begins at `at`: `20261122-151923-kqzt`. The four letters come from `random`.
pub fn call_id(at: NaiveDateTime, random: u32) -> CallId {
    let letters = (0..4).map(|place| (b'a' + (random / LETTERS.pow(place) % LETTERS) as u8) as char);
    let id = format!("{}-{}", at.format(ID_TIME), letters.collect::<String>());
    CallId::new(id).expect("digits, dashes and letters")
}

/// What is kept of past calls under one data folder.
#[derive(Debug, Clone)]
pub struct CallRecords {
    data: PathBuf,
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
    /// Lines that could not be read.
    pub damage: Vec<Damage>,
    /// The recording, where there is one.
    pub recording: Option<PathBuf>,
}

/// A line of a journal that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Its number, from 1; 0 if the file itself is missing.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
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
    /// From the answer to the last thing noted.
    pub length: Duration,
    /// The caller's turns.
    pub turns: usize,
    /// Replies that were cut off.
    pub barge_ins: usize,
    /// Why it ended; `None` while it lasts, or if its end was never written.
    pub cause: Option<String>,
    /// How many of its lines could not be read.
    pub damaged: usize,
}

impl CallRecords {
    /// The records under this data folder, which need not be there yet.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self { data: data.into() }
    }

    /// All calls, the latest first.
    pub fn list(&self) -> Result<Vec<CallSummary>, StoreError> {
        let folder = self.data.join("calls");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::Unreadable { path: folder, source }),
        };
        let mut ids: Vec<CallId> = entries.flatten().filter_map(|e| CallId::new(e.file_name().into_string().ok()?)).collect();
        ids.sort_unstable_by(|a, b| b.cmp(a));
        ids.into_iter().map(|id| Ok(self.show(&id)?.summary())).collect()
    }

    /// One call with everything that happened in it.
    pub fn show(&self, id: &CallId) -> Result<CallRecord, StoreError> {
        let folder = call_folder(&self.data, id);
        if !folder.is_dir() {
            return Err(StoreError::NoCall { id: id.clone(), data: self.data.clone() });
        }
        let recording = Some(folder.join(recording::FILE_NAME)).filter(|wav| wav.is_file());
        let mut record = CallRecord { id: id.clone(), entries: Vec::new(), lines: Vec::new(), damage: Vec::new(), recording };
        record.read(&folder.join(journal::FILE_NAME))?;
        Ok(record)
    }
}

impl CallRecord {
    /// The call in one line.
    pub fn summary(&self) -> CallSummary {
        let count = |kind: &str| self.entries.iter().filter(|e| e.event.kind() == kind).count();
        let from = self.entries.iter().find_map(|e| match &e.event {
            JournalEvent::CallStarted { from, .. } => Some(from.clone()),
            _ => None,
        });
        let cause = self.entries.iter().rev().find_map(|e| match &e.event {
            JournalEvent::CallEnded { cause } => Some(cause.clone()),
            _ => None,
        });
        CallSummary {
            id: self.id.clone(),
            started: NaiveDateTime::parse_and_remainder(self.id.as_str(), ID_TIME).ok().map(|(at, _)| at),
            from: Pii::new(from.unwrap_or_default()),
            length: Duration::from_millis(self.entries.iter().map(|e| e.t_ms).max().unwrap_or_default()),
            turns: count("speech_ended"),
            barge_ins: count("barge_in"),
            cause,
            damaged: self.damage.len(),
        }
    }

    fn read(&mut self, path: &Path) -> Result<(), StoreError> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.damage.push(Damage { line: 0, what: "the journal is missing" });
                return Ok(());
            }
            Err(source) => return Err(StoreError::Unreadable { path: path.to_owned(), source }),
        };
        for (i, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
            if let Err(what) = self.read_line(line) {
                self.damage.push(Damage { line: i + 1, what });
            }
        }
        Ok(())
    }

    fn read_line(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let Some(whole) = line.strip_suffix(b"\n") else {
            return Err("cut off: the writer was stopped in the middle of it");
        };
        let text = std::str::from_utf8(whole).map_err(|_| "not UTF-8 text")?;
        match serde_json::from_str::<Entry>(text) {
            Ok(entry) => self.entries.push(entry),
            Err(_) if is_of_later_version(text) => {}
            Err(_) => return Err("no event: not JSON, or fields are missing"),
        }
        self.lines.push(Pii::new(text.to_owned()));
        Ok(())
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", journal::FILE_NAME, self.what),
            line => write!(f, "{}:{line}: {}", journal::FILE_NAME, self.what),
        }
    }
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
