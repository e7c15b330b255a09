//! Session timers (RFC 4028): a call whose other side has vanished ends by itself.
//! Never asks for a timer; it agrees to one that the other side asks for.

use std::time::{Duration, Instant};

/// Shortest interval we agree to, in seconds (RFC 4028 section 4).
pub const MIN_SE_S: u32 = 90;
const MAX_SE_S: u32 = 86_400;

/// An agreed timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimer {
    interval_s: u32,
    ours: bool,
}

/// What is due, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Send a refresh.
    Refresh(Instant),
    /// The other side did not refresh: hang up.
    Expire(Instant),
}

/// The asked interval is below `MIN_SE_S` (90 s): answer 422 with Min-SE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntervalTooSmall;

impl SessionTimer {
    /// What to agree to on a request with this Session-Expires value; `supported`: the sender knows timers itself.
    pub fn agree(session_expires: Option<&str>, supported: bool) -> Result<Option<Self>, IntervalTooSmall> {
        let Some(value) = session_expires else { return Ok(None) };
        let mut parts = value.split(';').map(str::trim);
        let Some(interval_s) = parts.next().and_then(|seconds| seconds.parse::<u32>().ok()) else { return Ok(None) };
        if interval_s < MIN_SE_S {
            return Err(IntervalTooSmall);
        }
        let asked_of_us = parts.any(|part| part.replace(' ', "").eq_ignore_ascii_case("refresher=uas"));
        // Where a proxy asked and the caller knows no timers, nobody but us can refresh (RFC 4028 section 9).
        Ok(Some(Self { interval_s: interval_s.min(MAX_SE_S), ours: asked_of_us || !supported }))
    }

    /// Whether we are the one who refreshes.
    pub const fn is_ours(&self) -> bool {
        self.ours
    }

    /// The Session-Expires value of the 2xx.
    pub fn header(&self) -> String {
        format!("{};refresher={}", self.interval_s, if self.ours { "uas" } else { "uac" })
    }

    /// The Session-Expires value of a refresh by us: in its request the roles are those of this transaction, and we stay the
    /// refresher as its UAC (RFC 4028 section 7.1).
    pub fn refresh_header(&self) -> String {
        format!("{};refresher=uac", self.interval_s)
    }

    /// What comes next after a refresh at `refreshed`: ours at half time, the end a little before the interval is over
    /// (RFC 4028 section 10).
    pub fn due(&self, refreshed: Instant) -> Due {
        let interval = Duration::from_secs(self.interval_s.into());
        if self.ours {
            return Due::Refresh(refreshed + interval / 2);
        }
        Due::Expire(refreshed + interval - (interval / 3).min(Duration::from_secs(32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_refreshes_unless_it_asks_us_to_or_cannot() {
        let agree =
            |value, supported| SessionTimer::agree(Some(value), supported).expect("long enough").expect("asked for").header();
        assert_eq!(agree("90;refresher=uac", true), "90;refresher=uac");
        assert_eq!(agree("1800", true), "1800;refresher=uac");
        assert_eq!(agree("1800;refresher=uas", true), "1800;refresher=uas");
        assert_eq!(agree("1800", false), "1800;refresher=uas");
        assert_eq!(SessionTimer::agree(Some("60"), true), Err(IntervalTooSmall));
        assert_eq!(SessionTimer::agree(None, true), Ok(None));
        assert_eq!(SessionTimer::agree(Some("soon"), true), Ok(None));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn a_caller_who_never_refreshes_is_let_go_before_the_interval_ends() {
        let start = Instant::now();
        let timer = SessionTimer::agree(Some("90"), true).expect("long enough").expect("asked for");
        assert_eq!(timer.due(start), Due::Expire(start + Duration::from_secs(60)));
    }
}
