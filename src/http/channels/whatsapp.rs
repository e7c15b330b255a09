//! WhatsApp Cloud API: webhooks signed by Meta, answers by `POST /PHONE_NUMBER_ID/messages`.
//! Never answers status notices (sent, delivered, read): nobody wrote them.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::inbox::{Content, Inbox, Incoming, Outbox};
use super::signature::{hub, same};
use super::{busy, files, outbox, secrets, unreadable, unsigned, written};
use crate::config::WhatsAppConfig;
use crate::http::error::ApiError;
use crate::privacy::{Pii, Secret};

/// A number of the WhatsApp Cloud API.
#[derive(Debug, Clone)]
pub struct WhatsApp {
    secret: Secret<String>,
    verify: Secret<String>,
    token: Secret<String>,
    number_id: String,
    api: String,
    media: String,
    client: reqwest::Client,
}

impl WhatsApp {
    /// The number whose three secrets `variable` knows; none without all and its id.
    pub(super) fn open(config: &WhatsAppConfig, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let names = [&config.secret_env, &config.verify_env, &config.token_env];
        let [secret, verify, token] = secrets("whatsapp", names.map(String::as_str), variable)?;
        Some(Self {
            secret,
            verify,
            token,
            number_id: Some(config.number_id.clone()).filter(|id| !id.is_empty())?,
            api: config.api.trim_end_matches('/').to_owned(),
            media: config.media.clone(),
            client: outbox::client(),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct Challenge {
    #[serde(rename = "hub.mode")]
    mode: String,
    #[serde(rename = "hub.verify_token")]
    token: String,
    #[serde(rename = "hub.challenge")]
    challenge: String,
}

/// `GET /v1/channels/whatsapp`: Meta asks once whether this address wants its webhooks.
pub(super) async fn challenge(
    State((whatsapp, _)): State<(Arc<WhatsApp>, Inbox)>,
    Query(asked): Query<Challenge>,
) -> Result<String, ApiError> {
    let right = asked.mode == "subscribe" && same(whatsapp.verify.reveal(), &asked.token);
    if right { Ok(asked.challenge) } else { Err(unsigned()) }
}

/// `POST /v1/channels/whatsapp`: the header `X-Hub-Signature-256` proves the sender.
pub(super) async fn receive(
    State((whatsapp, inbox)): State<(Arc<WhatsApp>, Inbox)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let given = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    if !given.is_some_and(|given| same(&hub(whatsapp.secret.reveal(), &body), given)) {
        return Err(unsigned());
    }
    let notice: Notice = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    let values = notice.entry.into_iter().flat_map(|entry| entry.changes).map(|change| change.value);
    // One app may have several numbers; what was written to another is not ours to answer.
    let ours = values.filter(|value| value.metadata.as_ref().is_some_and(|to| to.phone_number_id == whatsapp.number_id));
    let outbox: Arc<dyn Outbox> = whatsapp.clone();
    for message in ours.flat_map(|value| value.messages) {
        inbox.take(message.into_incoming(), &outbox).map_err(|_| busy())?;
    }
    Ok(StatusCode::OK)
}

#[async_trait]
impl Outbox for WhatsApp {
    fn name(&self) -> &'static str {
        "whatsapp"
    }

    async fn send(&self, chat: &Pii<String>, text: &str) {
        for piece in outbox::pieces(text, outbox::LONGEST) {
            let body = json!({ "messaging_product": "whatsapp", "to": chat.reveal(), "type": "text", "text": { "body": piece } });
            let request = self.client.post(format!("{}/{}/messages", self.api, self.number_id));
            outbox::send(self.name(), request.bearer_auth(self.token.reveal()).json(&body)).await;
        }
    }

    async fn fetch(&self, file: &str) -> Option<Vec<u8>> {
        let is_id = !file.is_empty() && file.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let asked = is_id.then(|| self.client.get(format!("{}/{file}", self.api)))?;
        let found: Found = files::json(self.name(), asked.bearer_auth(self.token.reveal())).await?;
        if !files::is_at(&found.url, &self.media) {
            tracing::warn!(channel = self.name(), "A file is at another host than whatsapp.media says; it is not fetched.");
            return None;
        }
        files::file(self.name(), self.client.get(found.url).bearer_auth(self.token.reveal())).await
    }
}

#[derive(Deserialize)]
struct Notice {
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    value: Value,
}

#[derive(Deserialize)]
struct Value {
    metadata: Option<Metadata>,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Metadata {
    phone_number_id: String,
}

#[derive(Deserialize)]
struct Message {
    /// The person's number in international writing, without a plus.
    from: String,
    id: String,
    text: Option<Text>,
    image: Option<File>,
    audio: Option<File>,
}

#[derive(Deserialize)]
struct Text {
    body: String,
}

#[derive(Deserialize)]
struct File {
    id: String,
    caption: Option<String>,
}

/// The answer to `GET /MEDIA_ID`.
#[derive(Deserialize)]
struct Found {
    url: String,
}

impl Message {
    fn into_incoming(self) -> Incoming {
        let from = Pii::new(format!("+{}", self.from));
        let content = match (self.text.and_then(|text| written(text.body)), self.image, self.audio) {
            (Some(text), _, _) => Content::Text(text),
            (None, Some(image), _) => Content::Photo(image.id, image.caption.and_then(written)),
            (None, None, Some(audio)) => Content::Voice(audio.id),
            (None, None, None) => Content::Other,
        };
        Incoming { id: self.id, chat: Pii::new(self.from), from, language: None, content }
    }
}
