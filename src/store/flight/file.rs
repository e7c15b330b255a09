//! The writing side of the flight recorder: notes become lines, lines become packed and sealed records.
//! Never more than a few seconds behind; a line that is lost is told in its place.

use std::io::{self, Write};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::store::feed::{CallFile, Progress, Writer, feed};
use crate::store::keys::Vault;
use crate::store::seal::{SealedFile, Sealing};

use super::FILE_NAME;
use super::line::Line;
use super::recorder::{Batch, Flights, Note};
use super::veil::{veil, veil_output};

/// So much text is a record: a few seconds of a call. A crash loses no more.
const RECORD: usize = 16 * 1024;

/// The flight recorder sealed by this vault, with the callers' packets or without, and what writes its files
/// (run it on a thread of its own).
pub fn flights(vault: &Arc<Vault>, packets: bool) -> (Flights, Writer<FlightFile>) {
    let (feed, writer) = feed(vault, FlightFile::new);
    (Flights { feed, packets }, writer)
}

/// The flight of one call.
pub struct FlightFile {
    place: Sealing,
    text: Vec<u8>,
    state: State,
}

enum State {
    Unopened,
    Open(SealedFile),
    /// The disk refused: the file ends here.
    GivenUp,
}

impl CallFile for FlightFile {
    type Item = Batch;
    const NAME: &'static str = FILE_NAME;

    fn take(&mut self, batch: Batch, lost: u64) -> io::Result<Progress> {
        self.add_lost(lost);
        self.text.extend(batch.into_iter().filter_map(line).flat_map(|line| line.to_bytes()));
        if self.text.len() < RECORD { Ok(Progress::Buffered) } else { self.write() }
    }

    fn finish(&mut self, lost: u64) -> io::Result<Progress> {
        self.add_lost(lost);
        let written = self.write();
        match std::mem::replace(&mut self.state, State::GivenUp) {
            State::Open(file) => written.and_then(|_| file.close()).map(|()| Progress::Written),
            State::Unopened | State::GivenUp => written,
        }
    }
}

impl FlightFile {
    const fn new(place: Sealing) -> Self {
        Self { place, text: Vec::new(), state: State::Unopened }
    }

    fn add_lost(&mut self, lost: u64) {
        if lost > 0 {
            self.text.extend(Line::Lost(lost).to_bytes());
        }
    }

    fn write(&mut self) -> io::Result<Progress> {
        let text = std::mem::take(&mut self.text);
        self.append(&text).inspect_err(|_| self.state = State::GivenUp)
    }

    fn append(&mut self, text: &[u8]) -> io::Result<Progress> {
        if matches!(self.state, State::Unopened) {
            self.state = State::Open(self.place.begin(FILE_NAME)?);
        }
        let State::Open(file) = &mut self.state else { return Ok(Progress::Buffered) };
        file.append(&packed(text)?)?;
        Ok(Progress::Written)
    }
}

/// The text as a gzip member.
pub(super) fn packed(text: &[u8]) -> io::Result<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text)?;
    packer.finish()
}

fn line(note: Note) -> Option<Line> {
    let nanos = |at: std::time::Duration| u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    Some(match note {
        Note::Head(head) => Line::Head(head),
        Note::In { at, input, veiled: false } => Line::In(nanos(at), input),
        Note::In { at, input, veiled: true } => Line::Veiled(nanos(at), veil(input)),
        Note::Out { output, veiled } => return Line::out(&if veiled { veil_output(output) } else { output }),
        Note::Step { at, step } => Line::Step(nanos(at), step),
        Note::Rtp { at, rtp } => Line::Rtp(nanos(at), rtp),
        Note::Pcm { rate, samples } => Line::Pcm(rate, samples.into_iter().flat_map(i16::to_le_bytes).collect()),
    })
}
