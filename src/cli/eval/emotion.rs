//! `hotline eval emotion FILE`: labelled lines (`text,label,before`) read for feelings: accuracy, calibration, confusions.
//! Never looks at a caller's data; the file is the operator's own.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::Args;
use serde_json::json;

use crate::business::emotion::{Emotion, EmotionPolicy, Reading, Said};
use crate::talk::Language;

/// Read labelled lines for feelings and count what was right.
#[derive(Debug, Args)]
pub struct EmotionArgs {
    /// A CSV with the columns text, label (angry, upset, anxious, neutral, pleased) and before (the caller's turn before, or empty).
    pub file: PathBuf,
    /// The language of the lines.
    #[arg(long, default_value = "en")]
    pub language: String,
    /// Print the lines read wrongly, with the evidence.
    #[arg(long)]
    pub wrong: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// One labelled line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// What the caller says.
    pub text: String,
    /// What they feel.
    pub label: Emotion,
    /// Their turn before; empty if it does not matter.
    pub before: String,
}

/// What came of reading labelled lines.
#[derive(Debug)]
pub struct Outcome {
    /// Each line with its reading.
    pub read: Vec<(Labelled, Reading)>,
}

impl Outcome {
    /// Reads every line.
    pub fn of(lines: Vec<Labelled>, language: Language) -> Self {
        let leave = EmotionPolicy::house().leave().expect("the house reads feelings");
        let read = |line: Labelled| {
            let before = [Said::Caller(&line.before)];
            let before = if line.before.is_empty() { &[] } else { before.as_slice() };
            let reading = Emotion::of_words(leave, &line.text, language, before);
            (line, reading)
        };
        Self { read: lines.into_iter().map(read).collect() }
    }

    /// The share read as labelled, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        let right = self.read.iter().filter(|(line, reading)| line.label == reading.emotion).count();
        right as f64 / self.read.len().max(1) as f64
    }

    /// The mean over the labels of the share read right, so that no label hides another.
    pub fn balanced(&self) -> f64 {
        let confusion = self.confusion();
        let recalls: Vec<f64> = Emotion::ALL
            .iter()
            .filter_map(|label| {
                let all: usize = confusion.iter().filter(|((is, _), _)| is == label).map(|(_, n)| n).sum();
                let right = *confusion.get(&(*label, *label)).unwrap_or(&0);
                (all > 0).then(|| right as f64 / all as f64)
            })
            .collect();
        recalls.iter().sum::<f64>() / recalls.len().max(1) as f64
    }

    /// Expected calibration error over ten bins of confidence: how far what is claimed is from what is so.
    pub fn calibration_error(&self) -> f64 {
        let mut bins = [(0usize, 0usize, 0.0); 10];
        for (line, reading) in &self.read {
            let confidence = f64::from(reading.confidence.get());
            let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
            *bin = (bin.0 + 1, bin.1 + usize::from(line.label == reading.emotion), bin.2 + confidence);
        }
        bins.iter().map(|(_, right, claimed)| (*right as f64 - claimed).abs()).sum::<f64>() / self.read.len().max(1) as f64
    }

    /// How often each label was read as each emotion.
    pub fn confusion(&self) -> BTreeMap<(Emotion, Emotion), usize> {
        let mut counts = BTreeMap::new();
        for (line, reading) in &self.read {
            *counts.entry((line.label, reading.emotion)).or_default() += 1;
        }
        counts
    }

    /// The confusions as a table, a row a label.
    pub fn table(&self) -> String {
        let confusion = self.confusion();
        let mut table = format!("{:>10}", "label");
        Emotion::ALL.iter().for_each(|e| table.push_str(&format!("{:>9}", e.as_str())));
        for label in Emotion::ALL {
            table.push_str(&format!("\n{:>10}", label.as_str()));
            for read in Emotion::ALL {
                table.push_str(&format!("{:>9}", confusion.get(&(label, read)).unwrap_or(&0)));
            }
        }
        table
    }
}

/// Reads the file and prints the figures.
///
/// # Errors
/// A file that cannot be read or is no such CSV.
pub fn run(args: &EmotionArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let language: Language = args.language.parse()?;
    let outcome = Outcome::of(read(&args.file)?, language);
    if args.json {
        let (accuracy, balanced, error) = (outcome.accuracy(), outcome.balanced(), outcome.calibration_error());
        let figures =
            json!({ "lines": outcome.read.len(), "accuracy": accuracy, "balanced": balanced, "calibration_error": error });
        writeln!(out, "{figures}")?;
        return Ok(());
    }
    let percent = 100.0 * outcome.accuracy();
    writeln!(out, "{} lines, {percent:.1} % right, {:.1} % by label", outcome.read.len(), 100.0 * outcome.balanced())?;
    writeln!(out, "calibration error {:.3}", outcome.calibration_error())?;
    writeln!(out, "{}", outcome.table())?;
    for (line, reading) in outcome.read.iter().filter(|(line, reading)| args.wrong && line.label != reading.emotion) {
        let evidence: Vec<String> =
            reading.evidence.iter().map(|e| format!("{} {} {:+.1}", e.cue, e.emotion.as_str(), e.weight)).collect();
        writeln!(out, "{} read as {}: {}  [{}]", line.label.as_str(), reading.emotion.as_str(), line.text, evidence.join(", "))?;
    }
    Ok(())
}

/// The labelled lines of a CSV.
///
/// # Errors
/// A file that cannot be read; a line that is no `text,label,before`, by its number.
pub fn read(file: &Path) -> anyhow::Result<Vec<Labelled>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().skip(1).filter(|(_, line)| !line.trim().is_empty());
    lines.map(|(n, line)| labelled(line).with_context(|| format!("{}:{}", file.display(), n + 1))).collect()
}

fn labelled(line: &str) -> anyhow::Result<Labelled> {
    let mut fields = fields(line).into_iter();
    let mut next = || fields.next().unwrap_or_default();
    let (text, label, before) = (next(), next(), next());
    let known = Emotion::ALL.into_iter().find(|e| e.as_str() == label);
    let label = known.ok_or_else(|| anyhow!("{label:?} is no label; write angry, upset, anxious, neutral or pleased"))?;
    Ok(Labelled { text, label, before })
}

/// The fields of one line (RFC 4180): quoted ones may hold commas, and `""` for a quote.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let (mut quoted, mut letters) = (false, line.chars().peekable());
    while let Some(c) = letters.next() {
        let field = fields.last_mut().expect("there is always one");
        match c {
            '"' if quoted && letters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            _ => field.push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_fields_hold_commas_and_quotes() {
        assert_eq!(fields(r#""great, ""thanks""",angry,"#), [r#"great, "thanks""#, "angry", ""]);
        assert!(labelled("fine,glad,").unwrap_err().to_string().contains("no label"));
    }
}
