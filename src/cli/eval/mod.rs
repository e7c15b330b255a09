//! `hotline eval`: long measurements of what the line understands, decides and feels.
//! Never a test: each prints figures.

pub mod dialogue;
mod labelled;
pub mod nlu;

use clap::{Args, Subcommand};

/// Measure understanding, dialogue and the like on data of your own.
#[derive(Debug, Args)]
pub struct EvalArgs {
    /// What is measured.
    #[command(subcommand)]
    pub what: What,
}

/// What can be measured.
#[derive(Debug, Subcommand)]
pub enum What {
    /// Scripted callers against the engine, judged by the end state
    Dialogue(dialogue::DialogueArgs),
    /// Train the intent model on DIR/train.csv and measure it on DIR/test.csv
    Nlu(nlu::NluArgs),
}
