//! `hotline call`: our own SIP caller. It plays a wav or silence, presses keys, records what it hears, and measures.
//! Never takes part in a conversation; it is a telephone with a stop-watch.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use audio_codec_algorithms::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};
use bytes::Bytes;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audio::wav::Sound;
use crate::audio::{FRAME, SampleRate};
use crate::line::rtp::{Law, StreamStats};
use crate::line::sip::{Credentials, DialOptions, SipConfig, SipEndpoint, SipPort};
use crate::line::{CloseCause, Outgoing, Packet, Port, PortEvent, PortFormat};
use crate::media::resample::StreamResampler;
use crate::privacy::Secret;
use crate::talk::Digit;

const FRAME_LEN: usize = SampleRate::HZ_8000.frame_len();
/// Listening after the last sound of the wav, where no time is given.
const LISTEN_AFTER: Duration = Duration::from_secs(3);
/// Length of a call without a wav and without a time.
const SILENT_CALL: Duration = Duration::from_secs(10);
/// Longest recording: one hour.
const MAX_SAMPLES: usize = 3_600 * 8_000;

/// Calls a SIP address.
#[derive(Debug, clap::Args)]
pub struct CallArgs {
    /// Whom to call: sip:USER@HOST:PORT, with ;transport=tcp for TCP
    pub uri: String,
    /// Wav to say (any rate, mono or stereo)
    #[arg(long, value_name = "WAV")]
    pub play: Option<PathBuf>,
    /// Wav to write what is heard to (8 kHz mono)
    #[arg(long, value_name = "WAV")]
    pub record: Option<PathBuf>,
    /// Codec to offer: pcma or pcmu
    #[arg(long, default_value = "pcma", value_parser = parse_law)]
    pub codec: Law,
    /// Keys to press, after so many seconds: 3:42# (repeatable)
    #[arg(long, value_name = "SEC:KEYS", value_parser = parse_keys)]
    pub dtmf: Vec<Keys>,
    /// Our own address
    #[arg(long, value_name = "URI")]
    pub from: Option<String>,
    /// User name for a digest challenge
    #[arg(long, requires = "password")]
    pub user: Option<String>,
    /// Its password
    #[arg(long, env = "HOTLINE_CALL_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
    /// Hang up after so many seconds; without it, 3 s after the wav's end
    #[arg(long)]
    pub sec: Option<f64>,
    /// Print the figures as one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Keys to press at a time after the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    at: Duration,
    digits: Vec<Digit>,
}

/// Makes the call and prints its figures.
///
/// # Errors
/// A wav that cannot be read or written, an address that cannot be called, a call that is refused.
pub async fn run(args: CallArgs) -> anyhow::Result<()> {
    let speech = args.play.as_deref().map(read_speech).transpose()?.unwrap_or_default();
    let any = if args.uri.contains('[') { "[::]" } else { "0.0.0.0" };
    let listen = ["udp", "tcp"].map(|transport| format!("{transport}:{any}:0").parse()).into_iter().collect::<Result<_, _>>()?;
    let config = SipConfig { listen, ..SipConfig::default() };
    let (endpoint, _calls) = SipEndpoint::bind(config, TaskTracker::new(), CancellationToken::new()).await?;
    let began = Instant::now();
    let mut port = endpoint.dial(&args.uri, dial_options(&args)).await?;
    let answer = began.elapsed();
    let mut call = Conversation::new(&args, speech, &port);
    let cause = call.hold(&mut port).await;
    port.close().await;
    endpoint.shutdown().await;
    if let Some(path) = &args.record {
        call.save(path)?;
    }
    let figures = Figures { answer, cause, codec: port.info().format.name(), stats: port.stats(), spacing: call.spacing() };
    if args.json {
        println!("{}", figures.json())
    } else {
        println!("{}", figures.text())
    }
    Ok(())
}

fn dial_options(args: &CallArgs) -> DialOptions {
    let other = if args.codec == Law::A { Law::Mu } else { Law::A };
    let credentials = args.user.clone().zip(args.password.clone());
    DialOptions {
        laws: vec![args.codec, other],
        from: args.from.clone(),
        credentials: credentials.map(|(user, password)| Credentials { user, password: Secret::new(password) }),
        ..DialOptions::default()
    }
}

fn parse_law(text: &str) -> Result<Law, String> {
    Law::from_name(text).ok_or_else(|| format!("{text} is not spoken; give pcma or pcmu"))
}

fn parse_keys(text: &str) -> Result<Keys, String> {
    let wrong = || format!("{text:?} names no keys; write 3:42# for 4, 2 and # after three seconds");
    let (at, keys) = text.split_once(':').ok_or_else(wrong)?;
    let at = at.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(wrong)?;
    let digits: Option<Vec<Digit>> = keys.chars().map(Digit::from_char).collect();
    Ok(Keys { at, digits: digits.filter(|digits| !digits.is_empty()).ok_or_else(wrong)? })
}

/// The wav at the telephone's rate.
fn read_speech(path: &Path) -> anyhow::Result<Vec<i16>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let sound = Sound::read(std::io::BufReader::new(file)).with_context(|| format!("cannot play {}", path.display()))?;
    let mut resampler = StreamResampler::new(sound.rate, SampleRate::HZ_8000);
    let mut speech = Vec::with_capacity(sound.pcm.len());
    resampler.push(&sound.pcm, &mut speech);
    resampler.finish(&mut speech);
    Ok(speech)
}

/// One call while it is up.
struct Conversation {
    speech: Vec<i16>,
    keys: Vec<Keys>,
    length: Duration,
    law: Law,
    began: Instant,
    heard: Vec<i16>,
    origin: Option<(usize, u32)>,
    arrivals: Vec<Duration>,
}

impl Conversation {
    fn new(args: &CallArgs, speech: Vec<i16>, port: &SipPort) -> Self {
        let law = if port.info().format == PortFormat::Pcmu { Law::Mu } else { Law::A };
        let spoken = FRAME * speech.len().div_ceil(FRAME_LEN) as u32;
        let default = if speech.is_empty() { SILENT_CALL } else { spoken + LISTEN_AFTER };
        let length = args.sec.and_then(|sec| Duration::try_from_secs_f64(sec).ok()).unwrap_or(default);
        let mut keys = args.dtmf.clone();
        keys.sort_by_key(|keys| std::cmp::Reverse(keys.at));
        Self { speech, keys, length, law, began: Instant::now(), heard: Vec::new(), origin: None, arrivals: Vec::new() }
    }

    /// Talks and listens until the time is over or the other side ends.
    async fn hold(&mut self, port: &mut SipPort) -> CloseCause {
        let mut clock = interval(FRAME);
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut tick = 0;
        loop {
            tokio::select! {
                biased;
                _ = clock.tick() => {
                    if FRAME * tick > self.length {
                        return CloseCause::LocalHangup;
                    }
                    self.press(port);
                    port.send(Outgoing::Encoded { payload: self.frame(tick as usize), marker: tick == 0 });
                    tick += 1;
                }
                event = port.recv() => match event {
                    PortEvent::Packet(packet) => self.hear(&packet),
                    PortEvent::Closed(cause) => return cause,
                    PortEvent::Digit(_)
                    | PortEvent::Typed(_)
                    | PortEvent::Interrupt
                    | PortEvent::Language(_)
                    | PortEvent::Held(_)
                    | PortEvent::Plain(_) => {}
                }
            }
        }
    }

    fn press(&mut self, port: &mut SipPort) {
        while self.keys.last().is_some_and(|keys| keys.at <= self.began.elapsed()) {
            for digit in self.keys.pop().into_iter().flat_map(|keys| keys.digits) {
                if !port.press(digit) {
                    tracing::warn!("The other side takes no telephone events: a key was not sent.");
                }
            }
        }
    }

    fn frame(&self, tick: usize) -> Bytes {
        let encode = if self.law == Law::A { encode_alaw } else { encode_ulaw };
        let from = (tick * FRAME_LEN).min(self.speech.len());
        let pcm = &self.speech[from..(from + FRAME_LEN).min(self.speech.len())];
        pcm.iter().copied().chain(std::iter::repeat(0)).take(FRAME_LEN).map(encode).collect()
    }

    /// Puts a packet where its timestamp says, counted from the answer; what is lost stays silent.
    fn hear(&mut self, packet: &Packet) {
        let now = self.began.elapsed();
        self.arrivals.push(now);
        let (start, first) = *self.origin.get_or_insert((now.as_millis() as usize * 8, packet.timestamp));
        let Ok(after) = usize::try_from(packet.timestamp.wrapping_sub(first) as i32) else { return };
        let end = start + after + packet.payload.len();
        if end > MAX_SAMPLES || ![Law::A, Law::Mu].iter().any(|law| law.payload_type() == packet.payload_type) {
            return;
        }
        self.heard.resize(self.heard.len().max(end), 0);
        let decode = if self.law == Law::A { decode_alaw } else { decode_ulaw };
        for (sample, &byte) in self.heard[start + after..end].iter_mut().zip(&packet.payload) {
            *sample = decode(byte);
        }
    }

    fn save(&self, path: &Path) -> anyhow::Result<()> {
        if self.heard.is_empty() {
            bail!("nothing was heard, so {} was not written", path.display());
        }
        let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let sound = Sound { pcm: self.heard.clone(), rate: SampleRate::HZ_8000 };
        sound.write(std::io::BufWriter::new(file)).map_err(|error| anyhow!("cannot write {}: {error}", path.display()))
    }

    /// Median and 99th percentile of the time between packets, in milliseconds.
    fn spacing(&self) -> Option<(f64, f64)> {
        let mut gaps: Vec<f64> = self.arrivals.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1_000.0).collect();
        gaps.sort_by(f64::total_cmp);
        let at = |share: f64| gaps.get(((gaps.len() as f64 - 1.0) * share).round().max(0.0) as usize).copied();
        at(0.5).zip(at(0.99))
    }
}

/// What the call came to.
struct Figures {
    answer: Duration,
    cause: CloseCause,
    codec: &'static str,
    stats: StreamStats,
    spacing: Option<(f64, f64)>,
}

impl Figures {
    fn json(&self) -> serde_json::Value {
        json!({
            "answer_ms": self.answer.as_millis() as u64,
            "codec": self.codec,
            "sent": self.stats.sent,
            "received": self.stats.received,
            "lost": self.stats.lost,
            "refused": self.stats.refused,
            "jitter_ms": self.stats.jitter_ms,
            "spacing_p50_ms": self.spacing.map(|(median, _)| median),
            "spacing_p99_ms": self.spacing.map(|(_, worst)| worst),
            "ended": ended(self.cause),
        })
    }

    fn text(&self) -> String {
        let Self { stats, .. } = self;
        let spacing = self.spacing.map_or_else(String::new, |(p50, p99)| format!(", spacing p50 {p50:.1} ms p99 {p99:.1} ms"));
        format!(
            "answered after {} ms, {}, ended: {}\nsent {} packets, received {}, lost {}, jitter {:.1} ms{spacing}",
            self.answer.as_millis(),
            self.codec,
            ended(self.cause),
            stats.sent,
            stats.received,
            stats.lost,
            stats.jitter_ms,
        )
    }
}

const fn ended(cause: CloseCause) -> &'static str {
    match cause {
        CloseCause::RemoteHangup => "remote-hangup",
        CloseCause::LocalHangup => "local-hangup",
        CloseCause::MediaTimeout => "media-timeout",
        CloseCause::EndOfSound => "end-of-sound",
        CloseCause::TransportFailure => "transport-failure",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_time_and_wrong_ones_are_explained() {
        let keys = parse_keys("1.5:4#").expect("valid");
        assert_eq!((keys.at, keys.digits.len()), (Duration::from_millis(1_500), 2));
        for wrong in ["42", "3:", "x:4", "3:4x", "-1:4"] {
            assert!(parse_keys(wrong).is_err_and(|error| error.contains("3:42#")), "{wrong}");
        }
    }

    #[test]
    fn a_wav_that_is_none_is_named() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), b"ID3 this is no wav").expect("written");
        let error = read_speech(file.path()).expect_err("no wav");
        assert!(format!("{error:#}").contains("cannot play"), "{error:#}");
        assert!(format!("{:#}", read_speech(Path::new("/nowhere.wav")).expect_err("no file")).contains("/nowhere.wav"));
    }
}
