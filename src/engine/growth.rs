//! What a pack learns from what was not understood: written into a copy, learnt, tried, and taken only if nothing got worse.
//! Never on a call's path: a trial has one thread of its own, and the pack in use stays as it is until the new one has passed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot};

use super::reply::{DialogueError, Dialogues};
use super::tasks::Tasks;
use super::trial::{Script, Trial, TrialError, scripts};
use super::{clock, learning};
use crate::business::{Addition, Pack, PackError, Topic};
use crate::dialogue::{ACT, Understanding};

/// Where a pack keeps what it has learnt.
const LEARNED: &str = "knowledge/learned.md";
const HEAD: &str = "# Learnt from calls\n";
/// Where a pack keeps its scripted callers.
const SCRIPTS: &str = "scripts";
/// Changes that can be looked back at.
const KEPT: usize = 100;

/// Why nothing was tried, or nothing was taken back.
#[derive(Debug, Error)]
pub enum GrowthError {
    /// Something else is being tried.
    #[error("something else is being tried; wait for it")]
    Busy,
    /// Nothing of it may be written.
    #[error("no sentence of it can be a way to ask; leave numbers out, and name the entry with letters, digits and hyphens")]
    Empty,
    /// There is nothing to take back.
    #[error("nothing was learnt that could be taken back")]
    Nothing,
    /// The file is not as it was left.
    #[error("knowledge/learned.md was changed by hand since; edit it by hand")]
    Changed,
    /// The pack's folder or the data folder refuses.
    #[error("what was learnt cannot be read or written: {0}")]
    Disk(#[from] io::Error),
    /// The pack's scripts cannot be run.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// The pack in use cannot be opened again.
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
    /// The pack as it would be is faulty.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The program ends.
    #[error("the program is being shut down")]
    Stopping,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tried {
    /// Whether calls go on with it.
    pub published: bool,
    /// What got worse, or is wrong; empty if it was published.
    pub worse: Vec<String>,
    /// Ways to ask that were looked at.
    pub phrases: usize,
    /// Scripted callers that were let talk.
    pub scripts: usize,
}

/// Something that was learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When.
    pub at: DateTime<Utc>,
    /// By whose hand.
    pub by: String,
    /// Which entry.
    pub entry: String,
    /// How it is asked for.
    pub phrasings: Vec<String>,
    before: Option<String>,
    after: String,
}

/// How the pack of a line grows.
pub struct Growth {
    dialogues: Dialogues,
    /// The line's data folder.
    data: PathBuf,
    tasks: Tasks,
    one: Semaphore,
}

impl Growth {
    /// The growth of the pack that these dialogues speak for.
    pub fn new(dialogues: Dialogues, data: PathBuf, tasks: Tasks) -> Arc<Self> {
        Arc::new(Self { dialogues, data, tasks, one: Semaphore::new(1) })
    }

    /// Adds this to the pack if nothing gets worse by it. Runs to its end whoever waits.
    ///
    /// # Errors
    /// What keeps it from being tried at all.
    pub async fn add(self: &Arc<Self>, addition: Addition, by: String) -> Result<Tried, GrowthError> {
        self.alone(move |growth| growth.try_and_take(&addition, by)).await
    }

    /// Whether the pack in use makes something of it now.
    pub fn is_understood(&self, said: &str) -> bool {
        self.dialogues.understanding().intents(said).first().is_some_and(|best| best.score >= ACT)
    }

    /// The entry of the knowledge that the pack in use would take it for soonest, and how likely, from 0 to 1.
    pub fn nearest(&self, said: &str) -> Option<(String, f32)> {
        let ranked = self.dialogues.understanding().intents(said);
        ranked.into_iter().find_map(|guess| match guess.topic {
            Topic::Entry(entry) => Some((entry, guess.score)),
            Topic::Flow(_) | Topic::House(_) => None,
        })
    }

    /// Takes back what was learnt last.
    ///
    /// # Errors
    /// Nothing to take back, or a file that was changed since.
    pub async fn undo(self: &Arc<Self>) -> Result<Change, GrowthError> {
        self.alone(Self::take_back).await
    }

    /// What was learnt, the latest last.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn changes(&self) -> Result<Vec<Change>, GrowthError> {
        match fs::read(self.history()) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).map_err(io::Error::from)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// One at a time, on a thread of its own.
    async fn alone<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, GrowthError> + Send + 'static,
    ) -> Result<T, GrowthError> {
        let (done, wait) = oneshot::channel();
        let growth = Arc::clone(self);
        self.tasks.spawn_blocking(move || {
            let result = growth.one.try_acquire().map_err(|_| GrowthError::Busy).and_then(|_one| work(&growth));
            let _asker_is_gone = done.send(result);
        });
        wait.await.unwrap_or(Err(GrowthError::Stopping))
    }

    fn try_and_take(&self, addition: &Addition, by: String) -> Result<Tried, GrowthError> {
        let pack = self.dialogues.pack();
        let section = addition.section().ok_or(GrowthError::Empty)?;
        let before = read(&pack.folder().join(LEARNED))?;
        let after = format!("{}{section}", before.as_deref().unwrap_or(HEAD));
        let tried = self.tried(&pack, addition, &after)?;
        if !tried.worse.is_empty() {
            return Ok(tried);
        }
        if read(&pack.folder().join(LEARNED))? != before {
            return Err(GrowthError::Changed);
        }
        let mut changes = self.changes()?;
        let (entry, phrasings) = (addition.entry.clone(), addition.phrasings.clone());
        changes.push(Change { at: clock::wall().to_utc(), by, entry, phrasings, before: before.clone(), after: after.clone() });
        self.publish(pack.folder(), (Some(&after), before.as_deref()), changes)?;
        Ok(Tried { published: true, ..tried })
    }

    fn take_back(&self) -> Result<Change, GrowthError> {
        let pack = self.dialogues.pack();
        let mut changes = self.changes()?;
        let last = changes.pop().ok_or(GrowthError::Nothing)?;
        if read(&pack.folder().join(LEARNED))?.as_ref() != Some(&last.after) {
            return Err(GrowthError::Changed);
        }
        self.publish(pack.folder(), (last.before.as_deref(), Some(&last.after)), changes)?;
        Ok(last)
    }

    /// Writes what is learnt now, and goes on with it; what was before stands again if that fails.
    fn publish(
        &self,
        folder: &Path,
        (now, before): (Option<&str>, Option<&str>),
        mut changes: Vec<Change>,
    ) -> Result<(), GrowthError> {
        let file = folder.join(LEARNED);
        write(&file, now)?;
        let taken = Pack::load(folder).map_err(GrowthError::from).and_then(|pack| {
            learning::alone(&pack, &self.data);
            Ok(Handle::current().block_on(self.dialogues.replace(Arc::new(pack)))?)
        });
        if taken.is_err() {
            write(&file, before)?;
        }
        taken?;
        changes.drain(..changes.len().saturating_sub(KEPT));
        Ok(write(&self.history(), Some(&serde_json::to_string(&changes).map_err(io::Error::from)?))?)
    }

    /// The pack as it would be, beside the one in use: checked, learnt, asked what the other understands, and called by its scripts.
    fn tried(&self, pack: &Arc<Pack>, addition: &Addition, learned: &str) -> Result<Tried, GrowthError> {
        let copy = tempfile::tempdir()?;
        let folder = copy.path().join(pack.folder().file_name().unwrap_or_else(|| pack.name().as_ref()));
        copy_folder(pack.folder(), &folder)?;
        write(&folder.join(LEARNED), Some(learned))?;
        let grown = match Pack::load(&folder) {
            Ok(grown) => grown,
            Err(PackError::Faulty(faults)) => {
                let here = format!("{}/", folder.display());
                let worse = faults.iter().map(|fault| fault.to_string().replace(&here, "")).collect();
                return Ok(Tried { published: false, worse, phrases: 0, scripts: 0 });
            }
            Err(error) => return Err(error.into()),
        };
        let grown = Arc::new(grown);
        let understood = [self.dialogues.understanding(), Arc::new(learning::alone(&grown, &self.data))];
        let (phrases, mut worse) = misunderstood(pack, &understood);
        let wanted = Topic::Entry(addition.entry.clone());
        let still = addition.phrasings.iter().filter(|said| !understands(&understood[1], said, &wanted));
        worse.extend(still.map(|said| format!("{said:?} is not understood even so; give the entry more ways to ask")));
        let callers = if folder.join(SCRIPTS).is_dir() { scripts(&folder.join(SCRIPTS))? } else { Vec::new() };
        if worse.is_empty() && !callers.is_empty() {
            let packs = [Arc::clone(pack), grown].into_iter().zip(understood);
            worse.extend(Handle::current().block_on(worse_served(&callers, packs))?);
        }
        Ok(Tried { published: false, worse, phrases, scripts: callers.len() })
    }

    fn history(&self) -> PathBuf {
        self.data.join("learned.json")
    }
}

/// How many ways to ask the pack has, and those that were understood before and are not any more.
fn misunderstood(pack: &Pack, [before, now]: &[Arc<Understanding>; 2]) -> (usize, Vec<String>) {
    let topics = pack.topics();
    let phrases = || topics.iter().flat_map(|(topic, all)| all.values().flatten().map(move |phrase| (topic, phrase)));
    let lost = phrases().filter(|(topic, phrase)| understands(before, phrase, topic) && !understands(now, phrase, topic));
    (phrases().count(), lost.map(|(_, phrase)| format!("{phrase:?} would not be understood any more")).collect())
}

fn understands(understanding: &Understanding, said: &str, wanted: &Topic) -> bool {
    understanding.intents(said).first().is_some_and(|best| best.topic == *wanted && best.score >= ACT)
}

/// The callers whom the pack serves as it is and would not serve any more.
async fn worse_served(
    callers: &[Script],
    packs: impl Iterator<Item = (Arc<Pack>, Arc<Understanding>)>,
) -> Result<Vec<String>, TrialError> {
    let (mut trials, mut worse) = (Vec::new(), Vec::new());
    for (pack, understanding) in packs {
        trials.push(Trial::of(pack, understanding).await?);
    }
    for caller in callers {
        let outcome = trials[1].serve(caller).await?;
        if !outcome.success && trials[0].serve(caller).await?.success {
            worse.push(format!("the caller {} is served worse: {}", caller.name, outcome.wrong.join("; ")));
        }
    }
    Ok(worse)
}

fn read(file: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// All of it or nothing; `None` takes the file away.
fn write(file: &Path, text: Option<&str>) -> io::Result<()> {
    let Some(text) = text else { return fs::remove_file(file) };
    let folder = file.parent().expect("it stands in a folder");
    fs::create_dir_all(folder)?;
    let beside = file.with_extension("part");
    fs::write(&beside, text)?;
    fs::rename(&beside, file)
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}
