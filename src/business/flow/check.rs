//! What could go wrong in a flow, found before a call is answered: follows every path through the steps.
//! Never runs a template or a tool.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::rules::POLICY;
use super::super::source::{Fault, Source, nearest};
use super::super::template::{Text, expression_variables};
use super::super::tool::{Effect, Level, ToolSpec};
use super::{Action, Call, Collect, Flow, SlotKind, Verify};

/// Variables that every template may read.
const ALWAYS: &[&str] = &["language", "company", "selling", "declined", POLICY];

/// What texts may say of a caller who is identified.
const CALLER: &str = "caller";
/// The records chosen by collect steps with `among`.
const CHOSEN: &str = "chosen";

/// What surely holds when a step is entered, by whatever path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    /// Slots and results that are set.
    set: BTreeSet<String>,
    /// What a yes of the caller covers, if there was one.
    consent: Option<BTreeSet<String>>,
}

/// What the flows of a pack can reach.
pub(crate) struct Around<'a> {
    pub(crate) flows: &'a BTreeMap<&'a str, &'a Flow>,
    pub(crate) tools: &'a BTreeMap<String, ToolSpec>,
    /// Level → the flow that proves it.
    pub(crate) identity: &'a BTreeMap<Level, String>,
    /// The rules of `policy.toml`.
    pub(crate) policy: &'a Map<String, Value>,
}

/// Looks at every path through a flow.
pub(crate) fn check(flow: &Flow, around: &Around<'_>, source: &Source) -> Vec<Fault> {
    let Around { flows, tools, identity, policy } = *around;
    let mut checker = Checker { flow, flows, tools, identity, policy, source, faults: Vec::new() };
    checker.check_names();
    if checker.faults.is_empty() {
        checker.check_paths();
    }
    checker.faults
}

struct Checker<'a> {
    flow: &'a Flow,
    flows: &'a BTreeMap<&'a str, &'a Flow>,
    tools: &'a BTreeMap<String, ToolSpec>,
    identity: &'a BTreeMap<Level, String>,
    policy: &'a Map<String, Value>,
    source: &'a Source,
    faults: Vec<Fault>,
}

impl Checker<'_> {
    /// Slots, tools, arguments and flows that steps name exist.
    fn check_names(&mut self) {
        for at in 0..self.flow.steps.len() {
            match &self.flow.steps[at].action {
                Action::Collect(Collect { slot, .. }) => self.check_slot(at, slot),
                Action::Forget(slots) => slots.iter().for_each(|slot| self.check_slot(at, slot)),
                Action::Call(call) => self.check_call(at, call),
                Action::Link(flow) => self.check_link(at, flow),
                Action::Branch(branches) => {
                    for (when, _) in branches {
                        if let Err(e) = expression_variables(when) {
                            self.fault(at, format!("{when:?} is no expression: {e}"));
                        }
                    }
                }
                Action::Identify(level) => self.check_level(at, *level),
                Action::Verify(verify) => self.check_verify(at, verify),
                Action::SendCode(tool) => self.check_send_code(at, tool),
                Action::Go | Action::Confirm { .. } | Action::Decline(_) | Action::Transfer(_) | Action::End => {}
            }
        }
    }

    /// Slots of one name go over into the other flow: they must be of one kind there, and as secret.
    fn check_link(&mut self, at: usize, name: &str) {
        let Some(other) = self.flows.get(name) else {
            let hint = nearest(name, self.flows.keys().copied());
            return self.fault(at, format!("there is no flow {name}; {hint}"));
        };
        for (slot, here) in &self.flow.slots {
            let Some(there) = other.slots.get(slot) else { continue };
            if here.sensitive && !there.sensitive {
                self.fault(
                    at,
                    format!("{slot} is sensitive here and not in {name}; make it sensitive there, or give it another name"),
                );
            } else if !here.kind.same_as(&there.kind) {
                self.fault(at, format!("{slot} is of another kind in {name}; give one of them another name"));
            }
        }
    }

    /// Whether callers can reach that level in this pack.
    fn check_level(&mut self, at: usize, level: Level) {
        for lower in Level::PROVABLE.into_iter().filter(|l| *l <= level && !self.identity.contains_key(l)) {
            let lower = lower.get();
            self.fault(at, format!("no flow proves level {lower}; name one in identity.toml: [level.{lower}] flow = \"…\""));
        }
    }

    fn check_verify(&mut self, at: usize, verify: &Verify) {
        let slots = verify.arguments.values().chain(verify.facts.keys()).chain(verify.secret.keys()).chain(&verify.code);
        slots.clone().for_each(|slot| self.check_slot(at, slot));
        for slot in verify.secret.keys().chain(&verify.code) {
            if self.flow.slots.get(slot).is_some_and(|s| !s.sensitive) {
                self.fault(at, format!("{slot} is a secret; write sensitive = true into [slot.{slot}]"));
            }
        }
        match self.tools.get(&verify.record) {
            Some(tool) if !tool.private || tool.effect == Effect::Writes => {
                self.fault(
                    at,
                    format!("{} reads what callers are checked against; write private = true, effect = \"reads\"", tool.name),
                );
            }
            Some(tool) => {
                let given: BTreeSet<_> = tool.given().collect();
                if given != verify.arguments.keys().collect() {
                    self.fault(at, format!("{} takes {given:?}; give exactly these in args", tool.name));
                }
                let level = tool.account().map_or(0, |_| 1);
                if level >= verify.level.get() {
                    self.fault(at, format!("{} needs an account, which is what this step is to find out", tool.name));
                }
            }
            None => self.no_such_tool(at, &verify.record),
        }
    }

    fn check_send_code(&mut self, at: usize, tool: &str) {
        match self.tools.get(tool) {
            Some(tool) if tool.account().is_some() && tool.given().eq(["code"]) => {}
            Some(tool) => {
                let what =
                    format!("{} must take the arguments account = \"account\" and code = \"text\", and no other", tool.name);
                self.fault(at, what);
            }
            None => self.no_such_tool(at, tool),
        }
    }

    fn no_such_tool(&mut self, at: usize, tool: &str) {
        let hint = nearest(tool, self.tools.keys().map(String::as_str));
        self.fault(at, format!("there is no tool {tool}; declare it in tools.toml ({hint})"));
    }

    fn check_slot(&mut self, at: usize, slot: &str) {
        if !self.flow.slots.contains_key(slot) {
            let hint = nearest(slot, self.flow.slots.keys().map(String::as_str));
            self.fault(at, format!("there is no slot {slot}; declare [slot.{slot}] ({hint})"));
        }
    }

    fn check_call(&mut self, at: usize, call: &Call) {
        let Some(tool) = self.tools.get(&call.tool) else { return self.no_such_tool(at, &call.tool) };
        if tool.private {
            self.fault(at, format!("{} is private: only a verify step may read what it gives", call.tool));
        }
        self.check_level(at, tool.level);
        for argument in tool.given().filter(|a| !call.arguments.contains_key(*a)) {
            self.fault(at, format!("{} needs {argument}; add it to args", call.tool));
        }
        for argument in call.arguments.keys().filter(|a| !tool.given().any(|g| g == *a)) {
            self.fault(at, format!("{} takes no {argument}; take it out of args", call.tool));
        }
    }

    /// Follows all paths to a fixed point, then looks at each step with what surely holds there.
    fn check_paths(&mut self) {
        let known = self.known();
        for (at, known) in known.iter().enumerate() {
            match known {
                Some(known) => self.check_step(at, known),
                None => {
                    self.fault(at, format!("nothing leads to step {}; remove it or point a next at it", self.flow.steps[at].id))
                }
            }
        }
    }

    fn known(&self) -> Vec<Option<Known>> {
        let mut known: Vec<Option<Known>> = vec![None; self.flow.steps.len()];
        let mut open = vec![(0, Known { set: BTreeSet::new(), consent: None })];
        while let Some((at, arriving)) = open.pop() {
            let Some(here) = known.get_mut(at) else { continue };
            let merged = here.as_ref().map_or_else(|| arriving.clone(), |had| merge(had, &arriving));
            if here.as_ref() != Some(&merged) {
                *here = Some(merged.clone());
                open.extend(self.after(at, &merged));
            }
        }
        known
    }

    /// The steps that can follow, and what holds on the way there.
    fn after(&self, at: usize, known: &Known) -> Vec<(usize, Known)> {
        let step = &self.flow.steps[at];
        match &step.action {
            Action::Go => vec![(step.next, known.clone())],
            Action::Collect(collect) => {
                let mut after = known.clone();
                after.set.insert(collect.slot.clone());
                if collect.among.is_some() {
                    after.set.insert(CHOSEN.to_owned());
                }
                after.consent = None;
                vec![(step.next, after)]
            }
            Action::Call(call) => {
                let mut failed = known.clone();
                if self.tools.get(&call.tool).is_some_and(|t| t.effect == Effect::Writes) {
                    failed.consent = None;
                }
                let mut after = failed.clone();
                after.set.insert(call.save.clone());
                if self.tools.get(&call.tool).is_some_and(|t| t.level > Level::ANONYMOUS) {
                    after.set.insert(CALLER.to_owned());
                }
                let on_error = call.on_error.map(|target| (target, failed));
                std::iter::once((step.next, after)).chain(on_error).collect()
            }
            Action::Branch(branches) => {
                branches.iter().map(|(_, to)| *to).chain([step.next]).map(|to| (to, known.clone())).collect()
            }
            Action::Confirm { ask, no } => {
                let agreed = Known { consent: Some(ask.variables_everywhere()), ..known.clone() };
                vec![(step.next, agreed), (*no, Known { consent: None, ..known.clone() })]
            }
            Action::Forget(slots) => {
                let mut after = Known { consent: None, ..known.clone() };
                slots.iter().for_each(|slot| {
                    after.set.remove(slot);
                });
                vec![(step.next, after)]
            }
            Action::Identify(_) => {
                let mut after = known.clone();
                after.set.insert(CALLER.to_owned());
                vec![(step.next, after)]
            }
            Action::Verify(verify) => {
                let mut after = Known { consent: None, ..known.clone() };
                verify.secret.keys().chain(&verify.code).for_each(|slot| {
                    after.set.remove(slot);
                });
                let failed = (verify.failed, after.clone());
                after.set.insert(CALLER.to_owned());
                vec![(step.next, after), failed]
            }
            Action::SendCode(_) | Action::Decline(_) => vec![(step.next, known.clone())],
            Action::Link(_) | Action::Transfer(_) | Action::End => Vec::new(),
        }
    }

    fn check_step(&mut self, at: usize, known: &Known) {
        let flow = self.flow;
        let step = &flow.steps[at];
        if let Some(say) = &step.say {
            self.check_text(at, say, known);
        }
        match &step.action {
            Action::Collect(collect) => {
                [&collect.ask].into_iter().chain(&collect.again).chain(&collect.check).for_each(|t| self.check_question(at, t));
                self.check_text(at, &collect.ask, known);
                let mut answered = known.clone();
                answered.set.insert(collect.slot.clone());
                collect.again.iter().chain(&collect.find).for_each(|t| self.check_text(at, t, known));
                collect.unknown.iter().for_each(|t| self.check_text(at, t, &answered));
                if let Some(among) = &collect.among {
                    self.check_variable(at, &among.list, known);
                    answered.set.insert(CHOSEN.to_owned());
                }
                collect.echo.iter().chain(&collect.check).for_each(|t| self.check_text(at, t, &answered));
            }
            Action::Confirm { ask, .. } => {
                self.check_question(at, ask);
                self.check_text(at, ask, known);
            }
            Action::Branch(branches) => {
                for (when, _) in branches {
                    let variables = expression_variables(when).unwrap_or_default();
                    variables.iter().for_each(|v| self.check_variable(at, v, known));
                }
            }
            Action::Call(call) => {
                call.filler.iter().for_each(|t| self.check_text(at, t, known));
                call.arguments.values().for_each(|v| self.check_variable(at, v, known));
                self.check_consent(at, call, known);
            }
            Action::Verify(verify) => {
                let slots = verify.arguments.values().chain(verify.facts.keys()).chain(verify.secret.keys());
                slots.chain(&verify.code).for_each(|slot| self.check_variable(at, slot, known));
            }
            Action::Decline(what) => self.check_variable(at, what, known),
            Action::Go
            | Action::Forget(_)
            | Action::Identify(_)
            | Action::SendCode(_)
            | Action::Link(_)
            | Action::Transfer(_)
            | Action::End => {}
        }
    }

    /// Before a tool that writes, on every path, the caller said yes to a question that read its arguments back.
    fn check_consent(&mut self, at: usize, call: &Call, known: &Known) {
        if self.tools.get(&call.tool).is_none_or(|t| t.effect == Effect::Reads) {
            return;
        }
        let Some(consent) = &known.consent else {
            let tool = &call.tool;
            return self
                .fault(at, format!("{tool} writes, but not every path to it asks first; put a confirm step right before it"));
        };
        for slot in call.arguments.values().filter(|v| self.flow.slots.contains_key(*v)) {
            let sensitive = self.flow.slots[slot].sensitive;
            let ways = [slot.clone(), format!("said.{slot}"), format!("{CHOSEN}.{slot}")];
            if !sensitive && !ways.iter().any(|way| consent.contains(way)) {
                let what = format!("{} writes {slot}, which the confirm step does not read back; mention it there", call.tool);
                self.faults.push(self.source.error_at(self.flow.steps[at].line, what));
            }
        }
    }

    fn check_text(&mut self, at: usize, text: &Text, known: &Known) {
        for variable in text.variables() {
            let name = root(&variable);
            if self.flow.slots.get(name).is_some_and(|s| s.sensitive) {
                self.fault(at, format!("{name} is sensitive and must not be said; take it out of the text"));
            }
            self.check_variable(at, &variable, known);
        }
        for variable in text.unfiltered().into_iter().filter(|v| !v.starts_with("chosen.")) {
            let kind = self.flow.slots.get(root(&variable)).map(|slot| &slot.kind);
            if let Some(filter) = kind.and_then(SlotKind::filter) {
                self.fault(at, format!("{variable} cannot be said as it is; write {{{{ {variable} | {filter} }}}}"));
            }
        }
    }

    fn check_question(&mut self, at: usize, text: &Text) {
        if let Some(what) = text.too_long_to_ask() {
            self.fault(at, what);
        }
    }

    fn check_variable(&mut self, at: usize, variable: &str, known: &Known) {
        let name = root(variable);
        if let Some(rule) = variable.strip_prefix("policy.").filter(|rule| !self.policy.contains_key(*rule)) {
            let hint = nearest(rule, self.policy.keys().map(String::as_str));
            self.fault(at, format!("policy.toml has no {rule}; {hint}"));
        }
        if !known.set.contains(name) && !ALWAYS.contains(&name) {
            self.fault(at, format!("{name} may not be set when this step is reached; collect it or call its tool first"));
        }
    }

    fn fault(&mut self, at: usize, what: String) {
        let fault = self.source.error_at(self.flow.steps[at].line, what);
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }
}

/// `said.order`, `chosen.order.city` and `order` are about the slot `order`; `order_info.city` about the result `order_info`.
fn root(variable: &str) -> &str {
    let name = variable.strip_prefix("said.").or_else(|| variable.strip_prefix("chosen.")).unwrap_or(variable);
    name.split('.').next().unwrap_or(name)
}

/// What holds whichever of the two ways was taken.
fn merge(one: &Known, other: &Known) -> Known {
    let consent = match (&one.consent, &other.consent) {
        (Some(a), Some(b)) => Some(a.intersection(b).cloned().collect()),
        _ => None,
    };
    Known { set: one.set.intersection(&other.set).cloned().collect(), consent }
}
