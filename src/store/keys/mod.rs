//! The vault: a key a caller, wrapped by the master key, found by the caller's pseudonym.
//! Never writes a key in the clear, and never makes one for somebody who is only looked up.
//!
//! ```text
//! DATA/keys/master.key               the master key (unless it comes from the environment or a command), mode 0600
//! DATA/keys/master.key.next          the next one, while `hotline keys rotate` is at work
//! DATA/keys/identity.key             makes pseudonyms of numbers; wrapped
//! DATA/keys/audit.key                signs the audit log; wrapped
//! DATA/keys/operators.key            seals the console's accounts; wrapped
//! DATA/keys/callers/PSEUDONYM.key    a caller's key; wrapped; destroying it destroys all that is kept of the caller
//! ```
//!
//! A wrapped key is one line: `hotline-key 1 MASTER_ID CIPHERTEXT`, whose label (its path below `keys/`) is authenticated.

mod error;
pub(in crate::store) mod files;
mod master;
mod rotate;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use ring::hmac;

use crate::privacy::{Pii, Secret};
use crate::talk::CallId;

use super::cipher::{Key, random};
use super::config::PrivacyConfig;
use super::hex;
use super::identity::{Pseudonym, normalised};

pub use error::KeyError;
pub use rotate::Rotation;

use master::Masters;

const FOLDER: &str = "keys";
const CALLERS: &str = "callers";
const IDENTITY: &str = "identity";
/// Signs the audit log.
pub(super) const AUDIT: &str = "audit";
/// Seals the console's accounts.
pub(super) const OPERATORS: &str = "operators";
/// The keys that are nobody's.
const OWN: [&str; 3] = [AUDIT, IDENTITY, OPERATORS];
const VERSION: &str = "hotline-key 1";

/// The keys of one data folder.
pub struct Vault {
    data: PathBuf,
    masters: Masters,
    country_code: String,
    pseudonyms: hmac::Key,
}

/// Holds off whoever makes, re-wraps or destroys keys, here or in another process.
pub(super) struct KeysHeld(#[expect(dead_code, reason = "held, not read: dropping it lets the next one in")] File);

impl Vault {
    /// Opens the keys of a data folder and makes what is missing at first start.
    ///
    /// # Errors
    /// A master key that cannot be had, or that others may read.
    pub fn open(data: &Path, config: &PrivacyConfig) -> Result<Self, KeyError> {
        let masters = Masters::new(data, config.master_key.clone(), config.previous_master_key.clone());
        let folder = data.join(FOLDER);
        let held = hold(&folder)?;
        masters.prepare()?;
        // What the key is not known for yet: the vault's own pseudonyms.
        let nobody = hmac::Key::new(hmac::HMAC_SHA256, &[]);
        let vault = Self { data: data.to_owned(), masters, country_code: config.country_code.clone(), pseudonyms: nobody };
        let identity = vault.existing_or_new(IDENTITY, &held)?;
        Ok(Self { pseudonyms: hmac::Key::new(hmac::HMAC_SHA256, identity.reveal()), ..vault })
    }

    /// The same for a data folder that was used before; makes nothing.
    ///
    /// # Errors
    /// [`KeyError::NoKeys`] where nothing was kept, and as [`Self::open`].
    pub fn existing(data: &Path, config: &PrivacyConfig) -> Result<Self, KeyError> {
        let folder = data.join(FOLDER);
        if !folder.join(IDENTITY).with_extension("key").exists() {
            return Err(KeyError::NoKeys(folder));
        }
        Self::open(data, config)
    }

    /// The data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Who calls from this address; without one, nobody but the caller of this call.
    pub fn caller_of(&self, address: &Pii<String>, call: &CallId) -> Pseudonym {
        self.caller(address).unwrap_or_else(|| Pseudonym::of(&self.pseudonyms, "call", call.as_str()))
    }

    /// Who has this number or address; `None` if it names nobody.
    pub fn caller(&self, address: &Pii<String>) -> Option<Pseudonym> {
        let name = normalised(address.reveal(), &self.country_code)?;
        Some(Pseudonym::of(&self.pseudonyms, "caller", &name))
    }

    /// An account of the company's, as its lock-outs are kept and its checks are audited.
    pub fn account(&self, account: &Pii<String>) -> Pseudonym {
        Pseudonym::of(&self.pseudonyms, "account", account.reveal())
    }

    /// Everybody who has a key.
    pub(super) fn callers(&self) -> Result<Vec<Pseudonym>, KeyError> {
        let folder = self.folder().join(CALLERS);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(KeyError::file(&folder, "list the keys")(error)),
        };
        let named = |entry: fs::DirEntry| entry.path().file_stem()?.to_str()?.parse().ok();
        Ok(entries.flatten().filter_map(named).collect())
    }

    /// A caller's key, if it was not destroyed.
    pub(super) fn key(&self, caller: Pseudonym) -> Result<Option<Key>, KeyError> {
        self.unwrap(&label(caller))
    }

    /// A caller's key, made if there is none.
    pub(super) fn key_or_new(&self, caller: Pseudonym, held: &KeysHeld) -> Result<Key, KeyError> {
        self.existing_or_new(&label(caller), held)
    }

    /// Destroys a caller's key: what it sealed is noise from now on. Tells whether there was one.
    pub(super) fn destroy(&self, caller: Pseudonym, _held: &KeysHeld) -> Result<bool, KeyError> {
        let path = self.path(&label(caller));
        match files::destroy(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(KeyError::file(&path, "destroy the key")(error)),
        }
    }

    /// The seed of a signing key with this name, made if there is none.
    pub(super) fn seed(&self, name: &str) -> Result<Key, KeyError> {
        self.existing_or_new(name, &self.hold()?)
    }

    /// Waits until nobody else works on the keys, and keeps them out until the result is dropped.
    pub(super) fn hold(&self) -> Result<KeysHeld, KeyError> {
        hold(&self.folder())
    }

    fn folder(&self) -> PathBuf {
        self.data.join(FOLDER)
    }

    fn path(&self, label: &str) -> PathBuf {
        self.folder().join(label).with_added_extension("key")
    }

    fn existing_or_new(&self, label: &str, _held: &KeysHeld) -> Result<Key, KeyError> {
        if let Some(key) = self.unwrap(label)? {
            return Ok(key);
        }
        let key = Secret::new(random());
        self.wrap(label, &key)?;
        Ok(key)
    }

    fn wrap(&self, label: &str, key: &Key) -> Result<(), KeyError> {
        let master = self.masters.wrapping()?;
        let sealed = master.cipher().seal(label.as_bytes(), key.reveal());
        let line = format!("{VERSION} {} {}\n", hex::encode(&master.id), hex::encode(&sealed));
        let path = self.path(label);
        files::write(&path, line.as_bytes()).map_err(KeyError::file(&path, "write the key"))
    }

    fn unwrap(&self, label: &str) -> Result<Option<Key>, KeyError> {
        let path = self.path(label);
        let Some((id, sealed)) = wrapped(&path)? else { return Ok(None) };
        let Some(master) = self.masters.unwrapping(id)? else { return Err(KeyError::Foreign(path)) };
        let key = master.cipher().open(label.as_bytes(), &sealed).and_then(|key| key.try_into().ok());
        key.map(|key| Some(Secret::new(key))).ok_or(KeyError::Altered(path))
    }
}

fn hold(folder: &Path) -> Result<KeysHeld, KeyError> {
    let path = folder.join("lock");
    files::lock(&path).map(KeysHeld).map_err(KeyError::file(&path, "lock"))
}

fn label(caller: Pseudonym) -> String {
    format!("{CALLERS}/{caller}")
}

/// A wrapped key's master and ciphertext; `None` if there is no such key.
fn wrapped(path: &Path) -> Result<Option<(master::MasterId, Vec<u8>)>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(KeyError::Altered(path.to_owned())),
        Err(error) => return Err(KeyError::file(path, "read the key")(error)),
    };
    let fields = text.trim_end().strip_prefix(VERSION).and_then(|rest| rest.trim_start().split_once(' '));
    let parsed = fields.and_then(|(id, sealed)| Some((hex::decode_exactly(id)?, hex::decode(sealed)?)));
    parsed.map(Some).ok_or_else(|| KeyError::Altered(path.to_owned()))
}
