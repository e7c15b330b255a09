//! Both directions of one call's sound: jitter buffer, codec, resampler, voice activity; reply queue and pacing order.
//! Never holds a policy, never blocks, and does not allocate per frame after start.

pub mod codec;
mod config;
mod downlink;
pub mod jitter;
pub mod note;
mod packet;
mod pitch;
mod prosody;
mod received;
pub mod resample;
mod speech;
mod uplink;
pub mod vad;

pub use config::MediaConfig;
pub use downlink::{Downlink, DownlinkStats, Enqueued};
pub use packet::{Outgoing, Packet, PortFormat};
pub use prosody::ProsodyMeter;
pub use speech::{Speech, SpeechCutter};
pub use uplink::{Uplink, UplinkStats};
