//! Voice activity by a recurrent network of 24,000 weights that this project trained itself, behind a gate of level.
//! Never needs a download, and never tells whose voice it is: a loud second speaker is speech.
//!
//! `models/voice-activity.md` says how it was trained and what it was measured to do.

use std::sync::LazyLock;

use crate::audio::Dbfs;
use crate::talk::Probability;

use super::Vad;
use super::features::Features;
use super::network::{Memory, Network};

const WEIGHTS: &[u8] = include_bytes!("../../../models/voice-activity.bin");
static NETWORK: LazyLock<Network> = LazyLock::new(|| Network::read(WEIGHTS).expect("the weights in this binary are whole"));

/// Below this nobody speaks.
const SILENCE: f32 = -62.0;
/// Silent frames after which the network rests: 200 ms. Until then it hears the pauses between words.
const REST: u32 = 10;

/// The detector of one stream, fed 20 ms frames.
pub struct Recurrent {
    features: Features,
    memory: Memory,
    silent_frames: u32,
}

impl Default for Recurrent {
    fn default() -> Self {
        Self { features: Features::new(), memory: NETWORK.memory(), silent_frames: 0 }
    }
}

impl Vad for Recurrent {
    fn speech(&mut self, pcm16k: &[i16]) -> Probability {
        let silent = Dbfs::of(pcm16k).db() < SILENCE;
        self.silent_frames = if silent { self.silent_frames.saturating_add(1) } else { 0 };
        if self.silent_frames > REST {
            return Probability::ZERO;
        }
        let likely = NETWORK.run(&self.features.of(pcm16k), &mut self.memory);
        if silent { Probability::ZERO } else { Probability::new(likely) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::network::Network;
    use super::*;
    use crate::media::codec::ComfortNoise;

    /// Noise, and every other 200 ms a saw tooth of 120 Hz; the training script makes the same by integers.
    fn test_sound() -> Vec<i16> {
        let mut state = 1_u32;
        let sample = |n: i32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = ((state >> 16) as i32 - 32_768).div_euclid(64);
            let saw = if (n / 3_200) % 2 == 1 { (n % 133 - 66) * 50 } else { 0 };
            (noise + saw) as i16
        };
        (0..60 * 320).map(sample).collect()
    }

    #[test]
    fn the_numbers_are_those_of_the_training() {
        let (mut features, mut memory) = (Features::new(), NETWORK.memory());
        let rows = test_sound().chunks_exact(320).map(|frame| features.of(frame)).collect::<Vec<_>>();
        let some = [0, 5, 12, 24, 25, 30, 49].map(|i| rows[15][i]);
        let trained = [3.235, 0.462, -1.538, 0.967, 3.22, 0.004, 0.978];
        assert!(some.iter().zip(trained).all(|(a, b)| (a - b).abs() < 0.002), "{some:?}");
        let likely = rows.iter().map(|row| NETWORK.run(row, &mut memory)).skip(4).step_by(5).collect::<Vec<_>>();
        let trained = [0.8769, 0.4255, 0.9998, 0.9998, 0.0634, 0.0066, 0.9996, 0.9996, 0.0634, 0.0029, 0.9996, 0.9995];
        assert!(likely.iter().zip(trained).all(|(a, b)| (a - b).abs() < 0.002), "{likely:?}");
    }

    #[test]
    fn weights_of_another_length_are_none() {
        assert!(Network::read(&WEIGHTS[..WEIGHTS.len() - 1]).is_none());
        assert!(Network::read(&[WEIGHTS, &[0]].concat()).is_none());
        assert!(Network::read(b"HLTF").is_none());
    }

    /// Something like a vowel: a pulse train of 120 Hz through two resonances, its pitch and loudness moving as in syllables.
    fn vowel(frames: usize) -> Vec<i16> {
        let (mut pcm, mut phase, mut state) = (Vec::new(), 0.0f32, [[0.0f32; 2]; 2]);
        for n in 0..frames * 320 {
            let time = n as f32 / 16_000.0;
            phase += (120.0 + 15.0 * (time * 6.0).sin()) / 16_000.0;
            let mut sample = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            for (s, hz) in state.iter_mut().zip([700.0, 1_200.0]) {
                let (r, w) = (0.97, hz * std::f32::consts::TAU / 16_000.0);
                let out = sample + 2.0 * r * f32::cos(w) * s[0] - r * r * s[1];
                *s = [out, s[0]];
                sample = out;
            }
            let loud = 0.6 + 0.4 * (time * 25.0).sin();
            pcm.push((sample * loud * 900.0).clamp(-32_000.0, 32_000.0) as i16);
        }
        pcm
    }

    fn noise(frames: usize, level: f32) -> Vec<i16> {
        let mut noise = ComfortNoise::new(3);
        noise.set_white(Dbfs::new(level));
        let mut pcm = vec![0; frames * 320];
        noise.add(&mut pcm, 1.0);
        pcm
    }

    fn share_of_speech(vad: &mut Recurrent, pcm: &[i16]) -> f32 {
        let frames = pcm.chunks_exact(320);
        let n = frames.len() as f32;
        frames.filter(|frame| vad.speech(frame).get() > 0.5).count() as f32 / n
    }

    #[test]
    fn a_voice_out_of_quiet_is_speech_and_quiet_is_not() {
        let mut vad = Recurrent::default();
        assert!(share_of_speech(&mut vad, &noise(100, -65.0)) < 0.01);
        let share = share_of_speech(&mut vad, &vowel(50));
        assert!(share > 0.7, "{share}");
        assert!(share_of_speech(&mut vad, &noise(100, -65.0)) < 0.1);
    }

    #[test]
    fn loud_steady_noise_is_no_speech_once_it_is_known() {
        let mut vad = Recurrent::default();
        share_of_speech(&mut vad, &noise(15, -30.0));
        assert_eq!(share_of_speech(&mut vad, &noise(500, -30.0)), 0.0);
    }

    #[test]
    fn a_voice_in_noise_is_speech_between_silences() {
        let mut vad = Recurrent::default();
        let said: Vec<i16> = vowel(50).iter().zip(noise(50, -40.0)).map(|(a, b)| a.saturating_add(b)).collect();
        share_of_speech(&mut vad, &noise(100, -40.0));
        let share = share_of_speech(&mut vad, &said);
        assert!(share > 0.7, "{share}");
        let share = share_of_speech(&mut vad, &noise(100, -40.0));
        assert!(share < 0.1, "{share}");
    }
}
