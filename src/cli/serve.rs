//! `hotline serve`: the open line, until Ctrl-C.

use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::line_args::LineArgs;
use crate::config::Config;
use crate::engine::{Facts, Growth, Line};
use crate::http;
use crate::line::sip::SipEndpoint;
use crate::line::webrtc::WebRtcLine;

/// Open the line and answer calls until Ctrl-C
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    line: LineArgs,
}

/// An open line with its ports.
pub struct Open {
    line: Line,
    sip: SipEndpoint,
    http: SocketAddr,
    stop_http: CancellationToken,
    ready: String,
}

/// Serves until Ctrl-C or SIGTERM, then lets every call say good-bye.
pub async fn run(args: ServeArgs, config: Config) -> Result<()> {
    let config = args.line.over(config);
    let line = Line::open(&config, None).await?;
    let open = open(line, &config).await?;
    writeln!(std::io::stdout(), "{}", open.ready).ok();
    stop_asked().await?;
    open.close().await;
    Ok(())
}

/// Opens the SIP and HTTP ports of a line.
pub async fn open(line: Line, config: &Config) -> Result<Open> {
    let sip = line.listen(&config.sip).await?;
    let listener = tokio::net::TcpListener::bind(config.http.listen).await.with_context(|| {
        format!("HTTP {}: cannot be opened; end what uses it or give another with --http", config.http.listen)
    })?;
    let at = listener.local_addr()?;
    let stop_http = CancellationToken::new();
    let chat = Arc::new(http::TextDesk::new(line.board().clone()));
    line.tasks().spawn("chats", Arc::clone(&chat).sweep());
    let app = http::App {
        metrics: Arc::clone(line.metrics()),
        ready: Arc::clone(line.ready()),
        chat,
        talk: None,
        console: None,
        stop: stop_http.clone(),
    };
    let browsers = WebRtcLine::open(config.webrtc.clone(), line.tasks().tracker())?;
    let app = http::App { talk: Some(http::TalkDesk::shared(line.board().clone(), browsers.clone())), ..app };
    let console = open_console((&line, browsers), config, &stop_http)?;
    let first_admin = console.as_ref().map_or(Ok(None), |console| console.first_admin())?;
    let app = http::App { console, ..app };
    let channels = http::channels::Channels::open(&config.http.channels, |name| std::env::var(name).ok());
    let channels = channels.routes(
        (Arc::clone(&app.chat), http::LineSenses::shared(line.board().clone())),
        line.tasks(),
        config.http.max_body_bytes,
    );
    let events = http::Events::open(&config.http.events, |name| std::env::var(name).ok());
    let events = events.map(|events| events.routes(line.board())).unwrap_or_default();
    let served =
        http::serve(listener, http::router(app, &config.http).merge(channels).merge(events), stop_http.clone().cancelled_owned());
    line.tasks().spawn_to_its_end("http", async move {
        if let Err(error) = served.await {
            tracing::error!(%error, "The HTTP pages are gone; calls go on.");
        }
    });
    let sip_at: Vec<_> = sip.local_addrs().iter().map(ToString::to_string).collect();
    let ready =
        format!("ready: {} · http://{at} (browsers: /talk, operators: /console) · {}", sip_at.join(" · "), engines(line.facts()));
    let ready = match first_admin {
        Some(path) => {
            format!("{ready}\nfirst admin, good once and for {} hours: http://{at}{path}", config.http.console.link_hours)
        }
        None => ready,
    };
    Ok(Open { line, sip, http: at, stop_http, ready })
}

impl Open {
    /// The line.
    pub const fn line(&self) -> &Line {
        &self.line
    }

    /// The SIP side.
    pub const fn sip(&self) -> &SipEndpoint {
        &self.sip
    }

    /// Where the pages are.
    pub const fn http(&self) -> SocketAddr {
        self.http
    }

    /// One line that says where to phone and what hears and speaks.
    pub fn ready(&self) -> &str {
        &self.ready
    }

    /// Lets every call say good-bye, then closes the ports.
    pub async fn close(self) {
        let Self { line, sip, stop_http, .. } = self;
        if !line.say_goodbye().await {
            tracing::warn!("Some calls were cut.");
        }
        sip.shutdown().await;
        stop_http.cancel();
        line.close().await;
    }
}

/// The operators' console, where it is wanted.
fn open_console(
    (line, browsers): (&Line, WebRtcLine),
    config: &Config,
    stop: &CancellationToken,
) -> Result<Option<Arc<http::Console>>> {
    let (settings, shared) = (&config.http.console, line.board().shared());
    if !settings.enabled {
        return Ok(None);
    }
    let dialogues = shared.dialogues.clone();
    let rooms = http::Rooms {
        archive: Arc::clone(&shared.observers.archive),
        wall: shared.observers.wall.clone(),
        browsers,
        growth: Growth::new(dialogues.clone(), config.store.data.clone(), line.tasks().clone()),
        pack: Box::new(move || dialogues.pack()),
        tasks: line.tasks().clone(),
        stop: stop.clone(),
    };
    Ok(Some(http::Console::open(rooms, settings, config.http.widget.behind_proxy)?))
}

/// What hears and speaks, in one line; what was never tried on people says so.
fn engines(facts: &Facts) -> String {
    let restricted = facts.restricted.iter().map(|language| format!("; {language} by a small grammar, never tried on people"));
    let speak: Vec<_> = facts
        .speak
        .iter()
        .filter(|fact| !fact.languages.is_empty())
        .map(|fact| match fact.languages.split(", ").count() {
            many @ 6.. => format!("{} ({many} languages)", fact.engine.name()),
            _ => format!("{} ({})", fact.engine.name(), fact.languages),
        })
        .collect();
    format!("hears: {}{} · speaks: {}", facts.hear, restricted.collect::<String>(), speak.join(", "))
}

/// Waits for Ctrl-C or SIGTERM.
pub async fn stop_asked() -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
