//! Nothing of a caller leaks: not into logs, events, metrics, what a language model is sent, or the data folder.
//! What is planted is found if any of them holds it, in digits or as it was said.

use std::fmt::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hotline::call::{Event, Hangup};
use hotline::privacy::Pii;
use hotline::store::journal::{JournalEvent, journal};
use hotline::store::{CallRecord, CallRecords, PrivacyConfig, StoreConfig, Vault};
use hotline::talk::{CallId, Digit, Language, ReplyId, Transcript, TurnId};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// What a caller brings and must stay with the caller.
const SECRETS: [&str; 6] = ["+8613800138000", "13800138000", "parcel", "包裹", "98765", "Smith"];

/// What callers say, one a turn, and what of it must be nowhere: phone, card, PIN said with its card, identity number,
/// e-mail and postal addresses, in both languages.
const PLANTED: [(&str, &[&str]); 8] = [
    ("my phone is 139 1234 5678", &["13912345678", "139 1234 5678", "1234 5678"]),
    ("card number 4111 1111 1111 1111 please", &["4111111111111111", "4111 1111", "1111 1111"]),
    ("write to jane.roe@example.com", &["jane.roe", "roe@example"]),
    ("it is john dot smith at example dot com", &["john dot smith", "smith at example"]),
    ("我的身份证是11010519491231002X", &["11010519491231002X", "19491231"]),
    ("电话幺三九一二三四五六七八", &["幺三九一二三四五六七八", "一二三四五六七八"]),
    ("deliver to 221b Baker Street, NW1 6XE", &["221b", "Baker Street", "NW1 6XE"]),
    ("寄到海淀区中关村大街27号院3号楼502室", &["中关村大街27号", "502室"]),
];

/// Collects every log line and every span as text, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

struct Line<'a>(&'a mut String);

impl Visit for Line<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?} ").expect("a String takes everything");
    }
}

impl<S: tracing::Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut log = self.0.lock().expect("one thread");
        event.record(&mut Line(&mut log));
        log.push('\n');
    }

    fn on_new_span(&self, span: &tracing::span::Attributes<'_>, _: &tracing::Id, _: Context<'_, S>) {
        span.record(&mut Line(&mut self.0.lock().expect("one thread")));
    }
}

/// The log of what `work` does.
fn log_of(work: impl FnOnce()) -> String {
    let log = Log::default();
    tracing::subscriber::with_default(tracing_subscriber::registry().with(log.clone()), work);
    log.0.lock().expect("one thread").clone()
}

#[track_caller]
fn assert_clean(log: &str) {
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret:?} reached the log:\n{log}");
    }
}

fn vault(data: &Path) -> Arc<Vault> {
    Arc::new(Vault::open(data, &PrivacyConfig::default()).expect("keys"))
}

/// A call full of what must not be told, journalled in this vault and read again.
fn a_call(vault: &Arc<Vault>) {
    let (journal, writer) = journal(&StoreConfig { redact: false, ..StoreConfig::default() }, vault);
    let id = CallId::new("20261122-151923-kqzt").expect("a call id");
    let caller = vault.caller_of(&Pii::new("sip:+8613800138000@example.com".to_owned()), &id);
    let call = journal.open(id.clone(), caller);
    let (turn, reply) = (TurnId(1), ReplyId(1));
    let started = JournalEvent::CallStarted {
        from: "sip:+8613800138000@example.com".to_owned(),
        to: "sip:bot@example.com".to_owned(),
        transport: "sip/udp".to_owned(),
        codec: "PCMA".to_owned(),
    };
    call.record(Duration::ZERO, None, started);
    let said = Transcript::of_text("my parcel 包裹, I am Smith, 98765", Language::EN, "sphinx");
    call.note(Duration::ZERO, &Event::Transcript { turn, transcript: said });
    for digit in "98765".chars().filter_map(Digit::from_char) {
        call.note(Duration::ZERO, &Event::Digit { turn, digit });
    }
    let heard = "Thank you, Smith.".to_owned();
    call.note(Duration::ZERO, &Event::ReplyEnded { turn, reply, heard, interrupted: false });
    call.note(Duration::ZERO, &Event::Ended { cause: Hangup::Caller });
    drop((call, journal));
    writer.run();
    match CallRecords::new(Arc::clone(vault)).show(&id) {
        Ok(record) => tracing::debug!(?record, summary = ?record.summary(), "Read again."),
        Err(error) => tracing::debug!(%error, ?error, "Not written."),
    }
}

#[test]
fn a_journalled_call_logs_nothing_of_the_caller() {
    let data = tempfile::tempdir().expect("a folder");
    let log = log_of(|| a_call(&vault(data.path())));
    assert!(log.contains("Read again."), "the log was listened to: {log}");
    assert_clean(&log);
}

#[test]
fn a_failing_disk_is_logged_once_and_without_the_caller() {
    let data = tempfile::tempdir().expect("a folder");
    std::fs::write(data.path().join("calls"), "a file where a folder should be").expect("written");
    let log = log_of(|| a_call(&vault(data.path())));
    assert_eq!(log.matches("Records cannot be written").count(), 1, "{log}");
    assert_clean(&log);
}

#[test]
fn this_test_can_fail() {
    let log = log_of(|| tracing::info!(from = "+8613800138000", "A careless line."));
    assert!(SECRETS.iter().any(|secret| log.contains(secret)));
    let careless: String = PLANTED.iter().map(|(said, _)| *said).collect();
    assert_eq!(leaks(&careless).len(), PLANTED.len());
}

/// The planted values that stand in this text.
fn leaks(text: &str) -> Vec<&'static str> {
    let held = |(_, values): &(&str, &'static [&'static str])| values.iter().copied().find(|value| text.contains(value));
    PLANTED.iter().filter_map(held).collect()
}

/// A call in which every planted value is said and read back by the bot, as a line keeps it by default.
fn planted_call(vault: &Arc<Vault>, metrics: &hotline::telemetry::Metrics) -> CallRecord {
    let (journal, writer) = journal(&StoreConfig::default(), vault);
    let id = CallId::new("20261122-151923-abcd").expect("a call id");
    let call = journal.open(id.clone(), vault.caller_of(&Pii::default(), &id));
    for ((said, _), n) in PLANTED.iter().zip(1..) {
        let (turn, reply) = (TurnId(n), ReplyId(n));
        let read_back = format!("I heard: {said}.");
        let events = [
            Event::Transcript { turn, transcript: Transcript::of_text(*said, Language::EN, "sphinx") },
            Event::Reply { turn, reply, text: read_back.clone() },
            Event::ReplyEnded { turn, reply, heard: read_back, interrupted: false },
        ];
        for event in events {
            metrics.record(&event);
            call.note(Duration::ZERO, &event);
        }
    }
    call.note(Duration::ZERO, &Event::Ended { cause: Hangup::Caller });
    drop((call, journal));
    writer.run();
    CallRecords::new(Arc::clone(vault)).show(&id).expect("written")
}

#[test]
fn nothing_planted_is_in_events_logs_or_metrics() {
    let data = tempfile::tempdir().expect("a folder");
    let metrics = hotline::telemetry::Metrics::default();
    let mut events = String::new();
    let log = log_of(|| {
        let record = planted_call(&vault(data.path()), &metrics);
        assert_eq!((record.lines.len(), record.damage.len()), (3 * PLANTED.len() + 1, 0));
        events = record.lines.iter().map(|line| line.reveal().as_str()).collect();
        tracing::debug!(?record, "Read again.");
    });
    for (sink, text) in [("events", &events), ("log", &log), ("metrics", &metrics.prometheus())] {
        assert_eq!(leaks(text), Vec::<&str>::new(), "in {sink}: {text}");
    }
}

#[test]
fn nothing_said_is_in_the_data_folder() {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    a_call(&vault);
    planted_call(&vault, &hotline::telemetry::Metrics::default());
    let mut folders = vec![data.path().to_owned()];
    let mut scanned = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).expect("readable");
            let text = String::from_utf8_lossy(&bytes);
            assert_clean(&text);
            assert_eq!(leaks(&text), Vec::<&str>::new(), "in {}", entry.path().display());
            scanned += 1;
        }
    }
    assert!(scanned >= 5, "two journals, their callers' keys, the vault's own");
}

#[cfg(all(feature = "openai", feature = "web"))]
#[tokio::test]
async fn nothing_planted_is_sent_to_a_language_model() {
    use hotline::business::Pack;
    use hotline::dialogue::{ApiKey, DialogueConfig, LlmConfig};
    use hotline::engine::reply::Dialogues;
    use hotline::talk::Prompt;

    let bodies = Arc::new(Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&bodies);
    let take = axum::routing::post(move |body: String| {
        seen.lock().expect("never poisoned").push(body);
        async { axum::http::StatusCode::UNAUTHORIZED }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    tokio::runtime::Handle::current().spawn(async move { axum::serve(listener, axum::Router::new().fallback(take)).await });
    let key = ApiKey::new("k".to_owned());
    let llm = LlmConfig { base_url, key, model: "m".to_owned(), failures_to_open: 1_000, ..LlmConfig::default() };
    let data = tempfile::tempdir().expect("a folder");
    let pack = Arc::new(Pack::load(Path::new("packs/shop")).expect("the shop"));
    let dialogues = Dialogues::open(&DialogueConfig { llm }, pack, data.path()).await.expect("open");
    let mut dialogue = dialogues.begin(Some(Language::EN));
    for ((said, _), n) in PLANTED.iter().zip(1..) {
        let (out, mut events) = tokio::sync::mpsc::channel(64);
        let transcript = Transcript::of_text(*said, Language::EN, "text");
        dialogue.respond(Prompt::Said { turn: TurnId(n), transcript }, &out).await;
        drop(out);
        while events.recv().await.is_some() {}
        dialogue.heard(said, false);
    }
    let bodies = bodies.lock().expect("never poisoned").join("\n");
    assert!(bodies.contains("<phone>") && bodies.contains("<card>"), "the model was asked: {bodies}");
    assert_eq!(leaks(&bodies), Vec::<&str>::new());
}
