//! Why a call wakes up when nothing happens: every wait has one of these, and each leads somewhere a caller finds sensible.
//! Never reads a clock; an alarm is derived from the state, so a state that is left leaves no timer behind.

use std::time::Instant;

/// The reason of a wake-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Nobody picked up, or the transport never said so: the leg is ended.
    Ringing,
    /// The caller says nothing: ask, and ask again, then say good-bye.
    NoInput,
    /// The caller speaks without a pause: what was said so far is answered.
    LongTurn,
    /// No further key came: the keys so far are the entry.
    Keys,
    /// The recogniser gives no result: apologise.
    Transcript,
    /// Nothing of the answer is heard yet: a few words fill the wait, once.
    Acknowledge,
    /// The dialogue says nothing: apologise, and end the call when it happens over and over.
    Reply,
    /// Sound is due and none leaves: the reply is cut and the call goes on.
    Stall,
    /// The good-bye takes too long: hang up.
    Closing,
    /// The caller never came back from hold: hang up.
    Hold,
    /// The network never said whether the transfer came about: apologise and listen again.
    Transfer,
    /// The longest allowed call is reached: say good-bye.
    TooLong,
}

/// A wake-up and its reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Alarm {
    /// When.
    pub at: Instant,
    /// Why.
    pub timer: Timer,
}

impl Alarm {
    pub(super) const fn new(at: Instant, timer: Timer) -> Self {
        Self { at, timer }
    }

    /// The earlier of two.
    pub(super) fn earlier(a: Option<Self>, b: Option<Self>) -> Option<Self> {
        match (a, b) {
            (Some(a), Some(b)) => Some(if b.at < a.at { b } else { a }),
            (a, b) => a.or(b),
        }
    }
}
