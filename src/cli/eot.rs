//! `hotline eot`: the end-pointer alone, judged on anyone's recordings: when would it have taken the turn?
//! Never speaks or answers; the sound goes frame by frame through the uplink, the recogniser and the call that serve callers.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use tokio::runtime::Handle;

use super::transcribe::Expect;
use crate::audio::wav::Sound;
use crate::audio::{FRAME, Frame, MediaTime};
use crate::call::{Action, Call, CallConfig, Input, Output};
use crate::config::Config;
use crate::engine::clock;
use crate::media::{PortFormat, Uplink};
use crate::speech::hear::{self, Cancel, HearRequest, Hearing, Phrase, Recognizer};
use crate::talk::{AfterReply, AudioRange, Expectation, Language, Transcript, TurnId};

/// Silence after a recording's end in which a fire still counts.
const AFTER: Duration = Duration::from_secs(2);
/// Longer than any recording.
const FOR_EVER_MS: u64 = 86_400_000;

/// Says when the bot would have taken the turn: wav paths on standard input, one JSON line each.
#[derive(Debug, Clone, Args)]
pub struct EotArgs {
    /// How patient the end-pointer is, against the configured waits
    #[arg(long, value_enum, default_value = "normal")]
    pub policy: Policy,
    /// The language spoken
    #[arg(long, short, default_value = "en")]
    pub language: Language,
    /// What the speaker was asked for
    #[arg(long, value_enum, default_value = "open")]
    pub expect: Expect,
    /// Listen without a recogniser: by voice activity and this caller's pauses alone
    #[arg(long)]
    pub deaf: bool,
}

/// How patient the end-pointer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Policy {
    /// Three quarters of the configured waits
    Fast,
    /// The configured waits
    Normal,
    /// Twice the configured waits
    Slow,
}

impl Policy {
    const fn factor(self) -> f32 {
        match self {
            Self::Fast => 0.75,
            Self::Normal => 1.0,
            Self::Slow => 2.0,
        }
    }
}

/// Judges each recording named on `paths`, a line a path. Fails (exit code 1) if one could not be read.
pub fn run(args: &EotArgs, config: &Config, (phrases, runtime): (Vec<Phrase>, &Handle), paths: impl BufRead) -> Result<ExitCode> {
    let recognizer = match args.deaf {
        true => None,
        false => Some(hear::open(&config.hear, &config.store.data, phrases, runtime)?),
    };
    let mut out = std::io::stdout().lock();
    let mut code = ExitCode::SUCCESS;
    for path in paths.lines() {
        let path = path.context("standard input")?;
        match judge(path.trim(), args, config, recognizer.as_deref()) {
            Ok(fires) => {
                let at: Vec<f64> = fires.iter().map(|fire| fire.at.as_micros() as f64 / 1e6).collect();
                let decision: Vec<f64> = fires.iter().map(|fire| fire.work.as_micros() as f64 / 1e3).collect();
                writeln!(out, "{}", json!({ "file": path.trim(), "fires": at, "decision_ms": decision }))?;
            }
            Err(error) => {
                writeln!(std::io::stderr(), "{error:#}")?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

/// The turn was taken.
struct Fire {
    /// So much of the recording had been heard.
    at: MediaTime,
    /// What the frame that decided it took to compute.
    work: Duration,
}

fn judge(path: &str, args: &EotArgs, config: &Config, recognizer: Option<&dyn Recognizer>) -> Result<Vec<Fire>> {
    let stream = File::open(Path::new(path)).with_context(|| format!("cannot read {path}"))?;
    let sound = Sound::read(BufReader::new(stream)).with_context(|| path.to_owned())?;
    let mut listener = Listener::new(args, config, recognizer, &sound);
    listener.tell(Input::Answered)?;
    let after = vec![0; (AFTER.as_millis() as usize / 20) * sound.rate.frame_len()];
    for (n, piece) in sound.pcm.chunks(sound.rate.frame_len()).chain(after.chunks(sound.rate.frame_len())).enumerate() {
        listener.hear(&Frame::new(piece, sound.rate, MediaTime::from_millis(n as u64 * 20)))?;
    }
    Ok(listener.fires)
}

/// A caller's side without a bot: each turn is taken and answered with nothing, so that the next one can begin.
struct Listener<'a> {
    call: Call,
    uplink: Uplink,
    recognizer: Option<&'a dyn Recognizer>,
    hearing: Option<(TurnId, Box<dyn Hearing>)>,
    expectation: Expectation,
    language: Language,
    began: Instant,
    now: Duration,
    fires: Vec<Fire>,
}

impl<'a> Listener<'a> {
    fn new(args: &EotArgs, config: &Config, recognizer: Option<&'a dyn Recognizer>, sound: &Sound) -> Self {
        let began = clock::now();
        let mut call =
            CallConfig { language: args.language, no_input_ms: FOR_EVER_MS, longest_call_ms: FOR_EVER_MS, ..config.call.clone() };
        call.turn.endpoint = call.turn.endpoint.slower(args.policy.factor());
        Self {
            call: Call::new(call, began),
            uplink: Uplink::new(PortFormat::Pcm(sound.rate), &config.media),
            recognizer,
            hearing: None,
            expectation: args.expect.expectation(),
            language: args.language,
            began,
            now: Duration::ZERO,
            fires: Vec::new(),
        }
    }

    /// The next 20 ms of the recording.
    fn hear(&mut self, frame: &Frame) -> Result<()> {
        let begun = clock::now();
        let fired = self.fires.len();
        self.uplink.push(frame);
        self.now += FRAME;
        let heard = self.uplink.pull(self.now);
        if let Some((turn, hearing)) = &mut self.hearing {
            let turn = *turn;
            if let Some(transcript) = hearing.feed(self.uplink.frame().pcm())? {
                self.tell(Input::Partial { turn, transcript })?;
            }
        }
        self.tell(Input::Tick { heard, playout: None })?;
        let work = clock::now() - begun;
        self.fires[fired..].iter_mut().for_each(|fire| fire.work = work);
        Ok(())
    }

    fn tell(&mut self, input: Input) -> Result<()> {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            self.call.handle_input(self.began + self.now, input);
            while let ControlFlow::Continue(action) = self.next() {
                inputs.extend(action.map(|action| self.act(action)).transpose()?.flatten());
            }
        }
        Ok(())
    }

    /// What the call wants done; it breaks off where it waits for the next input.
    fn next(&mut self) -> ControlFlow<(), Option<Action>> {
        match self.call.poll_output() {
            Output::Timeout(_) => ControlFlow::Break(()),
            Output::Action(action) => ControlFlow::Continue(Some(action)),
            Output::Event(_) => ControlFlow::Continue(None),
        }
    }

    /// Does it, and says what the call is to hear of it.
    fn act(&mut self, action: Action) -> Result<Option<Input>> {
        match action {
            Action::StartRecognition { turn, from, expectation, language } => {
                let request = HearRequest { language, expectation, from, cancel: Cancel::default() };
                let Some(recognizer) = self.recognizer.filter(|engine| engine.hears(language)) else { return Ok(None) };
                let mut hearing = recognizer.start(request)?;
                let mut failed = None;
                self.uplink.utterance(AudioRange { from, to: self.uplink.end() }, &mut |pcm| failed = hearing.feed(pcm).err());
                failed.map_or(Ok(()), Err)?;
                self.hearing = Some((turn, hearing));
                Ok(None)
            }
            Action::CancelRecognition { .. } => {
                self.hearing = None;
                Ok(None)
            }
            Action::GuessTranscript { turn } => {
                let guess = self.hearing.as_mut().map(|(_, hearing)| hearing.guess(&Cancel::default())).transpose()?;
                Ok(guess.flatten().map(|transcript| Input::Partial { turn, transcript }))
            }
            Action::FinishRecognition { turn, .. } => {
                self.hearing = None;
                self.fires.push(Fire { at: self.uplink.end(), work: Duration::ZERO });
                Ok(Some(Input::Recognised { turn, result: Ok(Transcript::of_text("taken", self.language, "eot")) }))
            }
            Action::StartReply { reply, .. } => {
                let after = AfterReply::Listen(self.expectation.clone());
                Ok(Some(Input::ReplyEnded { reply, after, language: self.language }))
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voiced sound (a buzz of harmonics) where `speech` says so, 20 ms a letter, as a detector takes it for speech or not.
    fn fires(policy: Policy, sound: &[(bool, u64)]) -> Vec<u64> {
        let rate = crate::audio::SampleRate::HZ_8000;
        let mut pcm = Vec::new();
        for (speech, ms) in sound {
            let from = pcm.len() as u64;
            pcm.extend((from..from + ms * 8).map(|n| if *speech { voice(n) } else { 0 }));
        }
        let args = EotArgs { policy, language: Language::EN, expect: Expect::Open, deaf: true };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.wav");
        Sound { pcm, rate }.write(File::create(&path).expect("made")).expect("written");
        // The sound is a buzz, which hangs in the air as no voice does.
        let mut config = Config::default();
        config.call.turn.endpoint.voice_ms = 0;
        let found = judge(path.to_str().expect("a path"), &args, &config, None).expect("judged");
        found.iter().map(|fire| fire.at.as_millis()).collect()
    }

    /// A vowel that moves, 120 Hz and its harmonics under two formants.
    fn voice(n: u64) -> i16 {
        let t = n as f32 / 8_000.0;
        let pitch = 120.0 + 15.0 * (t * 5.0).sin();
        let formant = |f: f32, at: f32| (-((f - at) / 150.0).powi(2)).exp();
        let (first, second) = (500.0 + 200.0 * (t * 9.0).sin(), 1_500.0 + 300.0 * (t * 7.0).sin());
        let sum: f32 = (1..25)
            .map(|h| {
                let f = pitch * h as f32;
                (formant(f, first) + 0.6 * formant(f, second)) * (std::f32::consts::TAU * f * t).sin()
            })
            .sum();
        (sum * 5_000.0 * (0.6 + 0.4 * (t * 22.0).sin())) as i16
    }

    #[test]
    fn a_turn_is_taken_once_after_its_end_and_later_by_the_patient() {
        let said = [(false, 500), (true, 900), (false, 1_500)];
        let (fast, normal, slow) = (fires(Policy::Fast, &said), fires(Policy::Normal, &said), fires(Policy::Slow, &said));
        assert_eq!((fast.len(), normal.len(), slow.len()), (1, 1, 1), "{fast:?} {normal:?} {slow:?}");
        assert!(fast[0] >= 1_400 && fast < normal && normal < slow && slow[0] < 2_500, "{fast:?} {normal:?} {slow:?}");
    }

    #[test]
    fn a_file_that_is_no_wav_is_named() {
        let args = EotArgs { policy: Policy::Normal, language: Language::EN, expect: Expect::Open, deaf: true };
        let error = judge("Cargo.toml", &args, &Config::default(), None).err().expect("no wav");
        assert!(format!("{error:#}").starts_with("Cargo.toml: not a readable wav"), "{error:#}");
    }
}
