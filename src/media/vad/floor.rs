//! The level of the noise behind the speech, by minimum statistics: what is quietest within two seconds is noise.
//! Never follows speech: nobody speaks two seconds without a pause between words.

use crate::audio::Dbfs;

/// Frames in one of the stretches whose minimum is kept: 250 ms.
const STRETCH: usize = 12;
const STRETCHES: usize = 8;

/// Follows the noise floor of one stream.
#[derive(Debug, Clone)]
pub struct NoiseFloor {
    minima: [f32; STRETCHES],
    present: f32,
    frames: usize,
}

impl Default for NoiseFloor {
    fn default() -> Self {
        Self { minima: [f32::INFINITY; STRETCHES], present: f32::INFINITY, frames: 0 }
    }
}

impl NoiseFloor {
    /// Takes note of a frame's level.
    pub fn observe(&mut self, level: Dbfs) {
        self.present = self.present.min(level.db());
        self.frames += 1;
        if self.frames.is_multiple_of(STRETCH) {
            self.minima[self.frames / STRETCH % STRETCHES] = self.present;
            self.present = f32::INFINITY;
        }
    }

    /// The floor; [`Dbfs::SILENCE`] before the first frame.
    pub fn level(&self) -> Dbfs {
        let lowest = self.minima.iter().fold(self.present, |low, &m| low.min(m));
        if lowest.is_finite() { Dbfs::new(lowest) } else { Dbfs::SILENCE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_is_the_quietest_of_two_seconds() {
        let mut floor = NoiseFloor::default();
        assert_eq!(floor.level(), Dbfs::SILENCE);
        for n in 0..200 {
            floor.observe(Dbfs::new(if n % 20 == 0 { -50.0 } else { -20.0 }));
        }
        assert_eq!(floor.level(), Dbfs::new(-50.0));
        for _ in 0..120 {
            floor.observe(Dbfs::new(-30.0));
        }
        assert_eq!(floor.level(), Dbfs::new(-30.0), "a fan that was switched on is noise after two seconds");
    }
}
