//! The line's counters, gauges and histograms, and their Prometheus text.
//! Never a label that a caller chooses: causes, stages and nothing else.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::call::{Event, Hangup, Latency};

use super::Stage;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Counts `n`.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// What was counted so far.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Adds `n`, which may be negative.
    pub fn add(&self, n: i64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// What it stands at.
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper edges of the latency buckets, in milliseconds, closest around the goals of 450 and 800 ms.
const BUCKETS_MS: [u64; 14] = [10, 20, 50, 100, 150, 200, 300, 450, 600, 800, 1_000, 1_500, 2_500, 5_000];

/// How often a duration fell into each bucket.
#[derive(Debug, Default)]
pub struct Histogram {
    /// One counter a bucket; what is above the last edge is only in `count`.
    buckets: [AtomicU64; BUCKETS_MS.len()],
    count: AtomicU64,
    sum_us: AtomicU64,
}

impl Histogram {
    /// Adds one duration.
    pub fn observe(&self, duration: Duration) {
        if let Some(bucket) = BUCKETS_MS.iter().position(|&edge| duration <= Duration::from_millis(edge)) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(duration.as_micros() as u64, Ordering::Relaxed);
    }

    /// How many durations were added.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    fn write(&self, out: &mut String, name: &str, label: &str) {
        let (separator, braces) = if label.is_empty() { ("", String::new()) } else { (",", format!("{{{label}}}")) };
        let mut below = 0;
        for (edge_ms, bucket) in BUCKETS_MS.iter().zip(&self.buckets) {
            below += bucket.load(Ordering::Relaxed);
            line(out, format_args!("{name}_bucket{{{label}{separator}le=\"{}\"}} {below}", *edge_ms as f64 / 1e3));
        }
        // A bucket may have been counted before the total was: never show a total below its parts.
        let count = self.count().max(below);
        line(out, format_args!("{name}_bucket{{{label}{separator}le=\"+Inf\"}} {count}"));
        line(out, format_args!("{name}_sum{braces} {}", self.sum_us.load(Ordering::Relaxed) as f64 / 1e6));
        line(out, format_args!("{name}_count{braces} {count}"));
    }
}

type Reading = Box<dyn Fn() -> u64 + Send + Sync>;

/// A counter that another room keeps and this one only reads.
struct Foreign {
    name: &'static str,
    help: &'static str,
    reading: Reading,
}

/// The numbers of one running line; shared by all its calls.
#[derive(Default)]
pub struct Metrics {
    /// Calls on the line now.
    pub calls_active: Gauge,
    /// Calls refused because the line was full.
    pub calls_refused: Counter,
    /// Turns of callers that came to their end.
    pub turns: Counter,
    /// Replies that a caller cut off.
    pub barge_ins: Counter,
    /// Final transcripts in which nothing was understood.
    pub no_matches: Counter,
    ratings: [Counter; 5],
    calls: Mutex<BTreeMap<&'static str, u64>>,
    chats_active: Gauge,
    chats: Mutex<BTreeMap<&'static str, u64>>,
    stages: [Histogram; Stage::ALL.len()],
    voice_to_voice: Histogram,
    foreign: Mutex<Vec<Foreign>>,
}

impl Metrics {
    /// Notes that a call was answered; [`Event::Ended`] or [`Metrics::call_ended`] is its other half.
    pub fn call_started(&self) {
        self.calls_active.add(1);
    }

    /// Notes that a call is over.
    pub fn call_ended(&self, cause: Hangup) {
        self.calls_active.add(-1);
        count(&self.calls, cause.as_str());
    }

    /// Notes that a conversation by text began; [`Metrics::chat_ended`] is its other half.
    pub fn chat_started(&self) {
        self.chats_active.add(1);
    }

    /// Notes that a conversation by text is over.
    pub fn chat_ended(&self, cause: &'static str) {
        self.chats_active.add(-1);
        count(&self.chats, cause);
    }

    /// Notes a message of a conversation by text: a turn like any other.
    pub fn written(&self, is_nothing: bool) {
        self.turns.increment();
        self.no_matches.add(u64::from(is_nothing));
    }

    /// Notes how satisfied a caller is, from 1 to 5.
    pub fn rated(&self, stars: u8) {
        if let Some(counter) = usize::from(stars).checked_sub(1).and_then(|i| self.ratings.get(i)) {
            counter.increment();
        }
    }

    /// Notes what a call told.
    pub fn record(&self, event: &Event) {
        match event {
            Event::SpeechEnded { .. } => self.turns.increment(),
            Event::BargeIn { .. } => self.barge_ins.increment(),
            Event::Latency(latency) => self.latency(latency),
            Event::Ended { cause } => self.call_ended(*cause),
            Event::Transcript { transcript, .. } => {
                let done = transcript.finality == crate::talk::Finality::Final;
                self.no_matches.add(u64::from(done && transcript.is_nothing()));
            }
            Event::SpeechStarted { .. }
            | Event::Reply { .. }
            | Event::ReplyStarted { .. }
            | Event::ReplyEnded { .. }
            | Event::Digit { .. } => {}
        }
    }

    /// Shows a counter that another room keeps, under this name (`hotline_<noun>_<unit>_total`).
    pub fn show_counter(&self, name: &'static str, help: &'static str, reading: impl Fn() -> u64 + Send + Sync + 'static) {
        let foreign = Foreign { name, help, reading: Box::new(reading) };
        self.foreign.lock().unwrap_or_else(PoisonError::into_inner).push(foreign);
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    pub fn prometheus(&self) -> String {
        let mut out = String::new();
        for (name, what, active, ended) in [
            ("hotline_calls", "Calls", &self.calls_active, &self.calls),
            ("hotline_chats", "Conversations by text", &self.chats_active, &self.chats),
        ] {
            head(&mut out, &format!("{name}_active"), "gauge", &format!("{what} on the line now."));
            line(&mut out, format_args!("{name}_active {}", active.value()));
            head(&mut out, &format!("{name}_total"), "counter", &format!("{what} that ended, by cause."));
            for (cause, n) in &*ended.lock().unwrap_or_else(PoisonError::into_inner) {
                line(&mut out, format_args!("{name}_total{{cause=\"{cause}\"}} {n}"));
            }
        }
        head(&mut out, "hotline_ratings_total", "counter", "Callers who told how satisfied they are, from 1 to 5.");
        for (counter, stars) in self.ratings.iter().zip(1..) {
            line(&mut out, format_args!("hotline_ratings_total{{stars=\"{stars}\"}} {}", counter.value()));
        }
        for (name, help, counter) in [
            ("hotline_calls_refused_total", "Calls refused because the line was full.", &self.calls_refused),
            ("hotline_turns_total", "Turns of callers that came to their end.", &self.turns),
            ("hotline_barge_ins_total", "Replies that a caller cut off.", &self.barge_ins),
            ("hotline_no_matches_total", "Turns in which nothing was understood.", &self.no_matches),
        ] {
            head(&mut out, name, "counter", help);
            line(&mut out, format_args!("{name} {}", counter.value()));
        }
        for Foreign { name, help, reading } in &*self.foreign.lock().unwrap_or_else(PoisonError::into_inner) {
            head(&mut out, name, "counter", help);
            line(&mut out, format_args!("{name} {}", reading()));
        }
        self.write_latency(&mut out);
        out
    }

    fn latency(&self, latency: &Latency) {
        let Latency { turn: _, endpoint, stt, reply, tts, wire, total } = latency;
        for (histogram, stage) in self.stages.iter().zip([endpoint, stt, reply, tts, wire]) {
            histogram.observe(*stage);
        }
        self.voice_to_voice.observe(*total);
    }

    fn write_latency(&self, out: &mut String) {
        let name = "hotline_stage_seconds";
        head(out, name, "histogram", "Time a turn spent in each stage between the caller's last speech and our first sound.");
        for stage in Stage::ALL {
            self.stages[stage as usize].write(out, name, &format!("stage=\"{}\"", stage.name()));
        }
        let name = "hotline_voice_to_voice_seconds";
        head(out, name, "histogram", "Caller's last speech to our first sound on the wire.");
        self.voice_to_voice.write(out, name, "");
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").field("calls_active", &self.calls_active).finish_non_exhaustive()
    }
}

fn count(counts: &Mutex<BTreeMap<&'static str, u64>>, cause: &'static str) {
    *counts.lock().unwrap_or_else(PoisonError::into_inner).entry(cause).or_default() += 1;
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    line(out, format_args!("# HELP {name} {help}"));
    line(out, format_args!("# TYPE {name} {kind}"));
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("a String takes everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::MediaTime;
    use crate::talk::{ReplyId, TurnId};

    fn latency(endpoint_ms: u64) -> Event {
        let endpoint = Duration::from_millis(endpoint_ms);
        let zero = Duration::ZERO;
        Event::Latency(Latency { turn: TurnId(1), endpoint, stt: zero, reply: zero, tts: zero, wire: zero, total: endpoint })
    }

    #[test]
    fn a_call_leaves_its_numbers() {
        let metrics = Metrics::default();
        metrics.call_started();
        metrics.call_started();
        metrics.record(&Event::SpeechEnded { turn: TurnId(1), at: MediaTime::ZERO });
        metrics.record(&Event::BargeIn { turn: TurnId(2), reply: ReplyId(1), after: Duration::ZERO });
        metrics.record(&latency(400));
        metrics.record(&latency(9_000));
        metrics.record(&Event::Ended { cause: Hangup::MediaTimeout });
        metrics.show_counter("hotline_journal_dropped_total", "Events lost.", || 3);
        let text = metrics.prometheus();
        for expected in [
            "hotline_calls_active 1",
            "hotline_calls_total{cause=\"media-timeout\"} 1",
            "hotline_turns_total 1",
            "hotline_barge_ins_total 1",
            "hotline_journal_dropped_total 3",
            "hotline_stage_seconds_bucket{stage=\"endpoint\",le=\"0.3\"} 0",
            "hotline_stage_seconds_bucket{stage=\"endpoint\",le=\"0.45\"} 1",
            "hotline_stage_seconds_bucket{stage=\"endpoint\",le=\"+Inf\"} 2",
            "hotline_voice_to_voice_seconds_bucket{le=\"5\"} 1",
            "hotline_voice_to_voice_seconds_sum 9.4",
            "hotline_voice_to_voice_seconds_count 2",
        ] {
            assert!(text.lines().any(|l| l == expected), "no line {expected:?} in\n{text}");
        }
    }

    #[test]
    fn every_sample_has_a_type_and_one_value() {
        for sample in Metrics::default().prometheus().lines().filter(|l| !l.starts_with('#')) {
            let (name, value) = sample.rsplit_once(' ').expect("name and value");
            assert!(name.starts_with("hotline_") && value.parse::<f64>().is_ok(), "{sample}");
        }
    }
}
