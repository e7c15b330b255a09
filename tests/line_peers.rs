//! Calls from other people's programs: SIPp with scenarios of ours, baresip as a phone.
//! Never fails because a program is not installed: it says so in the last lines of `make test`.
#![cfg(feature = "sip")]

#[path = "common/line.rs"]
mod line_bot;
#[path = "common/skip.rs"]
mod skip;

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use hotline::line::CloseCause;
use hotline::line::rtp::Law;
use hotline::line::sip::SipConfig;
use line_bot::{Bot, loopback, tone};
use tokio::process::Command;
use tokio::time::timeout;

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn sipp_talks_presses_keys_holds_refreshes_and_hangs_up() {
    for transport in ["udp", "tcp"] {
        let bot = Bot::start(config()).await;
        if sipp(&bot, "call", transport).await {
            let report = bot.ended().await;
            assert_eq!((report.cause, report.digits.as_str()), (CloseCause::RemoteHangup, "42"), "{transport}");
            assert_eq!(report.holds, [true, false, true, false], "{transport}");
            assert!(report.packets >= 30 && report.level > -20.0, "{transport}: {report:?}");
        }
    }
}

#[tokio::test]
async fn sipp_gives_up_while_it_rings() {
    let bot = Bot::start_ringing(config(), Duration::from_secs(5)).await;
    if sipp(&bot, "cancel", "udp").await {
        assert_eq!(bot.calls(), 0);
    }
}

#[tokio::test]
async fn sipp_authenticates() {
    let users = [("100".to_owned(), "open-sesame".to_owned().into())].into();
    let bot = Bot::start(SipConfig { users, ..config() }).await;
    if sipp(&bot, "auth", "udp").await {
        assert_eq!(bot.ended().await.cause, CloseCause::RemoteHangup);
    }
}

#[tokio::test]
async fn sipp_calls_without_an_offer() {
    let bot = Bot::start(config()).await;
    if sipp(&bot, "offerless", "udp").await {
        let report = bot.ended().await;
        assert_eq!((report.cause, report.codec), (CloseCause::RemoteHangup, "PCMA"));
        assert!(report.packets >= 20 && report.level > -20.0, "{report:?}");
    }
}

#[tokio::test]
async fn sipp_is_handed_to_an_agent() {
    for (scenario, taken) in [("transfer", true), ("transfer_refused", false)] {
        let bot = Bot::start_referring(config(), "sip:agent@example.com").await;
        if sipp(&bot, scenario, "udp").await {
            let report = bot.ended().await;
            assert_eq!(
                (report.transferred, report.cause == CloseCause::LocalHangup),
                (Some(taken), taken),
                "{scenario}: {report:?}"
            );
        }
    }
}

#[tokio::test]
#[ignore = "the shortest session timer is refreshed after 45 s"]
async fn sipp_is_refreshed() {
    let bot = Bot::start(config()).await;
    if sipp(&bot, "timer", "udp").await {
        assert_eq!(bot.ended().await.cause, CloseCause::RemoteHangup);
    }
}

#[tokio::test]
async fn baresip_hears_the_bot_and_is_heard() {
    let bot = Bot::start(config()).await;
    let folder = tempfile::tempdir().expect("a folder");
    write_baresip_folder(folder.path(), &bot);
    let dial = format!("/dial {}", bot.uri("udp"));
    let arguments = ["-f", &folder.path().to_string_lossy(), "-t", "4", "-e", &dial].map(str::to_owned);
    let Some(output) = program("baresip", &arguments, folder.path()).await else { return };
    let report = bot.ended().await;
    assert!(report.packets > 100 && report.level > -30.0, "{report:?}\n{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((report.codec, report.ssrcs), ("PCMA", 1));
    let heard = std::fs::read_dir(folder.path()).expect("readable").filter_map(Result::ok);
    let heard = heard.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with("-dec.wav")).expect("a recording");
    let bytes = std::fs::read(heard).expect("readable");
    let pcm: Vec<i16> = bytes[44..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
    assert!(hotline::audio::Dbfs::of(&pcm).db() > -20.0, "the bot's tone is in the phone's recording");
}

/// A bot to try a phone on by hand: `HOTLINE_TEST_BOT=udp:127.0.0.1:5060 cargo test --test line_peers -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "stays open until it is stopped"]
async fn a_bot_to_try_phones_on() {
    let listen = std::env::var("HOTLINE_TEST_BOT").unwrap_or_else(|_| "udp:127.0.0.1:5060 tcp:127.0.0.1:5060".to_owned());
    let listen = listen.split(' ').map(|l| l.parse().expect("an address")).collect();
    let bot = Bot::start_ringing(SipConfig { listen, ..SipConfig::default() }, Duration::from_millis(400)).await;
    loop {
        println!("{:?}", bot.ended_within(Duration::from_secs(86_400)).await);
    }
}

fn config() -> SipConfig {
    SipConfig { listen: loopback(), ..SipConfig::default() }
}

/// Runs one scenario of `tests/sipp`; `false` where SIPp is not installed.
async fn sipp(bot: &Bot, scenario: &str, transport: &str) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let sound: Vec<u8> = (0..100).flat_map(|n| tone(Law::A, n)).collect();
    std::fs::write(folder.path().join("tone.alaw"), sound).expect("written");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/sipp/{scenario}.xml"));
    let mode = if transport == "tcp" { "t1" } else { "u1" };
    let target = bot.addr(transport).to_string();
    let arguments =
        format!("{target} -t {mode} -s bot -i 127.0.0.1 -mi 127.0.0.1 -m 1 -nostdin -timeout 58s -trace_err -error_file errors");
    let mut arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    arguments.extend(["-sf".to_owned(), file.to_string_lossy().into_owned()]);
    let Some(output) = program("sipp", &arguments, folder.path()).await else { return false };
    let errors = std::fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
    assert!(output.status.success(), "{scenario}: {}\n{errors}", output.status);
    true
}

/// Runs a program to its end; `None`, and a line that says so, where it is not installed.
async fn program(name: &str, arguments: &[String], folder: &Path) -> Option<Output> {
    let child = Command::new(name).args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true).output();
    match timeout(LIMIT, child).await.unwrap_or_else(|_| panic!("{name} does not end")) {
        Ok(output) => Some(output),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            skip::skip(name, "not installed");
            None
        }
        Err(error) => panic!("{name}: {error}"),
    }
}

fn write_baresip_folder(folder: &Path, bot: &Bot) {
    let here = folder.to_string_lossy();
    let modules = ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules"];
    let modules = modules.into_iter().find(|path| Path::new(path).exists()).unwrap_or(modules[0]);
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:0\nnet_interface 127.0.0.1\naudio_source aufile,{here}/tone.wav\n\
         ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\nmodule_path {modules}\nmodule g711.so\n\
         module aufile.so\nmodule ausine.so\nmodule sndfile.so\nsnd_path {here}\nmodule_tmp uuid.so\nmodule_tmp account.so\nmodule_app menu.so\n"
    );
    let pcm = (0..32_000).map(|i| ((f64::from(i) * 440.0 / 8_000.0 * std::f64::consts::TAU).sin() * 16_000.0) as i16).collect();
    let file = std::fs::File::create(folder.join("tone.wav")).expect("written");
    let sound = hotline::audio::wav::Sound { pcm, rate: hotline::audio::SampleRate::HZ_8000 };
    sound.write(std::io::BufWriter::new(file)).expect("written");
    std::fs::write(folder.join("config"), config).expect("written");
    std::fs::write(folder.join("contacts"), "").expect("written");
    let account = format!("<sip:phone@{};transport=udp>;regint=0;audio_codecs=PCMA\n", bot.addr("udp"));
    std::fs::write(folder.join("accounts"), account).expect("written");
}
