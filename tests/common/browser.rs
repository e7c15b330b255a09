//! A browser's page: the crate `webrtc` as its peer connection, an HTTP client and a socket as its script.
//! Never a microphone: what it says is handed to it.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::BytesMut;
use futures::{SinkExt as _, StreamExt as _};
use hotline::audio::{Dbfs, SampleRate};
use hotline::media::codec::{OpusDecoder, OpusEncoder};
use hotline::media::resample::StreamResampler;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, ORIGIN};
use reqwest::{Client, Response};
use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::media_stream::MediaStreamTrack;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind,
};
use rtc::sansio::Protocol;
use rtc::shared::error::Error;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceCandidateInit, RTCIceGatheringState,
    RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngineBuilder,
};

/// Longest wait for anything.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Samples of 20 ms.
const FRAME: usize = 960;
/// Numbers of our codecs in the offer; none is what the server would choose by itself.
const OPUS: u8 = 109;
const KEYS: u8 = 101;

/// Sends under another SSRC than was offered, which the crate does not let its users do.
struct Renamed(Arc<AtomicU32>, VecDeque<TaggedPacket>, VecDeque<TaggedPacket>);

impl Protocol<TaggedPacket, TaggedPacket, ()> for Renamed {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, msg: TaggedPacket) -> Result<(), Self::Error> {
        self.1.push_back(msg);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.1.pop_front()
    }

    fn handle_write(&mut self, mut msg: TaggedPacket) -> Result<(), Self::Error> {
        if let (Packet::Rtp(packet), ssrc @ 1..) = (&mut msg.message.packet, self.0.load(Relaxed)) {
            packet.header.ssrc = ssrc;
        }
        self.2.push_back(msg);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.2.pop_front()
    }
}

impl Interceptor for Renamed {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

/// The page's script.
pub struct Page {
    pub client: Client,
    pub base: String,
    pub origin: String,
    pub token: String,
    pub session: Value,
}

impl Page {
    /// A page of the line's own that has its token.
    pub async fn open(base: String) -> Self {
        let origin = base.clone();
        let mut page = Self { client: Client::new(), base, origin, token: String::new(), session: Value::Null };
        let answer = page.mint().await;
        assert_eq!(answer.status(), 200);
        page.session = answer.json().await.expect("JSON");
        page.token = page.session["token"].as_str().expect("a token").to_owned();
        page
    }

    pub async fn mint(&self) -> Response {
        let request = self.client.post(format!("{}/v1/widget/sessions", self.base)).header(ORIGIN, &self.origin);
        request.send().await.expect("an answer")
    }

    pub async fn offer(&self, sdp: String) -> Response {
        let request = self.client.post(format!("{}/v1/widget/calls", self.base)).header(ORIGIN, &self.origin);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token)).header(CONTENT_TYPE, "application/sdp");
        request.body(sdp).send().await.expect("an answer")
    }

    pub async fn patch(&self, location: &str, fragment: String) -> Response {
        let request = self.client.patch(format!("{}{location}", self.base)).header(ORIGIN, &self.origin);
        let request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        let request = request.header(CONTENT_TYPE, "application/trickle-ice-sdpfrag");
        request.body(fragment).send().await.expect("an answer")
    }

    pub async fn delete(&self, location: &str) -> Response {
        let request = self.client.delete(format!("{}{location}", self.base)).header(ORIGIN, &self.origin);
        request.header(AUTHORIZATION, format!("Bearer {}", self.token)).send().await.expect("an answer")
    }

    /// The data path.
    pub async fn socket(&self) -> Result<Socket, String> {
        let authority = self.base.trim_start_matches("http://");
        let address = format!("ws://{authority}/v1/widget/talk?token={}", self.token);
        let mut request = address.into_client_request().expect("an address");
        request.headers_mut().insert("origin", self.origin.parse().expect("an origin"));
        let stream = TcpStream::connect(authority).await.map_err(|error| error.to_string())?;
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.map_err(|error| error.to_string())?;
        Ok(Socket(socket))
    }

    /// Calls: offers, takes the answer, and waits until both are connected.
    pub async fn call(&self) -> Browser {
        let mut browser = Browser::new().await;
        let offer = browser.offer().await;
        browser.take(self.offer(offer).await).await;
        browser.connected().await;
        browser
    }
}

/// The data path's end in the page.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    pub async fn send(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.expect("the line listens");
    }

    /// The next message that is like this.
    pub async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        let told = async {
            loop {
                let message = self.0.next().await.expect("the line is open").expect("a message");
                if let Ok(message) = serde_json::from_str::<Value>(message.to_text().unwrap_or_default())
                    && wanted(&message)
                {
                    return message;
                }
            }
        };
        timeout(PATIENCE, told).await.expect("told in time")
    }

    pub async fn until_state(&mut self, state: &str) -> Value {
        self.until(|message| message["type"] == "state" && message["state"] == state).await
    }

    /// The bot's next sentence with these words in it.
    pub async fn until_caption_with(&mut self, words: &str) {
        let said = |message: &Value| message["text"].as_str().is_some_and(|text| text.contains(words));
        self.until(|message| message["type"] == "caption" && message["who"] == "bot" && said(message)).await;
    }

    pub async fn until_caption(&mut self, who: &str) -> String {
        let wanted = |message: &Value| message["type"] == "caption" && message["who"] == who && message["final"] == json!(true);
        self.until(wanted).await["text"].as_str().expect("text").to_owned()
    }
}

/// The page's peer connection.
pub struct Browser {
    pub peer: Arc<dyn PeerConnection>,
    pub location: String,
    track: Arc<TrackLocalStaticRTP>,
    encoder: OpusEncoder,
    decoder: OpusDecoder,
    gathered: watch::Receiver<bool>,
    state: watch::Receiver<RTCPeerConnectionState>,
    heard: mpsc::UnboundedReceiver<rtp::Packet>,
    header: rtp::Header,
    renamed: Arc<AtomicU32>,
    /// Of a hundred packets so many are lost.
    pub loss_percent: u16,
}

struct Handler {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
    heard: mpsc::UnboundedSender<rtp::Packet>,
}

#[async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathered.send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let heard = self.heard.clone();
        #[expect(clippy::disallowed_methods, reason = "a page's own task, ended with its track")]
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    drop(heard.send(packet));
                }
            }
        });
    }
}

impl Browser {
    pub async fn new() -> Self {
        let named = |mime_type: &str, channels, sdp_fmtp_line: &str| RTCRtpCodec {
            mime_type: mime_type.to_owned(),
            clock_rate: 48_000,
            channels,
            sdp_fmtp_line: sdp_fmtp_line.to_owned(),
            rtcp_feedback: Vec::new(),
        };
        let opus = named("audio/opus", 2, "minptime=10;useinbandfec=1");
        let mut media = MediaEngine::default();
        for (rtp_codec, payload_type) in [(opus.clone(), OPUS), (named("audio/telephone-event", 0, ""), KEYS)] {
            media.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type }, RtpCodecKind::Audio).expect("a codec");
        }
        let ((gathered_in, gathered), (state_in, state)) = (watch::channel(false), watch::channel(RTCPeerConnectionState::New));
        let (heard_in, heard) = mpsc::unbounded_channel();
        let renamed = Arc::new(AtomicU32::new(0));
        let settings = SettingEngineBuilder::new()
            .with_include_loopback_candidate(true)
            .with_ice_connection_attempts(Some(Duration::from_millis(20)), None)
            .with_host_acceptance_min_wait(Some(Duration::ZERO));
        let peer = PeerConnectionBuilder::new()
            .with_media_engine(media)
            .with_interceptor_registry(
                Registry::new().with(500.into(), Renamed(Arc::clone(&renamed), VecDeque::new(), VecDeque::new())),
            )
            .with_setting_engine(settings.build())
            .with_handler(Arc::new(Handler { gathered: gathered_in, state: state_in, heard: heard_in }))
            .with_udp_addrs(vec!["127.0.0.1:0"])
            .build()
            .await
            .expect("a port of loopback");
        let ssrc = 4_711;
        let rtp_coding_parameters = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
        let coding = RTCRtpEncodingParameters { rtp_coding_parameters, codec: opus, ..RTCRtpEncodingParameters::default() };
        let track = MediaStreamTrack::new("page".into(), "mic".into(), "mic".into(), RtpCodecKind::Audio, vec![coding]);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        peer.add_track(Arc::clone(&track) as Arc<dyn TrackLocal>).await.expect("the first track");
        let header = rtp::Header { version: 2, payload_type: OPUS, sequence_number: 65_500, ssrc, ..rtp::Header::default() };
        Self {
            peer: Arc::new(peer),
            location: String::new(),
            track,
            encoder: OpusEncoder::default(),
            decoder: OpusDecoder::default(),
            gathered,
            state,
            heard,
            header,
            renamed,
            loss_percent: 0,
        }
    }

    /// The offer with all its candidates.
    pub async fn offer(&mut self) -> String {
        self.gathered.mark_unchanged();
        let offer = self.peer.create_offer(None).await.expect("an offer");
        self.peer.set_local_description(offer).await.expect("our own");
        drop(timeout(PATIENCE, self.gathered.wait_for(|gathered| *gathered)).await.expect("gathered"));
        self.peer.local_description().await.expect("it is set").sdp
    }

    /// Takes the answer to the offer.
    pub async fn take(&mut self, response: Response) {
        assert_eq!(response.status(), 201, "{:?}", response.text().await);
        self.location = response.headers()[LOCATION].to_str().expect("a path").to_owned();
        let answer = RTCSessionDescription::answer(response.text().await.expect("text")).expect("an answer");
        self.peer.set_remote_description(answer).await.expect("the line's answer");
    }

    /// The answer that was taken.
    pub async fn answer(&self) -> String {
        self.peer.remote_description().await.expect("it was taken").sdp
    }

    pub async fn connected(&mut self) {
        self.until(RTCPeerConnectionState::Connected).await;
    }

    pub async fn until(&mut self, state: RTCPeerConnectionState) {
        let wanted = self.state.wait_for(|now| *now == state);
        drop(timeout(PATIENCE, wanted).await.unwrap_or_else(|_| panic!("never {state}")));
    }

    pub fn state(&self) -> RTCPeerConnectionState {
        *self.state.borrow()
    }

    pub async fn add(&self, candidate: &str) {
        let candidate = RTCIceCandidateInit { candidate: candidate.to_owned(), ..RTCIceCandidateInit::default() };
        self.peer.add_ice_candidate(candidate).await.expect("a candidate");
    }

    /// Another microphone: the stream goes on under another SSRC.
    pub fn change_ssrc(&mut self) {
        self.renamed.store(815, Relaxed);
        self.header = rtp::Header { sequence_number: 7, timestamp: 1 << 31, ..self.header.clone() };
    }

    /// Speaks 8 kHz sound, in real time.
    pub async fn say(&mut self, pcm: &[i16]) {
        let mut wide = Vec::new();
        let mut resampler = StreamResampler::new(SampleRate::HZ_8000, SampleRate::HZ_48000);
        resampler.push(pcm, &mut wide);
        resampler.finish(&mut wide);
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        for frame in wide.chunks_exact(FRAME) {
            ticks.tick().await;
            self.send(frame).await;
        }
    }

    async fn send(&mut self, frame: &[i16]) {
        let mut payload = BytesMut::new();
        self.encoder.encode(frame, &mut payload);
        self.header.timestamp = self.header.timestamp.wrapping_add(FRAME as u32);
        if payload.is_empty() {
            return;
        }
        self.header.sequence_number = self.header.sequence_number.wrapping_add(1);
        // A pattern without a period that a buffer could live on.
        if self.header.sequence_number.wrapping_mul(31_337) % 100 >= self.loss_percent {
            let packet = rtp::Packet { header: self.header.clone(), payload: payload.freeze() };
            self.track.write_rtp(packet).await.expect("connected");
        }
    }

    /// Waits until the bot is heard: sound well above comfort noise.
    pub async fn until_heard(&mut self) {
        let heard = async {
            loop {
                let packet = self.heard.recv().await.expect("the track goes on");
                let mut pcm = Vec::new();
                self.decoder.decode(&packet.payload, &mut pcm);
                if Dbfs::of(&pcm).db() > -30.0 {
                    assert_eq!(packet.header.payload_type, OPUS);
                    return;
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("heard in time");
    }

    /// Is silent for so many samples of 8 kHz, in real time, and tells when the bot was first heard meanwhile.
    pub async fn listen(&mut self, samples: usize) -> Option<Instant> {
        let (mut first, mut pcm) = (None, Vec::new());
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        for _ in 0..samples / 160 {
            let at = ticks.tick().await;
            self.send(&[0; FRAME]).await;
            while let Ok(packet) = self.heard.try_recv() {
                pcm.clear();
                self.decoder.decode(&packet.payload, &mut pcm);
                if first.is_none() && Dbfs::of(&pcm).db() > -30.0 {
                    first = Some(at.into_std());
                }
            }
        }
        first
    }

    /// Forgets what has come so far.
    pub fn forget(&mut self) {
        while self.heard.try_recv().is_ok() {}
    }

    /// Whether nothing at all came.
    pub fn has_heard_nothing(&mut self) -> bool {
        self.heard.try_recv().is_err()
    }
}
