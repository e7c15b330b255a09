//! The flow file: TOML as written, turned into a [`Flow`] with every name resolved.
//! Never judges what a flow does; that is `check`'s part.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::talk::{Digit, Language};

use super::super::source::{Fault, Severity, Source, nearest};
use super::super::template::{RawText, Text};
use super::super::tool::Level;
use super::super::tool::identifier_ok;
use super::{Action, Among, Call, Collect, Flow, Slot, SlotChoice, SlotKind, Step, Verify};

/// Fewer ways to start a flow than this are too few to recognise it by.
const FEW_PHRASINGS: usize = 20;
const MOST_REPROMPTS: usize = 3;

/// What a kind of slot needs besides its name.
enum Kind {
    /// Nothing.
    Plain(SlotKind),
    Digits,
    Code,
    Number,
    Choice,
}

const KINDS: &[(&str, Kind)] = &[
    ("digits", Kind::Digits),
    ("code", Kind::Code),
    ("number", Kind::Number),
    ("choice", Kind::Choice),
    ("date", Kind::Plain(SlotKind::Date)),
    ("time", Kind::Plain(SlotKind::Time)),
    ("datetime", Kind::Plain(SlotKind::DateTime)),
    ("amount", Kind::Plain(SlotKind::Amount)),
    ("months", Kind::Plain(SlotKind::Months)),
    ("duration", Kind::Plain(SlotKind::Duration)),
    ("percent", Kind::Plain(SlotKind::Percent)),
    ("phone", Kind::Plain(SlotKind::Phone)),
    ("email", Kind::Plain(SlotKind::Email)),
    ("postcode", Kind::Plain(SlotKind::Postcode)),
    ("name", Kind::Plain(SlotKind::Name)),
    ("record", Kind::Plain(SlotKind::Record)),
    ("text", Kind::Plain(SlotKind::Text)),
];

type RawPhrases = Spanned<BTreeMap<Language, Vec<String>>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFlow {
    about: RawText,
    key: Option<Spanned<String>>,
    intent: Option<RawPhrases>,
    #[serde(default)]
    slot: BTreeMap<String, Spanned<RawSlot>>,
    step: Vec<Spanned<RawStep>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSlot {
    kind: Spanned<String>,
    min: Option<i64>,
    max: Option<i64>,
    pattern: Option<String>,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    phrases: BTreeMap<Language, Vec<String>>,
    #[serde(default)]
    choice: Vec<RawChoice>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawChoice {
    id: String,
    about: RawText,
    key: Option<Spanned<String>>,
    phrases: RawPhrases,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    id: Option<String>,
    say: Option<RawText>,
    collect: Option<Spanned<String>>,
    ask: Option<RawText>,
    #[serde(default)]
    again: Vec<RawText>,
    find: Option<RawText>,
    echo: Option<RawText>,
    check: Option<RawText>,
    among: Option<Among>,
    unknown: Option<RawText>,
    identify: Option<Level>,
    verify: Option<Level>,
    record: Option<String>,
    #[serde(default)]
    facts: BTreeMap<String, String>,
    #[serde(default)]
    secret: BTreeMap<String, String>,
    code: Option<String>,
    account: Option<String>,
    #[serde(default)]
    keep: Vec<String>,
    failed: Option<Spanned<String>>,
    send_code: Option<String>,
    call: Option<String>,
    #[serde(default)]
    args: BTreeMap<String, String>,
    save: Option<String>,
    filler: Option<RawText>,
    on_error: Option<Spanned<String>>,
    branch: Option<Vec<RawBranch>>,
    confirm: Option<RawText>,
    no: Option<Spanned<String>>,
    forget: Option<Vec<String>>,
    decline: Option<String>,
    link: Option<String>,
    transfer: Option<String>,
    #[serde(default)]
    end: bool,
    next: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBranch {
    when: String,
    goto: Spanned<String>,
}

/// Reads a flow file.
pub(crate) fn read(source: &Source, languages: &[Language], faults: &mut Vec<Fault>) -> Option<Flow> {
    let raw: RawFlow = match source.parse() {
        Ok(raw) => raw,
        Err(fault) => {
            faults.push(fault);
            return None;
        }
    };
    let mut reader = Reader { source, languages, faults, names: Vec::new() };
    reader.flow(raw)
}

struct Reader<'a> {
    source: &'a Source,
    languages: &'a [Language],
    faults: &'a mut Vec<Fault>,
    /// The steps' names in order.
    names: Vec<String>,
}

impl Reader<'_> {
    fn flow(&mut self, raw: RawFlow) -> Option<Flow> {
        let id = self.source.stem().to_owned();
        if !identifier_ok(&id) {
            self.faults.push(self.source.error_at(1, format!("{id:?} is no name for a flow; use a-z, 0-9 and _")));
        }
        self.name_steps(&raw.step);
        let slots: BTreeMap<String, Slot> =
            raw.slot.into_iter().filter_map(|(name, slot)| Some((name, self.slot(slot)?))).collect();
        let before = self.errors();
        let steps: Vec<Step> = raw.step.into_iter().enumerate().filter_map(|(i, step)| self.step(i, step)).collect();
        let flow = Flow {
            id,
            about: self.text(&raw.about),
            key: raw.key.and_then(|key| self.key(&key)),
            intent: raw.intent.as_ref().map(|phrases| self.phrases(phrases)).unwrap_or_default(),
            slots,
            steps,
        };
        (self.errors() == before).then_some(flow)
    }

    /// How many of the faults forbid the flow; one that is only warned of is read.
    fn errors(&self) -> usize {
        self.faults.iter().filter(|fault| fault.severity == Severity::Error).count()
    }

    fn name_steps(&mut self, steps: &[Spanned<RawStep>]) {
        for (i, step) in steps.iter().enumerate() {
            let name = step.get_ref().id.clone().unwrap_or_else(|| format!("step_{}", i + 1));
            if self.names.contains(&name) {
                self.fault(step, format!("two steps are called {name}; give one another id"));
            }
            self.names.push(name);
        }
    }

    fn slot(&mut self, raw: Spanned<RawSlot>) -> Option<Slot> {
        let RawSlot { sensitive, phrases, .. } = raw.get_ref();
        let (sensitive, phrases) = (*sensitive, phrases.clone());
        Some(Slot { kind: self.slot_kind(&raw)?, sensitive, phrases })
    }

    fn slot_kind(&mut self, raw: &Spanned<RawSlot>) -> Option<SlotKind> {
        let RawSlot { kind, min, max, pattern, choice, .. } = raw.get_ref();
        let name = kind.get_ref().as_str();
        let Some(known) = KINDS.iter().find(|(known, _)| *known == name) else {
            let hint = nearest(name, KINDS.iter().map(|(known, _)| *known));
            self.fault(kind, format!("there is no slot kind {name}; {hint}"));
            return None;
        };
        match &known.1 {
            Kind::Plain(plain) if min.is_none() && max.is_none() && pattern.is_none() && choice.is_empty() => Some(plain.clone()),
            Kind::Plain(_) => self.refuse(raw, format!("a slot of kind {name} takes no min, max, pattern or choice")),
            Kind::Digits => match lengths(*min, *max) {
                Some((min, max)) => Some(SlotKind::Digits { min, max }),
                None => self.refuse(raw, "a slot of digits needs min and max, for example min = 4, max = 6".to_owned()),
            },
            Kind::Code => self.code(raw),
            Kind::Number => match (min.unwrap_or(0), max.unwrap_or(i64::MAX)) {
                (min, max) if min <= max => Some(SlotKind::Number { min, max }),
                _ => self.refuse(raw, "the min of a number is at most its max".to_owned()),
            },
            Kind::Choice if min.is_none() && max.is_none() && choice.len() >= 2 => {
                Some(SlotKind::Choice(choice.iter().map(|c| self.choice(c)).collect()))
            }
            Kind::Choice => self.refuse(raw, "a slot of kind choice needs two [[slot.NAME.choice]] or more".to_owned()),
        }
    }

    /// A code has a length, given as min and max or by its pattern.
    fn code(&mut self, raw: &Spanned<RawSlot>) -> Option<SlotKind> {
        let RawSlot { min, max, pattern, .. } = raw.get_ref();
        let pattern = pattern.clone().unwrap_or_default();
        let length = i64::try_from(pattern.chars().count()).ok().filter(|n| *n > 0);
        let told = pattern.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        match lengths(min.or(length), max.or(length)) {
            Some((min, max)) if told && length.is_none_or(|n| (i64::from(min)..=i64::from(max)).contains(&n)) => {
                Some(SlotKind::Code { min, max, pattern })
            }
            Some(_) => self.refuse(
                raw,
                format!("no code looks like {pattern:?}; write A for a letter, 9 for a digit, other capitals for themselves"),
            ),
            None => self.refuse(raw, "a slot of kind code needs min and max, or pattern = \"A9999\"".to_owned()),
        }
    }

    fn refuse(&mut self, raw: &Spanned<RawSlot>, what: String) -> Option<SlotKind> {
        self.fault(raw, what);
        None
    }

    fn choice(&mut self, raw: &RawChoice) -> SlotChoice {
        let key = raw.key.as_ref().and_then(|key| self.key(key));
        let phrases = raw.phrases.get_ref().clone();
        self.languages_in(&raw.phrases);
        SlotChoice { id: raw.id.clone(), about: self.text(&raw.about), phrases, key }
    }

    fn step(&mut self, number: usize, raw: Spanned<RawStep>) -> Option<Step> {
        let line = self.source.line(raw.span().start);
        let what = raw.get_ref();
        let next = match &what.next {
            Some(target) => self.target(target)?,
            None => number + 1,
        };
        let action = self.action(&raw)?;
        let alone = matches!(
            action,
            Action::Collect(_) | Action::Call(_) | Action::Branch(_) | Action::Confirm { .. } | Action::Verify(_)
        );
        if alone && what.say.is_some() {
            self.fault(&raw, "put the say into a step of its own before this one".to_owned());
        }
        let say = what.say.as_ref().map(|text| self.text(text));
        Some(Step { id: self.names[number].clone(), line, say, action, next })
    }

    fn action(&mut self, step: &Spanned<RawStep>) -> Option<Action> {
        let raw = step.get_ref();
        let kinds = [
            raw.collect.is_some(),
            raw.call.is_some(),
            raw.branch.is_some(),
            raw.confirm.is_some(),
            raw.forget.is_some(),
            raw.decline.is_some(),
            raw.identify.is_some(),
            raw.verify.is_some(),
            raw.send_code.is_some(),
            raw.link.is_some(),
            raw.transfer.is_some(),
            raw.end,
        ];
        let count = kinds.iter().filter(|&&k| k).count();
        if count > 1 || (count == 0 && raw.say.is_none()) {
            let one_of = "say, collect, call, branch, confirm, forget, decline, identify, verify, send_code, link, transfer, end";
            self.fault(step, format!("a step does exactly one thing: {one_of}"));
            return None;
        }
        if raw.collect.is_some() {
            return self.collect(step);
        }
        if let Some(tool) = &raw.call {
            return self.call(raw, tool);
        }
        if let Some(level) = raw.verify {
            return self.verify(step, level);
        }
        if let Some(ask) = &raw.confirm {
            let Some(no) = &raw.no else {
                self.fault(step, "a confirm needs no = \"STEP\": where a no leads".to_owned());
                return None;
            };
            return Some(Action::Confirm { ask: self.text(ask), no: self.target(no)? });
        }
        Some(self.simple(raw)?.unwrap_or(Action::Go))
    }

    fn simple(&mut self, raw: &RawStep) -> Option<Option<Action>> {
        if let Some(branches) = &raw.branch {
            let mut targets = Vec::new();
            for branch in branches {
                targets.push((branch.when.clone(), self.target(&branch.goto)?));
            }
            return Some(Some(Action::Branch(targets)));
        }
        let forget = raw.forget.clone().map(Action::Forget);
        let decline = raw.decline.clone().map(Action::Decline);
        let identify = raw.identify.map(Action::Identify);
        let send = raw.send_code.clone().map(Action::SendCode);
        let link = raw.link.clone().map(Action::Link);
        let transfer = raw.transfer.clone().map(Action::Transfer);
        Some(forget.or(decline).or(identify).or(send).or(link).or(transfer).or_else(|| raw.end.then_some(Action::End)))
    }

    fn collect(&mut self, step: &Spanned<RawStep>) -> Option<Action> {
        let raw = step.get_ref();
        let slot = raw.collect.as_ref()?.get_ref().clone();
        let Some(ask) = &raw.ask else {
            self.fault(step, format!("a collect needs ask: how to ask for {slot}"));
            return None;
        };
        if raw.again.is_empty() || raw.again.len() > MOST_REPROMPTS {
            self.fault(step, format!("a collect needs again: 1 to {MOST_REPROMPTS} other ways to ask for {slot}"));
        }
        let mut wordings: Vec<_> = raw.again.iter().chain([ask]).map(Spanned::get_ref).collect();
        wordings.sort();
        wordings.dedup();
        if wordings.len() < raw.again.len() + 1 {
            self.fault(step, "asking again in the same words helps nobody; make ask and again differ".to_owned());
        }
        Some(Action::Collect(Collect {
            slot,
            ask: self.text(ask),
            again: raw.again.iter().map(|t| self.text(t)).collect(),
            find: raw.find.as_ref().map(|t| self.text(t)),
            echo: raw.echo.as_ref().map(|t| self.text(t)),
            check: raw.check.as_ref().map(|t| self.text(t)),
            among: raw.among.clone(),
            unknown: raw.unknown.as_ref().map(|t| self.text(t)),
        }))
    }

    fn verify(&mut self, step: &Spanned<RawStep>, level: Level) -> Option<Action> {
        let raw = step.get_ref();
        let (Some(record), Some(account), Some(failed)) = (&raw.record, &raw.account, &raw.failed) else {
            let what = "a verify needs record = \"TOOL\", account = \"COLUMN\" and failed = \"STEP\"";
            self.fault(step, what.to_owned());
            return None;
        };
        if !Level::PROVABLE.contains(&level) {
            self.fault(step, "a machine can verify levels 1 and 2; level 3 is a person's".to_owned());
        }
        let proofs = raw.args.len() + raw.facts.len();
        let code_or_pin = raw.secret.len() + usize::from(raw.code.is_some());
        if level == Level::PROVABLE[0] && (proofs < 2 || raw.facts.is_empty()) {
            self.fault(step, "level 1 takes two facts: what finds the record, and at least one of facts".to_owned());
        }
        if level == Level::PROVABLE[1] && code_or_pin == 0 {
            self.fault(step, "level 2 takes a PIN or a code: add secret = { SLOT = \"COLUMN\" } or code = \"SLOT\"".to_owned());
        }
        Some(Action::Verify(Verify {
            level,
            record: record.clone(),
            arguments: raw.args.clone(),
            facts: raw.facts.clone(),
            secret: raw.secret.clone(),
            code: raw.code.clone(),
            account: account.clone(),
            keep: raw.keep.clone(),
            failed: self.target(failed)?,
        }))
    }

    fn call(&mut self, raw: &RawStep, tool: &str) -> Option<Action> {
        let on_error = match &raw.on_error {
            Some(target) => Some(self.target(target)?),
            None => None,
        };
        Some(Action::Call(Call {
            tool: tool.to_owned(),
            arguments: raw.args.clone(),
            save: raw.save.clone().unwrap_or_else(|| "result".to_owned()),
            filler: raw.filler.as_ref().map(|t| self.text(t)),
            on_error,
        }))
    }

    fn text(&mut self, raw: &RawText) -> Text {
        Text::check(raw, self.languages, self.source, self.faults)
    }

    fn phrases(&mut self, raw: &RawPhrases) -> BTreeMap<Language, Vec<String>> {
        self.languages_in(raw);
        for (language, phrases) in raw.get_ref() {
            if phrases.len() < FEW_PHRASINGS {
                let what = format!("only {} ways to ask for this in {language}; callers find more, write 20", phrases.len());
                self.faults.push(self.source.warning(raw.span(), what));
            }
        }
        raw.get_ref().clone()
    }

    fn languages_in(&mut self, raw: &RawPhrases) {
        for language in self.languages.iter().filter(|l| !raw.get_ref().contains_key(l)) {
            self.fault(raw, format!("no phrases in {language}; add {language} = [\"…\"]"));
        }
    }

    fn target(&mut self, name: &Spanned<String>) -> Option<usize> {
        let found = self.names.iter().position(|n| n == name.get_ref());
        if found.is_none() {
            let hint = nearest(name.get_ref(), self.names.iter().map(String::as_str));
            self.fault(name, format!("there is no step {}; {hint}", name.get_ref()));
        }
        found
    }

    fn key(&mut self, key: &Spanned<String>) -> Option<Digit> {
        let mut letters = key.get_ref().chars();
        let digit = letters.next().and_then(Digit::from_char).filter(|_| letters.next().is_none());
        if digit.is_none() {
            self.fault(key, format!("{:?} is no key; write one of 0 to 9", key.get_ref()));
        }
        digit
    }

    fn fault<T>(&mut self, at: &Spanned<T>, what: String) {
        self.faults.push(self.source.error(at.span(), what));
    }
}

/// Fewest and most digits or letters.
fn lengths(min: Option<i64>, max: Option<i64>) -> Option<(u8, u8)> {
    let (min, max) = (u8::try_from(min?).ok()?, u8::try_from(max?).ok()?);
    (0 < min && min <= max).then_some((min, max))
}
