//! One endless count of packets and samples out of 16-bit sequence numbers and 32-bit timestamps (RFC 3550 section 5.1).
//! Never lets a wrap, a jump or a new SSRC through: the buffer behind it sees one stream for the whole call.

use std::time::Duration;

use crate::media::Packet;

/// Where a packet lies in the endless stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Sequence number without wraps.
    pub sequence: i64,
    /// Position of the first sample, without wraps.
    pub at: i64,
}

/// A timestamp that runs that far from the time of arrival has jumped; below it, it is the network.
const JUMP: Duration = Duration::from_secs(1);
/// Steps of the sequence number that still belong to one stream (MAX_DROPOUT and MAX_MISORDER of RFC 3550 appendix A.1).
const SAME_STREAM: std::ops::RangeInclusive<i64> = -100..=3_000;

/// Unwraps sequence numbers and timestamps, and remembers which packets of late came.
#[derive(Debug)]
pub(super) struct Timeline {
    rate_hz: i64,
    newest: Option<Newest>,
    /// Bit n: the packet n before the newest has come.
    seen: u128,
}

#[derive(Debug, Clone, Copy)]
struct Newest {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    arrived: Duration,
    place: Place,
    end: i64,
}

impl Timeline {
    pub(super) const fn new(rate_hz: u32) -> Self {
        Self { rate_hz: rate_hz as i64, newest: None, seen: 0 }
    }

    /// Where this packet of `samples` lies, or `None` if it came before.
    ///
    /// After a new SSRC or a jump of the timestamp it lies where its time of arrival puts it,
    /// so that playout goes on without a gap.
    pub(super) fn place(&mut self, now: Duration, packet: &Packet, samples: u32) -> Option<Place> {
        let place = match self.newest {
            None => Place { sequence: 0, at: 0 },
            Some(newest) => self.after(newest, now, packet),
        };
        if !self.note(place.sequence) {
            return None;
        }
        let end = place.at + i64::from(samples);
        if self.newest.is_none_or(|newest| place.sequence > newest.place.sequence) {
            let Packet { ssrc, sequence, timestamp, .. } = *packet;
            self.newest = Some(Newest { ssrc, sequence, timestamp, arrived: now, place, end });
        }
        Some(place)
    }

    /// Takes note of a packet without sound of its own: a telephone-event's timestamp says where the key was pressed
    /// (RFC 4733 section 2.2), not where the stream has come to. `false` if it came before.
    pub(super) fn skip(&mut self, packet: &Packet) -> bool {
        let Some(newest) = self.newest.filter(|newest| newest.ssrc == packet.ssrc) else { return true };
        let sequence = newest.place.sequence + i64::from(packet.sequence.wrapping_sub(newest.sequence) as i16);
        let new = self.note(sequence);
        if let Some(newest) = self.newest.as_mut().filter(|newest| sequence > newest.place.sequence) {
            newest.sequence = packet.sequence;
            newest.place.sequence = sequence;
        }
        new
    }

    /// How many packets strictly between these two have not come (those too old to be remembered count as come).
    pub(super) fn missing_between(&self, before: i64, after: i64) -> u64 {
        let newest = self.newest.map_or(0, |newest| newest.place.sequence);
        (before + 1..after).rev().take(128).filter(|&n| newest - n < 128 && self.seen >> (newest - n) & 1 == 0).count() as u64
    }

    fn after(&self, newest: Newest, now: Duration, packet: &Packet) -> Place {
        let steps = i64::from(packet.sequence.wrapping_sub(newest.sequence) as i16);
        let samples = i64::from(packet.timestamp.wrapping_sub(newest.timestamp) as i32);
        let elapsed = now.saturating_sub(newest.arrived).as_micros() as i64 * self.rate_hz / 1_000_000;
        let same = packet.ssrc == newest.ssrc;
        let sequence = newest.place.sequence + if same && SAME_STREAM.contains(&steps) { steps } else { 1 };
        let back = steps > 0 && samples < 0;
        let jumped = back || (samples - elapsed).abs() > JUMP.as_secs() as i64 * self.rate_hz;
        let at = if same && !jumped { newest.place.at + samples } else { (newest.place.at + elapsed).max(newest.end) };
        Place { sequence, at }
    }

    /// Notes a sequence number; `false` if it was noted before or is too old to tell.
    fn note(&mut self, sequence: i64) -> bool {
        let newest = self.newest.map_or(sequence, |newest| newest.place.sequence);
        let behind = newest - sequence;
        if behind < 0 {
            self.seen = if -behind < 128 { self.seen << -behind | 1 } else { 1 };
            return true;
        }
        let bit = if behind < 128 { 1u128 << behind } else { 0 };
        let new = bit != 0 && self.seen & bit == 0;
        self.seen |= bit;
        new
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet {
        Packet { payload_type: 8, ssrc, sequence, timestamp, marker: false, payload: Bytes::new() }
    }

    fn place(timeline: &mut Timeline, ms: u64, packet: &Packet) -> Option<(i64, i64)> {
        timeline.place(Duration::from_millis(ms), packet, 160).map(|p| (p.sequence, p.at))
    }

    #[test]
    fn wraps_are_counted_through() {
        let mut t = Timeline::new(8_000);
        assert_eq!(place(&mut t, 0, &packet(1, u16::MAX, u32::MAX - 100)), Some((0, 0)));
        assert_eq!(place(&mut t, 40, &packet(1, 1, 219)), Some((2, 320)));
        assert_eq!(place(&mut t, 45, &packet(1, 0, 59)), Some((1, 160)));
    }

    #[test]
    fn a_packet_counts_once() {
        let mut t = Timeline::new(8_000);
        assert!(place(&mut t, 0, &packet(1, 7, 0)).is_some());
        assert!(place(&mut t, 20, &packet(1, 9, 320)).is_some());
        assert_eq!(place(&mut t, 20, &packet(1, 7, 0)), None);
        assert_eq!(t.missing_between(0, 2), 1);
        assert!(place(&mut t, 20, &packet(1, 8, 160)).is_some());
        assert_eq!(t.missing_between(0, 2), 0);
    }

    #[test]
    fn an_event_takes_a_number_and_no_time() {
        let mut t = Timeline::new(8_000);
        place(&mut t, 0, &packet(1, 7, 0));
        assert!(t.skip(&packet(1, 8, 0)));
        assert!(!t.skip(&packet(1, 8, 0)));
        assert_eq!(place(&mut t, 40, &packet(1, 9, 320)), Some((2, 320)));
        assert_eq!(t.missing_between(0, 2), 0);
    }

    #[test]
    fn a_new_ssrc_or_a_jump_goes_on_where_time_has_come_to() {
        let mut t = Timeline::new(8_000);
        place(&mut t, 0, &packet(1, 7, 0));
        assert_eq!(place(&mut t, 20, &packet(2, 900, 5_000_000)), Some((1, 160)));
        assert_eq!(place(&mut t, 40, &packet(2, 901, 9_000_000)), Some((2, 320)));
        assert_eq!(place(&mut t, 60, &packet(2, 902, 160)), Some((3, 480)));
        assert_eq!(place(&mut t, 80, &packet(2, 30_000, 320)), Some((4, 640)));
        assert_eq!(place(&mut t, 100, &packet(2, 30_001, 0)), Some((5, 800)), "half a second back is a jump, too");
    }
}
