//! The open line: takes calls from its ports, gives each a driver, keeps count, and lets all end well at shutdown.
//! Never holds a rule about callers; a full house is answered with the time to come back.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::clock::{self, MediaClock};
use super::driver::{CallDriver, Leg};
use super::jobs::{Engines, Jobs};
use super::loan::Loan;
use super::observe::{Observers, Watch};
use super::reply::Dialogues;
use super::tasks::Tasks;
use crate::call::{CallConfig, Hangup};
use crate::line::{Port, PortInfo};
use crate::media::MediaConfig;
use crate::store::call_id;
use crate::store::flight::{FORMAT, Head};
use crate::store::journal::Entry;
use crate::talk::{CallId, Language};

/// How long calls may take to say good-bye when the line shuts down; after that they are cut.
const GOODBYE: Duration = Duration::from_secs(8);
/// When a refused caller may try again, in seconds (`Retry-After`, RFC 3261 section 20.33).
const RETRY_AFTER_S: u32 = 10;

/// What every call of the line shares.
pub struct Shared {
    /// Turn-taking.
    pub call: CallConfig,
    /// Sound.
    pub media: MediaConfig,
    /// Recogniser, voice, decoders.
    pub engines: Engines,
    /// What is said.
    pub dialogues: Dialogues,
    /// Who is told what happens.
    pub observers: Observers,
    /// The 20 ms tick.
    pub clock: MediaClock,
}

impl Shared {
    /// What a call on that port is run by.
    fn flight_head(&self, call: &CallId, port: &PortInfo, config: CallConfig) -> Head {
        Head {
            format: FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            call: call.clone(),
            began: clock::wall().to_utc(),
            codec: port.format.name().to_owned(),
            rate: port.format.rate().hz(),
            pack: self.dialogues.pack().name().to_owned(),
            packets: false,
            config,
            media: serde_json::to_value(&self.media).expect("numbers under names"),
        }
    }
}

/// An open line.
#[derive(Clone)]
pub struct Switchboard {
    shared: Arc<Shared>,
    places: Arc<Semaphore>,
    /// The calls' own tasks, apart from the ports'.
    calls: Tasks,
    closing: CancellationToken,
}

/// What is known of a caller before the call.
pub struct Guest {
    /// The call's name.
    pub id: CallId,
    /// The language picked.
    pub language: Option<Language>,
    /// The page the caller sits at: it is shown what happens, and loses the newest if it lags.
    pub page: Option<mpsc::Sender<Entry>>,
    /// The conversation that the call goes on with, and who gets it back.
    pub loan: Loan,
}

impl Guest {
    /// Somebody of whom nothing is known.
    #[expect(clippy::new_without_default, reason = "each is another: its name is new")]
    pub fn new() -> Self {
        Self { id: call_id(clock::wall().naive_local(), clock::seed() as u32), language: None, page: None, loan: Loan::default() }
    }
}

/// A place for one call; given back when dropped.
pub struct Place(#[expect(dead_code, reason = "held, not read: dropping it frees the place")] OwnedSemaphorePermit);

impl Switchboard {
    /// A line for so many calls at once.
    pub fn new(shared: Shared, max_calls: usize) -> Self {
        let places = Arc::new(Semaphore::new(max_calls));
        Self { shared: Arc::new(shared), places, calls: Tasks::default(), closing: CancellationToken::new() }
    }

    /// What every call shares.
    pub fn shared(&self) -> &Shared {
        &self.shared
    }

    /// A place for one more call, or `None` in a full house or while closing.
    pub fn admit(&self) -> Option<Place> {
        if self.closing.is_cancelled() {
            return None;
        }
        Arc::clone(&self.places).try_acquire_owned().ok().map(Place)
    }

    /// Runs blocking work on a thread that the line waits for; `None` if it panicked.
    pub async fn compute<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (done, wait) = oneshot::channel();
        self.calls.spawn_blocking(move || drop(done.send(work())));
        wait.await.ok()
    }

    /// How many tasks and threads the calls have running; a call that is over leaves none.
    pub fn tasks_alive(&self) -> usize {
        self.calls.alive()
    }

    /// Runs one call on an answered leg to its end.
    pub async fn serve(&self, port: Box<dyn Port>, place: Place) -> Hangup {
        self.serve_guest(port, place, Guest::new()).await
    }

    /// The same for a caller of whom more is known than the line tells.
    pub async fn serve_guest(&self, port: Box<dyn Port>, place: Place, guest: Guest) -> Hangup {
        let Guest { id, language, page, loan } = guest;
        let tasks = self.calls.child();
        let _ends_with_the_call = tasks.stopping().clone().drop_guard();
        let shared = &self.shared;
        // A page's address is many people's: it is no number to know a caller by.
        let has_number = page.is_none();
        let watch = Watch::new(&shared.observers, id.clone(), port.info(), page);
        let rate = port.info().format.rate();
        let loan = loan.begun(
            || shared.dialogues.begin(language),
            |dialogue| {
                let dialogue = dialogue.of(id.clone(), watch.caller());
                let mut dialogue = if has_number { dialogue.calling_from(&port.info().from) } else { dialogue };
                if shared.observers.flights.is_some() {
                    dialogue.keep_tape();
                }
                if shared.observers.recorder.is_some() {
                    dialogue.is_recorded();
                }
                dialogue
            },
        );
        let (jobs, outcomes) = Jobs::new(shared.engines.clone(), loan, rate, tasks.clone());
        let call = CallConfig { language: language.unwrap_or(shared.call.language), ..shared.call.clone() };
        let head = shared.flight_head(&id, port.info(), call.clone());
        let flight = shared.observers.flights.as_ref().map(|flights| flights.open(head, watch.caller()));
        let leg = Leg { port, jobs, outcomes, ticks: shared.clock.subscribe(), watch, flight };
        tracing::info!(call = %id, "Call begins.");
        let cause = CallDriver::new(leg, call, &shared.media).run(self.closing.clone()).await;
        tracing::info!(call = %id, cause = cause.as_str(), "Call ended.");
        drop(place);
        cause
    }

    /// Serves a browser's call in a task of its own, as soon as the browser is connected.
    #[cfg(feature = "web")]
    pub fn serve_browser(&self, browser: crate::line::webrtc::Answering, place: Place, guest: Guest) {
        let board = self.clone();
        self.calls.spawn_to_its_end("browser", async move {
            let connected = tokio::select! {
                biased;
                () = board.closing.cancelled() => return,
                connected = browser.connected() => connected,
            };
            match connected {
                Ok(port) => drop(board.serve_guest(Box::new(port), place, guest).await),
                Err(error) => tracing::info!(%error, "A browser's call was given up before it began."),
            }
        });
    }

    /// Answers SIP calls until the line closes.
    #[cfg(feature = "sip")]
    pub async fn answer(self, mut incoming: mpsc::Receiver<crate::line::sip::IncomingCall>) {
        loop {
            let call = tokio::select! {
                biased;
                () = self.closing.cancelled() => return,
                call = incoming.recv() => call,
            };
            let Some(call) = call else { return };
            let board = self.clone();
            self.calls.spawn_to_its_end("call", async move { board.take(call).await });
        }
    }

    #[cfg(feature = "sip")]
    async fn take(&self, call: crate::line::sip::IncomingCall) {
        use crate::line::sip::Rejection;
        let Some(place) = self.admit() else {
            self.shared.observers.refused();
            call.reject(Rejection::Busy { retry_after_s: RETRY_AFTER_S }).await;
            return;
        };
        call.ring();
        match call.answer().await {
            Ok(port) => {
                self.serve(Box::new(port), place).await;
            }
            Err(error) => tracing::info!(%error, "A call was given up before it was answered."),
        }
    }

    /// Closes the line: nobody new is taken, every call says good-bye, and after a while is cut.
    /// Tells whether all ended by themselves.
    pub async fn close(&self) -> bool {
        self.closing.cancel();
        let graceful = tokio::time::timeout(GOODBYE, self.calls.ended()).await.is_ok();
        if !graceful {
            tracing::warn!(tasks = self.calls.alive(), "Calls were cut at shutdown.");
        }
        self.calls.stop();
        graceful
    }
}
