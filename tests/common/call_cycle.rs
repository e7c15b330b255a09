//! A call that goes on for ever: a question, an answer, every fourth answer interrupted. Jobs answer at once.
//! Never reads a clock while it runs.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hotline::audio::{Dbfs, FRAME, MediaTime};
use hotline::call::{Action, Call, CallConfig, Event, Input, Output};
use hotline::talk::{AfterReply, Expectation, Heard, Importance, Language, Playout, Probability, ReplyId, Sentence, Transcript};

/// How long an answer is.
const ANSWER: Duration = Duration::from_millis(1_600);

/// The call and the shell around it.
pub struct Cycle {
    call: Call,
    now: Instant,
    media: MediaTime,
    playing: Option<(ReplyId, Duration)>,
    pending: VecDeque<Input>,
    /// Inputs the call has taken so far.
    pub inputs: u64,
    /// Answers of which something was heard.
    pub answers: u64,
    /// Answers that were cut off.
    pub interruptions: u64,
}

/// What came of one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ticked {
    /// Nothing: the next deadline, and that is all.
    Quietly,
    /// Something was asked for or told.
    Eventfully,
}

impl Cycle {
    /// A call that has just been answered.
    pub fn new(now: Instant) -> Self {
        let mut cycle = Self {
            call: Call::new(CallConfig { longest_call_ms: u64::MAX, ..CallConfig::default() }, now),
            now,
            media: MediaTime::ZERO,
            playing: None,
            pending: VecDeque::with_capacity(16),
            inputs: 0,
            answers: 0,
            interruptions: 0,
        };
        cycle.feed(Input::Answered);
        cycle.answer_jobs();
        cycle
    }

    /// One turn of the caller: silence, speech, the answer. `watch` sees every tick.
    pub fn turn(&mut self, number: u64, mut watch: impl FnMut(&mut Self, bool)) {
        for _ in 0..100 {
            watch(self, false);
        }
        for _ in 0..40 {
            watch(self, true);
        }
        for _ in 0..45 {
            watch(self, false);
        }
        if number.is_multiple_of(4) {
            for _ in 0..30 {
                watch(self, true);
            }
        }
    }

    /// 20 ms pass.
    pub fn tick(&mut self, speaks: bool) -> Ticked {
        let heard = Heard {
            speech: if speaks { Probability::ONE } else { Probability::ZERO },
            level: Dbfs::new(if speaks { -20.0 } else { -70.0 }),
            ..Heard::nothing(self.media)
        };
        self.media = self.media + FRAME;
        self.now += FRAME;
        let playout = self.playing.as_mut().map(|(reply, played)| {
            *played += FRAME;
            Playout { reply: *reply, sentence: 0, played: *played, length: Some(ANSWER), queued: ANSWER - *played }
        });
        self.playing = self.playing.filter(|(_, played)| *played < ANSWER);
        self.feed(Input::Tick { heard, playout })
    }

    /// The jobs bring what they were asked for.
    pub fn answer_jobs(&mut self) {
        while let Some(input) = self.pending.pop_front() {
            self.feed(input);
        }
    }

    fn feed(&mut self, input: Input) -> Ticked {
        self.call.handle_input(self.now, input);
        self.inputs += 1;
        let mut ticked = Ticked::Quietly;
        loop {
            match self.call.poll_output() {
                Output::Timeout(_) => return ticked,
                Output::Action(action) => self.act(action),
                Output::Event(Event::ReplyStarted { .. }) => self.answers += 1,
                Output::Event(Event::BargeIn { .. }) => self.interruptions += 1,
                Output::Event(_) => {}
            }
            ticked = Ticked::Eventfully;
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::FinishRecognition { turn, .. } => {
                let result = Ok(Transcript::of_text("where is my order", Language::EN, "cycle"));
                self.pending.push_back(Input::Recognised { turn, result });
            }
            Action::StartReply { reply, .. } => {
                let text = "Your order has been sent.".to_owned();
                let sentence = Sentence { index: 0, text, language: Language::EN, importance: Importance::Normal };
                let after = AfterReply::Listen(Expectation::Open);
                self.pending.push_back(Input::Sentence { reply, sentence });
                self.pending.push_back(Input::ReplyEnded { reply, after, language: Language::EN });
            }
            Action::Synthesise { reply, .. } => {
                self.playing = Some((reply, Duration::ZERO));
                self.pending.push_back(Input::AudioReady { reply, sentence: 0 });
                self.pending.push_back(Input::Synthesised { reply, sentence: 0, length: ANSWER });
            }
            Action::StopPlayout => self.playing = None,
            Action::StartRecognition { .. }
            | Action::CancelRecognition { .. }
            | Action::GuessTranscript { .. }
            | Action::PrepareReply { .. }
            | Action::Acknowledge { .. }
            | Action::CancelReply { .. }
            | Action::SetGain(_)
            | Action::CommitHeard { .. }
            | Action::Transfer { .. }
            | Action::HangUp => {}
        }
    }
}
