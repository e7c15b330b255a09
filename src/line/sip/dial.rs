//! Makes calls: offer, digest credentials, answer.
//! Never retries, and never calls anywhere but where it is told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::authenticate::Credential;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::sip::uri::ParamsExt;
use rsipstack::sip::{Host, StatusCodeKind, Transport as SipTransport, Uri};
use rsipstack::transport::SipAddr;
use thiserror::Error;
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::line::PortInfo;
use crate::line::rtp::{Law, RtpSocket};
use crate::privacy::{Pii, Secret};

use super::endpoint::SipEndpoint;
use super::incoming::{Connected, Sound};
use super::negotiation::Negotiation;
use super::offer::{Local, OfferError};
use super::port::SipPort;
use super::{SipError, Transport, random};

/// Name and password for a called party that asks for them.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// User name.
    pub user: String,
    /// Password.
    pub password: Secret<String>,
}

/// How a call is made.
#[derive(Debug, Clone)]
pub struct DialOptions {
    /// What we offer, in order.
    pub laws: Vec<Law>,
    /// Our address (`sip:…`); `None`: `sip:hotline@` where we listen.
    pub from: Option<String>,
    /// What we answer a digest challenge with.
    pub credentials: Option<Credentials>,
    /// How long it may ring.
    pub ring_timeout: Duration,
}

impl Default for DialOptions {
    /// PCMA before PCMU, no credentials, a minute of ringing.
    fn default() -> Self {
        Self { laws: vec![Law::A, Law::Mu], from: None, credentials: None, ring_timeout: Duration::from_secs(60) }
    }
}

/// A call did not come about.
#[derive(Debug, Error)]
pub enum DialError {
    /// The address cannot be called.
    #[error("{uri:?} cannot be called: {why}; write sip:USER@HOST:PORT or sip:USER@HOST;transport=tcp")]
    Address {
        /// The address.
        uri: String,
        /// What is wrong with it.
        why: String,
    },
    /// The other side said no.
    #[error("the call was refused with {code} {reason}")]
    Refused {
        /// SIP status.
        code: u16,
        /// Its words.
        reason: String,
    },
    /// Nobody answered in time, not even the network.
    #[error("nobody answered within {0:?}")]
    NoAnswer(Duration),
    /// The answer's session description is of no use.
    #[error("the call was answered, but {0}")]
    Answer(#[from] OfferError),
    /// Our own side failed.
    #[error(transparent)]
    Line(#[from] SipError),
}

impl SipEndpoint {
    /// Calls `uri` and gives the port once it is answered. Dropped while it rings, the call is cancelled.
    pub async fn dial(&self, uri: &str, options: DialOptions) -> Result<SipPort, DialError> {
        let target = Target::resolve(uri).await?;
        let shared = Arc::clone(&self.shared);
        let seed = u64::from_be_bytes(random());
        let bind = shared.socket(target.transport).ip();
        let socket = RtpSocket::bind(bind, shared.config.rtp_ports, seed as u16).map_err(SipError::NoRtpPort)?;
        let peer = target.addr.ip();
        let own = shared.advertised(target.transport, peer);
        let local = Local { addr: SocketAddr::new(own, socket.local().port()), session: seed as u32 >> 1, version: 1 };
        let mut negotiation = Negotiation::new(local, shared.rules(peer), options.laws.clone());
        let contact = shared.contact(target.transport, peer);
        let invite = target.invite(&options, &contact, negotiation.offer())?;
        let (sender, states) = shared.layer.new_dialog_state_channel();
        let from = Pii::new(invite.caller.to_string());
        let dialled = timeout(options.ring_timeout, shared.layer.do_invite(invite, sender)).await;
        let (dialog, answer) = dialled.map_err(|_| DialError::NoAnswer(options.ring_timeout))?.map_err(SipError::from)?;
        let answer = answer.ok_or(DialError::NoAnswer(options.ring_timeout))?;
        if answer.status_code.kind() != StatusCodeKind::Successful {
            shared.forget(&dialog);
            let reason = answer.reason_phrase().unwrap_or_default().to_owned();
            return Err(DialError::Refused { code: answer.status_code.code(), reason });
        }
        let requests = shared.route(&dialog);
        let agreement = match negotiation.answered(&answer.body) {
            Ok(agreement) => agreement,
            Err(error) => {
                drop(dialog.bye().await);
                shared.forget(&dialog);
                return Err(error.into());
            }
        };
        let format = agreement.target.law.format();
        let info = PortInfo { from, to: uri.to_owned(), transport: target.transport.label(), format };
        let connected = Connected { shared, dialog, states, requests, negotiation, timer: None, contact };
        Ok(connected.into_port(Sound { socket, seed, trusted: None, agreement }, info))
    }
}

struct Target {
    uri: Uri,
    addr: SocketAddr,
    transport: Transport,
}

impl Target {
    async fn resolve(text: &str) -> Result<Self, DialError> {
        let wrong = |why: &str| DialError::Address { uri: text.to_owned(), why: why.to_owned() };
        let uri = Uri::try_from(text).map_err(|_| wrong("it is no SIP address"))?;
        let transport = match uri.transport() {
            None | Some(SipTransport::Udp) => Transport::Udp,
            Some(SipTransport::Tcp) => Transport::Tcp,
            Some(_) => return Err(wrong("only UDP and TCP are spoken")),
        };
        let port = uri.host_with_port.port.map_or(5060, |port| port.0);
        let addr = match &uri.host_with_port.host {
            Host::IpAddr(ip) => SocketAddr::new(*ip, port),
            Host::Domain(name) => {
                let found = lookup_host((name.to_string(), port)).await.map_err(|_| wrong("its host is not known"))?;
                found.into_iter().min_by_key(|addr| !addr.is_ipv4()).ok_or_else(|| wrong("its host has no address"))?
            }
        };
        Ok(Self { uri, addr, transport })
    }

    fn invite(&self, options: &DialOptions, contact: &str, offer: String) -> Result<InviteOption, DialError> {
        let address = |text: &str| {
            Uri::try_from(text).map_err(|_| DialError::Address { uri: text.to_owned(), why: "it is no SIP address".to_owned() })
        };
        let contact_uri = address(contact)?;
        let caller = match &options.from {
            Some(from) => address(from)?,
            None => Uri { params: Vec::new(), ..contact_uri.clone() },
        };
        let kind = match self.transport {
            Transport::Udp => SipTransport::Udp,
            Transport::Tcp => SipTransport::Tcp,
        };
        let credential = options.credentials.as_ref().map(|credentials| Credential {
            username: credentials.user.clone(),
            password: credentials.password.reveal().clone(),
            realm: None,
            auth_username: None,
        });
        Ok(InviteOption {
            caller,
            callee: self.uri.clone(),
            destination: Some(SipAddr::new(kind, self.addr.into())),
            offer: Some(offer.into_bytes()),
            contact: contact_uri,
            credential,
            ..InviteOption::default()
        })
    }
}
