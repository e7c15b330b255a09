//! Where the caller's and the bot's side meet: who yields to whom, and what is answered when.
//! Never keeps time: alarms are derived from the state and fired from outside.

use std::ops::ControlFlow;
use std::time::Duration;

use crate::audio::MediaTime;
use crate::talk::{Closing, Heard, Playout, Prompt, ReplyId};

use super::config::ms;
use super::context::Context;
use super::input::{Hangup, Input};
use super::output::{Action, Event};
use super::state::{Bot, Caller, Floor, Patience, Said, Utterance};
use super::timer::Timer;
use super::turn::{Gain, Interjection, Run, Step, Verdict};

/// How a floor is left.
#[derive(Debug)]
pub(super) enum Exit {
    HangUp(Hangup),
    Transfer(String),
}

/// Whether the conversation goes on.
pub(super) type Flow = ControlFlow<Exit>;

/// Speech over the bot has ended when it has been silent for longer than this.
const OVER: Duration = Duration::from_millis(40);

pub(super) const ON: Flow = ControlFlow::Continue(());

impl Floor {
    /// A floor that nobody has taken, and this to answer.
    pub(super) fn beginning_with(cx: &mut Context, prompt: Prompt) -> Self {
        let mut floor = Self { caller: Caller::Quiet, bot: Bot::Silent { since: cx.now, patience: Patience::Usual } };
        floor.start(cx, Said::prompt(prompt));
        floor
    }

    /// 20 ms have passed in both directions.
    pub(super) fn tick(&mut self, cx: &mut Context, heard: &Heard, playout: Option<&Playout>) -> Flow {
        self.play(cx, playout)?;
        cx.end_beat();
        self.hear(cx, heard)
    }

    /// A job has something to tell; whether it is still wanted was asked before.
    pub(super) fn take_result(&mut self, cx: &mut Context, result: Input) -> Flow {
        match result {
            Input::Partial { turn, transcript } => self.partial(cx, turn, transcript),
            Input::Recognised { result, .. } => return self.recognised(cx, result),
            Input::Sentence { sentence, .. } => return self.sentence(cx, sentence),
            Input::Acknowledgement { sentence, .. } => self.acknowledgement(cx, sentence),
            Input::ReplyEnded { after, language, .. } => return self.reply_ended(cx, after, language),
            Input::ReplyFailed { .. } => return self.fail(cx),
            Input::AudioReady { .. } => self.audio_ready(cx),
            Input::Synthesised { sentence, length, .. } => return self.synthesised(cx, sentence, length),
            Input::Answered
            | Input::Tick { .. }
            | Input::Digit(_)
            | Input::Typed(_)
            | Input::Interrupt
            | Input::Language(_)
            | Input::Hint(_)
            | Input::Held(_)
            | Input::TransferFailed
            | Input::Disconnected(_)
            | Input::Shutdown
            | Input::Timeout => {}
        }
        ON
    }

    /// A wait is over.
    pub(super) fn fire(&mut self, cx: &mut Context, timer: Timer) -> Flow {
        match timer {
            Timer::NoInput => self.ask_the_silent(cx),
            Timer::LongTurn => self.end_turn(cx),
            Timer::Keys => self.end_entry(cx),
            Timer::Transcript => self.give_up_recognition(cx),
            Timer::Acknowledge => self.acknowledge(cx),
            Timer::Reply => self.fail(cx),
            Timer::Stall => self.stall(cx),
            Timer::Closing => self.closing().map_or(ON, |cause| ControlFlow::Break(Exit::HangUp(cause))),
            Timer::Ringing | Timer::Hold | Timer::Transfer | Timer::TooLong => ON,
        }
    }

    /// Answers an operator's hint in a silence: nothing that anybody says is lost for it, and nothing is cut off.
    pub(super) fn take_hint(&mut self, cx: &mut Context) -> Flow {
        if !matches!((&self.caller, &self.bot), (Caller::Quiet, Bot::Silent { .. })) {
            return ON;
        }
        cx.hint.take().map_or(ON, |hint| self.answer(cx, Said::prompt(Prompt::Hinted { hint })))
    }

    /// Says good-bye now, whoever has the floor.
    pub(super) fn close(&mut self, cx: &mut Context, why: Closing) -> Flow {
        if !self.is_deaf() {
            self.drop_caller(cx);
            self.cut(cx);
            self.start(cx, Said::prompt(Prompt::Closing { why }));
        }
        ON
    }

    /// Ends everything that is under way, because the leg is gone or goes elsewhere.
    pub(super) fn leave(&mut self, cx: &mut Context) {
        self.drop_caller(cx);
        self.cut(cx);
    }

    /// The caller put us on hold: what was being said into the line is not for us, and last words reach nobody.
    pub(super) fn hold(&mut self, cx: &mut Context) -> Flow {
        if let Some(cause) = self.closing() {
            return ControlFlow::Break(Exit::HangUp(cause));
        }
        if matches!(self.caller, Caller::Speaking(_)) {
            self.drop_caller(cx);
        }
        if let Some(reply) = self.bot.reply_mut() {
            reply.waterfall = None;
        }
        self.set_gain(cx, Gain::Full);
        cx.detector.reset();
        ON
    }

    /// Answers as soon as the bot is free. An answer that had to wait for the bot's own words has no waterfall.
    pub(super) fn answer(&mut self, cx: &mut Context, said: Said) -> Flow {
        let waterfall = said.waterfall.filter(|_| matches!(self.bot, Bot::Silent { .. }));
        self.caller = Caller::Said(Said { waterfall, ..said });
        self.settle(cx)
    }

    /// What follows from where both sides now are: a reply that is said ends, one that may yield yields, what was said is answered.
    pub(super) fn settle(&mut self, cx: &mut Context) -> Flow {
        let unjudged = self.judged().is_some();
        if let Some(reply) = self.bot.reply() {
            // Whoever speaks as the bot says good-bye is not hung up on.
            if reply.is_said() && !(unjudged && reply.is_good_bye()) {
                self.finish(cx)?;
            } else if self.bot.yields() && !matches!(self.caller, Caller::Quiet) && (!unjudged || reply.is_said()) {
                self.cut(cx);
            }
        }
        if let (Caller::Said(_), Bot::Silent { .. }) = (&self.caller, &self.bot)
            && let Caller::Said(said) = std::mem::replace(&mut self.caller, Caller::Quiet)
        {
            self.start(cx, said);
        }
        ON
    }

    fn hear(&mut self, cx: &mut Context, heard: &Heard) -> Flow {
        cx.hear(heard);
        if self.is_deaf() {
            cx.detector.reset();
            return ON;
        }
        let speech = cx.detector.hear(heard);
        match (&self.caller, &self.bot) {
            (Caller::Speaking(_), _) => return self.hear_on(cx, heard, speech),
            (Caller::Keying { .. }, _) => cx.detector.reset(),
            (Caller::Transcribing { .. } | Caller::Said(_), _) => self.hear_again(cx),
            (Caller::Quiet, Bot::Silent { .. }) => {
                if let Some(run) = cx.detector.run_of(ms(cx.config.turn.detector.onset_ms)) {
                    self.open(cx, run, None);
                }
            }
            (Caller::Quiet, Bot::Thinking(_)) => {
                if let Some(run) = cx.detector.run_of(ms(cx.config.resume_ms)) {
                    let earlier = self.cut(cx);
                    self.open(cx, run, earlier);
                }
            }
            (Caller::Quiet, Bot::Speaking { .. }) => self.hear_over_bot(cx, speech),
        }
        ON
    }

    /// Speech while the bot speaks: softer, listened to, or kept for afterwards. A sound that began before the bot did may be the
    /// cough between a turn and its answer, and takes as long as there to count; then it goes on with the turn before.
    fn hear_over_bot(&mut self, cx: &mut Context, speech: bool) {
        let Bot::Speaking { reply, from, gain } = &self.bot else { return };
        let (id, yields) = (reply.id, self.bot.yields());
        let run = cx.detector.run().copied();
        let goes_on = run.is_some_and(|run| run.from < *from);
        let barge_in = &cx.config.turn.barge_in;
        let least = if goes_on { ms(cx.config.resume_ms) } else { barge_in.listen_after() };
        match barge_in.judge(run.as_ref(), least, *gain) {
            Some(Step::Duck) if yields && speech => self.set_gain(cx, Gain::Ducked),
            Some(Step::Restore) => self.set_gain(cx, Gain::Full),
            Some(Step::Listen) if speech => {
                let Some(run) = run else { return };
                if !yields {
                    self.set_gain(cx, Gain::Full);
                    self.open(cx, run, None);
                } else if goes_on {
                    let earlier = self.cut(cx);
                    self.open(cx, run, earlier);
                    self.interrupted(cx, (id, run.from), None);
                } else {
                    self.set_gain(cx, Gain::Ducked);
                    self.open(cx, run, None);
                    if let Caller::Speaking(utterance) = &mut self.caller {
                        utterance.over = Some((id, run.from));
                    }
                }
            }
            Some(Step::Duck | Step::Listen) | None => {}
        }
    }

    /// The caller's words over the bot that are not yet known to be meant for it.
    pub(super) fn judged(&self) -> Option<&Utterance> {
        let utterance = match &self.caller {
            Caller::Speaking(utterance) | Caller::Transcribing { utterance, .. } => utterance,
            Caller::Quiet | Caller::Keying { .. } | Caller::Said(_) => return None,
        };
        let over = utterance.over.map(|(reply, _)| reply);
        matches!(&self.bot, Bot::Speaking { reply, .. } if Some(reply.id) == over).then_some(utterance)
    }

    /// Judges speech over the bot while it lasts: the bot is held for words and for whatever goes on, then yields.
    pub(super) fn judge(&mut self, cx: &mut Context) {
        let Some(&Utterance { over: Some(_), progress, held, peak, .. }) = self.judged() else { return };
        if !self.bot.yields() {
            // What is said now must be heard; the caller is answered after it.
            self.set_gain(cx, Gain::Full);
            if let Caller::Speaking(utterance) = &mut self.caller {
                utterance.over = None;
            }
            return;
        }
        let barge_in = &cx.config.turn.barge_in;
        let speech = Interjection {
            lasting: cx.detector.run().filter(|run| cx.media.since(run.last) <= OVER).map(Run::lasting).unwrap_or_default(),
            words: cx.reaction(progress.reaction()),
            aside: barge_in.is_aside(peak, cx.own_level),
            held: held.map(|since| cx.media.since(since)),
        };
        match barge_in.weigh(speech) {
            Verdict::GoOn if held.is_some() => self.set_gain(cx, Gain::Ducked),
            Verdict::GoOn => {}
            Verdict::Hold => self.hold_reply(cx),
            Verdict::Yield => self.yield_to_voice(cx),
        }
    }

    fn hold_reply(&mut self, cx: &mut Context) {
        if let Caller::Speaking(utterance) = &mut self.caller {
            utterance.held.get_or_insert(cx.media);
            self.set_gain(cx, Gain::Held);
        }
    }

    fn yield_to_voice(&mut self, cx: &mut Context) {
        let Some(&Utterance { over: Some((reply, from)), held, .. }) = self.judged() else { return };
        let run = cx.detector.run().copied();
        let earlier = self.cut(cx);
        if let (Some(_), Some(run)) = (earlier, run) {
            // Nothing of the answer was heard: the turn before goes on.
            self.cancel_recognition(cx);
            self.open(cx, run, earlier);
        }
        self.interrupted(cx, (reply, from), held);
    }

    /// What was said over the bot was a listener's: the reply goes on as it was.
    pub(super) fn pass_over(&mut self, cx: &mut Context) -> Flow {
        self.caller = Caller::Quiet;
        self.set_gain(cx, Gain::Full);
        self.settle(cx)
    }

    /// The caller silenced this reply by what began there; the bot had been held since then already.
    pub(super) fn interrupted(&mut self, cx: &mut Context, (reply, from): (ReplyId, MediaTime), held: Option<MediaTime>) {
        if let Caller::Speaking(utterance) = &mut self.caller {
            utterance.interrupts = true;
            utterance.over = None;
        }
        let (turn, after) = (cx.turn, held.unwrap_or(cx.media).since(from));
        cx.event(Event::BargeIn { turn, reply, after });
    }

    fn ask_the_silent(&mut self, cx: &mut Context) -> Flow {
        let prompt = match cx.no_input.climb(cx.config.no_input_prompts) {
            Some(count) => Prompt::NoInput { count },
            None => Prompt::Closing { why: Closing::NoInput },
        };
        self.answer(cx, Said::prompt(prompt))
    }
}

impl Said {
    /// Something to answer that nobody said.
    pub(super) const fn prompt(prompt: Prompt) -> Self {
        Self { prompt, utterance: None, waterfall: None }
    }
}

impl Floor {
    /// Plays the bot at this gain from the next frame on.
    pub(super) fn set_gain(&mut self, cx: &mut Context, wanted: Gain) {
        if let Bot::Speaking { gain, .. } = &mut self.bot
            && *gain != wanted
        {
            *gain = wanted;
            cx.action(Action::SetGain(cx.config.turn.barge_in.level(wanted)));
        }
    }
}
