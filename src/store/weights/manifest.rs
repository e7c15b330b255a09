//! The manifest of weights: what may be pulled, from where, under which licence, with which digest.
//! Pure: text in, checked values out; never the network, never a file.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use super::WeightsError;
use super::digest::{Digest, Published};

/// Everything one manifest names.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The entries, in the order of the file.
    pub weights: Vec<Weights>,
}

/// One model, voice or library: all its files, or it is not there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// What `hotline models pull` calls it.
    pub name: FileName,
    /// Which engine opens it.
    pub kind: Kind,
    /// Languages it serves, BCP 47, or `multilingual`.
    pub languages: Vec<String>,
    /// SPDX expression of the weights' own licence, `unknown` where the publisher says so.
    pub licence: String,
    /// What an operator should know before pulling.
    #[serde(default)]
    pub note: String,
    /// Pulled by `make demo` and by `pull` without names.
    #[serde(default)]
    pub default: bool,
    /// The files, for every platform.
    pub files: Vec<WeightFile>,
}

/// One file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightFile {
    /// Name under the kind's folder.
    pub file: FileName,
    /// Where it comes from.
    pub source: Source,
    /// Size of the download in bytes.
    pub bytes: u64,
    /// Digest of the download.
    pub digest: Published,
    /// Where that digest was read.
    pub digest_read: String,
    /// The processor it is for, as `std::env::consts::ARCH` names it; absent means all.
    #[serde(default)]
    pub platform: Option<String>,
}

/// Which engine opens the weights; it decides the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A whisper.cpp model.
    Whisper,
    /// A piper voice.
    Piper,
    /// ONNX Runtime's shared library.
    OnnxRuntime,
}

/// Where a file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A path below the weights hub.
    Hub(RelativePath),
    /// One member of a wheel on the Python package index.
    Pypi(Wheel),
}

/// A file inside a Python wheel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Name of the package, normalised (PEP 503).
    pub package: FileName,
    /// File name of the wheel, version and platform tags in it (PEP 427).
    pub wheel: FileName,
    /// Path of the wanted file in the wheel.
    pub member: RelativePath,
    /// Its size in bytes, unpacked.
    pub member_bytes: u64,
    /// Its digest, unpacked.
    pub member_digest: Digest,
    /// Where that digest was read.
    pub member_digest_read: String,
}

/// A plain name: letters, digits, `.`, `_`, `-`, `+`; never a path, never hidden.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct FileName(String);

/// A path of [`FileName`]s: never absolute, never upwards, never another host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct RelativePath(String);

impl Manifest {
    /// Reads a manifest; `origin` names it in errors.
    ///
    /// # Errors
    /// [`WeightsError::Manifest`] with line and reason.
    pub fn parse(origin: &str, text: &str) -> Result<Self, WeightsError> {
        let fault = |why: String| WeightsError::Manifest { origin: origin.to_owned(), why };
        let manifest: Self = toml::from_str(text).map_err(|error| fault(error.to_string()))?;
        let mut names = BTreeSet::new();
        for weights in &manifest.weights {
            if !names.insert(&weights.name) {
                return Err(fault(format!("`{}` stands there twice: give each entry its own name", weights.name)));
            }
            if weights.files.is_empty() {
                return Err(fault(format!("`{}` has no files: add [[weights.files]]", weights.name)));
            }
        }
        Ok(manifest)
    }
}

impl Weights {
    /// The files this machine needs; empty where nothing was built for it.
    pub fn files_here(&self) -> impl Iterator<Item = &WeightFile> {
        self.files.iter().filter(|f| f.platform.as_deref().is_none_or(|platform| platform == std::env::consts::ARCH))
    }

    /// Bytes to download for this machine.
    pub fn bytes(&self) -> u64 {
        self.files_here().map(|f| f.bytes).sum()
    }
}

impl WeightFile {
    /// Size in bytes of the file as it lies on disk.
    pub const fn installed_bytes(&self) -> u64 {
        match &self.source {
            Source::Hub(_) => self.bytes,
            Source::Pypi(wheel) => wheel.member_bytes,
        }
    }

    /// Digest of the file as it lies on disk, where one was published.
    pub fn installed_digest(&self) -> Published {
        match &self.source {
            Source::Hub(_) => self.digest.clone(),
            Source::Pypi(wheel) => Published::Known(wheel.member_digest.clone()),
        }
    }
}

impl Kind {
    /// Folder under the data folder.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Whisper | Self::OnnxRuntime => "models",
            Self::Piper => "voices",
        }
    }

    /// Name as manifests write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Whisper => "whisper",
            Self::Piper => "piper",
            Self::OnnxRuntime => "onnxruntime",
        }
    }
}

impl FileName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for FileName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_plain(&text) { Ok(Self(text)) } else { Err(format!("`{text}` is not a plain file name")) }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl RelativePath {
    /// The path as text, `/` between its parts.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RelativePath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.split('/').all(is_plain) { Ok(Self(text)) } else { Err(format!("`{text}` is not a path below its source")) }
    }
}

fn is_plain(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'+');
    !text.is_empty() && !text.starts_with('.') && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
        [[weights]]
        name = "a"
        kind = "whisper"
        languages = ["en"]
        licence = "MIT"
        [[weights.files]]
        file = "a.bin"
        source = { hub = "who/what/resolve/main/a.bin" }
        bytes = 3
        digest = "md5:900150983cd24fb0d6963f7d28e17f72"
        digest_read = "RFC 1321"
    "#;

    #[test]
    fn an_entry_says_what_it_is_and_how_big() {
        let manifest = Manifest::parse("test", ONE).unwrap();
        assert_eq!(manifest.weights[0].bytes(), 3);
        assert_eq!(manifest.weights[0].kind.folder(), "models");
        assert!(!manifest.weights[0].default, "nothing is pulled by default unless the manifest says so");
    }

    #[test]
    fn a_name_that_leaves_its_folder_is_refused() {
        for bad in ["../a.bin", "/etc/passwd", "..", ".hidden", "a/b", "a\\\\b", "", "a\\u0000"] {
            let text = ONE.replace("file = \"a.bin\"", &format!("file = \"{bad}\""));
            assert!(Manifest::parse("test", &text).is_err(), "{bad}");
        }
        for bad in ["../a", "a//b", "/a", "https://elsewhere/a", "a/../b", "a?b", "a#b"] {
            let text = ONE.replace("who/what/resolve/main/a.bin", bad);
            assert!(Manifest::parse("test", &text).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_faulty_manifest_is_named_with_its_line() {
        let error = Manifest::parse("models/manifest.toml", &ONE.replace("bytes = 3", "bytes = -3")).unwrap_err().to_string();
        assert!(error.contains("models/manifest.toml") && error.contains("line"), "{error}");
        let twice = format!("{ONE}{ONE}");
        assert!(Manifest::parse("test", &twice).unwrap_err().to_string().contains("twice"));
        assert!(Manifest::parse("test", &ONE.replace("licence", "license")).is_err(), "unknown keys are rejected");
    }

    #[test]
    fn a_file_for_another_processor_is_not_pulled_here() {
        let text = ONE.replace("bytes = 3", "bytes = 3\nplatform = \"pdp11\"");
        assert_eq!(Manifest::parse("test", &text).unwrap().weights[0].files_here().count(), 0);
    }
}
