//! RTP and RTCP over UDP: sockets, guarded latching, sequence numbers, statistics, telephone events.
//! Never decides what is said; it only puts packets on the wire and takes them off it.

#[cfg(feature = "sip")]
mod g711;
#[cfg(feature = "sip")]
mod latch;
mod pacer;
#[cfg(feature = "sip")]
mod rtcp;
#[cfg(feature = "sip")]
mod socket;
#[cfg(feature = "sip")]
mod stats;
#[cfg(feature = "sip")]
mod stream;
mod telephone_event;

#[cfg(feature = "sip")]
pub use g711::Law;
#[cfg(feature = "sip")]
pub use latch::{Latch, Source, Verdict};
pub use pacer::{Header, Pacer};
#[cfg(feature = "sip")]
pub use rtcp::{bye, sender_report};
#[cfg(feature = "sip")]
pub use socket::{PortRange, RtpSocket};
#[cfg(feature = "sip")]
pub use stats::{ReceiveStats, StreamStats};
#[cfg(feature = "sip")]
pub use stream::{MediaTarget, Received, RtpStream};
pub use telephone_event::{EventReceiver, EventSender};
