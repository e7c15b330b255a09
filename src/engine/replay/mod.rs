//! A recorded call once more, in virtual time: its inputs at their times, into the call that this program is.
//! Never guesses: where something was lost, or another setting asks for words that nobody recognised, it stops and says so.

mod conversation;
mod tape;
mod what_if;

use std::iter::Peekable;
use std::slice::Iter;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::clock;
use crate::audio::{Frame, MediaTime, SampleRate};
use crate::call::{Call, Input, Output, Secrecy};
use crate::media::{MediaConfig, Packet, PortFormat, Uplink};
use crate::store::flight::{Flight, Head, Line, Rtp, veil_output};
use crate::store::journal::Entry;
use crate::talk::Heard;

pub use conversation::{Talked, made_with, retold, talked};
pub use what_if::{Asked, Other, Otherwise, Stop, what_if};

/// What a replay listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ear {
    /// What the recorded call was told of each frame: the same on every machine.
    Inputs,
    /// The caller's packets, through jitter buffer, codec and voice activity once more: the same on the same build.
    Packets,
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// What happened on the line, as in the record of a call.
    pub entries: Vec<Entry>,
    /// How many inputs the call was given.
    pub inputs: usize,
    /// How many actions and events it answered with.
    pub decisions: usize,
    /// Frames that were made of packets again.
    pub frames: usize,
    /// Where the call first did something else than was recorded.
    pub difference: Option<Difference>,
    /// Where and why it was not replayed further, or not from packets.
    pub remarks: Vec<Remark>,
    /// How long the call was.
    pub length: Duration,
}

/// The first moment in which a replay went another way. What comes after it follows from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// When, since the call began.
    pub at: Duration,
    /// What the call was told, as Rust prints it.
    pub input: String,
    /// What was recorded: what the call answered, or what the frame held.
    pub recorded: Vec<String>,
    /// What it is now.
    pub now: Vec<String>,
}

/// Something a reader of the replay must know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// So many pieces of the recording were lost here; nothing after them can be replayed.
    Lost {
        /// When, since the call began.
        at: Duration,
        /// How many.
        pieces: u64,
    },
    /// From here on the frames are the recorded ones: a secret was asked for, and its sound is not in the file.
    Withheld {
        /// When, since the call began.
        at: Duration,
    },
}

/// Why a flight cannot be replayed like that.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// It was recorded without packets.
    #[error("this flight holds no packets; `flight = \"packets\"` in [store] keeps them from then on")]
    NoPackets,
    /// Its codec or its sound's configuration is of another version.
    #[error(
        "{what} in this flight's head cannot be used: {why}; replay it with the program that recorded it, or without packets"
    )]
    Head {
        /// What.
        what: &'static str,
        /// Why.
        why: String,
    },
}

/// Replays a flight.
///
/// # Errors
/// Packets are asked for and are not there.
pub fn replay(flight: &Flight, ear: Ear) -> Result<Replayed, ReplayError> {
    let uplink = match ear {
        Ear::Inputs => None,
        Ear::Packets => Some(uplink(&flight.head)?),
    };
    Ok(Run::new(&flight.head, uplink).through(&flight.lines))
}

/// The flight with what this program decides in the place of what was recorded: from now on that is right.
pub fn accepted(flight: &Flight) -> Flight {
    let mut run = Run::new(&flight.head, None);
    let mut lines = Vec::new();
    for line in &flight.lines {
        let (nanos, input, veiled) = match line {
            Line::In(at, input) => (*at, input, false),
            Line::Veiled(at, input) => (*at, input, true),
            Line::Out(_) => continue,
            Line::Head(_) | Line::Step(..) | Line::Rtp(..) | Line::Pcm(..) | Line::Lost(_) => {
                lines.push(line.clone());
                continue;
            }
        };
        lines.push(line.clone());
        let at = Duration::from_nanos(nanos);
        run.call.handle_input(run.base + at, input.clone());
        lines.extend(run.answers(at, veiled).into_iter().map(Line::Out));
    }
    Flight { head: flight.head.clone(), lines }
}

/// The caller's sound, made of the packets again.
#[derive(Debug, Clone, Default)]
pub struct Remade {
    /// What each frame holds, up to where a secret was asked for.
    pub heard: Vec<Heard>,
    /// Its samples at 16 kHz.
    pub pcm: Vec<i16>,
}

/// Makes the caller's sound of the packets again.
///
/// # Errors
/// There are no packets.
pub fn remade(flight: &Flight) -> Result<Remade, ReplayError> {
    let mut run = Run::new(&flight.head, Some(uplink(&flight.head)?));
    let mut remade = Remade::default();
    for line in &flight.lines {
        match line {
            Line::In(at, Input::Tick { .. }) | Line::Veiled(at, Input::Tick { .. }) => {
                let Some(uplink) = &mut run.uplink else { break };
                remade.heard.push(uplink.pull(Duration::from_nanos(*at)));
                remade.pcm.extend_from_slice(uplink.frame().pcm());
            }
            Line::Rtp(at, rtp) => run.packet(Duration::from_nanos(*at), rtp),
            Line::Pcm(rate, samples) => run.plain(*rate, samples),
            Line::In(..) | Line::Veiled(..) | Line::Out(_) | Line::Step(..) | Line::Head(_) | Line::Lost(_) => {}
        }
    }
    Ok(remade)
}

/// The uplink that the recorded call had.
fn uplink(head: &Head) -> Result<Uplink, ReplayError> {
    if !head.packets {
        return Err(ReplayError::NoPackets);
    }
    let media: MediaConfig = serde_json::from_value(head.media.clone())
        .map_err(|error| ReplayError::Head { what: "the sound's configuration", why: error.to_string() })?;
    let format = format(head).ok_or_else(|| ReplayError::Head { what: "the codec", why: head.codec.clone() })?;
    Ok(Uplink::new(format, &media))
}

fn format(head: &Head) -> Option<PortFormat> {
    let plain = PortFormat::Pcm(SampleRate::new(head.rate)?);
    [PortFormat::Pcma, PortFormat::Pcmu, PortFormat::Opus, plain].into_iter().find(|format| format.name() == head.codec)
}

/// A replay under way.
struct Run {
    base: Instant,
    call: Call,
    uplink: Option<Uplink>,
    done: Replayed,
}

impl Run {
    fn new(head: &Head, uplink: Option<Uplink>) -> Self {
        let base = clock::now();
        let done = Replayed {
            entries: Vec::new(),
            inputs: 0,
            decisions: 0,
            frames: 0,
            difference: None,
            remarks: Vec::new(),
            length: Duration::ZERO,
        };
        Self { base, call: Call::new(head.config.clone(), base), uplink, done }
    }

    fn through(mut self, lines: &[Line]) -> Replayed {
        let mut lines = lines.iter().peekable();
        while let Some(line) = lines.next() {
            match line {
                Line::In(at, input) => self.handle(*at, (input, false), &mut lines),
                Line::Veiled(at, input) => self.handle(*at, (input, true), &mut lines),
                Line::Rtp(at, rtp) => self.packet(Duration::from_nanos(*at), rtp),
                Line::Pcm(rate, samples) => self.plain(*rate, samples),
                Line::Lost(pieces) => {
                    self.done.remarks.push(Remark::Lost { at: self.done.length, pieces: *pieces });
                    break;
                }
                // An answer belongs to the input before it and was compared there; another head is none of this call's;
                // steps are the conversation's.
                Line::Out(_) | Line::Step(..) | Line::Head(_) => {}
            }
        }
        self.done
    }

    /// Gives the call an input and compares what it answers.
    fn handle(&mut self, nanos: u64, (input, veiled): (&Input, bool), lines: &mut Peekable<Iter<'_, Line>>) {
        let at = Duration::from_nanos(nanos);
        self.done.length = at;
        self.done.inputs += 1;
        let given = self.heard(at, input);
        self.call.handle_input(self.base + at, given);
        let now = self.answers(at, veiled);
        let mut recorded = Vec::new();
        while let Some(Line::Out(text)) = lines.next_if(|line| matches!(line, Line::Out(_))) {
            recorded.push(text.clone());
        }
        self.done.decisions += now.len();
        if now != recorded {
            self.differ(Difference { at, input: format!("{input:?}"), recorded, now });
        }
    }

    fn differ(&mut self, difference: Difference) {
        self.done.difference.get_or_insert(difference);
    }

    /// The input, its frame made of packets again where they are listened to.
    fn heard(&mut self, at: Duration, input: &Input) -> Input {
        let (Some(uplink), Input::Tick { heard: recorded, playout }) = (&mut self.uplink, input) else { return input.clone() };
        let heard = uplink.pull(at);
        self.done.frames += 1;
        if heard != *recorded {
            let [recorded, now] = [*recorded, heard].map(|heard| vec![format!("{heard:?}")]);
            self.differ(Difference { at, input: "the caller's packets".to_owned(), recorded, now });
        }
        Input::Tick { heard, playout: *playout }
    }

    fn answers(&mut self, at: Duration, veiled: bool) -> Vec<String> {
        let mut answers = Vec::new();
        loop {
            let output = self.call.poll_output();
            if let Output::Event(event) = &output {
                self.done.entries.push(Entry::of(at, event));
            }
            let veiled = veiled || self.call.secrecy() == Secrecy::Secret;
            match Line::out(&if veiled { veil_output(output) } else { output }) {
                Some(Line::Out(answer)) => answers.push(answer),
                Some(_) | None => return answers,
            }
        }
    }

    fn packet(&mut self, at: Duration, rtp: &Rtp) {
        let Rtp { payload_type, ssrc, sequence, timestamp, marker, ref payload } = *rtp;
        match (&mut self.uplink, payload) {
            (Some(uplink), Some(payload)) => {
                let payload = payload.clone().into();
                uplink.insert(at, Packet { payload_type, ssrc, sequence, timestamp, marker, payload });
            }
            (Some(_), None) => self.withheld(),
            (None, _) => {}
        }
    }

    fn plain(&mut self, rate: u32, samples: &[u8]) {
        let Some(uplink) = &mut self.uplink else { return };
        if samples.is_empty() {
            return self.withheld();
        }
        let Some(rate) = SampleRate::new(rate) else { return };
        let pcm: Vec<i16> = samples.chunks_exact(2).map(|bytes| i16::from_le_bytes([bytes[0], bytes[1]])).collect();
        uplink.push(&Frame::new(&pcm, rate, MediaTime::ZERO));
    }

    /// The detector's memory is not what it was from here on.
    fn withheld(&mut self) {
        self.uplink = None;
        self.done.remarks.push(Remark::Withheld { at: self.done.length });
    }
}
