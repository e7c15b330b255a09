//! What a caller's photo says: the codes on it, else what a model sees where one may, else nothing.
//! Never decides what follows: its words go where typed words go, and a photo is forgotten when it was looked at.

use minijinja::context;
use thiserror::Error;
use tokio::sync::Semaphore;

use super::picture::{Picture, PictureError, words};
use crate::business::{Cue, Pack};
use crate::engine::Switchboard;
use crate::privacy::Pii;
use crate::talk::Language;

/// Photos that are decoded at once: each may fill a core and 200 MB.
const AT_ONCE: usize = 2;

/// What was made of a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The codes on it as they are, the most telling first.
    pub codes: Vec<Pii<String>>,
    /// What it says for the caller, or to the caller.
    pub meaning: Meaning,
}

/// What follows from a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The caller means this, as if it were typed.
    Said(Pii<String>),
    /// Nothing was read; the caller is told what can be.
    Unread(String),
}

/// A photo was not looked at.
#[derive(Debug, Error)]
pub enum PhotoError {
    /// The file.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The program is ending, or the decoder failed in a way that the log tells.
    #[error("the photo could not be looked at")]
    Failed,
}

/// Where photos of callers are looked at.
pub struct Photos {
    board: Switchboard,
    places: Semaphore,
}

impl Photos {
    /// That line's.
    pub const fn new(board: Switchboard) -> Self {
        Self { board, places: Semaphore::const_new(AT_ONCE) }
    }

    /// Looks at a photo of somebody who speaks that language.
    ///
    /// # Errors
    /// [`PhotoError`].
    pub async fn look(&self, file: Vec<u8>, language: Option<Language>) -> Result<Seen, PhotoError> {
        let dialogues = &self.board.shared().dialogues;
        let (codes, shown) = {
            let _place = self.places.acquire().await.map_err(|_| PhotoError::Failed)?;
            let sees = dialogues.sees();
            self.board.compute(move || read(&file, sees)).await.ok_or(PhotoError::Failed)??
        };
        let language = language.unwrap_or_else(|| dialogues.pack().first_language());
        let said = match (codes.first(), shown) {
            (Some(code), _) => Some(Pii::new(meant(&words(code), &dialogues.pack(), language))),
            (None, Some(jpeg)) => dialogues.see(&jpeg, language).await,
            (None, None) => None,
        };
        let unread = || dialogues.pack().prompt(Cue::PhotoUnread).template(language).unwrap_or_default().to_owned();
        let meaning = said.map_or_else(|| Meaning::Unread(unread()), Meaning::Said);
        Ok(Seen { codes: codes.into_iter().map(Pii::new).collect(), meaning })
    }
}

/// A number alone is of what the pack says; what has words says it itself.
fn meant(words: &str, pack: &Pack, language: Language) -> String {
    let is_number = words.chars().all(|c| c.is_ascii_digit());
    let number = is_number.then(|| pack.prompt(Cue::PhotoCode).render(language, &context! { code => words }).ok()).flatten();
    number.unwrap_or_else(|| words.to_owned())
}

/// The codes; where there are none and somebody sees, what is to be seen.
fn read(file: &[u8], sees: bool) -> Result<(Vec<String>, Option<Vec<u8>>), PictureError> {
    let picture = Picture::decode(file)?;
    let codes = picture.codes();
    let shown = (sees && codes.is_empty()).then(|| picture.to_jpeg());
    Ok((codes, shown))
}
