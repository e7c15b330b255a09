//! A caller made of a script: places a real call, speaks, listens, interrupts, and times what comes back at the wire.
//! Never looks inside the line it calls; all it knows is what its own packets say.

use std::time::{Duration, Instant};

use crate::audio::{Dbfs, FRAME, Frame, MediaTime, SampleRate};
use crate::engine::clock::{self, Ticks};
use bytes::BytesMut;

use crate::line::sip::SipPort;
use crate::line::{CloseCause, Outgoing, Port, PortEvent};
use crate::media::codec::Codec;
use crate::talk::Digit;

/// A reply counts as audible from the first 20 ms frame of at least this level on.
pub const AUDIBLE: Dbfs = Dbfs::new(-45.0);

/// A quiet line's own noise.
pub const QUIET: Dbfs = Dbfs::new(-66.0);

/// One received frame of the bot's sound.
#[derive(Debug, Clone, Copy)]
pub struct HeardFrame {
    /// When its packet came.
    pub at: Instant,
    /// How loud it is.
    pub level: Dbfs,
}

/// When an utterance was on the wire.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    /// When the packet with its first audible sample was sent.
    pub first: Instant,
    /// When the packet with its last audible sample was sent.
    pub last: Instant,
}

/// The call is over.
#[derive(Debug, thiserror::Error)]
#[error("the call ended: {0:?}")]
pub struct CallEnded(pub CloseCause);

/// One scripted caller on one call.
pub struct Caller {
    port: SipPort,
    ticks: Ticks,
    codec: Codec,
    heard: Vec<HeardFrame>,
    sound: Vec<i16>,
    sent: u64,
    noise: Noise,
}

impl Caller {
    /// A caller on an answered leg. `seed` makes its line noise.
    pub fn new(port: SipPort, ticks: Ticks, seed: u64) -> Self {
        let codec = Codec::of_port(port.info().format).expect("a SIP call speaks in packets");
        Self { port, ticks, codec, heard: Vec::new(), sound: Vec::new(), sent: 0, noise: Noise::new(seed) }
    }

    /// All that was heard so far, frame by frame.
    pub fn heard(&self) -> &[HeardFrame] {
        &self.heard
    }

    /// All that was heard so far, as 8 kHz sound.
    pub fn sound(&self) -> &[i16] {
        &self.sound
    }

    /// Sets the noise of the caller's line from now on.
    pub fn set_noise(&mut self, level: Dbfs) {
        self.noise.set(level);
    }

    /// Says an 8 kHz utterance to its end.
    pub async fn say(&mut self, pcm: &[i16]) -> Result<Said, CallEnded> {
        let len = SampleRate::HZ_8000.frame_len();
        let mut said: Option<Said> = None;
        for frame in pcm.chunks(len) {
            self.step(frame).await?;
            if Dbfs::of(frame) >= AUDIBLE {
                let now = clock::now();
                said = Some(Said { first: said.map_or(now, |said| said.first), last: now });
            }
        }
        let now = clock::now();
        Ok(said.unwrap_or(Said { first: now, last: now }))
    }

    /// Presses keys, each for 100 ms with 100 ms between.
    pub async fn press(&mut self, keys: &[Digit]) -> Result<(), CallEnded> {
        for &key in keys {
            self.port.press(key);
            self.wait(Duration::from_millis(200)).await?;
        }
        Ok(())
    }

    /// Stays silent that long.
    pub async fn wait(&mut self, time: Duration) -> Result<(), CallEnded> {
        for _ in 0..time.as_millis().div_ceil(FRAME.as_millis()) {
            self.step(&[]).await?;
        }
        Ok(())
    }

    /// Stays silent until the bot is audible; when its first audible packet came. `None` if it stays silent for `limit`.
    pub async fn until_audible(&mut self, limit: Duration) -> Result<Option<Instant>, CallEnded> {
        let from = self.heard.len();
        let give_up = clock::now() + limit;
        while clock::now() < give_up {
            if let Some(frame) = self.heard.iter().skip(from).find(|frame| frame.level >= AUDIBLE) {
                return Ok(Some(frame.at));
            }
            self.step(&[]).await?;
        }
        Ok(None)
    }

    /// Stays silent until the bot has been silent for `quiet` (or `limit` is over).
    pub async fn until_quiet(&mut self, quiet: Duration, limit: Duration) -> Result<(), CallEnded> {
        let give_up = clock::now() + limit;
        let mut silent_since = clock::now();
        let mut seen = self.heard.len();
        while clock::now() < give_up && silent_since.elapsed() < quiet {
            self.step(&[]).await?;
            if self.heard.iter().skip(seen).any(|frame| frame.level >= AUDIBLE) {
                silent_since = clock::now();
            }
            seen = self.heard.len();
        }
        Ok(())
    }

    /// Hangs up.
    pub async fn hang_up(&mut self) {
        self.port.close().await;
    }

    /// Sends one frame at the next tick and takes in what has come until then.
    async fn step(&mut self, pcm: &[i16]) -> Result<(), CallEnded> {
        loop {
            tokio::select! {
                biased;
                () = self.ticks.next() => break,
                event = self.port.recv() => self.take_in(event)?,
            }
        }
        let mut frame = Frame::new(pcm, SampleRate::HZ_8000, MediaTime::from_millis(self.sent * 20));
        for sample in frame.pcm_mut() {
            *sample = sample.saturating_add(self.noise.sample());
        }
        let mut payload = BytesMut::with_capacity(frame.pcm().len());
        self.codec.encode(frame.pcm(), &mut payload);
        let outgoing = Outgoing::Encoded { payload: payload.freeze(), marker: self.sent == 0 };
        self.sent += 1;
        self.port.send(outgoing);
        Ok(())
    }

    fn take_in(&mut self, event: PortEvent) -> Result<(), CallEnded> {
        match event {
            PortEvent::Packet(packet) => {
                let start = self.sound.len();
                let codec = Codec::of_payload_type(packet.payload_type).unwrap_or(self.codec);
                codec.decode(&packet.payload, &mut self.sound);
                let level = Dbfs::of(&self.sound[start..]);
                self.heard.push(HeardFrame { at: clock::now(), level });
                Ok(())
            }
            PortEvent::Plain(_)
            | PortEvent::Digit(_)
            | PortEvent::Typed(_)
            | PortEvent::Interrupt
            | PortEvent::Language(_)
            | PortEvent::Held(_) => Ok(()),
            PortEvent::Closed(cause) => Err(CallEnded(cause)),
        }
    }
}

/// Low-passed noise, as on a line or in a room; a seed gives the same again.
struct Noise {
    random: u64,
    last: f32,
    scale: f32,
}

impl Noise {
    fn new(seed: u64) -> Self {
        let mut noise = Self { random: seed | 1, last: 0.0, scale: 0.0 };
        noise.set(QUIET);
        noise
    }

    /// Makes it that loud.
    fn set(&mut self, level: Dbfs) {
        // A uniform number in -1..1 has power 1/3; the filter below passes (1 - 0.7) / (1 + 0.7) of it.
        self.scale = level.gain() * 32_768.0 * (3.0f32 * 1.7 / 0.3).sqrt();
    }

    fn sample(&mut self) -> i16 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let uniform = (self.random >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        self.last = 0.7 * self.last + 0.3 * uniform;
        (self.last * self.scale) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_as_loud_as_asked() {
        for level in [-66.0, -37.0, -20.0] {
            let mut noise = Noise::new(7);
            noise.set(Dbfs::new(level));
            let pcm: Vec<i16> = (0..80_000).map(|_| noise.sample()).collect();
            assert!((Dbfs::of(&pcm).db() - level).abs() < 1.0, "{} for {level}", Dbfs::of(&pcm));
        }
    }
}
