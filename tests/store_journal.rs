//! What a call leaves behind, as an operator finds it: journals, records, and disks that fail.

use std::fs;
use std::path::Path;
use std::time::Duration;

use hotline::audio::MediaTime;
use hotline::call::{Event, Hangup, Latency};
use hotline::store::journal::{Journal, JournalEvent, journal};
use hotline::store::{CallRecords, Damage, StoreConfig, StoreError, call_id};
use hotline::talk::{CallId, Language, ReplyId, Transcript, TurnId};

fn config(data: &Path) -> StoreConfig {
    StoreConfig { data: data.to_owned(), ..StoreConfig::default() }
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
fn a_call(journal: &Journal, call: CallId) {
    let ms = Duration::from_millis;
    let (turn, reply) = (TurnId(1), ReplyId(1));
    let journal = journal.open(call);
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
    let (journal, writer) = journal(&config(data.path()));
    a_call(&journal, id(1));
    a_call(&journal, id(2));
    drop(journal);
    writer.run();

    let records = CallRecords::new(data.path());
    let record = records.show(&id(1)).expect("it was written");
    assert_eq!((record.entries.len(), record.damage.len()), (10, 0));
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
    let (journal, writer) = journal(&config(data.path()));
    a_call(&journal, id(1));
    drop(journal);
    writer.run();
    let folder = data.path().join("calls").join(id(1).as_str());
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("events.jsonl"))), (0o700, 0o600));
}

#[test]
fn a_damaged_or_cut_off_line_is_named_and_the_rest_is_read() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("calls").join(id(7).as_str());
    fs::create_dir_all(&folder).expect("a fresh folder");
    let lines = [
        r#"{"t_ms":0,"kind":"reply_started","turn":1}"#,
        r#"{"t_ms":1,"kind":"reply""#,
        r#"{"t_ms":2,"kind":"smell","of":"roses"}"#,
        r#"{"t_ms":3,"kind":"reply"}"#,
        r#"{"t_ms":4,"kind":"call_ended","cau"#,
    ];
    fs::write(folder.join("events.jsonl"), lines.join("\n")).expect("written");
    let record = CallRecords::new(data.path()).show(&id(7)).expect("readable");
    assert_eq!(record.damage.iter().map(|d| d.line).collect::<Vec<_>>(), [2, 4, 5]);
    assert!(record.damage[2].to_string().starts_with("events.jsonl:5: cut off"));
    assert_eq!((record.entries.len(), record.lines.len()), (1, 2), "a later version's kind is kept as a line");
    assert_eq!(record.summary().cause, None);
}

#[test]
fn what_is_not_there_is_said() {
    let data = tempfile::tempdir().expect("a folder");
    let records = CallRecords::new(data.path().join("never-made"));
    assert!(records.list().expect("no calls yet is no error").is_empty());
    assert!(matches!(records.show(&id(1)), Err(StoreError::NoCall { .. })));
    let records = CallRecords::new(data.path());
    fs::create_dir_all(data.path().join("calls").join(id(1).as_str())).expect("a fresh folder");
    let record = records.show(&id(1)).expect("an empty folder is a call without a journal");
    assert_eq!(record.damage, [Damage { line: 0, what: "the journal is missing" }]);
}

#[test]
fn a_full_queue_loses_the_newest_lines_and_the_journal_says_how_many() {
    let data = tempfile::tempdir().expect("a folder");
    let (journal, writer) = journal(&config(data.path()));
    let call = journal.open(id(3));
    for t_ms in 0..1_500 {
        call.record(Duration::from_millis(t_ms), Some(TurnId(1)), JournalEvent::ReplyStarted);
    }
    let counts = journal.counts();
    assert_eq!(counts.dropped(), 1_500 - 1_024);
    drop((call, journal));
    writer.run();
    let record = CallRecords::new(data.path()).show(&id(3)).expect("written");
    let written = record.entries.iter().filter(|e| e.event == JournalEvent::ReplyStarted).count();
    assert_eq!(written, 1_024);
    assert!(record.entries.iter().any(|e| e.event == JournalEvent::EventsLost { count: 476 }));
}

#[test]
fn an_unwritable_folder_harms_no_call_and_is_counted() {
    let data = tempfile::tempdir().expect("a folder");
    let blocked = data.path().join("blocked");
    fs::write(&blocked, "a file where a folder should be").expect("written");
    let (journal, writer) = journal(&config(&blocked));
    a_call(&journal, id(1));
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
    symlink("/dev/full", folder.join("events.jsonl")).expect("a link");
    let (journal, writer) = journal(&config(data.path()));
    a_call(&journal, id(1));
    a_call(&journal, id(2));
    let counts = journal.counts();
    drop(journal);
    writer.run();
    assert!(counts.failed() > 0);
    let other = CallRecords::new(data.path()).show(&id(2)).expect("the other call never notices");
    assert_eq!((other.entries.len(), other.damage.len()), (10, 0));
}

proptest::proptest! {
    #[test]
    fn any_file_is_read(lines in proptest::collection::vec("[\\PC\r]{0,40}|\\{\"t_ms\":[0-9]{1,22},\"kind\":\"[a-z_]{0,12}\"\\}", 0..6)) {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().join("calls").join(id(1).as_str());
        fs::create_dir_all(&folder).expect("a fresh folder");
        fs::write(folder.join("events.jsonl"), lines.join("\n")).expect("written");
        let record = CallRecords::new(data.path()).show(&id(1)).expect("readable");
        proptest::prop_assert!(record.lines.len() + record.damage.len() <= lines.len().max(1));
        let _summary = record.summary();
    }
}
