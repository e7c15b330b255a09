//! The jitter buffer: packets in as the network gives them, pieces of sound out as 20 ms ticks need them.
//! Never decodes and never reads a clock: the time of arrival is passed in.

mod buffer;
mod drift;
mod seam;
mod timeline;

pub use buffer::{JitterBuffer, JitterConfig, JitterStats, Popped};
pub(super) use seam::{cut, lengthen};

/// What a packet holds, as far as the buffer needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Encoded sound of that many samples.
    Sound {
        /// Length in samples of the codec's clock.
        samples: u32,
    },
    /// The same, with a copy of the packet before it: Opus repairs losses so (RFC 6716 section 2.1.7).
    SoundAndCopy {
        /// Length in samples of the codec's clock.
        samples: u32,
    },
    /// Comfort noise parameters (RFC 3389): from here on the sender is silent until sound comes again.
    Noise,
    /// Nothing to hear (a telephone-event, an unknown payload): it only takes its place in the sequence.
    Other,
}
