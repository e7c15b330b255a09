//! The only way to start a task: it gets a name, and it ends with what it belongs to.
//! Never detaches anything.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// A group of tasks that live and die together: the process's, or one call's.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// A group of its own that also ends when this one is told to stop, and is waited for with it.
    pub fn child(&self) -> Self {
        Self { tracker: self.tracker.clone(), stop: self.stop.child_token() }
    }

    /// Starts a task; it is dropped at its next await when the group stops.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        let stop = self.stop.clone();
        let task = async move {
            tokio::select! { biased; () = stop.cancelled() => {} () = future => {} }
        };
        self.tracker.spawn(task.instrument(tracing::debug_span!("task", name)))
    }

    /// Starts a task that is waited for but ends in its own time: it watches [`Tasks::stopping`] itself.
    pub fn spawn_to_its_end(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
        self.tracker.spawn(future.instrument(tracing::debug_span!("task", name)))
    }

    /// Runs blocking work on a thread of its own.
    pub fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        self.tracker.spawn_blocking(work)
    }

    /// The token that is cancelled when the group stops.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// The tracker under it, for rooms that spawn through one.
    pub fn tracker(&self) -> TaskTracker {
        self.tracker.clone()
    }

    /// Tells every task of the group to stop.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// How many tasks are alive, children's counted in.
    pub fn alive(&self) -> usize {
        self.tracker.len()
    }

    /// Waits until every task has ended.
    pub async fn ended(&self) {
        self.tracker.close();
        self.tracker.wait().await;
    }
}
