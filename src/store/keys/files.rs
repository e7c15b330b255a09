//! Small files that hold keys: written whole or not at all, readable by their owner alone, destroyed before they are deleted.
//! Never leaves a half-written one behind a crash.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file by way of a neighbour and a rename, and makes both last (fsync).
pub(in crate::store) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder(folder_of(path))?;
    let draft = path.with_added_extension("draft");
    let mut file = private().truncate(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    sync_folder(folder_of(path))
}

/// Overwrites a file with zeros, then deletes it. A disk may keep old copies all the same: what makes them worthless is the
/// next rotation of the master key.
pub(in crate::store) fn destroy(path: &Path) -> io::Result<()> {
    blank(&File::options().write(true).open(path)?)?;
    fs::remove_file(path)?;
    sync_folder(folder_of(path))
}

/// Puts a file in another's place at once, then overwrites what was there.
pub(super) fn replace(new: &Path, old: &Path) -> io::Result<()> {
    let before = File::options().write(true).open(old);
    fs::rename(new, old)?;
    sync_folder(folder_of(old))?;
    match before {
        Ok(before) => blank(&before),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn blank(mut file: &File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    file.write_all(&vec![0; length])?;
    file.sync_all()
}

/// A folder that only its owner may enter.
pub(in crate::store) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.recursive(true).create(folder)
}

/// Options to make and write a file that only its owner may read.
pub(in crate::store) fn private() -> fs::OpenOptions {
    let mut options = File::options();
    options.write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// What was renamed, made or deleted in a folder lasts.
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Holds off every other process and thread that uses the same lock file, until it is dropped.
pub(in crate::store) fn lock(path: &Path) -> io::Result<File> {
    make_folder(folder_of(path))?;
    let file = private().truncate(false).open(path)?;
    file.lock()?;
    Ok(file)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or_else(|| Path::new("."))
}
