//! What may be set of the operators' console.
//! Never holds an account: those lie in the data folder.

use std::num::NonZeroU32;

use serde::Deserialize;

/// The table `[http.console]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConsoleConfig {
    /// Whether there is a console at all.
    pub enabled: bool,
    /// Operators reach the page by https, by way of a proxy: their cookies are sent by https alone.
    pub https: bool,
    /// An operator who did nothing for so long has to log in again, in minutes.
    pub idle_minutes: NonZeroU32,
    /// How long a one-time link is good, in hours.
    pub link_hours: NonZeroU32,
    /// Failed logins of one account within 15 minutes after which it has to wait; of one address, four times as many.
    pub failed_logins: NonZeroU32,
}

impl Default for ConsoleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            https: false,
            idle_minutes: NonZeroU32::new(8 * 60).expect("480 is not zero"),
            link_hours: NonZeroU32::new(24).expect("24 is not zero"),
            failed_logins: NonZeroU32::new(5).expect("5 is not zero"),
        }
    }
}
