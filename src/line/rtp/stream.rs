//! One call's RTP stream in both directions, without its socket: bytes in, packets and keys out; sound in, bytes out.
//! Never panics on what a peer sends: truncated, foreign and absurd packets are counted and dropped.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use shared::marshal::Unmarshal;

use crate::line::Packet;
use crate::talk::Digit;

use super::g711::Law;
use super::latch::{Latch, Source, Verdict};
use super::pacer::{HEADER_LEN, Header, Pacer, TICK};
use super::rtcp::{self, Sent};
use super::stats::{ReceiveStats, StreamStats};
use super::telephone_event::{EventReceiver, EventSender, Keypad};

/// Comfort noise (RFC 3389).
const COMFORT_NOISE: u8 = 13;
/// Longest payload of sound that is believed: 120 ms.
const MAX_PAYLOAD: usize = 960;
/// Ticks between two sender reports: 5 s.
const REPORT_TICKS: u64 = 250;

/// What offer and answer agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaTarget {
    /// Where the other side wants its packets.
    pub addr: SocketAddr,
    /// The codec.
    pub law: Law,
    /// Its payload type, static or dynamic.
    pub payload_type: u8,
    /// Payload type of telephone events, if agreed.
    pub event_type: Option<u8>,
    /// Whether we send sound.
    pub send: bool,
    /// Whether we take sound.
    pub receive: bool,
}

/// What a datagram turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// Sound, in the law the call began with.
    Packet(Packet),
    /// A key, told once a press.
    Digit(Digit),
    /// Nothing to pass on.
    Nothing,
}

/// The stream of one call.
#[derive(Debug)]
pub struct RtpStream {
    law: Law,
    target: MediaTarget,
    latch: Latch,
    pacer: Pacer,
    received: ReceiveStats,
    events: EventReceiver,
    keypad: EventSender,
    heard: Instant,
    ticks: u64,
    octets: u32,
    stats: StreamStats,
    buffer: Vec<u8>,
}

impl RtpStream {
    /// A stream towards `target`. The law agreed on now is the one the engine sees for the whole call; `trusted` is
    /// the host that signalled (see [`Latch::new`]); `seed` is random.
    pub fn new(now: Instant, target: MediaTarget, trusted: Option<IpAddr>, seed: u64) -> Self {
        Self {
            law: target.law,
            target,
            latch: Latch::new(target.addr, trusted),
            pacer: Pacer::new(seed),
            received: ReceiveStats::default(),
            events: EventReceiver::default(),
            keypad: EventSender::default(),
            heard: now,
            ticks: 0,
            octets: 0,
            stats: StreamStats::default(),
            buffer: Vec::with_capacity(HEADER_LEN + MAX_PAYLOAD),
        }
    }

    /// A later offer and answer changed what was agreed on.
    pub fn retarget(&mut self, now: Instant, target: MediaTarget) {
        self.latch.announce(target.addr);
        self.target = target;
        self.heard = now;
    }

    /// What is agreed on now.
    pub const fn target(&self) -> &MediaTarget {
        &self.target
    }

    /// When the other side was last heard (or the call began, or was resumed).
    pub const fn heard(&self) -> Instant {
        self.heard
    }

    /// Presses a key: it goes out in place of sound, from the next tick on. `false`: events were not agreed on.
    pub fn press(&mut self, digit: Digit) -> bool {
        if self.target.event_type.is_some() {
            self.keypad.press(digit);
        }
        self.target.event_type.is_some()
    }

    /// Takes a datagram.
    pub fn receive(&mut self, now: Instant, from: SocketAddr, datagram: Bytes) -> Received {
        let Some((packet, event)) = self.accept(now, from, datagram) else {
            self.stats.refused += 1;
            return Received::Nothing;
        };
        if event {
            return self.events.receive(packet.timestamp, &packet.payload).map_or(Received::Nothing, Received::Digit);
        }
        if self.target.receive { Received::Packet(packet) } else { Received::Nothing }
    }

    /// What a tick puts on the wire, and where: the sound, or a key in its place. `None`: nothing in this tick.
    pub fn tick(&mut self, payload: &[u8], marker: bool) -> Option<(&[u8], SocketAddr)> {
        self.ticks += 1;
        self.pacer.tick();
        let keypad = self.keypad.tick(self.pacer.timestamp());
        let to = self.latch.target().filter(|_| self.target.send);
        let (Some(to), false) = (to, payload.is_empty() || payload.len() > MAX_PAYLOAD) else {
            self.pacer.pause();
            return None;
        };
        match (keypad, self.target.event_type) {
            (Keypad::Press(event), Some(event_type)) => {
                let header = self.pacer.event(event_type, event.started, event.marker);
                self.write(header, &event.payload);
            }
            (Keypad::Press(_) | Keypad::Pause | Keypad::Idle, _) => {
                let header = self.pacer.audio(self.target.payload_type, marker);
                self.write(header, payload);
                self.law.convert(self.target.law, &mut self.buffer[HEADER_LEN..]);
            }
        }
        Some((&self.buffer, to))
    }

    /// Counts what became of the packet of the last tick.
    pub const fn count_sent(&mut self, ok: bool) {
        if ok { self.stats.sent += 1 } else { self.stats.send_failed += 1 }
    }

    /// A sender report, when one is due.
    pub fn report(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        let due = self.stats.sent > 0 && self.ticks.is_multiple_of(REPORT_TICKS);
        let to = self.latch.target().filter(|_| due)?;
        Some((rtcp::sender_report(self.sent(), &mut self.received), to))
    }

    /// The good-bye that ends the stream, if it ever began.
    pub fn bye(&mut self) -> Option<(Vec<u8>, SocketAddr)> {
        let to = self.latch.target().filter(|_| self.stats.sent > 0)?;
        Some((rtcp::bye(self.sent(), &mut self.received), to))
    }

    /// The call's figures so far.
    pub fn stats(&self) -> StreamStats {
        StreamStats {
            received: self.received.packets(),
            lost: self.received.lost(),
            jitter_ms: self.received.jitter() / 8.0,
            ..self.stats
        }
    }

    fn accept(&mut self, now: Instant, from: SocketAddr, mut datagram: Bytes) -> Option<(Packet, bool)> {
        let rtp = rtc_rtp::Packet::unmarshal(&mut datagram).ok().filter(|p| p.header.version == 2)?;
        let (header, payload) = (rtp.header, rtp.payload);
        let event = self.target.event_type == Some(header.payload_type);
        let law = self.law_of(header.payload_type);
        let known = event || law.is_some() || header.payload_type == COMFORT_NOISE;
        if !known || payload.is_empty() || payload.len() > MAX_PAYLOAD {
            return None;
        }
        let source = Source { addr: from, ssrc: header.ssrc, sequence: header.sequence_number };
        if self.latch.judge(now, source) == Verdict::Refuse {
            return None;
        }
        self.heard = now;
        self.received.receive(now, (header.ssrc, header.sequence_number), header.timestamp);
        let packet = Packet {
            payload_type: law.map_or(header.payload_type, |_| self.law.payload_type()),
            ssrc: header.ssrc,
            sequence: header.sequence_number,
            timestamp: header.timestamp,
            marker: header.marker,
            payload: law.map_or_else(|| payload.clone(), |law| self.converted(law, &payload)),
        };
        Some((packet, event))
    }

    fn law_of(&self, payload_type: u8) -> Option<Law> {
        if payload_type == self.target.payload_type {
            return Some(self.target.law);
        }
        [Law::A, Law::Mu].into_iter().find(|law| law.payload_type() == payload_type)
    }

    fn converted(&self, law: Law, payload: &Bytes) -> Bytes {
        if law == self.law {
            return payload.clone();
        }
        let mut payload = BytesMut::from(payload.as_ref());
        law.convert(self.law, &mut payload);
        payload.freeze()
    }

    fn write(&mut self, header: Header, payload: &[u8]) {
        self.octets = self.octets.wrapping_add(payload.len() as u32);
        self.buffer.clear();
        self.buffer.extend_from_slice(&header.to_bytes());
        self.buffer.extend_from_slice(payload);
    }

    fn sent(&self) -> Sent {
        let elapsed = Duration::from_millis(20) * self.ticks.min(u64::from(u32::MAX)) as u32;
        Sent {
            ssrc: self.pacer.ssrc(),
            elapsed: (elapsed.as_secs() << 32) | ((u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000),
            timestamp: self.pacer.timestamp().wrapping_add(TICK),
            packets: self.stats.sent as u32,
            octets: self.octets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 4000);

    fn stream(law: Law) -> RtpStream {
        let target =
            MediaTarget { addr: PEER, law, payload_type: law.payload_type(), event_type: Some(101), send: true, receive: true };
        RtpStream::new(now(), target, None, 42)
    }

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn now() -> Instant {
        Instant::now()
    }

    fn datagram(payload_type: u8, sequence: u16, payload: &[u8]) -> Bytes {
        let header = Header { payload_type, marker: false, sequence, timestamp: u32::from(sequence) * 160, ssrc: 7 };
        [&header.to_bytes(), payload].concat().into()
    }

    #[test]
    fn a_codec_change_is_hidden_from_the_engine() {
        let (mut a, now) = (stream(Law::A), now());
        let target = MediaTarget { law: Law::Mu, payload_type: 0, ..*a.target() };
        a.retarget(now, target);
        let (bytes, _) = a.tick(&[0xD5; 160], false).expect("sent");
        assert_eq!((bytes[1] & 0x7F, bytes[HEADER_LEN]), (0, 0xFE));
        let Received::Packet(packet) = a.receive(now, PEER, datagram(0, 1, &[0xFF; 160])) else { panic!("sound") };
        assert_eq!((packet.payload_type, packet.payload[0]), (8, 0xD5));
    }

    #[test]
    fn held_means_nothing_is_sent_or_passed_on_and_time_goes_on() {
        let (mut a, now) = (stream(Law::A), now());
        let first = a.tick(&[0; 160], false).expect("sent").0.to_vec();
        let held = MediaTarget { send: false, receive: false, ..*a.target() };
        a.retarget(now, held);
        assert!(a.tick(&[0; 160], false).is_none());
        assert_eq!(a.receive(now, PEER, datagram(8, 1, &[0; 160])), Received::Nothing);
        let resumed = MediaTarget { send: true, receive: true, ..held };
        a.retarget(now, resumed);
        let next = a.tick(&[0; 160], false).expect("sent").0.to_vec();
        let timestamp = |b: &[u8]| u32::from_be_bytes([b[4], b[5], b[6], b[7]]);
        assert_eq!(timestamp(&next).wrapping_sub(timestamp(&first)), 320);
        assert_eq!(next[1] & 0x80, 0x80, "a talkspurt begins");
    }

    #[test]
    fn mutated_packets_are_counted_and_never_panic() {
        let (mut a, now) = (stream(Law::A), now());
        let whole = datagram(8, 1, &[0x55; 160]);
        let mut random = 0x2545_F491_4F6C_DD1Du64;
        for _ in 0..2_000 {
            let mut bytes = whole.to_vec();
            for _ in 0..4 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = random as usize % bytes.len();
                bytes[at % 20] = (random >> 32) as u8;
                if random.is_multiple_of(5) {
                    bytes.truncate(at.max(1));
                }
            }
            a.receive(now, PEER, bytes.into());
        }
        let stats = a.stats();
        assert!(stats.refused > 0 && stats.refused + stats.received == 2_000, "{stats:?}");
    }
}
