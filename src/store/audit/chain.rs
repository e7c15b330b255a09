//! One line of the audit log and its head: what is signed, what is hashed, how both are read back.
//! Never touches a file.
//!
//! A line is JSON: `{"seq":…,"at":…,"kind":…,…,"prev":"HASH","signature":"HEX"}`. The signature (Ed25519, RFC 8032) is over
//! the line up to the comma before `"signature"`; `prev` is the SHA-256 of the whole line before.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::hex;

use super::event::AuditEvent;

const SIGNATURE: &str = ",\"signature\":\"";

/// A place in the chain: the number of an entry and its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The entry's number, from 1; 0 before the first.
    pub seq: u64,
    /// SHA-256 of its line.
    pub hash: [u8; 32],
}

impl Link {
    /// Before the first entry.
    pub const GENESIS: Self = Self { seq: 0, hash: [0; 32] };

    pub(super) fn of(seq: u64, line: &str) -> Self {
        Self { seq, hash: Sha256::digest(line).into() }
    }

    pub(super) fn hash_text(&self) -> String {
        hex::encode(&self.hash)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, self.hash_text())
    }
}

impl std::str::FromStr for Link {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = text.split_once(':').and_then(|(seq, hash)| {
            let (seq, hash) = (seq.parse().ok()?, hex::decode_exactly(hash)?);
            Some(Self { seq, hash })
        });
        parsed.ok_or("a head is NUMBER:HASH, as `hotline audit verify` prints it")
    }
}

/// An entry as its line tells it.
#[derive(Debug, Deserialize)]
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) kind: String,
    prev: String,
    /// Of `audit_removed`.
    through: Option<u64>,
    /// Of `audit_removed`.
    hash: Option<String>,
}

impl Entry {
    /// The entry before it, by what it says itself.
    pub(super) fn before(&self) -> Option<Link> {
        Some(Link { seq: self.seq.checked_sub(1)?, hash: hex::decode_exactly(&self.prev)? })
    }

    /// The entry through which the log was deleted, if it tells of that.
    pub(super) fn removed(&self) -> Option<Link> {
        let hash = hex::decode_exactly(self.hash.as_deref()?)?;
        (self.kind == "audit_removed").then_some(Link { seq: self.through?, hash })
    }
}

/// The line for an event that follows `last`.
pub(super) fn line(last: Link, at: DateTime<Utc>, event: &AuditEvent, key: &Ed25519KeyPair) -> String {
    #[derive(Serialize)]
    struct Body<'a> {
        seq: u64,
        at: String,
        #[serde(flatten)]
        event: &'a AuditEvent,
        prev: String,
    }
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let body = Body { seq: last.seq + 1, at, event, prev: last.hash_text() };
    let mut line = serde_json::to_string(&body).expect("text keys and plain values");
    line.pop();
    let signature = hex::encode(key.sign(line.as_bytes()).as_ref());
    line + SIGNATURE + &signature + "\"}"
}

/// The entry in a line whose signature is right.
pub(super) fn signed_entry(line: &str, public: &[u8; 32]) -> Option<Entry> {
    let (signed, signature) = line.rsplit_once(SIGNATURE)?;
    let signature = hex::decode(signature.strip_suffix("\"}")?)?;
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &signature).ok()?;
    serde_json::from_str(line).ok()
}

/// The entry in a line, whoever wrote it.
pub(super) fn entry(line: &str) -> Option<Entry> {
    serde_json::from_str(line).ok()
}

/// The head's text: the last entry, signed, so that entries cannot be cut off at the end.
pub(super) fn head(last: Link, key: &Ed25519KeyPair) -> String {
    let text = head_text(last);
    format!("{text} {}\n", hex::encode(key.sign(text.as_bytes()).as_ref()))
}

/// The entry that a rightly signed head names.
pub(super) fn signed_head(text: &str, public: &[u8; 32]) -> Option<Link> {
    let (signed, signature) = text.trim_end().rsplit_once(' ')?;
    UnparsedPublicKey::new(&ED25519, public).verify(signed.as_bytes(), &hex::decode(signature)?).ok()?;
    let link = signed.rsplit(' ').next()?.parse().ok()?;
    (head_text(link) == signed).then_some(link)
}

fn head_text(last: Link) -> String {
    format!("hotline-audit-head 1 {last}")
}
