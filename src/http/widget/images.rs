//! `POST /v1/widget/images`: a photo says something in its page's conversation, spoken or written.
//! Never keeps a photo, and never takes one from a page without a token.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::Widget;
use super::calls::bearer;
use super::sessions::{Sent, Session};
use crate::http::error::ApiError;
use crate::http::photos::{Meaning, PhotoError};
use crate::http::picture::PictureError;
use crate::privacy::Pii;

/// The part of the form that is the photo.
const PART: &str = "file";

/// What was read on a photo.
#[derive(Serialize, utoipa::ToSchema)]
pub(in crate::http) struct Codes {
    /// Its bar and QR codes as they are, the most telling first.
    codes: Vec<String>,
}

/// Looks at a photo: its codes are told, and what it says goes into the conversation.
pub(super) async fn take(
    State(widget): State<Arc<Widget>>,
    headers: HeaderMap,
    form: Result<Multipart, axum::extract::multipart::MultipartRejection>,
) -> Result<Json<Codes>, ApiError> {
    let session = widget.sessions.find(bearer(&headers))?;
    if widget.config.max_upload_bytes == 0 {
        return Err(ApiError::no_photos());
    }
    let _one_at_a_time = session.uploading.try_lock().map_err(|_| ApiError::photo_underway())?;
    let _room = widget.uploads.try_acquire().map_err(|_| ApiError::photos_busy())?;
    let file = photo(form.map_err(|error| ApiError::no_photo(error.body_text()))?, widget.config.max_upload_bytes).await?;
    let seen = widget.talk.look(file, session.spoken()).await?;
    tell(&session, seen.meaning);
    Ok(Json(Codes { codes: seen.codes.iter().map(Pii::reveal).cloned().collect() }))
}

/// To the call where one lasts, else to the written conversation.
fn tell(session: &Session, meaning: Meaning) {
    let sent = match (meaning, session.link()) {
        (Meaning::Said(words), Some(link)) if link.write(words.clone()).is_ok() => return,
        (Meaning::Said(words), Some(_) | None) => Sent::Words(words),
        (Meaning::Unread(told), _) => Sent::Told(told),
    };
    session.send(sent);
}

/// The form's one file, no longer than that.
async fn photo(mut form: Multipart, most: usize) -> Result<Vec<u8>, ApiError> {
    let wrong = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::photo_too_long(),
        _ => ApiError::no_photo(error.body_text()),
    };
    while let Some(part) = form.next_field().await.map_err(wrong)? {
        if part.name() == Some(PART) {
            let file = part.bytes().await.map_err(wrong)?;
            return if file.len() > most { Err(ApiError::photo_too_long()) } else { Ok(file.into()) };
        }
    }
    Err(ApiError::no_photo("the form has no part named file".to_owned()))
}

impl ApiError {
    fn no_photos() -> Self {
        Self::new(StatusCode::NOT_FOUND, "photos are not taken here", "set http.widget.max_upload_bytes above 0")
    }

    fn photo_underway() -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "another photo of this page is under way", "send one after the other")
    }

    fn photos_busy() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many photos at once", "try again in a second")
    }

    fn photo_too_long() -> Self {
        let fix = "send a smaller one; http.widget.max_upload_bytes is the limit";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "the photo is too large", fix)
    }

    fn no_photo(error: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error, "send multipart/form-data with one part named file")
    }
}

impl From<PhotoError> for ApiError {
    fn from(error: PhotoError) -> Self {
        let status = match &error {
            PhotoError::Picture(PictureError::Kind | PictureError::Broken(_)) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            PhotoError::Picture(PictureError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
            PhotoError::Failed => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(status, error.to_string(), "send a JPEG, PNG or WebP photo")
    }
}
