//! The caller's side of the floor: turns open, go on, end, are reopened; keys become entries.
//! Never speaks: what has to be answered is handed to the floor.

use std::time::Duration;

use crate::audio::Dbfs;
use crate::talk::{Closing, Digit, Expectation, Finality, Heard, Prompt, Transcript, TurnId};

use super::config::ms;
use super::context::Context;
use super::floor::{Flow, ON};
use super::input::RecognitionFailed;
use super::keypad::{Entry, Press};
use super::output::{Action, Event};
use super::state::{Bot, Caller, Floor, Said, Secrecy, Utterance};
use super::turn::{Progress, Reaction, Run};
use super::waterfall::Waterfall;

impl Floor {
    /// The caller has begun to speak, or went on (`earlier`): recognition begins, from before the first speech frame.
    pub(super) fn open(&mut self, cx: &mut Context, run: Run, earlier: Option<Utterance>) {
        let turn = cx.next_turn();
        let utterance = match earlier.filter(|earlier| cx.fits_one_turn(earlier)) {
            Some(earlier) => {
                let waited = cx.endpointer.silence(&cx.expectation, earlier.progress, earlier.pace());
                cx.endpointer.paused(run.from.since(earlier.last), waited);
                earlier.reopened(turn, run)
            }
            None => {
                cx.cadence.begin(cx.media.since(run.from));
                Utterance::new(turn, run, &cx.config, cx.now)
            }
        };
        cx.event(Event::SpeechStarted { turn, at: run.from });
        cx.action(Action::StartRecognition {
            turn,
            from: utterance.from,
            expectation: cx.expectation.clone(),
            language: cx.language,
        });
        self.caller = Caller::Speaking(utterance);
    }

    /// A frame while the caller has the floor.
    pub(super) fn hear_on(&mut self, cx: &mut Context, heard: &Heard, speech: bool) -> Flow {
        let unjudged = self.judged().is_some();
        let Caller::Speaking(utterance) = &mut self.caller else { return ON };
        let at_length = cx.media.since(utterance.from) > ms(cx.config.longest_turn_ms * 3 / 4);
        let waited = match unjudged || at_length {
            true => cx.endpointer.least(),
            false => cx.endpointer.silence(&cx.expectation, utterance.progress, utterance.pace()),
        };
        if speech && !heard.concealed {
            utterance.speak(heard.level);
        }
        if let Some(run) = cx.detector.run_of(ms(cx.config.turn.detector.continue_ms)) {
            let pause = run.from.since(utterance.last);
            utterance.paused = utterance.paused.max(pause);
            if pause * 10 > waited * 7 {
                utterance.pauses += 1;
                cx.endpointer.paused(pause, waited);
            }
            utterance.last = utterance.last.max(run.last);
        }
        let silent = cx.media.since(utterance.last);
        if !speech && silent >= waited {
            return self.end_turn(cx);
        }
        if !speech && !unjudged && silent >= cx.endpointer.guess() && !utterance.is_guessed() {
            utterance.guessed = Some(utterance.last);
            utterance.noisy = cx.endpointer.is_noisy(heard.level, utterance.peak);
            // Where pitch makes words, it says little of the sentence.
            utterance.finality = if cx.language.is_tonal() { 0.0 } else { cx.cadence.finality(silent) };
            cx.action(Action::GuessTranscript { turn: utterance.turn });
        }
        self.judge(cx);
        ON
    }

    /// Speech after the end of a turn that is not answered yet: a cough changes nothing, more than that reopens the turn.
    pub(super) fn hear_again(&mut self, cx: &mut Context) {
        let Some(run) = cx.detector.run_of(ms(cx.config.resume_ms)) else { return };
        let utterance = match &self.caller {
            Caller::Transcribing { utterance, .. } => Some(*utterance),
            Caller::Said(said) => said.utterance,
            Caller::Quiet | Caller::Speaking(_) | Caller::Keying { .. } => None,
        };
        if let Some(utterance) = utterance.filter(|utterance| cx.fits_one_turn(utterance)) {
            self.cancel_recognition(cx);
            self.open(cx, run, Some(utterance));
        }
    }

    /// The turn is over: the recogniser gives its last word, unless there was hardly a sound.
    pub(super) fn end_turn(&mut self, cx: &mut Context) -> Flow {
        let Caller::Speaking(utterance) = self.caller else { return ON };
        let turn = utterance.turn;
        cx.detector.reset();
        cx.event(Event::SpeechEnded { turn, at: utterance.last });
        if utterance.spoken < ms(cx.config.blip_ms) {
            cx.action(Action::CancelRecognition { turn });
            return self.pass_over(cx);
        }
        cx.action(Action::FinishRecognition { turn, to: cx.media, as_guessed: utterance.is_guessed() });
        self.transcribe(cx, utterance);
        ON
    }

    /// What the recogniser makes of the turn so far; nothing any more is told to nobody. In a pause the answer to it is made ready.
    pub(super) fn partial(&mut self, cx: &mut Context, turn: TurnId, transcript: Transcript) {
        if let Caller::Speaking(utterance) = &mut self.caller {
            utterance.progress = Progress::of(&transcript).after(utterance.progress);
            let is_for_us = utterance.over.is_none() && !transcript.is_nothing();
            if is_for_us && utterance.is_guessed() && !cx.expectation.is_secret() {
                let transcript = Transcript { finality: Finality::Final, ..transcript.clone() };
                cx.action(Action::PrepareReply { prompt: Prompt::Said { turn, transcript } });
            }
        }
        if !transcript.is_nothing() {
            cx.tell(turn, Transcript { finality: Finality::Partial, ..transcript });
        }
        self.judge(cx);
    }

    /// The recogniser's last word.
    pub(super) fn recognised(&mut self, cx: &mut Context, result: Result<Transcript, RecognitionFailed>) -> Flow {
        if matches!(self.caller, Caller::Speaking(_)) {
            self.end_early(cx);
        }
        let Caller::Transcribing { utterance, endpoint, since } = self.caller else { return ON };
        let over = self.judged().and_then(|utterance| utterance.over).map(|over| (over, utterance.held));
        let turn = utterance.turn;
        let Ok(transcript) = result else { return self.fail_to_hear(cx) };
        cx.tell(turn, transcript.clone());
        let reaction = cx.reaction(Reaction::of_transcript(&transcript));
        match over {
            Some(_) if reaction != Reaction::Words => return self.pass_over(cx),
            Some((over, held)) => self.interrupted(cx, over, held),
            None => {}
        }
        self.caller = Caller::Quiet;
        // A hum says nothing, but where it may be a yes.
        let hum = reaction == Reaction::Grunt && cx.expectation != Expectation::YesNo;
        if hum || transcript.is_nothing() {
            return self.not_understood(cx, &utterance);
        }
        if utterance.over.is_none() {
            cx.learn_level(utterance.peak);
        }
        cx.no_input.reset();
        cx.no_match.reset();
        let waterfall = Waterfall { turn, endpoint, decided: since, transcript: cx.now, sentence: None, audio: None };
        let prompt = Prompt::Said { turn, transcript };
        self.answer(cx, Said { prompt, utterance: Some(utterance), waterfall: Some(waterfall) })?;
        if over.is_some() {
            cx.begin_beat();
        }
        ON
    }

    /// The recogniser did not answer in time.
    pub(super) fn give_up_recognition(&mut self, cx: &mut Context) -> Flow {
        self.cancel_recognition(cx);
        self.fail_to_hear(cx)
    }

    /// A key. It ends speech, cuts off a reply that may be cut off, and counts.
    pub(super) fn press(&mut self, cx: &mut Context, digit: Digit) -> Flow {
        let is_habit = digit.as_char() == '#' && cx.now < cx.closing_key_until && !matches!(self.caller, Caller::Keying { .. });
        if self.is_deaf() || is_habit {
            return ON;
        }
        cx.detector.deafen(cx.media + ms(cx.config.keypad.deaf_ms));
        let mut entry = match std::mem::replace(&mut self.caller, Caller::Quiet) {
            Caller::Keying { entry, .. } => entry,
            other @ (Caller::Quiet | Caller::Speaking(_) | Caller::Transcribing { .. } | Caller::Said(_)) => {
                self.caller = other;
                self.drop_caller(cx);
                Entry::new(cx.next_turn(), self.secrecy(&cx.expectation) != Secrecy::Open)
            }
        };
        if !entry.secret {
            cx.event(Event::Digit { turn: entry.turn, digit });
        }
        self.yield_to_hand(cx, entry.turn);
        let press = entry.press(digit, &cx.config.keypad, &cx.expectation);
        let gap = match press {
            Press::Open { gap } => gap,
            Press::Complete | Press::Closed => Duration::ZERO,
        };
        self.caller = Caller::Keying { entry, deadline: cx.now + gap };
        match press {
            Press::Open { .. } => return ON,
            Press::Closed => {}
            Press::Complete => cx.closing_key_until = cx.now + ms(cx.config.keypad.closing_key_ms),
        }
        self.end_entry(cx)
    }

    /// Something written counts like something said, at once: it ends speech and cuts off a reply that may be cut off.
    pub(super) fn typed(&mut self, cx: &mut Context, transcript: Transcript) -> Flow {
        if self.is_deaf() || transcript.is_nothing() {
            return ON;
        }
        self.drop_caller(cx);
        let turn = cx.next_turn();
        self.yield_to_hand(cx, turn);
        cx.no_input.reset();
        cx.no_match.reset();
        cx.tell(turn, transcript.clone());
        self.answer(cx, Said::prompt(Prompt::Said { turn, transcript }))
    }

    /// The button that stops the bot: a reply that may be cut off ends here, and the caller has the floor.
    pub(super) fn interrupt(&mut self, cx: &mut Context) -> Flow {
        if !self.is_deaf() {
            self.yield_to_hand(cx, cx.turn);
        }
        ON
    }

    /// The keys so far are what the caller wanted to say.
    pub(super) fn end_entry(&mut self, cx: &mut Context) -> Flow {
        match std::mem::replace(&mut self.caller, Caller::Quiet) {
            Caller::Keying { entry, .. } => {
                cx.no_input.reset();
                cx.no_match.reset();
                let turn = entry.turn;
                self.answer(cx, Said::prompt(Prompt::Keyed { turn, keys: entry.into_keys() }))
            }
            other @ (Caller::Quiet | Caller::Speaking(_) | Caller::Transcribing { .. } | Caller::Said(_)) => {
                self.caller = other;
                ON
            }
        }
    }

    /// Forgets what the caller was doing.
    pub(super) fn drop_caller(&mut self, cx: &mut Context) {
        if let Caller::Speaking(utterance) = &self.caller {
            cx.event(Event::SpeechEnded { turn: utterance.turn, at: utterance.last });
        }
        self.cancel_recognition(cx);
        cx.detector.reset();
        self.caller = Caller::Quiet;
    }

    fn yield_to_hand(&mut self, cx: &mut Context, turn: TurnId) {
        let heard = match &self.bot {
            Bot::Silent { .. } | Bot::Thinking(_) => None,
            Bot::Speaking { reply, .. } => Some(reply.id),
        };
        if !self.bot.yields() {
            return;
        }
        self.cut(cx);
        if let Some(reply) = heard {
            cx.event(Event::BargeIn { turn, reply, after: Duration::ZERO });
        }
    }

    pub(super) fn cancel_recognition(&self, cx: &mut Context) {
        if let Some(turn) = self.caller.recognising() {
            cx.action(Action::CancelRecognition { turn });
        }
    }

    /// The recogniser ended by itself: the turn is over now, and its job with it.
    fn end_early(&mut self, cx: &mut Context) {
        if let Caller::Speaking(utterance) = self.caller {
            self.drop_caller(cx);
            self.transcribe(cx, utterance);
        }
    }

    fn transcribe(&mut self, cx: &Context, utterance: Utterance) {
        self.caller = Caller::Transcribing { utterance, endpoint: cx.media.since(utterance.last), since: cx.now };
    }

    /// The caller is owed a word for it, unless the bot is speaking anyway and may not have been meant.
    fn fail_to_hear(&mut self, cx: &mut Context) -> Flow {
        if self.judged().is_some() {
            return self.pass_over(cx);
        }
        self.caller = Caller::Quiet;
        self.apologise(cx)
    }

    /// A cough is passed over; real speech, and whatever silenced the bot, gets a question.
    fn not_understood(&mut self, cx: &mut Context, utterance: &Utterance) -> Flow {
        let faint = utterance.spoken < ms(cx.config.cough_ms) || utterance.peak < Dbfs::new(cx.config.murmur_dbfs);
        if faint && !utterance.interrupts {
            return self.settle(cx);
        }
        cx.no_input.reset();
        let prompt = match cx.no_match.climb(cx.config.no_match_prompts) {
            Some(count) => Prompt::NoMatch { count, at_length: utterance.spoken >= ms(cx.config.long_talk_ms) },
            None => Prompt::Closing { why: Closing::NoMatch },
        };
        self.answer(cx, Said::prompt(prompt))
    }
}
