//! Listening in: a call's sound for one operator, over a WebSocket.
//! Never sends anything to the call, and never opens without a line in the audit log.

use std::sync::Arc;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::live::{no_call, took_part};
use super::{Console, Who, is_own_page, refused};
use crate::engine::Overheard;
use crate::http::error::ApiError;
use crate::talk::CallId;

/// `GET /console/api/live/{id}/listen`: `{"rate": …}`, then 20 ms a message, 16-bit little-endian, caller left and bot right.
pub(super) async fn open(
    State(console): State<Arc<Console>>,
    (session, headers): (Who, HeaderMap),
    Path(id): Path<String>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    if !is_own_page(&headers) {
        return Err(refused(StatusCode::FORBIDDEN, "another site's page may not listen in", "open /console itself"));
    }
    let call = CallId::new(id).ok_or_else(no_call)?;
    let sound = console.rooms.wall.listen(&call).ok_or_else(no_call)?;
    took_part(&console, &session, (call, "listen")).await?;
    let ends = [session.over.clone(), console.rooms.stop.clone()];
    Ok(upgrade.max_message_size(1_024).on_upgrade(move |socket| pass_on(socket, sound, ends)))
}

async fn pass_on(mut socket: WebSocket, mut sound: Receiver<Overheard>, [over, stop]: [CancellationToken; 2]) {
    let mut told_rate = None;
    loop {
        let overheard = tokio::select! {
            biased;
            () = over.cancelled() => return,
            () = stop.cancelled() => return,
            // Whoever listens says nothing; what comes is the end, or a ping that is answered below us.
            said = socket.recv() => match said {
                Some(Ok(_)) => continue,
                Some(Err(_)) | None => return,
            },
            overheard = sound.recv() => match overheard {
                Ok(overheard) => overheard,
                Err(RecvError::Lagged(_)) => continue,
                Err(RecvError::Closed) => return,
            },
        };
        if told_rate != Some(overheard.rate) {
            told_rate = Some(overheard.rate);
            if socket.send(Message::text(json!({ "rate": overheard.rate.hz() }).to_string())).await.is_err() {
                return;
            }
        }
        let bytes: Vec<u8> = overheard.stereo.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        if socket.send(Message::binary(bytes)).await.is_err() {
            return;
        }
    }
}
