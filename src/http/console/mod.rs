//! `/console`: where people watch the line, take part in calls, and read what was.
//! Never answers a stranger anything but the login page, and never changes a thing without the session's token.

mod accounts;
mod attempts;
mod knowledge;
mod learned;
mod listen;
mod live;
mod login;
mod overview;
mod pages;
mod past;
mod seat;
mod sessions;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use crate::business::Pack;
use crate::config::ConsoleConfig;
use crate::engine::{Growth, Tasks, Wall, clock};
use crate::line::webrtc::WebRtcLine;
use crate::privacy::Secret;
use crate::store::audit::AuditEvent;
use crate::store::operators::{Operators, OperatorsError, Role};
use crate::store::{Archive, StoreError};

use attempts::Attempts;
use sessions::{Session, Sessions};

/// Password hashes at once: each takes 19 MiB and a core.
const HASHES: usize = 2;
/// The cookie's name.
const COOKIE: &str = "hotline_console";
/// The header in which a change shows the session's token.
const CSRF: &str = "x-csrf-token";

/// What the console shows of a line.
pub struct Rooms {
    /// What is kept.
    pub archive: Arc<Archive>,
    /// The calls that last.
    pub wall: Wall,
    /// The pack in use, for its knowledge.
    pub pack: Box<dyn Fn() -> Arc<Pack> + Send + Sync>,
    /// Where operators' browsers are answered.
    pub browsers: WebRtcLine,
    /// How the pack grows.
    pub growth: Arc<Growth>,
    /// Runs what takes a while.
    pub tasks: Tasks,
    /// Ends what is open, for which a stop would wait.
    pub stop: CancellationToken,
}

/// The console of a line.
pub struct Console {
    config: ConsoleConfig,
    /// Whether a proxy tells the operators' addresses.
    behind_proxy: bool,
    rooms: Rooms,
    operators: Operators,
    sessions: Sessions,
    attempts: Mutex<Attempts>,
    hashes: Semaphore,
}

impl Console {
    /// Opens the console of these rooms.
    ///
    /// # Errors
    /// Accounts that cannot be read.
    pub fn open(rooms: Rooms, config: &ConsoleConfig, behind_proxy: bool) -> Result<Arc<Self>, OperatorsError> {
        let operators = Operators::open(rooms.archive.vault())?;
        let idle = Duration::from_secs(u64::from(config.idle_minutes.get()) * 60);
        let attempts = Mutex::new(Attempts::new(config.failed_logins.get()));
        let (sessions, hashes) = (Sessions::new(idle), Semaphore::new(HASHES));
        Ok(Arc::new(Self { config: config.clone(), behind_proxy, rooms, operators, sessions, attempts, hashes }))
    }

    /// While there is no admin: the path of the page on which the first one chooses a password. It is good once, and for a while.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn first_admin(&self) -> Result<Option<String>, StoreError> {
        let Some(link) = self.operators.first_admin(self.link_until())? else { return Ok(None) };
        self.audit(&AuditEvent::Account { by: "first start".to_owned(), of: "admin".to_owned(), what: "invited" })?;
        Ok(Some(path_of(&link)))
    }

    fn link_until(&self) -> DateTime<Utc> {
        clock::wall().to_utc() + TimeDelta::hours(self.config.link_hours.get().into())
    }

    /// What is not audited is not done.
    fn audit(&self, event: &AuditEvent) -> Result<(), StoreError> {
        self.rooms.archive.audit().append(clock::wall().to_utc(), event)?;
        Ok(())
    }

    /// Does what holds a thread up (disk, password hashes) where that harms nobody.
    async fn off_the_line<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        let (done, result) = oneshot::channel();
        let console = Arc::clone(self);
        self.rooms.tasks.spawn_blocking(move || {
            let _asker_is_gone = done.send(work(&console));
        });
        result.await.map_err(|_| failed("the work behind this page broke off"))
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes under `/console`.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(console: &Arc<Console>) -> Router<S> {
    let floor =
        |role: Role, routes: Router<Arc<Console>>| routes.route_layer(from_fn_with_state((Arc::clone(console), role), guard));
    let operators = Router::new()
        .route("/console/api/me", get(login::me))
        .route("/console/api/logout", post(login::log_out))
        .route("/console/api/live", get(live::stream))
        .route("/console/api/live/{id}/hang-up", post(live::hang_up))
        .route("/console/api/live/{id}/hint", post(live::hint))
        .route("/console/api/live/{id}/take-over", post(seat::take_over))
        .route("/console/api/live/{id}/give-back", post(seat::give_back))
        .route("/console/api/seat", get(seat::servers))
        .route("/console/api/live/{id}/listen", get(listen::open));
    let supervisors = Router::new()
        .route("/console/api/calls", get(past::list))
        .route("/console/api/calls/{id}", get(past::show))
        .route("/console/api/calls/{id}/events.jsonl", get(past::events))
        .route("/console/api/calls/{id}/recording.wav", get(past::recording))
        .route("/console/api/overview", get(overview::figures))
        .route("/console/api/overview/calls.csv", get(overview::csv))
        .route("/console/api/overview/calls.ndjson", get(overview::ndjson))
        .route("/console/api/gaps", get(knowledge::gaps))
        .route("/console/api/learned", get(learned::list).post(learned::add))
        .route("/console/api/learned/undo", post(learned::undo))
        .route("/console/api/knowledge", get(knowledge::hits));
    let admins = Router::new()
        .route("/console/api/accounts", get(accounts::list).post(accounts::invite))
        .route("/console/api/accounts/{name}", delete(accounts::remove));
    Router::new()
        .merge(floor(Role::Operator, operators))
        .merge(floor(Role::Supervisor, supervisors))
        .merge(floor(Role::Admin, admins))
        .route("/console/api/login", post(login::log_in))
        .route("/console/api/open", post(login::open))
        .with_state(Arc::clone(console))
        .merge(pages::routes())
        .layer(from_fn(sealed))
}

/// Only who is logged in, may do this, and means it (a change shows the session's token) gets past here.
async fn guard(State((console, role)): State<(Arc<Console>, Role)>, mut request: Request, next: Next) -> Response {
    let cookie = cookie(request.headers());
    let Some(session) = cookie.and_then(|cookie| console.sessions.find(&cookie, clock::now())) else {
        return refused(StatusCode::UNAUTHORIZED, "nobody is logged in, or no longer", "log in at /console").into_response();
    };
    if session.who.role < role {
        let error = "your account may not do this";
        return refused(StatusCode::FORBIDDEN, error, "ask an admin for a link with another role").into_response();
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    let shown = request.headers().get(CSRF).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if changes && !session.allows(shown) {
        let fix = "send the \"csrf\" of /console/api/me in the header X-CSRF-Token";
        return refused(StatusCode::FORBIDDEN, "this change does not show the session's token", fix).into_response();
    }
    request.extensions_mut().insert(session);
    next.run(request).await
}

/// No page of the console is kept, framed, guessed at, or may reach another host.
async fn sealed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src blob:; \
                  connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Who asks: put there by [`guard`].
type Who = Extension<Arc<Session>>;

fn cookie(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned())
}

/// Whether a browser says that the request comes from this server's own page; one that says nothing is no browser.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else { return true };
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    authority.is_some_and(|authority| text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(authority)))
}

fn path_of(link: &Secret<String>) -> String {
    format!("/console#/open/{}", link.reveal())
}

fn refused(status: StatusCode, error: &str, fix: &'static str) -> ApiError {
    ApiError::new(status, error, fix)
}

fn failed(error: &str) -> ApiError {
    refused(StatusCode::INTERNAL_SERVER_ERROR, error, "try again; the log says what failed")
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoCall { .. } | StoreError::NoRecording(_) => {
                refused(StatusCode::NOT_FOUND, "there is no such call, or it was not recorded", "choose one of the list")
            }
            other => {
                tracing::error!(error = %other, "The console could not read or write what is kept.");
                failed("what is kept cannot be read or written")
            }
        }
    }
}

impl From<OperatorsError> for ApiError {
    fn from(error: OperatorsError) -> Self {
        let (status, fix) = match &error {
            OperatorsError::Name(_) => (StatusCode::UNPROCESSABLE_ENTITY, "choose another name"),
            OperatorsError::Password => (StatusCode::UNPROCESSABLE_ENTITY, "choose another password"),
            OperatorsError::Nobody(_) => (StatusCode::NOT_FOUND, "choose one of the list"),
            OperatorsError::LastAdmin(_) => (StatusCode::CONFLICT, "make another admin first"),
            OperatorsError::Link => (StatusCode::FORBIDDEN, "ask an admin for another link"),
            OperatorsError::Altered(_) | OperatorsError::File { .. } | OperatorsError::Keys(_) => {
                tracing::error!(%error, "The console's accounts cannot be read or written.");
                return failed("the accounts cannot be read or written");
            }
        };
        refused(status, &error.to_string(), fix)
    }
}
