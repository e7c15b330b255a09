//! Sets of labelled utterances: CSV with a header, or a JSON list of `[text, label]`.
//! Never guesses a label: a row without one is an error with its line.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Names the column of the utterance may have.
const TEXT: &[&str] = &["text", "utterance", "query", "sentence"];
/// Names the column of the label may have.
const LABEL: &[&str] = &["label", "category", "intent"];

/// Why a set cannot be read.
#[derive(Debug, Error)]
pub enum SetError {
    /// Neither file is there.
    #[error("{} holds neither {name}.csv nor {name}.json; put the labelled utterances there", dir.display())]
    Missing {
        /// Where it was looked for.
        dir: PathBuf,
        /// `train` or `test`.
        name: &'static str,
    },
    /// The system does not let us.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{}:{line}: {what}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what to do.
        what: String,
    },
}

/// Text and label of every row of `DIR/NAME.csv` or `DIR/NAME.json`.
///
/// # Errors
/// See [`SetError`].
pub(super) fn read(dir: &Path, name: &'static str) -> Result<Vec<(String, String)>, SetError> {
    let readers: [(&str, Format); 2] = [("csv", csv), ("json", json)];
    for (extension, rows_of) in readers {
        let path = dir.join(name).with_extension(extension);
        if !path.exists() {
            continue;
        }
        let text = fs::read_to_string(&path).map_err(|source| SetError::Unreadable { path: path.clone(), source })?;
        return rows_of(&text).map_err(|(line, what)| SetError::Malformed { path, line, what });
    }
    Err(SetError::Missing { dir: dir.to_owned(), name })
}

type Rows = Vec<(String, String)>;
/// Reads a file's text.
type Format = fn(&str) -> Result<Rows, Wrong>;
/// A line and what is wrong there.
type Wrong = (u64, String);

fn csv(text: &str) -> Result<Rows, Wrong> {
    let mut reader = ::csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let line_of = |error: &::csv::Error| error.position().map_or(1, ::csv::Position::line);
    let wrong = |error: ::csv::Error| (line_of(&error), format!("{error}; quote a field that holds a comma or a line break"));
    let header = reader.headers().map_err(wrong)?.clone();
    let column = |names: &[&str]| header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()));
    let missing = |name: &str| (1, format!("no column {name} in the header {:?}", header.iter().collect::<Vec<_>>()));
    let text_at = column(TEXT).ok_or_else(|| missing("text"))?;
    let label_at = column(LABEL).ok_or_else(|| missing("label or category"))?;
    let mut rows = Rows::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let line = record.position().map_or(1, ::csv::Position::line);
        rows.push(row(&record[text_at], &record[label_at]).ok_or_else(|| (line, "this row has no label".to_owned()))?);
    }
    Ok(rows)
}

fn json(text: &str) -> Result<Rows, Wrong> {
    let pairs: Vec<(String, String)> =
        serde_json::from_str(text).map_err(|e| (e.line() as u64, format!("{e}; write a list of [\"text\", \"label\"]")))?;
    let rows = pairs.iter().enumerate();
    rows.map(|(i, (text, label))| row(text, label).ok_or_else(|| (1, format!("pair {} has no label", i + 1)))).collect()
}

fn row(text: &str, label: &str) -> Option<(String, String)> {
    let label = label.trim();
    (!label.is_empty()).then(|| (text.to_owned(), label.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_fields_are_quoted() {
        let text = "\u{feff}id,category,text\n1,pay,\"card, or\ncash?\"\n2,hours,\"\"\"late\"\" hours\"\n";
        let rows = [("card, or\ncash?".to_owned(), "pay".to_owned()), ("\"late\" hours".to_owned(), "hours".to_owned())];
        assert_eq!(csv(text), Ok(rows.to_vec()));
        assert_eq!(json(r#"[["late hours", "hours"]]"#), Ok(vec![("late hours".to_owned(), "hours".to_owned())]));
    }

    #[test]
    fn what_is_wrong_stands_with_its_line() {
        assert_eq!(csv("text,label\na,b\nc,\n").unwrap_err().0, 3);
        assert_eq!(csv("text,label\na,b,c\n").unwrap_err().0, 2);
        assert!(csv("words,label\n").unwrap_err().1.contains("no column text"));
        assert_eq!(json("[\n[\"a\", 1]]").unwrap_err().0, 2);
        let empty = tempfile::tempdir().expect("a folder");
        assert!(matches!(read(empty.path(), "train"), Err(SetError::Missing { name: "train", .. })));
    }
}
