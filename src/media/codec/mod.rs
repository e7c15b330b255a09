//! From a payload to samples and back, and what stands in where no payload came.
//! Never decides which of them is due: the jitter buffer does.

mod comfort_noise;
mod conceal;
mod g711;
mod payload;

pub use comfort_noise::ComfortNoise;
pub use conceal::Concealer;
pub use payload::{COMFORT_NOISE, Codec, content};
