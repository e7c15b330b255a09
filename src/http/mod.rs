//! Health, metrics, text chat and the browsers' calls over HTTP; every error is JSON and says what to do.
//! Never touches call, media or speech: a text channel skips the audio rooms.

pub mod channels;
mod chat;
mod chat_socket;
mod console;
mod desk;
mod error;
mod events;
mod openapi;
mod pages;
mod photos;
mod picture;
mod senses;
mod talk;
mod widget;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::HttpConfig;
use crate::telemetry::Metrics;

pub use chat::{Chat, ChatAnswer, ChatError, ChatMessage};
pub use console::{Console, Rooms};
pub use desk::TextDesk;
pub use events::Events;
pub use openapi::description;
pub use photos::{Meaning, PhotoError, Photos, Seen};
pub use picture::{Picture, PictureError};
pub use senses::{LineSenses, Senses};
pub use talk::{Answered, Caller, Disclosure, Talk, TalkDesk, TalkError};

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
    /// Who answers browsers, where they are answered.
    pub talk: Option<Arc<dyn Talk>>,
    /// The operators' console, where there is one.
    pub console: Option<Arc<Console>>,
    /// Ends the pages' sockets, for which a stop would wait.
    pub stop: CancellationToken,
}

/// All pages: `GET /healthz`, `/readyz`, `/metrics`, `/openapi.json`, `POST /v1/chat`, `GET /v1/chat/ws`; with browsers `GET /talk` and those under `/v1/widget` too.
pub fn router(app: App, config: &HttpConfig) -> Router {
    let timeout = Duration::from_millis(config.timeout_ms);
    let widget = app.talk.clone().map(|talk| {
        let desks = (talk, Arc::clone(&app.chat));
        widget::routes(Arc::new(widget::Widget::new(config.widget.clone(), desks, (timeout, app.stop.clone()))))
    });
    let console = app.console.as_ref().map(console::routes).unwrap_or_default();
    Router::new()
        .merge(console)
        .merge(widget.map(|api| api.merge(pages::routes())).unwrap_or_default())
        .route("/healthz", get(async || Json(Health { ok: true })))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(async || Json(description())))
        .route("/v1/chat", post(chat::handle))
        .route("/v1/chat/ws", get(chat_socket::open))
        .fallback(async || ApiError::not_found())
        .method_not_allowed_fallback(async || ApiError::wrong_method())
        .layer(DefaultBodyLimit::max(config.max_body_bytes))
        .with_state(Pages { app, timeout, origins: config.widget.origins.as_slice().into() })
}

/// Serves until `stop` is done and the requests under way are answered.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}

#[derive(Clone)]
struct Pages {
    app: App,
    timeout: Duration,
    /// Pages of other hosts that may open a socket.
    origins: Arc<[String]>,
}

/// Whether the program runs.
#[derive(Serialize, utoipa::ToSchema)]
struct Health {
    /// Always true: who does not run does not answer.
    ok: bool,
}

/// Whether calls are accepted.
#[derive(Serialize, utoipa::ToSchema)]
struct Ready {
    /// Always true: a line that is not ready answers 503.
    ready: bool,
}

async fn readyz(State(pages): State<Pages>) -> Result<Json<Ready>, ApiError> {
    if pages.app.ready.load(Ordering::Acquire) { Ok(Json(Ready { ready: true })) } else { Err(ApiError::not_ready()) }
}

async fn metrics(State(pages): State<Pages>) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], pages.app.metrics.prometheus())
}
