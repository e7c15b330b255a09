//! RTP and RTCP over UDP: sockets, guarded latching, sequence numbers, statistics, telephone events.
//! Never decides what is said; it only puts packets on the wire and takes them off it.

mod g711;
mod latch;
mod pacer;
mod rtcp;
mod socket;
mod stats;
mod stream;
mod telephone_event;

pub use g711::Law;
pub use latch::{Latch, Source, Verdict};
pub use pacer::{Header, Pacer};
pub use rtcp::{bye, sender_report};
pub use socket::{PortRange, RtpSocket};
pub use stats::{ReceiveStats, StreamStats};
pub use stream::{MediaTarget, Received, RtpStream};
pub use telephone_event::{EventReceiver, EventSender};
