//! How the caller's voice comes to rest before a pause: it falls and softens at the end of a turn, and stays up where more will come.
//! Never looks at samples or words: pitch and level of each frame are all it gets.
//!
//! The weights are trained on recorded prompts (`models/end-of-turn.md`): logistic regression on the measures and their squares.

use std::time::Duration;

use crate::audio::FRAME;
use crate::talk::{Heard, Probability, Tone};

/// So much of a turn is looked at: 5 s.
const KEPT: usize = 256;
/// A frame is speech from here on.
const SPOKEN: Probability = Probability::new(0.5);
/// The voice's last tones are those of its last so many voiced frames; fewer tell nothing.
const LAST: usize = 5;
/// Its last 300 ms, and the 700 ms before.
const CLOSE: usize = 15;
const NEAR: usize = 50;
/// Measures of one pause.
const MEASURES: usize = 8;
/// The voice alone never says more than this, in natural logarithms of the odds.
const MOST: f32 = 2.0;
/// Mean and deviation of each measure, and the weights of what it is by them and of its square; then the bias.
const MODEL: ([[f32; 4]; MEASURES], f32) = include!("../../../models/end-of-turn.weights");

/// What was heard of the turn so far.
#[derive(Debug, Clone)]
pub struct Cadence {
    frames: [Sounded; KEPT],
    count: usize,
    /// The turn's first frame.
    from: usize,
}

#[derive(Debug, Clone, Copy, Default)]
struct Sounded {
    tone: Option<Tone>,
    db: f32,
    speech: bool,
}

/// How the voice was before a pause; see [`Measures::NAMES`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures([f32; MEASURES]);

impl Measures {
    /// What is measured: the last tones against all of the turn and against those 0.3 to 1 s earlier (semitones), the slope of the
    /// last 300 ms (semitones in 100 ms), the level of the last 200 and 500 ms against the turn's (dB), the length of the last voiced
    /// stretch and of what is not voiced after it (s), and between which tones the voice moves (semitones).
    pub const NAMES: [&str; MEASURES] = ["fall", "step", "slope", "rest_200", "rest_500", "last_voiced", "unvoiced", "range"];

    /// The values, in the order of their names.
    pub const fn values(&self) -> [f32; MEASURES] {
        self.0
    }
}

impl Default for Cadence {
    fn default() -> Self {
        Self { frames: [Sounded::default(); KEPT], count: 0, from: 0 }
    }
}

impl Cadence {
    /// Takes the next frame.
    pub fn hear(&mut self, heard: &Heard) {
        let speech = heard.speech >= SPOKEN && !heard.concealed;
        self.frames[self.count % KEPT] = Sounded { tone: heard.tone, db: heard.level.db(), speech };
        self.count += 1;
    }

    /// A turn began so long ago.
    pub fn begin(&mut self, ago: Duration) {
        self.from = self.count.saturating_sub(frames_in(ago));
    }

    /// How likely the voice makes it that the turn is over, against that it pauses (natural logarithm of the odds' change; 0: it tells
    /// nothing), after so much silence.
    pub fn finality(&self, silent: Duration) -> f32 {
        self.measures(silent).map_or(0.0, |measures| measures.odds().clamp(-MOST, MOST))
    }

    /// How the voice was before so much silence; `None` where hardly any of it was voiced.
    pub fn measures(&self, silent: Duration) -> Option<Measures> {
        let end = self.count.saturating_sub(frames_in(silent));
        let from = self.from.max(self.count.saturating_sub(KEPT)).min(end);
        let tone = |i: usize| self.frames[i % KEPT].tone;
        let quantile = |from, to, share| quantile((from..to).filter_map(tone), share);
        let rest = |from| mean_db((from..end).map(|i| self.frames[i % KEPT]));
        let mut voiced = (from..end).rev().filter(|&i| tone(i).is_some());
        let last = voiced.next()?;
        let closing = voiced.nth(LAST - 2)?;
        let (close, near) = (from.max((last + 1).saturating_sub(CLOSE)), from.max((last + 1).saturating_sub(NEAR)));
        let (usual, final_tone) = (quantile(from, end, 0.5)?, quantile(closing, end, 0.5)?);
        let stretch = (from..=last).rev().take_while(|&i| tone(i).is_some()).count();
        Some(Measures([
            final_tone - usual,
            final_tone - quantile(near, close, 0.5).unwrap_or(usual),
            slope((close..=last).filter_map(|i| Some((i, tone(i)?)))),
            rest(from.max(end.saturating_sub(10))) - rest(from),
            rest(from.max(end.saturating_sub(25))) - rest(from),
            seconds(stretch),
            seconds(end - last - 1),
            quantile(from, end, 0.9)? - quantile(from, end, 0.1)?,
        ]))
    }
}

impl Measures {
    /// By how much they change the odds that the turn is over, in natural logarithms.
    fn odds(&self) -> f32 {
        let weigh = |(value, [mean, deviation, linear, square]): (&f32, &[f32; 4])| {
            let z = ((value - mean) / deviation).clamp(-3.0, 3.0);
            z * (linear + square * z)
        };
        let (weights, bias) = &MODEL;
        bias + self.0.iter().zip(weights).map(weigh).sum::<f32>()
    }
}

fn frames_in(time: Duration) -> usize {
    (time.as_micros() / FRAME.as_micros()) as usize
}

fn seconds(frames: usize) -> f32 {
    (FRAME * frames as u32).as_secs_f32()
}

/// The tone below which this share of them lies, in semitones.
fn quantile(tones: impl Iterator<Item = Tone>, share: f32) -> Option<f32> {
    let (mut counts, mut all) = ([0u16; Tone::COUNT], 0u16);
    for tone in tones {
        counts[tone.index()] += 1;
        all += 1;
    }
    let rank = (share * f32::from(all.checked_sub(1)?)) as u16;
    let mut below = 0;
    let place = counts.iter().position(|&n| {
        below += n;
        below > rank
    });
    place.map(|index| Tone::of_index(index).semitones())
}

/// The mean power of the frames with speech; that of silence without any.
fn mean_db(frames: impl Iterator<Item = Sounded>) -> f32 {
    let powers = frames.filter(|frame| frame.speech).map(|frame| 10f32.powf(frame.db / 10.0));
    let (sum, count) = powers.fold((0.0, 0.0f32), |(sum, count), power| (sum + power, count + 1.0));
    10.0 * (sum / count.max(1.0)).max(1e-10).log10()
}

/// The least squares' line through these tones, in semitones in 100 ms.
fn slope(tones: impl Iterator<Item = (usize, Tone)> + Clone) -> f32 {
    let points = tones.map(|(i, tone)| (seconds(i) * 10.0, tone.semitones()));
    let count = points.clone().count() as f32;
    let (x, y) = points.clone().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let (up, across) =
        points.fold((0.0, 0.0), |(up, across), point| (up + (point.0 - x) * (point.1 - y), across + (point.0 - x).powi(2)));
    if across > 0.0 { up / across } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Dbfs, MediaTime};

    /// A second and a half of a voice at this pitch and level by time (0 to 1), and 120 ms of silence.
    fn said(hz: impl Fn(f32) -> f32, db: impl Fn(f32) -> f32) -> Cadence {
        let mut cadence = Cadence::default();
        let frame = |speech, level, tone| Heard { speech, level: Dbfs::new(level), tone, ..Heard::nothing(MediaTime::ZERO) };
        // The turn before does not count.
        (0..50).for_each(|_| cadence.hear(&frame(Probability::ONE, -10.0, Some(Tone::of_hz(300.0)))));
        for n in 0..75 {
            let t = n as f32 / 75.0;
            cadence.hear(&frame(Probability::ONE, db(t), Some(Tone::of_hz(hz(t)))));
        }
        (0..6).for_each(|_| cadence.hear(&frame(Probability::ZERO, -70.0, None)));
        cadence.begin(FRAME * 81);
        cadence
    }

    const SILENT: Duration = Duration::from_millis(120);

    #[test]
    fn a_voice_that_falls_and_softens_ends_and_one_that_stays_up_goes_on() {
        let falls = said(|t| if t < 0.7 { 130.0 } else { 130.0 - 150.0 * (t - 0.7) }, |t| if t < 0.8 { -20.0 } else { -28.0 });
        let stays = said(|t| 120.0 + 10.0 * t, |_| -20.0);
        assert!(falls.finality(SILENT) > 0.3, "{} {:?}", falls.finality(SILENT), falls.measures(SILENT));
        assert!(stays.finality(SILENT) < -0.3, "{} {:?}", stays.finality(SILENT), stays.measures(SILENT));
    }

    #[test]
    fn what_is_measured_is_what_was_said_in_this_turn() {
        let [fall, step, slope, rest_200, rest_500, last, unvoiced, range] =
            said(|t| 200.0 * (-t).exp2(), |t| if t < 0.8 { -20.0 } else { -30.0 }).measures(SILENT).expect("voiced").values();
        assert!(
            (fall + 6.0).abs() < 1.0 && step < -3.0 && (slope + 0.8).abs() < 0.2 && range > 8.0,
            "{fall} {step} {slope} {range}"
        );
        assert!((rest_200 + 9.3).abs() < 0.5 && rest_500 > rest_200, "{rest_200} {rest_500}");
        assert!((last - 1.5).abs() < 1e-3 && unvoiced == 0.0, "{last} {unvoiced}");
    }

    #[test]
    fn a_whisper_or_silence_tells_nothing() {
        assert_eq!(Cadence::default().finality(SILENT), 0.0);
        let mut hiss = Cadence::default();
        (0..60).for_each(|_| hiss.hear(&Heard { speech: Probability::ONE, ..Heard::nothing(MediaTime::ZERO) }));
        assert_eq!(hiss.finality(SILENT), 0.0);
    }
}
