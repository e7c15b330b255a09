//! The pitch of the caller's voice, frame by frame.
//! Never allocates, and keeps no sound longer than 40 ms.

use crate::audio::SampleRate;
use crate::talk::Tone;

/// Pitch is looked for at 8 kHz: every second sample of the uplink's, smoothed.
const RATE_HZ: f32 = 8_000.0;
const NARROW: usize = SampleRate::HZ_8000.frame_len();
/// The last two frames: room for a comparison of 20 ms at the longest period.
const KEPT: usize = 2 * NARROW;
/// Periods of 60 to 400 Hz, in samples.
const SHORTEST: usize = 20;
const LONGEST: usize = 133;
/// A frame is voiced where its normalised difference falls below this (YIN, step 4).
const VOICED: f32 = 0.2;

/// Follows the pitch of a voice.
#[derive(Debug, Clone)]
pub struct PitchMeter {
    kept: [f32; KEPT],
}

impl Default for PitchMeter {
    fn default() -> Self {
        Self { kept: [0.0; KEPT] }
    }
}

impl PitchMeter {
    /// Takes the next 20 ms (16 kHz). To be called for every frame, in order.
    pub fn push(&mut self, pcm16k: &[i16]) {
        self.kept.copy_within(NARROW.., 0);
        for (to, pair) in self.kept[NARROW..].iter_mut().zip(pcm16k.chunks_exact(2)) {
            *to = (f32::from(pair[0]) + f32::from(pair[1])) / 2.0;
        }
    }

    /// The pitch of what was taken last, if it has one.
    pub fn tone(&self) -> Option<Tone> {
        period(&self.kept).map(|period| Tone::of_hz(RATE_HZ / period))
    }
}

/// The period of the sound in samples, if it has one: YIN (de Cheveigné & Kawahara 2002), steps 2 to 5.
fn period(kept: &[f32; KEPT]) -> Option<f32> {
    let mut normalised = [1.0f32; LONGEST + 2];
    let mut sum = 0.0;
    for lag in 1..normalised.len() {
        let pairs = kept[..NARROW].iter().zip(&kept[lag..lag + NARROW]);
        let difference: f32 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
        sum += difference;
        normalised[lag] = if sum > 0.0 { difference * lag as f32 / sum } else { 1.0 };
    }
    let mut lag = (SHORTEST..=LONGEST).find(|&lag| normalised[lag] < VOICED)?;
    while lag < LONGEST && normalised[lag + 1] < normalised[lag] {
        lag += 1;
    }
    let (before, at, after) = (normalised[lag - 1], normalised[lag], normalised[lag + 1]);
    let bend = before - 2.0 * at + after;
    let shift = if bend > 0.0 { (before - after) / (2.0 * bend) } else { 0.0 };
    Some(lag as f32 + shift.clamp(-0.5, 0.5))
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;

    use super::*;

    fn tone(sample: impl Fn(f32) -> f32) -> Option<Tone> {
        let mut meter = PitchMeter::default();
        for frame in 0..3 {
            let pcm: Vec<i16> = (0..320).map(|n| sample((frame * 320 + n) as f32 / 16_000.0) as i16).collect();
            meter.push(&pcm);
        }
        meter.tone()
    }

    #[test]
    fn the_pitch_of_a_voice_is_found_and_a_hiss_has_none() {
        for hz in [70.0, 120.0, 210.0, 380.0] {
            let voice = |t: f32| (1..=5).map(|k| (TAU * hz * t * k as f32).sin() / k as f32).sum::<f32>() * 4_000.0;
            let found = tone(voice).expect("voiced").hz();
            assert!((found / hz - 1.0).abs() < 0.02, "{hz} {found}");
        }
        let state = std::cell::Cell::new(1u32);
        let hiss = |_: f32| {
            state.set(state.get().wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
            ((state.get() >> 18) as i16 - 8_192).into()
        };
        assert_eq!((tone(hiss), tone(|_| 0.0)), (None, None));
    }
}
