//! Taking a call over by voice: the operator's browser is joined with the caller, and gives them back.
//! Never joins anybody without a line in the audit log, and never outlasts the operator's login.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::live::{no_call, order, took_part};
use super::{Console, Who};
use crate::engine::{Order, Seat, clock};
use crate::http::error::ApiError;
use crate::line::webrtc::{Link, Visitor};
use crate::privacy::Pii;
use crate::talk::{CallId, DESK};

/// How often is looked whether a seat is still taken.
const LOOK: Duration = Duration::from_secs(1);

/// A browser's offer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Offered {
    sdp: String,
}

/// `GET /console/api/seat`: the servers by which this operator's browser may be reached.
pub(super) async fn servers(State(console): State<Arc<Console>>, session: Who) -> Json<Value> {
    let now = clock::wall().timestamp().unsigned_abs();
    Json(json!({ "ice_servers": console.rooms.browsers.ice_servers(&session.who.name, now) }))
}

/// `POST /console/api/live/{id}/take-over`: answers the offer; once the browser is connected the bot announces the operator,
/// is silent, and the two are joined.
pub(super) async fn take_over(
    State(console): State<Arc<Console>>,
    session: Who,
    (Path(id), offered): (Path<String>, Result<Json<Offered>, JsonRejection>),
) -> Result<Json<Value>, ApiError> {
    let call = CallId::new(id).filter(|call| console.rooms.wall.listen(call).is_some()).ok_or_else(no_call)?;
    let Offered { sdp } = offered?.0;
    took_part(&console, &session, (call.clone(), "take over")).await?;
    let visitor = Visitor { from: Pii::new(session.who.name.clone()), to: DESK.to_owned() };
    let (browser, link, answer) = console.rooms.browsers.answer(&sdp, visitor).await?;
    let (wall, ends) = (console.rooms.wall.clone(), [session.over.clone(), console.rooms.stop.clone()]);
    console.rooms.tasks.spawn("seat", async move {
        match browser.connected().await {
            Ok(port) => match wall.order(&call, Order::TakeOver(Seat(Box::new(port)))) {
                Ok(()) => stay(&link, ends).await,
                Err(why) => tracing::info!(%call, ?why, "An operator came too late."),
            },
            Err(error) => tracing::info!(%error, "An operator's browser did not connect."),
        }
        link.hang_up().await;
    });
    Ok(Json(json!({ "sdp": answer })))
}

/// `POST /console/api/live/{id}/give-back`: the bot goes on.
pub(super) async fn give_back(
    State(console): State<Arc<Console>>,
    session: Who,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    order(&console, &session, (&id, "give back", Order::GiveBack)).await
}

/// Until the seat is left, the operator is logged out, or the program ends.
async fn stay(link: &Link, [over, stop]: [CancellationToken; 2]) {
    let mut looks = tokio::time::interval(LOOK);
    while !link.is_over() {
        tokio::select! {
            biased;
            () = over.cancelled() => return,
            () = stop.cancelled() => return,
            _ = looks.tick() => {}
        }
    }
}
