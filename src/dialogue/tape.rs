//! What happened to a conversation, step by step, and what it decided: enough to bring another one to where it was.
//! Never holds what was said or keyed where a secret was asked for; such a step is compared by what followed it alone.

use std::collections::VecDeque;
use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::draft::Next;
use super::session::Session;
use super::{Act, Conversation, Proposal, Understanding};
use crate::business::flow::Action;
use crate::business::memory::Memory;
use crate::business::{Pack, ToolCall, ToolFailure, Verification};
use crate::talk::{Language, Prompt, Prosody};

/// What stands for a secret.
const HIDDEN: &str = "***";

/// One thing that happened to a conversation, or what it decided thereupon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// It began in this language, on this day.
    Begun {
        /// The language.
        language: Language,
        /// The day.
        today: NaiveDate,
    },
    /// It is recorded.
    Recorded,
    /// It goes on with this pack.
    Pack {
        /// Its name.
        name: String,
        /// The first digits of its content's hash.
        version: String,
    },
    /// This is remembered of the caller.
    Recollected(Option<Memory>),
    /// The caller's next turn sounds like this.
    Sounded(Prosody),
    /// Something was to be answered.
    Asked {
        /// What.
        prompt: Prompt,
        /// What a language model proposed.
        proposal: Option<Proposal>,
        /// The caller was asked for a secret: the words and keys are not theirs.
        veiled: bool,
    },
    /// A tool gave this.
    Resumed(Result<Json, ToolFailure>),
    /// A check of the caller's identity gave this.
    Verified(Verification),
    /// The caller heard this.
    Heard {
        /// The words.
        text: String,
        /// Whether the reply was cut off behind them.
        interrupted: bool,
    },
    /// What the conversation decided.
    Decided(Decision),
}

/// What a conversation says and does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The sentences.
    pub say: Vec<String>,
    /// Their language.
    pub language: Language,
    /// What follows them: a tool with its arguments, but for secrets; an expectation as Rust prints it.
    pub next: String,
}

impl Step {
    /// Lets it happen to a conversation; what that decides thereupon, where it decides.
    fn to(self, conversation: &mut Conversation) -> Option<Act> {
        match self {
            Self::Begun { .. } | Self::Pack { .. } | Self::Decided(_) => {}
            Self::Recorded => conversation.is_recorded(),
            Self::Recollected(memory) => conversation.recollect(memory),
            Self::Sounded(voice) => conversation.sounded(voice),
            Self::Heard { text, interrupted } => conversation.heard(&text, interrupted),
            Self::Asked { prompt, proposal, veiled: _ } => {
                let plan = conversation.propose(&prompt, proposal);
                return Some(conversation.commit(plan));
            }
            Self::Resumed(result) => return Some(conversation.resume(result)),
            Self::Verified(outcome) => return Some(conversation.verified(outcome)),
        }
        None
    }

    /// What is to be answered in it.
    pub const fn prompt(&self) -> Option<&Prompt> {
        if let Self::Asked { prompt, .. } = self { Some(prompt) } else { None }
    }

    /// The same without what the caller said or keyed in it, and without what a language model made of that.
    #[must_use]
    pub fn veiled(self) -> Self {
        match self {
            Self::Asked { prompt, .. } => Self::Asked { prompt: prompt.veiled(), proposal: None, veiled: true },
            other => other,
        }
    }
}

impl Conversation {
    /// What it decided, as it is kept.
    pub(super) fn decision(&self, act: &Act) -> Decision {
        Decision::of(act, &Secrets::of(&self.session, &self.pack))
    }

    /// What a tool gave, as it is kept. What sent a one-time code may tell it back, and nobody looks at that result.
    pub(super) fn told(&self, result: &Result<Json, ToolFailure>) -> Result<Json, ToolFailure> {
        let step = self.session.stack.last().and_then(|frame| self.pack.flows().get(&frame.flow)?.steps.get(frame.step));
        if step.is_some_and(|step| matches!(step.action, Action::SendCode(_))) {
            return result.clone().map(|_| Json::Null);
        }
        let secrets = Secrets::of(&self.session, &self.pack);
        result.clone().map(|told| secrets.hide(told))
    }
}

/// What the caller gave to slots that nobody may keep.
struct Secrets(Vec<String>);

impl Secrets {
    fn of(session: &Session, pack: &Pack) -> Self {
        let frames = session.stack.iter().filter_map(|frame| Some((frame, pack.flows().get(&frame.flow)?)));
        let given = frames.flat_map(|(frame, flow)| {
            let is_secret = |name: &str| flow.slots.get(name).is_some_and(|slot| slot.sensitive);
            frame.slots.iter().filter(move |(name, _)| is_secret(name)).map(|(_, value)| plain(&value.to_json()))
        });
        Self(given.filter(|secret| !secret.is_empty()).collect())
    }

    /// The same without any of them, also where one is told in the midst of something else.
    fn hide(&self, value: Json) -> Json {
        match value {
            Json::Array(values) => values.into_iter().map(|value| self.hide(value)).collect(),
            Json::Object(fields) => fields.into_iter().map(|(name, value)| (name, self.hide(value))).collect(),
            Json::String(_) | Json::Number(_) if self.0.iter().any(|secret| plain(&value).contains(secret)) => HIDDEN.into(),
            Json::String(_) | Json::Number(_) | Json::Bool(_) | Json::Null => value,
        }
    }
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A conversation that goes through recorded steps.
pub struct Rerun {
    pack: Arc<Pack>,
    understanding: Arc<Understanding>,
    conversation: Option<Conversation>,
    version: Option<String>,
    /// What it decided and nothing was compared with yet, and whether it answered veiled words.
    decided: VecDeque<(Decision, bool)>,
    /// How many decisions were compared.
    pub decisions: usize,
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rerunning {
    /// As recorded.
    Same,
    /// It now decides something else.
    Other {
        /// What was recorded.
        recorded: Decision,
        /// What it is now, if anything.
        now: Option<Decision>,
    },
    /// A secret was asked for, which is in no record, and without it the conversation goes another way from here.
    Withheld,
    /// Another pack took over here: nothing further can be told with one.
    PackReplaced,
}

impl Rerun {
    /// With that pack.
    pub const fn new(pack: Arc<Pack>, understanding: Arc<Understanding>) -> Self {
        Self { pack, understanding, conversation: None, version: None, decided: VecDeque::new(), decisions: 0 }
    }

    /// Takes the next recorded step; what lies before the first beginning is passed over.
    pub fn take(&mut self, step: &Step) -> Rerunning {
        if let Step::Begun { language, today } = step {
            let (pack, understanding) = (Arc::clone(&self.pack), Arc::clone(&self.understanding));
            self.conversation = Some(Conversation::new(pack, understanding, Some(*language), *today));
        }
        let Some(conversation) = &mut self.conversation else { return Rerunning::Same };
        let act = match step.clone() {
            Step::Begun { .. } => return Rerunning::Same,
            Step::Pack { version, .. } => {
                let is_another = self.version.replace(version.clone()).is_some_and(|before| before != version);
                return if is_another { Rerunning::PackReplaced } else { Rerunning::Same };
            }
            Step::Decided(recorded) => return self.compare(recorded),
            given => given.to(conversation),
        };
        let veiled = matches!(step, Step::Asked { veiled: true, .. });
        self.decided.extend(act.map(|act| (conversation.decision(&act), veiled)));
        Rerunning::Same
    }

    fn compare(&mut self, recorded: Decision) -> Rerunning {
        self.decisions += 1;
        match self.decided.pop_front() {
            Some((now, _)) if now == recorded => Rerunning::Same,
            Some((now, true)) if now.next == recorded.next => Rerunning::Same,
            Some((_, true)) => Rerunning::Withheld,
            now => Rerunning::Other { recorded, now: now.map(|(now, _)| now) },
        }
    }
}

impl Decision {
    /// What was decided, without a secret.
    fn of(act: &Act, secrets: &Secrets) -> Self {
        let shown = |value: &Json| if secrets.0.contains(&plain(value)) { HIDDEN.into() } else { value.clone() };
        let tool = |call: &ToolCall| {
            let arguments = call.arguments.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
            format!("{} {}", call.name, Json::Object(arguments))
        };
        let next = match &act.next {
            Next::Listen(expectation) => format!("listen for {expectation:?}"),
            Next::Wait(expectation) => format!("wait for {expectation:?}"),
            Next::Call(call) => format!("call {}", tool(call)),
            Next::SendCode(call) => format!("send a code by {}", tool(call)),
            Next::Verify(challenge) => format!("verify by {}", tool(&challenge.record)),
            Next::HangUp => "hang up".to_owned(),
            Next::Transfer { target } => format!("transfer to {target}"),
        };
        Self { say: act.say.iter().map(|(text, _)| text.clone()).collect(), language: act.language, next }
    }
}
