//! Files of people that a platform keeps for us: asked for at the configured host alone, and never longer than the limit.
//! Never follows a redirect, and never logs an address: a token may stand in it.

use reqwest::{RequestBuilder, Url};
use serde::de::DeserializeOwned;

/// Longest photo or voice note that is fetched, in bytes.
const LONGEST: usize = 10 * 1024 * 1024;
/// Longest answer of a platform that says where a file is, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// The file behind a request; what fails is in the log.
pub(super) async fn file(channel: &'static str, request: RequestBuilder) -> Option<Vec<u8>> {
    match read(request, LONGEST).await {
        Ok(file) => Some(file),
        Err(what) => {
            tracing::warn!(channel, what, "A file of the platform's was not fetched.");
            None
        }
    }
}

/// A platform's answer in JSON; what fails is in the log.
pub(super) async fn json<T: DeserializeOwned>(channel: &'static str, request: RequestBuilder) -> Option<T> {
    let answer = read(request, LONGEST_ANSWER).await;
    match answer.and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string())) {
        Ok(answer) => Some(answer),
        Err(what) => {
            tracing::warn!(channel, what, "A platform did not answer a question as documented.");
            None
        }
    }
}

/// Whether an address that a platform names is of the host where its files are: no other host is ever asked.
pub(super) fn is_at(url: &str, host: &str) -> bool {
    let origin = |url: &str| Url::parse(url).ok().map(|url| url.origin()).filter(|origin| origin.is_tuple());
    origin(url).is_some_and(|at| Some(at) == origin(host))
}

async fn read(request: RequestBuilder, longest: usize) -> Result<Vec<u8>, String> {
    let told = |error: reqwest::Error| error.without_url().to_string();
    let mut answer = request.send().await.map_err(told)?;
    if !answer.status().is_success() {
        return Err(format!("status {}", answer.status().as_u16()));
    }
    let mut bytes = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(told)? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > longest {
            return Err(format!("longer than {longest} bytes"));
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configured_host_is_asked() {
        let host = "https://lookaside.fbsbx.com";
        assert!(is_at("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", host));
        for elsewhere in [
            "http://lookaside.fbsbx.com/a",
            "https://lookaside.fbsbx.com:8443/a",
            "https://lookaside.fbsbx.com.evil.example/a",
            "https://lookaside.fbsbx.com@evil.example/a",
            "https://169.254.169.254/latest/meta-data",
            "file:///etc/passwd",
            "data:,x",
            "",
        ] {
            assert!(!is_at(elsewhere, host), "{elsewhere}");
        }
        assert!(!is_at("file:///a", "file:///b"), "and no host is the same as no host");
    }
}
