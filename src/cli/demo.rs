//! `hotline demo`: opens the line, lets a scripted caller phone it over real SIP and RTP, shows the conversation, stays open.
//! Never pretends: the caller speaks through a voice, and all the line knows is what comes over the wire.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::sync::mpsc;

use super::bench::{speak, voices};
use super::caller::{CallEnded, Caller};
use super::line_args::LineArgs;
use super::{calls, models, serve};
use crate::config::Config;
use crate::engine::{Line, Tasks, clock};
use crate::line::sip::{DialOptions, Listen, SipConfig, SipEndpoint, Transport};
use crate::talk::Language;

/// The bot has finished when it has been silent that long.
const QUIET: Duration = Duration::from_millis(900);
/// Longest wait for it to begin or to finish.
const PATIENCE: Duration = Duration::from_secs(20);

/// Open the line, place a scripted call to it, show the conversation, and stay open
#[derive(Debug, Args)]
pub struct DemoArgs {
    #[command(flatten)]
    line: LineArgs,
    /// Pull weights of 100 MB and more without asking.
    #[arg(long)]
    yes: bool,
    /// End after the scripted call instead of leaving the line open.
    #[arg(long)]
    once: bool,
}

/// What the caller of the demonstration does, in order.
enum Step {
    /// Waits until the bot has finished, then says this.
    Say(&'static str),
    /// Waits until the bot has spoken for so long, then says this over it.
    Interrupt(Duration, &'static str),
}

const SCRIPT: [Step; 6] = [
    Step::Say("where is my order"),
    Step::Say("four two seven one"),
    Step::Say("nine zero two one zero"),
    Step::Say("what is your return policy"),
    Step::Interrupt(Duration::from_millis(1_500), "what are your opening hours"),
    Step::Say("goodbye"),
];

/// Runs the demonstration.
pub async fn run(args: DemoArgs, config: Config) -> Result<()> {
    let mut config = args.line.over(config);
    pull(&config, args.yes).await;
    if args.line.sip.is_empty() {
        give_way(&mut config);
    }
    let (live, events) = mpsc::channel(1_024);
    let line = Line::open(&config, Some(live)).await?;
    let show = line.tasks().spawn("show", calls::follow(events));
    let open = serve::open(line, &config).await?;
    say(open.ready());
    match call(&open).await {
        Ok(()) => {}
        Err(error) => say(&format!("the scripted call did not come to its end: {error:#}")),
    }
    clock::sleep_until(clock::now() + Duration::from_millis(300)).await;
    if !args.once {
        say(&format!("The line stays open: phone sip:bot@{} — Ctrl-C ends it.", address(open.sip())));
        serve::stop_asked().await?;
    }
    open.close().await;
    show.abort();
    Ok(())
}

/// Tries to get the weights; the line works without them.
async fn pull(config: &Config, yes: bool) {
    if config.offline {
        return say("HOTLINE_OFFLINE: weights are not looked for; the embedded recogniser and voices answer.");
    }
    match models::pull_defaults(&config.store.data, yes).await {
        Ok(summary) => say(&summary.to_string()),
        Err(error) => say(&format!("weights: {error}; the embedded recogniser and voices answer.")),
    }
}

/// Takes free ports where the usual ones are taken, and says so: a demonstration must not fail on a running line.
fn give_way(config: &mut Config) {
    let mut moved = false;
    for listen in &mut config.sip.listen {
        let free = match listen.transport {
            Transport::Udp => std::net::UdpSocket::bind(listen.addr).is_ok(),
            Transport::Tcp => std::net::TcpListener::bind(listen.addr).is_ok(),
        };
        if !free {
            listen.addr.set_port(0);
            moved = true;
        }
    }
    if std::net::TcpListener::bind(config.http.listen).is_err() {
        config.http.listen.set_port(0);
        moved = true;
    }
    if moved {
        say("The usual ports are taken; free ones are used.");
    }
}

/// Places the scripted call.
async fn call(open: &serve::Open) -> Result<()> {
    let voice = voices()?.into_iter().next().context("no voice for the caller: apt-get install libflite1")?;
    let mut spoken = Vec::new();
    for step in &SCRIPT {
        let (Step::Say(text) | Step::Interrupt(_, text)) = step;
        spoken.push(speak(&*voice.1, text, Language::EN)?);
    }
    let tasks = Tasks::default();
    let phone = SipConfig {
        listen: vec![Listen { transport: Transport::Udp, addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }],
        ..SipConfig::default()
    };
    let (phone, _calls) = SipEndpoint::bind(phone, tasks.tracker(), tasks.stopping().clone()).await?;
    let port = phone.dial(&format!("sip:bot@{}", address(open.sip())), DialOptions::default()).await?;
    let mut caller = Caller::new(port, open.line().board().shared().clock.subscribe(), 7);
    let outcome = follow_script(&mut caller, &spoken).await;
    caller.hang_up().await;
    phone.shutdown().await;
    tasks.stop();
    match outcome {
        Ok(()) | Err(CallEnded(crate::line::CloseCause::RemoteHangup)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn follow_script(caller: &mut Caller, spoken: &[Vec<i16>]) -> Result<(), CallEnded> {
    caller.until_audible(PATIENCE).await?;
    for (step, pcm) in SCRIPT.iter().zip(spoken) {
        match step {
            Step::Say(_) => caller.until_quiet(QUIET, PATIENCE).await?,
            Step::Interrupt(after, _) => {
                caller.until_audible(PATIENCE).await?;
                caller.wait(*after).await?;
            }
        }
        caller.say(pcm).await?;
        caller.until_audible(PATIENCE).await?;
    }
    caller.until_quiet(QUIET, PATIENCE).await
}

/// The UDP address to phone.
fn address(sip: &SipEndpoint) -> SocketAddr {
    let addrs = sip.local_addrs();
    let udp = addrs.iter().find(|listen| listen.transport == Transport::Udp);
    udp.or_else(|| addrs.first()).expect("an endpoint listens somewhere, or it is not opened").addr
}

fn say(line: &str) {
    // Nobody reading is no reason to end the line.
    writeln!(std::io::stdout(), "{line}").ok();
}
