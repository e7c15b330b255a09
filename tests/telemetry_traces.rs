//! Traces of whole calls, as a collector gets them by OTLP/HTTP; and a line whose collector is gone.
//! Never trusts the exporter: what the collector received is read.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/house.rs"]
mod house;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use hotline::config::Config;
use hotline::engine::{Tasks, clock};
use hotline::http::serve;
use hotline::line::CloseCause;
use hotline::telemetry::Stage;
use house::{Ear, House, Tone, until_ended};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

const NUMBER: &str = "+493099990000";

/// A collector that keeps what it gets; its address.
async fn collector() -> (String, mpsc::UnboundedReceiver<(String, Value)>) {
    let (sender, taken) = mpsc::unbounded_channel();
    let take = async |State(sender): State<mpsc::UnboundedSender<(String, Value)>>, at: Uri, body: axum::Json<Value>| {
        sender.send((at.path().to_owned(), body.0)).ok();
        "{}"
    };
    let router = Router::new().fallback(take).with_state(sender);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    Tasks::default().spawn("collector", async move { serve(listener, router, std::future::pending()).await.expect("served") });
    (url, taken)
}

/// A caller of this line asks, hears the answer and hangs up; then the line closes.
async fn a_call(change: impl FnOnce(&mut Config)) {
    let mut house = House::open_as(Ear::of(&["what are your opening hours", "goodbye"]), Tone::default(), change).await;
    let mut caller = house.caller_from(NUMBER).await;
    house.until_said(&mut caller).await;
    house.ask(&mut caller).await;
    house.ask(&mut caller).await;
    assert_eq!(until_ended(&mut caller).await, CloseCause::RemoteHangup);
    house.close().await;
}

fn text<'a>(span: &'a Value, name: &str) -> &'a str {
    span[name].as_str().unwrap_or_default()
}

fn nanoseconds(span: &Value, name: &str) -> u64 {
    text(span, name).parse().expect("a count of nanoseconds")
}

fn attribute<'a>(span: &'a Value, key: &str) -> &'a Value {
    let all = span["attributes"].as_array().expect("attributes");
    &all.iter().find(|one| one["key"] == key).unwrap_or_else(|| panic!("no {key} in {span}"))["value"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_a_span_a_call_one_a_turn_and_one_a_stage_and_nothing_of_the_caller() {
    let (url, mut taken) = collector().await;
    a_call(|config| config.telemetry.otlp = format!("{url}/")).await;
    let mut spans = Vec::new();
    while let Ok((path, body)) = taken.try_recv() {
        assert_eq!(path, "/v1/traces");
        assert!(!body.to_string().contains("49309999") && !body.to_string().contains("opening hours"), "{body}");
        assert!(body["resourceSpans"][0]["resource"].to_string().contains("hotline"), "{body}");
        spans.extend(body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().expect("spans").clone());
    }
    let named = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let calls = named("call");
    assert_eq!(calls.len(), 1);
    assert_eq!(attribute(calls[0], "hotline.cause")["stringValue"], "bot");
    assert_eq!(attribute(calls[0], "hotline.transport")["stringValue"], "sip/udp");
    let turns = named("turn");
    assert_eq!(turns.len(), 2, "{spans:#?}");
    for turn in turns {
        assert_eq!((text(turn, "parentSpanId"), text(turn, "traceId")), (text(calls[0], "spanId"), text(calls[0], "traceId")));
        let mut at = nanoseconds(turn, "startTimeUnixNano");
        for stage in Stage::ALL {
            let parts = named(stage.name());
            let part = parts.iter().find(|part| part["parentSpanId"] == turn["spanId"]).expect("each stage has its span");
            assert_eq!(nanoseconds(part, "startTimeUnixNano"), at, "{} follows what was before it", stage.name());
            at = nanoseconds(part, "endTimeUnixNano");
        }
        assert!(at.abs_diff(nanoseconds(turn, "endTimeUnixNano")) < 1_000_000, "the stages are the whole turn");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_or_never_answers_is_in_no_calls_way() {
    let nobody = {
        let port = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        format!("http://{}", port.local_addr().expect("bound"))
    };
    a_call(|config| config.telemetry.otlp = nobody).await;
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", silent.local_addr().expect("bound"));
    let began = clock::now();
    a_call(|config| config.telemetry.otlp = url).await;
    assert!(began.elapsed() < Duration::from_secs(40), "the line closes all the same");
}
