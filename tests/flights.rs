//! Recorded calls, replayed: real SIP and RTP, recogniser, dialogue and voices gave the inputs in `tests/flights`,
//! and the call must decide today as it did then. A change that is meant is accepted by `hotline replay FILE --accept`.
//! Never asks for the same machine: the inputs hold all that a decision is made of.

use std::fs::File;
use std::path::{Path, PathBuf};

use hotline::engine::replay::{Ear, accepted, replay, what_if};
use hotline::store::flight::{Flight, Line};

fn flights() -> Vec<(PathBuf, Flight)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/flights");
    let files = folder.read_dir().expect("a folder").map(|file| file.expect("readable").path());
    files.map(|path| (path.clone(), Flight::read(File::open(&path).expect("readable")).expect("a flight"))).collect()
}

#[test]
fn every_recorded_call_is_decided_as_it_was() {
    let flights = flights();
    assert!(flights.len() >= 20, "{}", flights.len());
    for (path, flight) in &flights {
        let replayed = replay(flight, Ear::Inputs).expect("inputs are there");
        assert_eq!(replayed.difference, None, "hotline replay {} --accept, if that is meant", path.display());
        assert_eq!(replayed.entries.last().map(|entry| entry.event.kind()), Some("call_ended"), "{}", path.display());
    }
}

#[test]
fn a_changed_decision_is_found_where_it_is() {
    let (_, mut flight) = flights().swap_remove(0);
    let changed = flight.lines.iter_mut().rev().find(|line| matches!(line, Line::Out(text) if text.starts_with("StartReply")));
    let changed = changed.expect("the bot answered");
    *changed = Line::Out("HangUp".to_owned());
    let difference = replay(&flight, Ear::Inputs).expect("inputs are there").difference.expect("it hung up");
    assert!(difference.recorded.contains(&"HangUp".to_owned()), "{difference:?}");
    assert!(difference.now.iter().any(|answer| answer.starts_with("StartReply")), "{difference:?}");
    assert_eq!(replay(&accepted(&flight), Ear::Inputs).expect("inputs are there").difference, None);
}

#[test]
fn a_call_under_the_settings_it_had_is_the_call_it_was() {
    for (path, flight) in &flights() {
        let was = replay(flight, Ear::Inputs).expect("inputs are there");
        let would_be = what_if(flight, flight.head.config.clone(), (&[], None));
        assert_eq!(would_be.stop, None, "{}", path.display());
        let turns = |entries: &[hotline::store::journal::Entry]| {
            let told = |kind| matches!(kind, "transcript" | "reply" | "barge_in" | "reply_ended" | "digit" | "call_ended");
            entries.iter().map(|entry| &entry.event).filter(|event| told(event.kind())).cloned().collect::<Vec<_>>()
        };
        assert_eq!(turns(&would_be.entries), turns(&was.entries), "{}", path.display());
    }
}
