//! The visitors' pages: tokens, signalling (WHIP, RFC 9725), the data path beside the sound, and the page itself.
//! Never speaks to a page whose origin is not on the list.

mod calls;
pub(super) mod images;
mod message;
pub(super) mod origin;
mod sessions;
mod socket;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRef, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::talk::{Disclosure, Talk};
use super::{Chat, Pages};
use crate::config::WidgetConfig;
use crate::line::webrtc::IceServer;
use crate::talk::Language;

use sessions::{Refused, Sessions};

/// Photos that are on their way here at once, whoever sends them.
const UPLOADS: usize = 8;
/// What a form adds to its photo.
const FORM_BYTES: usize = 16 * 1024;

/// What the visitors' pages are served from.
pub(super) struct Widget {
    config: WidgetConfig,
    talk: Arc<dyn Talk>,
    chat: Arc<dyn Chat>,
    sessions: Sessions,
    uploads: Semaphore,
    /// Longest wait for an answer to typed text.
    timeout: Duration,
    /// Ends the sockets.
    stop: CancellationToken,
}

impl Widget {
    pub(super) fn new(
        config: WidgetConfig,
        (talk, chat): (Arc<dyn Talk>, Arc<dyn Chat>),
        ends: (Duration, CancellationToken),
    ) -> Self {
        let (timeout, stop) = ends;
        let sessions = Sessions::new(&config);
        Self { config, talk, chat, sessions, uploads: Semaphore::new(UPLOADS), timeout, stop }
    }
}

/// The routes under `/v1/widget`.
pub(super) fn routes(widget: Arc<Widget>) -> Router<Pages> {
    let longest = DefaultBodyLimit::max(widget.config.max_upload_bytes.saturating_add(FORM_BYTES));
    Router::new()
        .route("/v1/widget/sessions", post(mint))
        .route("/v1/widget/images", post(images::take).layer(longest))
        .route("/v1/widget/calls", post(calls::begin))
        .route("/v1/widget/calls/{id}", patch(calls::trickle).delete(calls::hang_up))
        .route("/v1/widget/talk", get(socket::open))
        .route_layer(from_fn_with_state(widget.clone(), guard))
        .with_state(widget)
}

/// Nobody gets past here whose page is not on the list; who does is told so in the way browsers want it (CORS).
async fn guard(State(widget): State<Arc<Widget>>, request: Request, next: Next) -> Response {
    let Some(origin) = origin::allowed(request.headers(), &widget.config.origins) else {
        return ApiError::wrong_origin().into_response();
    };
    let is_preflight = request.method() == axum::http::Method::OPTIONS;
    let mut response = if is_preflight { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    origin::permit(response.headers_mut(), &origin);
    response
}

/// All that a page must know before it begins.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Minted {
    /// What the page proves itself with.
    token: String,
    /// For so many seconds it is good.
    expires_s: u64,
    /// STUN and TURN servers as `RTCPeerConnection` takes them, with passwords of the page's own.
    #[schema(value_type = Vec<Object>)]
    ice_servers: Vec<IceServer>,
    /// The languages spoken, the first first.
    #[schema(value_type = Vec<String>)]
    languages: Vec<Language>,
    /// What must be told before the microphone opens, by language.
    #[schema(value_type = BTreeMap<String, Disclosure>, inline)]
    disclosure: BTreeMap<Language, Disclosure>,
    /// Longest photo taken; 0: none.
    max_upload_bytes: usize,
}

/// `POST /v1/widget/sessions`: a token, and what goes with it.
async fn mint(State(widget): State<Arc<Widget>>, Address(address): Address) -> Result<Json<Minted>, ApiError> {
    let (token, session) = widget.sessions.mint(address)?;
    let (languages, disclosure) = widget.talk.disclosures();
    Ok(Json(Minted {
        token,
        expires_s: widget.config.token_ttl_s,
        ice_servers: widget.talk.ice_servers(session.conversation.as_str()),
        languages,
        disclosure,
        max_upload_bytes: widget.config.max_upload_bytes,
    }))
}

/// The visitor's address: the connection's, or what the proxy before it says.
pub(super) struct Address(IpAddr);

impl<S> FromRequestParts<S> for Address
where
    Arc<Widget>: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let widget = Arc::<Widget>::from_ref(state);
        let told = forwarded(&parts.headers).filter(|_| widget.config.behind_proxy);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        told.or(peer).map(Self).ok_or_else(ApiError::no_address)
    }
}

/// The last address is the one that the proxy itself wrote.
fn forwarded(headers: &HeaderMap) -> Option<IpAddr> {
    headers.get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

impl From<Refused> for ApiError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NoToken => Self::new(
                StatusCode::UNAUTHORIZED,
                "the token is missing, unknown or expired",
                "POST /v1/widget/sessions for a new one and send it as Authorization: Bearer TOKEN",
            ),
            Refused::TooMany => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, "too many from this address", "wait a minute, or hang up another call")
            }
        }
    }
}
