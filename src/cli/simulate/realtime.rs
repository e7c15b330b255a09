//! A scenario over real SIP and RTP: the line is opened as `serve` opens it, and a caller with a voice phones it.
//! Never scripts the recogniser, the voice or the network: `heard_as`, `timing` and `network` are the simulation's alone.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tokio::sync::mpsc;

use crate::cli::bench::{speak, voices};
use crate::cli::caller::{AUDIBLE, CallEnded, Caller, Said};
use crate::cli::serve;
use crate::config::Config;
use crate::engine::simulate::{Act, After, Findings, Outcome, Piece, Scenario, cough};
use crate::engine::{Line, Tasks};
use crate::line::CloseCause;
use crate::line::sip::{DialOptions, Listen, SipConfig, SipEndpoint, Transport};
use crate::speech::speak::Synthesizer;
use crate::talk::{Digit, Language};

/// The bot has finished when it has been silent that long.
const QUIET: Duration = Duration::from_millis(700);
/// A bot that says nothing for so long has nothing to say.
const PATIENCE: Duration = Duration::from_secs(6);
/// Longest wait for it to finish.
const LONGEST_REPLY: Duration = Duration::from_secs(40);
/// The bot has paused when it was silent for so many frames.
const PAUSE_FRAMES: usize = 10;

/// Plays a scenario in real time. Records go where the configuration says, as for any call.
pub async fn play(scenario: &Scenario, mut config: Config) -> Result<Outcome> {
    ensure!(
        scenario.language.is_none_or(|language| language == Language::EN),
        "--realtime: the caller's voice speaks English only; play this scenario in virtual time"
    );
    config.pack.clone_from(&scenario.pack);
    config.sip.listen = vec![loopback()];
    config.http.listen.set_port(0);
    let voice = voices()?.into_iter().next().context("no voice for the caller: apt-get install libflite1")?.1;
    let script = scenario.caller.iter().map(|step| Ok((step.after, deed(&step.act, &*voice)?))).collect::<Result<Vec<_>>>()?;
    let (live, mut events) = mpsc::channel(16_384);
    let open = serve::open(Line::open(&config, Some(live)).await?, &config).await?;
    let tasks = Tasks::default();
    let phone = SipConfig { listen: vec![loopback()], ..SipConfig::default() };
    let (phone, _calls) = SipEndpoint::bind(phone, tasks.tracker(), tasks.stopping().clone()).await?;
    let bot = open.sip().local_addrs().first().context("the line listens nowhere")?.addr;
    let port = phone.dial(&format!("sip:bot@{bot}"), DialOptions::default()).await?;
    let caller = Caller::new(port, open.line().board().shared().clock.subscribe(), scenario.network.seed);
    let mut player = Player { caller, asked: None, findings: Findings::default() };
    let ended = player.follow(&script).await;
    player.caller.hang_up().await;
    phone.shutdown().await;
    tasks.stop();
    open.close().await;
    match ended {
        Ok(()) | Err(CallEnded(CloseCause::RemoteHangup)) => {}
        Err(error) => return Err(error.into()),
    }
    let entries: Vec<_> = std::iter::from_fn(|| events.try_recv().ok()).map(|(_, entry)| entry).collect();
    let length = Duration::from_millis(entries.last().map_or(0, |entry| entry.t_ms));
    Ok(Outcome { entries, findings: player.findings, length })
}

/// A step, ready to be done.
enum Deed {
    Say(Vec<i16>),
    Noise(Vec<i16>),
    Press(Vec<Digit>),
    Silence(Duration),
    HangUp,
}

fn deed(act: &Act, voice: &dyn Synthesizer) -> Result<Deed> {
    Ok(match act {
        Act::Say { pieces, heard_as: _ } => {
            let mut pcm = Vec::new();
            for piece in pieces {
                match piece {
                    Piece::Pause { pause_ms } => pcm.resize(pcm.len() + *pause_ms as usize * 8, 0),
                    Piece::Words(text) => pcm.extend(speak(voice, text, Language::EN)?),
                }
            }
            Deed::Say(pcm)
        }
        Act::Cough(time) => {
            let mut pcm = Vec::new();
            cough(time.as_millis() as usize * 8, &mut pcm);
            Deed::Noise(pcm)
        }
        Act::Press(keys) => Deed::Press(keys.clone()),
        Act::Silence(time) => Deed::Silence(*time),
        Act::HangUp => Deed::HangUp,
    })
}

/// The caller and what he finds out.
struct Player {
    caller: Caller,
    /// When he ended an utterance that has no answer yet.
    asked: Option<Instant>,
    findings: Findings,
}

impl Player {
    async fn follow(&mut self, script: &[(After, Deed)]) -> Result<(), CallEnded> {
        for (after, deed) in script {
            self.wait(*after).await?;
            match deed {
                Deed::Say(pcm) => self.say(pcm).await?,
                Deed::Noise(pcm) => {
                    self.caller.say(pcm).await?;
                }
                Deed::Press(keys) => self.caller.press(keys).await?,
                Deed::Silence(time) => self.caller.wait(*time).await?,
                Deed::HangUp => return Ok(()),
            }
        }
        self.wait(After::Bot).await
    }

    async fn wait(&mut self, after: After) -> Result<(), CallEnded> {
        match after {
            After::Ms(ms) => return self.caller.wait(Duration::from_millis(ms)).await,
            After::Bot | After::BotSpeakingMs(_) => {}
        }
        let answer = self.caller.until_audible(PATIENCE).await?;
        if let (Some(asked), Some(answer)) = (self.asked.take(), answer) {
            self.findings.waits.push(answer - asked);
        }
        match after {
            After::BotSpeakingMs(ms) => self.caller.wait(Duration::from_millis(ms)).await,
            After::Bot | After::Ms(_) => self.caller.until_quiet(QUIET, LONGEST_REPLY).await,
        }
    }

    async fn say(&mut self, pcm: &[i16]) -> Result<(), CallEnded> {
        let before = self.caller.heard().len();
        let Said { last, .. } = self.caller.say(pcm).await?;
        let frames = self.caller.heard();
        let audible: Vec<_> =
            frames.iter().skip(before.saturating_sub(PAUSE_FRAMES)).map(|f| f.level >= AUDIBLE && f.at < last).collect();
        // The bot begins where it was silent for a while; one who is interrupted goes on for a moment first.
        let cut_off = audible.windows(PAUSE_FRAMES + 1).any(|w| w[PAUSE_FRAMES] && !w[..PAUSE_FRAMES].contains(&true));
        self.findings.cut_offs += usize::from(cut_off);
        self.asked = (!cut_off).then_some(last);
        Ok(())
    }
}

fn loopback() -> Listen {
    Listen { transport: Transport::Udp, addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)) }
}
