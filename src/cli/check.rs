//! `hotline check CONFIG|PACK…`: every mistake as `file:line: what; what to do`.
//! Never starts anything and never lets the environment hide a mistake.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

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

/// Checks every path and prints what is wrong; whether nothing is. A folder is a pack, and `pack` finds its mistakes.
pub fn run(args: &CheckArgs, pack: impl Fn(&Path) -> Vec<Problem>, out: &mut dyn Write) -> io::Result<bool> {
    let mut all = Vec::new();
    for path in &args.paths {
        let problems = if path.is_dir() { pack(path) } else { config(path) };
        if !args.json {
            problems.iter().try_for_each(|problem| writeln!(out, "{problem}"))?;
            if problems.is_empty() {
                writeln!(out, "{}: right", path.display())?;
            }
        }
        all.extend(problems);
    }
    if args.json {
        writeln!(out, "{}", serde_json::Value::from_iter(all.iter().map(to_json)))?;
    }
    Ok(all.is_empty())
}

fn config(path: &Path) -> Vec<Problem> {
    match Config::load(Some(path), []) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Wrong(problems)) => problems,
        Err(ConfigError::Unreadable { path, source }) => {
            let fix = "name a configuration file or the folder of a pack".to_owned();
            vec![Problem { place: Place::File(path), what: format!("cannot be read ({source})"), fix }]
        }
    }
}

fn to_json(problem: &Problem) -> serde_json::Value {
    let (file, line) = match &problem.place {
        Place::Line(file, line) => (file.display().to_string(), Some(line)),
        Place::File(file) => (file.display().to_string(), None),
        Place::Variable(name) => (name.clone(), None),
    };
    json!({ "file": file, "line": line, "what": problem.what, "fix": problem.fix })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(names: &[&str], json: bool) -> (bool, String) {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("pack")).expect("a fresh folder");
        std::fs::write(folder.path().join("good.toml"), "offline = true\n").expect("written");
        std::fs::write(folder.path().join("bad.toml"), "\nofline = true\n").expect("written");
        let args = CheckArgs { paths: names.iter().map(|name| folder.path().join(name)).collect(), json };
        let pack = |path: &Path| {
            let place = Place::Line(path.join("faq.toml"), 3);
            vec![Problem { place, what: "no question".to_owned(), fix: "write one".to_owned() }]
        };
        let mut out = Vec::new();
        let right = run(&args, pack, &mut out).expect("memory takes everything");
        (right, String::from_utf8(out).expect("text").replace(&format!("{}/", folder.path().display()), ""))
    }

    #[test]
    fn mistakes_stand_with_their_file_and_line() {
        assert_eq!(checked(&["good.toml"], false), (true, "good.toml: right\n".to_owned()));
        let (right, told) = checked(&["bad.toml", "pack", "none.toml"], false);
        let lines: Vec<_> = told.lines().collect();
        assert!(!right);
        assert_eq!(lines[0], "bad.toml:2: unknown key `ofline`; did you mean `offline`?");
        assert_eq!(lines[1], "pack/faq.toml:3: no question; write one");
        assert!(lines[2].starts_with("none.toml: cannot be read"), "{told}");
    }

    #[test]
    fn machines_get_an_array() {
        let (_, told) = checked(&["bad.toml", "good.toml"], true);
        let json: serde_json::Value = serde_json::from_str(&told).expect("JSON");
        assert_eq!((&json[0]["file"], &json[0]["line"], json[1].is_null()), (&"bad.toml".into(), &2.into(), true));
        assert_eq!(checked(&["good.toml"], true), (true, "[]\n".to_owned()));
    }
}
