//! What a voice tells of feelings, against the same caller's own first turns; and voice and words together.
//! Never compares two callers: a loud line or a high voice says nothing by itself.

use std::time::Duration;

use crate::talk::{EmotionOn, Prosody};

use super::{Emotion, Evidence, Reading};

/// Turns that make up a caller's usual voice.
const FIRST_TURNS: u8 = 3;
/// An utterance with less speech than this tells too little.
const LEAST_SPEECH: Duration = Duration::from_millis(600);
/// A voice never outweighs clear words.
const MOST: f32 = 1.5;

/// How this caller usually sounds: the mean over their first turns.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Baseline {
    turns: u8,
    level_db: f32,
    syllables_per_s: f32,
    pitched: u8,
    pitch_semitones: f32,
    range_semitones: f32,
}

/// How an utterance differs from the caller's usual voice, each in steps that a listener notices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Change {
    louder: f32,
    faster: f32,
    higher: f32,
    livelier: f32,
    over_bot: f32,
}

/// A noticed step: 4 dB, a quarter faster, 2 semitones, 3 semitones of range.
const STEP_DB: f32 = 4.0;
const STEP_RATE: f32 = 0.25;
const STEP_PITCH: f32 = 2.0;
const STEP_RANGE: f32 = 3.0;

/// What each step speaks for, in log-odds by emotion: the directions of Juslin & Laukka 2003, "Communication of emotions in
/// vocal expression", table 7. Anger is loud, fast, high and lively; sadness the reverse; fear fast and high, not loud.
const TELLS: [(&str, [f32; 5]); 5] = [
    ("louder than before", [0.55, -0.35, 0.0, -0.15, 0.1]),
    ("faster than before", [0.25, -0.35, 0.35, -0.1, 0.1]),
    ("higher than before", [0.3, -0.2, 0.35, -0.15, 0.25]),
    ("livelier than before", [0.25, -0.3, -0.05, -0.1, 0.35]),
    ("talks over the bot", [0.7, -0.2, 0.2, -0.2, 0.0]),
];

impl Baseline {
    /// What a voice tells, and the baseline with this utterance in it, if it is one of the caller's first.
    ///
    /// The first turns themselves tell nothing: there is nothing to hold them against.
    pub fn read(self, _leave: EmotionOn, prosody: &Prosody) -> (Self, Option<Reading>) {
        if prosody.speech < LEAST_SPEECH {
            return (self, None);
        }
        if self.turns < FIRST_TURNS {
            return (self.with(prosody), None);
        }
        (self, Some(self.change(prosody).reading()))
    }

    fn with(self, prosody: &Prosody) -> Self {
        let mean = |old: f32, n: u8, new: f32| (old * f32::from(n) + new) / (f32::from(n) + 1.0);
        let mut next = Self {
            turns: self.turns + 1,
            level_db: mean(self.level_db, self.turns, prosody.level.db()),
            syllables_per_s: mean(self.syllables_per_s, self.turns, prosody.syllables_per_s),
            ..self
        };
        if let Some(pitch) = prosody.pitch {
            next.pitched += 1;
            next.pitch_semitones = mean(self.pitch_semitones, self.pitched, semitones(pitch.median_hz));
            next.range_semitones = mean(self.range_semitones, self.pitched, pitch.range_semitones);
        }
        next
    }

    fn change(&self, prosody: &Prosody) -> Change {
        let pitch = prosody.pitch.filter(|_| self.pitched > 0);
        let usual_rate = self.syllables_per_s.max(0.5);
        Change {
            louder: (prosody.level.db() - self.level_db) / STEP_DB,
            faster: (prosody.syllables_per_s / usual_rate - 1.0) / STEP_RATE,
            higher: pitch.map_or(0.0, |p| (semitones(p.median_hz) - self.pitch_semitones) / STEP_PITCH),
            livelier: pitch.map_or(0.0, |p| (p.range_semitones - self.range_semitones) / STEP_RANGE),
            over_bot: prosody.over_bot.as_secs_f32() / prosody.speech.as_secs_f32(),
        }
    }
}

impl Change {
    fn reading(self) -> Reading {
        let steps = [self.louder, self.faster, self.higher, self.livelier, self.over_bot];
        let mut scores = [0.0, 0.0, 0.0, 0.8, 0.0];
        let mut evidence = Vec::new();
        for ((cue, tells), step) in TELLS.into_iter().zip(steps) {
            // Less than half a step is not heard, and more than three are the line's doing.
            let step = if step.abs() < 0.5 && cue != TELLS[4].0 { 0.0 } else { step.clamp(-3.0, 3.0) };
            for emotion in Emotion::ALL {
                let weight = tells[emotion as usize] * step;
                scores[emotion as usize] += weight;
                if weight.abs() >= 0.3 {
                    evidence.push(Evidence { cue, emotion, weight });
                }
            }
        }
        Reading::of(scores, evidence)
    }
}

impl Reading {
    /// What words and voice tell together: log-odds add up, the voice's share bounded.
    pub fn with_voice(&self, voice: &Self) -> Self {
        let mean = voice.scores.iter().sum::<f32>() / voice.scores.len() as f32;
        let mut scores = self.scores;
        for (score, said) in scores.iter_mut().zip(voice.scores) {
            *score += (said - mean).clamp(-MOST, MOST);
        }
        // Both have counted on most turns being plain; that counts once.
        scores[Emotion::Neutral as usize] -= 0.8 * 0.8;
        Self::of(scores, self.evidence.iter().chain(&voice.evidence).copied().collect())
    }
}

/// Semitones above 55 Hz.
fn semitones(hz: f32) -> f32 {
    12.0 * (hz.max(1.0) / 55.0).log2()
}

#[cfg(test)]
mod tests {
    use super::super::{EmotionPolicy, Mood};
    use super::*;
    use crate::audio::Dbfs;
    use crate::talk::{Language, Pitch};

    const USUAL: (f32, f32, f32, f32) = (-30.0, 4.0, 120.0, 5.0);

    fn said((db, rate, hz, range): (f32, f32, f32, f32)) -> Prosody {
        Prosody {
            level: Dbfs::new(db),
            pitch: Some(Pitch { median_hz: hz, range_semitones: range }),
            syllables_per_s: rate,
            speech: Duration::from_secs(2),
            over_bot: Duration::ZERO,
        }
    }

    fn after_usual(prosody: &Prosody) -> Reading {
        let leave = EmotionOn::granted();
        let usual = (0..3).fold(Baseline::default(), |b, _| b.read(leave, &said(USUAL)).0);
        usual.read(leave, prosody).1.expect("the caller's voice is known")
    }

    #[test]
    fn a_voice_is_held_against_the_callers_own() {
        assert_eq!(after_usual(&said(USUAL)).emotion, Emotion::Neutral);
        assert_eq!(after_usual(&said((-20.0, 5.2, 160.0, 9.0))).emotion, Emotion::Angry);
        assert_eq!(after_usual(&said((-36.0, 2.8, 105.0, 2.5))).emotion, Emotion::Upset);
        assert_eq!(after_usual(&said((-30.0, 6.0, 170.0, 5.0))).emotion, Emotion::Anxious);
    }

    #[test]
    fn first_turns_and_grunts_tell_nothing() {
        let leave = EmotionOn::granted();
        let (baseline, reading) = Baseline::default().read(leave, &said(USUAL));
        assert_eq!(reading, None);
        let grunt = Prosody { speech: Duration::from_millis(300), ..said(USUAL) };
        assert_eq!(baseline.read(leave, &grunt), (baseline, None));
    }

    #[test]
    fn a_voice_raised_once_over_plain_words_changes_nothing_and_raised_again_it_does() {
        let policy = EmotionPolicy::house();
        let leave = policy.leave().expect("the house reads feelings");
        let shout = after_usual(&Prosody { over_bot: Duration::from_secs(1), ..said((-18.0, 5.5, 165.0, 9.0)) });
        let turn = |text| Emotion::of_words(leave, text, Language::EN, &[]).with_voice(&shout);
        let (mood, first) = policy.react(&Mood::default(), &turn("where is my order"));
        let (mood, second) = policy.react(&mood, &turn("it is number twelve"));
        let (_, third) = policy.react(&mood, &turn("the blue lamp"));
        assert_eq!([first.slower, second.slower, third.slower], [false, true, true]);
        assert!(!second.offer_human && third.offer_human, "a person is offered after two turns of believed anger");
    }

    #[test]
    fn a_shout_makes_plain_words_angry_and_no_tone_unsays_clear_ones() {
        let leave = EmotionOn::granted();
        let plain = Emotion::of_words(leave, "where is my order", Language::EN, &[]);
        let shout = after_usual(&Prosody { over_bot: Duration::from_secs(1), ..said((-18.0, 5.5, 165.0, 9.0)) });
        let heard = plain.with_voice(&shout);
        assert_eq!(heard.emotion, Emotion::Angry);
        assert!((0.5..0.7).contains(&heard.confidence.get()), "likely and never sure by itself: {:?}", heard.confidence);
        assert_eq!(plain.with_voice(&after_usual(&said(USUAL))).emotion, Emotion::Neutral);
        let furious = Emotion::of_words(leave, "I am furious, this is unacceptable", Language::EN, &[]);
        assert_eq!(furious.with_voice(&after_usual(&said(USUAL))).emotion, Emotion::Angry);
    }
}
