//! The outside's plugs: SIP and RTP, browsers, the microphone, wav files; each a [`Port`].
//! Never holds a policy about the conversation.

#[cfg(feature = "mic")]
pub mod mic;
#[cfg(any(feature = "sip", feature = "web"))]
pub mod rtp;
#[cfg(feature = "sip")]
pub mod sip;
pub mod wav;
#[cfg(feature = "web")]
pub mod webrtc;

use async_trait::async_trait;

use crate::audio::Frame;
use crate::privacy::Pii;
use crate::talk::{Digit, Language};

pub use crate::media::{Outgoing, Packet, PortFormat};

/// What a port tells the call.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a frame lives on the stack so that no tick allocates")]
pub enum PortEvent {
    /// An audio packet came.
    Packet(Packet),
    /// A plain frame came (microphone, wav).
    Plain(Frame),
    /// A key was pressed; told once a press.
    Digit(Digit),
    /// The caller wrote something instead of saying it (browsers).
    Typed(Pii<String>),
    /// The caller pressed the button that stops the bot (browsers).
    Interrupt,
    /// The caller picked a language (browsers).
    Language(Language),
    /// The other side put us on hold (`true`) or took us back.
    Held(bool),
    /// The leg is over; nothing more will come.
    Closed(CloseCause),
}

/// Why a leg ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseCause {
    /// The other side hung up.
    RemoteHangup,
    /// We hung up.
    LocalHangup,
    /// No packet came for the configured time.
    MediaTimeout,
    /// The source of sound came to its end (wav).
    EndOfSound,
    /// The transport failed.
    TransportFailure,
}

/// Who is on the line, for the record.
#[derive(Debug, Clone)]
pub struct PortInfo {
    /// Caller's address (`sip:…`), or what stands for it.
    pub from: Pii<String>,
    /// Address that was called.
    pub to: String,
    /// `sip/udp`, `sip/tcp`, `webrtc`, `wav`, `mic`.
    pub transport: &'static str,
    /// What it speaks.
    pub format: PortFormat,
}

/// One leg of a call, from the engine's side.
#[async_trait]
pub trait Port: Send {
    /// Who is on the line.
    fn info(&self) -> &PortInfo;

    /// The next event. Cancel-safe. After [`PortEvent::Closed`] it waits for ever.
    async fn recv(&mut self) -> PortEvent;

    /// Sends this tick's sound, at once; never blocks.
    fn send(&mut self, outgoing: Outgoing);

    /// Throws away sound that was handed over and has not left yet (barge-in).
    fn clear(&mut self);

    /// Hangs up and releases everything. A second call does nothing.
    async fn close(&mut self);

    /// Asks the network to connect the caller elsewhere (SIP REFER, RFC 3515).
    async fn transfer(&mut self, target: &str) -> Result<(), TransferError>;
}

/// A transfer did not come about; the caller is still here.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// This kind of line cannot transfer.
    #[error("{0} lines cannot transfer a call")]
    Unsupported(&'static str),
    /// The other side refused or did not answer.
    #[error("transfer refused: {0}")]
    Refused(String),
}
