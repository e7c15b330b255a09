//! Rust source as the architecture test reads it: with comments, literals and test modules told apart from code.
//! Never a full parser: it knows tokens, not types.
#![expect(clippy::string_slice, reason = "every index comes from match_indices or char_indices of the same text")]

use std::fs;
use std::path::Path;

/// One source file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Path below the folder that was read, `/` between its parts.
    pub path: String,
    /// The file as it is.
    pub text: String,
    /// The same lines, comments and literals blanked.
    code: String,
    product_lines: usize,
}

/// All `.rs` files below a folder of the package, sorted; empty when there is no such folder.
pub fn read_tree(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.sort();
    let test_modules: Vec<String> = files.iter().flat_map(test_modules).collect();
    for file in &mut files {
        let of = |module: &String| file.path == format!("{module}.rs") || file.path.starts_with(&format!("{module}/"));
        if test_modules.iter().any(of) {
            file.product_lines = 0;
        }
    }
    files
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("a folder of the package can be read").path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let below = path.strip_prefix(root).expect("it was found below it").to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let code = blank(&text);
            let product_lines = product_lines(&code);
            files.push(SourceFile { path: below, text, code, product_lines });
        }
    }
}

impl SourceFile {
    /// The folder directly below the root, if the file lies in one.
    pub fn room(&self) -> Option<&str> {
        self.path.split_once('/').map(|(room, _)| room)
    }

    /// File name alone.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Lines before the test module; 0 when the whole file is one.
    pub fn product_lines(&self) -> usize {
        self.product_lines
    }

    /// Lines of code with their numbers, test modules left out.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.all_lines().take(self.product_lines)
    }

    /// Lines of code with their numbers, tests too.
    pub fn all_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(n, text)| (n + 1, text))
    }

    /// Rooms that the code names: by `crate::room`, by `crate::{room, …}`, or by `super` beyond its own room.
    pub fn imports(&self) -> Vec<(usize, String)> {
        let product: String = self.code_lines().flat_map(|(_, text)| [text, "\n"]).collect();
        let mut found = Vec::new();
        for (at, _) in product.match_indices("crate::") {
            let line = product[..at].matches('\n').count() + 1;
            let rest = &product[at + "crate::".len()..];
            let names = if let Some(group) = rest.strip_prefix('{') { heads(group) } else { vec![head(rest)] };
            found.extend(names.into_iter().filter(|name| !name.is_empty()).map(|name| (line, name)));
        }
        // `room::a::b` lives in src/room/a/b.rs: three parts up is the crate.
        let depth = self.path.split('/').filter(|part| *part != "mod.rs").count();
        let beyond = "super::".repeat(depth);
        for (line, text) in self.code_lines() {
            if let Some((_, rest)) = text.split_once(&beyond) {
                found.push((line, head(rest)));
            }
        }
        found
    }
}

/// First identifiers of a `{a::X, b::{Y, Z}, c}` group.
fn heads(group: &str) -> Vec<String> {
    let mut names = vec![head(group)];
    let mut depth = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(head(&group[at + 1..])),
            _ => {}
        }
    }
    names
}

fn head(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// Whether `word` stands in `text` as a whole identifier.
pub fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| bounded(text, at, word))
}

/// Whether `path` stands in `text`, its first part a whole identifier.
pub fn has_path(text: &str, path: &str) -> bool {
    text.match_indices(path).any(|(at, _)| !text[..at].ends_with(is_name))
}

fn bounded(text: &str, at: usize, word: &str) -> bool {
    !text[..at].ends_with(is_name) && !text[at + word.len()..].starts_with(is_name)
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Modules that are compiled for tests alone and live in their own file, as paths without `.rs`.
fn test_modules(file: &SourceFile) -> Vec<String> {
    let lines: Vec<_> = file.code.lines().map(str::trim).collect();
    let own = file.path.trim_end_matches(".rs");
    let folder = if file.name() == "mod.rs" { own.trim_end_matches("/mod") } else { own };
    let pairs = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    let names = pairs.filter_map(|pair| pair[1].split("mod ").nth(1)?.strip_suffix(';'));
    names.map(|name| format!("{folder}/{name}")).collect()
}

/// Lines before `#[cfg(test)] mod … {`, which stands at the bottom.
fn product_lines(code: &str) -> usize {
    let lines: Vec<_> = code.lines().map(str::trim).collect();
    let opens = |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{');
    lines.windows(2).position(opens).unwrap_or(lines.len())
}

/// The text with comments, string and character literals replaced by blanks; line breaks stay.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// Where the comment or literal that begins here ends; `at` itself when none does.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied();
    let find = |from: usize, end: &dyn Fn(usize) -> bool| (from..chars.len()).find(|n| end(*n)).unwrap_or(chars.len());
    match chars[at] {
        '/' if next == Some('/') => find(at, &|n| chars[n] == '\n'),
        '/' if next == Some('*') => (find(at + 3, &|n| chars[n] == '/' && chars[n - 1] == '*') + 1).min(chars.len()),
        'r' if matches!(next, Some('"' | '#')) && (at == 0 || !is_name(chars[at - 1]) || chars[at - 1] == 'b') => {
            raw_end(chars, at)
        }
        '"' => quoted_end(chars, at, '"'),
        '\'' if next == Some('\\') => quoted_end(chars, at, '\''),
        '\'' if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn quoted_end(chars: &[char], at: usize, quote: char) -> usize {
    let mut n = at + 1;
    while n < chars.len() && chars[n] != quote {
        n += if chars[n] == '\\' { 2 } else { 1 };
    }
    (n + 1).min(chars.len())
}

fn raw_end(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return at;
    }
    let closes = |n: usize| chars[n] == '"' && chars[n + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
    (at + 2 + hashes..chars.len()).find(|n| closes(*n)).map_or(chars.len(), |n| n + 1 + hashes)
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = "let a = \"unsafe \\\" unsafe\"; // unsafe\n/* unsafe */ let b = 'u'; let c: &'static str = r#\"unsafe\"#; let d = '\\'';";
    let code = blank(text);
    assert!(!code.contains("unsafe"), "{code}");
    assert!(code.contains("let b") && code.contains("&'static str") && code.contains("let d"), "{code}");
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn every_way_of_naming_a_room_is_seen() {
    let text = "use crate::{audio::Frame, talk::{Digit, Heard}};\nfn f() { crate::line::x() }\nuse super::super::store;\nuse super::own;\n\
                #[cfg(test)]\nmod tests {\nuse crate::engine::E;\n}\n";
    let (code, path) = (blank(text), "media/jitter.rs".to_owned());
    let file = SourceFile { product_lines: product_lines(&code), path, text: text.to_owned(), code };
    let names: Vec<_> = file.imports().into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(names, ["1 audio", "1 talk", "2 line", "3 store"]);
}

#[test]
fn words_are_whole() {
    assert!(has_word("an async fn", "async") && !has_word("asynchronous", "async") && !has_word("an_async", "async"));
    assert!(has_path("use std::fs;", "std::fs") && !has_path("mystd::fs", "std::fs"));
}
