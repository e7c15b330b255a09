//! The lines of a flight.
//! Never an address, a socket or a clock time but the head's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::call::{CallConfig, Input, Output};
use crate::talk::CallId;

/// The version of this schema.
pub const FORMAT: u32 = 2;

/// One line. Times are nanoseconds since the call began; two lines of one moment stand in their order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// The first line.
    Head(Box<Head>),
    /// Something happened to the call.
    In(u64, Input),
    /// The same, while a secret was asked for: words and digits are not the caller's, everything else is.
    Veiled(u64, Input),
    /// What the call answered to the input before, as Rust prints it: an action or an event.
    Out(String),
    /// Something happened to the conversation, or it decided something (`dialogue::Step`).
    Step(u64, serde_json::Value),
    /// A packet of the caller's came.
    Rtp(u64, Rtp),
    /// A plain frame of the caller's came, at this rate in Hz.
    Pcm(u32, #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")] Vec<u8>),
    /// So many pieces of the flight were lost here: neither disk nor queue took them.
    Lost(u64),
}

/// What the call was run by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// [`FORMAT`].
    pub format: u32,
    /// The program's version.
    pub program: String,
    /// The call's name.
    pub call: CallId,
    /// When it began.
    pub began: DateTime<Utc>,
    /// The codec's name, as in the record of the call.
    pub codec: String,
    /// The rate the port is given sound at, in Hz.
    pub rate: u32,
    /// The pack's name.
    pub pack: String,
    /// Whether the caller's packets are in it.
    pub packets: bool,
    /// The call's configuration.
    pub config: CallConfig,
    /// The sound's configuration.
    pub media: serde_json::Value,
}

/// What the jitter buffer needs of an RTP packet (RFC 3550 section 5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rtp {
    /// Payload type.
    pub payload_type: u8,
    /// Synchronisation source.
    pub ssrc: u32,
    /// Sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// First packet of a talkspurt.
    pub marker: bool,
    /// The encoded sound; `None` where it is withheld because a secret was asked for.
    #[serde(serialize_with = "some_to_base64", deserialize_with = "some_from_base64")]
    pub payload: Option<Vec<u8>>,
}

impl Line {
    /// The line of something that the call answered; that it has no more to say is none.
    pub fn out(output: &Output) -> Option<Self> {
        match output {
            Output::Timeout(_) => None,
            Output::Action(action) => Some(Self::Out(format!("{action:?}"))),
            Output::Event(event) => Some(Self::Out(format!("{event:?}"))),
        }
    }

    /// The line with its end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).expect("nothing of it is refused by JSON");
        text.push(b'\n');
        text
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    STANDARD.decode(String::deserialize(from)?).map_err(serde::de::Error::custom)
}

fn some_to_base64<S: Serializer>(bytes: &Option<Vec<u8>>, to: S) -> Result<S::Ok, S::Error> {
    bytes.as_ref().map(|bytes| STANDARD.encode(bytes)).serialize(to)
}

fn some_from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| STANDARD.decode(text)).transpose().map_err(serde::de::Error::custom)
}
