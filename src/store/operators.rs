//! Who works at the console: accounts with a role and a password hash, sealed in `DATA/operators.sealed`.
//! Never keeps a password or a one-time link, only what proves that one is right; never lets the last admin go.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::cipher::{Cipher, Key, random, token};
use super::hex;
use super::keys::{KeyError, OPERATORS, Vault, files};
use crate::privacy::Secret;

const FILE_NAME: &str = "operators.sealed";
const SALT: usize = 16;
/// Shorter passwords are guessed too easily where nothing else is asked for.
const SHORTEST_PASSWORD: usize = 12;
/// Longer ones are somebody's attempt to keep this machine busy.
const LONGEST_PASSWORD: usize = 256;
/// The account of the first start.
const FIRST: &str = "admin";

/// What an operator may do; each may what the one before may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Watches calls and takes part in them.
    Operator,
    /// Sees past calls and figures too.
    Supervisor,
    /// Makes and removes accounts too.
    Admin,
}

/// Somebody who has an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Operator {
    /// The account's name.
    pub name: String,
    /// What they may do.
    pub role: Role,
}

/// An account as an admin sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Whose it is.
    #[serde(flatten)]
    pub operator: Operator,
    /// Until when its one-time link is good, if it has one that was not used.
    pub link_until: Option<DateTime<Utc>>,
}

/// What is wrong with an account or their file.
#[derive(Debug, Error)]
pub enum OperatorsError {
    /// The name cannot be one.
    #[error("{0:?} is no account name; give 1 to 32 letters, digits, dots, dashes or underscores")]
    Name(String),
    /// No such account.
    #[error("there is no account {0:?}")]
    Nobody(String),
    /// Nobody would be left who can make accounts.
    #[error("{0:?} is the last admin; make another one first")]
    LastAdmin(String),
    /// The link was used, replaced, or is too old.
    #[error("this link was used before, replaced, or is too old; ask an admin for another")]
    Link,
    /// The password cannot be one.
    #[error("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes")]
    Password,
    /// The file was altered.
    #[error("{}: altered or damaged; restore it from a backup, or delete it to begin with a new admin link", .0.display())]
    Altered(PathBuf),
    /// The file cannot be read or written.
    #[error("{}: cannot be read or written ({source}); check its owner and the room on its disk", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The key it is sealed with.
    #[error(transparent)]
    Keys(#[from] KeyError),
}

/// The accounts of one data folder.
pub struct Operators {
    path: PathBuf,
    key: Key,
    accounts: Mutex<Vec<Account>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Account {
    name: String,
    role: Role,
    /// A PHC string of Argon2id; without one, only the link opens the account.
    password: Option<String>,
    link: Option<Link>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Link {
    sha256: String,
    until: DateTime<Utc>,
}

/// What a wrong name's password is compared with, so that it takes as long as a right one's.
static NOBODYS: LazyLock<String> = LazyLock::new(|| hash(b"nobody has this password"));

impl Operators {
    /// Opens the accounts of the vault's data folder; there are none at first start.
    ///
    /// # Errors
    /// A key that cannot be had, a file that was altered.
    pub fn open(vault: &Arc<Vault>) -> Result<Self, OperatorsError> {
        let path = vault.data().join(FILE_NAME);
        let key = vault.seed(OPERATORS)?;
        let accounts = match fs::read(&path) {
            Ok(bytes) => unsealed(&key, &bytes).ok_or_else(|| OperatorsError::Altered(path.clone()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(OperatorsError::File { path, source }),
        };
        Ok(Self { path, key, accounts: Mutex::new(accounts) })
    }

    /// While no admin has a password, the one-time link of the first one: a new one at each start. `None` afterwards.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn first_admin(&self, until: DateTime<Utc>) -> Result<Option<Secret<String>>, OperatorsError> {
        let ready = |account: &Account| account.role == Role::Admin && account.password.is_some();
        if self.lock().iter().any(ready) {
            return Ok(None);
        }
        self.invite(&Operator { name: FIRST.to_owned(), role: Role::Admin }, until).map(Some)
    }

    /// A one-time link for this account, which is made if there is none. An older link is good no more; a password stays
    /// until the link is used.
    ///
    /// # Errors
    /// A name that is none, the last admin made less, a disk that refuses.
    pub fn invite(&self, operator: &Operator, until: DateTime<Utc>) -> Result<Secret<String>, OperatorsError> {
        let Operator { name, role } = operator;
        if !is_name(name) {
            return Err(OperatorsError::Name(name.clone()));
        }
        let token = token();
        let link = Link { sha256: fingerprint(&token), until };
        self.change(|accounts| {
            if *role != Role::Admin {
                keep_an_admin(accounts, name)?;
            }
            match accounts.iter_mut().find(|account| account.name == *name) {
                Some(account) => (account.role, account.link) = (*role, Some(link)),
                None => accounts.push(Account { name: name.clone(), role: *role, password: None, link: Some(link) }),
            }
            Ok(())
        })?;
        Ok(Secret::new(token))
    }

    /// Uses a one-time link up: its account has this password from now on. Takes a while, as [`Self::check`] does.
    ///
    /// # Errors
    /// A link that is good no more, a password that is too short, a disk that refuses.
    pub fn redeem(&self, link: &str, password: &Secret<String>, now: DateTime<Utc>) -> Result<Operator, OperatorsError> {
        let (password, wanted) = (password.reveal(), fingerprint(link));
        let is_it = |account: &Account| account.link.as_ref().is_some_and(|link| link.sha256 == wanted && now < link.until);
        if !self.lock().iter().any(is_it) {
            return Err(OperatorsError::Link);
        }
        if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.len()) {
            return Err(OperatorsError::Password);
        }
        let hashed = hash(password.as_bytes());
        self.change(|accounts| {
            let account = accounts.iter_mut().find(|account| is_it(account)).ok_or(OperatorsError::Link)?;
            (account.password, account.link) = (Some(hashed), None);
            Ok(account.operator())
        })
    }

    /// Who has this name and password. Takes tens of milliseconds and 19 MiB on purpose (Argon2id, RFC 9106), whether or
    /// not there is such a name: call it where that holds nobody up.
    pub fn check(&self, name: &str, password: &Secret<String>) -> Option<Operator> {
        let account = self.lock().iter().find(|account| account.name == name).cloned();
        let hashed = account.as_ref().and_then(|account| account.password.as_ref());
        let password = Some(password.reveal()).filter(|password| password.len() <= LONGEST_PASSWORD)?;
        let right = Argon2::default().verify_password(password.as_bytes(), hashed.unwrap_or(&NOBODYS).as_str()).is_ok();
        account.filter(|account| right && account.password.is_some()).map(|account| account.operator())
    }

    /// Removes an account.
    ///
    /// # Errors
    /// No such account, the last admin, a disk that refuses.
    pub fn remove(&self, name: &str) -> Result<(), OperatorsError> {
        self.change(|accounts| {
            keep_an_admin(accounts, name)?;
            let before = accounts.len();
            accounts.retain(|account| account.name != name);
            if accounts.len() == before { Err(OperatorsError::Nobody(name.to_owned())) } else { Ok(()) }
        })
    }

    /// Every account, in the order in which they were made.
    pub fn list(&self) -> Vec<Listed> {
        let listed = |a: &Account| Listed { operator: a.operator(), link_until: a.link.as_ref().map(|link| link.until) };
        self.lock().iter().map(listed).collect()
    }

    /// Changes the accounts on the disk, and only then here.
    fn change<T>(&self, change: impl FnOnce(&mut Vec<Account>) -> Result<T, OperatorsError>) -> Result<T, OperatorsError> {
        let mut accounts = self.lock();
        let mut changed = accounts.clone();
        let result = change(&mut changed)?;
        let written = files::write(&self.path, &sealed(&self.key, &changed));
        written.map_err(|source| OperatorsError::File { path: self.path.clone(), source })?;
        *accounts = changed;
        Ok(result)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    fn operator(&self) -> Operator {
        Operator { name: self.name.clone(), role: self.role }
    }
}

/// Whether another admin than this one has a password, or this one is none.
fn keep_an_admin(accounts: &[Account], name: &str) -> Result<(), OperatorsError> {
    let admin = |account: &&Account| account.role == Role::Admin && account.password.is_some();
    let mut admins = accounts.iter().filter(admin);
    match (admins.next(), admins.next()) {
        (Some(only), None) if only.name == name => Err(OperatorsError::LastAdmin(name.to_owned())),
        _ => Ok(()),
    }
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn fingerprint(token: &str) -> String {
    hex::encode(&Sha256::digest(token))
}

fn hash(password: &[u8]) -> String {
    let hashed = Argon2::default().hash_password_with_salt(password, &random::<SALT>());
    hashed.expect("the default parameters take this salt and any password").to_string()
}

fn sealed(key: &Key, accounts: &[Account]) -> Vec<u8> {
    let salt = random::<SALT>();
    let plain = serde_json::to_vec(accounts).expect("text keys and plain values");
    [&salt[..], &Cipher::derive(key, &salt, &[OPERATORS.as_bytes()]).seal(FILE_NAME.as_bytes(), &plain)].concat()
}

fn unsealed(key: &Key, bytes: &[u8]) -> Option<Vec<Account>> {
    let (salt, sealed) = bytes.split_at_checked(SALT)?;
    let plain = Cipher::derive(key, salt, &[OPERATORS.as_bytes()]).open(FILE_NAME.as_bytes(), sealed)?;
    serde_json::from_slice(&plain).ok()
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::store::PrivacyConfig;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
    }

    fn password(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    fn open(data: &tempfile::TempDir) -> Operators {
        Operators::open(&Arc::new(Vault::open(data.path(), &PrivacyConfig::default()).expect("keys"))).expect("accounts")
    }

    #[test]
    fn the_first_link_makes_an_admin_once_and_in_time() {
        let data = tempfile::tempdir().expect("a folder");
        let operators = open(&data);
        let old = operators.first_admin(at(24)).expect("written").expect("nobody is there");
        let link = open(&data).first_admin(at(24)).expect("written").expect("still nobody");
        let operators = open(&data);
        let good = password("a good long password");
        assert!(matches!(operators.redeem(old.reveal(), &good, at(1)), Err(OperatorsError::Link)), "replaced");
        assert!(matches!(operators.redeem(link.reveal(), &good, at(24)), Err(OperatorsError::Link)), "too old");
        assert!(matches!(operators.redeem(link.reveal(), &password("short"), at(1)), Err(OperatorsError::Password)));
        let admin = operators.redeem(link.reveal(), &good, at(1)).expect("good");
        assert_eq!((admin.name.as_str(), admin.role), ("admin", Role::Admin));
        assert!(matches!(operators.redeem(link.reveal(), &good, at(1)), Err(OperatorsError::Link)), "used");
        let operators = open(&data);
        assert_eq!(operators.check("admin", &good), Some(admin));
        assert_eq!(operators.check("admin", &password("a good long passwore")), None);
        assert_eq!(operators.check("nobody", &password("nobody has this password")), None);
        assert!(operators.first_admin(at(24)).expect("read").is_none());
    }

    #[test]
    fn the_last_admin_stays_an_admin_and_others_come_and_go() {
        let data = tempfile::tempdir().expect("a folder");
        let operators = open(&data);
        let link = operators.first_admin(at(1)).expect("written").expect("nobody is there");
        operators.redeem(link.reveal(), &password("a good long password"), at(0)).expect("good");
        let less = Operator { name: "admin".to_owned(), role: Role::Operator };
        assert!(matches!(operators.invite(&less, at(1)), Err(OperatorsError::LastAdmin(_))));
        assert!(matches!(operators.remove("admin"), Err(OperatorsError::LastAdmin(_))));
        let lin = Operator { name: "lin.wei".to_owned(), role: Role::Supervisor };
        operators.invite(&lin, at(1)).expect("made");
        assert_eq!(operators.check("lin.wei", &password("nobody has this password")), None, "no password yet");
        assert_eq!(operators.list()[1], Listed { operator: lin, link_until: Some(at(1)) });
        operators.remove("lin.wei").expect("there");
        assert!(matches!(operators.remove("lin.wei"), Err(OperatorsError::Nobody(_))));
        let rude = Operator { name: "<b>".to_owned(), role: Role::Operator };
        assert!(matches!(operators.invite(&rude, at(1)), Err(OperatorsError::Name(_))));
    }

    #[test]
    fn the_file_tells_nothing_and_an_altered_one_is_not_taken() {
        let data = tempfile::tempdir().expect("a folder");
        open(&data).first_admin(at(1)).expect("written");
        let path = data.path().join(FILE_NAME);
        let mut bytes = fs::read(&path).expect("there");
        assert!(!bytes.windows(5).any(|five| five == b"admin"));
        bytes[SALT + 20] ^= 1;
        fs::write(&path, bytes).expect("written");
        let vault = Arc::new(Vault::open(data.path(), &PrivacyConfig::default()).expect("keys"));
        assert!(matches!(Operators::open(&vault), Err(OperatorsError::Altered(_))));
    }
}
