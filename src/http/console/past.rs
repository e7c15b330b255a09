//! Past calls: the list, one call with everything that happened in it, its sound.
//! Never shows one without a line in the audit log.

use std::io::Cursor;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::live::{no_call, shown};
use super::{Console, Who};
use crate::business::Pack;
use crate::http::error::ApiError;
use crate::privacy::redact;
use crate::store::audit::AuditEvent;
use crate::store::journal::JournalEvent;
use crate::store::{CallRecord, CallSummary, StoreError, recording};
use crate::talk::CallId;

/// Calls a page of the list.
const PAGE: usize = 50;

/// Entries of the knowledge shown a turn.
const HITS: usize = 3;

/// Which page of the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Calls that began before this one.
    before: Option<String>,
}

/// `GET /console/api/calls`: the latest calls, or those before a given one.
pub(super) async fn list(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Result<Json<Value>, ApiError> {
    let page = console.off_the_line(move |console| {
        let records = console.rooms.archive.records();
        let is_before = |id: &CallId| asked.before.as_deref().is_none_or(|before| id.as_str() < before);
        let ids: Vec<_> = records.ids()?.into_iter().filter(is_before).take(PAGE).collect();
        let calls = ids.iter().map(|id| Ok(records.show(id)?.summary())).collect::<Result<Vec<_>, StoreError>>()?;
        Ok::<_, StoreError>(json!({ "calls": calls.iter().map(row).collect::<Vec<_>>(), "more": ids.len() == PAGE }))
    });
    Ok(Json(page.await??))
}

/// `GET /console/api/calls/{id}`: everything that happened.
pub(super) async fn show(
    State(console): State<Arc<Console>>,
    session: Who,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let record = opened(&console, &session, (&id, "events")).await?;
    Ok(Json(json!({
        "call": row(&record.summary()),
        "entries": record.entries.iter().map(shown).collect::<Vec<_>>(),
        "hits": hits(&record, &(console.rooms.pack)()),
        "is_closed": record.is_closed,
        "is_recorded": record.is_recorded,
        "damage": record.damage.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })))
}

/// `GET /console/api/calls/{id}/events.jsonl`: the same, an entry a line, to keep.
pub(super) async fn events(
    State(console): State<Arc<Console>>,
    session: Who,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let record = opened(&console, &session, (&id, "events")).await?;
    let lines: String = record.entries.iter().map(|entry| format!("{}\n", shown(entry))).collect();
    Ok(download(&format!("{id}.jsonl"), "application/x-ndjson", lines.into_bytes()))
}

/// `GET /console/api/calls/{id}/recording.wav`: left the caller, right the bot.
pub(super) async fn recording(
    State(console): State<Arc<Console>>,
    session: Who,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let call = CallId::new(id.clone()).ok_or_else(no_call)?;
    let by = session.who.name.clone();
    let wav = console.off_the_line(move |console| {
        console.audit(&AuditEvent::Access { call: call.clone(), what: "recording", by })?;
        let mut wav = Cursor::new(Vec::new());
        recording::read(console.rooms.archive.vault(), &call, &mut wav)?;
        Ok::<_, StoreError>(wav.into_inner())
    });
    Ok(download(&format!("{id}.wav"), "audio/wav", wav.await??))
}

async fn opened(
    console: &Arc<Console>,
    session: &super::Session,
    (id, what): (&str, &'static str),
) -> Result<CallRecord, ApiError> {
    let call = CallId::new(id).ok_or_else(no_call)?;
    let by = session.who.name.clone();
    let record = console.off_the_line(move |console| {
        let record = console.rooms.archive.records().show(&call)?;
        console.audit(&AuditEvent::Access { call, what, by })?;
        Ok::<_, StoreError>(record)
    });
    Ok(record.await??)
}

/// A file that the browser keeps.
pub(super) fn download(name: &str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], bytes).into_response()
}

/// What the pack's knowledge, as it stands now, holds for each turn: the best entries with their BM25 scores.
fn hits(record: &CallRecord, pack: &Pack) -> Vec<Value> {
    let said = record.entries.iter().filter_map(|entry| {
        let JournalEvent::Transcript { text, is_final: true, .. } = &entry.event else { return None };
        (!text.trim().is_empty()).then_some((entry.turn, text))
    });
    let best = |text: &str| {
        let found = pack.knowledge().search(text).into_iter().take(HITS);
        found.map(|(entry, score)| json!({ "id": entry.id, "score": score })).collect::<Vec<_>>()
    };
    said.map(|(turn, text)| json!({ "turn": turn, "entries": best(text) })).collect()
}

fn row(call: &CallSummary) -> Value {
    json!({
        "id": call.id.as_str(),
        "started": call.started.map(|at| at.to_string()),
        "from": redact(call.from.reveal()),
        "channel": call.channel,
        "length_ms": call.length.as_millis() as u64,
        "turns": call.turns,
        "barge_ins": call.barge_ins,
        "cause": call.cause,
        "damaged": call.damaged,
    })
}
