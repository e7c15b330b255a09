//! The accounts, for admins: who has one, a one-time link for another, away with one.
//! Never shows a link twice.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, Who, path_of};
use crate::http::error::ApiError;
use crate::store::audit::AuditEvent;
use crate::store::operators::{Operator, Role};

/// The body of an invitation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitation {
    name: String,
    role: Role,
}

/// `GET /console/api/accounts`.
pub(super) async fn list(State(console): State<Arc<Console>>) -> Json<Value> {
    Json(json!({ "accounts": console.operators.list() }))
}

/// `POST /console/api/accounts`: a one-time link for a new account, or for one whose password is lost.
pub(super) async fn invite(
    State(console): State<Arc<Console>>,
    session: Who,
    invitation: Result<Json<Invitation>, JsonRejection>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let Invitation { name, role } = invitation?.0;
    let (until, by) = (console.link_until(), session.who.name.clone());
    let link = console.off_the_line(move |console| {
        let link = console.operators.invite(&Operator { name: name.clone(), role }, until)?;
        // A role that was changed counts from now on.
        console.sessions.end_all_of(&name);
        console.audit(&AuditEvent::Account { by, of: name, what: "invited" })?;
        Ok::<_, ApiError>(link)
    });
    let path = path_of(&link.await??);
    Ok((StatusCode::CREATED, Json(json!({ "path": path, "until": until }))))
}

/// `DELETE /console/api/accounts/{name}`.
pub(super) async fn remove(
    State(console): State<Arc<Console>>,
    session: Who,
    Path(name): Path<String>,
) -> Result<StatusCode, ApiError> {
    let by = session.who.name.clone();
    let removed = console.off_the_line(move |console| {
        console.operators.remove(&name)?;
        console.sessions.end_all_of(&name);
        console.audit(&AuditEvent::Account { by, of: name, what: "removed" })?;
        Ok::<_, ApiError>(())
    });
    removed.await??;
    Ok(StatusCode::NO_CONTENT)
}
