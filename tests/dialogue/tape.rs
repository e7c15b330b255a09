//! A conversation is gone through again from its tape: the same decisions, no tool run, no secret needed and none kept.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use hotline::business::Pack;
use hotline::dialogue::{DialogueConfig, Rerun, Rerunning, Step, Understanding};
use hotline::talk::Language;

use super::{Caller, assert_holds};

const PIN: &str = "2468";
static BANK: LazyLock<Arc<Pack>> =
    LazyLock::new(|| Arc::new(Pack::load(Path::new("packs/bank")).unwrap_or_else(|e| panic!("{e}"))));

/// What a caller says (keys after a `#`) and a part of what must be answered; the tape of it.
async fn taped(language: Language, lines: &[(&str, &str)]) -> Vec<Step> {
    let mut caller = Caller::with(language, DialogueConfig::default(), Arc::clone(&BANK)).await;
    caller.dialogue.keep_tape();
    let mut tape = Vec::new();
    for (words, part) in lines {
        let reply = match words.strip_prefix('#') {
            Some(keys) => caller.key(keys).await,
            None => caller.say(words).await,
        };
        assert_holds(&reply, part, words);
        tape.extend(caller.dialogue.take_tape());
    }
    // What was written is what is read.
    let written = serde_json::to_string(&tape).expect("JSON takes it");
    assert!(!written.contains(PIN), "the PIN is in no tape: {written}");
    serde_json::from_str(&written).expect("it is read back")
}

/// How each step goes, but those that go as recorded; and how many decisions there were.
fn rerun(tape: &[Step]) -> (Vec<Rerunning>, usize) {
    let mut rerun = Rerun::new(Arc::clone(&BANK), Arc::new(Understanding::train(&BANK)));
    let other = tape.iter().map(|step| rerun.take(step)).filter(|went| *went != Rerunning::Same).collect();
    (other, rerun.decisions)
}

const TRANSFER: &[(&str, &str)] = &[
    ("I want to send money to my landlord", "customer number"),
    ("10000001", "birth"),
    ("may 4th 1980", "PIN"),
    ("pin", "key in"),
    ("#2468", "that is right"),
    ("sixty dollars and ten cents", "$60.10 from your current account"),
    ("no, seventy dollars", "I will send $70 from"),
    ("yes", "Done"),
];

#[tokio::test]
async fn a_transfer_behind_a_pin_is_decided_again_without_the_pin() {
    let tape = taped(Language::EN, TRANSFER).await;
    let (other, decisions) = rerun(&tape);
    assert_eq!(other, []);
    assert!(decisions > TRANSFER.len(), "{decisions}: tools and checks are decided about too");
    assert!(tape.iter().any(|step| matches!(step, Step::Asked { veiled: true, .. })), "the PIN's turn is veiled");
}

#[tokio::test]
async fn another_result_is_another_decision_and_another_pack_is_none() {
    let mut tape = taped(Language::EN, TRANSFER).await;
    tape.push(Step::Pack { name: "bank".to_owned(), version: "1".to_owned() });
    tape.push(Step::Pack { name: "bank".to_owned(), version: "2".to_owned() });
    assert_eq!(rerun(&tape).0, [Rerunning::PackReplaced]);
    let result = tape.iter_mut().rev().find(|step| matches!(step, Step::Resumed(Ok(_)))).expect("a tool ran");
    *result = Step::Resumed(Err(hotline::business::ToolFailure::TimedOut("transfer".to_owned())));
    assert!(matches!(&rerun(&tape).0[0], Rerunning::Other { recorded, now: Some(now) } if recorded != now));
}
