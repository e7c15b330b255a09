//! The `hotline` program: everything is in the library.
//! Only turns what stopped it into one line and an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    hotline::cli::main().unwrap_or_else(|error| {
        eprintln!("hotline: {error:#}");
        ExitCode::FAILURE
    })
}
