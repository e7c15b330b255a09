//! How the caller says an utterance, frame by frame: level, pitch, syllables, talking over the bot.
//! Never allocates, keeps no sound, and cannot be made where reading feelings is switched off.

use crate::audio::{Dbfs, FRAME};
use crate::talk::{EmotionOn, Heard, Pitch, Probability, Prosody, Tone};

/// Fewer voiced frames than this tell no pitch: 200 ms.
const LEAST_VOICED: u32 = 10;
const SPOKEN: Probability = Probability::new(0.5);
/// A syllable rises and falls by this much (de Jong & Wempe 2009 use 2 dB on smoothed intensity).
const DIP_DB: f32 = 3.0;

/// Measures one utterance after the other.
pub struct ProsodyMeter {
    leave: EmotionOn,
    pitches: [u16; Tone::COUNT],
    voiced: u32,
    spoken: u32,
    over_bot: u32,
    power: f64,
    syllables: Syllables,
}

/// Counts the peaks of loudness that are voiced.
#[derive(Default)]
struct Syllables {
    count: u32,
    lowest_db: f32,
    peak_db: f32,
    rising: bool,
    voiced: bool,
}

impl ProsodyMeter {
    /// A meter; only where the company reads feelings and says so.
    pub const fn new(leave: EmotionOn) -> Self {
        let syllables = Syllables { count: 0, lowest_db: 0.0, peak_db: -96.0, rising: false, voiced: false };
        Self { leave, pitches: [0; Tone::COUNT], voiced: 0, spoken: 0, over_bot: 0, power: 0.0, syllables }
    }

    /// Takes the frame that [`Uplink::pull`](super::Uplink::pull) judged (16 kHz) and whether the bot is being heard meanwhile.
    pub fn push(&mut self, heard: &Heard, pcm16k: &[i16], bot_speaks: bool) {
        if heard.concealed || heard.speech < SPOKEN {
            return;
        }
        self.spoken += 1;
        self.over_bot += u32::from(bot_speaks);
        self.power += f64::from(10f32.powf(heard.level.db() / 10.0));
        if let Some(tone) = heard.tone {
            self.pitches[tone.index()] += 1;
            self.voiced += 1;
        }
        for half in pcm16k.chunks(pcm16k.len().div_ceil(2).max(1)) {
            self.syllables.push(Dbfs::of(half).db(), heard.tone.is_some());
        }
    }

    /// How the utterance that ends here was said, or nothing if nothing was; the next one begins.
    pub fn take(&mut self) -> Option<Prosody> {
        let done = std::mem::replace(self, Self::new(self.leave));
        if done.spoken == 0 {
            return None;
        }
        let speech = FRAME * done.spoken;
        let mean = done.power / f64::from(done.spoken);
        Some(Prosody {
            level: Dbfs::new((10.0 * mean.max(1e-12).log10()) as f32),
            pitch: done.pitch(),
            syllables_per_s: done.syllables.finish() as f32 / speech.as_secs_f32(),
            speech,
            over_bot: FRAME * done.over_bot,
        })
    }

    fn pitch(&self) -> Option<Pitch> {
        let at = |share: f32| {
            let rank = (share * (self.voiced - 1) as f32) as u32;
            let mut below = 0;
            self.pitches.iter().position(|&n| {
                below += u32::from(n);
                below > rank
            })
        };
        if self.voiced < LEAST_VOICED {
            return None;
        }
        let (low, median, high) = (at(0.1)?, at(0.5)?, at(0.9)?);
        Some(Pitch { median_hz: Tone::of_index(median).hz(), range_semitones: (high - low) as f32 / 2.0 })
    }
}

impl Syllables {
    fn push(&mut self, db: f32, voiced: bool) {
        self.voiced |= voiced;
        if self.rising {
            self.peak_db = self.peak_db.max(db);
            if db < self.peak_db - DIP_DB {
                self.count += u32::from(self.voiced);
                (self.rising, self.lowest_db, self.voiced) = (false, db, voiced);
            }
        } else {
            self.lowest_db = self.lowest_db.min(db);
            if db > self.lowest_db + DIP_DB {
                (self.rising, self.peak_db) = (true, db);
            }
        }
    }

    /// All of them, one that the end cut off too.
    fn finish(&self) -> u32 {
        self.count + u32::from(self.rising && self.voiced)
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::TAU;
    use std::time::Duration;

    use super::super::pitch::PitchMeter;
    use super::*;
    use crate::audio::{Frame, MediaTime, SampleRate};

    /// Two seconds of a voice: a pitch by time, pulsing that many times a second; what it measures as.
    fn said(hz: impl Fn(f32) -> f32, syllables_per_s: f32, loud: f32) -> Option<Prosody> {
        let (mut meter, mut pitch) = (ProsodyMeter::new(EmotionOn::granted()), PitchMeter::default());
        let mut phase = 0.0f32;
        for frame in 0..100u64 {
            let pcm: Vec<i16> = (0..320)
                .map(|n| {
                    let time = (frame * 320 + n) as f32 / 16_000.0;
                    phase += TAU * hz(time) / 16_000.0;
                    let envelope = 0.55 - 0.45 * (TAU * syllables_per_s * time).cos();
                    let voice: f32 = (1..=5).map(|k| (phase * k as f32).sin() / k as f32).sum();
                    (voice * envelope * loud) as i16
                })
                .collect();
            push((&mut meter, &mut pitch), &pcm, frame, frame < 25);
        }
        meter.take()
    }

    fn push((meter, pitch): (&mut ProsodyMeter, &mut PitchMeter), pcm: &[i16], frame: u64, bot_speaks: bool) {
        let frame = Frame::new(pcm, SampleRate::HZ_16000, MediaTime::from_millis(frame * 20));
        pitch.push(pcm);
        let heard = Heard { speech: Probability::ONE, level: frame.level(), tone: pitch.tone(), ..Heard::nothing(frame.at) };
        meter.push(&heard, frame.pcm(), bot_speaks);
    }

    #[test]
    fn pitch_speed_and_overlap_are_those_of_the_voice() {
        for hz in [85.0, 120.0, 210.0, 330.0] {
            let prosody = said(|_| hz, 4.0, 6_000.0).expect("it speaks");
            let pitch = prosody.pitch.expect("it is voiced");
            assert!((pitch.median_hz / hz - 1.0).abs() < 0.03, "{hz}: {prosody:?}");
            assert!(pitch.range_semitones <= 1.0, "{hz}: {prosody:?}");
            assert!((prosody.syllables_per_s - 4.0).abs() <= 0.5, "{hz}: {prosody:?}");
            assert_eq!((prosody.speech, prosody.over_bot), (Duration::from_secs(2), Duration::from_millis(500)));
        }
    }

    #[test]
    fn a_livelier_louder_faster_voice_measures_so() {
        let calm = said(|_| 120.0, 3.0, 2_000.0).unwrap();
        let roused = said(|time| 160.0 + 60.0 * (TAU * 0.7 * time).sin(), 6.0, 8_000.0).unwrap();
        assert!((roused.level.db() - calm.level.db() - 12.0).abs() < 1.0, "{calm:?} {roused:?}");
        assert!(roused.syllables_per_s > 1.6 * calm.syllables_per_s, "{calm:?} {roused:?}");
        assert!(roused.pitch.unwrap().range_semitones > 6.0, "{roused:?}");
    }

    #[test]
    fn noise_has_no_pitch_and_silence_is_no_utterance() {
        let (mut meter, mut pitch) = (ProsodyMeter::new(EmotionOn::granted()), PitchMeter::default());
        let mut state = 1u32;
        for frame in 0..50 {
            let noise: Vec<i16> = (0..320)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 18) as i16 - 8_192
                })
                .collect();
            push((&mut meter, &mut pitch), &noise, frame, false);
        }
        assert_eq!(meter.take().expect("somebody hisses").pitch, None);
        let heard = Heard::nothing(MediaTime::ZERO);
        meter.push(&heard, &[0; 320], false);
        assert_eq!(meter.take(), None);
    }
}
