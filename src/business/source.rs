//! A pack's files as text, and the faults found in them as `file:line: what to do`.
//! Never decides what is a fault; it only says where.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use thiserror::Error;

/// Whether a pack with this fault may answer calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It may not.
    Error,
    /// It may, but less well than it could.
    Warning,
}

/// One thing wrong in a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// The file.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, "{}:{}: {word}{}", self.file.display(), self.line, self.what)
    }
}

/// Why a pack cannot be used.
#[derive(Debug, Error)]
pub enum PackError {
    /// A file or folder cannot be read.
    #[error("cannot read {}: {source}; a pack is a folder with pack.toml in it", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The files hold errors; all that were found are listed.
    #[error("the pack has {} error(s):\n{}", .0.len(), .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faulty(Vec<Fault>),
}

/// One file of a pack.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    pub(super) fn read(path: &Path) -> Result<Self, PackError> {
        let text = std::fs::read_to_string(path).map_err(|source| PackError::Unreadable { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), text })
    }

    pub(super) fn of_text(path: &str, text: &str) -> Self {
        Self { path: path.into(), text: text.to_owned() }
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        toml::from_str(&self.text).map_err(|e| self.error(e.span().unwrap_or_default(), e.message().trim().to_owned()))
    }

    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text.as_bytes().iter().take(at).filter(|&&b| b == b'\n').count()
    }

    /// The line that holds this text.
    pub(super) fn line_of(&self, text: &str) -> Option<usize> {
        self.text.find(text).map(|at| self.line(at))
    }

    pub(super) fn error(&self, span: Range<usize>, what: String) -> Fault {
        self.error_at(self.line(span.start), what)
    }

    pub(super) fn error_at(&self, line: usize, what: String) -> Fault {
        Fault { severity: Severity::Error, file: self.path.clone(), line, what }
    }

    pub(super) fn warning(&self, span: Range<usize>, what: String) -> Fault {
        Fault { severity: Severity::Warning, ..self.error(span, what) }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn extension(&self) -> &str {
        self.path.extension().and_then(|e| e.to_str()).unwrap_or_default()
    }

    pub(super) fn stem(&self) -> &str {
        self.path.file_stem().and_then(|s| s.to_str()).unwrap_or_default()
    }
}

/// ` (did you mean x?)` if one of the known words is near, else what there is.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    match known.iter().min_by_key(|k| strsim::damerau_levenshtein(word, k)) {
        Some(best) if strsim::damerau_levenshtein(word, best) <= 1 + word.len() / 3 => format!("did you mean {best}?"),
        _ => format!("there is: {}", known.join(", ")),
    }
}
