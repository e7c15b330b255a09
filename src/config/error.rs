//! What is wrong with a configuration: where, what, and what to do.
//! Never only the first mistake, and never a span that a reader has to count out.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("{} cannot be read ({source}); name another with --config, or leave it away to get the defaults", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It was read and holds mistakes, one a line.
    #[error("{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Problem>),
}

/// One mistake, shown as `file:line: what; what to do`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

/// Where a mistake stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a line of a file, counted from 1.
    Line(PathBuf, usize),
    /// In a variable of the environment.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.fix)
    }
}

/// The place of a span of bytes in a file with this text.
pub fn line_of(file: &Path, text: &str, span: Range<usize>) -> Place {
    let before = text.as_bytes().get(..span.start).unwrap_or(text.as_bytes());
    Place::Line(file.to_owned(), 1 + before.iter().filter(|&&b| b == b'\n').count())
}

/// Turns a message of serde into what is wrong and what to do; an unknown name gets the nearest known one.
pub fn explain(message: &str) -> (String, String) {
    let message = message.replace('\n', " ");
    let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match names[..] {
        [name, ref known @ ..] if message.starts_with("unknown field") => {
            (format!("unknown key `{name}`"), suggest(name, known, "no key is known here: remove it"))
        }
        [name, ref known @ ..] if message.starts_with("unknown variant") => {
            (format!("`{name}` is no choice here"), suggest(name, known, "remove it"))
        }
        [name] if message.starts_with("missing field") => (format!("`{name}` is missing"), "add it".to_owned()),
        _ => (message.clone(), "correct it, or remove it to get the default".to_owned()),
    }
}

fn suggest(name: &str, known: &[&str], none: &str) -> String {
    let nearest = known.iter().min_by_key(|k| strsim::damerau_levenshtein(name, k));
    match nearest {
        None => none.to_owned(),
        Some(near) if strsim::damerau_levenshtein(name, near) <= 1 + name.len() / 4 => format!("did you mean `{near}`?"),
        Some(_) => format!("write one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_gets_the_nearest_known_one() {
        let fix = |message: &str| explain(message).1;
        assert_eq!(fix("unknown field `lsten`, expected one of `listen`, `max_body_bytes`"), "did you mean `listen`?");
        assert_eq!(fix("unknown field `max_cals`, expected `max_calls`"), "did you mean `max_calls`?");
        assert_eq!(fix("unknown field `zzz`, expected `a` or `b`"), "write one of a, b");
        assert_eq!(fix("unknown field `zzz`, there are no fields"), "no key is known here: remove it");
        assert_eq!(fix("unknown variant `sterio`, expected `off` or `stereo`"), "did you mean `stereo`?");
    }

    #[test]
    fn a_span_has_its_line_even_behind_the_end() {
        let place = |start| line_of(Path::new("a.toml"), "one\ntwo\n", start..start).to_string();
        assert_eq!([place(0), place(4), place(99)], ["a.toml:1", "a.toml:2", "a.toml:3"]);
    }
}
