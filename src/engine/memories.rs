//! Callers who are remembered: recalled when a call begins or an identity is proved, kept when a reply was made.
//! Never holds a call up: a database that is slow or broken makes a caller unknown, and the log says so.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::clock;
use crate::business::memory::Memory;
use crate::business::{Pack, Verified};
use crate::dialogue::Conversation;
use crate::privacy::Pii;
use crate::store::callers::{CallersError, CustomerEvent, Waiting};
use crate::store::{Archive, Pseudonym};

/// A memory that is not there after so long is not waited for.
const PATIENCE: Duration = Duration::from_millis(400);

/// Whom an event is for, as its sender knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Customer {
    /// By a telephone number, or an address of a channel.
    Number(Pii<String>),
    /// By the account that the pack's identity check verifies.
    Account(Pii<String>),
}

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
        let Some(archive) = self.archive.get().filter(|_| person.account.is_none()) else { return };
        let account = account(archive, found.account(), pack);
        person.account = Some(account);
        if !pack.memory().on {
            return;
        }
        let memory = recall(archive, account).await;
        // What changes here changes under the number as well, whichever way the person comes this time.
        person.number = person.number.or_else(|| memory.as_ref()?.same_as()?.parse().ok());
        conversation.recollect(memory);
    }

    /// Keeps an event for a customer's next conversation; `None` if the customer is nobody, `false` if it was kept before.
    pub(super) async fn announce(
        &self,
        (customer, name): (Customer, &str),
        (event, expires): (&CustomerEvent, DateTime<Utc>),
        pack: &Pack,
    ) -> Result<Option<bool>, CallersError> {
        let Some(archive) = self.archive.get() else { return Ok(None) };
        let whose = match customer {
            Customer::Number(number) => archive.vault().caller(&number),
            Customer::Account(of) => Some(account(archive, of.reveal(), pack)),
        };
        let Some(whose) = whose else { return Ok(None) };
        archive.callers().post((whose, name), event, expires).await.map(Some)
    }

    /// What waits for this person, as far as they may be told: by a number alone only what may be told openly.
    pub(super) async fn waiting(&self, person: &Person) -> Vec<Waiting> {
        let Some(archive) = self.archive.get() else { return Vec::new() };
        let mut waiting = Vec::new();
        for whose in person.account.iter().chain(&person.number) {
            let asked = archive.callers().waiting(*whose, clock::wall().to_utc());
            match tokio::time::timeout(PATIENCE, asked).await {
                Ok(Ok(found)) => waiting.extend(found),
                Ok(Err(error)) => tracing::error!(%error, "A customer's events cannot be read."),
                Err(_) => tracing::warn!("The callers' database is slow: a customer is not told of events."),
            }
        }
        waiting.retain(|waiting| waiting.event.openly || person.account.is_some());
        waiting
    }

    /// The customer was told.
    pub(super) async fn told(&self, waiting: &Waiting) {
        let Some(archive) = self.archive.get() else { return };
        if let Err(error) = archive.callers().told(&waiting.id).await {
            tracing::error!(%error, "That a customer was told of an event could not be kept.");
        }
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

/// Who has this account at that company.
fn account(archive: &Archive, account: &str, pack: &Pack) -> Pseudonym {
    archive.vault().account(&Pii::new(format!("{}:{account}", pack.name())))
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
