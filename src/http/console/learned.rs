//! What the pack learns from its gaps: a click adds it, if nothing gets worse; another takes it back.
//! Never changes the pack itself: the engine tries it first, and every wish is in the audit log before it is looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Who, failed, refused};
use crate::business::Addition;
use crate::engine::{Change, GrowthError, Tried};
use crate::http::error::ApiError;
use crate::store::audit::AuditEvent;
use crate::talk::Language;

/// Sentences that may be added at once.
const MOST: usize = 50;

/// What is to be added.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// The entry: one that is there, or the name of a new one.
    entry: String,
    /// How callers put it.
    said: Vec<String>,
    /// What a new entry is about, a language each.
    #[serde(default)]
    about: BTreeMap<Language, String>,
    /// What is answered, a language each.
    #[serde(default)]
    answer: BTreeMap<Language, String>,
}

/// `GET /console/api/learned`: what was learnt, the latest first.
pub(super) async fn list(State(console): State<Arc<Console>>) -> Result<Json<Value>, ApiError> {
    let changes = console.off_the_line(|console| console.rooms.growth.changes()).await??;
    Ok(Json(
        json!({ "changes": changes.iter().rev().map(row).collect::<Vec<_>>(), "languages": (console.rooms.pack)().languages() }),
    ))
}

/// `POST /console/api/learned`: tries it, and goes on with it if nothing gets worse; else what would.
pub(super) async fn add(
    State(console): State<Arc<Console>>,
    session: Who,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Result<Json<Tried>, ApiError> {
    let Wish { entry, said, about, mut answer } = wish?.0;
    if said.len() > MOST || about.keys().ne(answer.keys()) {
        let error =
            "at most 50 sentences are added at once, and what a new entry is about needs its answer in the same languages";
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, error, "add them in two steps, or fill in both"));
    }
    let told = about.into_iter().filter_map(|(language, about)| Some((language, (about, answer.remove(&language)?)))).collect();
    note(&console, &session, Some(entry.clone())).await?;
    let addition = Addition { entry, phrasings: said, told };
    Ok(Json(console.rooms.growth.add(addition, session.who.name.clone()).await?))
}

/// `POST /console/api/learned/undo`: takes the latest back.
pub(super) async fn undo(State(console): State<Arc<Console>>, session: Who) -> Result<Json<Value>, ApiError> {
    note(&console, &session, None).await?;
    Ok(Json(row(&console.rooms.growth.undo().await?)))
}

async fn note(console: &Arc<Console>, session: &super::Session, entry: Option<String>) -> Result<(), ApiError> {
    let event = AuditEvent::Taught { by: session.who.name.clone(), entry };
    Ok(console.off_the_line(move |console| console.audit(&event)).await??)
}

fn row(change: &Change) -> Value {
    json!({ "at": change.at, "by": change.by, "entry": change.entry, "said": change.phrasings })
}

impl From<GrowthError> for ApiError {
    fn from(error: GrowthError) -> Self {
        let (status, fix) = match &error {
            GrowthError::Busy => (StatusCode::CONFLICT, "try again in a minute"),
            GrowthError::Empty => (StatusCode::UNPROCESSABLE_ENTITY, "choose other sentences"),
            GrowthError::Nothing => (StatusCode::NOT_FOUND, "add something first"),
            GrowthError::Changed => (StatusCode::CONFLICT, "edit the pack by hand"),
            GrowthError::Disk(_)
            | GrowthError::Trial(_)
            | GrowthError::Dialogue(_)
            | GrowthError::Pack(_)
            | GrowthError::Stopping => {
                tracing::error!(%error, "What was to be learnt could not be tried.");
                return failed("it could not be tried");
            }
        };
        refused(status, &error.to_string(), fix)
    }
}
