//! A bot for line tests: answers every call, plays a tone, notes what it hears. And the ear of the caller.
//! Never judges; the tests do.
#![allow(dead_code)]

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};
use hotline::audio::Dbfs;
use hotline::line::rtp::Law;
use hotline::line::sip::{IncomingCall, Listen, SipConfig, SipEndpoint, Transport};
use hotline::line::{CloseCause, Outgoing, Packet, Port, PortEvent, PortFormat};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A free UDP and a free TCP port on loopback.
pub fn loopback() -> Vec<Listen> {
    ["udp:127.0.0.1:0", "tcp:127.0.0.1:0"].map(|text| text.parse().expect("an address")).to_vec()
}

/// 20 ms of a 440 Hz tone at -9 dBFS, encoded; frame number `n`.
pub fn tone(law: Law, n: usize) -> Vec<u8> {
    let sample = |i: usize| (((n * 160 + i) as f64 * 440.0 / 8_000.0 * std::f64::consts::TAU).sin() * 16_000.0) as i16;
    (0..160).map(|i| if law == Law::A { encode_alaw(sample(i)) } else { encode_ulaw(sample(i)) }).collect()
}

/// Level of encoded sound, in dBFS.
pub fn level(payload: &[u8], law: Law) -> f32 {
    let pcm: Vec<i16> = payload.iter().map(|&b| if law == Law::A { decode_alaw(b) } else { decode_ulaw(b) }).collect();
    Dbfs::of(&pcm).db()
}

/// An endpoint that only calls.
pub struct Line {
    pub endpoint: SipEndpoint,
    _calls: mpsc::Receiver<IncomingCall>,
}

impl Line {
    pub async fn open(listen: Vec<Listen>) -> Self {
        let (endpoint, calls) = Self::endpoint(SipConfig { listen, ..SipConfig::default() }).await;
        Self { endpoint, _calls: calls }
    }

    pub async fn endpoint(config: SipConfig) -> (SipEndpoint, mpsc::Receiver<IncomingCall>) {
        SipEndpoint::bind(config, TaskTracker::new(), CancellationToken::new()).await.expect("free ports")
    }
}

/// `sip:bot@…` of an endpoint's socket.
pub fn uri(endpoint: &SipEndpoint, transport: &str) -> String {
    let suffix = if transport == "tcp" { ";transport=tcp" } else { "" };
    format!("sip:bot@{}{suffix}", addr(endpoint, transport))
}

fn addr(endpoint: &SipEndpoint, transport: &str) -> SocketAddr {
    let wanted = if transport == "tcp" { Transport::Tcp } else { Transport::Udp };
    endpoint.local_addrs().iter().find(|l| l.transport == wanted).expect("it listens there").addr
}

/// What one side heard.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    pub packets: usize,
    pub level: f32,
    pub first_ms: u128,
    pub ssrcs: BTreeSet<u32>,
    pub sound: Vec<u8>,
}

/// Listens for that many ticks, sending a tone meanwhile.
pub async fn hear(port: &mut impl Port, ticks: usize, law: Law) -> Heard {
    let began = Instant::now();
    let mut heard = Heard { first_ms: u128::MAX, ..Heard::default() };
    let mut clock = interval(Duration::from_millis(20));
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut n = 0;
    while n < ticks {
        tokio::select! {
            _ = clock.tick() => {
                port.send(Outgoing::Encoded { payload: tone(law, n).into(), marker: false });
                n += 1;
            }
            event = port.recv() => if let PortEvent::Packet(packet) = event {
                heard.first_ms = heard.first_ms.min(began.elapsed().as_millis());
                heard.packets += 1;
                heard.ssrcs.insert(packet.ssrc);
                heard.sound.extend(&packet.payload);
            }
        }
    }
    heard.level = level(&heard.sound, law);
    heard
}

/// What the bot noted of one call.
#[derive(Debug, Clone)]
pub struct Report {
    pub cause: CloseCause,
    pub from: String,
    pub codec: &'static str,
    pub transport: &'static str,
    pub packets: usize,
    pub level: f32,
    pub digits: String,
    pub holds: Vec<bool>,
    pub ssrcs: usize,
    pub gaps: usize,
    pub sent: u64,
    /// How the bot's handing over went, where it tried.
    pub transferred: Option<bool>,
}

/// What the bot does besides playing its tone.
#[derive(Clone, Default)]
struct Habits {
    /// Lets a call ring that long.
    ring: Duration,
    /// Hands the caller over to that address.
    refers_to: Option<&'static str>,
}

/// Answers every call with a tone until somebody hangs up.
pub struct Bot {
    endpoint: Arc<SipEndpoint>,
    pub hang_up: CancellationToken,
    reports: Mutex<mpsc::Receiver<Report>>,
    tasks: TaskTracker,
}

impl Bot {
    pub async fn start(config: SipConfig) -> Self {
        Self::start_ringing(config, Duration::ZERO).await
    }

    /// Lets every call ring for a while first.
    pub async fn start_ringing(config: SipConfig, ring: Duration) -> Self {
        Self::start_with(config, Habits { ring, ..Habits::default() }).await
    }

    /// Hands every caller over to that address, and hangs up on those who were taken.
    pub async fn start_referring(config: SipConfig, target: &'static str) -> Self {
        Self::start_with(config, Habits { refers_to: Some(target), ..Habits::default() }).await
    }

    async fn start_with(config: SipConfig, habits: Habits) -> Self {
        let tasks = TaskTracker::new();
        let (endpoint, mut calls) = SipEndpoint::bind(config, tasks.clone(), CancellationToken::new()).await.expect("free ports");
        let (done, reports) = mpsc::channel(64);
        let hang_up = CancellationToken::new();
        let (answering, stop) = (tasks.clone(), hang_up.clone());
        tasks.spawn(async move {
            while let Some(call) = calls.recv().await {
                let (done, stop, habits) = (done.clone(), stop.clone(), habits.clone());
                answering.spawn(async move {
                    if let Some(report) = serve(call, habits, stop).await {
                        drop(done.send(report).await);
                    }
                });
            }
        });
        Self { endpoint: Arc::new(endpoint), hang_up, reports: Mutex::new(reports), tasks }
    }

    pub fn uri(&self, transport: &str) -> String {
        uri(&self.endpoint, transport)
    }

    pub fn addr(&self, transport: &str) -> SocketAddr {
        addr(&self.endpoint, transport)
    }

    pub fn calls(&self) -> usize {
        self.endpoint.calls()
    }

    pub async fn shutdown(&self) {
        self.endpoint.shutdown().await;
    }

    /// The next call that ends.
    pub async fn ended(&self) -> Report {
        self.ended_within(Duration::from_secs(5)).await
    }

    pub async fn ended_within(&self, limit: Duration) -> Report {
        timeout(limit, self.reports.lock().await.recv()).await.expect("the call ends in time").expect("the bot runs")
    }
}

async fn serve(mut call: IncomingCall, habits: Habits, stop: CancellationToken) -> Option<Report> {
    let Habits { ring, refers_to } = habits;
    if !ring.is_zero() {
        call.ring();
        tokio::select! {
            () = call.cancelled() => return None,
            () = tokio::time::sleep(ring) => {}
        }
    }
    let from = call.from().reveal().clone();
    let mut port = call.answer().await.ok()?;
    let law = if port.info().format == PortFormat::Pcma { Law::A } else { Law::Mu };
    let mut report = Report {
        cause: CloseCause::LocalHangup,
        from,
        codec: port.info().format.name(),
        transport: port.info().transport,
        packets: 0,
        level: -96.0,
        digits: String::new(),
        holds: Vec::new(),
        ssrcs: 0,
        gaps: 0,
        sent: 0,
        transferred: None,
    };
    if let Some(target) = refers_to {
        // Whoever sends sound has the answer, and has said so by ACK.
        while !matches!(port.recv().await, PortEvent::Packet(_)) {}
        let taken = port.transfer(target).await.is_ok();
        report.transferred = Some(taken);
        if taken {
            port.close().await;
            return Some(report);
        }
    }
    let (mut sound, mut ssrcs, mut last) = (Vec::new(), BTreeSet::new(), None);
    let mut clock = interval(Duration::from_millis(20));
    let mut n = 0;
    loop {
        tokio::select! {
            _ = clock.tick() => {
                port.send(Outgoing::Encoded { payload: tone(law, n).into(), marker: false });
                n += 1;
            }
            () = stop.cancelled() => {
                port.close().await;
                break;
            }
            event = port.recv() => match event {
                PortEvent::Packet(Packet { ssrc, sequence, payload, .. }) => {
                    report.packets += 1;
                    report.gaps += usize::from(last.is_some_and(|last: u16| last.wrapping_add(1) != sequence));
                    last = Some(sequence);
                    ssrcs.insert(ssrc);
                    sound.extend(&payload);
                }
                PortEvent::Digit(digit) => report.digits.push(digit.as_char()),
                PortEvent::Held(held) => report.holds.push(held),
                PortEvent::Closed(cause) => {
                    report.cause = cause;
                    break;
                }
                PortEvent::Plain(_) => unreachable!("a SIP port speaks G.711"),
                PortEvent::Typed(_) | PortEvent::Interrupt | PortEvent::Language(_) => unreachable!("a phone has keys and a voice"),
            }
        }
    }
    (report.level, report.ssrcs, report.sent) = (level(&sound, law), ssrcs.len(), port.stats().sent);
    Some(report)
}
