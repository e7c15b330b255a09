//! The record of a conversation by text: journal, figures and audit, as a call has them.
//! Never holds an answer up, and never keeps a secret that was typed.

use std::sync::Arc;
use std::time::Instant;

use super::clock;
use super::observe::{Observers, audit_tool};
use super::reply::ReplyEvent;
use crate::privacy::Pii;
use crate::store::Pseudonym;
use crate::store::audit::{AuditEvent, Auditor};
use crate::store::journal::{CallJournal, JournalEvent};
use crate::talk::{AfterReply, CallId, Finality, Transcript, TurnId};
use crate::telemetry::{CallTrace, Metrics};

/// What stands where a call's codec stands.
const CODEC: &str = "text";
/// What stands where a secret was typed.
const HIDDEN: &str = "***";
/// The end of a conversation that its bot closed.
const BY_BOT: &str = "bot";
/// The end of a conversation that was handed to a person.
const TRANSFERRED: &str = "transferred";
/// The end of a conversation that lasted when the program stopped.
const SHUTDOWN: &str = "shutdown";

/// Why a conversation by text is over, where its bot did not end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrittenEnd {
    /// Nobody wrote any more.
    Silence,
    /// It goes on by voice, under a call's name.
    Voice,
}

impl WrittenEnd {
    const fn cause(self) -> &'static str {
        match self {
            Self::Silence => "no-input",
            Self::Voice => "voice",
        }
    }
}

/// One conversation's record. Dropped, it says that the program stopped.
pub struct Written {
    id: CallId,
    caller: Pseudonym,
    auditor: Auditor,
    journal: CallJournal,
    metrics: Arc<Metrics>,
    trace: CallTrace,
    began: Instant,
    /// When something happened last: an end by silence is told as of then.
    touched: Instant,
    turn: TurnId,
    ended: bool,
}

impl Written {
    /// The record of a conversation that begins now on this channel (`chat`, `widget`, `whatsapp` …) with whoever has this address.
    pub fn begin(observers: &Observers, (id, caller): (CallId, Pseudonym), channel: &'static str, from: &Pii<String>) -> Self {
        observers.metrics.chat_started();
        let began = clock::now();
        let record = Self {
            caller,
            auditor: observers.auditor.clone(),
            journal: observers.journal.open(id.clone(), caller),
            metrics: Arc::clone(&observers.metrics),
            trace: observers.traces.call(&id, (channel, CODEC), clock::wall().into()),
            began,
            touched: began,
            turn: TurnId::default(),
            ended: false,
            id,
        };
        let (from, to, transport) = (from.reveal().clone(), String::new(), channel.to_owned());
        record.tell(JournalEvent::CallStarted { from, to, transport, codec: CODEC.to_owned() });
        record
    }

    /// Something was written, or said in a voice note; of a secret, only that something was.
    pub fn said(&mut self, turn: TurnId, transcript: &Transcript, is_secret: bool) {
        self.turn = turn;
        self.touched = clock::now();
        self.metrics.written(transcript.is_nothing());
        self.tell(JournalEvent::Transcript {
            text: if is_secret { HIDDEN.to_owned() } else { transcript.text.clone() },
            is_final: transcript.finality == Finality::Final,
            engine: transcript.engine.clone().into_owned(),
            language: transcript.language,
        });
    }

    /// Something came out while the answer was made.
    pub fn replied(&mut self, event: &ReplyEvent) {
        self.touched = clock::now();
        match event {
            ReplyEvent::Sentence(sentence) => self.tell(JournalEvent::Reply { text: sentence.text.clone() }),
            ReplyEvent::Tool { name, effect, ok, ms } => {
                audit_tool(&self.auditor, (&self.id, self.caller), (name, *effect, *ok));
                self.tell(JournalEvent::Tool { name: name.clone(), ok: *ok, ms: *ms });
            }
            ReplyEvent::Rated(stars) => {
                self.metrics.rated(*stars);
                self.tell(JournalEvent::Rating { stars: *stars });
            }
            ReplyEvent::Understood { .. }
            | ReplyEvent::Pack(_)
            | ReplyEvent::Policy(_)
            | ReplyEvent::Feeling { .. }
            | ReplyEvent::Manner(_)
            | ReplyEvent::Ended { .. } => {
                if let Some(event) = event.for_the_record() {
                    self.tell(event);
                }
            }
        }
    }

    /// The answer is written, and read: text is not cut off. `verified` is told where it changed.
    pub fn answered(&mut self, text: String, verified: Option<bool>, after: Option<&AfterReply>) {
        if let Some(verified) = verified {
            self.tell(JournalEvent::Identity { verified });
        }
        self.tell(JournalEvent::ReplyEnded { heard: text, interrupted: false });
        match after {
            Some(AfterReply::HangUp) => self.close(BY_BOT),
            Some(AfterReply::Transfer { .. }) => {
                let handoff = AuditEvent::Handoff { call: self.id.clone(), caller: self.caller };
                self.auditor.note(clock::wall().to_utc(), handoff);
                self.close(TRANSFERRED);
            }
            Some(AfterReply::Listen(_) | AfterReply::Wait(_)) | None => {}
        }
    }

    /// The conversation is over, if it was not before.
    pub fn end(&mut self, why: WrittenEnd) {
        self.close(why.cause());
    }

    fn close(&mut self, cause: &'static str) {
        if !std::mem::replace(&mut self.ended, true) {
            self.metrics.chat_ended(cause);
            self.trace.end(cause, clock::wall().into());
            self.tell(JournalEvent::CallEnded { cause: cause.to_owned() });
        }
    }

    fn tell(&self, event: JournalEvent) {
        let turn = Some(self.turn).filter(|turn| turn.0 > 0);
        self.journal.record(self.touched - self.began, turn, event);
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.close(SHUTDOWN);
    }
}
