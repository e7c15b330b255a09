//! A caller's file on disk: records appended one by one, each sealed with its place, readable after a crash.
//! Never decides what a record holds; never reads past damage without saying where it is.
//!
//! ```text
//! header   "HOTLINE1" · pseudonym of the caller (16 bytes) · salt (16 bytes)
//! record   length (u32, little-endian) · nonce (12) · ciphertext · tag (16)
//! …
//! closing  a record without text, which says that nothing comes after it
//! ```
//!
//! A file has a key of its own, derived from the caller's by its salt, its name and its call. Each record is authenticated
//! with its number and whether it is the closing one (as in the STREAM construction), so that a flipped byte, a record that
//! was taken out or moved, one of another file, and a missing end are all found, with their number.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::sync::Arc;

use crate::talk::CallId;

use super::cipher::{Cipher, Key, OVERHEAD, random};
use super::identity::Pseudonym;
use super::keys::{Vault, files};
use super::{Damage, StoreError, call_folder};

const MAGIC: &[u8; 8] = b"HOTLINE1";
const SALT: usize = 16;
const HEADER: usize = MAGIC.len() + 16 + SALT;
/// No record is longer; a length beyond it is damage.
const LONGEST_RECORD: usize = 16 * 1024 * 1024;
/// How many records may have been taken out in a row and the next still be recognised.
const LOOK_AHEAD: u64 = 256;

/// Where a call's files are begun, and for whom they are sealed.
#[derive(Clone)]
pub struct Sealing {
    vault: Arc<Vault>,
    call: CallId,
    caller: Pseudonym,
}

impl Sealing {
    /// The files of this call, sealed for this caller.
    pub(super) const fn new(vault: Arc<Vault>, call: CallId, caller: Pseudonym) -> Self {
        Self { vault, call, caller }
    }

    /// Begins a file of this name in the call's folder. The caller's key is made if there is none.
    pub(super) fn begin(&self, name: &str) -> io::Result<SealedFile> {
        // Held until the header stands: who sweeps keys away sees by it that this one is in use.
        let held = self.vault.hold().map_err(io::Error::other)?;
        let key = self.vault.key_or_new(self.caller, &held).map_err(io::Error::other)?;
        let folder = call_folder(self.vault.data(), &self.call);
        files::make_folder(&folder)?;
        let mut options = files::private();
        let file = options.append(true).open(folder.join(name))?;
        if file.metadata()?.len() > 0 {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "this call has such a file already"));
        }
        let salt: [u8; SALT] = random();
        let mut sealed = SealedFile { file, cipher: cipher(&key, &salt, name, &self.call), length: 0, next: 1 };
        sealed.write(&[&MAGIC[..], self.caller.as_bytes(), &salt].concat())?;
        Ok(sealed)
    }
}

/// A sealed file that is being written.
pub(super) struct SealedFile {
    file: File,
    cipher: Cipher,
    /// Length of the file up to the last whole record.
    length: u64,
    /// Number of the next record.
    next: u64,
}

impl SealedFile {
    /// Seals and writes a record, whole or not at all.
    pub(super) fn append(&mut self, plain: &[u8]) -> io::Result<()> {
        self.write_record(plain, Place::Record)
    }

    /// Writes that nothing comes after this.
    pub(super) fn close(mut self) -> io::Result<()> {
        self.write_record(&[], Place::Closing)
    }

    fn write_record(&mut self, plain: &[u8], place: Place) -> io::Result<()> {
        let sealed = self.cipher.seal(&place.bytes(self.next), plain);
        let length = u32::try_from(sealed.len()).ok().filter(|_| plain.len() <= LONGEST_RECORD);
        let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a record of more than 16 MiB"))?;
        self.write(&[&length.to_le_bytes()[..], &sealed].concat())?;
        self.next += 1;
        Ok(())
    }

    /// A half-written record is cut off again, so that a full disk leaves a readable file.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Err(error) = self.file.write_all(bytes) {
            // Where cutting fails too (the disk is gone), the reader names the damaged record.
            let _kept_as_is = self.file.set_len(self.length);
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }
}

/// What is authenticated with a record besides its text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Record,
    Closing,
}

impl Place {
    fn bytes(self, number: u64) -> [u8; 9] {
        let mut bytes = [0; 9];
        bytes[..8].copy_from_slice(&number.to_le_bytes());
        bytes[8] = u8::from(self == Self::Closing);
        bytes
    }
}

/// Reads a sealed file record by record; damage is told in its place.
pub(super) struct SealedReader {
    file: BufReader<File>,
    name: &'static str,
    cipher: Cipher,
    next: u64,
    waiting: Option<Vec<u8>>,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    /// It ended where its writer said so.
    Closed,
    /// It ended elsewhere, or nothing after this place can be read.
    Ended,
}

impl SealedReader {
    /// Opens a file of a call; `None` if there is none.
    pub(super) fn open(vault: &Vault, call: &CallId, name: &'static str) -> Result<Option<Self>, StoreError> {
        let path = call_folder(vault.data(), call).join(name);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Unreadable { path, source }),
        };
        let mut file = BufReader::new(file);
        let mut header = [0; HEADER];
        let read = file.read_exact(&mut header);
        let Some((caller, salt)) = parse(&header).filter(|_| read.is_ok()) else { return Err(StoreError::NotSealed { path }) };
        let Some(key) = vault.key(caller)? else { return Err(StoreError::Erased { path, caller }) };
        let cipher = cipher(&key, &salt, name, call);
        Ok(Some(Self { file, name, cipher, next: 1, waiting: None, state: State::Reading }))
    }

    /// Whether the file was read to an end that its writer made.
    pub(super) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// The number of the record that came last.
    pub(super) const fn number(&self) -> usize {
        self.next.saturating_sub(1) as usize
    }

    /// The next record as it stands, or where the file ends.
    fn frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut length = [0; 4];
        if self.file.read(&mut length[..1])? == 0 {
            return Ok(None);
        }
        self.file.read_exact(&mut length[1..])?;
        let length = u32::from_le_bytes(length) as usize;
        if !(OVERHEAD..=LONGEST_RECORD + OVERHEAD).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut sealed = Vec::new();
        self.file.by_ref().take(length as u64).read_to_end(&mut sealed)?;
        if sealed.len() < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Some(sealed)) }
    }

    /// What a frame holds; `None` for the closing record at the end of the file.
    fn read(&mut self, sealed: &[u8]) -> Option<Result<Vec<u8>, Damage>> {
        let number = self.next;
        let open = |place: Place, number| self.cipher.open(&place.bytes(number), sealed);
        if let Some(plain) = open(Place::Record, number) {
            self.next += 1;
            return Some(Ok(plain));
        }
        if open(Place::Closing, number).is_some() {
            return self.close();
        }
        let mut ahead = number + 1..=number + LOOK_AHEAD;
        if let Some((found, plain)) = ahead.clone().find_map(|n| Some((n, open(Place::Record, n)?))) {
            self.next = found + 1;
            self.waiting = Some(plain);
            return self.damaged(number, "taken out, or moved");
        }
        if ahead.any(|n| open(Place::Closing, n).is_some()) {
            self.state = State::Closed;
            return self.damaged(number, "taken out: the closing record stands in its place");
        }
        if (1..number).rev().any(|n| open(Place::Record, n).is_some()) {
            return self.damaged(number, "taken out, or moved: an earlier record stands in its place");
        }
        self.next += 1;
        self.damaged(number, "altered, or of another file")
    }

    /// Nothing may come behind the closing record.
    fn close(&mut self) -> Option<Result<Vec<u8>, Damage>> {
        self.state = State::Closed;
        match self.frame() {
            Ok(None) => None,
            Ok(Some(_)) | Err(_) => self.damaged(self.next, "something was added behind the closing record"),
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "what an iterator gives")]
    fn damaged(&self, record: u64, what: &'static str) -> Option<Result<Vec<u8>, Damage>> {
        Some(Err(Damage { file: self.name, record: record as usize, what }))
    }
}

impl Iterator for SealedReader {
    type Item = Result<Vec<u8>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(plain) = self.waiting.take() {
            return Some(Ok(plain));
        }
        if self.state != State::Reading {
            return None;
        }
        let frame = self.frame();
        if let Ok(Some(sealed)) = frame {
            return self.read(&sealed);
        }
        self.state = State::Ended;
        let what = match frame.err()?.kind() {
            io::ErrorKind::UnexpectedEof => "cut off: the writer was stopped in the middle of it, or the end was removed",
            io::ErrorKind::InvalidData => "altered: nothing behind it can be read",
            _ => "the disk refuses to read it",
        };
        self.damaged(self.next, what)
    }
}

/// For whom a file is sealed, told by its header alone; `None` if it is no sealed file.
pub(super) fn owner(file: &std::path::Path) -> Option<Pseudonym> {
    let mut header = [0; HEADER];
    File::open(file).and_then(|mut file| file.read_exact(&mut header)).ok()?;
    parse(&header).map(|(caller, _)| caller)
}

fn parse(header: &[u8; HEADER]) -> Option<(Pseudonym, [u8; SALT])> {
    let rest = header.strip_prefix(MAGIC)?;
    let (caller, salt) = rest.split_first_chunk::<16>()?;
    Some((Pseudonym::from_bytes(*caller), salt.try_into().ok()?))
}

fn cipher(key: &Key, salt: &[u8], name: &str, call: &CallId) -> Cipher {
    Cipher::derive(key, salt, &[b"hotline sealed file 1 ", name.as_bytes(), b" ", call.as_str().as_bytes()])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::privacy::Pii;
    use crate::store::PrivacyConfig;

    const NAME: &str = "events.sealed";

    struct Fixture {
        _data: tempfile::TempDir,
        vault: Arc<Vault>,
        id: CallId,
        path: PathBuf,
    }

    /// A file of five records: `record 1` and so on.
    fn five() -> Fixture {
        let data = tempfile::tempdir().unwrap();
        let vault = Arc::new(Vault::open(data.path(), &PrivacyConfig::default()).unwrap());
        let id = CallId::new("x").unwrap();
        let caller = vault.caller_of(&Pii::default(), &id);
        let mut file = Sealing::new(Arc::clone(&vault), id.clone(), caller).begin(NAME).unwrap();
        (1..=5).for_each(|n| file.append(format!("record {n}").as_bytes()).unwrap());
        file.close().unwrap();
        let path = call_folder(data.path(), &id).join(NAME);
        Fixture { _data: data, vault, id, path }
    }

    impl Fixture {
        /// The numbers of the records that were read, and of those that are damaged.
        fn read(&self) -> (Vec<usize>, Vec<usize>, bool) {
            let mut reader = SealedReader::open(&self.vault, &self.id, NAME).unwrap().expect("it is there");
            let (mut whole, mut damaged) = (Vec::new(), Vec::new());
            for record in &mut reader {
                match record {
                    Ok(text) => whole.push(std::str::from_utf8(&text).unwrap().replace("record ", "").parse().unwrap()),
                    Err(damage) => damaged.push(damage.record),
                }
            }
            (whole, damaged, reader.is_closed())
        }

        /// The frames of the file, the closing one last, each with its length before it.
        fn frames(&self) -> Vec<Vec<u8>> {
            let bytes = fs::read(&self.path).unwrap();
            let (mut frames, mut rest) = (Vec::new(), &bytes[HEADER..]);
            while let Some((length, _)) = rest.split_first_chunk() {
                let (frame, after) = rest.split_at(4 + u32::from_le_bytes(*length) as usize);
                frames.push(frame.to_vec());
                rest = after;
            }
            frames
        }

        fn write(&self, frames: &[Vec<u8>]) {
            let header = fs::read(&self.path).unwrap()[..HEADER].to_vec();
            fs::write(&self.path, [header, frames.concat()].concat()).unwrap();
        }
    }

    #[test]
    fn records_come_back_in_order_and_nothing_of_them_is_on_disk() {
        let file = five();
        assert_eq!(file.read(), (vec![1, 2, 3, 4, 5], vec![], true));
        assert!(!fs::read(&file.path).unwrap().windows(6).any(|window| window == b"record"));
        assert_eq!(file.frames().len(), 6);
    }

    #[test]
    fn any_flipped_byte_is_reported_with_its_record() {
        let file = five();
        let (bytes, frames) = (fs::read(&file.path).unwrap(), file.frames());
        for at in HEADER..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&file.path, flipped).unwrap();
            let mut end = HEADER;
            let record = 1 + frames
                .iter()
                .take_while(|frame| {
                    end += frame.len();
                    at >= end
                })
                .count();
            let (_, damaged, _) = file.read();
            assert_eq!(damaged.first(), Some(&record), "byte {at}");
        }
    }

    #[test]
    fn an_altered_header_is_told_whatever_of_it_was_altered() {
        let file = five();
        let bytes = fs::read(&file.path).unwrap();
        for at in 0..HEADER {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            fs::write(&file.path, flipped).unwrap();
            match SealedReader::open(&file.vault, &file.id, NAME) {
                Err(StoreError::NotSealed { .. }) => assert!(at < 8),
                Err(StoreError::Erased { .. }) => assert!((8..24).contains(&at)),
                Ok(Some(mut reader)) => assert!(at >= 24 && reader.all(|record| record.is_err())),
                other => panic!("{:?} at {at}", other.map(|_| ()).err()),
            }
        }
    }

    #[test]
    fn a_record_that_was_taken_out_moved_or_repeated_is_reported_and_the_rest_is_read() {
        let file = five();
        let frames = file.frames();
        let order = |order: &[usize]| {
            file.write(&order.iter().map(|n| frames[n - 1].clone()).collect::<Vec<_>>());
            file.read()
        };
        assert_eq!(order(&[1, 3, 4, 5, 6]), (vec![1, 3, 4, 5], vec![2], true));
        assert_eq!(order(&[1, 3, 2, 4, 5, 6]), (vec![1, 3, 4, 5], vec![2, 4], true));
        assert_eq!(order(&[1, 2, 2, 3, 4, 5, 6]), (vec![1, 2, 3, 4, 5], vec![3], true));
        assert_eq!(order(&[1, 2, 3, 6]), (vec![1, 2, 3], vec![4], true));
        assert_eq!(order(&[1, 2, 3, 4, 5, 6, 5]), (vec![1, 2, 3, 4, 5], vec![6], true));
        assert_eq!(order(&[1, 2, 3]), (vec![1, 2, 3], vec![], false), "an end that is missing is an end nobody made");
    }

    #[test]
    fn a_crash_in_the_middle_of_a_record_costs_that_record() {
        let file = five();
        let bytes = fs::read(&file.path).unwrap();
        let closing = file.frames()[5].len();
        fs::write(&file.path, &bytes[..bytes.len() - closing - 1]).unwrap();
        assert_eq!(file.read(), (vec![1, 2, 3, 4], vec![5], false));
    }

    #[test]
    fn a_file_of_another_call_opens_nowhere_else() {
        let file = five();
        let other = CallId::new("y").unwrap();
        let path = call_folder(file.vault.data(), &other);
        fs::create_dir_all(&path).unwrap();
        fs::copy(&file.path, path.join(NAME)).unwrap();
        let mut moved = SealedReader::open(&file.vault, &other, NAME).unwrap().expect("it is there");
        assert!(moved.all(|record| record.is_err()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let file = five();
            let header = fs::read(&file.path).unwrap()[..HEADER].to_vec();
            fs::write(&file.path, [header, bytes].concat()).unwrap();
            proptest::prop_assert!(file.read().0.is_empty());
        }
    }
}
