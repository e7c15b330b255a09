//! What the voice detector sees of 20 ms: twice (each 10 ms) the loudness of 24 bands of a telephone's width, and how periodic the
//! sound is. Never decides anything; `models/voice-activity.py` makes the same numbers for the training.

use std::f32::consts::TAU;
use std::ops::Range;

use rustfft::algorithm::Radix4;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection};

use crate::audio::dot;

/// Mel bands from 80 to 3,900 Hz: what a telephone lets through, so that a wide line looks the same.
pub(super) const BANDS: usize = 24;
/// Numbers a 20 ms frame.
pub(super) const FEATURES: usize = 2 * (BANDS + 1);

const HOP: usize = 160;
const WINDOW: usize = 400;
const POINTS: usize = 512;
/// Points of half the spectrum, the middle one included.
const HALF: usize = POINTS / 2 + 1;
const HZ_A_POINT: f32 = 16_000.0 / POINTS as f32;
/// Added to each band's power: −80 dBFS.
const FLOOR: f32 = 1e-8 * WINDOW as f32;
/// Periods of a voice, in samples: 400 down to 70 Hz.
const PERIODS: Range<usize> = 40..229;
/// Periodicity is looked for below this: above it, voices are noisy.
const PERIODIC_HZ: f32 = 1_500.0;

/// Makes the features of one stream, frame after frame. No allocation after `new`.
pub(super) struct Features {
    /// The end of the sound before: what a window reaches back.
    before: [f32; WINDOW - HOP],
    window: [f32; WINDOW],
    /// The window's own autocorrelation at each period, over its power.
    own: [f32; PERIODS.end - PERIODS.start],
    /// Each band's first point, and the weights from there on.
    filters: [(usize, Vec<f32>); BANDS],
    fft: Radix4<f32>,
    points: Vec<Complex<f32>>,
    scratch: Vec<Complex<f32>>,
}

impl Features {
    pub(super) fn new() -> Self {
        let window = std::array::from_fn(|i| 0.5 - 0.5 * (TAU * (i as f32 + 0.5) / WINDOW as f32).cos());
        let fft = Radix4::new(POINTS, FftDirection::Forward);
        Self {
            before: [0.0; WINDOW - HOP],
            own: std::array::from_fn(|i| alike(&window, PERIODS.start + i) / alike(&window, 0)),
            window,
            filters: filters(),
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            points: vec![Complex::default(); POINTS],
            fft,
        }
    }

    /// The features of the next 320 samples at 16 kHz.
    pub(super) fn of(&mut self, pcm16k: &[i16]) -> [f32; FEATURES] {
        let mut sound = [0.0; WINDOW + HOP];
        sound[..WINDOW - HOP].copy_from_slice(&self.before);
        for (sample, pcm) in sound[WINDOW - HOP..].iter_mut().zip(pcm16k) {
            *sample = f32::from(*pcm) / 32_768.0;
        }
        self.before.copy_from_slice(&sound[2 * HOP..]);
        let [first, second] = self.spectra(&sound);
        let periodic = self.periodicity(&first, &second);
        let mut features = [0.0; FEATURES];
        for ((row, power), periodic) in features.chunks_exact_mut(BANDS + 1).zip([first, second]).zip(periodic) {
            for (band, (start, weights)) in row.iter_mut().zip(&self.filters) {
                *band = (dot(weights, &power[*start..]) + FLOOR).ln();
            }
            row[BANDS] = periodic;
        }
        features
    }

    /// The powers of two windows, 10 ms apart, by one transform: one window is its real part, the other the imaginary.
    fn spectra(&mut self, sound: &[f32; WINDOW + HOP]) -> [[f32; HALF]; 2] {
        self.points.fill(Complex::default());
        for (i, point) in self.points.iter_mut().take(WINDOW).enumerate() {
            *point = Complex::new(sound[i], sound[i + HOP]) * self.window[i];
        }
        self.fft.process_with_scratch(&mut self.points, &mut self.scratch);
        let both = |k: usize| (self.points[k], self.points[(POINTS - k) % POINTS].conj());
        let power = |k: usize, sign: f32| {
            let (here, there) = both(k);
            (here + there * sign).norm_sqr() / 4.0
        };
        [std::array::from_fn(|k| power(k, 1.0)), std::array::from_fn(|k| power(k, -1.0))]
    }

    /// How alike each window is to itself a period later, at the best period; a power spectrum is even, so that again one
    /// transform serves both.
    fn periodicity(&mut self, first: &[f32; HALF], second: &[f32; HALF]) -> [f32; 2] {
        for k in 0..HALF {
            let low = k as f32 * HZ_A_POINT < PERIODIC_HZ;
            let both = if low { Complex::new(first[k], second[k]) } else { Complex::default() };
            self.points[k] = both;
            self.points[(POINTS - k) % POINTS] = both;
        }
        let whole = self.points[..HALF].iter().sum::<Complex<f32>>() * 2.0;
        self.fft.process_with_scratch(&mut self.points, &mut self.scratch);
        let best = |part: fn(&Complex<f32>) -> f32| {
            let lags = self.points[PERIODS].iter().zip(&self.own).filter(|(_, own)| **own > 0.1);
            let highest = lags.map(|(alike, own)| part(alike) / own).fold(0.0, f32::max);
            highest / (part(&whole) + 1e-9 * POINTS as f32)
        };
        [best(|c| c.re), best(|c| c.im)]
    }
}

fn alike(window: &[f32; WINDOW], lag: usize) -> f32 {
    window.iter().zip(&window[lag..]).map(|(a, b)| a * b).sum()
}

/// Triangles equally wide in mel, the weights of each adding up to one.
fn filters() -> [(usize, Vec<f32>); BANDS] {
    let mel = |hz: f32| 2_595.0 * (1.0 + hz / 700.0).log10();
    let (low, width) = (mel(80.0), (mel(3_900.0) - mel(80.0)) / (BANDS + 1) as f32);
    let edge = |i: usize| 700.0 * (10.0_f32.powf((low + i as f32 * width) / 2_595.0) - 1.0);
    std::array::from_fn(|band| {
        let (left, centre, right) = (edge(band), edge(band + 1), edge(band + 2));
        let weight = |point: usize| {
            let hz = point as f32 * HZ_A_POINT;
            ((hz - left) / (centre - left)).min((right - hz) / (right - centre)).max(0.0)
        };
        let points = (0..HALF).filter(|k| weight(*k) > 0.0).collect::<Vec<_>>();
        let sum: f32 = points.iter().map(|k| weight(*k)).sum();
        (points[0], points.iter().map(|k| weight(*k) / sum).collect())
    })
}
