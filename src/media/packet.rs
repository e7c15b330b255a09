//! What passes between a line and media: the sound format, a received packet, and one tick's sound on its way out.
//! Never knows an address, a socket or a whole RTP header.

use bytes::Bytes;

use crate::audio::{Frame, SampleRate};

use super::codec::{COMFORT_NOISE, Codec, OPUS};

/// The sound format a port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortFormat {
    /// G.711 A-law, 8 kHz, payload type 8 (RFC 3551).
    Pcma,
    /// G.711 mu-law, 8 kHz, payload type 0 (RFC 3551).
    Pcmu,
    /// Opus, 48 kHz mono (RFC 7587): browsers.
    Opus,
    /// Plain frames, no packets: microphone and wav.
    Pcm(SampleRate),
}

impl PortFormat {
    /// The rate the bot's sound is given to it at.
    pub const fn rate(self) -> SampleRate {
        match self {
            Self::Pcma | Self::Pcmu => SampleRate::HZ_8000,
            Self::Opus => SampleRate::HZ_48000,
            Self::Pcm(rate) => rate,
        }
    }

    /// Name of the codec, as in SDP and in the record of the call.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::Opus => "OPUS",
            Self::Pcm(_) => "PCM",
        }
    }
}

/// One received audio packet: what the jitter buffer needs of RTP (RFC 3550 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Payload type.
    pub payload_type: u8,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Sequence number.
    pub sequence: u16,
    /// RTP timestamp, in samples of the codec's clock.
    pub timestamp: u32,
    /// First packet of a talkspurt.
    pub marker: bool,
    /// The encoded sound.
    pub payload: Bytes,
}

impl Packet {
    /// Whether it holds sound. Keys come in packets too (RFC 4733).
    pub const fn is_sound(&self) -> bool {
        Codec::of_payload_type(self.payload_type).is_some() || matches!(self.payload_type, COMFORT_NOISE | OPUS)
    }
}

/// What the downlink gives a port at each tick.
#[expect(clippy::large_enum_variant, reason = "it lives for one tick, on the stack; a box would be an allocation in each")]
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// Encoded sound for one packet of 20 ms.
    Encoded {
        /// The encoded samples. Empty where the codec sends nothing in silence; the time of the tick passes all the same.
        payload: Bytes,
        /// First packet after silence in which nothing was sent or only comfort noise.
        marker: bool,
    },
    /// A plain frame for ports of [`PortFormat::Pcm`].
    Plain(Frame),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_no_sound() {
        let of = |payload_type| Packet { payload_type, ssrc: 1, sequence: 2, timestamp: 3, marker: false, payload: Bytes::new() };
        assert_eq!([0, 8, 13, OPUS, 101, 96].map(|kind| of(kind).is_sound()), [true, true, true, true, false, false]);
    }
}
