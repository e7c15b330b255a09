//! One leg: who has the floor and what happens next. A pure value: time and results come in, actions come out.
//! Never touches samples, clocks, tasks or locks.
//!
//! ```text
//!            Answered            the caller's side             the bot's side
//! Ringing ─────────────► Open {  Quiet ──speech──► Speaking    Silent ──prompt──► Thinking
//!    │                             ▲ ▲               │ silence    ▲                  │ first frame leaves
//!    │ no answer                   │ └─nothing── Transcribing     │ said, cut,       ▼
//!    ▼                             │                 │ words      └─ stalled ──── Speaking
//!  Ended ◄── hang up ──┐           └── answered ── Said                }
//!    ▲                 │    Keying ──entry──────────►┘
//!    │                 ├──── Open ◄── failed, no word ──┐
//!    └── gone ─────────┤      │ └── transfer said ──► Transferring
//!                      └──── Held ◄── hold, resume ──► Open
//! ```
//!
//! Both sides move at once, because callers speak while the bot does. Where they meet:
//! - speech over the bot makes it softer and is judged while it lasts ([`BargeInConfig`]): words stop the bot, and so does what goes on; a
//!   listener's "mm-hm" is passed over; what must be heard goes on and the speech is answered after it;
//! - speech before anything of the answer was heard reopens the turn, and recognition begins again over the whole of it;
//! - a cough does neither;
//! - what the caller heard of a reply is told once, when the reply is over ([`Action::CommitHeard`]), and never before.
//!
//! # One mutation at a time
//!
//! A call changes only in [`Call::handle_input`]; effects leave only by [`Call::poll_output`]. After each input the shell drains
//! the outputs until [`Output::Timeout`] and only then brings the next input, so that an interruption has taken effect before
//! anything else is read. A debug build asserts it.
//!
//! While the call is held the shell sends nothing and so pulls nothing from the downlink (RFC 3264 section 8.4);
//! a reply that was under way goes on where it was.

mod bot;
mod caller;
mod config;
mod context;
mod floor;
mod input;
mod keypad;
mod ledger;
mod output;
mod record;
mod state;
mod timer;
pub mod turn;
mod waterfall;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use crate::talk::{Closing, Expectation, Hint, Language, Prompt};

use self::config::ms;
use self::context::Context;
use self::floor::{Exit, Flow, ON};
use self::state::{Bot, Caller, Floor, State};

pub use self::config::CallConfig;
pub use self::input::{Hangup, Input, RecognitionFailed};
pub use self::keypad::KeypadConfig;
pub use self::ledger::PlayoutLedger;
pub use self::output::{Action, Event, Latency, Output};
pub use self::record::CallRecord;
pub use self::state::Secrecy;
pub use self::timer::{Alarm, Timer};
pub use self::turn::{BargeInConfig, DetectorConfig, EndpointConfig, TurnConfig};

/// An ended call asks to be woken this much later, which is never.
const NEVER: Duration = Duration::from_secs(86_400);

/// One leg of one call.
#[derive(Debug)]
pub struct Call {
    state: State,
    cx: Context,
    answered: Option<Instant>,
}

/// Where a call stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Phase {
    /// The leg is not up.
    Ringing,
    /// Nobody speaks.
    Listening,
    /// The caller speaks.
    Hearing,
    /// The caller presses keys.
    Keying,
    /// The caller is done; the transcript is awaited.
    Transcribing,
    /// The answer is being made.
    Thinking,
    /// The bot speaks, whatever the caller does.
    Speaking,
    /// On hold.
    Held,
    /// On the way to a person.
    Transferring,
    /// Over.
    Ended,
}

impl Call {
    /// A call whose leg is not up yet.
    pub fn new(config: CallConfig, now: Instant) -> Self {
        Self { state: State::Ringing { since: now }, cx: Context::new(config, now), answered: None }
    }

    /// Something happened, or (`Input::Timeout`) only time passed. Every input advances the time and fires what is due,
    /// so that no flood of one kind starves a deadline. A `now` before the last one counts as the last one.
    /// The outputs of the input before must have been drained.
    pub fn handle_input(&mut self, now: Instant, input: Input) {
        debug_assert!(self.cx.is_drained(), "one input, drain to Timeout, next input");
        self.cx.now = now.max(self.cx.now);
        if let Some(input) = self.still_wanted(input) {
            let flow = self.handle(input);
            self.follow(flow);
        }
        if let State::Open(floor) = &mut self.state {
            let flow = floor.take_hint(&mut self.cx);
            self.follow(flow);
        }
        while let Some(alarm) = self.alarm().filter(|alarm| alarm.at <= self.cx.now) {
            let flow = self.fire(alarm.timer);
            self.follow(flow);
        }
    }

    /// The next thing to do or to note; `Timeout` when there is none until then.
    pub fn poll_output(&mut self) -> Output {
        self.cx.poll().unwrap_or_else(|| Output::Timeout(self.alarm().map_or(self.cx.now + NEVER, |alarm| alarm.at)))
    }

    /// The next wake-up and its reason; `None` once the call has ended.
    pub fn alarm(&self) -> Option<Alarm> {
        let config = &self.cx.config;
        let limit = Some(Alarm::new(self.cx.limit, Timer::TooLong));
        match &self.state {
            State::Ringing { since } => Some(Alarm::new(*since + ms(config.ringing_ms), Timer::Ringing)),
            State::Open(floor) if floor.closing().is_some() => floor.alarm(config),
            State::Open(floor) => Alarm::earlier(floor.alarm(config), limit),
            State::Held { since, .. } => Alarm::earlier(Some(Alarm::new(*since + ms(config.hold_ms), Timer::Hold)), limit),
            State::Transferring { since } => Some(Alarm::new(*since + ms(config.transfer_ms), Timer::Transfer)),
            State::Ended => None,
        }
    }

    /// Where the call stands.
    pub const fn phase(&self) -> Phase {
        match &self.state {
            State::Ringing { .. } => Phase::Ringing,
            State::Held { .. } => Phase::Held,
            State::Transferring { .. } => Phase::Transferring,
            State::Ended => Phase::Ended,
            State::Open(Floor { caller, bot }) => match (bot, caller) {
                (Bot::Speaking { .. }, _) => Phase::Speaking,
                (Bot::Thinking(_), _) => Phase::Thinking,
                (Bot::Silent { .. }, Caller::Quiet) => Phase::Listening,
                (Bot::Silent { .. }, Caller::Speaking(_)) => Phase::Hearing,
                (Bot::Silent { .. }, Caller::Keying { .. }) => Phase::Keying,
                (Bot::Silent { .. }, Caller::Transcribing { .. } | Caller::Said(_)) => Phase::Transcribing,
            },
        }
    }

    /// The call in numbers so far.
    pub fn record(&self) -> CallRecord {
        let lasted = self.answered.map_or(Duration::ZERO, |answered| self.cx.now - answered);
        match self.state {
            State::Ended => self.cx.record,
            State::Ringing { .. } | State::Open(_) | State::Held { .. } | State::Transferring { .. } => {
                CallRecord { duration: lasted, ..self.cx.record }
            }
        }
    }

    /// What the caller is expected to say.
    pub const fn expectation(&self) -> &Expectation {
        &self.cx.expectation
    }

    /// Whether what the caller says or keys now is a secret.
    pub fn secrecy(&self) -> Secrecy {
        match self.floor() {
            Some(floor) => floor.secrecy(&self.cx.expectation),
            None if self.cx.expectation.is_secret() => Secrecy::Secret,
            None => Secrecy::Open,
        }
    }

    /// The language the conversation is in.
    pub const fn language(&self) -> Language {
        self.cx.language
    }

    /// The one place where what comes too late is dropped: results of a turn or reply that nobody waits for any more.
    fn still_wanted(&self, input: Input) -> Option<Input> {
        let floor = self.floor();
        let turn = floor.and_then(|floor| floor.caller.recognising());
        let live = floor.and_then(|floor| floor.bot.reply()).map(|reply| reply.id);
        match input {
            Input::Partial { turn: of, .. } | Input::Recognised { turn: of, .. } => (turn == Some(of)).then_some(input),
            Input::Sentence { reply, .. }
            | Input::Acknowledgement { reply, .. }
            | Input::ReplyEnded { reply, .. }
            | Input::ReplyFailed { reply }
            | Input::AudioReady { reply, .. }
            | Input::Synthesised { reply, .. } => (live == Some(reply)).then_some(input),
            Input::Tick { heard, playout } => {
                Some(Input::Tick { heard, playout: playout.filter(|playout| live == Some(playout.reply)) })
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
            | Input::Shutdown
            | Input::Timeout => Some(input),
        }
    }

    fn handle(&mut self, input: Input) -> Flow {
        match (input, &mut self.state) {
            (_, State::Ended) | (Input::Timeout, _) => ON,
            (Input::Disconnected(cause), _) => {
                self.end(cause);
                ON
            }
            (Input::Answered, State::Ringing { .. }) => self.greet(),
            (Input::Held(held), _) => self.hold(held),
            (Input::Shutdown, State::Open(floor)) => floor.close(&mut self.cx, Closing::Shutdown),
            (Input::Shutdown, State::Ringing { .. } | State::Held { .. } | State::Transferring { .. }) => {
                ControlFlow::Break(Exit::HangUp(Hangup::Shutdown))
            }
            (Input::TransferFailed, State::Transferring { .. }) => self.fire(Timer::Transfer),
            (Input::Tick { heard, playout }, State::Open(floor)) => floor.tick(&mut self.cx, &heard, playout.as_ref()),
            (Input::Tick { heard, playout }, State::Held { floor, .. }) => {
                self.cx.hear(&heard);
                floor.play(&mut self.cx, playout.as_ref())
            }
            (Input::Digit(digit), State::Open(floor)) => floor.press(&mut self.cx, digit),
            (Input::Typed(transcript), State::Open(floor)) => floor.typed(&mut self.cx, transcript),
            (Input::Interrupt, State::Open(floor)) => floor.interrupt(&mut self.cx),
            (Input::Language(language), _) => {
                self.cx.language = language;
                ON
            }
            (Input::Hint(hint @ Hint::ComeBack), State::Transferring { .. }) => {
                self.state = State::Open(Floor::beginning_with(&mut self.cx, Prompt::Hinted { hint }));
                ON
            }
            (Input::Hint(hint), _) => {
                self.cx.hint = Some(hint);
                ON
            }
            (result, State::Open(floor) | State::Held { floor, .. }) => floor.take_result(&mut self.cx, result),
            (
                Input::Answered
                | Input::Tick { .. }
                | Input::Digit(_)
                | Input::Typed(_)
                | Input::Interrupt
                | Input::Partial { .. }
                | Input::Recognised { .. }
                | Input::Sentence { .. }
                | Input::Acknowledgement { .. }
                | Input::ReplyEnded { .. }
                | Input::ReplyFailed { .. }
                | Input::AudioReady { .. }
                | Input::Synthesised { .. }
                | Input::TransferFailed,
                State::Ringing { .. } | State::Transferring { .. },
            ) => ON,
        }
    }

    fn fire(&mut self, timer: Timer) -> Flow {
        match (timer, &mut self.state) {
            (Timer::Ringing, _) => ControlFlow::Break(Exit::HangUp(Hangup::Transport)),
            (Timer::Hold, _) => ControlFlow::Break(Exit::HangUp(Hangup::NoInput)),
            (Timer::Transfer, _) => {
                self.state = State::Open(Floor::beginning_with(&mut self.cx, Prompt::Trouble));
                ON
            }
            (Timer::TooLong, State::Open(floor)) => floor.close(&mut self.cx, Closing::TooLong),
            (Timer::TooLong, _) => ControlFlow::Break(Exit::HangUp(Hangup::TooLong)),
            (
                Timer::NoInput
                | Timer::LongTurn
                | Timer::Keys
                | Timer::Transcript
                | Timer::Acknowledge
                | Timer::Reply
                | Timer::Stall
                | Timer::Closing,
                State::Open(floor),
            ) => floor.fire(&mut self.cx, timer),
            (
                Timer::NoInput
                | Timer::LongTurn
                | Timer::Keys
                | Timer::Transcript
                | Timer::Acknowledge
                | Timer::Reply
                | Timer::Stall
                | Timer::Closing,
                State::Ringing { .. } | State::Held { .. } | State::Transferring { .. } | State::Ended,
            ) => ON,
        }
    }

    fn greet(&mut self) -> Flow {
        self.answered = Some(self.cx.now);
        self.cx.limit = self.cx.now + ms(self.cx.config.longest_call_ms);
        self.cx.detector.deafen(self.cx.media + ms(self.cx.config.settle_ms));
        self.state = State::Open(Floor::beginning_with(&mut self.cx, Prompt::Greeting));
        ON
    }

    fn hold(&mut self, held: bool) -> Flow {
        let now = self.cx.now;
        match std::mem::replace(&mut self.state, State::Ended) {
            State::Open(mut floor) if held => {
                let flow = floor.hold(&mut self.cx);
                self.state = State::Held { floor, since: now };
                return flow;
            }
            State::Held { mut floor, since } if !held => {
                floor.postpone(now - since, now);
                self.state = State::Open(floor);
            }
            other @ (State::Ringing { .. } | State::Open(_) | State::Held { .. } | State::Transferring { .. } | State::Ended) => {
                self.state = other
            }
        }
        ON
    }

    fn follow(&mut self, flow: Flow) {
        match flow {
            ControlFlow::Continue(()) => {}
            ControlFlow::Break(Exit::HangUp(cause)) => {
                self.leave_for(State::Ended);
                self.cx.action(Action::HangUp);
                self.cx.event(Event::Ended { cause });
            }
            ControlFlow::Break(Exit::Transfer(target)) => {
                self.leave_for(State::Transferring { since: self.cx.now });
                self.cx.action(Action::Transfer { target });
            }
        }
    }

    fn end(&mut self, cause: Hangup) {
        self.leave_for(State::Ended);
        self.cx.event(Event::Ended { cause });
    }

    fn leave_for(&mut self, next: State) {
        self.cx.record = self.record();
        match std::mem::replace(&mut self.state, next) {
            State::Open(mut floor) | State::Held { mut floor, .. } => floor.leave(&mut self.cx),
            State::Ringing { .. } | State::Transferring { .. } | State::Ended => {}
        }
    }

    const fn floor(&self) -> Option<&Floor> {
        match &self.state {
            State::Open(floor) | State::Held { floor, .. } => Some(floor),
            State::Ringing { .. } | State::Transferring { .. } | State::Ended => None,
        }
    }
}
