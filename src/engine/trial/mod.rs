//! Scripted callers talk to a pack by text; what they got and what was written is judged.
//! Never looks at how the engine works: it judges the tools called, the rows changed and the words said.

mod caller;
mod script;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use thiserror::Error;

use super::reply::{DialogueError, Dialogues};
use crate::business::{Pack, PackError};
use crate::dialogue::{DialogueConfig, Understanding};
use crate::store::pack_data::PackDataError;

use caller::Caller;
pub use script::{EndState, Ends, OneOrMore, Script};

/// Why nothing can be tried.
#[derive(Debug, Error)]
pub enum TrialError {
    /// The pack.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// Its tools.
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
    /// Its database.
    #[error(transparent)]
    Data(#[from] PackDataError),
    /// A folder or file that cannot be read or written.
    #[error("the trial's files cannot be read or written: {0}")]
    Disk(#[from] std::io::Error),
    /// A file that is no list of scripts.
    #[error("{path} is no list of scripts: {what}", path = path.display())]
    Script {
        /// Which.
        path: PathBuf,
        /// Where and why.
        what: String,
    },
}

/// What came of one script.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Whether all it asks for holds.
    pub success: bool,
    /// Caller's turns.
    pub turns: usize,
    /// Writes without a yes of the caller to what was read back.
    pub unconfirmed_writes: usize,
    /// Calls of tools that the caller had no right to.
    pub unauthorised_calls: usize,
    /// Writes on a script on which nothing may be written.
    pub refused_writes: usize,
    /// What went wrong.
    pub wrong: Vec<String>,
    /// Who said what.
    #[serde(skip)]
    pub conversation: Vec<String>,
}

/// A pack with a fresh database to copy.
pub struct Trial {
    pack: Arc<Pack>,
    dialogues: Dialogues,
    template: tempfile::TempDir,
}

impl Trial {
    /// Opens a pack for scripted callers.
    ///
    /// # Errors
    /// A pack that cannot be opened.
    pub async fn open(folder: &Path, config: &DialogueConfig) -> Result<Self, TrialError> {
        let pack = Arc::new(Pack::load(folder)?);
        let template = tempfile::tempdir()?;
        let dialogues = Dialogues::open(config, pack.clone(), template.path()).await?;
        Ok(Self { pack, dialogues, template })
    }

    /// The same of a pack that is read and learnt already. It asks no language model, and so answers the same way every time.
    ///
    /// # Errors
    /// A pack whose tools cannot be opened.
    pub async fn of(pack: Arc<Pack>, understanding: Arc<Understanding>) -> Result<Self, TrialError> {
        let template = tempfile::tempdir()?;
        let dialogues = Dialogues::open_learnt(pack.clone(), understanding, template.path()).await?;
        Ok(Self { pack, dialogues, template })
    }

    /// Lets the caller talk, over a database of their own.
    ///
    /// # Errors
    /// A disk or database that refuses.
    pub async fn serve(&self, script: &Script) -> Result<Outcome, TrialError> {
        let data = tempfile::tempdir()?;
        std::fs::create_dir(data.path().join("packs"))?;
        for file in std::fs::read_dir(self.template.path().join("packs"))? {
            let file = file?;
            std::fs::copy(file.path(), data.path().join("packs").join(file.file_name()))?;
        }
        let dialogues = self.dialogues.over(data.path()).await?;
        let dialogue = dialogues.begin(Some(script.language));
        let mut caller = Caller::new(script, &self.pack, dialogue);
        caller.talk().await;
        let changed = dialogues.tools().data().changed_rows().await?;
        let mut outcome = caller.outcome(changed);
        for end in &script.end {
            let found = dialogues.tools().data().look_up(&end.sql, &BTreeMap::new()).await?;
            let value = found["rows"][0].as_object().and_then(|row| row.values().next()).cloned().unwrap_or_default();
            if value != end.is {
                outcome.wrong.push(format!("{} is {value}, not {}", end.sql, end.is));
            }
        }
        outcome.success = outcome.wrong.is_empty();
        Ok(outcome)
    }
}

/// All scripts in the `.yaml` files of a folder, by file name.
///
/// # Errors
/// A folder that cannot be read, or a file that is no list of scripts, named with its line.
pub fn scripts(dir: &Path) -> Result<Vec<Script>, TrialError> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)?.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let found: Vec<Script> = serde_saphyr::from_str(&std::fs::read_to_string(&file)?)
            .map_err(|error| TrialError::Script { path: file.clone(), what: error.to_string() })?;
        all.extend(found);
    }
    Ok(all)
}
