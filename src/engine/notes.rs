//! Voice notes that people send in an app: decoded under limits, then heard by the line's own recogniser.
//! Never trusts a file's name: its first octets say what it is, and a decoder of the outside gets no path and no shell.

use std::process::Stdio;
use std::time::Duration;

use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::Switchboard;
use crate::audio::{MediaTime, SampleRate};
use crate::media::note;
use crate::speech::hear::{Cancel, HearError, HearRequest};
use crate::talk::{Expectation, Language, Transcript};

/// Longest voice note that is listened to, in seconds.
const LONGEST_S: u32 = 60;
/// What a file of adaptive multi-rate speech begins with (RFC 4867 sections 5.1 and 5.2: `#!AMR\n`, `#!AMR-WB\n`).
const AMR: &[u8] = b"#!AMR";
/// Longest time for the foreign decoder: it needs some milliseconds.
const DECODER: Duration = Duration::from_secs(10);
/// The foreign decoder: from its standard input to 16 kHz mono on its standard output, with no other way to read or write.
const FFMPEG: &str = "ffmpeg";
const FFMPEG_ARGUMENTS: [&str; 18] = [
    "-nostdin",
    "-hide_banner",
    "-loglevel",
    "quiet",
    "-protocol_whitelist",
    "pipe",
    "-f",
    "amr",
    "-i",
    "pipe:0",
    "-f",
    "s16le",
    "-ac",
    "1",
    "-ar",
    "16000",
    "-vn",
    "pipe:1",
];

/// A voice note was not heard.
#[derive(Debug, Error)]
pub enum NoteError {
    /// The file.
    #[error(transparent)]
    File(#[from] note::NoteError),
    /// It is in a format that only ffmpeg decodes.
    #[error("AMR voice notes need ffmpeg, which is not installed or did not decode this one; apt-get install ffmpeg")]
    NoDecoder,
    /// Nobody here hears this language.
    #[error("the recogniser does not hear {0}; choose another in [hear]")]
    Language(Language),
    /// The recogniser, or the program is ending.
    #[error("the recogniser failed")]
    Failed,
    /// The recogniser.
    #[error(transparent)]
    Hear(#[from] HearError),
}

/// Whether this machine has the decoder that AMR voice notes need.
pub fn decodes_amr() -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(FFMPEG).is_file())
}

impl Switchboard {
    /// What a voice note says, which somebody recorded in that language when the dialogue expected this.
    ///
    /// # Errors
    /// [`NoteError`]. Dropping the future ends the work.
    pub async fn hear_note(&self, file: Vec<u8>, language: Language, expectation: Expectation) -> Result<Transcript, NoteError> {
        let engines = self.shared().engines.clone();
        if !engines.recognizer.hears(language) {
            return Err(NoteError::Language(language));
        }
        let pcm = match file.as_slice() {
            file if file.starts_with(AMR) => from_amr(file).await?,
            [..] => self.compute(move || note::decode(&file, LONGEST_S)).await.ok_or(NoteError::Failed)??,
        };
        let _place = engines.decoders.acquire().await.map_err(|_| NoteError::Failed)?;
        let cancel = CancelledWhenDropped(Cancel::default());
        let request = HearRequest { language, expectation, from: MediaTime::default(), cancel: cancel.0.clone() };
        let recognizer = engines.recognizer.clone();
        let heard = self.compute(move || {
            let mut hearing = recognizer.start(request)?;
            for frame in pcm.chunks(SampleRate::HZ_16000.frame_len()) {
                hearing.feed(frame)?;
            }
            hearing.finish(false)
        });
        Ok(heard.await.ok_or(NoteError::Failed)??)
    }
}

async fn from_amr(file: &[u8]) -> Result<Vec<i16>, NoteError> {
    tokio::time::timeout(DECODER, ffmpeg(file)).await.ok().and_then(Result::ok).ok_or(NoteError::NoDecoder)?
}

/// The outer error is the child's; the inner one says that the note is too long. Dropped, it kills the child.
async fn ffmpeg(file: &[u8]) -> std::io::Result<Result<Vec<i16>, NoteError>> {
    let most = u64::from(LONGEST_S * SampleRate::HZ_16000.hz()) * 2;
    let mut command = Command::new(FFMPEG);
    command.args(FFMPEG_ARGUMENTS).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn()?;
    let mut input = child.stdin.take().expect("it is piped");
    let output = child.stdout.take().expect("it is piped");
    let write = async {
        // A decoder that has read enough closes its end.
        input.write_all(file).await.ok();
        drop(input);
    };
    let mut bytes = Vec::new();
    let mut bounded = output.take(most + 2);
    let ((), read) = tokio::join!(write, bounded.read_to_end(&mut bytes));
    read?;
    if bytes.len() as u64 > most {
        return Ok(Err(note::NoteError::TooLong(LONGEST_S).into()));
    }
    let decoded = child.wait().await?.success() && !bytes.is_empty();
    let pcm = bytes.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
    Ok(if decoded { Ok(pcm) } else { Err(NoteError::NoDecoder) })
}

/// Ends blocking work that nobody waits for any more.
struct CancelledWhenDropped(Cancel);

impl Drop for CancelledWhenDropped {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many 20 ms frames of 12.2 kbit/s (RFC 4867 section 5.3: type 7, good), 31 octets each.
    fn amr(frames: usize) -> Vec<u8> {
        let frame: Vec<u8> = std::iter::once(0x3c).chain(std::iter::repeat_n(0x55, 31)).collect();
        [b"#!AMR\n".as_slice(), &frame.repeat(frames)].concat()
    }

    #[tokio::test]
    async fn amr_is_decoded_where_ffmpeg_is_and_refused_with_its_name_where_it_is_not() {
        let decoded = from_amr(&amr(50)).await;
        match decodes_amr() {
            true => assert!((15_000..=17_000).contains(&decoded.expect("ffmpeg decodes AMR").len()), "a second of sound"),
            false => assert!(decoded.is_err_and(|error| error.to_string().contains("apt-get install ffmpeg"))),
        }
    }

    #[tokio::test]
    async fn amr_that_is_too_long_or_broken_is_refused() {
        if !decodes_amr() {
            return eprintln!("skipped: ffmpeg is not installed");
        }
        assert!(matches!(from_amr(&amr(3_100)).await, Err(NoteError::File(note::NoteError::TooLong(60)))));
        assert!(matches!(from_amr(b"#!AMR\n").await, Err(NoteError::NoDecoder)));
    }
}
