//! A third company, made from the skeleton alone: it is checked, called, and keeps what it is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::cli::pack;
use hotline::dialogue::DialogueConfig;
use hotline::talk::Language;

use super::{Caller, assert_holds};

#[tokio::test]
async fn a_hotel_made_from_the_skeleton_answers_and_takes_a_message() {
    let packs = tempfile::tempdir().unwrap();
    let folder = pack::make("hotel", packs.path()).unwrap();
    assert!(pack::make("hotel", packs.path()).unwrap_err().to_string().contains("already"));
    assert!(pack::make("../x", packs.path()).unwrap_err().to_string().contains("no name"));
    let hotel = Arc::new(Pack::load(&folder).unwrap_or_else(|e| panic!("{e}")));
    assert_eq!(hotel.warnings(), []);
    let mut caller = Caller::with(Language::EN, DialogueConfig::default(), hotel).await;
    for (words, part) in [
        ("when are you open", "9 in the morning"),
        ("please take a message", "what shall I write down"),
        ("room twelve has no towels", "which number"),
        ("four one five, five five five, oh one three two", "room twelve has no towels"),
        ("yes", "noted"),
        ("请问你们在哪里", "主街1号"),
    ] {
        assert_holds(&caller.say(words).await, part, words);
    }
    let kept = caller.dialogues.tools().data().look_up("SELECT text, phone FROM messages", &BTreeMap::new()).await.unwrap();
    assert_eq!((kept["text"].as_str(), kept["phone"].as_str()), (Some("room twelve has no towels"), Some("+14155550132")));
}
