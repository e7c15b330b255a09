//! G.711, both laws, over slices. The arithmetic is that of the crate `audio-codec-algorithms`.
//! Never allocates: the caller brings the room.

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};

/// Appends the samples of an A-law payload.
pub(super) fn decode_a(payload: &[u8], pcm: &mut Vec<i16>) {
    pcm.extend(payload.iter().map(|&byte| decode_alaw(byte)));
}

/// Appends the samples of a mu-law payload.
pub(super) fn decode_mu(payload: &[u8], pcm: &mut Vec<i16>) {
    pcm.extend(payload.iter().map(|&byte| decode_ulaw(byte)));
}

/// A-law bytes of these samples.
pub(super) fn encode_a(pcm: &[i16]) -> impl Iterator<Item = u8> {
    pcm.iter().map(|&sample| encode_alaw(sample))
}

/// Mu-law bytes of these samples.
pub(super) fn encode_mu(pcm: &[i16]) -> impl Iterator<Item = u8> {
    pcm.iter().map(|&sample| encode_ulaw(sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_the_byte_the_standard_says() {
        assert_eq!(encode_a(&[0]).collect::<Vec<_>>(), [0xd5]);
        assert_eq!(encode_mu(&[0]).collect::<Vec<_>>(), [0xff]);
    }

    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        let bytes: Vec<u8> = (0..=255).collect();
        let (mut a, mut mu) = (Vec::new(), Vec::new());
        decode_a(&bytes, &mut a);
        decode_mu(&bytes, &mut mu);
        assert_eq!(encode_a(&a).collect::<Vec<_>>(), bytes);
        let again: Vec<u8> = encode_mu(&mu).collect();
        assert!(bytes.iter().zip(&again).all(|(b, a)| b == a || (*b, *a) == (0x7f, 0xff)), "mu-law has two zeros");
    }
}
