//! Guarded symmetric latching: which source of packets is the other side, and where ours are sent.
//! Never lets a stranger take over a call: a new source must continue the SSRC and sequence that are known.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// How long the known source must be silent before another may take its place.
const SILENCE: Duration = Duration::from_millis(300);
/// Packets in sequence that a source outside the SDP must show before it is taken as the first one.
const PROBATION: u8 = 4;
/// How far ahead a continued sequence may be: 30 s of lost packets of 20 ms.
const MAX_GAP: u16 = 1_500;

/// Address, SSRC and sequence number of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Where it came from.
    pub addr: SocketAddr,
    /// Its synchronisation source.
    pub ssrc: u32,
    /// Its sequence number.
    pub sequence: u16,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is from the other side.
    Accept,
    /// It is from the other side, which sends from this address from now on.
    Latched,
    /// It is from somebody else.
    Refuse,
}

/// The latch of one call. Built on telephony practice (Asterisk's strict RTP, AST-2017-005) with the one rule those
/// lack: after a rebinding the source that continues the stream wins, however many packets an injector sends.
#[derive(Debug)]
pub struct Latch {
    announced: SocketAddr,
    trusted: Option<IpAddr>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Nothing accepted yet; a source outside the SDP may be on probation.
    Open { since: Option<Instant>, candidate: Option<(Source, u8)> },
    /// Packets come from here.
    Latched { source: Source, heard: Instant },
}

impl Latch {
    /// A latch for the address that the other side's SDP announced. `trusted` is the host that signalled the call:
    /// nothing is sent to an announced address on another host before packets came from it.
    pub const fn new(announced: SocketAddr, trusted: Option<IpAddr>) -> Self {
        Self { announced, trusted, state: State::Open { since: None, candidate: None } }
    }

    /// Takes over a newly announced address (re-INVITE). The same address changes nothing.
    pub fn announce(&mut self, address: SocketAddr) {
        if address != self.announced {
            *self = Self::new(address, self.trusted);
        }
    }

    /// Where to send: the latched source, else the announced address if it may be used already.
    pub fn target(&self) -> Option<SocketAddr> {
        match &self.state {
            State::Latched { source, .. } => Some(source.addr),
            State::Open { .. } => self.trusted.is_none_or(|host| host == self.announced.ip()).then_some(self.announced),
        }
    }

    /// Judges a packet.
    pub fn judge(&mut self, now: Instant, packet: Source) -> Verdict {
        let verdict = match &mut self.state {
            State::Latched { source, .. } if source.addr == packet.addr => Verdict::Accept,
            State::Latched { source, heard } => {
                let silent = now.saturating_duration_since(*heard) >= SILENCE;
                if silent && (packet.addr == self.announced || continues(source, &packet)) {
                    Verdict::Latched
                } else {
                    Verdict::Refuse
                }
            }
            State::Open { .. } if packet.addr == self.announced => Verdict::Latched,
            State::Open { since, candidate } => {
                let since = *since.get_or_insert(now);
                on_probation(candidate, packet, now.saturating_duration_since(since))
            }
        };
        if verdict != Verdict::Refuse {
            self.state = State::Latched { source: packet, heard: now };
        }
        verdict
    }
}

fn continues(known: &Source, packet: &Source) -> bool {
    packet.ssrc == known.ssrc && (1..=MAX_GAP).contains(&packet.sequence.wrapping_sub(known.sequence))
}

fn on_probation(candidate: &mut Option<(Source, u8)>, packet: Source, waited: Duration) -> Verdict {
    match candidate {
        Some((last, count)) if last.addr == packet.addr => {
            if packet.ssrc == last.ssrc && packet.sequence == last.sequence.wrapping_add(1) {
                *count = count.saturating_add(1);
            } else {
                *count = 1;
            }
            *last = packet;
            if *count >= PROBATION && waited >= SILENCE { Verdict::Latched } else { Verdict::Refuse }
        }
        // Two strangers at once: neither is plausible until one falls silent; the first keeps its place.
        Some((_, count)) if *count > 1 => {
            *count -= 1;
            Verdict::Refuse
        }
        Some(_) | None => {
            *candidate = Some((packet, 1));
            Verdict::Refuse
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addr(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn packet(port: u16, ssrc: u32, sequence: u16) -> Source {
        Source { addr: addr(port), ssrc, sequence }
    }

    #[expect(clippy::disallowed_methods, reason = "an origin for virtual time")]
    fn origin() -> Instant {
        Instant::now()
    }

    #[test]
    fn the_announced_address_is_taken_at_once_and_an_injector_never() {
        let (start, mut latch) = (origin(), Latch::new(addr(4000), None));
        assert_eq!(latch.judge(start, packet(4000, 7, 1)), Verdict::Latched);
        for n in 0..500u16 {
            let at = start + Duration::from_millis(20 * u64::from(n) + 20);
            assert_eq!(latch.judge(at, packet(6666, 9, n)), Verdict::Refuse, "even long after the caller fell silent");
        }
        assert_eq!(latch.target(), Some(addr(4000)));
    }

    #[test]
    fn rebinding_while_an_attacker_injects_recovers_within_a_second() {
        let (start, mut latch) = (origin(), Latch::new(addr(4000), None));
        let at = |n: u16| start + Duration::from_millis(20 * u64::from(n));
        let mut back = None;
        for n in 0..250u16 {
            if n > 100 {
                assert_eq!(latch.judge(at(n), packet(6666, 9, n)), Verdict::Refuse);
            }
            let port = if n < 150 { 4000 } else { 5000 };
            if latch.judge(at(n), packet(port, 7, n)) != Verdict::Refuse && port == 5000 {
                back.get_or_insert(n);
            }
        }
        assert!(back.is_some_and(|n| (n - 150) * 20 < 400), "{back:?}");
        assert_eq!(latch.target(), Some(addr(5000)));
    }

    #[test]
    fn a_caller_behind_nat_is_found_after_four_packets_and_300_ms() {
        let (start, mut latch) = (origin(), Latch::new(addr(4000), None));
        let accepted = (0..40u16)
            .position(|n| latch.judge(start + Duration::from_millis(20 * u64::from(n)), packet(7000, 7, n)) == Verdict::Latched);
        assert_eq!(accepted, Some(15));
    }

    #[test]
    fn nothing_is_sent_to_a_third_host_before_it_speaks() {
        let stranger = SocketAddr::from(([192, 0, 2, 9], 4000));
        let mut latch = Latch::new(stranger, Some(addr(0).ip()));
        assert_eq!(latch.target(), None);
        latch.judge(origin(), Source { addr: stranger, ssrc: 1, sequence: 1 });
        assert_eq!(latch.target(), Some(stranger));
    }
}
