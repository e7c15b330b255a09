//! What can be wrong with keys, and what to do about it.
//! Never shows a key, nor what a key command printed.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a key cannot be had.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Nothing was ever kept here.
    #[error("no keys in {}: nothing was kept here yet, or the folder was copied without them; give the data folder with --data", .0.display())]
    NoKeys(PathBuf),
    /// A file or folder refuses.
    #[error("{}: cannot {doing} ({source}); check its owner, its permissions and the room on its disk", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read the master key.
    #[error("{}: mode {mode:o} lets others read the master key; chmod 600 it, and rotate if somebody may have", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text is no master key.
    #[error("{origin}: a master key is 64 hexadecimal digits (`openssl rand -hex 32` makes one), this is something else")]
    Malformed {
        /// Where it came from.
        origin: String,
    },
    /// The variable is not there.
    #[error("privacy.master_key names the variable {0}, which is not set")]
    NoVariable(String),
    /// The command gave no key.
    #[error("privacy.master_key's command {program:?} {what}; run it by hand to see what it wants")]
    Command {
        /// The program.
        program: String,
        /// What happened.
        what: String,
    },
    /// A wrapped key that no known master key opens.
    #[error("{}: wrapped by another master key; name that one in privacy.previous_master_key, or restore its file", .0.display())]
    Foreign(PathBuf),
    /// A wrapped key that was altered.
    #[error("{}: altered; restore it from a backup, else what it sealed is lost", .0.display())]
    Altered(PathBuf),
    /// Nothing to rotate to.
    #[error(
        "the master key is not in a file, so a new one cannot be made here: set the new one where it comes from, name the old \
         one in privacy.previous_master_key, start the line again, then rotate"
    )]
    NothingNew,
}

impl KeyError {
    /// For `map_err` on work with a file.
    pub(super) fn file(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), doing, source }
    }
}
