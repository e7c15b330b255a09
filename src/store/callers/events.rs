//! Events of devices and shops that wait for their customer's next conversation: sealed, told once, gone when they are over.
//! Never keeps one longer than its sender says, and never in the clear.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sqlx::Row as _;

use super::{Callers, CallersError, EVENT, hex, seal, unseal};
use crate::store::Pseudonym;
use crate::talk::Language;

/// Something that happened to a customer's device or order.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerEvent {
    /// Its kind in the sender's words, as `parcel_delayed`.
    pub kind: String,
    /// What the customer is told, by language.
    pub text: BTreeMap<Language, String>,
    /// Whoever calls from the customer's number is told, before anything is proved. A number can be forged.
    pub openly: bool,
}

impl fmt::Debug for CustomerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an event in {} languages", self.text.len())
    }
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name in the store.
    pub id: String,
    /// The event.
    pub event: CustomerEvent,
}

impl Callers {
    /// Keeps an event until then; `false` if one of this name was kept before.
    ///
    /// # Errors
    /// The database, or the customer's key.
    pub async fn post(
        &self,
        (customer, name): (Pseudonym, &str),
        event: &CustomerEvent,
        expires: DateTime<Utc>,
    ) -> Result<bool, CallersError> {
        let held = self.vault.hold()?;
        let sealed = hex::encode(&seal(&self.vault.key_or_new(customer, &held)?, (customer, EVENT), event));
        let sql = "INSERT INTO events (id, caller, sealed, expires_ms) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
        let query = sqlx::query(sql).bind(hex::encode(&Sha256::digest(name))).bind(customer.to_string()).bind(sealed);
        Ok(query.bind(expires.timestamp_millis()).execute(&self.pool).await?.rows_affected() > 0)
    }

    /// The events that wait for a customer, those that are over soonest first.
    ///
    /// # Errors
    /// The database, or a row that was altered.
    pub async fn waiting(&self, customer: Pseudonym, now: DateTime<Utc>) -> Result<Vec<Waiting>, CallersError> {
        let sql = "SELECT id, sealed FROM events WHERE caller = $1 AND sealed <> '' AND expires_ms > $2 ORDER BY expires_ms, id";
        let query = sqlx::query(sql).bind(customer.to_string()).bind(now.timestamp_millis());
        let rows = query.fetch_all(&self.pool).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let Some(key) = self.vault.key(customer)? else { return Ok(Vec::new()) };
        let open = |row: &sqlx::any::AnyRow| {
            let event = hex::decode(row.try_get(1)?).and_then(|sealed| unseal(&key, (customer, EVENT), &sealed));
            Ok(Waiting { id: row.try_get(0)?, event: event.ok_or(CallersError::Altered(customer))? })
        };
        rows.iter().map(open).collect()
    }

    /// The customer was told: what it said is forgotten, its name is not, lest it be posted again.
    ///
    /// # Errors
    /// The database.
    pub async fn told(&self, id: &str) -> Result<(), CallersError> {
        sqlx::query("UPDATE events SET sealed = '' WHERE id = $1").bind(id).execute(&self.pool).await?;
        Ok(())
    }
}
