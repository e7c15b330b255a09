//! WeChat's API: an access token that is asked for when it is needed, files of people, and messages that come late.
//! Never logs a token, and never asks another host than the configured one.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::super::files;
use crate::engine::clock;
use crate::privacy::{Pii, Secret};

const CHANNEL: &str = "wechat";
/// A token is not used in its last minutes.
const MARGIN: Duration = Duration::from_secs(300);
/// The token that we have is none any more (`errcode`).
const STALE: [i64; 3] = [40_001, 40_014, 42_001];

/// The API of one account.
#[derive(Debug)]
pub(super) struct Api {
    base: String,
    app_id: String,
    secret: Secret<String>,
    client: reqwest::Client,
    token: Mutex<Option<Token>>,
}

#[derive(Debug)]
struct Token {
    text: Secret<String>,
    ends: Instant,
}

#[derive(Deserialize)]
struct Issued {
    access_token: String,
    expires_in: u64,
}

/// What an order gets: 0 where it was carried out.
#[derive(Deserialize)]
struct Done {
    errcode: i64,
}

impl Api {
    pub(super) fn new(base: &str, app_id: &str, secret: Secret<String>, client: reqwest::Client) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { base, app_id: app_id.to_owned(), secret, client, token: Mutex::default() }
    }

    /// The photo or voice note of that name; what fails is in the log.
    pub(super) async fn media(&self, id: &str) -> Option<Vec<u8>> {
        let token = self.token().await?;
        let url = self.url("/cgi-bin/media/get", &[("access_token", token.reveal()), ("media_id", id)])?;
        files::file(CHANNEL, self.client.get(url)).await
    }

    /// Sends a text by itself, which is allowed for 48 hours after somebody wrote; what fails is in the log.
    pub(super) async fn send(&self, to: &Pii<String>, text: &str) {
        for _attempt in 0..2 {
            let Some(request) = self.order(to, text).await else { return };
            match files::json(CHANNEL, request).await {
                Some(Done { errcode: 0 }) | None => return,
                Some(Done { errcode }) if STALE.contains(&errcode) => *self.token.lock().await = None,
                Some(Done { errcode }) => return tracing::error!(channel = CHANNEL, errcode, "The platform refused a reply."),
            }
        }
    }

    async fn order(&self, to: &Pii<String>, text: &str) -> Option<RequestBuilder> {
        let token = self.token().await?;
        let url = self.url("/cgi-bin/message/custom/send", &[("access_token", token.reveal())])?;
        Some(self.client.post(url).json(&json!({ "touser": to.reveal(), "msgtype": "text", "text": { "content": text } })))
    }

    /// One token for all: asking again would not end the one that is in use, but asking is limited.
    async fn token(&self) -> Option<Secret<String>> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| clock::now() < token.ends) {
            return Some(token.text.clone());
        }
        let who = json!({ "grant_type": "client_credential", "appid": self.app_id, "secret": self.secret.reveal() });
        let issued: Issued =
            files::json(CHANNEL, self.client.post(format!("{}/cgi-bin/stable_token", self.base)).json(&who)).await?;
        let lasts = Duration::from_secs(issued.expires_in).saturating_sub(MARGIN);
        let text = Secret::new(issued.access_token);
        *kept = Some(Token { text: text.clone(), ends: clock::now() + lasts });
        Some(text)
    }

    fn url(&self, path: &str, query: &[(&str, &str)]) -> Option<Url> {
        Url::parse_with_params(&format!("{}{path}", self.base), query).ok()
    }
}
