//! The log as somebody who alters it meets it.

use super::*;
use crate::store::PrivacyConfig;

fn at(day: u32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_hms_opt(12, 0, 0).unwrap().and_utc() + chrono::Days::new(day.into())
}

fn event(n: usize) -> AuditEvent {
    AuditEvent::KeysRotated { rewrapped: n, by: "eve \",\"signature\":\"".to_owned() }
}

/// A log of `n` entries, one every ten days.
fn log(n: usize) -> (tempfile::TempDir, AuditLog) {
    let data = tempfile::tempdir().unwrap();
    let vault = Vault::open(data.path(), &PrivacyConfig::default()).unwrap();
    let log = AuditLog::open(&vault).unwrap();
    for i in 0..n {
        log.append(at(10 * i as u32), &event(i)).unwrap();
    }
    (data, log)
}

fn check(data: &Path) -> Result<Verified, AuditError> {
    verify(data, &public_key(data).unwrap(), None)
}

#[track_caller]
fn fault(data: &Path) -> Fault {
    match check(data) {
        Err(AuditError::Altered(fault)) => fault,
        other => panic!("not found: {other:?}"),
    }
}

#[test]
fn what_was_written_is_verified_over_months_and_restarts() {
    let (data, log) = log(8);
    drop(log);
    let log = AuditLog::open(&Vault::open(data.path(), &PrivacyConfig::default()).unwrap()).unwrap();
    log.append(at(80), &event(8)).unwrap();
    assert_eq!(segments(&data.path().join(FOLDER)).unwrap().len(), 3);
    assert_eq!(check(data.path()).unwrap().entries, 9);
}

#[test]
fn the_first_altered_entry_is_named_whichever_byte_it_is() {
    let (data, _log) = log(6);
    let path = data.path().join("audit/2026-02.jsonl");
    let bytes = fs::read(&path).unwrap();
    let first_line = bytes.iter().position(|&b| b == b'\n').unwrap();
    for at in (0..first_line).step_by(7) {
        let mut altered = bytes.clone();
        altered[at] ^= 1;
        fs::write(&path, altered).unwrap();
        let fault = fault(data.path());
        assert_eq!((fault.place.as_str(), fault.seq), ("2026-02.jsonl:1", 5), "byte {at}: {fault}");
    }
}

#[test]
fn an_entry_taken_out_or_swapped_is_named() {
    let (data, _log) = log(3);
    let path = data.path().join("audit/2026-01.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.lines().collect();
    for (order, seq) in [(vec![0, 2], 2), (vec![0, 2, 1], 2), (vec![0, 1, 1, 2], 3), (vec![1, 2], 1), (vec![0, 1], 3)] {
        let altered: String = order.iter().flat_map(|&n: &usize| [lines[n], "\n"]).collect();
        fs::write(&path, altered).unwrap();
        let fault = fault(data.path());
        assert_eq!(fault.seq, seq, "{order:?}: {fault}");
    }
}

#[test]
fn an_end_that_was_cut_off_stays_visible_after_new_entries() {
    let (data, log) = log(3);
    let path = data.path().join("audit/2026-01.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let two: String = text.split_inclusive('\n').take(2).collect();
    fs::write(&path, two).unwrap();
    assert_eq!(fault(data.path()).seq, 3);
    log.append(at(30), &event(9)).unwrap();
    assert_eq!(fault(data.path()).seq, 3);
}

#[test]
fn a_missing_head_is_a_fault_and_the_next_entry_tells_of_it() {
    let (data, log) = log(2);
    fs::remove_file(data.path().join("audit/head")).unwrap();
    assert!(fault(data.path()).what.contains("head is missing"));
    let line = log.append(at(11), &event(9)).unwrap();
    assert!(line.starts_with("{\"seq\":4,"), "{line}");
    assert_eq!(log.lines_with("head_missing").unwrap().len(), 1);
}

#[test]
fn a_line_that_a_crash_left_half_written_is_replaced() {
    let (data, log) = log(2);
    let path = data.path().join("audit/2026-01.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    fs::write(&path, whole + "{\"seq\":3,\"at\":\"2026").unwrap();
    assert!(fault(data.path()).what.contains("cut off"));
    log.append(at(11), &event(9)).unwrap();
    assert_eq!(check(data.path()).unwrap().entries, 3);
}

#[test]
fn a_forger_without_the_key_writes_nothing_that_passes() {
    let (data, _log) = log(2);
    let (elsewhere, _other) = log_of_another();
    fs::copy(elsewhere.path().join("audit/2026-01.jsonl"), data.path().join("audit/2026-01.jsonl")).unwrap();
    fs::copy(elsewhere.path().join("audit/head"), data.path().join("audit/head")).unwrap();
    assert_eq!(fault(data.path()).seq, 1);
}

fn log_of_another() -> (tempfile::TempDir, AuditLog) {
    log(2)
}

#[test]
fn a_log_put_back_to_an_earlier_state_is_found_by_a_head_noted_elsewhere() {
    let (data, log) = log(2);
    let earlier: Vec<_> =
        ["2026-01.jsonl", "head"].map(|name| (name, fs::read(data.path().join("audit").join(name)).unwrap())).into();
    log.append(at(20), &event(3)).unwrap();
    let noted = check(data.path()).unwrap().head;
    for (name, bytes) in earlier {
        fs::write(data.path().join("audit").join(name), bytes).unwrap();
    }
    assert!(check(data.path()).is_ok(), "by itself it cannot be told");
    let found = verify(data.path(), &public_key(data.path()).unwrap(), Some(noted.to_string().parse().unwrap()));
    assert!(matches!(found, Err(AuditError::Altered(Fault { seq: 3, .. }))));
}

#[test]
fn old_months_are_removed_whole_and_the_log_says_so() {
    let (data, log) = log(12);
    let february = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    assert_eq!(log.remove_before(february, at(120)).unwrap(), 2);
    assert_eq!(check(data.path()).unwrap().entries, 13 - 6);
    assert_eq!(log.remove_before(february, at(121)).unwrap(), 0);
    // More than the log says.
    fs::remove_file(data.path().join("audit/2026-03.jsonl")).unwrap();
    assert!(fault(data.path()).what.contains("no entry says so"));
}

#[test]
fn a_version_is_noted_when_it_changes_and_not_at_every_start() {
    let (_data, log) = log(0);
    for sha256 in ["a", "a", "b", "b", "a"] {
        log.version(at(1), "pack shop", sha256.to_owned()).unwrap();
        log.version(at(1), "config", "same".to_owned()).unwrap();
    }
    assert_eq!(log.lines_with("pack shop").unwrap().len(), 3);
    assert_eq!(log.lines_with("\"config\"").unwrap().len(), 1);
}

#[test]
fn two_writers_share_one_chain_and_a_queue_loses_nothing_in_peace() {
    let (data, log) = log(0);
    let log = std::sync::Arc::new(log);
    let (auditor, writer) = auditor(&log);
    std::thread::scope(|scope| {
        scope.spawn(move || writer.run());
        for i in 0..50 {
            auditor.note(at(0), event(i));
            log.append(at(0), &event(i)).unwrap();
        }
        drop(auditor);
    });
    assert_eq!(check(data.path()).unwrap().entries, 100);
}

#[test]
fn a_full_queue_is_told_in_the_log() {
    let (data, log) = log(0);
    let (auditor, writer) = auditor(&std::sync::Arc::new(log));
    for i in 0..1_030 {
        auditor.note(at(0), event(i));
    }
    drop(auditor);
    writer.run();
    assert_eq!(check(data.path()).unwrap().entries, 1_024 + 1);
    let text = fs::read_to_string(data.path().join("audit/2026-01.jsonl")).unwrap();
    assert!(text.contains("\"kind\":\"lost\",\"count\":6"));
}
