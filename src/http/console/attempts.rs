//! How often somebody may fail to log in: so many times an account, and an address, in a quarter of an hour.
//! Never reads a clock, and never grows without end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Failures are counted over this long, from the first.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// An address may be many people's.
const PER_ADDRESS: u32 = 4;
/// Accounts and addresses that are counted at once; beyond it everybody waits, for somebody is guessing at random.
const MOST: usize = 10_000;

/// Whose failures are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Counted {
    Account(String),
    Address(IpAddr),
}

/// The failures of the last quarter of an hour.
pub(super) struct Attempts {
    per_account: u32,
    failed: HashMap<Counted, (Instant, u32)>,
}

impl Attempts {
    pub(super) fn new(per_account: u32) -> Self {
        Self { per_account, failed: HashMap::new() }
    }

    /// Counts an attempt before it is looked at, so that many at once are no way round; the time to wait if it is one too many.
    pub(super) fn begin(&mut self, account: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.failed.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        let keys = [Counted::Account(account.to_owned()), Counted::Address(address)];
        for (key, most) in keys.iter().zip([self.per_account, self.per_account.saturating_mul(PER_ADDRESS)]) {
            if let Some((since, _)) = self.failed.get(key).filter(|(_, count)| *count >= most) {
                return Err(WINDOW - now.duration_since(*since));
            }
        }
        if self.failed.len() + keys.len() > MOST {
            return Err(WINDOW);
        }
        for key in keys {
            self.failed.entry(key).or_insert((now, 0)).1 += 1;
        }
        Ok(())
    }

    /// It was them: what was counted against the account is forgotten, and this attempt of the address.
    pub(super) fn succeeded(&mut self, account: &str, address: IpAddr) {
        self.failed.remove(&Counted::Account(account.to_owned()));
        if let Some((_, count)) = self.failed.get_mut(&Counted::Address(address)) {
            *count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::engine::clock;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);

    #[test]
    fn an_account_waits_after_its_failures_wherever_they_come_from() {
        let (mut attempts, now) = (Attempts::new(2), clock::now());
        assert!(attempts.begin("lin", HERE, now).is_ok() && attempts.begin("lin", THERE, now).is_ok());
        assert_eq!(attempts.begin("lin", HERE, now + Duration::from_secs(60)), Err(WINDOW - Duration::from_secs(60)));
        assert!(attempts.begin("wei", HERE, now).is_ok(), "another account");
        assert!(attempts.begin("lin", HERE, now + WINDOW).is_ok(), "later");
    }

    #[test]
    fn an_address_waits_after_its_failures_whatever_names_it_tries() {
        let (mut attempts, now) = (Attempts::new(1), clock::now());
        assert!(["a", "b", "c", "d"].iter().all(|name| attempts.begin(name, HERE, now).is_ok()));
        assert_eq!(attempts.begin("e", HERE, now), Err(WINDOW));
        assert!(attempts.begin("e", THERE, now).is_ok());
    }

    #[test]
    fn whoever_gets_in_begins_anew() {
        let (mut attempts, now) = (Attempts::new(2), clock::now());
        for _ in 0..20 {
            assert!(attempts.begin("lin", HERE, now).is_ok());
            attempts.succeeded("lin", HERE);
        }
    }
}
