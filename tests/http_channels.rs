//! Webhooks of social apps in their documented form, and the answers that a fake of each platform's API gets.
#![cfg(feature = "web")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use hotline::config::ChannelsConfig;
use hotline::engine::{NoteError, Tasks, clock};
use hotline::http::channels::Channels;
use hotline::http::{Chat, ChatAnswer, ChatError, ChatMessage, Meaning, PhotoError, Seen, Senses, serve};
use hotline::privacy::Pii;
use hotline::talk::{AfterReply, CallId, Expectation, Importance, Language, Sentence, Transcript};
use reqwest::StatusCode;
use ring::hmac;
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc};

/// A message that ends so is answered when this gives leave.
static LATE: Semaphore = Semaphore::const_new(0);

/// Repeats what it is told, with the conversation it was told it in; "slow" takes its time, "bye" ends.
struct Parrot;

#[async_trait]
impl Chat for Parrot {
    async fn answer(&self, message: ChatMessage) -> Result<ChatAnswer, ChatError> {
        let known = if message.conversation.is_some() { "again" } else { "new" };
        let said = message.heard.as_ref().map_or("", |heard| heard.engine.as_ref());
        let text = match (message.text.reveal().as_str(), message.from) {
            ("who am i", Some(from)) => from.reveal().clone(),
            (text, _) => format!("{known}: {said}{text}"),
        };
        if text.ends_with("late") {
            LATE.acquire().await.expect("never closed").forget();
        }
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

    async fn greet(&self, _: &'static str, _: Option<Pii<String>>, language: Option<Language>) -> Result<ChatAnswer, ChatError> {
        let text = format!("welcome {}", language.unwrap_or(Language::EN));
        self.answer(ChatMessage::typed(None, Pii::new(text), None)).await
    }
}

/// Sees a number on what is called a photo, and hears words in what is called a voice note.
#[async_trait]
impl Senses for Parrot {
    async fn look(&self, photo: Vec<u8>, _: Option<Language>) -> Result<Seen, PhotoError> {
        assert_eq!(photo, b"photo");
        Ok(Seen { codes: Vec::new(), meaning: Meaning::Said(Pii::new("order 4271".to_owned())) })
    }

    async fn listen(&self, note: Vec<u8>, language: Option<Language>, _: Expectation) -> Result<Transcript, NoteError> {
        let text = if note == b"voice" { "where is it" } else { "" };
        Ok(Transcript::of_text(text, language.unwrap_or(Language::EN), "heard "))
    }
}

/// What a platform's API was asked: path, `Authorization`, body.
type Sent = (String, String, Value);

/// Tells the test what it is asked, and has files: at Telegram's and Meta's two steps each.
async fn record(State((sent, own)): State<(mpsc::UnboundedSender<Sent>, String)>, request: Request) -> Response {
    let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
    let bearer = request.headers().get("authorization").map_or("", |value| value.to_str().expect("text")).to_owned();
    let body = axum::body::to_bytes(request.into_body(), 10_000).await.expect("a body");
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let kept = path.rsplit('/').next().filter(|name| ["photo", "voice", "noise"].contains(name));
    let answer = match path.as_str() {
        path if path.ends_with("/getFile") => {
            let to = body["file_id"].as_str().expect("a file");
            Some(json!({ "ok": true, "result": { "file_id": to, "file_path": format!("kept/{to}") } }).to_string())
        }
        "/cgi-bin/stable_token" => Some(json!({ "access_token": "good", "expires_in": 7_200 }).to_string()),
        "/cgi-bin/media/get" => query.strip_prefix("access_token=good&media_id=").map(str::to_owned),
        "/cgi-bin/message/custom/send" => Some(json!({ "errcode": 0, "errmsg": "ok" }).to_string()),
        path if path.starts_with("/file/") || path.starts_with("/lookaside/") => kept.map(str::to_owned),
        "/stray" => Some(json!({ "url": "http://169.254.169.254/latest/photo", "id": "stray" }).to_string()),
        _ => kept.map(|name| json!({ "url": format!("{own}/lookaside/{name}"), "id": name }).to_string()),
    };
    sent.send((path, bearer, body)).expect("the test reads on");
    answer.unwrap_or_default().into_response()
}

async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    served(listener, router);
    url
}

fn served(listener: TcpListener, router: Router) {
    Tasks::default().spawn("served", async move { serve(listener, router, std::future::pending()).await.expect("served") });
}

/// The address of the webhooks, and what the platforms get.
async fn line() -> (String, mpsc::UnboundedReceiver<Sent>) {
    line_with(4_500, |name| (name != "WECHAT_AES_KEY").then(|| format!("the {name}"))).await
}

/// The same, with these secrets.
async fn line_with(reply_within_ms: u64, variable: impl Fn(&str) -> Option<String>) -> (String, mpsc::UnboundedReceiver<Sent>) {
    let _taken = rustls::crypto::ring::default_provider().install_default();
    let (sender, sent) = mpsc::unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let api = format!("http://{}", listener.local_addr().expect("bound"));
    served(listener, Router::new().fallback(record).with_state((sender, api.clone())));
    let mut config = ChannelsConfig::default();
    config.whatsapp.media.clone_from(&api);
    config.telegram.api.clone_from(&api);
    config.wechat.api.clone_from(&api);
    config.wechat.reply_within_ms = reply_within_ms;
    config.wechat.app_id = "wx5823bf96d3bd56c7".to_owned();
    config.whatsapp.api = api;
    config.whatsapp.number_id = "1555".to_owned();
    let channels = Channels::open(&config, |name| variable(name));
    (listen(channels.routes((Arc::new(Parrot), Arc::new(Parrot)), &Tasks::default(), 10_000)).await, sent)
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
    for update in [text(4, "slow"), text(5, "bye"), text(5, "bye"), update(6, "private", ("sticker", json!({}))), text(7, "你好")]
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
    let image = json!({ "from": "4915", "id": "d", "type": "sticker", "sticker": { "id": "1" } });
    for _redelivered in 0..2 {
        assert_eq!(post(secret, notice("1555", json!([text("c", "hello"), image]))).await, StatusCode::OK);
    }
    let (path, bearer, body) = next(&mut sent).await;
    assert_eq!((path.as_str(), bearer.as_str()), ("/1555/messages", "Bearer the WHATSAPP_ACCESS_TOKEN"));
    let expected = json!({ "messaging_product": "whatsapp", "to": "4915", "type": "text", "text": { "body": "new: hello" } });
    assert_eq!(body, expected);
    assert!(next(&mut sent).await.2["text"]["body"].as_str().is_some_and(|text| text.contains("Please type")));
    assert!(sent.try_recv().is_err());

    let media = |id: &str, kind: &str, file: &str| json!({ "from": "4915", "id": id, "type": kind, kind: { "id": file } });
    let cases = [
        (media("e", "image", "photo"), "again: order 4271"),
        (media("f", "audio", "voice"), "🎤 where is it\nagain: heard where is it"),
        (media("g", "image", "stray"), "I cannot answer right now. Please try again in a minute."),
        (text("h", "who am i"), "+4915"),
    ];
    for (message, answer) in cases {
        assert_eq!(post(secret, notice("1555", json!([message]))).await, StatusCode::OK);
        assert_eq!(next_text(&mut sent).await, answer);
    }
}

/// The next text that goes to somebody, past the questions for files.
async fn next_text(sent: &mut mpsc::UnboundedReceiver<Sent>) -> String {
    loop {
        let (_, _, body) = next(sent).await;
        let text = [&body["text"]["body"], &body["text"], &body["text"]["content"]].into_iter().find_map(Value::as_str);
        if let Some(text) = text {
            return text.to_owned();
        }
    }
}

#[tokio::test]
async fn photos_and_voice_notes_in_telegram_are_fetched_and_answered() {
    let (url, mut sent) = line().await;
    let secret = "the TELEGRAM_WEBHOOK_SECRET";
    let sizes = |largest: &str| json!([{ "file_id": "small", "width": 90 }, { "file_id": largest, "width": 1_280 }]);
    let mut captioned = update(2, "private", ("photo", sizes("photo")));
    captioned["message"]["caption"] = json!(" where is this? ");
    let voice =
        |id, file: &str| update(id, "private", ("voice", json!({ "duration": 2, "mime_type": "audio/ogg", "file_id": file })));
    let cases = [
        (update(1, "private", ("text", json!("/start"))), "new: welcome en"),
        (update(7, "private", ("photo", sizes("photo"))), "again: order 4271"),
        (captioned, "again: where is this? order 4271"),
        (voice(3, "voice"), "🎤 where is it\nagain: heard where is it"),
        (voice(4, "noise"), "I could not make out that voice note. Please type your question."),
        (voice(5, "../../secret"), "I cannot answer right now. Please try again in a minute."),
        (update(6, "private", ("text", json!("who am i"))), "telegram:77"),
    ];
    for (update, answer) in cases {
        assert_eq!(telegram(&url, secret, update).await, StatusCode::OK);
        assert_eq!(next_text(&mut sent).await, answer);
    }
}

/// What WeChat signs with SHA-1: the texts in order, one behind the other.
fn signed(mut texts: Vec<&str>) -> String {
    texts.sort_unstable();
    Sha1::digest(texts.concat()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An answer of the account to a webhook with these fields, signed now with that token.
async fn wechat(url: &str, token: &str, fields: &[(&str, &str)]) -> (StatusCode, String) {
    let at = clock::wall().timestamp().to_string();
    let query = format!("signature={}&timestamp={at}&nonce=1320562132&openid=o1", signed(vec![token, &at, "1320562132"]));
    let fields: String = fields.iter().map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>")).collect();
    let head = "<ToUserName><![CDATA[gh_123]]></ToUserName><FromUserName><![CDATA[oABC]]></FromUserName>";
    let body = format!("<xml>{head}<CreateTime>1348831860</CreateTime>{fields}</xml>");
    let request = reqwest::Client::new().post(format!("{url}/v1/channels/wechat?{query}")).body(body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("text"))
}

fn content(xml: &str) -> &str {
    let (_, rest) = xml.split_once("<Content><![CDATA[").unwrap_or_else(|| panic!("{xml}"));
    rest.split_once("]]></Content>").expect("it ends").0
}

#[tokio::test]
async fn wechat_is_verified_and_its_signed_messages_answered_in_the_response() {
    let (url, mut sent) = line().await;
    let token = "the WECHAT_TOKEN";
    let asked = |at: i64, token: &str| {
        let at = at.to_string();
        let tag = signed(vec![token, &at, "7"]);
        reqwest::get(format!("{url}/v1/channels/wechat?signature={tag}&timestamp={at}&nonce=7&echostr=5838474398"))
    };
    let now = clock::wall().timestamp();
    assert_eq!(asked(now, token).await.expect("an answer").text().await.expect("text"), "5838474398");
    assert_eq!(asked(now, "guessed").await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(asked(now - 3_600, token).await.expect("an answer").status(), StatusCode::UNAUTHORIZED, "a copy of an old one");

    let text = |id, said| [("MsgType", "text"), ("Content", said), ("MsgId", id)];
    assert_eq!(wechat(&url, "another", &text("1", "forged")).await.0, StatusCode::UNAUTHORIZED);
    let subscribed = wechat(&url, token, &[("MsgType", "event"), ("Event", "subscribe"), ("EventKey", "")]).await.1;
    assert_eq!(content(&subscribed), "new: welcome zh");
    let reply = wechat(&url, token, &text("2", "你好")).await.1;
    assert!(
        reply.contains("<ToUserName><![CDATA[oABC]]></ToUserName><FromUserName><![CDATA[gh_123]]></FromUserName>"),
        "{reply}"
    );
    assert_eq!(content(&reply), "again: 你好");
    assert_eq!(content(&wechat(&url, token, &text("2", "你好")).await.1), "again: 你好", "delivered again, answered the same");
    assert_eq!(content(&wechat(&url, token, &text("3", "who am i")).await.1), "wechat:oABC");
    let image = [("MsgType", "image"), ("PicUrl", "http://169.254.169.254/x"), ("MediaId", "photo"), ("MsgId", "4")];
    assert_eq!(content(&wechat(&url, token, &image).await.1), "again: order 4271");
    let voice =
        |id, heard| [("MsgType", "voice"), ("MediaId", "voice"), ("Format", "amr"), ("Recognition", heard), ("MsgId", id)];
    assert_eq!(content(&wechat(&url, token, &voice("5", "我的包裹在哪")).await.1), "again: 我的包裹在哪");
    assert_eq!(content(&wechat(&url, token, &voice("6", "")).await.1), "🎤 where is it\nagain: heard where is it");
    let sticker = [("MsgType", "location"), ("Location_X", "23.1"), ("MsgId", "7")];
    assert!(content(&wechat(&url, token, &sticker).await.1).contains("Please type"), "in the language of the last answer");
    for silent in [[("MsgType", "event"), ("Event", "unsubscribe")], [("MsgType", "text"), ("MsgId", "8")]] {
        assert_eq!(wechat(&url, token, &silent).await, (StatusCode::OK, "success".to_owned()));
    }
    let bomb = format!("<!DOCTYPE xml [<!ENTITY a \"{}\">]><xml><Content>&a;</Content></xml>", "a".repeat(100));
    let at = now.to_string();
    let query = format!("signature={}&timestamp={at}&nonce=7", signed(vec![token, &at, "7"]));
    let request = reqwest::Client::new().post(format!("{url}/v1/channels/wechat?{query}")).body(bomb);
    assert_eq!(request.send().await.expect("an answer").status(), StatusCode::BAD_REQUEST);
    let asked: Vec<_> = std::iter::from_fn(|| sent.try_recv().ok()).map(|(path, ..)| path).collect();
    assert_eq!(asked, ["/cgi-bin/stable_token", "/cgi-bin/media/get", "/cgi-bin/media/get"], "one token for both files");
}

#[tokio::test]
async fn a_late_wechat_answer_comes_by_the_api() {
    let (url, mut sent) = line_with(1, |name| (name != "WECHAT_AES_KEY").then(|| format!("the {name}"))).await;
    let late = [("MsgType", "text"), ("Content", "late"), ("MsgId", "1")];
    assert_eq!(wechat(&url, "the WECHAT_TOKEN", &late).await, (StatusCode::OK, "success".to_owned()));
    LATE.add_permits(1);
    assert_eq!(next_text(&mut sent).await, "new: late");
}

#[tokio::test]
async fn in_safe_mode_only_sealed_messages_are_taken_and_answers_are_sealed() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
    let (url, _sent) =
        line_with(4_500, |name| Some(if name == "WECHAT_AES_KEY" { key.to_owned() } else { format!("the {name}") })).await;
    let token = "the WECHAT_TOKEN";
    let plain = [("MsgType", "text"), ("Content", "in plain"), ("MsgId", "1")];
    assert_eq!(wechat(&url, token, &plain).await.0, StatusCode::UNAUTHORIZED);
    // openssl enc -aes-256-cbc -nopad over salt, length, message, account and padding, as documented.
    let sealed = "Q3stYC6hdFzMh9T8HCvyDOfoxogh1MJuVqHQl4PjVXgRey9WjoSHn6qXCObB2LuGT2P5QWfYdOjNGKyQFPBXxlhZlnd8ODHnO5s7tX2VXyzG0jlVDYzNgQjxh7dycqklmw/A+FbCbMb8hWNNYfCHobtOp6WDfPnMHhplnjmGO80riYR/7Rk3JkaNDnmMQmLXzr+quwIWtvzRvScQs1yYmyR2qnb/BKtEtKAEcRIK2WhLooBP/bBfhaMf0KGfP19z7nIdPTYrbFfj7o8EUWCL6yaOjM21X04yElEqjDU7MDikxeDfwAwA/WQ6TLBDvOP6+pHS42jF68ak4oTqlhQSi0HkWNJV7uTiNxYL+Cc4EscvvoDWMII2+V5ko5elwEDk";
    let at = clock::wall().timestamp().to_string();
    let post = async |tag: String| {
        let query = format!("encrypt_type=aes&msg_signature={tag}&timestamp={at}&nonce=7");
        let body = format!("<xml><ToUserName>gh_123</ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>");
        let request = reqwest::Client::new().post(format!("{url}/v1/channels/wechat?{query}")).body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.text().await.expect("text"))
    };
    assert_eq!(post(signed(vec!["another", &at, "7", sealed])).await.0, StatusCode::UNAUTHORIZED);
    let (status, reply) = post(signed(vec![token, &at, "7", sealed])).await;
    assert_eq!(status, StatusCode::OK, "{reply}");
    let field = |name: &str| {
        let (_, rest) = reply.split_once(&format!("<{name}><![CDATA[")).unwrap_or_else(|| panic!("{reply}"));
        rest.split_once("]]>").expect("it ends").0
    };
    assert!(!reply.contains("<Content>"), "{reply}");
    let expected = signed(vec![token, field("TimeStamp"), field("Nonce"), field("Encrypt")]);
    assert_eq!(field("MsgSignature"), expected);
}

#[tokio::test]
async fn the_webhooks_that_are_described_are_there() {
    let (url, _sent) = line().await;
    let told = serde_json::to_value(hotline::http::description()).expect("JSON");
    let webhooks = told["paths"].as_object().expect("paths").iter().filter(|(path, _)| path.starts_with("/v1/channels"));
    let mut asked = 0;
    for (path, methods) in webhooks {
        for method in methods.as_object().expect("methods").keys() {
            let method = method.to_uppercase().parse().expect("a method");
            let status = reqwest::Client::new().request(method, format!("{url}{path}")).send().await.expect("an answer").status();
            assert!([StatusCode::UNAUTHORIZED, StatusCode::BAD_REQUEST].contains(&status), "{path}: {status}");
            asked += 1;
        }
    }
    assert_eq!(asked, 5);
}

#[tokio::test]
async fn a_channel_without_its_secrets_is_off() {
    let channels = Channels::open(&ChannelsConfig::default(), |name| (name != "TELEGRAM_BOT_TOKEN").then(|| "x".to_owned()));
    assert!(channels.telegram.is_none() && channels.whatsapp.is_none() && channels.wechat.is_none());
}
