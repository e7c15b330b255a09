//! What happened in a call, as `DATA/calls/CALL_ID/events.jsonl`: append-only, one JSON object a line ([`entry`] has the schema).
//! Never waits on the call's side; never prints what it holds.

pub mod entry;

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::call::Event;
use crate::talk::{CallId, TurnId};

use super::StoreConfig;
use super::feed::{CallFeed, CallFile, Counts, Feed, Progress, Writer, feed, open_private};

pub use entry::{Entry, JournalEvent};

/// Name of the file in the call's folder.
pub const FILE_NAME: &str = "events.jsonl";

/// The journals of a line: one queue and one writing thread for all its calls.
pub struct Journal {
    feed: Feed<Entry>,
}

/// One call's journal. Dropping it closes the file.
pub struct CallJournal {
    feed: CallFeed<Entry>,
}

/// The journals under the configured data folder, and what writes them (run it on a thread of its own).
pub fn journal(config: &StoreConfig) -> (Journal, Writer<EventsFile>) {
    let make = if config.redact { EventsFile::redacting } else { EventsFile::verbatim };
    let (feed, writer) = feed(&config.data, make);
    (Journal { feed }, writer)
}

impl Journal {
    /// The journal of one call.
    pub fn open(&self, call: CallId) -> CallJournal {
        CallJournal { feed: self.feed.open(call) }
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
    folder: PathBuf,
    /// Hide personal numbers and addresses in what was said; here, because it takes time that a call has not.
    redact: bool,
    file: Option<File>,
    /// Length of the file up to the last whole line.
    length: u64,
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
        self.flush()
    }
}

impl EventsFile {
    /// A file in which personal numbers and addresses are hidden.
    fn redacting(folder: PathBuf) -> Self {
        Self { redact: true, ..Self::verbatim(folder) }
    }

    /// A file that holds every word as it was said.
    fn verbatim(folder: PathBuf) -> Self {
        Self { folder, redact: false, file: None, length: 0, pending: Vec::new(), last_ms: 0, lost: 0 }
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

    /// Writes whole lines or none: a half-written line is cut off again, so that a full disk leaves a readable file.
    fn flush(&mut self) -> io::Result<Progress> {
        if self.pending.is_empty() {
            return Ok(Progress::Written);
        }
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                let file = open_private(&self.folder, FILE_NAME, File::options().append(true))?;
                self.length = file.metadata()?.len();
                self.file.insert(file)
            }
        };
        if let Err(error) = file.write_all(&self.pending) {
            // Where cutting fails too (the disk is gone), the reader names the damaged line.
            let _kept_as_is = file.set_len(self.length);
            return Err(error);
        }
        self.length += self.pending.len() as u64;
        self.pending.clear();
        Ok(Progress::Written)
    }
}

#[cfg(test)]
mod tests {
    use super::entry::tests::one_of_each;
    use super::*;

    #[test]
    fn lines_wait_for_a_disk_that_comes_back() {
        let data = tempfile::tempdir().expect("a folder");
        let blocked = data.path().join("calls");
        std::fs::write(&blocked, "a file where a folder should be").expect("written");
        let mut file = EventsFile::verbatim(blocked.join("x"));
        for (t_ms, event) in one_of_each().into_iter().enumerate() {
            let ends_turn = event.ends_turn();
            assert_eq!(file.take(Entry { t_ms: t_ms as u64, turn: None, event }, 0).is_err(), ends_turn);
        }
        std::fs::remove_file(&blocked).expect("removed");
        file.finish(0).expect("there is room now");
        let text = std::fs::read_to_string(blocked.join("x").join(FILE_NAME)).expect("written");
        assert_eq!(text.lines().count(), JournalEvent::KINDS.len());
    }

    #[test]
    fn what_memory_cannot_keep_is_counted_in_the_journal() {
        let data = tempfile::tempdir().expect("a folder");
        let blocked = data.path().join("calls");
        std::fs::write(&blocked, "a file where a folder should be").expect("written");
        let mut file = EventsFile::verbatim(blocked.join("x"));
        let entry = || Entry { t_ms: 1, turn: None, event: JournalEvent::Reply { text: "a".repeat(100_000) } };
        let refused = (0..9).filter(|_| file.take(entry(), 0).is_err()).count();
        assert!(refused > 0 && file.pending.len() < MAX_PENDING_BYTES + 200_000);
        std::fs::remove_file(&blocked).expect("removed");
        file.finish(0).expect("there is room now");
        let text = std::fs::read_to_string(blocked.join("x").join(FILE_NAME)).expect("written");
        let lost: Entry = serde_json::from_str(text.lines().last().expect("lines")).expect("a whole line");
        assert_eq!(lost.event, JournalEvent::EventsLost { count: 9 - (text.lines().count() as u64 - 1) });
    }
}
