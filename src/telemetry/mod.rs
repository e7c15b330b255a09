//! Numbers, traces and latency spans: what an operator sees of the line.
//! Never a caller's data: call ids, counts and durations only.

mod latency;
mod metrics;
mod spans;
mod trace;

pub use latency::{Percentiles, Stage, Waterfall};
pub use metrics::{Counter, Gauge, Histogram, Metrics};
pub use spans::{CallTrace, Traces};
pub use trace::{LogFormat, TelemetryConfig, TraceError, start_logging};
