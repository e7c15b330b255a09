//! What may be set of the page that takes events of devices and shops.
//! Never holds the secret itself: the name of its variable stands here.

use serde::Deserialize;

/// The table `[http.events]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventsConfig {
    /// The variable with the secret that events are signed with; without it `POST /v1/events` is not there.
    pub secret_env: String,
    /// Furthest that a signature's time may be from ours, in seconds.
    pub window_s: u64,
    /// Longest event taken, in bytes.
    pub max_body_bytes: usize,
}

impl Default for EventsConfig {
    fn default() -> Self {
        Self { secret_env: "HOTLINE_EVENTS_SECRET".to_owned(), window_s: 300, max_body_bytes: 16 * 1024 }
    }
}
