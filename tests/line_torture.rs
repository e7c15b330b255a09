//! What no telephone sends: messages of RFC 4475, hostile offers, wrong requests, two thousand mutations of an INVITE.
//! Never only counts survivors: where the RFC says what to answer, the answer is checked.
#![cfg(feature = "sip")]

#[path = "common/line.rs"]
mod line_bot;

use std::net::SocketAddr;
use std::time::Duration;

use hotline::line::sip::SipConfig;
use line_bot::{Bot, loopback};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// A socket that speaks raw SIP.
struct Peer {
    socket: UdpSocket,
    port: u16,
    sent: u32,
}

impl Peer {
    async fn new(bot: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        socket.connect(bot).await.expect("loopback");
        let port = socket.local_addr().expect("bound").port();
        Self { socket, port, sent: 0 }
    }

    /// Sends a message and gives the status and text of the first final answer to its Call-ID, if one comes.
    async fn ask(&mut self, message: &str) -> Option<(u16, String)> {
        let message = message.trim_start().replace("\r\n", "\n").replace('\n', "\r\n");
        self.socket.send(message.as_bytes()).await.expect("sent");
        let id = message.lines().find_map(|line| line.strip_prefix("Call-ID: ").or_else(|| line.strip_prefix("call-id: ")));
        self.answer(id.unwrap_or("none").trim(), Duration::from_millis(400)).await
    }

    async fn answer(&self, call_id: &str, limit: Duration) -> Option<(u16, String)> {
        let wait = async {
            let mut buffer = [0; 8_192];
            loop {
                let len = self.socket.recv(&mut buffer).await.ok()?;
                let text = String::from_utf8_lossy(&buffer[..len]).into_owned();
                let status: Option<u16> = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)?.parse().ok());
                if let Some(status) = status.filter(|status| *status >= 200 && text.contains(call_id)) {
                    return Some((status, text));
                }
            }
        };
        timeout(limit, wait).await.ok().flatten()
    }

    /// The line still answers OPTIONS.
    async fn is_alive(&mut self) -> bool {
        self.sent += 1;
        let (n, port) = (self.sent, self.port);
        let options = self.request("OPTIONS", "", "").replace("call-1@", &format!("heartbeat-{n}-{port}@"));
        self.socket.send(options.as_bytes()).await.expect("sent");
        let answer = self.answer(&format!("heartbeat-{n}-{port}@"), Duration::from_secs(3)).await;
        answer.is_some_and(|(status, text)| status == 200 && text.contains("Allow: INVITE"))
    }

    fn request(&mut self, method: &str, headers: &str, body: &str) -> String {
        self.sent += 1;
        let (port, n) = (self.port, self.sent);
        let kind = if body.is_empty() || headers.contains("Content-Type") { "" } else { "Content-Type: application/sdp\n" };
        format!(
            "{method} sip:bot@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{n}x{port};rport\n\
             From: <sip:t@127.0.0.1>;tag=t{n}\nTo: <sip:bot@127.0.0.1>\nCall-ID: call-1@{n}-{port}\nCSeq: 1 {method}\n\
             Max-Forwards: 70\nContact: <sip:t@127.0.0.1:{port}>\n{headers}{kind}Content-Length: {}\n\n",
            body.replace('\n', "\r\n").len()
        )
        .replace('\n', "\r\n")
            + &body.replace('\n', "\r\n")
    }

    async fn invite(&mut self, headers: &str, body: &str) -> Option<(u16, String)> {
        let message = self.request("INVITE", headers, body);
        self.ask(&message).await
    }
}

fn sdp(connection: &str, media: &str) -> String {
    format!("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc={connection}\nt=0 0\n{media}")
}

async fn bot() -> (Bot, Peer) {
    let bot = Bot::start(SipConfig { listen: loopback(), media_timeout_ms: 2_000, ..SipConfig::default() }).await;
    let peer = Peer::new(bot.addr("udp")).await;
    (bot, peer)
}

#[tokio::test]
async fn hostile_and_impossible_offers_are_refused() {
    let (_bot, mut peer) = bot().await;
    let own = peer.socket.peer_addr().expect("connected").port();
    let plain = "m=audio 40000 RTP/AVP 8\n";
    for (connection, media, status) in [
        ("IN IP4 127.0.0.1", "m=audio 0 RTP/AVP 8\n".to_owned(), 488),
        ("IN IP4 127.0.0.1", "m=audio 22 RTP/AVP 8\n".to_owned(), 488),
        ("IN IP4 127.0.0.1", "m=audio 70000 RTP/AVP 8\n".to_owned(), 400),
        ("IN IP4 127.0.0.1", format!("m=audio {own} RTP/AVP 8\n"), 488),
        ("IN IP4 169.254.169.254", plain.to_owned(), 488),
        ("IN IP4 224.0.0.1", plain.to_owned(), 488),
        ("IN IP4 255.255.255.255", plain.to_owned(), 488),
        ("IN IP4 pbx.example.com", plain.to_owned(), 488),
        ("IN IP6 ::1", plain.to_owned(), 488),
        ("IN IP4 127.0.0.1", "m=audio 40000 RTP/AVP 18 4\n".to_owned(), 488),
        ("IN IP4 127.0.0.1", "m=audio 40000 RTP/SAVP 8\n".to_owned(), 488),
        ("IN IP4 127.0.0.1", plain.repeat(500), 400),
    ] {
        let answer = peer.invite("", &sdp(connection, &media)).await.map(|(status, _)| status);
        assert_eq!(answer, Some(status), "{connection} {}", media.lines().next().unwrap_or_default());
    }
    assert_eq!(peer.invite("", "v=9\nthis is no SDP\n").await.map(|a| a.0), Some(400));
    assert!(peer.is_alive().await);
}

#[tokio::test]
async fn wrong_requests_get_the_answer_the_standard_asks_for() {
    let (_bot, mut peer) = bot().await;
    let good = sdp("IN IP4 127.0.0.1", "m=audio 40000 RTP/AVP 8\n");
    for (headers, status, says) in [
        ("Require: 100rel, gruu\n", 420, "Unsupported: 100rel, gruu"),
        ("Session-Expires: 30\nSupported: timer\n", 422, "Min-SE: 90"),
        ("Content-Type: text/plain\n", 415, "Accept: application/sdp"),
    ] {
        let (answer, text) = peer.invite(headers, &good).await.expect("an answer");
        assert_eq!(answer, status, "{headers}");
        assert!(text.contains(says), "{text}");
    }
    for (method, status) in [("REGISTER", 405), ("SUBSCRIBE", 405), ("MESSAGE", 405), ("REFER", 405), ("BYE", 481), ("INFO", 481)]
    {
        let message = peer.request(method, "", "");
        assert_eq!(peer.ask(&message).await.map(|a| a.0), Some(status), "{method}");
    }
    let stray = peer.request("BYE", "", "").replace("To: <sip:bot@127.0.0.1>", "To: <sip:bot@127.0.0.1>;tag=nobody");
    assert_eq!(peer.ask(&stray).await.map(|a| a.0), Some(481), "a dialog that never was");
    let other = peer.request("INVITE", "", &good).replace("INVITE sip:bot@", "INVITE mailto:bot@");
    assert!(matches!(peer.ask(&other).await.map(|a| a.0), None | Some(400 | 416)));
    assert!(peer.is_alive().await);
}

/// Messages of RFC 4475 by their names there. `VIA` stands for the top Via's sent-by, so that the answer finds us; no
/// other byte differs. The codes are those that the RFC allows; 0: no answer is right too.
const RFC_4475: [(&str, &[u16], &str); 18] = [
    (
        "wsinv",
        &[200, 488, 400, 415, 420, 0],
        "INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\nTO :\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\nfrom   : \"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\n  ;\n  tag = 98asjd8\nMaX-fOrWaRdS: 0068\nCall-ID: wsinv.ndaksdj@192.0.2.1\nContent-Length   : 150\ncseq: 0009\n  INVITE\nVia  : SIP  /   2.0\n /UDP\n    VIA;branch=390skdjuw\ns :\nNewFangledHeader:   newfangled value\n continued newfangled value\nUnknownHeaderWithUnusualValue: ;;,,;;,;\nContent-Type: application/sdp\nRoute:\n <sip:services.example.com;lr;unknownwith=value;unknown-no-value>\nv:  SIP  / 2.0  / TCP     spindle.example.com   ;\n  branch  =   z9hG4bK9ikj8  ,\n SIP  /    2.0   / UDP  192.168.255.111   ; branch=\n z9hG4bK30239\nm:\"Quoted string \\\"\\\"\" <sip:jdrosen@example.com> ; newparam =\n      newvalue ;\n  secondparam ; q = 0.33\n\nv=0\no=mhandley 29739 7272939 IN IP4 192.0.2.3\ns=-\nc=IN IP4 192.0.2.4\nt=0 0\nm=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n",
    ),
    (
        "intmeth",
        &[405, 501, 0],
        "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com SIP/2.0\nVia: SIP/2.0/UDP VIA;branch=z9hG4bK-.!%66*_+`'~\nTo: \"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7F\" <sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com>\nFrom: token1~` token2'+_ token3*%!.- <sip:mundane@example.com>;fromParam''~+*_!.-%=\"work\";tag=_token~1'+`*%!-.\nCall-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\nCSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\nMax-Forwards: 255\nextensionHeader-!.%*+_`'~: \u{FEFF}value\nContent-Length: 0\n\n",
    ),
    (
        "escnull",
        &[405, 0],
        "REGISTER sip:example.com SIP/2.0\nTo: sip:null-%00-null@example.com\nFrom: sip:null-%00-null@example.com;tag=839923423\nMax-Forwards: 70\nCall-ID: escnull.39203ndfvkjdasfkq3w4otrq0adsfdfnavd\nCSeq: 14398234 REGISTER\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nContact: <sip:%00@host5.example.com>\nContact: <sip:%00%00@host5.example.com>\nL:0\n\n",
    ),
    (
        "lwsdisp",
        &[200, 0],
        "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\nFrom: caller<sip:caller@example.com>;tag=323\nMax-Forwards: 70\nCall-ID: lwsdisp.1234abcd@funky.example.com\nCSeq: 60 OPTIONS\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nl: 0\n\n",
    ),
    (
        "semiuri",
        &[200, 404, 0],
        "OPTIONS sip:user;par=u%40example.net@example.com SIP/2.0\nTo: sip:j_user@example.com\nFrom: sip:caller@example.org;tag=33242\nMax-Forwards: 3\nCall-ID: semiuri.0ha0isndaksdj\nCSeq: 8 OPTIONS\nAccept: application/sdp, application/pkcs7-mime,\n        multipart/mixed, multipart/signed,\n        message/sip, message/sipfrag\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nl: 0\n\n",
    ),
    (
        "badinv01",
        &[400, 0],
        "INVITE sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=134161461246\nMax-Forwards: 7\nCall-ID: badinv01.0ha0isndaksdjasdf3234nas\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP VIA;;,;,,\nContact: \"Joe\" <sip:joe@example.org>;;;;\nContent-Length: 152\nContent-Type: application/sdp\n\nv=0\no=mhandley 29739 7272939 IN IP4 192.0.2.15\ns=-\nc=IN IP4 192.0.2.15\nt=0 0\nm=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n",
    ),
    (
        "clerr",
        &[400, 488, 0],
        "INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 80\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=93942939o2\nContact: <sip:caller@hungry.example.net>\nCall-ID: clerr.0ha0isndaksdjweiafasdk3\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP VIA;branch=z9hG4bK-39234-23523\nContent-Type: application/sdp\nContent-Length: 9999\n\nv=0\no=mhandley 29739 7272939 IN IP4 192.0.2.155\ns=-\nc=IN IP4 192.0.2.155\nt=0 0\nm=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n",
    ),
    (
        "ncl",
        &[400, 488, 0],
        "INVITE sip:user@example.com SIP/2.0\nMax-Forwards: 254\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=32394234\nCall-ID: ncl.0ha0isndaksdj2193423r542w35\nCSeq: 0 INVITE\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nContact: <sip:caller@example53.example.net>\nContent-Type: application/sdp\nContent-Length: -999\n\nv=0\no=mhandley 29739 7272939 IN IP4 192.0.2.53\ns=-\nc=IN IP4 192.0.2.53\nt=0 0\nm=audio 49217 RTP/AVP 0 12\n",
    ),
    (
        "scalar02",
        &[400, 405, 0],
        "REGISTER sip:example.com SIP/2.0\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKzzxdiwo34sw;received=192.0.2.129\nTo: <sip:user@example.com>\nFrom: <sip:other@example.net>;tag=2easdjfejw\nCSeq: 9292394834772304023312 OPTIONS\nCall-ID: scalarlg.noase0of0234hn2qofoaf0232aewf2394r\nRetry-After: 949302838503028349304023988\nWarning: 1812 overture \"In Progress\"\nContent-Length: 0\n\n",
    ),
    (
        "quotbal",
        &[400, 488, 0],
        "INVITE sip:user@example.com SIP/2.0\nTo: \"Mr. J. User <sip:j.user@example.com>\nFrom: sip:caller@example.net;tag=93334\nMax-Forwards: 10\nCall-ID: quotbal.aksdj\nContact: <sip:caller@host59.example.net>\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw39234\nContent-Type: application/sdp\nContent-Length: 0\n\n",
    ),
    (
        "ltgtruri",
        &[400, 416, 200, 0],
        "INVITE <sip:user@example.com> SIP/2.0\nTo: sip:user@example.com\nFrom: sip:caller@example.net;tag=39291\nMax-Forwards: 23\nCall-ID: ltgtruri.1@192.0.2.5\nCSeq: 1 INVITE\nVia: SIP/2.0/UDP VIA\nContact: <sip:caller@host5.example.net>\nContent-Length: 0\n\n",
    ),
    (
        "badvers",
        &[505, 0],
        "OPTIONS sip:t.watson@example.org SIP/7.0\nVia:     SIP/7.0/UDP VIA;branch=z9hG4bKkdjuw\nMax-Forwards:     70\nFrom:    A. Bell <sip:a.g.bell@example.com>;tag=qweoiqpe\nTo:      T. Watson <sip:t.watson@example.org>\nCall-ID: badvers.31417@c.example.com\nCSeq:    1 OPTIONS\nl: 0\n\n",
    ),
    (
        "mismatch01",
        &[400, 0],
        "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=34525\nMax-Forwards: 6\nCall-ID: mismatch01.dj0234sxdfl3\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nl: 0\n\n",
    ),
    (
        "mismatch02",
        &[400, 501, 0],
        "NEWMETHOD sip:user@example.com SIP/2.0\nTo: sip:j.user@example.com\nFrom: sip:caller@example.net;tag=34525\nMax-Forwards: 6\nCall-ID: mismatch02.dj0234sxdfl3\nCSeq: 8 INVITE\nContact: <sip:caller@host.example.net>\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nl: 0\n\n",
    ),
    (
        "insuf",
        &[400, 0],
        "INVITE sip:user@example.com SIP/2.0\nCSeq: 193942 INVITE\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdj.insuf\nContent-Type: application/sdp\nl: 0\n\n",
    ),
    (
        "bext01",
        &[200, 420],
        "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:j_user@example.com\nFrom: sip:caller@example.net;tag=242etr\nMax-Forwards: 6\nCall-ID: bext01.0ha0isndaksdj\nRequire: nothingSupportsThis, nothingSupportsThisEither\nProxy-Require: noProxiesSupportThis, norDoAnyProxiesSupportThis\nCSeq: 8 OPTIONS\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nContent-Length: 0\n\n",
    ),
    (
        "zeromf",
        &[200, 483],
        "OPTIONS sip:user@example.com SIP/2.0\nTo: sip:user@example.com\nFrom: sip:caller@example.net;tag=3ghsd41\nCall-ID: zeromf.jfasdlfnm2o2l43r5u0asdfas\nCSeq: 39234321 OPTIONS\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw2349i\nMax-Forwards: 0\nContent-Length: 0\n\n",
    ),
    (
        "sdp01",
        &[415, 488, 406, 400],
        "INVITE sip:user@example.com SIP/2.0\nTo: sip:j_user@example.com\nContact: <sip:caller@host15.example.net>\nFrom: sip:caller@example.net;tag=234\nMax-Forwards: 5\nCall-ID: sdp01.ndaksdj9342dasdd\nAccept: text/nobodyKnowsThis\nCSeq: 8 INVITE\nVia: SIP/2.0/UDP VIA;branch=z9hG4bKkdjuw\nContent-Length: 0150\nContent-Type: application/unknownformat\n\nv=0\no=mhandley 29739 7272939 IN IP4 192.0.2.5\ns=-\nc=IN IP4 192.0.2.5\nt=0 0\nm=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n",
    ),
];

#[tokio::test]
async fn the_torture_messages_of_rfc_4475_are_survived_and_answered_as_it_says() {
    let (_bot, mut peer) = bot().await;
    let mut wrong = Vec::new();
    for (name, allowed, message) in RFC_4475 {
        let message = message.replace("VIA", &format!("127.0.0.1:{}", peer.port));
        let status = peer.ask(&message).await.map_or(0, |(status, _)| status);
        if !allowed.contains(&status) {
            wrong.push((name, status));
        }
        assert!(peer.is_alive().await, "{name} silenced the line");
    }
    assert_eq!(wrong, [], "answers that the RFC does not allow");
}

#[tokio::test]
async fn two_thousand_mutations_of_an_invite_leave_the_line_alive() {
    let (_bot, mut peer) = bot().await;
    let body = sdp("IN IP4 127.0.0.1", "m=audio 40000 RTP/AVP 8 101\na=rtpmap:101 telephone-event/8000\n");
    let mut random = 0xA076_1D64_78BD_642Fu64;
    for round in 0..2_000u32 {
        let mut message = peer.request("INVITE", "Supported: timer\nSession-Expires: 90\n", &body).into_bytes();
        for _ in 0..1 + round % 6 {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let at = random as usize % message.len();
            match random >> 61 {
                0 | 1 => message[at] = (random >> 24) as u8,
                2 | 3 => drop(message.remove(at)),
                4 | 5 => message.insert(at, b"\r\n :;,<>\"%\0\xff"[(random >> 40) as usize % 12]),
                6 => message.truncate(at.max(1)),
                _ => message.extend_from_within(at..),
            }
        }
        peer.socket.send(&message[..message.len().min(60_000)]).await.expect("sent");
        if round % 100 == 0 {
            assert!(peer.is_alive().await, "silenced in round {round}");
        }
    }
    assert!(peer.is_alive().await);
}

#[tokio::test]
async fn garbage_over_tcp_closes_its_connection_and_no_other() {
    let (bot, mut peer) = bot().await;
    let addr = bot.addr("tcp");
    let mut good = TcpStream::connect(addr).await.expect("connected");
    let mut bad = TcpStream::connect(addr).await.expect("connected");
    bad.write_all(&[0xA5; 100_000]).await.ok();
    bad.write_all(b"INVITE sip:x SIP/2.0\r\nContent-Length: 99999999999\r\n\r\n").await.ok();
    let options = peer.request("OPTIONS", "", "").replace("/UDP", "/TCP");
    for half in options.as_bytes().chunks(options.len().div_ceil(2)) {
        good.write_all(half).await.expect("written");
    }
    let mut answer = [0; 12];
    timeout(Duration::from_secs(3), good.read_exact(&mut answer)).await.expect("in time").expect("an answer");
    assert_eq!(&answer, b"SIP/2.0 200 ");
    assert!(peer.is_alive().await);
}
