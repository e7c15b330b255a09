//! Weights that others publish: what may be pulled, the pull itself, and whether what lies on disk is whole.
//! Never bundles anybody's weights, and never makes up a digest.

mod digest;
mod fetch;
mod manifest;
mod pypi;
mod shelf;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use digest::{Algorithm, Digest, Hasher, Published};
pub use fetch::{Download, Fetcher, Patience};
pub use manifest::{FileName, Kind, Manifest, RelativePath, Source, WeightFile, Weights, Wheel};
pub use pypi::configured_index;
pub use shelf::{Condition, Progress, Pulled, Shelf, Sources, Trust};

/// Every entry of the manifests that are built into the binary.
pub fn catalogue() -> Vec<Weights> {
    let parse = |origin, text| Manifest::parse(origin, text).expect("a test parses the manifests").weights;
    let mut all = parse("models/manifest.toml", include_str!("../../../models/manifest.toml"));
    all.extend(parse("voices/manifest.toml", include_str!("../../../voices/manifest.toml")));
    all
}

/// What can go wrong between a manifest and a file that is whole.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// A manifest does not say what a manifest must say.
    #[error("{origin}: {why}")]
    Manifest {
        /// Which manifest.
        origin: String,
        /// Line and reason.
        why: String,
    },
    /// The entry has no file for this processor.
    #[error("`{name}` has nothing for {platform}: build it yourself and name its path in the configuration")]
    NoPlatform {
        /// The entry.
        name: String,
        /// This processor.
        platform: &'static str,
    },
    /// Nobody published a digest, and trust was not given.
    #[error("nobody published a digest for `{file}`: pull it with --trust-first to trust it once and pin what came")]
    NoDigest {
        /// The file.
        file: String,
    },
    /// TLS could not be set up.
    #[error("no HTTPS client: {why}; install the package ca-certificates")]
    Client {
        /// The reason.
        why: String,
    },
    /// Nothing usable came from there.
    #[error("{url} cannot be reached: {why}; what came so far is kept, try again later")]
    Unreachable {
        /// Where.
        url: String,
        /// The last attempt's reason.
        why: String,
    },
    /// The server said no.
    #[error("{url} answered {status}: the file moved or needs a login; set HOTLINE_HUB to a mirror that has it")]
    Refused {
        /// Where.
        url: String,
        /// HTTP status.
        status: u16,
    },
    /// The file there is not the file in the manifest.
    #[error("{url} has {got} bytes or more where the manifest says {expected}: it is another file; nothing was kept")]
    WrongSize {
        /// Where.
        url: String,
        /// Bytes the manifest names.
        expected: u64,
        /// Bytes offered.
        got: u64,
    },
    /// The bytes are not the published ones.
    #[error("{url} is {got} where the publisher says {expected}: damaged or exchanged; nothing was kept")]
    WrongDigest {
        /// Where.
        url: String,
        /// Published digest.
        expected: String,
        /// Digest of what came.
        got: String,
    },
    /// No room.
    #[error("{path}: the disk is full; free {bytes} bytes or choose another folder with --data")]
    DiskFull {
        /// The file being written.
        path: PathBuf,
        /// Bytes the whole file needs.
        bytes: u64,
    },
    /// A second pull.
    #[error("{path}: another `hotline models pull` is writing this file; wait for it")]
    Busy {
        /// The file being written.
        path: PathBuf,
    },
    /// The package index does not offer what the manifest names.
    #[error("package {package} on {index}: {why}")]
    Index {
        /// The package.
        package: String,
        /// The index asked.
        index: String,
        /// What is wrong with its answer.
        why: String,
    },
    /// A wheel without the promised file, or with a damaged one.
    #[error("{wheel}: {why}; remove it and pull again")]
    Wheel {
        /// The wheel's path.
        wheel: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The disk.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl WeightsError {
    fn io(path: &Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}
