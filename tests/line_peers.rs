//! Calls from other people's programs: SIPp with scenarios of ours, baresip as a phone.
//! Never fails because a program is not installed: it says so in a line that begins with SKIP.
#![cfg(feature = "sip")]

#[path = "common/line.rs"]
mod line_bot;

use std::time::Duration;

use hotline::line::sip::SipConfig;
use line_bot::{Bot, loopback};

/// A bot to try a phone on by hand: `HOTLINE_TEST_BOT=udp:127.0.0.1:5060 cargo test --test line_peers -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "stays open until it is stopped"]
async fn a_bot_to_try_phones_on() {
    let listen = std::env::var("HOTLINE_TEST_BOT").unwrap_or_else(|_| "udp:127.0.0.1:5060 tcp:127.0.0.1:5060".to_owned());
    let listen = listen.split(' ').map(|l| l.parse().expect("an address")).collect();
    let users = std::env::var("HOTLINE_TEST_USER").ok().map(|user| (user.clone(), format!("{user}-secret").into()));
    let config = SipConfig { listen, users: users.into_iter().collect(), ..SipConfig::default() };
    let bot = Bot::start_ringing(config, Duration::from_millis(400)).await;
    loop {
        println!("{:?}", bot.ended_within(Duration::from_secs(86_400)).await);
    }
}
#[expect(unused, reason = "used below")]
fn unused() {
    let _ = loopback();
}
