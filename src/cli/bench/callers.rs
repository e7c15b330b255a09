//! The callers of a latency run: who says what, with which pause, under which noise. The same set on every machine.
//! Never reads a recording: flite voices other than the bot's own speak the set when the run begins.

use std::ops::ControlFlow;

use super::report::Kind;
use crate::audio::{Dbfs, SampleRate};
use crate::cli::caller::QUIET;
use crate::media::resample::StreamResampler;
use crate::speech::speak::{Delivery, SpeakError, Synthesizer};
use crate::talk::Language;

/// What callers of the model shop say, each in words that the pack knows and that get one answer.
const SAID: [(&str, &str); 18] = [
    ("what are your", "opening hours"),
    ("how long does", "shipping take"),
    ("what is your", "return policy"),
    ("how long is", "the warranty"),
    ("are you open", "on sunday"),
    ("how much is", "shipping"),
    ("which payment methods", "do you take"),
    ("can i pay", "by card"),
    ("do you ship", "internationally"),
    ("do you have", "any discounts"),
    ("are you", "a robot"),
    ("what can", "you do"),
    ("what time", "do you close"),
    ("is there", "a warranty"),
    ("where is", "your shop"),
    ("do you accept", "credit cards"),
    ("i need", "an invoice"),
    ("do you have", "a store"),
];

/// Lengths of the pause inside, in ms: 200 to 1,200, median 450.
const PAUSES_MS: [u64; 18] = [450, 260, 700, 380, 1_000, 200, 480, 320, 560, 420, 1_200, 230, 620, 350, 850, 290, 450, 510];

/// Speech over noise in the noisy third, in dB.
pub const NOISE_SNR_DB: f32 = 15.0;

/// Level that callers speak at, RMS.
pub const SPEECH: Dbfs = Dbfs::new(-22.0);

/// One utterance, ready to be sent.
#[derive(Debug, Clone)]
pub struct Utterance {
    /// What is said.
    pub text: String,
    /// Who says it.
    pub voice: String,
    /// How.
    pub kind: Kind,
    /// Length of the pause inside, in milliseconds.
    pub pause_ms: Option<u64>,
    /// The line's noise while it is said.
    pub noise: Dbfs,
    /// 8 kHz sound.
    pub pcm: Vec<i16>,
}

/// The set: 54 utterances, by these voices in turn; a third each plain, with an inner pause, under noise.
pub fn utterances(voices: &[(&str, &dyn Synthesizer)]) -> Result<Vec<Utterance>, SpeakError> {
    let mut set = Vec::with_capacity(SAID.len() * 3);
    for round in 0..3 {
        for (i, (begin, end)) in SAID.into_iter().enumerate() {
            let kind = Kind::ALL[(i + round) % 3];
            let (name, voice) = voices[(i / 3 + round) % voices.len()];
            let pause_ms = (kind == Kind::InnerPause).then_some(PAUSES_MS[i]);
            let noise = if kind == Kind::Noise { Dbfs::new(SPEECH.db() - NOISE_SNR_DB) } else { QUIET };
            let pcm = match pause_ms {
                None => speak(voice, &format!("{begin} {end}"), Language::EN)?,
                Some(ms) => {
                    let mut pcm = speak(voice, begin, Language::EN)?;
                    pcm.resize(pcm.len() + ms as usize * 8, 0);
                    pcm.extend(speak(voice, end, Language::EN)?);
                    pcm
                }
            };
            set.push(Utterance { text: format!("{begin} {end}"), voice: name.to_owned(), kind, pause_ms, noise, pcm });
        }
    }
    Ok(set)
}

/// A text as trimmed 8 kHz sound at the callers' level.
pub fn speak(voice: &dyn Synthesizer, text: &str, language: Language) -> Result<Vec<i16>, SpeakError> {
    let mut pcm = Vec::new();
    voice.synthesise(text, language, Delivery::default(), &mut |piece| {
        pcm.extend_from_slice(piece);
        ControlFlow::Continue(())
    })?;
    let mut resampler = StreamResampler::new(voice.rate(language), SampleRate::HZ_8000);
    let mut narrow = Vec::new();
    resampler.push(&pcm, &mut narrow);
    resampler.finish(&mut narrow);
    let mut pcm = narrow;
    trim(&mut pcm);
    let gain = Dbfs::new(SPEECH.db() - Dbfs::of(&pcm).db().max(-60.0)).gain();
    for sample in &mut pcm {
        *sample = (f32::from(*sample) * gain).clamp(-32_768.0, 32_767.0) as i16;
    }
    Ok(pcm)
}

/// Cuts silence at both ends, to the 5 ms, so that the last sample is the caller's last sound.
fn trim(pcm: &mut Vec<i16>) {
    const PIECE: usize = 40;
    let loud = |piece: &[i16]| Dbfs::of(piece) >= Dbfs::new(-42.0);
    let pieces: Vec<_> = pcm.chunks(PIECE).map(loud).collect();
    let (Some(first), Some(last)) = (pieces.iter().position(|&l| l), pieces.iter().rposition(|&l| l)) else { return };
    pcm.truncate((last + 1) * PIECE);
    pcm.drain(..first * PIECE);
}
