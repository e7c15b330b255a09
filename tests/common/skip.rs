//! Named skips: a test that cannot run for want of a program says so in the last lines of `make test`.
//! Never skips silently; `.ci/run` fails where one of its own peers is named here.

use std::io::Write as _;

/// Notes that `program` is not here, and `why` that matters.
pub fn skip(program: &str, why: &str) {
    eprintln!("skipped: {program}: {why}");
    if let Some(path) = std::env::var_os("HOTLINE_SKIPS") {
        let mut file = std::fs::File::options().append(true).create(true).open(path).expect("make test gives a file it made");
        writeln!(file, "{program}: {why}").expect("a line fits into the runner's own file");
    }
}
