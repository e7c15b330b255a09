//! What is older than configured is deleted, kind by kind; a key that seals nothing any more is destroyed with it.
//! Never reads a clock: now is passed in.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use chrono::{DateTime, Days, Local, NaiveDateTime, Utc};

use super::audit::AuditEvent;
use super::{Archive, StoreError, call_folder, calls, journal, recording};
use crate::talk::CallId;

/// What a sweep deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Swept {
    /// Records of what happened on a call.
    pub events: usize,
    /// Recordings.
    pub recordings: usize,
    /// Memories of callers.
    pub memories: usize,
    /// Keys that sealed nothing any more.
    pub keys: usize,
    /// Months of the audit log.
    pub audit_months: usize,
    /// Files that could not be deleted; the next sweep tries again.
    pub refused: usize,
}

impl Archive {
    /// Deletes what is too old now.
    ///
    /// # Errors
    /// Keys, audit log or database. A single file that cannot be deleted is counted and left to the next sweep.
    pub async fn sweep(&self, now: DateTime<Local>) -> Result<Swept, StoreError> {
        let mut swept = Swept::default();
        for call in self.records().ids()? {
            self.sweep_call(&call, now.naive_local(), &mut swept);
        }
        let utc = now.with_timezone(&Utc);
        let since = days(self.retention.memory_days).and_then(|days| utc.checked_sub_days(days));
        swept.memories = self.callers().sweep(since, utc).await?;
        swept.keys = self.sweep_keys().await?;
        if let Some(day) = days(self.retention.audit_days).and_then(|days| utc.date_naive().checked_sub_days(days)) {
            swept.audit_months = self.audit().remove_before(day, utc)?;
        }
        let Swept { events, recordings, memories, keys, audit_months: _, refused: _ } = swept;
        if events + recordings + memories + keys > 0 {
            self.audit().append(utc, &AuditEvent::Sweep { events, recordings, memories, keys })?;
        }
        Ok(swept)
    }

    fn sweep_call(&self, call: &CallId, now: NaiveDateTime, swept: &mut Swept) {
        let folder = call_folder(self.data(), call);
        let Some(began) = calls::began(call).or_else(|| changed(&folder)) else { return };
        let kinds = [
            (journal::FILE_NAME, self.retention.events_days, &mut swept.events),
            (recording::FILE_NAME, self.retention.recordings_days, &mut swept.recordings),
        ];
        for (name, kept, count) in kinds {
            let ends = days(kept).and_then(|days| began.checked_add_days(days));
            if ends.is_some_and(|ends| ends <= now) {
                match std::fs::remove_file(folder.join(name)) {
                    Ok(()) => *count += 1,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => swept.refused += 1,
                }
            }
        }
        // Not empty yet, as a rule; the last file's sweep takes it along.
        std::fs::remove_dir(folder).ok();
    }

    async fn sweep_keys(&self) -> Result<usize, StoreError> {
        let held = self.vault().hold()?;
        let mut used: BTreeSet<_> = self.callers().remembered().await?.into_iter().collect();
        used.extend(self.records().ids()?.iter().flat_map(|call| self.owners(call).collect::<Vec<_>>()));
        let mut destroyed = 0;
        for caller in self.vault().callers()?.into_iter().filter(|caller| !used.contains(caller)) {
            destroyed += usize::from(self.vault().destroy(caller, &held)?);
        }
        Ok(destroyed)
    }
}

/// `None` keeps for ever.
fn days(days: u32) -> Option<Days> {
    (days > 0).then(|| Days::new(days.into()))
}

/// When a folder whose name tells no time last changed.
fn changed(folder: &Path) -> Option<NaiveDateTime> {
    let changed = std::fs::metadata(folder).and_then(|folder| folder.modified()).ok()?;
    Some(DateTime::<Local>::from(changed).naive_local())
}
