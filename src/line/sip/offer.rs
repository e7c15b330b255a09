//! Offer and answer (RFC 3264 over RFC 8866) for one G.711 stream with telephone events.
//! Never sends anything, and never agrees to send sound where no caller can be: such an offer is refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sdp_types::{Media, RtpMap, Session};
use thiserror::Error;

use crate::line::rtp::{Law, MediaTarget};

/// Payload type under which we offer telephone events.
const EVENT_TYPE: u8 = 101;
/// Most m-lines a description may have.
const MAX_LINES: usize = 16;
/// Largest description that is read.
const MAX_BYTES: usize = 16 * 1_024;

/// Why a description cannot be agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OfferError {
    /// No SDP.
    #[error("the session description cannot be read")]
    Malformed,
    /// Too long, or too many m-lines.
    #[error("the session description is too long")]
    TooLong,
    /// No audio line that is in use and speaks plain RTP.
    #[error("no audio over plain RTP is offered")]
    NoAudio,
    /// Neither PCMA nor PCMU.
    #[error("neither PCMA nor PCMU is offered")]
    NoCodec,
    /// Packets of 20 ms are longer than the other side takes.
    #[error("packets of 20 ms are not accepted by the other side")]
    PacketTime,
    /// An address no telephone has: another family, multicast, a low port, our own SIP port…
    #[error("sound cannot be sent to the announced address")]
    Address,
}

/// What is known of both ends when an announced address is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressRules {
    /// The host that signalled.
    pub peer: IpAddr,
    /// Our own SIP sockets.
    pub own: Vec<SocketAddr>,
}

impl AddressRules {
    /// Whether sound may be sent there.
    fn allow(&self, addr: SocketAddr) -> bool {
        let ours = |own: &SocketAddr| {
            own.port() == addr.port() && (own.ip() == addr.ip() || own.ip().is_unspecified() && addr.ip() == self.peer)
        };
        addr.port() >= 1_024
            && addr.is_ipv4() == self.peer.is_ipv4()
            && (!addr.ip().is_loopback() || self.peer.is_loopback())
            && is_host(addr.ip())
            && !self.own.iter().any(ours)
    }
}

/// Our side of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// Where we want packets.
    pub addr: SocketAddr,
    /// Number of the session, the same for the whole call.
    pub session: u32,
    /// Raised whenever the description changes.
    pub version: u32,
}

/// The other side's description, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// What is agreed on. The address is unspecified when the other side holds the old way (`c=0.0.0.0`).
    pub target: MediaTarget,
    /// The other side holds: it wants no sound from us.
    pub held: bool,
    lines: Vec<Line>,
    chosen: usize,
}

/// One m-line, as much of it as an answer repeats.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    media: String,
    proto: String,
    formats: String,
}

impl Remote {
    /// Reads a description, offer or answer.
    pub fn parse(body: &[u8], rules: &AddressRules) -> Result<Self, OfferError> {
        if body.len() > MAX_BYTES {
            return Err(OfferError::TooLong);
        }
        let session = Session::parse(body).map_err(|_| OfferError::Malformed)?;
        if session.medias.len() > MAX_LINES {
            return Err(OfferError::TooLong);
        }
        let chosen = session.medias.iter().position(is_plain_audio).ok_or(OfferError::NoAudio)?;
        let media = &session.medias[chosen];
        let (law, payload_type) = choose_law(media).ok_or(OfferError::NoCodec)?;
        if packet_limit_ms(media).is_some_and(|ms| ms < 20) {
            return Err(OfferError::PacketTime);
        }
        let ip = address(&session, media).ok_or(OfferError::Address)?;
        let addr = SocketAddr::new(ip, media.port);
        if !ip.is_unspecified() && !rules.allow(addr) {
            return Err(OfferError::Address);
        }
        let (sends, receives) = direction(&session, media);
        let (send, receive) = (receives && !ip.is_unspecified(), sends);
        Ok(Self {
            target: MediaTarget { addr, law, payload_type, event_type: choose_events(media), send, receive },
            held: !send,
            lines: session.medias.iter().map(Line::of).collect(),
            chosen,
        })
    }

    /// The answer: as many m-lines as the offer has, in its order; all but ours refused with port 0.
    pub fn answer(&self, local: Local) -> String {
        let mut out = head(local);
        for (n, line) in self.lines.iter().enumerate() {
            if n == self.chosen {
                put_audio(&mut out, local, &[(self.target.payload_type, self.target.law)], (&line.proto, self.target.event_type));
                out.push_str(match (self.target.send, self.target.receive) {
                    (true, true) => "a=sendrecv\r\n",
                    (true, false) => "a=sendonly\r\n",
                    (false, true) => "a=recvonly\r\n",
                    (false, false) => "a=inactive\r\n",
                });
            } else {
                out.push_str(&format!("m={} 0 {} {}\r\n", line.media, line.proto, line.formats));
            }
        }
        out
    }
}

impl Line {
    fn of(media: &Media) -> Self {
        Self { media: media.media.clone(), proto: media.proto.clone(), formats: media.fmt.clone() }
    }
}

/// Our own offer: these laws in this order, and telephone events.
pub fn offer(local: Local, laws: &[Law]) -> String {
    let mut out = head(local);
    let laws: Vec<_> = laws.iter().map(|law| (law.payload_type(), *law)).collect();
    put_audio(&mut out, local, &laws, ("RTP/AVP", Some(EVENT_TYPE)));
    out.push_str("a=sendrecv\r\n");
    out
}

fn head(local: Local) -> String {
    let family = if local.addr.is_ipv4() { "IP4" } else { "IP6" };
    let ip = local.addr.ip();
    format!("v=0\r\no=hotline {} {} IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n", local.session, local.version)
}

fn put_audio(out: &mut String, local: Local, laws: &[(u8, Law)], (proto, events): (&str, Option<u8>)) {
    let types = laws.iter().map(|(payload_type, _)| *payload_type).chain(events);
    let types: String = types.map(|payload_type| format!(" {payload_type}")).collect();
    out.push_str(&format!("m=audio {} {proto}{types}\r\n", local.addr.port()));
    for (payload_type, law) in laws {
        out.push_str(&format!("a=rtpmap:{payload_type} {}/8000\r\n", law.name()));
    }
    if let Some(events) = events {
        out.push_str(&format!("a=rtpmap:{events} telephone-event/8000\r\na=fmtp:{events} 0-15\r\n"));
    }
    out.push_str("a=ptime:20\r\n");
}

fn is_plain_audio(media: &Media) -> bool {
    media.media == "audio" && media.port != 0 && matches!(media.proto.as_str(), "RTP/AVP" | "RTP/AVPF")
}

/// The first of the other side's formats that is G.711, by its mapping if it has one (RFC 3551 for those without).
fn choose_law(media: &Media) -> Option<(Law, u8)> {
    formats(media).find_map(|payload_type| {
        let law = match mapping(media, payload_type) {
            Some(map) => Law::from_name(&map.encoding_name)
                .filter(|_| map.clock_rate == 8_000 && map.encoding_params.as_deref().is_none_or(|channels| channels == "1")),
            None => [Law::A, Law::Mu].into_iter().find(|law| law.payload_type() == payload_type),
        };
        law.map(|law| (law, payload_type))
    })
}

/// Telephone events, on the clock of our codec where there is a choice.
fn choose_events(media: &Media) -> Option<u8> {
    let events: Vec<(u8, u32)> = formats(media)
        .filter_map(|payload_type| mapping(media, payload_type).map(|map| (payload_type, map)))
        .filter(|(_, map)| map.encoding_name.eq_ignore_ascii_case("telephone-event"))
        .map(|(payload_type, map)| (payload_type, map.clock_rate))
        .collect();
    events.iter().find(|(_, clock)| *clock == 8_000).or(events.first()).map(|(payload_type, _)| *payload_type)
}

fn formats(media: &Media) -> impl Iterator<Item = u8> + '_ {
    media.fmt.split_ascii_whitespace().filter_map(|format| format.parse().ok()).filter(|payload_type| *payload_type < 128)
}

fn mapping(media: &Media, payload_type: u8) -> Option<RtpMap> {
    media.attributes_typed::<RtpMap>().filter_map(Result::ok).find(|map| map.payload_type == payload_type)
}

fn packet_limit_ms(media: &Media) -> Option<u32> {
    media.get_first_attribute_value("maxptime").flatten()?.trim().parse().ok()
}

/// The address of a line: its own, else the session's. Names are not looked up: the SDP of a stranger would choose
/// whom we ask.
fn address(session: &Session, media: &Media) -> Option<IpAddr> {
    let connection = media.connections.first().or(session.connection.as_ref())?;
    connection.connection_address.parse().ok()
}

/// Whether the other side sends and receives.
fn direction(session: &Session, media: &Media) -> (bool, bool) {
    let found = |name: &str| media.has_attribute(name);
    let own = ["sendrecv", "sendonly", "recvonly", "inactive"].into_iter().find(|name| found(name));
    let inherited = || ["sendonly", "recvonly", "inactive"].into_iter().find(|name| session.has_attribute(name));
    match own.or_else(inherited) {
        Some("sendonly") => (true, false),
        Some("recvonly") => (false, true),
        Some("inactive") => (false, false),
        Some(_) | None => (true, true),
    }
}

/// An address that one telephone can have.
fn is_host(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_host_v4(ip),
        IpAddr::V6(ip) => is_host_v6(ip),
    }
}

fn is_host_v4(ip: Ipv4Addr) -> bool {
    // 0/8 is "this network", 240/4 reserved (RFC 6890); link-local holds the metadata services of clouds.
    !(ip.is_multicast() || ip.is_broadcast() || ip.is_link_local() || ip.octets()[0] == 0 || ip.octets()[0] >= 240)
}

fn is_host_v6(ip: Ipv6Addr) -> bool {
    !(ip.is_multicast() || ip.is_unspecified() || ip.is_unicast_link_local() || ip.to_ipv4_mapped().is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Local = Local { addr: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 30_000), session: 5, version: 1 };

    fn rules() -> AddressRules {
        AddressRules { peer: [192, 0, 2, 7].into(), own: vec![SocketAddr::from(([192, 0, 2, 1], 5060))] }
    }

    fn parse(connection: &str, media: &str) -> Result<Remote, OfferError> {
        let body = format!("v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\n{connection}t=0 0\r\n{media}");
        Remote::parse(body.as_bytes(), &rules())
    }

    fn audio(media: &str) -> Result<Remote, OfferError> {
        parse("c=IN IP4 192.0.2.7\r\n", media)
    }

    #[test]
    fn the_answer_keeps_the_offers_lines_and_its_choice() {
        let offer = "m=video 5004 RTP/AVP 96\r\nm=audio 4000 RTP/AVP 18 97 0 96 101\r\na=rtpmap:97 PCMA/8000\r\n\
                     a=rtpmap:96 telephone-event/48000\r\na=rtpmap:101 telephone-event/8000\r\nm=image 0 udptl t38\r\n";
        let remote = audio(offer).expect("an offer with PCMA");
        assert_eq!((remote.target.law, remote.target.payload_type, remote.target.event_type), (Law::A, 97, Some(101)));
        let answer = remote.answer(LOCAL);
        let lines: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
        assert_eq!(lines, ["m=video 0 RTP/AVP 96", "m=audio 30000 RTP/AVP 97 101", "m=image 0 udptl t38"]);
        assert!(answer.contains("o=hotline 5 1 IN IP4 192.0.2.1") && answer.contains("a=rtpmap:97 PCMA/8000"), "{answer}");
    }

    #[test]
    fn hold_is_answered_in_kind() {
        for (offered, answered, held) in [
            ("sendonly", "recvonly", true),
            ("inactive", "inactive", true),
            ("recvonly", "sendonly", false),
            ("sendrecv", "sendrecv", false),
        ] {
            let remote = audio(&format!("m=audio 4000 RTP/AVP 8\r\na={offered}\r\n")).expect("readable");
            assert!(remote.answer(LOCAL).contains(&format!("a={answered}\r\n")), "{offered}");
            assert_eq!(remote.held, held, "{offered}");
        }
        let old = parse("c=IN IP4 0.0.0.0\r\n", "m=audio 4000 RTP/AVP 8\r\n").expect("hold of RFC 2543");
        assert!(old.held && old.answer(LOCAL).contains("a=recvonly"));
    }

    #[test]
    fn addresses_no_telephone_has_are_refused() {
        for ip in
            ["224.0.0.1", "255.255.255.255", "169.254.169.254", "127.0.0.1", "240.1.1.1", "0.1.2.3", "pbx.example.com", "::1"]
        {
            let family = if ip.contains(':') { "IP6" } else { "IP4" };
            assert_eq!(parse(&format!("c=IN {family} {ip}\r\n"), "m=audio 4000 RTP/AVP 8\r\n"), Err(OfferError::Address), "{ip}");
        }
        assert_eq!(audio("m=audio 22 RTP/AVP 8\r\n"), Err(OfferError::Address));
        assert_eq!(parse("c=IN IP4 192.0.2.1\r\n", "m=audio 5060 RTP/AVP 8\r\n"), Err(OfferError::Address), "our SIP port");
        assert_eq!(audio("m=audio 0 RTP/AVP 8\r\n"), Err(OfferError::NoAudio));
        assert_eq!(parse("", "m=audio 4000 RTP/AVP 8\r\n"), Err(OfferError::Address), "no c= line");
    }

    #[test]
    fn what_we_cannot_speak_is_named() {
        assert_eq!(audio("m=audio 4000 RTP/AVP 18 9\r\n"), Err(OfferError::NoCodec));
        assert_eq!(audio("m=audio 4000 RTP/AVP 96\r\na=rtpmap:96 PCMA/16000\r\n"), Err(OfferError::NoCodec));
        assert_eq!(audio("m=audio 4000 RTP/SAVP 8\r\n"), Err(OfferError::NoAudio));
        assert_eq!(audio("m=audio 4000 RTP/AVP 8\r\na=maxptime:10\r\n"), Err(OfferError::PacketTime));
        assert_eq!(audio(&"m=audio 4000 RTP/AVP 8\r\n".repeat(500)), Err(OfferError::TooLong));
        assert_eq!(Remote::parse(b"\x00\xffgarbage", &rules()), Err(OfferError::Malformed));
    }

    #[test]
    fn our_own_offer_is_one_we_would_take() {
        let peer = AddressRules { peer: LOCAL.addr.ip(), own: Vec::new() };
        let remote = Remote::parse(offer(LOCAL, &[Law::Mu, Law::A]).as_bytes(), &peer).expect("our own");
        assert_eq!((remote.target.law, remote.target.event_type, remote.target.addr), (Law::Mu, Some(EVENT_TYPE), LOCAL.addr));
    }

    #[test]
    fn two_thousand_mutations_of_an_offer_never_panic() {
        let whole = offer(LOCAL, &[Law::A, Law::Mu]).into_bytes();
        let mut random = 0x9E37_79B9_7F4A_7C15u64;
        for _ in 0..2_000 {
            let mut body = whole.clone();
            for _ in 0..3 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let at = random as usize % body.len();
                match random >> 60 {
                    0..4 => body[at] = (random >> 24) as u8,
                    4..8 => drop(body.remove(at)),
                    8..12 => body.insert(at, b"\r\n =:0/9\xff"[(random >> 40) as usize % 9]),
                    _ => body.truncate(at.max(1)),
                }
            }
            if let Ok(remote) = Remote::parse(&body, &rules()) {
                assert!(remote.answer(LOCAL).starts_with("v=0\r\n"));
            }
        }
    }
}
