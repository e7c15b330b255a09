//! The packets of one call as 20 ms frames at the codec's rate: jitter buffer, decoder, concealment, comfort noise.
//! Never judges the sound beyond how loud it is.

use std::time::Duration;

use crate::audio::{Dbfs, SampleRate};

use super::Packet;
use super::codec::{Codec, ComfortNoise, Concealer, content};
use super::jitter::{JitterBuffer, JitterConfig, JitterStats, Popped, cut, lengthen};
use super::vad::NoiseFloor;

/// Longest piece that is decoded at once, with as much again by lengthening: 120 ms each.
const LONGEST_PIECE: usize = 2 * 960;
/// Too much or too little delay, in samples, that is left as it is: 10 ms.
const SLACK: i64 = 80;
/// So much too much delay is taken back even where it is loud: 100 ms ...
const FAR_TOO_MUCH: i64 = 800;
/// ... one packet in so many.
const SPARED: u32 = 10;
/// Sound this close to the noise floor, or below [`QUIET`], may be shortened and lengthened unheard.
const NEAR_FLOOR_DB: f32 = 6.0;
const QUIET: f32 = -55.0;
/// Until the caller's own noise is known, and at most, what is missing is filled with noise of this level.
const LOUDEST_NOISE: f32 = -50.0;

/// Received packets on their way to plain sound.
pub(super) struct Received {
    jitter: JitterBuffer,
    concealer: Concealer,
    noise: ComfortNoise,
    /// Whether the sender describes its noise itself.
    described: bool,
    floor: NoiseFloor,
    /// Decoded sound; its first 20 ms are the present tick's.
    ready: Vec<i16>,
    piece: Vec<i16>,
    packets: u32,
    concealed_samples: u64,
}

impl Received {
    pub(super) fn new(codec: Codec, config: JitterConfig) -> Self {
        Self {
            jitter: JitterBuffer::new(config, codec.rate()),
            concealer: Concealer::default(),
            noise: ComfortNoise::new(0x5eed),
            described: false,
            floor: NoiseFloor::default(),
            ready: Vec::with_capacity(2 * LONGEST_PIECE),
            piece: Vec::with_capacity(LONGEST_PIECE),
            packets: 0,
            concealed_samples: 0,
        }
    }

    pub(super) fn insert(&mut self, now: Duration, packet: Packet) {
        let content = content(&packet);
        self.jitter.insert(now, packet, content);
    }

    /// Writes the next 20 ms at 8 kHz; says whether most of them were made up.
    pub(super) fn pull(&mut self, now: Duration, out: &mut [i16]) -> bool {
        self.jitter.tick(now);
        let mut made_up = 0;
        while let Some(popped) = self.jitter.pop() {
            made_up += self.play(popped);
        }
        out.copy_from_slice(&self.ready[..out.len()]);
        self.ready.drain(..out.len());
        made_up * 2 > out.len()
    }

    pub(super) fn stats(&self) -> JitterStats {
        self.jitter.stats()
    }

    /// Sound made up for lost packets so far.
    pub(super) fn concealed(&self) -> Duration {
        Duration::from_millis(self.concealed_samples * 1_000 / u64::from(SampleRate::HZ_8000.hz()))
    }

    /// Makes sound of a piece; says how many samples of it were made up.
    fn play(&mut self, popped: Popped) -> usize {
        self.piece.clear();
        match popped {
            Popped::Sound { packet, skip } => {
                self.decode(&packet, skip);
                self.ready.extend_from_slice(&self.piece);
                return 0;
            }
            Popped::Noise(packet) => {
                self.noise.set_described(&packet.payload);
                self.described = true;
                return 0;
            }
            Popped::Missing { samples } => {
                self.whiten();
                self.piece.resize(samples, 0);
                if !self.concealer.faded() {
                    self.concealed_samples += samples as u64;
                }
                self.concealer.conceal(&mut self.piece, &mut self.noise);
            }
            Popped::Quiet { samples } => {
                self.whiten();
                self.piece.resize(samples, 0);
                self.noise.add(&mut self.piece, 1.0);
                self.concealer.received(&mut self.piece);
            }
        }
        self.ready.extend_from_slice(&self.piece);
        self.piece.len()
    }

    fn decode(&mut self, packet: &Packet, skip: usize) {
        let codec = Codec::of_payload_type(packet.payload_type).expect("only packets of a known codec are sound");
        codec.decode(&packet.payload, &mut self.piece);
        self.piece.drain(..skip);
        self.concealer.received(&mut self.piece);
        let level = Dbfs::of(&self.piece);
        self.floor.observe(level);
        self.packets = self.packets.wrapping_add(1);
        let quiet = level.db() < (self.floor.level().db() + NEAR_FLOOR_DB).max(QUIET);
        let excess = self.jitter.excess();
        if excess > SLACK && quiet || excess > FAR_TOO_MUCH && self.packets.is_multiple_of(SPARED) {
            self.jitter.shortened(cut(&mut self.piece, excess as usize) as i64);
        } else if excess < -SLACK && quiet {
            self.jitter.shortened(-(lengthen(&mut self.piece, excess.unsigned_abs() as usize) as i64));
        }
    }

    /// Where the sender does not describe its noise, the caller's own floor is the level of ours.
    fn whiten(&mut self) {
        if !self.described {
            self.noise.set_white(Dbfs::new(self.floor.level().db().min(LOUDEST_NOISE)));
        }
    }
}
