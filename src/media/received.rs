//! The packets of one call as 20 ms frames at the codec's rate: jitter buffer, decoder, concealment, comfort noise.
//! Never judges the sound beyond how loud it is.

use std::time::Duration;

use crate::audio::Dbfs;

use super::Packet;
use super::codec::{ComfortNoise, Decoder};
use super::jitter::{JitterBuffer, JitterConfig, JitterStats, Popped, cut, lengthen};
use super::vad::NoiseFloor;

/// Longest piece that is decoded at once, with as much again by lengthening: 120 ms each.
const LONGEST_PIECE_MS: usize = 2 * 120;
/// Too much or too little delay that is left as it is.
const SLACK_MS: i64 = 10;
/// So much too much delay is taken back even where it is loud ...
const FAR_TOO_MUCH_MS: i64 = 100;
/// Cross-fade where sound is shortened or lengthened.
const SEAM_MS: usize = 5;
/// What is lost in a row beyond this is silence: nobody takes it for sound.
const FADED: Duration = Duration::from_millis(60);
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
    decoder: Decoder,
    per_ms: usize,
    /// Made up in a row.
    lost: usize,
    noise: ComfortNoise,
    /// Whether the sender describes its noise itself.
    described: bool,
    floor: NoiseFloor,
    /// Decoded sound; its first 20 ms are the present tick's.
    ready: Vec<i16>,
    piece: Vec<i16>,
    packets: u32,
    concealed_samples: u64,
    repaired_samples: u64,
}

impl Received {
    pub(super) fn new(decoder: Decoder, config: JitterConfig) -> Self {
        let per_ms = decoder.rate().hz() as usize / 1_000;
        Self {
            jitter: JitterBuffer::new(config, decoder.rate()),
            decoder,
            per_ms,
            lost: 0,
            noise: ComfortNoise::new(0x5eed),
            described: false,
            floor: NoiseFloor::default(),
            ready: Vec::with_capacity(2 * LONGEST_PIECE_MS * per_ms),
            piece: Vec::with_capacity(LONGEST_PIECE_MS * per_ms),
            packets: 0,
            concealed_samples: 0,
            repaired_samples: 0,
        }
    }

    pub(super) fn insert(&mut self, now: Duration, packet: Packet) {
        let content = self.decoder.content(&packet);
        self.jitter.insert(now, packet, content);
    }

    /// Writes the next 20 ms at the rate of the codec; says whether most of them were made up.
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
        Duration::from_millis(self.concealed_samples / self.per_ms as u64)
    }

    /// Lost sound that was had from the packets behind it so far.
    pub(super) fn repaired(&self) -> Duration {
        Duration::from_millis(self.repaired_samples / self.per_ms as u64)
    }

    /// Makes sound of a piece; says how many samples of it were made up.
    fn play(&mut self, popped: Popped) -> usize {
        self.piece.clear();
        match popped {
            Popped::Sound { packet, skip } => {
                self.lost = 0;
                self.decode(&packet, skip);
                self.ready.extend_from_slice(&self.piece);
                return 0;
            }
            Popped::Noise(packet) => {
                self.noise.set_described(&packet.payload);
                self.described = true;
                return 0;
            }
            Popped::Missing { samples, followed } => {
                self.whiten();
                self.piece.resize(samples, 0);
                let next = self.jitter.front().filter(|_| followed).map(|packet| &packet.payload[..]);
                if self.decoder.conceal(next, &mut self.piece, &mut self.noise) {
                    self.lost = 0;
                    self.repaired_samples += samples as u64;
                    self.ready.extend_from_slice(&self.piece);
                    return 0;
                }
                if self.lost < FADED.as_millis() as usize * self.per_ms {
                    self.concealed_samples += samples as u64;
                }
                self.lost += samples;
            }
            Popped::Quiet { samples } => {
                self.whiten();
                self.piece.resize(samples, 0);
                self.noise.add(&mut self.piece, 1.0);
                self.decoder.rested(&mut self.piece);
                self.lost = 0;
            }
        }
        self.ready.extend_from_slice(&self.piece);
        self.piece.len()
    }

    fn decode(&mut self, packet: &Packet, skip: usize) {
        self.decoder.decode(packet, skip, &mut self.piece);
        let level = Dbfs::of(&self.piece);
        self.floor.observe(level);
        self.packets = self.packets.wrapping_add(1);
        let quiet = level.db() < (self.floor.level().db() + NEAR_FLOOR_DB).max(QUIET);
        let (excess, per_ms, seam) = (self.jitter.excess(), self.per_ms as i64, SEAM_MS * self.per_ms);
        if excess > SLACK_MS * per_ms && quiet || excess > FAR_TOO_MUCH_MS * per_ms && self.packets.is_multiple_of(SPARED) {
            self.jitter.shortened(cut(&mut self.piece, excess as usize, seam) as i64);
        } else if excess < -SLACK_MS * per_ms && quiet {
            self.jitter.shortened(-(lengthen(&mut self.piece, excess.unsigned_abs() as usize, seam) as i64));
        }
    }

    /// Where the sender does not describe its noise, the caller's own floor is the level of ours.
    fn whiten(&mut self) {
        if !self.described {
            self.noise.set_white(Dbfs::new(self.floor.level().db().min(LOUDEST_NOISE)));
        }
    }
}
