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

/// The sound with at most 10 ms before its first audible sample and about `pause_ms` of silence after the last one.
///
/// Sound that is silent throughout becomes empty.
pub(super) fn trimmed(mut pcm: Vec<i16>, rate: SampleRate, pause_ms: u32) -> Vec<i16> {
    let samples = |ms: u32| (rate.hz() / 1_000 * ms) as usize;
    let (Some(onset), Some(last)) = (onset(&pcm, rate), pcm.iter().rposition(audible)) else {
        return Vec::new();
    };
    pcm.truncate(last + 1 + samples(FADE_MS.min(pause_ms)));
    pcm.resize(last + 1 + samples(pause_ms), 0);
    pcm.drain(..onset);
    pcm
}

/// Where the sound begins: 10 ms before its first audible sample; `None` if it has none.
pub(super) fn onset(pcm: &[i16], rate: SampleRate) -> Option<usize> {
    let first = pcm.iter().position(audible)?;
    Some(first.saturating_sub((rate.hz() / 1_000 * LEAD_MS) as usize))
}

fn audible(sample: &i16) -> bool {
    sample.unsigned_abs() >= AUDIBLE
}

#[cfg(test)]
mod tests {
    use super::*;

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
