//! The widget's built copy is the one its sources make: the hash noted at its build is the hash of what lies beside it.
//! Never runs Node: a stale copy is told from its sources alone.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const WIDGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/web/widget");
/// What the built copy depends on, in the order in which `web/widget/vite.config.js` hashes it.
const SOURCES: [&str; 6] = ["page", "src", "package-lock.json", "package.json", "tsconfig.json", "vite.config.js"];

#[test]
fn the_built_widget_is_not_stale() {
    let noted = read(&Path::new(WIDGET).join("dist/sources.sha256"));
    assert_eq!(noted.trim(), sources_hash(), "run `npm ci && npm run build` in web/widget and commit dist/");
}

#[test]
fn the_built_widget_names_no_other_host() {
    let script = read(&Path::new(WIDGET).join("dist/hotline-widget.js")).replace("http://www.w3.org/2000/svg", "");
    for scheme in ["https://", "http://", "wss://", "ws://"] {
        assert!(!script.contains(scheme), "the widget must reach no host but its server; it names {scheme}…");
    }
}

/// SHA-256 over "name NUL content NUL" of each source.
fn sources_hash() -> String {
    let mut hash = Sha256::new();
    for path in SOURCES.iter().flat_map(|source| files(&Path::new(WIDGET).join(source))) {
        let name = path.strip_prefix(WIDGET).expect("below the widget").to_string_lossy().replace('\\', "/");
        hash.update(format!("{name}\0{}\0", read(&path).replace("\r\n", "\n")));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All files at or below a path, in the order of their names.
fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let mut entries: Vec<_> = fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    entries.iter().flat_map(|entry| files(entry)).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
