//! `hotline mic`: a call over this machine's microphone and loudspeaker.

use std::future::pending;

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::sync::mpsc;

use super::line_args::LineArgs;
use super::{calls, serve};
use crate::config::Config;
use crate::engine::Line;
use crate::line::mic::Microphone;

/// Talk to the bot with microphone and loudspeaker (use headphones)
#[derive(Debug, Args)]
pub struct MicArgs {
    #[command(flatten)]
    line: LineArgs,
}

/// Talks until the bot hangs up or Ctrl-C.
pub async fn run(args: MicArgs, config: Config) -> Result<()> {
    let config = args.line.over(config);
    let port = Microphone::open().await?;
    let (live, events) = mpsc::channel(256);
    let line = Line::open(&config, Some(live)).await?;
    let show = line.tasks().spawn("show", calls::follow(events));
    let place = line.board().admit().context("the line takes no call: engine.max_calls")?;
    let stop = async {
        serve::stop_asked().await?;
        line.say_goodbye().await;
        // The call ends by itself now, and this with it.
        pending::<Result<()>>().await
    };
    tokio::select! {
        _ = line.board().serve(Box::new(port), place) => {}
        stopped = stop => stopped?,
    }
    line.close().await;
    show.abort();
    Ok(())
}
