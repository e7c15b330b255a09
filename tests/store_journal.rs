//! What a call leaves behind, as an operator finds it: journals, records, and disks that fail.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hotline::audio::MediaTime;
use hotline::call::{Event, Hangup, Latency};
use hotline::privacy::Pii;
use hotline::store::journal::{EventsFile, Journal, JournalEvent};
use hotline::store::{CallRecords, Damage, PrivacyConfig, Pseudonym, StoreConfig, StoreError, Vault, Writer, call_id};
use hotline::talk::{CallId, Language, ReplyId, Transcript, TurnId};

fn vault(data: &Path) -> Arc<Vault> {
    Arc::new(Vault::open(data, &PrivacyConfig::default()).expect("keys"))
}

fn journal(vault: &Arc<Vault>) -> (Journal, Writer<EventsFile>) {
    hotline::store::journal::journal(&StoreConfig::default(), vault)
}

/// Everything these calls' journals took is on disk.
fn written(vault: &Arc<Vault>, calls: impl IntoIterator<Item = u32>) {
    let (journal, writer) = journal(vault);
    calls.into_iter().for_each(|n| a_call(&journal, vault, id(n)));
    drop(journal);
    writer.run();
}

fn alice(vault: &Vault, call: &CallId) -> Pseudonym {
    vault.caller_of(&Pii::new("sip:alice@example.com".to_owned()), call)
}

fn id(n: u32) -> CallId {
    let at = chrono::NaiveDate::from_ymd_opt(2026, 11, 22).and_then(|d| d.and_hms_opt(15, 19, 23)).expect("a date");
    call_id(at, n)
}

fn started() -> JournalEvent {
    let text = |s: &str| s.to_owned();
    JournalEvent::CallStarted {
        from: text("sip:alice@example.com"),
        to: text("sip:bot@example.com"),
        transport: text("sip/udp"),
        codec: text("PCMA"),
    }
}

/// One small conversation with an interruption.
fn a_call(journal: &Journal, vault: &Vault, call: CallId) {
    let ms = Duration::from_millis;
    let (turn, reply) = (TurnId(1), ReplyId(1));
    let caller = alice(vault, &call);
    let journal = journal.open(call, caller);
    journal.record(ms(0), None, started());
    for (t_ms, event) in [
        (1_000, Event::SpeechStarted { turn, at: MediaTime::from_millis(980) }),
        (2_400, Event::SpeechEnded { turn, at: MediaTime::from_millis(2_000) }),
        (
            2_500,
            Event::Transcript {
                turn, transcript: Transcript::of_text("我的订单4271，电话13800138000", Language::ZH, "sphinx")
            },
        ),
        (2_510, Event::Reply { turn, reply, text: "Order 4271 is on its way.".to_owned() }),
        (2_600, Event::ReplyStarted { turn, reply }),
        (3_000, Event::BargeIn { turn: turn.next(), reply, after: ms(180) }),
        (3_010, Event::ReplyEnded { turn, reply, heard: "Order 4271".to_owned(), interrupted: true }),
        (
            3_011,
            Event::Latency(Latency {
                turn,
                endpoint: ms(400),
                stt: ms(100),
                reply: ms(10),
                tts: ms(20),
                wire: ms(70),
                total: ms(600),
            }),
        ),
        (5_000, Event::Ended { cause: Hangup::Caller }),
    ] {
        journal.note(ms(t_ms), &event);
    }
}

#[test]
fn a_call_reads_back_as_it_happened() {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    written(&vault, [1, 2]);

    let records = CallRecords::new(vault);
    let record = records.show(&id(1)).expect("it was written");
    assert_eq!((record.entries.len(), record.damage.len(), record.is_closed), (10, 0, true));
    let Some(JournalEvent::Transcript { text, is_final: true, .. }) = record.entries.get(3).map(|e| e.event.clone()) else {
        panic!("the fourth line is the transcript");
    };
    assert_eq!(text, "我的订单4271，电话<phone>", "personal numbers are hidden before they are written");

    let list = records.list().expect("the folder is readable");
    assert_eq!(list.iter().map(|c| c.id.clone()).collect::<Vec<_>>(), [id(2), id(1)], "the latest first");
    let call = &list[0];
    assert_eq!((call.turns, call.barge_ins, call.cause.as_deref()), (1, 1, Some("caller")));
    assert_eq!((call.length, call.from.reveal().as_str()), (Duration::from_secs(5), "sip:alice@example.com"));
    assert_eq!(call.started.map(|at| at.to_string()).as_deref(), Some("2026-11-22 15:19:23"));
}

#[cfg(unix)]
#[test]
fn records_are_readable_by_nobody_else() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().expect("a folder");
    written(&vault(data.path()), [1]);
    let folder = data.path().join("calls").join(id(1).as_str());
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("events.sealed"))), (0o700, 0o600));
}

#[test]
fn a_flipped_byte_is_named_with_file_and_record_and_the_rest_is_read() {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    written(&vault, [7]);
    let path = data.path().join("calls").join(id(7).as_str()).join("events.sealed");
    let mut bytes = fs::read(&path).expect("written");
    // Behind the header, and the length and nonce of the first record, which holds `call_started`.
    bytes[40 + 4 + 12] ^= 1;
    fs::write(&path, bytes).expect("altered");
    let record = CallRecords::new(vault).show(&id(7)).expect("readable");
    let damage: Vec<_> = record.damage.iter().map(ToString::to_string).collect();
    assert_eq!(damage, ["events.sealed: record 1: altered, or of another file"]);
    assert_eq!((record.entries.len(), record.lines.len(), record.is_closed), (9, 9, true));
    assert_eq!(record.summary().cause.as_deref(), Some("caller"));
}

#[test]
fn what_is_not_there_is_said() {
    let data = tempfile::tempdir().expect("a folder");
    let records = CallRecords::new(vault(data.path()));
    assert!(records.list().expect("no calls yet is no error").is_empty());
    assert!(matches!(records.show(&id(1)), Err(StoreError::NoCall { .. })));
    fs::create_dir_all(data.path().join("calls").join(id(1).as_str())).expect("a fresh folder");
    let record = records.show(&id(1)).expect("an empty folder is a call without a journal");
    assert_eq!(record.damage, [Damage { file: "events.sealed", record: 0, what: "the journal is missing" }]);
    let unsealed = data.path().join("calls").join(id(1).as_str()).join("events.sealed");
    fs::write(unsealed, r#"{"t_ms":0,"kind":"reply_started"}"#).expect("written");
    assert_eq!(records.show(&id(1)).expect("a call").damage.len(), 1, "what is not sealed is not believed");
}

#[test]
fn a_full_queue_loses_the_newest_lines_and_the_journal_says_how_many() {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    let (journal, writer) = journal(&vault);
    let call = journal.open(id(3), alice(&vault, &id(3)));
    for t_ms in 0..1_500 {
        call.record(Duration::from_millis(t_ms), Some(TurnId(1)), JournalEvent::ReplyStarted);
    }
    let counts = journal.counts();
    assert_eq!(counts.dropped(), 1_500 - 1_024);
    drop((call, journal));
    writer.run();
    let record = CallRecords::new(vault).show(&id(3)).expect("written");
    let written = record.entries.iter().filter(|e| e.event == JournalEvent::ReplyStarted).count();
    assert_eq!(written, 1_024);
    assert!(record.entries.iter().any(|e| e.event == JournalEvent::EventsLost { count: 476 }));
}

#[test]
fn an_unwritable_folder_harms_no_call_and_is_counted() {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    fs::write(data.path().join("calls"), "a file where a folder should be").expect("written");
    let (journal, writer) = journal(&vault);
    a_call(&journal, &vault, id(1));
    let counts = journal.counts();
    drop(journal);
    writer.run();
    assert!(counts.failed() > 0, "every refusal is counted");
    assert_eq!(counts.dropped(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_harms_neither_its_call_nor_another() {
    use std::os::unix::fs::symlink;
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("calls").join(id(1).as_str());
    fs::create_dir_all(&folder).expect("a fresh folder");
    // /dev/full takes an open and refuses every write with ENOSPC.
    symlink("/dev/full", folder.join("events.sealed")).expect("a link");
    let vault = vault(data.path());
    let (journal, writer) = journal(&vault);
    a_call(&journal, &vault, id(1));
    a_call(&journal, &vault, id(2));
    let counts = journal.counts();
    drop(journal);
    writer.run();
    assert!(counts.failed() > 0);
    let other = CallRecords::new(vault).show(&id(2)).expect("the other call never notices");
    assert_eq!((other.entries.len(), other.damage.len()), (10, 0));
}
