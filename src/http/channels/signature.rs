//! What proves that a webhook comes from its platform, compared in constant time.
//! Never tells where two signatures differ, nor how long the right one is.

use ring::hmac;

use crate::store::hex;

/// Whether `given` is `expected`. The tags of both are compared, so that time depends on neither.
pub(super) fn same(expected: &str, given: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"compare");
    hmac::verify(&key, given.as_bytes(), hmac::sign(&key, expected.as_bytes()).as_ref()).is_ok()
}

/// `sha256=` and the HMAC-SHA-256 of the body in lower-case hexadecimal: the header `X-Hub-Signature-256` of Meta's webhooks.
pub(super) fn hub(secret: &str, body: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body);
    format!("sha256={}", hex::encode(tag.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hub_signature_is_the_hmac_of_rfc_4231() {
        // Test case 2 of RFC 4231.
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hub("Jefe", b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn only_the_same_text_is_the_same() {
        assert!(same("secret", "secret"));
        for wrong in ["", "secre", "secrets", "Secret"] {
            assert!(!same("secret", wrong), "{wrong}");
        }
    }
}
