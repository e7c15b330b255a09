//! Mel bands and cepstra as SphinxBase makes them for the en-us model (`fe_sigproc.c`): 25 bands of 130–6,800 Hz, frames of
//! 410 samples each 160, natural logarithm, unitary DCT, lifter 22. Tables and arithmetic only.

use std::f32::consts::PI;

/// Mel bands.
pub(super) const BANDS: usize = 25;
/// Coefficients of a cepstrum.
pub(crate) const CEPSTRA: usize = 13;
/// Samples of a frame at 16 kHz.
pub(super) const FRAME: usize = 410;
/// Samples from one frame to the next.
pub(super) const SHIFT: usize = 160;
pub(super) const PRE_EMPHASIS: f32 = 0.97;

const POINTS: usize = 512;
const HZ_A_POINT: f32 = 16_000.0 / POINTS as f32;
const LOWEST_HZ: f32 = 130.0;
const HIGHEST_HZ: f32 = 6_800.0;
/// Added to each band's power: that of noise at −70 dBFS, so that digital silence is quiet and not minus infinity.
const FLOOR: f32 = 500.0;

pub(super) struct Mel {
    window: Vec<f32>,
    /// cos and −sin of each point's angle.
    turns: Vec<(f32, f32)>,
    /// Each band's first point and the weights from there on.
    filters: Vec<(usize, Vec<f32>)>,
    cosines: [[f32; BANDS]; CEPSTRA],
}

impl Mel {
    pub(super) fn new() -> Self {
        let window = (0..FRAME).map(|i| 0.54 - 0.46 * (2.0 * PI * i as f32 / (FRAME - 1) as f32).cos()).collect();
        let turn = |i: usize| {
            let angle = 2.0 * PI * i as f32 / POINTS as f32;
            (angle.cos(), -angle.sin())
        };
        let turns = (0..POINTS / 2).map(turn).collect();
        let cosine = |i: usize, j: usize| {
            let weight = if i == 0 { 1.0_f32 } else { 2.0 };
            let scale = (weight / BANDS as f32).sqrt();
            let lifter = 1.0 + 11.0 * (i as f32 * PI / 22.0).sin();
            (PI / BANDS as f32 * i as f32 * (j as f32 + 0.5)).cos() * scale * lifter
        };
        let cosines = std::array::from_fn(|i| std::array::from_fn(|j| cosine(i, j)));
        Self { window, turns, filters: filters(), cosines }
    }

    /// The logarithm of each band's power; the samples have their treble raised already.
    pub(super) fn bands(&self, samples: impl Iterator<Item = f32>) -> [f32; BANDS] {
        let mut points = vec![(0.0, 0.0); POINTS];
        for ((point, sample), window) in points.iter_mut().zip(samples).zip(&self.window) {
            point.0 = sample * window;
        }
        self.transform(&mut points);
        std::array::from_fn(|band| {
            let (first, weights) = &self.filters[band];
            let power = |(w, (re, im)): (&f32, &(f32, f32))| w * (re * re + im * im);
            (weights.iter().zip(&points[*first..]).map(power).sum::<f32>() + FLOOR).ln()
        })
    }

    pub(super) fn cepstrum(&self, bands: &[f32; BANDS]) -> [f32; CEPSTRA] {
        std::array::from_fn(|i| self.cosines[i].iter().zip(bands).map(|(c, b)| c * b).sum())
    }

    /// Radix-2 Fourier transform in place.
    fn transform(&self, points: &mut [(f32, f32)]) {
        let bits = POINTS.trailing_zeros();
        for i in 0..POINTS {
            let j = i.reverse_bits() >> (usize::BITS - bits);
            if i < j {
                points.swap(i, j);
            }
        }
        let mut half = 1;
        while half < POINTS {
            let step = POINTS / (2 * half);
            for start in (0..POINTS).step_by(2 * half) {
                for k in 0..half {
                    let (cos, sin) = self.turns[k * step];
                    let (a, b) = (points[start + k], points[start + k + half]);
                    let turned = (b.0 * cos - b.1 * sin, b.0 * sin + b.1 * cos);
                    points[start + k] = (a.0 + turned.0, a.1 + turned.1);
                    points[start + k + half] = (a.0 - turned.0, a.1 - turned.1);
                }
            }
            half *= 2;
        }
    }
}

/// Triangles of equal area between points of the transform, equally wide in mel.
fn filters() -> Vec<(usize, Vec<f32>)> {
    let mel = |hz: f32| 2_595.0 * (1.0 + hz / 700.0).log10();
    let hz = |mel: f32| 700.0 * (10.0_f32.powf(mel / 2_595.0) - 1.0);
    let (low, width) = (mel(LOWEST_HZ), (mel(HIGHEST_HZ) - mel(LOWEST_HZ)) / (BANDS + 1) as f32);
    let edge = |i: usize| (hz(low + i as f32 * width) / HZ_A_POINT).round();
    let filter = |band: usize| {
        let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
        let weight = |point: usize| {
            let at = point as f32;
            let height = ((at - left) / (centre - left)).min((right - at) / (right - centre));
            height * 2.0 / ((right - left) * HZ_A_POINT)
        };
        (left as usize, (left as usize..=right as usize).map(weight).collect())
    };
    (0..BANDS).map(filter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_lies_in_the_band_of_its_pitch_and_silence_at_the_floor() {
        let mel = Mel::new();
        let tone = (0..FRAME).map(|i| (2.0 * PI * 1_000.0 * i as f32 / 16_000.0).sin() * 8_000.0);
        let bands = mel.bands(tone);
        let loudest = (0..BANDS).max_by(|a, b| bands[*a].total_cmp(&bands[*b])).expect("bands");
        // 1,000 Hz is 1,000 mel; the bands' centres lie 95.3 mel apart from 191 on.
        assert_eq!(loudest, 7, "{bands:?}");
        assert!(mel.bands(std::iter::repeat_n(0.0, FRAME)).iter().all(|b| (b - FLOOR.ln()).abs() < 1e-5));
    }

    #[test]
    fn equal_bands_have_a_cepstrum_of_their_level_alone() {
        let cepstrum = Mel::new().cepstrum(&[2.0; BANDS]);
        assert!((cepstrum[0] - 10.0).abs() < 1e-4, "{cepstrum:?}");
        assert!(cepstrum[1..].iter().all(|c| c.abs() < 1e-3), "{cepstrum:?}");
    }
}
