//! Orders received packets and answers every 20 ms tick with 20 ms or more to play: a packet, or what stands in for it.
//! Never waits for a packet beyond its tick, and never takes the sender's silence for loss.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::{FRAME, SampleRate};
use crate::media::Packet;

use super::Content;
use super::drift::Delays;
use super::timeline::Timeline;

/// Packets held at most: one second of 20 ms packets. Beyond it the oldest is dropped and counted.
const CAPACITY: usize = 50;

/// How much delay the jitter buffer may add.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JitterConfig {
    /// Delay on a perfect network, in milliseconds.
    pub min_ms: u16,
    /// Delay that is never aimed beyond, in milliseconds; packets later than that are lost to us.
    pub max_ms: u16,
}

impl Default for JitterConfig {
    fn default() -> Self {
        Self { min_ms: 20, max_ms: 120 }
    }
}

/// What the buffer has had to cope with, since the call began.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct JitterStats {
    /// Packets that came, of every kind.
    pub received: u64,
    /// Packets that had not come when their time was over.
    pub lost: u64,
    /// Packets that came after their time.
    pub late: u64,
    /// Packets that came more than once.
    pub duplicate: u64,
    /// Packets thrown away because the buffer was full or other packets overlapped them.
    pub dropped: u64,
    /// Delay against the fastest packets at present, in milliseconds.
    pub delay_ms: f32,
    /// Delay that would do at present, in milliseconds.
    pub target_ms: f32,
    /// How much slower than ours the sender's clock runs, in parts per million.
    pub skew_ppm: f32,
}

/// One piece of a tick's sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Popped {
    /// A packet of sound; its first `skip` samples have been stood in for already.
    Sound {
        /// The packet.
        packet: Packet,
        /// Samples at its front that are not to be played.
        skip: usize,
    },
    /// Comfort noise parameters (RFC 3389), for the pieces of [`Popped::Quiet`] that follow. Fills no time.
    Noise(Packet),
    /// A packet should be here and is not: conceal that many samples.
    Missing {
        /// Samples to conceal.
        samples: usize,
        /// Whether the packet that follows them directly is there ([`JitterBuffer::front`]): it may carry a copy of them.
        followed: bool,
    },
    /// The sender sent nothing here: comfort noise.
    Quiet {
        /// Samples of comfort noise.
        samples: usize,
    },
}

/// Packets in, in any order; pieces of sound out, in theirs.
///
/// Each tick: [`tick`](Self::tick) once, then [`pop`](Self::pop) until it gives `None`.
#[derive(Debug)]
pub struct JitterBuffer {
    config: JitterConfig,
    rate: SampleRate,
    /// By position; never more than [`CAPACITY`].
    slots: Vec<Slot>,
    timeline: Timeline,
    delays: Delays,
    state: State,
    /// Samples handed out beyond what ticks have asked for.
    ready: i64,
    /// When the present tick was due, in the time of arrivals.
    due: Option<Duration>,
    stats: JitterStats,
}

#[derive(Debug)]
struct Slot {
    at: i64,
    end: i64,
    sequence: i64,
    content: Content,
    packet: Packet,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// Nothing has been played.
    Waiting,
    /// The sample at `next` is handed out next.
    Playing {
        next: i64,
        /// Sequence number of the packet handed out last.
        after: i64,
        /// Samples made up while nothing had come; the next gap is that much shorter.
        made_up: i64,
        /// The sender has said that it is silent.
        silent: bool,
    },
}

impl JitterBuffer {
    /// An empty buffer for a codec with that clock.
    pub fn new(config: JitterConfig, rate: SampleRate) -> Self {
        Self {
            config,
            rate,
            slots: Vec::with_capacity(CAPACITY + 1),
            timeline: Timeline::new(rate.hz()),
            delays: Delays::new(rate.hz()),
            state: State::Waiting,
            ready: 0,
            due: None,
            stats: JitterStats::default(),
        }
    }

    /// Takes a packet that came at `now` (since any fixed moment, the same for [`tick`](Self::tick)).
    pub fn insert(&mut self, now: Duration, packet: Packet, content: Content) {
        self.stats.received += 1;
        let samples = match content {
            Content::Sound { samples } | Content::SoundAndCopy { samples } => samples,
            Content::Noise => 0,
            Content::Other => {
                self.stats.duplicate += u64::from(!self.timeline.skip(&packet));
                return;
            }
        };
        let Some(place) = self.timeline.place(now, &packet, samples) else {
            self.stats.duplicate += 1;
            return;
        };
        self.delays.observe(now, place.at);
        if matches!(content, Content::SoundAndCopy { .. })
            && self.timeline.missing_between(place.sequence - 2, place.sequence) > 0
        {
            // The copy brings what was lost, only later: the delay that is worth waiting for it counts like any other.
            // Half a packet more, because too little delay is set right only from 10 ms on.
            self.delays.observe(now, place.at - i64::from(samples) * 3 / 2);
        }
        let end = place.at + i64::from(samples);
        if matches!(self.state, State::Playing { next, .. } if end <= next && samples > 0) {
            self.stats.late += 1;
            self.stats.lost = self.stats.lost.saturating_sub(1);
            return;
        }
        let slot = Slot { at: place.at, end, sequence: place.sequence, content, packet };
        let index = self.slots.partition_point(|s| (s.at, s.sequence) < (slot.at, slot.sequence));
        self.slots.insert(index, slot);
        if self.slots.len() > CAPACITY {
            self.drop_oldest();
        }
    }

    /// 20 ms more are to be played; `now` is the time at which they are asked for.
    pub fn tick(&mut self, now: Duration) {
        // A tick may be served late, never early: the earliest one seen tells when they are due, with a slow pull upwards.
        let due = self.due.map_or(now, |due| due + FRAME);
        self.due = Some(if now < due { now } else { due + (now - due) / 64 });
        self.ready -= self.frame();
    }

    /// The next piece of this tick, or `None` once 20 ms are complete. Pieces may reach into the next tick.
    pub fn pop(&mut self) -> Option<Popped> {
        if self.ready >= 0 {
            return None;
        }
        let (popped, samples) = match self.state {
            State::Waiting => self.begin(),
            State::Playing { next, after, made_up, silent } => self.play(next, after, made_up, silent),
        };
        self.ready += samples;
        Some(popped)
    }

    /// The packet that will be handed out next, if it has come.
    pub fn front(&self) -> Option<&Packet> {
        self.slots.first().map(|slot| &slot.packet)
    }

    /// How many samples too much (or, negative, too little) delay there is.
    pub fn excess(&self) -> i64 {
        match self.state {
            State::Waiting => 0,
            State::Playing { next, .. } => self.excess_at(next),
        }
    }

    /// The last piece was shortened (negative: lengthened) by that many samples before it was played.
    pub fn shortened(&mut self, samples: i64) {
        self.ready -= samples;
    }

    /// Counters and delay.
    pub fn stats(&self) -> JitterStats {
        let delay_ms = match self.state {
            State::Waiting => 0.0,
            State::Playing { next, .. } => self.delay_us(next) as f32 / 1e3,
        };
        JitterStats { delay_ms, target_ms: self.target_us() as f32 / 1e3, skew_ppm: self.delays.skew_ppm(), ..self.stats }
    }

    fn begin(&mut self) -> (Popped, i64) {
        match self.slots.first() {
            Some(first) if self.excess_at(first.at) >= 0 => {
                let (at, after) = (first.at, first.sequence - 1);
                self.take(at, after)
            }
            Some(_) | None => (Popped::Quiet { samples: self.frame() as usize }, self.frame()),
        }
    }

    fn play(&mut self, mut next: i64, after: i64, made_up: i64, silent: bool) -> (Popped, i64) {
        while self.slots.first().is_some_and(|s| s.end <= next && s.content != Content::Noise) {
            self.slots.remove(0);
            self.stats.dropped += 1;
        }
        let frame = self.frame();
        let Some(front) = self.slots.first() else {
            self.state = State::Playing { next, after, made_up: made_up + frame, silent };
            return if silent { quiet(frame) } else { missing(frame, false) };
        };
        let lost = !silent && self.timeline.missing_between(after, front.sequence) > 0;
        let (at, sent) = (front.at, front.sequence);
        next += made_up.min(at - next).max(0);
        if !lost {
            // The sender's own gap is the place to set the delay right.
            next += self.excess_at(next).min(at - next).max(0);
        }
        let gap = at - next;
        if gap <= 0 {
            self.stats.lost += self.timeline.missing_between(after, sent);
            return self.take(next, sent);
        }
        let wait = -self.excess_at(next);
        let (piece, step) = match (lost, wait) {
            (true, wait) if wait >= frame => (frame, 0),
            (false, wait) if wait > 0 => (wait.min(frame), 0),
            (true | false, _) => (gap.min(frame), gap.min(frame)),
        };
        self.state = State::Playing { next: next + step, after, made_up: 0, silent };
        let follows = step > 0 && next + step == at;
        if lost { missing(piece, follows) } else { quiet(piece) }
    }

    /// Hands out the front packet; `next` is the first sample that has not been handed out.
    fn take(&mut self, next: i64, after: i64) -> (Popped, i64) {
        let slot = self.slots.remove(0);
        let silent = slot.content == Content::Noise;
        self.state = State::Playing { next: next.max(slot.end), after: after.max(slot.sequence), made_up: 0, silent };
        if silent {
            return (Popped::Noise(slot.packet), 0);
        }
        let skip = (next - slot.at).max(0);
        (Popped::Sound { packet: slot.packet, skip: skip as usize }, slot.end - slot.at - skip)
    }

    fn drop_oldest(&mut self) {
        let oldest = self.slots.remove(0);
        self.stats.dropped += 1;
        if let State::Playing { next, after, made_up, .. } = &mut self.state {
            *next = (*next).max(self.slots.first().map_or(oldest.end, |s| s.at));
            *after = (*after).max(oldest.sequence);
            *made_up = 0;
        }
    }

    /// Delay of the sound at `next` against the fastest packet, if it is handed out as the next piece.
    fn delay_us(&self, next: i64) -> i64 {
        self.delay_in(self.ready + self.frame(), next)
    }

    /// A packet has to be there when its tick begins, not when its first sample is heard: that is what counts.
    fn excess_at(&self, next: i64) -> i64 {
        let ahead = (self.ready + self.frame()).div_euclid(self.frame()) * self.frame();
        (self.delay_in(ahead, next) - self.target_us()) * i64::from(self.rate.hz()) / 1_000_000
    }

    fn delay_in(&self, ahead: i64, next: i64) -> i64 {
        let due = self.due.unwrap_or_default().as_micros() as i64;
        due + self.delays.micros(ahead - next) - self.delays.base()
    }

    fn target_us(&self) -> i64 {
        let JitterConfig { min_ms, max_ms } = self.config;
        self.delays.wanted().min(i64::from(max_ms) * 1_000).max(i64::from(min_ms) * 1_000)
    }

    fn frame(&self) -> i64 {
        self.rate.frame_len() as i64
    }
}

fn quiet(samples: i64) -> (Popped, i64) {
    (Popped::Quiet { samples: samples as usize }, samples)
}

fn missing(samples: i64, followed: bool) -> (Popped, i64) {
    (Popped::Missing { samples: samples as usize, followed }, samples)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    const SSRC: u32 = 7;

    /// A packet on its way: when it comes, in milliseconds, and what it is.
    #[derive(Debug, Clone)]
    struct Sent {
        ms: u64,
        packet: Packet,
        content: Content,
    }

    fn packet(ssrc: u32, sequence: u16, timestamp: u32) -> Packet {
        Packet { payload_type: 8, ssrc, sequence, timestamp, marker: false, payload: Bytes::new() }
    }

    /// Packets of `ptime` ms that begin with this sequence number and timestamp, each under way for no time.
    fn stream(packets: u64, ptime: u64, sequence: u16, timestamp: u32) -> Vec<Sent> {
        let samples = ptime as u32 * 8;
        (0..packets)
            .map(|n| Sent {
                ms: n * ptime + 3,
                packet: packet(SSRC, sequence.wrapping_add(n as u16), timestamp.wrapping_add(n as u32 * samples)),
                content: Content::Sound { samples },
            })
            .collect()
    }

    /// Plays what comes, tick by tick; gives the pieces of each tick, and the delay as it was while packets came.
    fn play(mut sent: Vec<Sent>) -> (Vec<Vec<Popped>>, JitterStats) {
        let mut buffer = JitterBuffer::new(JitterConfig::default(), SampleRate::HZ_8000);
        sent.sort_by_key(|s| s.ms);
        let last = sent.last().map_or(0, |s| s.ms);
        let mut sent = sent.into_iter().peekable();
        let (mut ticks, mut delay_ms) = (Vec::new(), 0.0);
        for now in (0..last + 700).step_by(20) {
            while let Some(s) = sent.next_if(|s| s.ms <= now) {
                buffer.insert(Duration::from_millis(s.ms), s.packet, s.content);
            }
            buffer.tick(Duration::from_millis(now));
            ticks.push(std::iter::from_fn(|| buffer.pop()).collect());
            delay_ms = if now <= last { buffer.stats().delay_ms } else { delay_ms };
        }
        (ticks, JitterStats { delay_ms, ..buffer.stats() })
    }

    fn played(ticks: &[Vec<Popped>]) -> Vec<u16> {
        let sound = |popped: &Popped| match popped {
            Popped::Sound { packet, .. } => Some(packet.sequence),
            Popped::Noise(_) | Popped::Missing { .. } | Popped::Quiet { .. } => None,
        };
        ticks.iter().flatten().filter_map(sound).collect()
    }

    /// The most ticks in a row without sound between the first and the last sound.
    fn longest_hole(ticks: &[Vec<Popped>]) -> usize {
        let sounds: Vec<usize> = (0..ticks.len()).filter(|&n| !played(&ticks[n..=n]).is_empty()).collect();
        sounds.windows(2).map(|w| w[1] - w[0] - 1).max().unwrap_or(0)
    }

    fn missing(ticks: &[Vec<Popped>]) -> usize {
        ticks.iter().flatten().filter(|p| matches!(p, Popped::Missing { .. })).count()
    }

    /// Drops what follows the last sound: there the buffer rightly misses what was never sent.
    fn until_last_sound(mut ticks: Vec<Vec<Popped>>) -> Vec<Vec<Popped>> {
        while ticks.last().is_some_and(|t| played(std::slice::from_ref(t)).is_empty()) {
            ticks.pop();
        }
        ticks
    }

    #[test]
    fn a_perfect_stream_is_played_whole_after_20_to_40_ms_at_every_ptime() {
        for ptime in [10, 20, 30, 40, 60] {
            let (ticks, stats) = play(stream(100, ptime, 0, 0));
            let ticks = until_last_sound(ticks);
            assert_eq!(played(&ticks).len(), 100, "{ptime} ms");
            assert_eq!(missing(&ticks), 0, "{ptime} ms");
            assert!(ticks[..3].iter().any(|t| !played(std::slice::from_ref(t)).is_empty()), "{ptime} ms");
            assert!((20.0..45.0).contains(&stats.delay_ms), "{ptime} ms: {stats:?}");
        }
    }

    #[test]
    fn reordered_packets_are_played_in_order() {
        let mut sent = stream(400, 20, 0, 0);
        for pair in sent.chunks_mut(2) {
            pair[0].ms += 25;
        }
        let (ticks, stats) = play(sent);
        let order = played(&ticks);
        assert!(order.is_sorted() && order.len() >= 398, "{stats:?}");
    }

    #[test]
    fn duplicates_are_played_once_and_counted() {
        let sent = stream(100, 20, 65_500, 0);
        let (ticks, stats) =
            play(sent.iter().cloned().chain(sent.iter().cloned().map(|s| Sent { ms: s.ms + 60, ..s })).collect());
        assert_eq!((played(&ticks).len(), stats.duplicate, stats.late), (100, 100, 0));
    }

    #[test]
    fn sequence_and_timestamp_wrap_unnoticed() {
        let (ticks, stats) = play(stream(200, 20, 65_500, u32::MAX - 8_000));
        assert_eq!((played(&ticks).len(), stats.lost, stats.dropped), (200, 0, 0));
        assert_eq!(missing(&until_last_sound(ticks)), 0);
    }

    #[test]
    fn a_lost_packet_is_missed_for_its_own_length_only() {
        let mut sent = stream(100, 20, 0, 0);
        sent.remove(50);
        let (ticks, stats) = play(sent);
        assert_eq!((stats.lost, missing(&until_last_sound(ticks))), (1, 1));
    }

    #[test]
    fn a_packet_after_its_time_is_late_and_not_lost() {
        let mut sent = stream(100, 20, 0, 0);
        sent[50].ms += 100;
        let (ticks, stats) = play(sent);
        assert_eq!((stats.lost, stats.late, played(&ticks).len()), (0, 1, 99));
    }

    #[test]
    fn the_delay_grows_with_the_jitter_and_never_beyond_its_limit() {
        let jitter = |most: u64| {
            let mut sent = stream(1_000, 20, 0, 0);
            sent.iter_mut().enumerate().for_each(|(n, s)| s.ms += n as u64 * 7_919 % most);
            play(sent).1
        };
        let (mild, wild) = (jitter(50), jitter(400));
        assert!((40.0..=60.0).contains(&mild.target_ms) && mild.late + mild.lost < 20, "{mild:?}");
        assert!(wild.target_ms <= 120.0, "{wild:?}");
    }

    #[test]
    fn after_a_jump_or_a_new_ssrc_sound_goes_on_within_60_ms() {
        let change = |ssrc: u32, sequence: i32, timestamp: i64| {
            let mut sent = stream(200, 20, 1_000, 100_000);
            for s in &mut sent[100..] {
                s.packet.ssrc = ssrc;
                s.packet.sequence = s.packet.sequence.wrapping_add(sequence as u16);
                s.packet.timestamp = s.packet.timestamp.wrapping_add(timestamp as u32);
            }
            let (ticks, stats) = play(sent);
            assert!(longest_hole(&ticks) <= 3, "{} ticks, {stats:?}", longest_hole(&ticks));
            assert!(played(&ticks).len() >= 198 && stats.lost == 0 && stats.delay_ms < 60.0, "{stats:?}");
        };
        change(8, 0, 0);
        change(8, -30_000, 0x7fff_0000);
        for samples in [-4_000, 4_000, -80_000, 80_000, 0x4000_0000, -0x4000_0000] {
            change(SSRC, 0, samples);
        }
        change(SSRC, 20_000, 0);
        change(SSRC, -20_000, -5_000_000);
    }

    #[test]
    fn the_senders_silence_is_never_loss() {
        for described in [false, true] {
            let mut sent = stream(200, 20, 0, 0);
            sent.drain(50..100);
            sent[50..].iter_mut().for_each(|s| s.packet.sequence -= 50 - u16::from(described));
            if described {
                let noise = Sent { ms: 1_003, packet: packet(SSRC, 50, 8_000), content: Content::Noise };
                sent.insert(50, noise);
            }
            let (ticks, stats) = play(sent);
            assert_eq!((played(&ticks).len(), stats.lost, stats.late), (150, 0, 0), "described: {described}");
            assert!(!described || missing(&until_last_sound(ticks)) == 0);
        }
    }

    #[test]
    fn telephone_events_between_the_packets_are_no_loss() {
        let mut sent = stream(100, 20, 0, 0);
        for s in &mut sent[40..50] {
            (s.content, s.packet.timestamp) = (Content::Other, 40 * 160);
        }
        let (ticks, stats) = play(sent);
        assert_eq!((played(&ticks).len(), stats.lost), (90, 0));
    }

    #[test]
    fn a_flood_drops_the_oldest_and_counts_them() {
        let mut sent = stream(300, 20, 0, 0);
        sent.iter_mut().for_each(|s| s.ms = 5);
        let (ticks, stats) = play(sent);
        assert_eq!(stats.dropped, 250);
        assert!(played(&ticks).is_sorted());
    }

    #[test]
    fn after_a_stall_everything_that_fits_is_played() {
        let mut sent = stream(200, 20, 0, 0);
        sent[100..120].iter_mut().for_each(|s| s.ms = 120 * 20);
        let (ticks, stats) = play(sent);
        assert_eq!((played(&ticks).len(), stats.lost, stats.late), (200, 0, 0));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

        /// The reference model is a set: whatever the network does, every packet that came is accounted for once,
        /// what is played is in order, and every tick gets its 20 ms and not a packet more.
        #[test]
        fn whatever_the_network_does(
            fates in prop::collection::vec((0u64..200, 0u8..10, 0u8..20), 1..300),
            ptime in prop::sample::select(vec![10u64, 20, 30, 60]),
            first in any::<(u16, u32)>(),
        ) {
            let mut sent = Vec::new();
            for (s, (delay, lost, twice)) in stream(fates.len() as u64, ptime, first.0, first.1).into_iter().zip(&fates) {
                let s = Sent { ms: s.ms + delay, ..s };
                sent.extend((*twice == 0).then(|| Sent { ms: s.ms + 15, ..s.clone() }));
                sent.extend((*lost > 0).then_some(s));
            }
            let model: std::collections::BTreeSet<u16> = sent.iter().map(|s| s.packet.sequence).collect();
            let (ticks, stats) = play(sent.clone());
            let order: Vec<u16> = played(&ticks).into_iter().map(|n| n.wrapping_sub(first.0)).collect();
            prop_assert!(order.windows(2).all(|w| w[0] < w[1]), "{order:?}");
            prop_assert_eq!(stats.received, sent.len() as u64);
            prop_assert_eq!(stats.duplicate, (sent.len() - model.len()) as u64);
            prop_assert_eq!(order.len() as u64 + stats.late + stats.dropped, model.len() as u64);
            let mut ready = 0;
            for tick in &ticks {
                for popped in tick {
                    prop_assert!(ready < 160);
                    ready += match popped {
                        Popped::Sound { skip, .. } => ptime as usize * 8 - skip,
                        Popped::Noise(_) => 0,
                        Popped::Missing { samples, .. } | Popped::Quiet { samples } => *samples,
                    };
                }
                prop_assert!(ready >= 160);
                ready -= 160;
            }
        }

        /// A network whose jitter stays within the shortest delay loses nothing but at its very beginning.
        #[test]
        fn little_jitter_costs_nothing(delays in prop::collection::vec(0u64..15, 50..200)) {
            let sent = stream(delays.len() as u64, 20, 0, 0).into_iter().zip(&delays).map(|(s, d)| Sent { ms: s.ms + d, ..s });
            let (ticks, stats) = play(sent.collect());
            prop_assert_eq!((played(&ticks).len(), stats.late, stats.lost), (delays.len(), 0, 0));
        }
    }
}
