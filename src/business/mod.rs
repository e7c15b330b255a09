//! What a company brings: its pack, knowledge, flows and tools' contracts, read and checked before a call is answered.
//! Never talks to a language model, holds no prompts for one, and never runs a tool.

pub mod emotion;
mod figures;
mod filters;
pub mod flow;
mod heard;
mod house;
mod identity;
mod import;
mod knowledge;
pub mod memory;
mod numerals;
mod pack;
mod rating;
pub mod recommend;
mod rules;
mod source;
mod template;
mod tool;
mod topic;

pub use figures::{Figure, Unit, Unsupported, supported};
pub use house::{Cue, HouseIntent};
pub use identity::{Challenge, Claim, Lockouts, Verification, Verified};
pub use import::Addition;
pub use knowledge::{Entry, Knowledge, is_han, tokens};
pub use pack::{Pack, Phrases};
pub use rating::RatingConfig;
pub use source::{Fault, PackError, Severity};
pub use template::{Text, render, sentences, truth};
pub use tool::{ArgumentKind, Binding, Effect, Level, McpServer, ToolCall, ToolFailure, ToolSpec, identifier_ok};
pub use topic::Topic;
