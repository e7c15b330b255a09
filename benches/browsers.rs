//! What a browser's call costs the line: so many pages talk at once with a line in a process of its own, whose processor time is read.
//! Never recognition or voice: the ear is scripted and the voice a tone, so that what is counted is ICE, DTLS, SRTP, Opus and turn-taking.
//!
//! `cargo bench --bench browsers [-- CALLS]` (20)

#[path = "../tests/common/browser.rs"]
mod browser;
#[path = "../tests/common/house.rs"]
mod house;

use std::io::{BufRead as _, BufReader, Write as _};
use std::num::{NonZeroU32, NonZeroUsize};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use browser::Page;
use futures::future::join_all;
use house::{Ear, House, Tone, speech};

const CALLS: usize = 20;
const TURNS: usize = 8;
/// One second of speech, three of listening: a caller talks about a quarter of the time.
const SPOKEN_MS: usize = 1_000;
const SILENCE: usize = 3 * 8_000;
/// This process is the line.
const LINE: &str = "HOTLINE_BENCH_LINE";
/// `USER_HZ`, which Linux has fixed for programs (proc_pid_stat(5)).
const TICKS_A_SECOND: f64 = 100.0;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    if std::env::var_os(LINE).is_some() {
        return runtime.block_on(line());
    }
    let _taken = rustls::crypto::ring::default_provider().install_default();
    let calls = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(CALLS);
    let mut line = begin();
    let mut told = BufReader::new(line.stdout.take().expect("it is piped"));
    let mut base = String::new();
    told.read_line(&mut base).expect("the line tells where it is");
    let idle = measured(&line, || runtime.block_on(async { tokio::time::sleep(Duration::from_secs(3)).await }));
    let (busy, took, mut waits) = talk(&runtime, (&line, base.trim()), calls);
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize] * 1_000.0;
    println!("{calls} browsers' calls at once for {:.0} s, the line in a process of its own", took.as_secs_f64());
    println!("  processor, the line idle        {:6.2} % of a core", idle * 100.0);
    println!("  processor, all calls            {:6.2} % of a core", busy * 100.0);
    println!("  processor, one call             {:6.2} % of a core", (busy - idle) * 100.0 / calls as f64);
    println!("  answers heard                   {:6} of {}", waits.len(), calls * TURNS);
    println!("  last word to first sound        {:6.0} ms p50, {:.0} ms p95 (no recognition, no voice)", at(0.5), at(0.95));
    drop(line.stdin.take());
    line.wait().expect("it ends when nobody holds its input");
}

/// All pages call, then all talk; the line's load meanwhile, how long it took, and how long each answer took.
fn talk(runtime: &tokio::runtime::Runtime, (line, base): (&Child, &str), calls: usize) -> (f64, Duration, Vec<f64>) {
    let mut browsers = runtime.block_on(async {
        let mut browsers = Vec::new();
        for _ in 0..calls {
            let mut browser = Page::open(base.to_owned()).await.call().await;
            browser.until_heard().await;
            browsers.push(browser);
        }
        browsers
    });
    let mut waits = Vec::new();
    let began = now();
    let cores = measured(line, || {
        let all = browsers.iter_mut().map(async |browser| {
            let mut waits = Vec::new();
            for _ in 0..TURNS {
                browser.say(&speech(SPOKEN_MS)).await;
                browser.forget();
                let spoken = now();
                if let Some(heard) = browser.listen(SILENCE).await {
                    waits.push(heard.duration_since(spoken).as_secs_f64());
                }
            }
            waits
        });
        waits = runtime.block_on(join_all(all)).concat();
    });
    (cores, began.elapsed(), waits)
}

/// How many cores that process kept busy while `work` was done.
fn measured(process: &Child, work: impl FnOnce()) -> f64 {
    let (before, began) = (busy_s(process), now());
    work();
    (busy_s(process) - before) / began.elapsed().as_secs_f64()
}

/// Processor time of a process, in seconds: fields 14 and 15 of its `stat`, counted behind the name in brackets.
fn busy_s(process: &Child) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    let ticks = fields.split(' ').skip(11).take(2).map(|field| field.parse::<f64>().expect("a count"));
    ticks.sum::<f64>() / TICKS_A_SECOND
}

fn begin() -> Child {
    let program = std::env::current_exe().expect("this program");
    let mut line = Command::new(program);
    line.env(LINE, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts")
}

/// The line's process: opens, tells where, and ends when nobody holds its input any more.
async fn line() {
    let ear = Ear::of(&["what are your opening hours"; 10_000]);
    let house = House::open_as(ear, Tone::default(), |config| {
        config.webrtc.listen = vec!["127.0.0.1".parse().expect("loopback")];
        config.engine.max_calls = NonZeroUsize::new(1_000).expect("a thousand");
        config.http.widget.calls_per_address = NonZeroU32::new(1_000).expect("a thousand");
        config.http.widget.sessions_per_minute = NonZeroU32::new(1_000).expect("a thousand");
    })
    .await;
    println!("http://{}", house.open.http());
    std::io::stdout().flush().expect("somebody reads");
    let closed = tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    closed.await.expect("no panic").expect("a pipe");
    house.close().await;
}

#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn now() -> Instant {
    Instant::now()
}
