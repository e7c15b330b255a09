//! Cuts the silence that engines put around speech.
//! Never touches silence between words, and never the soft onset of the first one.

use crate::audio::SampleRate;

/// A sample at or above this is audible: −50 dBFS.
const AUDIBLE: u16 = 104;
/// Left before the first audible sample, so that a plosive keeps its attack.
const LEAD_MS: u32 = 10;
/// Silence left after a sentence.
pub(super) const TAIL_MS: u32 = 100;
/// Kept after the last audible sample, so that a word may fade.
const FADE_MS: u32 = 30;

/// Cuts the silence around a stretch of speech as it passes: at most 10 ms stay before its first audible sample, and about
/// `pause_ms` of silence follow the last one. Sound that is silent throughout becomes nothing.
pub(super) struct Edges {
    lead: usize,
    fade: usize,
    pause: usize,
    heard: bool,
    /// Samples that are not audible and may turn out to be the end.
    held: Vec<i16>,
}

impl Edges {
    pub(super) fn new(rate: SampleRate, pause_ms: u32) -> Self {
        let samples = |ms: u32| (rate.hz() / 1_000 * ms) as usize;
        let (lead, fade, pause) = (samples(LEAD_MS), samples(FADE_MS.min(pause_ms)), samples(pause_ms));
        Self { lead, fade, pause, heard: false, held: Vec::new() }
    }

    /// Takes the next samples and gives those that are certain to stay.
    pub(super) fn next(&mut self, pcm: &[i16]) -> Vec<i16> {
        self.held.extend_from_slice(pcm);
        if !self.heard {
            let onset = self.held.iter().position(audible);
            self.heard = onset.is_some();
            let silent = onset.unwrap_or(self.held.len()).saturating_sub(self.lead);
            self.held.drain(..silent);
        }
        let certain = self.held.iter().rposition(audible).map_or(0, |last| last + 1);
        self.held.drain(..certain).collect()
    }

    /// What remains of the silence after the last word.
    pub(super) fn end(mut self) -> Vec<i16> {
        if !self.heard {
            return Vec::new();
        }
        self.held.truncate(self.fade);
        self.held.resize(self.pause, 0);
        self.held
    }
}

fn audible(sample: &i16) -> bool {
    sample.unsigned_abs() >= AUDIBLE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In pieces of 333 samples, as a voice streams them.
    fn trimmed(pcm: Vec<i16>, rate: SampleRate, pause_ms: u32) -> Vec<i16> {
        let mut edges = Edges::new(rate, pause_ms);
        let mut out: Vec<i16> = pcm.chunks(333).flat_map(|piece| edges.next(piece)).collect();
        out.extend(edges.end());
        out
    }

    fn sound(lead: usize, inner: usize, tail: usize) -> Vec<i16> {
        [vec![0; lead], vec![5_000; 80], vec![0; inner], vec![-5_000; 80], vec![3; tail]].concat()
    }

    #[test]
    fn leading_silence_goes_and_inner_silence_stays() {
        let pcm = trimmed(sound(2_000, 4_000, 8_000), SampleRate::HZ_8000, TAIL_MS);
        assert_eq!(pcm.iter().position(|&s| s == 5_000), Some(80), "10 ms are left");
        assert_eq!(pcm.len(), 80 + 80 + 4_000 + 80 + 800);
        assert_eq!(pcm.last(), Some(&0));
    }

    #[test]
    fn short_silence_around_speech_is_made_up_to_the_pause() {
        let pcm = trimmed(sound(8, 10, 0), SampleRate::HZ_8000, 200);
        assert_eq!(pcm.len(), 8 + 80 + 10 + 80 + 1_600);
    }

    #[test]
    fn silence_alone_becomes_nothing() {
        assert!(trimmed(vec![50; 8_000], SampleRate::HZ_8000, TAIL_MS).is_empty());
        assert!(trimmed(Vec::new(), SampleRate::HZ_8000, TAIL_MS).is_empty());
    }
}
