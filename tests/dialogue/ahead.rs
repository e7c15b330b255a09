//! What is made ready while the caller may still go on: asked once, of no effect, and gone when something else is said.

#![cfg(feature = "openai")]

use std::time::Duration;

use hotline::talk::Language;
use serde_json::json;

use super::model::{calls, serve};
use super::{Caller, assert_holds, said, shop};

#[tokio::test]
async fn the_model_is_asked_once_for_a_pause_and_the_turn_that_ends_with_it() {
    let answer = calls(vec![("answer", json!({ "entry": "warranty" }))]);
    let (config, server) = serve(vec![answer]).await;
    let mut caller = Caller::with(Language::EN, config, shop()).await;
    let words = "and if the thing dies on me";
    let (opening, _) = caller.dialogue.rehearse(&said(words)).await.expect("the model answered");
    assert!(caller.dialogue.rehearse(&said(words)).await.is_some(), "a second pause after the same words");
    assert_eq!(server.asked(), 1);
    let reply = caller.say(words).await;
    assert_holds(&reply, &opening, words);
    assert_eq!((caller.understood().0, server.asked()), ("openai", 1));
    caller.say("and if my dog eats it").await;
    assert_eq!(server.asked(), 2, "other words are another question");
}

#[tokio::test]
async fn a_guess_that_was_wrong_leaves_no_trace() {
    let (config, server) = serve(vec![calls(vec![("goodbye", json!({}))])]).await;
    let mut caller = Caller::with(Language::EN, config, shop()).await;
    assert!(caller.dialogue.rehearse(&said("toodle-oo")).await.is_some());
    assert_holds(&caller.say("how long is the warranty for a lamp I bought from you").await, "", "anything");
    assert_eq!(server.asked(), 2);
    assert!(caller.dialogue.conversation().history().iter().all(|(_, text)| !text.contains("toodle-oo")));
}

#[tokio::test]
async fn an_operator_may_want_no_model_asked_for_nothing() {
    let (mut config, server) = serve(vec![calls(vec![("goodbye", json!({}))])]).await;
    config.llm.guess = false;
    let mut caller = Caller::with(Language::EN, config, shop()).await;
    assert_eq!(caller.dialogue.rehearse(&said("toodle-oo")).await, None);
    assert_eq!(server.asked(), 0);
}

#[tokio::test]
async fn a_deed_is_not_done_ahead_and_a_dropped_rehearsal_is_gone_on_with() {
    let mut caller = Caller::new(Language::EN).await;
    for words in ["I want to return order 12345", "10115", "it is broken"] {
        caller.say(words).await;
    }
    let before = caller.dialogue.conversation().history().len();
    for _ in 0..3 {
        caller.dialogue.rehearse(&said("yes please")).await;
    }
    assert_eq!((caller.returns().await, caller.dialogue.conversation().history().len()), (0, before));
    // Dropped in the middle, as when the turn is over while it is looked up.
    let prompt = said("yes please");
    let _in_time_or_not = tokio::time::timeout(Duration::from_micros(50), caller.dialogue.rehearse(&prompt)).await;
    caller.say("yes please").await;
    assert_eq!(caller.returns().await, 1);
}
