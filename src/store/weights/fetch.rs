//! One file over HTTP: resumed where it stopped, checked against its size and digest, put in place in one step.
//! Never leaves a half file under a final name, never trusts what it has not checked, never waits without an end.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};

use super::WeightsError;
use super::digest::{Algorithm, Digest, Hasher, Published};

/// How long to wait, and how often to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// For an answer to the probe, and for a connection.
    pub connect: Duration,
    /// For the next byte of a download.
    pub stall: Duration,
    /// Attempts at one file; each goes on where the last one stopped.
    pub attempts: u32,
    /// Pause after the first failed attempt; doubled after each further one.
    pub pause: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let (connect, stall) = (Duration::from_secs(3), Duration::from_secs(20));
        Self { connect, stall, attempts: 4, pause: Duration::from_millis(500) }
    }
}

/// One download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download<'a> {
    /// Where from.
    pub url: &'a str,
    /// How many bytes it must have.
    pub bytes: u64,
    /// Which digest it must have.
    pub digest: &'a Published,
    /// Where it ends up.
    pub into: &'a Path,
}

/// Downloads files.
#[derive(Debug)]
pub struct Fetcher {
    client: reqwest::Client,
    patience: Patience,
}

/// Why an attempt ended early.
enum Fault {
    /// Worth another attempt: the network, a busy server, a partial file that does not fit.
    Passing(String),
    /// Trying again would end the same way.
    Final(WeightsError),
}

impl Fetcher {
    /// A client with TLS and the given patience.
    ///
    /// # Errors
    /// [`WeightsError::Client`] when no TLS client can be built, for want of a certificate store for example.
    pub fn new(patience: Patience) -> Result<Self, WeightsError> {
        // Everybody in the process shares one provider; a second installation is refused and changes nothing.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = reqwest::Client::builder()
            .user_agent(concat!("hotline/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(patience.connect)
            .read_timeout(patience.stall)
            .build()
            .map_err(|error| WeightsError::Client { why: chain(&error) })?;
        Ok(Self { client, patience })
    }

    /// Whether anything answers HTTP at `url` within the probe's time; the answer itself does not matter.
    pub async fn reachable(&self, url: &str) -> bool {
        self.client.head(url).timeout(self.patience.connect).send().await.is_ok()
    }

    /// The text at `url`, of at most `limit` bytes, asking for the media types of `accept`; and its own media type.
    ///
    /// # Errors
    /// [`WeightsError::Unreachable`] or [`WeightsError::Refused`].
    pub async fn text(&self, url: &str, accept: &str, limit: usize) -> Result<(String, String), WeightsError> {
        let unreachable = |why: String| WeightsError::Unreachable { url: url.to_owned(), why };
        let request = self.client.get(url).header("accept", accept);
        let mut response = request.send().await.map_err(|error| unreachable(chain(&error)))?;
        if !response.status().is_success() {
            return Err(WeightsError::Refused { url: url.to_owned(), status: response.status().as_u16() });
        }
        let media_type = response.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(chain(&error)))? {
            body.extend_from_slice(&chunk);
            if body.len() > limit {
                return Err(unreachable(format!("its answer is longer than {limit} bytes")));
            }
        }
        Ok((String::from_utf8_lossy(&body).into_owned(), media_type))
    }

    /// Downloads, checks and puts in place; `progress` hears how many bytes there are so far.
    ///
    /// Disk work blocks the calling task, so this belongs before a line opens or into a command of its own.
    /// Returns the digest found: the published one, or SHA-256 where none is published.
    ///
    /// # Errors
    /// See [`WeightsError`]; what was received stays in `….part` where going on later makes sense.
    pub async fn fetch(&self, want: &Download<'_>, progress: &mut dyn FnMut(u64)) -> Result<Digest, WeightsError> {
        let partial = Partial::open(want.into)?;
        let mut pause = self.patience.pause;
        let mut attempt = 1;
        loop {
            match self.attempt(want, &partial, progress).await {
                Ok(digest) => return partial.install(want.into).map(|()| digest),
                Err(Fault::Final(error)) => return Err(error),
                Err(Fault::Passing(why)) if attempt >= self.patience.attempts => {
                    return Err(WeightsError::Unreachable {
                        url: want.url.to_owned(),
                        why: format!("{why} ({attempt} attempts)"),
                    });
                }
                Err(Fault::Passing(_)) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
            attempt += 1;
        }
    }

    async fn attempt(&self, want: &Download<'_>, partial: &Partial, progress: &mut dyn FnMut(u64)) -> Result<Digest, Fault> {
        let have = partial.bytes()?;
        if have < want.bytes {
            let start = self.receive(want, partial, (have, progress)).await?;
            return partial.check(want, start > 0);
        }
        partial.check(want, true)
    }

    /// Receives what is missing; returns the offset at which the server began.
    async fn receive(&self, want: &Download<'_>, partial: &Partial, from: (u64, &mut dyn FnMut(u64))) -> Result<u64, Fault> {
        let (have, progress) = from;
        let mut request = self.client.get(want.url);
        if have > 0 {
            request = request.header(RANGE, format!("bytes={have}-"));
        }
        let mut response = request.send().await.map_err(|error| Fault::Passing(chain(&error)))?;
        let start = offset(&response, want, have).inspect_err(|_| partial.forget_after(response.status()))?;
        partial.truncate(start)?;
        let mut so_far = start;
        while let Some(chunk) = response.chunk().await.map_err(|error| Fault::Passing(chain(&error)))? {
            so_far += chunk.len() as u64;
            if so_far > want.bytes {
                return Err(Fault::Final(wrong_size(want, so_far)));
            }
            partial.append(&chunk, want.bytes)?;
            progress(so_far);
        }
        if so_far < want.bytes {
            return Err(Fault::Passing(format!("the connection ended after {so_far} of {} bytes", want.bytes)));
        }
        Ok(start)
    }
}

/// Where the body of this answer begins in the file (RFC 9110 sections 14.4 and 15.3.7).
fn offset(response: &Response, want: &Download<'_>, have: u64) -> Result<u64, Fault> {
    let status = response.status();
    let start = match status {
        StatusCode::OK => 0,
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(CONTENT_RANGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
            if !range.starts_with(&format!("bytes {have}-")) || !range.ends_with(&format!("/{}", want.bytes)) {
                return Err(Fault::Passing(format!("asked for bytes from {have} of {}, was offered `{range}`", want.bytes)));
            }
            have
        }
        StatusCode::RANGE_NOT_SATISFIABLE | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
            return Err(Fault::Passing(format!("the server answered {status}")));
        }
        _ if status.is_server_error() => return Err(Fault::Passing(format!("the server answered {status}"))),
        _ => return Err(Fault::Final(WeightsError::Refused { url: want.url.to_owned(), status: status.as_u16() })),
    };
    match response.content_length() {
        Some(length) if start + length != want.bytes => Err(Fault::Final(wrong_size(want, start + length))),
        _ => Ok(start),
    }
}

/// The file being received: beside its final place, locked against a second pull.
struct Partial {
    path: PathBuf,
    file: File,
}

impl Partial {
    fn open(into: &Path) -> Result<Self, WeightsError> {
        let mut name = into.as_os_str().to_owned();
        name.push(".part");
        let path = PathBuf::from(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| WeightsError::io(folder, error))?;
        }
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| WeightsError::io(&path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { path, file }),
            Err(fs::TryLockError::WouldBlock) => Err(WeightsError::Busy { path }),
            Err(fs::TryLockError::Error(error)) => Err(WeightsError::io(&path, error)),
        }
    }

    fn bytes(&self) -> Result<u64, Fault> {
        self.file.metadata().map(|m| m.len()).map_err(|error| self.broken(error))
    }

    fn truncate(&self, bytes: u64) -> Result<(), Fault> {
        // A device (and only a device) refuses to be cut; writing to it says what is wrong better than this would.
        if self.bytes()? != bytes {
            self.file.set_len(bytes).map_err(|error| self.broken(error))?;
        }
        (&self.file).seek(SeekFrom::Start(bytes)).map_err(|error| self.broken(error)).map(|_| ())
    }

    fn append(&self, chunk: &[u8], needed: u64) -> Result<(), Fault> {
        (&self.file).write_all(chunk).map_err(|error| match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Fault::Final(WeightsError::DiskFull { path: self.path.clone(), bytes: needed })
            }
            _ => self.broken(error),
        })
    }

    /// Checks the whole file. A wrong digest after resuming may be an older half: that is worth one clean attempt.
    fn check(&self, want: &Download<'_>, resumed: bool) -> Result<Digest, Fault> {
        let size = self.bytes()?;
        if size != want.bytes {
            self.truncate(0)?;
            return Err(Fault::Passing(format!("the partial file had {size} bytes, more than the {} wanted", want.bytes)));
        }
        let algorithm = match want.digest {
            Published::Known(digest) => digest.algorithm(),
            Published::Unknown => Algorithm::Sha256,
        };
        (&self.file).seek(SeekFrom::Start(0)).map_err(|error| self.broken(error))?;
        let got = digest_of(&mut &self.file, algorithm).map_err(|error| self.broken(error))?;
        match want.digest {
            Published::Known(expected) if *expected != got => {
                self.truncate(0)?;
                let (expected, got, url) = (expected.to_string(), got.to_string(), want.url.to_owned());
                let wrong = WeightsError::WrongDigest { url, expected, got };
                Err(if resumed { Fault::Passing(wrong.to_string()) } else { Fault::Final(wrong) })
            }
            Published::Known(_) | Published::Unknown => Ok(got),
        }
    }

    fn install(self, into: &Path) -> Result<(), WeightsError> {
        self.file.sync_all().map_err(|error| WeightsError::io(&self.path, error))?;
        fs::rename(&self.path, into).map_err(|error| WeightsError::io(into, error))
    }

    /// A server that does not know our range makes the half we hold worthless.
    fn forget_after(&self, status: StatusCode) {
        if matches!(status, StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE) {
            // Where this fails the next attempt fails at the same file, with a path in its error.
            self.file.set_len(0).ok();
        }
    }

    fn broken(&self, error: std::io::Error) -> Fault {
        Fault::Final(WeightsError::io(&self.path, error))
    }
}

/// Digest of everything `source` yields.
pub(super) fn digest_of(source: &mut impl Read, algorithm: Algorithm) -> std::io::Result<Digest> {
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; 1 << 16];
    loop {
        match source.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn wrong_size(want: &Download<'_>, got: u64) -> WeightsError {
    WeightsError::WrongSize { url: want.url.to_owned(), expected: want.bytes, got }
}

/// An error with all its causes: reqwest's own text leaves the reason to `source()`.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
