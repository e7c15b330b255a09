//! Both directions of one call's sound: jitter buffer, codec, resampler, voice activity; reply queue and pacing order.
//! Never holds a policy, never blocks, and does not allocate per frame after start.

mod packet;

pub use packet::{Outgoing, Packet, PortFormat};
