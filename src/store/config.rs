//! The sections `[store]` and `[privacy]`: where records lie, what seals them, how long they are kept.
//! Never reads a key: it only says where one is.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::privacy::Secret;

/// The section `[store]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreConfig {
    /// The folder that holds everything that is kept. `HOTLINE_DATA` and `--data` go before it.
    pub data: PathBuf,
    /// Whether calls are recorded: `off` or `stereo` (left the caller, right the bot).
    pub record: Record,
    /// Whether what a call's decisions were made of is kept, for `hotline replay`: `off`, `decisions`, or `packets`
    /// (the caller's sound too, as it came). Never what was said or keyed where a secret was asked for.
    pub flight: FlightKind,
    /// Hide phone, card and identity numbers, e-mail and postal addresses in what was said before it is written.
    pub redact: bool,
    /// Where callers' memory and account lock-outs lie: empty for `callers.db` (SQLite) in the data folder,
    /// or `postgres://USER:PASSWORD@HOST/NAME`.
    pub database: DatabaseUrl,
}

impl Default for StoreConfig {
    fn default() -> Self {
        let database = DatabaseUrl::default();
        Self { data: PathBuf::from("hotline-data"), record: Record::Off, flight: FlightKind::Off, redact: true, database }
    }
}

/// Whether calls are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// No sound is kept.
    #[default]
    Off,
    /// Two channels a call.
    Stereo,
}

/// How much of a call is kept for its replay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FlightKind {
    /// Nothing.
    #[default]
    Off,
    /// The inputs of the call, and what it made of them.
    Decisions,
    /// The caller's packets besides.
    Packets,
}

/// A database's address, which may hold a password: never printed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct DatabaseUrl(Secret<String>);

impl DatabaseUrl {
    /// The address as it was written; empty for SQLite in the data folder.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

impl From<String> for DatabaseUrl {
    fn from(url: String) -> Self {
        Self(Secret::new(url))
    }
}

impl PartialEq for DatabaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

impl Eq for DatabaseUrl {}

/// The section `[privacy]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PrivacyConfig {
    /// Where the key is that wraps the callers' keys.
    pub master_key: KeySource,
    /// The master key before that, while `hotline keys rotate` has not re-wrapped everything; not needed with a file.
    pub previous_master_key: Option<KeySource>,
    /// The country whose numbers are written without a code, such as `86`: `13800138000` and `+8613800138000` are then one
    /// caller. Empty: numbers are taken as the network writes them.
    pub country_code: String,
    /// How long what is kept.
    pub retention: RetentionConfig,
    /// What happens to an account that somebody fails to be identified for.
    pub lockout: LockoutConfig,
}

/// Where a master key is: 64 hexadecimal digits, blanks around them left out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeySource {
    /// A file, made at first start with mode 0600; a relative path begins at the data folder.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// What a command prints (program and arguments), such as a password store's.
    Command(Vec<String>),
}

impl Default for KeySource {
    fn default() -> Self {
        Self::File(PathBuf::from("keys/master.key"))
    }
}

/// The section `[privacy.retention]`: days until what is kept is swept away; 0 keeps it until it is erased.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// What happened on a call, from its beginning.
    pub events_days: u32,
    /// Its sound.
    pub recordings_days: u32,
    /// What is remembered of a caller, from the last time it changed.
    pub memory_days: u32,
    /// The audit log, by whole months.
    pub audit_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self { events_days: 180, recordings_days: 30, memory_days: 365, audit_days: 3 * 365 }
    }
}

/// The section `[privacy.lockout]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockoutConfig {
    /// Failed identity checks, with no right one between, after which an account is locked.
    pub failures: u32,
    /// For how long, in minutes.
    pub minutes: u32,
}

impl LockoutConfig {
    /// How long an account stays locked.
    pub const fn duration(&self) -> Duration {
        Duration::from_secs(self.minutes as u64 * 60)
    }
}

impl Default for LockoutConfig {
    fn default() -> Self {
        Self { failures: 3, minutes: 15 }
    }
}
