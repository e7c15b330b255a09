//! One key's authenticated encryption: AES-256-GCM (NIST SP 800-38D) under a key derived by HKDF-SHA256 (RFC 5869).
//! Never reuses a nonce on purpose: each is 96 random bits, and no key seals more than one file, so 2^32 records are safe.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};

use super::hex;
use crate::privacy::Secret;

/// Bytes a sealed text is longer than the plain one: nonce and tag.
pub(super) const OVERHEAD: usize = NONCE_LEN + 16;

/// A key of 256 bits.
pub(super) type Key = Secret<[u8; 32]>;

/// Seals and opens under one derived key.
pub(super) struct Cipher(Box<LessSafeKey>);

impl Cipher {
    /// The key that `secret` gives for this purpose: `info` says what is sealed, `salt` which one of many.
    pub(super) fn derive(secret: &Key, salt: &[u8], info: &[&[u8]]) -> Self {
        let material = Salt::new(HKDF_SHA256, salt).extract(secret.reveal());
        let key = material.expand(info, &AES_256_GCM).expect("a key of one block is within RFC 5869's limit");
        Self(Box::new(LessSafeKey::new(UnboundKey::from(key))))
    }

    /// Nonce, ciphertext and tag. `place` is authenticated and not stored: only who knows it can open.
    pub(super) fn seal(&self, place: &[u8], plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random();
        let mut sealed = Vec::with_capacity(plain.len() + OVERHEAD);
        sealed.extend(nonce);
        sealed.extend(plain);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(place), &mut sealed[NONCE_LEN..]);
        sealed.extend(tag.expect("a record is shorter than the 64 GiB of AES-GCM").as_ref());
        sealed
    }

    /// The plain text, or `None` if a bit of it, or the place, is another.
    pub(super) fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let length = self.0.open_in_place(nonce, Aad::from(place), &mut text).ok()?.len();
        text.truncate(length);
        Some(text)
    }
}

/// Bytes from the operating system's generator.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).expect("the operating system gives randomness once it has booted");
    bytes
}

/// A secret that nobody guesses: 256 random bits, in hex.
pub(crate) fn token() -> String {
    hex::encode(&random::<32>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_purpose_and_place_open() {
        let secret = Secret::new(random());
        let cipher = Cipher::derive(&secret, b"salt", &[b"file"]);
        let sealed = cipher.seal(b"1", b"text");
        assert_eq!(cipher.open(b"1", &sealed).as_deref(), Some(&b"text"[..]));
        assert_eq!(cipher.open(b"2", &sealed), None);
        let others = [(b"salt", b"else"), (b"tlas", b"file")];
        assert!(others.iter().all(|(salt, info)| Cipher::derive(&secret, *salt, &[*info]).open(b"1", &sealed).is_none()));
        assert!((0..sealed.len()).all(|cut| cipher.open(b"1", &sealed[..cut]).is_none()), "a shorter one");
        assert_ne!(sealed, cipher.seal(b"1", b"text"), "the same text twice looks different");
    }
}
