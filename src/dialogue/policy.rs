//! What a brain's proposal must hold before it is carried out; the same for both brains.
//! Never repairs a proposal: it passes or is refused, and then the embedded brain takes the turn.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::business::flow::SlotKind;
use crate::business::{Entry, Pack, Topic, sentences, supported, tokens};
use crate::talk::Language;

use super::session::{Session, Speaker, Waiting};
use super::understand::numbers::numbers;
use super::understand::slots;
use super::{Command, Proposal, Value};

/// More commands than this in one turn are no understanding.
const MOST_COMMANDS: usize = 6;
const MOST_WORDS: usize = 30;
const MOST_SENTENCES: usize = 3;
/// The part of a wording's longer words that must stand in the entry it words.
const GROUNDED: f32 = 0.6;

/// Why a proposal is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It proposes nothing, or too much.
    #[error("a turn has 1 to {MOST_COMMANDS} commands")]
    Count,
    /// It names something the pack has not got.
    #[error("the pack has no {0}")]
    Unknown(String),
    /// It gives a slot a value the caller never said.
    #[error("the caller did not say the value of {0}")]
    NotSaid(String),
    /// It does not fit what is being asked.
    #[error("{0} answers nothing that was asked")]
    NotAsked(&'static str),
    /// A hint names nothing the bot could turn to.
    #[error("the hint names no entry, no flow and no person")]
    NoSteering,
    /// A sentence that no voice can say here.
    #[error("it is too long, holds signs no voice can say, or is in another language")]
    Unspeakable,
    /// A sentence with somebody's number or address in it.
    #[error("it holds a personal number or address")]
    Personal,
    /// A sentence with a figure that nothing supports.
    #[error("it holds a number, date, amount or rate that stands in no entry and in no tool's result")]
    Unfounded,
    /// A sentence that asks for an answer.
    #[error("it asks something, and the answer would be taken for one to the bot's own question")]
    Asks,
}

impl Refusal {
    /// The rule that refuses, in a few words.
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Count => "1 to 6 commands a turn",
            Self::Unknown(_) => "the pack has it",
            Self::NotSaid(_) => "the caller said it",
            Self::NotAsked(_) => "it was asked",
            Self::NoSteering => "a hint names an entry, a flow or a person",
            Self::Unspeakable => "a voice can say it in the caller's language",
            Self::Personal => "no personal number or address",
            Self::Unfounded => "figures stand in an entry or a tool's result",
            Self::Asks => "only the bot asks",
        }
    }
}

/// The caller has to prove more before this is done.
pub(super) const KNOWN: &str = "the caller is known well enough";
/// A write takes the caller's yes to what it will write.
pub(super) const AGREED: &str = "the caller said yes to these very values";
/// A yes counts only if the caller, and no model, said it.
pub(super) const OWN_WORDS: &str = "the yes stands in the caller's own words";
/// A yes to a question that was cut off is none.
pub(super) const HEARD: &str = "the question was heard";

/// Whether something that this rule held back is only put off: the caller may yet meet the rule in this call.
pub fn is_condition(rule: &str) -> bool {
    [KNOWN, AGREED, OWN_WORDS, HEARD].contains(&rule)
}

/// What the policy said to something that was to be done. Holds no value of the caller's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// A command's label, or a tool's name.
    pub what: String,
    /// The rule that judged it.
    pub rule: &'static str,
    /// Whether it may be done.
    pub allowed: bool,
}

/// What the rules said to a language model's proposal: to each command, or to the whole of it if one was refused.
pub(super) fn verdicts(proposal: &Proposal, refusal: Option<&Refusal>) -> Vec<Verdict> {
    let allowed = |command: &Command| Verdict { what: command.label(), rule: rule_of(command), allowed: true };
    match refusal {
        Some(refusal) => vec![Verdict { what: proposal.brain.to_owned(), rule: refusal.rule(), allowed: false }],
        None => proposal.commands.iter().map(allowed).collect(),
    }
}

/// The rule that a command has to pass.
const fn rule_of(command: &Command) -> &'static str {
    match command {
        Command::StartFlow { .. } | Command::Answer { .. } | Command::Clarify { .. } => "the pack has it",
        Command::SetSlot { .. } | Command::Correct { .. } => "the caller said it",
        Command::Affirm | Command::Deny | Command::Rate { .. } | Command::NotAtHand => "it was asked",
        Command::PartOfNumber { .. }
        | Command::Cancel
        | Command::Repeat
        | Command::Slower
        | Command::Louder
        | Command::Wait
        | Command::Handoff
        | Command::ChangeLanguage { .. }
        | Command::ChitChat { .. }
        | Command::NoMatch
        | Command::Goodbye => "callers may always ask for it",
    }
}

/// Checks a proposal against the pack, the moment and the caller's own words.
pub(super) fn check(pack: &Pack, session: &Session, words: &str, proposal: &Proposal) -> Result<(), Refusal> {
    if !(1..=MOST_COMMANDS).contains(&proposal.commands.len()) {
        return Err(Refusal::Count);
    }
    let mut flow = session.stack.last().map(|f| f.flow.clone());
    for command in &proposal.commands {
        match command {
            Command::StartFlow { flow: started } => {
                known(pack.flows().contains_key(started) && !pack.proves_identity(started), started)?;
                flow = Some(started.clone());
            }
            Command::SetSlot { slot, value } => check_slot(pack, session, flow.as_deref(), (slot, value), words)?,
            Command::Correct { slot, value } => {
                let of = flow.as_deref().or_else(|| session.last.as_ref().map(|f| f.flow.as_str()));
                check_slot(pack, session, of, (slot, value), words)?;
            }
            Command::Answer { entry } => known(pack.knowledge().entry(entry).is_some(), entry)?,
            Command::Clarify { topics } => topics.iter().try_for_each(|t| check_topic(pack, t))?,
            Command::Affirm | Command::Deny => check_question(session)?,
            Command::Rate { .. } if session.waiting == Waiting::Rating => {}
            Command::Rate { .. } => return Err(Refusal::NotAsked("a rating")),
            Command::NotAtHand if session.waiting == Waiting::Slot => {}
            Command::NotAtHand => return Err(Refusal::NotAsked("a missing value")),
            Command::PartOfNumber { .. }
            | Command::Cancel
            | Command::Repeat
            | Command::Slower
            | Command::Louder
            | Command::Wait
            | Command::Handoff
            | Command::ChangeLanguage { .. }
            | Command::ChitChat { .. }
            | Command::NoMatch
            | Command::Goodbye => {}
        }
    }
    Ok(())
}

fn known(known: bool, name: &str) -> Result<(), Refusal> {
    if known { Ok(()) } else { Err(Refusal::Unknown(name.to_owned())) }
}

fn check_topic(pack: &Pack, topic: &Topic) -> Result<(), Refusal> {
    match topic {
        Topic::Flow(flow) => known(pack.flows().contains_key(flow), flow),
        Topic::Entry(entry) => known(pack.knowledge().entry(entry).is_some(), entry),
        Topic::House(_) => Ok(()),
    }
}

fn check_question(session: &Session) -> Result<(), Refusal> {
    match session.waiting {
        Waiting::Check
        | Waiting::Confirm
        | Waiting::Offer
        | Waiting::Remember(_)
        | Waiting::Resume
        | Waiting::Rating
        | Waiting::Clarify(_)
        | Waiting::Anything => Ok(()),
        Waiting::Slot | Waiting::Menu | Waiting::Tool(_) | Waiting::Identity(_) | Waiting::Over => {
            Err(Refusal::NotAsked("a yes or no"))
        }
    }
}

/// The slot belongs to the flow, the value is of its kind, and a number was really said by the caller in this call.
fn check_slot(
    pack: &Pack,
    session: &Session,
    flow: Option<&str>,
    (name, value): (&str, &Value),
    words: &str,
) -> Result<(), Refusal> {
    let slot = flow.and_then(|f| pack.flows().get(f)?.slots.get(name)).ok_or_else(|| Refusal::Unknown(name.to_owned()))?;
    let caller = session.history.iter().filter(|(who, _)| *who == Speaker::Caller).map(|(_, text)| text.as_str());
    let said = caller.chain([words]);
    let fits = match (&slot.kind, value) {
        (SlotKind::Digits { min, max }, Value::Digits(digits)) => {
            let fits = (usize::from(*min)..=usize::from(*max)).contains(&digits.len());
            fits && (said.clone().flat_map(numbers).any(|n| n == *digits) || slots::was_said(slot, value, said, session.today))
        }
        (SlotKind::Choice(choices), Value::Choice(id)) => choices.iter().any(|c| c.id == *id),
        (SlotKind::Date, Value::Date(_)) | (SlotKind::Amount, Value::Amount(_)) => true,
        (SlotKind::Name | SlotKind::Record | SlotKind::Text, Value::Text(text)) => !text.trim().is_empty(),
        _ => slots::was_said(slot, value, said, session.today),
    };
    if fits { Ok(()) } else { Err(Refusal::NotSaid(name.to_owned())) }
}

/// Whether a language model's wording may be said for that entry: every number and most words stand in the entry.
pub(super) fn grounded(wording: &str, entry: &Entry, language: Language) -> bool {
    let source = entry.answer.template(language).unwrap_or_default();
    let known: BTreeSet<String> = tokens(source).into_iter().collect();
    let content: Vec<String> = tokens(wording).into_iter().filter(|w| !w.is_ascii() || w.len() > 3).collect();
    let shared = content.iter().filter(|w| known.contains(*w)).count();
    speakable(wording) && supported(wording, &[source]).is_ok() && shared as f32 >= GROUNDED * content.len() as f32
}

/// Whether a text is short enough for the ear and free of signs no voice can say.
pub(super) fn speakable(wording: &str) -> bool {
    let pieces = sentences(wording);
    let short = |s: &String| s.split_whitespace().count() <= MOST_WORDS && s.chars().count() <= 8 * MOST_WORDS;
    (1..=MOST_SENTENCES).contains(&pieces.len())
        && pieces.iter().all(short)
        && !wording.contains(['*', '#', '<', '>', '{', '}', '_', '|'])
        && !wording.contains("http")
}
