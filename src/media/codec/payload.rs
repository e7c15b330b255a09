//! Which codec a payload type stands for (RFC 3551 table 4), and how much sound a payload holds.
//! Never learns payload types: G.711 and comfort noise are static ones, and a line hands Opus over under one number.

use bytes::BytesMut;

use crate::audio::SampleRate;
use crate::media::jitter::Content;
use crate::media::{Packet, PortFormat};

use super::g711;

/// Payload type of comfort noise at 8 kHz (RFC 3389 section 4).
pub const COMFORT_NOISE: u8 = 13;

/// Payload type under which a line hands over Opus, whatever number was agreed on with its peer.
pub const OPUS: u8 = 111;

/// Longest packet of sound that is believed, in samples: 120 ms.
const LONGEST: usize = 960;

/// A codec of the telephone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 mu-law.
    Pcmu,
}

impl Codec {
    /// The codec of a port, if it speaks one of these.
    pub const fn of_port(format: PortFormat) -> Option<Self> {
        match format {
            PortFormat::Pcma => Some(Self::Pcma),
            PortFormat::Pcmu => Some(Self::Pcmu),
            PortFormat::Opus | PortFormat::Pcm(_) => None,
        }
    }

    /// The codec with that payload type. Both are decoded whichever was agreed on: some peers change in mid-call.
    pub const fn of_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// The payload type.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The rate it samples at.
    pub const fn rate(self) -> SampleRate {
        match self {
            Self::Pcma | Self::Pcmu => SampleRate::HZ_8000,
        }
    }

    /// Appends the samples of a payload.
    pub fn decode(self, payload: &[u8], pcm: &mut Vec<i16>) {
        match self {
            Self::Pcma => g711::decode_a(payload, pcm),
            Self::Pcmu => g711::decode_mu(payload, pcm),
        }
    }

    /// Appends the bytes of these samples.
    pub fn encode(self, pcm: &[i16], payload: &mut BytesMut) {
        match self {
            Self::Pcma => payload.extend(g711::encode_a(pcm)),
            Self::Pcmu => payload.extend(g711::encode_mu(pcm)),
        }
    }
}

/// What a packet of a telephone line holds. An empty or absurdly long one holds nothing to hear.
pub fn content(packet: &Packet) -> Content {
    match (Codec::of_payload_type(packet.payload_type), packet.payload.len()) {
        (Some(Codec::Pcma | Codec::Pcmu), samples @ 1..=LONGEST) => Content::Sound { samples: samples as u32 },
        (None, 1..) if packet.payload_type == COMFORT_NOISE => Content::Noise,
        (Some(_) | None, _) => Content::Other,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn of(payload_type: u8, len: usize) -> Content {
        let payload = Bytes::from(vec![0xd5; len]);
        content(&Packet { payload_type, ssrc: 1, sequence: 1, timestamp: 0, marker: false, payload })
    }

    #[test]
    fn absurd_packets_hold_nothing_to_hear() {
        assert_eq!(of(8, 160), Content::Sound { samples: 160 });
        assert_eq!(of(0, 480), Content::Sound { samples: 480 });
        assert_eq!(of(13, 1), Content::Noise);
        for (payload_type, len) in [(8, 0), (0, 1_400), (13, 0), (101, 4), (96, 160)] {
            assert_eq!(of(payload_type, len), Content::Other, "payload type {payload_type}, {len} bytes");
        }
    }
}
