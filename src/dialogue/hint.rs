//! What an operator's hint does to a conversation: it steers, or has a sentence said, and nothing else.
//! Never the caller's words: it fills no slot, chooses no record, answers no question, and stands in no history as theirs.

use crate::business::{Cue, HouseIntent, Topic, sentences, supported};
use crate::privacy::redact;
use crate::talk::{DESK, Hint};

use super::act::{Turn, is_question};
use super::conversation::Understood;
use super::draft::{Draft, Next};
use super::policy::{self, Refusal};
use super::session::Waiting;
use super::understand::numbers::without_numbers;
use super::understand::{ACT, language_of};
use super::{Command, Conversation, Proposal, embedded};

/// The brain of what an operator wants.
const OPERATOR: &str = "operator";

impl Conversation {
    /// Carries a hint out, or refuses it: then nothing is said and the conversation stays exactly as it was.
    pub(super) fn hinted(&self, draft: &mut Draft<'_>, hint: &Hint) -> Understood {
        draft.session.said.clone_from(&self.session.said);
        match hint {
            Hint::Steer(_) | Hint::Say(_) | Hint::SayAnyway(_) => self.wanted(draft, hint),
            Hint::StepAside => {
                draft.cue(Cue::Handoff);
                draft.next = Some(Next::Transfer { target: DESK.to_owned() });
                Understood::by(OPERATOR, Vec::new())
            }
            Hint::ComeBack => {
                draft.cue(Cue::Back);
                draft.go_on();
                Understood::by(OPERATOR, Vec::new())
            }
        }
    }

    fn wanted(&self, draft: &mut Draft<'_>, hint: &Hint) -> Understood {
        let (what, judged) = match hint {
            Hint::Steer(words) => ("steer", self.steering(words.reveal()).map(Some)),
            Hint::Say(text) => ("say", self.sayable(text.reveal()).and_then(|()| self.founded(text.reveal())).map(|()| None)),
            Hint::SayAnyway(text) => ("say anyway", self.sayable(text.reveal()).map(|()| None)),
            Hint::StepAside | Hint::ComeBack => return Understood::by(OPERATOR, Vec::new()),
        };
        let commands: Vec<Command> = match judged {
            Ok(command) => command.into_iter().collect(),
            Err(refusal) => {
                draft.judge(what, refusal.rule(), false);
                draft.stay();
                return Understood::by(OPERATOR, Vec::new());
            }
        };
        let what = commands.first().map_or_else(|| what.to_owned(), Command::label);
        draft.judge(&what, "operators may steer", true);
        match hint {
            Hint::Say(text) | Hint::SayAnyway(text) => {
                draft.say.extend(sentences(text.reveal()));
                draft.put_again();
            }
            Hint::Steer(_) | Hint::StepAside | Hint::ComeBack => {
                draft.apply(&commands, &Turn { said_yes: false, wording: None, more: false });
            }
        }
        Understood::by(OPERATOR, commands)
    }

    /// The one thing to turn to: named as the pack names it, or in words the pack understands.
    fn steering(&self, words: &str) -> Result<Command, Refusal> {
        if self.session.waiting == Waiting::Over {
            return Err(Refusal::NotAsked("a hint"));
        }
        let command = embedded::commands_for(&self.named(words)?).remove(0);
        let proposal = Proposal { commands: vec![command.clone()], wording: None, brain: OPERATOR };
        policy::check(&self.pack, &self.session, "", &proposal)?;
        Ok(command)
    }

    fn named(&self, words: &str) -> Result<Topic, Refusal> {
        if self.pack.flows().contains_key(words) {
            return Ok(Topic::Flow(words.to_owned()));
        }
        if self.pack.knowledge().entry(words).is_some() {
            return Ok(Topic::Entry(words.to_owned()));
        }
        // A number alone asks for nothing.
        let ranked =
            if without_numbers(words).iter().all(|word| word == "#") { Vec::new() } else { self.understanding.intents(words) };
        let best = ranked.into_iter().next().filter(|best| best.score >= ACT);
        match best.map(|best| best.topic) {
            Some(topic @ (Topic::Flow(_) | Topic::Entry(_) | Topic::House(HouseIntent::Handoff))) => Ok(topic),
            Some(Topic::House(_)) | None => Err(Refusal::NoSteering),
        }
    }

    /// A statement that a voice can say, in the caller's language, without a personal number or address in it. Whatever is
    /// answered next must be an answer to the bot's own question, so that a question is refused.
    fn sayable(&self, text: &str) -> Result<(), Refusal> {
        if self.session.waiting == Waiting::Over {
            return Err(Refusal::NotAsked("a hint"));
        }
        if !policy::speakable(text) || language_of(text).is_some_and(|language| language != self.session.language) {
            return Err(Refusal::Unspeakable);
        }
        if redact(text) != text {
            return Err(Refusal::Personal);
        }
        if text.contains(['?', '？']) || sentences(text).iter().any(|sentence| is_question(sentence)) {
            return Err(Refusal::Asks);
        }
        Ok(())
    }

    /// Every figure stands in an answer of the pack's or in a tool's result that this conversation knows.
    fn founded(&self, text: &str) -> Result<(), Refusal> {
        let session = &self.session;
        let frames = session.stack.iter().chain(&session.queue).chain(&session.last);
        let results: Vec<String> = frames.flat_map(|frame| frame.results.values().map(ToString::to_string)).collect();
        let answers = self.pack.knowledge().entries().iter().flat_map(|entry| entry.answer.templates());
        let sources: Vec<&str> = answers.chain(results.iter().map(String::as_str)).collect();
        supported(text, &sources).map_err(|_| Refusal::Unfounded)
    }
}

impl Draft<'_> {
    /// Nothing happens: what is waited for is waited for as before, a question that was not heard stays unheard.
    fn stay(&mut self) {
        self.wait_for(self.session.waiting.clone());
    }

    /// Takes the caller up where the operator left them.
    fn go_on(&mut self) {
        if matches!(self.session.waiting, Waiting::Anything | Waiting::Menu | Waiting::Over) {
            self.cue(Cue::AnythingElse);
            self.wait_for(Waiting::Anything);
        } else {
            self.put_again();
        }
    }

    /// Puts the question at hand again, so that what the caller says next is an answer to it.
    fn put_again(&mut self) {
        if matches!(self.session.waiting, Waiting::Anything | Waiting::Menu) {
            self.wait_for(self.session.waiting.clone());
        } else if self.session.stack.is_empty() || self.session.waiting == Waiting::Rating {
            self.repeat(None);
        } else {
            self.ask_again();
        }
    }
}
