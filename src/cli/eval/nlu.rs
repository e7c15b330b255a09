//! `hotline eval nlu DIR`: trains the intent model on one labelled set and measures it on another.
//! Never trains on a row labelled `oos`, and never looks at the test set before it is measured.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;
use serde::Serialize;

use crate::dialogue::{Classifier, Lesson};
use crate::engine::{clock, learning};

use super::labelled;

/// The label of what is out of scope.
const OOS: &str = "oos";
/// The part of the in-scope utterances that the out-of-scope threshold keeps.
const KEPT: f64 = 0.95;
/// How many confusions are shown.
const WORST: usize = 10;

/// Trains on DIR/train.csv (or .json) and measures on DIR/test.csv (or .json).
#[derive(Debug, Args)]
pub struct NluArgs {
    /// The folder: CSV with the columns `text` and `label` (or `category`), or JSON lists of [text, label]; the label `oos` is out of scope.
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Print one JSON object; parts of a whole are 0 to 1.
    #[arg(long)]
    pub json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Report {
    classes: usize,
    train_utterances: usize,
    in_scope_utterances: usize,
    oos_utterances: usize,
    /// The part of the in-scope utterances whose label scores highest.
    accuracy: f64,
    /// The part whose label is among the three highest.
    top3: f64,
    /// How often an in-scope utterance's highest score is above an out-of-scope one's; none without `oos` rows.
    oos_auroc: Option<f64>,
    /// The part of the out-of-scope utterances below the threshold that keeps 95 % of those in scope.
    oos_recall_at_95: Option<f64>,
    train_seconds: f64,
    us_per_utterance: f64,
    model_bytes: usize,
    confusions: Vec<Confusion>,
}

/// A label taken for another.
#[derive(Debug, Serialize, PartialEq, Eq)]
struct Confusion {
    expected: String,
    got: String,
    count: usize,
}

/// An utterance's true label, its labels from the highest score down, and that score.
struct Answer<'a> {
    expected: &'a str,
    ranked: [Option<&'a str>; 3],
    score: f32,
}

/// Measures and prints.
///
/// # Errors
/// A set that cannot be read, or holds fewer than two labels or nothing to test on.
pub fn run(args: &NluArgs, out: &mut dyn Write) -> Result<()> {
    let train = labelled::read(&args.dir, "train")?;
    let test = labelled::read(&args.dir, "test")?;
    let report = measure(&train, &test)?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        report.print(out)?;
    }
    Ok(())
}

fn measure(train: &[(String, String)], test: &[(String, String)]) -> Result<Report> {
    let train: Vec<(&str, &str)> = in_scope(train).collect();
    let labels: Vec<&str> = train.iter().map(|(_, label)| *label).collect::<BTreeSet<_>>().into_iter().collect();
    ensure!(labels.len() > 1, "the training set holds {} label(s) besides {OOS}; two are the least to tell apart", labels.len());
    ensure!(in_scope(test).next().is_some(), "the test set holds nothing in scope, so there is nothing to be right about");
    let started = clock::now();
    let classifier = learn(&train, &labels);
    let train_seconds = clock::since(started).as_secs_f64();
    let started = clock::now();
    let answers: Vec<Answer<'_>> = test.iter().map(|(text, label)| answer(&classifier, &labels, text, label)).collect();
    let us_per_utterance = clock::since(started).as_secs_f64() * 1e6 / test.len() as f64;
    let (outside, inside): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| is_oos(answer.expected));
    let part = |right: fn(&Answer<'_>) -> bool| inside.iter().filter(|a| right(a)).count() as f64 / inside.len() as f64;
    let scores = |answers: &[&Answer<'_>]| answers.iter().map(|a| a.score).collect::<Vec<_>>();
    let (kept, refused) = (scores(&inside), scores(&outside));
    Ok(Report {
        classes: labels.len(),
        train_utterances: train.len(),
        in_scope_utterances: inside.len(),
        oos_utterances: outside.len(),
        accuracy: part(|a| a.ranked[0] == Some(a.expected)),
        top3: part(|a| a.ranked.contains(&Some(a.expected))),
        oos_auroc: (!refused.is_empty()).then(|| auroc(&kept, &refused)),
        oos_recall_at_95: (!refused.is_empty()).then(|| recall(&kept, &refused)),
        train_seconds,
        us_per_utterance,
        model_bytes: classifier.to_bytes().len(),
        confusions: confusions(&inside),
    })
}

fn is_oos(label: &str) -> bool {
    label.eq_ignore_ascii_case(OOS)
}

fn in_scope(set: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    set.iter().filter(|(_, label)| !is_oos(label)).map(|(text, label)| (text.as_str(), label.as_str()))
}

fn learn(train: &[(&str, &str)], labels: &[&str]) -> Classifier {
    let phrases: Vec<&str> = train.iter().map(|(text, _)| *text).collect();
    let classes = train.iter().map(|(_, label)| labels.binary_search(label).expect("labels are those of the set")).collect();
    learning::learn(Lesson::new(&phrases, classes, labels.len()))
}

fn answer<'a>(classifier: &Classifier, labels: &[&'a str], text: &str, expected: &'a str) -> Answer<'a> {
    let mut scored: Vec<(f32, &str)> = classifier.scores(text).into_iter().zip(labels.iter().copied()).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let ranked = [0, 1, 2].map(|place| scored.get(place).map(|(_, label)| *label));
    Answer { expected, ranked, score: scored[0].0 }
}

/// The area under the receiver's curve, by ranks (Mann and Whitney); equal scores share theirs.
fn auroc(inside: &[f32], outside: &[f32]) -> f64 {
    let mut outside = outside.to_vec();
    outside.sort_by(f32::total_cmp);
    let above = |score: &f32| {
        let below = outside.partition_point(|other| other < score);
        let equal = outside.partition_point(|other| other <= score) - below;
        below as f64 + 0.5 * equal as f64
    };
    inside.iter().map(above).sum::<f64>() / (inside.len() as f64 * outside.len() as f64)
}

/// The part of `outside` below the highest threshold that keeps 95 % of `inside`.
fn recall(inside: &[f32], outside: &[f32]) -> f64 {
    let mut inside = inside.to_vec();
    inside.sort_by(f32::total_cmp);
    let threshold = inside[(inside.len() as f64 * (1.0 - KEPT)).floor() as usize];
    outside.iter().filter(|score| **score < threshold).count() as f64 / outside.len() as f64
}

fn confusions(inside: &[&Answer<'_>]) -> Vec<Confusion> {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for answer in inside {
        if let Some(got) = answer.ranked[0].filter(|got| *got != answer.expected) {
            *counts.entry((answer.expected, got)).or_default() += 1;
        }
    }
    let mut worst: Vec<_> = counts.into_iter().collect();
    worst.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    worst.truncate(WORST);
    let named = worst.into_iter();
    named.map(|((expected, got), count)| Confusion { expected: expected.to_owned(), got: got.to_owned(), count }).collect()
}

impl Report {
    fn print(&self, out: &mut dyn Write) -> Result<()> {
        let Self { classes, train_utterances, in_scope_utterances, oos_utterances, .. } = self;
        writeln!(
            out,
            "{train_utterances} utterances of {classes} intents learnt; tested on {in_scope_utterances} in scope and {oos_utterances} out of scope"
        )?;
        writeln!(out, "accuracy          {:6.2} %   (among the first three: {:.2} %)", 100.0 * self.accuracy, 100.0 * self.top3)?;
        if let (Some(auroc), Some(recall)) = (self.oos_auroc, self.oos_recall_at_95) {
            writeln!(out, "oos_auroc         {:6.2} %", 100.0 * auroc)?;
            writeln!(out, "oos_recall_at_95  {:6.2} %   (out of scope refused while 95 % in scope are kept)", 100.0 * recall)?;
        }
        writeln!(out, "training          {:6.2} s", self.train_seconds)?;
        writeln!(out, "an utterance      {:6.1} µs", self.us_per_utterance)?;
        writeln!(out, "model             {:6.2} MB  ({} bytes)", self.model_bytes as f64 / 1e6, self.model_bytes)?;
        for Confusion { expected, got, count } in &self.confusions {
            writeln!(out, "{count:4} × {expected} taken for {got}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_and_thresholds_are_counted_right() {
        let inside: Vec<f32> = (1..=20).map(|i| i as f32).collect();
        assert_eq!(auroc(&inside, &[0.0]), 1.0);
        assert_eq!(auroc(&[1.0, 2.0], &[1.0, 3.0]), 0.375);
        // The lowest of 20 is given up, so the threshold is 2.
        assert_eq!(recall(&inside, &[0.5, 1.5, 2.0, 30.0]), 0.5);
    }

    #[test]
    fn a_small_set_is_learnt_and_measured() {
        let dir = tempfile::tempdir().expect("a folder");
        let train = "text,label\n\
            where is my parcel,track\nwhen will the parcel come,track\nhas my parcel left,track\ntrack a parcel,track\n\
            freeze my card,block\nblock the card please,block\nmy card was stolen,block\nstop the card,block\n\
            what is a good film,oos\n";
        let test =
            r#"[["did the parcel leave", "track"], ["please freeze the card", "block"], ["sing", "oos"], ["card", "track"]]"#;
        std::fs::write(dir.path().join("train.csv"), train).expect("written");
        std::fs::write(dir.path().join("test.json"), test).expect("written");
        let mut out = Vec::new();
        run(&NluArgs { dir: dir.path().to_owned(), json: true }, &mut out).expect("measured");
        let report: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!((&report["classes"], &report["train_utterances"]), (&2.into(), &8.into()));
        assert_eq!((&report["oos_auroc"], &report["oos_recall_at_95"]), (&1.0.into(), &1.0.into()), "{report}");
        assert!((report["accuracy"].as_f64().expect("a number") - 2.0 / 3.0).abs() < 1e-9, "{report}");
        assert_eq!(report["confusions"], serde_json::json!([{ "expected": "track", "got": "block", "count": 1 }]));
        let mut out = Vec::new();
        run(&NluArgs { dir: dir.path().to_owned(), json: false }, &mut out).expect("measured");
        assert!(String::from_utf8(out).expect("text").contains("1 × track taken for block"));
    }
}
