//! Voice activity by two networks: our own, which survives noise, and in clean sound the crate `earshot`'s as a second opinion.
//! Never asks the second one where noise may be what it hears: in noise it takes everything for speech.

use earshot::Detector;

use crate::audio::Dbfs;
use crate::talk::Probability;

use super::floor::NoiseFloor;
use super::{Recurrent, Vad};

/// So far above the noise floor the second opinion begins to count, and counts in full, in dB.
const CLEAN: (f32, f32) = (20.0, 30.0);
/// Frames whose levels are compared: 200 ms.
const COMPARED: usize = 10;
/// Fewer of them say nothing: 100 ms.
const FEWEST: usize = 5;
/// Speech rises and falls by more than this within so short a time, steady noise does not, in dB.
const MOVES: f32 = 6.0;
/// Samples `earshot` judges at a time.
const WINDOW: usize = 256;

/// The two detectors of one stream, fed 20 ms frames.
pub struct Paired {
    own: Recurrent,
    second: Detector,
    window: [i16; WINDOW],
    filled: usize,
    opinion: f32,
    floor: NoiseFloor,
    /// Levels of the last frames far above the floor, in dBFS.
    levels: [f32; COMPARED],
    loud_frames: usize,
}

impl Default for Paired {
    fn default() -> Self {
        Self {
            own: Recurrent::default(),
            second: Detector::default(),
            window: [0; WINDOW],
            filled: 0,
            opinion: 0.0,
            floor: NoiseFloor::default(),
            levels: [0.0; COMPARED],
            loud_frames: 0,
        }
    }
}

impl Vad for Paired {
    fn speech(&mut self, pcm16k: &[i16]) -> Probability {
        let own = self.own.speech(pcm16k);
        let second = self.opinion(pcm16k);
        let level = Dbfs::of(pcm16k);
        self.floor.observe(level);
        let second = second * self.trust(level);
        if second > own.get() { Probability::new(second) } else { own }
    }
}

impl Paired {
    fn opinion(&mut self, mut pcm16k: &[i16]) -> f32 {
        while !pcm16k.is_empty() {
            let (now, later) = pcm16k.split_at(pcm16k.len().min(WINDOW - self.filled));
            self.window[self.filled..][..now.len()].copy_from_slice(now);
            self.filled += now.len();
            pcm16k = later;
            if self.filled == WINDOW {
                self.opinion = self.second.predict_i16(&self.window);
                self.filled = 0;
            }
        }
        self.opinion
    }

    /// How far the second opinion counts at this level, from 0 to 1.
    fn trust(&mut self, level: Dbfs) -> f32 {
        let (from, to) = CLEAN;
        let clean = ((level.db() - self.floor.level().db() - from) / (to - from)).clamp(0.0, 1.0);
        if clean == 0.0 {
            self.loud_frames = 0;
            return 0.0;
        }
        self.levels[self.loud_frames % COMPARED] = level.db();
        self.loud_frames += 1;
        let compared = &self.levels[..self.loud_frames.min(COMPARED)];
        let (low, high) = compared.iter().fold((f32::MAX, f32::MIN), |(low, high), &db| (low.min(db), high.max(db)));
        if compared.len() >= FEWEST && high - low > MOVES { clean } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::codec::ComfortNoise;

    fn noise(frames: usize, level: f32) -> Vec<i16> {
        let mut noise = ComfortNoise::new(3);
        noise.set_white(Dbfs::new(level));
        let mut pcm = vec![0; frames * 320];
        noise.add(&mut pcm, 1.0);
        pcm
    }

    fn trusted(vad: &mut Paired, pcm: &[i16]) -> usize {
        pcm.chunks_exact(320)
            .filter(|frame| {
                vad.floor.observe(Dbfs::of(frame));
                vad.trust(Dbfs::of(frame)) > 0.0
            })
            .count()
    }

    #[test]
    fn the_second_opinion_counts_far_above_a_quiet_floor_and_where_the_level_moves() {
        let mut vad = Paired::default();
        assert_eq!(trusted(&mut vad, &noise(100, -66.0)), 0, "nothing is there");
        assert_eq!(trusted(&mut vad, &noise(100, -36.0)), 0, "a fan that was switched on");
        let mut vad = Paired::default();
        trusted(&mut vad, &noise(100, -66.0));
        let syllables: Vec<i16> = (0..10).flat_map(|n| noise(2, if n % 2 == 0 { -20.0 } else { -30.0 })).collect();
        assert_eq!(trusted(&mut vad, &syllables), 20 - (FEWEST - 1));
    }

    #[test]
    fn steady_noise_out_of_quiet_is_not_speech_for_longer_than_alone() {
        let sound = [noise(100, -66.0), noise(100, -30.0)].concat();
        let judge = |vad: &mut dyn Vad| sound.chunks_exact(320).map(|frame| vad.speech(frame)).collect::<Vec<_>>();
        assert_eq!(judge(&mut Paired::default()), judge(&mut Recurrent::default()));
    }
}
