//! A circuit breaker: after failures in a row a service is left alone for a while, then tried once.
//! Never reads a clock: the time is passed in.

use std::time::{Duration, Instant};

/// Whether a service is worth asking.
#[derive(Debug, Clone)]
pub struct Breaker {
    failures: u32,
    failures_to_open: u32,
    open_for: Duration,
    closed_again: Option<Instant>,
}

impl Breaker {
    /// A closed breaker that opens after so many failures in a row (at least one), for so long.
    pub const fn new(failures_to_open: u32, open_for: Duration) -> Self {
        Self { failures: 0, failures_to_open, open_for, closed_again: None }
    }

    /// Whether to ask now. While open, one try is let through each time the pause is over.
    pub fn allows(&mut self, now: Instant) -> bool {
        match self.closed_again {
            Some(at) if now < at => false,
            Some(_) => {
                self.closed_again = Some(now + self.open_for);
                true
            }
            None => true,
        }
    }

    /// The service answered well.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
        self.closed_again = None;
    }

    /// The service failed.
    pub fn failed(&mut self, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.failures_to_open.max(1) {
            self.closed_again = Some(now + self.open_for);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any instant serves as the beginning")]
    fn opens_after_failures_and_tries_once_after_the_pause() {
        let start = Instant::now();
        let pause = Duration::from_secs(30);
        let mut breaker = Breaker::new(2, pause);
        breaker.failed(start);
        assert!(breaker.allows(start));
        breaker.failed(start);
        assert!(!breaker.allows(start + pause / 2));
        assert!(breaker.allows(start + pause), "one try");
        assert!(!breaker.allows(start + pause), "only one");
        breaker.succeeded();
        assert!(breaker.allows(start + pause));
    }
}
