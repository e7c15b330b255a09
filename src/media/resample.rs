//! From one sample rate to another: by 20 ms frames in the call's own path, by any piece for what voices make.
//! Never allocates per frame, and never drops or invents a sample of a whole stream.

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::audio::SampleRate;

/// Turns 20 ms frames at one rate into 20 ms frames at another, 5 to 10 ms later.
pub struct Resampler(Option<Blocks>);

impl Resampler {
    /// A resampler between these rates; between equal ones it copies.
    pub fn new(from: SampleRate, to: SampleRate) -> Self {
        Self((from != to).then(|| Blocks::new(from, to)))
    }

    /// Resamples one frame: exactly 20 ms in, exactly 20 ms out.
    pub fn frame(&mut self, pcm: &[i16], out: &mut [i16]) {
        match &mut self.0 {
            None => out.copy_from_slice(pcm),
            Some(blocks) => {
                for (pcm, out) in pcm.chunks_exact(blocks.input.len()).zip(out.chunks_exact_mut(blocks.output.len())) {
                    for (to, &from) in out.iter_mut().zip(blocks.block(pcm.iter().copied())) {
                        *to = sample(from);
                    }
                }
            }
        }
    }
}

/// Resamples sound that comes in pieces of any size. The result is as long as the input and not delayed against it.
pub struct StreamResampler {
    blocks: Option<Blocks>,
    from: SampleRate,
    to: SampleRate,
    /// Input that does not fill a block yet.
    rest: Vec<i16>,
    /// Output still to be left out: the resampler's own delay.
    delay: usize,
    taken: u64,
    given: u64,
}

impl StreamResampler {
    /// A resampler for one piece of sound.
    pub fn new(from: SampleRate, to: SampleRate) -> Self {
        let blocks = (from != to).then(|| Blocks::new(from, to));
        let (len, delay) = blocks.as_ref().map_or((0, 0), |blocks| (blocks.input.len(), blocks.fft.output_delay()));
        Self { blocks, from, to, rest: Vec::with_capacity(len), delay, taken: 0, given: 0 }
    }

    /// Takes a piece and appends what is ready to `out`.
    pub fn push(&mut self, pcm: &[i16], out: &mut Vec<i16>) {
        self.taken += pcm.len() as u64;
        let Some(blocks) = &mut self.blocks else {
            self.given += pcm.len() as u64;
            return out.extend_from_slice(pcm);
        };
        let mut pcm = pcm;
        while !pcm.is_empty() {
            let (now, later) = pcm.split_at(pcm.len().min(blocks.input.len() - self.rest.len()));
            self.rest.extend_from_slice(now);
            pcm = later;
            if self.rest.len() == blocks.input.len() {
                let ready = blocks.block(self.rest.drain(..));
                let skipped = self.delay.min(ready.len());
                self.delay -= skipped;
                self.given += (ready.len() - skipped) as u64;
                out.extend(ready[skipped..].iter().map(|&s| sample(s)));
            }
        }
    }

    /// Appends what is still held, so that the whole output is as long as the whole input, and starts anew.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let whole = (self.taken * u64::from(self.to.hz())).div_ceil(u64::from(self.from.hz()));
        while self.given < whole {
            self.push(&[0; 160], out);
        }
        out.truncate(out.len() - (self.given - whole) as usize);
        *self = Self::new(self.from, self.to);
    }
}

/// Rubato's FFT resampler over blocks that divide a frame.
struct Blocks {
    fft: Fft<f32>,
    input: Vec<f32>,
    output: Vec<f32>,
}

impl Blocks {
    /// Blocks of 10 ms where the rates allow, else of 20 ms: half a block is the delay.
    /// With so few samples rubato's default window would take 10 dB off at 3.4 kHz, the end of the telephone's band.
    fn new(from: SampleRate, to: SampleRate) -> Self {
        let half = from.frame_len() / 2;
        let even = half * 2 == from.frame_len() && to.frame_len().is_multiple_of(2);
        let chunk = if even { half } else { from.frame_len() };
        let (hz_in, hz_out) = (from.hz() as usize, to.hz() as usize);
        let fft = Fft::new_custom(hz_in, hz_out, chunk, 1, 1, WindowFunction::Blackman, FixedSync::Both)
            .expect("rates of 8 to 48 kHz and a chunk above zero are accepted");
        let (input, output) = (vec![0.0; fft.input_frames_next()], vec![0.0; fft.output_frames_next()]);
        Self { fft, input, output }
    }

    fn block(&mut self, pcm: impl Iterator<Item = i16>) -> &[f32] {
        for (to, from) in self.input.iter_mut().zip(pcm) {
            *to = f32::from(from);
        }
        let (frames_in, frames_out) = (self.input.len(), self.output.len());
        let input = InterleavedSlice::new(&self.input, 1, frames_in).expect("one channel of that many samples");
        let mut output = InterleavedSlice::new_mut(&mut self.output, 1, frames_out).expect("one channel of that many samples");
        self.fft.process_into_buffer(&input, &mut output, None).expect("the buffers have the sizes rubato asked for");
        &self.output
    }
}

fn sample(value: f32) -> i16 {
    value.round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: [SampleRate; 5] =
        [SampleRate::HZ_8000, SampleRate::HZ_16000, SampleRate::HZ_22050, SampleRate::HZ_24000, SampleRate::HZ_48000];

    fn tone(hz: f64, rate: SampleRate, len: usize) -> Vec<i16> {
        let step = hz * std::f64::consts::TAU / f64::from(rate.hz());
        (0..len).map(|n| ((n as f64 * step).sin() * 10_000.0).round() as i16).collect()
    }

    /// What of the sound is a tone of that frequency, whatever its phase, against what is not.
    fn snr_db(hz: f64, rate: SampleRate, pcm: &[i16]) -> f64 {
        let step = hz * std::f64::consts::TAU / f64::from(rate.hz());
        let part = |wave: fn(f64) -> f64| {
            2.0 * pcm.iter().enumerate().map(|(n, &s)| f64::from(s) * wave(n as f64 * step)).sum::<f64>() / pcm.len() as f64
        };
        let (sin, cos) = (part(f64::sin), part(f64::cos));
        let tone = |n: usize| sin * (n as f64 * step).sin() + cos * (n as f64 * step).cos();
        let noise: f64 = pcm.iter().enumerate().map(|(n, &s)| (f64::from(s) - tone(n)).powi(2)).sum();
        10.0 * ((sin * sin + cos * cos) / 2.0 * pcm.len() as f64 / noise).log10()
    }

    #[test]
    fn every_pair_of_rates_gives_20_ms_for_20_ms() {
        for from in RATES {
            for to in RATES {
                let mut resampler = Resampler::new(from, to);
                let (pcm, mut out) = (tone(1_000.0, from, from.frame_len()), vec![0; to.frame_len()]);
                for _ in 0..3 {
                    resampler.frame(&pcm, &mut out);
                }
                assert!(out.iter().any(|&s| s.abs() > 5_000), "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn a_tone_survives_every_pair_of_rates_in_pieces_of_any_size() {
        for from in RATES {
            for to in RATES {
                let pcm = tone(1_000.0, from, from.hz() as usize);
                let (mut stream, mut out) = (StreamResampler::new(from, to), Vec::new());
                for piece in pcm.chunks(333) {
                    stream.push(piece, &mut out);
                }
                stream.finish(&mut out);
                assert_eq!(out.len(), to.hz() as usize, "{from:?} to {to:?}");
                let snr = snr_db(1_000.0, to, &out[to.hz() as usize / 10..to.hz() as usize * 9 / 10]);
                println!("{} to {} Hz: {snr:.1} dB", from.hz(), to.hz());
                assert!(snr > 60.0, "{from:?} to {to:?}: {snr:.1} dB");
            }
        }
    }

    #[test]
    fn the_telephones_band_passes_unweakened() {
        for (from, to) in [(SampleRate::HZ_8000, SampleRate::HZ_16000), (SampleRate::HZ_22050, SampleRate::HZ_8000)] {
            for hz in [300.0, 1_000.0, 3_000.0, 3_400.0] {
                let (mut stream, mut out) = (StreamResampler::new(from, to), Vec::new());
                let pcm = tone(hz, from, from.hz() as usize);
                stream.push(&pcm, &mut out);
                let (snr, out) = (snr_db(hz, to, &out[1_000..5_800]), &out[1_000..5_800]);
                let change = crate::audio::Dbfs::of(out).db() - crate::audio::Dbfs::of(&pcm).db();
                println!("{} to {} Hz at {hz} Hz: {change:.2} dB, {snr:.1} dB above images", from.hz(), to.hz());
                assert!(change.abs() < 1.0 && snr > 50.0, "{from:?} to {to:?}, {hz} Hz: {change:.2} dB, {snr:.1} dB");
            }
        }
    }

    #[test]
    fn what_the_lower_rate_cannot_hold_is_left_out_and_not_folded() {
        let (mut stream, mut out) = (StreamResampler::new(SampleRate::HZ_22050, SampleRate::HZ_8000), Vec::new());
        stream.push(&tone(5_000.0, SampleRate::HZ_22050, 22_050), &mut out);
        assert!(crate::audio::Dbfs::of(&out[400..7_000]).db() < -70.0);
    }

    #[test]
    fn a_finished_stream_starts_anew() {
        let (mut stream, mut out) = (StreamResampler::new(SampleRate::HZ_22050, SampleRate::HZ_8000), Vec::new());
        stream.push(&[5; 10], &mut out);
        stream.finish(&mut out);
        assert_eq!(out.len(), 4);
        stream.finish(&mut out);
        assert_eq!(out.len(), 4);
    }
}
