//! The simulated call itself: a tick, a result or a deadline at a time, each at its own virtual moment.
//! Never decides what happens next; like the real driver it only carries out what the call asks for.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use tokio::sync::mpsc;

use super::caller::{Deed, SAMPLES, Talker};
use super::network::Wire;
use super::scenario::Timing;
use super::voices::{RATE, Tone};
use super::{Played, Stage};
use crate::audio::{FRAME, MediaTime};
use crate::call::{Action, Call, Event, Hangup, Input, Output, Phase, RecognitionFailed};
use crate::dialogue::Manner;
use crate::engine::clock;
use crate::engine::reply::{Dialogue, ReplyEvent};
use crate::engine::sound::CallSound;
use crate::engine::voice::{Speaking, Spoken};
use crate::media::codec::Codec;
use crate::media::{Outgoing, PortFormat};
use crate::speech::hear::{Cancel, HearError, HearRequest, Hearing};
use crate::store::journal::{Entry, JournalEvent};
use crate::talk::{Expectation, Finality, Language, Prompt, ReplyId, Sentence, Transcript, TurnId};

/// The name of the scripted recogniser in events.
const ENGINE: &str = "script";
/// From one partial transcript to the next, in ticks.
const PARTIAL: u32 = 10;

/// One call, its caller, the wires between them, and the work outside the call.
pub(super) struct World<'s, T> {
    stage: &'s Stage,
    timing: Timing,
    base: Instant,
    now: Duration,
    ticks: u32,
    deadline: Duration,
    call: Call,
    sound: CallSound,
    caller: T,
    to_bot: Wire,
    to_caller: Wire,
    dialogue: Dialogue,
    manner: Manner,
    hearing: Option<Heard>,
    /// Work under way and when it is done, the earliest first.
    work: Vec<(Duration, Work)>,
    /// The bot's speech and when it is there; the voice speaks one sentence after the other.
    speech: VecDeque<(Duration, Spoken)>,
    pending: VecDeque<Input>,
    turn: TurnId,
    over: bool,
    entries: Vec<Entry>,
    pcm: Vec<i16>,
    payload: BytesMut,
}

/// A recognition under way.
struct Heard {
    turn: TurnId,
    from: MediaTime,
    language: Language,
    by: By,
}

/// Who recognises.
enum By {
    /// The caller tells; so far this.
    Script(String),
    /// A recogniser, which is busy with what it was given until then.
    Engine(Box<dyn Hearing>, Duration),
}

enum Work {
    Guess { turn: TurnId, transcript: Transcript },
    Recognise { turn: TurnId, result: Result<Transcript, RecognitionFailed> },
    Respond { reply: ReplyId, prompt: Prompt },
}

impl<'s, T: Talker> World<'s, T> {
    pub(super) fn new(stage: &'s Stage, caller: T) -> Self {
        let Stage { dialogues, call, media, network, .. } = stage;
        let base = clock::now();
        let codec = Codec::Pcma.payload_type();
        let started = JournalEvent::CallStarted {
            from: "sip:caller@simulated".to_owned(),
            to: "sip:bot@simulated".to_owned(),
            transport: "simulated".to_owned(),
            codec: PortFormat::Pcma.name().to_owned(),
        };
        Self {
            stage,
            timing: stage.timing,
            base,
            now: Duration::ZERO,
            ticks: 0,
            deadline: Duration::ZERO,
            call: Call::new(call.clone(), base),
            sound: CallSound::new(PortFormat::Pcma, media),
            caller,
            to_bot: Wire::new(*network, codec, 0),
            to_caller: Wire::new(*network, codec, 1),
            dialogue: dialogues.begin_on(stage.today, Some(call.language)),
            manner: Manner::default(),
            hearing: None,
            work: Vec::new(),
            speech: VecDeque::new(),
            pending: VecDeque::new(),
            turn: TurnId::default(),
            over: false,
            entries: vec![Entry::new(Duration::ZERO, None, started)],
            pcm: Vec::with_capacity(SAMPLES),
            payload: BytesMut::new(),
        }
    }

    /// Runs the call to its end.
    pub(super) fn run(mut self) -> Played<T> {
        self.handle(Input::Answered);
        while !self.over {
            let tick = FRAME * (self.ticks + 1);
            let work = self.work.iter().map(|(at, _)| *at).min();
            let speech = self.speech.front().filter(|_| self.sound.has_room()).map(|(at, _)| *at);
            let next = [work, speech].into_iter().flatten().fold(tick.min(self.deadline), Duration::min);
            self.now = self.now.max(next);
            if tick <= self.now {
                self.tick();
            } else if work.is_some_and(|at| at <= self.now) {
                self.work_is_done();
            } else if speech.is_some_and(|at| at <= self.now) {
                let (_, spoken) = self.speech.pop_front().expect("its time has come");
                self.sound.enqueue(spoken, &mut self.pending);
                self.handle_pending();
            } else {
                self.handle(Input::Timeout);
            }
        }
        Played { entries: self.entries, caller: self.caller, length: self.now }
    }

    fn handle(&mut self, input: Input) {
        self.pending.push_front(input);
        self.handle_pending();
    }

    fn handle_pending(&mut self) {
        while !self.over
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
                Output::Event(event) => self.note(&event),
            }
        }
    }

    fn note(&mut self, event: &Event) {
        if let Event::SpeechStarted { turn, .. } | Event::Digit { turn, .. } = event {
            self.turn = *turn;
        }
        self.over |= matches!(event, Event::Ended { .. });
        self.entries.push(Entry::of(self.now, event));
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::StartRecognition { turn, from, expectation, language } => {
                self.hearing = self.start_recognition((turn, from, language), expectation);
            }
            Action::GuessTranscript { turn } => self.guess_transcript(turn),
            Action::FinishRecognition { turn, to, as_guessed } => self.finish_recognition(turn, to, as_guessed),
            Action::CancelRecognition { turn } => {
                self.hearing.take_if(|hearing| hearing.turn == turn);
            }
            // Nothing in virtual time is faster for being ready.
            Action::PrepareReply { .. } => {}
            Action::StartReply { reply, prompt } => self.later(self.timing.reply_ms, Work::Respond { reply, prompt }),
            Action::Acknowledge { reply, expectation, language } => {
                let sentence = self.dialogue.acknowledgements().after(&expectation, language);
                self.pending.extend(sentence.map(|sentence| Input::Acknowledgement { reply, sentence }));
            }
            Action::CancelReply { reply } => {
                self.work.retain(|(_, work)| !matches!(work, Work::Respond { reply: of, .. } if *of == reply));
                self.speech.retain(|(_, spoken)| spoken.speech.reply != reply);
                self.sound.cancel(reply);
            }
            Action::Synthesise { reply, sentence } => self.speak(reply, &sentence),
            Action::SetGain(gain) => self.sound.set_gain(gain),
            Action::StopPlayout => self.sound.clear(),
            Action::CommitHeard { reply: _, heard, interrupted } => self.dialogue.heard(&heard, interrupted),
            // The network always takes the caller over.
            Action::Transfer { target: _ } => self.pending.push_back(Input::Disconnected(Hangup::Transferred)),
            // What the caller still had to hear has been played; the call tells its end by itself.
            Action::HangUp => {}
        }
    }

    fn later(&mut self, ms: u64, work: Work) {
        self.work.push((self.now + Duration::from_millis(ms), work));
    }

    /// 20 ms have passed: packets both ways, and the caller's next deed.
    fn tick(&mut self) {
        self.ticks += 1;
        let mut frame = [0; SAMPLES];
        let key = match self.caller.tick(self.now, &mut frame) {
            Deed::HangUp => return self.handle(Input::Disconnected(Hangup::Caller)),
            Deed::Key(key) => Some(Input::Digit(key)),
            Deed::Type(text) => Some(Input::Typed(Transcript::of_text(text, self.call.language(), "text"))),
            Deed::Listen => None,
        };
        Codec::Pcma.encode(&frame, &mut self.payload);
        self.to_bot.send(self.now, self.payload.split().freeze(), self.ticks == 1);
        while let Some((at, packet)) = self.to_bot.arrived(self.now) {
            self.sound.insert(at, packet);
        }
        let held = self.call.phase() == Phase::Held;
        let (outgoing, input) = self.sound.tick(self.now, held, &mut self.pending);
        if let Some(Outgoing::Encoded { payload, marker }) = outgoing {
            self.to_caller.send(self.now, payload, marker);
        }
        while let Some((at, packet)) = self.to_caller.arrived(self.now) {
            self.pcm.clear();
            Codec::Pcma.decode(&packet.payload, &mut self.pcm);
            self.caller.hear(at, &self.pcm);
        }
        self.guess();
        self.pending.extend(key);
        self.handle(input);
    }

    fn start_recognition(
        &mut self,
        (turn, from, language): (TurnId, MediaTime, Language),
        expectation: Expectation,
    ) -> Option<Heard> {
        let by = match self.stage.ear.as_ref().filter(|ear| ear.hears(language)) {
            None => By::Script(String::new()),
            Some(ear) => {
                let began = clock::now();
                let request = HearRequest { language, expectation, from, cancel: Cancel::default() };
                let (_, said) = self.sound.said_since(from);
                let hearing = ear.start(request).and_then(|mut hearing| hearing.feed(&said).map(|_| hearing));
                By::Engine(hearing.inspect_err(failed).ok()?, self.now + clock::since(began))
            }
        };
        Some(Heard { turn, from, language, by })
    }

    /// What the recogniser makes of the turn so far. What an engine computes is waited for as long as that took.
    fn guess(&mut self) {
        let Some(heard) = &mut self.hearing else { return };
        let turn = heard.turn;
        match &mut heard.by {
            By::Script(so_far) if self.ticks.is_multiple_of(PARTIAL) => {
                let text = self.caller.said(media(heard.from), self.now);
                if text != *so_far {
                    so_far.clone_from(&text);
                    let ending = self.stage.known.ending(&text, heard.language);
                    let said = Transcript::of_text(text, heard.language, ENGINE);
                    let transcript = Transcript { finality: Finality::Partial, ending, ..said };
                    self.pending.push_back(Input::Partial { turn, transcript });
                }
            }
            By::Script(_) => {}
            By::Engine(hearing, busy) => {
                let began = clock::now();
                let partial = hearing.feed(self.sound.heard().pcm()).inspect_err(failed).ok().flatten();
                *busy = self.now.max(*busy) + clock::since(began);
                let at = *busy;
                self.work.extend(partial.map(|transcript| (at, Work::Guess { turn, transcript })));
            }
        }
    }

    /// The caller pauses: an engine guesses at what was said, a script has told it.
    fn guess_transcript(&mut self, turn: TurnId) {
        let Some(Heard { by: By::Engine(hearing, busy), .. }) = self.hearing.as_mut().filter(|heard| heard.turn == turn) else {
            return;
        };
        let began = clock::now();
        let guess = hearing.guess(&Cancel::default()).inspect_err(failed).ok().flatten();
        *busy = self.now.max(*busy) + clock::since(began);
        let at = *busy;
        self.work.extend(guess.map(|transcript| (at, Work::Guess { turn, transcript })));
    }

    fn finish_recognition(&mut self, turn: TurnId, to: MediaTime, as_guessed: bool) {
        let Some(heard) = self.hearing.take_if(|heard| heard.turn == turn) else { return };
        match heard.by {
            By::Script(_) => {
                let text = self.caller.said(media(heard.from), media(to));
                let transcript = match text.as_str() {
                    "" => Transcript::nothing(heard.language, ENGINE),
                    _ => Transcript::of_text(text, heard.language, ENGINE),
                };
                self.later(self.timing.stt_ms, Work::Recognise { turn, result: Ok(transcript) });
            }
            By::Engine(hearing, busy) => {
                let began = clock::now();
                let result = hearing.finish(as_guessed).inspect_err(failed).map_err(|_| RecognitionFailed);
                self.work.push((self.now.max(busy) + clock::since(began), Work::Recognise { turn, result }));
            }
        }
    }

    /// The work whose time has come, the oldest first.
    fn work_is_done(&mut self) {
        let Some(first) = self.work.iter().map(|(at, _)| *at).min() else { return };
        let at = self.work.iter().position(|(at, _)| *at == first).expect("the least of them is one of them");
        match self.work.remove(at).1 {
            Work::Guess { turn, transcript } => self.handle(Input::Partial { turn, transcript }),
            Work::Recognise { turn, result } => self.handle(Input::Recognised { turn, result }),
            Work::Respond { reply, prompt } => self.respond(reply, prompt),
        }
    }

    /// The real dialogue answers; in virtual time its work was done while it was waited for.
    fn respond(&mut self, reply: ReplyId, prompt: Prompt) {
        let (sender, mut events) = mpsc::channel(16);
        let (dialogue, runtime) = (&mut self.dialogue, &self.stage.runtime);
        let events = runtime.block_on(async {
            let respond = async move {
                dialogue.respond(prompt, &sender).await;
            };
            let gather = async {
                let mut all = Vec::new();
                while let Some(event) = events.recv().await {
                    all.push(event);
                }
                all
            };
            tokio::join!(respond, gather).1
        });
        for event in events {
            match event {
                ReplyEvent::Sentence(sentence) => self.pending.push_back(Input::Sentence { reply, sentence }),
                ReplyEvent::Ended { after, language } => self.pending.push_back(Input::ReplyEnded { reply, after, language }),
                ReplyEvent::Manner(manner) => self.manner = manner,
                ReplyEvent::Tool { name, effect: _, ok, ms: _ } => {
                    let turn = Some(self.turn).filter(|turn| turn.0 > 0);
                    self.entries.push(Entry::new(self.now, turn, JournalEvent::Tool { name, ok, ms: 0 }));
                }
                ReplyEvent::Pack(_)
                | ReplyEvent::Rated(_)
                | ReplyEvent::Understood { .. }
                | ReplyEvent::Policy(_)
                | ReplyEvent::Feeling { .. } => {}
            }
        }
        self.handle_pending();
    }

    /// The scripted voice speaks a sentence, behind those before it.
    fn speak(&mut self, reply: ReplyId, sentence: &Sentence) {
        let free = self.speech.back().map_or(self.now, |(at, _)| self.now.max(*at));
        let is_ready = sentence.index == Sentence::ACKNOWLEDGEMENT;
        let there = if is_ready { self.now } else { free + Duration::from_millis(self.timing.tts_ms) };
        let speaking = Speaking { engine: &Tone, reply, port_rate: RATE, manner: self.manner };
        let mut at = if is_ready { 0 } else { self.speech.len() };
        let speech = &mut self.speech;
        let _never_breaks_off = speaking.say(sentence, &mut |spoken| {
            speech.insert(at, (there, spoken));
            at += 1;
            ControlFlow::Continue(())
        });
    }
}

fn failed(error: &HearError) {
    tracing::warn!(%error, stage = "stt", "Recognition failed.");
}

/// Media time counts from the call's first tick, as virtual time does.
fn media(at: MediaTime) -> Duration {
    Duration::from_micros(at.as_micros())
}
