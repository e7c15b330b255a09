//! What one call encodes and decodes with: the codec of its port, with the state that it keeps from packet to packet.
//! Never chooses the codec: the line agreed on it.

use bytes::BytesMut;

use crate::audio::SampleRate;
use crate::media::jitter::Content;
use crate::media::{Packet, PortFormat};

use super::{Codec, ComfortNoise, Concealer, OPUS, OpusDecoder, OpusEncoder, opus, payload};

/// Makes payloads of one call's sound.
pub enum Encoder {
    /// The telephone's.
    G711(Codec),
    /// The browsers'.
    Opus(OpusEncoder),
}

impl Encoder {
    /// The encoder of a port, if it speaks in packets.
    pub fn of_port(format: PortFormat) -> Option<Self> {
        match format {
            PortFormat::Pcma | PortFormat::Pcmu => Codec::of_port(format).map(Self::G711),
            PortFormat::Opus => Some(Self::Opus(OpusEncoder::default())),
            PortFormat::Pcm(_) => None,
        }
    }

    /// Appends the payload of these 20 ms; nothing where the codec sends nothing in silence.
    pub fn encode(&mut self, pcm: &[i16], payload: &mut BytesMut) {
        match self {
            Self::G711(codec) => codec.encode(pcm, payload),
            Self::Opus(encoder) => encoder.encode(pcm, payload),
        }
    }
}

/// Makes sound of one call's payloads, and stands in for those that are missing.
pub enum Decoder {
    /// The telephone's: lost sound is concealed by pitch repetition.
    G711(Codec, Box<Concealer>),
    /// The browsers': lost sound is repaired from the packet behind it where that carries a copy, else made up by the codec.
    Opus(OpusDecoder),
}

impl Decoder {
    /// The decoder of a port, if it speaks in packets.
    pub fn of_port(format: PortFormat) -> Option<Self> {
        match format {
            PortFormat::Pcma | PortFormat::Pcmu => Codec::of_port(format).map(|codec| Self::G711(codec, Box::default())),
            PortFormat::Opus => Some(Self::Opus(OpusDecoder::default())),
            PortFormat::Pcm(_) => None,
        }
    }

    /// The rate it gives sound at, which is its clock in RTP.
    pub const fn rate(&self) -> SampleRate {
        match self {
            Self::G711(codec, _) => codec.rate(),
            Self::Opus(_) => SampleRate::HZ_48000,
        }
    }

    /// What a packet holds.
    pub fn content(&self, packet: &Packet) -> Content {
        match self {
            Self::G711(..) => payload::content(packet),
            Self::Opus(_) if packet.payload_type == OPUS => opus::content(&packet.payload),
            Self::Opus(_) => Content::Other,
        }
    }

    /// Appends the samples of a packet of sound but the first `skip`, which have been stood in for.
    pub fn decode(&mut self, packet: &Packet, skip: usize, pcm: &mut Vec<i16>) {
        let from = pcm.len();
        match self {
            Self::G711(agreed, concealer) => {
                // Either law is decoded whichever was agreed on: some peers change in mid-call.
                Codec::of_payload_type(packet.payload_type).unwrap_or(*agreed).decode(&packet.payload, pcm);
                pcm.drain(from..from + skip);
                concealer.received(&mut pcm[from..]);
            }
            Self::Opus(decoder) => {
                decoder.decode(&packet.payload, pcm);
                pcm.drain(from..(from + skip).min(pcm.len()));
            }
        }
    }

    /// Fills these samples with what was lost; `next` is the payload that follows them directly, if it is there.
    /// Tells whether they were repaired and not made up.
    pub fn conceal(&mut self, next: Option<&[u8]>, pcm: &mut [i16], noise: &mut ComfortNoise) -> bool {
        match self {
            Self::G711(_, concealer) => {
                concealer.conceal(pcm, noise);
                false
            }
            Self::Opus(decoder) => {
                let repaired = next.is_some_and(|next| decoder.repair(next, pcm));
                if !repaired {
                    decoder.conceal(pcm);
                }
                repaired
            }
        }
    }

    /// Takes note of comfort noise that was played in the sender's silence.
    pub fn rested(&mut self, pcm: &mut [i16]) {
        match self {
            Self::G711(_, concealer) => concealer.received(pcm),
            Self::Opus(_) => {}
        }
    }
}
