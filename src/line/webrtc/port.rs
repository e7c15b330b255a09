//! A connected browser as a port.
//! Never holds a packet back: each tick's sound leaves in its tick or not at all.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt as _;
use rtc::rtp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::RTCPeerConnectionState;

use super::peer::Connection;
use super::random;
use super::sdp::Chosen;
use crate::line::rtp::EventReceiver;
use crate::line::{CloseCause, Outgoing, Packet, Port, PortEvent, PortFormat, PortInfo, TransferError};
use crate::media::codec::OPUS;

/// What a port is connected to.
pub(super) struct Ends {
    pub connection: Arc<Connection>,
    /// Sound to the browser.
    pub track: Arc<TrackLocalStaticRTP>,
    /// Sound from it.
    pub packets: mpsc::Receiver<rtp::Packet>,
    /// What its page does beside it.
    pub page: mpsc::Receiver<PortEvent>,
    pub state: watch::Receiver<RTCPeerConnectionState>,
}

/// One browser on the line.
pub struct WebRtcPort {
    info: PortInfo,
    chosen: Chosen,
    ends: Ends,
    keys: EventReceiver,
    next: rtp::Header,
    silence: Duration,
    heard: Instant,
    closed: bool,
}

impl WebRtcPort {
    pub(super) fn new((info, chosen): (PortInfo, Chosen), ends: Ends, (ssrc, silence): (u32, Duration)) -> Self {
        let next = rtp::Header {
            version: 2,
            payload_type: chosen.payload_type,
            sequence_number: u16::from_be_bytes(random()),
            timestamp: u32::from_be_bytes(random()),
            ssrc,
            ..rtp::Header::default()
        };
        Self { info, chosen, ends, keys: EventReceiver::default(), next, silence, heard: Instant::now(), closed: false }
    }

    /// Where the connection stands.
    pub(super) fn state(&self) -> watch::Receiver<RTCPeerConnectionState> {
        self.ends.state.clone()
    }

    fn receive(&mut self, packet: rtp::Packet) -> Option<PortEvent> {
        self.heard = Instant::now();
        let rtp::Packet { header, payload } = packet;
        if self.chosen.events.is_some_and(|(number, _)| number == header.payload_type) {
            return self.keys.receive(header.timestamp, &payload).map(PortEvent::Digit);
        }
        let agreed = header.payload_type == self.chosen.payload_type;
        let payload_type = if agreed && self.chosen.format == PortFormat::Opus { OPUS } else { header.payload_type };
        Some(PortEvent::Packet(Packet {
            payload_type,
            ssrc: header.ssrc,
            sequence: header.sequence_number,
            timestamp: header.timestamp,
            marker: header.marker,
            payload,
        }))
    }
}

#[async_trait]
impl Port for WebRtcPort {
    fn info(&self) -> &PortInfo {
        &self.info
    }

    async fn recv(&mut self) -> PortEvent {
        loop {
            if self.closed {
                pending::<()>().await;
            }
            let silent_at = self.heard + self.silence;
            let Ends { packets, page, state, .. } = &mut self.ends;
            let event = tokio::select! {
                biased;
                cause = ended(state) => Some(PortEvent::Closed(cause)),
                Some(event) = page.recv() => Some(event),
                Some(packet) = packets.recv() => self.receive(packet),
                () = sleep_until(silent_at) => Some(PortEvent::Closed(CloseCause::MediaTimeout)),
            };
            if let Some(event) = event {
                self.closed = matches!(event, PortEvent::Closed(_));
                return event;
            }
        }
    }

    fn send(&mut self, outgoing: Outgoing) {
        let (payload, marker) = match outgoing {
            Outgoing::Encoded { payload, marker } => (payload, marker),
            // A plain frame on a browser's line is a fault of the caller's; the tick still counts.
            Outgoing::Plain(_) => (bytes::Bytes::new(), false),
        };
        if !payload.is_empty() && !self.closed {
            let header = rtp::Header { marker, ..self.next.clone() };
            // The connection's queue takes seconds of packets; one that finds it full is late anyway.
            let _sent_or_dropped = self.ends.track.write_rtp(rtp::Packet { header, payload }).now_or_never();
            self.next.sequence_number = self.next.sequence_number.wrapping_add(1);
        }
        self.next.timestamp = self.next.timestamp.wrapping_add(self.info.format.rate().frame_len() as u32);
    }

    fn clear(&mut self) {
        // Every packet leaves in its own tick: there is nothing to throw away.
    }

    async fn close(&mut self) {
        self.closed = true;
        self.ends.connection.close().await;
    }

    async fn transfer(&mut self, _: &str) -> Result<(), TransferError> {
        Err(TransferError::Unsupported("browser"))
    }
}

/// Waits until the connection is over.
async fn ended(state: &mut watch::Receiver<RTCPeerConnectionState>) -> CloseCause {
    let ended = state.wait_for(|state| over(*state).is_some()).await;
    ended.ok().and_then(|state| over(*state)).unwrap_or(CloseCause::TransportFailure)
}

/// Why the connection is over, if it is. A disturbed one may come back by a restart of ICE.
const fn over(state: RTCPeerConnectionState) -> Option<CloseCause> {
    match state {
        RTCPeerConnectionState::Closed => Some(CloseCause::RemoteHangup),
        RTCPeerConnectionState::Failed => Some(CloseCause::TransportFailure),
        _ => None,
    }
}
