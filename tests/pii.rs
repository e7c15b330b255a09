//! Nothing of a caller reaches the log: number, words or keys; whatever happens to the disk meanwhile.

use std::fmt::{self, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hotline::call::{Event, Hangup};
use hotline::store::journal::{JournalEvent, journal};
use hotline::store::{CallRecords, StoreConfig};
use hotline::talk::{CallId, Digit, Language, ReplyId, Transcript, TurnId};
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// What a caller brings and must stay with the caller.
const SECRETS: [&str; 6] = ["+8613800138000", "13800138000", "parcel", "包裹", "98765", "Smith"];

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

/// A call full of what must not be told, journalled under `data` and read again.
fn a_call(data: &Path) {
    let (journal, writer) = journal(&StoreConfig { data: data.to_owned(), redact: false, ..StoreConfig::default() });
    let id = CallId::new("20261122-151923-kqzt").expect("a call id");
    let call = journal.open(id.clone());
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
    match CallRecords::new(data).show(&id) {
        Ok(record) => tracing::debug!(?record, summary = ?record.summary(), "Read again."),
        Err(error) => tracing::debug!(%error, ?error, "Not written."),
    }
}

#[test]
fn a_journalled_call_logs_nothing_of_the_caller() {
    let data = tempfile::tempdir().expect("a folder");
    let log = log_of(|| a_call(data.path()));
    assert!(log.contains("Read again."), "the log was listened to: {log}");
    assert_clean(&log);
}

#[test]
fn a_failing_disk_is_logged_once_and_without_the_caller() {
    let data = tempfile::tempdir().expect("a folder");
    let blocked = data.path().join("blocked");
    std::fs::write(&blocked, "a file where a folder should be").expect("written");
    let log = log_of(|| a_call(&blocked));
    assert_eq!(log.matches("Records cannot be written").count(), 1, "{log}");
    assert_clean(&log);
}

#[test]
fn this_test_can_fail() {
    let log = log_of(|| tracing::info!(from = "+8613800138000", "A careless line."));
    assert!(SECRETS.iter().any(|secret| log.contains(secret)));
}
