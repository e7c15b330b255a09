//! `GET /v1/chat/ws`: one text conversation over a WebSocket; each message is a body of `POST /v1/chat`, each answer its answer.
//! Never answers two messages of a socket at once: answers come in the order of the questions.

use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::chat::{Answer, ChatError, Request};
use super::error::ApiError;
use super::{Pages, widget};
use crate::talk::CallId;

/// Longest message, in bytes: four times what a question may have in characters, and room for the rest of the JSON.
const LONGEST: usize = 20 * 1024;
/// A socket that says nothing for so long is closed, as its conversation is forgotten then.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// Opens the socket. Programs send no `Origin`; a page that does must be on the list of `http.widget.origins`.
pub(super) async fn open(
    State(pages): State<Pages>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    if headers.contains_key(ORIGIN) && widget::origin::allowed(&headers, &pages.origins).is_none() {
        return Err(ApiError::wrong_origin());
    }
    Ok(upgrade.max_message_size(LONGEST).on_upgrade(move |socket| Text { pages, socket, conversation: None }.run()))
}

struct Text {
    pages: Pages,
    socket: WebSocket,
    /// Where the next message belongs when it does not say so.
    conversation: Option<CallId>,
}

impl Text {
    async fn run(mut self) {
        let stop = self.pages.app.stop.clone();
        while let Some(text) = tokio::select! { () = stop.cancelled() => None, text = self.next() => text } {
            let body = self.answer(&text).await.unwrap_or_else(|error| error.body());
            if self.socket.send(Message::text(body.to_string())).await.is_err() {
                return;
            }
        }
        // Whoever is gone already needs no good-bye.
        self.socket.send(Message::Close(None)).await.ok();
    }

    /// The next message; none when the client is gone, silent for too long, or sends what is no text.
    async fn next(&mut self) -> Option<String> {
        loop {
            match tokio::time::timeout(IDLE, self.socket.recv()).await.ok()?? {
                Ok(Message::Text(text)) => return Some(text.as_str().to_owned()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Binary(_) | Message::Close(_)) | Err(_) => return None,
            }
        }
    }

    async fn answer(&mut self, text: &str) -> Result<Value, ApiError> {
        let fix = r#"send {"text": "where is my order 4271?"}"#;
        let request: Request =
            serde_json::from_str(text).map_err(|error| ApiError::new(StatusCode::BAD_REQUEST, error.to_string(), fix))?;
        let mut message = request.into_message()?;
        message.conversation = message.conversation.or_else(|| self.conversation.clone());
        let answer = tokio::time::timeout(self.pages.timeout, self.pages.app.chat.answer(message)).await;
        let answer = answer.map_err(|_| ApiError::too_slow())?.inspect_err(|error| {
            if *error == ChatError::NoConversation {
                self.conversation = None;
            }
        })?;
        self.conversation = answer.goes_on();
        Ok(serde_json::to_value(Answer::from(answer)).expect("text under names"))
    }
}
