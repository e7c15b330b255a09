//! What the operator may set of the browsers' line, and the short-lived passwords of its relay.
//! Never holds anything of one call, and never reads a clock: the time is passed in.

use std::net::{IpAddr, Ipv4Addr};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use serde::{Deserialize, Serialize};

/// The section `[webrtc]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebRtcConfig {
    /// Where sound is exchanged; `0.0.0.0` is every interface but loopback.
    pub listen: Vec<IpAddr>,
    /// First and last UDP port; without it the system chooses. One port a call, on every interface.
    pub ports: Option<(u16, u16)>,
    /// The address that browsers reach this machine at, where a router stands before it (1:1 NAT).
    pub public_address: Option<IpAddr>,
    /// Answer connectivity checks and make none (RFC 8445 section 2.5): only for a machine with a public address.
    pub ice_lite: bool,
    /// STUN servers, for the page: `stun:stun.example.com:3478`.
    pub stun: Vec<String>,
    /// TURN servers, for the page: `turn:turn.example.com:3478?transport=udp`.
    pub turn: Vec<String>,
    /// File with the secret shared with the TURN servers (coturn's `static-auth-secret`).
    pub turn_secret_file: Option<std::path::PathBuf>,
    /// How long the relay's passwords are good, in seconds.
    pub turn_ttl_s: u64,
    /// How long a browser may take from the answer to its first sound, in milliseconds.
    pub connect_ms: u64,
    /// Silence on the wire after which a browser is taken for gone, in milliseconds.
    pub silence_ms: u64,
}

impl Default for WebRtcConfig {
    fn default() -> Self {
        Self {
            listen: vec![IpAddr::V4(Ipv4Addr::UNSPECIFIED)],
            ports: None,
            public_address: None,
            ice_lite: false,
            stun: Vec::new(),
            turn: Vec::new(),
            turn_secret_file: None,
            turn_ttl_s: 3_600,
            connect_ms: 15_000,
            silence_ms: 20_000,
        }
    }
}

/// A STUN or TURN server as a page is told of it (`RTCIceServer`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IceServer {
    /// Its addresses.
    pub urls: Vec<String>,
    /// Until when and for whom the password is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

impl WebRtcConfig {
    /// The servers a page may use from `unix_s` on, with a password of its own for the relay: user `EXPIRY:who`, password
    /// base64(HMAC-SHA1(secret, user)), as coturn's `use-auth-secret` and draft-uberti-behave-turn-rest-00 have it.
    /// Without a secret no relay is offered.
    pub fn ice_servers(&self, secret: Option<&[u8]>, (who, unix_s): (&str, u64)) -> Vec<IceServer> {
        let mut servers = Vec::new();
        if !self.stun.is_empty() {
            servers.push(IceServer { urls: self.stun.clone(), username: None, credential: None });
        }
        if let Some(secret) = secret.filter(|_| !self.turn.is_empty()) {
            let username = format!("{}:{who}", unix_s.saturating_add(self.turn_ttl_s));
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
            let credential = BASE64_STANDARD.encode(hmac::sign(&key, username.as_bytes()));
            servers.push(IceServer { urls: self.turn.clone(), username: Some(username), credential: Some(credential) });
        }
        servers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relay_is_offered_with_a_password_that_expires() {
        let turn = vec!["turn:relay.example:3478".to_owned()];
        let config = WebRtcConfig { turn: turn.clone(), stun: vec!["stun:relay.example".to_owned()], ..WebRtcConfig::default() };
        let servers = config.ice_servers(Some(b"north"), ("visitor", 1_700_000_000));
        assert_eq!(servers[0], IceServer { urls: config.stun.clone(), username: None, credential: None });
        // openssl: printf 1700003600:visitor | openssl dgst -sha1 -hmac north -binary | base64
        let credential = servers[1].credential.as_deref().expect("a password");
        assert_eq!((servers[1].username.as_deref(), credential.len()), (Some("1700003600:visitor"), 28));
        assert_eq!(credential, "0m37I8kLFdC0DDU4i5mK+/MXBEg=");
        assert_eq!(config.ice_servers(None, ("visitor", 0)).len(), 1, "no secret, no relay");
    }
}
