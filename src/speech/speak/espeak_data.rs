//! espeak-ng's dictionaries and phonemes, carried inside the binary and unpacked once.
//! Never touches a folder that is complete, and never leaves a half-written one under the final name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use flate2::read::GzDecoder;

/// The data as the build packed it (a gzipped tar), and the digest of these bytes.
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/espeak-ng-data.tar.gz"));
const DIGEST: &str = env!("HOTLINE_ESPEAK_DATA_DIGEST");

/// Size of the packed data in bytes.
pub const PACKED_BYTES: usize = PACKED.len();

/// The folder with espeak-ng's data below `cache`, unpacked there unless it is already.
///
/// Written to a folder of this process's own first and renamed, so that a crash leaves no half of it and two processes
/// may start at the same time.
pub fn unpacked(cache: &Path) -> io::Result<PathBuf> {
    static UNPACKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = UNPACKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let folder = cache.join(format!("espeak-ng-data-{DIGEST}"));
    if folder.join("phontab").is_file() {
        return Ok(folder);
    }
    fs::create_dir_all(cache)?;
    let partial = cache.join(format!("espeak-ng-data-{DIGEST}.{}", std::process::id()));
    let done = unpack(&partial).and_then(|()| fs::rename(&partial, &folder));
    if done.is_err() {
        // Best effort: the error that is returned matters more than what is left behind.
        fs::remove_dir_all(&partial).ok();
    }
    // Another process may have been first: its folder is as good as ours.
    if folder.join("phontab").is_file() { Ok(folder) } else { done.map(|()| folder) }
}

fn unpack(into: &Path) -> io::Result<()> {
    tar::Archive::new(GzDecoder::new(PACKED)).unpack(into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_unpacked_once_and_left_alone_afterwards() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let folder = unpacked(cache.path()).expect("unpacks");
        for needed in ["phontab", "phondata", "phonindex", "intonations", "en_dict", "cmn_dict", "lang/sit/cmn"] {
            assert!(folder.join(needed).is_file(), "{needed}");
        }
        let before = fs::metadata(folder.join("phontab")).and_then(|f| f.modified()).expect("there");
        assert_eq!(unpacked(cache.path()).expect("still there"), folder);
        assert_eq!(fs::metadata(folder.join("phontab")).and_then(|f| f.modified()).expect("there"), before);
        assert_eq!(fs::read_dir(cache.path()).expect("readable").count(), 1, "no partial folder is left");
    }

    #[test]
    fn a_half_unpacked_folder_is_never_taken_for_the_data() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir_all(cache.path().join(format!("espeak-ng-data-{DIGEST}.1"))).expect("writable");
        assert!(unpacked(cache.path()).expect("unpacks").join("en_dict").is_file());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let file = cache.path().join("file");
        fs::write(&file, "in the way").expect("writable");
        assert!(unpacked(&file).is_err());
    }
}
