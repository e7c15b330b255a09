//! One 20 ms frame of mono sound and the rate it was sampled at.
//! Never holds more or less than 20 ms, and never allocates.

use std::time::Duration;

use super::{Dbfs, MediaTime};

/// Length of every frame, in milliseconds (the usual RTP ptime, RFC 3551 section 4.2).
pub const FRAME_MS: u64 = 20;
/// Length of every frame.
pub const FRAME: Duration = Duration::from_millis(FRAME_MS);

const MAX_SAMPLES: usize = 960;

/// Samples per second, one of the rates the path uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SampleRate(u32);

impl SampleRate {
    /// 8 kHz, the telephone.
    pub const HZ_8000: Self = Self(8_000);
    /// 16 kHz, what voice activity detection and recognisers are fed.
    pub const HZ_16000: Self = Self(16_000);
    /// 22.05 kHz, espeak-ng and piper voices.
    pub const HZ_22050: Self = Self(22_050);
    /// 24 kHz, cloud voices.
    pub const HZ_24000: Self = Self(24_000);
    /// 48 kHz, sound cards and Opus.
    pub const HZ_48000: Self = Self(48_000);

    /// The rate with that many samples a second, or `None` outside 8 to 48 kHz or where 20 ms is no whole number of samples.
    pub const fn new(hz: u32) -> Option<Self> {
        if hz >= 8_000 && hz <= 48_000 && hz.is_multiple_of(50) { Some(Self(hz)) } else { None }
    }

    /// Samples per second.
    pub const fn hz(self) -> u32 {
        self.0
    }

    /// Samples in one 20 ms frame.
    pub const fn frame_len(self) -> usize {
        (self.0 / 50) as usize
    }
}

/// 20 ms of mono sound, 16-bit, with the media time of its first sample.
#[derive(Clone)]
pub struct Frame {
    samples: [i16; MAX_SAMPLES],
    rate: SampleRate,
    /// Media time of the first sample.
    pub at: MediaTime,
}

impl Frame {
    /// A silent frame.
    pub const fn silence(rate: SampleRate, at: MediaTime) -> Self {
        Self { samples: [0; MAX_SAMPLES], rate, at }
    }

    /// A frame of these samples; missing ones are silence, and more than 20 ms are left out.
    pub fn new(pcm: &[i16], rate: SampleRate, at: MediaTime) -> Self {
        let mut frame = Self::silence(rate, at);
        let n = pcm.len().min(rate.frame_len());
        frame.samples[..n].copy_from_slice(&pcm[..n]);
        frame
    }

    /// The samples, exactly 20 ms of them.
    pub fn pcm(&self) -> &[i16] {
        &self.samples[..self.rate.frame_len()]
    }

    /// The samples, to write.
    pub fn pcm_mut(&mut self) -> &mut [i16] {
        &mut self.samples[..self.rate.frame_len()]
    }

    /// The rate the samples were taken at.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// The frame's level (RMS against full scale).
    pub fn level(&self) -> Dbfs {
        Dbfs::of(self.pcm())
    }
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({} Hz at {}, {})", self.rate.0, self.at, self.level())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_20_ms_at_every_rate() {
        for rate in [SampleRate::HZ_8000, SampleRate::HZ_22050, SampleRate::HZ_48000] {
            let frame = Frame::new(&[1; 2000], rate, MediaTime::ZERO);
            assert_eq!(frame.pcm().len() as u32 * 50, rate.hz());
        }
        assert_eq!(SampleRate::new(11_025), None);
    }
}
