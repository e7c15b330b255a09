//! Calls by browser: an offer becomes an answer and a call like any other on this line.
//! Never a rule about pages or tokens: whoever may call was decided before.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;
use thiserror::Error;
use tokio::sync::mpsc;

use super::photos::{PhotoError, Photos, Seen};
use crate::engine::{Guest, Loan, Switchboard, clock};
use crate::line::webrtc::{IceServer, Link, Visitor, WebRtcError, WebRtcLine};
use crate::privacy::Pii;
use crate::store::journal::Entry;
use crate::talk::{CallId, Language};

/// What a page must tell before the microphone opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Disclosure {
    /// That a machine answers.
    pub ai: String,
    /// That the call is recorded; empty if it is not.
    pub recording: String,
}

/// A visitor who wants to talk.
pub struct Caller {
    /// The visitor's address.
    pub from: Pii<String>,
    /// The page's origin.
    pub origin: String,
    /// The language picked, if one is.
    pub language: Option<Language>,
    /// Where what happens on the call is told; the newest is lost if it lags.
    pub page: mpsc::Sender<Entry>,
    /// The conversation that the call goes on with, and who gets it back.
    pub loan: Loan,
}

/// An answered offer.
pub struct Answered {
    /// The call's name.
    pub id: CallId,
    /// The answer.
    pub sdp: String,
    /// The page's hand on the call.
    pub link: Link,
}

/// An offer was not answered.
#[derive(Debug, Error)]
pub enum TalkError {
    /// Every place on the line is taken, or it is closing.
    #[error("all lines are busy")]
    Busy,
    /// The offer, or the machine.
    #[error(transparent)]
    WebRtc(#[from] WebRtcError),
}

/// Who answers browsers.
#[async_trait]
pub trait Talk: Send + Sync {
    /// The STUN and TURN servers for a page of that name, with passwords of its own.
    fn ice_servers(&self, who: &str) -> Vec<IceServer>;

    /// The languages spoken, the first first, and what must be told in each.
    fn disclosures(&self) -> (Vec<Language>, BTreeMap<Language, Disclosure>);

    /// Answers an offer; the call begins when the browser is connected.
    async fn answer(&self, offer: &str, caller: Caller) -> Result<Answered, TalkError>;

    /// Looks at a photo of somebody who speaks that language.
    async fn look(&self, photo: Vec<u8>, language: Option<Language>) -> Result<Seen, PhotoError>;
}

/// The browsers' desk of a line.
pub struct TalkDesk {
    board: Switchboard,
    line: WebRtcLine,
    photos: Photos,
}

impl TalkDesk {
    /// The desk of this line.
    pub fn new(board: Switchboard, line: WebRtcLine) -> Self {
        Self { photos: Photos::new(board.clone()), board, line }
    }

    /// The same, for the router.
    pub fn shared(board: Switchboard, line: WebRtcLine) -> Arc<dyn Talk> {
        Arc::new(Self::new(board, line))
    }
}

#[async_trait]
impl Talk for TalkDesk {
    fn ice_servers(&self, who: &str) -> Vec<IceServer> {
        self.line.ice_servers(who, clock::wall().timestamp().unsigned_abs())
    }

    fn disclosures(&self) -> (Vec<Language>, BTreeMap<Language, Disclosure>) {
        let shared = self.board.shared();
        let (pack, is_recorded) = (shared.dialogues.pack(), shared.observers.recorder.is_some());
        let told = |language: Language| {
            let [ai, recorded] = pack.disclosures(language);
            Disclosure { ai, recording: if is_recorded { recorded } else { String::new() } }
        };
        (pack.languages().to_vec(), pack.languages().iter().map(|&language| (language, told(language))).collect())
    }

    async fn answer(&self, offer: &str, caller: Caller) -> Result<Answered, TalkError> {
        let Some(place) = self.board.admit() else {
            self.board.shared().observers.refused();
            return Err(TalkError::Busy);
        };
        let Caller { from, origin, language, page, loan } = caller;
        let (browser, link, sdp) = self.line.answer(offer, Visitor { from, to: origin }).await?;
        let guest = Guest { language, page: Some(page), loan, ..Guest::new() };
        let id = guest.id.clone();
        self.board.serve_browser(browser, place, guest);
        Ok(Answered { id, sdp, link })
    }

    async fn look(&self, photo: Vec<u8>, language: Option<Language>) -> Result<Seen, PhotoError> {
        self.photos.look(photo, language).await
    }
}
