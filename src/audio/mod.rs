//! Sound as data: 20 ms frames, sample rates, media time, levels and wav files.
//! Never knows a codec, a packet or a clock.

mod frame;
mod level;
mod time;
pub mod wav;

pub use frame::{FRAME, FRAME_MS, Frame, SampleRate};
pub use level::Dbfs;
pub use time::MediaTime;
