//! One call's dialogue as the driver sees it: a prompt goes in, sentences and the end of the reply come out.
//! Never leaves a deed half done: a reply may be dropped at any await, a tool that writes runs to its end all the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use serde_json::Value;
use thiserror::Error;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;

use crate::business::{Challenge, Cue, Effect, Pack, ToolCall, ToolFailure, Verification};
use crate::dialogue::{Act, Breaker, Command, Conversation, DialogueConfig, Manner, Next, Step, Understanding};
use crate::privacy::Pii;
use crate::store::audit::digest;
use crate::store::{Archive, Pseudonym};
use crate::talk::{AfterReply, CallId, Importance, Language, Prompt, Prosody, Sentence, Transcript};
use crate::tools::{NativeTool, Tools, ToolsError};

use super::clock;
use super::lockouts::{Caller, Lockouts};
use super::memories::{Memories, Person};
use super::tasks::Tasks;

mod acknowledge;
mod ahead;
mod event;
#[cfg(feature = "openai")]
mod model;
mod news;
mod out;
mod sight;

use self::ahead::Ahead;
use self::out::Voice;

pub use self::acknowledge::Acknowledgements;
pub use self::event::{PackVersion, ReplyEvent};

/// A caller who waits longer than this for a tool is told that it takes a moment.
const TOOL_FILLER: Duration = Duration::from_millis(1_200);

/// Digits of a pack's version: enough to tell a company's packs apart.
const VERSION_DIGITS: usize = 12;

/// A one-time code is good for this long.
const CODE_LIVES: Duration = Duration::from_secs(5 * 60);

/// As many failed identity checks in one conversation end the trying.
const MOST_FAILED: u8 = 3;

/// Why no conversation can be held.
#[derive(Debug, Error)]
pub enum DialogueError {
    /// The pack's tools.
    #[error(transparent)]
    Tools(#[from] ToolsError),
    /// The pack's files, for the name of its version.
    #[error("the pack's files cannot be read: {0}")]
    Unread(#[from] std::io::Error),
    /// A language model is configured, but this program was built without it.
    #[error("dialogue.llm.base_url is set, but this program was built without the feature openai")]
    NoModel,
}

/// All conversations of a line: its pack, which may be replaced while they go on, and what they share.
#[derive(Clone)]
pub struct Dialogues {
    shared: Arc<Shared>,
}

/// What outlives a pack.
struct Shared {
    desk: watch::Sender<Arc<Desk>>,
    tasks: Tasks,
    config: DialogueConfig,
    breaker: Mutex<Breaker>,
    lockouts: Lockouts,
    memories: Memories,
    #[cfg(feature = "openai")]
    model: Option<crate::dialogue::OpenAi>,
}

impl Shared {
    fn breaker<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        act(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A pack, what was learnt from it, and what its tools reach.
struct Desk {
    pack: Arc<Pack>,
    version: PackVersion,
    understanding: Arc<Understanding>,
    tools: Tools,
}

impl Dialogues {
    /// Trains the understanding and opens the pack's tools; its database lies under `data`.
    ///
    /// # Errors
    /// A database that cannot be opened, a tool this program has not got, a language model it was not built for.
    pub async fn open(config: &DialogueConfig, pack: Arc<Pack>, data: &Path) -> Result<Self, DialogueError> {
        Self::open_with(config, pack, data, crate::tools::built_in()).await
    }

    /// The same, with tools written in Rust under the names that the pack's `native` asks for.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(
        config: &DialogueConfig,
        pack: Arc<Pack>,
        data: &Path,
        native: BTreeMap<String, Arc<dyn NativeTool>>,
    ) -> Result<Self, DialogueError> {
        if config.llm.is_on() && cfg!(not(feature = "openai")) {
            return Err(DialogueError::NoModel);
        }
        let tools = Tools::open(&pack, data, native).await?;
        let understanding = Arc::new(super::learning::understanding(&pack, data));
        let version = PackVersion::of(&pack)?;
        Ok(Self::of(config, Desk { understanding, tools, version, pack }))
    }

    /// The same without a language model, of a pack that is learnt already.
    ///
    /// # Errors
    /// A database that cannot be opened, a tool this program has not got.
    pub(super) async fn open_learnt(
        pack: Arc<Pack>,
        understanding: Arc<Understanding>,
        data: &Path,
    ) -> Result<Self, DialogueError> {
        let tools = Tools::open(&pack, data, crate::tools::built_in()).await?;
        let version = PackVersion::of(&pack)?;
        Ok(Self::of(&DialogueConfig::default(), Desk { understanding, tools, version, pack }))
    }

    /// What the pack they speak for was learnt to mean.
    pub(super) fn understanding(&self) -> Arc<Understanding> {
        self.desk().understanding.clone()
    }

    /// The same pack and understanding over a database of its own in another folder.
    ///
    /// # Errors
    /// A database that cannot be opened.
    pub async fn over(&self, data: &Path) -> Result<Self, DialogueError> {
        let desk = self.desk();
        let tools = desk.tools.over(&desk.pack, data).await?;
        let (pack, understanding, version) = (desk.pack.clone(), desk.understanding.clone(), desk.version.clone());
        Ok(Self::of(&self.shared.config, Desk { pack, understanding, version, tools }))
    }

    fn of(config: &DialogueConfig, desk: Desk) -> Self {
        let llm = &config.llm;
        let shared = Shared {
            desk: watch::Sender::new(Arc::new(desk)),
            tasks: Tasks::default(),
            config: config.clone(),
            breaker: Mutex::new(Breaker::new(llm.failures_to_open, Duration::from_millis(llm.open_ms))),
            lockouts: Lockouts::default(),
            memories: Memories::default(),
            #[cfg(feature = "openai")]
            model: llm.is_on().then(|| crate::dialogue::OpenAi::new(llm)),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Goes on with another pack, or the same after an edit: every conversation takes it with its next turn.
    ///
    /// # Errors
    /// A database or tool that cannot be opened; then the pack stays the one it was.
    pub async fn replace(&self, pack: Arc<Pack>) -> Result<(), DialogueError> {
        let version = PackVersion::of(&pack)?;
        let tools = self.desk().tools.renewed(&pack).await?;
        let (learnt, wait) = oneshot::channel();
        let (learning, data) = (pack.clone(), self.desk().tools.folder().to_owned());
        // Nobody waits any more: the program ends.
        self.shared.tasks.spawn_blocking(move || drop(learnt.send(Arc::new(super::learning::understanding(&learning, &data)))));
        let Ok(understanding) = wait.await else { return Ok(()) };
        self.shared.desk.send_replace(Arc::new(Desk { pack, understanding, version, tools }));
        Ok(())
    }

    fn desk(&self) -> Arc<Desk> {
        self.shared.desk.borrow().clone()
    }

    /// From now on failed checks outlive the program, checks are audited, and callers who give leave are remembered.
    pub fn keep_callers_in(&self, archive: Arc<Archive>) {
        self.shared.memories.keep_in(Arc::clone(&archive));
        self.shared.lockouts.keep_in(archive);
    }

    /// What the pack's tools reach.
    pub fn tools(&self) -> Tools {
        self.desk().tools.clone()
    }

    /// The pack they speak for now.
    pub fn pack(&self) -> Arc<Pack> {
        self.desk().pack.clone()
    }

    /// A new conversation; without a language it begins in the pack's first.
    pub fn begin(&self, language: Option<Language>) -> Dialogue {
        self.begin_on(clock::wall().date_naive(), language)
    }

    /// The same on a day of its own, for conversations that must be the same on every day.
    pub fn begin_on(&self, today: NaiveDate, language: Option<Language>) -> Dialogue {
        let desk = self.desk();
        Dialogue {
            conversation: Conversation::new(desk.pack.clone(), desk.understanding.clone(), language, today),
            newest: self.shared.desk.subscribe(),
            desk,
            shared: self.shared.clone(),
            unanswered: String::new(),
            deed: None,
            code: None,
            failed: 0,
            caller: None,
            person: Person::default(),
            manner: Manner::default(),
            reply: Reply::Heard,
            #[cfg(feature = "openai")]
            ahead: None,
            lookup: None,
        }
    }

    /// Waits until every deed that was begun is done; for the end of the program.
    pub async fn finished(&self) {
        self.shared.tasks.ended().await;
    }
}

/// What is known of the last reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    /// It is being made; dropped in this state, nobody knows what of it was heard.
    Underway,
    /// It was made to its end.
    Made,
    /// Its owner told what was heard of it.
    Heard,
}

/// One conversation, on a call or in text.
pub struct Dialogue {
    shared: Arc<Shared>,
    desk: Arc<Desk>,
    /// Where a replaced pack appears.
    newest: watch::Receiver<Arc<Desk>>,
    conversation: Conversation,
    /// What the caller said while a reply that was dropped had not been decided.
    unanswered: String,
    /// A tool that writes and whose result is not known yet.
    deed: Option<oneshot::Receiver<Done>>,
    /// The one-time code on its way to the caller, and when it was sent.
    code: Option<(Pii<String>, Instant)>,
    /// Failed identity checks in this conversation, whatever account was claimed.
    failed: u8,
    /// Whose conversation it is, for the audit log.
    caller: Option<Caller>,
    /// Whom it is with, to be remembered.
    person: Person,
    manner: Manner,
    reply: Reply,
    /// What the language model was asked while the caller paused.
    #[cfg(feature = "openai")]
    ahead: Option<model::Asked>,
    /// What a tool was asked then.
    lookup: Option<Ahead<ToolCall, Done>>,
}

/// A tool call's outcome and how long it took.
type Done = (Result<Value, ToolFailure>, Duration);

impl Dialogue {
    /// Answers a prompt; always ends with [`ReplyEvent::Ended`]. The future may be dropped at any await (barge-in): the
    /// conversation stays consistent, and what a tool did meanwhile is told in the next reply.
    pub async fn respond(&mut self, prompt: Prompt, out: &mpsc::Sender<ReplyEvent>) {
        if self.reply == Reply::Underway {
            self.conversation.heard("", true);
            self.lookup = None;
        }
        self.reply = Reply::Underway;
        let is_another = self.take_newest_pack();
        let greets = matches!(prompt, Prompt::Greeting);
        if greets {
            self.shared.memories.recall_number(&self.person, &mut self.conversation, &self.desk.pack).await;
        }
        let mut voice = Voice { out, index: Sentence::FIRST };
        if is_another || matches!(prompt, Prompt::Greeting) {
            let PackVersion { name, version } = &self.desk.version;
            self.conversation.speaks_for(name, version);
            voice.event(ReplyEvent::Pack(self.desk.version.clone())).await;
        }
        let mut after = match self.settle(&mut voice).await {
            Some(act) => Some(self.play(act, &mut voice).await),
            None => None,
        };
        let answers = match prompt {
            Prompt::Said { .. } | Prompt::Keyed { .. } | Prompt::Hinted { .. } | Prompt::Closing { .. } | Prompt::Greeting => {
                true
            }
            Prompt::NoInput { .. } | Prompt::NoMatch { .. } | Prompt::Trouble => false,
        };
        if after.is_none() || answers {
            let prompt = self.with_unanswered(prompt);
            let act = self.decide(prompt, &mut voice).await;
            after = Some(self.play(act, &mut voice).await);
        }
        self.lookup = None;
        if greets {
            self.tell_news(&mut voice).await;
        }
        self.reply = Reply::Made;
        let after = after.unwrap_or(AfterReply::HangUp);
        voice.event(ReplyEvent::Ended { after, language: self.language() }).await;
        self.remember().await;
    }

    /// Keeps what may be kept of the caller as things stand. Told at the end too: a call may end in the middle of a reply.
    pub async fn remember(&mut self) {
        self.shared.memories.keep(&mut self.person, &self.conversation, &self.desk.pack).await;
    }

    /// Between two turns, and not while a deed of the old pack is owed. Whether there was a newer one.
    fn take_newest_pack(&mut self) -> bool {
        let is_another = self.deed.is_none() && self.newest.has_changed().unwrap_or(false);
        if is_another {
            self.desk = self.newest.borrow_and_update().clone();
            self.conversation.go_on_with(self.desk.pack.clone(), self.desk.understanding.clone());
        }
        is_another
    }

    /// The same conversation, known to be this call of this caller's.
    #[must_use]
    pub fn of(self, call: CallId, caller: Pseudonym) -> Self {
        Self { caller: Some((call, caller)), ..self }
    }

    /// The same conversation with somebody who calls from this number or writes from this address.
    #[must_use]
    pub fn calling_from(self, address: &Pii<String>) -> Self {
        Self { person: self.shared.memories.person(address), ..self }
    }

    /// Takes how the caller said the turn that is asked about next.
    pub fn sounded(&mut self, voice: Prosody) {
        self.conversation.sounded(voice);
    }

    /// What of the last reply the caller heard; only this goes into the history. Told after each reply, before the next prompt.
    pub fn heard(&mut self, text: &str, interrupted: bool) {
        self.reply = Reply::Heard;
        self.conversation.heard(text, interrupted);
    }

    /// Every step of the conversation is told from now on, and every decision; for one that has not begun.
    pub fn keep_tape(&mut self) {
        self.conversation.keep_tape();
    }

    /// What happened to the conversation since this was last asked.
    pub fn take_tape(&mut self) -> Vec<Step> {
        self.conversation.take_tape()
    }

    /// The call is recorded: the greeting says so.
    pub fn is_recorded(&mut self) {
        self.conversation.is_recorded();
    }

    /// The language the conversation is in.
    pub const fn language(&self) -> Language {
        self.conversation.language()
    }

    /// The conversation itself.
    pub const fn conversation(&self) -> &Conversation {
        &self.conversation
    }

    /// What was said into a reply that was dropped before it was decided belongs to what is said now.
    fn with_unanswered(&mut self, prompt: Prompt) -> Prompt {
        let prompt = self.after_unanswered(prompt);
        if let Prompt::Said { transcript, .. } = &prompt {
            self.unanswered.clone_from(&transcript.text);
        }
        prompt
    }

    fn after_unanswered(&self, prompt: Prompt) -> Prompt {
        let Prompt::Said { turn, transcript } = prompt else { return prompt };
        let text = format!("{} {}", self.unanswered, transcript.text).trim().to_owned();
        Prompt::Said { turn, transcript: Transcript { text, ..transcript } }
    }

    /// Understands a prompt and takes the plan. From here to the commit nothing has happened yet.
    async fn decide(&mut self, prompt: Prompt, voice: &mut Voice<'_>) -> Act {
        let proposal = self.ask_model(&prompt, voice).await;
        let plan = self.conversation.propose(&prompt, proposal);
        if plan.refused.is_some() {
            self.model_failed();
        }
        let understood = ReplyEvent::Understood { brain: plan.brain, commands: plan.commands.clone() };
        let feeling = plan.feeling.as_ref().map(|reading| ReplyEvent::Feeling {
            emotion: reading.emotion.as_str(),
            confidence: reading.confidence.get(),
            cue: reading.evidence.first().map(|evidence| evidence.cue),
        });
        let stars = plan.commands.iter().find_map(Command::stars);
        let act = self.conversation.commit(plan);
        self.unanswered.clear();
        if let Some(stars) = stars {
            voice.event(ReplyEvent::Rated(stars)).await;
        }
        voice.event(understood).await;
        if let Some(feeling) = feeling {
            voice.event(feeling).await;
        }
        act
    }

    /// Says what is to be said, calls what is to be called, until it is the caller's turn or the end.
    async fn play(&mut self, mut act: Act, voice: &mut Voice<'_>) -> AfterReply {
        loop {
            if act.manner != self.manner {
                self.manner = act.manner;
                voice.event(ReplyEvent::Manner(act.manner)).await;
            }
            for verdict in act.verdicts {
                voice.event(ReplyEvent::Policy(verdict)).await;
            }
            for (text, importance) in act.say {
                voice.say(text, act.language, importance).await;
            }
            match act.next {
                Next::Listen(expectation) => return AfterReply::Listen(expectation),
                Next::Wait(expectation) => return AfterReply::Wait(expectation),
                Next::HangUp => return AfterReply::HangUp,
                Next::Transfer { target } => return AfterReply::Transfer { target },
                Next::Call(call) => act = self.call(call, voice).await,
                Next::SendCode(call) => act = self.send_code(call, voice).await,
                Next::Verify(challenge) => act = self.verify(&challenge, voice).await,
            }
        }
    }

    /// Runs a tool and goes on with its result. One that writes is a task of its own, which a barge-in does not end.
    async fn call(&mut self, call: ToolCall, voice: &mut Voice<'_>) -> Act {
        match call.effect {
            Effect::Writes => {
                let (done, wait) = oneshot::channel();
                let work = self.run(call.clone());
                self.deed = Some(wait);
                self.shared.tasks.spawn_to_its_end("tool", async move { drop(done.send(work.await)) });
                let language = self.language();
                let deed = self.deed.as_mut().expect("was just set");
                let outcome = voice.while_waiting(TOOL_FILLER, call.filler.as_deref(), language, deed).await;
                self.deed = None;
                self.resume(&call, outcome.ok(), voice).await
            }
            Effect::Reads => {
                let work = self.looked_up(call.clone()).taken();
                let outcome = voice.while_waiting(TOOL_FILLER, call.filler.as_deref(), self.language(), work).await;
                self.resume(&call, outcome, voice).await
            }
        }
    }

    /// Makes a one-time code and has it sent. The code is known here and to the tool only.
    async fn send_code(&mut self, mut call: ToolCall, voice: &mut Voice<'_>) -> Act {
        let code = format!("{:06}", clock::seed() % 1_000_000);
        call.arguments.insert("code".to_owned(), code.clone().into());
        self.code = Some((Pii::new(code), clock::now()));
        self.call(call, voice).await
    }

    /// Checks who is calling. A locked account is not looked at, and a failure counts before anything else can happen.
    async fn verify(&mut self, challenge: &Challenge, voice: &mut Voice<'_>) -> Act {
        let started = clock::now();
        let caller = self.conversation.identity().cloned();
        let work = self.desk.tools.run(&challenge.record, caller.as_ref());
        let filler = self.desk.pack.prompt(Cue::Filler).template(self.language());
        let record = voice.while_waiting(TOOL_FILLER, filler, self.conversation.language(), work).await;
        let ok = record.is_ok();
        let sent = self.code.as_ref().filter(|(_, at)| clock::since(*at) < CODE_LIVES).map(|(code, _)| code);
        let act = match record {
            Ok(record) => {
                let outcome = if self.shared.lockouts.are_closed(&challenge.claimed()).await {
                    Verification::Locked
                } else {
                    let outcome = challenge.verify(&record, sent);
                    let by = (&self.shared.tasks, self.caller.clone());
                    self.shared.lockouts.note(&challenge.claimed(), outcome, by)
                };
                let outcome = match outcome {
                    Verification::Verified(found) if self.failed < MOST_FAILED => {
                        self.code = None;
                        Verification::Verified(found)
                    }
                    Verification::Unverified if self.failed + 1 < MOST_FAILED => {
                        self.failed += 1;
                        Verification::Unverified
                    }
                    Verification::Verified(_) | Verification::Unverified | Verification::Locked => {
                        self.failed = MOST_FAILED;
                        Verification::Locked
                    }
                };
                if let Verification::Verified(found) = &outcome {
                    let desk = Arc::clone(&self.desk);
                    self.shared.memories.recall_account((found, &mut self.person), &mut self.conversation, &desk.pack).await;
                    self.tell_news(voice).await;
                }
                self.conversation.verified(outcome)
            }
            Err(e) => {
                warn!(tool = challenge.record.name, error = %e, "A tool failed.");
                self.conversation.resume(Err(e))
            }
        };
        let (name, effect, ms) = (challenge.record.name.clone(), challenge.record.effect, millis(clock::since(started)));
        voice.event(ReplyEvent::Tool { name, effect, ok, ms }).await;
        act
    }

    /// The outcome of a deed that an earlier, dropped reply began.
    async fn settle(&mut self, voice: &mut Voice<'_>) -> Option<Act> {
        let language = self.language();
        let filler = self.desk.pack.prompt(Cue::Filler).template(language);
        let outcome = voice.while_waiting(TOOL_FILLER, filler, language, self.deed.as_mut()?).await;
        self.deed = None;
        let call = self.conversation.owed()?.clone();
        let before = self.desk.pack.prompt(Cue::MeanwhileDone).template(language).unwrap_or_default();
        voice.say(before.to_owned(), language, Importance::Normal).await;
        Some(self.resume(&call, outcome.ok(), voice).await)
    }

    /// `None` as outcome: the program is being shut down, and the task that ran the tool is gone.
    async fn resume(&mut self, call: &ToolCall, outcome: Option<Done>, voice: &mut Voice<'_>) -> Act {
        let gone = || ToolFailure::Backend { name: call.name.clone(), what: "the program is shutting down".to_owned() };
        let (result, took) = outcome.unwrap_or_else(|| (Err(gone()), Duration::ZERO));
        if let Err(e) = &result {
            warn!(tool = call.name, error = %e, "A tool failed.");
        }
        let ok = result.is_ok();
        let act = self.conversation.resume(result);
        voice.event(ReplyEvent::Tool { name: call.name.clone(), effect: call.effect, ok, ms: millis(took) }).await;
        act
    }

    fn model_failed(&self) {
        self.breaker(|breaker| breaker.failed(clock::now()));
    }

    fn breaker<T>(&self, act: impl FnOnce(&mut Breaker) -> T) -> T {
        self.shared.breaker(act)
    }
}

impl PackVersion {
    /// The state that a pack's folder is in.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn of(pack: &Pack) -> std::io::Result<Self> {
        let version = digest(pack.folder())?.chars().take(VERSION_DIGITS).collect();
        Ok(Self { name: pack.name().to_owned(), version })
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
