//! One reply on its way to a platform's API.
//! Never logs an address: a bot's token stands in it.

use std::time::Duration;

use reqwest::RequestBuilder;
use reqwest::redirect::Policy;

/// Longest text that Telegram and WhatsApp take in one message, in characters.
pub(super) const LONGEST: usize = 4_096;
/// Longest wait for a platform.
const PATIENCE: Duration = Duration::from_secs(20);

/// A client for the platforms' APIs; they redirect nobody.
pub(super) fn client() -> reqwest::Client {
    reqwest::Client::builder().timeout(PATIENCE).redirect(Policy::none()).build().expect("the options are right")
}

/// Sends a message; what fails is in the log.
pub(super) async fn send(channel: &'static str, request: RequestBuilder) {
    match request.send().await {
        Ok(answer) if answer.status().is_success() => {}
        Ok(answer) => tracing::error!(channel, status = answer.status().as_u16(), "The platform refused a reply."),
        Err(error) => tracing::error!(channel, error = %error.without_url(), "The platform was not reached with a reply."),
    }
}

/// The text in pieces of so many characters at most.
pub(super) fn pieces(text: &str, longest: usize) -> Vec<String> {
    text.chars().collect::<Vec<_>>().chunks(longest).map(|piece| piece.iter().collect()).collect()
}
