//! What the operator may set of a call's sound.
//! Never holds anything of one call.

use serde::{Deserialize, Serialize};

use crate::audio::Dbfs;

use super::jitter::JitterConfig;

/// The `[media]` table of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MediaConfig {
    /// Delay of the jitter buffer.
    pub jitter: JitterConfig,
    /// Level of the noise we send while the bot is silent, in dBFS; -96 sends exact silence.
    pub comfort_noise_dbfs: f32,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self { jitter: JitterConfig::default(), comfort_noise_dbfs: -66.0 }
    }
}

impl MediaConfig {
    pub(super) const fn comfort_noise(&self) -> Dbfs {
        Dbfs::new(self.comfort_noise_dbfs)
    }
}
