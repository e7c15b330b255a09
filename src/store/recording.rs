//! A call's sound as `DATA/calls/CALL_ID/recording.wav`: left the caller, right the bot, aligned to the media tick.
//! Never waits on the call's side; where sound is lost the file holds silence of the same length.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audio::wav::{self, WavError};
use crate::audio::{Frame, MediaTime, SampleRate};
use crate::talk::CallId;

use super::feed::{CallFeed, CallFile, Counts, Feed, Progress, Writer, feed, open_private};

/// Name of the file in the call's folder.
pub const FILE_NAME: &str = "recording.wav";

/// Ticks of 20 ms that go to the writing thread together.
const CHUNK_TICKS: usize = 10;
/// The header is brought up to date after so much sound, so that a crash loses no more.
const FLUSH_SECONDS: u64 = 3;
/// No gap is longer; more means that somebody's counting is broken.
const MAX_GAP_SECONDS: u64 = 3_600;

/// The recordings of a line: one queue and one writing thread for all its calls.
pub struct Recorder {
    feed: Feed<Chunk>,
}

/// One call's recording. Dropping it completes the file.
pub struct CallRecording {
    feed: CallFeed<Chunk>,
    chunk: Chunk,
}

/// Some ticks of both sides.
pub struct Chunk {
    /// Place of the first sample, at `rate`.
    from: u64,
    rate: SampleRate,
    /// Caller and bot in turn.
    stereo: Vec<i16>,
}

/// The recordings under this data folder, and what writes them (run it on a thread of its own).
pub fn recorder(data: &Path) -> (Recorder, Writer<RecordingFile>) {
    let (feed, writer) = feed(data, RecordingFile::new);
    (Recorder { feed }, writer)
}

impl Recorder {
    /// The recording of one call, kept at this rate.
    pub fn open(&self, call: CallId, rate: SampleRate) -> CallRecording {
        CallRecording { feed: self.feed.open(call), chunk: Chunk::new(0, rate) }
    }

    /// Pieces of sound lost and refused so far, for the metrics.
    pub fn counts(&self) -> Arc<Counts> {
        self.feed.counts()
    }
}

impl CallRecording {
    /// Adds one media tick: what was heard and what was sent in the 20 ms from `at` on. A side without a frame was silent;
    /// a frame of another rate is brought to the recording's by linear interpolation.
    pub fn tick(&mut self, at: MediaTime, caller: Option<&Frame>, bot: Option<&Frame>) {
        let rate = self.chunk.rate;
        let from = at.as_samples(rate);
        if from != self.chunk.end() || self.chunk.stereo.len() >= 2 * CHUNK_TICKS * rate.frame_len() {
            self.hand_over(from);
        }
        for i in 0..rate.frame_len() {
            self.chunk.stereo.extend([caller, bot].map(|frame| frame.map_or(0, |frame| sample(frame, i, rate))));
        }
    }

    fn hand_over(&mut self, next: u64) {
        let next = Chunk::new(next, self.chunk.rate);
        let full = std::mem::replace(&mut self.chunk, next);
        if !full.stereo.is_empty() {
            self.feed.send(full);
        }
    }
}

impl Drop for CallRecording {
    fn drop(&mut self) {
        self.hand_over(0);
    }
}

impl Chunk {
    fn new(from: u64, rate: SampleRate) -> Self {
        Self { from, rate, stereo: Vec::with_capacity(2 * CHUNK_TICKS * rate.frame_len()) }
    }

    /// The sample after its last.
    fn end(&self) -> u64 {
        self.from + self.stereo.len() as u64 / 2
    }
}

/// The sample of `frame` that lies where sample `i` of a frame at `rate` does.
fn sample(frame: &Frame, i: usize, rate: SampleRate) -> i16 {
    let pcm = frame.pcm();
    if frame.rate() == rate {
        return pcm[i];
    }
    let (whole, rest) = (i * pcm.len() / rate.frame_len(), i * pcm.len() % rate.frame_len());
    let (a, b) = (i64::from(pcm[whole]), i64::from(pcm[(whole + 1).min(pcm.len() - 1)]));
    (a + (b - a) * rest as i64 / rate.frame_len() as i64) as i16
}

/// The recording file of one call.
pub struct RecordingFile {
    folder: PathBuf,
    state: State,
}

enum State {
    Unopened,
    Open {
        wav: wav::Writer<BufWriter<File>>,
        /// The sample after the last written.
        end: u64,
        /// Up to here the header is true.
        flushed: u64,
    },
    /// The disk refused: the file ends here.
    GivenUp,
}

impl CallFile for RecordingFile {
    type Item = Chunk;
    const NAME: &'static str = FILE_NAME;

    fn take(&mut self, chunk: Chunk, _lost: u64) -> io::Result<Progress> {
        self.write(&chunk).inspect_err(|_| self.state = State::GivenUp)
    }

    fn finish(&mut self, _lost: u64) -> io::Result<Progress> {
        match std::mem::replace(&mut self.state, State::GivenUp) {
            State::Open { wav, .. } => wav.finish().map_err(to_io).map(|()| Progress::Written),
            State::Unopened | State::GivenUp => Ok(Progress::Buffered),
        }
    }
}

impl RecordingFile {
    fn new(folder: PathBuf) -> Self {
        Self { folder, state: State::Unopened }
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<Progress> {
        if matches!(self.state, State::Unopened) {
            let file = open_private(&self.folder, FILE_NAME, File::options().write(true).truncate(true))?;
            let wav = wav::Writer::new(BufWriter::new(file), chunk.rate, 2).map_err(to_io)?;
            self.state = State::Open { wav, end: 0, flushed: 0 };
        }
        let State::Open { wav, end, flushed } = &mut self.state else { return Ok(Progress::Buffered) };
        let second = u64::from(chunk.rate.hz());
        let gap = chunk.from.saturating_sub(*end).min(MAX_GAP_SECONDS * second);
        for _ in 0..gap {
            wav.push(&[0, 0]).map_err(to_io)?;
        }
        *end += gap;
        let overlap = (end.saturating_sub(chunk.from) * 2).min(chunk.stereo.len() as u64);
        wav.push(&chunk.stereo[overlap as usize..]).map_err(to_io)?;
        *end = chunk.end().max(*end);
        if *end < *flushed + FLUSH_SECONDS * second {
            return Ok(Progress::Buffered);
        }
        *flushed = *end;
        wav.flush().map_err(to_io).map(|()| Progress::Written)
    }
}

fn to_io(error: WavError) -> io::Error {
    match error {
        WavError::Format(hound::Error::IoError(error)) => error,
        WavError::Format(_) | WavError::Unsupported { .. } => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_is_true_while_the_call_lasts() {
        let folder = tempfile::tempdir().expect("a folder");
        let rate = SampleRate::HZ_8000;
        let mut file = RecordingFile::new(folder.path().to_owned());
        for second in 0..8 {
            let chunk = Chunk { from: second * 8_000, rate, stereo: vec![9; 16_000] };
            file.take(chunk, 0).expect("there is room");
        }
        let played = hound::WavReader::open(folder.path().join(FILE_NAME)).expect("a wav that can be played");
        assert_eq!(played.duration(), 6 * 8_000, "all but the sound since the last flush");
    }

    #[test]
    fn sound_that_was_written_already_is_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let rate = SampleRate::HZ_8000;
        let mut file = RecordingFile::new(folder.path().to_owned());
        for from in [0, 0, 80] {
            file.take(Chunk { from, rate, stereo: vec![1; 320] }, 0).expect("there is room");
        }
        file.finish(0).expect("there is room");
        let played = hound::WavReader::open(folder.path().join(FILE_NAME)).expect("a whole wav");
        assert_eq!(played.duration(), 240);
    }
}
