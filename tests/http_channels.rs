//! Webhooks of social apps in their documented form, and the answers that a fake of each platform's API gets.
#![cfg(feature = "web")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use hotline::config::ChannelsConfig;
use hotline::engine::Tasks;
use hotline::http::channels::Channels;
use hotline::http::{Chat, ChatAnswer, ChatError, ChatMessage, serve};
use hotline::talk::{AfterReply, CallId, Expectation, Importance, Language, Sentence};
use reqwest::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Repeats what it is told, with the conversation it was told it in; "slow" takes its time, "bye" ends.
struct Parrot;

#[async_trait]
impl Chat for Parrot {
    async fn answer(&self, message: ChatMessage) -> Result<ChatAnswer, ChatError> {
        let known = if message.conversation.is_some() { "again" } else { "new" };
        let text = format!("{known}: {}", message.text.reveal());
        if text.ends_with("slow") {
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
        }
        let after = if text.ends_with("bye") { AfterReply::HangUp } else { AfterReply::Listen(Expectation::Open) };
        let conversation = CallId::new("one").expect("an id");
        let sentence = Sentence { index: 0, text, language: Language::EN, importance: Importance::Normal };
        Ok(ChatAnswer { conversation, sentences: vec![sentence], after })
    }
}

/// What a platform's API was asked: path, `Authorization`, body.
type Sent = (String, String, Value);

async fn record(State(sent): State<mpsc::UnboundedSender<Sent>>, request: Request) {
    let path = request.uri().path().to_owned();
    let bearer = request.headers().get("authorization").map_or("", |value| value.to_str().expect("text")).to_owned();
    let body = axum::body::to_bytes(request.into_body(), 10_000).await.expect("a body");
    sent.send((path, bearer, serde_json::from_slice(&body).expect("JSON"))).expect("the test reads on");
}

async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    Tasks::default().spawn("served", async move { serve(listener, router, std::future::pending()).await.expect("served") });
    url
}

/// The address of the webhooks, and what the platforms get.
async fn line() -> (String, mpsc::UnboundedReceiver<Sent>) {
    let _taken = rustls::crypto::ring::default_provider().install_default();
    let (sender, sent) = mpsc::unbounded_channel();
    let api = listen(Router::new().fallback(record).with_state(sender)).await;
    let mut config = ChannelsConfig::default();
    config.telegram.api.clone_from(&api);
    config.whatsapp.api = api;
    config.whatsapp.number_id = "1555".to_owned();
    let channels = Channels::open(&config, |name| Some(format!("the {name}")));
    (listen(channels.routes(Arc::new(Parrot), &Tasks::default(), 10_000)).await, sent)
}

async fn next(sent: &mut mpsc::UnboundedReceiver<Sent>) -> Sent {
    tokio::time::timeout(Duration::from_secs(10), sent.recv()).await.expect("in time").expect("sent")
}

async fn telegram(url: &str, secret: &str, update: Value) -> StatusCode {
    let request = reqwest::Client::new().post(format!("{url}/v1/channels/telegram")).json(&update);
    request.header("X-Telegram-Bot-Api-Secret-Token", secret).send().await.expect("an answer").status()
}

fn update(id: i64, kind: &str, content: (&str, Value)) -> Value {
    let from = json!({ "id": 77, "is_bot": false, "first_name": "Ann", "language_code": "en" });
    let mut message = json!({ "message_id": id, "from": from, "chat": { "id": 77, "type": kind }, "date": 1_763_800_000 });
    message[content.0] = content.1;
    json!({ "update_id": id, "message": message })
}

#[tokio::test]
async fn telegram_messages_are_answered_once_in_order_and_only_when_signed() {
    let (url, mut sent) = line().await;
    let secret = "the TELEGRAM_WEBHOOK_SECRET";
    let text = |id, text: &str| update(id, "private", ("text", json!(text)));
    assert_eq!(telegram(&url, "wrong", text(1, "forged")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(telegram(&url, secret, update(2, "group", ("text", json!("in a group")))).await, StatusCode::OK);
    assert_eq!(telegram(&url, secret, json!({ "update_id": 3, "poll": {} })).await, StatusCode::OK);
    for update in [text(4, "slow"), text(5, "bye"), text(5, "bye"), update(6, "private", ("voice", json!({}))), text(7, "你好")]
    {
        assert_eq!(telegram(&url, secret, update).await, StatusCode::OK);
    }
    let mut said = Vec::new();
    for _ in 0..4 {
        let (path, _, body) = next(&mut sent).await;
        assert_eq!((path.as_str(), &body["chat_id"]), ("/botthe%20TELEGRAM_BOT_TOKEN/sendMessage", &json!("77")));
        said.push(body["text"].as_str().expect("text").to_owned());
    }
    assert_eq!((said[0].as_str(), said[1].as_str(), said[3].as_str()), ("new: slow", "again: bye", "new: 你好"));
    assert!(said[2].contains("Please type"), "{said:?}");
    assert!(sent.try_recv().is_err());
}

#[tokio::test]
async fn whatsapp_is_verified_and_its_signed_messages_answered() {
    let (url, mut sent) = line().await;
    let at = format!("{url}/v1/channels/whatsapp");
    let asked = |token: &str| reqwest::get(format!("{at}?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"));
    assert_eq!(asked("the%20WHATSAPP_VERIFY_TOKEN").await.expect("an answer").text().await.expect("text"), "1158201444");
    assert_eq!(asked("guessed").await.expect("an answer").status(), StatusCode::UNAUTHORIZED);

    let notice = |number: &str, messages: Value| {
        let metadata = json!({ "display_phone_number": "15550001", "phone_number_id": number });
        let value = json!({ "messaging_product": "whatsapp", "metadata": metadata, "messages": messages });
        json!({ "object": "whatsapp_business_account", "entry": [{ "id": "9", "changes": [{ "field": "messages", "value": value }] }] })
    };
    let post = async |secret: &str, body: Value| {
        let body = body.to_string();
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), body.as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        let request = reqwest::Client::new().post(&at).header("X-Hub-Signature-256", format!("sha256={hex}"));
        request.body(body).send().await.expect("an answer").status()
    };
    let text = |id: &str, body: &str| json!({ "from": "4915", "id": id, "type": "text", "text": { "body": body } });
    let secret = "the WHATSAPP_APP_SECRET";
    assert_eq!(post("another", notice("1555", json!([text("a", "forged")]))).await, StatusCode::UNAUTHORIZED);
    assert_eq!(post(secret, notice("1666", json!([text("b", "not ours")]))).await, StatusCode::OK);
    assert_eq!(post(secret, json!({ "entry": [{ "changes": [{ "value": { "statuses": [{}] } }] }] })).await, StatusCode::OK);
    let image = json!({ "from": "4915", "id": "d", "type": "image", "image": { "id": "1" } });
    for _redelivered in 0..2 {
        assert_eq!(post(secret, notice("1555", json!([text("c", "hello"), image]))).await, StatusCode::OK);
    }
    let (path, bearer, body) = next(&mut sent).await;
    assert_eq!((path.as_str(), bearer.as_str()), ("/1555/messages", "Bearer the WHATSAPP_ACCESS_TOKEN"));
    let expected = json!({ "messaging_product": "whatsapp", "to": "4915", "type": "text", "text": { "body": "new: hello" } });
    assert_eq!(body, expected);
    assert!(next(&mut sent).await.2["text"]["body"].as_str().is_some_and(|text| text.contains("Please type")));
    assert!(sent.try_recv().is_err());
}

#[tokio::test]
async fn a_channel_without_its_secrets_is_off() {
    let channels = Channels::open(&ChannelsConfig::default(), |name| (name != "TELEGRAM_BOT_TOKEN").then(|| "x".to_owned()));
    assert!(channels.telegram.is_none() && channels.whatsapp.is_none());
}
