//! The way out of one reply: its events and sentences, and a filler where the caller waits.
//! Never decides what is said.

use std::time::Duration;

use tokio::sync::mpsc;

use super::ReplyEvent;
use crate::talk::{Importance, Language, Sentence};

/// The way out of one reply.
pub(super) struct Voice<'o> {
    pub(super) out: &'o mpsc::Sender<ReplyEvent>,
    pub(super) index: u16,
}

impl Voice<'_> {
    /// Nobody listens any more: the call is over, and the conversation goes to its end in silence.
    pub(super) async fn event(&self, event: ReplyEvent) {
        self.out.send(event).await.ok();
    }

    pub(super) async fn say(&mut self, text: String, language: Language, importance: Importance) {
        let index = self.index;
        self.index = index.saturating_add(1);
        self.event(ReplyEvent::Sentence(Sentence { index, text, language, importance })).await;
    }

    /// Waits for the work, saying the filler once if it takes longer than `patience`.
    pub(super) async fn while_waiting<T>(
        &mut self,
        patience: Duration,
        filler: Option<&str>,
        language: Language,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        if let Ok(done) = tokio::time::timeout(patience, &mut work).await {
            return done;
        }
        if let Some(filler) = filler {
            self.say(filler.to_owned(), language, Importance::Normal).await;
        }
        work.await
    }
}
