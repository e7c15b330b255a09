//! placeholder
use clap::Args;
use std::io::Write;
/// x
#[derive(Debug, Args)]
pub struct RecommendArgs {}
/// x
pub fn run(_: &RecommendArgs, _: &mut dyn Write) -> anyhow::Result<()> { Ok(()) }
