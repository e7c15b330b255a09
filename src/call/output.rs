//! Everything a call asks for, and what it tells those who watch.

use std::time::{Duration, Instant};

use crate::audio::{Dbfs, MediaTime};
use crate::talk::{Digit, Expectation, Language, Prompt, ReplyId, Sentence, Transcript, TurnId};

use super::input::Hangup;

/// What `poll_output` gives: actions and events until there are no more, then the next deadline.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Nothing more to do until then (or until the next input).
    Timeout(Instant),
    /// Do this.
    Action(Action),
    /// Note this.
    Event(Event),
}

/// An effect the shell carries out.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Begin recognising the caller's sound from `from` on (pre-roll counted in) and keep feeding it.
    StartRecognition {
        /// The turn it belongs to.
        turn: TurnId,
        /// First sample to recognise.
        from: MediaTime,
        /// What the dialogue expects.
        expectation: Expectation,
        /// What the caller is taken to speak.
        language: Language,
    },
    /// The caller pauses: tell in a partial transcript what was said so far, as well as if it were all. The turn goes on.
    GuessTranscript {
        /// Which turn.
        turn: TurnId,
    },
    /// The turn's sound is complete up to `to`: give the final transcript.
    FinishRecognition {
        /// Which turn.
        turn: TurnId,
        /// The sample after the last.
        to: MediaTime,
        /// Nothing was said since the last [`Action::GuessTranscript`]: what was made of it then still holds.
        as_guessed: bool,
    },
    /// Nobody needs this turn's transcript any more.
    CancelRecognition {
        /// Which turn.
        turn: TurnId,
    },
    /// This will probably be asked next: make the answer ready, with no effect. If something else is asked, or nothing, it was in vain.
    PrepareReply {
        /// What is guessed to be said.
        prompt: Prompt,
    },
    /// Ask the dialogue for an answer.
    StartReply {
        /// Its id.
        reply: ReplyId,
        /// What it answers.
        prompt: Prompt,
    },
    /// The caller waits for this reply's first sound: give a few words that the voice has ready, if there are any.
    Acknowledge {
        /// Which reply.
        reply: ReplyId,
        /// What the caller was expected to say, and has said.
        expectation: Expectation,
        /// The language the conversation is in.
        language: Language,
    },
    /// Stop the dialogue's and the voice's work on this reply.
    CancelReply {
        /// Which one.
        reply: ReplyId,
    },
    /// Speak a sentence into the downlink, behind what is there.
    Synthesise {
        /// The reply it is part of.
        reply: ReplyId,
        /// What to say.
        sentence: Sentence,
    },
    /// Play the bot's sound at this gain from the next frame on (0 dB: as it is).
    SetGain(Dbfs),
    /// Throw away all sound of the bot that has not left: downlink and transport.
    StopPlayout,
    /// What of a reply the caller really heard: this, and only this, goes into the history. Exactly one for each `StartReply`.
    /// If nothing was heard of a reply that was cut off, the caller's turn was usually not over: the next `Prompt::Said` then holds
    /// the words of the turn that reply was to answer once more, with what followed them.
    CommitHeard {
        /// Which reply.
        reply: ReplyId,
        /// The words that left before it ended or was cut off.
        heard: String,
        /// Whether it was cut off.
        interrupted: bool,
    },
    /// Ask the network to connect the caller to a person.
    Transfer {
        /// Where to, by the name the configuration gives it.
        target: String,
    },
    /// End the leg.
    HangUp,
}

/// Something worth recording; becomes a line of the call's journal.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The caller began to speak.
    SpeechStarted {
        /// The turn this opens or continues.
        turn: TurnId,
        /// First speech frame.
        at: MediaTime,
    },
    /// The caller's turn is over.
    SpeechEnded {
        /// Which turn.
        turn: TurnId,
        /// End of the last speech frame.
        at: MediaTime,
    },
    /// A transcript, partial or final.
    Transcript {
        /// Which turn.
        turn: TurnId,
        /// What was understood.
        transcript: Transcript,
    },
    /// A sentence the bot is about to say.
    Reply {
        /// The turn it answers.
        turn: TurnId,
        /// Which reply.
        reply: ReplyId,
        /// The sentence.
        text: String,
    },
    /// The reply's first sound left.
    ReplyStarted {
        /// The turn it answers.
        turn: TurnId,
        /// Which reply.
        reply: ReplyId,
    },
    /// The reply is over.
    ReplyEnded {
        /// The turn it answers.
        turn: TurnId,
        /// Which reply.
        reply: ReplyId,
        /// The words that left.
        heard: String,
        /// Whether it was cut off.
        interrupted: bool,
    },
    /// The caller interrupted.
    BargeIn {
        /// The caller's new turn.
        turn: TurnId,
        /// The reply that was cut off.
        reply: ReplyId,
        /// From the caller's first speech frame to the stop.
        after: Duration,
    },
    /// The caller pressed a key (never told for a sensitive entry).
    Digit {
        /// The turn it belongs to.
        turn: TurnId,
        /// The key.
        digit: Digit,
    },
    /// Where the time between the caller's last word and our first sound went.
    Latency(Latency),
    /// The call is over.
    Ended {
        /// Why.
        cause: Hangup,
    },
}

/// One turn's waterfall: every stage counts from the end of the one before; `total` from the caller's last speech frame.
///
/// A stage that was over before the one in front of it (the first sound is told after it has left) counts nothing, and its time
/// lies in the stage that was really waited for, so that the stages always sum to `total`. Nothing else is clamped. A turn that was
/// keyed, that had to wait for a sentence that must be heard, or that went through a hold has no waterfall at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    /// The turn it belongs to.
    pub turn: TurnId,
    /// Last speech frame to the decision that the turn is over.
    pub endpoint: Duration,
    /// To the final transcript.
    pub stt: Duration,
    /// To the first sentence.
    pub reply: Duration,
    /// To its first sound in the downlink.
    pub tts: Duration,
    /// To the tick in which its first frame left.
    pub wire: Duration,
    /// The sum.
    pub total: Duration,
}
