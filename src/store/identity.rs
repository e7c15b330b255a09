//! Who a caller is to the store: a pseudonym (GDPR Art. 4(5)), made of the normalised number or address by a keyed hash.
//! Never proves anything: a caller's address can be forged, so that it groups what is kept and opens nothing.

use std::fmt;
use std::str::FromStr;

use ring::hmac;

use super::hex;

/// Fewer digits are an extension, which is somebody only together with its host.
const SHORTEST_NUMBER: usize = 7;
/// What stands in place of a number that is withheld (RFC 3323 section 4.1, and what networks send).
const NOBODY: [&str; 8] = ["", "anonymous", "unknown", "unavailable", "restricted", "private", "withheld", "anonymous.invalid"];

/// A caller, or an account, without anything that says who it is: 128 bits of HMAC-SHA256 under a key of this store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pseudonym([u8; 16]);

impl Pseudonym {
    /// The pseudonym of `name` among names of this `kind`.
    pub(super) fn of(key: &hmac::Key, kind: &str, name: &str) -> Self {
        let mut hash = hmac::Context::with_key(key);
        hash.update(kind.as_bytes());
        hash.update(&[0]);
        hash.update(name.as_bytes());
        let (first, _) = hash.sign().as_ref().split_first_chunk().map(|(first, rest)| (*first, rest.len())).expect("32 bytes");
        Self(first)
    }

    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for Pseudonym {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl FromStr for Pseudonym {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        hex::decode_exactly(text).map(Self).ok_or(())
    }
}

/// One spelling of a telephone number or address, whichever way a network writes it; `None` for a caller without one.
///
/// A number of seven digits and more is the same on every host; with a `country_code`, national and international
/// writing are the same. `sip:1001@pbx` keeps its host. A microphone or a wav is nobody.
pub(super) fn normalised(address: &str, country_code: &str) -> Option<String> {
    let address = address.rsplit('<').next().unwrap_or_default();
    let bare = address.split(['>', ';', '?']).next().unwrap_or_default().trim();
    let bare = ["sips:", "sip:", "tel:"].iter().find_map(|scheme| bare.strip_prefix(scheme)).unwrap_or(bare);
    let bare = bare.to_lowercase().replace("%2b", "+");
    let (user, host) = bare.split_once('@').unwrap_or((&bare, ""));
    let host = host.split(':').next().unwrap_or_default();
    if NOBODY.contains(&user) || !host.is_empty() && NOBODY.contains(&host) {
        return None;
    }
    let known = bare.contains(['@', ':']).then(|| if host.is_empty() { bare.clone() } else { format!("{user}@{host}") });
    number(user, country_code).or(known)
}

fn number(text: &str, country_code: &str) -> Option<String> {
    let plain: String = text.chars().filter(|c| !" -.()/".contains(*c)).collect();
    let (abroad, digits) = match plain.strip_prefix('+').or_else(|| plain.strip_prefix("00")) {
        Some(digits) => (true, digits),
        None => (false, plain.as_str()),
    };
    let is_number = digits.len() >= SHORTEST_NUMBER && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| match (abroad, country_code.trim_start_matches('+')) {
        (true, _) => format!("+{digits}"),
        (false, "") => digits.to_owned(),
        (false, code) => format!("+{code}{}", digits.strip_prefix('0').unwrap_or(digits)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_writing_of_a_number_is_one_caller() {
        let same = [
            "sip:+8613800138000@gw.example.com;user=phone",
            "\"Zhang\" <sip:+8613800138000@10.0.0.1:5060>;tag=7",
            "tel:+86-138-0013-8000",
            "sip:%2B8613800138000@host",
            "008613800138000",
            "138 0013 8000",
            "+86 (138) 0013.8000",
        ];
        for address in same {
            assert_eq!(normalised(address, "86").as_deref(), Some("+8613800138000"), "{address}");
        }
        assert_eq!(normalised("sip:02079460958@x", "+44").as_deref(), Some("+442079460958"));
        assert_eq!(normalised("sip:02079460958@x", "").as_deref(), Some("02079460958"), "as it stands, without a country");
    }

    #[test]
    fn an_extension_or_a_name_keeps_its_host() {
        assert_eq!(normalised("sip:1001@PBX.example.com:5060", "86").as_deref(), Some("1001@pbx.example.com"));
        assert_eq!(normalised("sip:Alice@example.com;tag=1", "").as_deref(), Some("alice@example.com"));
        assert_eq!(normalised("telegram:5550", "").as_deref(), Some("telegram:5550"));
    }

    #[test]
    fn nobody_is_nobody() {
        let nobody = ["", "wav", "microphone", "1001", "sip:anonymous@anonymous.invalid", "\"Anonymous\" <sip:unknown@10.0.0.1>"];
        assert!(nobody.iter().all(|address| normalised(address, "86").is_none()));
    }

    #[test]
    fn a_pseudonym_says_nothing_without_the_key() {
        let key = |byte| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let of = |byte, kind| Pseudonym::of(&key(byte), kind, "+8613800138000");
        assert_eq!(of(1, "caller"), of(1, "caller"));
        assert!(of(1, "caller") != of(2, "caller") && of(1, "caller") != of(1, "account"));
        assert_eq!(of(1, "caller").to_string().parse(), Ok(of(1, "caller")));
    }
}
