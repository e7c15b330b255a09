//! The live wall: what happens on every call as server-sent events, and the operator's hand on a call.
//! Never shows a number, card or address that was said: they are hidden as in the journal.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::Stream;
use futures::stream::unfold;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{Console, Who, refused};
use crate::engine::{Lasting, NotTaken, Order, Told};
use crate::http::error::ApiError;
use crate::privacy::{Pii, redact};
use crate::store::audit::AuditEvent;
use crate::store::journal::{Entry, JournalEvent};
use crate::talk::{CallId, Hint};

/// Longest hint, in characters.
const LONGEST_HINT: usize = 500;

/// The body of a hint.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Hinted {
    /// Turn to what this names.
    Steer(String),
    /// Say this.
    Say(String),
    /// Say this, though a figure in it stands in no source.
    SayAnyway(String),
}

/// One operator's view of the wall.
struct View {
    console: Arc<Console>,
    session: Arc<super::Session>,
    told: Receiver<Told>,
    waiting: VecDeque<Event>,
}

/// `GET /console/api/live`: `wall` with all calls, then `began`, `entry`, `levels` and `over` as they happen. A view that was
/// too slow is told `wall` again.
pub(super) async fn stream(
    State(console): State<Arc<Console>>,
    session: Who,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let (lasting, told) = console.rooms.wall.watch();
    let view = View { console, session: session.0, told, waiting: VecDeque::from([wall(&lasting)]) };
    Sse::new(unfold(view, async |mut view| Some((Ok(view.next().await?), view)))).keep_alive(KeepAlive::default())
}

/// `POST /console/api/live/{id}/hang-up`.
pub(super) async fn hang_up(
    State(console): State<Arc<Console>>,
    session: Who,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    order(&console, &session, (&id, "hang-up", Order::HangUp)).await
}

/// `POST /console/api/live/{id}/hint`: `{"steer": …}` turns the bot to an entry, a flow or a person, `{"say": …}` has it say that, and
/// `{"say_anyway": …}` has it say figures for which the operator answers.
pub(super) async fn hint(
    State(console): State<Arc<Console>>,
    session: Who,
    (Path(id), hint): (Path<String>, Result<Json<Hinted>, JsonRejection>),
) -> Result<StatusCode, ApiError> {
    let (as_hint, how, text): (fn(Pii<String>) -> Hint, _, _) = match hint?.0 {
        Hinted::Steer(text) => (Hint::Steer, "hint", text),
        Hinted::Say(text) => (Hint::Say, "hint to say", text),
        Hinted::SayAnyway(text) => (Hint::SayAnyway, "hint to say, with figures of their own", text),
    };
    let text = text.trim().to_owned();
    if text.is_empty() || text.chars().count() > LONGEST_HINT {
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "a hint has 1 to 500 characters", "write a short sentence"));
    }
    order(&console, &session, (&id, how, Order::Hint(as_hint(Pii::new(text))))).await
}

pub(super) async fn order(
    console: &Arc<Console>,
    session: &super::Session,
    (id, how, order): (&str, &'static str, Order),
) -> Result<StatusCode, ApiError> {
    let call = CallId::new(id).ok_or_else(no_call)?;
    took_part(console, session, (call.clone(), how)).await?;
    match console.rooms.wall.order(&call, order) {
        Ok(()) => Ok(StatusCode::ACCEPTED),
        Err(NotTaken::NoCall) => Err(no_call()),
        Err(NotTaken::Busy) => {
            Err(refused(StatusCode::SERVICE_UNAVAILABLE, "the call has not done what was asked before", "try again in a second"))
        }
    }
}

/// Notes in the audit log who is about to do what.
pub(super) async fn took_part(
    console: &Arc<Console>,
    session: &super::Session,
    (call, how): (CallId, &'static str),
) -> Result<(), ApiError> {
    let event = AuditEvent::TookPart { by: session.who.name.clone(), call, how };
    Ok(console.off_the_line(move |console| console.audit(&event)).await??)
}

pub(super) fn no_call() -> ApiError {
    refused(StatusCode::NOT_FOUND, "no such call, or it is over", "choose one of the wall")
}

impl View {
    async fn next(&mut self) -> Option<Event> {
        if let Some(event) = self.waiting.pop_front() {
            return Some(event);
        }
        let told = tokio::select! {
            biased;
            () = self.session.over.cancelled() => return None,
            () = self.console.rooms.stop.cancelled() => return None,
            told = self.told.recv() => told,
        };
        match told {
            Ok(Told::Began(id, since)) => Some(event("began", &json!({ "call": id.as_str(), "since": since }))),
            Ok(Told::Happened(id, entry)) => Some(event("entry", &json!({ "call": id.as_str(), "entry": shown(&entry) }))),
            Ok(Told::Levels(id, [caller, bot])) => {
                Some(event("levels", &json!({ "call": id.as_str(), "caller_db": caller.db(), "bot_db": bot.db() })))
            }
            Ok(Told::Over(id)) => Some(event("over", &json!({ "call": id.as_str() }))),
            Err(RecvError::Lagged(_)) => {
                let (lasting, told) = self.console.rooms.wall.watch();
                self.told = told;
                Some(wall(&lasting))
            }
            Err(RecvError::Closed) => None,
        }
    }
}

fn wall(lasting: &[Lasting]) -> Event {
    let call = |call: &Lasting| {
        let latest: Vec<_> = call.latest.iter().map(|entry| shown(entry)).collect();
        json!({ "call": call.id.as_str(), "since": call.since, "latest": latest })
    };
    event("wall", &json!({ "calls": lasting.iter().map(call).collect::<Vec<_>>() }))
}

fn event(name: &str, data: &Value) -> Event {
    Event::default().event(name).data(data.to_string())
}

/// An entry as an operator may see it.
pub(super) fn shown(entry: &Entry) -> Value {
    let mut entry = entry.clone();
    entry.event.redact();
    if let JournalEvent::CallStarted { from, .. } = &mut entry.event {
        *from = redact(from);
    } else if let JournalEvent::Digit { digit } = &mut entry.event {
        // Keys are what people type secrets with.
        *digit = '•';
    }
    serde_json::to_value(entry).expect("text keys and plain values")
}
