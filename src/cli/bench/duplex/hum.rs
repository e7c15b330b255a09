//! A listener's hum with closed lips ("mm", "mm-hmm"), which no synthetic voice can say: they spell it.
//! Made of a voice's harmonics through the resonances of a nasal murmur (Fujimura, JASA 1962). Never a word.

use std::f32::consts::TAU;

use crate::audio::{Dbfs, SampleRate};
use crate::cli::bench::callers::SPEECH;

/// Resonances and their widths in hertz.
const MURMUR: [(f32, f32, f32); 3] = [(250.0, 80.0, 1.0), (1_000.0, 150.0, 0.08), (2_200.0, 250.0, 0.03)];
/// Breath between two hums, in milliseconds.
const BREATH_MS: usize = 60;
/// A listener is softer than a speaker, in dB.
const SOFTER: f32 = -3.0;
const MS: usize = SampleRate::HZ_8000.hz() as usize / 1_000;

/// Appends hums of these lengths in milliseconds at this pitch: the last one rises, those before fall.
pub fn hum(lengths_ms: &[u64], pitch_hz: f32, pcm: &mut Vec<i16>) {
    let begin = pcm.len();
    for (n, ms) in lengths_ms.iter().enumerate() {
        if n > 0 {
            pcm.resize(pcm.len() + BREATH_MS * MS, 0);
        }
        let semitones = if n + 1 == lengths_ms.len() && n > 0 { 3.0 } else { -2.0 };
        murmur(*ms as usize * MS, (pitch_hz, semitones), pcm);
    }
    let sound = &mut pcm[begin..];
    let gain = Dbfs::new(SPEECH.db() + SOFTER - Dbfs::of(sound).db().max(-60.0)).gain();
    sound.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * gain) as i16);
}

fn murmur(samples: usize, (pitch_hz, semitones): (f32, f32), pcm: &mut Vec<i16>) {
    let mut phase = 0.0_f32;
    for n in 0..samples {
        let through = n as f32 / samples as f32;
        let hz = pitch_hz * (semitones * through / 12.0).exp2();
        phase = (phase + hz / SampleRate::HZ_8000.hz() as f32).fract();
        let harmonics = (1..=(3_600.0 / hz) as usize).map(|k| (TAU * phase * k as f32).sin() * strength(hz * k as f32));
        let swell = (through * 8.0).min((1.0 - through) * 4.0).min(1.0);
        pcm.push((harmonics.sum::<f32>() * swell * 6_000.0) as i16);
    }
}

/// How strong a harmonic is: a voice's source falls by 12 dB an octave, the resonances lift what is near them.
fn strength(hz: f32) -> f32 {
    let resonance = |(centre, width, gain): (f32, f32, f32)| gain / (1.0 + ((hz - centre) / width).powi(2));
    MURMUR.iter().map(|murmur| resonance(*murmur)).sum::<f32>() * (200.0 / hz.max(200.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hum_has_its_length_and_the_level_of_a_listener() {
        let mut pcm = vec![0; 100];
        hum(&[160, 220], 110.0, &mut pcm);
        assert_eq!(pcm.len(), 100 + (160 + BREATH_MS + 220) * MS);
        assert!((Dbfs::of(&pcm[100..]).db() - SPEECH.db() - SOFTER).abs() < 0.5);
    }
}
