//! One file becomes one checked value; every value has a working default.
//! Never re-checked once it exists: what cannot be right cannot be written into these types.
//!
//! `hotline.toml` holds a section a room; the environment goes before the file (`HOTLINE_STORE__RECORD=stereo` is `record` in
//! `[store]`; [`SHORT_NAMES`] are for those that scripts set), and the command line before both. Every mistake is told, not
//! only the first, each as `file:line: what; what to do`.

mod channels;
mod console;
mod error;
mod events;
mod layers;
mod widget;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::call::CallConfig;
use crate::dialogue::DialogueConfig;
#[cfg(feature = "sip")]
use crate::line::sip::SipConfig;
#[cfg(feature = "web")]
use crate::line::webrtc::WebRtcConfig;
use crate::media::MediaConfig;
use crate::speech::hear::HearConfig;
use crate::speech::speak::SpeakConfig;
use crate::store::{PrivacyConfig, StoreConfig};
use crate::telemetry::TelemetryConfig;

pub use channels::{ChannelsConfig, TelegramConfig, WeChatConfig, WhatsAppConfig};
pub use console::ConsoleConfig;
pub use error::{ConfigError, Place, Problem, explain, line_of};
pub use events::EventsConfig;
pub use layers::SHORT_NAMES;
pub use widget::WidgetConfig;

/// The file that is read when none is named.
pub const FILE_NAME: &str = "hotline.toml";

/// Everything that can be configured.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The business pack the line speaks for. `HOTLINE_PACK` and `--pack` go before it.
    pub pack: PathBuf,
    /// Ask no server of the outside for anything (weights are not looked for). `HOTLINE_OFFLINE=1` sets it.
    pub offline: bool,
    /// The telephone line: where it listens, who may call.
    #[cfg(feature = "sip")]
    pub sip: SipConfig,
    /// Browsers: where their sound is exchanged.
    #[cfg(feature = "web")]
    pub webrtc: WebRtcConfig,
    /// One call's sound.
    pub media: MediaConfig,
    /// Who has the floor, and how long is waited for what.
    pub call: CallConfig,
    /// Speech to text.
    pub hear: HearConfig,
    /// Voices.
    pub speak: SpeakConfig,
    /// What is said: the language model, if there is one.
    pub dialogue: DialogueConfig,
    /// How much the line takes on at once.
    pub engine: EngineConfig,
    /// Health, metrics and text chat.
    pub http: HttpConfig,
    /// What is kept of calls.
    pub store: StoreConfig,
    /// Keys, retention, lock-outs.
    pub privacy: PrivacyConfig,
    /// Logging.
    pub telemetry: TelemetryConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            pack: PathBuf::from("packs/shop"),
            offline: false,
            #[cfg(feature = "sip")]
            sip: SipConfig::default(),
            #[cfg(feature = "web")]
            webrtc: WebRtcConfig::default(),
            media: MediaConfig::default(),
            call: CallConfig::default(),
            hear: HearConfig::default(),
            speak: SpeakConfig::default(),
            dialogue: DialogueConfig::default(),
            engine: EngineConfig::default(),
            http: HttpConfig::default(),
            store: StoreConfig::default(),
            privacy: PrivacyConfig::default(),
            telemetry: TelemetryConfig::default(),
        }
    }
}

/// The section `[engine]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineConfig {
    /// Calls at the same time; one more is answered 503 with Retry-After.
    pub max_calls: NonZeroUsize,
    /// Threads that recognise and synthesise; without it one less than the machine has cores, and at least one.
    pub workers: Option<NonZeroUsize>,
    /// How long calls may go on after a stop was asked for, in milliseconds.
    pub shutdown_grace_ms: u64,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { max_calls: NonZeroUsize::new(32).expect("32 is not zero"), workers: None, shutdown_grace_ms: 10_000 }
    }
}

/// The section `[http]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Where health, metrics and chat are served. `--http` goes before it.
    pub listen: SocketAddr,
    /// Longest request body taken, in bytes.
    pub max_body_bytes: usize,
    /// Longest time an answer may take, in milliseconds.
    pub timeout_ms: u64,
    /// The pages that visitors talk on.
    pub widget: WidgetConfig,
    /// The operators' console.
    pub console: ConsoleConfig,
    /// Social apps.
    pub channels: ChannelsConfig,
    /// Events of devices and shops.
    pub events: EventsConfig,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            max_body_bytes: 64 * 1024,
            timeout_ms: 20_000,
            widget: WidgetConfig::default(),
            console: ConsoleConfig::default(),
            channels: ChannelsConfig::default(),
            events: EventsConfig::default(),
        }
    }
}

impl EngineConfig {
    /// Utterances that may be decoded at once: as configured, or one less than the machine has cores, and at least one.
    pub fn workers(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.workers.map_or_else(|| (cores - 1).max(1), NonZeroUsize::get)
    }
}

impl Config {
    /// Reads `file` (or `hotline.toml` here, if it exists) and lays the variables of the environment over it.
    pub fn load(file: Option<&Path>, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        let path = file.unwrap_or_else(|| Path::new(FILE_NAME));
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text, environment),
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => Self::parse(path, "", environment),
            Err(source) => Err(ConfigError::Unreadable { path: path.to_owned(), source }),
        }
    }

    /// The configuration in `text`, which stands in the file `path`, with the variables of the environment laid over it.
    pub fn parse(path: &Path, text: &str, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigError> {
        layers::read(path, text, environment).map_err(ConfigError::Wrong)
    }
}
