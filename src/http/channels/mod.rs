//! Social apps under `/v1/channels`: a signed webhook comes in, the dialogue of the text desk answers, the platform's API carries it out.
//! Never reads a webhook whose signature is wrong, and never lets the platform wait for an answer.

mod files;
mod inbox;
mod outbox;
mod signature;
mod telegram;
mod wechat;
mod whatsapp;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::routing::{get, post};

use super::error::ApiError;
use super::{Chat, Senses};
use crate::config::ChannelsConfig;
use crate::engine::Tasks;
use crate::privacy::{Pii, Secret};
use crate::talk::Language;

pub use telegram::Telegram;
pub use wechat::WeChat;
pub use whatsapp::WhatsApp;

use inbox::{Desk, Inbox};

/// The social apps that are configured.
#[derive(Debug, Clone, Default)]
pub struct Channels {
    /// A Telegram bot.
    pub telegram: Option<Telegram>,
    /// A number of the WhatsApp Cloud API.
    pub whatsapp: Option<WhatsApp>,
    /// A WeChat official account.
    pub wechat: Option<WeChat>,
}

impl Channels {
    /// Those whose secrets `variable` knows (the environment, in the program).
    pub fn open(config: &ChannelsConfig, variable: impl Fn(&str) -> Option<String>) -> Self {
        Self {
            telegram: Telegram::open(&config.telegram, &variable),
            whatsapp: WhatsApp::open(&config.whatsapp, &variable),
            wechat: WeChat::open(&config.wechat, &variable),
        }
    }

    /// The webhooks: `POST /v1/channels/telegram`, `GET` and `POST /v1/channels/whatsapp` and `wechat`, each only where it is configured.
    /// `max_body_bytes` is the longest webhook taken; answers are made by tasks of `tasks`.
    pub fn routes(self, (chat, senses): (Arc<dyn Chat>, Arc<dyn Senses>), tasks: &Tasks, max_body_bytes: usize) -> Router {
        let (inbox, mut routes) = (Inbox::new(Desk { chat, senses }, tasks.child()), Router::new());
        if let Some(telegram) = self.telegram {
            let state = (Arc::new(telegram), inbox.clone());
            routes = routes.merge(Router::new().route("/v1/channels/telegram", post(telegram::receive)).with_state(state));
        }
        if let Some(whatsapp) = self.whatsapp {
            let state = (Arc::new(whatsapp), inbox.clone());
            let api = Router::new().route("/v1/channels/whatsapp", get(whatsapp::challenge).post(whatsapp::receive));
            routes = routes.merge(api.with_state(state));
        }
        if let Some(wechat) = self.wechat {
            let api = Router::new().route("/v1/channels/wechat", get(wechat::challenge).post(wechat::receive));
            routes = routes.merge(api.with_state((wechat, inbox)));
        }
        routes.layer(DefaultBodyLimit::max(max_body_bytes))
    }
}

/// The secrets under these names, if all are there; that only some are is told, since the operator wanted the channel.
fn secrets<const N: usize>(
    channel: &'static str,
    names: [&str; N],
    variable: impl Fn(&str) -> Option<String>,
) -> Option<[Secret<String>; N]> {
    let found = names.map(|name| variable(name).filter(|value| !value.is_empty()).map(Secret::new));
    let missing: Vec<_> = names.iter().zip(&found).filter(|(_, secret)| secret.is_none()).map(|(name, _)| *name).collect();
    if !missing.is_empty() && missing.len() < N {
        tracing::warn!(channel, missing = missing.join(" "), "A channel is off: set these variables too.");
    }
    let found: Vec<_> = found.into_iter().flatten().collect();
    found.try_into().ok()
}

/// What somebody wrote, if it is more than blanks.
fn written(text: String) -> Option<Pii<String>> {
    let text = text.trim();
    (!text.is_empty()).then(|| Pii::new(text.to_owned()))
}

/// The language of a tag like `zh-hans` or `en` (BCP 47), if it is one that is spoken here.
fn language_of_tag(tag: &str) -> Option<Language> {
    tag.parse().ok().filter(|language| [Language::EN, Language::ZH].contains(language))
}

fn unsigned() -> ApiError {
    let fix = "sign with the secret that the line was started with; [http.channels] names its variable";
    ApiError::new(StatusCode::UNAUTHORIZED, "the signature is missing or wrong", fix)
}

fn unreadable(error: &serde_json::Error) -> ApiError {
    let fix = "send the platform's own JSON";
    ApiError::new(StatusCode::BAD_REQUEST, error.to_string(), fix)
}

fn busy() -> ApiError {
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "too many messages wait for an answer", "deliver it again in a minute")
}
