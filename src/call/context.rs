//! What both sides of a call's floor share: the time, the ids, the outputs, what was learnt of the caller.
//! Never decides anything.

use std::collections::VecDeque;
use std::time::Instant;

use crate::audio::{Dbfs, FRAME, MediaTime};
use crate::talk::{Expectation, Heard, Hint, Language, ReplyId, Transcript, TurnId};

use super::config::{CallConfig, ms};
use super::output::{Action, Event, Output};
use super::record::CallRecord;
use super::state::Utterance;
use super::turn::{Cadence, Endpointer, Gain, Reaction, SpeechDetector};

#[derive(Debug)]
pub(super) struct Context {
    pub(super) config: CallConfig,
    /// When the input at hand came.
    pub(super) now: Instant,
    /// End of the last frame that was heard.
    pub(super) media: MediaTime,
    /// When the call has lasted long enough.
    pub(super) limit: Instant,
    pub(super) expectation: Expectation,
    pub(super) language: Language,
    pub(super) detector: SpeechDetector,
    pub(super) endpointer: Endpointer,
    pub(super) cadence: Cadence,
    pub(super) no_input: Ladder,
    pub(super) no_match: Ladder,
    pub(super) apologies: Ladder,
    /// How loud the caller is: the peak of what was understood, averaged.
    pub(super) own_level: Option<Dbfs>,
    /// Until then the bot keeps its answer back.
    beat: Option<MediaTime>,
    /// An operator's hint that waits for a silence.
    pub(super) hint: Option<Hint>,
    /// Until then a `#` belongs to an entry that needed none.
    pub(super) closing_key_until: Instant,
    pub(super) record: CallRecord,
    pub(super) turn: TurnId,
    reply: ReplyId,
    outputs: VecDeque<Output>,
}

impl Context {
    pub(super) fn new(config: CallConfig, now: Instant) -> Self {
        Self {
            now,
            media: MediaTime::ZERO,
            limit: now + ms(config.longest_call_ms),
            expectation: Expectation::Open,
            language: config.language,
            detector: SpeechDetector::new(config.turn.detector.clone()),
            endpointer: Endpointer::new(config.turn.endpoint.clone()),
            cadence: Cadence::default(),
            no_input: Ladder::default(),
            no_match: Ladder::default(),
            apologies: Ladder::default(),
            own_level: None,
            beat: None,
            hint: None,
            closing_key_until: now,
            record: CallRecord::default(),
            turn: TurnId::default(),
            reply: ReplyId::default(),
            outputs: VecDeque::with_capacity(16),
            config,
        }
    }

    pub(super) const fn next_turn(&mut self) -> TurnId {
        self.turn = self.turn.next();
        self.turn
    }

    pub(super) const fn next_reply(&mut self) -> ReplyId {
        self.reply = self.reply.next();
        self.reply
    }

    pub(super) fn action(&mut self, action: Action) {
        self.outputs.push_back(Output::Action(action));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.record.note(&event);
        self.outputs.push_back(Output::Event(event));
    }

    /// Media time goes on, whoever listens.
    pub(super) fn hear(&mut self, heard: &Heard) {
        self.media = self.media.max(heard.at + FRAME);
        self.cadence.hear(heard);
    }

    /// The caller was understood at this level.
    pub(super) fn learn_level(&mut self, peak: Dbfs) {
        let so_far = self.own_level.unwrap_or(peak).db();
        self.own_level = Some(Dbfs::new(so_far + (peak.db() - so_far) / 3.0));
    }

    /// The bot was stopped by words that are over: it does not answer into its own last word.
    pub(super) fn begin_beat(&mut self) {
        self.beat = Some(self.media + ms(self.config.turn.barge_in.beat_ms));
        self.action(Action::SetGain(self.config.turn.barge_in.level(Gain::Held)));
    }

    /// The beat is over, if it is.
    pub(super) fn end_beat(&mut self) {
        if self.beat.take_if(|until| *until <= self.media).is_some() {
            self.action(Action::SetGain(self.config.turn.barge_in.level(Gain::Full)));
        }
    }

    /// Whether a turn may be gone on with: all of its sound is still there and not too long to recognise at once.
    pub(super) fn fits_one_turn(&self, utterance: &Utterance) -> bool {
        self.media.since(utterance.from) <= ms(self.config.reopen_ms.min(self.config.longest_turn_ms))
    }

    /// What words over the bot's own are where this is expected: "yes", or one word, may be the answer.
    pub(super) const fn reaction(&self, words: Reaction) -> Reaction {
        match (words, &self.expectation) {
            (Reaction::Assent, Expectation::YesNo | Expectation::Choice(_)) => Reaction::Words,
            (Reaction::Word, Expectation::Open) => Reaction::Word,
            (Reaction::Word, _) => Reaction::Words,
            (words, _) => words,
        }
    }

    /// Tells what was understood; of a secret, only that something was.
    pub(super) fn tell(&mut self, turn: TurnId, transcript: Transcript) {
        let transcript = if self.expectation.is_secret() && !transcript.is_nothing() {
            Transcript { text: "***".to_owned(), words: Vec::new(), alternatives: Vec::new(), ..transcript }
        } else {
            transcript
        };
        self.event(Event::Transcript { turn, transcript });
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub(super) fn is_drained(&self) -> bool {
        self.outputs.is_empty()
    }
}

/// How many times in a row something was asked or apologised for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ladder(u8);

impl Ladder {
    /// The next step, from 1, or `None` after the last.
    pub(super) const fn climb(&mut self, steps: u8) -> Option<u8> {
        if self.0 >= steps {
            return None;
        }
        self.0 += 1;
        Some(self.0)
    }

    /// Back to the ground.
    pub(super) const fn reset(&mut self) {
        self.0 = 0;
    }
}
