//! How loud a piece of sound is, in decibels against full scale.
//! Never weights by frequency: this is plain RMS.

use std::fmt;

use serde::{Deserialize, Serialize};

/// RMS level in dBFS: 0 is a full-scale square wave, silence is [`Dbfs::SILENCE`].
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dbfs(f32);

impl Dbfs {
    /// Digital silence; no level is below it.
    pub const SILENCE: Self = Self(-96.0);

    /// That many decibels, never below [`Dbfs::SILENCE`].
    pub const fn new(db: f32) -> Self {
        Self(if db > -96.0 { db } else { -96.0 })
    }

    /// The level of these samples.
    pub fn of(pcm: &[i16]) -> Self {
        if pcm.is_empty() {
            return Self::SILENCE;
        }
        let power = pcm.iter().map(|&s| f64::from(s) * f64::from(s)).sum::<f64>() / pcm.len() as f64;
        Self::new((10.0 * (power / (32_768.0 * 32_768.0)).max(1e-12).log10()) as f32)
    }

    /// Decibels against full scale.
    pub const fn db(self) -> f32 {
        self.0
    }

    /// The factor that scales a sample by this many decibels.
    pub fn gain(self) -> f32 {
        10f32.powf(self.0 / 20.0)
    }
}

impl fmt::Display for Dbfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} dBFS", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_zero_and_silence_is_the_floor() {
        assert!(Dbfs::of(&[i16::MAX; 160]).db().abs() < 0.01);
        assert_eq!(Dbfs::of(&[0; 160]), Dbfs::SILENCE);
        assert!((Dbfs::of(&[3277; 160]).db() + 20.0).abs() < 0.01);
    }
}
