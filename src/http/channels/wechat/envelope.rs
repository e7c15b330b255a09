//! WeChat's signatures, and the sealed envelope of its safe mode: AES-256-CBC under the account's `EncodingAESKey`.
//! Never opens what is not signed, and never takes an envelope that was sealed for another account.

use aes::Aes256;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockDecryptMut as _, BlockEncryptMut as _, KeyIvInit as _};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ring::rand::{SecureRandom as _, SystemRandom};
use sha1::{Digest as _, Sha1};

use crate::privacy::Secret;
use crate::store::hex;

/// The 43 characters of a key are 258 bits, of which the last two say nothing.
const KEY_TEXT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);
/// Padding goes to a multiple of this, not of the cipher's own block.
const BLOCK: usize = 32;
/// Octets of chance before the length.
const SALT: usize = 16;
/// Octets that tell the length of the message.
const LENGTH: usize = 4;

/// What these texts are signed with: SHA-1 over all of them in order of their octets, in lower-case hexadecimal.
pub(super) fn signature<const N: usize>(mut texts: [&str; N]) -> String {
    texts.sort_unstable();
    hex::encode(&Sha1::digest(texts.concat()))
}

/// The key of safe mode.
#[derive(Debug, Clone)]
pub(super) struct Envelope {
    key: Secret<[u8; 32]>,
    app_id: String,
}

impl Envelope {
    /// The account's key as its settings page shows it; `None` if it is none.
    pub(super) fn new(key: &str, app_id: &str) -> Option<Self> {
        let key = KEY_TEXT.decode(key).ok()?.try_into().ok()?;
        Some(Self { key: Secret::new(key), app_id: app_id.to_owned() })
    }

    /// The message in an envelope; `None` if it was sealed by another key, for another account, or damaged.
    pub(super) fn open(&self, sealed: &str) -> Option<String> {
        let mut bytes = KEY_TEXT.decode(sealed).ok()?;
        let cipher = cbc::Decryptor::<Aes256>::new(self.key.reveal().into(), self.first_block().into());
        let plain = cipher.decrypt_padded_mut::<NoPadding>(&mut bytes).ok()?;
        let padding = usize::from(*plain.last()?);
        let whole = (1..=BLOCK).contains(&padding).then(|| plain.get(..plain.len().checked_sub(padding)?)).flatten()?;
        let (length, rest) = whole.get(SALT..)?.split_first_chunk::<LENGTH>()?;
        let (message, to) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        (to == self.app_id.as_bytes()).then(|| String::from_utf8(message.to_vec()).ok()).flatten()
    }

    /// The message sealed.
    pub(super) fn seal(&self, message: &str) -> String {
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).expect("the system has randomness");
        self.seal_with(&salt, message)
    }

    fn seal_with(&self, salt: &[u8; SALT], message: &str) -> String {
        let length = u32::try_from(message.len()).expect("a reply is short").to_be_bytes();
        let mut bytes = [salt.as_slice(), &length, message.as_bytes(), self.app_id.as_bytes()].concat();
        let padding = BLOCK - bytes.len() % BLOCK;
        bytes.resize(bytes.len() + padding, padding as u8);
        let cipher = cbc::Encryptor::<Aes256>::new(self.key.reveal().into(), self.first_block().into());
        KEY_TEXT.encode(cipher.encrypt_padded_vec_mut::<NoPadding>(&bytes))
    }

    /// What the first block is mixed with: the first half of the key, as documented.
    fn first_block(&self) -> &[u8; 16] {
        self.key.reveal().first_chunk().expect("a key is longer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

    #[test]
    fn texts_are_signed_in_their_own_order() {
        // printf 'noncetimestamptoken' | sha1sum
        assert_eq!(signature(["token", "timestamp", "nonce"]), "6db4861c77e0633e0105672fcd41c9fc2766e26e");
        assert_eq!(signature(["nonce", "token", "timestamp"]), signature(["token", "timestamp", "nonce"]));
    }

    #[test]
    fn an_envelope_is_what_openssl_makes_of_the_documented_layout() {
        let envelope = Envelope::new(KEY, "wx5823bf96d3bd56c7").expect("a key");
        // openssl enc -aes-256-cbc -nopad over salt, length, message, account and padding.
        let sealed = "Q3stYC6hdFzMh9T8HCvyDORchGzARlxqyFUOtgi0n8GE6mb7DVFB+lRZW6kqbC1TMmFWmAV84XNPWEzrHVUvaw==";
        assert_eq!(envelope.seal_with(b"0123456789abcdef", "<xml>你好</xml>"), sealed);
        assert_eq!(envelope.open(sealed).as_deref(), Some("<xml>你好</xml>"));
        assert_ne!(envelope.seal("a"), envelope.seal("a"));
    }

    #[test]
    fn what_is_damaged_or_anothers_stays_shut() {
        let envelope = |key: &str, app: &str| Envelope::new(key, app).expect("a key");
        let sealed = envelope(KEY, "wx1").seal("hello");
        assert_eq!(envelope(KEY, "wx1").open(&sealed).as_deref(), Some("hello"));
        assert_eq!(envelope(KEY, "wx2").open(&sealed), None);
        assert_eq!(envelope(&KEY.replace('a', "b"), "wx1").open(&sealed), None);
        for wrong in ["", "AAAA", "no base64!", sealed.split_at(20).0] {
            assert_eq!(envelope(KEY, "wx1").open(wrong), None, "{wrong}");
        }
        assert!(Envelope::new("short", "wx1").is_none() && Envelope::new(&format!("{KEY}AAAA"), "wx1").is_none());
    }
}
