//! The HTTP pages as a client on loopback sees them.
#![cfg(feature = "web")]

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use futures::{SinkExt as _, StreamExt as _};
use hotline::config::HttpConfig;
use hotline::http::{App, Chat, ChatAnswer, ChatError, ChatMessage, router, serve};
use hotline::talk::{AfterReply, CallId, Importance, Language, Sentence};
use hotline::telemetry::Metrics;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_util::sync::CancellationToken;

/// Repeats what it is told, hangs up on "bye", and never answers "wait".
struct Parrot;

#[async_trait]
impl Chat for Parrot {
    async fn answer(&self, message: ChatMessage) -> Result<ChatAnswer, ChatError> {
        let text = message.text.reveal().clone();
        if text == "wait" {
            std::future::pending::<()>().await;
        }
        let after = match text.as_str() {
            "bye" => AfterReply::HangUp,
            "agent" => AfterReply::Transfer { target: "desk".to_owned() },
            _ => AfterReply::Listen(hotline::talk::Expectation::Open),
        };
        let conversation = match message.conversation {
            Some(id) if id.as_str() == "gone" => return Err(ChatError::NoConversation),
            Some(id) => id,
            None => CallId::new("fresh").expect("an id"),
        };
        let language = message.language.unwrap_or(Language::EN);
        let sentence = Sentence { index: 0, text, language, importance: Importance::Normal };
        Ok(ChatAnswer { conversation, sentences: vec![sentence], after })
    }
}

/// Runs `client` against the pages on a free port, then stops them.
async fn with_pages(ready: bool, client: impl AsyncFnOnce(String)) {
    let _taken = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let app = App {
        metrics: Arc::new(Metrics::default()),
        ready: Arc::new(AtomicBool::new(ready)),
        chat: Arc::new(Parrot),
        talk: None,
        console: None,
        stop: CancellationToken::new(),
    };
    let config = HttpConfig { timeout_ms: 50, max_body_bytes: 20_000, ..HttpConfig::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { stopped.await.unwrap_or_default() };
    let client = async {
        client(url).await;
        stop.send(()).expect("the pages run until now");
    };
    let (served, ()) = tokio::join!(serve(listener, router(app, &config), stopped), client);
    served.expect("stopped in peace");
}

async fn ask(request: RequestBuilder) -> (StatusCode, Value) {
    let response: Response = request.send().await.expect("an answer");
    (response.status(), response.json().await.expect("JSON"))
}

#[tokio::test]
async fn health_readiness_and_metrics_are_told() {
    with_pages(true, async |url| {
        assert_eq!(ask(reqwest::Client::new().get(format!("{url}/healthz"))).await.0, StatusCode::OK);
        assert_eq!(ask(reqwest::Client::new().get(format!("{url}/readyz"))).await, (StatusCode::OK, json!({ "ready": true })));
        let metrics = reqwest::get(format!("{url}/metrics")).await.expect("an answer");
        assert!(metrics.headers()["content-type"].to_str().is_ok_and(|t| t.starts_with("text/plain; version=0.0.4")));
        assert!(metrics.text().await.expect("text").contains("hotline_calls_active 0\n"));
    })
    .await;
    with_pages(false, async |url| {
        let response = reqwest::get(format!("{url}/readyz")).await.expect("an answer");
        assert_eq!(
            (response.status(), &response.headers()["retry-after"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"1".parse().unwrap())
        );
    })
    .await;
}

#[tokio::test]
async fn a_message_gets_its_sentences_and_its_conversation() {
    with_pages(true, async |url| {
        let client = reqwest::Client::new();
        let say = |body: Value| ask(client.post(format!("{url}/v1/chat")).json(&body));
        let (status, answer) = say(json!({ "text": " 你好 ", "language": "zh" })).await;
        assert_eq!(status, StatusCode::OK);
        let sentences = json!([{ "text": "你好", "language": "zh" }]);
        assert_eq!(answer, json!({ "conversation": "fresh", "sentences": sentences, "after": "listen" }));
        let (_, answer) = say(json!({ "text": "bye", "conversation": "fresh" })).await;
        assert_eq!(answer["after"], "hang-up");
        let (_, answer) = say(json!({ "text": "agent" })).await;
        assert_eq!((&answer["after"], &answer["target"]), (&json!("transfer"), &json!("desk")));
    })
    .await;
}

#[tokio::test]
async fn a_socket_keeps_its_conversation_answers_in_order_and_refuses_foreign_pages() {
    with_pages(true, async |url| {
        let address = url.strip_prefix("http://").expect("a url");
        let open = async |origin: Option<&str>| {
            let mut request = format!("ws://{address}/v1/chat/ws").into_client_request().expect("a request");
            origin.map(|origin| request.headers_mut().insert("origin", origin.parse().expect("a header")));
            let stream = tokio::net::TcpStream::connect(address).await.expect("connected");
            tokio_tungstenite::client_async(request, stream).await.map(|(socket, _)| socket)
        };
        assert!(open(Some("https://elsewhere.example")).await.is_err());
        let mut socket = open(None).await.expect("programs may");
        for question in [json!({ "text": "one" }), json!({ "text": "" }), json!({ "text": "wait" }), json!({ "text": "two" })] {
            socket.send(Message::text(question.to_string())).await.expect("sent");
        }
        let mut next = async || -> Value {
            let message = socket.next().await.expect("an answer").expect("whole");
            serde_json::from_str(message.to_text().expect("text")).expect("JSON")
        };
        let first = next().await;
        assert_eq!((&first["sentences"][0]["text"], &first["conversation"]), (&json!("one"), &json!("fresh")));
        for _ in 0..2 {
            let refused = next().await;
            assert!(refused["error"].is_string() && refused["fix"].is_string(), "{refused}");
        }
        assert_eq!(next().await["sentences"][0]["text"], "two");
    })
    .await;
}

#[tokio::test]
async fn the_pages_describe_themselves_and_what_is_described_is_there() {
    with_pages(true, async |url| {
        let client = reqwest::Client::new();
        let (status, told) = ask(client.get(format!("{url}/openapi.json"))).await;
        assert_eq!((status, &told["info"]["title"]), (StatusCode::OK, &json!("Hotline")));
        // The others are there where they are configured.
        let configured = ["/v1/widget", "/v1/channels", "/v1/events", "/talk", "/widget"];
        let paths = told["paths"].as_object().expect("paths").iter();
        for (path, methods) in paths.filter(|(path, _)| !configured.iter().any(|start| path.starts_with(start))) {
            for method in methods.as_object().expect("methods").keys() {
                let method = method.to_uppercase().parse().expect("a method");
                let status = client.request(method, format!("{url}{path}")).send().await.expect("an answer").status();
                assert!(![StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status), "{path}: {status}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_is_wrong_is_json_with_a_fix() {
    with_pages(true, async |url| {
        let client = reqwest::Client::new();
        let post = || client.post(format!("{url}/v1/chat"));
        let cases = [
            (client.get(format!("{url}/nowhere")), StatusCode::NOT_FOUND),
            (client.get(format!("{url}/v1/chat")), StatusCode::METHOD_NOT_ALLOWED),
            (post().body("{}"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
            (post().header("content-type", "application/json").body("{"), StatusCode::BAD_REQUEST),
            (post().json(&json!({ "txt": "hello" })), StatusCode::UNPROCESSABLE_ENTITY),
            (post().json(&json!({ "text": "  " })), StatusCode::UNPROCESSABLE_ENTITY),
            (post().json(&json!({ "text": "好".repeat(4_001) })), StatusCode::UNPROCESSABLE_ENTITY),
            (post().json(&json!({ "text": "a".repeat(30_000) })), StatusCode::PAYLOAD_TOO_LARGE),
            (post().json(&json!({ "text": "a", "conversation": "../../etc" })), StatusCode::NOT_FOUND),
            (post().json(&json!({ "text": "a", "conversation": "gone" })), StatusCode::NOT_FOUND),
            (post().json(&json!({ "text": "wait" })), StatusCode::GATEWAY_TIMEOUT),
        ];
        for (request, expected) in cases {
            let (status, body) = ask(request).await;
            assert_eq!(status, expected, "{body}");
            let told = |key: &str| body[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(told("error") && told("fix"), "{body}");
        }
    })
    .await;
}
