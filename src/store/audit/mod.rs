//! The audit log: append-only, hash-chained, signed; who did what with whose data, by pseudonym.
//! Never rewrites an entry: old months are deleted whole, and the log says so.
//!
//! ```text
//! DATA/audit/2026-11.jsonl   a month's entries, a JSON object a line (`chain` says how a line is signed)
//! DATA/audit/head            the last entry's number and hash, signed: entries cannot be cut off at the end unseen
//! DATA/audit/public.key      verifies both; its private half lies wrapped in `DATA/keys/audit.key`
//! ```
//!
//! Whoever can take away log and head together can put both back to an earlier state; `hotline audit verify` prints the head,
//! and given one that was noted elsewhere (`--holds`) finds that too.

mod chain;
mod event;
mod queue;
#[cfg(test)]
mod tests;
mod verify;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDate, Utc};
use ring::signature::{Ed25519KeyPair, KeyPair};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::hex;
use super::keys::{AUDIT, KeyError, Vault, files};

pub use chain::Link;
pub use event::{AuditEvent, IdentityOutcome};
pub use queue::{AuditWriter, Auditor, auditor};
pub use verify::{Fault, Verified, public_key, verify};

const FOLDER: &str = "audit";
const HEAD: &str = "head";
const PUBLIC: &str = "public.key";
/// No line is longer; the last one is looked for in so many bytes.
const LONGEST_LINE: u64 = 256 * 1024;

/// What is wrong with the audit log.
#[derive(Debug, Error)]
pub enum AuditError {
    /// A file refuses.
    #[error("{}: cannot be read or written ({source}); check its owner, its permissions and the room on its disk", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The signing key.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// There is none.
    #[error("no audit log in {}; the line makes it at its first start", .0.display())]
    None(PathBuf),
    /// The public key is none.
    #[error("{}: not 64 hexadecimal digits; give the public key with --public-key", .0.display())]
    PublicKey(PathBuf),
    /// Somebody altered it.
    #[error("{0}")]
    Altered(Fault),
}

/// The log of one data folder, for those who write it.
pub struct AuditLog {
    folder: PathBuf,
    key: Ed25519KeyPair,
}

impl AuditLog {
    /// Opens the log of the vault's data folder; its key is made at first start.
    ///
    /// # Errors
    /// A key that cannot be had, a folder that cannot be written.
    pub fn open(vault: &Vault) -> Result<Self, AuditError> {
        let seed = vault.seed(AUDIT)?;
        let key = Ed25519KeyPair::from_seed_unchecked(seed.reveal()).expect("a seed is 32 bytes");
        let log = Self { folder: vault.data().join(FOLDER), key };
        let path = log.folder.join(PUBLIC);
        let public = hex::encode(log.key.public_key().as_ref()) + "\n";
        if fs::read_to_string(&path).map_or(true, |text| text != public) {
            files::write(&path, public.as_bytes()).map_err(refused(&path))?;
        }
        Ok(log)
    }

    /// Adds an entry, which lasts when this returns; its whole line, which its subject may be given as a receipt.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn append(&self, at: DateTime<Utc>, event: &AuditEvent) -> Result<String, AuditError> {
        let _held = self.hold()?;
        let last = self.last(at)?;
        self.add(last, at, event)
    }

    /// Notes that the line works with this version of its configuration or a pack, unless the log says so already.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn version(&self, at: DateTime<Utc>, of: &str, sha256: String) -> Result<(), AuditError> {
        let event = AuditEvent::Version { of: of.to_owned(), sha256 };
        let text = serde_json::to_string(&event).expect("text keys and plain values");
        let same = text.trim_matches(['{', '}']).to_owned();
        let about = same.split(",\"sha256\"").next().unwrap_or_default();
        for path in segments(&self.folder)?.into_iter().rev() {
            let text = fs::read_to_string(&path).map_err(refused(&path))?;
            if let Some(line) = text.lines().rev().find(|line| line.contains(about)) {
                return if line.contains(&same) { Ok(()) } else { self.append(at, &event).map(drop) };
            }
        }
        self.append(at, &event).map(drop)
    }

    /// The lines in which this text stands, such as a pseudonym.
    pub(super) fn lines_with(&self, text: &str) -> Result<Vec<String>, AuditError> {
        let mut lines = Vec::new();
        for path in segments(&self.folder)? {
            let all = fs::read_to_string(&path).map_err(refused(&path))?;
            lines.extend(all.lines().filter(|line| line.contains(text)).map(str::to_owned));
        }
        Ok(lines)
    }

    /// Deletes whole months that ended before this day, and says so in the log; how many.
    pub(super) fn remove_before(&self, day: NaiveDate, at: DateTime<Utc>) -> Result<usize, AuditError> {
        let held = self.hold()?;
        let mut old = segments(&self.folder)?;
        old.retain(|path| month_end(path).is_some_and(|end| end <= day));
        let Some(newest) = old.last() else { return Ok(0) };
        let through = last_link(newest)?.map_or(Link::GENESIS, |(link, _)| link);
        drop(held);
        self.append(at, &AuditEvent::AuditRemoved { through: through.seq, hash: through.hash_text() })?;
        for path in &old {
            fs::remove_file(path).map_err(refused(path))?;
        }
        Ok(old.len())
    }

    /// The entry that the next one follows. What a crash left half-written is cut off; what was taken away leaves a gap.
    fn last(&self, at: DateTime<Utc>) -> Result<Link, AuditError> {
        let newest = segments(&self.folder)?.pop();
        let last = newest.as_deref().map_or(Ok(None), last_link)?;
        if let (Some(path), Some((_, length))) = (&newest, last) {
            let cut = File::options().write(true).open(path).and_then(|file| file.set_len(length));
            cut.map_err(refused(path))?;
        }
        let last = last.map_or(Link::GENESIS, |(link, _)| link);
        let public = self.key.public_key().as_ref().try_into().expect("an Ed25519 key is 32 bytes");
        let head = fs::read_to_string(self.folder.join(HEAD)).ok();
        match head.and_then(|head| chain::signed_head(&head, &public)) {
            Some(head) if head.seq > last.seq => Ok(head),
            Some(_) => Ok(last),
            None if last == Link::GENESIS => Ok(last),
            None => {
                let line = self.add(last, at, &AuditEvent::HeadMissing)?;
                Ok(Link::of(last.seq + 1, &line))
            }
        }
    }

    fn add(&self, last: Link, at: DateTime<Utc>, event: &AuditEvent) -> Result<String, AuditError> {
        let line = chain::line(last, at, event, &self.key);
        let path = self.folder.join(at.format("%Y-%m.jsonl").to_string());
        // Months never go back, whatever the clock does.
        let path = segments(&self.folder)?.pop().filter(|newest| *newest > path).unwrap_or(path);
        append_line(&path, &line).map_err(refused(&path))?;
        let head = self.folder.join(HEAD);
        files::write(&head, chain::head(Link::of(last.seq + 1, &line), &self.key).as_bytes()).map_err(refused(&head))?;
        Ok(line)
    }

    fn hold(&self) -> Result<File, AuditError> {
        let path = self.folder.join("lock");
        files::lock(&path).map_err(refused(&path))
    }
}

/// A hash over the content of a file, or over all files below a folder with their names in it: the same wherever the folder lies.
///
/// # Errors
/// A file that cannot be read.
pub fn digest(of: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut waiting = vec![of.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let mut inside = fs::read_dir(&path)?.map(|entry| entry.map(|e| e.path())).collect::<io::Result<Vec<_>>>()?;
            inside.sort_unstable_by(|a, b| b.cmp(a));
            waiting.extend(inside);
        } else {
            let bytes = fs::read(&path)?;
            hash.update(path.strip_prefix(of).unwrap_or(&path).as_os_str().as_encoded_bytes());
            hash.update([0]);
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        }
    }
    Ok(hex::encode(&hash.finalize()))
}

/// A hash over a text.
pub fn text_digest(text: &str) -> String {
    hex::encode(&Sha256::digest(text))
}

fn append_line(path: &Path, line: &str) -> io::Result<()> {
    let mut file = files::private().append(true).open(path)?;
    let length = file.metadata()?.len();
    let written = file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all());
    written.inspect_err(|_| {
        // Where cutting fails too, the next entry's writer does it.
        let _half_a_line = file.set_len(length);
    })
}

/// The months there are, the oldest first.
fn segments(folder: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(refused(folder)(error)),
    };
    let mut months: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| month_end(path).is_some()).collect();
    months.sort_unstable();
    Ok(months)
}

/// The first day after a segment's month; `None` for another file.
fn month_end(path: &Path) -> Option<NaiveDate> {
    let name = path.file_name()?.to_str()?.strip_suffix(".jsonl")?;
    NaiveDate::parse_from_str(&format!("{name}-01"), "%Y-%m-%d").ok()?.checked_add_months(chrono::Months::new(1))
}

/// A segment's last whole entry, and the length of the segment up to its end.
fn last_link(path: &Path) -> Result<Option<(Link, u64)>, AuditError> {
    let read = || -> io::Result<(u64, String)> {
        let mut file = File::open(path)?;
        let from = file.metadata()?.len().saturating_sub(LONGEST_LINE);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok((from, String::from_utf8_lossy(&bytes).into_owned()))
    };
    let (from, text) = read().map_err(refused(path))?;
    let Some((whole, _half)) = text.rsplit_once('\n') else { return Ok(None) };
    let line = whole.rsplit('\n').next().unwrap_or_default();
    let seq = chain::entry(line).map_or(0, |entry| entry.seq);
    Ok(Some((Link::of(seq, line), from + whole.len() as u64 + 1)))
}

fn refused(path: &Path) -> impl FnOnce(io::Error) -> AuditError {
    move |source| AuditError::File { path: path.to_owned(), source }
}
