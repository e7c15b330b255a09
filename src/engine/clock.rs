//! The clocks: the only place that reads the machine's time, and the media clock that ticks every 20 ms for all calls.
//! Never sleeps a frame's length: each tick has an absolute deadline, so lateness of one never moves the next.

#![expect(clippy::disallowed_methods, reason = "this file is the clock that all others are handed")]

use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Local};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::audio::FRAME;

/// The time now, for durations and deadlines.
pub fn now() -> Instant {
    Instant::now()
}

/// The time of day, for records only.
pub fn wall() -> DateTime<Local> {
    Local::now()
}

/// A number nobody can guess in advance, from the operating system's own randomness: ids, SSRCs, nonces.
pub fn seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}

/// Ticks every 20 ms for every call of the process; dropped, its thread ends.
pub struct MediaClock {
    ticks: watch::Receiver<u64>,
    stop: CancellationToken,
}

impl MediaClock {
    /// Starts the clock's thread.
    pub fn start() -> std::io::Result<Self> {
        let (sender, ticks) = watch::channel(0);
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        thread::Builder::new().name("media-clock".to_owned()).spawn(move || tick_until(&stopped, &sender))?;
        Ok(Self { ticks, stop })
    }

    /// A call's own view of the clock, counting from now.
    pub fn subscribe(&self) -> Ticks {
        let receiver = self.ticks.clone();
        let seen = *receiver.borrow();
        Ticks { receiver, seen }
    }
}

impl Drop for MediaClock {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn tick_until(stopped: &CancellationToken, sender: &watch::Sender<u64>) {
    let start = Instant::now();
    let mut n = 0u32;
    while !stopped.is_cancelled() {
        n = n.wrapping_add(1);
        let due = start + FRAME * n;
        let now = Instant::now();
        if now < due {
            thread::sleep(due - now);
        }
        sender.send_modify(|tick| *tick = u64::from(n));
    }
}

/// The ticks one call has not handled yet.
pub struct Ticks {
    receiver: watch::Receiver<u64>,
    seen: u64,
}

/// A call that has fallen further behind than this gives the lost ticks up rather than send a burst.
const MOST_BEHIND: u64 = 10;

impl Ticks {
    /// The next tick: at once if the call has fallen behind. Cancel-safe; waits for ever once the clock is gone.
    pub async fn next(&mut self) {
        loop {
            let last = *self.receiver.borrow_and_update();
            self.seen = self.seen.max(last.saturating_sub(MOST_BEHIND));
            if last > self.seen {
                self.seen += 1;
                return;
            }
            if self.receiver.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Sleeps until then.
pub async fn sleep_until(at: Instant) {
    tokio::time::sleep_until(at.into()).await;
}

/// How long since then.
pub fn since(then: Instant) -> Duration {
    then.elapsed()
}
