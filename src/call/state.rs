//! What a call can be in. Two people share a line, so its floor is two small machines, the caller's and the bot's.
//! Never holds a flag beside an enum: what is only true in a state is data of that state.

use std::time::{Duration, Instant};

use crate::audio::{Dbfs, FRAME, MediaTime};
use crate::talk::{AfterReply, Expectation, Importance, Prompt, ReplyId, TurnId};

use super::config::{CallConfig, ms};
use super::input::Hangup;
use super::keypad::Entry;
use super::ledger::PlayoutLedger;
use super::timer::{Alarm, Timer};
use super::turn::{Gain, Pace, Progress, Run};
use super::waterfall::Waterfall;

#[derive(Debug)]
pub(super) enum State {
    /// The leg is not up yet.
    Ringing { since: Instant },
    /// Sound flows; somebody has the floor.
    Open(Floor),
    /// The other side put us on hold: nothing is heard, the timers stand, results are still taken in.
    Held { floor: Floor, since: Instant },
    /// The network was asked to connect the caller to a person.
    Transferring { since: Instant },
    /// The leg is gone.
    Ended,
}

#[derive(Debug)]
pub(super) struct Floor {
    pub(super) caller: Caller,
    pub(super) bot: Bot,
}

/// What the caller is doing.
#[derive(Debug)]
pub(super) enum Caller {
    Quiet,
    /// Speaking, or in a pause that may be the end; the recogniser runs along.
    Speaking(Utterance),
    /// Pressing keys.
    Keying {
        entry: Entry,
        deadline: Instant,
    },
    /// Done; the final transcript is awaited.
    Transcribing {
        utterance: Utterance,
        endpoint: Duration,
        since: Instant,
    },
    /// Done; the answer waits until the bot has said what must be heard.
    Said(Said),
}

/// What the bot is doing.
#[derive(Debug)]
pub(super) enum Bot {
    Silent {
        since: Instant,
        patience: Patience,
    },
    /// A reply is being made; none of it has left.
    Thinking(Reply),
    /// Some of the reply has left.
    Speaking {
        reply: Reply,
        from: MediaTime,
        gain: Gain,
    },
}

/// What the caller says in one turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Utterance {
    pub(super) turn: TurnId,
    /// First sample for the recogniser, pre-roll counted in.
    pub(super) from: MediaTime,
    /// End of the last speech frame.
    pub(super) last: MediaTime,
    pub(super) spoken: Duration,
    pub(super) peak: Dbfs,
    /// What is understood so far of the answer.
    pub(super) progress: Progress,
    /// Pauses in it that were taken for its end, or nearly.
    pub(super) pauses: u32,
    /// The longest pause in it.
    pub(super) paused: Duration,
    /// What the voice said of the last pause in which a guess was asked for.
    pub(super) finality: f32,
    /// The last pause in which a guess was asked for was hardly softer than the words.
    pub(super) noisy: bool,
    /// The end of its last speech when the recogniser was last asked for a guess.
    pub(super) guessed: Option<MediaTime>,
    /// Whether it silenced the bot.
    pub(super) interrupts: bool,
    /// The reply it began over and where; whether it is meant for the bot is judged while that reply goes on.
    pub(super) over: Option<(ReplyId, MediaTime)>,
    /// Since when that reply is held for it, or was.
    pub(super) held: Option<MediaTime>,
    opened: Instant,
}

/// Something to answer, and where it came from.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) prompt: Prompt,
    pub(super) utterance: Option<Utterance>,
    pub(super) waterfall: Option<Waterfall>,
}

/// An answer in the making or on its way out.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) id: ReplyId,
    pub(super) turn: TurnId,
    pub(super) purpose: Purpose,
    pub(super) utterance: Option<Utterance>,
    pub(super) waterfall: Option<Waterfall>,
    pub(super) ledger: PlayoutLedger,
    /// Known once the dialogue has nothing more to say.
    pub(super) after: Option<AfterReply>,
    /// What was expected before this reply asked for something else; holds again if nothing of it was heard.
    pub(super) asked_before: Option<Expectation>,
    /// When something last moved.
    pub(super) progress: Instant,
    /// When the caller, who said something and hears nothing, is owed a word for the wait.
    pub(super) word_due: Option<Instant>,
}

/// How long the caller may be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// As always.
    Usual,
    /// They asked for a moment.
    Long,
}

/// What a reply is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// It carries the conversation on.
    Answer,
    /// It apologises; if it fails too there is nothing left to say.
    Apology,
    /// The last words; the call ends with them, or at the deadline.
    Closing { cause: Hangup, deadline: Instant },
}

impl Caller {
    /// The turn whose results are still wanted.
    pub(super) const fn recognising(&self) -> Option<TurnId> {
        match self {
            Self::Speaking(utterance) | Self::Transcribing { utterance, .. } => Some(utterance.turn),
            Self::Quiet | Self::Keying { .. } | Self::Said(_) => None,
        }
    }

    fn postpone(&mut self, by: Duration, now: Instant) {
        match self {
            Self::Keying { deadline, .. } => *deadline += by,
            Self::Transcribing { since, .. } => *since = (*since + by).min(now),
            Self::Quiet | Self::Speaking(_) | Self::Said(_) => {}
        }
    }
}

impl Bot {
    pub(super) const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Silent { .. } => None,
            Self::Thinking(reply) | Self::Speaking { reply, .. } => Some(reply),
        }
    }

    pub(super) const fn reply_mut(&mut self) -> Option<&mut Reply> {
        match self {
            Self::Silent { .. } => None,
            Self::Thinking(reply) | Self::Speaking { reply, .. } => Some(reply),
        }
    }

    /// Whether the caller may stop it now; what nobody has begun to hear can always be said again.
    pub(super) fn yields(&self) -> bool {
        match self {
            Self::Silent { .. } => false,
            Self::Thinking(_) => true,
            Self::Speaking { reply, .. } => reply.yields(),
        }
    }

    fn postpone(&mut self, by: Duration, now: Instant) {
        match self {
            Self::Silent { since, .. } => *since = now,
            Self::Thinking(reply) | Self::Speaking { reply, .. } => {
                reply.progress = (reply.progress + by).min(now);
                reply.word_due = reply.word_due.map(|due| due + by);
            }
        }
    }
}

/// Whether what the caller says or keys is a secret: goes to the verifier and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// It is not.
    Open,
    /// The bot is still to say what it asks for: a caller who knows the way may key a secret already.
    Unknown,
    /// It is.
    Secret,
}

impl Floor {
    /// When this floor must be looked at again, and why.
    pub(super) fn alarm(&self, config: &CallConfig) -> Option<Alarm> {
        let caller = match (&self.caller, &self.bot) {
            (Caller::Quiet, Bot::Silent { since, patience }) => {
                let silence = match patience {
                    Patience::Usual => config.no_input_ms,
                    Patience::Long => config.moment_ms,
                };
                Some(Alarm::new(*since + ms(silence), Timer::NoInput))
            }
            (Caller::Quiet | Caller::Said(_), _) => None,
            (Caller::Speaking(utterance), _) => Some(Alarm::new(utterance.opened + ms(config.longest_turn_ms), Timer::LongTurn)),
            (Caller::Keying { deadline, .. }, _) => Some(Alarm::new(*deadline, Timer::Keys)),
            (Caller::Transcribing { since, .. }, _) => Some(Alarm::new(*since + ms(config.transcript_ms), Timer::Transcript)),
        };
        let wait = match (&self.caller, &self.bot) {
            (Caller::Quiet, Bot::Thinking(reply)) => reply.word_due.map(|due| Alarm::new(due, Timer::Acknowledge)),
            (_, Bot::Silent { .. } | Bot::Thinking(_) | Bot::Speaking { .. }) => None,
        };
        Alarm::earlier(Alarm::earlier(caller, wait), self.bot.reply().and_then(|reply| reply.alarm(config)))
    }

    /// The clock stood still for the call while it was held until now. A caller who comes back has all the time to speak.
    pub(super) fn postpone(&mut self, by: Duration, now: Instant) {
        self.caller.postpone(by, now);
        self.bot.postpone(by, now);
    }

    /// Why the call is about to end, if the last words are being said.
    pub(super) fn closing(&self) -> Option<Hangup> {
        match self.bot.reply()?.purpose {
            Purpose::Closing { cause, .. } => Some(cause),
            Purpose::Answer | Purpose::Apology => None,
        }
    }

    /// Whether what the caller says or keys now is a secret.
    pub(super) fn secrecy(&self, expected: &Expectation) -> Secrecy {
        let asked = match self.bot.reply().map(|reply| reply.after.as_ref()) {
            Some(None) if !expected.is_secret() => return Secrecy::Unknown,
            Some(Some(AfterReply::Listen(asked) | AfterReply::Wait(asked))) => asked,
            Some(None | Some(AfterReply::HangUp | AfterReply::Transfer { .. })) | None => expected,
        };
        if asked.is_secret() || expected.is_secret() { Secrecy::Secret } else { Secrecy::Open }
    }

    /// Nothing the caller does is taken in: the last words have begun and would be said anyway.
    pub(super) fn is_deaf(&self) -> bool {
        self.closing().is_some_and(|cause| !matches!(cause, Hangup::NoInput | Hangup::NoMatch))
    }
}

impl Utterance {
    pub(super) fn new(turn: TurnId, run: Run, config: &CallConfig, now: Instant) -> Self {
        Self {
            turn,
            from: run.from - ms(config.pre_roll_ms),
            last: run.last,
            spoken: run.spoken,
            peak: run.peak,
            progress: Progress::default(),
            pauses: 0,
            paused: Duration::ZERO,
            guessed: None,
            finality: 0.0,
            noisy: false,
            interrupts: false,
            over: None,
            held: None,
            opened: now,
        }
    }

    /// How it is said so far.
    pub(super) fn pace(&self) -> Pace {
        Pace { paused: self.paused, finality: if self.is_guessed() { self.finality } else { 0.0 }, noisy: self.noisy }
    }

    /// Whether nothing was said since the recogniser was asked for a guess.
    pub(super) fn is_guessed(&self) -> bool {
        self.guessed == Some(self.last)
    }

    /// The same stretch of speech, which was not over after all.
    pub(super) fn reopened(self, turn: TurnId, run: Run) -> Self {
        Self {
            turn,
            last: run.last,
            spoken: self.spoken + run.spoken,
            progress: Progress::default(),
            pauses: self.pauses + 1,
            paused: self.paused.max(run.from.since(self.last)),
            ..self
        }
    }

    /// Takes a speech frame in.
    pub(super) fn speak(&mut self, level: Dbfs) {
        self.spoken += FRAME;
        if level > self.peak {
            self.peak = level;
        }
    }
}

impl Reply {
    /// Whether the caller may cut it off now. A transfer that is announced is what the caller asked for.
    fn yields(&self) -> bool {
        let transfers = matches!(self.after, Some(AfterReply::Transfer { .. }));
        !transfers && self.ledger.current().is_none_or(|sentence| sentence.importance == Importance::Normal)
    }

    /// Whether the call is hung up behind it.
    pub(super) const fn is_good_bye(&self) -> bool {
        matches!(self.after, Some(AfterReply::HangUp))
    }

    /// Whether the dialogue has no more to say and all of it has left.
    pub(super) fn is_said(&self) -> bool {
        self.after.is_some() && self.ledger.current().is_none()
    }

    fn alarm(&self, config: &CallConfig) -> Option<Alarm> {
        let moving = match self.ledger.current() {
            Some(_) => Alarm::new(self.progress + ms(config.stall_ms), Timer::Stall),
            None => Alarm::new(self.progress + ms(config.reply_ms), Timer::Reply),
        };
        let closing = match self.purpose {
            Purpose::Closing { deadline, .. } => Some(Alarm::new(deadline, Timer::Closing)),
            Purpose::Answer | Purpose::Apology => None,
        };
        Alarm::earlier(Some(moving), closing)
    }
}
