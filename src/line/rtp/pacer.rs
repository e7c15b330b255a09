//! Numbers outgoing packets: one SSRC for the whole call, a timestamp that never stops, a marker at each talkspurt.
//! Never reads a clock: each tick of the media clock is one call.

/// Samples of the 8 kHz clock in one tick of 20 ms.
pub(super) const TICK: u32 = 160;

/// Length of an RTP header without CSRC and extension (RFC 3550 section 5.1).
pub const HEADER_LEN: usize = 12;

/// The fixed part of an RTP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Payload type.
    pub payload_type: u8,
    /// First packet of a talkspurt or of a telephone event.
    pub marker: bool,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// The header as it goes on the wire: version 2, no padding, extension or CSRC.
    pub fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = 0x80;
        bytes[1] = u8::from(self.marker) << 7 | self.payload_type & 0x7F;
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

/// The sequence of one call's outgoing packets.
#[derive(Debug)]
pub struct Pacer {
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    gap: bool,
}

impl Pacer {
    /// A sequence whose SSRC, first number and first timestamp come from a random seed (RFC 3550 section 5.1).
    pub const fn new(seed: u64) -> Self {
        // SplitMix64, so that a second draw from one seed is as good as the first.
        let mixed = (seed ^ seed >> 31).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self { ssrc: seed as u32, sequence: (seed >> 32) as u16, timestamp: (mixed >> 32) as u32, gap: true }
    }

    /// The synchronisation source of the whole call.
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Timestamp of the current tick.
    pub const fn timestamp(&self) -> u32 {
        self.timestamp
    }

    /// One tick has passed; call it once a tick, before what the tick sends.
    pub const fn tick(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(TICK);
    }

    /// Nothing is sent in this tick: the next packet opens a talkspurt.
    pub const fn pause(&mut self) {
        self.gap = true;
    }

    /// Header of this tick's sound.
    pub fn audio(&mut self, payload_type: u8, marker: bool) -> Header {
        let marker = std::mem::take(&mut self.gap) || marker;
        Header { payload_type, marker, sequence: self.next(), timestamp: self.timestamp, ssrc: self.ssrc }
    }

    /// Header of a telephone-event packet; all packets of one event carry the timestamp of its start (RFC 4733).
    pub fn event(&mut self, payload_type: u8, started: u32, marker: bool) -> Header {
        self.gap = true;
        Header { payload_type, marker, sequence: self.next(), timestamp: started, ssrc: self.ssrc }
    }

    const fn next(&mut self) -> u16 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timestamp_runs_on_through_a_pause_and_the_sequence_has_no_gap() {
        let mut pacer = Pacer::new(0xFFFF_1234_5678);
        let mut sent = Vec::new();
        for tick in 0..10 {
            pacer.tick();
            if (3..6).contains(&tick) { pacer.pause() } else { sent.push(pacer.audio(8, false)) }
        }
        let markers: Vec<bool> = sent.iter().map(|h| h.marker).collect();
        assert_eq!(markers, [true, false, false, true, false, false, false]);
        assert_eq!(sent[3].sequence, sent[2].sequence.wrapping_add(1));
        assert_eq!(sent[3].timestamp, sent[2].timestamp.wrapping_add(4 * TICK));
        assert!(sent.iter().all(|h| h.ssrc == sent[0].ssrc));
    }
}
