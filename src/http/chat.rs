//! `POST /v1/chat`: text in, sentences out; the same dialogue as on the phone, without a sound.
//! Never keeps a conversation itself: whoever implements [`Chat`] does.

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::reply::Dialogue;
use crate::privacy::Pii;
use crate::talk::{AfterReply, CallId, Language, Sentence, Transcript};

use super::Pages;
use super::error::ApiError;

/// Longest message, in characters: more is no question.
const MAX_CHARS: usize = 4_000;

/// Somebody wrote something, or said it in a voice note.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatMessage {
    /// The conversation it belongs to; `None` begins one.
    pub conversation: Option<CallId>,
    /// What was typed, never blank.
    pub text: Pii<String>,
    /// The language it is said to be in.
    pub language: Option<Language>,
    /// What was heard, where it was spoken; its text goes before [`Self::text`].
    pub heard: Option<Transcript>,
    /// The number or address that a platform vouches for; with none, whoever writes is nobody until they prove who they are.
    pub from: Option<Pii<String>>,
    /// What it came by, as it stands in records: `chat`, `widget`, `whatsapp` …
    pub channel: &'static str,
}

impl ChatMessage {
    /// Something typed to the chat API by somebody of whom nothing is known.
    pub const fn typed(conversation: Option<CallId>, text: Pii<String>, language: Option<Language>) -> Self {
        Self { conversation, text, language, heard: None, from: None, channel: "chat" }
    }

    /// The same, by this channel.
    #[must_use]
    pub fn by(self, channel: &'static str) -> Self {
        Self { channel, ..self }
    }
}

/// What is said to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatAnswer {
    /// The conversation, to be named in the next message.
    pub conversation: CallId,
    /// What is said, in order.
    pub sentences: Vec<Sentence>,
    /// What follows.
    pub after: AfterReply,
}

impl ChatAnswer {
    /// Where the next message belongs: in this conversation, unless it is over.
    pub fn goes_on(&self) -> Option<CallId> {
        self.after.expected().is_some().then(|| self.conversation.clone())
    }
}

/// A message was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ChatError {
    /// There is no such conversation (any more).
    #[error("no such conversation, or it was over")]
    NoConversation,
    /// Too many conversations at once.
    #[error("too many conversations at once")]
    Busy,
    /// The dialogue failed; why is in the log.
    #[error("the message could not be answered")]
    Failed,
}

/// Who answers typed messages. Dropping the future gives the answer up.
#[async_trait]
pub trait Chat: Send + Sync {
    /// Answers one message.
    async fn answer(&self, message: ChatMessage) -> Result<ChatAnswer, ChatError>;

    /// Begins a conversation with somebody who has come by this channel and said nothing yet: the greeting alone.
    async fn greet(
        &self,
        _channel: &'static str,
        _from: Option<Pii<String>>,
        _language: Option<Language>,
    ) -> Result<ChatAnswer, ChatError> {
        Err(ChatError::Failed)
    }

    /// Gives a conversation away, to be gone on with by voice; `None` where there is none to give.
    async fn lend(&self, _conversation: &CallId) -> Option<Dialogue> {
        None
    }

    /// Goes on by this channel with a conversation that was begun elsewhere; `None` where nobody can.
    fn adopt(&self, _channel: &'static str, _dialogue: Dialogue) -> Option<CallId> {
        None
    }
}

/// The body of a request.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    /// The conversation of an earlier answer; without it one begins.
    conversation: Option<String>,
    /// What was typed: 1 to 4,000 characters.
    text: String,
    /// The language it is in, as `en` or `zh`.
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
}

pub(super) async fn handle(
    State(pages): State<Pages>,
    request: Result<Json<Request>, JsonRejection>,
) -> Result<Json<Answer>, ApiError> {
    let message = request?.0.into_message()?;
    let answer = tokio::time::timeout(pages.timeout, pages.app.chat.answer(message)).await;
    Ok(Json(answer.map_err(|_| ApiError::too_slow())??.into()))
}

impl Request {
    pub(super) fn into_message(self) -> Result<ChatMessage, ApiError> {
        let wrong = |error: &str, fix| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error, fix);
        let text = self.text.trim();
        if text.is_empty() {
            return Err(wrong("\"text\" is blank", "write a question into it"));
        }
        if text.chars().count() > MAX_CHARS {
            return Err(wrong("\"text\" is too long", "send at most 4000 characters"));
        }
        let conversation = match self.conversation {
            Some(id) => Some(CallId::new(id).ok_or_else(|| ApiError::from(ChatError::NoConversation))?),
            None => None,
        };
        Ok(ChatMessage::typed(conversation, Pii::new(text.to_owned()), self.language))
    }
}

/// The answer to a request.
#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct Answer {
    /// To be named in the next message.
    conversation: String,
    /// What is said, in order.
    #[schema(inline)]
    sentences: Vec<Said>,
    #[schema(inline)]
    after: Then,
    /// Whom the customer is to be connected with, after `transfer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

/// One sentence.
#[derive(Serialize, utoipa::ToSchema)]
struct Said {
    text: String,
    /// The language it is in, as `en` or `zh`.
    #[schema(value_type = String)]
    language: Language,
}

/// What follows.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
enum Then {
    /// The customer's next message.
    Listen,
    /// Nothing: the conversation is over.
    HangUp,
    /// A person.
    Transfer,
}

impl From<ChatAnswer> for Answer {
    fn from(answer: ChatAnswer) -> Self {
        let (after, target) = match answer.after {
            AfterReply::Listen(_) | AfterReply::Wait(_) => (Then::Listen, None),
            AfterReply::HangUp => (Then::HangUp, None),
            AfterReply::Transfer { target } => (Then::Transfer, Some(target)),
        };
        let sentences = answer.sentences.into_iter().map(|Sentence { text, language, .. }| Said { text, language });
        Self { conversation: answer.conversation.to_string(), sentences: sentences.collect(), after, target }
    }
}
