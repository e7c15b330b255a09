//! Sound as data: 20 ms frames, sample rates, media time, levels and wav files; and the layers of networks that judge it.
//! Never knows a codec, a packet or a clock.

mod dense;
mod frame;
mod level;
mod time;
pub mod wav;

pub use dense::{Dense, Packed, dot};
pub use frame::{FRAME, FRAME_MS, Frame, SampleRate};
pub use level::Dbfs;
pub use time::MediaTime;
