//! The browsers' line as a page on loopback sees it: the crate `webrtc` against ours, the whole line between.
//! Never a browser: those are driven by the Playwright suite.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/browser.rs"]
mod browser;
#[path = "common/house.rs"]
mod house;

use std::num::NonZeroU32;

use browser::{Browser, Page};
use hotline::config::Config;
use hotline::store::journal::JournalEvent;
use house::{Ear, House, Tone, speech};
use serde_json::{Value, json};
use webrtc::peer_connection::RTCPeerConnectionState;

async fn house(turns: &[&'static str], change: impl FnOnce(&mut Config)) -> (House, Page) {
    let house = House::open_as(Ear::of(turns), Tone::default(), |config| {
        config.webrtc.listen = vec!["127.0.0.1".parse().expect("loopback")];
        change(config);
    })
    .await;
    let page = Page::open(format!("http://{}", house.open.http())).await;
    (house, page)
}

fn is_transcript(event: &JournalEvent) -> bool {
    matches!(event, JournalEvent::Transcript { is_final: true, .. })
}

fn is_end(event: &JournalEvent) -> bool {
    matches!(event, JournalEvent::CallEnded { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoken_question_is_heard_and_its_answer_comes_back_with_captions() {
    let (house, page) = house(&["what are your opening hours"], |_| {}).await;
    assert_eq!((&page.session["languages"][0], &page.session["expires_s"]), (&json!("en"), &json!(600)));
    assert!(page.session["disclosure"]["en"]["ai"].as_str().is_some_and(|text| !text.is_empty()), "{}", page.session);
    let mut socket = page.socket().await.expect("a token is enough");
    socket.until(|message| message["type"] == "ready").await;
    let mut browser = page.call().await;
    browser.until_heard().await;
    assert!(!socket.until_caption("bot").await.is_empty());
    socket.until_state("speaking").await;
    socket.until_state("listening").await;
    browser.forget();
    browser.say(&speech(500)).await;
    browser.say(&[0; 8_000]).await;
    assert_eq!(socket.until_caption("caller").await, "what are your opening hours");
    socket.until_state("thinking").await;
    socket.until_caption("bot").await;
    browser.until_heard().await;
    assert_eq!(page.delete(&browser.location).await.status(), 200);
    socket.until_state("listening").await;
    socket.send(json!({ "type": "hangup" })).await;
    assert_eq!(socket.until(|message| message["type"] == "ended").await["cause"], "caller");
    house.until_no_task_is_left().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn typed_words_keys_and_the_button_reach_the_call() {
    let (mut house, page) = house(&[], |_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    let _browser = page.call().await;
    socket.until_state("speaking").await;
    socket.send(json!({ "type": "text", "text": "what are your opening hours" })).await;
    assert_eq!(socket.until_caption("caller").await, "what are your opening hours");
    socket.until_state("speaking").await;
    socket.send(json!({ "type": "interrupt" })).await;
    socket.until(|message| message["type"] == "barge_in").await;
    socket.send(json!({ "type": "digit", "digit": "5" })).await;
    let is_key = |key| move |event: &JournalEvent| matches!(event, JournalEvent::Digit { digit } if *digit == key);
    house.told(is_key('5')).await;
    house.told(|event| matches!(event, JournalEvent::ReplyEnded { .. })).await;
    socket.send(json!({ "type": "digit", "digit": "7" })).await;
    house.told(is_key('7')).await;
    socket.send(json!({ "type": "digit", "digit": "x" })).await;
    assert_eq!(socket.until(|message| message["type"] == "error").await["code"], "bad_message");
    socket.send(json!({ "type": "hangup" })).await;
    socket.until(|message| message["type"] == "ended").await;
    house.until_no_task_is_left().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_alone_is_answered_and_goes_on_after_a_reconnect() {
    let (house, page) = house(&[], |_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    let conversation = socket.until(|message| message["type"] == "ready").await["conversation"].clone();
    socket.send(json!({ "type": "text", "text": "what are your opening hours" })).await;
    let greeting = socket.until_caption("bot").await;
    socket.until_state("listening").await;
    drop(socket);
    let mut socket = page.socket().await.expect("the same token");
    assert_eq!(socket.until(|message| message["type"] == "ready").await["conversation"], conversation);
    socket.send(json!({ "type": "text", "text": "do you ship abroad" })).await;
    assert_ne!(socket.until_caption("bot").await, greeting, "a conversation that goes on does not greet again");
    socket.send(json!({ "type": "hangup" })).await;
    assert_eq!(socket.until(|message| message["type"] == "ended").await["cause"], "caller");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_is_known_in_the_call_and_what_was_said_in_writing() {
    let (house, page) = house(&[], |_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    socket.send(json!({ "type": "text", "text": "where is order 4271" })).await;
    socket.until_caption_with("postcode").await;
    let browser = page.call().await;
    socket.until_caption_with("automated assistant").await;
    socket.until_caption_with("postcode").await;
    socket.until_state("listening").await;
    socket.send(json!({ "type": "text", "text": "90210" })).await;
    socket.until_caption_with("Thank you, Anna").await;
    socket.until_state("listening").await;
    assert_eq!(page.delete(&browser.location).await.status(), 200);
    socket.until_state("listening").await;
    socket.send(json!({ "type": "text", "text": "no" })).await;
    socket.send(json!({ "type": "text", "text": "where is my order" })).await;
    socket.until_caption_with("Which order do you mean").await;
    house.until_no_task_is_left().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_loaded_anew_in_a_call_goes_on_with_what_was_asked() {
    let (house, page) = house(&[], |_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    let first = page.call().await;
    socket.until_state("listening").await;
    socket.send(json!({ "type": "text", "text": "where is order 4271" })).await;
    socket.until_caption_with("postcode").await;
    socket.until_state("listening").await;
    drop(socket);
    let mut socket = page.socket().await.expect("the same token");
    let second = page.call().await;
    assert_ne!(first.location, second.location);
    socket.until_caption_with("postcode").await;
    socket.until_state("speaking").await;
    page.delete(&second.location).await;
    house.until_no_task_is_left().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_fails_costs_no_conversation() {
    let (house, page) = house(&[], |_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    socket.send(json!({ "type": "text", "text": "where is order 4271" })).await;
    socket.until_caption_with("postcode").await;
    assert_eq!(page.offer("v=0\r\n".to_owned()).await.status(), 422);
    socket.send(json!({ "type": "text", "text": "90210" })).await;
    socket.until_caption_with("Thank you, Anna").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_packets_and_a_new_ssrc_are_survived() {
    let (mut house, page) = house(&["one", "two"], |_| {}).await;
    let mut browser = page.call().await;
    browser.until_heard().await;
    browser.loss_percent = 10;
    browser.say(&speech(700)).await;
    browser.say(&[0; 6_000]).await;
    house.told(is_transcript).await;
    browser.change_ssrc();
    browser.say(&speech(700)).await;
    browser.say(&[0; 6_000]).await;
    let JournalEvent::Transcript { text, .. } = house.told(is_transcript).await else { unreachable!() };
    assert_eq!(text, "two");
    page.delete(&browser.location).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_may_come_late_and_ice_may_begin_anew() {
    let (house, page) = house(&[], |_| {}).await;
    let mut browser = Browser::new().await;
    let offer = browser.offer().await;
    let (candidates, bare): (Vec<&str>, Vec<&str>) = offer.lines().partition(|line| line.starts_with("a=candidate:"));
    browser.take(page.offer(bare.join("\r\n") + "\r\n").await).await;
    let generation: Vec<&str> = offer.lines().filter(|line| line.starts_with("a=ice-")).collect();
    let fragment = [generation, vec!["m=audio 9 UDP/TLS/RTP/SAVPF 0", "a=mid:0"], candidates].concat().join("\r\n");
    assert_eq!(page.patch(&browser.location, fragment).await.status(), 204);
    browser.connected().await;
    browser.until_heard().await;

    browser.peer.restart_ice().await.expect("connected");
    let again = browser.offer().await;
    let ours: Vec<&str> = again.lines().filter(|line| line.starts_with("a=ice-") || line.starts_with("a=candidate:")).collect();
    let answer = page.patch(&browser.location, ours.join("\r\n")).await;
    assert_eq!(answer.status(), 200);
    let answer = answer.text().await.expect("a fragment");
    assert!(answer.contains("a=ice-pwd:") && answer.contains("a=candidate:"), "{answer}");
    page.delete(&browser.location).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_the_outside_sees_is_lite_and_its_calls_come_about() {
    let (house, page) = house(&[], |config| config.webrtc.ice_lite = true).await;
    let mut browser = page.call().await;
    assert!(browser.answer().await.lines().any(|line| line == "a=ice-lite"), "{}", browser.answer().await);
    browser.until_heard().await;
    page.delete(&browser.location).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_fingerprint_gets_nothing() {
    let (mut house, page) = house(&[], |config| config.webrtc.connect_ms = 1_000).await;
    let mut browser = Browser::new().await;
    let offer = browser.offer().await;
    let altered: Vec<String> = offer
        .lines()
        .map(|line| match line.strip_prefix("a=fingerprint:sha-256 ") {
            Some(print) => format!("a=fingerprint:sha-256 {}", print.chars().rev().collect::<String>()),
            None => line.to_owned(),
        })
        .collect();
    assert_ne!(altered.join("\r\n"), offer.trim_end());
    browser.take(page.offer(altered.join("\r\n") + "\r\n").await).await;
    house.until_no_task_is_left().await;
    assert!(browser.has_heard_nothing());
    assert!(house.seen.try_recv().is_err(), "no call ever began");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_page_frees_its_call() {
    let (mut house, page) = house(&[], |config| config.engine.max_calls = 1.try_into().expect("one")).await;
    let mut browser = page.call().await;
    browser.until_heard().await;
    let mut second = Browser::new().await;
    let full = Page::open(page.base.clone()).await;
    let refused = full.offer(second.offer().await).await;
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
    browser.peer.close().await.expect("closed");
    house.told(is_end).await;
    house.until_no_task_is_left().await;
    let again = full.call().await;
    assert_eq!(again.state(), RTCPeerConnectionState::Connected);
    full.delete(&again.location).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_get_a_clear_no() {
    let one = NonZeroU32::new(1).expect("one");
    let (house, page) = house(&[], |config| {
        config.http.widget.sessions_per_minute = NonZeroU32::new(3).expect("three");
        config.http.widget.calls_per_address = one;
    })
    .await;
    let mut browser = Browser::new().await;
    let offer = browser.offer().await;
    let elsewhere = Page { origin: "https://evil.example".to_owned(), ..Page::open(page.base.clone()).await };
    assert_eq!(elsewhere.mint().await.status(), 403);
    assert_eq!(elsewhere.offer(offer.clone()).await.status(), 403);
    assert!(elsewhere.socket().await.is_err_and(|error| error.contains("403")));
    let expired = Page { token: "0".repeat(64), ..Page::open(page.base.clone()).await };
    let no = expired.offer(offer.clone()).await;
    let status = no.status();
    let body: Value = no.json().await.expect("JSON");
    assert_eq!(status, 401);
    assert!(body["fix"].as_str().is_some_and(|fix| fix.contains("/v1/widget/sessions")), "{body}");
    assert!(expired.socket().await.is_err_and(|error| error.contains("401")));
    assert_eq!(page.mint().await.status(), 429, "the fourth token of a minute");
    assert_eq!(page.offer("v=0\r\n".to_owned()).await.status(), 422);
    assert_eq!(page.delete("/v1/widget/calls/nobody").await.status(), 404);
    let browser = page.call().await;
    let second = Page { token: elsewhere.token, origin: page.origin.clone(), ..expired };
    assert_eq!(second.offer(offer).await.status(), 429, "the second call of an address");
    assert_eq!(second.delete(&browser.location).await.status(), 404, "another page's call");
    page.delete(&browser.location).await;
    house.close().await;
}
