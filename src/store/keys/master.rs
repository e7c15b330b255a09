//! The master key: read from a file, the environment or a command, and what it wraps.
//! Never kept on disk but in its own file, and never lends itself to anything but wrapping.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::privacy::Secret;
use crate::store::cipher::{Cipher, Key, random};
use crate::store::config::KeySource;
use crate::store::hex;

use super::error::KeyError;
use super::files;

/// A command that prints no key within this time is given up.
const COMMAND_PATIENCE: Duration = Duration::from_secs(15);

/// Names a master key without telling anything of it.
pub(super) type MasterId = [u8; 8];

/// A master key, ready to wrap.
#[derive(Clone)]
pub(super) struct Master {
    pub(super) id: MasterId,
    secret: Key,
}

impl Master {
    fn new(secret: [u8; 32]) -> Self {
        let print = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &secret), b"hotline master key");
        let id = *print.as_ref().first_chunk().expect("32 bytes");
        Self { id, secret: Secret::new(secret) }
    }

    /// The cipher for the key with this label.
    pub(super) fn cipher(&self) -> Cipher {
        Cipher::derive(&self.secret, &[], &[b"hotline wrapped key 1"])
    }
}

/// The master keys that may be in use: the current one and, during a rotation, its neighbour.
pub(super) struct Masters {
    data: PathBuf,
    current: KeySource,
    previous: Option<KeySource>,
    /// Those read so far.
    known: Mutex<Vec<Master>>,
}

impl Masters {
    pub(super) fn new(data: &Path, current: KeySource, previous: Option<KeySource>) -> Self {
        Self { data: data.to_owned(), current, previous, known: Mutex::default() }
    }

    /// The file of the master key, where it is one.
    pub(super) fn file(&self) -> Option<PathBuf> {
        match &self.current {
            KeySource::File(path) => Some(self.data.join(path)),
            KeySource::Environment(_) | KeySource::Command(_) => None,
        }
    }

    /// Makes the master key's file if there is none.
    pub(super) fn prepare(&self) -> Result<(), KeyError> {
        match self.file() {
            Some(path) if !path.exists() && !next(&path).exists() => make_file(&path),
            Some(_) | None => self.wrapping().map(drop),
        }
    }

    /// What a new key is wrapped with: always read from its file, which another process may be about to replace.
    pub(super) fn wrapping(&self) -> Result<Master, KeyError> {
        match self.file() {
            Some(path) if next(&path).exists() => read_file(&next(&path)).map(|master| self.learn(master)),
            Some(path) => read_file(&path).map(|master| self.learn(master)),
            None => self.read(&self.current),
        }
    }

    /// The master key with this id; every source is asked before it is given up.
    pub(super) fn unwrapping(&self, id: MasterId) -> Result<Option<Master>, KeyError> {
        if let Some(master) = self.known().iter().find(|master| master.id == id) {
            return Ok(Some(master.clone()));
        }
        self.learn_all()?;
        Ok(self.known().iter().find(|master| master.id == id).cloned())
    }

    /// Whether there is a key to rotate away from, the current one not being a file.
    pub(super) const fn has_previous(&self) -> bool {
        self.previous.is_some()
    }

    fn learn_all(&self) -> Result<(), KeyError> {
        self.known().clear();
        if let Some(path) = self.file()
            && next(&path).exists()
        {
            self.learn(read_file(&next(&path))?);
        }
        // While a rotation is being finished there may be nothing but the new file.
        if self.file().is_none_or(|path| path.exists()) {
            self.read(&self.current)?;
        }
        self.previous.as_ref().map_or(Ok(()), |source| self.read(source).map(drop))
    }

    fn read(&self, source: &KeySource) -> Result<Master, KeyError> {
        let master = match source {
            KeySource::File(path) => read_file(&self.data.join(path))?,
            KeySource::Environment(name) => {
                let text = std::env::var(name).map_err(|_| KeyError::NoVariable(name.clone()))?;
                parse(&text, format!("the variable {name}"))?
            }
            KeySource::Command(command) => {
                let known = self.known().first().cloned().filter(|_| source == &self.current);
                known.map_or_else(|| of_command(command), Ok)?
            }
        };
        Ok(self.learn(master))
    }

    fn learn(&self, master: Master) -> Master {
        let mut known = self.known();
        if !known.iter().any(|other| other.id == master.id) {
            known.push(master.clone());
        }
        master
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Vec<Master>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the next master key waits until everything is wrapped by it.
pub(super) fn next(path: &Path) -> PathBuf {
    path.with_added_extension("next")
}

/// Makes a new master key's file.
pub(super) fn make_file(path: &Path) -> Result<(), KeyError> {
    let text = hex::encode(&random::<32>()) + "\n";
    files::write(path, text.as_bytes()).map_err(KeyError::file(path, "make the master key"))
}

fn read_file(path: &Path) -> Result<Master, KeyError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(KeyError::file(path, "read the master key"))?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed { path: path.to_owned(), mode });
        }
    }
    let text = fs::read_to_string(path).map_err(KeyError::file(path, "read the master key"))?;
    parse(&text, path.display().to_string())
}

fn parse(text: &str, origin: String) -> Result<Master, KeyError> {
    hex::decode_exactly(text.trim()).map(Master::new).ok_or(KeyError::Malformed { origin })
}

fn of_command(command: &[String]) -> Result<Master, KeyError> {
    let (program, arguments) = command.split_first().ok_or_else(|| failed("", "is empty"))?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(program, format!("cannot be started ({error})")))?;
    let mut out = child.stdout.take().expect("it is piped");
    let (told, printed) = channel();
    // Ends with the pipe, which the child holds: it is killed below if it does not end in time.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        let read = out.by_ref().take(4_096).read_to_string(&mut text);
        told.send(read.map(|_| text)).ok();
    });
    let printed = printed.recv_timeout(COMMAND_PATIENCE);
    if printed.is_err() {
        child.kill().map_err(|error| failed(program, format!("hangs and cannot be ended ({error})")))?;
    }
    let status = child.wait().map_err(|error| failed(program, format!("is lost ({error})")))?;
    let text = printed.map_err(|_| failed(program, format!("printed nothing in {} s", COMMAND_PATIENCE.as_secs())))?;
    reader.join().ok();
    if !status.success() {
        return Err(failed(program, format!("failed ({status})")));
    }
    parse(&text.map_err(|_| failed(program, "printed no text"))?, format!("the output of {program}"))
}

fn failed(program: &str, what: impl Into<String>) -> KeyError {
    KeyError::Command { program: program.to_owned(), what: what.into() }
}
