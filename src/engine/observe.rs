//! Who is told what happens on a call: journal, recording, metrics, and whoever watches live.
//! Never holds a call up: a watcher that lags loses events, and only events.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;

use super::clock;
use super::wall::{OnWall, Order, Wall};
use crate::audio::{Frame, MediaTime, SampleRate};
use crate::business::Effect;
use crate::call::{Event, Hangup};
use crate::line::PortInfo;
use crate::store::audit::{AuditEvent, Auditor};
use crate::store::flight::Flights;
use crate::store::journal::{CallJournal, Entry, Journal, JournalEvent};
use crate::store::recording::{CallRecording, Recorder};
use crate::store::{Archive, Pseudonym};
use crate::talk::{CallId, TurnId};
use crate::telemetry::{CallTrace, Metrics, Traces};

/// Rate recordings are kept at.
const RECORDING_RATE: SampleRate = SampleRate::HZ_16000;

/// What a live watcher gets.
pub type Seen = (CallId, Entry);

/// Everybody who watches the line.
pub struct Observers {
    /// The record of each call.
    pub journal: Journal,
    /// Two-channel recordings, where configured.
    pub recorder: Option<Recorder>,
    /// What calls' decisions are made of, where configured.
    pub flights: Option<Flights>,
    /// The line's numbers.
    pub metrics: Arc<Metrics>,
    /// The way to a collector of traces, where configured.
    pub traces: Traces,
    /// A live watcher (demo, bench); drop-newest when it lags.
    pub live: Option<mpsc::Sender<Seen>>,
    /// The calls that last now, for operators.
    pub wall: Wall,
    /// Who did what with data.
    pub auditor: Auditor,
    /// Keys, memory, lock-outs.
    pub archive: Arc<Archive>,
}

impl Observers {
    /// A call was refused in a full house.
    pub fn refused(&self) {
        self.metrics.calls_refused.increment();
    }
}

/// One call's observers.
pub struct Watch {
    id: CallId,
    caller: Pseudonym,
    auditor: Auditor,
    began: Instant,
    turn: TurnId,
    journal: CallJournal,
    recording: Option<CallRecording>,
    metrics: Arc<Metrics>,
    trace: CallTrace,
    live: Option<mpsc::Sender<Seen>>,
    wall: OnWall,
    /// The page the caller sits at.
    page: Option<mpsc::Sender<Entry>>,
    ended: bool,
}

impl Watch {
    /// Watches a call that is being answered now; the caller's page, if there is one, is shown it too.
    pub fn new(observers: &Observers, id: CallId, info: &PortInfo, page: Option<mpsc::Sender<Entry>>) -> Self {
        let caller = observers.archive.vault().caller_of(&info.from, &id);
        let watch = Self {
            caller,
            auditor: observers.auditor.clone(),
            began: clock::now(),
            turn: TurnId::default(),
            journal: observers.journal.open(id.clone(), caller),
            recording: observers.recorder.as_ref().map(|recorder| recorder.open(id.clone(), caller, RECORDING_RATE)),
            metrics: Arc::clone(&observers.metrics),
            trace: observers.traces.call(&id, (info.transport, info.format.name()), clock::wall().into()),
            live: observers.live.clone(),
            wall: observers.wall.hang(id.clone()),
            page,
            ended: false,
            id,
        };
        watch.metrics.call_started();
        watch.tell(JournalEvent::CallStarted {
            from: info.from.reveal().clone(),
            to: info.to.clone(),
            transport: info.transport.to_owned(),
            codec: info.format.name().to_owned(),
        });
        watch
    }

    /// Who calls.
    pub const fn caller(&self) -> Pseudonym {
        self.caller
    }

    /// The call told something.
    pub fn event(&mut self, event: &Event) {
        if let Event::SpeechStarted { turn, .. } | Event::Digit { turn, .. } = event {
            self.turn = *turn;
        }
        self.ended |= matches!(event, Event::Ended { .. });
        if let Event::Ended { cause: Hangup::Transferred } = event {
            let handoff = AuditEvent::Handoff { call: self.id.clone(), caller: self.caller };
            self.auditor.note(clock::wall().to_utc(), handoff);
        }
        if let Event::Latency(latency) = event {
            self.trace.turn(latency, clock::wall().into());
        } else if let Event::Ended { cause } = event {
            self.trace.end(cause.as_str(), clock::wall().into());
        }
        let at = clock::since(self.began);
        self.metrics.record(event);
        self.show(Entry::of(at, event));
        self.journal.note(at, event);
    }

    /// A tool was called for the turn that is being answered.
    pub fn tool(&self, (name, effect): (String, Effect), ok: bool, ms: u64) {
        audit_tool(&self.auditor, (&self.id, self.caller), (&name, effect, ok));
        self.tell(JournalEvent::Tool { name, ok, ms });
    }

    /// One tick's sound in both directions.
    pub fn sound(&mut self, at: MediaTime, caller: &Frame, bot: &Frame) {
        if let Some(recording) = &mut self.recording {
            recording.tick(at, Some(caller), Some(bot));
        }
        self.wall.sound(caller, bot);
    }

    /// What an operator wants of this call next.
    pub async fn order(&mut self) -> Order {
        self.wall.order().await
    }

    /// Something for the record that the call itself does not tell.
    pub fn tell(&self, event: JournalEvent) {
        if let JournalEvent::Rating { stars } = event {
            self.metrics.rated(stars);
        }
        let at = clock::since(self.began);
        let turn = Some(self.turn).filter(|turn| turn.0 > 0);
        self.show(Entry::new(at, turn, event.clone()));
        self.journal.record(at, turn, event);
    }

    fn show(&self, entry: Entry) {
        self.wall.happened(entry.clone());
        if let Some(page) = self.page.as_ref().filter(|_| !is_of_the_house(&entry.event)) {
            let _drop_newest = page.try_send(entry.clone());
        }
        if let Some(live) = &self.live {
            let _drop_newest = live.try_send((self.id.clone(), entry));
        }
    }
}

/// What an operator wrote, and what the policy made of it, is not shown to the caller.
const fn is_of_the_house(event: &JournalEvent) -> bool {
    matches!(event, JournalEvent::Hint { .. } | JournalEvent::Policy { .. })
}

/// One that only reads is told in the journal alone.
pub(super) fn audit_tool(auditor: &Auditor, (call, caller): (&CallId, Pseudonym), (tool, effect, ok): (&str, Effect, bool)) {
    match effect {
        Effect::Reads => {}
        Effect::Writes => {
            let event = AuditEvent::ToolWrite { call: call.clone(), caller, tool: tool.to_owned(), ok };
            auditor.note(clock::wall().to_utc(), event);
        }
    }
}

impl Drop for Watch {
    /// A driver that was dropped or panicked leaves a record that says so, and the count of calls stays right.
    fn drop(&mut self) {
        if !self.ended {
            self.metrics.call_ended(Hangup::Trouble);
            self.trace.end(Hangup::Trouble.as_str(), clock::wall().into());
            self.tell(JournalEvent::CallEnded { cause: Hangup::Trouble.as_str().to_owned() });
        }
    }
}
