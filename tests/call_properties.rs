//! Whatever happens to a call, in whatever order: it keeps its promises, and time alone brings it back to listening or to its end.
//! Never depends on an order of tests or on the clock; a failure names its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use hotline::audio::{Dbfs, FRAME, MediaTime};
use hotline::call::{Action, Call, CallConfig, Event, Hangup, Input, Output, Phase, RecognitionFailed};
use hotline::privacy::Pii;
use hotline::talk::{
    AfterReply, Choice, Digit, Expectation, Heard, Hint, Importance, Language, Playout, Probability, Prompt, ReplyId, Sentence,
    Tone, Transcript, TurnId,
};

/// Seeds a run; `HOTLINE_SEEDS` asks for another number.
const SEEDS: u64 = 2_000;

/// Longest time from the last input until the call listens or has ended; a hold may take its own.
const BACK_WITHIN: Duration = Duration::from_secs(100);
const BACK_FROM_HOLD_WITHIN: Duration = Duration::from_secs(700);

#[test]
fn any_inputs_then_time_alone_come_back_to_listening_or_to_the_end() {
    let mut reached = BTreeSet::new();
    let seeds = std::env::var("HOTLINE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    for seed in 1..=seeds {
        let run = std::panic::catch_unwind(AssertUnwindSafe(|| Walk::new(seed).run(&mut reached)));
        if let Err(why) = run {
            eprintln!("seed {seed} breaks a promise; keep it as a test of its own");
            std::panic::resume_unwind(why);
        }
    }
    let wanted =
        ["Ringing", "Listening", "Hearing", "Keying", "Transcribing", "Thinking", "Speaking", "Held", "Transferring", "Ended"];
    let missed: Vec<_> = wanted.iter().filter(|phase| !reached.contains(**phase)).collect();
    assert!(missed.is_empty(), "the walks never reached {missed:?}");
}

/// A random walk through one call, and what it promised so far.
struct Walk {
    call: Call,
    random: Random,
    base: Instant,
    now: Duration,
    deadline: Instant,
    media: MediaTime,
    speaks: bool,
    sentences: u16,
    played: Duration,
    promises: Promises,
}

#[derive(Default)]
struct Promises {
    /// Turns whose recognition was started, and whether it was finished or cancelled.
    recognitions: BTreeMap<TurnId, bool>,
    /// Replies that were started, and how often their end was told.
    replies: BTreeMap<ReplyId, u32>,
    /// Sentences that were handed in while their reply was live.
    offered: BTreeSet<(ReplyId, u16)>,
    acknowledged: BTreeSet<ReplyId>,
    stopped: BTreeSet<ReplyId>,
    ended: bool,
}

impl Walk {
    fn new(seed: u64) -> Self {
        let base = base();
        Self {
            call: Call::new(CallConfig::default(), base),
            random: Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1),
            base,
            now: Duration::ZERO,
            deadline: base,
            media: MediaTime::ZERO,
            speaks: false,
            sentences: 0,
            played: Duration::ZERO,
            promises: Promises::default(),
        }
    }

    fn run(mut self, reached: &mut BTreeSet<String>) {
        let steps = 50 + self.random.below(1_500);
        for step in 0..steps {
            let input = if step == 0 { Input::Answered } else { self.any_input() };
            let pause = self.any_pause();
            self.now += pause;
            reached.insert(format!("{:?}", self.call.phase()));
            self.feed(input);
        }
        let last = self.now;
        let within = if self.call.phase() == Phase::Held { BACK_FROM_HOLD_WITHIN } else { BACK_WITHIN };
        while !matches!(self.call.phase(), Phase::Listening | Phase::Ended) {
            self.wait();
            assert!(self.now <= last + within, "still {:?} after {within:?}", self.call.phase());
        }
        for _ in 0..100 {
            self.wait();
            reached.insert(format!("{:?}", self.call.phase()));
        }
        assert_eq!(self.call.phase(), Phase::Ended, "a caller who never says anything is not kept for ever");
        self.promises.are_kept();
    }

    /// Nothing happens until the call wants to be woken.
    fn wait(&mut self) {
        self.now = self.deadline - self.base;
        self.feed(Input::Timeout);
    }

    fn feed(&mut self, input: Input) {
        if let Input::Sentence { reply, sentence } | Input::Acknowledgement { reply, sentence } = &input
            && self.promises.live() == Some(*reply)
        {
            self.promises.offered.insert((*reply, sentence.index));
        }
        let now = self.base + self.now;
        self.call.handle_input(now, input);
        loop {
            match self.call.poll_output() {
                Output::Timeout(at) => {
                    assert!(at > now, "a deadline that is due was not fired");
                    self.deadline = at;
                    return;
                }
                Output::Action(action) => self.promises.take(action),
                Output::Event(event) => {
                    assert!(!self.promises.ended, "an ended call tells {event:?}");
                    self.promises.ended = matches!(event, Event::Ended { .. });
                }
            }
        }
    }

    fn any_pause(&mut self) -> Duration {
        Duration::from_millis(match self.random.below(100) {
            0 => self.random.below(9_000),
            1..10 => self.random.below(400),
            _ => self.random.below(21),
        })
    }

    fn any_input(&mut self) -> Input {
        match self.random.below(1_000) {
            0..700 => self.any_tick(),
            700..760 => self.any_recognition(),
            760..930 => self.any_speech(),
            930..960 => Input::Digit(Digit::from_event(self.random.below(16) as u8).expect("there are 16 keys")),
            960..970 => Input::Held(self.random.below(3) == 0),
            970..973 => Input::TransferFailed,
            973..975 => Input::Interrupt,
            975..976 => Input::Shutdown,
            976..977 => Input::Disconnected(Hangup::Caller),
            977..980 => Input::Answered,
            980..984 => Input::Typed(Transcript::of_text("my order", Language::EN, "text")),
            984..986 => Input::Hint(Hint::Steer(Pii::new("opening_hours".to_owned()))),
            _ => Input::Timeout,
        }
    }

    fn any_tick(&mut self) -> Input {
        if self.random.below(25) == 0 {
            self.speaks = !self.speaks;
        }
        let speech = if self.speaks != (self.random.below(12) == 0) { 0.9 } else { 0.1 };
        let level = Dbfs::new(-80.0 + self.random.below(80) as f32);
        let speech = Probability::new(speech);
        let tone = (self.random.below(2) == 0).then(|| Tone::of_index(self.random.below(80) as usize));
        let heard = Heard { at: self.media, speech, level, tone, concealed: self.random.below(20) == 0 };
        self.media = self.media + FRAME;
        self.played += FRAME;
        let playout = (self.random.below(3) > 0).then(|| Playout {
            reply: self.any_reply(),
            sentence: self.random.below(u64::from(self.sentences) + 2) as u16,
            played: self.played,
            length: (self.random.below(2) == 0).then(|| Duration::from_millis(self.random.below(3_000))),
            queued: Duration::ZERO,
        });
        Input::Tick { heard, playout }
    }

    fn any_recognition(&mut self) -> Input {
        let turn = self.any_turn();
        let transcript = match self.random.below(3) {
            0 => Transcript::nothing(Language::EN, "any"),
            1 => Transcript::of_text("1 2 3 4", Language::EN, "any"),
            _ => Transcript::of_text("words", Language::ZH, "any"),
        };
        match self.random.below(5) {
            0 => Input::Recognised { turn, result: Err(RecognitionFailed) },
            1 => Input::Partial { turn, transcript },
            _ => Input::Recognised { turn, result: Ok(transcript) },
        }
    }

    fn any_speech(&mut self) -> Input {
        let reply = self.any_reply();
        match self.random.below(13) {
            12 => {
                let (index, importance) = (Sentence::ACKNOWLEDGEMENT, Importance::Normal);
                let sentence = Sentence { index, text: "One moment.".into(), language: Language::EN, importance };
                Input::Acknowledgement { reply, sentence }
            }
            0..5 => {
                self.sentences = (self.sentences + 1) % 5;
                self.played = Duration::ZERO;
                let text = ["Good.", "一句话。", " ", "Something rather long to say."][self.random.below(4) as usize];
                let importance = if self.random.below(4) == 0 { Importance::MustBeHeard } else { Importance::Normal };
                let sentence = Sentence { index: self.sentences, text: text.into(), language: Language::EN, importance };
                Input::Sentence { reply, sentence }
            }
            5..7 => Input::AudioReady { reply, sentence: self.sentences },
            7..9 => {
                let length = Duration::from_millis(self.random.below(4) * 300);
                Input::Synthesised { reply, sentence: self.random.below(5) as u16, length }
            }
            9 => Input::ReplyFailed { reply },
            _ => Input::ReplyEnded { reply, after: self.any_end(), language: Language::EN },
        }
    }

    fn any_end(&mut self) -> AfterReply {
        let choice = Choice { id: "one".into(), phrases: Vec::new(), key: Digit::from_char('1') };
        AfterReply::Listen(match self.random.below(12) {
            0 => return AfterReply::HangUp,
            1 => return AfterReply::Transfer { target: "desk".into() },
            2 => Expectation::YesNo,
            3 => Expectation::Choice(vec![choice]),
            4 => Expectation::Digits { min: 4, max: 4, sensitive: self.random.below(2) == 0 },
            _ => Expectation::Open,
        })
    }

    /// Mostly what is live, at times what is long over or never was.
    fn any_reply(&mut self) -> ReplyId {
        let last = self.promises.replies.keys().next_back().map_or(0, |reply| reply.0);
        ReplyId(self.any_id(last))
    }

    fn any_turn(&mut self) -> TurnId {
        let last = self.promises.recognitions.keys().next_back().map_or(0, |turn| turn.0);
        TurnId(self.any_id(last))
    }

    fn any_id(&mut self, last: u32) -> u32 {
        match self.random.below(10) {
            0 => self.random.below(u64::from(last) + 3) as u32,
            1 => last.saturating_sub(1),
            _ => last,
        }
    }
}

impl Promises {
    fn live(&self) -> Option<ReplyId> {
        self.replies.iter().find(|(_, ends)| **ends == 0).map(|(reply, _)| *reply)
    }

    fn take(&mut self, action: Action) {
        assert!(!self.ended, "an ended call asks for {action:?}");
        match action {
            Action::StartRecognition { turn, .. } => {
                assert!(self.recognitions.values().all(|over| *over), "two recognitions at once");
                assert!(self.recognitions.keys().all(|earlier| *earlier < turn), "{turn} is used twice");
                self.recognitions.insert(turn, false);
            }
            Action::GuessTranscript { turn } => {
                assert_eq!(self.recognitions.get(&turn), Some(&false), "{turn} is guessed at and does not run");
            }
            Action::FinishRecognition { turn, .. } => {
                let over = self.recognitions.insert(turn, true);
                assert_eq!(over, Some(false), "{turn} is finished and was not running");
            }
            Action::CancelRecognition { turn } => {
                assert!(self.recognitions.insert(turn, true).is_some(), "{turn} is cancelled and never ran");
            }
            Action::StartReply { reply, .. } => {
                assert_eq!(self.live(), None, "two replies at once");
                assert!(self.replies.keys().all(|earlier| *earlier < reply), "{reply} is used twice");
                self.replies.insert(reply, 0);
            }
            Action::Acknowledge { reply, .. } => {
                assert_eq!(self.live(), Some(reply), "only who waits for a reply is told that it takes a while");
                assert!(self.acknowledged.insert(reply), "{reply} is acknowledged twice");
            }
            Action::CancelReply { reply } => assert_eq!(self.live(), Some(reply), "only the live reply is cancelled"),
            Action::Synthesise { reply, sentence } => {
                assert_eq!(self.live(), Some(reply), "a sentence of a reply that is over is spoken");
                assert!(!self.stopped.contains(&reply), "spoken after its sound was thrown away");
                assert!(self.offered.contains(&(reply, sentence.index)), "nobody asked to say this");
            }
            Action::StopPlayout => {
                self.stopped.insert(self.live().expect("there is something to stop"));
            }
            Action::CommitHeard { reply, .. } => {
                assert_eq!(self.live(), Some(reply), "the end of a reply is told once, while it is live");
                self.replies.insert(reply, 1);
            }
            Action::PrepareReply { prompt } => {
                assert!(matches!(prompt, Prompt::Said { .. }), "only what is being said is guessed at");
            }
            Action::SetGain(_) | Action::Transfer { .. } | Action::HangUp => {}
        }
    }

    fn are_kept(&self) {
        assert!(self.ended, "the end is told");
        assert!(self.recognitions.values().all(|over| *over), "a recognition was left running");
        assert_eq!(self.live(), None, "a reply was left without its end");
    }
}

/// Marsaglia's xorshift64: small, and the same everywhere.
struct Random(u64);

impl Random {
    const fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

#[expect(clippy::disallowed_methods, reason = "virtual time needs one real instant to count from")]
fn base() -> Instant {
    Instant::now()
}
