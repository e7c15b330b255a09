//! The caller's sound: packets or plain frames in at any moment, one judged 16 kHz frame out at each 20 ms tick,
//! and the last 30 seconds kept for recognition.
//! Never decides that somebody speaks, and never gives samples away but to those who ask for a range.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::{Frame, MediaTime, SampleRate};
use crate::talk::{AudioRange, Heard};

use super::codec::Codec;
use super::jitter::JitterStats;
use super::received::Received;
use super::resample::Resampler;
use super::vad::{Earshot, Vad};
use super::{MediaConfig, Packet, PortFormat};

/// The rate everything behind the uplink works at.
const RATE: SampleRate = SampleRate::HZ_16000;
/// How far back [`Uplink::utterance`] reaches, in samples: 30 s, the longest utterance recognised as one.
const KEPT: usize = 30 * RATE.hz() as usize;
/// Plain frames waiting at most: 200 ms; beyond it the oldest is dropped.
const PLAIN_WAITING: usize = 10 * RATE.frame_len();

/// What the uplink has had to cope with, since the call began.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UplinkStats {
    /// The jitter buffer's; all zero on ports without packets.
    pub jitter: JitterStats,
    /// Sound made up for lost packets.
    pub concealed: Duration,
    /// Packets or frames of a kind this port does not speak, and plain frames dropped because too many waited.
    pub dropped: u64,
}

/// One call's incoming sound.
pub struct Uplink {
    source: Source,
    vad: Box<dyn Vad>,
    frame: Frame,
    kept: Kept,
    dropped: u64,
}

enum Source {
    Packets { received: Box<Received>, rate: SampleRate, resampler: Resampler },
    Plain { rate: SampleRate, resampler: Resampler, waiting: VecDeque<i16> },
}

impl Uplink {
    /// The uplink of a port that speaks this format, with the voice activity detector that needs no download.
    pub fn new(format: PortFormat, config: &MediaConfig) -> Self {
        Self::with_vad(format, config, Box::new(Earshot::default()))
    }

    /// The uplink of a port that speaks this format, with that voice activity detector.
    pub fn with_vad(format: PortFormat, config: &MediaConfig, vad: Box<dyn Vad>) -> Self {
        let source = match (Codec::of_port(format), format) {
            (Some(codec), _) => Source::Packets {
                received: Box::new(Received::new(codec, config.jitter)),
                rate: codec.rate(),
                resampler: Resampler::new(codec.rate(), RATE),
            },
            (None, PortFormat::Pcm(rate)) => Source::plain(rate),
            (None, PortFormat::Pcma | PortFormat::Pcmu) => Source::plain(SampleRate::HZ_8000),
        };
        Self { source, vad, frame: Frame::silence(RATE, MediaTime::ZERO), kept: Kept::default(), dropped: 0 }
    }

    /// Takes a packet that came at `now`: the time since any fixed moment, the same one for [`pull`](Self::pull).
    ///
    /// Every packet of the stream belongs here, telephone-events too: their sequence numbers are no loss then.
    pub fn insert(&mut self, now: Duration, packet: Packet) {
        match &mut self.source {
            Source::Packets { received, .. } => received.insert(now, packet),
            Source::Plain { .. } => self.dropped += 1,
        }
    }

    /// Takes a plain frame of any rate. The first of a new rate allocates.
    pub fn push(&mut self, frame: &Frame) {
        let Source::Plain { rate, resampler, waiting } = &mut self.source else {
            self.dropped += 1;
            return;
        };
        if *rate != frame.rate() {
            (*rate, *resampler) = (frame.rate(), Resampler::new(frame.rate(), RATE));
        }
        if waiting.len() >= PLAIN_WAITING {
            waiting.drain(..RATE.frame_len());
            self.dropped += 1;
        }
        let mut wide = [0; RATE.frame_len()];
        resampler.frame(frame.pcm(), &mut wide);
        waiting.extend(wide);
    }

    /// The next 20 ms of the caller's sound, judged. To be called once at each tick; the n-th call is 20 ms times n.
    pub fn pull(&mut self, now: Duration) -> Heard {
        let at = self.kept.end();
        self.frame.at = at;
        let concealed = self.source.fill(now, self.frame.pcm_mut());
        self.kept.push(self.frame.pcm());
        let speech = self.vad.speech(self.frame.pcm());
        Heard { at, speech, level: self.frame.level(), concealed }
    }

    /// The 16 kHz frame that was pulled last.
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// Media time of the next frame: the end of the sound so far.
    pub fn end(&self) -> MediaTime {
        self.kept.end()
    }

    /// Gives the samples (16 kHz) of this range to `take`, in order, in at most two pieces,
    /// and says which part of it was there: sound older than 30 s is gone, later sound has not come.
    pub fn utterance(&self, range: AudioRange, take: &mut dyn FnMut(&[i16])) -> AudioRange {
        self.kept.read(range, take)
    }

    /// Counters and delay.
    pub fn stats(&self) -> UplinkStats {
        let dropped = self.dropped;
        match &self.source {
            Source::Packets { received, .. } => {
                UplinkStats { jitter: received.stats(), concealed: received.concealed(), dropped }
            }
            Source::Plain { .. } => UplinkStats { dropped, ..UplinkStats::default() },
        }
    }
}

impl Source {
    fn plain(rate: SampleRate) -> Self {
        let waiting = VecDeque::with_capacity(PLAIN_WAITING + RATE.frame_len());
        Self::Plain { rate, resampler: Resampler::new(rate, RATE), waiting }
    }

    /// Writes the next 20 ms; says whether they were made up.
    fn fill(&mut self, now: Duration, out: &mut [i16]) -> bool {
        match self {
            Self::Packets { received, rate, resampler } => {
                let mut narrow = [0; SampleRate::HZ_48000.frame_len()];
                let narrow = &mut narrow[..rate.frame_len()];
                let made_up = received.pull(now, narrow);
                resampler.frame(narrow, out);
                made_up
            }
            Self::Plain { waiting, .. } if waiting.len() < out.len() => {
                out.fill(0);
                true
            }
            Self::Plain { waiting, .. } => {
                for (to, from) in out.iter_mut().zip(waiting.drain(..RATE.frame_len())) {
                    *to = from;
                }
                false
            }
        }
    }
}

/// The last 30 seconds.
struct Kept {
    ring: Box<[i16]>,
    /// Samples since the call began.
    count: u64,
}

impl Default for Kept {
    fn default() -> Self {
        Self { ring: vec![0; KEPT].into_boxed_slice(), count: 0 }
    }
}

impl Kept {
    fn end(&self) -> MediaTime {
        MediaTime::from_samples(self.count, RATE)
    }

    /// Appends a frame; a whole number of frames fits, so that none wraps.
    fn push(&mut self, pcm: &[i16]) {
        let from = (self.count % KEPT as u64) as usize;
        self.ring[from..from + pcm.len()].copy_from_slice(pcm);
        self.count += pcm.len() as u64;
    }

    fn read(&self, range: AudioRange, take: &mut dyn FnMut(&[i16])) -> AudioRange {
        let oldest = self.count.saturating_sub(KEPT as u64);
        let from = range.from.as_samples(RATE).clamp(oldest, self.count);
        let to = range.to.as_samples(RATE).clamp(from, self.count);
        let (start, len) = ((from % KEPT as u64) as usize, (to - from) as usize);
        let first = len.min(KEPT - start);
        for piece in [&self.ring[start..start + first], &self.ring[..len - first]] {
            if !piece.is_empty() {
                take(piece);
            }
        }
        AudioRange { from: MediaTime::from_samples(from, RATE), to: MediaTime::from_samples(to, RATE) }
    }
}
