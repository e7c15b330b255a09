//! Voice notes: the Opus packets of an Ogg file (RFC 7845) become 16 kHz sound of a bounded length.
//! Never believes what a file says of its own length: what is decoded is counted.

use std::io::Cursor;

use ogg::PacketReader;
use thiserror::Error;

use super::codec::OpusDecoder;
use super::resample::StreamResampler;
use crate::audio::SampleRate;

/// What the first page of every Ogg file begins with (RFC 3533 section 6).
const OGG: &[u8] = b"OggS";
const HEAD: &[u8] = b"OpusHead";
/// Shortest identification header (RFC 7845 section 5.1).
const HEAD_LEN: usize = 19;
/// Where in it the samples are counted that are decoded and not heard.
const PRE_SKIP: usize = 10;
/// Its major version is the upper half of this octet; this is the only one there is.
const VERSION: usize = 8;
/// One stream, mono or stereo: the channel mapping that needs no table (section 5.1.1.1).
const MAPPING: usize = 18;
/// Granule positions count at this rate, whatever was recorded (section 4).
const CODED: SampleRate = SampleRate::HZ_48000;

/// A voice note is not decoded.
#[derive(Debug, Error)]
pub enum NoteError {
    /// Its content is of another kind, whatever its name says.
    #[error("this is no voice note in Ogg and Opus; record one with the app's microphone")]
    Kind,
    /// The container is damaged.
    #[error("the voice note is broken: {0}; record it again")]
    Broken(#[from] ogg::OggReadError),
    /// There is more of it than is listened to.
    #[error("the voice note is longer than {0} seconds; record a shorter one")]
    TooLong(u32),
}

/// Decodes a voice note of at most so many seconds to 16 kHz mono.
///
/// # Errors
/// [`NoteError`]; a damaged packet is concealed, as on a line.
pub fn decode(file: &[u8], most_s: u32) -> Result<Vec<i16>, NoteError> {
    if !file.starts_with(OGG) {
        return Err(NoteError::Kind);
    }
    let mut packets = PacketReader::new(Cursor::new(file));
    let head = packets.read_packet()?.ok_or(NoteError::Kind)?;
    let skipped = pre_skip(&head.data).ok_or(NoteError::Kind)?;
    let most = skipped + (most_s * CODED.hz()) as usize;
    let (mut decoder, mut pcm, mut ends) = (OpusDecoder::default(), Vec::new(), 0);
    let ours = head.stream_serial();
    let mut is_comment = true;
    while let Some(packet) = packets.read_packet()? {
        // The second packet holds the comments (section 5.2).
        if packet.stream_serial() != ours || std::mem::take(&mut is_comment) || packet.data.is_empty() {
            continue;
        }
        decoder.decode(&packet.data, &mut pcm);
        ends = packet.absgp_page();
        if pcm.len() > most + CODED.hz() as usize {
            return Err(NoteError::TooLong(most_s));
        }
    }
    // The last page says where in its last packet the sound ends (section 4.4).
    pcm.truncate(usize::try_from(ends).unwrap_or(usize::MAX).max(skipped));
    let heard = pcm.get(skipped..).unwrap_or_default();
    if heard.len() > most - skipped {
        return Err(NoteError::TooLong(most_s));
    }
    let mut out = Vec::with_capacity(heard.len() / 3);
    let mut resampler = StreamResampler::new(CODED, SampleRate::HZ_16000);
    resampler.push(heard, &mut out);
    resampler.finish(&mut out);
    Ok(out)
}

fn pre_skip(head: &[u8]) -> Option<usize> {
    let is_ours = head.len() >= HEAD_LEN && head.starts_with(HEAD) && head[VERSION] < 16 && head[MAPPING] == 0;
    is_ours.then(|| usize::from(u16::from_le_bytes([head[PRE_SKIP], head[PRE_SKIP + 1]])))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use ogg::{PacketWriteEndInfo, PacketWriter};

    use super::*;
    use crate::media::codec::OpusEncoder;

    /// A note of so many 20 ms frames of a 440 Hz tone, its last page ending `cut` samples early.
    fn note(head: &[u8], frames: u64, cut: u64) -> Vec<u8> {
        let mut file = Vec::new();
        let mut writer = PacketWriter::new(&mut file);
        let (page, more, end) = (PacketWriteEndInfo::EndPage, PacketWriteEndInfo::NormalPacket, PacketWriteEndInfo::EndStream);
        writer.write_packet(head.to_vec(), 7, page, 0).expect("written");
        writer.write_packet(b"OpusTags\0\0\0\0\0\0\0\0".to_vec(), 7, page, 0).expect("written");
        let mut encoder = OpusEncoder::default();
        for frame in 0..frames {
            let tone = |n: u64| (f64::sin((frame * 960 + n) as f64 / 48_000.0 * 440.0 * std::f64::consts::TAU) * 9_000.0) as i16;
            let mut packet = BytesMut::new();
            encoder.encode(&(0..960).map(tone).collect::<Vec<_>>(), &mut packet);
            if packet.is_empty() {
                // Silent to the end of the packet: 20 ms of wide-band speech without a frame (RFC 6716 section 3.1).
                packet.extend_from_slice(&[9 << 3]);
            }
            let (info, at) = if frame + 1 == frames { (end, cut) } else { (more, 0) };
            writer.write_packet(packet.to_vec(), 7, info, (frame + 1) * 960 - at).expect("written");
        }
        file
    }

    fn head() -> Vec<u8> {
        [HEAD, &[1, 1, 0x38, 0x01, 0x80, 0xbb, 0, 0, 0, 0, 0]].concat()
    }

    #[test]
    fn a_note_is_as_long_as_its_last_page_says_and_sounds_as_it_was_recorded() {
        let pcm = decode(&note(&head(), 50, 100), 60).expect("a note");
        assert_eq!(pcm.len(), (50 * 960 - 100 - 0x138usize).div_ceil(3));
        let crossings = pcm.windows(2).filter(|two| two[0] < 0 && two[1] >= 0).count();
        assert!((420..=445).contains(&crossings), "{crossings} periods of a 440 Hz tone");
        assert!(pcm.iter().any(|&sample| sample > 6_000), "and it is not silent");
    }

    #[test]
    fn the_length_is_counted_and_foreign_or_damaged_files_are_refused() {
        let two_seconds = note(&head(), 101, 0);
        assert!(decode(&two_seconds, 3).is_ok());
        assert!(matches!(decode(&two_seconds, 2), Err(NoteError::TooLong(2))));
        assert!(matches!(decode(&note(b"\x01vorbis and more than nineteen", 5, 0), 60), Err(NoteError::Kind)));
        assert!(matches!(decode(b"", 60), Err(NoteError::Kind)));
        assert!(matches!(decode(b"#!AMR\n and no Ogg at all, for many octets", 60), Err(NoteError::Kind)));
        let mut damaged = note(&head(), 50, 0);
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0xff;
        assert!(matches!(decode(&damaged, 60), Err(NoteError::Broken(_))), "a page's checksum is looked at");
        // Nothing but headers is a silence, and no fault.
        assert!(decode(&note(&head(), 0, 0), 60).expect("a note").is_empty());
    }
}
