//! Who is calling: what was claimed, the check against the record, and the lock after failures.
//! Never tells a known account from an unknown one, and never lets a record or a secret out.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use ring::pbkdf2;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::privacy::Pii;

use super::tool::{Level, ToolCall};

/// As many failures in a row lock an account.
const MOST_FAILURES: u8 = 3;
/// How long it stays locked, in seconds.
const LOCKED_S: i64 = 15 * 60;
/// How alike a spoken name or word must be to the one on record, 0 to 1.
const ALIKE: f64 = 0.8;
/// Digits that a telephone makes alike, in English and in Chinese.
const CONFUSABLE: &[(char, char)] = &[('5', '9'), ('1', '7'), ('6', '9'), ('2', '8'), ('4', '5')];
/// Stands in for the hash of an account that does not exist, so that checking it takes as long.
const NOBODY: &str =
    "pbkdf2-sha256$100000$00000000000000000000000000000000$0000000000000000000000000000000000000000000000000000000000000000";

/// A caller whose identity was proved. Made by [`Challenge::verify`] only; what a replay reads back proves nothing to any tool, for it
/// runs none.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Verified {
    level: Level,
    account: String,
    caller: Map<String, Value>,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verified").field("level", &self.level).finish_non_exhaustive()
    }
}

impl Verified {
    /// How well the caller is known.
    pub const fn level(&self) -> Level {
        self.level
    }

    /// The account they were verified for; tools with an argument of kind `account` are tied to it.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What texts may say of them (`caller.first_name`).
    pub const fn caller(&self) -> &Map<String, Value> {
        &self.caller
    }
}

/// One thing a caller gave as proof.
#[derive(Clone, PartialEq)]
pub enum Claim {
    /// Something they know, as heard, the best reading first; compared with a column of the record.
    Fact {
        /// The column.
        column: String,
        /// What was heard or typed.
        readings: Vec<String>,
        /// It came by keys, which no line blurs: it matches exactly or not at all.
        keyed: bool,
    },
    /// A PIN; compared with the hash in a column of the record.
    Pin {
        /// The column.
        column: String,
        /// The digits.
        digits: Pii<String>,
    },
    /// The one-time code that was sent to them.
    Code {
        /// The digits.
        digits: Pii<String>,
    },
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fact { .. } => "Fact",
            Self::Pin { .. } => "Pin",
            Self::Code { .. } => "Code",
        })
    }
}

/// All that is needed to check who is calling.
#[derive(Debug, Clone, PartialEq)]
pub struct Challenge {
    /// The level it proves.
    pub level: Level,
    /// Reads the record. Its result is for [`Self::verify`] alone.
    pub record: ToolCall,
    /// What was given as proof.
    pub claims: Vec<Claim>,
    /// The column that names the account.
    pub account: String,
    /// The columns texts may use.
    pub keep: Vec<String>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verification {
    /// The caller is who they say.
    Verified(Verified),
    /// Something did not match; nobody is told what.
    Unverified,
    /// Too many failures: nobody gets in for a while, not even with the right answers.
    Locked,
}

impl Challenge {
    /// What failures are counted under: the account that is claimed, whether it exists or not.
    pub fn claimed(&self) -> String {
        self.record.arguments.values().map(plain).collect::<Vec<_>>().join("/")
    }

    /// Compares every claim with the record, `sent` being the one-time code on its way to the caller.
    /// An unknown account costs the same work and gives the same answer as a wrong claim.
    pub fn verify(&self, record: &Value, sent: Option<&Pii<String>>) -> Verification {
        let nobody = Map::new();
        let rows = record["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        let known = match rows {
            [row] => row.as_object(),
            _ => None,
        };
        let row = known.unwrap_or(&nobody);
        // Every claim is checked, so that the time taken does not tell which one failed.
        let fits = self.claims.iter().fold(!self.claims.is_empty(), |all, claim| claim.holds(row, sent) & all);
        match (known, row.get(&self.account).map(plain)) {
            (Some(_), Some(account)) if fits && !account.is_empty() => {
                let caller = self.keep.iter().filter_map(|column| Some((column.clone(), row.get(column)?.clone())));
                Verification::Verified(Verified { level: self.level, account, caller: caller.collect() })
            }
            _ => Verification::Unverified,
        }
    }
}

impl Claim {
    fn holds(&self, row: &Map<String, Value>, sent: Option<&Pii<String>>) -> bool {
        match self {
            Self::Fact { column, readings, keyed } => {
                let recorded = row.get(column).map(plain).unwrap_or_default();
                readings.iter().any(|reading| if *keyed { equals(reading, &recorded) } else { same(reading, &recorded) })
            }
            Self::Pin { column, digits } => {
                let hash = row.get(column).and_then(Value::as_str);
                pin_fits(digits.reveal(), hash.unwrap_or(NOBODY)) & hash.is_some()
            }
            Self::Code { digits } => sent.is_some_and(|sent| equal(sent.reveal().as_bytes(), digits.reveal().as_bytes())),
        }
    }
}

/// Whether a value is the recorded one, signs and capitals aside.
fn equals(reading: &str, recorded: &str) -> bool {
    let recorded = essence(recorded);
    !recorded.is_empty() && essence(reading) == recorded
}

/// Whether a reading of the caller's words may be the recorded value: a number may have one digit that the telephone
/// confuses, a name may be spelled a little differently.
fn same(reading: &str, recorded: &str) -> bool {
    if equals(reading, recorded) {
        return true;
    }
    let (reading, recorded) = (essence(reading), essence(recorded));
    if recorded.is_empty() || reading.is_empty() {
        return false;
    }
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if digits(&recorded) {
        return reading.chars().count() == recorded.chars().count() && one_confused(&reading, &recorded);
    }
    !digits(&reading) && strsim::normalized_damerau_levenshtein(&reading, &recorded) >= ALIKE
}

fn one_confused(reading: &str, recorded: &str) -> bool {
    let mut differing = reading.chars().zip(recorded.chars()).filter(|(a, b)| a != b);
    let confusable = |(a, b): (char, char)| CONFUSABLE.contains(&(a, b)) || CONFUSABLE.contains(&(b, a));
    differing.next().is_some_and(confusable) && differing.next().is_none()
}

fn essence(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// `pbkdf2-sha256$ITERATIONS$SALT$HASH`, salt and hash in hexadecimal (RFC 8018 section 5.2).
fn pin_fits(pin: &str, recorded: &str) -> bool {
    let parts: Vec<&str> = recorded.split('$').collect();
    let ["pbkdf2-sha256", iterations, salt, hash] = parts.as_slice() else { return false };
    let iterations = iterations.parse().ok().and_then(NonZeroU32::new);
    let (Some(iterations), Some(salt), Some(hash)) = (iterations, bytes(salt), bytes(hash)) else { return false };
    pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, pin.as_bytes(), &hash).is_ok()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// In a time that does not depend on where they differ.
fn equal(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differing, (a, b)| differing | (a ^ b)) == 0
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Failed checks, counted by the account that was claimed. The time is passed in.
#[derive(Debug, Clone, Default)]
pub struct Lockouts {
    failures: BTreeMap<String, (u8, i64)>,
}

impl Lockouts {
    /// Whether a check of that account is refused unseen.
    pub fn locked(&self, claimed: &str, now_s: i64) -> bool {
        self.failures.get(claimed).is_some_and(|(count, at)| *count >= MOST_FAILURES && now_s < at + LOCKED_S)
    }

    /// Notes how a check ended, and what the caller is told: the third failure locks.
    pub fn note(&mut self, claimed: &str, outcome: Verification, now_s: i64) -> Verification {
        if self.locked(claimed, now_s) {
            return Verification::Locked;
        }
        self.failures.retain(|_, (_, at)| now_s < *at + LOCKED_S);
        match outcome {
            Verification::Verified(_) => {
                self.failures.remove(claimed);
                outcome
            }
            Verification::Unverified | Verification::Locked => {
                let (count, at) = self.failures.entry(claimed.to_owned()).or_insert((0, now_s));
                (*count, *at) = (count.saturating_add(1), now_s);
                if *count >= MOST_FAILURES { Verification::Locked } else { Verification::Unverified }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::business::Effect;

    /// The PIN 2468.
    const PIN: &str = "pbkdf2-sha256$1000$0a0b0c0d0e0f10111213141516171819$";

    fn challenge(claims: Vec<Claim>) -> Challenge {
        let record = ToolCall {
            name: "customer".to_owned(),
            arguments: BTreeMap::from([("key".to_owned(), json!("4271"))]),
            effect: Effect::Reads,
            level: Level::ANONYMOUS,
            timeout: Duration::from_secs(1),
            filler: None,
        };
        let level = Level::try_from(1).unwrap();
        Challenge { level, record, claims, account: "id".to_owned(), keep: vec!["first_name".to_owned()] }
    }

    fn fact(column: &str, reading: &str) -> Claim {
        Claim::Fact { column: column.to_owned(), readings: vec![reading.to_owned()], keyed: false }
    }

    fn passes(claims: Vec<Claim>, record: &Value) -> bool {
        matches!(challenge(claims).verify(record, None), Verification::Verified(_))
    }

    #[test]
    fn what_a_telephone_blurs_still_fits_and_nothing_else() {
        let record =
            json!({ "count": 1, "rows": [{ "id": 7, "postcode": "90210", "name": "Catherine", "first_name": "Cathy" }] });
        for (claim, fits) in [
            (fact("postcode", "90210"), true),
            (fact("postcode", "50210"), true),
            (fact("postcode", "50216"), false),
            (fact("postcode", "90211"), false),
            (fact("postcode", "9021"), false),
            (fact("name", "Katherine"), true),
            (fact("name", "Caroline"), false),
            (fact("missing", ""), false),
        ] {
            assert_eq!(passes(vec![claim.clone()], &record), fits, "{claim:?}");
        }
        for (reading, fits) in [("90210", true), ("50210", false)] {
            let keyed = Claim::Fact { column: "postcode".to_owned(), readings: vec![reading.to_owned()], keyed: true };
            assert_eq!(passes(vec![keyed], &record), fits, "no key is misheard: {reading}");
        }
        assert!(!passes(Vec::new(), &record), "no proof is no proof");
        assert!(!passes(vec![fact("postcode", "90210")], &json!({ "count": 0, "rows": [] })));
    }

    #[test]
    fn a_pin_fits_exactly_or_not_at_all() {
        let mut hash = [0; 32];
        let salt = bytes("0a0b0c0d0e0f10111213141516171819").unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::new(1000).unwrap(), &salt, b"2468", &mut hash);
        let stored = format!("{PIN}{}", hash.iter().map(|b| format!("{b:02x}")).collect::<String>());
        let record = json!({ "rows": [{ "id": 7, "pin": stored }] });
        let pin = |digits: &str| vec![Claim::Pin { column: "pin".to_owned(), digits: Pii::new(digits.to_owned()) }];
        assert!(passes(pin("2468"), &record));
        assert!(!passes(pin("2469"), &record));
        assert!(!passes(pin("2468"), &json!({ "rows": [{ "id": 7, "pin": null }] })), "no PIN set");
    }

    #[test]
    fn three_failures_lock_for_fifteen_minutes_known_or_not() {
        let mut locks = Lockouts::default();
        for _ in 0..2 {
            assert_eq!(locks.note("nobody", Verification::Unverified, 0), Verification::Unverified);
        }
        assert_eq!(locks.note("nobody", Verification::Unverified, 0), Verification::Locked);
        assert!(locks.locked("nobody", LOCKED_S - 1));
        assert!(!locks.locked("nobody", LOCKED_S));
        assert_eq!(locks.note("nobody", Verification::Unverified, LOCKED_S), Verification::Unverified, "counted anew");
    }
}
