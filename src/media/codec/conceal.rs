//! Packet loss concealment by pitch repetition, after ITU-T G.711 Appendix I: the last pitch periods are repeated,
//! overlapped and faded out by 60 ms.
//! Never delays received sound: where the Appendix holds back 3.75 ms to cross-fade into a loss, here the step is smoothed.

use super::ComfortNoise;

/// Samples of the past that are kept: three longest periods and a quarter.
const HISTORY: usize = 390;
/// Shortest and longest pitch period looked for: 200 to 66 Hz at 8 kHz.
const PITCH: std::ops::RangeInclusive<usize> = 40..=120;
/// Samples that are compared in the search for the period: 20 ms.
const COMPARED: usize = 160;
/// 10 ms.
const STEP: usize = 80;
/// From here on nothing of the repetition is left: 60 ms.
const FADED: usize = 6 * STEP;

/// Stands in for lost sound at 8 kHz.
#[derive(Debug, Clone)]
pub struct Concealer {
    history: [i16; HISTORY],
    /// The history as it was when the loss began.
    source: [i16; HISTORY],
    /// What is repeated: the end of the history, its tail blended into the sound before its head.
    pitch: [f32; HISTORY],
    period: usize,
    periods: usize,
    /// Where in `pitch` the next sample is, counted from the head of the repeated part.
    offset: usize,
    /// Samples made up in this loss so far.
    lost: usize,
    /// Step between the last received sample and the first repeated one.
    step: f32,
}

impl Default for Concealer {
    fn default() -> Self {
        Self {
            history: [0; HISTORY],
            source: [0; HISTORY],
            pitch: [0.0; HISTORY],
            period: 0,
            periods: 0,
            offset: 0,
            lost: 0,
            step: 0.0,
        }
    }
}

impl Concealer {
    /// Takes note of received sound; after a loss its beginning is blended with what was made up.
    pub fn received(&mut self, pcm: &mut [i16]) {
        if self.lost > 0 {
            let blended = (self.period / 4 + self.lost / STEP * 32).min(STEP).min(pcm.len());
            for (i, sample) in pcm[..blended].iter_mut().enumerate() {
                let share = (i + 1) as f32 / (blended + 1) as f32;
                *sample = (f32::from(*sample) * share + self.next() * (1.0 - share)) as i16;
            }
            self.lost = 0;
        }
        self.remember(pcm);
    }

    /// Fills these samples with what was probably lost; once faded out, with comfort noise.
    pub fn conceal(&mut self, pcm: &mut [i16], noise: &mut ComfortNoise) {
        if self.lost == 0 {
            self.begin();
        }
        for part in pcm.chunks_mut(STEP) {
            let fade = 1.0 - self.gain();
            for sample in part.iter_mut() {
                *sample = self.next() as i16;
            }
            noise.add(part, fade);
        }
        self.remember(pcm);
    }

    /// Whether what [`conceal`](Self::conceal) makes has faded into plain comfort noise.
    pub const fn faded(&self) -> bool {
        self.lost >= FADED
    }

    fn begin(&mut self) {
        self.source = self.history;
        for (to, &from) in self.pitch.iter_mut().zip(&self.source) {
            *to = f32::from(from);
        }
        self.period = period(&self.pitch);
        self.step = self.pitch[HISTORY - 1] - self.pitch[HISTORY - 1 - self.period];
        self.repeat(1);
    }

    /// Repeats that many periods from now on, with a tail that leads smoothly into their head.
    fn repeat(&mut self, periods: usize) {
        // The oscillation goes on where it is; only from how far back it comes is changed.
        let phase = self.offset % self.period.max(1);
        self.offset = if self.lost == 0 { 0 } else { phase };
        self.periods = periods;
        let (head, quarter) = (HISTORY - periods * self.period, self.period / 4);
        for i in 0..quarter {
            let share = (i + 1) as f32 / (quarter + 1) as f32;
            let (tail, before) = (self.source[HISTORY - quarter + i], self.source[head - quarter + i]);
            self.pitch[HISTORY - quarter + i] = f32::from(tail) * (1.0 - share) + f32::from(before) * share;
        }
    }

    fn next(&mut self) -> f32 {
        if self.lost == STEP || self.lost == 2 * STEP {
            self.repeat(self.periods + 1);
        }
        let length = self.periods * self.period;
        let smooth = self.step * (1.0 - self.lost as f32 / (self.period / 4) as f32).max(0.0);
        let sample = (self.pitch[HISTORY - length + self.offset] + smooth) * self.gain();
        self.offset = (self.offset + 1) % length;
        self.lost += 1;
        sample.clamp(-32_768.0, 32_767.0)
    }

    /// Full for 10 ms, then down in a straight line to nothing at 60 ms.
    fn gain(&self) -> f32 {
        (1.0 - self.lost.saturating_sub(STEP) as f32 / (FADED - STEP) as f32).max(0.0)
    }

    fn remember(&mut self, pcm: &[i16]) {
        let kept = HISTORY.saturating_sub(pcm.len());
        self.history.copy_within(HISTORY - kept.., 0);
        self.history[kept..].copy_from_slice(&pcm[pcm.len() - (HISTORY - kept)..]);
    }
}

/// The pitch period with the best normalised correlation: every second lag over every second sample, then the neighbours.
fn period(history: &[f32; HISTORY]) -> usize {
    let score = |lag: usize, stride: usize| {
        let (mut product, mut energy) = (0.0, 1.0);
        for i in (HISTORY - COMPARED..HISTORY).step_by(stride) {
            product += history[i] * history[i - lag];
            energy += history[i - lag] * history[i - lag];
        }
        product / f32::sqrt(energy)
    };
    let best = |lags: &mut dyn Iterator<Item = usize>, stride| {
        lags.map(|lag| (score(lag, stride), lag)).max_by(|a, b| a.0.total_cmp(&b.0)).map_or(*PITCH.end(), |(_, lag)| lag)
    };
    let rough = best(&mut PITCH.step_by(2), 2);
    best(&mut (rough - 1..=rough + 1).filter(|lag| PITCH.contains(lag)), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hum with overtones, period 80 samples.
    fn voiced(from: usize, len: usize) -> Vec<i16> {
        let tone = |n: usize, k: f32| (n as f32 * k * std::f32::consts::TAU / 80.0).sin();
        (from..from + len).map(|n| (6_000.0 * tone(n, 1.0) + 3_000.0 * tone(n, 3.0)) as i16).collect()
    }

    fn snr_db(truth: &[i16], made: &[i16]) -> f32 {
        let power = |pcm: &mut dyn Iterator<Item = f32>| pcm.map(|s| s * s).sum::<f32>();
        let noise = power(&mut truth.iter().zip(made).map(|(&t, &m)| f32::from(t) - f32::from(m)));
        10.0 * (power(&mut truth.iter().map(|&t| f32::from(t))) / noise.max(1.0)).log10()
    }

    fn after(received: usize) -> (Concealer, ComfortNoise) {
        let mut concealer = Concealer::default();
        concealer.received(&mut voiced(0, received));
        (concealer, ComfortNoise::new(1))
    }

    #[test]
    fn ten_lost_milliseconds_of_a_vowel_sound_as_if_they_had_come() {
        let (mut concealer, mut noise) = after(800);
        let mut made = [0; 80];
        concealer.conceal(&mut made, &mut noise);
        assert!(snr_db(&voiced(800, 80), &made) > 30.0);
    }

    #[test]
    fn repetition_is_better_than_silence_for_20_ms_and_gone_by_60() {
        let (mut concealer, mut noise) = after(800);
        let mut made = [0; 160];
        concealer.conceal(&mut made, &mut noise);
        assert!(snr_db(&voiced(800, 160), &made) > 15.0, "{}", snr_db(&voiced(800, 160), &made));
        for _ in 0..2 {
            assert!(!concealer.faded());
            concealer.conceal(&mut made, &mut noise);
        }
        assert!(concealer.faded());
        concealer.conceal(&mut made, &mut noise);
        assert_eq!(made, [0; 160]);
    }

    #[test]
    fn no_click_at_either_end_of_a_loss() {
        let (mut concealer, mut noise) = after(800);
        let mut sound = voiced(0, 800);
        let mut made = [0; 160];
        concealer.conceal(&mut made, &mut noise);
        sound.extend(made);
        let mut back = voiced(975, 160);
        concealer.received(&mut back);
        sound.extend(back);
        let steepest = |pcm: &[i16]| pcm.windows(2).map(|w| (i32::from(w[0]) - i32::from(w[1])).abs()).max();
        assert!(steepest(&sound) <= steepest(&voiced(0, 800)).map(|s| s * 3 / 2), "{:?}", steepest(&sound));
    }

    #[test]
    fn a_long_loss_ends_in_comfort_noise() {
        let (mut concealer, mut noise) = after(800);
        noise.set_white(crate::audio::Dbfs::new(-50.0));
        let mut made = [0; 160];
        for _ in 0..100 {
            concealer.conceal(&mut made, &mut noise);
        }
        assert!((crate::audio::Dbfs::of(&made).db() + 50.0).abs() < 2.0);
    }
}
