//! Logging in and out, and the page of a one-time link.
//! Never says whether a name exists, and never lets anybody guess on.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::sessions::Session;
use super::{COOKIE, Console, Who, is_own_page, refused};
use crate::engine::clock;
use crate::http::error::ApiError;
use crate::privacy::Secret;
use crate::store::StoreError;
use crate::store::audit::AuditEvent;
use crate::store::operators::Operator;

/// Links are counted under one name: whoever tries them out has no account.
const LINKS: &str = "\0links";
/// Longer names are none.
const LONGEST_NAME: usize = 64;

/// The body of a login.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    name: String,
    password: String,
}

/// The body of a link's use.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Opening {
    link: String,
    password: String,
}

/// `POST /console/api/login`.
pub(super) async fn log_in(
    State(console): State<Arc<Console>>,
    (ConnectInfo(peer), headers): (ConnectInfo<SocketAddr>, HeaderMap),
    login: Result<Json<Login>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Login { name, password } = login?.0;
    let address = visitor(&console, peer, &headers)?;
    if name.chars().count() > LONGEST_NAME {
        return Err(wrong());
    }
    console.attempts().begin(&name, address, clock::now()).map_err(too_often)?;
    let (asked, password) = (name.clone(), Secret::new(password));
    let _hash = console.hashes.acquire().await.map_err(|_| wrong())?;
    let who = console.off_the_line(move |console| {
        let who = console.operators.check(&asked, &password);
        let known = console.operators.list().into_iter().any(|listed| listed.operator.name == asked);
        console.audit(&AuditEvent::Login { by: known.then_some(asked), ok: who.is_some() })?;
        Ok::<_, StoreError>(who)
    });
    let who = who.await??.ok_or_else(wrong)?;
    console.attempts().succeeded(&name, address);
    Ok(welcome(&console, who))
}

/// `POST /console/api/open`: a one-time link becomes an account with a password, and a login.
pub(super) async fn open(
    State(console): State<Arc<Console>>,
    (ConnectInfo(peer), headers): (ConnectInfo<SocketAddr>, HeaderMap),
    opening: Result<Json<Opening>, JsonRejection>,
) -> Result<Response, ApiError> {
    let Opening { link, password } = opening?.0;
    let address = visitor(&console, peer, &headers)?;
    let counted = format!("{LINKS} {address}");
    console.attempts().begin(&counted, address, clock::now()).map_err(too_often)?;
    let _hash = console.hashes.acquire().await.map_err(|_| wrong())?;
    let who = console.off_the_line(move |console| {
        let who = console.operators.redeem(&link, &Secret::new(password), clock::wall().to_utc())?;
        let (by, of) = (who.name.clone(), who.name.clone());
        console.audit(&AuditEvent::Account { by, of, what: "opened" }).map_err(ApiError::from)?;
        Ok::<_, ApiError>(who)
    });
    let who = who.await??;
    console.attempts().succeeded(&counted, address);
    // Whoever was logged in by the password before is not any more.
    console.sessions.end_all_of(&who.name);
    Ok(welcome(&console, who))
}

/// `POST /console/api/logout`.
pub(super) async fn log_out(State(console): State<Arc<Console>>, session: Who) -> Response {
    console.sessions.end(&session);
    let cookie = format!("{COOKIE}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response()
}

/// `GET /console/api/me`: who is logged in, and the token that changes must show.
pub(super) async fn me(session: Who) -> Json<Value> {
    Json(told(&session))
}

fn welcome(console: &Console, who: Operator) -> Response {
    let (token, session) = console.sessions.begin(who, clock::now());
    let secure = if console.config.https { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/console; HttpOnly; SameSite=Strict{secure}");
    ([(header::SET_COOKIE, cookie)], Json(told(&session))).into_response()
}

fn told(session: &Session) -> Value {
    json!({ "name": session.who.name, "role": session.who.role, "csrf": session.csrf })
}

/// The visitor's address: the connection's, or what the proxy before it says. Another site's page gets none.
fn visitor(console: &Console, peer: SocketAddr, headers: &HeaderMap) -> Result<IpAddr, ApiError> {
    if !is_own_page(headers) {
        return Err(refused(StatusCode::FORBIDDEN, "another site's page may not log in here", "open /console itself"));
    }
    let forwarded = || headers.get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next()?.trim().parse().ok();
    Ok(Some(()).filter(|()| console.behind_proxy).and_then(|()| forwarded()).unwrap_or_else(|| peer.ip()))
}

fn wrong() -> ApiError {
    refused(StatusCode::UNAUTHORIZED, "name or password is wrong", "try again, or ask an admin for a link")
}

fn too_often(wait: Duration) -> ApiError {
    let minutes = wait.as_secs().div_ceil(60);
    refused(StatusCode::TOO_MANY_REQUESTS, &format!("too many failed logins; wait {minutes} minutes"), "wait, then try again")
}
