//! SIP over UDP and TCP (RFC 3261): an endpoint that takes calls and makes them, each a [`Port`](super::Port).
//! Never decides who may call whom beyond its configuration, and never lets a peer's bytes stop it.

mod body;
mod dial;
mod digest;
mod endpoint;
mod incoming;
mod leg;
mod negotiation;
mod offer;
mod port;
mod screen;
mod session_timer;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

pub use self::body::{digit, fragment_status};
pub use self::dial::{Credentials, DialError, DialOptions};
pub use self::digest::{Algorithm, Attempt, Authenticator, Password, Verdict};
pub use self::endpoint::SipEndpoint;
pub use self::incoming::{IncomingCall, Rejection};
pub use self::offer::{AddressRules, Local, OfferError, Remote, offer};
pub use self::port::SipPort;
pub use self::session_timer::{Due, IntervalTooSmall, SessionTimer};
use super::rtp::PortRange;

/// The line's part of the configuration.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SipConfig {
    /// Sockets to listen on, as `udp:ADDR:PORT` or `tcp:ADDR:PORT`. Default: both at 127.0.0.1:5060.
    pub listen: Vec<Listen>,
    /// Address that peers are told to send to, where it is not the one we listen on (NAT).
    pub advertise: Option<IpAddr>,
    /// Realm of the digest challenge. Default: `hotline`.
    pub realm: String,
    /// Users who may call, with their passwords; empty (the default): everybody may.
    pub users: BTreeMap<String, Password>,
    /// Hashes that the challenge offers, the preferred one first. Default: MD5 alone, because many telephones (baresip
    /// 1.0 among them) give up when they are offered SHA-256 too.
    pub digest_algorithms: Vec<Algorithm>,
    /// UDP ports for sound. Default: any free ones.
    pub rtp_ports: PortRange,
    /// A call in which nothing was heard for this long is ended. Default: 30 s. Not counted while held.
    pub media_timeout_ms: u64,
    /// Send sound at once to an address on another host than the one that signalled. Default: only after packets came
    /// from there, so that an SDP cannot aim us at a third party.
    pub dangerous_media_to_strangers: bool,
}

impl Default for SipConfig {
    fn default() -> Self {
        let addr = SocketAddr::from(([127, 0, 0, 1], 5060));
        Self {
            listen: [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr }).to_vec(),
            advertise: None,
            realm: "hotline".to_owned(),
            users: BTreeMap::new(),
            digest_algorithms: vec![Algorithm::Md5],
            rtp_ports: PortRange::default(),
            media_timeout_ms: 30_000,
            dangerous_media_to_strangers: false,
        }
    }
}

/// A transport that SIP runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl Transport {
    /// `udp` or `tcp`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }

    /// `sip/udp` or `sip/tcp`, for the record of a call.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Udp => "sip/udp",
            Self::Tcp => "sip/tcp",
        }
    }
}

/// A socket to listen on. Reads `udp:127.0.0.1:5060`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Listen {
    /// Over what.
    pub transport: Transport,
    /// Where; port 0 takes a free one.
    pub addr: SocketAddr,
}

/// What is wrong with the text of a [`Listen`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no SIP address; write udp:127.0.0.1:5060 or tcp:0.0.0.0:5060")]
pub struct ListenError(String);

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let wrong = || ListenError(text.to_owned());
        let (transport, addr) = text.split_once(':').ok_or_else(wrong)?;
        let transport =
            [Transport::Udp, Transport::Tcp].into_iter().find(|t| t.name().eq_ignore_ascii_case(transport)).ok_or_else(wrong)?;
        Ok(Self { transport, addr: addr.parse().map_err(|_| wrong())? })
    }
}

impl TryFrom<String> for Listen {
    type Error = ListenError;

    fn try_from(text: String) -> Result<Self, ListenError> {
        text.parse()
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport.name(), self.addr)
    }
}

/// The line cannot be opened, or a call on it cannot be answered.
#[derive(Debug, Error)]
pub enum SipError {
    /// A SIP socket cannot be had.
    #[error("cannot listen on {listen}: {source}; is another SIP program running there? Choose another with --sip {hint}")]
    Bind {
        /// Which socket.
        listen: Listen,
        /// What to try instead.
        hint: Listen,
        /// The system's reason.
        source: std::io::Error,
    },
    /// No socket was configured.
    #[error("no SIP address to listen on; add one with --sip udp:127.0.0.1:5060")]
    NothingToListenOn,
    /// No pair of UDP ports is free for a call's sound.
    #[error("no free UDP port for sound: {0}; widen rtp_ports")]
    NoRtpPort(#[source] std::io::Error),
    /// The caller gave up before the call was answered.
    #[error("the caller hung up before the call was answered")]
    Cancelled,
    /// The SIP stack refused.
    #[error("the SIP stack failed: {0}")]
    Stack(#[source] Box<rsipstack::Error>),
}

impl From<rsipstack::Error> for SipError {
    fn from(error: rsipstack::Error) -> Self {
        Self::Stack(Box::new(error))
    }
}

/// Random octets from the system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bytes).expect("the system has randomness");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listen_addresses_read_back_and_wrong_ones_are_named() {
        assert_eq!("udp:0.0.0.0:5060".parse::<Listen>().map(|l| l.to_string()), Ok("udp:0.0.0.0:5060".to_owned()));
        assert_eq!("TCP:[::1]:5062".parse::<Listen>().map(|l| l.to_string()), Ok("tcp:[::1]:5062".to_owned()));
        for wrong in ["5060", "tls:127.0.0.1:5061", "udp:localhost"] {
            assert!(wrong.parse::<Listen>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_configuration_reads_with_its_defaults_and_hides_passwords() {
        let config: SipConfig = toml::from_str(
            "listen = [\"udp:127.0.0.1:0\"]\nusers = { alice = \"open sesame\" }\nrtp_ports = { first = 40000, last = 40100 }",
        )
        .expect("valid");
        assert_eq!((config.realm.as_str(), config.media_timeout_ms), ("hotline", 30_000));
        assert!(!format!("{config:?}").contains("sesame"));
        assert!(toml::from_str::<SipConfig>("lisen = []").is_err());
    }
}
