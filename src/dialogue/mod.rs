//! Text to commands to policy to sentences: two brains propose, one deterministic policy decides.
//! Never sees audio and never does I/O (but for `openai`); a brain only proposes, and history holds only what was heard.

mod act;
mod among;
mod at_length;
mod breaker;
mod command;
mod config;
mod conversation;
mod draft;
mod embedded;
mod hint;
mod menu;
#[cfg(feature = "openai")]
mod openai;
mod policy;
mod prompt;
mod rating;
mod remembering;
mod session;
mod tape;
mod understand;

pub use breaker::Breaker;
pub use command::{Command, Proposal, Value};
pub use config::{ApiKey, DialogueConfig, LlmConfig};
pub use conversation::{Act, Asked, Conversation, Plan};
pub use draft::Next;
#[cfg(feature = "openai")]
pub use openai::{ModelError, OpenAi};
pub use policy::{Refusal, Verdict, is_condition};
pub use prompt::{Function, ModelAnswer, ModelRequest, Rubbish};
pub use session::{Manner, Speaker};
pub use tape::{Decision, Rerun, Rerunning, Step};
pub use understand::near;
pub use understand::{ACT, CLARIFY, Classifier, Corrupt, Learnt, Lesson, Ranked, Understanding, language_of};
