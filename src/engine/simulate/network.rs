//! A network in virtual time: packets are lost, late, and overtake each other, the same ones for the same seed.
//! Never delivers a packet twice.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use bytes::Bytes;

use super::scenario::Network;
use crate::media::Packet;

/// The fastest way from one end to the other.
const SHORTEST: Duration = Duration::from_millis(5);
/// Samples in a packet, at 8 kHz.
const SAMPLES: u32 = 160;

/// One direction of a call's packets.
pub(super) struct Wire {
    network: Network,
    random: Random,
    payload_type: u8,
    sent: u32,
    under_way: BinaryHeap<Reverse<UnderWay>>,
}

/// When it arrives, its number, whether it begins a talkspurt, and what it holds.
type UnderWay = (Duration, u32, bool, Bytes);

impl Wire {
    /// A direction of its own: `salt` tells the two of a call apart.
    pub(super) fn new(network: Network, payload_type: u8, salt: u64) -> Self {
        let random = Random::new(network.seed.wrapping_mul(2).wrapping_add(salt));
        Self { network, random, payload_type, sent: 0, under_way: BinaryHeap::new() }
    }

    /// Sends 20 ms of sound at `now`.
    pub(super) fn send(&mut self, now: Duration, payload: Bytes, marker: bool) {
        let number = self.sent;
        self.sent += 1;
        // Both dice fall for every packet, so that another loss leaves the delays as they are.
        let lost = self.random.unit() * 100.0 < self.network.loss_percent;
        let late = Duration::from_micros((f64::from(self.random.unit()) * f64::from(self.network.jitter_ms) * 1_000.0) as u64);
        if !lost {
            self.under_way.push(Reverse((now + SHORTEST + late, number, marker, payload)));
        }
    }

    /// The next packet that has arrived by `now`, and when.
    pub(super) fn arrived(&mut self, now: Duration) -> Option<(Duration, Packet)> {
        if self.under_way.peek()?.0.0 > now {
            return None;
        }
        let Reverse((at, number, marker, payload)) = self.under_way.pop()?;
        let (sequence, timestamp) = (number as u16, number.wrapping_mul(SAMPLES));
        Some((at, Packet { payload_type: self.payload_type, ssrc: 1, sequence, timestamp, marker, payload }))
    }
}

/// Numbers that look like chance and are the same for the same seed (xorshift64*).
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        // Neighbouring seeds must not begin alike, and zero would stay zero.
        Self(seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From 0 to 1, 1 excluded.
    pub(super) fn unit(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40) as f32 / (1u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(network: Network) -> Vec<u16> {
        let mut wire = Wire::new(network, 8, 0);
        let mut numbers = Vec::new();
        for tick in 0..1_000u64 {
            let now = Duration::from_millis(tick * 20);
            wire.send(now, Bytes::new(), false);
            numbers.extend(std::iter::from_fn(|| wire.arrived(now)).map(|(_, packet)| packet.sequence));
        }
        numbers
    }

    #[test]
    fn a_good_network_changes_nothing_and_a_bad_one_the_same_each_time() {
        let good = numbers(Network::default());
        assert!(good.iter().copied().eq(0..999));
        let bad = Network { loss_percent: 10.0, jitter_ms: 60, seed: 3 };
        let came = numbers(bad);
        assert!((850..950).contains(&came.len()), "{} of 1,000", came.len());
        assert!(!came.is_sorted(), "60 ms of jitter reorder");
        assert_eq!(came, numbers(bad));
        assert_ne!(came, numbers(Network { seed: 4, ..bad }));
    }
}
