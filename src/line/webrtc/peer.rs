//! One browser's peer connection: offer in, answer out, and a port once both are connected.
//! Never left open: it is closed when the last who holds it lets go.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCConfigurationBuilder, RTCIceCandidateInit,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder, configure_rtcp_reports,
};

use super::link::Link;
use super::port::{Ends, WebRtcPort};
use super::sdp::{self, Chosen};
use super::tap::Tap;
use super::{WebRtcConfig, WebRtcError, WebRtcLine, random};
use crate::line::{PortFormat, PortInfo};
use crate::privacy::Pii;

/// Packets waiting for the call: one second, as much as the jitter buffer holds; beyond it the newest is dropped.
const PACKETS: usize = 50;
/// Keys and texts of the page waiting for the call; beyond it the newest is dropped.
const PAGE: usize = 32;
/// Longest wait for our own candidates: without STUN there is nothing to wait for.
const GATHERING: Duration = Duration::from_secs(2);
/// A connection that hears nothing for that long is disturbed, then lost: a restart must come before.
const DISTURBED: Duration = Duration::from_secs(4);
const LOST: Duration = Duration::from_secs(12);
const KEEPALIVE: Duration = Duration::from_secs(2);
/// How often what is not connected yet is tried.
const CHECK: Duration = Duration::from_millis(50);
/// Behind all interceptors of the crate.
const TAP: usize = 14_000;

/// Who comes by browser, and to what.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The visitor's address.
    pub from: Pii<String>,
    /// The page's origin.
    pub to: String,
}

/// A leg whose offer was answered and whose browser is connecting.
pub struct Answering {
    connection: Arc<Connection>,
    port: WebRtcPort,
    wait: Duration,
}

impl WebRtcLine {
    /// Answers an offer.
    ///
    /// # Errors
    /// [`WebRtcError::Offer`] if it is none of ours, [`WebRtcError::Port`] if no port is free.
    pub async fn answer(&self, offer: &str, visitor: Visitor) -> Result<(Answering, Link, String), WebRtcError> {
        let chosen = sdp::choose(offer).ok_or_else(|| WebRtcError::Offer("it has no codec of ours".to_owned()))?;
        let description = RTCSessionDescription::offer(offer.to_owned()).map_err(bad_offer)?;
        let (packets_in, packets) = mpsc::channel(PACKETS);
        let (page_in, page) = mpsc::channel(PAGE);
        let (state_in, state) = watch::channel(RTCPeerConnectionState::New);
        let ssrc = u32::from_be_bytes(random());
        let connection = Arc::new(self.connect(&chosen, Tap::new(packets_in), state_in).await?);
        connection.peer.set_remote_description(description).await.map_err(bad_offer)?;
        let track = track(ssrc, &chosen);
        connection.peer.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.map_err(bad_offer)?;
        let answer = connection.describe().await?;
        let answer = connection.outward(&answer, &chosen);
        let link = Link::new((&connection, page_in), offer.to_owned(), chosen.clone());
        let Visitor { from, to } = visitor;
        let info = PortInfo { from, to, transport: "webrtc", format: chosen.format };
        let ends = Ends { connection: Arc::clone(&connection), track, packets, page, state };
        let silence = Duration::from_millis(self.config.silence_ms);
        let port = WebRtcPort::new((info, chosen), ends, (ssrc, silence));
        let wait = Duration::from_millis(self.config.connect_ms);
        Ok((Answering { connection, port, wait }, link, answer))
    }

    async fn connect(
        &self,
        chosen: &Chosen,
        tap: Tap,
        state: watch::Sender<RTCPeerConnectionState>,
    ) -> Result<Connection, WebRtcError> {
        let mut media = MediaEngine::default();
        for codec in codecs(chosen) {
            media.register_codec(codec, RtpCodecKind::Audio).map_err(bad_offer)?;
        }
        let settings = SettingEngineBuilder::new()
            .with_lite(self.config.ice_lite)
            .with_include_loopback_candidate(true)
            .with_ice_timeouts(Some(DISTURBED), Some(LOST), Some(KEEPALIVE))
            .with_ice_connection_attempts(Some(CHECK), None)
            .with_host_acceptance_min_wait(Some(Duration::ZERO))
            .with_prflx_acceptance_min_wait(Some(Duration::ZERO))
            .with_multicast_dns_mode(rtc::ice::mdns::MulticastDnsMode::Disabled);
        let (gathered_in, gathered) = watch::channel(false);
        let peer = PeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_media_engine(media)
            .with_interceptor_registry(configure_rtcp_reports(Registry::new()).with(TAP.into(), tap))
            .with_setting_engine(settings.build())
            .with_handler(Arc::new(Handler { gathered: gathered_in, state }))
            .with_udp_addrs(addresses(&self.config)?)
            .build()
            .await
            .map_err(|error| WebRtcError::Port(error.to_string()))?;
        let (tracker, public) = (self.tracker.clone(), self.config.public_address);
        Ok(Connection { peer: Arc::new(peer), gathered, tracker, public })
    }
}

impl Answering {
    /// Waits until the browser is connected: its addresses checked, its certificate the one its offer named.
    ///
    /// # Errors
    /// [`WebRtcError::NotConnected`] if it is not within `webrtc.connect_ms`.
    pub async fn connected(self) -> Result<WebRtcPort, WebRtcError> {
        let mut state = self.port.state();
        let is_settled = |state: &RTCPeerConnectionState| {
            use RTCPeerConnectionState as State;
            matches!(state, State::Connected | State::Failed | State::Closed)
        };
        let settled = timeout(self.wait, state.wait_for(is_settled)).await.map(|state| state.map(|state| *state));
        let why = match settled {
            Ok(Ok(RTCPeerConnectionState::Connected)) => return Ok(self.port),
            Ok(Ok(RTCPeerConnectionState::Closed)) => "it hung up",
            Ok(_) => "its certificate or its addresses did not hold",
            Err(_) => "it did not come in time",
        };
        self.connection.close().await;
        Err(WebRtcError::NotConnected(why))
    }
}

/// A peer connection that is closed when it is let go.
pub(super) struct Connection {
    peer: Arc<dyn PeerConnection>,
    gathered: watch::Receiver<bool>,
    tracker: TaskTracker,
    public: Option<IpAddr>,
}

impl Connection {
    /// Takes another offer of the same browser; our answer as the crate has it.
    pub(super) async fn answer(&self, offer: RTCSessionDescription) -> Result<String, WebRtcError> {
        self.peer.set_remote_description(offer).await.map_err(bad_offer)?;
        self.describe().await
    }

    pub(super) async fn add(&self, candidate: RTCIceCandidateInit) -> Result<(), WebRtcError> {
        self.peer.add_ice_candidate(candidate).await.map_err(bad_offer)
    }

    pub(super) fn outward(&self, answer: &str, chosen: &Chosen) -> String {
        sdp::outward(answer, chosen, self.public)
    }

    pub(super) async fn close(&self) {
        if let Err(error) = self.peer.close().await {
            tracing::debug!(%error, "A browser's connection was closed already.");
        }
    }

    /// Our answer, with our candidates.
    async fn describe(&self) -> Result<String, WebRtcError> {
        let answer = self.peer.create_answer(None).await.map_err(bad_offer)?;
        self.peer.set_local_description(answer).await.map_err(bad_offer)?;
        let mut gathered = self.gathered.clone();
        // What was not found by now is not waited for: the browser finds us by what is there.
        drop(timeout(GATHERING, gathered.wait_for(|gathered| *gathered)).await);
        self.peer.local_description().await.map(|description| description.sdp).ok_or(WebRtcError::Over)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let peer = Arc::clone(&self.peer);
        self.tracker.spawn(async move { drop(peer.close().await) });
    }
}

struct Handler {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathered.send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }
}

pub(super) fn bad_offer(error: impl std::fmt::Display) -> WebRtcError {
    WebRtcError::Offer(error.to_string())
}

/// The chosen codec and its keys, under the browser's numbers: nothing else can be agreed on.
fn codecs(chosen: &Chosen) -> impl Iterator<Item = RTCRtpCodecParameters> {
    let named = |mime_type: &str, clock_rate, channels| RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate,
        channels,
        ..RTCRtpCodec::default()
    };
    let mut codec = match chosen.format {
        PortFormat::Opus => named("audio/opus", 48_000, 2),
        PortFormat::Pcma => named("audio/PCMA", 8_000, 1),
        PortFormat::Pcmu | PortFormat::Pcm(_) => named("audio/PCMU", 8_000, 1),
    };
    codec.sdp_fmtp_line.clone_from(&chosen.fmtp);
    let events = chosen.events.map(|(number, clock)| (named("audio/telephone-event", clock, 0), number));
    let numbered = [Some((codec, chosen.payload_type)), events].into_iter().flatten();
    numbered.map(|(rtp_codec, payload_type)| RTCRtpCodecParameters { rtp_codec, payload_type })
}

fn track(ssrc: u32, chosen: &Chosen) -> Arc<TrackLocalStaticRTP> {
    let codec = codecs(chosen).next().expect("the first is the codec itself").rtp_codec;
    let rtp_coding_parameters = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
    let encoding = RTCRtpEncodingParameters { rtp_coding_parameters, codec, ..RTCRtpEncodingParameters::default() };
    let named = |name: &str| name.to_owned();
    let track = MediaStreamTrack::new(named("hotline"), named("bot"), named("bot"), RtpCodecKind::Audio, vec![encoding]);
    Arc::new(TrackLocalStaticRTP::new(track))
}

/// Where this connection listens: the first port of the range that is free on every address.
fn addresses(config: &WebRtcConfig) -> Result<Vec<SocketAddr>, WebRtcError> {
    let on = |port: u16| config.listen.iter().map(|&address| SocketAddr::new(address, port)).collect::<Vec<_>>();
    let Some((first, last)) = config.ports else { return Ok(on(0)) };
    let count = u32::from(last.saturating_sub(first)) + 1;
    let start = u32::from_be_bytes(random()) % count;
    (0..count)
        .map(|n| on(first + ((start + n) % count) as u16))
        .find(|addresses| addresses.iter().all(|address| UdpSocket::bind(address).is_ok()))
        .ok_or_else(|| WebRtcError::Port(format!("{first} to {last} are all taken")))
}
