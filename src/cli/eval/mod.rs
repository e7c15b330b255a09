//! `hotline eval …`: how well parts of the program do on data, measured on this machine.
//! Never trains anything that a call uses.

pub mod emotion;
pub mod recommend;

use std::io::Write;

use clap::{Args, Subcommand};

/// Measure how well the program understands, feels and recommends.
#[derive(Debug, Args)]
pub struct EvalArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Feelings read from words, against labelled lines
    Emotion(emotion::EmotionArgs),
    /// Recommendations against the most popular products, on a seeded log of purchases
    Recommend(recommend::RecommendArgs),
}

/// Measures and prints; whether the figures could be had.
///
/// # Errors
/// Data that cannot be read, or output that cannot be written.
pub fn run(args: &EvalArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    match &args.what {
        What::Emotion(args) => emotion::run(args, out),
        What::Recommend(args) => recommend::run(args, out),
    }
}
