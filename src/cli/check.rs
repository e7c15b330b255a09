//! `hotline check CONFIG|PACK…`: every mistake as `file:line: what; what to do`.
//! Never starts anything and never lets the environment hide a mistake.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::business::{Fault, Pack, PackError, Severity};
use crate::config::{Config, ConfigError, Place, Problem};

/// Check configuration files and business packs.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Configuration files, or folders of packs.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Print the mistakes as a JSON array.
    #[arg(long)]
    pub json: bool,
}

/// One mistake in a file of either kind.
struct Mistake {
    file: String,
    line: Option<usize>,
    severity: Severity,
    /// What is wrong, and what to do.
    what: String,
}

/// Checks every path (a folder is a pack) and prints what is wrong; whether all of them can be used.
pub fn run(args: &CheckArgs, out: &mut dyn Write) -> io::Result<bool> {
    let mut all = Vec::new();
    for path in &args.paths {
        let mistakes = if path.is_dir() { of_pack(path) } else { of_config(path) };
        if !args.json {
            mistakes.iter().try_for_each(|mistake| writeln!(out, "{mistake}"))?;
            if mistakes.is_empty() {
                writeln!(out, "{}: right", path.display())?;
            }
        }
        all.extend(mistakes);
    }
    if args.json {
        writeln!(out, "{}", serde_json::Value::from_iter(all.iter().map(Mistake::to_json)))?;
    }
    Ok(all.iter().all(|mistake| mistake.severity == Severity::Warning))
}

fn of_config(path: &Path) -> Vec<Mistake> {
    match Config::load(Some(path), []) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Wrong(problems)) => problems.into_iter().map(Mistake::from).collect(),
        Err(ConfigError::Unreadable { path, source }) => {
            vec![Mistake::of_file(&path, format!("cannot be read ({source}); name a configuration file or the folder of a pack"))]
        }
    }
}

fn of_pack(folder: &Path) -> Vec<Mistake> {
    match Pack::load(folder) {
        Ok(pack) => pack.warnings().iter().map(Mistake::from).collect(),
        Err(PackError::Faulty(faults)) => faults.iter().map(Mistake::from).collect(),
        Err(PackError::Unreadable { path, source }) => {
            vec![Mistake::of_file(&path, format!("cannot be read ({source}); a pack is a folder with pack.toml in it"))]
        }
    }
}

impl Mistake {
    fn of_file(path: &Path, what: String) -> Self {
        Self { file: path.display().to_string(), line: None, severity: Severity::Error, what }
    }

    fn to_json(&self) -> serde_json::Value {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        json!({ "file": self.file, "line": self.line, "severity": severity, "what": self.what })
    }
}

impl From<Problem> for Mistake {
    fn from(Problem { place, what, fix }: Problem) -> Self {
        let (file, line) = match place {
            Place::Line(file, line) => (file.display().to_string(), Some(line)),
            Place::Variable(name) => (name, None),
        };
        Self { file, line, severity: Severity::Error, what: format!("{what}; {fix}") }
    }
}

impl From<&Fault> for Mistake {
    fn from(Fault { severity, file, line, what }: &Fault) -> Self {
        Self { file: file.display().to_string(), line: Some(*line), severity: *severity, what: what.clone() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        let word = match self.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
        };
        write!(f, ": {word}{}", self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(names: &[&str], json: bool) -> (bool, String) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("pack")).expect("a fresh folder");
        std::fs::write(folder.path().join("pack/pack.toml"), "nonsense = 1\n").expect("written");
        std::fs::write(folder.path().join("good.toml"), "offline = true\n").expect("written");
        std::fs::write(folder.path().join("bad.toml"), "\nofline = true\n").expect("written");
        let args = CheckArgs { paths: names.iter().map(|name| folder.path().join(name)).collect(), json };
        let mut out = Vec::new();
        let right = run(&args, &mut out).expect("memory takes everything");
        (right, String::from_utf8(out).expect("text").replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn mistakes_stand_with_their_file_and_line() {
        assert_eq!(checked(&["good.toml"], false), (true, "good.toml: right\n".to_owned()));
        let (right, told) = checked(&["bad.toml", "none.toml"], false);
        let lines: Vec<_> = told.lines().collect();
        assert!(!right);
        assert_eq!(lines[0], "bad.toml:2: unknown key `ofline`; did you mean `offline`?");
        assert!(lines[1].starts_with("none.toml: cannot be read"), "{told}");
        let (right, told) = checked(&["pack"], false);
        assert!(!right && told.starts_with("pack/pack.toml:1: "), "{told}");
    }

    #[test]
    fn machines_get_an_array() {
        let (_, told) = checked(&["bad.toml", "good.toml"], true);
        let json: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!((&json[0]["file"], &json[0]["line"], json[1].is_null()), (&"bad.toml".into(), &2.into(), true));
        assert_eq!(checked(&["good.toml"], true), (true, "[]\n".to_owned()));
    }

    #[test]
    fn the_packs_that_come_with_it_can_be_used() {
        let packs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/packs")).expect("the folder of packs");
        let folders = packs.map(|pack| pack.expect("readable").path()).filter(|path| path.is_dir());
        let args = CheckArgs { paths: folders.collect(), json: false };
        let mut out = Vec::new();
        assert!(run(&args, &mut out).expect("memory takes everything"), "{}", String::from_utf8_lossy(&out));
    }
}
