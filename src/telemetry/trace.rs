//! Logging: one subscriber for the process, on stderr, as text or as JSON lines.
//! Never decides what is logged; stdout belongs to answers.

use serde::Deserialize;
use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, for machines.
    Json,
}

/// The section `[telemetry]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TelemetryConfig {
    /// `text` or `json`.
    pub format: LogFormat,
    /// What is logged, as `level` or `target=level,…` (`info`, `warn,hotline::line=debug`). `HOTLINE_LOG` goes before it.
    pub log: String,
    /// The address of an OpenTelemetry collector that takes traces by OTLP/HTTP, as `http://127.0.0.1:4318`; empty: none.
    pub otlp: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, log: "warn,hotline=info".to_owned(), otlp: String::new() }
    }
}

/// Logging or tracing could not be started.
#[derive(Debug, Error)]
pub enum TraceError {
    /// The filter cannot be read.
    #[error("log filter {filter:?}: {source}; write for example HOTLINE_LOG=info or HOTLINE_LOG=warn,hotline::line=debug")]
    Filter {
        /// As it was given.
        filter: String,
        /// Where it breaks.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The collector's address is none.
    #[error("telemetry.otlp: {source}; write the address of a collector, as http://127.0.0.1:4318")]
    Collector {
        /// What is wrong with it.
        source: opentelemetry_otlp::ExporterBuildError,
    },
    /// The process has a subscriber already.
    #[error("logging was started twice in this process; start it once, in main")]
    Twice,
}

/// Starts logging for the whole process; `overriding` is the value of `HOTLINE_LOG`, where there is one.
pub fn start_logging(config: &TelemetryConfig, overriding: Option<&str>) -> Result<(), TraceError> {
    let filter = filter(overriding.filter(|f| !f.is_empty()).unwrap_or(&config.log))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(|_| TraceError::Twice)
}

fn filter(text: &str) -> Result<EnvFilter, TraceError> {
    EnvFilter::builder().parse(text).map_err(|source| TraceError::Filter { filter: text.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_named_with_what_to_write() {
        assert!(filter(&TelemetryConfig::default().log).is_ok());
        let error = filter("hotline=loud").expect_err("loud is no level").to_string();
        assert!(error.contains("hotline=loud") && error.contains("HOTLINE_LOG=info"), "{error}");
    }
}
