//! A CSV table of questions and answers.
//! Never guesses a column: its header names them.

use csv::{Position, Reader, StringRecord};

use super::super::source::{Fault, Source};
use super::{Draft, Tongue, slug};

/// The rows as drafts, for each to join those of its id. Rows without an id are one entry where their answers are the same,
/// and a row without an answer is one more way to ask.
pub(super) fn drafts(file: usize, source: &Source, tongue: &Tongue) -> Result<Vec<Draft>, Fault> {
    let mut reader = Reader::from_reader(source.text().trim_start_matches('\u{feff}').as_bytes());
    let wrong = |error: csv::Error| source.error_at(error.position().map_or(1, Position::line) as usize, error.to_string());
    let header = reader.headers().map_err(wrong)?.clone();
    let column = |names: &[&str]| header.iter().position(|cell| names.contains(&cell.trim().to_lowercase().as_str()));
    let (Some(question), Some(answer)) = (column(&["question", "phrasing", "title"]), column(&["answer", "text"])) else {
        let what = "a table of knowledge has the columns question and answer, and may have language, id and about";
        return Err(source.error_at(1, what.to_owned()));
    };
    let (language, id, about) = (column(&["language", "lang"]), column(&["id"]), column(&["about"]));
    let mut drafts: Vec<Draft> = Vec::new();
    let mut answers: Vec<(String, String)> = Vec::new();
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        let (line, at) = record.position().map_or((1, 0), |p| (p.line() as usize, p.byte() as usize));
        let cell = |column: Option<usize>| column.map_or("", |column| cell(&record, column));
        let (question, text) = (cell(Some(question)), cell(Some(answer)));
        let tongue = match cell(language) {
            "" => Tongue { ..*tongue },
            tag => Tongue { named: Some(tag.parse().map_err(|e| source.error_at(line, format!("{e}")))?), ..*tongue },
        };
        let same = answers.iter().find(|(known, _)| known == text && !text.is_empty()).map(|(_, id)| id.clone());
        let id = match (cell(id), same) {
            ("", Some(same)) => same,
            ("", None) => slug(question),
            (id, _) => id.to_owned(),
        };
        let mut draft = Draft::new(id.clone(), (file, at));
        if !question.is_empty() {
            draft.phrasing(&tongue, question);
        }
        if !cell(about).is_empty() {
            draft.about.insert(tongue.of(cell(about)), cell(about).to_owned());
        }
        let told = answers.iter().any(|(known, of)| known == text && *of == id);
        if !text.is_empty() && !told {
            draft.answer(tongue.of(text), text);
            answers.push((text.to_owned(), id));
        }
        draft.join(&mut drafts);
    }
    Ok(drafts)
}

fn cell(record: &StringRecord, column: usize) -> &str {
    record.get(column).unwrap_or_default().trim()
}
