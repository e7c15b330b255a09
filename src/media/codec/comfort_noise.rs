//! Comfort noise: what is heard where nothing is sent, either as the sender described it (RFC 3389) or low and white.
//! Never random: the same seed makes the same noise.

use crate::audio::Dbfs;

/// Highest model order taken from a packet; RFC 3389 section 3.2 advises at most 12 for 8 kHz.
const ORDER: usize = 12;

/// A generator of noise with a level and, where the sender gave one, a spectrum.
#[derive(Debug, Clone)]
pub struct ComfortNoise {
    seed: u32,
    amplitude: f32,
    /// Reflection coefficients of the all-pole lattice, zero where there are none.
    reflection: [f32; ORDER],
    state: [f32; ORDER],
}

impl ComfortNoise {
    /// White noise at that level.
    pub const fn new(seed: u32) -> Self {
        // xorshift stands still at zero.
        Self { seed: if seed == 0 { 1 } else { seed }, amplitude: 0.0, reflection: [0.0; ORDER], state: [0.0; ORDER] }
    }

    /// White noise at that level from now on; at [`Dbfs::SILENCE`] exact silence.
    pub fn set_white(&mut self, level: Dbfs) {
        self.reflection = [0.0; ORDER];
        self.set_level(level);
    }

    /// Noise as a comfort noise payload describes it: the level in -dBov, then quantised reflection coefficients
    /// (RFC 3389 section 3). An empty payload changes nothing.
    pub fn set_described(&mut self, payload: &[u8]) {
        let Some((&level, coefficients)) = payload.split_first() else { return };
        self.reflection = [0.0; ORDER];
        for (to, &from) in self.reflection.iter_mut().zip(coefficients) {
            // The outermost values would ring for ever.
            *to = ((f32::from(from) - 127.0) / 128.0).clamp(-0.98, 0.98);
        }
        self.set_level(Dbfs::new(-f32::from(level & 0x7f)));
    }

    /// Adds noise to these samples, scaled by `share` (0 to 1).
    pub fn add(&mut self, pcm: &mut [i16], share: f32) {
        if self.amplitude == 0.0 {
            return;
        }
        for sample in pcm {
            *sample = (f32::from(*sample) + self.next() * share).round().clamp(-32_768.0, 32_767.0) as i16;
        }
    }

    /// Sets the excitation such that the filtered noise has that level: the lattice multiplies power by 1/Π(1-k²).
    fn set_level(&mut self, level: Dbfs) {
        if level <= Dbfs::SILENCE {
            self.amplitude = 0.0;
            return;
        }
        let loss: f32 = self.reflection.iter().map(|k| 1.0 - k * k).product();
        // A uniform excitation in ±a has the power a²/3.
        self.amplitude = 32_768.0 * level.gain() * (3.0 * loss).sqrt();
    }

    fn next(&mut self) -> f32 {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 17;
        self.seed ^= self.seed << 5;
        let mut forward = (self.seed as f32 / u32::MAX as f32 * 2.0 - 1.0) * self.amplitude;
        for i in (0..ORDER).rev() {
            let k = self.reflection[i];
            forward -= k * self.state[i];
            let backward = self.state[i] + k * forward;
            if i + 1 < ORDER {
                self.state[i + 1] = backward;
            }
        }
        self.state[0] = forward;
        forward
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(noise: &mut ComfortNoise) -> f32 {
        let mut pcm = [0; 16_000];
        noise.add(&mut pcm, 1.0);
        Dbfs::of(&pcm[1_000..]).db()
    }

    #[test]
    fn white_noise_has_the_level_it_was_given() {
        let mut noise = ComfortNoise::new(7);
        assert_eq!(level(&mut noise), Dbfs::SILENCE.db());
        noise.set_white(Dbfs::new(-50.0));
        assert!((level(&mut noise) + 50.0).abs() < 0.5);
    }

    #[test]
    fn described_noise_keeps_the_level_whatever_its_spectrum() {
        let mut noise = ComfortNoise::new(7);
        noise.set_described(&[40, 30, 180, 100]);
        assert!((level(&mut noise) + 40.0).abs() < 1.0, "{}", level(&mut noise));
    }

    #[test]
    fn described_noise_has_the_spectrum_it_was_given() {
        // A first reflection coefficient near -1 puts the power at low frequencies: neighbours are alike.
        let mut noise = ComfortNoise::new(7);
        noise.set_described(&[40, 12]);
        let mut pcm = [0; 8_000];
        noise.add(&mut pcm, 1.0);
        let power: f64 = pcm.iter().map(|&s| f64::from(s).powi(2)).sum();
        let neighbours: f64 = pcm.windows(2).map(|w| f64::from(w[0]) * f64::from(w[1])).sum();
        assert!(neighbours / power > 0.8, "{}", neighbours / power);
    }

    #[test]
    fn any_payload_is_stable() {
        let mut noise = ComfortNoise::new(7);
        for payload in [&[0u8; 40][..], &[0xff; 40], &[127, 0, 255, 0, 255], &[]] {
            noise.set_described(payload);
            assert!(level(&mut noise) <= 0.1);
        }
    }
}
