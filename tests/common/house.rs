//! A whole line as `hotline serve` opens it, on free ports of loopback; only its ear and its voice are scripted.
//! Never judges; the tests do.
#![allow(dead_code)]

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hotline::audio::SampleRate;
use hotline::cli::caller::{CallEnded, Caller};
use hotline::cli::serve::{self, Open};
use hotline::config::Config;
use hotline::engine::{Line, Seen, Speech, Tasks, simulate};
use hotline::line::CloseCause;
use hotline::line::sip::{DialError, DialOptions, SipConfig, SipEndpoint, SipPort};
use hotline::speech::hear::{HearError, HearRequest, Hearing, Recognizer};
use hotline::speech::speak::{Delivery, Sink, SpeakError, Synthesizer};
use hotline::store::journal::JournalEvent;
use hotline::store::{CallRecords, PrivacyConfig, Vault};
use hotline::talk::{Digit, Language, Transcript};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longest wait for anything; a test that needs it has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Samples of an 8 kHz voice a letter.
const LETTER: usize = 8 * 5;

/// The calls that a closed line kept in that folder.
pub fn records_of(data: &Path) -> CallRecords {
    CallRecords::new(Arc::new(Vault::existing(data, &PrivacyConfig::default()).expect("the line made its keys")))
}

/// What the recogniser makes of the turns of all calls, in the order in which they end; `!` panics.
pub struct Ear(Mutex<VecDeque<&'static str>>);

impl Ear {
    pub fn of(turns: &[&'static str]) -> Arc<Self> {
        Arc::new(Self(Mutex::new(turns.iter().copied().collect())))
    }
}

struct Turn(&'static str, Language);

impl Recognizer for Ear {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn hears(&self, _: Language) -> bool {
        true
    }

    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
        let text = self.0.lock().expect("no test panics here").pop_front().unwrap_or_default();
        Ok(Box::new(Turn(text, request.language)))
    }
}

impl Hearing for Turn {
    fn feed(&mut self, _: &[i16]) -> Result<Option<Transcript>, HearError> {
        Ok(None)
    }

    fn finish(self: Box<Self>, _: bool) -> Result<Transcript, HearError> {
        assert_ne!(self.0, "!", "the recogniser panics, as its script says");
        Ok(Transcript::of_text(self.0, self.1, "scripted"))
    }
}

/// The bot's voice: a tone, 5 ms a letter; a sentence with `longest` in it goes on for a minute unless it is broken off.
pub struct Tone {
    pub longest: &'static str,
    pub panics_at: &'static str,
}

impl Default for Tone {
    fn default() -> Self {
        Self { longest: "\0", panics_at: "\0" }
    }
}

impl Synthesizer for Tone {
    fn name(&self) -> &'static str {
        "tone"
    }

    fn speaks(&self, _: Language) -> bool {
        true
    }

    fn rate(&self, _: Language) -> SampleRate {
        SampleRate::HZ_8000
    }

    fn synthesise(&self, text: &str, _: Language, _: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        assert!(!text.contains(self.panics_at), "the voice panics, as its script says");
        let tone: Vec<i16> = (0..LETTER * text.chars().count().max(20))
            .map(|n| ((n as f32 * 220.0 / 8_000.0 * std::f32::consts::TAU).sin() * 6_000.0) as i16)
            .collect();
        let mut left = if text.contains(self.longest) { 60 * 8_000 } else { tone.len() };
        while left > 0
            && let ControlFlow::Continue(()) = sink(&tone)
        {
            left = left.saturating_sub(tone.len());
        }
        Ok(())
    }
}

/// Somebody who speaks for that long, for the detector of speech.
pub fn speech(ms: usize) -> Vec<i16> {
    let mut pcm = Vec::new();
    simulate::speak(ms * 8, &mut pcm);
    pcm
}

/// The configuration of a line on free ports, that keeps everything in `data`.
pub fn config(data: &Path) -> Config {
    let mut config = Config { pack: Path::new(env!("CARGO_MANIFEST_DIR")).join("packs/shop"), ..Config::default() };
    config.sip.listen = vec!["udp:127.0.0.1:0".parse().expect("an address")];
    config.http.listen.set_port(0);
    config.store.data = data.to_owned();
    config
}

/// A line, and a telephone to call it with.
pub struct House {
    pub open: Open,
    pub seen: mpsc::Receiver<Seen>,
    pub data: TempDir,
    phone: SipEndpoint,
    tasks: Tasks,
}

impl House {
    /// A line that hears these turns and speaks a plain tone.
    pub async fn open(turns: &[&'static str]) -> Self {
        Self::open_as(Ear::of(turns), Tone::default(), |_| {}).await
    }

    /// A line with this ear and this voice, whose configuration `change` may change.
    pub async fn open_as(ear: Arc<Ear>, tone: Tone, change: impl FnOnce(&mut Config)) -> Self {
        Self::watched_by(mpsc::channel(4_096), (ear, tone), change).await
    }

    /// The same, watched live through that channel.
    pub async fn watched_by(
        (live, seen): (mpsc::Sender<Seen>, mpsc::Receiver<Seen>),
        (ear, tone): (Arc<Ear>, Tone),
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let _taken = rustls::crypto::ring::default_provider().install_default();
        let data = tempfile::tempdir().expect("a folder");
        let mut config = config(data.path());
        change(&mut config);
        let speech = Speech { recognizer: ear, voice: Arc::new(tone), voices: Vec::new() };
        let line = Line::open_with(&config, speech, Some(live)).await.expect("the line opens");
        let open = serve::open(line, &config).await.expect("the ports are free");
        let tasks = Tasks::default();
        let phone = SipConfig { listen: config.sip.listen, ..SipConfig::default() };
        let (phone, _nobody_calls_it) =
            SipEndpoint::bind(phone, tasks.tracker(), tasks.stopping().clone()).await.expect("a free port");
        Self { open, seen, data, phone, tasks }
    }

    /// Places a call.
    pub async fn dial(&self) -> Result<SipPort, DialError> {
        let at = self.open.sip().local_addrs()[0].addr;
        self.phone.dial(&format!("sip:bot@{at}"), DialOptions::default()).await
    }

    /// A caller whose call was answered.
    pub async fn caller(&self) -> Caller {
        self.answered(self.dial().await)
    }

    /// The same from this number.
    pub async fn caller_from(&self, number: &str) -> Caller {
        let at = self.open.sip().local_addrs()[0].addr;
        let options = DialOptions { from: Some(format!("sip:{number}@127.0.0.1")), ..DialOptions::default() };
        self.answered(self.phone.dial(&format!("sip:bot@{at}"), options).await)
    }

    fn answered(&self, dialled: Result<SipPort, DialError>) -> Caller {
        let port = dialled.expect("answered");
        Caller::new(port, self.open.line().board().shared().clock.subscribe(), 1)
    }

    /// Waits for an event on any call, while this caller is on the line; ends too when his call does.
    pub async fn until(&mut self, caller: &mut Caller, wanted: impl Fn(&JournalEvent) -> bool) -> JournalEvent {
        let told = next(&mut self.seen, wanted);
        tokio::pin!(told);
        tokio::select! {
            event = &mut told => event,
            _ = caller.wait(PATIENCE) => timeout(PATIENCE, told).await.expect("told soon after the call's end"),
        }
    }

    /// Lets the bot finish what it says.
    pub async fn until_said(&mut self, caller: &mut Caller) -> JournalEvent {
        self.until(caller, |event| matches!(event, JournalEvent::ReplyEnded { .. })).await
    }

    /// Says something, and waits until its answer was heard to the end.
    pub async fn ask(&mut self, caller: &mut Caller) -> JournalEvent {
        caller.say(&speech(500)).await.expect("the call is up");
        self.until_said(caller).await
    }

    /// Keys them and hears the answer out.
    pub async fn key(&mut self, caller: &mut Caller, keys: &str) -> JournalEvent {
        let keys: Vec<Digit> = keys.chars().filter_map(Digit::from_char).collect();
        caller.press(&keys).await.expect("the call is up");
        self.until_said(caller).await
    }

    /// The next event on any call that is like this.
    pub async fn told(&mut self, wanted: impl Fn(&JournalEvent) -> bool) -> JournalEvent {
        timeout(PATIENCE, next(&mut self.seen, wanted)).await.expect("told in time")
    }

    /// Waits until no task of any call is left.
    pub async fn until_no_task_is_left(&self) {
        let board = self.open.line().board();
        timeout(PATIENCE, async {
            while board.tasks_alive() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await
        .unwrap_or_else(|_| panic!("{} tasks outlive their call", board.tasks_alive()));
    }

    /// Closes the line; what it kept is in the folder.
    pub async fn close(self) -> TempDir {
        self.phone.shutdown().await;
        self.tasks.stop();
        self.open.close().await;
        self.data
    }
}

async fn next(seen: &mut mpsc::Receiver<Seen>, wanted: impl Fn(&JournalEvent) -> bool) -> JournalEvent {
    loop {
        let (_, entry) = seen.recv().await.expect("the line is open");
        if wanted(&entry.event) {
            return entry.event;
        }
    }
}

/// Stays on the line until the call ends; why it did.
pub async fn until_ended(caller: &mut Caller) -> CloseCause {
    match caller.wait(PATIENCE).await {
        Err(CallEnded(cause)) => cause,
        Ok(()) => panic!("the call goes on"),
    }
}
