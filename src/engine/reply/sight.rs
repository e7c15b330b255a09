//! What the language model sees on a caller's photo, where the operator says that it may.
//! Never more than words of the caller's: they go the way of all words, and the flow decides.

use super::Dialogues;
#[cfg(feature = "openai")]
use super::{Breaker, clock, warn};
use crate::privacy::Pii;
use crate::talk::Language;

impl Dialogues {
    /// Whether there is a model that sees.
    pub fn sees(&self) -> bool {
        let llm = &self.shared.config.llm;
        llm.is_on() && llm.sees_images
    }

    /// What a JPEG says, in words that its caller might write; `None` where no model sees, or this one saw nothing.
    #[cfg(feature = "openai")]
    pub async fn see(&self, jpeg: &[u8], language: Language) -> Option<Pii<String>> {
        let model = self.shared.model.as_ref().filter(|_| self.sees())?;
        if !self.shared.breaker(|breaker| breaker.allows(clock::now())) {
            return None;
        }
        match model.see(jpeg, (self.pack().company(language), language)).await {
            Ok(seen) => {
                self.shared.breaker(Breaker::succeeded);
                seen.map(Pii::new)
            }
            Err(error) => {
                warn!(%error, "The language model did not see a photo.");
                self.shared.breaker(|breaker| breaker.failed(clock::now()));
                None
            }
        }
    }

    /// As with a model, where there is none.
    #[cfg(not(feature = "openai"))]
    #[expect(clippy::unused_async, reason = "the same signature as with a model")]
    pub async fn see(&self, _jpeg: &[u8], _language: Language) -> Option<Pii<String>> {
        None
    }
}
