//! What is read out of a browser's offer and written into our answer (RFC 8866, RFC 8839, RFC 9725).
//! Never negotiates transports: the crate `webrtc` does; this only chooses the codec, and knows how our address looks from outside.

use std::fmt::Write as _;
use std::net::IpAddr;

use crate::media::PortFormat;

/// How we want the browser to speak Opus: repairing losses, silent in silence, and no better than a voice needs (RFC 7587 section 7).
const OPUS_WANTED: &str = "minptime=10;useinbandfec=1;usedtx=1;maxaveragebitrate=40000";

/// What was chosen of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chosen {
    /// The codec.
    pub format: PortFormat,
    /// Under which number it goes.
    pub payload_type: u8,
    /// The browser's parameters of it.
    pub fmtp: String,
    /// Number and clock of telephone events, if they are offered.
    pub events: Option<(u8, u32)>,
}

/// Chooses Opus, else G.711 in the browser's order; `None` if neither is offered.
pub(super) fn choose(offer: &str) -> Option<Chosen> {
    let audio = section(offer)?;
    let line = audio.lines().next()?;
    let offered: Vec<u8> = line.split_whitespace().skip(2).filter_map(|number| number.parse().ok()).collect();
    let coding = |number: u8| {
        let map = values(audio, "rtpmap").find_map(|(of, value)| (of == number).then(|| value.to_ascii_lowercase()));
        map.or_else(|| match number {
            0 => Some("pcmu/8000".to_owned()),
            8 => Some("pcma/8000".to_owned()),
            _ => None,
        })
    };
    let format_of = |number: u8| match coding(number)?.as_str() {
        "opus/48000/2" => Some(PortFormat::Opus),
        "pcma/8000" | "pcma/8000/1" => Some(PortFormat::Pcma),
        "pcmu/8000" | "pcmu/8000/1" => Some(PortFormat::Pcmu),
        _ => None,
    };
    let known = || offered.iter().filter_map(|&number| Some((number, format_of(number)?)));
    let (payload_type, format) = known().find(|(_, format)| *format == PortFormat::Opus).or_else(|| known().next())?;
    let clock = format.rate().hz();
    let mut events = offered.iter().filter_map(|&number| {
        let rate = coding(number)?.strip_prefix("telephone-event/")?.split('/').next()?.parse::<u32>().ok()?;
        Some((number, rate))
    });
    // Some offer only the clock of the telephone, whatever they speak.
    let events = events.clone().find(|(_, rate)| *rate == clock).or_else(|| events.next());
    let fmtp = values(audio, "fmtp").find_map(|(of, value)| (of == payload_type).then(|| value.to_owned())).unwrap_or_default();
    Some(Chosen { format, payload_type, fmtp, events })
}

/// The answer as the browser gets it: our wishes for Opus, our address as it looks from outside, and no second component
/// (RTP and RTCP share the first).
pub(super) fn outward(answer: &str, chosen: &Chosen, public: Option<IpAddr>) -> String {
    let fmtp = format!("a=fmtp:{} ", chosen.payload_type);
    let mut told = String::with_capacity(answer.len() + 64);
    // The crate answers with exact matches alone and leaves the keys out: they are read all the same.
    let is_left_out = |number: u8| !answer.contains(&format!("a=rtpmap:{number} "));
    let keys = chosen.events.filter(|(number, _)| is_left_out(*number));
    for line in answer.lines() {
        match line.strip_prefix("a=candidate:") {
            Some(candidate) => {
                if let Some(candidate) = from_outside(candidate, public) {
                    let _never_fails = write!(told, "a=candidate:{candidate}\r\n");
                }
            }
            None if line.starts_with(&fmtp) && chosen.format == PortFormat::Opus => {
                let _never_fails = write!(told, "{fmtp}{OPUS_WANTED}\r\n");
            }
            None => {
                let number = keys.filter(|_| line.starts_with("m=audio ")).map(|(number, _)| format!(" {number}"));
                let _never_fails = write!(told, "{line}{}\r\n", number.unwrap_or_default());
            }
        }
        if let Some((number, clock)) = keys.filter(|_| line.starts_with(&format!("a=rtpmap:{} ", chosen.payload_type))) {
            let _never_fails = write!(told, "a=rtpmap:{number} telephone-event/{clock}\r\na=fmtp:{number} 0-15\r\n");
        }
    }
    told
}

fn from_outside(candidate: &str, public: Option<IpAddr>) -> Option<String> {
    let mut fields: Vec<&str> = candidate.split(' ').collect();
    if fields.get(1) != Some(&"1") {
        return None;
    }
    let public = public.map(|address| address.to_string());
    if let Some(public) = public.as_deref().filter(|_| fields.get(7) == Some(&"host")) {
        *fields.get_mut(4)? = public;
    }
    Some(fields.join(" "))
}

/// The part of an offer or answer that a page sends or gets later (RFC 8840 section 9).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Fragment {
    /// User name of the candidates' generation.
    pub ufrag: Option<String>,
    /// Its password.
    pub pwd: Option<String>,
    /// `candidate:…` lines.
    pub candidates: Vec<String>,
}

impl Fragment {
    /// Reads a fragment; what it does not know it leaves out.
    pub(super) fn parse(text: &str) -> Self {
        let mut fragment = Self::default();
        for line in text.lines().map(str::trim) {
            if let Some(value) = line.strip_prefix("a=ice-ufrag:") {
                fragment.ufrag = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("a=ice-pwd:") {
                fragment.pwd = Some(value.to_owned());
            } else if let Some(value) = line.strip_prefix("a=").filter(|value| value.starts_with("candidate:")) {
                fragment.candidates.push(value.to_owned());
            }
        }
        fragment
    }

    /// Whether it begins another generation than that of this offer: an ICE restart (RFC 9725 section 4.3.3).
    pub(super) fn restarts(&self, offer: &str) -> bool {
        let now = Self::parse(offer);
        self.pwd.is_some() && (self.ufrag != now.ufrag || self.pwd != now.pwd)
    }

    /// The offer with this fragment's generation in place of its own.
    pub(super) fn applied_to(&self, offer: &str) -> String {
        let (ufrag, pwd) = (self.ufrag.as_deref().unwrap_or_default(), self.pwd.as_deref().unwrap_or_default());
        let mut text = String::with_capacity(offer.len());
        for line in offer.lines().filter(|line| !line.starts_with("a=candidate:") && *line != "a=end-of-candidates") {
            let _never_fails = match line {
                line if line.starts_with("a=ice-ufrag:") => write!(text, "a=ice-ufrag:{ufrag}\r\n"),
                line if line.starts_with("a=ice-pwd:") => write!(text, "a=ice-pwd:{pwd}\r\n"),
                line => write!(text, "{line}\r\n"),
            };
        }
        for candidate in &self.candidates {
            let _never_fails = write!(text, "a={candidate}\r\n");
        }
        text
    }

    /// The fragment of an answer, as the page gets it.
    pub(super) fn of_answer(answer: &str) -> String {
        let kept = ["a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=mid:", "m=", "a=end-of-candidates", "a=ice-lite"];
        let mut seen = std::collections::BTreeSet::new();
        let lines = answer.lines().filter(|line| kept.iter().any(|start| line.starts_with(start)) && seen.insert(*line));
        lines.fold(String::new(), |text, line| text + line + "\r\n")
    }
}

/// The first audio section.
fn section(sdp: &str) -> Option<&str> {
    let (_, audio) = sdp.split_once("m=audio ").filter(|(before, _)| before.is_empty() || before.ends_with('\n'))?;
    Some(audio.split_once("\nm=").map_or(audio, |(audio, _)| audio))
}

/// `a=NAME:NUMBER VALUE` lines.
fn values<'a>(section: &'a str, name: &'a str) -> impl Iterator<Item = (u8, &'a str)> {
    section.lines().filter_map(move |line| {
        let (number, value) = line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':')?.split_once(' ')?;
        Some((number.parse().ok()?, value.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The audio of Chromium's offer, shortened.
    const CHROME: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:abcd\r\na=ice-pwd:old\r\n\
        a=mid:0\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\na=rtpmap:63 red/48000/2\r\n\
        a=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:13 CN/8000\r\n\
        a=rtpmap:110 telephone-event/48000\r\na=rtpmap:126 telephone-event/8000\r\n";

    #[test]
    fn opus_is_chosen_with_the_keys_of_its_clock() {
        let fmtp = "minptime=10;useinbandfec=1".to_owned();
        let chosen = Chosen { format: PortFormat::Opus, payload_type: 111, fmtp, events: Some((110, 48_000)) };
        assert_eq!(choose(CHROME), Some(chosen));
    }

    #[test]
    fn without_opus_it_is_g711_in_the_browsers_order_even_unnamed() {
        let chosen = |offer: &str| choose(offer).map(|c| (c.format, c.payload_type, c.events));
        let without = CHROME.replace(" 111 63", "");
        assert_eq!(chosen(&without), Some((PortFormat::Pcmu, 0, Some((126, 8_000)))));
        let bare = "m=audio 9 UDP/TLS/RTP/SAVPF 8 0\r\n";
        assert_eq!(chosen(bare), Some((PortFormat::Pcma, 8, None)));
        assert_eq!(chosen("m=audio 9 UDP/TLS/RTP/SAVPF 9\r\na=rtpmap:9 G722/8000\r\n"), None);
        assert_eq!(chosen("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 VP8/90000\r\n"), None);
    }

    #[test]
    fn the_answer_shows_our_address_from_outside_once() {
        let answer = "a=fmtp:111 minptime=10\r\na=candidate:1 1 udp 2130706431 10.0.0.7 4000 typ host\r\n\
            a=candidate:1 2 udp 2130706431 10.0.0.7 4000 typ host\r\n\
            a=candidate:2 1 udp 16777215 198.51.100.9 5000 typ relay raddr 0.0.0.0 rport 0\r\n";
        let chosen = choose(CHROME).expect("chosen");
        let told = outward(answer, &chosen, "203.0.113.4".parse().ok());
        let candidates: Vec<_> = told.lines().skip(1).collect();
        assert_eq!(candidates[0], "a=candidate:1 1 udp 2130706431 203.0.113.4 4000 typ host");
        assert_eq!(candidates[1], "a=candidate:2 1 udp 16777215 198.51.100.9 5000 typ relay raddr 0.0.0.0 rport 0");
        assert_eq!(candidates.len(), 2);
        assert!(told.starts_with("a=fmtp:111 minptime=10;useinbandfec=1;usedtx=1"), "{told}");
    }

    #[test]
    fn the_keys_of_the_offer_are_answered_even_if_the_crate_leaves_them_out() {
        let chosen = choose(CHROME).expect("chosen");
        let answer = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n";
        let told = outward(answer, &chosen, None);
        let keys = "m=audio 9 UDP/TLS/RTP/SAVPF 111 110\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:110 telephone-event/48000\r\n";
        assert!(told.starts_with(keys), "{told}");
        assert_eq!(outward(&told, &chosen, None), told, "once");
    }

    #[test]
    fn a_late_candidate_is_no_restart_and_a_new_password_is() {
        let late = Fragment::parse(
            "a=ice-ufrag:abcd\r\na=ice-pwd:old\r\nm=audio 9 x 0\r\na=mid:0\r\na=candidate:1 1 udp 1 ::1 9 typ host\r\n",
        );
        assert_eq!((late.candidates.len(), late.restarts(CHROME)), (1, false));
        let again = Fragment::parse("a=ice-ufrag:efgh\r\na=ice-pwd:new\r\na=candidate:7 1 udp 1 127.0.0.1 9 typ host\r\n");
        assert!(again.restarts(CHROME) && !Fragment::parse("a=end-of-candidates").restarts(CHROME));
        let offer = again.applied_to(CHROME);
        assert!(offer.contains("a=ice-pwd:new\r\n") && offer.contains("a=candidate:7") && !offer.contains("old"), "{offer}");
    }
}
