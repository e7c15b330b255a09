//! The caller's sound: packets or plain frames in at any moment, one judged 16 kHz frame out at each 20 ms tick,
//! and the last 30 seconds kept for recognition.
//! Never decides that somebody speaks, and never gives samples away but to those who ask for a range.

use std::collections::VecDeque;
use std::time::Duration;

use crate::audio::{Frame, MediaTime, SampleRate};
use crate::talk::{AudioRange, Heard, Probability};

use super::codec::Decoder;
use super::jitter::JitterStats;
use super::pitch::PitchMeter;
use super::received::Received;
use super::resample::Resampler;
use super::vad::{Paired, Vad};
use super::{MediaConfig, Packet, PortFormat};

/// The rate everything behind the uplink works at.
const RATE: SampleRate = SampleRate::HZ_16000;
/// How far back [`Uplink::utterance`] reaches, in samples: 30 s, the longest utterance recognised as one.
const KEPT: usize = 30 * RATE.hz() as usize;
/// Plain frames waiting at most: 200 ms; beyond it the oldest is dropped.
const PLAIN_WAITING: usize = 10 * RATE.frame_len();
/// Pitch is looked for in frames that are more likely speech than not.
const SPOKEN: Probability = Probability::new(0.5);

/// What the uplink has had to cope with, since the call began.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct UplinkStats {
    /// The jitter buffer's; all zero on ports without packets.
    pub jitter: JitterStats,
    /// Sound made up for lost packets.
    pub concealed: Duration,
    /// Lost sound that was had from the copy in the next packet.
    pub repaired: Duration,
    /// Packets or frames of a kind this port does not speak, and plain frames dropped because too many waited.
    pub dropped: u64,
}

/// One call's incoming sound.
pub struct Uplink {
    source: Source,
    vad: Box<dyn Vad>,
    pitch: PitchMeter,
    frame: Frame,
    kept: Kept,
    dropped: u64,
}

enum Source {
    Packets { received: Box<Received>, rate: SampleRate, resampler: Resampler },
    Plain { rate: SampleRate, resampler: Resampler, waiting: VecDeque<i16> },
}

impl Uplink {
    /// The uplink of a port that speaks this format, with the voice activity detectors that need no download.
    pub fn new(format: PortFormat, config: &MediaConfig) -> Self {
        Self::with_vad(format, config, Box::new(Paired::default()))
    }

    /// The uplink of a port that speaks this format, with that voice activity detector.
    pub fn with_vad(format: PortFormat, config: &MediaConfig, vad: Box<dyn Vad>) -> Self {
        let source = match Decoder::of_port(format) {
            Some(decoder) => {
                let (rate, resampler) = (decoder.rate(), Resampler::new(decoder.rate(), RATE));
                Source::Packets { received: Box::new(Received::new(decoder, config.jitter)), rate, resampler }
            }
            None => Source::plain(format.rate()),
        };
        Self {
            source,
            vad,
            pitch: PitchMeter::default(),
            frame: Frame::silence(RATE, MediaTime::ZERO),
            kept: Kept::default(),
            dropped: 0,
        }
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
        self.pitch.push(self.frame.pcm());
        let tone = if speech >= SPOKEN { self.pitch.tone() } else { None };
        Heard { at, speech, level: self.frame.level(), tone, concealed }
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
                let (concealed, repaired) = (received.concealed(), received.repaired());
                UplinkStats { jitter: received.stats(), concealed, repaired, dropped }
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

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};

    use super::*;
    use crate::audio::Dbfs;
    use crate::media::codec::{Codec, OPUS, OpusEncoder};
    use crate::talk::Probability;

    /// Takes what is loud for speech.
    struct Loud;

    impl Vad for Loud {
        fn speech(&mut self, pcm16k: &[i16]) -> Probability {
            if Dbfs::of(pcm16k).db() > -40.0 { Probability::ONE } else { Probability::ZERO }
        }
    }

    fn uplink(format: PortFormat) -> Uplink {
        Uplink::with_vad(format, &MediaConfig::default(), Box::new(Loud))
    }

    /// 20 ms of a caller who hums 1.5 s and pauses half a second.
    fn hum(n: u64) -> Vec<i16> {
        let loud = if n % 100 < 75 { 6_000.0 } else { 10.0 };
        (n * 160..n * 160 + 160).map(|i| ((i as f32 * 0.11).sin() * loud) as i16).collect()
    }

    fn packet(n: u64, pcm: &[i16]) -> Packet {
        let mut payload = BytesMut::new();
        Codec::Pcma.encode(pcm, &mut payload);
        let (sequence, timestamp) = (n as u16, n as u32 * 160);
        Packet { payload_type: 8, ssrc: 1, sequence, timestamp, marker: false, payload: payload.freeze() }
    }

    /// A call of that many ticks, still going on; `arrival` says when each packet comes, in microseconds, or that it is lost.
    fn call(ticks: u64, mut arrival: impl FnMut(u64) -> Option<u64>) -> (Uplink, Vec<Heard>) {
        let mut sent: Vec<(u64, u64)> = (0..ticks + 50).filter_map(|n| Some((arrival(n)?, n))).collect();
        sent.sort_unstable();
        let mut sent = sent.into_iter().peekable();
        let (mut uplink, mut heard) = (uplink(PortFormat::Pcma), Vec::new());
        for tick in 0..ticks {
            let now = tick * 20_000;
            while let Some((at, n)) = sent.next_if(|(at, _)| *at <= now) {
                uplink.insert(Duration::from_micros(at), packet(n, &hum(n)));
            }
            heard.push(uplink.pull(Duration::from_micros(now)));
        }
        (uplink, heard)
    }

    /// Numbers from 0 to `below`, always the same ones.
    fn dice(below: u64) -> impl FnMut() -> u64 {
        let mut state = 42u64;
        move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        }
    }

    #[test]
    fn ten_minutes_of_clock_skew_lose_nothing_and_add_no_delay() {
        for ppm in [-200i64, 200] {
            let (uplink, heard) =
                call(30_000, |n| Some((n as i64 * 20_000 + n as i64 * 20_000 * ppm / 1_000_000) as u64 + 7_000));
            let stats = uplink.stats();
            let counts = (stats.jitter.lost, stats.jitter.late, stats.jitter.dropped, stats.concealed);
            println!("{ppm} ppm: {stats:?}");
            assert_eq!(counts, (0, 0, 0, Duration::ZERO), "{ppm} ppm: {stats:?}");
            assert!((10.0..45.0).contains(&stats.jitter.delay_ms), "{ppm} ppm: {stats:?}");
            assert!((stats.jitter.skew_ppm - ppm as f32).abs() < 10.0, "{stats:?}");
            assert!(heard.iter().skip(10).all(|h| !h.concealed));
        }
    }

    #[test]
    fn lost_and_shaken_packets_cost_little_more_than_themselves() {
        for (percent, most_concealed_ms, most_delay_ms) in [(0, 200, 85.0), (5, 1_500, 85.0), (10, 3_300, 85.0)] {
            let (mut shake, mut lose) = (dice(60_000), dice(100));
            let (uplink, _) = call(1_500, |n| {
                let arrival = n * 20_000 + shake();
                (lose() >= percent).then_some(arrival)
            });
            let stats = uplink.stats();
            println!("{percent} % lost, ±30 ms: {stats:?}");
            assert!(stats.concealed.as_millis() < most_concealed_ms, "{stats:?}");
            assert!(stats.jitter.delay_ms < most_delay_ms, "{stats:?}");
        }
    }

    /// A browser's call of that many ticks, of which every packet that `lost` names is lost.
    fn browser_call(ticks: u64, lost: impl Fn(u64) -> bool) -> (UplinkStats, Vec<Heard>) {
        let (mut uplink, mut encoder) = (uplink(PortFormat::Opus), OpusEncoder::default());
        let mut heard = Vec::new();
        for n in 0..ticks {
            // Syllables and short pauses: the encoder would take a steady hum for silence.
            let loud = |i: u64| if n % 40 < 35 { (i as f32 / 4_000.0).sin() * 6_000.0 } else { 20.0 };
            let pcm: Vec<i16> = (n * 960..n * 960 + 960).map(|i| ((i as f32 * 0.02).sin() * loud(i)) as i16).collect();
            let mut payload = BytesMut::new();
            encoder.encode(&pcm, &mut payload);
            let (sequence, timestamp) = (n as u16, n as u32 * 960);
            let payload = payload.freeze();
            if !lost(n) {
                let packet = Packet { payload_type: OPUS, ssrc: 1, sequence, timestamp, marker: false, payload };
                uplink.insert(Duration::from_millis(n * 20 + 3), packet);
            }
            heard.push(uplink.pull(Duration::from_millis(n * 20 + 20)));
        }
        (uplink.stats(), heard)
    }

    #[test]
    fn a_browser_is_heard_and_its_lost_packets_are_repaired_from_the_next() {
        let (stats, heard) = browser_call(500, |_| false);
        assert_eq!((stats.jitter.lost, stats.concealed, stats.repaired), (0, Duration::ZERO, Duration::ZERO), "{stats:?}");
        assert!(heard[5..].iter().all(|h| !h.concealed), "{stats:?}");
        assert!(heard.iter().filter(|h| h.speech == Probability::ONE).count() > 400);
        let (stats, _) = browser_call(500, |n| n % 10 == 5);
        println!("one in ten lost: {stats:?}");
        assert!((45..=50).contains(&stats.jitter.lost), "{stats:?}");
        assert!(stats.repaired >= Duration::from_millis(600) && stats.concealed < Duration::from_millis(400), "{stats:?}");
    }

    #[test]
    fn a_caller_is_heard_within_60_ms_and_in_media_time() {
        let (_, heard) = call(50, |n| Some(n * 20_000 + 5_000));
        assert!(heard.iter().zip(0..).all(|(h, n)| h.at == MediaTime::from_millis(n * 20)));
        let first = heard.iter().position(|h| h.speech == Probability::ONE).expect("the hum is heard");
        assert!(first <= 3, "{first} ticks");
        assert!(heard[first..].iter().all(|h| h.speech == Probability::ONE && !h.concealed));
    }

    #[test]
    fn a_port_that_sends_nothing_is_silence_for_ever() {
        let (uplink, heard) = call(500, |_| None);
        assert!(heard.iter().all(|h| h.level == Dbfs::SILENCE && h.speech == Probability::ZERO && h.concealed));
        assert_eq!(uplink.end(), MediaTime::from_millis(10_000));
    }

    #[test]
    fn absurd_packets_are_survived() {
        let mut uplink = uplink(PortFormat::Pcmu);
        let mut roll = dice(1 << 31);
        for tick in 0..2_000u64 {
            let now = Duration::from_millis(tick * 20);
            for _ in 0..roll() % 4 {
                let payload = Bytes::from(vec![roll() as u8; roll() as usize % 1_500]);
                let (payload_type, marker) = ([0, 8, 13, 101, 200][roll() as usize % 5], roll() < 1 << 30);
                let (ssrc, sequence, timestamp) = (roll() as u32 % 3, roll() as u16, roll() as u32 * 2);
                uplink.insert(now, Packet { payload_type, ssrc, sequence, timestamp, marker, payload });
            }
            uplink.pull(now);
        }
        assert_eq!(uplink.end(), MediaTime::from_millis(40_000));
    }

    #[test]
    fn an_utterance_is_given_as_it_was_heard_and_only_as_far_as_it_is_kept() {
        let mut uplink = uplink(PortFormat::Pcm(SampleRate::HZ_16000));
        for n in 0..2_000u64 {
            uplink.push(&Frame::new(&[n as i16; 320], SampleRate::HZ_16000, MediaTime::ZERO));
            uplink.pull(Duration::ZERO);
        }
        let mut pcm = Vec::new();
        let mut read = |from: u64, to: u64| {
            pcm.clear();
            let range = AudioRange { from: MediaTime::from_millis(from), to: MediaTime::from_millis(to) };
            let given = uplink.utterance(range, &mut |piece| pcm.extend_from_slice(piece));
            (given.from.as_millis(), given.to.as_millis(), pcm.len(), pcm.first().copied(), pcm.last().copied())
        };
        assert_eq!(read(39_000, 39_040), (39_000, 39_040, 640, Some(1_950), Some(1_951)));
        assert_eq!(read(29_980, 30_020), (29_980, 30_020, 640, Some(1_499), Some(1_500)), "across the ring's end");
        assert_eq!(read(0, 50_000), (10_000, 40_000, KEPT, Some(500), Some(1_999)));
        assert_eq!(read(50_000, 60_000), (40_000, 40_000, 0, None, None));
        assert_eq!(read(20_000, 10_000), (20_000, 20_000, 0, None, None));
    }

    #[test]
    fn plain_frames_of_any_rate_are_heard_and_too_many_are_dropped() {
        let mut uplink = uplink(PortFormat::Pcm(SampleRate::HZ_48000));
        let loud = |rate: SampleRate| {
            let pcm: Vec<i16> = (0..rate.frame_len()).map(|n| if n / 8 % 2 == 0 { 9_000 } else { -9_000 }).collect();
            Frame::new(&pcm, rate, MediaTime::ZERO)
        };
        for rate in [SampleRate::HZ_48000, SampleRate::HZ_22050, SampleRate::HZ_16000, SampleRate::HZ_8000] {
            (0..2).for_each(|_| uplink.push(&loud(rate)));
            uplink.pull(Duration::ZERO);
            assert_eq!(uplink.pull(Duration::ZERO).speech, Probability::ONE, "{rate:?}");
        }
        assert!(uplink.pull(Duration::ZERO).concealed);
        (0..15).for_each(|_| uplink.push(&loud(SampleRate::HZ_8000)));
        assert_eq!(uplink.stats().dropped, 5);
    }

    #[test]
    fn nothing_is_allocated_per_frame() {
        let packets: Vec<Packet> = (0..600).map(|n| packet(n, &hum(n))).collect();
        let mut uplink = Uplink::new(PortFormat::Pcma, &MediaConfig::default());
        let mut packets = packets.into_iter().enumerate();
        let mut run = |ticks: usize| {
            for (n, packet) in packets.by_ref().take(ticks) {
                let now = Duration::from_millis(n as u64 * 20);
                if n % 17 != 0 {
                    uplink.insert(now, packet);
                }
                uplink.pull(now);
            }
        };
        run(100);
        assert_eq!(allocation_counter::measure(|| run(500)).count_total, 0);
    }

    #[test]
    fn a_call_can_move_between_threads() {
        fn movable<T: Send>() {}
        movable::<Uplink>();
        movable::<super::super::Downlink>();
    }
}
