//! What a client gets instead of an answer: a status, what was wrong, what to do.
//! Never our insides: causes go to the log.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::ChatError;

/// An error as `{"error": "…", "fix": "…"}`.
pub(super) struct ApiError {
    status: StatusCode,
    error: String,
    fix: &'static str,
}

/// What a client reads of an error.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Fault<'a> {
    /// What is wrong.
    error: &'a str,
    /// What to do about it.
    fix: &'a str,
}

impl ApiError {
    pub(super) fn new(status: StatusCode, error: impl Into<String>, fix: &'static str) -> Self {
        Self { status, error: error.into(), fix }
    }

    /// What a client reads of it.
    pub(super) fn body(&self) -> Value {
        json!(Fault { error: &self.error, fix: self.fix })
    }

    pub(super) fn not_found() -> Self {
        let fix = "there are GET /healthz, GET /readyz, GET /metrics, GET /openapi.json (which tells them all), GET /talk, POST /v1/chat, GET /v1/chat/ws and POST /v1/widget/sessions";
        Self::new(StatusCode::NOT_FOUND, "no such page", fix)
    }

    pub(super) fn wrong_method() -> Self {
        let fix = "GET /healthz, /readyz and /metrics; POST /v1/chat";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "this page is not asked this way", fix)
    }

    pub(super) fn wrong_origin() -> Self {
        let fix = "open the line's own page, or put this page's origin into http.widget.origins";
        Self::new(StatusCode::FORBIDDEN, "this page may not use the line", fix)
    }

    pub(super) fn no_call() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no such call, or it is over", "POST an offer to /v1/widget/calls for a new one")
    }

    pub(super) fn wrong_type() -> Self {
        let fix = "send Content-Type: application/sdp to call, application/trickle-ice-sdpfrag to change a call";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this is no session description", fix)
    }

    pub(super) fn no_address() -> Self {
        Self::new(StatusCode::BAD_REQUEST, "the connection has no address", "connect by TCP")
    }

    pub(super) fn not_ready() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "calls are not accepted now", "ask again in a second")
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "no answer in time", "try again; http.timeout_ms says how long is waited")
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        let fix = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "send a shorter message; http.max_body_bytes is the limit",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "send the header Content-Type: application/json",
            _ => r#"send {"text": "where is my order 4271?"}, and "conversation" as it came back"#,
        };
        Self::new(rejection.status(), rejection.body_text(), fix)
    }
}

impl From<ChatError> for ApiError {
    fn from(error: ChatError) -> Self {
        let (status, fix) = match error {
            ChatError::NoConversation => (StatusCode::NOT_FOUND, "leave \"conversation\" away to begin a new one"),
            ChatError::Busy => (StatusCode::SERVICE_UNAVAILABLE, "try again in a second"),
            ChatError::Failed => (StatusCode::BAD_GATEWAY, "try again; the log says what failed"),
        };
        Self::new(status, error.to_string(), fix)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = Json(self.body());
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => (self.status, [(header::RETRY_AFTER, "1")], body).into_response(),
            status => (status, body).into_response(),
        }
    }
}
