//! What a conversation remembers: flows under way, their slots, what is being waited for, what was said.
//! Never changes itself; `Draft` in `flow` and `act` do.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use minijinja::Value as Variables;
use minijinja::value::Serde;
use serde_json::{Map, Value as Json};

use crate::business::emotion::{Baseline, Mood};
use crate::business::flow::{Flow, SlotKind};
use crate::business::{Challenge, Level, Pack, ToolCall, Topic, Verified};
use crate::talk::{Expectation, Language};

use super::Value;
use super::remembering::Recollection;

/// What the conversation waits for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Waiting {
    /// Any request.
    Anything,
    /// The slot that the top flow's step collects.
    Slot,
    /// A yes to the value just given.
    Check,
    /// A yes to what the top flow is about to do.
    Confirm,
    /// Which of these is meant.
    Clarify(Vec<Topic>),
    /// A key of the menu.
    Menu,
    /// A yes to the offer of a person.
    Offer,
    /// Leave to remember the caller.
    Remember(Then),
    /// A yes to going on with what was left open the last time.
    Resume,
    /// How satisfied the caller is.
    Rating,
    /// A tool's result.
    Tool(ToolCall),
    /// Whether the caller is who they say.
    Identity(Challenge),
    /// Nothing: the conversation is over.
    Over,
}

/// What follows the answer to the question for leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// Whatever else the caller wants.
    GoOn,
    /// Good-bye, which the caller has said already.
    Goodbye,
}

/// The caller's yes to a read-back, and the values it was given for. Made in one place only: by a yes to a confirm step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Consent(BTreeMap<String, Value>);

impl Consent {
    pub(super) fn to(slots: &BTreeMap<String, Value>) -> Self {
        Self(slots.clone())
    }

    /// Whether it was given for exactly these values.
    pub(super) fn covers(&self, slots: &BTreeMap<String, Value>) -> bool {
        self.0 == *slots
    }
}

/// One flow under way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) flow: String,
    pub(super) step: usize,
    pub(super) slots: BTreeMap<String, Value>,
    pub(super) results: BTreeMap<String, Json>,
    /// The caller's words when the flow began, and when each slot got its value; the best reading first.
    pub(super) opening: Vec<String>,
    pub(super) readings: BTreeMap<String, Vec<String>>,
    /// Slot → the record it names.
    pub(super) chosen: BTreeMap<String, Json>,
    /// How often each collect step has asked.
    pub(super) asked: BTreeMap<usize, u8>,
    /// Slots of which the caller was told where the value is to be found.
    pub(super) pointed: BTreeSet<String>,
    /// Slots whose value came by keys: nothing of it was misheard.
    pub(super) keyed: BTreeSet<String>,
    /// Slots whose value the caller has agreed to.
    pub(super) checked: BTreeSet<String>,
    pub(super) consent: Option<Consent>,
}

impl Frame {
    pub(super) fn new(flow: &Flow) -> Self {
        Self {
            flow: flow.id.clone(),
            step: 0,
            slots: BTreeMap::new(),
            results: BTreeMap::new(),
            opening: Vec::new(),
            readings: BTreeMap::new(),
            chosen: BTreeMap::new(),
            asked: BTreeMap::new(),
            pointed: BTreeSet::new(),
            keyed: BTreeSet::new(),
            checked: BTreeSet::new(),
            consent: None,
        }
    }

    /// The same flow in another state of the pack: as it is if the flow is, from its beginning if it changed.
    fn adapted(self, old: &Pack, new: &Pack) -> Option<Self> {
        let flow = new.flows().get(&self.flow)?;
        if old.flows().get(&self.flow) == Some(flow) {
            return Some(self);
        }
        let kept = |slot: &String| flow.slots.get(slot) == old.flows()[&self.flow].slots.get(slot);
        let slots = self.slots.into_iter().filter(|(slot, _)| kept(slot)).collect();
        Some(Self { slots, opening: self.opening, readings: self.readings, keyed: self.keyed, ..Self::new(flow) })
    }

    /// Gives a slot a value; a yes given for other values is void.
    pub(super) fn set(&mut self, slot: &str, value: Value) {
        self.slots.insert(slot.to_owned(), value);
        self.keyed.remove(slot);
        self.checked.remove(slot);
        self.chosen.remove(slot);
        self.consent = None;
    }

    /// Gives a slot the value that another frame holds, with the words it came in.
    pub(super) fn take_over(&mut self, slot: &str, from: &Self) {
        let Some(value) = from.slots.get(slot) else { return };
        self.set(slot, value.clone());
        self.readings.insert(slot.to_owned(), from.readings.get(slot).cloned().unwrap_or_default());
        if from.keyed.contains(slot) {
            self.keyed.insert(slot.to_owned());
        }
    }

    /// Takes a slot's value back.
    pub(super) fn forget(&mut self, slot: &str) {
        self.slots.remove(slot);
        self.readings.remove(slot);
        self.keyed.remove(slot);
        self.checked.remove(slot);
        self.chosen.remove(slot);
        self.consent = None;
    }
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The caller.
    Caller,
    /// The bot; only what was heard.
    Bot,
}

/// The whole memory of one conversation.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) language: Language,
    pub(super) today: NaiveDate,
    /// Who the caller was proved to be.
    pub(super) identity: Option<Verified>,
    /// Flows under way; the last is the one at hand.
    pub(super) stack: Vec<Frame>,
    /// Flows asked for in the same breath, begun one after the other.
    pub(super) queue: Vec<Frame>,
    /// The flow that ended last: what "it" and "no, 12346" are about.
    pub(super) last: Option<Frame>,
    pub(super) waiting: Waiting,
    /// The words that a clarifying question is about, the best reading first.
    pub(super) unclear: Vec<String>,
    /// Digits told so far of a number that is dictated over several turns.
    pub(super) dictated: String,
    /// What is known of the caller's feelings.
    pub(super) mood: Mood,
    /// How the caller usually sounds.
    pub(super) baseline: Baseline,
    /// Whether the caller may be offered anything to buy.
    pub(super) selling: bool,
    /// What the caller said no to: not offered again in this call.
    pub(super) declined: BTreeSet<String>,
    /// What earlier conversations tell of the caller; `None` while it is nobody who could be remembered.
    pub(super) recollection: Option<Recollection>,
    /// Flows and entries that were talked about, in order.
    pub(super) topics: Vec<String>,
    /// Whether the caller was asked how satisfied they are.
    pub(super) asked_to_rate: bool,
    /// A person takes over what is under way.
    pub(super) handed_over: bool,
    /// The call is recorded, which the caller must be told.
    pub(super) recorded: bool,
    /// Turns in a row that were not understood.
    pub(super) misses: u8,
    /// The last reply that can be repeated.
    pub(super) said: Vec<String>,
    /// The question of a confirm step, as asked in the last reply.
    pub(super) question: Option<String>,
    /// That question was cut off before the caller could know what it asks.
    pub(super) question_unheard: bool,
    pub(super) manner: Manner,
    /// Who said what, as far as it was heard.
    pub(super) history: Vec<(Speaker, String)>,
}

/// How the bot speaks, at the caller's wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Speed, 100 as usual.
    pub rate_percent: u16,
    /// Level, 0 as usual.
    pub gain_db: i8,
}

impl Default for Manner {
    fn default() -> Self {
        Self { rate_percent: 100, gain_db: 0 }
    }
}

impl Session {
    pub(super) fn new(language: Language, today: NaiveDate) -> Self {
        Self {
            language,
            today,
            identity: None,
            stack: Vec::new(),
            queue: Vec::new(),
            last: None,
            waiting: Waiting::Anything,
            unclear: Vec::new(),
            dictated: String::new(),
            mood: Mood::default(),
            baseline: Baseline::default(),
            selling: true,
            declined: BTreeSet::new(),
            recollection: None,
            topics: Vec::new(),
            asked_to_rate: false,
            handed_over: false,
            recorded: false,
            misses: 0,
            said: Vec::new(),
            question: None,
            question_unheard: false,
            manner: Manner::default(),
            history: Vec::new(),
        }
    }

    /// What of the memory still means something in another state of the pack.
    pub(super) fn adapt(&mut self, old: &Pack, new: &Pack) {
        if !new.languages().contains(&self.language) {
            self.language = new.first_language();
        }
        let at_hand = self.stack.last().cloned();
        let stack = std::mem::take(&mut self.stack);
        self.stack = stack.into_iter().filter_map(|frame| frame.adapted(old, new)).collect();
        self.last = self.last.take().and_then(|frame| frame.adapted(old, new));
        let queue = std::mem::take(&mut self.queue);
        self.queue = queue.into_iter().filter_map(|frame| frame.adapted(old, new)).collect();
        let known = |topic: &Topic| new.topics().iter().any(|(t, _)| t == topic);
        let offered = !matches!(&self.waiting, Waiting::Clarify(topics) if !topics.iter().all(known));
        if self.stack.last() != at_hand.as_ref() || !offered {
            // The question that was asked is gone; the flow at hand, if there is one, asks its own.
            self.waiting = if self.stack.is_empty() { Waiting::Anything } else { Waiting::Slot };
            self.question = None;
        }
    }

    /// How well the caller is known.
    pub(super) fn level(&self) -> Level {
        self.identity.as_ref().map_or(Level::ANONYMOUS, Verified::level)
    }

    /// What a caller who was remembered may mean by "it", if this slot is what requests are about.
    pub(super) fn remembered_subject(&self, pack: &Pack, slot: &str) -> Option<&Json> {
        let asked = pack.memory().subject.as_deref().filter(|subject| *subject == slot);
        let known = self.recollection.as_ref().filter(|_| asked.is_some() && self.identity.is_some())?;
        known.memory.recall(self.today, pack.memory()).subject
    }

    /// The slot that is being asked for, with its name.
    pub(super) fn wanted<'p>(&self, pack: &'p Pack) -> Option<(&'p str, &'p crate::business::flow::Slot)> {
        let frame = self.stack.last().filter(|_| self.waiting == Waiting::Slot)?;
        let flow = &pack.flows()[&frame.flow];
        match &flow.steps.get(frame.step)?.action {
            crate::business::flow::Action::Collect(collect) => Some((&collect.slot, &flow.slots[&collect.slot])),
            _ => None,
        }
    }

    /// What the caller is expected to say now.
    pub(super) fn expectation(&self, pack: &Pack) -> Expectation {
        match &self.waiting {
            Waiting::Slot => self.wanted(pack).map(|(_, slot)| slot.expectation()).unwrap_or_default(),
            Waiting::Check | Waiting::Confirm | Waiting::Offer | Waiting::Remember(_) | Waiting::Resume => Expectation::YesNo,
            Waiting::Clarify(topics) if topics.len() == 1 => Expectation::YesNo,
            Waiting::Clarify(_) | Waiting::Anything | Waiting::Tool(_) | Waiting::Identity(_) | Waiting::Over => {
                Expectation::Open
            }
            Waiting::Menu => Expectation::Choice(super::menu::choices(pack)),
            Waiting::Rating => Expectation::Choice(super::rating::choices()),
        }
    }

    /// What templates and expressions may read.
    pub(super) fn variables(&self, pack: &Pack) -> Variables {
        let mut all = Map::new();
        all.insert("language".to_owned(), self.language.code().into());
        all.insert("company".to_owned(), pack.company(self.language).into());
        all.insert("selling".to_owned(), (self.selling && self.declined.is_empty()).into());
        all.insert("declined".to_owned(), self.declined.iter().map(String::as_str).collect::<Vec<_>>().join(",").into());
        all.insert("policy".to_owned(), Json::Object(pack.policy().clone()));
        if let Some(identity) = &self.identity {
            all.insert("caller".to_owned(), Json::Object(identity.caller().clone()));
        }
        if let Some(frame) = self.stack.last() {
            all.insert("chosen".to_owned(), Json::Object(frame.chosen.clone().into_iter().collect()));
            let flow = &pack.flows()[&frame.flow];
            let said = frame.slots.iter().map(|(name, value)| (name.clone(), self.said(flow, name, value)));
            all.insert("said".to_owned(), Json::Object(said.collect()));
            all.extend(frame.slots.iter().map(|(name, value)| (name.clone(), value.to_json())));
            all.extend(frame.results.clone());
        }
        Serde(Json::Object(all)).into()
    }

    /// A slot's value as the bot says it.
    fn said(&self, flow: &Flow, name: &str, value: &Value) -> Json {
        match (&flow.slots[name].kind, value) {
            (SlotKind::Choice(choices), Value::Choice(id)) => {
                let chosen = choices.iter().find(|c| c.id == *id);
                chosen.and_then(|c| c.about.template(self.language)).unwrap_or(id).into()
            }
            _ => value.to_json(),
        }
    }
}
