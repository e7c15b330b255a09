//! From many calls to one writing thread: a bounded queue that drops the newest, and files that are closed with their calls.
//! Never waits on the call's side, and never lets a failing disk be felt there.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use tracing::{info, warn};

use crate::talk::CallId;

use super::identity::Pseudonym;
use super::keys::Vault;
use super::seal::Sealing;

/// Items that may wait for the disk, of all calls together.
pub(super) const QUEUE: usize = 1024;

/// One call's file on the writing side.
pub trait CallFile: Sized {
    /// What the call hands over.
    type Item: Send;
    /// What it is, for the log.
    const NAME: &'static str;

    /// Takes one item, before which `lost` items of this call could not be taken.
    fn take(&mut self, item: Self::Item, lost: u64) -> io::Result<Progress>;

    /// Writes out everything; the call is over, and its last `lost` items are missing.
    fn finish(&mut self, lost: u64) -> io::Result<Progress>;
}

/// How far an item came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It waits in memory for a better moment.
    Buffered,
    /// Everything so far is in the file.
    Written,
}

/// What was lost since the start.
#[derive(Debug, Default)]
pub struct Counts {
    dropped: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    /// Items that found the queue full.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Times the disk refused.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}

/// The line's end of the queue: opens one feed a call.
pub(super) struct Feed<T> {
    queue: SyncSender<Message<T>>,
    counts: Arc<Counts>,
}

/// One call's end of the queue; dropping it closes the call's file.
pub(super) struct CallFeed<T> {
    queue: SyncSender<Message<T>>,
    counts: Arc<Counts>,
    call: Arc<CallState>,
}

/// The thread's end of the queue. Whoever spawns threads gives [`Writer::run`] one.
pub struct Writer<F: CallFile> {
    queue: Receiver<Message<F::Item>>,
    vault: Arc<Vault>,
    /// Makes the file of a call; opens nothing before something is written.
    make: fn(Sealing) -> F,
    open: HashMap<CallId, (Arc<CallState>, F)>,
    counts: Arc<Counts>,
    /// The disk refused last time and the log has been told.
    failing: bool,
}

struct CallState {
    id: CallId,
    caller: Pseudonym,
    lost: AtomicU64,
    over: AtomicBool,
}

enum Message<T> {
    Item {
        call: Arc<CallState>,
        item: T,
    },
    /// A call is over; its file is closed when the queue is empty.
    Wake,
}

/// A queue of [`QUEUE`] items and its two ends.
pub(super) fn feed<F: CallFile>(vault: &Arc<Vault>, make: fn(Sealing) -> F) -> (Feed<F::Item>, Writer<F>) {
    let (sender, receiver) = sync_channel(QUEUE);
    let counts = Arc::new(Counts::default());
    let writer = Writer {
        queue: receiver,
        vault: Arc::clone(vault),
        make,
        open: HashMap::new(),
        counts: Arc::clone(&counts),
        failing: false,
    };
    (Feed { queue: sender, counts }, writer)
}

impl<T> Feed<T> {
    /// The feed of one call, whose file is sealed for this caller.
    pub(super) fn open(&self, id: CallId, caller: Pseudonym) -> CallFeed<T> {
        let call = Arc::new(CallState { id, caller, lost: AtomicU64::new(0), over: AtomicBool::new(false) });
        CallFeed { queue: self.queue.clone(), counts: Arc::clone(&self.counts), call }
    }

    /// What was lost since the start.
    pub(super) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }
}

impl<T> CallFeed<T> {
    /// Hands an item over, at once; when the queue is full it is lost and counted.
    pub(super) fn send(&self, item: T) {
        let message = Message::Item { call: Arc::clone(&self.call), item };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = self.queue.try_send(message) {
            self.counts.dropped.fetch_add(1, Ordering::Relaxed);
            self.call.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<T> Drop for CallFeed<T> {
    fn drop(&mut self) {
        self.call.over.store(true, Ordering::Release);
        // A full queue needs no waking: it is emptied after this moment, and then ended calls are closed.
        let _full = self.queue.try_send(Message::Wake);
    }
}

impl<F: CallFile> Writer<F> {
    /// Writes until every feed is gone. Blocking: give it a thread of its own.
    pub fn run(mut self) {
        while let Ok(message) = self.queue.recv() {
            self.handle(message);
            while let Ok(message) = self.queue.try_recv() {
                self.handle(message);
            }
            self.close_ended();
        }
        self.close_ended();
    }

    fn handle(&mut self, message: Message<F::Item>) {
        let Message::Item { call, item } = message else { return };
        let make = || (self.make)(Sealing::new(Arc::clone(&self.vault), call.id.clone(), call.caller));
        let (_, file) = self.open.entry(call.id.clone()).or_insert_with(|| (Arc::clone(&call), make()));
        let done = file.take(item, call.lost.swap(0, Ordering::Relaxed));
        self.tell(done);
    }

    /// Closes the files of calls that are over; nothing of theirs is in the queue any more.
    fn close_ended(&mut self) {
        for (_, (call, mut file)) in self.open.extract_if(|_, (call, _)| call.over.load(Ordering::Acquire)).collect::<Vec<_>>() {
            let done = file.finish(call.lost.swap(0, Ordering::Relaxed));
            self.tell(done);
        }
    }

    /// Counts every failure and logs the first of a row, and its end.
    fn tell(&mut self, done: io::Result<Progress>) {
        match done {
            Ok(Progress::Buffered) => {}
            Ok(Progress::Written) if self.failing => {
                self.failing = false;
                info!(what = F::NAME, "Records are written again.");
            }
            Ok(Progress::Written) => {}
            Err(error) => {
                self.counts.failed.fetch_add(1, Ordering::Relaxed);
                if !self.failing {
                    warn!(what = F::NAME, data = %self.vault.data().display(), %error,
                        "Records cannot be written; calls go on without them. Make room or check the folder's owner.");
                }
                self.failing = true;
            }
        }
    }
}
