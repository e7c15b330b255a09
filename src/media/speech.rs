//! A reply's sound on its way from the voice to the downlink: small pieces at the port's rate.
//! Never waits: a voice on another thread cuts its sound here and sends the pieces wherever they are taken.

use std::time::Duration;

use crate::audio::SampleRate;
use crate::talk::ReplyId;

use super::resample::StreamResampler;

/// Longest piece: 100 ms. Short ones keep the bound of the queue sharp.
const PIECES_A_SECOND: usize = 10;

/// One piece of a sentence's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Speech {
    /// The reply it is part of.
    pub reply: ReplyId,
    /// The sentence's number in the reply, from 0.
    pub sentence: u16,
    /// The samples, at the port's rate ([`super::Downlink::rate`]).
    pub pcm: Vec<i16>,
    /// Nothing of this sentence follows. Every sentence ends with such a piece, and if it is empty.
    pub last: bool,
}

/// Resamples one sentence as its voice makes it, and cuts it into pieces.
pub struct SpeechCutter {
    reply: ReplyId,
    sentence: u16,
    resampler: StreamResampler,
    rate: SampleRate,
    pending: Vec<i16>,
    given: usize,
}

impl SpeechCutter {
    /// For a sentence of that number, from the voice's rate to the port's.
    pub fn new(reply: ReplyId, sentence: u16, voice: SampleRate, port: SampleRate) -> Self {
        Self { reply, sentence, resampler: StreamResampler::new(voice, port), rate: port, pending: Vec::new(), given: 0 }
    }

    /// Takes what the voice made; gives the pieces that are complete, each of at least a frame.
    pub fn push(&mut self, pcm: &[i16]) -> impl Iterator<Item = Speech> + '_ {
        self.resampler.push(pcm, &mut self.pending);
        std::iter::from_fn(|| (self.pending.len() >= self.rate.frame_len()).then(|| self.piece()))
    }

    /// The pieces that are left; the last one says so.
    pub fn finish(mut self) -> impl Iterator<Item = Speech> {
        self.resampler.finish(&mut self.pending);
        let mut ended = false;
        std::iter::from_fn(move || {
            if ended {
                return None;
            }
            let mut speech = self.piece();
            speech.last = self.pending.is_empty();
            ended = speech.last;
            Some(speech)
        })
    }

    /// How long the pieces given so far are.
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.given as u64 * 1_000_000 / u64::from(self.rate.hz()))
    }

    fn piece(&mut self) -> Speech {
        let longest = self.rate.hz() as usize / PIECES_A_SECOND;
        let pcm: Vec<i16> = self.pending.drain(..longest.min(self.pending.len())).collect();
        self.given += pcm.len();
        Speech { reply: self.reply, sentence: self.sentence, pcm, last: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(pcm: &[i16], step: usize) -> Vec<Speech> {
        let mut cutter = SpeechCutter::new(ReplyId(1), 3, SampleRate::HZ_22050, SampleRate::HZ_8000);
        let mut all = Vec::new();
        for chunk in pcm.chunks(step) {
            all.extend(cutter.push(chunk));
        }
        all.extend(cutter.finish());
        all
    }

    #[test]
    fn pieces_are_short_complete_and_end_once() {
        for step in [100, 1_024, 22_050] {
            let pieces = cut(&[9; 22_050], step);
            assert_eq!(pieces.iter().map(|p| p.pcm.len()).sum::<usize>(), 8_000);
            assert!(pieces.iter().all(|p| p.pcm.len() <= 800 && p.sentence == 3));
            assert_eq!(pieces.iter().filter(|p| p.last).count(), 1);
            assert!(pieces.last().is_some_and(|p| p.last));
        }
    }

    #[test]
    fn a_sentence_without_sound_still_ends() {
        let pieces = cut(&[], 1);
        assert_eq!(pieces, [Speech { reply: ReplyId(1), sentence: 3, pcm: Vec::new(), last: true }]);
    }
}
