//! All that is kept, opened together: keys, audit log, callers' database, and the rules for how long.
//! Never opens half of it.

use std::path::Path;
use std::sync::Arc;

use super::audit::AuditLog;
use super::callers::Callers;
use super::config::{PrivacyConfig, RetentionConfig, StoreConfig};
use super::{CallRecords, Pseudonym, StoreError, Vault, calls, seal};
use crate::privacy::Pii;
use crate::talk::CallId;

/// What one data folder keeps.
pub struct Archive {
    vault: Arc<Vault>,
    audit: Arc<AuditLog>,
    callers: Callers,
    pub(super) retention: RetentionConfig,
}

impl Archive {
    /// Opens the configured archive, making what is missing at first start.
    ///
    /// # Errors
    /// A key, folder or database that cannot be had: nothing is kept unsealed instead.
    pub async fn open(store: &StoreConfig, privacy: &PrivacyConfig) -> Result<Self, StoreError> {
        Self::with(Vault::open(&store.data, privacy)?, store, privacy).await
    }

    /// Opens one that was used before.
    ///
    /// # Errors
    /// As [`Self::open`], and where nothing was kept yet.
    pub async fn existing(store: &StoreConfig, privacy: &PrivacyConfig) -> Result<Self, StoreError> {
        Self::with(Vault::existing(&store.data, privacy)?, store, privacy).await
    }

    async fn with(vault: Vault, store: &StoreConfig, privacy: &PrivacyConfig) -> Result<Self, StoreError> {
        let vault = Arc::new(vault);
        let audit = Arc::new(AuditLog::open(&vault)?);
        let callers = Callers::open(store, privacy, Arc::clone(&vault)).await?;
        Ok(Self { vault, audit, callers, retention: privacy.retention.clone() })
    }

    /// The keys.
    pub const fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// The audit log.
    pub const fn audit(&self) -> &Arc<AuditLog> {
        &self.audit
    }

    /// Memory and lock-outs.
    pub const fn callers(&self) -> &Callers {
        &self.callers
    }

    /// The calls.
    pub fn records(&self) -> CallRecords {
        CallRecords::new(Arc::clone(&self.vault))
    }

    /// The person somebody means: by number or address, by the id of a call, by pseudonym, or as `account:PACK:ID` the
    /// customer of a pack.
    pub fn find(&self, caller: &str) -> Option<Pseudonym> {
        if let Some(account) = caller.strip_prefix("account:") {
            return Some(self.vault.account(&Pii::new(account.to_owned())));
        }
        let of_call = CallId::new(caller).and_then(|call| self.owners(&call).next());
        of_call.or_else(|| caller.parse().ok()).or_else(|| self.vault.caller(&Pii::new(caller.to_owned())))
    }

    /// For whom the files of a call are sealed; all for the same, unless somebody moved them.
    pub(super) fn owners(&self, call: &CallId) -> impl Iterator<Item = Pseudonym> {
        let folder = super::call_folder(self.data(), call);
        calls::FILES.iter().filter_map(move |name| seal::owner(&folder.join(name)))
    }

    pub(super) fn data(&self) -> &Path {
        self.vault.data()
    }
}
