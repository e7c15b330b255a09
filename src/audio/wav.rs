//! Wav files as mono 16-bit sound, read and written through any stream.
//! Never opens a file itself and never guesses: a kind it cannot read is named.

use std::io::{Cursor, Read, Seek, Write};

use audio_codec_algorithms::{decode_alaw, decode_ulaw};
use thiserror::Error;

use super::SampleRate;

/// Why a wav could not be read or written.
#[derive(Debug, Error)]
pub enum WavError {
    /// The stream is no wav, is cut off, or could not be read or written.
    #[error("not a readable wav: {0}")]
    Format(#[from] hound::Error),
    /// A wav of a kind the path has no use for.
    #[error("{what}; give a mono or stereo PCM wav of 8 to 48 kHz (sox IN -r 16000 -c 1 -b 16 OUT.wav)")]
    Unsupported {
        /// What is wrong with it.
        what: String,
    },
}

/// A whole wav, mixed down to mono.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    /// Samples, 16-bit mono.
    pub pcm: Vec<i16>,
    /// Samples per second.
    pub rate: SampleRate,
}

impl Sound {
    /// Reads a wav: PCM of 8 to 32 bits, float, A-law or mu-law, one or more channels (mixed down), 8 to 48 kHz.
    pub fn read(mut stream: impl Read) -> Result<Self, WavError> {
        let mut file = Vec::new();
        stream.read_to_end(&mut file).map_err(hound::Error::from)?;
        if let Some(linear) = expanded(&file) {
            file = linear;
        }
        let mut reader = hound::WavReader::new(Cursor::new(file))?;
        let spec = reader.spec();
        let rate = SampleRate::new(spec.sample_rate)
            .ok_or_else(|| WavError::Unsupported { what: format!("sampled at {} Hz", spec.sample_rate) })?;
        let samples: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>()?,
            hound::SampleFormat::Int => {
                let full = (1u64 << (spec.bits_per_sample - 1)) as f32;
                reader.samples::<i32>().map(|s| s.map(|s| s as f32 / full)).collect::<Result<_, _>>()?
            }
        };
        if samples.is_empty() {
            return Err(WavError::Unsupported { what: "no samples in it".to_owned() });
        }
        let channels = usize::from(spec.channels.max(1));
        let pcm = samples
            .chunks_exact(channels)
            .map(|c| (c.iter().sum::<f32>() / channels as f32 * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16)
            .collect();
        Ok(Self { pcm, rate })
    }

    /// Length in milliseconds.
    pub fn millis(&self) -> u64 {
        self.pcm.len() as u64 * 1_000 / u64::from(self.rate.hz())
    }

    /// Writes a 16-bit mono wav.
    pub fn write(&self, stream: impl Write + Seek) -> Result<(), WavError> {
        let mut writer = Writer::new(stream, self.rate, 1)?;
        writer.push(&self.pcm)?;
        writer.finish()
    }
}

/// The wav with 16-bit samples in place of a telephone's 8-bit ones; `None` where they are of another kind.
fn expanded(file: &[u8]) -> Option<Vec<u8>> {
    const ALAW: u16 = 6;
    const ULAW: u16 = 7;
    let format = chunk(file, b"fmt ")?;
    let number = |at: usize| Some(u16::from_le_bytes(format.get(at..at + 2)?.try_into().ok()?));
    let decode: fn(u8) -> i16 = match number(0)? {
        ALAW => decode_alaw,
        ULAW => decode_ulaw,
        _ => return None,
    };
    let rate = u32::from(number(4)?) | u32::from(number(6)?) << 16;
    let spec =
        hound::WavSpec { channels: number(2)?, sample_rate: rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut linear = Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut linear, spec).ok()?;
    chunk(file, b"data")?.iter().try_for_each(|code| writer.write_sample(decode(*code))).ok()?;
    writer.finalize().ok()?;
    Some(linear.into_inner())
}

/// What a chunk of a RIFF file holds, as far as the file goes.
fn chunk<'a>(file: &'a [u8], name: &[u8; 4]) -> Option<&'a [u8]> {
    let mut rest = file.get(12..)?;
    loop {
        let length = u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?) as usize;
        let body = &rest[8..];
        if rest.starts_with(name) {
            return Some(&body[..length.min(body.len())]);
        }
        // Chunks begin at even bytes.
        rest = body.get(length.checked_add(length % 2)?..)?;
    }
}

/// Writes a 16-bit wav as its samples come.
pub struct Writer<W: Write + Seek>(hound::WavWriter<W>);

impl<W: Write + Seek> Writer<W> {
    /// Begins a wav of that many interleaved channels.
    pub fn new(stream: W, rate: SampleRate, channels: u16) -> Result<Self, WavError> {
        let spec =
            hound::WavSpec { channels, sample_rate: rate.hz(), bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        Ok(Self(hound::WavWriter::new(stream, spec)?))
    }

    /// Adds interleaved samples.
    pub fn push(&mut self, pcm: &[i16]) -> Result<(), WavError> {
        for &s in pcm {
            self.0.write_sample(s)?;
        }
        Ok(())
    }

    /// Brings the header up to date, so that the file so far is readable even if nothing more is written.
    pub fn flush(&mut self) -> Result<(), WavError> {
        Ok(self.0.flush()?)
    }

    /// Completes the file.
    pub fn finish(self) -> Result<(), WavError> {
        Ok(self.0.finalize()?)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn written_sound_reads_back() {
        let sound = Sound { pcm: vec![1, -2, 3, 32_767, -32_768], rate: SampleRate::HZ_8000 };
        let mut file = Cursor::new(Vec::new());
        sound.write(&mut file).expect("written to memory");
        assert_eq!(Sound::read(Cursor::new(file.into_inner())).expect("our own wav"), sound);
    }

    #[test]
    fn a_telephones_codes_are_expanded() {
        for (tag, silence, decode) in [(6u16, 0xd5, decode_alaw as fn(u8) -> i16), (7, 0xff, decode_ulaw)] {
            let mut file = b"RIFF\0\0\0\0WAVEfact\x03\0\0\0abc\0fmt \x12\0\0\0".to_vec();
            for number in [tag, 1, 8_000, 0, 8_000, 0, 1, 8, 0] {
                file.extend(number.to_le_bytes());
            }
            file.extend(b"data\x03\0\0\0");
            file.extend([silence, 0x21, 0x9a]);
            let sound = Sound::read(Cursor::new(&file)).expect("a wav of the telephone's kind");
            assert_eq!(sound, Sound { pcm: [silence, 0x21, 0x9a].map(decode).to_vec(), rate: SampleRate::HZ_8000 });
            assert!(Sound::read(Cursor::new(&file[..20])).is_err(), "a file cut off in its header");
        }
    }

    #[test]
    fn a_wav_of_the_wrong_kind_is_named() {
        assert!(matches!(Sound::read(Cursor::new(b"ID3\x04 an mp3")), Err(WavError::Format(_))));
        let mut file = Cursor::new(Vec::new());
        let spec =
            hound::WavSpec { channels: 1, sample_rate: 96_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        hound::WavWriter::new(&mut file, spec).and_then(hound::WavWriter::finalize).expect("in memory");
        let error = Sound::read(Cursor::new(file.into_inner())).expect_err("96 kHz is outside the path's rates");
        assert!(error.to_string().contains("96000 Hz"), "{error}");
    }
}
