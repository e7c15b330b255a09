//! `/v1/widget/calls`: an offer makes a call, fragments change it, DELETE hangs up (WHIP, RFC 9725).
//! Never tells one page of another's call.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::sessions::Session;
use super::{Address, Widget};
use crate::engine::Loan;
use crate::engine::reply::Dialogue;
use crate::http::error::ApiError;
use crate::http::talk::{Caller, TalkError};
use crate::line::webrtc::{Link, WebRtcError};
use crate::privacy::Pii;

const OFFER: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// Answers an offer. A call that the page has already is hung up: the page was loaded anew.
pub(super) async fn begin(
    State(widget): State<Arc<Widget>>,
    Address(address): Address,
    headers: HeaderMap,
    offer: String,
) -> Result<Response, ApiError> {
    let session = widget.sessions.find(bearer(&headers))?;
    is_of(&headers, OFFER)?;
    if let Some(link) = session.link() {
        link.hang_up().await;
    }
    let dialogue = session.carried(&*widget.chat).await;
    let language = session.language().or_else(|| dialogue.as_ref().map(Dialogue::language));
    let (loan, returned) = Loan::of(dialogue);
    session.set_returned(returned);
    widget.sessions.may_call(address)?;
    let caller = Caller {
        from: Pii::new(address.to_string()),
        origin: headers.get(ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default().to_owned(),
        language,
        page: session.told.clone(),
        loan,
    };
    let answered = widget.talk.answer(&offer, caller).await?;
    let location = format!("/v1/widget/calls/{}", answered.id);
    session.set_call(answered.id, answered.link);
    Ok((StatusCode::CREATED, [(CONTENT_TYPE, OFFER.to_owned()), (LOCATION, location)], answered.sdp).into_response())
}

/// Takes late candidates (204), or restarts ICE and answers with our part (200).
pub(super) async fn trickle(
    State(widget): State<Arc<Widget>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    fragment: String,
) -> Result<Response, ApiError> {
    let (_, link) = owned(&widget, &id, &headers)?;
    is_of(&headers, FRAGMENT)?;
    Ok(match link.trickle(&fragment).await? {
        Some(answer) => (StatusCode::OK, [(CONTENT_TYPE, FRAGMENT)], answer).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Hangs up.
pub(super) async fn hang_up(
    State(widget): State<Arc<Widget>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    let (_, link) = owned(&widget, &id, &headers)?;
    link.hang_up().await;
    Ok(StatusCode::OK)
}

/// The token of the header `Authorization: Bearer`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
}

fn owned(widget: &Widget, id: &str, headers: &HeaderMap) -> Result<(Arc<Session>, Link), ApiError> {
    let session = widget.sessions.find(bearer(headers))?;
    match session.call() {
        Some((call, link)) if call.as_str() == id => Ok((session, link)),
        Some(_) | None => Err(ApiError::no_call()),
    }
}

fn is_of(headers: &HeaderMap, kind: &str) -> Result<(), ApiError> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_so = given.split(';').next().is_some_and(|given| given.trim().eq_ignore_ascii_case(kind));
    if is_so { Ok(()) } else { Err(ApiError::wrong_type()) }
}

impl From<TalkError> for ApiError {
    fn from(error: TalkError) -> Self {
        match error {
            TalkError::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, "all lines are busy", "try again in a second"),
            TalkError::WebRtc(error) => error.into(),
        }
    }
}

impl From<WebRtcError> for ApiError {
    fn from(error: WebRtcError) -> Self {
        match error {
            WebRtcError::Offer(_) => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                error.to_string(),
                "send the offer of an RTCPeerConnection with one audio track, or a fragment of it",
            ),
            WebRtcError::Over | WebRtcError::NotConnected(_) => Self::no_call(),
            WebRtcError::Port(_) | WebRtcError::TurnSecret { .. } => {
                tracing::error!(%error, "A browser could not be answered.");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no line is free", "try again in a second")
            }
        }
    }
}
