//! One call's work outside the call: recognising, answering, speaking. Started by actions, told back as inputs.
//! Never decides anything; what is no longer wanted is cancelled and its results are stale by id.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::loan::Loan;
use super::reply::{Acknowledgements, Dialogue, ReplyEvent};
use super::tasks::Tasks;
use super::voice::{self, Speaking, Spoken};
use crate::audio::{Frame, SampleRate};
use crate::business::Effect;
use crate::call::{Input, RecognitionFailed};
use crate::dialogue::{Manner, Step};
use crate::media::ProsodyMeter;
use crate::speech::hear::{Cancel, HearError, HearRequest, Hearing, Recognizer};
use crate::speech::speak::Synthesizer;
use crate::store::journal::JournalEvent;
use crate::talk::{Expectation, Heard, Language, Prompt, Prosody, ReplyId, Sentence, Transcript, TurnId};

/// Results waiting for the driver; a job blocks when it is full.
const RESULTS: usize = 64;
/// Pieces of speech (≤ 100 ms each) between voice and downlink; the voice blocks when it is full.
const SPEECH: usize = 4;
/// Frames waiting for a recogniser, 30 s; beyond that the recogniser is too slow and its turn fails.
const SOUND: usize = 1_500;
/// Sentences of one reply waiting for the voice; far more than any reply has.
const SENTENCES: usize = 64;

/// What a job tells the driver.
#[derive(Debug)]
pub enum Done {
    /// Something for the call.
    Input(Input),
    /// Something of the conversation for the flight recorder.
    Step(Box<Step>),
    /// A tool was called; for the record only.
    Tool {
        /// Its name in the pack.
        name: String,
        /// Whether it writes.
        effect: Effect,
        /// Whether it gave a result.
        ok: bool,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// Something else for the record only.
    Told(JournalEvent),
}

/// What the jobs of every call share.
#[derive(Clone)]
pub struct Engines {
    /// Speech to text.
    pub recognizer: Arc<dyn Recognizer>,
    /// Text to speech.
    pub voice: Arc<dyn Synthesizer>,
    /// How many utterances may be decoded at once.
    pub decoders: Arc<Semaphore>,
}

/// The jobs of one call.
pub struct Jobs {
    engines: Engines,
    tasks: Tasks,
    results: mpsc::Sender<Done>,
    speech: mpsc::Sender<Spoken>,
    port_rate: SampleRate,
    /// How the caller wants to be spoken to.
    manner: Arc<Mutex<Manner>>,
    hearing: Option<HearingJob>,
    reply: Option<ReplyJob>,
    dialogue: mpsc::Sender<Ask>,
    /// How the caller says the turn; only where the pack reads feelings.
    meter: Option<ProsodyMeter>,
    /// What fills the wait for a reply.
    acknowledgements: Acknowledgements,
}

/// Where the driver reads what jobs have done.
pub struct Outcomes {
    /// Results, in order.
    pub results: mpsc::Receiver<Done>,
    /// Sound for the downlink; read only while it has room.
    pub speech: mpsc::Receiver<Spoken>,
}

struct HearingJob {
    turn: TurnId,
    sound: mpsc::Sender<Sound>,
    cancel: Cancel,
    /// Ends the last guess alone.
    guess: Cancel,
}

impl HearingJob {
    fn cancel(&self) {
        self.cancel.cancel();
        self.guess.cancel();
    }
}

enum Sound {
    Frame(Box<[i16]>),
    /// The caller pauses.
    Guess(Cancel),
    End {
        as_guessed: bool,
    },
}

struct ReplyJob {
    reply: ReplyId,
    stop: CancellationToken,
    sentences: mpsc::Sender<Sentence>,
}

enum Ask {
    Prepare { prompt: Prompt },
    Respond { reply: ReplyId, prompt: Prompt, voice: Option<Prosody>, stop: CancellationToken },
    Heard { text: String, interrupted: bool },
}

impl Jobs {
    /// The jobs of a call whose dialogue this is, begun, and whose port takes sound of this rate. They end with `tasks`.
    pub fn new(engines: Engines, mut dialogue: Loan, port_rate: SampleRate, tasks: Tasks) -> (Self, Outcomes) {
        let (results, results_out) = mpsc::channel(RESULTS);
        let (speech, speech_out) = mpsc::channel(SPEECH);
        let (ask, asked) = mpsc::channel(RESULTS);
        let manner = Arc::new(Mutex::new(Manner::default()));
        let acknowledgements = dialogue.dialogue().acknowledgements();
        let meter = dialogue.dialogue().conversation().leave().map(ProsodyMeter::new);
        let desk = Desk { voice: Arc::clone(&engines.voice), manner: Arc::clone(&manner), tasks: tasks.clone() };
        tasks.spawn_to_its_end("dialogue", desk.converse(dialogue, asked, results.clone()));
        let jobs = Self {
            engines,
            tasks,
            results,
            speech,
            port_rate,
            manner,
            hearing: None,
            reply: None,
            dialogue: ask,
            meter,
            acknowledgements,
        };
        (jobs, Outcomes { results: results_out, speech: speech_out })
    }

    /// Begins to recognise a turn; `sound` is what the caller has already said of it.
    pub fn start_recognition(&mut self, turn: TurnId, request: HearRequest, said: &[i16]) {
        self.cancel_recognition(None);
        let (sound, frames) = mpsc::channel(SOUND);
        let cancel = request.cancel.clone();
        for piece in said.chunks(SampleRate::HZ_16000.frame_len()) {
            let _room_for_30_s = sound.try_send(Sound::Frame(piece.into()));
        }
        let (engines, results) = (self.engines.clone(), self.results.clone());
        self.tasks.spawn_blocking(move || hear(&engines, turn, request, frames, &results));
        self.hearing = Some(HearingJob { turn, sound, cancel, guess: Cancel::default() });
    }

    /// Gives the running recognition the caller's next frame (16 kHz).
    pub fn hear(&mut self, frame: &Frame) {
        let Some(job) = &self.hearing else { return };
        if job.sound.try_send(Sound::Frame(frame.pcm().into())).is_err() {
            tracing::warn!(stage = "stt", "The recogniser fell 30 s behind or is gone; its turn is given up.");
            self.cancel_recognition(None);
        }
    }

    /// Measures how the caller sounds in the frame heard last, and whether the bot was heard meanwhile.
    pub fn measure(&mut self, heard: &Heard, frame: &Frame, bot_speaks: bool) {
        if let Some(meter) = &mut self.meter {
            meter.push(heard, frame.pcm(), bot_speaks);
        }
    }

    /// The caller pauses: the recogniser tells what it makes of the turn so far. An earlier guess is of no use any more.
    pub fn guess_transcript(&mut self, turn: TurnId) {
        if let Some(job) = self.hearing.as_mut().filter(|job| job.turn == turn) {
            std::mem::take(&mut job.guess).cancel();
            let _a_full_queue_has_no_use_for_guesses = job.sound.try_send(Sound::Guess(job.guess.clone()));
        }
    }

    /// The turn is complete; nothing was said since it was last guessed at, or else.
    pub fn finish_recognition(&mut self, turn: TurnId, as_guessed: bool) {
        let Some(job) = self.hearing.take_if(|job| job.turn == turn) else { return };
        if !as_guessed {
            job.guess.cancel();
        }
        if job.sound.try_send(Sound::End { as_guessed }).is_err() {
            job.cancel();
        }
    }

    /// Ends a recognition whose result nobody needs; `None`: whichever runs.
    pub fn cancel_recognition(&mut self, turn: Option<TurnId>) {
        if let Some(job) = self.hearing.take_if(|job| turn.is_none_or(|turn| turn == job.turn)) {
            job.cancel();
        }
    }

    /// Lets the dialogue make an answer ready.
    pub fn prepare_reply(&self, prompt: Prompt) {
        self.ask(Ask::Prepare { prompt });
    }

    /// Asks the dialogue for an answer and readies the voice for it.
    pub fn start_reply(&mut self, reply: ReplyId, prompt: Prompt) {
        let stop = self.tasks.stopping().child_token();
        let (sentences, waiting) = mpsc::channel(SENTENCES);
        let voice = self.voice(reply, &stop);
        self.tasks.spawn_blocking(move || voice.speak(waiting));
        let said = matches!(prompt, Prompt::Said { .. });
        let voice = self.meter.as_mut().filter(|_| said).and_then(ProsodyMeter::take);
        self.ask(Ask::Respond { reply, prompt, voice, stop: stop.clone() });
        self.reply = Some(ReplyJob { reply, stop, sentences });
    }

    /// Speaks a sentence behind those before it, an acknowledgement at once: the voice may be busy with what it fills the wait for.
    pub fn synthesise(&mut self, reply: ReplyId, sentence: Sentence) {
        let Some(job) = self.reply.as_ref().filter(|job| job.reply == reply) else { return };
        if sentence.index == Sentence::ACKNOWLEDGEMENT {
            let voice = self.voice(reply, &job.stop);
            self.tasks.spawn_blocking(move || {
                let _it_may_be_broken_off = voice.say(&sentence);
            });
        } else if job.sentences.try_send(sentence).is_err() {
            tracing::error!(stage = "tts", "A reply had more sentences than the voice's queue holds; the rest is not said.");
        }
    }

    /// A few words for a caller who answered this and waits.
    pub fn acknowledgement(&self, asked: &Expectation, language: Language) -> Option<Sentence> {
        self.acknowledgements.after(asked, language)
    }

    /// Stops dialogue and voice for this reply.
    pub fn cancel_reply(&mut self, reply: ReplyId) {
        if let Some(job) = self.reply.take_if(|job| job.reply == reply) {
            job.stop.cancel();
        }
    }

    /// Tells the dialogue what the caller really heard of its last reply.
    pub fn commit_heard(&mut self, text: String, interrupted: bool) {
        self.ask(Ask::Heard { text, interrupted });
    }

    fn voice(&self, reply: ReplyId, stop: &CancellationToken) -> Voice {
        let (engine, manner) = (Arc::clone(&self.engines.voice), Arc::clone(&self.manner));
        Voice { engine, reply, port_rate: self.port_rate, manner, stop: stop.clone(), out: self.speech.clone() }
    }

    fn ask(&self, ask: Ask) {
        if self.dialogue.try_send(ask).is_err() {
            tracing::error!(stage = "dialogue", "The dialogue's queue is full or its task is gone; the call's watchdog answers.");
        }
    }
}

/// Recognises one turn on a thread of its own.
fn hear(engines: &Engines, turn: TurnId, request: HearRequest, frames: mpsc::Receiver<Sound>, results: &mpsc::Sender<Done>) {
    let cancel = request.cancel.clone();
    let work = AssertUnwindSafe(|| recognise(engines, turn, request, frames, results));
    let result = match catch_unwind(work).unwrap_or_else(|_| Err(panicked(engines))) {
        Err(HearError::Cancelled) => return,
        Err(_) if cancel.is_cancelled() => return,
        Err(error) => {
            tracing::warn!(%error, stage = "stt", "Recognition failed.");
            Err(RecognitionFailed)
        }
        Ok(transcript) => Ok(transcript),
    };
    let _call_may_be_over = results.blocking_send(Done::Input(Input::Recognised { turn, result }));
}

/// What a recogniser's own fault is to its caller: a turn that was not heard. The panic itself is in the log.
fn panicked(engines: &Engines) -> HearError {
    HearError::Backend { engine: engines.recognizer.name(), what: "it panicked; report it with the log".to_owned() }
}

fn recognise(
    engines: &Engines,
    turn: TurnId,
    request: HearRequest,
    mut frames: mpsc::Receiver<Sound>,
    results: &mpsc::Sender<Done>,
) -> Result<Transcript, HearError> {
    let cancel = request.cancel.clone();
    let mut hearing = engines.recognizer.start(request)?;
    loop {
        match frames.blocking_recv() {
            Some(Sound::Frame(pcm)) if !cancel.is_cancelled() => {
                if let Some(transcript) = hearing.feed(&pcm)? {
                    let _call_may_be_over = results.blocking_send(Done::Input(Input::Partial { turn, transcript }));
                }
            }
            Some(Sound::Guess(guess)) if !cancel.is_cancelled() => {
                if let Some(transcript) = guessed(engines, &mut *hearing, &guess) {
                    let _call_may_be_over = results.blocking_send(Done::Input(Input::Partial { turn, transcript }));
                }
            }
            Some(Sound::End { as_guessed }) => {
                let permit = Handle::current().block_on(Arc::clone(&engines.decoders).acquire_owned());
                let transcript = hearing.finish(as_guessed);
                drop(permit);
                return transcript;
            }
            Some(Sound::Frame(_) | Sound::Guess(_)) | None => return Err(HearError::Cancelled),
        }
    }
}

/// A guess takes nothing from anybody: where every decoder is busy there is none, and one that fails or comes too late is no fault.
fn guessed(engines: &Engines, hearing: &mut dyn Hearing, cancel: &Cancel) -> Option<Transcript> {
    let _permit = engines.decoders.try_acquire().ok().filter(|_| !cancel.is_cancelled())?;
    match hearing.guess(cancel) {
        Err(HearError::Cancelled) => None,
        Err(error) => {
            tracing::debug!(%error, stage = "stt", "A pause could not be used to recognise ahead.");
            None
        }
        Ok(told) => told,
    }
}

/// What the per-call dialogue task has beside the dialogue.
struct Desk {
    voice: Arc<dyn Synthesizer>,
    manner: Arc<Mutex<Manner>>,
    tasks: Tasks,
}

impl Desk {
    /// One question at a time, what was heard in between, and what may be asked next while nobody asks.
    async fn converse(self, mut loan: Loan, mut asked: mpsc::Receiver<Ask>, results: mpsc::Sender<Done>) {
        let dialogue = loan.dialogue();
        let mut next = None;
        loop {
            let ask = tokio::select! {
                biased;
                ask = asked.recv() => ask,
                () = self.tasks.stopping().cancelled() => None,
                () = self.rehearse(dialogue, next.as_ref()) => {
                    next = None;
                    continue;
                }
            };
            match ask {
                Some(Ask::Prepare { prompt }) => next = Some(prompt),
                Some(Ask::Respond { reply, prompt, voice, stop }) => {
                    next = None;
                    voice.into_iter().for_each(|voice| dialogue.sounded(voice));
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => {}
                        () = answer(dialogue, (reply, prompt), &self.manner, &results) => {}
                    }
                    // Also of a reply that was dropped in the middle.
                    for step in dialogue.take_tape() {
                        let _call_may_be_over = results.send(Done::Step(Box::new(step))).await;
                    }
                }
                Some(Ask::Heard { text, interrupted }) => dialogue.heard(&text, interrupted),
                None => return dialogue.remember().await,
            }
        }
    }

    /// Makes ready what answers this prompt, its first sentence as sound among the phrases that a voice keeps; without one it waits.
    async fn rehearse(&self, dialogue: &mut Dialogue, prompt: Option<&Prompt>) {
        let Some(prompt) = prompt else { return std::future::pending().await };
        let Some((text, language)) = dialogue.rehearse(prompt).await else { return };
        let manner = *self.manner.lock().unwrap_or_else(PoisonError::into_inner);
        let voice = Arc::clone(&self.voice);
        self.tasks.spawn_blocking(move || voice::rehearse(&*voice, (&text, language), manner));
    }
}

async fn answer(
    dialogue: &mut Dialogue,
    (reply, prompt): (ReplyId, Prompt),
    manner: &Mutex<Manner>,
    results: &mpsc::Sender<Done>,
) {
    let (events, mut said) = mpsc::channel(4);
    let mut ended = false;
    let forward = async {
        while let Some(event) = said.recv().await {
            let done = match event {
                ReplyEvent::Sentence(sentence) => Done::Input(Input::Sentence { reply, sentence }),
                ReplyEvent::Tool { name, effect, ok, ms } => Done::Tool { name, effect, ok, ms },
                ReplyEvent::Manner(wanted) => {
                    *manner.lock().unwrap_or_else(PoisonError::into_inner) = wanted;
                    continue;
                }
                ReplyEvent::Ended { after, language } => {
                    ended = true;
                    Done::Input(Input::ReplyEnded { reply, after, language })
                }
                told @ (ReplyEvent::Understood { .. }
                | ReplyEvent::Pack(_)
                | ReplyEvent::Rated(_)
                | ReplyEvent::Policy(_)
                | ReplyEvent::Feeling { .. }) => match told.for_the_record() {
                    Some(event) => Done::Told(event),
                    None => continue,
                },
            };
            if results.send(done).await.is_err() {
                return;
            }
        }
    };
    let respond = async {
        let known = dialogue.conversation().identity().is_some();
        dialogue.respond(prompt, &events).await;
        drop(events);
        let verified = dialogue.conversation().identity().is_some();
        if verified != known {
            let _call_may_be_over = results.send(Done::Told(JournalEvent::Identity { verified })).await;
        }
    };
    tokio::join!(respond, forward);
    if !ended {
        let _call_may_be_over = results.send(Done::Input(Input::ReplyFailed { reply })).await;
    }
}

/// The voice of one reply, on a thread of its own.
struct Voice {
    engine: Arc<dyn Synthesizer>,
    reply: ReplyId,
    port_rate: SampleRate,
    manner: Arc<Mutex<Manner>>,
    stop: CancellationToken,
    out: mpsc::Sender<Spoken>,
}

impl Voice {
    fn speak(self, mut sentences: mpsc::Receiver<Sentence>) {
        while let Some(sentence) = sentences.blocking_recv() {
            if self.say(&sentence).is_break() {
                return;
            }
        }
    }

    fn say(&self, sentence: &Sentence) -> ControlFlow<()> {
        let manner = *self.manner.lock().unwrap_or_else(PoisonError::into_inner);
        let speaking = Speaking { engine: &*self.engine, reply: self.reply, port_rate: self.port_rate, manner };
        speaking.say(sentence, &mut |spoken| self.give(spoken))
    }

    fn give(&self, spoken: Spoken) -> ControlFlow<()> {
        if self.stop.is_cancelled() || self.out.blocking_send(spoken).is_err() {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }
}
