//! What each command does to a turn in the making.
//! Never trusts a brain: a command that does not fit the moment is treated as not understood.

use crate::business::flow::Action;
use crate::business::{Cue, HouseIntent, Topic, sentences, tokens};
use crate::talk::Language;

use super::draft::{Draft, Next};
use super::policy::{HEARD, OWN_WORDS};
use super::session::{Consent, Frame, Then, Waiting};
use super::{Command, Value, menu};

/// How deep flows may interrupt each other.
const DEEPEST: usize = 3;
/// After as many turns in a row that were not understood the caller gets a person.
pub(super) const MOST_MISSES: u8 = 3;
/// A wish for slower speech takes this much of the speed; a wish for louder speech adds this level.
const SLOWER_PERCENT: u16 = 15;
const SLOWEST_PERCENT: u16 = 55;
const LOUDER_DB: i8 = 4;
const LOUDEST_DB: i8 = 12;

/// Fewer words than this are a slip of the tongue, not a question.
const SHORTEST_QUESTION: usize = 3;
/// Words that begin a question.
const ASKING: &[&str] = &[
    "what", "when", "where", "why", "who", "how", "which", "do", "does", "did", "can", "could", "is", "are", "will", "would",
    "may", "should", "have", "has",
];
/// Words that make a Chinese sentence a question.
const ASKING_ZH: &[&str] = &["吗", "什么", "怎么", "多少", "为什么", "能不能", "可不可以", "哪", "几点", "谁"];

/// What a turn knows beyond its commands.
pub(super) struct Turn<'w> {
    /// A yes stands in the caller's own words, or the caller pressed the key for it.
    pub(super) said_yes: bool,
    /// A checked wording for the answer.
    pub(super) wording: Option<&'w str>,
    /// More than one thing is wanted.
    pub(super) more: bool,
}

impl Draft<'_> {
    /// Carries commands out in order, then goes on with what is under way.
    pub(super) fn apply(&mut self, commands: &[Command], turn: &Turn<'_>) {
        if !matches!(commands, [Command::NoMatch]) {
            self.session.misses = 0;
        }
        if !matches!(commands, [Command::PartOfNumber { .. }]) {
            self.session.dictated.clear();
        }
        let (mut started, mut queued) = (false, false);
        for command in commands {
            match command {
                Command::StartFlow { flow } if started => queued = self.queue(flow),
                Command::SetSlot { slot, value } if queued => self.set_queued(slot, value),
                other => self.carry_out(other, turn),
            }
            started |= matches!(command, Command::StartFlow { .. });
            if self.next.is_some() {
                return;
            }
        }
        if started || !self.session.stack.is_empty() { self.run() } else { self.idle() }
    }

    /// A second request in the same breath waits for the first; what was told for it waits with it.
    fn queue(&mut self, flow: &str) -> bool {
        let underway = self.session.stack.iter().chain(&self.session.queue).any(|f| f.flow == flow);
        if !underway {
            self.session.queue.push(Frame { opening: self.readings.clone(), ..Frame::new(&self.pack.flows()[flow]) });
        }
        !underway
    }

    fn set_queued(&mut self, slot: &str, value: &Value) {
        if let Some(frame) = self.session.queue.last_mut() {
            frame.set(slot, value.clone());
            frame.readings.insert(slot.to_owned(), self.readings.clone());
        }
    }

    fn carry_out(&mut self, command: &Command, turn: &Turn<'_>) {
        match command {
            Command::StartFlow { flow } => self.start(flow),
            Command::SetSlot { slot, value } => self.set(slot, value),
            Command::Correct { slot, value } => self.correct(slot, value),
            Command::PartOfNumber { digits } => {
                self.session.dictated.clone_from(digits);
                self.cue(Cue::GoOn);
                self.wait_for(self.session.waiting.clone());
            }
            Command::NotAtHand => self.not_at_hand(),
            Command::Cancel => self.cancel(),
            Command::Answer { entry } => self.answer(entry, turn.wording),
            Command::Clarify { topics } => self.clarify(topics),
            Command::Affirm => self.affirm(turn),
            Command::Deny => self.deny(turn),
            Command::Repeat => self.repeat(None),
            Command::Slower => {
                let rate = &mut self.session.manner.rate_percent;
                *rate = rate.saturating_sub(SLOWER_PERCENT).max(SLOWEST_PERCENT);
                self.repeat(Some(Cue::Slower));
            }
            Command::Louder => {
                let gain = &mut self.session.manner.gain_db;
                *gain = (*gain + LOUDER_DB).min(LOUDEST_DB);
                self.repeat(Some(Cue::Louder));
            }
            Command::Wait => {
                self.cue(Cue::Wait);
                self.give_time();
            }
            Command::Handoff => self.transfer(self.pack.handoff()),
            Command::ChangeLanguage { language } => self.change_language(*language, turn.more),
            Command::ChitChat { topic } => self.chat(*topic, turn.wording),
            Command::NoMatch => self.miss(),
            Command::Rate { .. } | Command::Goodbye => self.goodbye(),
        }
    }

    fn start(&mut self, flow: &str) {
        self.session.topics.push(flow.to_owned());
        let underway = self.session.stack.iter().position(|f| f.flow == flow);
        match underway {
            Some(at) => {
                let frame = self.session.stack.remove(at);
                self.session.stack.push(frame);
                self.again = true;
            }
            None => {
                let clarified = matches!(self.session.waiting, Waiting::Clarify(_));
                let opening = if clarified { self.session.unclear.clone() } else { self.readings.clone() };
                self.session.stack.push(Frame { opening, ..Frame::new(&self.pack.flows()[flow]) });
            }
        }
        if self.session.stack.len() > DEEPEST {
            self.session.stack.remove(0);
        }
    }

    fn set(&mut self, slot: &str, value: &Value) {
        let (readings, keyed) = (self.readings.clone(), self.keyed);
        if let Some((frame, _)) = self.at_hand().filter(|(_, flow)| flow.slots.contains_key(slot)) {
            frame.set(slot, value.clone());
            frame.readings.insert(slot.to_owned(), readings);
            frame.keyed.extend(keyed.then(|| slot.to_owned()));
        }
    }

    /// Goes through the flow again with the new value: what is known is not asked, what was looked up is looked up again.
    fn correct(&mut self, slot: &str, value: &Value) {
        if self.session.stack.is_empty() {
            let Some(last) = self.session.last.take() else { return self.nothing_to_change() };
            self.session.stack.push(last);
        }
        self.set(slot, value);
        let Some((frame, _)) = self.at_hand() else { return };
        frame.results.clear();
        frame.chosen.clear();
        frame.asked.clear();
        frame.step = 0;
    }

    /// Says once where the value is to be found; a caller who still cannot tell it is offered a person.
    fn not_at_hand(&mut self) {
        if self.session.waiting != Waiting::Slot {
            return self.miss();
        }
        let find = self.at_hand().and_then(|(frame, flow)| match &flow.steps.get(frame.step)?.action {
            Action::Collect(collect) => collect.find.as_ref().filter(|_| frame.pointed.insert(collect.slot.clone())),
            _ => None,
        });
        match find {
            Some(find) => {
                self.say(find);
                self.wait_for(Waiting::Slot);
            }
            None => self.offer_person(Cue::NotAtHand),
        }
    }

    fn cancel(&mut self) {
        if self.leave().is_none() {
            return self.nothing_to_change();
        }
        self.session.queue.clear();
        self.cue(Cue::Cancelled);
        if let Some(frame) = self.session.stack.last() {
            let about = self.pack.flows()[&frame.flow].about.template(self.session.language);
            self.cue_with(Cue::Resume, &minijinja::context! { about });
        }
        self.again = true;
    }

    fn nothing_to_change(&mut self) {
        self.cue(Cue::NothingToCancel);
        self.idle();
    }

    fn answer(&mut self, entry: &str, wording: Option<&str>) {
        match (self.pack.knowledge().entry(entry), wording) {
            (Some(_), Some(wording)) => self.say.extend(sentences(wording)),
            (Some(entry), None) => self.say(&entry.answer),
            (None, _) => return self.miss(),
        }
        self.session.topics.push(entry.to_owned());
        self.again = true;
    }

    fn clarify(&mut self, topics: &[Topic]) {
        let about: Vec<&str> = topics.iter().filter_map(|t| self.about(t)).collect();
        match about.as_slice() {
            [] => return self.miss(),
            [first] => self.cue_with(Cue::ClarifyOne, &minijinja::context! { first => *first }),
            [first, second, ..] => self.cue_with(Cue::ClarifyTwo, &minijinja::context! { first => *first, second => *second }),
        }
        self.session.misses = self.session.misses.saturating_add(1);
        self.session.unclear.clone_from(&self.readings);
        self.wait_for(Waiting::Clarify(topics.iter().take(2).cloned().collect()));
    }

    pub(super) fn about(&self, topic: &Topic) -> Option<&str> {
        let text = match topic {
            Topic::Flow(flow) => &self.pack.flows().get(flow)?.about,
            Topic::Entry(entry) => &self.pack.knowledge().entry(entry)?.about,
            Topic::House(_) => return None,
        };
        text.template(self.session.language)
    }

    fn affirm(&mut self, turn: &Turn<'_>) {
        let unheard = self.session.question_unheard;
        match self.session.waiting.clone() {
            Waiting::Confirm if unheard => {
                self.judge("affirm", HEARD, false);
                self.again = true;
            }
            Waiting::Confirm if self.judge("affirm", OWN_WORDS, turn.said_yes) => {
                self.advance(|frame| frame.consent = Some(Consent::to(&frame.slots)))
            }
            Waiting::Confirm => self.miss(),
            Waiting::Check => {
                let asked = self.asked_slot();
                self.advance(|frame| frame.checked.extend(asked));
            }
            Waiting::Clarify(topics) if topics.len() == 1 => {
                let commands = super::embedded::commands_for(&topics[0]);
                commands.iter().for_each(|command| self.carry_out(command, turn));
            }
            Waiting::Anything => {
                self.cue(Cue::Hello);
                self.wait_for(Waiting::Anything);
            }
            Waiting::Offer => self.transfer(self.pack.handoff()),
            Waiting::Remember(then) => self.answer_remembering(true, (then, turn)),
            Waiting::Resume => self.answer_resuming(true),
            Waiting::Slot
            | Waiting::Menu
            | Waiting::Rating
            | Waiting::Clarify(_)
            | Waiting::Tool(_)
            | Waiting::Identity(_)
            | Waiting::Over => self.miss(),
        }
    }

    /// The step at hand is answered: go on behind it.
    fn advance(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some((frame, flow)) = self.at_hand() {
            change(frame);
            frame.step = flow.steps[frame.step].next;
        }
    }

    fn asked_slot(&mut self) -> Option<String> {
        let (frame, flow) = self.at_hand()?;
        match &flow.steps[frame.step].action {
            Action::Collect(collect) => Some(collect.slot.clone()),
            _ => None,
        }
    }

    fn deny(&mut self, turn: &Turn<'_>) {
        match self.session.waiting.clone() {
            Waiting::Confirm => {
                if let Some((frame, flow)) = self.at_hand()
                    && let Action::Confirm { no, .. } = &flow.steps[frame.step].action
                {
                    frame.step = *no;
                }
            }
            Waiting::Check => {
                let slot = self.asked_slot();
                if let (Some(slot), Some((frame, _))) = (slot, self.at_hand()) {
                    frame.slots.remove(&slot);
                }
            }
            Waiting::Anything | Waiting::Rating => self.goodbye(),
            Waiting::Offer if self.session.stack.is_empty() => self.idle(),
            Waiting::Offer => self.again = true,
            Waiting::Remember(then) => self.answer_remembering(false, (then, turn)),
            Waiting::Resume => self.answer_resuming(false),
            Waiting::Slot | Waiting::Menu | Waiting::Clarify(_) | Waiting::Tool(_) | Waiting::Identity(_) | Waiting::Over => {
                self.miss()
            }
        }
    }

    /// Says the last reply again; what is waited for stays.
    pub(super) fn repeat(&mut self, before: Option<Cue>) {
        if let Some(cue) = before {
            self.cue(cue);
        }
        self.say.extend(self.session.said.clone());
        self.wait_for(self.session.waiting.clone());
    }

    fn change_language(&mut self, language: Language, more: bool) {
        if !self.pack.languages().contains(&language) {
            self.cue(Cue::NotThatLanguage);
            self.again = true;
            return;
        }
        self.session.language = language;
        self.cue(Cue::Switched);
        if self.session.stack.is_empty() && !more {
            self.cue(Cue::Greeting);
            self.wait_for(Waiting::Anything);
        }
        self.again = true;
    }

    fn chat(&mut self, topic: HouseIntent, wording: Option<&str>) {
        let cue = match topic {
            // A greeting answers no question, and whoever writes begins with one.
            HouseIntent::Hello if self.session.waiting == Waiting::Resume => {
                self.cue(Cue::ResumeHello);
                return self.wait_for(Waiting::Resume);
            }
            HouseIntent::Robot => Cue::Robot,
            HouseIntent::Help => Cue::Help,
            HouseIntent::Hello => Cue::Hello,
            HouseIntent::Thanks => Cue::Thanks,
            HouseIntent::Abuse => Cue::Abuse,
            HouseIntent::Emergency => Cue::Emergency,
            HouseIntent::WhatIsKnown => Cue::Known,
            HouseIntent::ForgetMe => Cue::Forgotten,
            HouseIntent::Handoff
            | HouseIntent::Goodbye
            | HouseIntent::Cancel
            | HouseIntent::Repeat
            | HouseIntent::Slower
            | HouseIntent::Louder
            | HouseIntent::Wait
            | HouseIntent::English
            | HouseIntent::Chinese => return self.miss(),
        };
        match wording {
            Some(wording) => self.say.extend(sentences(wording)),
            None if cue == Cue::Help => self.help(),
            None if cue == Cue::Known => self.tell_what_is_known(),
            None if cue == Cue::Forgotten => self.forget_caller(),
            None => self.cue(cue),
        }
        if self.session.stack.is_empty() {
            self.wait_for(Waiting::Anything);
        }
        self.again = true;
    }

    fn help(&mut self) {
        let language = self.session.language;
        let topics = menu::listed(&menu::abouts(self.pack, language), language);
        self.cue_with(Cue::Help, &minijinja::context! { topics });
    }

    pub(super) fn goodbye(&mut self) {
        if self.ask_to_remember(Then::Goodbye) || self.ask_to_rate() {
            return;
        }
        self.cue(Cue::Goodbye);
        self.session.waiting = Waiting::Over;
        self.next = Some(Next::HangUp);
    }

    /// Nothing was understood: ask differently, then offer the keys, then a person.
    pub(super) fn miss(&mut self) {
        self.session.misses = self.session.misses.saturating_add(1);
        let misses = self.session.misses;
        match self.session.waiting {
            Waiting::Slot | Waiting::Tool(_) | Waiting::Identity(_) => self.run(),
            Waiting::Offer if misses < MOST_MISSES => {
                self.cue(Cue::YesOrNo);
                self.cue(Cue::OfferPerson);
                self.wait_for(Waiting::Offer);
            }
            Waiting::Remember(_) | Waiting::Resume if misses < MOST_MISSES => {
                self.cue(Cue::YesOrNo);
                self.wait_for(self.session.waiting.clone());
            }
            Waiting::Rating if misses == 1 => {
                self.cue(Cue::RateAsk);
                self.wait_for(Waiting::Rating);
            }
            Waiting::Rating => self.goodbye(),
            Waiting::Check | Waiting::Confirm if misses < MOST_MISSES => {
                self.cue(Cue::YesOrNo);
                self.ask_again();
            }
            Waiting::Anything if misses == 1 && self.readings.first().is_some_and(|words| is_question(words)) => {
                self.offer_person(Cue::NoAnswer);
            }
            Waiting::Anything | Waiting::Menu | Waiting::Clarify(_) if misses < MOST_MISSES => {
                self.cue(Cue::no_match(misses));
                if misses + 1 == MOST_MISSES {
                    let menu = menu::sentences(self.pack, self.session.language);
                    self.say.extend(menu);
                    self.wait_for(Waiting::Menu);
                } else {
                    self.wait_for(Waiting::Anything);
                }
            }
            Waiting::Check
            | Waiting::Confirm
            | Waiting::Offer
            | Waiting::Anything
            | Waiting::Menu
            | Waiting::Clarify(_)
            | Waiting::Remember(_)
            | Waiting::Resume
            | Waiting::Over => {
                self.cue(Cue::NoMatch3);
                self.transfer(self.pack.handoff());
            }
        }
    }
}

/// Whether the words ask for something to be answered, as far as their form tells.
pub(super) fn is_question(words: &str) -> bool {
    let said = tokens(words);
    let asks = |word: &String| ASKING.contains(&word.as_str());
    let long_enough = said.len() > SHORTEST_QUESTION;
    long_enough && (said.first().is_some_and(asks) || ASKING_ZH.iter().any(|word| words.contains(word)))
}
