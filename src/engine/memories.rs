//! Callers who are remembered: recalled when a call begins or an identity is proved, kept when a reply was made.
//! Never holds a call up: a database that is slow or broken makes a caller unknown, and the log says so.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::clock;
use crate::business::memory::Memory;
use crate::business::{Pack, Verified};
use crate::dialogue::Conversation;
use crate::privacy::Pii;
use crate::store::{Archive, Pseudonym};

/// A memory that is not there after so long is not waited for.
const PATIENCE: Duration = Duration::from_millis(400);

/// Whom a conversation is with, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Person {
    /// By the number or address, which can be forged.
    number: Option<Pseudonym>,
    /// By the account they proved to be.
    account: Option<Pseudonym>,
    /// What was kept last.
    kept: Option<Memory>,
}

/// The memories of all conversations; without an archive nobody is remembered, and nobody is asked.
#[derive(Default)]
pub(super) struct Memories {
    archive: OnceLock<Arc<Archive>>,
}

impl Memories {
    /// From now on callers may be remembered.
    pub(super) fn keep_in(&self, archive: Arc<Archive>) {
        let _first_one_stays = self.archive.set(archive);
    }

    /// Somebody at this number or address.
    pub(super) fn person(&self, address: &Pii<String>) -> Person {
        let number = self.archive.get().and_then(|archive| archive.vault().caller(address));
        Person { number, ..Person::default() }
    }

    /// Tells the conversation what is remembered under the caller's number, where the pack gives leave to go by it.
    pub(super) async fn recall_number(&self, person: &Person, conversation: &mut Conversation, pack: &Pack) {
        let (Some(archive), Some(number)) = (self.archive.get(), person.number) else { return };
        if pack.memory().on && pack.memory().by_number {
            conversation.recollect(recall(archive, number).await);
        }
    }

    /// Tells it what is remembered of the account that was proved; the first one is the person, and stays it.
    pub(super) async fn recall_account(
        &self,
        (found, person): (&Verified, &mut Person),
        conversation: &mut Conversation,
        pack: &Pack,
    ) {
        let Some(archive) = self.archive.get().filter(|_| pack.memory().on && person.account.is_none()) else { return };
        let account = archive.vault().account(&Pii::new(format!("{}:{}", pack.name(), found.account())));
        person.account = Some(account);
        let memory = recall(archive, account).await;
        // What changes here changes under the number as well, whichever way the person comes this time.
        person.number = person.number.or_else(|| memory.as_ref()?.same_as()?.parse().ok());
        conversation.recollect(memory);
    }

    /// Keeps what the conversation gives to keep: all of it under the account, under the number what cannot be abused.
    pub(super) async fn keep(&self, person: &mut Person, conversation: &Conversation, pack: &Pack) {
        let (Some(archive), Some(memory)) = (self.archive.get(), conversation.to_remember()) else { return };
        if person.kept.as_ref() == Some(&memory) {
            return;
        }
        let name = |of: Option<Pseudonym>| of.map(|pseudonym| pseudonym.to_string());
        let face = memory.clone().face(name(person.account), pack.memory());
        let whole = memory.clone().also_under(name(person.number));
        let parts = [(person.account, whole), (person.number, face)];
        for (whose, part) in parts.iter().filter_map(|(whose, part)| Some((whose.as_ref()?, part))) {
            if let Err(error) = archive.callers().remember(*whose, part, clock::wall().to_utc()).await {
                tracing::error!(%error, "A caller's memory could not be kept.");
                return;
            }
        }
        person.kept = Some(memory);
    }
}

async fn recall(archive: &Archive, whose: Pseudonym) -> Option<Memory> {
    match tokio::time::timeout(PATIENCE, archive.callers().recall(whose)).await {
        Ok(Ok(memory)) => memory,
        Ok(Err(error)) => {
            tracing::error!(%error, "A caller's memory cannot be read: the caller counts as unknown.");
            None
        }
        Err(_) => {
            tracing::warn!("The callers' database is slow: a caller counts as unknown.");
            None
        }
    }
}
