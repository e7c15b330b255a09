//! One conversation as a value: `propose` makes a plan and changes nothing, `commit` takes it.
//! Never does I/O: a tool call goes out with the plan and its result comes back through `resume`.

use std::sync::Arc;

use chrono::NaiveDate;
use tracing::warn;

use crate::business::emotion::{Emotion, Reaction, Reading, Said};
use crate::business::{Cue, Effect, Pack, ToolCall, ToolFailure, Verification, Verified};
use crate::talk::{EmotionOn, Expectation, Importance, Language, Prompt, Prosody, Transcript};

use super::act::Turn;
use super::at_length::is_long;
use super::draft::{Draft, Next};
use super::session::{Manner, Session, Speaker, Waiting};
use super::tape::Step;
use super::understand::{Understanding, language_of};
use super::{Command, Proposal, embedded, menu, policy, rating};

/// A caller's turn is cut to this many characters; nobody says more in one breath.
const LONGEST_TURN: usize = 2_000;
/// Speech at which a caller who is angry or anxious is answered.
const CALMING_PERCENT: u16 = 90;
/// A question counts as heard when at most this part of it was cut off.
const CUT_OFF: f32 = 0.4;

/// One conversation with one caller.
#[derive(Debug, Clone)]
pub struct Conversation {
    pub(super) pack: Arc<Pack>,
    pub(super) understanding: Arc<Understanding>,
    pub(super) session: Session,
    /// How the caller said the turn that is to be answered next.
    pub(super) voice: Option<Prosody>,
    /// What happened to it, where that is noted.
    tape: Option<Vec<Step>>,
}

/// What a turn would do. It has done nothing yet, and can be thrown away.
#[derive(Debug, Clone)]
pub struct Plan {
    session: Session,
    say: Vec<(String, Importance)>,
    next: Next,
    verdicts: Vec<policy::Verdict>,
    /// What was understood.
    pub commands: Vec<Command>,
    /// Which brain's proposal it is.
    pub brain: &'static str,
    /// Why the other brain's proposal was refused.
    pub refused: Option<policy::Refusal>,
    /// What the caller's turn tells of their feelings; `None` where the pack does not read them.
    pub feeling: Option<Reading>,
    /// What it answers, where that is noted.
    asked: Option<Step>,
}

/// What the caller was asked last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked<'c> {
    /// What can be done for them.
    Anything,
    /// The value of this slot.
    Slot(&'c str),
    /// Whether the value just given is right.
    Check,
    /// Whether what was read back shall be done.
    Confirm,
    /// Whether a person shall take over.
    Offer,
    /// Whether they may be remembered.
    Remember,
    /// Whether to go on with what was left open the last time.
    Resume,
    /// How satisfied they are, from 1 to 5.
    Rating,
    /// Which of one or two topics is meant.
    Which(usize),
    /// A key of the menu.
    Key,
    /// Nothing: something is being looked up, or the conversation is over.
    Nothing,
}

/// What is to be said and done now.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    /// Sentences in order, and whether each must be heard to its end.
    pub say: Vec<(String, Importance)>,
    /// What follows them.
    pub next: Next,
    /// What the policy said on the way.
    pub verdicts: Vec<policy::Verdict>,
    /// The language they are in.
    pub language: Language,
    /// How to speak, at the caller's wish.
    pub manner: Manner,
}

impl Plan {
    /// The tool this turn needs, if it only reads: it may run before the plan is committed.
    pub fn lookup(&self) -> Option<&ToolCall> {
        match &self.next {
            Next::Call(call) if call.effect == Effect::Reads => Some(call),
            Next::Call(_)
            | Next::SendCode(_)
            | Next::Verify(_)
            | Next::Listen(_)
            | Next::Wait(_)
            | Next::HangUp
            | Next::Transfer { .. } => None,
        }
    }

    /// The first sentence that would be said, and its language.
    pub fn opening(&self) -> Option<(&str, Language)> {
        self.say.first().map(|(text, _)| (text.as_str(), self.session.language))
    }

    /// What would be said.
    pub fn sentences(&self) -> impl Iterator<Item = &str> {
        self.say.iter().map(|(text, _)| text.as_str())
    }
}

impl Conversation {
    /// A conversation that has not begun. Without a language it begins in the pack's first.
    pub fn new(pack: Arc<Pack>, understanding: Arc<Understanding>, language: Option<Language>, today: NaiveDate) -> Self {
        let language = language.filter(|l| pack.languages().contains(l)).unwrap_or_else(|| pack.first_language());
        Self { pack, understanding, session: Session::new(language, today), voice: None, tape: None }
    }

    /// Notes every step from now on.
    pub fn keep_tape(&mut self) {
        let (language, today) = (self.session.language, self.session.today);
        self.tape = Some(vec![Step::Begun { language, today }]);
    }

    /// The steps since they were last taken.
    pub fn take_tape(&mut self) -> Vec<Step> {
        self.tape.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Notes which state of which pack it speaks for.
    pub fn speaks_for(&mut self, name: &str, version: &str) {
        self.note(|| Step::Pack { name: name.to_owned(), version: version.to_owned() });
    }

    pub(super) fn note(&mut self, step: impl FnOnce() -> Step) {
        if let Some(tape) = &mut self.tape {
            tape.push(step());
        }
    }

    /// Goes on with another state of the pack. What it still knows stays; a flow that was changed begins anew with the
    /// values the caller gave, and one that is gone is left.
    pub fn go_on_with(&mut self, pack: Arc<Pack>, understanding: Arc<Understanding>) {
        self.session.adapt(&self.pack, &pack);
        (self.pack, self.understanding) = (pack, understanding);
    }

    /// The leave to look at how the caller sounds, where the pack reads feelings.
    pub fn leave(&self) -> Option<EmotionOn> {
        self.pack.emotion().leave()
    }

    /// Takes how the caller's next turn was said; it is read together with its words, and once.
    pub fn sounded(&mut self, voice: Prosody) {
        self.note(|| Step::Sounded(voice));
        self.voice = Some(voice);
    }

    /// The call is recorded: the greeting says so.
    pub fn is_recorded(&mut self) {
        self.note(|| Step::Recorded);
        self.session.recorded = true;
    }

    /// The language it is in now.
    pub const fn language(&self) -> Language {
        self.session.language
    }

    /// Who said what so far; of the bot's words only those that were heard.
    pub fn history(&self) -> &[(Speaker, String)] {
        &self.session.history
    }

    /// What the caller was asked last.
    pub fn asked(&self) -> Asked<'_> {
        match &self.session.waiting {
            Waiting::Anything => Asked::Anything,
            Waiting::Slot => self.session.wanted(&self.pack).map_or(Asked::Anything, |(slot, _)| Asked::Slot(slot)),
            Waiting::Check => Asked::Check,
            Waiting::Confirm => Asked::Confirm,
            Waiting::Offer => Asked::Offer,
            Waiting::Remember(_) => Asked::Remember,
            Waiting::Resume => Asked::Resume,
            Waiting::Rating => Asked::Rating,
            Waiting::Clarify(topics) => Asked::Which(topics.len()),
            Waiting::Menu => Asked::Key,
            Waiting::Tool(_) | Waiting::Identity(_) | Waiting::Over => Asked::Nothing,
        }
    }

    /// What would be answered. Has no effect. `proposal` is a language model's; without one, or if the
    /// policy refuses it, the embedded brain takes the turn.
    pub fn propose(&self, prompt: &Prompt, proposal: Option<Proposal>) -> Plan {
        let asked = self.tape.is_some().then(|| self.asked_of(prompt, proposal.as_ref()));
        let mut draft = Draft::new(&self.pack, self.session.clone());
        draft.session.said.clear();
        let mut plan = Understood::of_the_pack();
        match prompt {
            Prompt::Greeting => draft.greet(&self.session.said),
            Prompt::Said { transcript, .. } => plan = self.said(&mut draft, transcript, proposal),
            Prompt::Keyed { keys, .. } => plan.commands = draft.keyed(keys.reveal()),
            Prompt::Hinted { hint } => plan = self.hinted(&mut draft, hint),
            Prompt::NoInput { .. } if self.session.waiting == Waiting::Rating => draft.goodbye(),
            Prompt::NoInput { count } => draft.silence(*count),
            Prompt::NoMatch { count, at_length } => {
                draft.session.said.clone_from(&self.session.said);
                draft.session.misses = draft.session.misses.max(count.saturating_sub(1));
                plan.commands.push(Command::NoMatch);
                draft.not_understood(*at_length);
            }
            Prompt::Trouble => draft.trouble(),
            Prompt::Closing { why } => {
                draft.cue(Cue::closing(*why));
                draft.session.waiting = Waiting::Over;
                draft.next = Some(Next::HangUp);
            }
        }
        if matches!(prompt, Prompt::Greeting) {
            draft.must_be_heard = draft.disclosure_sentences();
        }
        Plan { asked, ..draft.into_plan(plan, &self.session.said) }
    }

    fn asked_of(&self, prompt: &Prompt, proposal: Option<&Proposal>) -> Step {
        let veiled = self.session.wanted(&self.pack).is_some_and(|(_, slot)| slot.sensitive);
        let prompt = if veiled { prompt.clone().veiled() } else { prompt.clone() };
        Step::Asked { prompt, proposal: proposal.cloned(), veiled }
    }

    /// Takes a plan: from now on the conversation is where the plan led, and its tool may run, writing or not.
    pub fn commit(&mut self, plan: Plan) -> Act {
        self.session = plan.session;
        self.voice = None;
        let Session { language, manner, .. } = self.session;
        let act = Act { say: plan.say, next: plan.next, verdicts: plan.verdicts, language, manner };
        let decided = self.tape.is_some().then(|| Step::Decided(self.decision(&act)));
        self.tape.iter_mut().for_each(|tape| tape.extend(plan.asked.iter().chain(&decided).cloned()));
        act
    }

    /// Gives the result of the tool that the last [`Act`] asked for, and goes on.
    pub fn resume(&mut self, result: Result<serde_json::Value, ToolFailure>) -> Act {
        let told = self.tape.is_some().then(|| Step::Resumed(self.told(&result)));
        self.tape.iter_mut().for_each(|tape| tape.extend(told.clone()));
        let mut draft = Draft::new(&self.pack, self.session.clone());
        draft.resume(result);
        let plan = draft.into_plan(Understood::of_the_pack(), &self.session.said);
        self.commit(plan)
    }

    /// Gives the outcome of the check that the last [`Act`] asked for, and goes on.
    pub fn verified(&mut self, outcome: Verification) -> Act {
        self.note(|| Step::Verified(outcome.clone()));
        let mut draft = Draft::new(&self.pack, self.session.clone());
        draft.verified(outcome);
        let plan = draft.into_plan(Understood::of_the_pack(), &self.session.said);
        self.commit(plan)
    }

    /// Who the caller was proved to be, if anybody.
    pub const fn identity(&self) -> Option<&Verified> {
        self.session.identity.as_ref()
    }

    /// The tool whose result is still owed.
    pub const fn owed(&self) -> Option<&ToolCall> {
        match &self.session.waiting {
            Waiting::Tool(call) => Some(call),
            Waiting::Anything
            | Waiting::Slot
            | Waiting::Check
            | Waiting::Confirm
            | Waiting::Clarify(_)
            | Waiting::Menu
            | Waiting::Offer
            | Waiting::Remember(_)
            | Waiting::Resume
            | Waiting::Rating
            | Waiting::Identity(_)
            | Waiting::Over => None,
        }
    }

    /// What of the last reply reached the caller's ear: this, and only this, goes into the history.
    /// A confirm question that was cut off too early is asked again before any yes counts.
    pub fn heard(&mut self, text: &str, interrupted: bool) {
        self.note(|| Step::Heard { text: text.to_owned(), interrupted });
        if !text.trim().is_empty() {
            self.session.history.push((Speaker::Bot, text.trim().to_owned()));
        }
        let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).count();
        if let Some(question) = self.session.question.as_ref().filter(|_| interrupted) {
            let reply: usize = self.session.said.iter().map(|s| letters(s)).sum();
            let missed = reply.saturating_sub(letters(text)) as f32;
            self.session.question_unheard = missed > CUT_OFF * letters(question) as f32;
        }
    }

    fn said(&self, draft: &mut Draft<'_>, transcript: &Transcript, proposal: Option<Proposal>) -> Understood {
        let words: String = transcript.text.chars().take(LONGEST_TURN).collect();
        draft.session.said.clone_from(&self.session.said);
        let others = transcript.alternatives.iter().map(|a| a.text.clone());
        draft.readings = std::iter::once(words.clone()).chain(others).collect();
        self.remember(draft, &words);
        if let Some(language) = language_of(&words).filter(|l| self.pack.languages().contains(l)) {
            draft.session.language = language;
        }
        let feeling = self.feeling(&words, &mut draft.session);
        let (proposal, refused, verdicts) = self.decide(&draft.readings, proposal);
        draft.verdicts.extend(verdicts);
        let wording = self.wording(&proposal, draft.session.language);
        let said_yes = self.understanding.yes_no(&words) == Some(true);
        let reaction = feeling.as_ref().map(|reading| draft.feel(reading));
        if is_long(&words) {
            draft.sum_up(&proposal.commands);
        }
        draft.apply(&proposal.commands, &Turn { said_yes, wording, more: proposal.commands.len() > 1 });
        if reaction.is_some_and(|reaction| reaction.offer_human) {
            draft.offer_person_for_comfort();
        }
        Understood { commands: proposal.commands, brain: proposal.brain, refused, feeling }
    }

    /// What the words, and the voice where it was heard, tell of the caller's feelings, if the pack gives leave to look.
    fn feeling(&self, words: &str, session: &mut Session) -> Option<Reading> {
        let leave = self.pack.emotion().leave()?;
        let before = self.session.history.iter().map(|(who, text)| match who {
            Speaker::Caller => Said::Caller(text),
            Speaker::Bot => Said::Bot(text),
        });
        let before: Vec<Said<'_>> = before.collect();
        let said = Emotion::of_words(leave, words, session.language, &before);
        let Some(voice) = &self.voice else { return Some(said) };
        let (baseline, sounded) = session.baseline.read(leave, voice);
        session.baseline = baseline;
        Some(match sounded {
            Some(sounded) => said.with_voice(&sounded),
            None => said,
        })
    }

    fn remember(&self, draft: &mut Draft<'_>, words: &str) {
        let sensitive = self.session.wanted(&self.pack).is_some_and(|(_, slot)| slot.sensitive);
        let kept = if sensitive { "(private)" } else { words };
        draft.session.history.push((Speaker::Caller, kept.to_owned()));
    }

    /// The model's proposal if it passes the policy, else the embedded brain's.
    fn decide(
        &self,
        readings: &[String],
        proposal: Option<Proposal>,
    ) -> (Proposal, Option<policy::Refusal>, Vec<policy::Verdict>) {
        let words = readings.first().map(String::as_str).unwrap_or_default();
        let mut verdicts = Vec::new();
        let refused = match proposal {
            Some(proposal) => match policy::check(&self.pack, &self.session, words, &proposal) {
                Ok(()) => {
                    let verdicts = policy::verdicts(&proposal, None);
                    return (proposal, None, verdicts);
                }
                Err(refusal) => {
                    verdicts = policy::verdicts(&proposal, Some(&refusal));
                    warn!(why = %refusal, "The language model's proposal was refused; the embedded brain takes the turn.");
                    Some(refusal)
                }
            },
            None => None,
        };
        let readings: Vec<&str> = readings.iter().map(String::as_str).collect();
        let commands = embedded::propose(&self.pack, &self.understanding, &self.session, &readings);
        (Proposal { commands, wording: None, brain: "embedded" }, refused, verdicts)
    }

    /// The model's wording, if the one entry it answers with supports it.
    fn wording<'w>(&self, proposal: &'w Proposal, language: Language) -> Option<&'w str> {
        let [Command::Answer { entry }] = proposal.commands.as_slice() else { return None };
        let entry = self.pack.knowledge().entry(entry)?;
        proposal.wording.as_deref().filter(|wording| policy::grounded(wording, entry, language))
    }
}

/// How a plan came about.
pub(super) struct Understood {
    commands: Vec<Command>,
    brain: &'static str,
    refused: Option<policy::Refusal>,
    feeling: Option<Reading>,
}

impl Understood {
    /// Nothing had to be understood.
    const fn of_the_pack() -> Self {
        Self::by("pack", Vec::new())
    }

    /// Nobody's words were understood; this is wanted all the same.
    pub(super) const fn by(brain: &'static str, commands: Vec<Command>) -> Self {
        Self { commands, brain, refused: None, feeling: None }
    }
}

impl Draft<'_> {
    /// Whoever is known from writing is told what must be told, and what was asked of them.
    fn greet(&mut self, said: &[String]) {
        self.disclose();
        let goes_on = self.session.history.iter().any(|(who, _)| *who == Speaker::Caller);
        if goes_on && !said.is_empty() {
            self.session.said = said.to_vec();
            return self.repeat(None);
        }
        if self.offer_to_resume() {
            return;
        }
        self.cue(Cue::Greeting);
        self.wait_for(Waiting::Anything);
    }

    /// What the law wants said first: that this is a machine, that it records, that it reads feelings (EU AI Act, Art. 50).
    fn disclose(&mut self) {
        self.cue(Cue::Disclosure);
        if self.session.recorded {
            self.cue(Cue::Recorded);
        }
        if let Some(notice) = self.pack.emotion().notice() {
            self.say(notice);
        }
    }

    fn disclosure_sentences(&self) -> usize {
        let mut disclosure = Draft::new(self.pack, self.session.clone());
        disclosure.disclose();
        disclosure.say.len()
    }

    /// What the pack's table makes of a feeling: said and set before anything else of the turn.
    fn feel(&mut self, reading: &Reading) -> Reaction {
        let (mood, reaction) = self.pack.emotion().react(&self.session.mood, reading);
        self.session.mood = mood;
        self.session.selling = reaction.selling;
        self.shorter = reaction.shorter;
        if let Some(apology) = &reaction.apologise {
            self.say(apology);
        }
        if reaction.slower {
            let rate = &mut self.session.manner.rate_percent;
            *rate = (*rate).min(CALMING_PERCENT);
        }
        reaction
    }

    /// Offers a person in place of the next question, unless something more pressing is asked.
    fn offer_person_for_comfort(&mut self) {
        if matches!(self.session.waiting, Waiting::Anything | Waiting::Slot | Waiting::Clarify(_) | Waiting::Menu) {
            self.cue(Cue::OfferPerson);
            self.wait_for(Waiting::Offer);
        }
    }

    fn silence(&mut self, count: u8) {
        self.cue(Cue::no_input(count));
        if self.session.stack.is_empty() {
            self.wait_for(self.session.waiting.clone());
        } else {
            self.ask_again();
        }
    }

    fn trouble(&mut self) {
        self.cue(Cue::Trouble);
        if self.session.stack.is_empty() {
            self.wait_for(self.session.waiting.clone());
        } else {
            self.ask_again();
        }
    }

    /// Keys answer the question at hand; `0` is a person.
    fn keyed(&mut self, keys: &str) -> Vec<Command> {
        let wanted =
            self.session.wanted(self.pack).map(|(name, slot)| (name.to_owned(), super::understand::slots::keyed(slot, keys)));
        let command = match (&self.session.waiting, keys, wanted) {
            (Waiting::Rating, keys, _) => rating::key(keys).map_or(Command::NoMatch, |stars| Command::Rate { stars }),
            (_, _, Some((slot, Some(value)))) => Command::SetSlot { slot, value },
            (Waiting::Check | Waiting::Confirm | Waiting::Offer | Waiting::Remember(_) | Waiting::Resume, "1", _) => {
                Command::Affirm
            }
            (Waiting::Check | Waiting::Confirm | Waiting::Offer | Waiting::Remember(_) | Waiting::Resume, "2", _) => {
                Command::Deny
            }
            (Waiting::Clarify(topics), "1" | "2", _) => {
                let chosen = topics.get(usize::from(keys == "2"));
                chosen.map_or(Command::NoMatch, |topic| embedded::commands_for(topic).remove(0))
            }
            (_, "0", _) => Command::Handoff,
            (Waiting::Anything | Waiting::Menu, ..) => {
                menu::topic(self.pack, keys).map_or(Command::NoMatch, |topic| embedded::commands_for(&topic).remove(0))
            }
            (
                Waiting::Slot
                | Waiting::Check
                | Waiting::Confirm
                | Waiting::Offer
                | Waiting::Remember(_)
                | Waiting::Resume
                | Waiting::Clarify(_)
                | Waiting::Tool(_)
                | Waiting::Identity(_)
                | Waiting::Over,
                ..,
            ) => Command::NoMatch,
        };
        self.session.history.push((Speaker::Caller, "(keys)".to_owned()));
        self.readings = vec![keys.to_owned()];
        self.keyed = true;
        let commands = vec![command];
        self.apply(&commands, &Turn { said_yes: keys == "1", wording: None, more: false });
        commands
    }

    /// Closes the turn. What a lookup's filler or silence says is not what "say that again" means.
    fn into_plan(mut self, understood: Understood, before: &[String]) -> Plan {
        self.session.said = if self.say.is_empty() { before.to_vec() } else { self.say.clone() };
        if self.session.waiting == Waiting::Confirm {
            self.session.question_unheard &= self.say.is_empty();
        } else {
            self.session.question = None;
        }
        let next = self.next.unwrap_or(Next::Listen(Expectation::Open));
        let must_be_heard = self.must_be_heard;
        let importance = |i| if i < must_be_heard { Importance::MustBeHeard } else { Importance::Normal };
        let say = self.say.into_iter().enumerate().map(|(i, text)| (text, importance(i))).collect();
        let Understood { commands, brain, refused, feeling } = understood;
        Plan { session: self.session, say, next, verdicts: self.verdicts, commands, brain, refused, feeling, asked: None }
    }
}
