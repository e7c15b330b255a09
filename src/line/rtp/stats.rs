//! What a stream has gone through: packets, loss, jitter (RFC 3550 appendix A.3 and A.8).
//! Never stores packets.

use std::time::Instant;

/// One direction pair's figures, for the report of a call.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StreamStats {
    /// Packets sent.
    pub sent: u64,
    /// Packets that could not be sent.
    pub send_failed: u64,
    /// Packets received from the other side.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Interarrival jitter, in milliseconds.
    pub jitter_ms: f64,
    /// Packets thrown away: from strangers, truncated, or of no agreed format.
    pub refused: u64,
}

/// What has been received from one source.
#[derive(Debug, Default)]
pub struct ReceiveStats {
    ssrc: Option<u32>,
    base: u16,
    highest: u32,
    received: u64,
    lost_before: u64,
    packets: u64,
    jitter: f64,
    last: Option<(Instant, u32)>,
    reported: (u64, u64),
}

impl ReceiveStats {
    /// Counts a packet; `timestamp` is of the 8 kHz clock.
    pub fn receive(&mut self, now: Instant, packet: (u32, u16), timestamp: u32) {
        let (ssrc, sequence) = packet;
        self.packets += 1;
        if self.ssrc != Some(ssrc) {
            self.lost_before = self.lost();
            *self = Self { lost_before: self.lost_before, packets: self.packets, ..Self::default() };
            (self.ssrc, self.base, self.highest) = (Some(ssrc), sequence, u32::from(sequence));
        }
        self.received += 1;
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead < 0x8000 {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
        }
        if let Some((then, before)) = self.last.replace((now, timestamp)) {
            let arrival = now.saturating_duration_since(then).as_secs_f64() * 8_000.0;
            let apart = f64::from(timestamp.wrapping_sub(before) as i32);
            // A jump of the sender's clock (new talkspurt after a restart) says nothing about the network.
            if apart.abs() < 80_000.0 {
                self.jitter += ((arrival - apart).abs() - self.jitter) / 16.0;
            }
        }
    }

    /// All packets received, over all sources.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Packets that never came.
    pub fn lost(&self) -> u64 {
        self.lost_before + self.expected().saturating_sub(self.received)
    }

    /// Interarrival jitter, in samples of the 8 kHz clock.
    pub const fn jitter(&self) -> f64 {
        self.jitter
    }

    /// A report block (RFC 3550 section 6.4.1) over the time since the last one; `None` before the first packet.
    pub fn report_block(&mut self) -> Option<[u8; 24]> {
        let ssrc = self.ssrc?;
        let (expected, received) = (self.expected(), self.received);
        let (expected_now, received_now) = (expected - self.reported.0.min(expected), received - self.reported.1.min(received));
        self.reported = (expected, received);
        let fraction = (expected_now.saturating_sub(received_now) * 256).checked_div(expected_now).unwrap_or(0).min(255);
        let lost = self.lost().min(0x7F_FFFF) as u32;
        let mut block = [0; 24];
        block[..4].copy_from_slice(&ssrc.to_be_bytes());
        block[4..8].copy_from_slice(&(((fraction as u32) << 24) | lost).to_be_bytes());
        block[8..12].copy_from_slice(&self.highest.to_be_bytes());
        block[12..16].copy_from_slice(&(self.jitter as u32).to_be_bytes());
        Some(block)
    }

    fn expected(&self) -> u64 {
        if self.ssrc.is_some() { u64::from(self.highest.wrapping_sub(u32::from(self.base))) + 1 } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn loss_is_counted_over_the_wrap_and_jitter_is_zero_on_a_steady_stream() {
        let (start, mut stats) = (Instant::now(), ReceiveStats::default());
        for n in 0..200u32 {
            if n % 10 != 3 {
                let at = start + Duration::from_millis(20 * u64::from(n));
                stats.receive(at, (5, (65_500 + n) as u16), n * 160);
            }
        }
        assert_eq!((stats.packets(), stats.lost()), (180, 20));
        assert!(stats.jitter() < 0.01);
        let block = stats.report_block().expect("packets came");
        assert_eq!(block[4], 25, "a tenth of 256");
        stats.receive(start, (6, 1), 0);
        assert_eq!(stats.lost(), 20, "a new source starts without loss");
    }
}
