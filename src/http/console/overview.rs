//! Figures over the calls of some days, from the journal, with the definitions of the Prometheus metrics.
//! Never a figure without the number of things it is made of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::Response;
use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::Console;
use super::past::download;
use crate::engine::clock;
use crate::http::error::ApiError;
use crate::store::journal::JournalEvent;
use crate::store::{CallRecord, CallRecords, StoreError};
use crate::telemetry::Percentiles;

/// More calls are not read for one answer; the answer says so.
const MOST: usize = 5_000;
/// The cause of a call that was handed to a person.
const TRANSFERRED: &str = "transferred";

/// How far back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Days, today among them; 7 if nothing is said.
    days: Option<u16>,
}

/// A call in figures: nothing of the caller.
#[derive(Serialize)]
pub(super) struct Figures {
    call: String,
    day: NaiveDate,
    /// What it came by: `sip/udp`, `webrtc`, `chat`, `whatsapp` …
    channel: String,
    /// `None` while it lasts.
    cause: Option<String>,
    handle_ms: u64,
    turns: usize,
    barge_ins: usize,
    no_matches: usize,
    /// The feeling told last.
    emotion: Option<String>,
    /// The pack it ended with, and its version.
    pack: Option<String>,
    /// The flows that were begun and the entries that were answered.
    #[serde(serialize_with = "joined")]
    intents: BTreeSet<String>,
    /// How satisfied the caller was, from 1 to 5, where asked and told.
    rating: Option<u8>,
    /// Voice to voice of each answered turn.
    #[serde(skip)]
    latency: Vec<Duration>,
    latency_p50_ms: Option<u64>,
    latency_p95_ms: Option<u64>,
}

/// `GET /console/api/overview?days=7`.
pub(super) async fn figures(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Result<Json<Value>, ApiError> {
    let (calls, is_whole) = read(&console, &asked).await?;
    let mut days: BTreeMap<NaiveDate, Vec<&Figures>> = BTreeMap::new();
    for call in &calls {
        days.entry(call.day).or_default().push(call);
    }
    let days: Vec<_> = days.iter().map(|(day, calls)| with(json!({ "day": day }), summed(calls))).collect();
    let all: Vec<_> = calls.iter().collect();
    Ok(Json(
        json!({ "today": clock::wall().date_naive(), "is_whole": is_whole, "all": summed(&all), "days": days, "intents": by_intent(&calls) }),
    ))
}

/// `GET /console/api/overview/calls.csv`: a call a line.
pub(super) async fn csv(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Result<Response, ApiError> {
    let (calls, _) = read(&console, &asked).await?;
    let mut table = csv::Writer::from_writer(Vec::new());
    calls.iter().try_for_each(|call| table.serialize(call)).expect("plain values, and memory takes everything");
    Ok(download("calls.csv", "text/csv; charset=utf-8", table.into_inner().expect("memory takes everything")))
}

/// `GET /console/api/overview/calls.ndjson`: a call a line.
pub(super) async fn ndjson(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Result<Response, ApiError> {
    let (calls, _) = read(&console, &asked).await?;
    let lines = calls.iter().map(|call| serde_json::to_string(call).expect("text keys and plain values") + "\n");
    Ok(download("calls.ndjson", "application/x-ndjson", lines.collect::<String>().into_bytes()))
}

/// The calls asked for, the latest first, and whether these are all.
async fn read(console: &Arc<Console>, asked: &Asked) -> Result<(Vec<Figures>, bool), ApiError> {
    let days = asked.days.unwrap_or(7).max(1);
    let first = clock::wall().date_naive() - TimeDelta::days(i64::from(days) - 1);
    Ok(console.off_the_line(move |console| since(&console.rooms.archive.records(), first)).await??)
}

fn since(records: &CallRecords, first: NaiveDate) -> Result<(Vec<Figures>, bool), StoreError> {
    let begins = first.format("%Y%m%d").to_string();
    let ids = records.ids()?.into_iter().take_while(|id| id.as_str() >= begins.as_str());
    let mut calls = Vec::new();
    for id in ids {
        if calls.len() == MOST {
            return Ok((calls, false));
        }
        calls.extend(Figures::of(&records.show(&id)?));
    }
    Ok((calls, true))
}

impl Figures {
    fn of(record: &CallRecord) -> Option<Self> {
        let summary = record.summary();
        let mut call = Self {
            call: record.id.to_string(),
            day: summary.started?.date(),
            channel: summary.channel,
            cause: summary.cause,
            handle_ms: summary.length.as_millis() as u64,
            turns: summary.turns,
            barge_ins: summary.barge_ins,
            no_matches: 0,
            emotion: None,
            pack: None,
            intents: BTreeSet::new(),
            rating: None,
            latency: Vec::new(),
            latency_p50_ms: None,
            latency_p95_ms: None,
        };
        for entry in &record.entries {
            if let JournalEvent::Transcript { text, is_final: true, .. } = &entry.event {
                call.no_matches += usize::from(text.trim().is_empty());
            } else if let JournalEvent::Feeling { emotion, .. } = &entry.event {
                call.emotion = Some(emotion.clone());
            } else if let JournalEvent::Pack { name, version } = &entry.event {
                call.pack = Some(format!("{name} {version}"));
            } else if let JournalEvent::Understood { commands, .. } = &entry.event {
                call.intents.extend(commands.iter().filter_map(|command| intent(command)));
            } else if let JournalEvent::Rating { stars } = entry.event {
                call.rating = Some(stars);
            } else if let JournalEvent::Latency { total_ms, .. } = entry.event {
                call.latency.push(Duration::from_millis(total_ms));
            }
        }
        let percentiles = Percentiles::of(&call.latency);
        call.latency_p50_ms = percentiles.map(|p| p.p50.as_millis() as u64);
        call.latency_p95_ms = percentiles.map(|p| p.p95.as_millis() as u64);
        Some(call)
    }
}

/// What a command of the journal is about, if it is a flow or an entry.
fn intent(command: &str) -> Option<String> {
    let about = command.strip_prefix("start_flow ").or_else(|| command.strip_prefix("answer "));
    about.map(str::to_owned)
}

fn joined<S: Serializer>(intents: &BTreeSet<String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&intents.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
}

/// The figures of each intent of each version of a pack; a call about two things counts for both.
fn by_intent(calls: &[Figures]) -> Vec<Value> {
    let mut groups: BTreeMap<(&str, &str), Vec<&Figures>> = BTreeMap::new();
    for call in calls {
        let none = call.intents.is_empty().then_some("none");
        for intent in call.intents.iter().map(String::as_str).chain(none) {
            groups.entry((intent, call.pack.as_deref().unwrap_or("not told"))).or_default().push(call);
        }
    }
    let group =
        |((intent, pack), calls): (&(&str, &str), &Vec<&Figures>)| with(json!({ "intent": intent, "pack": pack }), summed(calls));
    groups.iter().map(group).collect()
}

/// Some calls in figures; the page says beside each what it means.
fn summed(calls: &[&Figures]) -> Value {
    let ended: Vec<_> = calls.iter().filter(|call| call.cause.is_some()).collect();
    let transferred = ended.iter().filter(|call| call.cause.as_deref() == Some(TRANSFERRED)).count();
    let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut emotions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut channels: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        *channels.entry(if call.channel.is_empty() { "not told" } else { &call.channel }).or_default() += 1;
        *causes.entry(call.cause.as_deref().unwrap_or("not ended")).or_default() += 1;
        *emotions.entry(call.emotion.as_deref().unwrap_or("not read")).or_default() += 1;
    }
    let total = |of: fn(&Figures) -> usize| calls.iter().map(|call| of(call)).sum::<usize>();
    let share = |part: usize, whole: usize| (whole > 0).then(|| part as f64 / whole as f64);
    let latency: Vec<_> = calls.iter().flat_map(|call| call.latency.iter().copied()).collect();
    let percentiles = Percentiles::of(&latency);
    let ratings: Vec<u8> = calls.iter().filter_map(|call| call.rating).collect();
    let stars = |n: u8| ratings.iter().filter(|stars| **stars == n).count();
    let handled: u64 = ended.iter().map(|call| call.handle_ms).sum();
    json!({
        "calls": calls.len(),
        "ended": ended.len(),
        "containment": share(ended.len() - transferred, ended.len()),
        "channels": channels,
        "causes": causes,
        "handle_ms": handled.checked_div(ended.len() as u64),
        "turns": total(|call| call.turns),
        "barge_ins": total(|call| call.barge_ins),
        "no_matches": total(|call| call.no_matches),
        "answered": latency.len(),
        "latency_p50_ms": percentiles.map(|p| p.p50.as_millis() as u64),
        "latency_p95_ms": percentiles.map(|p| p.p95.as_millis() as u64),
        "emotions": emotions,
        "rated": ratings.len(),
        "satisfaction": share(ratings.iter().map(|stars| usize::from(*stars)).sum(), ratings.len()),
        "ratings": (1..=5).map(|n| (n.to_string(), stars(n))).collect::<BTreeMap<_, _>>(),
    })
}

fn with(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::Entry;
    use crate::talk::CallId;

    fn call(lines: &[&str]) -> Figures {
        let entries: Vec<Entry> = lines.iter().map(|line| serde_json::from_str(line).expect("an entry")).collect();
        let id = CallId::new("20261122-151923-kqzt").expect("an id");
        let record = CallRecord { id, entries, lines: Vec::new(), damage: Vec::new(), is_closed: true, is_recorded: false };
        Figures::of(&record).expect("its id tells the day")
    }

    #[test]
    fn figures_mean_what_the_page_says() {
        let one = call(&[
            r#"{"t_ms":0,"kind":"call_started","from":"1","to":"2","transport":"sip/udp","codec":"PCMA"}"#,
            r#"{"t_ms":0,"kind":"pack","name":"shop","version":"1a"}"#,
            r#"{"t_ms":800,"turn":1,"kind":"understood","brain":"embedded","commands":["start_flow order_status","answer fees"]}"#,
            r#"{"t_ms":900,"turn":1,"kind":"transcript","text":" ","final":true,"engine":"x","language":"en"}"#,
            r#"{"t_ms":950,"turn":1,"kind":"feeling","emotion":"anger","confidence":0.9,"cue":null}"#,
            r#"{"t_ms":1000,"turn":1,"kind":"latency","endpoint_ms":1,"stt_ms":1,"reply_ms":1,"tts_ms":1,"wire_ms":1,"total_ms":500}"#,
            r#"{"t_ms":3000,"turn":2,"kind":"rating","stars":4}"#,
            r#"{"t_ms":4000,"kind":"call_ended","cause":"transferred"}"#,
        ]);
        let other = call(&[r#"{"t_ms":2000,"kind":"call_ended","cause":"caller"}"#]);
        let lasting = call(&[r#"{"t_ms":9000,"kind":"reply_started"}"#]);
        let figures = summed(&[&one, &other, &lasting]);
        assert_eq!((&figures["calls"], &figures["ended"], &figures["containment"]), (&json!(3), &json!(2), &json!(0.5)));
        assert_eq!((&figures["handle_ms"], &figures["no_matches"]), (&json!(3_000), &json!(1)));
        assert_eq!(figures["causes"], json!({ "transferred": 1, "caller": 1, "not ended": 1 }));
        assert_eq!(figures["channels"], json!({ "sip/udp": 1, "not told": 2 }));
        assert_eq!(figures["emotions"], json!({ "anger": 1, "not read": 2 }));
        assert_eq!((&figures["answered"], &figures["latency_p95_ms"]), (&json!(1), &json!(500)));
        assert_eq!((&figures["rated"], &figures["satisfaction"], &figures["ratings"]["4"]), (&json!(1), &json!(4.0), &json!(1)));
        assert_eq!((&summed(&[])["containment"], &summed(&[])["satisfaction"]), (&Value::Null, &Value::Null));
        let told: Vec<_> = by_intent(&[one, other, lasting])
            .iter()
            .map(|group| (group["intent"].clone(), group["pack"].clone(), group["calls"].clone(), group["satisfaction"].clone()))
            .collect();
        let rated = |intent: &str| (json!(intent), json!("shop 1a"), json!(1), json!(4.0));
        assert_eq!(told, [rated("fees"), (json!("none"), json!("not told"), json!(2), Value::Null), rated("order_status")]);
    }
}
