//! `hotline eval`: how good a part is, measured on sets the caller brings.
//! Never changes anything and never needs a line.

mod labelled;
pub mod nlu;

use std::io::Write;

use clap::{Args, Subcommand};

/// Measure how good a part is on a set of your own.
#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Train the intent model on DIR/train.csv and measure it on DIR/test.csv
    Nlu(nlu::NluArgs),
}

/// Measures and prints.
///
/// # Errors
/// A set that cannot be read or measured, in words for the person who brought it.
pub fn run(args: &EvalArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    match &args.part {
        Part::Nlu(args) => nlu::run(args, out),
    }
}
