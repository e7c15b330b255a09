//! What a latency run found: every turn, and the figures drawn from them.
//! Never leaves a turn out: one without an answer counts as such.

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::machine::{Build, Machine};
use crate::telemetry::{Percentiles, Stage};

/// How an utterance was spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// In one go, on a quiet line.
    Plain,
    /// With one pause inside.
    InnerPause,
    /// In one go, under noise.
    Noise,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Plain, Self::InnerPause, Self::Noise];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::InnerPause => "inner pause",
            Self::Noise => "noise",
        }
    }
}

/// One measured turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Turn {
    /// What was said.
    pub text: String,
    /// Who said it.
    pub voice: String,
    /// How.
    pub kind: Kind,
    /// Length of the pause inside, in milliseconds.
    pub pause_ms: Option<u64>,
    /// Caller's last speech sample to the first audible reply frame, at the wire, in ms; `None`: no answer came in time.
    pub total_ms: Option<u64>,
    /// The bot spoke before the caller had finished.
    pub cut_off: bool,
    /// What the line understood, where it runs in this process.
    pub understood: Option<String>,
    /// Milliseconds of endpoint, stt, reply, tts, wire, where the line runs in this process.
    pub stages_ms: Option<[u64; 5]>,
}

/// A whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Where it ran.
    pub machine: Machine,
    /// What ran.
    pub build: Build,
    /// Every turn.
    pub turns: Vec<Turn>,
    /// Caller's first speech sample to the last full-level packet of the reply that it cut off, in ms.
    pub barge_in_ms: Vec<u64>,
    /// Caller's first speech sample to the last audible packet of that reply, in ms.
    #[serde(default)]
    pub yield_ms: Vec<u64>,
    /// Time between two packets of the bot, in tenths of a millisecond.
    pub spacing_tenth_ms: Vec<u64>,
}

impl Report {
    /// Latencies of answered turns of these kinds that were not cut off.
    pub fn latencies(&self, kinds: &[Kind]) -> Option<Percentiles> {
        let answered = self.turns.iter().filter(|turn| kinds.contains(&turn.kind) && !turn.cut_off);
        Percentiles::of(&answered.filter_map(|turn| turn.total_ms).map(Duration::from_millis).collect::<Vec<_>>())
    }

    /// Percentiles of one stage over all turns that have it.
    pub fn stage(&self, stage: Stage) -> Option<Percentiles> {
        let ms = self.turns.iter().filter(|turn| !turn.cut_off).filter_map(|turn| turn.stages_ms);
        Percentiles::of(&ms.map(|stages| Duration::from_millis(stages[stage as usize])).collect::<Vec<_>>())
    }

    /// Barge-in times.
    pub fn barge_in(&self) -> Option<Percentiles> {
        Percentiles::of(&self.barge_in_ms.iter().copied().map(Duration::from_millis).collect::<Vec<_>>())
    }

    /// Interruption to silence.
    pub fn yields(&self) -> Option<Percentiles> {
        Percentiles::of(&self.yield_ms.iter().copied().map(Duration::from_millis).collect::<Vec<_>>())
    }

    /// Packet spacing.
    pub fn spacing(&self) -> Option<Percentiles> {
        Percentiles::of(&self.spacing_tenth_ms.iter().map(|t| Duration::from_micros(t * 100)).collect::<Vec<_>>())
    }

    /// The figures as rows of name and value, for table, page and comparison.
    pub fn rows(&self) -> Vec<(String, String)> {
        let show = |p: Option<Percentiles>| p.map_or_else(|| "none measured".to_owned(), |p| p.to_string());
        let mut rows = vec![(
            "last speech sample to first audible frame, no inner pause".to_owned(),
            show(self.latencies(&[Kind::Plain, Kind::Noise])),
        )];
        for kind in Kind::ALL {
            rows.push((format!("  {}", kind.name()), show(self.latencies(&[kind]))));
        }
        for stage in Stage::ALL {
            rows.push((format!("  stage {}", stage.name()), show(self.stage(stage))));
        }
        for kind in Kind::ALL {
            let of_kind: Vec<_> = self.turns.iter().filter(|turn| turn.kind == kind).collect();
            let cut = of_kind.iter().filter(|turn| turn.cut_off).count();
            let silent = of_kind.iter().filter(|turn| turn.total_ms.is_none()).count();
            rows.push((
                format!("{}: cut off / unanswered / turns", kind.name()),
                format!("{cut} / {silent} / {}", of_kind.len()),
            ));
        }
        rows.push(("barge-in: first speech sample to last full-level packet".to_owned(), show(self.barge_in())));
        rows.push(("yield: first speech sample to last audible packet".to_owned(), show(self.yields())));
        let spacing = self.spacing().map(|p| {
            let ms = |d: Duration| d.as_secs_f64() * 1e3;
            format!(
                "p50 {:.1} ms · p95 {:.1} ms · p99 {:.1} ms · max {:.1} ms (of {})",
                ms(p.p50),
                ms(p.p95),
                ms(p.p99),
                ms(p.max),
                p.count
            )
        });
        rows.push(("spacing of the bot's packets".to_owned(), spacing.unwrap_or_else(|| "none measured".to_owned())));
        rows
    }

    /// Machine, build and figures as a table for the terminal.
    pub fn table(&self) -> String {
        let Machine { cpu, cores, memory_mib, kernel } = &self.machine;
        let Build { version, commit, profile, recogniser, voice } = &self.build;
        let mut out = format!("machine  {cpu}, {cores} cores, {memory_mib} MiB, Linux {kernel}\n");
        let _ = writeln!(out, "build    hotline {version} ({commit}), {profile}; hears with {recogniser}, speaks with {voice}\n");
        for (name, value) in self.rows() {
            let _ = writeln!(out, "{name:<58}  {value}");
        }
        out
    }

    /// Two runs side by side.
    pub fn compare(&self, other: &Self) -> String {
        let mut out = String::new();
        for (title, report) in [("A", self), ("B", other)] {
            let _ = writeln!(
                out,
                "{title}  {}, {} cores; hotline {} ({})",
                report.machine.cpu, report.machine.cores, report.build.version, report.build.commit
            );
        }
        let median = |p: Option<Percentiles>| p.map_or(f64::NAN, |p| p.p50.as_secs_f64());
        let kinds = [Kind::Plain, Kind::Noise];
        let ratio = median(self.latencies(&kinds)) / median(other.latencies(&kinds));
        let _ = writeln!(out, "median latency A / B = {ratio:.2}\n");
        for ((name, a), (_, b)) in self.rows().into_iter().zip(other.rows()) {
            let _ = writeln!(out, "{name}\n    A  {a}\n    B  {b}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(kind: Kind, total_ms: Option<u64>, cut_off: bool) -> Turn {
        Turn {
            text: "hello".into(),
            voice: "rms".into(),
            kind,
            pause_ms: None,
            total_ms,
            cut_off,
            understood: None,
            stages_ms: None,
        }
    }

    fn report(turns: Vec<Turn>) -> Report {
        Report {
            machine: Machine::here(),
            build: Build::this("sphinx", "flite"),
            turns,
            barge_in_ms: vec![180],
            yield_ms: vec![420],
            spacing_tenth_ms: vec![200, 201],
        }
    }

    #[test]
    fn cut_off_turns_never_flatter_the_latency() {
        let report =
            report(vec![turn(Kind::Plain, Some(400), false), turn(Kind::Plain, Some(1), true), turn(Kind::Noise, None, false)]);
        let p = report.latencies(&[Kind::Plain, Kind::Noise]).expect("one turn was answered");
        assert_eq!((p.count, p.p50.as_millis()), (1, 400));
        assert!(
            report.table().contains("plain: cut off / unanswered / turns                         1 / 0 / 2"),
            "{}",
            report.table()
        );
    }

    #[test]
    fn a_report_survives_json() {
        let report = report(vec![turn(Kind::InnerPause, Some(512), false)]);
        let text = serde_json::to_string(&report).expect("plain data");
        assert_eq!(serde_json::from_str::<Report>(&text).expect("our own"), report);
    }
}
