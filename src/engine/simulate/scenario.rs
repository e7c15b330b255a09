//! A scenario: what a scripted caller does on a call, over which network, and what must have come of it. YAML, read strictly.
//! Never runs anything.
//!
//! ```yaml
//! name: Order status
//! pack: packs/shop                    # from the working directory; this is the default
//! language: en                        # default: the pack's first
//! today: 2026-01-05                   # the day the conversation is held on; this is the default
//! network: {loss_percent: 5, jitter_ms: 30, seed: 7}   # both directions; default: none
//! timing: {stt_ms: 120, reply_ms: 10, tts_ms: 30}      # how long recogniser, dialogue and voice take; these are the defaults
//! caller:                             # each step waits until the bot has finished, or for what `after` says
//!   - say: where is my order
//!   - say: four two seven one
//!     heard_as: "4271"                # what the recogniser makes of it; "" for nothing
//!   - say: [i want, {pause_ms: 600}, to return something]
//!     after: {bot_speaking_ms: 900}   # into the bot's speech: a barge-in; `bot` is the default
//!   - press: "2"
//!   - cough_ms: 150
//!     after: {ms: 500}                # that long after the step before
//!   - silence_ms: 8000
//!   - hang_up                         # or {hang_up: true, after: …}; without it the caller hears the bot out and hangs up
//! expect:
//!   - said: on its way                # part of what the bot said, capitals aside
//!   - not_said: sorry
//!   - barge_ins: 1
//!   - ended: caller                   # a cause of `call_ended`
//!   - latency_ms_below: 800           # every answer: caller's last sample to the first sound at the caller's ear
//!   - cut_offs: 0                     # times the bot began to speak before the caller had finished
//! ```

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::NaiveDate;
use serde::de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::talk::{Digit, Language};

/// A scenario file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, in a few words.
    pub name: String,
    /// The business pack, from the working directory.
    #[serde(default = "shop")]
    pub pack: PathBuf,
    /// The language the call begins in; by default the pack's first.
    #[serde(default)]
    pub language: Option<Language>,
    /// The day the conversation is held on.
    #[serde(default = "monday")]
    pub today: NaiveDate,
    /// What happens to packets on their way, in both directions.
    #[serde(default)]
    pub network: Network,
    /// How long the work outside the call takes.
    #[serde(default)]
    pub timing: Timing,
    /// What the caller does, in order.
    pub caller: Vec<Step>,
    /// What must have come of it.
    #[serde(default)]
    pub expect: Vec<Expected>,
}

/// What happens to packets on their way.
#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Network {
    /// Packets that never arrive, in percent.
    pub loss_percent: f32,
    /// Each packet comes up to this much later than the fastest; beyond 20 ms they overtake each other.
    pub jitter_ms: u32,
    /// Another seed is another day on the same network.
    pub seed: u64,
}

/// How long the work outside the call takes, in virtual milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// From the end of a turn's sound to its transcript.
    pub stt_ms: u64,
    /// From a question to the first sentence of its answer.
    pub reply_ms: u64,
    /// From a sentence to its first sound.
    pub tts_ms: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Self { stt_ms: 120, reply_ms: 10, tts_ms: 30 }
    }
}

/// One thing the caller does.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When.
    pub after: After,
    /// What.
    pub act: Act,
}

/// When a step begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// When the bot has answered and finished.
    #[default]
    Bot,
    /// That many milliseconds after the step before.
    Ms(u64),
    /// When the bot has been speaking for that many milliseconds.
    BotSpeakingMs(u64),
}

/// What a caller can do.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Speaks.
    Say {
        /// The words and the pauses between them.
        pieces: Vec<Piece>,
        /// What the recogniser makes of the words, if it is not the words themselves.
        heard_as: Option<String>,
    },
    /// Presses keys.
    Press(Vec<Digit>),
    /// Coughs for so long.
    Cough(Duration),
    /// Says nothing for so long.
    Silence(Duration),
    /// Hangs up.
    HangUp,
}

/// Part of an utterance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// A pause.
    Pause {
        /// Its length, in milliseconds.
        pause_ms: u64,
    },
    /// Words.
    Words(String),
}

/// What must have come of the call.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// The bot said this, capitals aside.
    Said(String),
    /// The bot did not say this.
    NotSaid(String),
    /// The caller interrupted so often.
    BargeIns(usize),
    /// The call ended for this reason (the `cause` of `call_ended`).
    Ended(String),
    /// Every answer began sooner than this after the caller's last sample.
    LatencyMsBelow(u64),
    /// So often the bot began to speak before the caller had finished.
    CutOffs(usize),
}

/// A scenario that cannot be read.
#[derive(Debug, Error)]
pub enum ScenarioError {
    /// The file.
    #[error("{}: cannot be read: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// What is in it.
    #[error("{}:{line}: {what}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    /// A file that is not there, and everything in it that is not understood, with its line.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::File { path: path.to_owned(), source })?;
        Self::parse(&text, path)
    }

    /// Reads the text of a scenario; `path` is only named in errors.
    ///
    /// # Errors
    /// Everything that is not understood, with its line.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ScenarioError> {
        let content = |line, what| ScenarioError::Content { path: path.to_owned(), line, what };
        let scenario: Self = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            let what = error.without_snippet().to_string();
            // Where is told in front, as everywhere; the rest of the sentence is what.
            content(line, what.split(" at line ").next().unwrap_or(&what).to_owned())
        })?;
        if !(0.0..=100.0).contains(&scenario.network.loss_percent) {
            return Err(content(1, "network.loss_percent goes from 0 to 100".to_owned()));
        }
        Ok(scenario)
    }
}

fn shop() -> PathBuf {
    PathBuf::from("packs/shop")
}

fn monday() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 5).expect("a day of the calendar")
}

/// A step as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    say: Option<Said>,
    heard_as: Option<String>,
    press: Option<String>,
    cough_ms: Option<u64>,
    silence_ms: Option<u64>,
    hang_up: Option<bool>,
    #[serde(default)]
    after: After,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Said {
    Pieces(Vec<Piece>),
    Words(String),
}

impl Written {
    fn step(self) -> Result<Step, &'static str> {
        let Self { say, heard_as, press, cough_ms, silence_ms, hang_up, after } = self;
        if heard_as.is_some() && say.is_none() {
            return Err("heard_as belongs to a say");
        }
        let say = say.map(|said| Act::Say { pieces: said.pieces(), heard_as });
        let keys = |keys: String| keys.chars().map(Digit::from_char).collect::<Option<_>>();
        let press = press.map(|text| keys(text).map(Act::Press).ok_or("keys are 0 to 9, *, # and A to D")).transpose()?;
        let cough = cough_ms.map(|ms| Act::Cough(Duration::from_millis(ms)));
        let silence = silence_ms.map(|ms| Act::Silence(Duration::from_millis(ms)));
        let hang_up = hang_up.filter(|&does| does).map(|_| Act::HangUp);
        let mut acts = [say, press, cough, silence, hang_up].into_iter().flatten();
        match (acts.next(), acts.next()) {
            (Some(act), None) => Ok(Step { after, act }),
            _ => Err("a step is exactly one of say, press, cough_ms, silence_ms, hang_up"),
        }
    }
}

impl Said {
    fn pieces(self) -> Vec<Piece> {
        match self {
            Self::Pieces(pieces) => pieces,
            Self::Words(words) => vec![Piece::Words(words)],
        }
    }
}

impl<'de> Deserialize<'de> for Step {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StepVisitor)
    }
}

struct StepVisitor;

impl<'de> Visitor<'de> for StepVisitor {
    type Value = Step;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a step: say, press, cough_ms, silence_ms or hang_up")
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Step, E> {
        match word {
            "hang_up" => Ok(Step { after: After::Bot, act: Act::HangUp }),
            other => {
                Err(E::custom(format!("{other:?} is no step; write say: …, press: …, cough_ms: …, silence_ms: … or hang_up")))
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Step, A::Error> {
        Written::deserialize(MapAccessDeserializer::new(map))?.step().map_err(A::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Scenario, String> {
        Scenario::parse(text, Path::new("s.yaml")).map_err(|error| error.to_string())
    }

    #[test]
    fn every_way_to_write_a_step_is_read() {
        let text = "
name: all
network: {loss_percent: 5, jitter_ms: 30, seed: 7}
timing: {stt_ms: 80}
caller:
  - say: where is my order
  - say: [i want, {pause_ms: 600}, to return something]
    heard_as: \"\"
    after: {bot_speaking_ms: 900}
  - press: \"2#\"
  - cough_ms: 150
    after: {ms: 500}
  - silence_ms: 8000
  - {hang_up: true, after: bot}
  - hang_up
expect: [said: hello, not_said: sorry, barge_ins: 1, ended: caller, latency_ms_below: 800, cut_offs: 0]
";
        let scenario = parse(text).expect("all of it is documented");
        let words = |text: &str| Piece::Words(text.to_owned());
        let pieces = vec![words("i want"), Piece::Pause { pause_ms: 600 }, words("to return something")];
        let interrupts = Step { after: After::BotSpeakingMs(900), act: Act::Say { pieces, heard_as: Some(String::new()) } };
        assert_eq!((scenario.caller.len(), &scenario.caller[1]), (7, &interrupts));
        assert_eq!(scenario.caller[5], scenario.caller[6]);
        assert_eq!(scenario.timing, Timing { stt_ms: 80, ..Timing::default() });
        assert_eq!((scenario.expect.len(), &scenario.expect[5]), (6, &Expected::CutOffs(0)));
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        for (caller, line, what) in [
            ("- say: hi\n    loud: true", 4, "loud"),
            ("- shout", 3, "shout"),
            ("- {say: hi, press: \"1\"}", 3, "exactly one"),
            ("- press: \"1x\"", 3, "keys are"),
            ("- {hang_up: true, heard_as: bye}", 3, "belongs to a say"),
            ("- say: hi\n    after: tea", 4, "tea"),
        ] {
            let error = parse(&format!("name: x\ncaller:\n  {caller}\n")).expect_err(caller);
            assert!(error.starts_with(&format!("s.yaml:{line}: ")) && error.contains(what), "{caller}: {error}");
        }
        assert!(parse("name: x\nnetwork: {loss_percent: 101}\ncaller: []").expect_err("no such share").contains("0 to 100"));
        assert!(parse("name: x\ncaler: []").expect_err("a slip").contains("caler"));
    }
}
