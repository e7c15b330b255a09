//! What a duplex run found: tables, JSON and a picture.
//! Never leaves a moment out.

use std::fmt::Write as _;

use serde::Serialize;

use super::curve::Point;
use super::score::{Came, Figures, Result};

/// A whole run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How it was made, for readers of the figures.
    pub notes: [&'static str; 3],
    /// The figures of each group.
    pub groups: Vec<(String, Figures)>,
    /// The end-point curve, where it was asked for.
    pub curve: Vec<Point>,
    /// Every moment.
    pub moments: Vec<Result>,
}

const NOTES: [&str; 3] = [
    "virtual time; what the recogniser computes is waited for as long as it took on this machine; not measured but set: 5 ms for the answer, 20 ms for the bot's voice (a tone of its words' length), 60 ms for a transcript that was given",
    "zh: no Chinese acoustic model is at hand, so the recogniser is given the true words at their true times; all else runs on the sound",
    "moments marked held-out were never tuned on; rates are over moments; - where there are none",
];

impl Report {
    /// The report of these moments.
    pub fn new(moments: Vec<Result>, curve: Vec<Point>) -> Self {
        let mut groups = Vec::new();
        for language in ["en", "zh"] {
            let all = || moments.iter().filter(move |r| r.language == language);
            let mut group = |name: &str, figures: Figures| groups.push((format!("{language} {name}"), figures));
            group("all", Figures::of(all()));
            group("dev", Figures::of(all().filter(|r| !r.held_out)));
            group("held-out", Figures::of(all().filter(|r| r.held_out)));
            for snr_db in super::script::NOISES {
                let name = snr_db.map_or_else(|| "quiet".to_owned(), |snr| format!("{snr} dB"));
                group(&name, Figures::of(all().filter(|r| r.snr_db == snr_db)));
            }
        }
        groups.retain(|(_, figures)| figures.moments > 0);
        Self { notes: NOTES, groups, curve, moments }
    }

    /// The figures as tables.
    pub fn table(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{:<12} {:>4}  {:>16} {:>9} {:>5}  {:>16} {:>5}  {:>5} {:>6}  {:>5} {:>5} {:>5}  {:>12}",
            "", "n", "response ms", "ticks", "rate", "yield ms", "rate", "cuts", "pauses", "backc", "tics", "side", "softer ms"
        );
        for (name, f) in &self.groups {
            let three = |ms: Option<[u64; 3]>| ms.map_or_else(|| "-".to_owned(), |[a, b, c]| format!("{a}/{b}/{c}"));
            let two = |ms: Option<[u64; 3]>| ms.map_or_else(|| "-".to_owned(), |[a, b, _]| format!("{a}/{b}"));
            let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
            let _ = writeln!(
                out,
                "{name:<12} {:>4}  {:>16} {:>9} {:>5}  {:>16} {:>5}  {:>5} {:>6}  {:>5} {:>5} {:>5}  {:>12}",
                f.moments,
                three(f.response_ms),
                two(f.response_tick_ms),
                rate(f.response_rate),
                three(f.yield_ms),
                rate(f.yield_rate),
                rate(f.agent_interruption),
                rate(f.cut_at_pauses),
                rate(f.ignored_backchannels),
                rate(f.ignored_tics),
                rate(f.ignored_side_talk),
                two(f.softer_ms),
            );
        }
        let _ = writeln!(
            out,
            "response, yield, softer: p50/p95/p99 (ticks, softer: p50/p95); cuts: the bot began while the turn was open"
        );
        if !self.curve.is_empty() {
            let _ = writeln!(out, "\nend-point curve (quiet English turns): cut off at an inner pause, against delay");
        }
        for Point { by, setting, cut_off, delay_ms: [p50, p95] } in &self.curve {
            let _ = writeln!(out, "  {by:<8} {setting:>7}  {:>4.0} %  p50 {p50:>5} ms  p95 {p95:>5} ms", cut_off * 100.0);
        }
        let void = self.moments.iter().filter(|r| r.came == Came::Void).count();
        if void > 0 {
            let _ = writeln!(out, "{void} moments say nothing: the bot was not speaking when they began");
        }
        for note in self.notes {
            let _ = writeln!(out, "{note}");
        }
        out
    }

    /// Response latencies of each language as curves, and the end-point curve beside them; 720 by 300.
    pub fn svg(&self) -> String {
        const COLOURS: [&str; 2] = ["#3b6ea5", "#d98e04"];
        let mut out = String::from(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 300" font-family="sans-serif" font-size="12"><rect width="720" height="300" fill="#fff"/>"##,
        );
        let x = |ms: u64| 40.0 + ms.min(2_000) as f64 / 2_000.0 * 290.0;
        let _ = write!(
            out,
            r##"<text x="40" y="20">turns answered within ms</text><path d="M40 40V260H330" fill="none" stroke="#999"/>"##
        );
        for ms in [0, 500, 1_000, 1_500, 2_000] {
            let _ = write!(out, r##"<text x="{:.0}" y="276" text-anchor="middle">{ms}</text>"##, x(ms));
        }
        for (language, colour) in ["en", "zh"].into_iter().zip(COLOURS) {
            let answered = |r: &&Result| r.language == language;
            let ms = |r: &Result| if let Came::Answered { ms, .. } = r.came { Some(ms) } else { None };
            let mut times: Vec<_> = self.moments.iter().filter(answered).filter_map(ms).collect();
            times.sort_unstable();
            let mut path = String::from("M40 260");
            for (n, ms) in times.iter().enumerate() {
                let _ = write!(path, "H{:.1}V{:.1}", x(*ms), 260.0 - (n + 1) as f64 / times.len() as f64 * 220.0);
            }
            let _ = write!(out, r##"<path d="{path}" fill="none" stroke="{colour}" stroke-width="2"/>"##);
            let _ = write!(
                out,
                r##"<text x="320" y="{}" text-anchor="end" fill="{colour}">{language}</text>"##,
                if language == "en" { 230 } else { 246 }
            );
        }
        let x = |ms: u64| 400.0 + ms.min(2_000) as f64 / 2_000.0 * 290.0;
        let _ = write!(
            out,
            r##"<text x="400" y="20">cut off at a pause, % (against p50 delay, ms)</text><path d="M400 40V260H690" fill="none" stroke="#999"/>"##
        );
        for (by, colour) in ["policy", "silence"].into_iter().zip(COLOURS) {
            for Point { setting, cut_off, delay_ms: [p50, _], .. } in self.curve.iter().filter(|point| point.by == by) {
                let (at, y) = (x(*p50), 260.0 - cut_off * 220.0);
                let _ = write!(
                    out,
                    r##"<circle cx="{at:.1}" cy="{y:.1}" r="4" fill="{colour}"/><text x="{at:.1}" y="{:.1}">{by} {setting}</text>"##,
                    y - 6.0
                );
            }
        }
        out.push_str("</svg>");
        out
    }
}
