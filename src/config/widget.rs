//! What the operator may set of the pages that visitors talk on.
//! Never holds anything of one visitor.

use std::num::NonZeroU32;

use serde::Deserialize;

/// The table `[http.widget]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WidgetConfig {
    /// Pages that may use this line, as `https://shop.example`; the line's own page always may. `*` is every page.
    pub origins: Vec<String>,
    /// How long a page may be idle before it needs a new token, in seconds.
    pub token_ttl_s: u64,
    /// Tokens an address may ask for in a minute.
    pub sessions_per_minute: NonZeroU32,
    /// Calls an address may have at once.
    pub calls_per_address: NonZeroU32,
    /// Longest upload taken, in bytes.
    pub max_upload_bytes: usize,
    /// A proxy that tells the visitor's address (`X-Forwarded-For`) stands before this port, and nobody gets past it.
    pub behind_proxy: bool,
}

impl Default for WidgetConfig {
    fn default() -> Self {
        Self {
            origins: Vec::new(),
            token_ttl_s: 600,
            sessions_per_minute: NonZeroU32::new(20).expect("20 is not zero"),
            calls_per_address: NonZeroU32::new(4).expect("4 is not zero"),
            max_upload_bytes: 8 * 1024 * 1024,
            behind_proxy: false,
        }
    }
}
