//! What a recorded call was given from inside: recognitions, answers and speech, each to be had once more when it is asked for.
//! Never gives one for another: a stretch of speech, a prompt and a sentence have to be the same.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audio::{FRAME, MediaTime};
use crate::call::{Action, Call, Hangup, Input, Output, RecognitionFailed};
use crate::engine::clock;
use crate::store::flight::{Flight, Line};
use crate::talk::{AfterReply, AudioRange, Language, Playout, Prompt, ReplyId, Sentence, Transcript, TurnId};

/// A frame more likely speech than this is taken for it.
const SPEECH: f32 = 0.5;
/// So many such frames between two ends make them the ends of different words: 60 ms.
const WORD: usize = 3;
/// What recognition takes where the recording has none to show.
const WAIT: Duration = Duration::from_millis(150);

/// What was given to a recorded call.
#[derive(Default)]
pub(super) struct Tape {
    /// Which frames were taken for speech, in order.
    speech: Vec<bool>,
    ears: Vec<Ear>,
    answers: Vec<Answer>,
    /// Which recorded answer a reply of now got.
    given: BTreeMap<ReplyId, usize>,
    transferred: bool,
}

/// One recognition.
struct Ear {
    turn: TurnId,
    began: Duration,
    from: MediaTime,
    partials: Vec<(Duration, Transcript)>,
    /// Where it ended, and when that was known.
    finished: Option<(MediaTime, Duration)>,
    result: Option<(Duration, Result<Transcript, RecognitionFailed>)>,
}

/// One answer of the dialogue.
struct Answer {
    reply: ReplyId,
    prompt: Prompt,
    began: Duration,
    given: Vec<(Duration, Given)>,
    sounds: BTreeMap<u16, Said>,
    /// What filled the wait for it.
    acknowledgement: Option<Sentence>,
    taken: bool,
}

/// What the dialogue gives.
#[derive(Clone)]
pub(super) enum Given {
    /// Something to say.
    Sentence(Sentence),
    /// No more.
    Ended {
        /// What follows.
        after: AfterReply,
        /// The language the conversation is in.
        language: Language,
    },
    /// It failed.
    Failed,
}

/// How a sentence was spoken.
#[derive(Default, Clone, Copy)]
struct Said {
    asked: Duration,
    ready: Option<Duration>,
    length: Option<Duration>,
    /// So much of it was there.
    there: Duration,
}

/// The sound of a sentence.
#[derive(Clone, Copy)]
pub(super) struct Sound {
    /// From the voice's being asked to the first sample.
    pub(super) after: Duration,
    /// How much of it is known.
    pub(super) length: Duration,
    /// Whether that is all of it.
    pub(super) whole: bool,
}

impl Tape {
    /// The recorded call's, which is replayed for that as it was run.
    pub(super) fn of(flight: &Flight) -> Self {
        let base = clock::now();
        let (mut tape, mut call) = (Self::default(), Call::new(flight.head.config.clone(), base));
        for line in &flight.lines {
            let (Line::In(nanos, input) | Line::Veiled(nanos, input)) = line else { continue };
            let at = Duration::from_nanos(*nanos);
            tape.told(at, input);
            call.handle_input(base + at, input.clone());
            loop {
                match call.poll_output() {
                    Output::Action(action) => tape.asked(at, action),
                    Output::Event(_) => {}
                    Output::Timeout(_) => break,
                }
            }
        }
        tape
    }

    fn told(&mut self, at: Duration, input: &Input) {
        match input {
            Input::Tick { heard, playout } => {
                self.speech.push(heard.speech.get() >= SPEECH);
                if let Some(playout) = playout {
                    self.played(playout);
                }
            }
            Input::Partial { turn, transcript } => {
                if let Some(ear) = self.ear(*turn) {
                    ear.partials.push((at, transcript.clone()));
                }
            }
            Input::Recognised { turn, result } => {
                if let Some(ear) = self.ear(*turn) {
                    ear.result = Some((at, result.clone()));
                }
            }
            Input::Sentence { reply, sentence } => self.gave(at, *reply, Given::Sentence(sentence.clone())),
            Input::Acknowledgement { reply, sentence } => {
                if let Some(answer) = self.answers.iter_mut().rfind(|answer| answer.reply == *reply) {
                    answer.acknowledgement = Some(sentence.clone());
                }
            }
            Input::ReplyEnded { reply, after, language } => {
                self.gave(at, *reply, Given::Ended { after: after.clone(), language: *language });
            }
            Input::ReplyFailed { reply } => self.gave(at, *reply, Given::Failed),
            Input::AudioReady { reply, sentence } => self.said(*reply, *sentence).ready = Some(at),
            Input::Synthesised { reply, sentence, length } => self.said(*reply, *sentence).length = Some(*length),
            Input::Disconnected(cause) => self.transferred |= *cause == Hangup::Transferred,
            Input::Answered
            | Input::Digit(_)
            | Input::Typed(_)
            | Input::Interrupt
            | Input::Language(_)
            | Input::Hint(_)
            | Input::Held(_)
            | Input::TransferFailed
            | Input::Shutdown
            | Input::Timeout => {}
        }
    }

    /// So much of this sentence was there, and of the one behind it.
    fn played(&mut self, playout: &Playout) {
        let Playout { reply, sentence, played, length, queued } = *playout;
        let rest = length.map_or(queued, |length| queued.min(length.saturating_sub(played)));
        self.said(reply, sentence).there = played + rest;
        if queued > rest {
            self.said(reply, sentence + 1).there = queued - rest;
        }
    }

    fn asked(&mut self, at: Duration, action: Action) {
        match action {
            Action::StartRecognition { turn, from, .. } => {
                self.ears.push(Ear { turn, began: at, from, partials: Vec::new(), finished: None, result: None });
            }
            Action::FinishRecognition { turn, to, as_guessed: _ } => {
                if let Some(ear) = self.ear(turn) {
                    ear.finished = Some((to, at));
                }
            }
            Action::StartReply { reply, prompt } => {
                let (given, sounds) = (Vec::new(), BTreeMap::new());
                self.answers.push(Answer { reply, prompt, began: at, given, sounds, acknowledgement: None, taken: false });
            }
            Action::Synthesise { reply, sentence } => self.said(reply, sentence.index).asked = at,
            Action::GuessTranscript { .. }
            | Action::CancelRecognition { .. }
            | Action::PrepareReply { .. }
            | Action::Acknowledge { .. }
            | Action::CancelReply { .. }
            | Action::SetGain(_)
            | Action::StopPlayout
            | Action::CommitHeard { .. }
            | Action::Transfer { .. }
            | Action::HangUp => {}
        }
    }

    /// The last recognition of that turn: one that was begun anew is another.
    fn ear(&mut self, turn: TurnId) -> Option<&mut Ear> {
        self.ears.iter_mut().rfind(|ear| ear.turn == turn)
    }

    fn gave(&mut self, at: Duration, reply: ReplyId, given: Given) {
        if let Some(answer) = self.answers.iter_mut().rfind(|answer| answer.reply == reply) {
            answer.given.push((at - answer.began, given));
        }
    }

    fn said(&mut self, reply: ReplyId, sentence: u16) -> &mut Said {
        let at = self.answers.iter().rposition(|answer| answer.reply == reply);
        let answer = at.map(|at| &mut self.answers[at]).expect("a voice speaks what was answered");
        answer.sounds.entry(sentence).or_default()
    }

    /// The guesses at what was said from there on, and when they came; of those that had come by `now` the last comes at once.
    pub(super) fn partials(&self, from: MediaTime, now: Duration) -> Vec<(Duration, Transcript)> {
        let ears = self.ears.iter().filter(|ear| self.same_words(ear.from, from));
        let ear = ears.min_by_key(|ear| ear.began.abs_diff(now));
        let partials = ear.map_or(&[][..], |ear| &ear.partials);
        let past = partials.iter().rposition(|(at, _)| *at < now).unwrap_or(0);
        partials[past.min(partials.len())..].iter().map(|(at, transcript)| ((*at).max(now), transcript.clone())).collect()
    }

    /// What was recognised in that stretch, and how long that took after its end was known.
    pub(super) fn recognised(&self, range: AudioRange) -> Option<(Duration, Result<Transcript, RecognitionFailed>)> {
        let apart = |a: MediaTime, b: MediaTime| a.max(b).since(a.min(b));
        let same = self.ears.iter().filter_map(|ear| {
            let (to, known) = ear.finished?;
            let (told, result) = ear.result.as_ref()?;
            let same = self.same_words(ear.from, range.from) && self.same_words(to, range.to);
            same.then(|| (apart(ear.from, range.from) + apart(to, range.to), *told - known, result))
        });
        same.min_by_key(|(apart, ..)| *apart).map(|(_, after, result)| (after, result.clone()))
    }

    /// What recognition took, in the middle of all.
    pub(super) fn usual_wait(&self) -> Duration {
        let wait = |ear: &Ear| Some(ear.result.as_ref()?.0 - ear.finished?.1);
        let mut waits: Vec<_> = self.ears.iter().filter_map(wait).collect();
        waits.sort_unstable();
        waits.get(waits.len() / 2).copied().unwrap_or(WAIT)
    }

    /// What was answered to such a prompt, and how long after it; each recorded answer is given once.
    pub(super) fn answer(&mut self, reply: ReplyId, prompt: &Prompt) -> Option<Vec<(Duration, Given)>> {
        let at = self.answers.iter().position(|answer| !answer.taken && says_the_same(&answer.prompt, prompt))?;
        self.answers[at].taken = true;
        self.given.insert(reply, at);
        Some(self.answers[at].given.clone())
    }

    /// What filled the wait for that answer then.
    pub(super) fn acknowledgement(&self, reply: ReplyId) -> Option<Sentence> {
        self.answers[*self.given.get(&reply)?].acknowledgement.clone()
    }

    /// How that sentence was spoken, as far as it was; `None` if it never was.
    pub(super) fn sound(&self, reply: ReplyId, sentence: u16) -> Option<Sound> {
        let sounds = &self.answers[*self.given.get(&reply)?].sounds;
        let first = sounds.values().next()?;
        let after = first.ready?.saturating_sub(first.asked);
        let said = sounds.get(&sentence).filter(|said| said.ready.is_some())?;
        Some(Sound { after, length: said.length.unwrap_or(said.there), whole: said.length.is_some() })
    }

    /// Whether the network took the caller over.
    pub(super) const fn was_transferred(&self) -> bool {
        self.transferred
    }

    /// Whether nobody spoke between two places.
    fn same_words(&self, a: MediaTime, b: MediaTime) -> bool {
        let frame = |at: MediaTime| ((at.as_micros() / FRAME.as_micros() as u64) as usize).min(self.speech.len());
        let (a, b) = (frame(a.min(b)), frame(a.max(b)));
        self.speech[a..b].iter().filter(|&&speech| speech).count() < WORD
    }
}

/// Whether the dialogue is asked the same, whatever the turn's number.
fn says_the_same(a: &Prompt, b: &Prompt) -> bool {
    match (a, b) {
        (Prompt::Said { transcript: a, .. }, Prompt::Said { transcript: b, .. }) => a.text == b.text && a.language == b.language,
        (Prompt::Keyed { keys: a, .. }, Prompt::Keyed { keys: b, .. }) => a == b,
        (a, b) => a == b,
    }
}
