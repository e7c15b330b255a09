//! One call's SIP dialog after it was answered, in its own task: re-INVITE, UPDATE, INFO, NOTIFY, timers, BYE.
//! Never touches sound; it tells the port what was agreed on.

use std::sync::Arc;
use std::time::Duration;

use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TerminatedReason, TransactionHandle};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use rsipstack::transaction::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use crate::line::rtp::MediaTarget;
use crate::line::{CloseCause, TransferError};
use crate::talk::Digit;

use super::body::{digit, fragment_status};
use super::endpoint::Shared;
use super::negotiation::{Agreement, Negotiation};
use super::screen::{ALLOW, Refusal, header, refusal, session_timer, value};
use super::session_timer::{Due, SessionTimer};

/// Room that is kept for what must not be lost when keys flood in.
const RESERVED: usize = 8;
/// Waiting for a pending re-INVITE before a BYE.
const PATIENCE: Duration = Duration::from_millis(200);

/// What the leg tells the port.
#[derive(Debug)]
pub enum LegEvent {
    /// Offer and answer changed something.
    Media {
        /// What is agreed on now.
        target: MediaTarget,
        /// Whether the other side holds.
        held: bool,
    },
    /// A key in an INFO.
    Digit(Digit),
    /// The dialog is over.
    Closed(CloseCause),
}

/// What the port asks of the leg.
pub enum Command {
    /// Send BYE.
    HangUp,
    /// Tell how the transfer that is being asked for ends.
    Transfer(oneshot::Sender<Result<(), TransferError>>),
}

/// The task's state.
pub struct Leg {
    pub shared: Arc<Shared>,
    pub dialog: InviteDialog,
    pub states: DialogStateReceiver,
    pub requests: mpsc::Receiver<Transaction>,
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<LegEvent>,
    pub negotiation: Negotiation,
    pub timer: Option<SessionTimer>,
    pub refreshed: Instant,
    pub transfer: Option<oneshot::Sender<Result<(), TransferError>>>,
    pub contact: String,
}

impl Leg {
    /// Runs until the dialog is over.
    pub async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let cause = loop {
            let over = tokio::select! {
                () = shared.calls_end.cancelled() => Some(self.hang_up().await),
                state = self.states.recv() => match state {
                    Some(state) => self.handle_state(state).await,
                    None => Some(CloseCause::TransportFailure),
                },
                Some(request) = self.requests.recv() => self.handle_request(request).await,
                command = self.commands.recv() => match command {
                    Some(Command::Transfer(done)) => {
                        self.transfer = Some(done);
                        None
                    }
                    Some(Command::HangUp) | None => Some(self.hang_up().await),
                },
                () = due(self.timer, self.refreshed) => self.handle_timer().await,
            };
            if let Some(cause) = over {
                break cause;
            }
        };
        drop(self.events.try_send(LegEvent::Closed(cause)));
        shared.forget(&self.dialog);
    }

    async fn handle_state(&mut self, state: DialogState) -> Option<CloseCause> {
        match state {
            DialogState::Updated(_, request, reply) => self.handle_offer(&request, reply).await,
            DialogState::Confirmed(..) if self.negotiation.is_open() => return self.take_answer().await,
            DialogState::Terminated(_, reason) => return Some(cause(&reason)),
            // The rest is answered before it reaches the dialog's states, or needs no answer.
            DialogState::Calling(_)
            | DialogState::Trying(_)
            | DialogState::Early(..)
            | DialogState::WaitAck(..)
            | DialogState::Confirmed(..)
            | DialogState::Publish(..)
            | DialogState::Notify(..)
            | DialogState::Refer(..)
            | DialogState::Message(..)
            | DialogState::Info(..)
            | DialogState::Options(..) => {}
        }
        None
    }

    /// A re-INVITE: answers its offer, or offers where it has none (RFC 3261 section 14.2).
    async fn handle_offer(&mut self, request: &Request, reply: TransactionHandle) {
        let (status, headers, body) = match self.renegotiate(request, true) {
            Ok((headers, body)) => (StatusCode::OK, headers, Some(body)),
            Err((status, headers)) => (status, headers, None),
        };
        drop(reply.respond(status, Some(headers), body).await);
    }

    fn renegotiate(&mut self, request: &Request, offer: bool) -> Result<(Vec<Header>, Vec<u8>), Refusal> {
        let timer = session_timer(request)?;
        let mut headers = vec![header("Allow", ALLOW)];
        let body = if !request.body.is_empty() {
            let (answer, agreement) = self.negotiation.answer(&request.body).map_err(refusal)?;
            self.announce(agreement);
            answer
        } else if offer {
            self.negotiation.offer()
        } else {
            String::new()
        };
        self.refreshed = Instant::now();
        self.timer = timer.or(self.timer);
        headers.extend(timer_headers(timer));
        if !body.is_empty() {
            headers.push(header("Content-Type", "application/sdp"));
        }
        Ok((headers, body.into_bytes()))
    }

    /// The answer to an offer of ours comes in the ACK; without one there is no call.
    async fn take_answer(&mut self) -> Option<CloseCause> {
        let answer = self.dialog.last_remote_ack().map(|ack| ack.body).unwrap_or_default();
        match self.negotiation.answered(&answer) {
            Ok(agreement) => {
                self.announce(agreement);
                None
            }
            Err(_) => Some(self.hang_up().await),
        }
    }

    /// Requests that the SIP stack's own dialog states would get in the way of.
    async fn handle_request(&mut self, mut request: Transaction) -> Option<CloseCause> {
        let (status, headers, body) = match request.original.method {
            Method::Bye => {
                drop(request.reply(StatusCode::OK).await);
                return Some(CloseCause::RemoteHangup);
            }
            Method::Update => match self.renegotiate(&request.original, false) {
                Ok((headers, body)) => (StatusCode::OK, headers, (!body.is_empty()).then_some(body)),
                Err((status, headers)) => (status, headers, None),
            },
            Method::Info => (self.handle_info(&request.original), Vec::new(), None),
            Method::Notify => (self.handle_notify(&request.original), Vec::new(), None),
            Method::Options => (StatusCode::OK, vec![header("Allow", ALLOW), header("Accept", "application/sdp")], None),
            // Whoever asks us to call somewhere gets nothing: that is how lines are robbed (toll fraud).
            Method::Refer => (StatusCode::Forbidden, Vec::new(), None),
            Method::Ack
            | Method::Cancel
            | Method::Invite
            | Method::Message
            | Method::PRack
            | Method::Publish
            | Method::Register
            | Method::Subscribe => (StatusCode::MethodNotAllowed, vec![header("Allow", ALLOW)], None),
        };
        let contact = header("Contact", format!("<{}>", self.contact));
        drop(request.reply_with(status, [vec![contact], headers].concat(), body).await);
        None
    }

    fn handle_info(&self, request: &Request) -> StatusCode {
        if request.body.is_empty() {
            return StatusCode::OK;
        }
        let kind = value(request, "Content-Type").unwrap_or_default();
        let Some(digit) = digit(&kind, &request.body) else { return StatusCode::UnsupportedMediaType };
        if self.events.capacity() > RESERVED {
            drop(self.events.try_send(LegEvent::Digit(digit)));
        }
        StatusCode::OK
    }

    fn handle_notify(&mut self, request: &Request) -> StatusCode {
        match fragment_status(&request.body) {
            Some(100..200) => {}
            Some(200..300) => self.transferred(Ok(())),
            Some(status) => self.transferred(Err(TransferError::Refused(format!("status {status}")))),
            None => return StatusCode::BadEvent,
        }
        StatusCode::OK
    }

    fn transferred(&mut self, outcome: Result<(), TransferError>) {
        if let Some(done) = self.transfer.take() {
            drop(done.send(outcome));
        }
    }

    async fn handle_timer(&mut self) -> Option<CloseCause> {
        let timer = self.timer?;
        match timer.due(self.refreshed.into_std()) {
            Due::Refresh(_) => {
                self.refreshed = Instant::now();
                let headers = vec![header("Supported", "timer"), header("Session-Expires", timer.refresh_header())];
                let dialog = self.dialog.clone();
                self.shared.tasks.spawn(async move { dialog.update(Some(headers), None).await.map(drop) });
                None
            }
            Due::Expire(_) => {
                self.hang_up().await;
                Some(CloseCause::TransportFailure)
            }
        }
    }

    fn announce(&self, Agreement { target, held }: Agreement) {
        if self.events.try_send(LegEvent::Media { target, held }).is_err() {
            tracing::warn!("A change of media was lost: the call does not read its events.");
        }
    }

    /// Sends BYE and waits for its answer, for a second at most once the line is being shut down.
    async fn hang_up(&mut self) -> CloseCause {
        let shutting_down = async {
            self.shared.calls_end.cancelled().await;
            sleep(Duration::from_secs(1)).await;
        };
        tokio::select! {
            () = say_bye(&self.dialog) => {}
            () = shutting_down => {}
        }
        CloseCause::LocalHangup
    }
}

/// The stack refuses a BYE while a re-INVITE is in flight; it ends within 32 s, and the call then.
async fn say_bye(dialog: &InviteDialog) {
    for _ in 0..160 {
        if dialog.bye().await.is_ok() || dialog.state().is_terminated() {
            return;
        }
        sleep(PATIENCE).await;
    }
}

/// The headers that agree to a session timer.
pub fn timer_headers(timer: Option<SessionTimer>) -> Vec<Header> {
    let mut headers = vec![header("Supported", "timer")];
    headers.extend(timer.map(|timer| header("Session-Expires", timer.header())));
    // Only who refreshes must know timers (RFC 4028 section 9).
    headers.extend(timer.filter(|timer| !timer.is_ours()).map(|_| header("Require", "timer")));
    headers
}

async fn due(timer: Option<SessionTimer>, refreshed: Instant) {
    match timer.map(|timer| timer.due(refreshed.into_std())) {
        Some(Due::Refresh(at) | Due::Expire(at)) => sleep_until(Instant::from_std(at)).await,
        None => std::future::pending().await,
    }
}

fn cause(reason: &TerminatedReason) -> CloseCause {
    match reason {
        TerminatedReason::UacCancel
        | TerminatedReason::UacBye
        | TerminatedReason::UasBye
        | TerminatedReason::UacBusy
        | TerminatedReason::UasBusy
        | TerminatedReason::UasDecline => CloseCause::RemoteHangup,
        TerminatedReason::Timeout
        | TerminatedReason::ProxyError(_)
        | TerminatedReason::ProxyAuthRequired
        | TerminatedReason::UacOther(_)
        | TerminatedReason::UasOther(_) => CloseCause::TransportFailure,
    }
}
