//! Reads the audit log from its first entry to its head and names the first thing that is not as it was written.
//! Never needs a secret: the public key is enough.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::chain::{self, Entry, Link};
use super::{AuditError, FOLDER, HEAD, PUBLIC, refused, segments};
use crate::store::hex;

/// A log that is as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Entries read.
    pub entries: u64,
    /// The last one.
    pub head: Link,
}

/// Where a log is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file in the audit folder, with the line where there is one: `2026-11.jsonl:3`.
    pub place: String,
    /// The entry's number.
    pub seq: u64,
    /// What is wrong.
    pub what: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: entry {}: {}", self.place, self.seq, self.what)
    }
}

/// The public key in a data folder.
///
/// # Errors
/// None there, or something else in its file.
pub fn public_key(data: &Path) -> Result<[u8; 32], AuditError> {
    let path = data.join(FOLDER).join(PUBLIC);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(AuditError::None(data.to_owned())),
        Err(error) => return Err(refused(&path)(error)),
    };
    hex::decode_exactly(text.trim()).ok_or(AuditError::PublicKey(path))
}

/// Verifies the log in a data folder, and that it still holds the entry of a head noted earlier.
///
/// # Errors
/// [`AuditError::Altered`] with the first fault; a file that cannot be read.
pub fn verify(data: &Path, public: &[u8; 32], noted: Option<Link>) -> Result<Verified, AuditError> {
    let folder = data.join(FOLDER);
    let mut reading = Reading { public, noted, last: None, entries: 0, began: None, removed: None };
    for path in segments(&folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path).map_err(refused(&path))?;
        for (n, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
            let told = std::str::from_utf8(line).ok().and_then(|line| line.strip_suffix('\n'));
            reading.line(told).map_err(|what| {
                let told = || told.and_then(chain::entry).map_or(1, |entry| entry.seq);
                let seq = reading.last.map_or_else(told, |last| last.seq + 1);
                AuditError::Altered(Fault { place: format!("{name}:{}", n + 1), seq, what })
            })?;
        }
    }
    let head = fs::read_to_string(folder.join(HEAD)).ok();
    reading.end(head.as_deref()).map_err(|(seq, what)| AuditError::Altered(Fault { place: HEAD.to_owned(), seq, what }))
}

struct Reading<'a> {
    public: &'a [u8; 32],
    /// An entry that must be met.
    noted: Option<Link>,
    last: Option<Link>,
    entries: u64,
    /// What the first entry follows.
    began: Option<Link>,
    /// The entry through which the log says it was deleted.
    removed: Option<Link>,
}

impl Reading<'_> {
    fn line(&mut self, line: Option<&str>) -> Result<(), &'static str> {
        let line = line.ok_or("cut off: the writer was stopped in the middle of it, or the end was removed")?;
        let Some(entry) = chain::signed_entry(line, self.public) else {
            return Err("altered: the signature is not this text's");
        };
        let Some(before) = entry.before() else { return Err("altered: it has no place in the chain") };
        match self.last {
            Some(last) if before.seq != last.seq => return Err("missing: another entry stands in its place"),
            Some(last) if before.hash != last.hash => return Err("it follows another entry than the one before it"),
            Some(_) => {}
            None => self.began = Some(before),
        }
        self.add(&entry, Link::of(entry.seq, line))
    }

    fn add(&mut self, entry: &Entry, link: Link) -> Result<(), &'static str> {
        if self.noted.is_some_and(|noted| noted.seq == link.seq && noted.hash != link.hash) {
            return Err("another entry than the one that was noted");
        }
        self.removed = entry.removed().or(self.removed);
        self.last = Some(link);
        self.entries += 1;
        Ok(())
    }

    fn end(&self, head: Option<&str>) -> Result<Verified, (u64, &'static str)> {
        let began = self.began.unwrap_or(Link::GENESIS);
        let last = self.last.unwrap_or(Link::GENESIS);
        let attested = |removed: Link| removed.seq > began.seq || removed == began;
        if began != Link::GENESIS && !self.removed.is_some_and(attested) {
            return Err((began.seq, "removed with all before it, and no entry says so"));
        }
        match head.map(|head| chain::signed_head(head, self.public)) {
            None if self.entries == 0 => {}
            None => return Err((last.seq, "the head is missing: entries behind this one may have been removed")),
            Some(None) => return Err((last.seq, "the head was altered: entries behind this one may have been removed")),
            Some(Some(head)) if head.seq > last.seq => return Err((last.seq + 1, "missing, with all behind it")),
            Some(Some(head)) if head.seq == last.seq && head.hash != last.hash => {
                return Err((last.seq, "another entry than the one the head names"));
            }
            Some(Some(_)) => {}
        }
        if let Some(noted) = self.noted.filter(|noted| noted.seq > last.seq) {
            return Err((noted.seq, "missing, though it was noted: the log was put back to an earlier state"));
        }
        Ok(Verified { entries: self.entries, head: last })
    }
}
