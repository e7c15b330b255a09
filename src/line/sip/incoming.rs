//! A call that rings: it can be answered, refused, or given up by the caller.
//! Never answers by itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, StatusCode, Transport as SipTransport};
use rsipstack::transaction::transaction::{Transaction, TransactionEvent};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::line::rtp::{Law, RtpSocket, RtpStream};
use crate::line::{PortFormat, PortInfo};
use crate::privacy::Pii;

use super::endpoint::Shared;
use super::leg::{Leg, timer_headers};
use super::negotiation::{Agreement, Negotiation};
use super::offer::{Local, Remote};
use super::port::SipPort;
use super::screen::{ALLOW, authenticate, header, screen, signalling_host};
use super::session_timer::SessionTimer;
use super::{SipError, Transport, random};

/// What a caller is told when nobody looks at the call in time.
const RETRY_AFTER_S: u32 = 5;

/// Why a call is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// All lines are taken: 503 with Retry-After.
    Busy {
        /// When to try again.
        retry_after_s: u32,
    },
    /// 488: this call's sound cannot be served.
    NotAcceptable,
    /// 404: nobody has that address.
    NotFound,
    /// 480: closed, or about to be.
    Unavailable,
    /// 603: the policy says no.
    Declined,
}

impl Rejection {
    fn answer(self) -> (StatusCode, Vec<Header>) {
        match self {
            Self::Busy { retry_after_s } => {
                (StatusCode::ServiceUnavailable, vec![header("Retry-After", retry_after_s.to_string())])
            }
            Self::NotAcceptable => (StatusCode::NotAcceptableHere, Vec::new()),
            Self::NotFound => (StatusCode::NotFound, Vec::new()),
            Self::Unavailable => (StatusCode::TemporarilyUnavailable, Vec::new()),
            Self::Declined => (StatusCode::Decline, Vec::new()),
        }
    }
}

/// A call that rings. Dropped, it is refused with 480.
pub struct IncomingCall {
    from: Pii<String>,
    to: String,
    law: Law,
    ringing: Option<Ringing>,
    states: DialogStateReceiver,
    cancelled: bool,
}

struct Ringing {
    shared: Arc<Shared>,
    dialog: InviteDialog,
    transaction: rsipstack::transaction::transaction::TransactionEventSender,
    offer: Option<Remote>,
    timer: Option<SessionTimer>,
    transport: Transport,
    peer: IpAddr,
}

impl IncomingCall {
    /// The caller's address.
    pub const fn from(&self) -> &Pii<String> {
        &self.from
    }

    /// The address that was called.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// What will be spoken.
    pub const fn format(&self) -> PortFormat {
        self.law.format()
    }

    /// Waits until the caller gives up. Cancel-safe; resolves at once when it happened before.
    pub async fn cancelled(&mut self) {
        while !self.cancelled {
            match self.states.recv().await {
                Some(DialogState::Terminated(..)) | None => self.cancelled = true,
                Some(_) => {}
            }
        }
    }

    /// Tells the caller that it rings (180).
    pub fn ring(&self) {
        if let Some(ringing) = &self.ringing {
            drop(ringing.dialog.ringing(None, None));
        }
    }

    /// Answers. Sound can be sent from the next tick on.
    pub async fn answer(mut self) -> Result<SipPort, SipError> {
        let Some(ringing) = self.ringing.take().filter(|ringing| !ringing.dialog.state().is_terminated()) else {
            return Err(SipError::Cancelled);
        };
        let bind = ringing.shared.socket(ringing.transport).ip();
        let seed = u64::from_be_bytes(random());
        let socket = match RtpSocket::bind(bind, ringing.shared.config.rtp_ports, seed as u16) {
            Ok(socket) => socket,
            Err(error) => {
                ringing.reject(Rejection::Busy { retry_after_s: RETRY_AFTER_S });
                return Err(SipError::NoRtpPort(error));
            }
        };
        let (_, states) = mpsc::unbounded_channel();
        let states = std::mem::replace(&mut self.states, states);
        let info = PortInfo {
            from: self.from.clone(),
            to: self.to.clone(),
            transport: ringing.transport.label(),
            format: self.law.format(),
        };
        ringing.accept(Media { socket, seed, states, info })
    }

    /// Refuses.
    pub async fn reject(mut self, why: Rejection) {
        if let Some(ringing) = self.ringing.take() {
            ringing.reject(why);
        }
    }
}

impl Drop for IncomingCall {
    fn drop(&mut self) {
        if let Some(ringing) = self.ringing.take() {
            ringing.reject(Rejection::Unavailable);
        }
    }
}

/// What a call is given when it is answered.
struct Media {
    socket: RtpSocket,
    seed: u64,
    states: DialogStateReceiver,
    info: PortInfo,
}

impl Ringing {
    fn accept(self, media: Media) -> Result<SipPort, SipError> {
        let Media { socket, seed, states, info } = media;
        let Self { shared, dialog, offer, timer, transport, peer, .. } = self;
        let addr = SocketAddr::new(shared.advertised(transport, peer), socket.local().port());
        let local = Local { addr, session: seed as u32 >> 1, version: 1 };
        let mut negotiation = Negotiation::new(local, shared.rules(peer), vec![Law::A, Law::Mu]);
        let (body, agreement) = match offer {
            Some(offer) => negotiation.answer_read(&offer),
            None => (negotiation.offer(), negotiation.provisional()),
        };
        let mut headers = vec![header("Content-Type", "application/sdp"), header("Allow", ALLOW)];
        headers.extend(timer_headers(timer));
        let requests = shared.route(&dialog);
        let trusted = (!shared.config.dangerous_media_to_strangers).then_some(peer);
        let contact = shared.contact(transport, peer);
        dialog.accept(Some(headers), Some(body.into_bytes())).inspect_err(|_| shared.forget(&dialog))?;
        let connected = Connected { shared, dialog, states, requests, negotiation, timer, contact };
        Ok(connected.into_port(Sound { socket, seed, trusted, agreement }, info))
    }

    fn reject(self, why: Rejection) {
        let (status, headers) = why.answer();
        let request = self.dialog.initial_request();
        // The stack's own `reject` cannot carry headers: our answer goes out first and is final, its only ends the dialog.
        let mut answer = self.shared.layer.endpoint.make_response(&request, status.clone(), None);
        if let Ok(to) = request.to_header() {
            answer.headers.unique_push(to.with_tag(self.dialog.id().local_tag.into()).into());
        }
        answer.headers.extend(headers);
        drop(self.transaction.send(TransactionEvent::Respond(answer)));
        drop(self.dialog.reject(Some(status), None));
    }
}

/// A dialog that is up, on its way to a port; answered calls and made ones alike.
pub struct Connected {
    pub shared: Arc<Shared>,
    pub dialog: InviteDialog,
    pub states: DialogStateReceiver,
    pub requests: mpsc::Receiver<Transaction>,
    pub negotiation: Negotiation,
    pub timer: Option<SessionTimer>,
    pub contact: String,
}

/// The sound of a call that is up.
pub struct Sound {
    pub socket: RtpSocket,
    pub seed: u64,
    pub trusted: Option<IpAddr>,
    pub agreement: Agreement,
}

impl Connected {
    /// Starts the leg's task and gives the port.
    pub fn into_port(self, sound: Sound, info: PortInfo) -> SipPort {
        let (events, from_leg) = mpsc::channel(64);
        let (commands, from_port) = mpsc::channel(8);
        let media_timeout = Duration::from_millis(self.shared.config.media_timeout_ms);
        let (dialog, tasks) = (self.dialog.clone(), self.shared.tasks.clone());
        let leg = Leg {
            shared: self.shared,
            dialog: self.dialog,
            states: self.states,
            requests: self.requests,
            commands: from_port,
            events,
            negotiation: self.negotiation,
            timer: self.timer,
            refreshed: Instant::now(),
            transfer: None,
            contact: self.contact,
        };
        tasks.spawn(leg.run());
        SipPort {
            info,
            socket: sound.socket,
            stream: RtpStream::new(Instant::now().into_std(), sound.agreement.target, sound.trusted, sound.seed),
            events: from_leg,
            commands,
            dialog,
            media_timeout,
            held: sound.agreement.held,
            closed: false,
        }
    }
}

/// Judges an INVITE and lets it ring; then stays with its transaction until the ACK.
pub async fn handle_invite(shared: Arc<Shared>, mut request: Transaction) {
    let transport = match request.connection.as_ref().map(|connection| connection.get_addr().r#type) {
        Some(Some(SipTransport::Tcp)) => Transport::Tcp,
        Some(_) | None => Transport::Udp,
    };
    let Some(peer) = signalling_host(&request.original) else {
        return answer(&mut request, (StatusCode::BadRequest, Vec::new())).await;
    };
    let judged = authenticate(&request.original, &shared.users, shared.seconds())
        .and_then(|()| screen(&request.original, &shared.rules(peer)));
    let screened = match judged {
        Ok(screened) => screened,
        Err(refusal) => return answer(&mut request, refusal).await,
    };
    let Ok(seat) = shared.waiting.clone().try_reserve_owned() else {
        return answer(&mut request, Rejection::Busy { retry_after_s: RETRY_AFTER_S }.answer()).await;
    };
    let (sender, states) = shared.layer.new_dialog_state_channel();
    let contact = rsipstack::sip::Uri::try_from(shared.contact(transport, peer)).ok();
    let Ok(mut dialog) = shared.layer.get_or_create_server_invite(&request, sender, None, contact) else {
        return answer(&mut request, (StatusCode::BadRequest, Vec::new())).await;
    };
    // The stack's answer to a CANCEL would carry another To tag than the 180 did (RFC 3261 section 8.2.6.2).
    if let Ok(to) = request.original.to_header().cloned() {
        request.original.headers.unique_push(to.with_tag(dialog.id().local_tag.into()).into());
    }
    let law = screened.law();
    let ringing = Ringing {
        shared: Arc::clone(&shared),
        dialog: dialog.clone(),
        transaction: request.tu_sender.clone(),
        offer: screened.offer,
        timer: screened.timer,
        transport,
        peer,
    };
    let from = Pii::new(screened.from);
    seat.send(IncomingCall { from, to: screened.to, law, ringing: Some(ringing), states, cancelled: false });
    if let Err(error) = dialog.handle(&mut request).await {
        tracing::debug!(%error, "An INVITE ended in an error.");
    }
    if dialog.state().is_terminated() {
        shared.layer.remove_dialog(&dialog.id());
    }
}

async fn answer(request: &mut Transaction, (status, headers): (StatusCode, Vec<Header>)) {
    drop(request.reply_with(status, headers, None).await);
    // Stays until the ACK has come, so that a lost answer is sent again.
    while request.receive().await.is_some() {}
}
