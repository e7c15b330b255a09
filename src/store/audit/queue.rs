//! From a running line to the audit log: a bounded queue and its one writing thread.
//! Never waits on the call's side; what the queue or the disk cannot take is counted, and the log itself says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use chrono::{DateTime, Utc};
use tracing::warn;

use super::{AuditError, AuditEvent, AuditLog};

/// Entries that may wait for the disk.
const QUEUE: usize = 1_024;

type Item = (DateTime<Utc>, AuditEvent);

/// The line's end of the queue.
#[derive(Clone)]
pub struct Auditor {
    queue: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

/// The thread's end of the queue.
pub struct AuditWriter {
    queue: Receiver<Item>,
    lost: Arc<AtomicU64>,
    log: Arc<AuditLog>,
}

/// A queue to this log, and what writes it (run it on a thread of its own).
pub fn auditor(log: &Arc<AuditLog>) -> (Auditor, AuditWriter) {
    let (queue, receiver) = sync_channel(QUEUE);
    let lost = Arc::new(AtomicU64::new(0));
    (Auditor { queue, lost: Arc::clone(&lost) }, AuditWriter { queue: receiver, lost, log: Arc::clone(log) })
}

impl Auditor {
    /// Hands an entry over, at once.
    pub fn note(&self, at: DateTime<Utc>, event: AuditEvent) {
        if self.queue.try_send((at, event)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl AuditWriter {
    /// Writes until every auditor is gone. Blocking: give it a thread of its own.
    pub fn run(self) {
        let (mut failing, mut last) = (false, None);
        while let Ok((at, event)) = self.queue.recv() {
            last = Some(at);
            let written = self.tell_lost(at).and_then(|()| self.log.append(at, &event).map(drop));
            if let Err(error) = &written {
                self.lost.fetch_add(1, Ordering::Relaxed);
                if !failing {
                    warn!(%error, "The audit log cannot be written; calls go on, and it will say how many entries are missing.");
                }
            }
            failing = written.is_err();
        }
        let told = last.map_or(Ok(()), |at| self.tell_lost(at));
        if let Err(error) = told {
            warn!(%error, "The audit log misses entries and could not be told so.");
        }
    }

    fn tell_lost(&self, at: DateTime<Utc>) -> Result<(), AuditError> {
        let count = self.lost.swap(0, Ordering::Relaxed);
        if count == 0 {
            return Ok(());
        }
        let told = self.log.append(at, &AuditEvent::Lost { count }).map(drop);
        told.inspect_err(|_| {
            self.lost.fetch_add(count, Ordering::Relaxed);
        })
    }
}
