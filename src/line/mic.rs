//! Microphone and loudspeaker as a caller (cpal): plain frames in and out at 48 kHz or the device's rate.
//! Never blocks a sound callback: samples pass through lock-free rings, and what does not fit is lost and counted.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI16, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, FromSample, Sample, SampleFormat, SizedSample, Stream, StreamConfig, SupportedStreamConfig};
use thiserror::Error;
use tokio::sync::Notify;
use tokio::time::{interval, timeout};

use crate::audio::{FRAME, Frame, MediaTime, SampleRate};
use crate::privacy::Pii;

use super::{CloseCause, Outgoing, Port, PortEvent, PortFormat, PortInfo, TransferError};

/// Frames of microphone sound that are waited for before the first is passed on: callbacks come in uneven lumps.
const PREFILL: usize = 2;
/// Frames waiting beyond which the oldest are dropped: the two clocks differ.
const BACKLOG: usize = 6;
/// Frames that the loudspeaker may hold.
const PLAYOUT: usize = 10;
/// Longest wait for the first sound. An idle PulseAudio null sink renders two seconds at once, and gives none until they are over.
const WAKING: Duration = Duration::from_secs(5);

/// The sound card cannot be used.
#[derive(Debug, Error)]
pub enum MicError {
    /// There is none.
    #[error("no {0} found; plug one in, or start PulseAudio or PipeWire (hotline doctor lists the devices)")]
    NoDevice(&'static str),
    /// It speaks nothing the path can use.
    #[error("the {device} cannot be used: {why}")]
    Unusable {
        /// Which.
        device: &'static str,
        /// Why.
        why: String,
    },
    /// It is open, and gives nothing.
    #[error("the microphone gives no sound, not even silence; is it suspended or used by another program (pactl list sources)?")]
    Asleep,
}

/// The sound card as a leg.
pub struct Microphone {
    info: PortInfo,
    rate: SampleRate,
    heard: Arc<Ring>,
    spoken: Arc<Ring>,
    lost: Arc<AtomicBool>,
    filled: bool,
    frames: u64,
    waiting: VecDeque<PortEvent>,
    ready: Notify,
    closed: bool,
    _streams: (Stream, Stream),
}

impl Microphone {
    /// Opens the default microphone and loudspeaker, and waits until both run: a call that began before would lose its
    /// first words.
    pub async fn open() -> Result<Self, MicError> {
        let card = Self::start()?;
        let mut look = interval(FRAME);
        let woken = async {
            while card.heard.len() == 0 {
                look.tick().await;
            }
        };
        timeout(WAKING, woken).await.map_err(|_| MicError::Asleep)?;
        Ok(card)
    }

    fn start() -> Result<Self, MicError> {
        hush();
        let host = cpal::default_host();
        let input = host.default_input_device().ok_or(MicError::NoDevice("microphone"))?;
        let output = host.default_output_device().ok_or(MicError::NoDevice("loudspeaker"))?;
        let input_config = input.default_input_config().map_err(unusable("microphone"))?;
        let output_config = output.default_output_config().map_err(unusable("loudspeaker"))?;
        let rate = common_rate(&input_config, &output_config);
        let (heard, spoken) = (Ring::new(rate, BACKLOG * 2), Ring::new(rate, PLAYOUT + 2));
        let lost = Arc::new(AtomicBool::new(false));
        let microphone = record(&input, &input_config, rate, &heard, &lost)?;
        let loudspeaker = play(&output, &output_config, rate, &spoken, &lost)?;
        microphone.play().map_err(unusable("microphone"))?;
        loudspeaker.play().map_err(unusable("loudspeaker"))?;
        let info = PortInfo {
            from: Pii::new("microphone".to_owned()),
            to: "loudspeaker".to_owned(),
            transport: "mic",
            format: PortFormat::Pcm(rate),
        };
        Ok(Self {
            info,
            rate,
            heard,
            spoken,
            lost,
            filled: false,
            frames: 0,
            waiting: VecDeque::with_capacity(4),
            ready: Notify::new(),
            closed: false,
            _streams: (microphone, loudspeaker),
        })
    }

    /// One frame of the microphone's ring a tick, once it is filled.
    fn release(&mut self) {
        let len = self.rate.frame_len();
        if self.heard.len() > BACKLOG * len {
            self.heard.skip_to(PREFILL * len);
        }
        self.filled = if self.filled { self.heard.len() >= len } else { self.heard.len() >= PREFILL * len };
        if self.filled {
            let mut frame = Frame::silence(self.rate, MediaTime::from_samples(self.frames, self.rate));
            self.heard.pop(frame.pcm_mut());
            self.waiting.push_back(PortEvent::Plain(frame));
        }
        self.frames += len as u64;
    }

    fn end(&mut self, cause: CloseCause) {
        self.closed = true;
        self.waiting.push_back(PortEvent::Closed(cause));
    }
}

#[async_trait]
impl Port for Microphone {
    fn info(&self) -> &PortInfo {
        &self.info
    }

    async fn recv(&mut self) -> PortEvent {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return event;
            }
            if self.closed {
                pending::<()>().await;
            }
            self.ready.notified().await;
        }
    }

    fn send(&mut self, outgoing: Outgoing) {
        if self.closed {
            return;
        }
        if let Outgoing::Plain(frame) = outgoing
            && self.spoken.len() < PLAYOUT * self.rate.frame_len()
        {
            self.spoken.push(frame.pcm().iter().copied());
        }
        if self.lost.load(Ordering::Relaxed) {
            self.end(CloseCause::TransportFailure)
        } else {
            self.release()
        }
        self.ready.notify_one();
    }

    fn clear(&mut self) {
        self.spoken.flush();
    }

    async fn close(&mut self) {
        self.spoken.flush();
        self.waiting.clear();
        self.closed = true;
    }

    async fn transfer(&mut self, _target: &str) -> Result<(), TransferError> {
        Err(TransferError::Unsupported("microphone"))
    }
}

/// Keeps to itself what ALSA would print on stderr of each device that this thread looks for in vain.
pub fn hush() {
    #[cfg(target_os = "linux")]
    alsa::Output::local_error_handler().ok();
}

/// The rate that both devices default to, else 48 kHz, which every host converts to.
fn common_rate(input: &SupportedStreamConfig, output: &SupportedStreamConfig) -> SampleRate {
    match SampleRate::new(input.sample_rate()) {
        Some(rate) if input.sample_rate() == output.sample_rate() => rate,
        Some(_) | None => SampleRate::HZ_48000,
    }
}

fn unusable(device: &'static str) -> impl Fn(cpal::Error) -> MicError {
    move |error| match error.kind() {
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => MicError::NoDevice(device),
        _ => MicError::Unusable { device, why: error.to_string() },
    }
}

/// Errors of a running stream are told and lived with, unless the device is gone: one at the start is common.
fn on_error(device: &'static str, lost: &Arc<AtomicBool>) -> impl FnMut(cpal::Error) + Send + 'static {
    let lost = Arc::clone(lost);
    move |error| {
        lost.fetch_or(error.kind() == ErrorKind::DeviceNotAvailable, Ordering::Relaxed);
        tracing::warn!(device, %error, "The sound card reports an error.");
    }
}

/// Callbacks of 10 ms where the host grants them: its own choice may be lumps of seconds (PulseAudio through ALSA).
fn build(
    config: &SupportedStreamConfig,
    rate: SampleRate,
    stream: impl Fn(StreamConfig) -> Result<Stream, MicError>,
) -> Result<Stream, MicError> {
    let with = |buffer_size| StreamConfig { channels: config.channels(), sample_rate: rate.hz(), buffer_size };
    stream(with(BufferSize::Fixed(rate.hz() / 100))).or_else(|_| stream(with(BufferSize::Default)))
}

fn record(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    rate: SampleRate,
    ring: &Arc<Ring>,
    lost: &Arc<AtomicBool>,
) -> Result<Stream, MicError> {
    build(config, rate, |stream| match config.sample_format() {
        SampleFormat::I16 => record_as::<i16>(device, stream, ring, lost),
        SampleFormat::I32 => record_as::<i32>(device, stream, ring, lost),
        SampleFormat::U8 => record_as::<u8>(device, stream, ring, lost),
        // Every host converts to float.
        _ => record_as::<f32>(device, stream, ring, lost),
    })
}

fn record_as<T>(device: &cpal::Device, config: StreamConfig, ring: &Arc<Ring>, lost: &Arc<AtomicBool>) -> Result<Stream, MicError>
where
    T: SizedSample,
    i16: FromSample<T>,
{
    let (ring, channels) = (Arc::clone(ring), usize::from(config.channels.max(1)));
    let listen = move |samples: &[T], _: &cpal::InputCallbackInfo| {
        ring.push(samples.chunks_exact(channels).map(|frame| {
            let sum: i32 = frame.iter().map(|&sample| i32::from(i16::from_sample(sample))).sum();
            (sum / channels as i32) as i16
        }));
    };
    device.build_input_stream(config, listen, on_error("microphone", lost), None).map_err(unusable("microphone"))
}

fn play(
    device: &cpal::Device,
    config: &SupportedStreamConfig,
    rate: SampleRate,
    ring: &Arc<Ring>,
    lost: &Arc<AtomicBool>,
) -> Result<Stream, MicError> {
    build(config, rate, |stream| match config.sample_format() {
        SampleFormat::I16 => play_as::<i16>(device, stream, ring, lost),
        SampleFormat::I32 => play_as::<i32>(device, stream, ring, lost),
        SampleFormat::U8 => play_as::<u8>(device, stream, ring, lost),
        _ => play_as::<f32>(device, stream, ring, lost),
    })
}

fn play_as<T>(device: &cpal::Device, config: StreamConfig, ring: &Arc<Ring>, lost: &Arc<AtomicBool>) -> Result<Stream, MicError>
where
    T: SizedSample + FromSample<i16>,
{
    let (ring, channels) = (Arc::clone(ring), usize::from(config.channels.max(1)));
    let speak = move |samples: &mut [T], _: &cpal::OutputCallbackInfo| {
        ring.apply_flush();
        for frame in samples.chunks_mut(channels) {
            let mut sample = [0];
            ring.pop(&mut sample);
            frame.fill(T::from_sample(sample[0]));
        }
    };
    device.build_output_stream(config, speak, on_error("loudspeaker", lost), None).map_err(unusable("loudspeaker"))
}

/// Samples from one thread to one other, without a lock. Full: the newest are lost. Empty: silence.
struct Ring {
    samples: Box<[AtomicI16]>,
    written: AtomicUsize,
    read: AtomicUsize,
    flush: AtomicBool,
}

impl Ring {
    fn new(rate: SampleRate, frames: usize) -> Arc<Self> {
        let samples = (0..rate.frame_len() * frames).map(|_| AtomicI16::new(0)).collect();
        Arc::new(Self { samples, written: AtomicUsize::new(0), read: AtomicUsize::new(0), flush: AtomicBool::new(false) })
    }

    fn len(&self) -> usize {
        self.written.load(Ordering::Acquire) - self.read.load(Ordering::Acquire)
    }

    /// Writer's side.
    fn push(&self, samples: impl Iterator<Item = i16>) {
        let room = self.samples.len() - self.len();
        let mut at = self.written.load(Ordering::Relaxed);
        for sample in samples.take(room) {
            self.samples[at % self.samples.len()].store(sample, Ordering::Relaxed);
            at += 1;
        }
        self.written.store(at, Ordering::Release);
    }

    /// Reader's side: fills with silence what is not there.
    fn pop(&self, into: &mut [i16]) {
        let (from, have) = (self.read.load(Ordering::Relaxed), self.len().min(into.len()));
        for (n, sample) in into.iter_mut().enumerate() {
            *sample = if n < have { self.samples[(from + n) % self.samples.len()].load(Ordering::Relaxed) } else { 0 };
        }
        self.read.store(from + have, Ordering::Release);
    }

    /// Reader's side: drops the oldest until `keep` are left.
    fn skip_to(&self, keep: usize) {
        let written = self.written.load(Ordering::Acquire);
        self.read.store(written.saturating_sub(keep).max(self.read.load(Ordering::Relaxed)), Ordering::Release);
    }

    /// Writer's side: what is in the ring shall not be read any more.
    fn flush(&self) {
        self.flush.store(true, Ordering::Release);
    }

    /// Reader's side: carries out a flush.
    fn apply_flush(&self) {
        if self.flush.swap(false, Ordering::AcqRel) {
            self.skip_to(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_keeps_order_loses_the_newest_and_forgets_on_a_flush() {
        let ring = Ring::new(SampleRate::HZ_8000, 1);
        ring.push(0..150);
        let mut out = [0; 100];
        ring.pop(&mut out);
        assert_eq!(out[99], 99);
        ring.push(150..400);
        assert_eq!(ring.len(), 160);
        let mut all = [0; 170];
        ring.pop(&mut all);
        assert_eq!((all[0], all[159], all[160]), (100, 259, 0));
        ring.push(0..10);
        ring.flush();
        ring.apply_flush();
        assert_eq!(ring.len(), 0);
    }

    #[test]
    fn samples_arrive_whole_from_another_thread() {
        let ring = Ring::new(SampleRate::HZ_8000, 2);
        let writer = Arc::clone(&ring);
        let thread = std::thread::spawn(move || {
            let mut next = 0i16;
            while next < 10_000 {
                let n = (320 - writer.len()).min(7) as i16;
                writer.push(next..next + n);
                next += n;
            }
        });
        let mut expected = 0i16;
        while expected < 10_000 {
            if ring.len() > 0 {
                let mut one = [0];
                ring.pop(&mut one);
                assert_eq!(one[0], expected);
                expected += 1;
            }
        }
        thread.join().expect("the writer ends");
    }

    /// Tried on a PulseAudio null sink whose monitor is the microphone: `cargo test --lib line::mic -- --ignored`.
    #[tokio::test]
    #[ignore = "needs a microphone that hears the loudspeaker"]
    async fn the_microphone_hears_what_the_loudspeaker_plays() {
        let mut card = Microphone::open().await.expect("a sound card");
        let mut clock = interval(FRAME);
        let (mut frames, mut loudest, mut n) = (0, crate::audio::Dbfs::SILENCE, 0usize);
        while n < 300 {
            tokio::select! {
                _ = clock.tick() => {
                    let len = card.rate.frame_len();
                    let tone = |i| ((((n * len + i) as f64) * 440.0 / f64::from(card.rate.hz()) * std::f64::consts::TAU).sin() * 16_000.0) as i16;
                    let pcm: Vec<i16> = (0..len).map(tone).collect();
                    card.send(Outgoing::Plain(Frame::new(&pcm, card.rate, MediaTime::ZERO)));
                    n += 1;
                }
                event = card.recv() => if let PortEvent::Plain(frame) = event {
                    frames += 1;
                    loudest = if frame.level() > loudest { frame.level() } else { loudest };
                }
            }
        }
        assert!(frames >= 290 && loudest.db() > -12.0, "{frames} frames of 300, loudest {loudest}");
    }
}
