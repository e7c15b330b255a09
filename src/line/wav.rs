//! A wav as the caller: it is played frame by frame, and what the other side says is recorded.
//! Never runs on a clock of its own: each `send` (one a tick) releases the next frame.

use std::collections::VecDeque;
use std::future::pending;
use std::io::{Seek, Write};

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::audio::wav::{Sound, WavError, Writer};
use crate::audio::{Frame, MediaTime};
use crate::privacy::Pii;

use super::{CloseCause, Outgoing, Port, PortEvent, PortFormat, PortInfo, TransferError};

/// A caller made of a wav. After its last frame it stays silent for the given time, then hangs up.
pub struct WavFile<W: Write + Seek + Send> {
    info: PortInfo,
    sound: Sound,
    played: usize,
    silence_left: u32,
    recording: Option<Writer<W>>,
    waiting: VecDeque<PortEvent>,
    released: Notify,
    closed: bool,
}

impl<W: Write + Seek + Send> WavFile<W> {
    /// A caller who says `sound` and then listens for `silence_ms` more; into `recording` goes what it hears, as a wav of the
    /// same rate.
    ///
    /// # Errors
    /// A recording that cannot be begun.
    pub fn new(sound: Sound, silence_ms: u32, recording: Option<W>) -> Result<Self, WavError> {
        let recording = recording.map(|stream| Writer::new(stream, sound.rate, 1)).transpose()?;
        let info = PortInfo {
            from: Pii::new("wav".to_owned()),
            to: "wav".to_owned(),
            transport: "wav",
            format: PortFormat::Pcm(sound.rate),
        };
        Ok(Self {
            info,
            sound,
            played: 0,
            silence_left: silence_ms / 20,
            recording,
            waiting: VecDeque::with_capacity(4),
            released: Notify::new(),
            closed: false,
        })
    }

    fn release(&mut self) {
        let len = self.sound.rate.frame_len();
        let at = MediaTime::from_samples(self.played as u64, self.sound.rate);
        let rest = self.sound.pcm.get(self.played..).unwrap_or_default();
        let frame = Frame::new(&rest[..rest.len().min(len)], self.sound.rate, at);
        if rest.is_empty() {
            let Some(left) = self.silence_left.checked_sub(1) else { return self.end(CloseCause::EndOfSound) };
            self.silence_left = left;
        }
        self.played += len;
        self.waiting.push_back(PortEvent::Plain(frame));
        self.released.notify_one();
    }

    fn end(&mut self, cause: CloseCause) {
        self.closed = true;
        self.waiting.push_back(PortEvent::Closed(cause));
        self.released.notify_one();
        self.finish_recording();
    }

    fn record(&mut self, outgoing: &Outgoing) {
        let Some(writer) = &mut self.recording else { return };
        let written = match outgoing {
            Outgoing::Plain(frame) if frame.rate() == self.sound.rate => writer.push(frame.pcm()).map_err(|e| e.to_string()),
            Outgoing::Plain(_) | Outgoing::Encoded { .. } => Err("it was sent sound of another format than its own".to_owned()),
        };
        if let Err(why) = written {
            tracing::warn!(why, "The recording of the wav caller ends here.");
            self.finish_recording();
        }
    }

    fn finish_recording(&mut self) {
        if let Some(Err(error)) = self.recording.take().map(Writer::finish) {
            tracing::warn!(%error, "The recording of the wav caller could not be completed.");
        }
    }
}

#[async_trait]
impl<W: Write + Seek + Send> Port for WavFile<W> {
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
            self.released.notified().await;
        }
    }

    fn send(&mut self, outgoing: Outgoing) {
        if !self.closed {
            self.record(&outgoing);
            self.release();
        }
    }

    fn clear(&mut self) {
        // Each frame is recorded in its own tick: there is nothing to throw away.
    }

    async fn close(&mut self) {
        if !self.closed {
            self.end(CloseCause::LocalHangup);
            self.waiting.clear();
        }
    }

    async fn transfer(&mut self, _target: &str) -> Result<(), TransferError> {
        Err(TransferError::Unsupported("wav"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::audio::SampleRate;

    #[tokio::test]
    async fn one_frame_a_tick_goes_each_way_and_the_end_is_told() {
        let rate = SampleRate::HZ_8000;
        let sound = Sound { pcm: vec![1_000; 400], rate };
        let mut file = Cursor::new(Vec::new());
        let mut caller = WavFile::new(sound, 40, Some(&mut file)).expect("in memory");
        let mut frames = Vec::new();
        for n in 0..6i16 {
            caller.send(Outgoing::Plain(Frame::new(&[n; 160], rate, MediaTime::ZERO)));
            match caller.recv().await {
                PortEvent::Plain(frame) => frames.push((frame.pcm()[0], frame.pcm()[159], frame.at.as_millis())),
                PortEvent::Closed(cause) => assert_eq!((cause, n), (CloseCause::EndOfSound, 5)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(frames, [(1_000, 1_000, 0), (1_000, 1_000, 20), (1_000, 0, 40), (0, 0, 60), (0, 0, 80)]);
        drop(caller);
        let heard = Sound::read(Cursor::new(file.into_inner())).expect("a wav");
        assert_eq!((heard.pcm.len(), heard.pcm[161]), (6 * 160, 1));
    }

    #[test]
    fn sound_of_another_rate_ends_the_recording_instead_of_shifting_it() {
        let rate = SampleRate::HZ_8000;
        let mut file = Cursor::new(Vec::new());
        let mut caller = WavFile::new(Sound { pcm: Vec::new(), rate }, 1_000, Some(&mut file)).expect("in memory");
        for rate in [rate, SampleRate::HZ_16000, rate] {
            caller.send(Outgoing::Plain(Frame::silence(rate, MediaTime::ZERO)));
        }
        drop(caller);
        assert_eq!(Sound::read(Cursor::new(file.into_inner())).expect("a whole wav").pcm.len(), 160);
    }
}
