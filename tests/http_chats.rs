//! Conversations by text on a whole line: what is kept of them, and how they go on with what was begun on the phone.
//! Never scripts anything between the channel and the dialogue.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/house.rs"]
mod house;

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use hotline::config::ChannelsConfig;
use hotline::engine::Tasks;
use hotline::http::channels::Channels;
use hotline::http::{Chat as _, ChatMessage, LineSenses, TextDesk, serve};
use hotline::line::CloseCause;
use hotline::privacy::Pii;
use hotline::store::journal::JournalEvent;
use hotline::talk::CallId;
use house::{Ear, House, PATIENCE, Tone, records_of, until_ended};
use reqwest::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const SECRET: &str = "the WHATSAPP_APP_SECRET";

fn heard(event: &JournalEvent) -> &str {
    if let JournalEvent::ReplyEnded { heard, .. } = event { heard } else { panic!("{} is no end of a reply", event.kind()) }
}

/// Writes all of it into one conversation; which it was.
async fn write(desk: &TextDesk, channel: &'static str, texts: &[&str]) -> CallId {
    let mut conversation = None;
    for text in texts {
        let message = ChatMessage::typed(conversation, Pii::new((*text).to_owned()), None).by(channel);
        conversation = Some(desk.answer(message).await.expect("answered").conversation);
    }
    conversation.expect("something was written")
}

#[tokio::test]
async fn a_conversation_by_text_leaves_a_record_and_a_secret_does_not_stand_in_it() {
    let bank = Path::new(env!("CARGO_MANIFEST_DIR")).join("packs/bank");
    let house = House::open_as(Ear::of(&[]), Tone::default(), |config| config.pack = bank).await;
    let desk = TextDesk::new(house.open.line().board().clone());
    let texts =
        ["i want to send money to my savings account", "10000001", "may 4th 1980", "PIN", "2468", "no, nothing", "goodbye"];
    let written = write(&desk, "widget", &texts).await;
    let left = write(&desk, "chat", &["what does an account cost"]).await;
    let metrics = house.open.line().metrics().prometheus();
    assert!(metrics.contains("hotline_chats_active 1\n"), "{metrics}");
    drop(desk);
    let data = house.close().await;
    let records = records_of(data.path());
    let record = records.show(&written).expect("it was kept");
    let kinds: Vec<_> = record.entries.iter().map(|entry| entry.event.kind()).collect();
    for kind in ["call_started", "pack", "transcript", "understood", "tool", "identity", "reply", "reply_ended", "call_ended"] {
        assert!(kinds.contains(&kind), "no {kind} in {kinds:?}");
    }
    let summary = record.summary();
    assert_eq!((summary.channel.as_str(), summary.turns), ("widget", texts.len()));
    assert_eq!(summary.cause.as_deref(), Some("bot"));
    assert!(record.is_closed);
    let said = record.entries.iter().filter_map(|entry| match &entry.event {
        JournalEvent::Transcript { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let said: Vec<_> = said.collect();
    assert_eq!((said[3], said[4]), ("PIN", "***"), "{said:?}");
    assert!(record.lines.iter().all(|line| !line.reveal().contains("2468")));
    let cause = records.show(&left).expect("it was kept").summary().cause;
    assert_eq!(cause.as_deref(), Some("shutdown"), "it lasted when the line closed");
}

/// The line's webhook of WhatsApp, and the texts that go out by the platform's API.
async fn whatsapp(house: &House) -> (String, mpsc::UnboundedReceiver<String>) {
    let (sender, sent) = mpsc::unbounded_channel();
    let tell = async |State(sender): State<mpsc::UnboundedSender<String>>, body: axum::Json<Value>| {
        sender.send(body["text"]["body"].as_str().unwrap_or_default().to_owned()).expect("the test reads on");
        "{}"
    };
    let mut config = ChannelsConfig::default();
    config.whatsapp.api = listen(Router::new().fallback(tell).with_state(sender)).await;
    config.whatsapp.number_id = "1555".to_owned();
    let board = house.open.line().board();
    let senses = LineSenses::shared(board.clone());
    let channels = Channels::open(&config, |name| name.starts_with("WHATSAPP").then(|| format!("the {name}")));
    let desk = Arc::new(TextDesk::new(board.clone()));
    (listen(channels.routes((desk, senses), &Tasks::default(), 10_000)).await + "/v1/channels/whatsapp", sent)
}

async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    Tasks::default().spawn("served", async move { serve(listener, router, pending()).await.expect("served") });
    url
}

/// A signed notice of the Cloud API: this number writes that.
async fn post(url: &str, from: &str, text: &str) {
    let message = json!({ "from": from, "id": format!("{from} {text}"), "type": "text", "text": { "body": text } });
    let value = json!({ "messaging_product": "whatsapp", "metadata": { "phone_number_id": "1555" }, "messages": [message] });
    let change = json!({ "field": "messages", "value": value });
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "9", "changes": [change] }] }).to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.as_bytes());
    let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let request = reqwest::Client::new().post(url).header("X-Hub-Signature-256", format!("sha256={hex}")).body(body);
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::OK);
}

#[tokio::test]
async fn a_return_begun_on_the_phone_goes_on_in_whatsapp_from_the_same_number() {
    let mut house = House::open(&["i want to return something", "goodbye", "yes please"]).await;
    let mut caller = house.caller_from("+493099990000").await;
    house.until_said(&mut caller).await;
    house.ask(&mut caller).await;
    house.key(&mut caller, "12345#").await;
    house.key(&mut caller, "10115#").await;
    let question = house.ask(&mut caller).await;
    assert!(heard(&question).contains("May I remember"), "{}", heard(&question));
    house.ask(&mut caller).await;
    assert_eq!(until_ended(&mut caller).await, CloseCause::RemoteHangup);
    house.until_no_task_is_left().await;

    let (url, mut sent) = whatsapp(&house).await;
    let mut answer = async |from: &str, text: &str| {
        post(&url, from, text).await;
        tokio::time::timeout(PATIENCE, sent.recv()).await.expect("in time").expect("sent")
    };
    let known = answer("493099990000", "hello").await;
    assert!(known.contains("Last time we were at returning an order"), "{known}");
    assert!(!known.contains('4') && !known.contains("1 2 3 4 5"), "a number alone opens nothing of an account: {known}");
    let on = answer("493099990000", "yes please").await;
    assert!(on.contains("order number"), "{known} // {on}");
    let stranger = answer("493011110000", "hello").await;
    assert!(!stranger.contains("Last time"), "{stranger}");
}
