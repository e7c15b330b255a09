//! `hotline pack new NAME`: the skeleton of a business pack, which answers at once and is there to be rewritten.
//! Never writes into a folder that is there already.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::business::identifier_ok;

/// The files of a new pack.
const SKELETON: [(&str, &str); 5] = [
    ("pack.toml", include_str!("skeleton/pack.toml")),
    ("faq.toml", include_str!("skeleton/faq.toml")),
    ("flows/message.toml", include_str!("skeleton/message.toml")),
    ("tools.toml", include_str!("skeleton/tools.toml")),
    ("database/0001_messages.sql", include_str!("skeleton/0001_messages.sql")),
];

/// Business packs.
#[derive(Debug, Args)]
pub struct PackArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make the skeleton of a pack
    New {
        /// Its name: a-z, 0-9, - and _
        name: String,
        /// The folder that packs lie in
        #[arg(long, default_value = "packs")]
        dir: PathBuf,
    },
}

/// Does it and says what comes next.
///
/// # Errors
/// A name that is none, a folder that is there already or cannot be written.
pub fn run(args: &PackArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let What::New { name, dir } = &args.what;
    let folder = make(name, dir)?;
    let folder = folder.display();
    writeln!(out, "{folder} is there and answers. Talk to it:\n  hotline chat --pack {folder} --decisions")?;
    writeln!(out, "Rewrite its files, then look for mistakes:\n  hotline check {folder}")?;
    Ok(())
}

/// Makes the pack `name` in a folder of that name below `dir`, and gives the folder.
///
/// # Errors
/// As [`run`].
pub fn make(name: &str, dir: &Path) -> anyhow::Result<PathBuf> {
    if !identifier_ok(name) {
        bail!("{name:?} is no name for a pack; use a-z, 0-9, - and _, beginning with a letter");
    }
    let folder = dir.join(name);
    if folder.exists() {
        bail!("{} is there already; choose another name, or remove it first", folder.display());
    }
    let mut letters = name.chars();
    let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    for (file, text) in SKELETON {
        let path = folder.join(file);
        let parent = path.parent().expect("every file lies in the folder");
        std::fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
        let text = text.replace("NAME", name).replace("TITLE", &title);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(folder)
}
