//! Events of devices and shops: signed, kept once, told to their customer alone, and gone with the customer.
//! Never scripts anything between the web page and the dialogue.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/house.rs"]
mod house;

use std::future::pending;

use axum::Router;
use chrono::TimeDelta;
use hotline::config::EventsConfig;
use hotline::engine::{Tasks, clock};
use hotline::http::{Chat as _, ChatMessage, Events, TextDesk, serve};
use hotline::privacy::Pii;
use hotline::talk::CallId;
use house::House;
use reqwest::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;

const SECRET: &str = "a secret of the shop's";
const NUMBER: &str = "+49 30 9999 0000";

struct Shop {
    house: House,
    desk: TextDesk,
    url: String,
}

impl Shop {
    async fn open() -> Self {
        let house = House::open(&[]).await;
        let board = house.open.line().board().clone();
        let events = Events::open(&EventsConfig::default(), |_| Some(SECRET.to_owned())).expect("a secret");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/v1/events", listener.local_addr().expect("bound"));
        let routes: Router = events.routes(&board);
        Tasks::default().spawn("served", async move { serve(listener, routes, pending()).await.expect("served") });
        Self { house, desk: TextDesk::new(board), url }
    }

    async fn post(&self, secret: &str, age_s: i64, event: &Value) -> (StatusCode, Value) {
        let (at, body) = ((clock::wall().timestamp() - age_s).to_string(), event.to_string());
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), format!("{at}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = reqwest::Client::new().post(&self.url).header("X-Hotline-Timestamp", at).body(body);
        let answer = request.header("X-Hotline-Signature", format!("sha256={hex}")).send().await.expect("an answer");
        (answer.status(), answer.json().await.expect("JSON"))
    }

    /// All that is said in a conversation of these texts.
    async fn chat(&self, from: Option<&str>, texts: &[&str]) -> String {
        let (mut conversation, mut said) = (None::<CallId>, String::new());
        for text in texts {
            let from = from.map(|from| Pii::new(from.to_owned()));
            let message = ChatMessage { from, ..ChatMessage::typed(conversation, Pii::new((*text).to_owned()), None) };
            let answer = self.desk.answer(message).await.expect("answered");
            conversation = Some(answer.conversation);
            said = answer.sentences.iter().fold(said, |said, sentence| said + &sentence.text + "\n");
        }
        said
    }
}

fn event(id: &str, customer: Value, openly: bool) -> Value {
    let expires = clock::wall().to_utc() + TimeDelta::days(3);
    let text = json!({ "en": format!("Your parcel is late, says {id}."), "zh": format!("您的包裹晚到，{id}。") });
    json!({ "id": id, "customer": customer, "kind": "parcel_delayed", "text": text, "expires": expires, "openly": openly })
}

#[tokio::test]
async fn only_signed_fresh_and_right_events_are_taken_and_each_once() {
    let shop = Shop::open().await;
    let right = event("e1", json!({ "number": NUMBER }), true);
    assert_eq!(shop.post("another", 0, &right).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(shop.post(SECRET, 301, &right).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(shop.post(SECRET, -301, &right).await.0, StatusCode::UNAUTHORIZED);
    let changed = |name: &str, value: Value| {
        let mut event = right.clone();
        event[name] = value;
        event
    };
    for wrong in [
        changed("id", json!(" ")),
        changed("text", json!({})),
        changed("text", json!({ "en": "a".repeat(501) })),
        changed("expires", json!("2020-01-01T00:00:00Z")),
        changed("expires", json!("9020-01-01T00:00:00Z")),
        changed("customer", json!({ "number": "anonymous" })),
        changed("customer", json!({ "name": "Ann" })),
        changed("more", json!(1)),
    ] {
        let (status, body) = shop.post(SECRET, 0, &wrong).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert!(body["error"].is_string() && body["fix"].is_string(), "{body}");
    }
    assert_eq!(shop.post(SECRET, 0, &right).await, (StatusCode::CREATED, json!({ "id": "e1", "duplicate": false })));
    assert_eq!(shop.post(SECRET, 299, &right).await, (StatusCode::OK, json!({ "id": "e1", "duplicate": true })));
}

#[tokio::test]
async fn what_may_be_told_openly_is_told_to_the_number_alone_in_its_language_and_once() {
    let shop = Shop::open().await;
    for (id, openly) in [("open", true), ("shut", false)] {
        shop.post(SECRET, 0, &event(id, json!({ "number": NUMBER }), openly)).await;
    }
    let hello = ["what are your opening hours"];
    assert!(!shop.chat(None, &hello).await.contains("late"));
    assert!(!shop.chat(Some("+49 30 1111 0000"), &hello).await.contains("late"));
    let said = shop.chat(Some("tel:+493099990000"), &["你们几点开门"]).await;
    assert!(said.contains("您的包裹晚到，open。") && !said.contains("shut"), "{said}");
    assert!(!shop.chat(Some(NUMBER), &hello).await.contains("late"), "it was told");
    let (_, again) = shop.post(SECRET, 0, &event("open", json!({ "number": NUMBER }), true)).await;
    assert_eq!(again["duplicate"], true, "told or not");
}

#[tokio::test]
async fn what_is_of_an_account_waits_until_its_customer_has_proved_who_they_are() {
    let shop = Shop::open().await;
    shop.post(SECRET, 0, &event("mine", json!({ "account": "100002" }), false)).await;
    shop.post(SECRET, 0, &event("another", json!({ "account": "100003" }), true)).await;
    let before = shop.chat(None, &["i want to return something", "12345"]).await;
    assert!(!before.contains("late"), "{before}");
    let after = shop.chat(None, &["i want to return something", "12345", "10115"]).await;
    assert!(after.contains("late, says mine.") && !after.contains("another"), "{after}");
}

#[tokio::test]
async fn an_event_lies_sealed_and_goes_with_its_customer() {
    let shop = Shop::open().await;
    shop.post(SECRET, 0, &event("e1", json!({ "number": NUMBER }), true)).await;
    let archive = &shop.house.open.line().board().shared().observers.archive;
    let customer = archive.vault().caller(&Pii::new(NUMBER.to_owned())).expect("a number");
    let now = clock::wall().to_utc();
    assert_eq!(archive.callers().waiting(customer, now).await.expect("readable").len(), 1);
    for file in std::fs::read_dir(shop.house.data.path()).expect("a folder").flatten().filter(|file| file.path().is_file()) {
        let bytes = std::fs::read(file.path()).expect("readable");
        assert!(!bytes.windows(6).any(|six| six == b"parcel"), "{} holds it in the clear", file.path().display());
    }
    let mut zip = std::io::Cursor::new(Vec::new());
    archive.subject(customer, "tests").export(&mut zip, now).await.expect("exported");
    assert!(zip.get_ref().windows(7).any(|seven| seven == b"events/"), "the customer may have it");
    assert!(archive.subject(customer, "tests").erase(now).await.expect("erased").is_some());
    assert!(archive.callers().waiting(customer, now).await.expect("readable").is_empty());
    shop.post(SECRET, 0, &event("e2", json!({ "number": NUMBER }), true)).await;
    archive.sweep(clock::wall() + TimeDelta::days(4)).await.expect("swept");
    assert!(archive.callers().waiting(customer, now).await.expect("readable").is_empty(), "it was over");
}
