//! What the line does for itself once a day: what is older than configured is swept away.
//! Never decides what is too old: that is the store's rule, and the time is handed to it.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::clock;
use super::tasks::Tasks;
use crate::store::{Archive, StoreError, Swept};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Sweeps now and then every day, on a thread that may wait for the disk.
pub(super) async fn daily(archive: Arc<Archive>, tasks: Tasks) {
    loop {
        let (archive, runtime) = (Arc::clone(&archive), Handle::current());
        tasks.spawn_blocking(move || tell(&runtime.block_on(archive.sweep(clock::wall()))));
        clock::sleep_until(clock::now() + DAY).await;
    }
}

fn tell(swept: &Result<Swept, StoreError>) {
    match swept {
        Ok(Swept { refused, .. }) if *refused > 0 => {
            tracing::warn!(refused, "Records that are too old cannot be deleted; check the owner of the data folder's files.");
        }
        Ok(nothing) if *nothing == Swept::default() => {}
        Ok(Swept { events, recordings, memories, keys, .. }) => {
            tracing::info!(events, recordings, memories, keys, "What was kept long enough is swept away.");
        }
        Err(error) => tracing::warn!(%error, "What is too old could not be swept away; it is tried again tomorrow."),
    }
}
