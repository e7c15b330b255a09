//! Browsers: WebRTC by the crate `webrtc`, one peer connection a call; ICE, DTLS with the fingerprint checked, SRTP.
//! Never a rule about visitors, and nothing of HTTP: offers and answers are text that somebody carries.
//!
//! An offer becomes an [`Answering`] leg with its answer; once the browser is connected, that is a [`WebRtcPort`] like any
//! other line's. What the page does beside the sound (keys, typed text, late candidates, hanging up) goes through its [`Link`].

mod config;
mod link;
mod peer;
mod port;
mod sdp;
mod tap;

use std::sync::Arc;

use thiserror::Error;
use tokio_util::task::TaskTracker;

use crate::privacy::Secret;

pub use config::{IceServer, WebRtcConfig};
pub use link::Link;
pub use peer::{Answering, Visitor};
pub use port::WebRtcPort;

/// A browser's leg did not come about, or could not be changed.
#[derive(Debug, Error)]
pub enum WebRtcError {
    /// The offer is none that can be answered: the browser's fault.
    #[error("the offer cannot be answered: {0}; offer audio with Opus or G.711")]
    Offer(String),
    /// The browser did not connect in time, or failed the handshake.
    #[error("the browser did not connect: {0}")]
    NotConnected(&'static str),
    /// The call is over.
    #[error("the call is over")]
    Over,
    /// No port is free, or the machine refuses one.
    #[error("no UDP port for sound: {0}; widen webrtc.ports")]
    Port(String),
    /// The secret of the relay cannot be read.
    #[error("webrtc.turn_secret_file {path}: {source}; put the secret there that the TURN server has")]
    TurnSecret {
        /// Where it should be.
        path: std::path::PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// The browsers' line.
#[derive(Debug, Clone)]
pub struct WebRtcLine {
    config: Arc<WebRtcConfig>,
    turn_secret: Option<Secret<Arc<[u8]>>>,
    /// Waits until every connection is closed.
    tracker: TaskTracker,
}

impl WebRtcLine {
    /// The line as configured; `tracker` waits for the connections that are being closed.
    ///
    /// # Errors
    /// [`WebRtcError::TurnSecret`] if there should be a secret and is none.
    pub fn open(config: WebRtcConfig, tracker: TaskTracker) -> Result<Self, WebRtcError> {
        let turn_secret = match &config.turn_secret_file {
            None => None,
            Some(path) => {
                let read = std::fs::read_to_string(path);
                let text = read.map_err(|source| WebRtcError::TurnSecret { path: path.clone(), source })?;
                Some(Secret::new(Arc::from(text.trim().as_bytes())))
            }
        };
        Ok(Self { config: Arc::new(config), turn_secret, tracker })
    }

    /// The servers that a page may use from `unix_s` on; `who` names the page to the relay.
    pub fn ice_servers(&self, who: &str, unix_s: u64) -> Vec<IceServer> {
        self.config.ice_servers(self.turn_secret.as_ref().map(|secret| &**secret.reveal()), (who, unix_s))
    }
}

/// Random octets from the system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes).expect("the system has randomness");
    bytes
}
