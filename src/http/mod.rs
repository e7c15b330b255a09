//! Health, metrics and text chat over HTTP; every error is JSON and says what to do.
//! Never touches call, media or speech: a text channel skips the audio rooms.

mod chat;
mod desk;
mod error;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;
use tokio::net::TcpListener;

use crate::config::HttpConfig;
use crate::telemetry::Metrics;

pub use chat::{Chat, ChatAnswer, ChatError, ChatMessage};
pub use desk::TextDesk;

use error::ApiError;

/// What the pages are made of.
#[derive(Clone)]
pub struct App {
    /// The line's numbers.
    pub metrics: Arc<Metrics>,
    /// Whether calls are accepted now.
    pub ready: Arc<AtomicBool>,
    /// Who answers typed messages.
    pub chat: Arc<dyn Chat>,
}

/// All pages: `GET /healthz`, `/readyz`, `/metrics`, `POST /v1/chat`.
pub fn router(app: App, config: &HttpConfig) -> Router {
    Router::new()
        .route("/healthz", get(async || Json(json!({ "ok": true }))))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/v1/chat", post(chat::handle))
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || ApiError::wrong_method())
        .layer(DefaultBodyLimit::max(config.max_body_bytes))
        .with_state(Pages { app, timeout: Duration::from_millis(config.timeout_ms) })
}

/// Serves until `stop` is done and the requests under way are answered.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

#[derive(Clone)]
struct Pages {
    app: App,
    timeout: Duration,
}

async fn readyz(State(pages): State<Pages>) -> Result<impl IntoResponse, ApiError> {
    if pages.app.ready.load(Ordering::Acquire) { Ok(Json(json!({ "ready": true }))) } else { Err(ApiError::not_ready()) }
}

async fn metrics(State(pages): State<Pages>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], pages.app.metrics.prometheus())
}
