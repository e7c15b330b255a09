//! Opens a line from its configuration: pack, recogniser, voices, record, and the ports callers come in by.
//! Never half open: whatever cannot be had is an error before the first call, with what to do about it.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

use super::clock::{self, MediaClock};
use super::jobs::Engines;
use super::observe::{Observers, Seen};
use super::reload;
use super::reply::{DialogueError, Dialogues};
use super::switchboard::{Shared, Switchboard};
use super::tasks::Tasks;
use super::upkeep;
use super::wall::Wall;
use crate::business::{Pack, PackError};
use crate::config::Config;
use crate::speech::hear::{self, HearError, Phrase, Recognizer, is_restricted};
use crate::speech::speak::{self, Delivery, SpeakError, Synthesizer, VoiceFact};
use crate::store::audit::{AuditError, auditor, digest, text_digest};
use crate::store::flight::flights;
use crate::store::journal::journal;
use crate::store::recording::recorder;
use crate::store::{Archive, Counts, FlightKind, Record, StoreError};
use crate::talk::Language;
use crate::telemetry::{Metrics, TraceError, Traces};

/// Why a line could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The pack.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Tools or language model.
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
    /// The recogniser.
    #[error(transparent)]
    Hear(#[from] HearError),
    /// The voices.
    #[error(transparent)]
    Speak(#[from] SpeakError),
    /// The SIP port.
    #[cfg(feature = "sip")]
    #[error(transparent)]
    Sip(#[from] crate::line::sip::SipError),
    /// The way to a collector of traces.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// What is kept, and its keys.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The pack's files cannot be read for the audit log.
    #[error("the pack cannot be read: {0}")]
    Unread(std::io::Error),
    /// A thread could not be started.
    #[error("the system gives no more threads: {0}")]
    Thread(#[from] std::io::Error),
}

/// Who hears and who speaks on a line.
pub struct Speech {
    /// Speech to text.
    pub recognizer: Arc<dyn Recognizer>,
    /// Text to speech.
    pub voice: Arc<dyn Synthesizer>,
    /// The voices behind it, for people.
    pub voices: Vec<VoiceFact>,
}

/// What hears and speaks on a line, for the ready line, the doctor and reports.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The recogniser in use.
    pub hear: &'static str,
    /// Languages of the pack of which it hears only a small grammar that was never tried on people.
    pub restricted: Vec<Language>,
    /// The voices.
    pub speak: Vec<VoiceFact>,
}

/// A line whose parts are all there; calls may be served on any port.
pub struct Line {
    board: Switchboard,
    tasks: Tasks,
    metrics: Arc<Metrics>,
    ready: Arc<AtomicBool>,
    facts: Facts,
    writers: Vec<JoinHandle<()>>,
}

impl Line {
    /// Opens everything but the ports. `live` is told of every event on every call.
    pub async fn open(config: &Config, live: Option<mpsc::Sender<Seen>>) -> Result<Self, OpenError> {
        let data = config.store.data.as_path();
        let pack = Pack::load(&config.pack)?;
        let recognizer = hear::open(&config.hear, data, phrases(&pack), &Handle::current())?;
        let voices = speak::open(&config.speak, data, &Handle::current())?;
        let speech = Speech { recognizer, voices: voices.facts().to_vec(), voice: Arc::new(voices) };
        Self::assemble(config, pack, speech, live).await
    }

    /// The same, but heard and spoken by these, whatever is configured.
    ///
    /// # Errors
    /// As [`Self::open`], the engines' own apart.
    pub async fn open_with(config: &Config, speech: Speech, live: Option<mpsc::Sender<Seen>>) -> Result<Self, OpenError> {
        Self::assemble(config, Pack::load(&config.pack)?, speech, live).await
    }

    async fn assemble(config: &Config, pack: Pack, speech: Speech, live: Option<mpsc::Sender<Seen>>) -> Result<Self, OpenError> {
        let pack = Arc::new(pack);
        let Speech { recognizer, voice, voices } = speech;
        let restricted = pack.languages().iter().copied().filter(|&l| is_restricted(&*recognizer, l)).collect();
        let facts = Facts { hear: recognizer.name(), restricted, speak: voices };
        let dialogues = Dialogues::open(&config.dialogue, Arc::clone(&pack), &config.store.data).await?;
        let metrics = Arc::new(Metrics::default());
        let archive = Arc::new(Archive::open(&config.store, &config.privacy).await?);
        note_versions(config, &pack, &archive)?;
        dialogues.keep_callers_in(Arc::clone(&archive));
        let traces = Traces::open(&config.telemetry)?;
        let (observers, writers) = open_record(config, (&metrics, traces), live, &archive)?;
        let decoders = Arc::new(Semaphore::new(config.engine.workers()));
        let mut call = config.call.clone();
        call.language = pack.first_language();
        let tasks = Tasks::default();
        prepare(&tasks, &voice, &pack);
        let ear = Arc::clone(&recognizer);
        let log = Arc::clone(&archive);
        let learn = move |pack: &Pack| {
            ear.learn(phrases(pack));
            if let Err(error) = note_pack(pack, &log) {
                tracing::error!(%error, "The edited pack is in use, and the audit log does not tell of it.");
            }
        };
        tasks.spawn("pack", reload::watch(dialogues.clone(), config.pack.clone(), learn));
        let engines = Engines { recognizer, voice, decoders };
        tasks.spawn("upkeep", upkeep::daily(archive, tasks.clone()));
        let shared = Shared { call, media: config.media.clone(), engines, dialogues, observers, clock: MediaClock::start()? };
        let board = Switchboard::new(shared, config.engine.max_calls.get());
        Ok(Self { board, tasks, metrics, ready: Arc::default(), facts, writers })
    }

    /// Where calls on any port are served.
    pub const fn board(&self) -> &Switchboard {
        &self.board
    }

    /// The line's tasks.
    pub const fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// The line's numbers.
    pub const fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Whether calls are accepted, for `/readyz`.
    pub const fn ready(&self) -> &Arc<AtomicBool> {
        &self.ready
    }

    /// What hears and speaks.
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Takes SIP calls from now on; the endpoint's own addresses hold the ports it really got.
    #[cfg(feature = "sip")]
    pub async fn listen(&self, config: &crate::line::sip::SipConfig) -> Result<crate::line::sip::SipEndpoint, OpenError> {
        use crate::line::sip::SipEndpoint;
        let (tracker, stop) = (self.tasks.tracker(), self.tasks.stopping().clone());
        let (endpoint, incoming) = SipEndpoint::bind(config.clone(), tracker, stop).await?;
        self.tasks.spawn_to_its_end("answer", self.board.clone().answer(incoming));
        self.ready.store(true, Ordering::Release);
        Ok(endpoint)
    }

    /// Takes nobody new and lets every call say good-bye; the ports must still be open. Tells whether no call was cut.
    pub async fn say_goodbye(&self) -> bool {
        self.ready.store(false, Ordering::Release);
        self.board.close().await
    }

    /// Ends all tasks and completes what is on disk.
    pub async fn close(self) {
        self.board.shared().dialogues.finished().await;
        self.tasks.stop();
        self.tasks.ended().await;
        let traces = self.board.shared().observers.traces.clone();
        // Whether they were sent in time is in the log.
        tokio::task::spawn_blocking(move || traces.close()).await.ok();
        drop(self.board);
        for writer in self.writers {
            // The writers end when the last call's feed is gone; a panic in one was already told by its thread.
            drop(tokio::task::spawn_blocking(move || writer.join()).await);
        }
    }
}

/// What callers of that pack may say, for the recogniser.
pub fn phrases(pack: &Pack) -> Vec<Phrase> {
    let of = |language: Language| pack.phrases(language).into_iter().map(move |(text, first)| Phrase { text, language, first });
    pack.languages().iter().flat_map(|&language| of(language)).collect()
}

fn open_record(
    config: &Config,
    (metrics, traces): (&Arc<Metrics>, Traces),
    live: Option<mpsc::Sender<Seen>>,
    archive: &Arc<Archive>,
) -> std::io::Result<(Observers, Vec<JoinHandle<()>>)> {
    let (journal, lines) = journal(&config.store, archive.vault());
    let mut writers = vec![thread::Builder::new().name("journal".to_owned()).spawn(move || lines.run())?];
    let (auditor, entries) = auditor(archive.audit());
    writers.push(thread::Builder::new().name("audit".to_owned()).spawn(move || entries.run())?);
    let (dropped, failed) = (journal.counts(), journal.counts());
    metrics.show_counter("hotline_journal_dropped_total", "Journal lines lost.", move || Counts::dropped(&dropped));
    metrics.show_counter("hotline_journal_failed_total", "Times the disk refused the journal.", move || Counts::failed(&failed));
    let unsent = traces.clone();
    metrics.show_counter("hotline_traces_failed_total", "Spans that no collector took.", move || unsent.failed());
    let recorder = match config.store.record {
        Record::Off => None,
        Record::Stereo => {
            let (recorder, sound) = recorder(archive.vault());
            writers.push(thread::Builder::new().name("recording".to_owned()).spawn(move || sound.run())?);
            Some(recorder)
        }
    };
    let flights = match config.store.flight {
        FlightKind::Off => None,
        kind @ (FlightKind::Decisions | FlightKind::Packets) => {
            let (flights, notes) = flights(archive.vault(), kind == FlightKind::Packets);
            let dropped = flights.counts();
            metrics.show_counter("hotline_flight_dropped_total", "Flight pieces lost.", move || Counts::dropped(&dropped));
            writers.push(thread::Builder::new().name("flight".to_owned()).spawn(move || notes.run())?);
            Some(flights)
        }
    };
    let (metrics, archive) = (Arc::clone(metrics), Arc::clone(archive));
    Ok((Observers { journal, recorder, flights, metrics, traces, live, wall: Wall::default(), auditor, archive }, writers))
}

/// The audit log holds with which configuration and pack the line worked when.
fn note_versions(config: &Config, pack: &Pack, archive: &Archive) -> Result<(), OpenError> {
    let now = clock::wall().to_utc();
    archive.audit().version(now, "config", text_digest(&format!("{config:?}"))).map_err(unaudited)?;
    note_pack(pack, archive)
}

/// The same of a pack, at the start and after each edit.
fn note_pack(pack: &Pack, archive: &Archive) -> Result<(), OpenError> {
    let sha256 = digest(pack.folder()).map_err(OpenError::Unread)?;
    archive.audit().version(clock::wall().to_utc(), &format!("pack {}", pack.name()), sha256).map_err(unaudited)
}

fn unaudited(error: AuditError) -> OpenError {
    StoreError::from(error).into()
}

/// Speaks what is said often into the cache, so that the first caller does not wait for it.
fn prepare(tasks: &Tasks, voice: &Arc<dyn Synthesizer>, pack: &Arc<Pack>) {
    let (voice, pack, stop) = (Arc::clone(voice), Arc::clone(pack), tasks.stopping().clone());
    tasks.spawn_blocking(move || {
        for &language in pack.languages() {
            let phrases = pack.fillers(language).into_iter().chain(pack.fixed_prompts(language));
            for text in phrases {
                if stop.is_cancelled() {
                    return;
                }
                let told_by_the_voices =
                    voice.synthesise(&text, language, Delivery::default(), &mut |_| ControlFlow::Continue(()));
                drop(told_by_the_voices);
            }
        }
    });
}
