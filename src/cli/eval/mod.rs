//! `hotline eval …`: how well parts of the program do on data, measured on this machine.
//! Never trains anything that a call uses.

pub mod dialogue;
pub mod emotion;
mod labelled;
pub mod nlu;
pub mod recommend;

use std::io::Write;

use clap::{Args, Subcommand};
use tokio::runtime::Handle;

use crate::config::Config;

/// Measure how well the program understands, decides, feels and recommends.
#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Scripted callers against the engine, judged by what was said, called and written
    Dialogue(dialogue::DialogueArgs),
    /// Train the intent model on DIR/train.csv and measure it on DIR/test.csv
    Nlu(nlu::NluArgs),
    /// Feelings read from words, against labelled lines
    Emotion(emotion::EmotionArgs),
    /// Recommendations against the most popular products, on a seeded log of purchases
    Recommend(recommend::RecommendArgs),
}

/// Measures and prints; whether nothing happened that must not.
///
/// # Errors
/// Data that cannot be read, or output that cannot be written.
pub fn run(args: &EvalArgs, config: &Config, runtime: &Handle, out: &mut dyn Write) -> anyhow::Result<bool> {
    match &args.what {
        What::Dialogue(args) => runtime.block_on(dialogue::run(args, &config.dialogue, out)),
        What::Nlu(args) => nlu::run(args, out).map(|()| true),
        What::Emotion(args) => emotion::run(args, out).map(|()| true),
        What::Recommend(args) => recommend::run(args, out).map(|()| true),
    }
}
