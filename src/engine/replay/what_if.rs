//! A recorded call under another setting: the same caller, and what was then heard, answered and spoken, when it is asked for.
//! Never makes up a word: where the other setting asks for one that nobody recognised, answered or spoke, it stops there.

use std::collections::VecDeque;
use std::slice::Iter;
use std::time::{Duration, Instant};

use super::tape::{Given, Sound, Tape};
use crate::audio::MediaTime;
use crate::call::{Action, Call, CallConfig, Event, Hangup, Input, Output, Phase};
use crate::engine::clock;
use crate::engine::sound::CallSound;
use crate::engine::voice::Spoken;
use crate::media::{MediaConfig, PortFormat, Speech};
use crate::store::flight::{Flight, Line};
use crate::store::journal::Entry;
use crate::talk::{AudioRange, Expectation, Heard, Language, Playout, Prompt, ReplyId, Sentence, Transcript, TurnId};

/// What the recorded call would have been.
#[derive(Debug, Clone, PartialEq)]
pub struct Otherwise {
    /// What would have happened on the line, as in the record of a call.
    pub entries: Vec<Entry>,
    /// How long it lasted, or until when it is known.
    pub length: Duration,
    /// Why it is not known further; `None` if it came to its end.
    pub stop: Option<Stop>,
}

/// Why a call under another setting is not known further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The turn would have ended elsewhere, and nobody recognised these words alone.
    Unheard(AudioRange),
    /// The dialogue would have been asked something else, and nobody answered that.
    Unanswered,
    /// More of a sentence would have been heard than was ever spoken.
    Unspoken,
    /// The recording ends here, or has a hole.
    Unrecorded,
}

/// Recognises a stretch of the caller's sound again.
pub type Other<'a> = &'a mut dyn FnMut(Asked<'_>) -> Option<Transcript>;

/// What is to be recognised again.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Which stretch.
    pub range: AudioRange,
    /// What the dialogue expected.
    pub expectation: &'a Expectation,
    /// What the caller was taken to speak.
    pub language: Language,
}

/// The recorded call, run by that configuration, told what `frames` hold instead of what it was told then (as far as there are
/// any). Words that nobody recognised are asked of `other`, if there is one.
pub fn what_if<'o>(flight: &Flight, config: CallConfig, (frames, other): (&'o [Heard], Option<Other<'o>>)) -> Otherwise {
    let world = World::new(flight, config, other);
    World { frames: frames.iter(), ..world }.run(&flight.lines)
}

struct World<'o> {
    tape: Tape,
    frames: Iter<'o, Heard>,
    other: Option<Other<'o>>,
    base: Instant,
    now: Duration,
    deadline: Duration,
    call: Call,
    sound: CallSound,
    hearing: Option<Hearing>,
    /// What comes to the call and when, as jobs would bring it.
    due: Vec<(Duration, Input)>,
    /// The bot's speech and when it is there.
    speech: VecDeque<(Duration, Spoken)>,
    pending: VecDeque<Input>,
    entries: Vec<Entry>,
    /// The reply that has a sentence of which no sound is known.
    unspoken: Option<ReplyId>,
    over: bool,
    stop: Option<Stop>,
}

/// A recognition under way.
struct Hearing {
    turn: TurnId,
    from: MediaTime,
    expectation: Expectation,
    language: Language,
}

impl<'o> World<'o> {
    fn new(flight: &Flight, config: CallConfig, other: Option<Other<'o>>) -> Self {
        let base = clock::now();
        Self {
            tape: Tape::of(flight),
            frames: [].iter(),
            other,
            base,
            now: Duration::ZERO,
            deadline: Duration::MAX,
            call: Call::new(config, base),
            // What the bot's sound is does not matter here, only how long it is.
            sound: CallSound::new(PortFormat::Pcma, &MediaConfig::default()),
            hearing: None,
            due: Vec::new(),
            speech: VecDeque::new(),
            pending: VecDeque::new(),
            entries: Vec::new(),
            unspoken: None,
            over: false,
            stop: None,
        }
    }

    fn run(mut self, lines: &[Line]) -> Otherwise {
        for line in lines {
            let (at, input) = match line {
                Line::In(at, input) | Line::Veiled(at, input) => (Duration::from_nanos(*at), input),
                Line::Lost(_) => break,
                Line::Head(_) | Line::Out(_) | Line::Step(..) | Line::Rtp(..) | Line::Pcm(..) => continue,
            };
            self.until(at);
            if self.is_over() {
                break;
            }
            self.now = self.now.max(at);
            self.outside(input);
        }
        if !self.is_over() {
            self.stop = Some(Stop::Unrecorded);
        }
        Otherwise { entries: self.entries, length: self.now, stop: self.stop }
    }

    const fn is_over(&self) -> bool {
        self.over || self.stop.is_some()
    }

    /// What the caller or the network did comes as it came then; what was told from inside comes of this call's own work.
    fn outside(&mut self, input: &Input) {
        match input {
            Input::Tick { heard, .. } => {
                let held = self.call.phase() == Phase::Held;
                let (_, ticked) = self.sound.tick(self.now, held, &mut self.pending);
                let Input::Tick { playout, .. } = ticked else { return };
                if self.is_out_of_speech(playout) {
                    self.stop = Some(Stop::Unspoken);
                    return;
                }
                let heard = *self.frames.next().unwrap_or(heard);
                self.handle(Input::Tick { heard, playout });
            }
            Input::Answered
            | Input::Digit(_)
            | Input::Typed(_)
            | Input::Interrupt
            | Input::Language(_)
            | Input::Hint(_)
            | Input::Held(_)
            | Input::TransferFailed
            | Input::Disconnected(_)
            | Input::Shutdown => self.handle(input.clone()),
            Input::Partial { .. }
            | Input::Recognised { .. }
            | Input::Sentence { .. }
            | Input::Acknowledgement { .. }
            | Input::ReplyEnded { .. }
            | Input::ReplyFailed { .. }
            | Input::AudioReady { .. }
            | Input::Synthesised { .. }
            | Input::Timeout => {}
        }
    }

    /// Whether the next thing to be heard was never spoken.
    fn is_out_of_speech(&self, playout: Option<Playout>) -> bool {
        let waits = !self.sound.has_room() || !self.speech.is_empty();
        playout.is_some_and(|Playout { reply, length, queued, .. }| {
            queued.is_zero() && !waits && (length.is_none() || self.unspoken == Some(reply))
        })
    }

    /// Lets everything happen that is due before `at`.
    fn until(&mut self, at: Duration) {
        while !self.is_over() {
            let due = self.due.iter().map(|(at, _)| *at).min();
            let speech = self.speech.front().filter(|_| self.sound.has_room()).map(|(at, _)| *at);
            let Some(next) = [due, speech, Some(self.deadline)].into_iter().flatten().min().filter(|&next| next <= at) else {
                return;
            };
            self.now = self.now.max(next);
            if due == Some(next) {
                let first = self.due.iter().position(|(at, _)| *at == next).expect("the least is one of them");
                let (_, input) = self.due.remove(first);
                self.handle(input);
            } else if speech == Some(next) {
                let (_, spoken) = self.speech.pop_front().expect("it was there");
                self.sound.enqueue(spoken, &mut self.pending);
                self.handle_pending();
            } else {
                self.handle(Input::Timeout);
            }
        }
    }

    fn handle(&mut self, input: Input) {
        self.pending.push_front(input);
        self.handle_pending();
    }

    fn handle_pending(&mut self) {
        while !self.is_over()
            && let Some(input) = self.pending.pop_front()
        {
            self.call.handle_input(self.base + self.now, input);
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.call.poll_output() {
                Output::Timeout(at) => {
                    self.deadline = at.saturating_duration_since(self.base);
                    return;
                }
                Output::Action(action) => self.act(action),
                Output::Event(event) => {
                    self.over |= matches!(event, Event::Ended { .. });
                    self.entries.push(Entry::of(self.now, &event));
                }
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::StartRecognition { turn, from, expectation, language } => {
                let partials = self.tape.partials(from, self.now);
                self.due.extend(partials.into_iter().map(|(at, transcript)| (at, Input::Partial { turn, transcript })));
                self.hearing = Some(Hearing { turn, from, expectation, language });
            }
            Action::FinishRecognition { turn, to, as_guessed: _ } => self.finish_recognition(turn, to),
            Action::CancelRecognition { turn } => {
                self.hearing.take_if(|hearing| hearing.turn == turn);
                self.due.retain(|(_, input)| !matches!(input, Input::Partial { .. }));
            }
            Action::StartReply { reply, prompt } => self.answer(reply, &prompt),
            // Where nothing filled the wait then, nothing does now.
            Action::Acknowledge { reply, .. } => {
                let given = self.tape.acknowledgement(reply).map(|sentence| Input::Acknowledgement { reply, sentence });
                self.pending.extend(given);
            }
            Action::CancelReply { reply } => {
                self.due.retain(|(_, input)| reply_of(input) != Some(reply));
                self.speech.retain(|(_, spoken)| spoken.speech.reply != reply);
                self.sound.cancel(reply);
                self.unspoken.take_if(|unspoken| *unspoken == reply);
            }
            Action::Synthesise { reply, sentence } => self.speak(reply, &sentence),
            Action::SetGain(gain) => self.sound.set_gain(gain),
            Action::StopPlayout => self.sound.clear(),
            Action::GuessTranscript { .. } | Action::PrepareReply { .. } | Action::CommitHeard { .. } | Action::HangUp => {}
            Action::Transfer { .. } if self.tape.was_transferred() => {
                self.pending.push_back(Input::Disconnected(Hangup::Transferred));
            }
            Action::Transfer { .. } => self.pending.push_back(Input::TransferFailed),
        }
    }

    fn finish_recognition(&mut self, turn: TurnId, to: MediaTime) {
        let Some(hearing) = self.hearing.take_if(|hearing| hearing.turn == turn) else { return };
        let range = AudioRange { from: hearing.from, to };
        let Hearing { expectation, language, .. } = &hearing;
        let asked = Asked { range, expectation, language: *language };
        if let Some((after, result)) = self.tape.recognised(range) {
            self.due.push((self.now + after, Input::Recognised { turn, result }));
        } else if let Some(transcript) = self.other.as_mut().and_then(|other| other(asked)) {
            let after = self.tape.usual_wait();
            self.due.push((self.now + after, Input::Recognised { turn, result: Ok(transcript) }));
        } else {
            self.stop = Some(Stop::Unheard(range));
        }
    }

    fn answer(&mut self, reply: ReplyId, prompt: &Prompt) {
        let Some(given) = self.tape.answer(reply, prompt) else {
            self.stop = Some(Stop::Unanswered);
            return;
        };
        let now = self.now;
        self.due.extend(given.into_iter().map(|(after, given)| {
            let input = match given {
                Given::Sentence(sentence) => Input::Sentence { reply, sentence },
                Given::Ended { after, language } => Input::ReplyEnded { reply, after, language },
                Given::Failed => Input::ReplyFailed { reply },
            };
            (now + after, input)
        }));
    }

    /// The voice speaks a sentence as long as it did then, behind those before it.
    fn speak(&mut self, reply: ReplyId, sentence: &Sentence) {
        let Some(Sound { after, length, whole }) = self.tape.sound(reply, sentence.index) else {
            self.unspoken = Some(reply);
            return;
        };
        let free = self.speech.back().map_or(self.now, |(at, _)| self.now.max(*at));
        let samples = (length.as_micros() / 125) as usize;
        let speech = Speech { reply, sentence: sentence.index, pcm: vec![0; samples], last: whole };
        self.speech.push_back((free + after, Spoken { speech, length: whole.then_some(length) }));
    }
}

const fn reply_of(input: &Input) -> Option<ReplyId> {
    match input {
        Input::Sentence { reply, .. } | Input::ReplyEnded { reply, .. } | Input::ReplyFailed { reply } => Some(*reply),
        _ => None,
    }
}
