//! One call from answer to end: feeds the call value, carries out its actions, moves a frame each way every 20 ms.
//! Never decides what happens next; that is the call's business alone.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::bridge::{Operator, Passage};
use super::clock::{self, Ticks};
use super::jobs::{Done, Jobs, Outcomes};
use super::observe::Watch;
use super::sound::CallSound;
use super::voice::Spoken;
use super::wall::{Order, Seat};
use crate::call::{Action, Call, CallConfig, Event, Hangup, Input, Output, Phase};
use crate::desk::{self, Desk, Step};
use crate::dialogue::language_of;
use crate::line::{CloseCause, Port, PortEvent};
use crate::media::{MediaConfig, Packet};
use crate::speech::hear::{Cancel, HearRequest};
use crate::store::flight::{CallFlight, Rtp};
use crate::store::journal::JournalEvent;
use crate::talk::{DESK, Hint, Transcript};

/// What a call is made of.
pub struct Leg {
    /// The line it came by.
    pub port: Box<dyn Port>,
    /// Its work outside the call.
    pub jobs: Jobs,
    /// What the jobs tell.
    pub outcomes: Outcomes,
    /// The media clock.
    pub ticks: Ticks,
    /// Who is told what happens.
    pub watch: Watch,
    /// What keeps all that decisions are made of, where configured.
    pub flight: Option<CallFlight>,
}

/// What a driver waits for.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for one turn of the loop, on the stack; a box would be an allocation in each"
)]
enum Wake {
    Closing,
    Tick,
    Done(Done),
    Spoken(Spoken),
    Port(PortEvent),
    Order(Order),
    Deadline,
}

/// Runs one call.
pub struct CallDriver {
    leg: Leg,
    call: Call,
    sound: CallSound,
    began: Instant,
    /// When what is being handled came.
    now: Instant,
    /// Inputs that came of one event, to be handled one by one.
    pending: VecDeque<Input>,
    /// Where the caller is to be handed to, once all else of this input is done.
    transfer: Option<String>,
    desk: Desk,
    /// Who takes the call over, as soon as the bot has told the caller.
    seated: Option<Operator>,
    media: MediaConfig,
    over: Option<Hangup>,
}

impl CallDriver {
    /// A driver for an answered leg.
    pub fn new(leg: Leg, call: CallConfig, media: &MediaConfig) -> Self {
        let began = clock::now();
        let format = leg.port.info().format;
        Self {
            call: Call::new(call, began),
            sound: CallSound::new(format, media),
            leg,
            began,
            now: began,
            pending: VecDeque::new(),
            transfer: None,
            desk: Desk::Bot,
            seated: None,
            media: media.clone(),
            over: None,
        }
    }

    /// Runs the call to its end and tells why it ended.
    pub async fn run(mut self, closing: CancellationToken) -> Hangup {
        let mut told_to_close = false;
        let mut input = Some(Input::Answered);
        loop {
            if let Some(input) = input {
                self.handle(input);
            }
            let deadline = self.drain().await;
            if let Some(cause) = self.over {
                if let Some(mut operator) = self.seated.take() {
                    operator.close().await;
                }
                self.leg.port.close().await;
                return cause;
            }
            if let Some(target) = self.transfer.take() {
                input = Some(if target == DESK || self.seated.is_some() {
                    self.join(&closing).await
                } else {
                    self.hand_over(&target).await
                });
                continue;
            }
            input = self.pending.pop_front();
            if input.is_some() {
                continue;
            }
            let wake = tokio::select! {
                biased;
                () = closing.cancelled(), if !told_to_close => Wake::Closing,
                () = self.leg.ticks.next() => Wake::Tick,
                Some(done) = self.leg.outcomes.results.recv() => Wake::Done(done),
                Some(spoken) = self.leg.outcomes.speech.recv(), if self.sound.has_room() => Wake::Spoken(spoken),
                event = self.leg.port.recv() => Wake::Port(event),
                order = self.leg.watch.order() => Wake::Order(order),
                () = clock::sleep_until(deadline) => Wake::Deadline,
            };
            self.now = clock::now();
            told_to_close |= matches!(wake, Wake::Closing);
            input = self.woken(wake);
        }
    }

    /// What that is for the call.
    fn woken(&mut self, wake: Wake) -> Option<Input> {
        match wake {
            Wake::Closing => Some(Input::Shutdown),
            Wake::Tick => Some(self.tick()),
            Wake::Done(done) => self.done(done),
            Wake::Spoken(spoken) => {
                self.sound.enqueue(spoken, &mut self.pending);
                None
            }
            Wake::Port(event) => self.arrived(event),
            Wake::Order(order) => self.ordered(order),
            Wake::Deadline => Some(Input::Timeout),
        }
    }

    /// How long the call has been up.
    fn at(&self) -> Duration {
        self.now - self.began
    }

    fn handle(&mut self, input: Input) {
        if let Some(flight) = &mut self.leg.flight {
            flight.input(self.now - self.began, &input, self.call.secrecy());
        }
        self.call.handle_input(self.now, input);
    }

    /// Carries out all the call asks for; when it wants to be woken next.
    async fn drain(&mut self) -> Instant {
        loop {
            let output = self.call.poll_output();
            if let Some(flight) = &mut self.leg.flight {
                flight.output(&output, self.call.secrecy());
            }
            match output {
                Output::Timeout(at) => return at,
                Output::Action(action) => self.act(action).await,
                Output::Event(event) => {
                    if let Event::Ended { cause } = event {
                        self.over = Some(cause);
                    }
                    self.leg.watch.event(&event);
                }
            }
        }
    }

    async fn act(&mut self, action: Action) {
        let Leg { port, jobs, .. } = &mut self.leg;
        match action {
            Action::StartRecognition { turn, from, expectation, language } => {
                let (from, said) = self.sound.said_since(from);
                let request = HearRequest { language, expectation, from, cancel: Cancel::default() };
                jobs.start_recognition(turn, request, &said);
            }
            Action::GuessTranscript { turn } => jobs.guess_transcript(turn),
            Action::FinishRecognition { turn, to: _, as_guessed } => jobs.finish_recognition(turn, as_guessed),
            Action::CancelRecognition { turn } => jobs.cancel_recognition(Some(turn)),
            Action::PrepareReply { prompt } => jobs.prepare_reply(prompt),
            Action::StartReply { reply, prompt } => jobs.start_reply(reply, prompt),
            Action::Acknowledge { reply, expectation, language } => {
                let sentence = jobs.acknowledgement(&expectation, language);
                self.pending.extend(sentence.map(|sentence| Input::Acknowledgement { reply, sentence }));
            }
            Action::CancelReply { reply } => {
                jobs.cancel_reply(reply);
                self.sound.cancel(reply);
            }
            Action::Synthesise { reply, sentence } => jobs.synthesise(reply, sentence),
            Action::SetGain(gain) => self.sound.set_gain(gain),
            Action::StopPlayout => {
                self.sound.clear();
                port.clear();
            }
            Action::CommitHeard { reply: _, heard, interrupted } => jobs.commit_heard(heard, interrupted),
            Action::Transfer { target } => self.transfer = Some(target),
            Action::HangUp => port.close().await,
        }
    }

    /// Asks the network to take the caller over. Nothing is sent meanwhile: what the caller hears is the network's.
    async fn hand_over(&mut self, target: &str) -> Input {
        match self.leg.port.transfer(target).await {
            Ok(()) => Input::Disconnected(Hangup::Transferred),
            Err(error) => {
                tracing::warn!(%error, stage = "transfer", "The caller could not be handed over.");
                Input::TransferFailed
            }
        }
    }

    /// Joins the caller with the operator until one of them is gone, an order parts them, or the line closes. The bot hears
    /// and says nothing meanwhile; the record goes on, with the operator where the bot was.
    async fn join(&mut self, closing: &CancellationToken) -> Input {
        let Some(mut operator) = self.seated.take().filter(|_| self.desk.handle_input(desk::Event::Announced) == Step::Join)
        else {
            return Input::Hint(Hint::ComeBack);
        };
        self.leg.watch.tell(JournalEvent::Joined { with: "operator".to_owned() });
        let mut to_caller = Passage::to(self.leg.port.info().format, &self.media);
        let began = self.began;
        let input = loop {
            tokio::select! {
                biased;
                () = closing.cancelled() => break Input::Hint(Hint::ComeBack),
                () = self.leg.ticks.next() => self.tick_joined(&mut operator, &mut to_caller),
                event = self.leg.port.recv() => {
                    if let Some(cause) = self.arrived_joined(event) {
                        break Input::Disconnected(cause);
                    }
                }
                () = operator.gone(|| clock::since(began)) => break Input::Hint(Hint::ComeBack),
                order = self.leg.watch.order() => match order {
                    Order::HangUp => break Input::Disconnected(Hangup::Operator),
                    Order::GiveBack => break Input::Hint(Hint::ComeBack),
                    Order::Hint(_) | Order::TakeOver(_) => {}
                },
            }
        };
        operator.close().await;
        self.desk.handle_input(desk::Event::GivenBack);
        self.now = clock::now();
        self.leg.watch.tell(JournalEvent::Joined { with: "bot".to_owned() });
        input
    }

    /// 20 ms have passed for two people who talk.
    fn tick_joined(&mut self, operator: &mut Operator, to_caller: &mut Passage) {
        self.now = clock::now();
        let at = self.at();
        self.sound.tick(at, true, &mut self.pending);
        let said = operator.tick(at, self.sound.heard());
        self.leg.port.send(to_caller.pass(said));
        self.leg.watch.sound(self.sound.heard().at, self.sound.heard(), to_caller.frame());
    }

    /// The caller's sound goes on; keys and texts are for the bot.
    fn arrived_joined(&mut self, event: PortEvent) -> Option<Hangup> {
        self.now = clock::now();
        match event {
            PortEvent::Packet(packet) => self.sound.insert(self.at(), packet),
            PortEvent::Plain(frame) => self.sound.push(&frame),
            PortEvent::Closed(cause) => return Some(hangup(cause)),
            PortEvent::Digit(_) | PortEvent::Typed(_) | PortEvent::Interrupt | PortEvent::Language(_) | PortEvent::Held(_) => {}
        }
        None
    }

    /// 20 ms have passed: one frame each way.
    fn tick(&mut self) -> Input {
        let held = self.call.phase() == Phase::Held;
        let (outgoing, input) = self.sound.tick(self.at(), held, &mut self.pending);
        if let Some(outgoing) = outgoing {
            self.leg.port.send(outgoing);
        }
        self.leg.jobs.hear(self.sound.heard());
        if let Input::Tick { heard, playout } = &input {
            self.leg.jobs.measure(heard, self.sound.heard(), playout.is_some());
        }
        self.leg.watch.sound(self.sound.heard().at, self.sound.heard(), self.sound.sent());
        input
    }

    fn done(&mut self, done: Done) -> Option<Input> {
        match done {
            Done::Input(input) => Some(input),
            Done::Tool { name, effect, ok, ms } => {
                self.leg.watch.tool((name, effect), ok, ms);
                None
            }
            Done::Step(step) => {
                let at = self.at();
                if let Some(flight) = &mut self.leg.flight {
                    let is_veiled = step.prompt().is_some_and(|prompt| flight.veils(prompt));
                    let step = if is_veiled { step.veiled() } else { *step };
                    flight.step(at, serde_json::to_value(step).expect("nothing of it is refused by JSON"));
                }
                None
            }
            Done::Told(event) => {
                self.leg.watch.tell(event);
                None
            }
        }
    }

    /// What an operator wants.
    fn ordered(&mut self, order: Order) -> Option<Input> {
        match order {
            Order::HangUp => Some(Input::Disconnected(Hangup::Operator)),
            Order::Hint(hint) => {
                let text = hint.text().map(|text| text.reveal().clone()).unwrap_or_default();
                self.leg.watch.tell(JournalEvent::Hint { way: hint.kind().to_owned(), text });
                Some(Input::Hint(hint))
            }
            Order::TakeOver(Seat(port)) => match self.desk.handle_input(desk::Event::Seated) {
                Step::Announce => {
                    self.seated = Some(Operator::new(port, &self.media));
                    Some(Input::Hint(Hint::StepAside))
                }
                Step::Join | Step::Resume | Step::Refuse => None,
            },
            // Before the bot has told the caller: whoever sat down leaves.
            Order::GiveBack => match self.desk.handle_input(desk::Event::GivenBack) {
                Step::Resume => {
                    self.seated = None;
                    Some(Input::Hint(Hint::ComeBack))
                }
                Step::Announce | Step::Join | Step::Refuse => None,
            },
        }
    }

    fn flight_of_packets(&mut self) -> Option<&mut CallFlight> {
        self.leg.flight.as_mut().filter(|flight| flight.keeps_packets())
    }

    fn arrived(&mut self, event: PortEvent) -> Option<Input> {
        match event {
            PortEvent::Packet(packet) => {
                let at = self.at();
                if let Some(flight) = self.flight_of_packets() {
                    flight.packet(at, rtp(&packet));
                }
                self.sound.insert(at, packet);
                None
            }
            PortEvent::Plain(frame) => {
                if let Some(flight) = self.flight_of_packets() {
                    flight.plain(frame.rate().hz(), frame.pcm());
                }
                self.sound.push(&frame);
                None
            }
            PortEvent::Digit(digit) => Some(Input::Digit(digit)),
            PortEvent::Typed(text) => {
                let language = language_of(text.reveal()).unwrap_or_else(|| self.call.language());
                Some(Input::Typed(Transcript::of_text(text.reveal(), language, "text")))
            }
            PortEvent::Interrupt => Some(Input::Interrupt),
            PortEvent::Language(language) => Some(Input::Language(language)),
            PortEvent::Held(held) => Some(Input::Held(held)),
            PortEvent::Closed(cause) => Some(Input::Disconnected(hangup(cause))),
        }
    }
}

/// What the flight recorder keeps of a packet: of one without sound, only that it came. A peer may send keys as it was not agreed.
fn rtp(packet: &Packet) -> Rtp {
    let Packet { payload_type, ssrc, sequence, timestamp, marker, ref payload } = *packet;
    let payload = Some(if packet.is_sound() { payload.to_vec() } else { Vec::new() });
    Rtp { payload_type, ssrc, sequence, timestamp, marker, payload }
}

const fn hangup(cause: CloseCause) -> Hangup {
    match cause {
        CloseCause::RemoteHangup | CloseCause::EndOfSound => Hangup::Caller,
        CloseCause::LocalHangup => Hangup::Bot,
        CloseCause::MediaTimeout => Hangup::MediaTimeout,
        CloseCause::TransportFailure => Hangup::Transport,
    }
}
