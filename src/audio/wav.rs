//! Wav files as mono 16-bit sound, read and written through any stream.
//! Never opens a file itself and never guesses: a kind it cannot read is named.

use std::io::{Read, Seek, Write};

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
    /// Reads a wav: PCM of 8 to 32 bits or float, one or more channels (mixed down), 8 to 48 kHz.
    pub fn read(stream: impl Read) -> Result<Self, WavError> {
        let mut reader = hound::WavReader::new(stream)?;
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
