//! Telegram: updates of the Bot API (`setWebhook` with a `secret_token`), answers by `sendMessage`.
//! Never answers in a group: what is said there is not between two.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::inbox::{Content, Inbox, Incoming, Outbox};
use super::signature::same;
use super::{busy, outbox, secrets, unreadable, unsigned};
use crate::config::TelegramConfig;
use crate::http::error::ApiError;
use crate::privacy::{Pii, Secret};

/// A bot of Telegram.
#[derive(Debug, Clone)]
pub struct Telegram {
    secret: Secret<String>,
    token: Secret<String>,
    api: String,
    client: reqwest::Client,
}

impl Telegram {
    /// The bot whose two secrets `variable` knows; none without both.
    pub(super) fn open(config: &TelegramConfig, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let [secret, token] = secrets("telegram", [&config.secret_env, &config.token_env], variable)?;
        Some(Self { secret, token, api: config.api.trim_end_matches('/').to_owned(), client: outbox::client() })
    }
}

/// `POST /v1/channels/telegram`: the header `X-Telegram-Bot-Api-Secret-Token` proves the sender.
pub(super) async fn receive(
    State((telegram, inbox)): State<(Arc<Telegram>, Inbox)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, ApiError> {
    let given = headers.get("x-telegram-bot-api-secret-token").and_then(|value| value.to_str().ok());
    if !given.is_some_and(|given| same(telegram.secret.reveal(), given)) {
        return Err(unsigned());
    }
    let update: Update = serde_json::from_slice(&body).map_err(|error| unreadable(&error))?;
    if let Some(message) = update.into_incoming() {
        let outbox: Arc<dyn Outbox> = telegram;
        inbox.take(message, &outbox).map_err(|_| busy())?;
    }
    Ok(StatusCode::OK)
}

#[async_trait]
impl Outbox for Telegram {
    fn name(&self) -> &'static str {
        "telegram"
    }

    async fn send(&self, chat: &Pii<String>, text: &str) {
        for piece in outbox::pieces(text) {
            let url = format!("{}/bot{}/sendMessage", self.api, self.token.reveal());
            let body = json!({ "chat_id": chat.reveal(), "text": piece });
            outbox::send(self.name(), self.client.post(url).json(&body)).await;
        }
    }
}

#[derive(Deserialize)]
struct Update {
    update_id: i64,
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    chat: Room,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Room {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
}

impl Update {
    fn into_incoming(self) -> Option<Incoming> {
        let message = self.message.filter(|message| message.chat.kind == "private")?;
        let text = message.text.filter(|text| !text.trim().is_empty());
        let content = text.map_or(Content::Other, |text| Content::Text(Pii::new(text.trim().to_owned())));
        Some(Incoming { id: self.update_id.to_string(), chat: Pii::new(message.chat.id.to_string()), content })
    }
}
