//! Voice activity: how likely 20 ms of sound hold speech.
//! Never decides that somebody speaks: hysteresis and hangover are `call`'s.

mod features;
mod floor;
mod network;
mod paired;
mod recurrent;

pub use floor::NoiseFloor;
pub use paired::Paired;
pub use recurrent::Recurrent;

use crate::talk::Probability;

/// Judges one stream of sound, frame after frame.
pub trait Vad: Send {
    /// How likely this frame (mono, 16 kHz, 20 ms) holds speech. Every frame of the stream must be shown, in order.
    fn speech(&mut self, pcm16k: &[i16]) -> Probability;
}
