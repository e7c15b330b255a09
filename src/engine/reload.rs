//! Watches a pack's folder: an edit takes effect with the next turn, a broken edit leaves the pack as it was and says why.
//! Never interrupts a turn, and never waits for one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tracing::{error, info};

use super::reply::Dialogues;
use crate::business::Pack;

/// How often the folder is looked at. An edit is taken once it has rested for that long.
const PERIOD: Duration = Duration::from_secs(1);

/// Each file's path, time of change and size.
type Print = Vec<(PathBuf, Option<SystemTime>, u64)>;

/// Looks at the folder for ever, replacing the pack of the dialogues after each edit that is right.
/// `learnt` is told of every pack that was taken.
pub async fn watch(dialogues: Dialogues, folder: PathBuf, learnt: impl Fn(&Pack) + Send) {
    let mut taken = print_of(&folder);
    let mut before = taken.clone();
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = print_of(&folder);
        if now != taken && now == before {
            taken.clone_from(&now);
            if let Some(pack) = take(&dialogues, &folder).await {
                learnt(&pack);
            }
        }
        before = now;
    }
}

async fn take(dialogues: &Dialogues, folder: &Path) -> Option<Arc<Pack>> {
    let pack = match Pack::load(folder) {
        Ok(pack) => Arc::new(pack),
        Err(e) => {
            error!(error = %e, "The edited pack is not taken; calls go on with the one before.");
            return None;
        }
    };
    match dialogues.replace(pack.clone()).await {
        Ok(()) => {
            info!(pack = pack.name(), "The edited pack is taken.");
            Some(pack)
        }
        Err(e) => {
            error!(error = %e, "The edited pack's tools cannot be opened; calls go on with the one before.");
            None
        }
    }
}

/// What the folder looks like; a file that cannot be read counts as it is, so that its return is noticed.
fn print_of(folder: &Path) -> Print {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(path),
                Ok(metadata) => files.push((path, metadata.modified().ok(), metadata.len())),
                Err(_) => files.push((path, None, 0)),
            }
        }
    }
    files.sort();
    files
}
