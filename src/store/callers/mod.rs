//! What outlives calls: memory of callers who agreed to it, and accounts that are locked. SQLite, or Postgres by configuration.
//! Never holds a number, a name or a fact in the clear: rows are found by pseudonym, memory is sealed with the caller's key.

mod events;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::migrate::MigrateError;
use sqlx::{AnyPool, Row};
use thiserror::Error;

use super::cipher::{Cipher, Key, random};
use super::config::{LockoutConfig, PrivacyConfig, StoreConfig};
use super::hex;
use super::identity::Pseudonym;
use super::keys::{KeyError, Vault, files};
use crate::business::memory::Memory;

pub use events::{CustomerEvent, Waiting};

/// What is sealed, so that nothing is taken for another thing.
const MEMORY: &[u8] = b"hotline memory 1";
const EVENT: &[u8] = b"hotline event 1";

/// Connections; work on callers is small and rare beside calls.
const CONNECTIONS: u32 = 4;
/// A server that is not reached within this time is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const FILE_NAME: &str = "callers.db";
const SALT: usize = 16;

/// A failed check is counted, and the account locked when it is one too many. A lock that has ended counts from one again;
/// one that lasts is not prolonged. `$2` now, `$3` when a lock that begins now ends, `$4` how many failures lock.
const FAILED: &str = "
    INSERT INTO lockouts (account, failures, locked_until_ms) VALUES ($1, 1, CASE WHEN $4 <= 1 THEN $3 ELSE 0 END)
    ON CONFLICT (account) DO UPDATE SET
        failures = CASE WHEN lockouts.failures >= $4 AND lockouts.locked_until_ms <= $2 THEN 1
                        ELSE lockouts.failures + 1 END,
        locked_until_ms = CASE WHEN lockouts.locked_until_ms > $2 THEN lockouts.locked_until_ms
                               WHEN lockouts.failures >= $4 AND $4 > 1 THEN 0
                               WHEN lockouts.failures + 1 >= $4 THEN $3
                               ELSE 0 END
    RETURNING locked_until_ms";

/// What is wrong with the database of callers.
#[derive(Debug, Error)]
pub enum CallersError {
    /// It cannot be opened.
    #[error("cannot open the callers' database ({what}); is store.database right, the server up, the data folder writable?")]
    Open {
        /// What the driver said; never the address, which may hold a password.
        what: String,
    },
    /// Its tables cannot be made.
    #[error("cannot bring the callers' database up to date: {0}; a newer version of this program may have used it")]
    Migrate(#[from] MigrateError),
    /// A statement failed.
    #[error("the callers' database failed: {0}")]
    Statement(#[from] sqlx::Error),
    /// The caller's key.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A row was altered, or belongs to somebody else.
    #[error("what is remembered of caller {0} was altered; restore the database, or erase the caller")]
    Altered(Pseudonym),
}

/// Whether an account may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It may.
    Free,
    /// Too many checks failed; until then the answer is no, whatever the caller says.
    Locked {
        /// The end of it.
        until: DateTime<Utc>,
    },
}

/// The callers of one store.
#[derive(Clone)]
pub struct Callers {
    pool: AnyPool,
    vault: Arc<Vault>,
    lockout: LockoutConfig,
}

impl Callers {
    /// Opens the configured database and makes its tables.
    ///
    /// # Errors
    /// A database that cannot be reached or changed.
    pub async fn open(store: &StoreConfig, privacy: &PrivacyConfig, vault: Arc<Vault>) -> Result<Self, CallersError> {
        install_default_drivers();
        let failed = |what: String| CallersError::Open { what };
        let configured = store.database.reveal();
        let url = if configured.is_empty() { sqlite(&vault).map_err(|e| failed(e.to_string()))? } else { configured.to_owned() };
        let pool = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE).connect(&url).await.map_err(
            |error| match error {
                // Its text may repeat the address.
                sqlx::Error::Configuration(_) => failed("no address of sqlite: or postgres:".to_owned()),
                other => failed(other.to_string()),
            },
        )?;
        sqlx::migrate!("src/store/callers/migrations").run(&pool).await?;
        let lockout = LockoutConfig { failures: privacy.lockout.failures.max(1), ..privacy.lockout.clone() };
        Ok(Self { pool, vault, lockout })
    }

    /// Whether this account may be asked for. The same work is done for accounts that exist and others.
    ///
    /// # Errors
    /// The database.
    pub async fn standing(&self, account: Pseudonym, now: DateTime<Utc>) -> Result<Standing, CallersError> {
        let sql = "SELECT locked_until_ms FROM lockouts WHERE account = $1";
        let row = sqlx::query(sql).bind(account.to_string()).fetch_optional(&self.pool).await?;
        let until = row.map_or(Ok(0), |row| row.try_get(0))?;
        Ok(standing(until, now))
    }

    /// An identity check for this account failed.
    ///
    /// # Errors
    /// The database.
    pub async fn failed(&self, account: Pseudonym, now: DateTime<Utc>) -> Result<Standing, CallersError> {
        let until = now + self.lockout.duration();
        let row = sqlx::query(FAILED)
            .bind(account.to_string())
            .bind(now.timestamp_millis())
            .bind(until.timestamp_millis())
            .bind(i64::from(self.lockout.failures))
            .fetch_one(&self.pool)
            .await?;
        Ok(standing(row.try_get(0)?, now))
    }

    /// One was passed: earlier failures are forgotten.
    ///
    /// # Errors
    /// The database.
    pub async fn passed(&self, account: Pseudonym) -> Result<(), CallersError> {
        let sql = "DELETE FROM lockouts WHERE account = $1";
        sqlx::query(sql).bind(account.to_string()).execute(&self.pool).await?;
        Ok(())
    }

    /// What is remembered of a caller.
    ///
    /// # Errors
    /// The database, or a row that was altered.
    pub async fn recall(&self, caller: Pseudonym) -> Result<Option<Memory>, CallersError> {
        let sql = "SELECT sealed FROM memories WHERE caller = $1";
        let Some(row) = sqlx::query(sql).bind(caller.to_string()).fetch_optional(&self.pool).await? else { return Ok(None) };
        let Some(key) = self.vault.key(caller)? else { return Ok(None) };
        let memory = hex::decode(row.try_get(0)?).and_then(|sealed| unseal(&key, (caller, MEMORY), &sealed));
        memory.map(Some).ok_or(CallersError::Altered(caller))
    }

    /// Remembers this of a caller, in place of what was remembered before.
    ///
    /// # Errors
    /// The database, or the caller's key.
    pub async fn remember(&self, caller: Pseudonym, memory: &Memory, now: DateTime<Utc>) -> Result<(), CallersError> {
        // Held until the row stands: who sweeps keys away sees by it that this one is in use.
        let held = self.vault.hold()?;
        let sealed = hex::encode(&seal(&self.vault.key_or_new(caller, &held)?, (caller, MEMORY), memory));
        let sql = "INSERT INTO memories (caller, sealed, changed_ms) VALUES ($1, $2, $3)
                   ON CONFLICT (caller) DO UPDATE SET sealed = excluded.sealed, changed_ms = excluded.changed_ms";
        let query = sqlx::query(sql).bind(caller.to_string()).bind(sealed).bind(now.timestamp_millis());
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Forgets a caller (who withdrew the consent, or was erased), with the events that wait; whether something was remembered.
    ///
    /// # Errors
    /// The database.
    pub async fn forget(&self, caller: Pseudonym) -> Result<bool, CallersError> {
        let mut forgotten = 0;
        for sql in ["DELETE FROM memories WHERE caller = $1", "DELETE FROM events WHERE caller = $1"] {
            forgotten += sqlx::query(sql).bind(caller.to_string()).execute(&self.pool).await?.rows_affected();
        }
        Ok(forgotten > 0)
    }

    /// Forgets everybody of whom nothing changed since then, and locks and events that are over; how many were forgotten.
    pub(super) async fn sweep(&self, before: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<usize, CallersError> {
        let ended = "DELETE FROM lockouts WHERE locked_until_ms > 0 AND locked_until_ms <= $1";
        for over in [ended, "DELETE FROM events WHERE expires_ms <= $1"] {
            sqlx::query(over).bind(now.timestamp_millis()).execute(&self.pool).await?;
        }
        let Some(before) = before else { return Ok(0) };
        let sql = "DELETE FROM memories WHERE changed_ms <= $1";
        let swept = sqlx::query(sql).bind(before.timestamp_millis()).execute(&self.pool).await?;
        Ok(usize::try_from(swept.rows_affected()).unwrap_or(usize::MAX))
    }

    /// Everybody of whom something is remembered, or for whom an event waits.
    pub(super) async fn remembered(&self) -> Result<Vec<Pseudonym>, CallersError> {
        let rows = sqlx::query("SELECT caller FROM memories UNION SELECT caller FROM events").fetch_all(&self.pool).await?;
        Ok(rows.iter().filter_map(|row| row.try_get::<String, _>(0).ok()?.parse().ok()).collect())
    }
}

fn standing(until_ms: i64, now: DateTime<Utc>) -> Standing {
    match DateTime::from_timestamp_millis(until_ms) {
        Some(until) if until > now => Standing::Locked { until },
        Some(_) | None => Standing::Free,
    }
}

fn seal(key: &Key, (caller, kind): (Pseudonym, &[u8]), what: &impl Serialize) -> Vec<u8> {
    let salt: [u8; SALT] = random();
    let text = serde_json::to_vec(what).expect("text keys and plain values");
    [&salt[..], &Cipher::derive(key, &salt, &[kind]).seal(caller.as_bytes(), &text)].concat()
}

fn unseal<T: DeserializeOwned>(key: &Key, (caller, kind): (Pseudonym, &[u8]), sealed: &[u8]) -> Option<T> {
    let (salt, text) = sealed.split_at_checked(SALT)?;
    serde_json::from_slice(&Cipher::derive(key, salt, &[kind]).open(caller.as_bytes(), text)?).ok()
}

/// The address of SQLite's file in the data folder, made so that its owner alone may read it.
fn sqlite(vault: &Vault) -> std::io::Result<String> {
    let path = vault.data().join(FILE_NAME);
    files::private().truncate(false).open(&path)?;
    let path = path.canonicalize()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let escaped = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|&b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") });
    Ok(format!("sqlite://{}", escaped.collect::<String>()))
}
