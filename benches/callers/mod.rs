//! Synthetic callers behind a telephone line, for the benches that hear: flite's and espeak-ng's voices, noise, G.711 at 8 kHz.
//! Deterministic; never judges.

use std::ops::ControlFlow;

use audio_codec_algorithms::{decode_ulaw, encode_ulaw};
use hotline::audio::SampleRate;
use hotline::media::resample::StreamResampler;
use hotline::speech::speak::{Delivery, Synthesizer};
use hotline::talk::Language;

/// The voice's sentence with silence around it, at the voice's own rate.
pub fn spoken(voice: &impl Synthesizer, text: &str, language: Language) -> (Vec<i16>, SampleRate) {
    let rate = voice.rate(language);
    let mut pcm = vec![0; rate.frame_len() * 10];
    let mut sink = |piece: &[i16]| {
        pcm.extend_from_slice(piece);
        ControlFlow::Continue(())
    };
    voice.synthesise(text, language, Delivery::default(), &mut sink).expect("speaks");
    pcm.resize(pcm.len() + rate.frame_len() * 20, 0);
    (pcm, rate)
}

/// Through G.711 at 8 kHz and back to 16 kHz.
pub fn telephone(pcm: &[i16], rate: SampleRate) -> Vec<i16> {
    let convert = |pcm: &[i16], from, to| {
        let mut out = Vec::new();
        let mut resampler = StreamResampler::new(from, to);
        resampler.push(pcm, &mut out);
        resampler.finish(&mut out);
        out
    };
    let coded: Vec<i16> = convert(pcm, rate, SampleRate::HZ_8000).into_iter().map(|s| decode_ulaw(encode_ulaw(s))).collect();
    convert(&coded, SampleRate::HZ_8000, SampleRate::HZ_16000)
}

/// White noise so many decibels below the mean power of the sound.
#[allow(dead_code, reason = "not every bench is noisy")]
pub fn noisy(pcm: &[i16], snr_db: f32, dice: &mut Dice) -> Vec<i16> {
    let power = pcm.iter().map(|s| f32::from(*s).powi(2)).sum::<f32>() / pcm.len().max(1) as f32;
    // A uniform distribution of that width has the variance a²/3.
    let width = (3.0 * power * 10.0_f32.powf(-snr_db / 10.0)).sqrt();
    pcm.iter().map(|s| (f32::from(*s) + (2.0 * dice.unit() - 1.0) * width).clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// A street's noise, below about 800 Hz at 16 kHz, so many decibels below the mean power of the sound.
#[allow(dead_code, reason = "not every bench is noisy")]
pub fn street(pcm: &[i16], snr_db: f32, dice: &mut Dice) -> Vec<i16> {
    let mut low = 0.0_f32;
    let mut next = || {
        low += 0.27 * (dice.unit() - 0.5 - low);
        low
    };
    let street: Vec<f32> = (0..pcm.len()).map(|_| next()).collect();
    let power = |x: f32| x * x;
    let speech = pcm.iter().map(|s| power(f32::from(*s))).sum::<f32>();
    let gain = (speech / street.iter().copied().map(power).sum::<f32>().max(1e-9) * 10.0_f32.powf(-snr_db / 10.0)).sqrt();
    pcm.iter().zip(&street).map(|(s, n)| (f32::from(*s) + n * gain).clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// A seeded source of chance (xorshift*).
#[allow(dead_code, reason = "not every bench throws dice")]
pub struct Dice(pub u64);

#[allow(dead_code, reason = "not every bench throws dice")]
impl Dice {
    /// At least 0, less than 1.
    pub fn unit(&mut self) -> f32 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// One of so many.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f32) as usize).min(n - 1)
    }
}
