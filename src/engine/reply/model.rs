//! The language model's part of a turn: what it proposes, asked when the caller pauses already where that is wanted.
//! Never trusted: what it says becomes a proposal, which the policy checks; if it fails, the embedded brain takes the turn.

use std::time::Duration;

use tracing::warn;

use super::ahead::Ahead;
use super::out::Voice;
use super::{Breaker, Cue, Dialogue, Prompt, clock};
use crate::dialogue::{ModelAnswer, ModelError, ModelRequest, Proposal};

/// What the model was asked, and its answer.
pub(super) type Asked = Ahead<ModelRequest, Result<ModelAnswer, ModelError>>;

impl Dialogue {
    /// The language model's proposal, unless there is none, it is left alone, or it fails in any way.
    pub(super) async fn ask_model(&mut self, prompt: &Prompt, voice: &mut Voice<'_>) -> Option<Proposal> {
        let request = self.conversation.model_request(prompt)?;
        let asked = self.asked(request)?;
        let language = self.language();
        let filler = self.desk.pack.prompt(Cue::Filler).template(language);
        let patience = Duration::from_millis(self.shared.config.llm.filler_after_ms);
        let answer = voice.while_waiting(patience, filler, language, asked.taken()).await?;
        let proposal = answer.map_err(|e| e.to_string());
        match proposal.and_then(|answer| self.conversation.proposal(&answer).map_err(|e| e.to_string())) {
            Ok(proposal) => {
                self.breaker(Breaker::succeeded);
                Some(proposal)
            }
            Err(why) => {
                warn!(why, "No use of the language model in this turn; the embedded brain takes it.");
                self.model_failed();
                None
            }
        }
    }

    /// The same for a prompt that may not come: `Err` where it is not known, or the model failed.
    pub(super) async fn ask_model_ahead(&mut self, prompt: &Prompt) -> Result<Option<Proposal>, ()> {
        let Some(request) = self.conversation.model_request(prompt).filter(|_| self.shared.model.is_some()) else {
            return Ok(None);
        };
        if !self.shared.config.llm.guess {
            return Err(());
        }
        let asked = self.asked(request).ok_or(())?;
        let answer = self.ahead.insert(asked).answer().await;
        let answer = answer.and_then(|answer| answer.as_ref().ok()).ok_or(())?;
        self.conversation.proposal(answer).map(Some).map_err(drop)
    }

    /// What the model answers, asked ahead or now, if there is one and it is not left alone.
    fn asked(&mut self, request: ModelRequest) -> Option<Asked> {
        let model = self.shared.model.clone()?;
        if let Some(asked) = self.ahead.take().filter(|ahead| ahead.is_of(&request)) {
            return Some(asked);
        }
        let question = request.clone();
        self.breaker(|breaker| breaker.allows(clock::now()))
            .then(|| Ahead::new(request, async move { model.ask(&question).await }))
    }
}
