//! Brings the sound of a voice that steps in to the rate that was promised for the one it stands in for.
//! Never used on the usual path: the downlink resamples properly; this is heard only after a failure.

use crate::audio::SampleRate;

/// Linear interpolation from one rate to another, piece by piece.
pub(super) struct Linear {
    step: f64,
    /// Where the next sample lies, counted from `last`.
    at: f64,
    last: i16,
}

impl Linear {
    pub(super) fn new(from: SampleRate, to: SampleRate) -> Self {
        Self { step: f64::from(from.hz()) / f64::from(to.hz()), at: 1.0, last: 0 }
    }

    /// The next samples at the new rate.
    pub(super) fn next(&mut self, pcm: &[i16]) -> Vec<i16> {
        let mut out = Vec::with_capacity((pcm.len() as f64 / self.step) as usize + 1);
        while self.at <= pcm.len() as f64 && !pcm.is_empty() {
            let left = self.at as usize;
            let before = if left == 0 { self.last } else { pcm[left - 1] };
            let after = pcm.get(left).copied().unwrap_or(before);
            let part = self.at - left as f64;
            if left == pcm.len() && part > 0.0 {
                break;
            }
            out.push((f64::from(before) + part * f64::from(i32::from(after) - i32::from(before))).round() as i16);
            self.at += self.step;
        }
        self.at -= pcm.len() as f64;
        self.last = pcm.last().copied().unwrap_or(self.last);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Vec<i16> {
        (0..16_000).map(|n| n as i16).collect()
    }

    #[test]
    fn a_second_stays_a_second_and_a_ramp_stays_a_ramp() {
        let mut linear = Linear::new(SampleRate::HZ_16000, SampleRate::HZ_22050);
        let out: Vec<i16> = ramp().chunks(333).flat_map(|piece| linear.next(piece)).collect();
        assert!(out.len().abs_diff(22_050) <= 2, "{}", out.len());
        assert!(out.windows(2).all(|pair| (0..=1).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn pieces_make_no_difference() {
        let whole = Linear::new(SampleRate::HZ_22050, SampleRate::HZ_16000).next(&ramp());
        let mut linear = Linear::new(SampleRate::HZ_22050, SampleRate::HZ_16000);
        let pieces: Vec<i16> = ramp().chunks(7).flat_map(|piece| linear.next(piece)).collect();
        assert!(whole.len().abs_diff(pieces.len()) <= 1);
        assert!(whole.iter().zip(&pieces).all(|(a, b)| a.abs_diff(*b) <= 1));
    }
}
