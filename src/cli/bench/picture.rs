//! The run as a picture: how many turns were answered within how many milliseconds, and the median waterfall.
//! Plain SVG and HTML text; nothing is fetched.

use std::fmt::Write as _;

use super::report::{Kind, Report};
use crate::telemetry::Stage;

const COLOURS: [&str; 5] = ["#3b6ea5", "#d98e04", "#6a994e", "#a4508b", "#777777"];

/// The curve of answered turns over time for each kind, above the median waterfall; 720 by 420.
pub fn svg(report: &Report) -> String {
    let longest = report.turns.iter().filter_map(|turn| turn.total_ms).max().unwrap_or(1_000).clamp(800, 3_000) as f64;
    let x = |ms: f64| 60.0 + ms / longest * 630.0;
    let mut out = String::from(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 420" font-family="sans-serif" font-size="12"><rect width="720" height="420" fill="#fff"/>"##,
    );
    for tick in 0..=(longest as u64 / 200) {
        let at = x((tick * 200) as f64);
        let _ = write!(
            out,
            r##"<path d="M{at:.1} 30V280" stroke="#ddd"/><text x="{at:.1}" y="296" text-anchor="middle">{}</text>"##,
            tick * 200
        );
    }
    for share in [0, 50, 95, 100] {
        let y = 280.0 - f64::from(share) * 2.5;
        let _ = write!(
            out,
            r##"<path d="M60 {y}H690" stroke="#ddd"/><text x="54" y="{y}" text-anchor="end" dominant-baseline="middle">{share} %</text>"##
        );
    }
    for (i, kind) in Kind::ALL.into_iter().enumerate() {
        let mut times: Vec<_> = report.turns.iter().filter(|t| t.kind == kind && !t.cut_off).filter_map(|t| t.total_ms).collect();
        times.sort_unstable();
        let of = report.turns.iter().filter(|t| t.kind == kind && !t.cut_off).count().max(1) as f64;
        let mut path = format!("M{:.1} 280", x(0.0));
        for (n, ms) in times.iter().enumerate() {
            let _ = write!(path, "H{:.1}V{:.1}", x(*ms as f64), 280.0 - (n + 1) as f64 / of * 250.0);
        }
        let _ = write!(
            out,
            r##"<path d="{path}" fill="none" stroke="{}" stroke-width="2"/><text x="680" y="{}" text-anchor="end" fill="{}">{}</text>"##,
            COLOURS[i],
            200 + i * 16,
            COLOURS[i],
            kind.name()
        );
    }
    out.push_str(
        r#"<text x="60" y="20">turns answered within, ms from the caller's last speech sample to the first audible frame</text>"#,
    );
    let mut from = 0.0;
    for (stage, colour) in Stage::ALL.into_iter().zip(COLOURS) {
        let ms = report.stage(stage).map_or(0.0, |p| p.p50.as_secs_f64() * 1e3);
        let (at, width) = (x(from), x(from + ms) - x(from));
        let row = 390 - 14 * (stage as usize % 2);
        let _ = write!(
            out,
            r##"<rect x="{at:.1}" y="330" width="{width:.1}" height="28" fill="{colour}"/><text x="{at:.1}" y="{row}" fill="{colour}">{} {ms:.0}</text>"##,
            stage.name()
        );
        from += ms;
    }
    out.push_str(r#"<text x="60" y="322">median of each stage, ms</text></svg>"#);
    out
}

/// The whole report as one page that needs nothing else.
pub fn html(report: &Report) -> String {
    let mut turns = String::new();
    for turn in &report.turns {
        let ms = turn.total_ms.map_or_else(|| "no answer".to_owned(), |ms| ms.to_string());
        let _ = write!(
            turns,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}",
            escape(&turn.text),
            escape(&turn.voice),
            turn.kind.name(),
            ms,
            if turn.cut_off { "cut off" } else { "" },
            escape(turn.understood.as_deref().unwrap_or_default())
        );
    }
    format!(
        "<!doctype html><meta charset=utf-8><title>hotline bench latency</title>\
         <style>body{{font-family:sans-serif;max-width:60em;margin:2em auto}}td,th{{padding:.2em .6em;text-align:left}}pre{{overflow:auto}}</style>\
         <h1>hotline bench latency</h1><pre>{}</pre>{}<table><tr><th>said<th>voice<th>kind<th>ms<th><th>understood{turns}</table>\n",
        escape(&report.table()),
        svg(report),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
