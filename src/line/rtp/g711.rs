//! The two G.711 laws on the wire, and the way from one to the other.
//! Never decodes to samples: that is the media room's work.

use audio_codec_algorithms::{convert_alaw_to_ulaw, convert_ulaw_to_alaw};

use crate::line::PortFormat;

/// A G.711 companding law.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// A-law: PCMA, Europe and China.
    A,
    /// Mu-law: PCMU, North America and Japan.
    Mu,
}

impl Law {
    /// Static payload type (RFC 3551 table 4).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::A => 8,
            Self::Mu => 0,
        }
    }

    /// Encoding name, as in `a=rtpmap`.
    pub const fn name(self) -> &'static str {
        self.format().name()
    }

    /// The port format that carries this law.
    pub const fn format(self) -> PortFormat {
        match self {
            Self::A => PortFormat::Pcma,
            Self::Mu => PortFormat::Pcmu,
        }
    }

    /// The law with that encoding name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::A, Self::Mu].into_iter().find(|law| law.name().eq_ignore_ascii_case(name))
    }

    /// Rewrites samples of this law as samples of `to`, in place (ITU-T G.711 tables 3 and 4).
    pub fn convert(self, to: Self, payload: &mut [u8]) {
        let convert = match (self, to) {
            (Self::A, Self::Mu) => convert_alaw_to_ulaw,
            (Self::Mu, Self::A) => convert_ulaw_to_alaw,
            (Self::A, Self::A) | (Self::Mu, Self::Mu) => return,
        };
        for sample in payload {
            *sample = convert(*sample);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_step_of_one_law_is_that_of_the_other() {
        // A-law has no zero: its quietest value becomes mu-law's first step, and comes back.
        let mut payload = [0xD5; 4];
        Law::A.convert(Law::Mu, &mut payload);
        assert_eq!(payload, [0xFE; 4]);
        Law::Mu.convert(Law::A, &mut payload);
        assert_eq!(payload, [0xD5; 4]);
    }
}
