//! Media time: where a sample lies in a call's sound, counted from its first sample.
//! Never a wall clock and never subtracted from one.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::SampleRate;

/// Position in one call's sound, in microseconds since its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MediaTime(u64);

impl MediaTime {
    /// The call's first sample.
    pub const ZERO: Self = Self(0);

    /// That many milliseconds into the call.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms * 1_000)
    }

    /// That many microseconds into the call.
    pub const fn from_micros(us: u64) -> Self {
        Self(us)
    }

    /// Where sample number `n` lies at this rate.
    pub const fn from_samples(n: u64, rate: SampleRate) -> Self {
        Self(n * 1_000_000 / rate.hz() as u64)
    }

    /// Whole milliseconds since the first sample.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000
    }

    /// Microseconds since the first sample.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// Number of the sample that lies here at this rate.
    pub const fn as_samples(self, rate: SampleRate) -> u64 {
        self.0 * rate.hz() as u64 / 1_000_000
    }

    /// The time from `earlier` until here; zero if `earlier` is later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for MediaTime {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0 + rhs.as_micros() as u64)
    }
}

impl Sub<Duration> for MediaTime {
    type Output = Self;
    /// Stops at the call's first sample.
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(rhs.as_micros() as u64))
    }
}

impl fmt::Display for MediaTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03} s", self.0 / 1_000_000, self.0 / 1_000 % 1_000)
    }
}
