//! Digests of weight files: what a publisher announced, and what was computed from the bytes.
//! Never made up: a file without a published digest says so.

use std::fmt;

use md5::Md5;
use serde::Deserialize;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

/// The functions publishers use. The old ones guard against damage, not against a forger who owns the publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// MD5 (RFC 1321): what the piper voices are published with.
    Md5,
    /// SHA-1 (FIPS 180-4): what whisper.cpp publishes.
    Sha1,
    /// SHA-256 (FIPS 180-4): what package indexes publish, and what we pin with.
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Md5, Self::Sha1, Self::Sha256];

    /// Name as manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    const fn hex_digits(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha1 => 40,
            Self::Sha256 => 64,
        }
    }
}

/// A digest as lower-case hexadecimal, with its algorithm: `sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// The algorithm this digest was made with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let form = || format!("`{text}` is no digest: expected md5:, sha1: or sha256: and lower-case hexadecimal digits");
        let (name, hex) = text.split_once(':').ok_or_else(form)?;
        let algorithm = Algorithm::ALL.into_iter().find(|a| a.name() == name).ok_or_else(form)?;
        let is_hex = hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if is_hex && hex.len() == algorithm.hex_digits() { Ok(Self { algorithm, hex: hex.to_owned() }) } else { Err(form()) }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.hex)
    }
}

/// What a manifest knows about a file's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Published {
    /// The publisher announced this digest.
    Known(Digest),
    /// Nobody announced one: trusted on first use only, then pinned.
    Unknown,
}

impl TryFrom<String> for Published {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "unknown" { Ok(Self::Unknown) } else { Digest::try_from(text).map(Self::Known) }
    }
}

/// A digest in the making.
#[derive(Debug, Clone)]
pub enum Hasher {
    /// MD5 so far.
    Md5(Md5),
    /// SHA-1 so far.
    Sha1(Sha1),
    /// SHA-256 so far.
    Sha256(Sha256),
}

impl Hasher {
    /// An empty one.
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Md5 => Self::Md5(Md5::new()),
            Algorithm::Sha1 => Self::Sha1(Sha1::new()),
            Algorithm::Sha256 => Self::Sha256(Sha256::new()),
        }
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Md5(h) => h.update(bytes),
            Self::Sha1(h) => h.update(bytes),
            Self::Sha256(h) => h.update(bytes),
        }
    }

    /// The digest of everything added.
    pub fn finish(self) -> Digest {
        match self {
            Self::Md5(h) => Digest { algorithm: Algorithm::Md5, hex: hex(&h.finalize()) },
            Self::Sha1(h) => Digest { algorithm: Algorithm::Sha1, hex: hex(&h.finalize()) },
            Self::Sha256(h) => Digest { algorithm: Algorithm::Sha256, hex: hex(&h.finalize()) },
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(algorithm: Algorithm, text: &str) -> String {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(text.as_bytes());
        hasher.finish().to_string()
    }

    #[test]
    fn digests_match_the_standards_vectors() {
        assert_eq!(of(Algorithm::Md5, "abc"), "md5:900150983cd24fb0d6963f7d28e17f72", "RFC 1321 appendix A.5");
        assert_eq!(of(Algorithm::Sha1, "abc"), "sha1:a9993e364706816aba3e25717850c26c9cd0d89d", "FIPS 180");
        let sha256 = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(Algorithm::Sha256, "abc"), sha256, "FIPS 180");
    }

    #[test]
    fn a_digest_of_the_wrong_length_or_alphabet_is_refused() {
        for bad in ["", "md5", "md5:", "sha1:900150983cd24fb0d6963f7d28e17f72", "md5:900150983CD24FB0D6963F7D28E17F72", "crc:00"]
        {
            assert!(Digest::try_from(bad.to_owned()).is_err(), "{bad}");
        }
        assert_eq!(Published::try_from("unknown".to_owned()), Ok(Published::Unknown));
    }
}
