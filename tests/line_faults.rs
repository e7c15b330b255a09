//! What goes wrong around a line: ports that misbehave, weights that are damaged, packs with mistakes, addresses in use.
//! Never needs SIP for a call: the ports here are made for the test.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/house.rs"]
mod house;

use std::collections::VecDeque;
use std::net::{TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hotline::audio::{Dbfs, Frame, MediaTime, SampleRate};
use hotline::call::Hangup;
use hotline::cli::serve;
use hotline::engine::{Line, OpenError, Speech};
use hotline::line::{CloseCause, Outgoing, Port, PortEvent, PortFormat, PortInfo, TransferError};
use hotline::privacy::Pii;
use hotline::store::journal::JournalEvent;
use house::{Ear, House, PATIENCE, Tone, config, speech};
use tokio::sync::Notify;
use tokio::time::timeout;

const RATE: SampleRate = SampleRate::HZ_8000;

/// What was done to a port, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Did {
    SentSpeech,
    SentQuiet,
    Cleared,
    Closed,
}

/// A leg that gives a frame for each it gets, silence until it is told to speak.
struct Leg {
    info: PortInfo,
    shared: Arc<Shared>,
    waiting: VecDeque<PortEvent>,
    played: u64,
    closed: bool,
}

#[derive(Default)]
struct Shared {
    says: Mutex<VecDeque<i16>>,
    did: Mutex<Vec<Did>>,
    hang_up: Notify,
    /// The port panics at its next frame.
    broken: Mutex<bool>,
}

impl Leg {
    fn new() -> (Self, Arc<Shared>) {
        let from = Pii::new("test".to_owned());
        let info = PortInfo { from, to: "line".to_owned(), transport: "test", format: PortFormat::Pcm(RATE) };
        let shared = Arc::new(Shared::default());
        (Self { info, shared: Arc::clone(&shared), waiting: VecDeque::new(), played: 0, closed: false }, shared)
    }
}

impl Shared {
    fn did(&self) -> Vec<Did> {
        self.did.lock().expect("no panic under it").clone()
    }

    fn say(&self, pcm: Vec<i16>) {
        self.says.lock().expect("no panic under it").extend(pcm);
    }
}

#[async_trait]
impl Port for Leg {
    fn info(&self) -> &PortInfo {
        &self.info
    }

    async fn recv(&mut self) -> PortEvent {
        if let Some(event) = self.waiting.pop_front() {
            return event;
        }
        self.shared.hang_up.notified().await;
        PortEvent::Closed(CloseCause::RemoteHangup)
    }

    fn send(&mut self, outgoing: Outgoing) {
        assert!(!*self.shared.broken.lock().expect("no panic under it"), "the port panics, as the test says");
        let Outgoing::Plain(frame) = outgoing else { panic!("a plain port gets plain frames") };
        let did = if Dbfs::of(frame.pcm()).db() > -45.0 { Did::SentSpeech } else { Did::SentQuiet };
        self.shared.did.lock().expect("no panic under it").push(did);
        let mut says = self.shared.says.lock().expect("no panic under it");
        let len = says.len().min(RATE.frame_len());
        let pcm: Vec<i16> = says.drain(..len).collect();
        self.waiting.push_back(PortEvent::Plain(Frame::new(&pcm, RATE, MediaTime::from_samples(self.played, RATE))));
        self.played += RATE.frame_len() as u64;
    }

    fn clear(&mut self) {
        self.shared.did.lock().expect("no panic under it").push(Did::Cleared);
    }

    async fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            self.shared.did.lock().expect("no panic under it").push(Did::Closed);
        }
    }

    async fn transfer(&mut self, _: &str) -> Result<(), TransferError> {
        Err(TransferError::Unsupported("test"))
    }
}

fn serve_on(house: &House, leg: Leg) -> tokio::task::JoinHandle<Hangup> {
    let board = house.open.line().board().clone();
    #[expect(clippy::disallowed_methods, reason = "the test wants the panic of this task")]
    tokio::spawn(async move {
        let place = board.admit().expect("there is room");
        board.serve(Box::new(leg), place).await
    })
}

#[tokio::test]
async fn clear_reaches_the_transport() {
    let tone = Tone { longest: "within 30 days", ..Tone::default() };
    let mut house = House::open_as(Ear::of(&["what is your return policy", ""]), tone, |_| {}).await;
    let (leg, shared) = Leg::new();
    let call = serve_on(&house, leg);
    house.told(|event| matches!(event, JournalEvent::ReplyEnded { .. })).await;
    shared.say(speech(500));
    house.told(|event| matches!(event, JournalEvent::ReplyStarted)).await;
    let before = shared.did().len();
    shared.say(speech(700));
    house.told(|event| matches!(event, JournalEvent::BargeIn { .. })).await;
    house.told(|event| matches!(event, JournalEvent::Transcript { .. })).await;
    shared.hang_up.notify_one();
    assert_eq!(timeout(PATIENCE, call).await.expect("it ends").expect("no panic"), Hangup::Caller);
    let did = shared.did().split_off(before);
    let (spoken, after) = did.split_at(did.iter().position(|did| *did == Did::Cleared).expect("the transport is cleared"));
    assert!(spoken.contains(&Did::SentSpeech), "the reply was on its way");
    // 300 ms later the caller is still speaking: no other reply can have begun.
    assert_eq!(after[2..16], [Did::SentQuiet; 14], "and nothing but its fading out leaves afterwards");
    assert_eq!(after.last(), Some(&Did::Closed));
}

#[tokio::test]
async fn a_call_whose_port_panics_is_recorded_and_harms_no_other() {
    let mut house = House::open(&["what are your opening hours"]).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    let (leg, shared) = Leg::new();
    *shared.broken.lock().expect("no panic under it") = true;
    let call = serve_on(&house, leg);
    assert!(timeout(PATIENCE, call).await.expect("it ends").is_err_and(|error| error.is_panic()));
    house.told(|event| matches!(event, JournalEvent::CallEnded { cause } if cause == "trouble")).await;
    let answer = house.ask(&mut caller).await;
    assert!(matches!(answer, JournalEvent::ReplyEnded { heard, .. } if heard.contains("Monday to Saturday")));
    caller.hang_up().await;
    house.until_no_task_is_left().await;
    assert!(house.open.line().metrics().prometheus().contains("hotline_calls_active 0\n"));
}

#[cfg(all(feature = "whisper", feature = "sphinx"))]
#[tokio::test]
async fn a_corrupt_weight_file_leaves_the_embedded_ear() {
    let data = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(data.path().join("models")).expect("made");
    std::fs::write(data.path().join("models/ggml-base.bin"), "these are no weights").expect("written");
    let config = config(data.path());
    let said = hotline::speech::hear::describe(&config.hear, data.path(), &tokio::runtime::Handle::current());
    let missing = said.iter().find(|fact| fact.name == "whisper").and_then(|fact| fact.missing.as_deref()).expect("it is told");
    assert!(missing.contains("ggml-base.bin"), "{missing}");
    match Line::open(&config, None).await {
        Ok(line) => {
            assert_eq!(line.facts().hear, "sphinx");
            line.close().await;
        }
        // Without PocketSphinx nothing is left to hear with: the error names both.
        Err(OpenError::Hear(error)) => assert!(error.to_string().contains("ggml-base.bin"), "{error}"),
        Err(error) => panic!("{error}"),
    }
}

fn scripted() -> Speech {
    Speech { recognizer: Ear::of(&[]), voice: Arc::new(Tone::default()), voices: Vec::new() }
}

#[tokio::test]
async fn a_mistake_in_a_pack_is_named_by_file_and_line() {
    let data = tempfile::tempdir().expect("a folder");
    let pack = data.path().join("pack");
    std::fs::create_dir(&pack).expect("made");
    std::fs::write(pack.join("pack.toml"), "name = \"broken\"\nlanguages = [\"en\"]\ngreetng = \"hello\"\n").expect("written");
    let config = hotline::config::Config { pack, ..config(data.path()) };
    let error = Line::open_with(&config, scripted(), None).await.err().expect("it is not opened");
    assert!(matches!(error, OpenError::Pack(_)));
    assert!(error.to_string().contains("pack.toml:3"), "{error}");
}

#[tokio::test]
async fn an_address_in_use_is_named_with_the_option_that_changes_it() {
    let _taken = rustls::crypto::ring::default_provider().install_default();
    let data = tempfile::tempdir().expect("a folder");
    let (web, sip) = (TcpListener::bind("127.0.0.1:0").expect("a port"), UdpSocket::bind("127.0.0.1:0").expect("a port"));
    let mut config = config(data.path());
    config.http.listen = web.local_addr().expect("bound");
    let line = Line::open_with(&config, scripted(), None).await.expect("opened");
    let error = serve::open(line, &config).await.err().expect("taken");
    assert!(error.to_string().contains(&config.http.listen.to_string()) && error.to_string().contains("--http"), "{error}");
    let addr = sip.local_addr().expect("bound");
    config.sip.listen = vec![format!("udp:{addr}").parse().expect("an address")];
    let line = Line::open_with(&config, scripted(), None).await.expect("opened");
    let error = serve::open(line, &config).await.err().expect("taken");
    assert!(error.to_string().contains(&addr.to_string()) && error.to_string().contains("--sip"), "{error}");
}
