//! A call's sound: left the caller, right the bot, aligned to the media tick, sealed in `DATA/calls/CALL_ID/recording.sealed`.
//! Never waits on the call's side; where sound is lost, silence of the same length is read back.
//!
//! The first record holds the rate in Hz (u32, little-endian), each further one the place of its first sample (u64) and
//! samples (i16), caller and bot in turn. [`read`] makes a wav of them.

use std::io::{self, Seek, Write};
use std::sync::Arc;

use crate::audio::wav::{self, WavError};
use crate::audio::{Frame, MediaTime, SampleRate};
use crate::talk::CallId;

use super::feed::{CallFeed, CallFile, Counts, Feed, Progress, Writer, feed};
use super::identity::Pseudonym;
use super::keys::Vault;
use super::seal::{SealedFile, SealedReader, Sealing};
use super::{Damage, StoreError};

/// Name of the file in the call's folder.
pub const FILE_NAME: &str = "recording.sealed";

/// Ticks of 20 ms that go to the writing thread together.
const CHUNK_TICKS: usize = 10;
/// So much sound is a record; a crash loses no more.
const RECORD_SECONDS: usize = 1;
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

/// The recordings sealed by this vault, and what writes them (run it on a thread of its own).
pub fn recorder(vault: &Arc<Vault>) -> (Recorder, Writer<RecordingFile>) {
    let (feed, writer) = feed(vault, RecordingFile::new);
    (Recorder { feed }, writer)
}

/// Writes a call's recording as a wav of two channels; what of it is damaged is told and silent.
///
/// # Errors
/// No recording, no key for it, `out` that refuses.
pub fn read(vault: &Vault, call: &CallId, out: impl Write + Seek) -> Result<Vec<Damage>, StoreError> {
    let Some(mut records) = SealedReader::open(vault, call, FILE_NAME)? else {
        return Err(StoreError::NoRecording(call.clone()));
    };
    let refused = |error| StoreError::Unwritable { path: "the wav".into(), source: to_io(error) };
    let first = records.next();
    let hz = |record: &Vec<u8>| record.as_slice().try_into().ok().map(u32::from_le_bytes).and_then(SampleRate::new);
    let Some(rate) = first.and_then(Result::ok).as_ref().and_then(hz) else {
        return Ok(vec![Damage {
            file: FILE_NAME,
            record: 1,
            what: "altered or missing: without the rate no sound can be read",
        }]);
    };
    let mut wav = wav::Writer::new(out, rate, 2).map_err(refused)?;
    let (mut damage, mut end) = (Vec::new(), 0);
    for record in records {
        match record {
            Err(at) => damage.push(at),
            Ok(sound) => end = put(&mut wav, rate, (end, &sound)).map_err(refused)?,
        }
    }
    wav.finish().map_err(refused)?;
    Ok(damage)
}

/// Puts a record's sound where it belongs; `end` is the sample after the last one before and after.
fn put<W: Write + Seek>(wav: &mut wav::Writer<W>, rate: SampleRate, (end, record): (u64, &[u8])) -> Result<u64, WavError> {
    let Some((from, sound)) = record.split_first_chunk() else { return Ok(end) };
    let from = u64::from_le_bytes(*from);
    let stereo: Vec<i16> = sound.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]])).collect();
    let gap = from.saturating_sub(end).min(MAX_GAP_SECONDS * u64::from(rate.hz()));
    for _ in 0..gap {
        wav.push(&[0, 0])?;
    }
    let overlap = (end.saturating_sub(from) * 2).min(stereo.len() as u64);
    wav.push(&stereo[overlap as usize..])?;
    Ok(end.max(from + stereo.len() as u64 / 2))
}

impl Recorder {
    /// The recording of one call of this caller's, kept at this rate.
    pub fn open(&self, call: CallId, caller: Pseudonym, rate: SampleRate) -> CallRecording {
        CallRecording { feed: self.feed.open(call, caller), chunk: Chunk::new(0, rate) }
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
    place: Sealing,
    /// Sound of one run that is not written yet.
    waiting: Option<Chunk>,
    state: State,
}

enum State {
    Unopened,
    Open(SealedFile),
    /// The disk refused: the file ends here.
    GivenUp,
}

impl CallFile for RecordingFile {
    type Item = Chunk;
    const NAME: &'static str = FILE_NAME;

    fn take(&mut self, chunk: Chunk, _lost: u64) -> io::Result<Progress> {
        self.add(chunk).inspect_err(|_| self.state = State::GivenUp)
    }

    fn finish(&mut self, _lost: u64) -> io::Result<Progress> {
        let last = self.waiting.take().map_or(Ok(()), |chunk| self.write(&chunk));
        match std::mem::replace(&mut self.state, State::GivenUp) {
            State::Open(file) => last.and_then(|()| file.close()).map(|()| Progress::Written),
            State::Unopened | State::GivenUp => last.map(|()| Progress::Buffered),
        }
    }
}

impl RecordingFile {
    const fn new(place: Sealing) -> Self {
        Self { place, waiting: None, state: State::Unopened }
    }

    /// Joins chunks that follow each other until they are worth a record.
    fn add(&mut self, chunk: Chunk) -> io::Result<Progress> {
        if matches!(self.state, State::GivenUp) {
            return Ok(Progress::Buffered);
        }
        match &mut self.waiting {
            Some(waiting) if waiting.end() == chunk.from && waiting.rate == chunk.rate => waiting.stereo.extend(chunk.stereo),
            waiting => {
                let before = waiting.replace(chunk);
                before.map_or(Ok(()), |before| self.write(&before))?;
            }
        }
        let full = |chunk: &mut Chunk| chunk.stereo.len() >= 2 * RECORD_SECONDS * chunk.rate.hz() as usize;
        match self.waiting.take_if(full) {
            Some(chunk) => self.write(&chunk).map(|()| Progress::Written),
            None => Ok(Progress::Buffered),
        }
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        if matches!(self.state, State::Unopened) {
            let mut file = self.place.begin(FILE_NAME)?;
            file.append(&chunk.rate.hz().to_le_bytes())?;
            self.state = State::Open(file);
        }
        let State::Open(file) = &mut self.state else { return Ok(()) };
        let samples = chunk.stereo.iter().flat_map(|sample| sample.to_le_bytes());
        file.append(&chunk.from.to_le_bytes().into_iter().chain(samples).collect::<Vec<_>>())
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
    use crate::privacy::Pii;
    use crate::store::PrivacyConfig;

    /// The recording of these chunks at 8 kHz, without its end if `crashed`.
    fn recorded(chunks: Vec<(u64, Vec<i16>)>, crashed: bool) -> Vec<i16> {
        let data = tempfile::tempdir().expect("a folder");
        let vault = Arc::new(Vault::open(data.path(), &PrivacyConfig::default()).expect("keys"));
        let id = CallId::new("x").expect("an id");
        let caller = vault.caller_of(&Pii::default(), &id);
        let mut file = RecordingFile::new(Sealing::new(Arc::clone(&vault), id.clone(), caller));
        for (from, stereo) in chunks {
            file.take(Chunk { from, rate: SampleRate::HZ_8000, stereo }, 0).expect("there is room");
        }
        if !crashed {
            file.finish(0).expect("there is room");
        }
        let mut wav = io::Cursor::new(Vec::new());
        assert_eq!(read(&vault, &id, &mut wav).expect("a recording"), []);
        wav.set_position(0);
        hound::WavReader::new(wav).expect("a wav").samples().collect::<Result<_, _>>().expect("samples")
    }

    #[test]
    fn a_crash_loses_no_more_than_a_second() {
        let chunks = (0..42).map(|n| (n * 1_600, vec![9; 3_200])).collect();
        assert_eq!(recorded(chunks, true).len(), 2 * 8 * 8_000, "all but the sound since the last record");
    }

    #[test]
    fn sound_that_was_written_already_is_left_out() {
        assert_eq!(recorded([0, 0, 80].map(|from| (from, vec![1; 320])).into(), false).len(), 2 * 240);
    }

    #[test]
    fn lost_sound_is_silence() {
        let played = recorded(vec![(0, vec![5; 20]), (30, vec![7; 20])], false);
        assert_eq!(played, [vec![5; 20], vec![0; 40], vec![7; 20]].concat());
    }
}
