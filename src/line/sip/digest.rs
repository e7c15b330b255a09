//! Digest authentication of callers (RFC 7616, RFC 8760): challenges and their answers, MD5 and SHA-256.
//! Never tells an unknown user from a wrong password, in what it says or in the work it does.

use std::collections::BTreeMap;

use md5::Md5;
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::privacy::Secret;

/// How long a nonce is good for.
const NONCE_S: u64 = 60;

/// A password in the configuration. Compares in constant time and prints nothing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "String")]
pub struct Password(Secret<String>);

impl From<String> for Password {
    fn from(text: String) -> Self {
        Self(Secret::new(text))
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        same(self.0.reveal().as_bytes(), other.0.reveal().as_bytes())
    }
}

impl Password {
    /// The password, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        self.0.reveal()
    }
}

/// What an attempt to authenticate comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A user of ours.
    Known,
    /// Nobody tried yet, or the answer is to a nonce that is too old: challenge (again).
    Challenge {
        /// The answer was right but for the age of its nonce.
        stale: bool,
    },
}

/// Challenges callers and checks their answers. Keeps nothing: a nonce carries its own age, signed, and is good for
/// one Call-ID only, so that an overheard answer opens no other call.
pub struct Authenticator {
    realm: String,
    users: BTreeMap<String, Password>,
    key: Secret<[u8; 32]>,
}

/// The request that is to be let in.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its Call-ID.
    pub call_id: &'a str,
    /// The value of its Authorization header.
    pub authorization: Option<&'a str>,
}

impl Authenticator {
    /// An authenticator for these users; `key` is random and signs the nonces.
    pub const fn new(realm: String, users: BTreeMap<String, Password>, key: Secret<[u8; 32]>) -> Self {
        Self { realm, users, key }
    }

    /// Checks a request at `now_s` seconds of any clock that only goes forward. Without users everybody is let in.
    pub fn check(&self, now_s: u64, attempt: Attempt<'_>) -> Verdict {
        if self.users.is_empty() {
            return Verdict::Known;
        }
        let Some(answer) = attempt.authorization.and_then(parameters) else { return Verdict::Challenge { stale: false } };
        let field = |name: &str| answer.get(name).map_or("", String::as_str);
        let age = self.nonce_age(field("nonce"), now_s, attempt.call_id);
        let password = self.users.get(field("username"));
        let expected = self.expected(&answer, attempt.method, password.map_or("", Password::reveal));
        let right = same(expected.as_bytes(), field("response").to_ascii_lowercase().as_bytes());
        match age {
            Some(age) if right && password.is_some() && field("realm") == self.realm => {
                if age <= NONCE_S {
                    Verdict::Known
                } else {
                    Verdict::Challenge { stale: true }
                }
            }
            Some(_) | None => Verdict::Challenge { stale: false },
        }
    }

    /// Values of the WWW-Authenticate headers. MD5 comes first: telephones take the first they know (RFC 8760 section
    /// 2.4), and many stumble over a first one that they do not.
    pub fn challenges(&self, now_s: u64, call_id: &str, stale: bool) -> [String; 2] {
        let nonce = self.nonce(now_s, call_id);
        let stale = if stale { ", stale=true" } else { "" };
        ["MD5", "SHA-256"].map(|algorithm| {
            format!("Digest realm=\"{}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"{stale}", self.realm)
        })
    }

    fn nonce(&self, now_s: u64, call_id: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.key.reveal());
        hash.update(now_s.to_be_bytes());
        hash.update(call_id.as_bytes());
        hash.update(self.key.reveal());
        format!("{now_s:016x}{}", hex(&hash.finalize()[..16]))
    }

    fn nonce_age(&self, nonce: &str, now_s: u64, call_id: &str) -> Option<u64> {
        let made = u64::from_str_radix(nonce.get(..16)?, 16).ok()?;
        let ours = same(self.nonce(made, call_id).as_bytes(), nonce.as_bytes());
        ours.then(|| now_s.checked_sub(made)).flatten()
    }

    fn expected(&self, answer: &BTreeMap<String, String>, method: &str, password: &str) -> String {
        let field = |name: &str| answer.get(name).map_or("", String::as_str);
        let hash = if field("algorithm").eq_ignore_ascii_case("SHA-256") { sha256 } else { md5 };
        let user = hash(&format!("{}:{}:{password}", field("username"), self.realm));
        let request = hash(&format!("{method}:{}", field("uri")));
        let nonce = field("nonce");
        if field("qop").is_empty() {
            // RFC 2069 clients are still let in, as RFC 3261 section 22.4 asks.
            return hash(&format!("{user}:{nonce}:{request}"));
        }
        hash(&format!("{user}:{nonce}:{}:{}:{}:{request}", field("nc"), field("cnonce"), field("qop")))
    }
}

/// The parameters of a `Digest …` value, names in lower case; `None` for another scheme.
fn parameters(value: &str) -> Option<BTreeMap<String, String>> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let (mut quoted, mut parts, mut part) = (false, Vec::new(), String::new());
    for c in rest.chars() {
        quoted ^= c == '"';
        if c == ',' && !quoted { parts.push(std::mem::take(&mut part)) } else { part.push(c) }
    }
    parts.push(part);
    let pair = |part: &String| {
        let (name, value) = part.split_once('=')?;
        Some((name.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()))
    };
    Some(parts.iter().filter_map(pair).collect())
}

/// Compares without telling by its time where two texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (x, y)| difference | (x ^ y)) == 0
}

fn md5(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

fn sha256(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authenticator() -> Authenticator {
        let users = BTreeMap::from([("alice".to_owned(), Password::from("open sesame".to_owned()))]);
        Authenticator::new("hotline".to_owned(), users, Secret::new([7; 32]))
    }

    fn answer(challenge: &str, user: &str, password: &str) -> String {
        let hash = if challenge.contains("SHA-256") { sha256 } else { md5 };
        let fields = parameters(challenge).expect("our challenge");
        let nonce = &fields["nonce"];
        let ha1 = hash(&format!("{user}:hotline:{password}"));
        let ha2 = hash("INVITE:sip:bot@127.0.0.1");
        let response = hash(&format!("{ha1}:{nonce}:00000001:abc,d:auth:{ha2}"));
        format!(
            "Digest username=\"{user}\",realm=\"hotline\",nonce=\"{nonce}\",uri=\"sip:bot@127.0.0.1\",response=\"{response}\",\
             algorithm={},cnonce=\"abc,d\",nc=00000001,qop=auth",
            fields["algorithm"]
        )
    }

    fn check(now_s: u64, call_id: &str, authorization: Option<&str>) -> Verdict {
        authenticator().check(now_s, Attempt { method: "INVITE", call_id, authorization })
    }

    #[test]
    fn the_published_example_of_rfc_7616_is_reproduced() {
        let fields = parameters(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=SHA-256, \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth",
        )
        .expect("digest");
        let realm = Authenticator::new("http-auth@example.org".to_owned(), BTreeMap::new(), Secret::new([0; 32]));
        assert_eq!(
            realm.expected(&fields, "GET", "Circle of Life"),
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn both_algorithms_open_the_door_once_the_password_is_right() {
        for challenge in authenticator().challenges(1_000, "call", false) {
            assert_eq!(check(1_010, "call", Some(&answer(&challenge, "alice", "open sesame"))), Verdict::Known);
            for (user, password) in [("alice", "wrong"), ("mallory", ""), ("mallory", "open sesame")] {
                assert_eq!(check(1_010, "call", Some(&answer(&challenge, user, password))), Verdict::Challenge { stale: false });
            }
        }
    }

    #[test]
    fn an_old_nonce_is_stale_and_one_of_another_call_worthless() {
        let [challenge, _] = authenticator().challenges(1_000, "call", false);
        let answer = answer(&challenge, "alice", "open sesame");
        assert_eq!(check(2_000, "call", Some(&answer)), Verdict::Challenge { stale: true });
        assert_eq!(check(1_010, "other", Some(&answer)), Verdict::Challenge { stale: false });
        assert_eq!(check(1_010, "call", None), Verdict::Challenge { stale: false });
        assert_eq!(check(1_010, "call", Some("Basic YWxpY2U6")), Verdict::Challenge { stale: false });
    }
}
