//! How long packets are under way against the fastest, and how the sender's clock drifts from ours.
//! Never decides what is played: it only says how much delay would be enough.
//!
//! After NetEQ's delay manager (WebRTC `modules/audio_coding/neteq`): a histogram of relative delays with a forgetting
//! factor, and a high quantile of it as the target.

use std::time::Duration;

const BUCKET_US: i64 = 5_000;
const BUCKETS: usize = 50;
/// Share of packets that shall be in time.
const IN_TIME: f32 = 0.97;
/// What remains of the histogram after one more packet: half of it is forgotten in 140 packets, 3 s.
const KEPT: f32 = 0.995;
/// The fastest packet is looked for in this and the stretch before.
const STRETCH: Duration = Duration::from_secs(2);

/// Relative delays of one stream.
#[derive(Debug)]
pub(super) struct Delays {
    rate_hz: i64,
    histogram: [f32; BUCKETS],
    fastest: [i64; 2],
    stretch_end: Duration,
    first: Option<(Duration, i64)>,
    skew_ppm: f32,
}

impl Delays {
    pub(super) const fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz: rate_hz as i64,
            histogram: [0.0; BUCKETS],
            fastest: [i64::MAX; 2],
            stretch_end: Duration::ZERO,
            first: None,
            skew_ppm: 0.0,
        }
    }

    /// Takes note of a packet that came at `now` and whose first sample lies at `at`.
    pub(super) fn observe(&mut self, now: Duration, at: i64) {
        let transit = now.as_micros() as i64 - self.micros(at);
        if now >= self.stretch_end {
            self.end_stretch(now);
        }
        self.fastest[1] = self.fastest[1].min(transit);
        let bucket = ((transit - self.base()) / BUCKET_US).clamp(0, BUCKETS as i64 - 1) as usize;
        for share in &mut self.histogram {
            *share *= KEPT;
        }
        self.histogram[bucket] += 1.0 - KEPT;
    }

    /// Transit time of the fastest packet of late, in microseconds (its zero means nothing).
    pub(super) fn base(&self) -> i64 {
        let base = self.fastest[0].min(self.fastest[1]);
        if base == i64::MAX { 0 } else { base }
    }

    /// The delay behind the fastest packet with which 97 % of the packets are in time, in microseconds.
    pub(super) fn wanted(&self) -> i64 {
        let enough = self.histogram.iter().sum::<f32>() * IN_TIME;
        let mut sum = 0.0;
        for (n, share) in (1..).zip(&self.histogram) {
            sum += share;
            if sum >= enough {
                return n * BUCKET_US;
            }
        }
        BUCKETS as i64 * BUCKET_US
    }

    /// How much slower than ours the sender's clock runs, in parts per million, over the whole stream.
    pub(super) const fn skew_ppm(&self) -> f32 {
        self.skew_ppm
    }

    pub(super) const fn micros(&self, samples: i64) -> i64 {
        samples * 1_000_000 / self.rate_hz
    }

    fn end_stretch(&mut self, now: Duration) {
        let fastest = self.fastest[1];
        if fastest != i64::MAX {
            let &mut (then, first) = self.first.get_or_insert((now, fastest));
            let elapsed = now.saturating_sub(then).as_micros() as f32;
            self.skew_ppm = if elapsed > 0.0 { (fastest - first) as f32 / elapsed * 1e6 } else { 0.0 };
        }
        self.fastest = [fastest, i64::MAX];
        self.stretch_end = now + STRETCH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(packets: u64, transit_us: impl Fn(u64) -> u64) -> Delays {
        let mut delays = Delays::new(8_000);
        for n in 0..packets {
            delays.observe(Duration::from_micros(n * 20_000 + transit_us(n)), n as i64 * 160);
        }
        delays
    }

    #[test]
    fn a_steady_stream_wants_one_bucket() {
        assert_eq!(run(500, |_| 7_000).wanted(), BUCKET_US);
    }

    #[test]
    fn one_late_packet_in_ten_is_waited_for_and_one_in_a_hundred_is_not() {
        assert_eq!(run(1_000, |n| if n % 10 == 0 { 42_000 } else { 1_000 }).wanted(), 45_000);
        assert_eq!(run(1_000, |n| if n % 100 == 50 { 42_000 } else { 1_000 }).wanted(), BUCKET_US);
    }

    #[test]
    fn clock_skew_is_measured_and_not_taken_for_jitter() {
        let delays = run(30_000, |n| n * 4);
        assert!((delays.skew_ppm() - 200.0).abs() < 5.0, "{}", delays.skew_ppm());
        assert_eq!(delays.wanted(), BUCKET_US);
    }
}
