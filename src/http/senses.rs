//! Eyes and ears for what people send instead of text: photos and voice notes.
//! Never decides what follows: what was seen or heard goes where typed words go, and the file is forgotten.

use std::sync::Arc;

use async_trait::async_trait;

use super::photos::{PhotoError, Photos, Seen};
use crate::engine::{NoteError, Switchboard};
use crate::talk::{Expectation, Language, Transcript};

/// Who looks at photos and listens to voice notes.
#[async_trait]
pub trait Senses: Send + Sync {
    /// Looks at a photo of somebody who writes that language.
    async fn look(&self, photo: Vec<u8>, language: Option<Language>) -> Result<Seen, PhotoError>;

    /// Listens to a voice note of somebody who writes that language and was asked for that.
    async fn listen(&self, note: Vec<u8>, language: Option<Language>, asked: Expectation) -> Result<Transcript, NoteError>;
}

/// Those of a line: its recogniser and its readers of codes.
pub struct LineSenses {
    board: Switchboard,
    photos: Photos,
}

impl LineSenses {
    /// That line's, for the router.
    pub fn shared(board: Switchboard) -> Arc<dyn Senses> {
        Arc::new(Self { photos: Photos::new(board.clone()), board })
    }
}

#[async_trait]
impl Senses for LineSenses {
    async fn look(&self, photo: Vec<u8>, language: Option<Language>) -> Result<Seen, PhotoError> {
        self.photos.look(photo, language).await
    }

    async fn listen(&self, note: Vec<u8>, language: Option<Language>, asked: Expectation) -> Result<Transcript, NoteError> {
        let language = language.unwrap_or_else(|| self.board.shared().dialogues.pack().first_language());
        self.board.hear_note(note, language, asked).await
    }
}
