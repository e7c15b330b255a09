//! A SIP call as the engine sees it: RTP in and out, keys, hold, the end; and the way to a person (REFER).
//! Never speaks SIP itself: the call's leg does, in its own task.

use std::future::pending;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{StatusCodeKind, Uri};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use crate::line::rtp::{MediaTarget, Received, RtpSocket, RtpStream, StreamStats};
use crate::line::{CloseCause, Outgoing, Port, PortEvent, PortInfo, TransferError};
use crate::talk::Digit;

use super::leg::{Command, LegEvent};

/// Largest datagram that is read; longer ones are cut off and then refused.
const DATAGRAM: usize = 2_048;
/// How long the network may take to connect a transferred caller.
const TRANSFER: Duration = Duration::from_secs(32);

/// One call over SIP and RTP.
pub struct SipPort {
    pub(super) info: PortInfo,
    pub(super) socket: RtpSocket,
    pub(super) stream: RtpStream,
    pub(super) events: mpsc::Receiver<LegEvent>,
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) dialog: InviteDialog,
    pub(super) media_timeout: Duration,
    pub(super) held: bool,
    pub(super) closed: bool,
}

impl SipPort {
    /// Presses a key on the other side's line. `false`: it does not take telephone events.
    pub fn press(&mut self, digit: Digit) -> bool {
        self.stream.press(digit)
    }

    /// The call's figures so far.
    pub fn stats(&self) -> StreamStats {
        self.stream.stats()
    }

    /// Where our own sound comes from.
    pub const fn local_addr(&self) -> std::net::SocketAddr {
        self.socket.local()
    }

    /// When silence from the other side ends the call; not while it holds or sends nothing by agreement.
    fn deadline(&self) -> Option<Instant> {
        let counts = !self.held && self.stream.target().receive;
        counts.then(|| Instant::from_std(self.stream.heard() + self.media_timeout))
    }

    fn take(&mut self, event: Option<LegEvent>) -> Option<PortEvent> {
        match event {
            Some(LegEvent::Media { target, held }) => self.agree(target, held),
            Some(LegEvent::Digit(digit)) => Some(PortEvent::Digit(digit)),
            Some(LegEvent::Closed(cause)) => Some(self.end(cause)),
            None => Some(self.end(CloseCause::TransportFailure)),
        }
    }

    fn agree(&mut self, target: MediaTarget, held: bool) -> Option<PortEvent> {
        self.stream.retarget(Instant::now().into_std(), target);
        let changed = std::mem::replace(&mut self.held, held) != held;
        changed.then_some(PortEvent::Held(held))
    }

    fn end(&mut self, cause: CloseCause) -> PortEvent {
        self.closed = true;
        PortEvent::Closed(cause)
    }

    fn hang_up(&mut self) {
        // A full queue means that the leg is gone or about to go; dropping the sender tells it the same.
        drop(self.commands.try_send(Command::HangUp));
        if let Some((packet, to)) = self.stream.bye() {
            drop(self.socket.send_control(&packet, to));
        }
        self.closed = true;
    }

    fn send_report(&mut self) {
        if let Some((packet, to)) = self.stream.report() {
            drop(self.socket.send_control(&packet, to));
        }
    }
}

#[async_trait]
impl Port for SipPort {
    fn info(&self) -> &PortInfo {
        &self.info
    }

    async fn recv(&mut self) -> PortEvent {
        let mut buffer = [0; DATAGRAM];
        loop {
            if self.closed {
                pending::<()>().await;
            }
            let deadline = self.deadline();
            let silence = async {
                match deadline {
                    Some(at) => sleep_until(at).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                event = self.events.recv() => if let Some(event) = self.take(event) {
                    return event;
                },
                got = self.socket.recv(&mut buffer) => {
                    // An error here is an ICMP message about an earlier packet: nothing to act on.
                    let Ok((len, from)) = got else { continue };
                    let datagram = Bytes::copy_from_slice(&buffer[..len]);
                    match self.stream.receive(Instant::now().into_std(), from, datagram) {
                        Received::Packet(packet) => return PortEvent::Packet(packet),
                        Received::Digit(digit) => return PortEvent::Digit(digit),
                        Received::Nothing => {}
                    }
                }
                () = silence => {
                    self.hang_up();
                    return PortEvent::Closed(CloseCause::MediaTimeout);
                }
            }
        }
    }

    fn send(&mut self, outgoing: Outgoing) {
        if self.closed {
            return;
        }
        let (payload, marker) = match &outgoing {
            Outgoing::Encoded { payload, marker } => (payload.as_ref(), *marker),
            // A plain frame on a telephone line is a fault of the caller's; the tick still counts.
            Outgoing::Plain(_) => (&[][..], false),
        };
        if let Some((packet, to)) = self.stream.tick(payload, marker) {
            let sent = self.socket.send(packet, to).is_ok();
            self.stream.count_sent(sent);
        }
        self.send_report();
    }

    fn clear(&mut self) {
        // Every packet leaves in its own tick: there is nothing to throw away.
    }

    async fn close(&mut self) {
        if !self.closed {
            self.hang_up();
        }
    }

    async fn transfer(&mut self, target: &str) -> Result<(), TransferError> {
        let refused = |why: &str| TransferError::Refused(why.to_owned());
        if target.chars().any(char::is_control) || Uri::try_from(target).is_err() {
            return Err(refused("the target is no SIP address"));
        }
        let (done, outcome) = oneshot::channel();
        self.commands.send(Command::Transfer(done)).await.map_err(|_| refused("the call is over"))?;
        let refer_to = rsipstack::sip::ReferTo::from(format!("<{target}>"));
        let refer = self.dialog.refer(refer_to, None, None);
        let answer = timeout(TRANSFER, refer).await.map_err(|_| refused("no answer"))?;
        match answer {
            Ok(Some(answer)) if answer.status_code.kind() == StatusCodeKind::Successful => {}
            Ok(Some(answer)) => return Err(TransferError::Refused(format!("status {}", answer.status_code.code()))),
            Ok(None) => return Err(refused("the call is not up")),
            Err(_) => return Err(refused("the request could not be sent")),
        }
        match timeout(TRANSFER, outcome).await {
            Ok(Ok(outcome)) => outcome,
            // The leg ended without a word: the other side has taken the caller and hung up.
            Ok(Err(_)) => Ok(()),
            Err(_) => Err(refused("nobody answered there")),
        }
    }
}

impl Drop for SipPort {
    fn drop(&mut self) {
        if !self.closed {
            self.hang_up();
        }
    }
}
