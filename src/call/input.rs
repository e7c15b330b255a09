//! Everything that can happen to a call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::talk::{AfterReply, Digit, Heard, Hint, Language, Playout, ReplyId, Sentence, Transcript, TurnId};

/// One thing that happened. Results of jobs carry the id of the turn or reply they belong to; a stale one is dropped.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Input {
    /// The leg is up: sound flows both ways.
    Answered,
    /// 20 ms have passed in both directions.
    Tick {
        /// What the caller's frame holds.
        heard: Heard,
        /// What our frame held, if a reply is on its way out.
        playout: Option<Playout>,
    },
    /// The caller pressed a key.
    Digit(Digit),
    /// The caller wrote something instead of saying it: a final transcript that no recogniser made. A blank one is nothing.
    Typed(Transcript),
    /// The caller pressed the button that stops the bot.
    Interrupt,
    /// The caller picked the language to be heard in from the next turn on.
    Language(Language),
    /// An operator's hint. It waits until nobody speaks and nothing is being answered; a later one takes its place.
    Hint(Hint),
    /// The other side put us on hold, or took us back.
    Held(bool),
    /// A recogniser's guess so far.
    Partial {
        /// The turn it belongs to.
        turn: TurnId,
        /// What is understood up to now.
        transcript: Transcript,
    },
    /// A recogniser is done with a turn.
    Recognised {
        /// The turn it belongs to.
        turn: TurnId,
        /// What was understood, or that the recogniser failed (why is in the log).
        result: Result<Transcript, RecognitionFailed>,
    },
    /// The dialogue has a sentence to say.
    Sentence {
        /// The reply it is part of.
        reply: ReplyId,
        /// What to say.
        sentence: Sentence,
    },
    /// A few words that fill the caller's wait for this reply; they come in time or not at all.
    Acknowledgement {
        /// The reply that is waited for.
        reply: ReplyId,
        /// What to say, in the place of an acknowledgement.
        sentence: Sentence,
    },
    /// The dialogue has nothing more to say in this reply.
    ReplyEnded {
        /// Which one.
        reply: ReplyId,
        /// What follows when it has been said.
        after: AfterReply,
        /// The language the conversation is in now.
        language: Language,
    },
    /// The dialogue failed to answer (why is in the log).
    ReplyFailed {
        /// Which reply.
        reply: ReplyId,
    },
    /// The first sound of a sentence is waiting in the downlink.
    AudioReady {
        /// The reply it is part of.
        reply: ReplyId,
        /// The sentence's number.
        sentence: u16,
    },
    /// A sentence has been synthesised to its end.
    Synthesised {
        /// The reply it is part of.
        reply: ReplyId,
        /// The sentence's number.
        sentence: u16,
        /// How long its sound is; zero if the voice failed (why is in the log).
        length: Duration,
    },
    /// The transfer did not come about; the caller is still here.
    TransferFailed,
    /// The leg is gone.
    Disconnected(Hangup),
    /// The line is shutting down: say good-bye and end.
    Shutdown,
    /// The time given by the last `Output::Timeout` has come.
    Timeout,
}

/// A recogniser gave no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecognitionFailed;

/// Who or what ended a call; the `cause` of `call_ended`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hangup {
    /// The caller hung up.
    Caller,
    /// The dialogue said good-bye.
    Bot,
    /// Handed to a person.
    Transferred,
    /// The caller stayed silent through the ladder.
    NoInput,
    /// The caller was not understood through the ladder.
    NoMatch,
    /// The longest allowed call was reached.
    TooLong,
    /// No sound came from the other side any more.
    MediaTimeout,
    /// The transport failed.
    Transport,
    /// The line was shut down.
    Shutdown,
    /// Something of ours failed over and over.
    Trouble,
    /// An operator ended it.
    Operator,
}

impl Hangup {
    /// The word written into `call_ended{cause}`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Bot => "bot",
            Self::Transferred => "transferred",
            Self::NoInput => "no-input",
            Self::NoMatch => "no-match",
            Self::TooLong => "too-long",
            Self::MediaTimeout => "media-timeout",
            Self::Transport => "transport",
            Self::Shutdown => "shutdown",
            Self::Trouble => "trouble",
            Self::Operator => "operator",
        }
    }
}
