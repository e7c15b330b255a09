//! Brings every voice to one level.
//! Never clips: what would pass full scale is bent.

use crate::audio::{Dbfs, SampleRate};

/// The level of active speech that all voices are brought to: what telephone networks expect of a talker (about −20 dBm0,
/// ITU-T G.111 and P.56 practice).
pub const TARGET: Dbfs = Dbfs::new(-20.0);

/// Frames this far below the loudest one count as pauses.
const PAUSE_DB: f32 = 20.0;

/// The level of speech without its pauses: RMS over the 20 ms frames that are less than 20 dB below the loudest one.
pub fn active_level(pcm: &[i16], rate: SampleRate) -> Dbfs {
    let frames: Vec<(&[i16], f32)> = pcm.chunks_exact(rate.frame_len()).map(|frame| (frame, Dbfs::of(frame).db())).collect();
    let loudest = frames.iter().map(|(_, db)| *db).fold(Dbfs::SILENCE.db(), f32::max);
    let active: Vec<i16> =
        frames.iter().filter(|(_, db)| *db > loudest - PAUSE_DB).flat_map(|(frame, _)| frame.iter().copied()).collect();
    Dbfs::of(&active)
}

/// The samples scaled, with what would pass 80 % of full scale bent, so that a gain never clips.
pub(super) fn amplified(pcm: &[i16], gain: f32) -> Vec<i16> {
    const KNEE: f32 = 0.8 * 32_768.0;
    const ROOM: f32 = 32_767.0 - KNEE;
    let bent = |sample: &i16| {
        let scaled = f32::from(*sample) * gain;
        let over = scaled.abs() - KNEE;
        let bent = if over > 0.0 { (KNEE + ROOM * (over / ROOM).tanh()).copysign(scaled) } else { scaled };
        bent as i16
    };
    pcm.iter().map(bent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_do_not_lower_the_active_level() {
        let pcm = [vec![3_277; 1_600], vec![0; 16_000]].concat();
        assert!((active_level(&pcm, SampleRate::HZ_8000).db() + 20.0).abs() < 0.1);
        assert_eq!(active_level(&[], SampleRate::HZ_8000), Dbfs::SILENCE);
    }

    #[test]
    fn a_gain_never_clips_or_turns_a_sample_round() {
        let pcm = amplified(&[i16::MAX, i16::MIN, 1_000, -1_000, 20_000], 4.0);
        assert!(pcm[0] > 30_000 && pcm[1] < -30_000 && pcm[2] == 4_000 && pcm[3] == -4_000 && pcm[4] > 30_000, "{pcm:?}");
    }
}
