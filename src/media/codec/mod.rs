//! From a payload to samples and back, and what stands in where no payload came.
//! Never decides which of them is due: the jitter buffer does.

mod coder;
mod comfort_noise;
mod conceal;
mod g711;
mod opus;
mod payload;

pub use self::coder::{Decoder, Encoder};
pub use self::comfort_noise::ComfortNoise;
pub use self::conceal::Concealer;
pub use self::opus::{OpusDecoder, OpusEncoder};
pub use self::payload::{COMFORT_NOISE, Codec, OPUS};
