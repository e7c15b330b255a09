//! The two voices of a simulated call: the caller's sound, which a voice activity detector takes for speech, and the bot's tone.
//! Never says a word: who hears what is scripted.

use std::f32::consts::TAU;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use super::network::Random;
use crate::audio::SampleRate;
use crate::speech::speak::{Delivery, Sink, SpeakError, Synthesizer};
use crate::talk::Language;

/// Rate of both voices: the telephone's.
pub(super) const RATE: SampleRate = SampleRate::HZ_8000;
/// How long a letter, a space or a digit takes to say.
const LETTER_MS: usize = 65;
/// How long a Chinese character takes to say.
const CHARACTER_MS: usize = 220;
/// No utterance is shorter.
const SHORTEST_MS: usize = 250;
/// Samples in a millisecond.
const MS: usize = 8;
/// The sound that both voices repeat is so long.
const LOOP: usize = 8_000 * 4;

/// How many samples saying this takes.
pub(super) fn length(text: &str) -> usize {
    let ms = |c: char| if c.is_ascii() || c.is_alphabetic() && c < '\u{2e80}' { LETTER_MS } else { CHARACTER_MS };
    text.chars().map(ms).sum::<usize>().max(SHORTEST_MS) * MS
}

/// Appends that many 8 kHz samples of somebody speaking, for a detector of speech; there are no words in it.
pub fn speak(samples: usize, pcm: &mut Vec<i16>) {
    static SPEECH: OnceLock<Vec<i16>> = OnceLock::new();
    pcm.extend(SPEECH.get_or_init(speech).iter().cycle().take(samples));
}

/// Appends that many 8 kHz samples of a cough: a burst of noise that dies away.
pub fn cough(samples: usize, pcm: &mut Vec<i16>) {
    let mut random = Random::new(5);
    pcm.extend((0..samples).map(|n| {
        let fading = 1.0 - n as f32 / samples as f32;
        ((random.unit() * 2.0 - 1.0) * fading * 9_000.0) as i16
    }));
}

/// Syllables: a pulse train with a moving pitch through the resonances of one vowel after the other (Klatt 1980), five a second.
fn speech() -> Vec<i16> {
    const VOWELS: [[f32; 3]; 4] =
        [[730.0, 1_090.0, 2_440.0], [530.0, 1_840.0, 2_480.0], [660.0, 1_720.0, 2_410.0], [570.0, 840.0, 2_410.0]];
    const WIDTHS: [f32; 3] = [60.0, 90.0, 120.0];
    const SYLLABLE: usize = 200 * MS;
    let (mut phase, mut state) = (0.0f32, [[0.0f32; 2]; 3]);
    let sound = |n: usize| {
        let (time, within) = (n as f32 / 8_000.0, (n % SYLLABLE) as f32 / SYLLABLE as f32);
        phase += (125.0 + 20.0 * (time * 4.3).sin() - 15.0 * within) / 8_000.0;
        let mut sample = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        for ((s, hz), width) in state.iter_mut().zip(VOWELS[n / SYLLABLE % VOWELS.len()]).zip(WIDTHS) {
            let r = (-std::f32::consts::PI * width / 8_000.0).exp();
            let (a, b) = (2.0 * r * (TAU * hz / 8_000.0).cos(), -r * r);
            let out = (1.0 - a - b) * sample + a * s[0] + b * s[1];
            *s = [out, s[0]];
            sample = out;
        }
        sample * (0.35 + 0.65 * (within * std::f32::consts::PI).sin())
    };
    let raw: Vec<f32> = (0..LOOP).map(sound).collect();
    let power = raw.iter().map(|s| s * s).sum::<f32>() / LOOP as f32;
    // -20 dBFS, as a caller on a good line.
    let gain = 3_277.0 / power.sqrt();
    raw.iter().map(|s| (s * gain).clamp(-32_000.0, 32_000.0) as i16).collect()
}

/// The bot's voice: a tone as long as the words would take.
pub(super) struct Tone;

impl Synthesizer for Tone {
    fn name(&self) -> &'static str {
        "tone"
    }

    fn speaks(&self, _: Language) -> bool {
        true
    }

    fn rate(&self, _: Language) -> SampleRate {
        RATE
    }

    fn synthesise(&self, text: &str, _: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        static TONE: OnceLock<Vec<i16>> = OnceLock::new();
        let tone = TONE.get_or_init(|| (0..LOOP).map(|n| ((n as f32 * TAU * 220.0 / 8_000.0).sin() * 4_600.0) as i16).collect());
        let mut left = (length(text) as f32 / delivery.rate.max(0.1)) as usize;
        while left > 0 {
            let now = left.min(LOOP);
            if let ControlFlow::Break(()) = sink(&tone[..now]) {
                break;
            }
            left -= now;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::*;
    use crate::media::codec::Codec;
    use crate::media::resample::Resampler;
    use crate::media::vad::{Paired, Vad};

    /// The share of frames that are speech after G.711, each as the uplink would judge it.
    fn judged(pcm: &[i16]) -> Vec<bool> {
        let (mut vad, mut up) = (Paired::default(), Resampler::new(RATE, SampleRate::HZ_16000));
        let frames = pcm.chunks_exact(RATE.frame_len());
        let judge = frames.map(|frame| {
            let (mut payload, mut narrow, mut wide) = (BytesMut::new(), Vec::new(), [0; 320]);
            Codec::Pcma.encode(frame, &mut payload);
            Codec::Pcma.decode(&payload, &mut narrow);
            up.frame(&narrow, &mut wide);
            vad.speech(&wide).get() >= 0.5
        });
        judge.collect()
    }

    #[test]
    fn the_caller_is_taken_for_somebody_who_speaks() {
        let mut pcm = vec![0; 8_000];
        speak(8_000 * 5, &mut pcm);
        let frames = judged(&pcm);
        let (quiet, spoken) = frames.split_at(50);
        assert!(quiet.iter().all(|speech| !speech));
        let share = spoken.iter().filter(|&&speech| speech).count() as f32 / spoken.len() as f32;
        let longest_gap = spoken.split(|&speech| speech).map(<[bool]>::len).max().unwrap_or(0);
        assert!(share > 0.9 && longest_gap <= 4, "{share}, a gap of {longest_gap} frames");
    }

    #[test]
    fn chinese_takes_longer_a_character() {
        assert_eq!(length("where is my order"), 17 * 65 * 8);
        assert_eq!(length("我的订单"), 4 * 220 * 8);
    }
}
