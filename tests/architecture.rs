//! The shape of the source, as a test: who may import whom, what the pure rooms never touch, where `unsafe` may stand.
//! Never checks behaviour, only what the text of the source shows.

#[path = "common/source.rs"]
mod source;

use std::collections::BTreeSet;

use source::{SourceFile, has_path, has_word, read_tree};

/// What a room may do besides computing.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Values in, values out: no clock, lock, thread, file, socket, async or chance.
    Pure,
    /// Blocks where it must; async only in files named `openai.rs`.
    Sync,
    /// Talks to the outside.
    Shell,
}

struct Room {
    name: &'static str,
    imports: &'static [&'static str],
    kind: Kind,
}

const fn room(name: &'static str, kind: Kind, imports: &'static [&'static str]) -> Room {
    Room { name, imports, kind }
}

/// Every folder of `src/`, in layers: a room imports from rows above its own, and only what its row names.
const ROOMS: [Room; 16] = [
    room("audio", Kind::Pure, &[]),
    room("privacy", Kind::Pure, &[]),
    room("talk", Kind::Pure, &["audio", "privacy"]),
    room("media", Kind::Pure, &["audio", "talk"]),
    // A finished call's record and a `to` address carry `Pii`.
    room("call", Kind::Pure, &["audio", "talk", "privacy"]),
    room("desk", Kind::Pure, &["audio", "talk", "call", "privacy"]),
    room("speech", Kind::Sync, &["audio", "talk", "privacy"]),
    room("business", Kind::Sync, &["talk", "privacy"]),
    room("dialogue", Kind::Sync, &["talk", "business", "privacy"]),
    // The packets that media decodes are the ones that the line receives.
    room("line", Kind::Shell, &["audio", "media", "talk", "privacy"]),
    room("store", Kind::Shell, &["audio", "talk", "privacy", "call", "business"]),
    room("tools", Kind::Shell, &["business", "store", "talk", "privacy"]),
    room("telemetry", Kind::Shell, &["call", "talk", "privacy"]),
    room(
        "config",
        Kind::Shell,
        &["audio", "privacy", "talk", "media", "call", "speech", "business", "dialogue", "line", "store", "tools", "telemetry"],
    ),
    room("engine", Kind::Shell, ENGINE),
    room("http", Kind::Shell, HTTP),
];

const ENGINE: &[&str] = &[
    "audio",
    "privacy",
    "talk",
    "media",
    "call",
    "desk",
    "speech",
    "business",
    "dialogue",
    "line",
    "store",
    "tools",
    "telemetry",
    "config",
];

/// All above but the rooms of one call's sound.
const HTTP: &[&str] =
    &["audio", "privacy", "talk", "business", "dialogue", "line", "store", "tools", "telemetry", "config", "engine"];

/// `cli` sits on top of everything; `lib.rs` and `main.rs` belong to no room.
const TOP: &str = "cli";

/// Files of shell rooms that keep the promises of a pure room.
const PURE_FILES: [&str; 15] = [
    "config/error.rs",
    "config/layers.rs",
    "line/rtp/latch.rs",
    "line/rtp/pacer.rs",
    "line/rtp/rtcp.rs",
    "line/rtp/stats.rs",
    "line/rtp/telephone_event.rs",
    "line/sip/digest.rs",
    "line/sip/negotiation.rs",
    "line/sip/offer.rs",
    "line/sip/screen.rs",
    "line/sip/session_timer.rs",
    "store/weights/digest.rs",
    "store/weights/manifest.rs",
    "telemetry/latency.rs",
];

/// Files of sync and shell rooms in which `async` may stand: those that talk to a server.
const ASYNC_FILE: &str = "openai.rs";

/// The only files with `unsafe`, each a safe API of at most 250 lines.
const UNSAFE_FILES: [&str; 5] = [
    "speech/hear/sphinx_ffi.rs",
    "speech/hear/whisper_abort.rs",
    "speech/speak/espeak_ffi.rs",
    "speech/speak/flite_ffi.rs",
    "speech/speak/onnx_ffi.rs",
];

/// What a pure room or file never names.
const IMPURE_WORDS: [&str; 10] =
    ["async", "await", "tokio", "Mutex", "RwLock", "SystemTime", "UdpSocket", "TcpStream", "TcpListener", "OsRng"];
const IMPURE_PATHS: [&str; 7] = ["std::fs", "std::thread", "env::var", "std::process", "Instant::now", "File::open", "rand::"];

fn rooms_of(file: &SourceFile) -> Option<&'static Room> {
    ROOMS.iter().find(|room| file.room() == Some(room.name))
}

/// Fails with all faults at once, one a line.
fn none(faults: &[String], rule: &str) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn every_folder_has_a_row_and_every_row_a_folder() {
    let folders: BTreeSet<_> = read_tree("src").iter().filter_map(|f| f.room().map(str::to_owned)).collect();
    let rows: BTreeSet<_> = ROOMS.iter().map(|r| r.name).chain([TOP]).map(str::to_owned).collect();
    assert_eq!(folders, rows, "the folders of src/ and the table in this test");
}

#[test]
fn rows_import_only_from_rows_above() {
    for (n, room) in ROOMS.iter().enumerate() {
        for import in room.imports {
            assert!(ROOMS[..n].iter().any(|above| above.name == *import), "{} names {import}, which is not above it", room.name);
        }
    }
}

#[test]
fn a_room_imports_only_what_its_row_allows() {
    let mut faults = Vec::new();
    for file in read_tree("src") {
        let Some(room) = rooms_of(&file) else { continue };
        for (line, import) in file.imports() {
            if import != room.name && !room.imports.contains(&import.as_str()) {
                faults.push(format!("{}:{line}: `{}` may not import `{import}`", file.path, room.name));
            }
        }
    }
    none(&faults, "an arrow that is not in the table");
}

#[test]
fn pure_rooms_and_files_touch_nothing_outside() {
    let mut faults = Vec::new();
    for file in read_tree("src") {
        let pure_room = rooms_of(&file).is_some_and(|room| room.kind == Kind::Pure);
        if !pure_room && !PURE_FILES.contains(&file.path.as_str()) {
            continue;
        }
        for (line, text) in file.code_lines() {
            let word = IMPURE_WORDS.iter().find(|word| has_word(text, word));
            let path = IMPURE_PATHS.iter().find(|path| has_path(text, path));
            // A shared payload is a value; a shared anything else is state.
            let shared = (text.contains("Arc<") && !text.contains("Arc<[") && !text.contains("Arc<str>")).then_some(&"Arc<");
            if let Some(banned) = word.or(path).or(shared) {
                faults.push(format!("{}:{line}: `{banned}`", file.path));
            }
        }
    }
    none(&faults, "pure code takes time, chance and bytes as arguments");
}

#[test]
fn sync_rooms_are_async_only_where_they_talk_to_a_server() {
    let mut faults = Vec::new();
    for file in read_tree("src") {
        if file.name() == ASYNC_FILE || rooms_of(&file).is_none_or(|room| room.kind != Kind::Sync) {
            continue;
        }
        for (line, text) in file.code_lines() {
            // A handle to the engine's runtime may be carried to the file that uses it.
            let carries = text.contains("tokio::runtime::Handle");
            if let Some(banned) = ["async", "await", "tokio"].iter().find(|word| has_word(text, word) && !carries) {
                faults.push(format!("{}:{line}: `{banned}`", file.path));
            }
        }
    }
    none(&faults, "sync rooms block, and the engine gives them a thread");
}

#[test]
fn only_the_engine_spawns_and_selects() {
    let mut faults = Vec::new();
    for file in read_tree("src") {
        // A command that plays many callers may hold them in a JoinSet: it ends them with itself.
        let banned = match file.room() {
            Some("engine") => &[][..],
            Some(TOP) => &["tokio::spawn", "task::spawn"],
            _ => &["tokio::spawn", "task::spawn", "JoinSet"],
        };
        for (line, text) in file.code_lines() {
            if let Some(banned) = banned.iter().find(|path| has_path(text, path)) {
                faults.push(format!("{}:{line}: `{banned}`", file.path));
            }
        }
    }
    none(&faults, "tasks are spawned through engine::Tasks");
}

#[test]
fn unsafe_stands_only_in_the_listed_files() {
    let with: BTreeSet<_> =
        read_tree("src").into_iter().filter(|f| f.all_lines().any(|(_, text)| has_word(text, "unsafe"))).collect();
    let found: BTreeSet<_> = with.iter().map(|f| f.path.as_str()).collect();
    assert_eq!(found, BTreeSet::from(UNSAFE_FILES), "files with `unsafe`, and the list in this test");
    for file in &with {
        let code = file.code_lines().filter(|(_, text)| !text.trim().is_empty()).count();
        assert!(code <= 250, "{}: {code} lines of code in a file with `unsafe`", file.path);
        let lines: Vec<_> = file.text.lines().collect();
        for (n, text) in file.all_lines().filter(|(_, text)| has_word(text, "unsafe") && text.contains('{')) {
            let declares = ["fn", "impl", "extern"].iter().any(|word| has_word(text, word));
            let said = lines[n.saturating_sub(6)..n].iter().any(|above| above.contains("SAFETY:") || above.contains("# Safety"));
            assert!(declares || said, "{}:{n}: an unsafe block without `// SAFETY:`", file.path);
        }
    }
}

#[test]
fn pure_files_of_shell_rooms_are_there() {
    let paths: BTreeSet<_> = read_tree("src").into_iter().map(|f| f.path).collect();
    for path in PURE_FILES {
        assert!(paths.contains(path), "{path} is listed in this test and not in src/");
    }
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in read_tree(folder) {
            if !file.text.starts_with("//! ") {
                faults.push(format!("{folder}/{}: opens without `//!`", file.path));
            }
            let lines = file.text.lines().count();
            if lines > 600 {
                faults.push(format!("{folder}/{}: {lines} lines", file.path));
            }
        }
    }
    none(&faults, "at most 600 lines, the first of which says what the file is");
}

#[test]
fn names_say_what_a_thing_is() {
    let mut faults = Vec::new();
    for file in read_tree("src") {
        for (line, text) in file.all_lines() {
            let vague = ["Manager", "Helper", "Util", "Utils", "Impl"];
            let names = ["struct ", "enum ", "trait ", "mod "].iter().filter_map(|word| text.split_once(word));
            let mut names = names.map(|(_, rest)| rest.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default());
            if text.contains("fn get_") || names.any(|name| vague.iter().any(|end| name.ends_with(end))) {
                faults.push(format!("{}:{line}: {}", file.path, text.trim()));
            }
            // Tests see all of what they test, and a crate's prelude where its macros need it.
            let glob = has_word(text, "use") && text.contains("::*");
            let in_tests = line > file.product_lines() && (text.contains("super::*") || text.contains("prelude::*"));
            if glob && !in_tests {
                faults.push(format!("{}:{line}: a glob import", file.path));
            }
        }
    }
    none(&faults, "no `get_`, no Manager, Helper, Util, Impl, no glob import");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
    let macros = [concat!("to", "do!"), concat!("unimple", "mented!")];
    let mut faults = Vec::new();
    for folder in ["src", "tests", "benches"] {
        for file in read_tree(folder) {
            for (n, text) in file.text.lines().enumerate() {
                let mark = marks.iter().find(|word| has_word(text, word)).or_else(|| macros.iter().find(|m| text.contains(**m)));
                if let Some(mark) = mark {
                    faults.push(format!("{folder}/{}:{}: {mark}", file.path, n + 1));
                }
            }
        }
    }
    none(&faults, "finished or not offered");
}
