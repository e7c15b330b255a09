//! The bot's side of the floor: a reply is asked for, said, finished, cut off, or fails.
//! Never judges the caller's sound.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::talk::{AfterReply, Closing, Language, Playout, Prompt, Sentence};

use super::config::ms;
use super::context::Context;
use super::floor::{Exit, Flow, ON};
use super::input::Hangup;
use super::ledger::PlayoutLedger;
use super::output::{Action, Event};
use super::state::{Bot, Caller, Floor, Patience, Purpose, Reply, Said, Utterance};
use super::turn::Gain;

impl Floor {
    /// Asks the dialogue for an answer. The bot must be silent.
    pub(super) fn start(&mut self, cx: &mut Context, said: Said) {
        debug_assert!(matches!(self.bot, Bot::Silent { .. }), "one reply at a time");
        let reply = cx.next_reply();
        let word_due = cx.word_due(&said.prompt);
        self.bot = Bot::Thinking(Reply {
            id: reply,
            turn: cx.turn,
            purpose: cx.purpose_of(&said.prompt),
            utterance: said.utterance,
            waterfall: said.waterfall,
            ledger: PlayoutLedger::default(),
            after: None,
            asked_before: None,
            progress: cx.now,
            word_due,
        });
        cx.action(Action::StartReply { reply, prompt: said.prompt });
    }

    /// The dialogue has something to say. Blank sentences and repetitions are not said.
    pub(super) fn sentence(&mut self, cx: &mut Context, sentence: Sentence) -> Flow {
        let Some(reply) = self.bot.reply_mut() else { return ON };
        let was_waiting = reply.ledger.current().is_none();
        if reply.after.is_some() || sentence.text.trim().is_empty() || !reply.ledger.add(sentence.clone()) {
            return ON;
        }
        if was_waiting {
            reply.progress = cx.now;
        }
        if let Some(waterfall) = &mut reply.waterfall {
            waterfall.sentence.get_or_insert(cx.now);
        }
        cx.event(Event::Reply { turn: reply.turn, reply: reply.id, text: sentence.text.clone() });
        cx.action(Action::Synthesise { reply: reply.id, sentence });
        self.settle(cx)
    }

    /// The caller waits: a few words are asked for that the voice has ready. Whoever goes on speaking meanwhile does not wait.
    pub(super) fn acknowledge(&mut self, cx: &mut Context) -> Flow {
        if let Bot::Thinking(reply) = &mut self.bot
            && reply.word_due.take().is_some()
        {
            let (expectation, language) = (cx.expectation.clone(), cx.language);
            cx.action(Action::Acknowledge { reply: reply.id, expectation, language });
        }
        ON
    }

    /// Here they are: said before the answer, unless that is being heard already.
    pub(super) fn acknowledgement(&mut self, cx: &mut Context, sentence: Sentence) {
        if let Bot::Thinking(reply) = &mut self.bot
            && reply.ledger.acknowledge(sentence.clone())
        {
            cx.event(Event::Reply { turn: reply.turn, reply: reply.id, text: sentence.text.clone() });
            cx.action(Action::Synthesise { reply: reply.id, sentence });
        }
    }

    /// The dialogue has said all it has to say.
    pub(super) fn reply_ended(&mut self, cx: &mut Context, after: AfterReply, language: Language) -> Flow {
        if let Some(reply) = self.bot.reply_mut()
            && reply.after.is_none()
        {
            reply.after = Some(after);
            cx.language = language;
        }
        self.ask(cx);
        self.settle(cx)
    }

    /// The first sound of a sentence waits in the downlink.
    pub(super) fn audio_ready(&mut self, cx: &Context) {
        if let Bot::Thinking(reply) = &mut self.bot {
            reply.progress = cx.now;
            reply.word_due = None;
            if let Some(waterfall) = &mut reply.waterfall {
                waterfall.audio.get_or_insert(cx.now);
            }
        }
    }

    /// A sentence's length is known.
    pub(super) fn synthesised(&mut self, cx: &mut Context, sentence: u16, length: Duration) -> Flow {
        if let Some(reply) = self.bot.reply_mut() {
            reply.ledger.synthesised(sentence, length);
        }
        self.settle(cx)
    }

    /// What the last frame held of the reply, if any.
    pub(super) fn play(&mut self, cx: &mut Context, playout: Option<&Playout>) -> Flow {
        let Some(reply) = self.bot.reply_mut() else { return ON };
        match playout {
            Some(playout) if reply.ledger.play(playout) => {
                reply.progress = cx.now;
                self.becomes_audible(cx);
            }
            Some(_) => {}
            None => reply.ledger.pause(),
        }
        self.settle(cx)
    }

    /// The reply has left to its last sample: what follows it follows now.
    pub(super) fn finish(&mut self, cx: &mut Context) -> Flow {
        if self.bot.reply().is_some_and(|reply| reply.ledger.is_mute()) {
            return self.fail(cx);
        }
        self.set_gain(cx, Gain::Full);
        let Some(reply) = self.fall_silent(cx) else { return ON };
        cx.commit(&reply, false);
        match reply.purpose {
            Purpose::Closing { cause, .. } => return ControlFlow::Break(Exit::HangUp(cause)),
            Purpose::Answer => cx.apologies.reset(),
            Purpose::Apology => {}
        }
        self.go_on(cx, reply.after)
    }

    /// Cuts the reply off and gives back the turn it answered, if nothing of the answer was heard: that turn was not over.
    pub(super) fn cut(&mut self, cx: &mut Context) -> Option<Utterance> {
        if !self.bot.reply()?.ledger.is_empty() {
            cx.action(Action::StopPlayout);
        }
        self.set_gain(cx, Gain::Full);
        let reply = self.fall_silent(cx)?;
        cx.action(Action::CancelReply { reply: reply.id });
        if !cx.commit(&reply, true) {
            return None;
        }
        if let Some(before) = reply.asked_before {
            cx.expectation = before;
        }
        reply.utterance
    }

    /// The reply comes to nothing: apologise, unless this was the apology or the caller has gone on anyway.
    pub(super) fn fail(&mut self, cx: &mut Context) -> Flow {
        let Some(purpose) = self.bot.reply().map(|reply| reply.purpose) else { return ON };
        self.cut(cx);
        match purpose {
            Purpose::Closing { cause, .. } => ControlFlow::Break(Exit::HangUp(cause)),
            Purpose::Apology => ControlFlow::Break(Exit::HangUp(Hangup::Trouble)),
            Purpose::Answer if matches!(self.caller, Caller::Quiet) => self.apologise(cx),
            Purpose::Answer => self.settle(cx),
        }
    }

    /// Sound was due and none left. If the caller heard something of the reply the call goes on behind it.
    pub(super) fn stall(&mut self, cx: &mut Context) -> Flow {
        let Bot::Speaking { reply, .. } = &mut self.bot else { return self.fail(cx) };
        if let Purpose::Closing { .. } = reply.purpose {
            return self.fail(cx);
        }
        let after = reply.after.take();
        self.cut(cx);
        self.go_on(cx, after)?;
        self.settle(cx)
    }

    /// Something of ours failed; the caller is owed a word, but not the same word for ever.
    pub(super) fn apologise(&mut self, cx: &mut Context) -> Flow {
        match cx.apologies.climb(cx.config.apologies) {
            Some(_) => self.answer(cx, Said::prompt(Prompt::Trouble)),
            None => ControlFlow::Break(Exit::HangUp(Hangup::Trouble)),
        }
    }

    fn becomes_audible(&mut self, cx: &mut Context) {
        if !matches!(self.bot, Bot::Thinking(_)) {
            return;
        }
        let Some(mut reply) = self.fall_silent(cx) else { return };
        cx.event(Event::ReplyStarted { turn: reply.turn, reply: reply.id });
        if let Some(waterfall) = reply.waterfall.take() {
            cx.event(Event::Latency(waterfall.close(cx.now)));
        }
        if reply.utterance.is_some_and(|utterance| utterance.pauses == 0) {
            cx.endpointer.ended_cleanly();
        }
        self.bot = Bot::Speaking { reply, from: cx.media, gain: Gain::Full };
        self.ask(cx);
    }

    /// From the moment a question is audible the caller may answer it.
    fn ask(&mut self, cx: &mut Context) {
        if let Bot::Speaking { reply, .. } = &mut self.bot
            && let Some(expectation) = reply.after.as_ref().and_then(AfterReply::expected)
        {
            let before = std::mem::replace(&mut cx.expectation, expectation.clone());
            reply.asked_before = Some(before);
        }
    }

    fn fall_silent(&mut self, cx: &Context) -> Option<Reply> {
        match std::mem::replace(&mut self.bot, Bot::Silent { since: cx.now, patience: Patience::Usual }) {
            silent @ Bot::Silent { .. } => {
                self.bot = silent;
                None
            }
            Bot::Thinking(reply) | Bot::Speaking { reply, .. } => Some(reply),
        }
    }

    fn go_on(&mut self, cx: &mut Context, after: Option<AfterReply>) -> Flow {
        match after {
            Some(AfterReply::HangUp) => ControlFlow::Break(Exit::HangUp(Hangup::Bot)),
            Some(AfterReply::Transfer { target }) => ControlFlow::Break(Exit::Transfer(target)),
            Some(after @ (AfterReply::Listen(_) | AfterReply::Wait(_))) => {
                if let (AfterReply::Wait(_), Bot::Silent { patience, .. }) = (&after, &mut self.bot) {
                    *patience = Patience::Long;
                }
                if let Some(expected) = after.expected() {
                    cx.expectation.clone_from(expected);
                }
                ON
            }
            None => ON,
        }
    }
}

impl Context {
    fn purpose_of(&self, prompt: &Prompt) -> Purpose {
        let closing = |cause| Purpose::Closing { cause, deadline: self.now + ms(self.config.closing_ms) };
        match prompt {
            Prompt::Trouble => Purpose::Apology,
            Prompt::Closing { why: Closing::NoInput } => closing(Hangup::NoInput),
            Prompt::Closing { why: Closing::NoMatch } => closing(Hangup::NoMatch),
            Prompt::Closing { why: Closing::TooLong } => closing(Hangup::TooLong),
            Prompt::Closing { why: Closing::Shutdown } => closing(Hangup::Shutdown),
            Prompt::Greeting
            | Prompt::Said { .. }
            | Prompt::Keyed { .. }
            | Prompt::Hinted { .. }
            | Prompt::NoInput { .. }
            | Prompt::NoMatch { .. } => Purpose::Answer,
        }
    }

    /// When somebody who said this is owed a word, should nothing of the answer be heard until then.
    fn word_due(&self, prompt: &Prompt) -> Option<Instant> {
        match prompt {
            Prompt::Said { .. } | Prompt::Keyed { .. } => Some(self.now + ms(self.config.acknowledge_ms)),
            Prompt::Greeting
            | Prompt::Hinted { .. }
            | Prompt::NoInput { .. }
            | Prompt::NoMatch { .. }
            | Prompt::Trouble
            | Prompt::Closing { .. } => None,
        }
    }

    /// Tells what was heard of a reply that is over; says whether that was nothing.
    fn commit(&mut self, reply: &Reply, interrupted: bool) -> bool {
        let heard = reply.ledger.heard();
        let nothing = heard.is_empty();
        self.event(Event::ReplyEnded { turn: reply.turn, reply: reply.id, heard: heard.clone(), interrupted });
        self.action(Action::CommitHeard { reply: reply.id, heard, interrupted });
        nothing
    }
}
