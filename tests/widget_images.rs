//! A visitor's photo: its code goes into the conversation, spoken or written; without one a model sees, or the visitor is told.
//! Never a photo from a disk: every code is written by the test itself.
#![cfg(all(feature = "sip", feature = "web", feature = "openai"))]

#[path = "common/browser.rs"]
mod browser;
#[path = "common/house.rs"]
mod house;

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use browser::Page;
use hotline::config::Config;
use hotline::http::Picture;
use house::{Ear, House, Tone};
use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use reqwest::Response;
use reqwest::header::{AUTHORIZATION, ORIGIN};
use reqwest::multipart::{Form, Part};
use rxing::{BarcodeFormat, MultiFormatWriter, Writer as _};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn house(change: impl FnOnce(&mut Config)) -> (House, Page) {
    let house = House::open_as(Ear::of(&[]), Tone::default(), |config| {
        config.webrtc.listen = vec!["127.0.0.1".parse().expect("loopback")];
        change(config);
    })
    .await;
    let page = Page::open(format!("http://{}", house.open.http())).await;
    (house, page)
}

fn png(image: GrayImage) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut file, ImageFormat::Png).expect("it can be encoded");
    file.into_inner()
}

fn code(text: &str, kind: BarcodeFormat) -> Vec<u8> {
    let bits = MultiFormatWriter.encode(text, &kind, 300, 300).expect("it can be written");
    png(GrayImage::from_fn(bits.width(), bits.height(), |x, y| Luma([if bits.get(x, y) { 0 } else { 255 }])))
}

fn wall() -> Vec<u8> {
    png(GrayImage::from_fn(320, 240, |x, _| Luma([(x / 2) as u8])))
}

/// Sends a photo under a name and a type that say nothing of it.
async fn send(page: &Page, photo: Vec<u8>) -> Response {
    let part = Part::bytes(photo).file_name("notes.txt").mime_str("text/plain").expect("a type");
    let request = page.client.post(format!("{}/v1/widget/images", page.base)).header(ORIGIN, &page.origin);
    let request = request.header(AUTHORIZATION, format!("Bearer {}", page.token));
    request.multipart(Form::new().part("file", part)).send().await.expect("an answer")
}

async fn codes(response: Response) -> Value {
    assert_eq!(response.status(), 200);
    response.json::<Value>().await.expect("JSON")["codes"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photographed_order_number_answers_the_question_at_hand_in_writing() {
    let (house, page) = house(|_| {}).await;
    assert!(page.session["max_upload_bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{}", page.session);
    let mut socket = page.socket().await.expect("a socket");
    socket.send(json!({ "type": "text", "text": "where is my order" })).await;
    socket.until_caption_with("order number").await;
    assert_eq!(codes(send(&page, code("4271", BarcodeFormat::CODE_128)).await).await, json!(["4271"]));
    socket.until_caption_with("postcode").await;
    socket.send(json!({ "type": "text", "text": "90210" })).await;
    socket.until_caption_with("desk lamp").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photographed_order_opens_a_conversation_and_waits_for_a_page_that_is_away() {
    let (house, page) = house(|_| {}).await;
    let label = code("https://lantern.example/orders/4271", BarcodeFormat::QR_CODE);
    assert_eq!(codes(send(&page, label).await).await, json!(["https://lantern.example/orders/4271"]));
    let mut socket = page.socket().await.expect("a socket, after the photo");
    socket.until_caption_with("postcode").await;
    socket.send(json!({ "type": "hangup" })).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_call_the_photo_is_said_in_the_call() {
    let (house, page) = house(|_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    let browser = page.call().await;
    socket.until_state("speaking").await;
    socket.until_state("listening").await;
    codes(send(&page, code("4271", BarcodeFormat::QR_CODE)).await).await;
    assert_eq!(socket.until_caption("caller").await, "order 4271", "a bare number is of what the pack says");
    socket.until_caption_with("postcode").await;
    socket.until_state("speaking").await;
    page.delete(&browser.location).await;
    house.until_no_task_is_left().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_code_the_visitor_is_told_what_can_be_read() {
    let (house, page) = house(|_| {}).await;
    let mut socket = page.socket().await.expect("a socket");
    assert_eq!(codes(send(&page, wall()).await).await, json!([]));
    socket.until_caption_with("bar codes and QR codes").await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_sees_says_what_the_photo_shows_and_the_dialogue_decides() {
    let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
    let app = Router::new().route("/v1/chat/completions", post(describe)).with_state(Arc::clone(&asked));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let base_url = format!("http://{}/v1", listener.local_addr().expect("bound"));
    #[expect(clippy::disallowed_methods, reason = "the test's own server")]
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let (house, page) = house(|config| {
        config.dialogue.llm.base_url.clone_from(&base_url);
        config.dialogue.llm.sees_images = true;
    })
    .await;
    let mut socket = page.socket().await.expect("a socket");
    codes(send(&page, wall()).await).await;
    socket.until_caption_with("postcode").await;
    let shown = asked.lock().expect("no test panics here").iter().find_map(|body| {
        let url = body["messages"][1]["content"][0]["image_url"]["url"].as_str()?.to_owned();
        BASE64_STANDARD.decode(url.strip_prefix("data:image/jpeg;base64,")?).ok()
    });
    assert!(Picture::decode(&shown.expect("it was shown")).is_ok());
    codes(send(&page, code("4271", BarcodeFormat::QR_CODE)).await).await;
    let photos = asked.lock().expect("no test panics here").iter().filter(|body| body["stream"] != json!(true)).count();
    assert_eq!(photos, 1, "what has a code is not sent away");
    house.close().await;
    server.abort();
}

/// Says of a photo that it is an order's label; fails at all else, so that the embedded brain understands it.
async fn describe(
    State(asked): State<Arc<Mutex<Vec<Value>>>>,
    Json(body): Json<Value>,
) -> Result<Json<Value>, axum::http::StatusCode> {
    let is_photo = body["messages"][1]["content"][0]["type"] == "image_url";
    asked.lock().expect("no test panics here").push(body);
    let message = json!({ "role": "assistant", "content": "My order number is 4271.\n", "refusal": null });
    let choices = json!([{ "index": 0, "message": message, "finish_reason": "stop", "logprobs": null }]);
    let answer = json!({ "id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": choices });
    if is_photo { Ok(Json(answer)) } else { Err(axum::http::StatusCode::BAD_REQUEST) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photo_too_large_or_a_strangers_gets_a_clear_no() {
    let (house, page) = house(|config| config.http.widget.max_upload_bytes = 40_000).await;
    let status = async |page: &Page, photo: Vec<u8>| {
        let answer = send(page, photo).await;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.expect("JSON");
        assert!(body["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{body}");
        status
    };
    assert_eq!(status(&page, b"<svg/>".to_vec()).await, 415);
    assert_eq!(status(&page, wall()[..100].to_vec()).await, 415);
    assert_eq!(status(&page, vec![0; 45_000]).await, 413);
    let unknown = Page { token: "0".repeat(64), ..Page::open(page.base.clone()).await };
    assert_eq!(status(&unknown, wall()).await, 401);
    let elsewhere = Page { origin: "https://evil.example".to_owned(), ..Page::open(page.base.clone()).await };
    assert_eq!(status(&elsewhere, wall()).await, 403);
    house.close().await;
    let (house, page) = self::house(|config| config.http.widget.max_upload_bytes = 0).await;
    assert_eq!(page.session["max_upload_bytes"], 0);
    assert_eq!(status(&page, wall()).await, 404);
    house.close().await;
}
