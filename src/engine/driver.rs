//! One call from answer to end: feeds the call value, carries out its actions, moves a frame each way every 20 ms.
//! Never decides what happens next; that is the call's business alone.

use std::collections::VecDeque;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::clock::{self, Ticks};
use super::jobs::{Done, Jobs, Outcomes, Spoken};
use super::observe::Watch;
use crate::call::{Action, Call, CallConfig, Event, Hangup, Input, Output, Phase};
use crate::line::{CloseCause, Port, PortEvent};
use crate::media::{Downlink, Enqueued, MediaConfig, Uplink};
use crate::speech::hear::{Cancel, HearRequest};
use crate::talk::{AudioRange, Playout, ReplyId};

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
}

/// Runs one call.
pub struct CallDriver {
    leg: Leg,
    call: Call,
    uplink: Uplink,
    downlink: Downlink,
    began: Instant,
    /// A piece of speech that waits for room in the downlink.
    waiting: Option<Spoken>,
    /// Inputs that came of one event, to be handled one by one.
    pending: VecDeque<Input>,
    /// The sentence whose sound came last.
    sounding: Option<(ReplyId, u16)>,
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
            uplink: Uplink::new(format, media),
            downlink: Downlink::new(format, media),
            leg,
            began,
            waiting: None,
            pending: VecDeque::new(),
            sounding: None,
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
                self.call.handle_input(clock::now(), input);
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
            input = tokio::select! {
                biased;
                () = closing.cancelled(), if !told_to_close => {
                    told_to_close = true;
                    Some(Input::Shutdown)
                }
                () = self.leg.ticks.next() => Some(self.tick()),
                Some(done) = self.leg.outcomes.results.recv() => self.done(done),
                Some(spoken) = self.leg.outcomes.speech.recv(), if self.waiting.is_none() => {
                    self.enqueue(spoken);
                    None
                }
                event = self.leg.port.recv() => self.arrived(event),
                () = clock::sleep_until(deadline) => Some(Input::Timeout),
            };
        }
    }

    /// Carries out all the call asks for; when it wants to be woken next.
    async fn drain(&mut self) -> Instant {
        loop {
            match self.call.poll_output() {
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
                let range = AudioRange { from, to: self.uplink.end() };
                let mut said = Vec::new();
                let from = self.uplink.utterance(range, &mut |pcm| said.extend_from_slice(pcm)).from;
                let request = HearRequest { language, expectation, from, cancel: Cancel::default() };
                jobs.start_recognition(turn, request, &said);
            }
            Action::FinishRecognition { turn, to: _ } => jobs.finish_recognition(turn),
            Action::CancelRecognition { turn } => jobs.cancel_recognition(Some(turn)),
            Action::StartReply { reply, prompt } => jobs.start_reply(reply, prompt),
            Action::CancelReply { reply } => {
                jobs.cancel_reply(reply);
                self.downlink.cancel(reply);
            }
            Action::Synthesise { reply, sentence } => jobs.synthesise(reply, sentence),
            Action::SetGain(gain) => self.downlink.set_gain(gain),
            Action::StopPlayout => {
                self.downlink.clear();
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
        let playout = if self.call.phase() == Phase::Held { None } else { self.send() };
        let heard = self.uplink.pull(clock::since(self.began));
        self.leg.jobs.hear(self.uplink.frame());
        self.leg.watch.sound(heard.at, self.uplink.frame(), self.downlink.frame());
        if let Some(spoken) = self.waiting.take() {
            self.enqueue(spoken);
        }
        Input::Tick { heard, playout }
    }

    /// Nothing is sent to one who holds the call (RFC 3264 section 8.4); the reply goes on where it was.
    fn send(&mut self) -> Option<Playout> {
        let (outgoing, playout) = self.downlink.pull();
        self.leg.port.send(outgoing);
        playout
    }

    fn done(&self, done: Done) -> Option<Input> {
        match done {
            Done::Input(input) => Some(input),
            Done::Tool { name, ok, ms } => {
                self.leg.watch.tool(name, ok, ms);
                None
            }
        }
    }

    /// Takes a piece of the bot's speech into the downlink; a full one gets it again after the next tick.
    fn enqueue(&mut self, spoken: Spoken) {
        let Spoken { speech, length } = spoken;
        let (reply, sentence) = (speech.reply, speech.sentence);
        match self.downlink.enqueue(speech) {
            Enqueued::Full(speech) => self.waiting = Some(Spoken { speech, length }),
            Enqueued::Stale => {}
            Enqueued::Queued => {
                if self.sounding.replace((reply, sentence)) != Some((reply, sentence)) {
                    self.pending.push_back(Input::AudioReady { reply, sentence });
                }
                self.pending.extend(length.map(|length| Input::Synthesised { reply, sentence, length }));
            }
        }
    }

    fn arrived(&mut self, event: PortEvent) -> Option<Input> {
        match event {
            PortEvent::Packet(packet) => {
                self.uplink.insert(clock::since(self.began), packet);
                None
            }
            PortEvent::Plain(frame) => {
                self.uplink.push(&frame);
                None
            }
            PortEvent::Digit(digit) => Some(Input::Digit(digit)),
            PortEvent::Held(held) => Some(Input::Held(held)),
            PortEvent::Closed(cause) => Some(Input::Disconnected(hangup(cause))),
        }
    }
}

const fn hangup(cause: CloseCause) -> Hangup {
    match cause {
        CloseCause::RemoteHangup | CloseCause::EndOfSound => Hangup::Caller,
        CloseCause::LocalHangup => Hangup::Bot,
        CloseCause::MediaTimeout => Hangup::MediaTimeout,
        CloseCause::TransportFailure => Hangup::Transport,
    }
}
