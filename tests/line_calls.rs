//! Calls from our own caller to our own endpoint over loopback: sound, keys, hold, credentials, refusals, hostile bytes.
//! Never needs anything but UDP and TCP on 127.0.0.1.
#![cfg(feature = "sip")]

#[path = "common/line.rs"]
mod line_bot;

use std::net::SocketAddr;
use std::time::Duration;

use hotline::line::rtp::Law;
use hotline::line::sip::{Credentials, DialError, DialOptions, Listen, Rejection, SipConfig, SipEndpoint, SipError, Transport};
use hotline::line::{CloseCause, Port, PortEvent};
use hotline::privacy::Secret;
use hotline::talk::Digit;
use line_bot::{Bot, Line, hear, loopback, tone};
use tokio::net::UdpSocket;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_call_carries_sound_both_ways_and_ends_with_the_callers_bye() {
    for transport in ["udp", "tcp"] {
        let bot = Bot::start(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
        let caller = Line::open(loopback()).await;
        let mut call = caller.endpoint.dial(&bot.uri(transport), DialOptions::default()).await.expect("answered");
        assert_eq!(call.info().transport, if transport == "udp" { "sip/udp" } else { "sip/tcp" });
        let heard = hear(&mut call, 50, Law::A).await;
        assert!(heard.packets >= 40, "{heard:?}");
        assert!(heard.level > -20.0, "the bot's tone is heard: {heard:?}");
        assert!(heard.first_ms < 100, "first sound {} ms after the answer", heard.first_ms);
        call.close().await;
        let report = bot.ended().await;
        assert_eq!(report.cause, CloseCause::RemoteHangup, "{transport}");
        assert!(report.packets >= 40 && report.level > -20.0, "the caller's tone is heard: {report:?}");
        assert_eq!((report.ssrcs, report.gaps), (1, 0));
    }
}

#[tokio::test]
async fn the_bot_hangs_up_and_both_ends_forget_the_call() {
    let bot = Bot::start(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let mut call = caller.endpoint.dial(&bot.uri("udp"), DialOptions::default()).await.expect("answered");
    bot.hang_up.cancel();
    assert_eq!(closed(&mut call).await, CloseCause::RemoteHangup);
    assert_eq!(bot.ended().await.cause, CloseCause::LocalHangup);
    timeout(PATIENCE, async {
        while caller.endpoint.calls() + bot.calls() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("nothing is left of the call");
}

#[tokio::test]
async fn keys_are_told_once_each() {
    let bot = Bot::start(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let mut call = caller.endpoint.dial(&bot.uri("udp"), DialOptions::default()).await.expect("answered");
    for key in "42##".chars() {
        assert!(call.press(Digit::from_char(key).expect("a key")));
    }
    hear(&mut call, 60, Law::A).await;
    call.close().await;
    assert_eq!(bot.ended().await.digits, "42##");
}

#[tokio::test]
async fn the_codec_the_caller_prefers_is_spoken() {
    let bot = Bot::start(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let options = DialOptions { laws: vec![Law::Mu], ..DialOptions::default() };
    let mut call = caller.endpoint.dial(&bot.uri("udp"), options).await.expect("answered");
    assert_eq!(call.info().format.name(), "PCMU");
    assert!(hear(&mut call, 30, Law::Mu).await.level > -20.0);
}

#[tokio::test]
async fn a_caller_who_gives_up_while_it_rings_frees_the_line() {
    let (endpoint, mut calls) = Line::endpoint(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let uri = line_bot::uri(&endpoint, "udp");
    let dialled = caller.endpoint.dial(&uri, DialOptions { ring_timeout: Duration::from_millis(300), ..DialOptions::default() });
    let ringing = async {
        let mut call = calls.recv().await.expect("a call");
        call.ring();
        timeout(PATIENCE, call.cancelled()).await.expect("told of the CANCEL");
        assert!(matches!(call.answer().await, Err(SipError::Cancelled)));
    };
    let (dialled, ()) = tokio::join!(dialled, ringing);
    assert!(matches!(dialled, Err(DialError::NoAnswer(_))));
}

#[tokio::test]
async fn a_busy_line_says_when_to_try_again() {
    let (endpoint, mut calls) = Line::endpoint(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let uri = line_bot::uri(&endpoint, "udp");
    let refuse = async { calls.recv().await.expect("a call").reject(Rejection::Busy { retry_after_s: 7 }).await };
    let (dialled, ()) = tokio::join!(caller.endpoint.dial(&uri, DialOptions::default()), refuse);
    assert!(matches!(dialled, Err(DialError::Refused { code: 503, .. })), "{:?}", dialled.err());
    let dropped = async { drop(calls.recv().await) };
    let (dialled, ()) = tokio::join!(caller.endpoint.dial(&uri, DialOptions::default()), dropped);
    assert!(matches!(dialled, Err(DialError::Refused { code: 480, .. })), "{:?}", dialled.err());
}

#[tokio::test]
async fn only_known_users_may_call_where_users_are_configured() {
    let users = [("alice".to_owned(), "open sesame".to_owned().into())].into();
    let bot = Bot::start(SipConfig { listen: loopback(), users, ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let with = |user: &str, password: &str| DialOptions {
        credentials: Some(Credentials { user: user.to_owned(), password: Secret::new(password.to_owned()) }),
        ..DialOptions::default()
    };
    for options in [with("alice", "wrong"), with("mallory", "open sesame"), DialOptions::default()] {
        let refused = caller.endpoint.dial(&bot.uri("udp"), options).await;
        assert!(matches!(refused, Err(DialError::Refused { code: 401, .. })), "{:?}", refused.err());
    }
    caller.endpoint.dial(&bot.uri("udp"), with("alice", "open sesame")).await.expect("let in").close().await;
    assert_eq!(bot.ended().await.cause, CloseCause::RemoteHangup);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let addr = taken.local_addr().expect("bound");
    let config = SipConfig { listen: vec![Listen { transport: Transport::Udp, addr }], ..SipConfig::default() };
    let error = SipEndpoint::bind(config, Default::default(), Default::default()).await.err().expect("taken");
    let text = error.to_string();
    assert!(text.contains(&addr.to_string()) && text.contains("--sip"), "{text}");
}

#[tokio::test]
async fn a_caller_who_never_sends_sound_is_let_go() {
    let bot = Bot::start(SipConfig { listen: loopback(), media_timeout_ms: 300, ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let mut call = caller.endpoint.dial(&bot.uri("udp"), DialOptions::default()).await.expect("answered");
    assert_eq!(closed(&mut call).await, CloseCause::RemoteHangup);
    assert_eq!(bot.ended().await.cause, CloseCause::MediaTimeout);
}

#[tokio::test]
async fn a_caller_whose_sound_stops_without_a_bye_is_let_go() {
    let bot = Bot::start(SipConfig { listen: loopback(), media_timeout_ms: 300, ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let mut call = caller.endpoint.dial(&bot.uri("udp"), DialOptions::default()).await.expect("answered");
    hear(&mut call, 30, Law::A).await;
    assert_eq!(closed(&mut call).await, CloseCause::RemoteHangup);
    let report = bot.ended().await;
    assert_eq!(report.cause, CloseCause::MediaTimeout);
    assert!(report.packets >= 20, "there was sound before: {report:?}");
}

#[tokio::test]
async fn shutting_down_says_good_bye() {
    let bot = Bot::start(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let mut call = caller.endpoint.dial(&bot.uri("udp"), DialOptions::default()).await.expect("answered");
    tokio::join!(bot.shutdown(), async { assert_eq!(closed(&mut call).await, CloseCause::RemoteHangup) });
}

#[tokio::test]
async fn garbage_on_both_ports_and_an_injector_do_not_disturb_a_call() {
    let bot = Bot::start(SipConfig { listen: loopback(), ..SipConfig::default() }).await;
    let caller = Line::open(loopback()).await;
    let mut call = caller.endpoint.dial(&bot.uri("udp"), DialOptions::default()).await.expect("answered");
    let attacker = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let sip: SocketAddr = bot.addr("udp");
    let rtp = call.local_addr();
    let attack = async {
        let mut random = 0x1234_5678_9ABC_DEF1u64;
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        for round in 0..50u16 {
            clock.tick().await;
            for n in 0..10u16 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let garbage = random.to_le_bytes().repeat(1 + n as usize * 3);
                attacker.send_to(&garbage, sip).await.expect("sent");
                attacker.send_to(&garbage, rtp).await.expect("sent");
                let injected = [&[0x80, 8][..], &(round * 10 + n).to_be_bytes(), &[0; 4], &[6; 4], &[0x2A; 160]].concat();
                attacker.send_to(&injected, rtp).await.expect("sent");
            }
        }
    };
    let (heard, ()) = tokio::join!(hear(&mut call, 60, Law::A), attack);
    assert!(heard.packets >= 45 && heard.level > -20.0, "{heard:?}");
    assert_eq!(heard.ssrcs.len(), 1, "nothing of the injector was passed on");
    assert!(call.stats().refused >= 800, "{:?}", call.stats());
    call.close().await;
    assert!(bot.ended().await.packets >= 45);
}

async fn closed(call: &mut impl Port) -> CloseCause {
    timeout(PATIENCE, async {
        loop {
            if let PortEvent::Closed(cause) = call.recv().await {
                return cause;
            }
        }
    })
    .await
    .expect("the call ends")
}

#[test]
fn the_tone_is_loud_enough_to_be_recognised() {
    assert!(line_bot::level(&[tone(Law::A, 0), tone(Law::A, 1)].concat(), Law::A) > -20.0);
}
