//! The answer to one message, on its way into the response that WeChat waits five seconds for.
//! Never sent twice: it is in the response, or it comes late by the API.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use super::super::inbox::Outbox;
use super::super::outbox::pieces;
use super::api::Api;
use crate::privacy::Pii;

/// Held so long behind its time, a request is hung up on by WeChat, which then delivers it again, three times in all.
const HELD: Duration = Duration::from_millis(1_500);
/// Longest text of one message, in characters: 2,048 octets are taken, and none of ours has more than four.
const LONGEST: usize = 500;
/// Messages that may be delivered again.
const KNOWN: usize = 1_024;

/// What has become of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Fate {
    Awaited,
    Ready(Pii<String>),
    /// Nobody waits any more; the API carries it.
    Late,
}

/// One message's way back.
pub(super) struct Letter {
    fate: watch::Sender<Fate>,
    api: Option<Arc<Api>>,
}

/// The letters of the last messages, under their ids.
#[derive(Default)]
pub(super) struct Letters(Mutex<VecDeque<(String, Arc<Letter>)>>);

impl Letters {
    /// The letter of this message, and whether it is new.
    pub(super) fn of(&self, id: &str, api: Option<&Arc<Api>>) -> (Arc<Letter>, bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, letter)) = known.iter().find(|(other, _)| other == id) {
            return (Arc::clone(letter), false);
        }
        let letter = Arc::new(Letter { fate: watch::Sender::new(Fate::Awaited), api: api.cloned() });
        known.push_back((id.to_owned(), Arc::clone(&letter)));
        if known.len() > KNOWN {
            known.pop_front();
        }
        (letter, true)
    }

    /// Forgets a message that was not taken, so that it is new when it comes again.
    pub(super) fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(other, _)| other != id);
    }
}

impl Letter {
    /// The answer, if it is there in time; if not, it comes by the API, or to the next delivery of the message.
    pub(super) async fn read(&self, patience: Duration) -> Option<Pii<String>> {
        let mut fate = self.fate.subscribe();
        let ready = async { fate.wait_for(|fate| *fate != Fate::Awaited).await.is_ok() };
        if tokio::time::timeout(patience, ready).await.is_err() && !self.leave_to_api() {
            tokio::time::sleep(HELD).await;
        }
        match &*self.fate.borrow() {
            Fate::Ready(text) => Some(text.clone()),
            Fate::Awaited | Fate::Late => None,
        }
    }

    /// Leaves the answer to the API, where there is one; `false` if it is left to the next delivery.
    fn leave_to_api(&self) -> bool {
        let leave = |fate: &mut Fate| {
            let leaves = *fate == Fate::Awaited && self.api.is_some();
            if leaves {
                *fate = Fate::Late;
            }
            leaves
        };
        self.fate.send_if_modified(leave) || *self.fate.borrow() != Fate::Awaited
    }
}

#[async_trait]
impl Outbox for Letter {
    fn name(&self) -> &'static str {
        "wechat"
    }

    async fn send(&self, chat: &Pii<String>, text: &str) {
        let mut pieces = pieces(text, LONGEST).into_iter().peekable();
        let first = pieces.peek().cloned().map(Pii::new);
        let in_response = self.fate.send_if_modified(|fate| match first {
            Some(first) if *fate == Fate::Awaited => {
                *fate = Fate::Ready(first);
                true
            }
            Some(_) | None => false,
        });
        for piece in pieces.skip(usize::from(in_response)) {
            match &self.api {
                Some(api) => api.send(chat, &piece).await,
                None => tracing::warn!(channel = self.name(), "The rest of a long answer is not sent: set the app's secret."),
            }
        }
    }

    async fn fetch(&self, file: &str) -> Option<Vec<u8>> {
        match &self.api {
            Some(api) => api.media(file).await,
            None => {
                tracing::warn!(channel = self.name(), "A photo or voice note is not fetched: set the app's secret.");
                None
            }
        }
    }
}
