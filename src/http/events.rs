//! `POST /v1/events`: a company's system tells what happened to a customer's device or order; their next conversation says so.
//! Never takes an event that is not signed, is old, or came before, and never tells it to somebody who might be another.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use serde::{Deserialize, Serialize};

use super::error::ApiError;
use crate::config::EventsConfig;
use crate::engine::reply::Dialogues;
use crate::engine::{Customer, Switchboard, clock};
use crate::privacy::{Pii, Secret};
use crate::store::callers::CustomerEvent;
use crate::store::hex;
use crate::talk::Language;

/// Longest id and kind, in characters.
const LONGEST_NAME: usize = 128;
/// Longest text in one language, in characters: it is said aloud.
const LONGEST_TEXT: usize = 500;
/// Longest time until an event is over, in days.
const LONGEST_DAYS: i64 = 90;

/// Who may post events.
#[derive(Debug, Clone)]
pub struct Events {
    secret: Secret<String>,
    window_s: u64,
    max_bytes: usize,
}

impl Events {
    /// With the secret that `variable` knows; none without it.
    pub fn open(config: &EventsConfig, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let secret = variable(&config.secret_env).filter(|value| !value.is_empty()).map(Secret::new)?;
        Some(Self { secret, window_s: config.window_s, max_bytes: config.max_body_bytes })
    }

    /// The page, for the customers of that line.
    pub fn routes(self, board: &Switchboard) -> Router {
        let (limit, dialogues) = (DefaultBodyLimit::max(self.max_bytes), board.shared().dialogues.clone());
        Router::new().route("/v1/events", post(receive)).layer(limit).with_state((Arc::new(self), dialogues))
    }

    /// The header `X-Hotline-Signature` is `sha256=` and HMAC-SHA-256 over `X-Hotline-Timestamp`, a dot and the body.
    fn check(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), ApiError> {
        let given = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let at = given("x-hotline-timestamp").ok_or_else(unsigned)?;
        let tag = given("x-hotline-signature").and_then(|tag| hex::decode(tag.strip_prefix("sha256=")?)).ok_or_else(unsigned)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.reveal().as_bytes());
        hmac::verify(&key, &[at.as_bytes(), b".", body].concat(), &tag).map_err(|_| unsigned())?;
        let age = at.parse::<i64>().map(|at| clock::wall().timestamp().abs_diff(at));
        if age.is_ok_and(|age| age <= self.window_s) { Ok(()) } else { Err(stale()) }
    }
}

/// The body of a request.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Posted {
    /// The sender's name for it: one that comes twice is kept once.
    id: String,
    #[schema(inline)]
    customer: PostedCustomer,
    /// What kind of event it is, in the sender's words.
    kind: String,
    /// What the customer is told, by language.
    #[schema(value_type = BTreeMap<String, String>)]
    text: BTreeMap<Language, String>,
    /// When it is of no interest any more, at most 90 days from now.
    #[schema(value_type = String, format = DateTime)]
    expires: DateTime<Utc>,
    /// Whether whoever calls from the customer's number is told before anything is proved.
    #[serde(default)]
    openly: bool,
}

/// The answer to a request.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Taken {
    /// The sender's name for the event.
    id: String,
    /// Whether it was kept before.
    duplicate: bool,
}

/// Whom it is for.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum PostedCustomer {
    /// A telephone number, or an address as the channels give it.
    Number(String),
    /// The account that the pack's identity check verifies.
    Account(String),
}

async fn receive(
    State((events, dialogues)): State<(Arc<Events>, Dialogues)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<(StatusCode, Json<Taken>), ApiError> {
    events.check(&headers, &body)?;
    let posted: Posted = serde_json::from_slice(&body).map_err(|error| wrong(error.to_string()))?;
    posted.check(clock::wall().to_utc())?;
    let Posted { id, customer, kind, text, expires, openly } = posted;
    let customer = match customer {
        PostedCustomer::Number(number) => Customer::Number(Pii::new(number)),
        PostedCustomer::Account(account) => Customer::Account(Pii::new(account)),
    };
    let event = CustomerEvent { kind, text, openly };
    match dialogues.announce((customer, &id), &event, expires).await {
        Ok(Some(true)) => Ok((StatusCode::CREATED, Json(Taken { id, duplicate: false }))),
        Ok(Some(false)) => Ok((StatusCode::OK, Json(Taken { id, duplicate: true }))),
        Ok(None) => Err(wrong("\"customer\" is nobody: this is no number or address".to_owned())),
        Err(error) => {
            tracing::error!(%error, "An event could not be kept.");
            let fix = "post it again in a minute; the log says what failed";
            Err(ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the event could not be kept", fix))
        }
    }
}

impl Posted {
    fn check(&self, now: DateTime<Utc>) -> Result<(), ApiError> {
        let is_name = |name: &str| !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME;
        let is_text = |text: &String| !text.trim().is_empty() && text.chars().count() <= LONGEST_TEXT;
        let told = |what: &str| Err(wrong(what.to_owned()));
        if !is_name(&self.id) || !is_name(&self.kind) {
            return told("\"id\" and \"kind\" have 1 to 128 characters");
        }
        if self.text.is_empty() || !self.text.values().all(is_text) {
            return told("\"text\" has a language at least, and 1 to 500 characters in each");
        }
        if self.expires <= now || self.expires > now + TimeDelta::days(LONGEST_DAYS) {
            return told("\"expires\" is over, or more than 90 days away");
        }
        Ok(())
    }
}

fn wrong(error: String) -> ApiError {
    let fix = r#"send {"id": "e1", "customer": {"number": "+49…"} or {"account": "…"}, "kind": "parcel_delayed", "text": {"en": "…"}, "expires": "2030-01-01T00:00:00Z"}"#;
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error, fix)
}

fn unsigned() -> ApiError {
    let fix = "send X-Hotline-Timestamp (Unix seconds) and X-Hotline-Signature: sha256=HMAC-SHA256(secret, timestamp + \".\" + body) in hexadecimal";
    ApiError::new(StatusCode::UNAUTHORIZED, "the signature is missing or wrong", fix)
}

fn stale() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "the signature is too old, or a clock is wrong", "sign it again and post it at once")
}
