//! What happened in a call: one JSON object a line ([`entry`] has the schema), sealed in `DATA/calls/CALL_ID/events.sealed`.
//! Never waits on the call's side; never prints what it holds.
//!
//! A record of the file is some whole lines, usually a turn's. `hotline calls show ID --json` prints the lines.

pub mod entry;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Event;
use crate::talk::{CallId, TurnId};

use super::feed::{CallFeed, CallFile, Counts, Feed, Progress, Writer, feed};
use super::identity::Pseudonym;
use super::keys::Vault;
use super::seal::{SealedFile, Sealing};
use super::{CallRecord, CallRecords, PrivacyConfig, StoreConfig, StoreError};

pub use entry::{Entry, JournalEvent};

/// Name of the file in the call's folder.
pub const FILE_NAME: &str = "events.sealed";

/// The journals of a line: one queue and one writing thread for all its calls.
pub struct Journal {
    feed: Feed<Entry>,
}

/// One call's journal. Dropping it closes the file.
pub struct CallJournal {
    feed: CallFeed<Entry>,
}

/// The journals sealed by this vault, and what writes them (run it on a thread of its own).
pub fn journal(config: &StoreConfig, vault: &Arc<Vault>) -> (Journal, Writer<EventsFile>) {
    let make = if config.redact { EventsFile::redacting } else { EventsFile::verbatim };
    let (feed, writer) = feed(vault, make);
    (Journal { feed }, writer)
}

/// Reads a call back from a data folder whose keys lie where they do by default.
///
/// # Errors
/// As [`Vault::existing`] and [`CallRecords::show`].
pub fn read(data: &Path, id: &CallId) -> Result<CallRecord, StoreError> {
    CallRecords::new(Arc::new(Vault::existing(data, &PrivacyConfig::default())?)).show(id)
}

impl Journal {
    /// The journal of one call of this caller's.
    pub fn open(&self, call: CallId, caller: Pseudonym) -> CallJournal {
        CallJournal { feed: self.feed.open(call, caller) }
    }

    /// Lines lost and refused so far, for the metrics.
    pub fn counts(&self) -> Arc<Counts> {
        self.feed.counts()
    }
}

impl CallJournal {
    /// Notes what the call told, `at` after it was answered.
    pub fn note(&self, at: Duration, event: &Event) {
        self.feed.send(Entry::of(at, event));
    }

    /// Notes what the call core does not tell: `call_started`, `tool`, and a `call_ended` from outside.
    pub fn record(&self, at: Duration, turn: Option<TurnId>, event: JournalEvent) {
        self.feed.send(Entry::new(at, turn, event));
    }
}

/// Lines kept in memory while the disk refuses; beyond this they are lost and counted.
const MAX_PENDING_BYTES: usize = 256 * 1024;
/// Lines kept in memory within a turn.
const MAX_BUFFERED_BYTES: usize = 16 * 1024;

/// The journal file of one call.
pub struct EventsFile {
    place: Sealing,
    /// Hide personal numbers and addresses in what was said; here, because it takes time that a call has not.
    redact: bool,
    file: Option<SealedFile>,
    pending: Vec<u8>,
    last_ms: u64,
    /// Lines that are missing and not yet told of.
    lost: u64,
}

impl CallFile for EventsFile {
    type Item = Entry;
    const NAME: &'static str = FILE_NAME;

    fn take(&mut self, mut entry: Entry, lost: u64) -> io::Result<Progress> {
        if self.redact {
            entry.event.redact();
        }
        self.lost += lost;
        self.last_ms = entry.t_ms;
        if self.pending.len() > MAX_PENDING_BYTES {
            self.lost += 1;
        } else {
            self.tell_lost();
            self.push(&entry);
        }
        if entry.event.ends_turn() || self.pending.len() > MAX_BUFFERED_BYTES { self.flush() } else { Ok(Progress::Buffered) }
    }

    fn finish(&mut self, lost: u64) -> io::Result<Progress> {
        self.lost += lost;
        self.flush()?;
        self.tell_lost();
        self.flush()?;
        self.file.take().map_or(Ok(()), SealedFile::close)?;
        Ok(Progress::Written)
    }
}

impl EventsFile {
    /// A file in which personal numbers and addresses are hidden.
    fn redacting(place: Sealing) -> Self {
        Self { redact: true, ..Self::verbatim(place) }
    }

    /// A file that holds every word as it was said.
    fn verbatim(place: Sealing) -> Self {
        Self { place, redact: false, file: None, pending: Vec::new(), last_ms: 0, lost: 0 }
    }

    fn tell_lost(&mut self) {
        if self.lost > 0 {
            let event = JournalEvent::EventsLost { count: self.lost };
            self.lost = 0;
            self.push(&Entry { t_ms: self.last_ms, turn: None, event });
        }
    }

    fn push(&mut self, entry: &Entry) {
        serde_json::to_writer(&mut self.pending, entry).expect("an entry has only text keys and goes to memory");
        self.pending.push(b'\n');
    }

    /// Writes whole lines or none, as one record.
    fn flush(&mut self) -> io::Result<Progress> {
        if self.pending.is_empty() {
            return Ok(Progress::Written);
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(self.place.begin(FILE_NAME)?),
        };
        file.append(&self.pending)?;
        self.pending.clear();
        Ok(Progress::Written)
    }
}

#[cfg(test)]
mod tests {
    use super::entry::tests::one_of_each;
    use super::*;
    use crate::privacy::Pii;

    /// Where the call's folder would be, something else stands.
    fn blocked() -> (tempfile::TempDir, Arc<Vault>, EventsFile) {
        let data = tempfile::tempdir().expect("a folder");
        let vault = Arc::new(Vault::open(data.path(), &PrivacyConfig::default()).expect("keys"));
        std::fs::write(data.path().join("calls"), "a file where a folder should be").expect("written");
        let id = CallId::new("x").expect("an id");
        let place = Sealing::new(Arc::clone(&vault), id.clone(), vault.caller_of(&Pii::default(), &id));
        (data, vault, EventsFile::verbatim(place))
    }

    fn unblock_and_read(data: &Path, vault: Arc<Vault>, mut file: EventsFile) -> CallRecord {
        std::fs::remove_file(data.join("calls")).expect("removed");
        file.finish(0).expect("there is room now");
        CallRecords::new(vault).show(&CallId::new("x").expect("an id")).expect("written")
    }

    #[test]
    fn lines_wait_for_a_disk_that_comes_back() {
        let (data, vault, mut file) = blocked();
        for (t_ms, event) in one_of_each().into_iter().enumerate() {
            let ends_turn = event.ends_turn();
            assert_eq!(file.take(Entry { t_ms: t_ms as u64, turn: None, event }, 0).is_err(), ends_turn);
        }
        let record = unblock_and_read(data.path(), vault, file);
        assert_eq!(record.lines.len(), JournalEvent::KINDS.len());
    }

    #[test]
    fn what_memory_cannot_keep_is_counted_in_the_journal() {
        let (data, vault, mut file) = blocked();
        let entry = || Entry { t_ms: 1, turn: None, event: JournalEvent::Reply { text: "a".repeat(100_000) } };
        let refused = (0..9).filter(|_| file.take(entry(), 0).is_err()).count();
        assert!(refused > 0 && file.pending.len() < MAX_PENDING_BYTES + 200_000);
        let record = unblock_and_read(data.path(), vault, file);
        let lost = &record.entries.last().expect("lines").event;
        assert_eq!(*lost, JournalEvent::EventsLost { count: 9 - (record.lines.len() as u64 - 1) });
    }
}
