//! The noise below the speech, band by band: what the sound falls back to between words.
//! Never looks ahead; `models/telephone-front.py` follows it likewise.

use super::mel::BANDS;

/// Frames over which the first guess is an average.
const FIRST: u32 = 10;
/// How much of the way to a louder frame is gone: speech lifts the floor slowly …
const RISE: f32 = 0.004;
/// … and a quieter one takes it down at once.
const FALL: f32 = 0.08;

/// Follows the noise of one utterance.
#[derive(Default)]
pub(super) struct Floor {
    level: [f32; BANDS],
    frames: u32,
}

impl Floor {
    /// Takes the next frame's log bands in and gives the floor below it.
    pub(super) fn follow(&mut self, bands: &[f32; BANDS]) -> &[f32; BANDS] {
        self.frames = self.frames.saturating_add(1);
        let average = if self.frames <= FIRST { 1.0 / self.frames as f32 } else { 0.0 };
        for (level, band) in self.level.iter_mut().zip(bands) {
            let above = band - *level;
            *level += above * average.max(if above > 0.0 { RISE } else { FALL });
        }
        &self.level
    }

    /// Of all bands.
    pub(super) fn average(&self) -> f32 {
        self.level.iter().sum::<f32>() / BANDS as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_the_noise_before_speech_and_stays_below_it() {
        let mut floor = Floor::default();
        for n in 0..30 {
            let level = floor.follow(&[6.0 + (n % 2) as f32; BANDS])[0];
            assert!((5.9..7.1).contains(&level), "{n}: {level}");
        }
        for _ in 0..50 {
            floor.follow(&[14.0; BANDS]);
        }
        assert!(floor.follow(&[14.0; BANDS])[3] < 8.0, "half a second of speech");
        for _ in 0..30 {
            floor.follow(&[6.0; BANDS]);
        }
        assert!(floor.follow(&[6.0; BANDS])[3] < 6.2);
    }
}
