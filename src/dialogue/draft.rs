//! One turn in the making: a copy of the session on which commands are carried out and flows run.
//! Never has an effect: thrown away, nothing has happened.

use tracing::error;

use crate::business::flow::{Action, Call, Collect, Flow, Step};
use crate::business::{Cue, Effect, Pack, Text, ToolCall, ToolFailure, sentences, truth};
use crate::talk::Expectation;

use super::session::{Frame, Session, Waiting};

/// No flow takes more steps than this without asking or saying something; more means that it runs in a circle.
const MOST_STEPS: usize = 64;

/// What follows the sentences of a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Listen; this is expected.
    Listen(Expectation),
    /// Run this tool and resume with its result.
    Call(ToolCall),
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
}

impl<'p> Draft<'p> {
    pub(super) fn new(pack: &'p Pack, session: Session) -> Self {
        Self { pack, session, say: Vec::new(), next: None, again: false }
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

    /// Hands the caller to a person.
    pub(super) fn transfer(&mut self, target: &str) {
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
        let Some(Step { action: Action::Call(call), next, .. }) = flow.steps.get(frame.step) else { return self.run() };
        match (result, call.on_error) {
            (Ok(result), _) => {
                frame.results.insert(call.save.clone(), result);
                frame.step = *next;
            }
            (Err(_), Some(target)) => frame.step = target,
            (Err(_), None) => {
                self.session.stack.pop();
                self.cue(Cue::ToolTrouble);
            }
        }
        self.run();
    }

    /// Nothing is under way: what else can be done?
    pub(super) fn idle(&mut self) {
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
        self.session.last = self.session.stack.pop();
        if !self.session.queue.is_empty() {
            let flow = self.session.queue.remove(0);
            self.session.stack.push(Frame::new(&self.pack.flows()[&flow]));
        } else if let Some(frame) = self.session.stack.last() {
            let about = self.pack.flows()[&frame.flow].about.template(self.session.language);
            self.cue_with(Cue::Resume, &minijinja::context! { about });
            self.again = true;
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
                for slot in slots {
                    frame.slots.remove(slot);
                    frame.checked.remove(slot);
                }
                frame.consent = None;
                self.go(step.next)
            }
            Action::Link(to) => {
                let mut linked = Frame::new(&self.pack.flows()[to]);
                let left = self.session.stack.pop().expect("a flow that runs is on the stack");
                let shared = |slot: &String| self.pack.flows()[to].slots.contains_key(slot);
                linked.slots = left.slots.into_iter().filter(|(slot, _)| shared(slot)).collect();
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
        let (frame, _) = self.at_hand().expect("a flow that runs is on the stack");
        if frame.slots.contains_key(&collect.slot) {
            let new = frame.checked.insert(collect.slot.clone());
            if let Some(check) = collect.check.as_ref().filter(|_| new) {
                frame.checked.remove(&collect.slot);
                self.say(check);
                return self.stop(Waiting::Check);
            }
            if let Some(echo) = collect.echo.as_ref().filter(|_| new) {
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

    fn call(&mut self, flow: &Flow, call: &'p Call) -> Flowing {
        let spec = &self.pack.tools()[&call.tool];
        let allowed = spec.level <= self.session.level && (spec.effect == Effect::Reads || self.take_consent());
        let arguments = spec.arguments.iter().map(|(name, kind)| {
            let value = value_at(&self.session.variables(self.pack), &call.arguments[name])?;
            Some((name.clone(), kind.coerce(&value)?))
        });
        let arguments = arguments.collect::<Option<_>>();
        let Some(arguments) = arguments.filter(|_| allowed) else {
            error!(flow = flow.id, tool = call.tool, allowed, "A tool call was refused; the caller is handed to a person.");
            self.cue(Cue::ToolTrouble);
            self.transfer(self.pack.handoff());
            return Flowing::Stopped;
        };
        let filler = call.filler.as_ref().or_else(|| Some(self.pack.prompt(Cue::Filler)));
        let filler = filler.and_then(|f| f.render(self.session.language, &self.session.variables(self.pack)).ok());
        let (name, effect, level, timeout) = (spec.name.clone(), spec.effect, spec.level, spec.timeout);
        let call = ToolCall { name, arguments, effect, level, timeout, filler };
        self.session.waiting = Waiting::Tool(call.clone());
        self.next = Some(Next::Call(call));
        Flowing::Stopped
    }

    /// Uses up the caller's yes; whether there was one for exactly the values at hand.
    fn take_consent(&mut self) -> bool {
        let Some((frame, _)) = self.at_hand() else { return false };
        frame.consent.take().is_some_and(|consent| consent.covers(&frame.slots))
    }
}

/// `order` or `found.number` among the variables.
fn value_at(variables: &minijinja::Value, path: &str) -> Option<serde_json::Value> {
    let found = path.split('.').try_fold(variables.clone(), |value, name| value.get_attr(name).ok())?;
    serde_json::to_value(found).ok()
}
