//! One turn in the making: a copy of the session on which commands are carried out and flows run.
//! Never has an effect: thrown away, nothing has happened.

use tracing::error;

use crate::business::flow::{Action, Call, Collect, Flow, SlotKind, Step, Verify};
use crate::business::{
    ArgumentKind, Challenge, Claim, Cue, Effect, Level, Pack, Text, ToolCall, ToolFailure, ToolSpec, Verification, sentences,
    truth,
};
use crate::privacy::Pii;
use crate::talk::Expectation;

use super::Value;
use super::among::{self, Given};
use super::policy::{AGREED, KNOWN, Verdict};
use super::session::{Frame, Session, Then, Waiting};

/// No flow takes more steps than this without asking or saying something; more means that it runs in a circle.
const MOST_STEPS: usize = 64;

/// The rule of an identity check.
const MATCHES: &str = "what the caller gave matches the record";

/// What follows the sentences of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Listen; this is expected.
    Listen(Expectation),
    /// The same, for as long as it takes.
    Wait(Expectation),
    /// Run this tool and resume with its result.
    Call(ToolCall),
    /// Send a one-time code by this tool: the engine makes the code and adds it to the arguments.
    SendCode(ToolCall),
    /// Check who is calling.
    Verify(Challenge),
    /// Hang up.
    HangUp,
    /// Hand the caller to a person.
    Transfer {
        /// Where to.
        target: String,
    },
}

/// Whether a flow goes on at once.
enum Flowing {
    On,
    Stopped,
}

/// A turn in the making.
pub(super) struct Draft<'p> {
    pub(super) pack: &'p Pack,
    pub(super) session: Session,
    pub(super) say: Vec<String>,
    pub(super) next: Option<Next>,
    /// The question at hand is put again because of something else: it does not count as not understood.
    pub(super) again: bool,
    /// The caller's words in this turn, the best reading first.
    pub(super) readings: Vec<String>,
    /// This turn came by keys.
    pub(super) keyed: bool,
    /// What could be left out is.
    pub(super) shorter: bool,
    /// So many sentences nobody may cut off.
    pub(super) must_be_heard: usize,
    /// What the policy said.
    pub(super) verdicts: Vec<Verdict>,
}

impl<'p> Draft<'p> {
    pub(super) fn new(pack: &'p Pack, session: Session) -> Self {
        Self {
            pack,
            session,
            say: Vec::new(),
            next: None,
            again: false,
            readings: Vec::new(),
            keyed: false,
            shorter: false,
            must_be_heard: 0,
            verdicts: Vec::new(),
        }
    }

    /// Says a prompt of the pack.
    pub(super) fn cue(&mut self, cue: Cue) {
        self.say(self.pack.prompt(cue));
    }

    /// Says a prompt with variables of its own.
    pub(super) fn cue_with(&mut self, cue: Cue, variables: &minijinja::Value) {
        let language = self.session.language;
        self.render(self.pack.prompt(cue).render(language, variables));
    }

    /// Says a text of the pack.
    pub(super) fn say(&mut self, text: &Text) {
        self.render(text.render(self.session.language, &self.session.variables(self.pack)));
    }

    fn render(&mut self, rendered: Result<String, minijinja::Error>) {
        match rendered {
            Ok(text) => self.say.extend(sentences(&text)),
            Err(e) => error!(error = %e, "A text of the pack could not be filled in; it is left out."),
        }
    }

    /// Waits for that, listening for what fits it.
    pub(super) fn wait_for(&mut self, waiting: Waiting) {
        self.session.waiting = waiting;
        self.next = Some(Next::Listen(self.session.expectation(self.pack)));
    }

    /// Goes on waiting for what is waited for, for as long as the caller needs.
    pub(super) fn give_time(&mut self) {
        self.next = Some(Next::Wait(self.session.expectation(self.pack)));
    }

    /// Hands the caller to a person.
    pub(super) fn transfer(&mut self, target: &str) {
        self.session.handed_over = true;
        self.cue(Cue::Handoff);
        self.session.waiting = Waiting::Over;
        self.next = Some(Next::Transfer { target: target.to_owned() });
    }

    /// Runs the flow at hand until it needs the caller or a tool.
    pub(super) fn run(&mut self) {
        for _ in 0..MOST_STEPS {
            let Some(frame) = self.session.stack.last() else { return self.idle() };
            let flow = &self.pack.flows()[&frame.flow];
            let Some(step) = flow.steps.get(frame.step) else {
                self.finish();
                if self.next.is_some() {
                    return;
                }
                continue;
            };
            if let Some(say) = &step.say {
                self.say(say);
            }
            if matches!(self.take(flow, step), Flowing::Stopped) {
                return;
            }
        }
        error!("A flow runs in a circle; the caller is handed to a person.");
        self.cue(Cue::Trouble);
        self.transfer(self.pack.handoff());
    }

    /// Takes a tool's result in and goes on.
    pub(super) fn resume(&mut self, result: Result<serde_json::Value, ToolFailure>) {
        let Some((frame, flow)) = self.at_hand() else { return self.idle() };
        let Some(step) = flow.steps.get(frame.step) else { return self.run() };
        match (&step.action, result) {
            (Action::Call(call), Ok(result)) => {
                frame.results.insert(call.save.clone(), result);
                frame.step = step.next;
            }
            (Action::SendCode(_), Ok(_)) => frame.step = step.next,
            (Action::Call(Call { on_error: Some(target), .. }), Err(_)) => frame.step = *target,
            (_, Err(_)) => {
                self.leave();
                self.cue(Cue::ToolTrouble);
            }
            (_, Ok(_)) => {}
        }
        self.run();
    }

    /// Takes in whether the caller is who they say, and goes on. What was given as proof is forgotten.
    pub(super) fn verified(&mut self, outcome: Verification) {
        let before = self.session.identity.as_ref().map(|v| v.account().to_owned());
        let Some((frame, flow)) = self.at_hand() else { return self.idle() };
        let Some(Step { action: Action::Verify(verify), next, .. }) = flow.steps.get(frame.step) else { return self.run() };
        verify.secret.keys().chain(&verify.code).for_each(|slot| frame.forget(slot));
        let what = frame.flow.clone();
        match outcome {
            // Somebody else's PIN proves nothing about the caller of this conversation.
            Verification::Verified(found) if before.is_none_or(|account| account == found.account()) => {
                frame.step = *next;
                self.session.identity = Some(found);
                self.judge(&what, MATCHES, true);
            }
            // The questions begin anew; the lock-out bounds how often.
            Verification::Verified(_) | Verification::Unverified => {
                frame.step = verify.failed;
                frame.asked.clear();
                self.judge(&what, MATCHES, false);
            }
            Verification::Locked => {
                self.session.stack.clear();
                self.session.queue.clear();
                self.judge(&what, "the account is not locked", false);
                return self.offer_person(Cue::Locked);
            }
        }
        self.run();
    }

    /// Says why nothing more can be done here, and offers a person.
    pub(super) fn offer_person(&mut self, why: Cue) {
        self.cue(why);
        self.cue(Cue::OfferPerson);
        self.wait_for(Waiting::Offer);
    }

    /// Gives up the flow at hand; if it was to find out who is calling, also the flow that needs to know.
    pub(super) fn leave(&mut self) -> Option<Frame> {
        let mut left = self.session.stack.pop()?;
        while self.pack.proves_identity(&left.flow) {
            left = self.session.stack.pop()?;
        }
        Some(left)
    }

    /// Nothing is under way: what else can be done?
    pub(super) fn idle(&mut self) {
        if self.offer_to_resume() || self.ask_to_remember(Then::GoOn) {
            return;
        }
        self.cue(Cue::AnythingElse);
        self.wait_for(Waiting::Anything);
    }

    /// The flow at hand, to be changed.
    pub(super) fn at_hand(&mut self) -> Option<(&mut Frame, &'p Flow)> {
        let pack = self.pack;
        let frame = self.session.stack.last_mut()?;
        let flow = &pack.flows()[&frame.flow];
        Some((frame, flow))
    }

    /// Puts the question at hand again, without counting it as a failure of the caller.
    pub(super) fn ask_again(&mut self) {
        self.again = true;
        self.run();
    }

    /// The flow at hand is over: the next one asked for, the interrupted one, or nothing.
    fn finish(&mut self) {
        let done = self.session.stack.pop();
        if let Some(proof) = done.as_ref().filter(|f| self.pack.proves_identity(&f.flow)) {
            self.told_before(proof);
            let proved = Level::PROVABLE.into_iter().filter(|l| *l <= self.session.level());
            if proved.map(|l| self.pack.identity_flow(l)).any(|f| f.is_some_and(|f| f.id == proof.flow)) {
                self.again = true;
                self.offer_to_resume();
            } else {
                self.leave();
                self.offer_person(Cue::NotIdentified);
            }
            return;
        }
        self.session.last = done;
        if !self.session.queue.is_empty() {
            let asked_for = self.session.queue.remove(0);
            self.session.stack.push(asked_for);
        } else if let Some(frame) = self.session.stack.last() {
            let about = self.pack.flows()[&frame.flow].about.template(self.session.language);
            if !self.shorter {
                self.cue_with(Cue::Resume, &minijinja::context! { about });
            }
            self.again = true;
        }
    }

    /// The number that a caller gave to be known by is not asked for again by the flow that goes on.
    fn told_before(&mut self, proof: &Frame) {
        let Some((frame, flow)) = self.at_hand() else { return };
        for (name, value) in &proof.slots {
            let wanted = flow.slots.get(name).filter(|slot| !frame.slots.contains_key(name) && fits(&slot.kind, value));
            if wanted.is_some() {
                frame.take_over(name, proof);
            }
        }
    }

    fn take(&mut self, flow: &'p Flow, step: &'p Step) -> Flowing {
        match &step.action {
            Action::Go => self.go(step.next),
            Action::Collect(collect) => self.collect(collect, step.next),
            Action::Call(call) => self.call(flow, call),
            Action::Branch(branches) => {
                let variables = self.session.variables(self.pack);
                let holds = |when: &str| truth(when, &variables).unwrap_or(false);
                let target = branches.iter().find(|(when, _)| holds(when)).map_or(step.next, |(_, target)| *target);
                self.go(target)
            }
            Action::Confirm { ask, .. } => {
                let before = self.say.len();
                self.say(ask);
                self.session.question = Some(self.say[before..].join(" "));
                self.stop(Waiting::Confirm)
            }
            Action::Forget(slots) => {
                let (frame, _) = self.at_hand().expect("a flow that runs is on the stack");
                slots.iter().for_each(|slot| frame.forget(slot));
                self.go(step.next)
            }
            Action::Decline(what) => {
                let declined = value_at(&self.session.variables(self.pack), what);
                self.session.declined.extend(declined.map(|value| plain(&value)));
                self.go(step.next)
            }
            Action::Identify(level) => {
                let known = self.judge(&flow.id, KNOWN, *level <= self.session.level());
                if known { self.go(step.next) } else { self.step_up(*level) }
            }
            Action::Verify(verify) => self.verify(verify),
            Action::SendCode(tool) => {
                let spec = &self.pack.tools()[tool];
                match self.call_of(spec, |_| Some(serde_json::Value::from(""))) {
                    Some(call) => {
                        self.session.waiting = Waiting::Tool(call.clone());
                        self.next = Some(Next::SendCode(call));
                        Flowing::Stopped
                    }
                    None => self.refuse(tool),
                }
            }
            Action::Link(to) => {
                let mut linked = Frame::new(&self.pack.flows()[to]);
                let left = self.session.stack.pop().expect("a flow that runs is on the stack");
                let shared = |slot: &String| self.pack.flows()[to].slots.contains_key(slot);
                linked.slots = left.slots.into_iter().filter(|(slot, _)| shared(slot)).collect();
                linked.opening = left.opening;
                linked.keyed = left.keyed;
                self.session.stack.push(linked);
                Flowing::On
            }
            Action::Transfer(target) => {
                self.transfer(target);
                Flowing::Stopped
            }
            Action::End => self.go(flow.steps.len()),
        }
    }

    fn go(&mut self, step: usize) -> Flowing {
        let (frame, _) = self.at_hand().expect("a flow that runs is on the stack");
        frame.step = step;
        Flowing::On
    }

    fn stop(&mut self, waiting: Waiting) -> Flowing {
        self.wait_for(waiting);
        Flowing::Stopped
    }

    fn collect(&mut self, collect: &'p Collect, next: usize) -> Flowing {
        let again = std::mem::take(&mut self.again);
        self.choose(collect);
        let (frame, _) = self.at_hand().expect("a flow that runs is on the stack");
        if frame.slots.contains_key(&collect.slot) {
            let new = frame.checked.insert(collect.slot.clone());
            if let Some(check) = collect.check.as_ref().filter(|_| new) {
                frame.checked.remove(&collect.slot);
                self.say(check);
                return self.stop(Waiting::Check);
            }
            if let Some(echo) = collect.echo.as_ref().filter(|_| new && !self.shorter) {
                self.say(echo);
            }
            return self.go(next);
        }
        let asked = frame.asked.entry(frame.step).or_default();
        if !again {
            *asked = asked.saturating_add(1);
        }
        let time = usize::from(*asked);
        if time > collect.again.len() + 1 {
            self.cue(Cue::NoMatch3);
            self.transfer(self.pack.handoff());
            return Flowing::Stopped;
        }
        self.say(if time < 2 { &collect.ask } else { &collect.again[time - 2] });
        self.stop(Waiting::Slot)
    }

    /// Finds the record that the slot's value, or the words that began the flow, stand for. A value that is none is taken back.
    fn choose(&mut self, collect: &'p Collect) {
        let Some(among) = &collect.among else { return };
        let today = self.session.today;
        let (frame, flow) = self.at_hand().expect("a flow that runs is on the stack");
        if frame.chosen.contains_key(&collect.slot) {
            return;
        }
        let rows = frame.results.get(&among.list).and_then(|list| list["rows"].as_array()).map(Vec::as_slice).unwrap_or_default();
        let value = frame.slots.get(&collect.slot);
        let readings = frame.readings.get(&collect.slot).or_else(|| value.is_none().then_some(&frame.opening));
        let readings = readings.map(Vec::as_slice).unwrap_or_default();
        let slot = &flow.slots[&collect.slot];
        match among::pick(among, rows, &Given { slot, value, readings, today }).cloned() {
            Some(row) => {
                frame.slots.insert(collect.slot.clone(), among::value_of(&row, among, slot));
                frame.chosen.insert(collect.slot.clone(), row);
            }
            None if value.is_some() => {
                if let Some(unknown) = &collect.unknown {
                    self.say(unknown);
                }
                let (frame, _) = self.at_hand().expect("a flow that runs is on the stack");
                frame.forget(&collect.slot);
            }
            None => {}
        }
        if let Some((frame, _)) = self.at_hand() {
            frame.opening.clear();
        }
    }

    fn call(&mut self, flow: &Flow, call: &'p Call) -> Flowing {
        let spec = &self.pack.tools()[&call.tool];
        let known = self.judge(&call.tool, KNOWN, spec.level <= self.session.level());
        if !known {
            return self.step_up(spec.level);
        }
        let variables = self.session.variables(self.pack);
        let Some(tool) = self.call_of(spec, |argument| value_at(&variables, &call.arguments[argument])) else {
            self.judge(&call.tool, "every argument is there", false);
            return self.refuse(&call.tool);
        };
        if spec.effect == Effect::Writes && !self.confirmed(&call.tool) {
            error!(flow = flow.id, "A write without the caller's yes was refused.");
            return self.refuse(&call.tool);
        }
        let filler = call.filler.as_ref().unwrap_or_else(|| self.pack.prompt(Cue::Filler));
        let tool = ToolCall { filler: filler.render(self.session.language, &variables).ok(), ..tool };
        self.session.waiting = Waiting::Tool(tool.clone());
        self.next = Some(Next::Call(tool));
        Flowing::Stopped
    }

    /// A call of the tool with typed arguments: the account from the proved identity alone, the others as given.
    /// `None` if the caller is not known well enough or an argument is missing or of another type.
    fn call_of(&self, spec: &ToolSpec, given: impl Fn(&str) -> Option<serde_json::Value>) -> Option<ToolCall> {
        let identity = self.session.identity.as_ref();
        if spec.level > self.session.level() {
            return None;
        }
        let arguments = spec.arguments.iter().map(|(name, kind)| {
            let value = match kind {
                ArgumentKind::Account => identity?.account().into(),
                ArgumentKind::Text | ArgumentKind::Integer | ArgumentKind::Flag => given(name)?,
            };
            Some((name.clone(), kind.coerce(&value)?))
        });
        let arguments = arguments.collect::<Option<_>>()?;
        let ToolSpec { effect, level, timeout, .. } = *spec;
        Some(ToolCall { name: spec.name.clone(), arguments, effect, level, timeout, filler: None })
    }

    fn refuse(&mut self, tool: &str) -> Flowing {
        error!(tool, "A tool call was refused; the caller is handed to a person.");
        self.cue(Cue::ToolTrouble);
        self.transfer(self.pack.handoff());
        Flowing::Stopped
    }

    /// Finds out who is calling before the flow goes on: the lowest level that is missing first.
    fn step_up(&mut self, level: Level) -> Flowing {
        let missing = Level::PROVABLE.into_iter().find(|l| *l > self.session.level() && *l <= level);
        let Some(flow) = missing.and_then(|l| self.pack.identity_flow(l)) else {
            self.offer_person(Cue::NotIdentified);
            return Flowing::Stopped;
        };
        let (asking, _) = self.at_hand().expect("a flow that runs is on the stack");
        let mut proof = Frame::new(flow);
        flow.slots.keys().for_each(|slot| proof.take_over(slot, asking));
        self.session.stack.push(proof);
        Flowing::On
    }

    fn verify(&mut self, verify: &Verify) -> Flowing {
        let today = self.session.today;
        let spec = &self.pack.tools()[&verify.record];
        let (frame, flow) = self.at_hand().expect("a flow that runs is on the stack");
        let frame = frame.clone();
        let text = |slot: &str| frame.slots.get(slot).map(|value| plain(&value.to_json()));
        let facts = verify.facts.iter().map(|(slot, column)| {
            let heard = frame.readings.get(slot).into_iter().flatten();
            let heard = heard.filter_map(|words| super::understand::slots::value(&flow.slots[slot], words, today));
            let readings = text(slot).into_iter().chain(heard.map(|value| plain(&value.to_json()))).collect();
            Claim::Fact { column: column.clone(), readings, keyed: frame.keyed.contains(slot) }
        });
        let pins = verify
            .secret
            .iter()
            .filter_map(|(slot, column)| Some(Claim::Pin { column: column.clone(), digits: Pii::new(text(slot)?) }));
        let codes = verify.code.iter().filter_map(|slot| Some(Claim::Code { digits: Pii::new(text(slot)?) }));
        let claims: Vec<Claim> = facts.chain(pins).chain(codes).collect();
        let given = |argument: &str| Some(frame.slots.get(verify.arguments.get(argument)?)?.to_json());
        let Some(record) = self.call_of(spec, given) else { return self.refuse(&verify.record) };
        let (level, account, keep) = (verify.level, verify.account.clone(), verify.keep.clone());
        let challenge = Challenge { level, record, claims, account, keep };
        self.session.waiting = Waiting::Identity(challenge.clone());
        self.next = Some(Next::Verify(challenge));
        Flowing::Stopped
    }

    /// Uses up the caller's yes; whether there was one for exactly the values at hand.
    fn confirmed(&mut self, tool: &str) -> bool {
        let frame = self.at_hand().map(|(frame, _)| frame);
        let yes = frame.is_some_and(|frame| frame.consent.take().is_some_and(|consent| consent.covers(&frame.slots)));
        self.judge(tool, AGREED, yes)
    }

    /// Notes what a rule says to something that is about to be done; gives its answer back.
    pub(super) fn judge(&mut self, what: &str, rule: &'static str, allowed: bool) -> bool {
        self.verdicts.push(Verdict { what: what.to_owned(), rule, allowed });
        allowed
    }
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a value of another flow's slot can be one of this kind.
fn fits(kind: &SlotKind, value: &Value) -> bool {
    match (kind, value) {
        (SlotKind::Digits { min, max }, Value::Digits(digits)) => (usize::from(*min)..=usize::from(*max)).contains(&digits.len()),
        _ => false,
    }
}

/// `order` or `found.number` among the variables.
fn value_at(variables: &minijinja::Value, path: &str) -> Option<serde_json::Value> {
    let found = path.split('.').try_fold(variables.clone(), |value, name| value.get_attr(name).ok())?;
    serde_json::to_value(found).ok()
}
