//! Failed identity checks: counted in memory at once, and in the archive behind it, so that a restart opens no lock.
//! Never lets a reply that is cut off undo the count: what goes to the archive is a task of its own.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::clock;
use super::tasks::Tasks;
use crate::business::{self, Verification};
use crate::privacy::Pii;
use crate::store::audit::{AuditEvent, IdentityOutcome};
use crate::store::callers::Standing;
use crate::store::{Archive, Pseudonym, StoreError};
use crate::talk::CallId;

/// Whose checks they are: the call, and whoever called.
pub type Caller = (CallId, Pseudonym);

/// The lock-outs of all conversations.
#[derive(Default)]
pub(super) struct Lockouts {
    counted: Mutex<business::Lockouts>,
    archive: OnceLock<Arc<Archive>>,
}

impl Lockouts {
    /// From now on they outlive the program.
    pub(super) fn keep_in(&self, archive: Arc<Archive>) {
        let _first_one_stays = self.archive.set(archive);
    }

    /// Whether this account was locked before the check. Where that cannot be known, it is: nobody is let in by a broken disk.
    pub(super) async fn are_closed(&self, claimed: &str) -> bool {
        let Some(archive) = self.archive.get() else { return false };
        let account = archive.vault().account(&Pii::new(claimed.to_owned()));
        match archive.callers().standing(account, clock::wall().to_utc()).await {
            Ok(Standing::Free) => false,
            Ok(Standing::Locked { .. }) => true,
            Err(error) => {
                tracing::error!(%error, "Lock-outs cannot be read: every account counts as locked.");
                true
            }
        }
    }

    /// Notes how a check ended, and what the caller is told of it.
    pub(super) fn note(&self, claimed: &str, outcome: Verification, (tasks, caller): (&Tasks, Option<Caller>)) -> Verification {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = counted.note(claimed, outcome, clock::wall().timestamp());
        drop(counted);
        if let Some(archive) = self.archive.get() {
            let (archive, passed) = (Arc::clone(archive), matches!(outcome, Verification::Verified(_)));
            let account = archive.vault().account(&Pii::new(claimed.to_owned()));
            tasks.spawn_to_its_end("lock-out", async move {
                if let Err(error) = keep(&archive, account, passed, caller).await {
                    tracing::error!(%error, "An identity check could not be kept: a restart forgets it.");
                }
            });
        }
        outcome
    }
}

async fn keep(archive: &Archive, account: Pseudonym, passed: bool, caller: Option<Caller>) -> Result<(), StoreError> {
    let now = clock::wall().to_utc();
    let outcome = if passed {
        archive.callers().passed(account).await?;
        IdentityOutcome::Passed
    } else {
        match archive.callers().failed(account, now).await? {
            Standing::Free => IdentityOutcome::Failed,
            Standing::Locked { .. } => IdentityOutcome::Locked,
        }
    };
    if let Some((call, caller)) = caller {
        archive.audit().append(now, &AuditEvent::IdentityCheck { call, caller, account, outcome })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::audit::{public_key, verify};
    use crate::store::{PrivacyConfig, StoreConfig};

    #[tokio::test]
    async fn a_restart_opens_no_lock_and_every_check_is_audited() {
        let data = tempfile::tempdir().unwrap();
        let store = StoreConfig { data: data.path().to_owned(), ..StoreConfig::default() };
        let open = async || Arc::new(Archive::open(&store, &PrivacyConfig::default()).await.unwrap());
        let (archive, tasks, before) = (open().await, Tasks::default(), Lockouts::default());
        before.keep_in(Arc::clone(&archive));
        let call = CallId::new("a").unwrap();
        let caller = archive.vault().caller_of(&Pii::default(), &call);
        for _ in 0..3 {
            let by = (&tasks, Some((call.clone(), caller)));
            before.note("4271", Verification::Unverified, by);
        }
        tasks.ended().await;
        let after = Lockouts::default();
        after.keep_in(open().await);
        assert!(after.are_closed("4271").await && !after.are_closed("4272").await);
        let log = verify(data.path(), &public_key(data.path()).unwrap(), None).unwrap();
        assert_eq!(log.entries, 3);
    }
}
