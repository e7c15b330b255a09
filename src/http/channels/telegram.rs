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
use super::{busy, files, language_of_tag, outbox, secrets, unreadable, unsigned, written};
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
        for piece in outbox::pieces(text, outbox::LONGEST) {
            let url = format!("{}/bot{}/sendMessage", self.api, self.token.reveal());
            let body = json!({ "chat_id": chat.reveal(), "text": piece });
            outbox::send(self.name(), self.client.post(url).json(&body)).await;
        }
    }

    async fn fetch(&self, file: &str) -> Option<Vec<u8>> {
        let asked = self.client.post(format!("{}/bot{}/getFile", self.api, self.token.reveal()));
        let found: Found = files::json(self.name(), asked.json(&json!({ "file_id": file }))).await?;
        let path = Some(found.result.file_path).filter(|path| is_plain(path))?;
        files::file(self.name(), self.client.get(format!("{}/file/bot{}/{path}", self.api, self.token.reveal()))).await
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
    from: Option<Writer>,
    text: Option<String>,
    caption: Option<String>,
    /// The same photo in several sizes, the smallest first.
    #[serde(default)]
    photo: Vec<File>,
    voice: Option<File>,
}

#[derive(Deserialize)]
struct Room {
    id: i64,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Writer {
    language_code: Option<String>,
}

#[derive(Deserialize)]
struct File {
    file_id: String,
}

/// The answer of `getFile`.
#[derive(Deserialize)]
struct Found {
    result: Place,
}

#[derive(Deserialize)]
struct Place {
    file_path: String,
}

impl Update {
    fn into_incoming(self) -> Option<Incoming> {
        let message = self.message.filter(|message| message.chat.kind == "private")?;
        let chat = message.chat.id.to_string();
        let language = message.from.as_ref().and_then(|from| from.language_code.as_deref()).and_then(language_of_tag);
        let (from, content) = (Pii::new(format!("telegram:{chat}")), message.into_content());
        Some(Incoming { id: self.update_id.to_string(), chat: Pii::new(chat), from, language, content })
    }
}

impl Message {
    fn into_content(mut self) -> Content {
        let written = |text: Option<String>| written(text.unwrap_or_default());
        match (written(self.text), self.photo.pop(), self.voice) {
            (Some(text), _, _) if text.reveal().starts_with("/start") => Content::Joined,
            (Some(text), _, _) => Content::Text(text),
            (None, Some(photo), _) => Content::Photo(photo.file_id, written(self.caption)),
            (None, None, Some(voice)) => Content::Voice(voice.file_id),
            (None, None, None) => Content::Other,
        }
    }
}

/// Whether this is a path below the bot's own files, and nothing that leads out of them.
fn is_plain(path: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && !name.starts_with('.');
    path.split('/').all(is_name) && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_of_the_bots_files_is_not_asked_for() {
        assert!(is_plain("voice/file_12.oga"));
        for wrong in ["", "/etc/passwd", "../bot1/getMe", "a/../../b", "a?b", "a#b", "a%2f..", "http://b", "a//b"] {
            assert!(!is_plain(wrong), "{wrong}");
        }
    }
}
