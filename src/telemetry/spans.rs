//! Traces of calls for an OpenTelemetry collector: a span a call, in it one an answered turn, in that the waterfall's parts.
//! Never a caller's data, and never in a call's way: spans wait in a bounded queue, and are dropped where the collector is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, SpanData};

use crate::call::Latency;
use crate::talk::CallId;

use super::trace::{TelemetryConfig, TraceError};
use super::{Counter, Stage};

/// The service's name, and the instrumentation's.
const NAME: &str = "hotline";
/// Where a collector takes traces, below its address (OTLP/HTTP specification, "default paths").
const PATH: &str = "/v1/traces";
/// Spans that wait for the collector; one more is dropped.
const WAITING: usize = 4_096;
/// How often what waits is sent.
const EVERY: Duration = Duration::from_secs(2);
/// A collector that has not answered by then is given up, also at the end of the program.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way to the collector, or none. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    provider: Option<SdkTracerProvider>,
    failed: Arc<Counter>,
}

impl Traces {
    /// The way to the configured collector; without one nothing is traced.
    ///
    /// # Errors
    /// An address that is none.
    pub fn open(config: &TelemetryConfig) -> Result<Self, TraceError> {
        if config.otlp.is_empty() {
            return Ok(Self::default());
        }
        let address = format!("{}{PATH}", config.otlp.trim_end_matches('/'));
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpJson).with_endpoint(address);
        let exporter = exporter.with_timeout(PATIENCE).build().map_err(|source| TraceError::Collector { source })?;
        let failed = Arc::<Counter>::default();
        let batch = BatchConfigBuilder::default().with_max_queue_size(WAITING).with_scheduled_delay(EVERY).build();
        let counted = Counted { exporter, failed: Arc::clone(&failed), in_a_row: AtomicU64::new(0) };
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder_empty().with_attributes(resource()).build())
            .with_span_processor(BatchSpanProcessor::builder(counted).with_batch_config(batch).build())
            .build();
        Ok(Self { provider: Some(provider), failed })
    }

    /// Spans that no collector took.
    pub fn failed(&self) -> u64 {
        self.failed.value()
    }

    /// The trace of a call, or of a conversation by text, that begins at `at` by this transport and codec.
    pub fn call(&self, id: &CallId, (transport, codec): (&str, &'static str), at: SystemTime) -> CallTrace {
        let Some(provider) = &self.provider else { return CallTrace(None) };
        let tracer = provider.tracer(NAME);
        let known =
            [("hotline.call", id.to_string()), ("hotline.transport", transport.to_owned()), ("hotline.codec", codec.to_owned())];
        let known = known.map(|(name, value)| KeyValue::new(name, value)).to_vec();
        let call = SpanBuilder::from_name("call").with_kind(SpanKind::Server).with_start_time(at).with_attributes(known);
        let call = Context::new().with_span(tracer.build_with_context(call, &Context::new()));
        CallTrace(Some((tracer, call)))
    }

    /// Sends what waits and ends. Blocks for some seconds at most.
    pub fn close(&self) {
        if let Some(provider) = &self.provider
            && let Err(error) = provider.shutdown_with_timeout(PATIENCE)
        {
            tracing::warn!(%error, "The last traces were not sent.");
        }
    }
}

/// One call's trace; it ends at the latest when it is dropped.
#[derive(Debug)]
pub struct CallTrace(Option<(SdkTracer, Context)>);

impl CallTrace {
    /// A turn was answered, and its first sound left at `at`: its parts lie one behind the other before that, as the
    /// histograms `hotline_stage_seconds` and `hotline_voice_to_voice_seconds` count them.
    pub fn turn(&self, latency: &Latency, at: SystemTime) {
        let Some((tracer, call)) = &self.0 else { return };
        let Latency { turn, endpoint, stt, reply, tts, wire, total } = *latency;
        let mut from = at.checked_sub(total).unwrap_or(at);
        let span = SpanBuilder::from_name("turn").with_start_time(from);
        let span = span.with_attributes([KeyValue::new("hotline.turn", i64::from(turn.0))]);
        let whole = call.with_span(tracer.build_with_context(span, call));
        for (stage, lasted) in Stage::ALL.into_iter().zip([endpoint, stt, reply, tts, wire]) {
            let part = SpanBuilder::from_name(stage.name()).with_start_time(from);
            from += lasted;
            tracer.build_with_context(part, &whole).end_with_timestamp(from);
        }
        whole.span().end_with_timestamp(at);
    }

    /// The call is over, for this cause of `hotline_calls_total` or `hotline_chats_total`.
    pub fn end(&mut self, cause: &'static str, at: SystemTime) {
        if let Some((_, call)) = self.0.take() {
            call.span().set_attribute(KeyValue::new("hotline.cause", cause));
            call.span().end_with_timestamp(at);
        }
    }
}

fn resource() -> [KeyValue; 2] {
    [KeyValue::new("service.name", NAME), KeyValue::new("service.version", env!("CARGO_PKG_VERSION"))]
}

/// An exporter that counts what it cannot send, and tells of the first failure of a row.
#[derive(Debug)]
struct Counted {
    exporter: SpanExporter,
    failed: Arc<Counter>,
    /// Failures in a row.
    in_a_row: AtomicU64,
}

impl opentelemetry_sdk::trace::SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len() as u64;
        let sent = self.exporter.export(batch).await;
        match &sent {
            Ok(()) => self.in_a_row.store(0, Ordering::Relaxed),
            Err(error) => {
                self.failed.add(spans);
                if self.in_a_row.fetch_add(1, Ordering::Relaxed) == 0 {
                    tracing::warn!(%error, "Traces cannot be sent and are dropped; look at telemetry.otlp and its collector.");
                }
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
