//! The telephone front-end of the embedded recogniser: from a narrow, coded, noisy line to the cepstra that its wide-band
//! acoustic model was trained on. Never hears a word: it only says what the sound would have been beside a good microphone.
//!
//! A network of two hidden layers sees eleven frames of 25 mel bands and the noise below them, and corrects the cepstrum of the
//! middle one. It was
//! trained on pairs: people's recorded prompts in five languages, and the same through random microphones, noise, a telephone's
//! band and G.711 (`models/telephone-front.md` says how, and from what). Wide-band sound passes through it nearly unchanged.

mod floor;
mod mel;
mod net;

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use floor::Floor;
use mel::{BANDS, Mel};
use net::Network;

pub(super) use mel::CEPSTRA;

/// One frame of 10 ms as the acoustic model takes it.
pub(super) type Cepstrum = [f32; CEPSTRA];

/// The mean of what the front-end makes of callers behind G.711 on a quiet line, and in a street's noise 10 dB below them, each with
/// the average floor of the bands there. An utterance is heard by what lies between them while it goes on.
const QUIET: (f32, Cepstrum) = (7.0, [48.5, 2.8, 5.2, 11.8, 0.6, 1.5, 1.5, -3.0, -4.5, -1.7, 2.8, 1.5, -0.1]);
const NOISY: (f32, Cepstrum) = (12.2, [52.2, 5.3, 3.9, 6.1, 0.4, 1.5, 1.4, -1.7, -0.6, 0.5, 1.2, 1.9, 3.0]);

/// The mean of these frames, at least one.
pub(super) fn mean(frames: &[Cepstrum]) -> Cepstrum {
    std::array::from_fn(|i| frames.iter().map(|frame| frame[i]).sum::<f32>() / frames.len().max(1) as f32)
}

/// The frames without their mean, as an acoustic model takes them ("cepstral mean normalisation", Atal, JASA 1974).
pub(super) fn normalised(frames: &[Cepstrum], mean: &Cepstrum) -> Vec<Cepstrum> {
    frames.iter().map(|frame| std::array::from_fn(|i| frame[i] - mean[i])).collect()
}

/// The parameters of an acoustic model's features that this front-end makes.
pub(super) const PARAMETERS: [(&str, &str); 5] =
    [("-lowerf", "130"), ("-upperf", "6800"), ("-nfilt", "25"), ("-transform", "dct"), ("-lifter", "22")];

const WEIGHTS: &[u8] = include_bytes!("../../../../models/telephone-front.bin");

/// Tables and weights, shared by all utterances.
struct Shared {
    mel: Mel,
    network: Network,
}

/// One utterance on its way through the front-end; a frame comes out 50 ms of sound after it went in.
pub(super) struct Front {
    shared: Arc<Shared>,
    /// Samples with their treble raised that no frame has left behind yet.
    samples: VecDeque<f32>,
    last: f32,
    /// The frames around the one that is next, oldest first.
    around: VecDeque<[f32; BANDS]>,
    floor: Floor,
}

impl Front {
    pub(super) fn new() -> Self {
        static SHARED: OnceLock<Arc<Shared>> = OnceLock::new();
        let shared = SHARED.get_or_init(|| {
            let network = Network::read(WEIGHTS).expect("the weights in this binary were read by a test");
            Arc::new(Shared { mel: Mel::new(), network })
        });
        Self { shared: shared.clone(), samples: VecDeque::new(), last: 0.0, around: VecDeque::new(), floor: Floor::default() }
    }

    /// Takes 16 kHz samples and gives the frames that are ready.
    pub(super) fn push(&mut self, pcm: &[i16]) -> Vec<Cepstrum> {
        for &sample in pcm {
            let sample = f32::from(sample);
            self.samples.push_back(sample - mel::PRE_EMPHASIS * self.last);
            self.last = sample;
        }
        let mut ready = Vec::new();
        while self.samples.len() >= mel::FRAME {
            let bands = self.shared.mel.bands(self.samples.range(..mel::FRAME).copied());
            self.samples.drain(..mel::SHIFT);
            ready.extend(self.see(bands));
        }
        ready
    }

    /// The frames that still waited for what comes after them; the last one stands for it.
    pub(super) fn finish(&mut self) -> Vec<Cepstrum> {
        let Some(&last) = self.around.back() else { return Vec::new() };
        (0..self.shared.network.context()).filter_map(|_| self.see(last)).collect()
    }

    /// The mean to expect of a caller above the noise that there is.
    pub(super) fn expected(&self) -> Cepstrum {
        let noise = ((self.floor.average() - QUIET.0) / (NOISY.0 - QUIET.0)).clamp(0.0, 1.0);
        std::array::from_fn(|i| QUIET.1[i] + noise * (NOISY.1[i] - QUIET.1[i]))
    }

    fn see(&mut self, bands: [f32; BANDS]) -> Option<Cepstrum> {
        let context = self.shared.network.context();
        if self.around.is_empty() {
            self.around.extend(std::iter::repeat_n(bands, context));
        }
        self.around.push_back(bands);
        if self.around.len() <= 2 * context {
            return None;
        }
        let floor = self.floor.follow(&self.around[context]);
        let seen: Vec<f32> = self.around.iter().flatten().chain(floor).copied().collect();
        let correction = self.shared.network.run(&seen);
        let plain = self.shared.mel.cepstrum(&self.around[context]);
        self.around.pop_front();
        Some(std::array::from_fn(|i| plain[i] + correction[i]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone() -> Vec<i16> {
        (0..16_000).map(|i| ((i as f32 * 0.4).sin() * 4_000.0 + (i * 7_919 % 613) as f32) as i16).collect()
    }

    #[test]
    fn every_ten_milliseconds_make_one_frame_however_the_sound_is_cut() {
        let whole = tone();
        let mut front = Front::new();
        let mut at_once = front.push(&whole);
        at_once.extend(front.finish());
        let mut front = Front::new();
        let mut in_pieces: Vec<Cepstrum> = whole.chunks(333).flat_map(|piece| front.push(piece)).collect();
        in_pieces.extend(front.finish());
        assert_eq!(at_once.len(), 1 + (16_000 - mel::FRAME) / mel::SHIFT);
        assert_eq!(at_once, in_pieces);
        assert!(at_once.iter().flatten().all(|c| c.is_finite()));
    }

    #[test]
    fn what_is_shorter_than_a_frame_makes_none() {
        let mut front = Front::new();
        assert!(front.push(&[100; 200]).is_empty() && front.finish().is_empty());
    }
}
