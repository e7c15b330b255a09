//! Where the time between a caller's last word and our first sound went: stages, percentiles, a bar to look at.
//! Never measures anything itself; durations are handed in.

use std::fmt;
use std::time::Duration;

use crate::call::Latency;

/// One stage of a turn's waterfall; each begins where the one before ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Last speech frame to the decision that the turn is over.
    Endpoint,
    /// To the final transcript.
    Stt,
    /// To the first sentence.
    Reply,
    /// To its first sound.
    Tts,
    /// To the first frame on the wire.
    Wire,
}

impl Stage {
    /// All stages, in the order they pass.
    pub const ALL: [Self; 5] = [Self::Endpoint, Self::Stt, Self::Reply, Self::Tts, Self::Wire];

    /// Its name in tables and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Endpoint => "endpoint",
            Self::Stt => "stt",
            Self::Reply => "reply",
            Self::Tts => "tts",
            Self::Wire => "wire",
        }
    }

    /// What its part of the bar is drawn with.
    const fn fill(self) -> char {
        match self {
            Self::Endpoint => '░',
            Self::Stt => '▒',
            Self::Reply => '▓',
            Self::Tts => '█',
            Self::Wire => '▄',
        }
    }
}

/// One turn's stages, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waterfall {
    stages_ms: [u64; 5],
}

impl Waterfall {
    /// Milliseconds of each stage, in the order of [`Stage::ALL`].
    pub const fn new(stages_ms: [u64; 5]) -> Self {
        Self { stages_ms }
    }

    /// Milliseconds of one stage.
    pub const fn stage_ms(&self, stage: Stage) -> u64 {
        self.stages_ms[stage as usize]
    }

    /// The sum of the stages: caller's last speech to our first frame, in milliseconds.
    pub fn total_ms(&self) -> u64 {
        self.stages_ms.iter().sum()
    }

    /// The stages as one bar of `width` characters at most, where a full bar is `full_ms` long; every stage above zero
    /// shows at least one character as long as there is room.
    pub fn bar(&self, width: usize, full_ms: u64) -> String {
        let mut bar = String::new();
        let mut drawn = 0;
        for stage in Stage::ALL {
            let ms = self.stage_ms(stage);
            let cells = (ms as f64 * width as f64 / full_ms.max(1) as f64).round() as usize;
            let cells = cells.max(usize::from(ms > 0)).min(width - drawn);
            bar.extend(std::iter::repeat_n(stage.fill(), cells));
            drawn += cells;
        }
        bar
    }
}

/// `612 ms  ░░░▒▓█  endpoint 350 · stt 120 · reply 80 · tts 22 · wire 40`, the bar one second wide.
impl fmt::Display for Waterfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages: Vec<_> = Stage::ALL.iter().map(|&s| format!("{} {}", s.name(), self.stage_ms(s))).collect();
        write!(f, "{:>5} ms  {:<25}  {}", self.total_ms(), self.bar(25, 1_000), stages.join(" · "))
    }
}

impl From<&Latency> for Waterfall {
    fn from(latency: &Latency) -> Self {
        let Latency { turn: _, endpoint, stt, reply, tts, wire, total: _ } = latency;
        Self::new([endpoint, stt, reply, tts, wire].map(|stage| stage.as_millis() as u64))
    }
}

/// Median and tail of a set of durations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentiles {
    /// How many samples there were.
    pub count: usize,
    /// Half of them are not above this.
    pub p50: Duration,
    /// 95 of 100 are not above this.
    pub p95: Duration,
    /// 99 of 100 are not above this.
    pub p99: Duration,
    /// The largest.
    pub max: Duration,
}

impl Percentiles {
    /// The nearest-rank percentiles of these samples (the value is always one that was measured); `None` of none.
    pub fn of(samples: &[Duration]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let rank = |p: usize| sorted[(sorted.len() * p).div_ceil(100) - 1];
        let max = *sorted.last()?;
        Some(Self { count: sorted.len(), p50: rank(50), p95: rank(95), p99: rank(99), max })
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [p50, p95, p99, max] = [self.p50, self.p95, self.p99, self.max].map(|d| d.as_millis());
        write!(f, "p50 {p50} ms · p95 {p95} ms · p99 {p99} ms · max {max} ms (of {})", self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let samples: Vec<_> = (1..=200).rev().map(Duration::from_millis).collect();
        let p = Percentiles::of(&samples).expect("there are samples");
        assert_eq!([p.p50, p.p95, p.p99, p.max].map(|d| d.as_millis()), [100, 190, 198, 200]);
        let one = Percentiles::of(&[Duration::from_millis(7)]).expect("one sample");
        assert_eq!((one.p50, one.p99), (Duration::from_millis(7), Duration::from_millis(7)));
        assert_eq!(Percentiles::of(&[]), None);
    }

    #[test]
    fn bar_shows_each_stage_and_never_outgrows_its_width() {
        assert_eq!(Waterfall::new([400, 200, 1, 100, 300]).bar(10, 1_000), "░░░░▒▒▓█▄▄");
        assert_eq!(Waterfall::new([9_000, 10, 10, 10, 10]).bar(10, 1_000), "░░░░░░░░░░");
        assert_eq!(Waterfall::default().bar(10, 0), "");
    }

    #[test]
    fn line_names_the_total_and_every_stage() {
        let line = Waterfall::new([350, 120, 80, 22, 40]).to_string();
        assert!(line.trim_start().starts_with("612 ms") && line.ends_with("tts 22 · wire 40"), "{line}");
    }
}
