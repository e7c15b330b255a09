//! What one 20 ms tick says of the sound in each direction: never the samples themselves.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::{Dbfs, MediaTime};

use super::ReplyId;

/// A number from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Probability(f32);

impl Probability {
    /// Certainly not.
    pub const ZERO: Self = Self(0.0);
    /// Certainly.
    pub const ONE: Self = Self(1.0);

    /// That value, held between 0 and 1 (not a number counts as 0).
    pub const fn new(p: f32) -> Self {
        Self(if p > 1.0 {
            1.0
        } else if p > 0.0 {
            p
        } else {
            0.0
        })
    }

    /// The value, 0 to 1.
    pub const fn get(self) -> f32 {
        self.0
    }
}

/// The pitch of a voice, in half semitones above 55 Hz, three octaves of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tone(u8);

impl Tone {
    /// How many there are.
    pub const COUNT: usize = 72;
    const LOWEST_HZ: f32 = 55.0;

    /// The nearest to that frequency.
    pub fn of_hz(hz: f32) -> Self {
        Self::of_index((24.0 * (hz / Self::LOWEST_HZ).log2()).round().max(0.0) as usize)
    }

    /// The one at that place, from 0, or the last.
    pub const fn of_index(index: usize) -> Self {
        Self(if index < Self::COUNT { index as u8 } else { Self::COUNT as u8 - 1 })
    }

    /// Its place, from 0.
    pub fn index(self) -> usize {
        usize::from(self.0).min(Self::COUNT - 1)
    }

    /// Its frequency.
    pub fn hz(self) -> f32 {
        Self::LOWEST_HZ * (f32::from(self.0) / 24.0).exp2()
    }

    /// Its height above the lowest, in semitones.
    pub fn semitones(self) -> f32 {
        f32::from(self.0) / 2.0
    }
}

/// What the uplink says of one 20 ms frame of the caller's sound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Media time of the frame's first sample.
    pub at: MediaTime,
    /// How likely the frame holds speech.
    pub speech: Probability,
    /// The frame's level.
    pub level: Dbfs,
    /// The pitch of the voice, in frames of speech that have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// The frame was made up by concealment or comfort noise, not received.
    pub concealed: bool,
}

impl Heard {
    /// A frame of perfect silence.
    pub const fn nothing(at: MediaTime) -> Self {
        Self { at, speech: Probability::ZERO, level: Dbfs::SILENCE, tone: None, concealed: false }
    }
}

/// A stretch of the caller's sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AudioRange {
    /// Its first sample.
    pub from: MediaTime,
    /// The sample after its last.
    pub to: MediaTime,
}

/// What left the downlink so far, told at each tick in which a reply is on its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playout {
    /// The reply that is being played.
    pub reply: ReplyId,
    /// Number of the sentence whose sound this tick's frame holds.
    pub sentence: u16,
    /// How much of that sentence's sound has left, this frame counted in.
    pub played: Duration,
    /// How long that sentence's sound is; `None` while it is still being synthesised.
    pub length: Option<Duration>,
    /// Sound of this reply still waiting in the downlink behind this frame.
    pub queued: Duration,
}
