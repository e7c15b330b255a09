//! WeChat official accounts: signed XML in plain or safe mode, answered in the response, or by the API where it takes longer.
//! Never takes a plain message where the account has a key for safe mode.

mod api;
mod envelope;
mod letter;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::inbox::{Content, Inbox, Incoming, Outbox};
use super::signature::same;
use super::{busy, outbox, secrets, unsigned, written};
use crate::config::WeChatConfig;
use crate::engine::clock;
use crate::http::error::ApiError;
use crate::privacy::{Pii, Secret};
use crate::talk::Language;

use api::Api;
use envelope::{Envelope, signature};
use letter::Letters;
use xml::{Fields, XmlError};

/// Furthest that a signature's time may be from ours, in seconds: what was signed before is a copy.
const FRESH_S: i64 = 15 * 60;
/// What tells WeChat that a message was taken and no reply comes with this response.
const TAKEN: &str = "success";

/// An official account.
#[derive(Clone)]
pub struct WeChat(Arc<Account>);

struct Account {
    token: Secret<String>,
    envelope: Option<Envelope>,
    api: Option<Arc<Api>>,
    letters: Letters,
    patience: Duration,
}

impl std::fmt::Debug for WeChat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an official account")
    }
}

impl WeChat {
    /// The account whose token `variable` knows; none without it and the account's id, or with a key that is none.
    pub(super) fn open(config: &WeChatConfig, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let app_id = Some(config.app_id.as_str()).filter(|id| !id.is_empty())?;
        let [token] = secrets("wechat", [&config.token_env], &variable)?;
        let found = |name: &str| variable(name).filter(|value| !value.is_empty());
        let envelope = match found(&config.aes_key_env).map(|key| Envelope::new(&key, app_id)) {
            None => None,
            Some(Some(envelope)) => Some(envelope),
            Some(None) => {
                tracing::warn!(
                    channel = "wechat",
                    variable = config.aes_key_env,
                    "The channel is off: this is no EncodingAESKey."
                );
                return None;
            }
        };
        let api = found(&config.secret_env)
            .map(|secret| Arc::new(Api::new(&config.api, app_id, Secret::new(secret), outbox::client())));
        let patience = Duration::from_millis(config.reply_within_ms);
        Some(Self(Arc::new(Account { token, envelope, api, letters: Letters::default(), patience })))
    }
}

/// The query of every request.
#[derive(Deserialize)]
pub(super) struct Signed {
    timestamp: String,
    nonce: String,
    #[serde(default)]
    signature: String,
    #[serde(default)]
    msg_signature: String,
    #[serde(default)]
    echostr: String,
}

/// `GET /v1/channels/wechat`: WeChat asks once whether this address knows the token.
pub(super) async fn challenge(
    State((WeChat(account), _)): State<(WeChat, Inbox)>,
    Query(asked): Query<Signed>,
) -> Result<String, ApiError> {
    account.check(&asked)?;
    Ok(asked.echostr)
}

/// `POST /v1/channels/wechat`: a message or an event, signed in the query.
pub(super) async fn receive(
    State((WeChat(account), inbox)): State<(WeChat, Inbox)>,
    Query(signed): Query<Signed>,
    body: Bytes,
) -> Result<Response, ApiError> {
    let message = account.open(&signed, &body)?;
    let (Some(to), Some(from)) = (message.text("ToUserName"), message.text("FromUserName")) else { return Ok(taken()) };
    let Some(incoming) = incoming(&message, from) else { return Ok(taken()) };
    let id = incoming.id.clone();
    let (letter, is_new) = account.letters.of(&id, account.api.as_ref());
    if is_new {
        let way_back: Arc<dyn Outbox> = letter.clone();
        inbox.take(incoming, &way_back).map_err(|_| {
            account.letters.forget(&id);
            busy()
        })?;
    }
    Ok(letter.read(account.patience).await.map_or_else(taken, |text| account.reply((from, to), text.reveal())))
}

impl Account {
    fn check(&self, signed: &Signed) -> Result<(), ApiError> {
        let expected = signature([self.token.reveal(), &signed.timestamp, &signed.nonce]);
        let is_signed = same(&expected, &signed.signature) && is_fresh(&signed.timestamp);
        if is_signed { Ok(()) } else { Err(unsigned()) }
    }

    /// The message in a request: signed with the query in plain mode, signed as a whole and sealed in safe mode.
    fn open(&self, signed: &Signed, body: &[u8]) -> Result<Fields, ApiError> {
        let Some(envelope) = &self.envelope else {
            self.check(signed)?;
            return read(body);
        };
        // Reading is limited and holds nothing back from a stranger: what counts is under the signature below.
        let outside = read(body)?;
        let sealed = outside.text("Encrypt").ok_or_else(unsigned)?;
        let expected = signature([self.token.reveal(), &signed.timestamp, &signed.nonce, sealed]);
        if !same(&expected, &signed.msg_signature) || !is_fresh(&signed.timestamp) {
            return Err(unsigned());
        }
        read(envelope.open(sealed).ok_or_else(unsigned)?.as_bytes())
    }

    fn reply(&self, (to, from): (&str, &str), text: &str) -> Response {
        let at = clock::wall().timestamp().to_string();
        let plain = xml::write(&[
            ("ToUserName", to),
            ("FromUserName", from),
            ("CreateTime", &at),
            ("MsgType", "text"),
            ("Content", text),
        ]);
        let body = match &self.envelope {
            None => plain,
            Some(envelope) => {
                let (sealed, nonce) = (envelope.seal(&plain), clock::seed().to_string());
                let tag = signature([self.token.reveal(), &at, &nonce, &sealed]);
                xml::write(&[("Encrypt", &sealed), ("MsgSignature", &tag), ("TimeStamp", &at), ("Nonce", &nonce)])
            }
        };
        ([(CONTENT_TYPE, "application/xml; charset=utf-8")], body).into_response()
    }
}

fn taken() -> Response {
    TAKEN.into_response()
}

fn is_fresh(timestamp: &str) -> bool {
    timestamp.parse::<i64>().is_ok_and(|at| clock::wall().timestamp().abs_diff(at) <= FRESH_S.unsigned_abs())
}

fn read(body: &[u8]) -> Result<Fields, ApiError> {
    let wrong = |error: String| ApiError::new(StatusCode::BAD_REQUEST, error, "send the platform's own XML");
    let text = std::str::from_utf8(body).map_err(|error| wrong(error.to_string()))?;
    Fields::read(text).map_err(|error: XmlError| wrong(error.to_string()))
}

/// What somebody sent, as far as it is to be answered. An event has no id: its time stands in.
fn incoming(message: &Fields, from: &str) -> Option<Incoming> {
    let text = |name| message.text(name).and_then(|text| written(text.to_owned()));
    let media = |name: &str| message.text(name).map(str::to_owned);
    let content = match message.text("MsgType")? {
        "event" => (message.text("Event")? == "subscribe").then_some(Content::Joined)?,
        "text" => Content::Text(text("Content")?),
        "image" => Content::Photo(media("MediaId")?, None),
        // What WeChat has heard itself is free; else the recording is listened to.
        "voice" => text("Recognition").map_or_else(|| media("MediaId").map(Content::Voice), |said| Some(Content::Text(said)))?,
        _ => Content::Other,
    };
    let id = message.text("MsgId").map(str::to_owned);
    let id = id.or_else(|| Some(format!("{from} {}", message.text("CreateTime")?)))?;
    let language = Some(Language::ZH);
    Some(Incoming { id, chat: Pii::new(from.to_owned()), from: Pii::new(format!("wechat:{from}")), language, content })
}
