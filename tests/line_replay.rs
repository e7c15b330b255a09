//! Calls to a whole line over real SIP and RTP, replayed from what the flight recorder kept of them.
//! Never holds a call to what another machine made of its sound: those in `tests/flights` are replayed from inputs.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/house.rs"]
mod house;

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::Understanding;
use hotline::engine::replay::{Ear as Source, Stop, made_with, remade, replay, talked, what_if};
use hotline::engine::reply::PackVersion;
use hotline::store::flight::{Flight, Line, unsealed};
use hotline::store::journal::{Entry, JournalEvent};
use hotline::store::{FlightKind, PrivacyConfig, Vault};
use house::{Ear, House, Tone, records_of, speech};

/// What the line kept of its one call.
fn flight_of(data: &Path) -> Flight {
    let vault = Vault::existing(data, &PrivacyConfig::default()).expect("the line made its keys");
    let call = &records_of(data).list().expect("readable")[0].id;
    let (packed, damage) = unsealed(&vault, call).expect("a flight was kept");
    assert_eq!(damage, None);
    Flight::read(&*packed).expect("a whole flight")
}

/// What people notice of a call.
fn noticed(entries: &[Entry]) -> Vec<&JournalEvent> {
    entries.iter().map(|entry| &entry.event).filter(|event| !matches!(event, JournalEvent::Latency { .. })).collect()
}

/// A call with a question, an interruption, keys, and a secret that is spoken and keyed.
async fn recorded(kind: FlightKind) -> Flight {
    let turns = ["what is your return policy", "what are your opening hours", "where is my order"];
    let tone = Tone { longest: "within 30 days", ..Tone::default() };
    let mut house = House::open_as(Ear::of(&turns), tone, |config| config.store.flight = kind).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    caller.say(&speech(500)).await.expect("the call is up");
    house.until(&mut caller, |event| matches!(event, JournalEvent::ReplyStarted)).await;
    caller.say(&speech(600)).await.expect("the call is up");
    house.until(&mut caller, |e| matches!(e, JournalEvent::ReplyEnded { interrupted: false, .. })).await;
    house.ask(&mut caller).await;
    house.key(&mut caller, "4271#").await;
    house.key(&mut caller, "90210#").await;
    caller.hang_up().await;
    house.told(|event| matches!(event, JournalEvent::CallEnded { .. })).await;
    flight_of(house.close().await.path())
}

#[tokio::test]
async fn every_decision_of_a_call_is_replayed_from_its_inputs_and_from_its_packets() {
    let flight = recorded(FlightKind::Packets).await;
    let again = replay(&flight, Source::Inputs).expect("inputs are there");
    assert_eq!((again.difference.as_ref(), again.frames), (None, 0));
    assert!(again.entries.iter().any(|entry| entry.event.kind() == "barge_in"), "{:?}", noticed(&again.entries));
    let packets = replay(&flight, Source::Packets).expect("packets are there");
    assert_eq!(packets.difference, None);
    assert_eq!(packets.entries, again.entries);
    assert!(packets.frames > 200, "{} frames", packets.frames);
    let seconds = remade(&flight).expect("packets are there").pcm.len() / 16_000;
    assert!(seconds >= 4, "{seconds} s of sound");
    let file = Flight::read(&*flight.to_bytes()).expect("what was written is read");
    assert_eq!(file, flight);
}

#[tokio::test]
async fn a_conversation_is_replayed_from_what_it_was_told_and_what_its_tools_gave() {
    let mut flight = recorded(FlightKind::Decisions).await;
    let pack = Arc::new(Pack::load(Path::new("packs/shop")).unwrap_or_else(|e| panic!("{e}")));
    let understanding = Arc::new(Understanding::train(&pack));
    assert_eq!(made_with(&flight), Some(PackVersion::of(&pack).expect("readable")));
    let again = talked(&flight, Arc::clone(&pack), Arc::clone(&understanding));
    assert_eq!((again.difference, again.stop), (None, None));
    assert!(again.decisions >= 6, "greeting, two answers, number, postcode, order: {}", again.decisions);
    let looked_up = flight.lines.iter_mut().find_map(|line| match line {
        Line::Step(_, step) if step.pointer("/resumed/Ok").is_some() => Some(step),
        _ => None,
    });
    *looked_up.expect("the order was looked up") = serde_json::json!({ "resumed": { "Err": { "timed-out": "orders" } } });
    let other = talked(&flight, pack, understanding).difference.expect("the tool failed");
    assert!(other.input.contains("TimedOut"), "{other:?}");
}

#[tokio::test]
async fn another_setting_shows_another_call() {
    let flight = recorded(FlightKind::Decisions).await;
    assert!(replay(&flight, Source::Packets).is_err(), "no packets were kept");
    let as_it_was = what_if(&flight, flight.head.config.clone(), (&[], None));
    let was = replay(&flight, Source::Inputs).expect("inputs are there");
    assert_eq!(as_it_was.stop, None);
    assert_eq!(noticed(&as_it_was.entries), noticed(&was.entries));
    let with = |factor| {
        let mut config = flight.head.config.clone();
        config.turn.endpoint = config.turn.endpoint.slower(factor);
        what_if(&flight, config, (&[], None))
    };
    let waits = |entries: &[Entry]| -> u64 {
        entries
            .iter()
            .map(|entry| if let JournalEvent::Latency { endpoint_ms, .. } = entry.event { endpoint_ms } else { 0 })
            .sum()
    };
    let quicker = with(0.75);
    assert_eq!(quicker.stop, None);
    assert!(waits(&quicker.entries) < waits(&was.entries), "{:?}", noticed(&quicker.entries));
    // He interrupts as soon as the answer begins: a more patient bot would not have begun, and nobody heard both turns as one.
    assert!(matches!(with(1.5).stop, Some(Stop::Unheard(_))), "{:?}", with(1.5).stop);
}

/// Conversations that `tests/flights` holds: the pack, and what is said, or keyed behind a `#`.
const TALKS: [(&str, &str, &[&str]); 5] = [
    (
        "talk_bank_transfer",
        "bank",
        &[
            "I want to send money to my landlord",
            "10000001",
            "may 4th 1980",
            "pin",
            "#2468#",
            "sixty dollars and ten cents",
            "no, seventy dollars",
            "yes",
            "no thank you, goodbye",
        ],
    ),
    ("talk_bank_chinese", "bank", &["机场支行几点关门", "贷款20万，3年，4.2%，月供多少？", "存款有保障吗"]),
    ("talk_shop_return", "shop", &["i want to return something", "#12345#", "#10115#", "it is broken", "yes please"]),
    ("talk_shop_chinese", "shop", &["我的订单到哪里了", "我不知道", "没有，还是我自己找吧", "4271", "#90210#"]),
    (
        "talk_shop_at_length",
        "shop",
        &[
            "oh hello good that somebody is there I have been meaning to call you all week but my sister was here with the \
             children and there was no quiet minute and so what it is really about is the lamp I bought from you the one for \
             the hall it was a present and I thought it would look nice but my husband does not like it at all so I want to \
             return an item because he says it is far too bright and you know how he is when he does not like a thing",
            "4271",
            "90210",
            "it is too bright",
            "no",
        ],
    ),
];

#[tokio::test]
#[ignore = "makes the conversations in tests/flights anew: cargo test --test line_replay -- --ignored"]
async fn conversations_are_recorded() {
    for (name, pack, turns) in TALKS {
        let heard: Vec<&str> = turns.iter().copied().filter(|turn| !turn.starts_with('#')).collect();
        let mut house = House::open_as(Ear::of(&heard), Tone::default(), |config| {
            config.pack = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs").join(pack);
            config.store.flight = FlightKind::Decisions;
        })
        .await;
        let mut caller = house.caller().await;
        house.until_said(&mut caller).await;
        for turn in turns {
            match turn.strip_prefix('#') {
                Some(keys) => house.key(&mut caller, keys).await,
                None => house.ask(&mut caller).await,
            };
        }
        caller.hang_up().await;
        let flight = flight_of(house.close().await.path());
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/flights/{name}.jsonl.gz"));
        std::fs::write(path, flight.to_bytes()).expect("writable");
    }
}
