//! One call from answer to end: feeds the call value, carries out its actions, moves a frame each way every 20 ms.
//! Never decides what happens next; that is the call's business alone.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::clock::{self, Ticks};
use super::jobs::{Done, Jobs, Outcomes};
use super::observe::Watch;
use super::sound::CallSound;
use super::voice::Spoken;
use super::wall::Order;
use crate::call::{Action, Call, CallConfig, Event, Hangup, Input, Output, Phase};
use crate::dialogue::language_of;
use crate::line::{CloseCause, Port, PortEvent};
use crate::media::{MediaConfig, Packet};
use crate::speech::hear::{Cancel, HearRequest};
use crate::store::flight::{CallFlight, Rtp};
use crate::store::journal::JournalEvent;
use crate::talk::Transcript;

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
                self.leg.port.close().await;
                return cause;
            }
            if let Some(target) = self.transfer.take() {
                input = Some(self.hand_over(&target).await);
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
            Wake::Order(order) => Some(self.ordered(order)),
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
            Action::FinishRecognition { turn, to: _ } => jobs.finish_recognition(turn),
            Action::CancelRecognition { turn } => jobs.cancel_recognition(Some(turn)),
            Action::StartReply { reply, prompt } => jobs.start_reply(reply, prompt),
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

    /// 20 ms have passed: one frame each way.
    fn tick(&mut self) -> Input {
        let held = self.call.phase() == Phase::Held;
        let (outgoing, input) = self.sound.tick(self.at(), held, &mut self.pending);
        if let Some(outgoing) = outgoing {
            self.leg.port.send(outgoing);
        }
        self.leg.jobs.hear(self.sound.heard());
        self.leg.watch.sound(self.sound.heard().at, self.sound.heard(), self.sound.sent());
        input
    }

    fn done(&self, done: Done) -> Option<Input> {
        match done {
            Done::Input(input) => Some(input),
            Done::Tool { name, effect, ok, ms } => {
                self.leg.watch.tool((name, effect), ok, ms);
                None
            }
            Done::Told(event) => {
                self.leg.watch.tell(event);
                None
            }
        }
    }

    /// What an operator wants.
    fn ordered(&self, order: Order) -> Input {
        match order {
            Order::HangUp => Input::Disconnected(Hangup::Operator),
            Order::Hint(hint) => {
                let (way, text) = (hint.kind().to_owned(), hint.text().reveal().clone());
                self.leg.watch.tell(JournalEvent::Hint { way, text });
                Input::Hint(hint)
            }
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

/// What the flight recorder keeps of a packet.
fn rtp(packet: &Packet) -> Rtp {
    let Packet { payload_type, ssrc, sequence, timestamp, marker, ref payload } = *packet;
    Rtp { payload_type, ssrc, sequence, timestamp, marker, payload: Some(payload.to_vec()) }
}

const fn hangup(cause: CloseCause) -> Hangup {
    match cause {
        CloseCause::RemoteHangup | CloseCause::EndOfSound => Hangup::Caller,
        CloseCause::LocalHangup => Hangup::Bot,
        CloseCause::MediaTimeout => Hangup::MediaTimeout,
        CloseCause::TransportFailure => Hangup::Transport,
    }
}
