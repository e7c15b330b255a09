//! What is kept of people, as those meet it who deal with it: scanned, swept, handed out, destroyed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Days, Local, NaiveDate, TimeZone};
use hotline::audio::{Frame, MediaTime, SampleRate};
use hotline::business::memory::{CallNotes, Memory, MemoryConfig};
use hotline::privacy::Pii;
use hotline::store::audit::{public_key, verify};
use hotline::store::journal::{JournalEvent, journal};
use hotline::store::recording::recorder;
use hotline::store::{Archive, PrivacyConfig, RetentionConfig, StoreConfig, Swept, call_id};
use hotline::talk::CallId;

const ANN: &str = "sip:+8613800138000@gw.example.com";
const BEN: &str = "sip:+8613900139000@gw.example.com";

fn begin() -> DateTime<Local> {
    let noon = NaiveDate::from_ymd_opt(2026, 1, 15).and_then(|day| day.and_hms_opt(12, 0, 0)).expect("a time");
    Local.from_local_datetime(&noon).earliest().expect("a time of this zone")
}

fn after(days: u64) -> DateTime<Local> {
    begin().checked_add_days(Days::new(days)).expect("a time")
}

async fn open(data: &Path) -> Archive {
    let store = StoreConfig { data: data.to_owned(), ..StoreConfig::default() };
    Archive::open(&store, &PrivacyConfig::default()).await.expect("an archive")
}

/// A call from this address, with words, sound and a key press.
fn call(archive: &Archive, from: &str, n: u32) -> CallId {
    let id = call_id(begin().naive_local(), n);
    let caller = archive.vault().caller_of(&Pii::new(from.to_owned()), &id);
    let (journal, lines) = journal(&StoreConfig { redact: false, ..StoreConfig::default() }, archive.vault());
    let (recorder, sound) = recorder(archive.vault());
    let entries = journal.open(id.clone(), caller);
    let text = |text: &str| text.to_owned();
    let started =
        JournalEvent::CallStarted { from: text(from), to: text("bot"), transport: text("sip/udp"), codec: text("PCMA") };
    entries.record(Duration::ZERO, None, started);
    entries.record(Duration::from_secs(1), None, JournalEvent::Reply { text: text("my parcel 包裹, I am Smith") });
    entries.record(Duration::from_secs(2), None, JournalEvent::CallEnded { cause: text("caller") });
    let mut recording = recorder.open(id.clone(), caller, SampleRate::HZ_8000);
    for tick in 0..100 {
        let at = MediaTime::from_millis(tick * 20);
        recording.tick(at, Some(&Frame::new(&[0x4142; 160], SampleRate::HZ_8000, at)), None);
    }
    drop((entries, journal, recording, recorder));
    lines.run();
    sound.run();
    id
}

async fn remember(archive: &Archive, address: &str) {
    let notes = CallNotes { subject: Some("Smithville".into()), ..CallNotes::default() };
    let memory = Memory::default().allowed("May I remember you?".to_owned(), begin().date_naive());
    let memory = memory.remember(notes, begin().date_naive(), &MemoryConfig::default());
    let caller = archive.find(address).expect("a number");
    archive.callers().remember(caller, &memory, begin().to_utc()).await.expect("kept");
}

/// Every file below a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.insert(entry.path().display().to_string(), fs::read(entry.path()).expect("readable"));
        }
    }
    all
}

fn verified(data: &Path) -> u64 {
    verify(data, &public_key(data).expect("a key"), None).expect("as it was written").entries
}

#[tokio::test]
async fn a_scan_of_the_data_folder_finds_no_plaintext() {
    let data = tempfile::tempdir().expect("a folder");
    let archive = open(data.path()).await;
    call(&archive, ANN, 1);
    remember(&archive, ANN).await;
    let secrets = ["13800138000", "parcel", "包裹", "Smith", "call_started", "ABABAB", "example.com", "remember you"];
    for (name, bytes) in files(data.path()) {
        for secret in secrets {
            assert!(!name.contains(secret), "{name}");
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret:?} in {name}");
        }
    }
}

#[tokio::test]
async fn a_person_is_handed_what_is_kept_of_them_and_of_nobody_else() {
    let data = tempfile::tempdir().expect("a folder");
    let archive = open(data.path()).await;
    let calls = [call(&archive, ANN, 1), call(&archive, "tel:008613800138000", 2)];
    call(&archive, BEN, 3);
    remember(&archive, ANN).await;
    let caller = archive.find("+86 138 0013 8000").expect("a number");
    assert_eq!(archive.find(calls[1].as_str()), Some(caller), "a call's id names its caller");
    let mut zip = Cursor::new(Vec::new());
    let exported = archive.subject(caller, "operator").export(&mut zip, begin().to_utc()).await.expect("handed out");
    assert_eq!((exported.calls, exported.damage.len(), exported.memory), (2, 0, true));
    let mut zip = zip::ZipArchive::new(zip).expect("a zip");
    let mut names: Vec<_> = zip.file_names().map(|name| name.expect("plain text").into_owned()).collect();
    names.sort();
    let mut expected: Vec<_> =
        calls.iter().flat_map(|id| ["events.jsonl", "recording.wav"].map(|f| format!("calls/{id}/{f}"))).collect();
    expected.extend(["about.json", "audit.jsonl", "memory.json"].map(str::to_owned));
    expected.sort();
    assert_eq!(names, expected);
    let mut text = String::new();
    zip.by_name(&expected[2]).expect("the journal").read_to_string(&mut text).expect("text");
    assert!(text.starts_with("{\"t_ms\":0,\"kind\":\"call_started\"") && text.contains("包裹"), "{text}");
    assert_eq!(verified(data.path()), 1);
}

#[tokio::test]
async fn an_erased_person_is_gone_with_a_receipt_and_others_stay() {
    let data = tempfile::tempdir().expect("a folder");
    let archive = open(data.path()).await;
    let (ann, ben) = (call(&archive, ANN, 1), call(&archive, BEN, 2));
    remember(&archive, ANN).await;
    let path = data.path().join("calls").join(ann.as_str()).join("events.sealed");
    let (before, caller) = (fs::read(&path).expect("sealed"), archive.find(ANN).expect("a number"));
    let receipt = archive.subject(caller, "operator").erase(begin().to_utc()).await.expect("erased").expect("something");
    assert!(
        receipt.contains("\"kind\":\"erasure\"") && receipt.contains(&caller.to_string()) && receipt.contains("\"signature\"")
    );
    assert!(!receipt.contains("138001"));
    assert_eq!(archive.records().ids().expect("readable"), std::slice::from_ref(&ben));
    assert_eq!(archive.callers().recall(caller).await.expect("readable"), None);
    // A copy that somebody kept is noise, even with all keys there are.
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, before).expect("put back");
    let back = archive.records().show(&ann).expect("a folder");
    assert!(back.entries.is_empty() && back.damage[0].what.contains("destroyed"), "{:?}", back.damage);
    assert_eq!(archive.records().show(&ben).expect("untouched").damage, []);
    assert!(
        archive.subject(caller, "operator").erase(begin().to_utc()).await.expect("again").is_some(),
        "what was put back goes"
    );
    assert!(archive.subject(caller, "operator").erase(begin().to_utc()).await.expect("again").is_none());
    assert_eq!(verified(data.path()), 2);
}

#[tokio::test]
async fn what_is_too_old_is_swept_kind_by_kind_and_its_key_with_the_last_of_it() {
    let data = tempfile::tempdir().expect("a folder");
    let archive = open(data.path()).await;
    let id = call(&archive, ANN, 1);
    remember(&archive, ANN).await;
    call(&archive, "anonymous", 2);
    let sweep = async |day| archive.sweep(after(day)).await.expect("swept");
    assert_eq!(sweep(29).await, Swept::default());
    assert_eq!(sweep(30).await, Swept { recordings: 2, ..Swept::default() });
    assert_eq!(archive.records().show(&id).expect("still there").damage, []);
    assert_eq!(sweep(179).await, Swept::default());
    assert_eq!(sweep(180).await, Swept { events: 2, keys: 1, ..Swept::default() }, "the anonymous caller's key");
    assert!(archive.records().ids().expect("readable").is_empty());
    assert!(archive.callers().recall(archive.find(ANN).expect("a number")).await.expect("readable").is_some());
    assert_eq!(sweep(366).await, Swept { memories: 1, keys: 1, ..Swept::default() });
    assert_eq!(sweep(1_200).await, Swept { audit_months: 1, ..Swept::default() }, "February 2026: nothing younger is too old");
    assert!(verified(data.path()) > 0);
}

#[tokio::test]
async fn zero_days_keep_for_ever() {
    let data = tempfile::tempdir().expect("a folder");
    let store = StoreConfig { data: data.path().to_owned(), ..StoreConfig::default() };
    let retention = RetentionConfig { events_days: 0, recordings_days: 0, memory_days: 0, audit_days: 0 };
    let privacy = PrivacyConfig { retention, ..PrivacyConfig::default() };
    let archive = Archive::open(&store, &privacy).await.expect("an archive");
    call(&archive, ANN, 1);
    remember(&archive, ANN).await;
    assert_eq!(archive.sweep(after(100_000)).await.expect("swept"), Swept::default());
}

#[tokio::test]
async fn what_was_sealed_before_a_rotation_is_read_after_it() {
    let data = tempfile::tempdir().expect("a folder");
    let archive = open(data.path()).await;
    let id = call(&archive, ANN, 1);
    archive.vault().rotate().expect("rotated");
    let record = open(data.path()).await.records().show(&id).expect("readable");
    assert_eq!((record.entries.len(), record.damage.len()), (3, 0));
}
