//! A person's rights to what is kept of them: to be handed it, and to have it destroyed (GDPR Art. 15, 17 and 20; PIPL Art. 45, 47).
//! Never leaves either out of the audit log.

use std::fs;
use std::io::{self, Cursor, Seek, Write};

use chrono::{DateTime, Utc};
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::audit::AuditEvent;
use super::{Archive, Damage, Pseudonym, StoreError, call_folder, recording};
use crate::talk::CallId;

/// One person, as the archive knows them, and who asks.
pub struct Subject<'a> {
    archive: &'a Archive,
    caller: Pseudonym,
    /// The user of this machine, for the audit log.
    by: String,
}

/// What a person was handed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Calls in it.
    pub calls: usize,
    /// What of them could not be read.
    pub damage: Vec<(CallId, Damage)>,
    /// Whether something is remembered beyond calls.
    pub memory: bool,
}

impl Archive {
    /// What is kept of this person, for somebody who may deal with it.
    pub fn subject(&self, caller: Pseudonym, by: impl Into<String>) -> Subject<'_> {
        Subject { archive: self, caller, by: by.into() }
    }
}

impl Subject<'_> {
    /// The person's calls, the latest first.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn calls(&self) -> Result<Vec<CallId>, StoreError> {
        let mut calls = self.archive.records().ids()?;
        calls.retain(|call| self.archive.owners(call).any(|owner| owner == self.caller));
        Ok(calls)
    }

    /// This caller, and the pseudonyms under which the same person is remembered: a number leads to the customer, and back.
    /// A memory that cannot be read leads nowhere.
    async fn persons(&self) -> Vec<Pseudonym> {
        let mut persons = vec![self.caller];
        let mut at = 0;
        while let Some(&person) = persons.get(at) {
            at += 1;
            let memory = self.archive.callers().recall(person).await.ok().flatten();
            let other = memory.and_then(|memory| memory.same_as()?.parse().ok());
            persons.extend(other.filter(|other| !persons.contains(other)));
        }
        persons
    }

    /// Writes a zip of all that is kept: `calls/ID/events.jsonl` and `recording.wav`, `memory.json` (and `memory-PSEUDONYM.json`
    /// of the same person known otherwise), `events/ID.json` of what waits to be told, `audit.jsonl`.
    ///
    /// # Errors
    /// Records that cannot be opened, `out` that refuses.
    pub async fn export(&self, out: impl Write + Seek, at: DateTime<Utc>) -> Result<Exported, StoreError> {
        let mut zip = Folder(ZipWriter::new(out));
        let calls = self.calls()?;
        let mut damage = Vec::new();
        for call in &calls {
            let record = self.archive.records().show(call)?;
            let lines: String = record.lines.iter().flat_map(|line| [line.reveal().as_str(), "\n"]).collect();
            zip.put(&format!("calls/{call}/events.jsonl"), lines.as_bytes())?;
            damage.extend(record.damage.into_iter().map(|damage| (call.clone(), damage)));
            if record.is_recorded {
                let mut wav = Cursor::new(Vec::new());
                let silent = recording::read(self.archive.vault(), call, &mut wav)?;
                damage.extend(silent.into_iter().map(|damage| (call.clone(), damage)));
                zip.put(&format!("calls/{call}/recording.wav"), wav.get_ref())?;
            }
        }
        let mut remembered = false;
        for person in self.persons().await {
            for waiting in self.archive.callers().waiting(person, at).await? {
                let event = serde_json::to_vec_pretty(&waiting.event).expect("text keys and plain values");
                zip.put(&format!("events/{}.json", waiting.id), &event)?;
            }
            let Some(memory) = self.archive.callers().recall(person).await? else { continue };
            let name = if person == self.caller { "memory.json".to_owned() } else { format!("memory-{person}.json") };
            zip.put(&name, &serde_json::to_vec_pretty(&memory).expect("text keys and plain values"))?;
            remembered = true;
        }
        let entry = AuditEvent::Export { caller: self.caller, calls: calls.len(), by: self.by.clone() };
        self.archive.audit().append(at, &entry)?;
        let audit = self.archive.audit().lines_with(&self.caller.to_string())?;
        zip.put("audit.jsonl", audit.iter().flat_map(|line| [line, "\n"]).collect::<String>().as_bytes())?;
        let about = json!({ "pseudonym": self.caller, "exported_at": at, "calls": calls.len(), "remembered": remembered });
        zip.put("about.json", &serde_json::to_vec_pretty(&about).expect("plain values"))?;
        zip.finish()?;
        Ok(Exported { calls: calls.len(), damage, memory: remembered })
    }

    /// Destroys the person's key, deletes what it sealed, and returns the receipt: the signed line of the audit log.
    /// `None` if nothing is kept. Stopped half-way, it is run again: nobody can read what is left.
    ///
    /// # Errors
    /// A file that cannot be deleted, the database, the audit log.
    pub async fn erase(&self, at: DateTime<Utc>) -> Result<Option<String>, StoreError> {
        let calls = self.calls()?;
        // Whoever is found through this caller's memory goes before it does.
        let persons = self.persons().await;
        let held = self.archive.vault().hold()?;
        let (mut key_destroyed, mut memory) = (false, false);
        for person in persons.iter().rev() {
            key_destroyed |= self.archive.vault().destroy(*person, &held)?;
        }
        drop(held);
        for call in &calls {
            let path = call_folder(self.archive.data(), call);
            fs::remove_dir_all(&path).map_err(|source| StoreError::Unwritable { path, source })?;
        }
        for person in persons.iter().rev() {
            memory |= self.archive.callers().forget(*person).await?;
        }
        if !key_destroyed && calls.is_empty() && !memory {
            return Ok(None);
        }
        let calls = calls.iter().map(|call| call.as_str().to_owned()).collect();
        let event = AuditEvent::Erasure { caller: self.caller, key_destroyed, calls, memory, by: self.by.clone() };
        Ok(Some(self.archive.audit().append(at, &event)?))
    }
}

/// The zip that is handed out.
struct Folder<W: Write + Seek>(ZipWriter<W>);

impl<W: Write + Seek> Folder<W> {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let written = self.0.start_file(name, SimpleFileOptions::default()).map_err(io::Error::from);
        written.and_then(|()| self.0.write_all(bytes)).map_err(refused)
    }

    fn finish(self) -> Result<(), StoreError> {
        self.0.finish().map(drop).map_err(|error| refused(error.into()))
    }
}

fn refused(source: io::Error) -> StoreError {
    StoreError::Unwritable { path: "the export".into(), source }
}
