//! Recorded calls, replayed: real SIP and RTP, recogniser, dialogue and voices gave the inputs in `tests/flights`,
//! and the call must decide today as it did then. A change that is meant is accepted by `hotline replay FILE --accept`.
//! Never asks for the same machine: the inputs hold all that a decision is made of.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::Understanding;
use hotline::engine::replay::{Ear, accepted, made_with, replay, retold, talked, what_if};
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

/// The flights that hold a conversation, by the pack it was held with.
fn conversations() -> BTreeMap<String, Vec<(PathBuf, Flight)>> {
    let mut of_pack = BTreeMap::<_, Vec<_>>::new();
    for (path, flight) in flights() {
        if let Some(pack) = made_with(&flight) {
            of_pack.entry(pack.name).or_default().push((path, flight));
        }
    }
    of_pack
}

fn learnt(pack: &str) -> (Arc<Pack>, Arc<Understanding>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs").join(pack);
    let pack = Arc::new(Pack::load(&folder).unwrap_or_else(|e| panic!("{e}")));
    let understanding = Arc::new(Understanding::train(&pack));
    (pack, understanding)
}

#[test]
fn every_recorded_conversation_is_decided_as_it_was() {
    let mut decisions = 0;
    for (pack, flights) in conversations() {
        let (loaded, understanding) = learnt(&pack);
        for (path, flight) in flights {
            let again = talked(&flight, Arc::clone(&loaded), Arc::clone(&understanding));
            let accept = format!("hotline replay {} --pack packs/{pack} --accept, if that is meant", path.display());
            assert_eq!((again.difference, again.stop), (None, None), "{accept}");
            decisions += again.decisions;
        }
    }
    assert!(decisions >= 40, "{decisions}");
}

#[test]
fn no_recorded_conversation_holds_a_pin_or_the_result_of_a_check() {
    let flights = conversations().into_values().flatten();
    let texts: Vec<String> = flights
        .map(|(_, flight)| {
            let steps = flight.lines.iter().filter(|line| matches!(line, Line::Step(..)));
            steps.map(|line| serde_json::to_string(line).expect("JSON takes it")).collect()
        })
        .collect();
    assert!(texts.iter().any(|text| text.contains("\"veiled\":true")), "a PIN is asked for in one of them");
    assert!(texts.iter().all(|text| !["2468", "pbkdf2"].iter().any(|secret| text.contains(secret))));
}

#[test]
fn a_changed_answer_is_found_and_accepted_again() {
    let mut shop = conversations().remove("shop").expect("recorded");
    let (pack, understanding) = learnt("shop");
    let (path, mut flight) = shop.swap_remove(0);
    let said = flight.lines.iter_mut().rev().find_map(|line| match line {
        Line::Step(_, step) => step.pointer_mut("/decided/say/0"),
        _ => None,
    });
    *said.expect("the bot said something") = "Yesterday's words.".into();
    let difference = talked(&flight, Arc::clone(&pack), Arc::clone(&understanding)).difference.expect("it says other words");
    assert_eq!(difference.recorded[0], "say: Yesterday's words.", "{}", path.display());
    let flight = retold(&flight, Arc::clone(&pack), Arc::clone(&understanding)).expect("a readable pack");
    assert_eq!(talked(&flight, pack, understanding).difference, None);
}
