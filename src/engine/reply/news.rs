//! What a company's systems told about a customer, said when the customer is known well enough.
//! Never said twice, and never by a guess who is calling.

use chrono::{DateTime, Utc};

use super::{Dialogue, Dialogues, Importance, Voice};
use crate::engine::Customer;
use crate::store::callers::{CallersError, CustomerEvent};

/// Most events that one conversation tells at once; the others wait for the next.
const MOST: usize = 3;

impl Dialogues {
    /// Keeps an event for the next conversation with this customer; `None` if the customer is nobody, `false` if an event of
    /// this name was kept before.
    ///
    /// # Errors
    /// The callers' database.
    pub async fn announce(
        &self,
        customer: (Customer, &str),
        event: &CustomerEvent,
        expires: DateTime<Utc>,
    ) -> Result<Option<bool>, CallersError> {
        self.shared.memories.announce(customer, (event, expires), &self.pack()).await
    }
}

impl Dialogue {
    /// Tells what waits for whoever this is by now, in the language of the conversation, else in one that the event is in.
    pub(super) async fn tell_news(&mut self, voice: &mut Voice<'_>) {
        for waiting in self.shared.memories.waiting(&self.person).await.into_iter().take(MOST) {
            let texts = &waiting.event.text;
            let told = texts.get_key_value(&self.language()).or_else(|| texts.first_key_value());
            if let Some((&language, text)) = told {
                voice.say(text.clone(), language, Importance::Normal).await;
                self.shared.memories.told(&waiting).await;
            }
        }
    }
}
