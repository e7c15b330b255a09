//! Being remembered: the caller is asked for leave once, a request left open is offered again, and what is known is told.
//! Never keeps anything itself: what is to be kept is handed to the engine, and without a yes that is nothing.

use minijinja::context;
use minijinja::value::Serde;

use crate::business::Cue;
use crate::business::memory::{CallNotes, Consent, Memory, Noted, Unfinished};

use super::act::Turn;
use super::conversation::Conversation;
use super::draft::Draft;
use super::session::{Frame, Then, Waiting};
use super::tape::Step;
use super::{Value, menu};

/// Who is talking, as far as earlier conversations tell.
#[derive(Debug, Clone, Default)]
pub(super) struct Recollection {
    pub(super) memory: Memory,
    /// The question for leave was put in this conversation.
    asked: bool,
    offer: Offer,
}

/// What became of the request left open, in this conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Offer {
    /// It was not spoken of.
    #[default]
    Unmade,
    /// It was offered.
    Made,
    /// The caller wants to go on. By a number alone that is a wish; what was told then is taken up once an identity is proved.
    Accepted,
    /// The caller does not want it any more.
    Dropped,
}

impl Conversation {
    /// Tells what is remembered of the caller, who is somebody from now on; nothing at all is a memory too.
    pub fn recollect(&mut self, memory: Option<Memory>) {
        self.note(|| Step::Recollected(memory.clone()));
        if !self.pack.memory().on {
            return;
        }
        let known = self.session.recollection.take().unwrap_or_default();
        let memory = memory.unwrap_or_else(|| known.memory.clone());
        let memory = if known.offer == Offer::Dropped { memory.settled() } else { memory };
        if self.session.history.is_empty()
            && let Some(language) = memory.recall(self.session.today, self.pack.memory()).language
            && self.pack.languages().contains(&language)
        {
            self.session.language = language;
        }
        self.session.recollection = Some(Recollection { memory, ..known });
    }

    /// What is to be kept of the caller as things stand: with their leave what was talked about, after a no the no alone.
    pub fn to_remember(&self) -> Option<Memory> {
        let known = self.session.recollection.as_ref()?;
        if matches!(known.memory.consent(), Consent::Unknown) {
            return None;
        }
        let frames = || self.session.stack.iter().rev().filter(|frame| !self.pack.proves_identity(&frame.flow));
        let left = frames().next().filter(|_| !self.session.handed_over);
        let notes = CallNotes {
            language: Some(self.session.language),
            topics: self.session.topics.clone(),
            subject: frames().chain(&self.session.last).find_map(|frame| self.subject_of(frame)),
            unfinished: left.map(|frame| (frame.flow.clone(), self.noted(frame))),
        };
        Some(known.memory.clone().remember(notes, self.session.today, self.pack.memory()))
    }

    fn subject_of(&self, frame: &Frame) -> Option<serde_json::Value> {
        let name = self.pack.memory().subject.as_ref()?;
        let slot = self.pack.flows()[&frame.flow].slots.get(name).filter(|slot| !slot.sensitive)?;
        frame.slots.get(name).filter(|value| Value::of_json(&slot.kind, &value.to_json()).is_some()).map(Value::to_json)
    }

    fn noted(&self, frame: &Frame) -> Noted {
        let flow = &self.pack.flows()[&frame.flow];
        let slots = frame.slots.iter();
        slots.fold(Noted::default(), |noted, (name, value)| noted.with(name, &flow.slots[name], value.to_json()))
    }
}

impl Draft<'_> {
    /// Asks for leave to remember, unless that is answered or nothing was done yet; whether it was asked.
    pub(super) fn ask_to_remember(&mut self, then: Then) -> bool {
        let done = self.session.last.is_some() || !self.session.stack.is_empty();
        let Some(known) = self.session.recollection.as_mut().filter(|_| done) else { return false };
        if known.asked || !known.memory.asks(self.session.today, self.pack.memory()) {
            return false;
        }
        known.asked = true;
        self.cue(Cue::RememberAsk);
        self.wait_for(Waiting::Remember(then));
        true
    }

    /// The caller's answer. A yes counts only in the caller's own words.
    pub(super) fn answer_remembering(&mut self, yes: bool, (then, turn): (Then, &Turn<'_>)) {
        if yes && !turn.said_yes {
            return self.miss();
        }
        let question = self.pack.prompt(Cue::RememberAsk).template(self.session.language).unwrap_or_default().to_owned();
        let today = self.session.today;
        if let Some(known) = &mut self.session.recollection {
            let memory = std::mem::take(&mut known.memory);
            known.memory = if yes { memory.allowed(question, today) } else { Memory::refused(today) };
        }
        self.cue(if yes { Cue::RememberYes } else { Cue::RememberNo });
        match then {
            Then::GoOn => self.session.waiting = Waiting::Anything,
            Then::Goodbye => self.goodbye(),
        }
    }

    /// Offers to go on with what was left open the last time; whether it did. In the middle of another request it waits.
    pub(super) fn offer_to_resume(&mut self) -> bool {
        let offer = self.session.recollection.as_ref().map(|known| known.offer);
        let Some(left) = self.left_open().filter(|left| self.may_be_taken_up(left)) else { return false };
        match offer {
            Some(Offer::Unmade) => self.decide_on_offer(Offer::Made),
            Some(Offer::Accepted) if !self.session.stack.is_empty() => {
                self.settle();
                self.take_up(&left);
                return false;
            }
            Some(Offer::Accepted | Offer::Made | Offer::Dropped) | None => return false,
        }
        let about = self.pack.flows()[&left.flow].about.template(self.session.language);
        let subject = self.pack.memory().subject.as_ref().and_then(|name| left.slots.get(name)).map(Serde);
        self.cue_with(Cue::ResumeLast, &context! { about, subject, language => self.session.language.code() });
        self.wait_for(Waiting::Resume);
        true
    }

    /// Nothing else is at hand, and nothing else was told for it.
    fn may_be_taken_up(&self, left: &Unfinished) -> bool {
        let same = |(name, value): (&String, &Value)| left.slots.get(name).is_none_or(|told| *told == value.to_json());
        self.session.stack.last().is_none_or(|frame| frame.flow == left.flow && frame.slots.iter().all(same))
    }

    fn decide_on_offer(&mut self, offer: Offer) {
        if let Some(known) = &mut self.session.recollection {
            known.offer = offer;
        }
    }

    /// What was left open is taken up, or wanted no more.
    fn settle(&mut self) {
        if let Some(known) = &mut self.session.recollection {
            known.memory = std::mem::take(&mut known.memory).settled();
        }
    }

    fn left_open(&self) -> Option<Unfinished> {
        let known = self.session.recollection.as_ref()?;
        let left = known.memory.recall(self.session.today, self.pack.memory()).unfinished?;
        self.pack.flows().contains_key(&left.flow).then(|| left.clone())
    }

    /// A yes takes the request up where it was left, a no drops it for good.
    pub(super) fn answer_resuming(&mut self, yes: bool) {
        let left = self.left_open();
        self.decide_on_offer(if yes { Offer::Accepted } else { Offer::Dropped });
        self.settle();
        self.session.waiting = Waiting::Anything;
        self.again = true;
        match left.filter(|_| yes) {
            Some(left) => self.take_up(&left),
            None if self.session.stack.is_empty() && self.session.last.is_none() => {
                self.cue(Cue::Greeting);
                self.wait_for(Waiting::Anything);
            }
            None => {}
        }
    }

    /// The flow begins with what was told then: it asks for nothing that is known, and looks up anew what it looks up.
    fn take_up(&mut self, left: &Unfinished) {
        let flow = &self.pack.flows()[&left.flow];
        if self.session.stack.last().is_none_or(|frame| frame.flow != left.flow) {
            self.session.stack.push(Frame::new(flow));
            self.session.topics.push(left.flow.clone());
        }
        let Some((frame, flow)) = self.at_hand() else { return };
        frame.opening.clear();
        for (name, slot) in flow.slots.iter().filter(|(_, slot)| !slot.sensitive) {
            if let Some(value) = left.slots.get(name).and_then(|told| Value::of_json(&slot.kind, told)) {
                frame.set(name, value);
            }
        }
    }

    /// "What do you know about me?"
    pub(super) fn tell_what_is_known(&mut self) {
        let allowed = self.session.recollection.as_ref().filter(|known| known.memory.is_allowed());
        let Some(known) = allowed else { return self.cue(Cue::KnownNothing) };
        let recalled = known.memory.recall(self.session.today, self.pack.memory());
        let about = |topic: &String| {
            let flow = self.pack.flows().get(topic).map(|flow| &flow.about);
            flow.or_else(|| Some(&self.pack.knowledge().entry(topic)?.about))?.template(self.session.language)
        };
        let topics: Vec<&str> = recalled.topics.iter().chain(&self.session.topics).filter_map(about).collect();
        let topics = menu::listed(&topics, self.session.language);
        let subject = recalled.subject.cloned().map(Serde);
        self.cue_with(Cue::Known, &context! { topics, subject, language => self.session.language.code() });
    }

    /// "Forget me": what is kept is wiped at once, and nothing of this conversation is kept.
    pub(super) fn forget_caller(&mut self) {
        let today = self.session.today;
        match &mut self.session.recollection {
            Some(known) => {
                known.memory = Memory::refused(today);
                self.cue(Cue::Forgotten);
            }
            None => self.cue(Cue::KnownNothing),
        }
    }
}
