//! A script for a call in virtual time: what the caller does and what the jobs answer goes in, a log of all outputs comes out.
//! The world is a harsh one: jobs deliver their results even after they were cancelled. Never sleeps, never reads a clock twice.
//!
//! A script is lines of text. Lines that begin with a time (ms) happen then; the others set the scene:
//! ```text
//! set keypad.gap_ms = 500              any value of the configuration
//! jobs stt 50 reply 100 voice 30       how long the jobs take, in ms
//! hears WORDS                          what the next finished turn is understood as; `-` nothing, `!` failure, `?` no answer
//! guesses WORDS                        a partial transcript, 200 ms into the next turn; `@300 WORDS` so many
//! says A | @900 B -> listen            the next reply; `@900` comes 900 ms after the one before, `!` must be heard,
//!                                      `~` the voice fails, `%` the voice hangs; ends with listen or wait [yesno|digits MIN MAX [secret]|
//!                                      choice KEYS], hangup, transfer NAME, fail or never
//! acknowledges WORDS                   what fills the wait for a late reply, in 20 ms
//! 0 answered
//! 1000 speech 600                      the caller speaks for 600 ms
//! 1000 aside 600                       somebody further away speaks, 13 dB softer
//! 1000 cough 100                       a loud sound of 100 ms, on which the detector of speech holds on for 60 ms
//! 2000 types WORDS · button (stops the bot) · chinese (is picked)
//! 2000 key 5 · hold · resume · shutdown · gone · transfer failed · jam (no sound leaves any more) · end
//! ```

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use hotline::audio::{Dbfs, FRAME, FRAME_MS, MediaTime};
use hotline::call::{Action, Call, CallConfig, Event, Hangup, Input, Output, RecognitionFailed};
use hotline::privacy::Pii;
use hotline::talk::{
    AfterReply, Choice, Digit, Expectation, Finality, Heard, Hint, Importance, Language, Playout, Probability, Prompt, ReplyId,
    Sentence, Transcript,
};

/// Length of a sentence's sound in the scripted world, a character.
const MS_A_CHARACTER: u64 = 50;

/// Runs `tests/call_scripts/NAME.txt` and compares its log with what the file holds behind the line `---`.
/// `UPDATE_EXPECT=1` writes the log into the file instead; a person reads the difference.
pub fn check(name: &str) {
    let path = format!("{}/tests/call_scripts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let (script, expected) = file.split_once("---\n").unwrap_or((&file, ""));
    let log = World::new(script).run();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, format!("{script}---\n{log}")).expect("the script can be written");
    } else {
        assert_eq!(log, expected, "{path} tells another story; UPDATE_EXPECT=1 rewrites it");
    }
}

/// The shell, the jobs and the caller around one call.
pub struct World {
    call: Call,
    base: Instant,
    now_ms: u64,
    deadline_ms: u64,
    script: VecDeque<(u64, String)>,
    speech: Vec<(u64, u64)>,
    aside: Vec<(u64, u64)>,
    held: Vec<(u64, u64)>,
    pending: Vec<(u64, Input)>,
    hears: VecDeque<String>,
    guesses: VecDeque<String>,
    says: VecDeque<String>,
    acknowledges: Option<String>,
    jobs: JobTimes,
    downlink: VecDeque<Sound>,
    jammed: bool,
    /// The bot's sound is held.
    silenced: bool,
    log: String,
}

struct JobTimes {
    stt: u64,
    reply: u64,
    voice: u64,
}

struct Sound {
    reply: ReplyId,
    sentence: u16,
    played: u64,
    length: u64,
}

impl World {
    /// A world in which this script is about to happen.
    pub fn new(script: &str) -> Self {
        let mut config = String::new();
        let mut world = Self {
            call: Call::new(CallConfig::default(), base()),
            base: base(),
            now_ms: 0,
            deadline_ms: 0,
            script: VecDeque::new(),
            speech: Vec::new(),
            aside: Vec::new(),
            held: Vec::new(),
            pending: Vec::new(),
            hears: VecDeque::new(),
            guesses: VecDeque::new(),
            says: VecDeque::new(),
            acknowledges: None,
            jobs: JobTimes { stt: 50, reply: 100, voice: 30 },
            downlink: VecDeque::new(),
            jammed: false,
            silenced: false,
            log: String::new(),
        };
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "set" => {
                    config.push_str(rest);
                    config.push('\n');
                }
                "jobs" => world.jobs = JobTimes::parse(rest),
                "hears" => world.hears.push_back(rest.into()),
                "guesses" => world.guesses.push_back(rest.into()),
                "acknowledges" => world.acknowledges = Some(rest.into()),
                "says" => world.says.push_back(rest.into()),
                time => world.at(number(time), rest),
            }
        }
        let config: CallConfig = toml::from_str(&config).expect("a script sets what there is");
        world.call = Call::new(config, world.base);
        world
    }

    /// Runs the script to its end and gives the log.
    pub fn run(mut self) -> String {
        let end = self.script.back().expect("a script ends").0;
        self.drain();
        while self.now_ms < end {
            self.now_ms += 1;
            while let Some(line) = self.script.pop_front_if(|(at, _)| *at <= self.now_ms) {
                self.happens(&line.1);
            }
            while let Some(due) = self.pending.iter().position(|(at, _)| *at <= self.now_ms) {
                let (_, input) = self.pending.remove(due);
                self.input(input);
            }
            if self.deadline_ms <= self.now_ms {
                self.input(Input::Timeout);
            }
            if self.now_ms.is_multiple_of(FRAME_MS) {
                self.tick();
            }
        }
        self.log
    }

    fn at(&mut self, at: u64, what: &str) {
        match what.split_once(' ') {
            Some(("speech", length)) => self.speech.push((at, at + number(length))),
            Some(("aside", length)) => self.aside.push((at, at + number(length))),
            Some(("cough", length)) => {
                let end = at + number(length);
                self.speech.push((at, end));
                self.held.push((end, end + 60));
            }
            _ => self.script.push_back((at, what.into())),
        }
    }

    fn happens(&mut self, what: &str) {
        if what == "end" {
            return;
        }
        self.note(&format!("       {what}"));
        let input = match what {
            "answered" => Input::Answered,
            "hold" => Input::Held(true),
            "resume" => Input::Held(false),
            "shutdown" => Input::Shutdown,
            "gone" => Input::Disconnected(Hangup::Caller),
            "transferred" => Input::Disconnected(Hangup::Transferred),
            "transfer failed" => Input::TransferFailed,
            "button" => Input::Interrupt,
            "chinese" => Input::Language(Language::ZH),
            typed if typed.starts_with("types ") => {
                Input::Typed(Transcript::of_text(typed.trim_start_matches("types "), Language::EN, "text"))
            }
            hint if hint.starts_with("hint ") => Input::Hint(Hint::Steer(Pii::new(hint.trim_start_matches("hint ").to_owned()))),
            "jam" => {
                self.jammed = true;
                return;
            }
            key => {
                let digit = key.strip_prefix("key ").and_then(|key| key.chars().next()).and_then(Digit::from_char);
                Input::Digit(digit.unwrap_or_else(|| panic!("no such thing happens: {key}")))
            }
        };
        self.input(input);
    }

    /// The frame of the caller's sound that ends now, and the bot's that leaves now.
    fn tick(&mut self) {
        let from = self.now_ms - FRAME_MS;
        let within = |spans: &[(u64, u64)]| spans.iter().any(|&(begin, end)| begin <= from && from < end);
        let (speech, level) = match () {
            () if within(&self.speech) => (1.0, -20.0),
            () if within(&self.aside) => (1.0, -33.0),
            () if within(&self.held) => (0.5, -45.0),
            () => (0.0, -70.0),
        };
        let (speech, level) = (Probability::new(speech), Dbfs::new(level));
        let heard = Heard { speech, level, ..Heard::nothing(MediaTime::from_millis(from)) };
        let playout = self.play();
        self.input(Input::Tick { heard, playout });
    }

    fn play(&mut self) -> Option<Playout> {
        if self.jammed || self.silenced {
            return None;
        }
        let queued = self.downlink.iter().map(|sound| sound.length - sound.played).sum::<u64>();
        let sound = self.downlink.front_mut()?;
        let step = FRAME_MS.min(sound.length - sound.played);
        sound.played += step;
        let playout = Playout {
            reply: sound.reply,
            sentence: sound.sentence,
            played: Duration::from_millis(sound.played),
            length: Some(Duration::from_millis(sound.length)),
            queued: Duration::from_millis(queued - step),
        };
        self.downlink.pop_front_if(|sound| sound.played >= sound.length);
        Some(playout)
    }

    fn input(&mut self, input: Input) {
        if let Input::AudioReady { reply, sentence } = input {
            let length = self.pending.iter().find_map(|(_, pending)| match pending {
                Input::Synthesised { reply: r, sentence: s, length } if (*r, *s) == (reply, sentence) => Some(*length),
                _ => None,
            });
            let length = length.unwrap_or(FRAME).as_millis() as u64;
            let sound = Sound { reply, sentence, played: 0, length };
            if sentence != Sentence::ACKNOWLEDGEMENT || self.acknowledges.is_none() {
                self.downlink.push_back(sound);
            } else if self.downlink.iter().all(|other| other.played == 0) {
                self.downlink.push_front(sound);
            }
        }
        self.call.handle_input(self.base + Duration::from_millis(self.now_ms), input);
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.call.poll_output() {
                Output::Timeout(at) => {
                    self.deadline_ms = (at - self.base).as_millis() as u64;
                    return;
                }
                Output::Action(action) => self.act(action),
                Output::Event(event) => self.note(&format!("event  {}", tell_event(&event))),
            }
        }
    }

    fn act(&mut self, action: Action) {
        self.note(&format!("action {}", tell_action(&action)));
        match action {
            Action::StartRecognition { turn, .. } => {
                if let Some(words) = self.guesses.pop_front() {
                    let (after, words) = match words.strip_prefix('@').and_then(|rest| rest.split_once(' ')) {
                        Some((after, words)) => (number(after), words),
                        None => (200, words.as_str()),
                    };
                    let transcript = Transcript { finality: Finality::Partial, ..said(words) };
                    self.later(after, Input::Partial { turn, transcript });
                }
            }
            Action::FinishRecognition { turn, .. } => {
                let result = match self.hears.pop_front().as_deref() {
                    Some("?") => return,
                    Some("!") => Err(RecognitionFailed),
                    Some("-") => Ok(Transcript::nothing(Language::EN, "script")),
                    Some(words) => Ok(said(words)),
                    None => Ok(said("words")),
                };
                self.later(self.jobs.stt, Input::Recognised { turn, result });
            }
            Action::StartReply { reply, .. } => {
                let plan = self.says.pop_front().unwrap_or_else(|| "Very well. -> listen".into());
                self.reply(reply, &plan);
            }
            Action::Acknowledge { reply, language, .. } => {
                if let Some(text) = self.acknowledges.clone() {
                    let (index, importance) = (Sentence::ACKNOWLEDGEMENT, Importance::Normal);
                    self.later(1, Input::Acknowledgement { reply, sentence: Sentence { index, text, language, importance } });
                }
            }
            Action::Synthesise { reply, sentence } => {
                let is_ready = sentence.index == Sentence::ACKNOWLEDGEMENT && self.acknowledges.is_some();
                let voice = if is_ready { 19 } else { self.jobs.voice };
                if sentence.text.starts_with('%') {
                    return;
                }
                let mute = sentence.text.starts_with('~');
                let length = if mute { 0 } else { sentence.text.chars().count() as u64 * MS_A_CHARACTER };
                if !mute {
                    self.later(voice, Input::AudioReady { reply, sentence: sentence.index });
                }
                let length = Duration::from_millis(length);
                self.later(voice, Input::Synthesised { reply, sentence: sentence.index, length });
            }
            Action::StopPlayout => self.downlink.clear(),
            Action::SetGain(gain) => self.silenced = gain == Dbfs::SILENCE,
            Action::CancelRecognition { .. }
            | Action::GuessTranscript { .. }
            | Action::PrepareReply { .. }
            | Action::CancelReply { .. }
            | Action::CommitHeard { .. }
            | Action::Transfer { .. }
            | Action::HangUp => {}
        }
    }

    fn reply(&mut self, reply: ReplyId, plan: &str) {
        let (sentences, end) = plan.rsplit_once("->").unwrap_or_else(|| panic!("how does it end: {plan}"));
        let mut at = 0;
        for (index, sentence) in sentences.split('|').map(str::trim).filter(|s| !s.is_empty()).enumerate() {
            let (delay, sentence) = match sentence.strip_prefix('@').and_then(|s| s.split_once(' ')) {
                Some((delay, sentence)) => (number(delay), sentence),
                None => (if index == 0 { self.jobs.reply } else { 10 }, sentence),
            };
            at += delay;
            let (importance, text) = match sentence.strip_prefix('!') {
                Some(text) => (Importance::MustBeHeard, text),
                None => (Importance::Normal, sentence),
            };
            // A script without acknowledgements counts from 0.
            let index = index as u16 + self.acknowledges.as_ref().map_or(0, |_| Sentence::FIRST);
            let sentence = Sentence { index, text: text.into(), language: Language::EN, importance };
            self.later(at, Input::Sentence { reply, sentence });
        }
        let words: Vec<&str> = end.split_whitespace().collect();
        let after = match words[..] {
            ["never"] => return,
            ["fail"] => return self.later(at + 10, Input::ReplyFailed { reply }),
            ["hangup"] => AfterReply::HangUp,
            ["transfer", target] => AfterReply::Transfer { target: target.into() },
            ["wait", ref what @ ..] => AfterReply::Wait(expectation(what)),
            ["listen", ref what @ ..] => AfterReply::Listen(expectation(what)),
            _ => panic!("no such end: {end}"),
        };
        self.later(at + 10, Input::ReplyEnded { reply, after, language: Language::EN });
    }

    fn later(&mut self, ms: u64, input: Input) {
        self.pending.push((self.now_ms + ms, input));
    }

    fn note(&mut self, what: &str) {
        self.log.push_str(&format!("{:>6} {what}\n", self.now_ms));
    }
}

impl JobTimes {
    fn parse(text: &str) -> Self {
        let time = |name: &str, otherwise| {
            let mut words = text.split_whitespace().skip_while(|word| *word != name);
            words.nth(1).map_or(otherwise, number)
        };
        Self { stt: time("stt", 50), reply: time("reply", 100), voice: time("voice", 30) }
    }
}

#[expect(clippy::disallowed_methods, reason = "virtual time needs one real instant to count from")]
fn base() -> Instant {
    use std::sync::OnceLock;
    static BASE: OnceLock<Instant> = OnceLock::new();
    *BASE.get_or_init(Instant::now)
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

fn said(words: &str) -> Transcript {
    Transcript::of_text(words, Language::EN, "script")
}

fn expectation(words: &[&str]) -> Expectation {
    match words {
        [] => Expectation::Open,
        ["yesno"] => Expectation::YesNo,
        ["digits", min, max, rest @ ..] => {
            Expectation::Digits { min: number(min) as u8, max: number(max) as u8, sensitive: rest == ["secret"] }
        }
        ["choice", keys] => Expectation::Choice(
            keys.chars().map(|key| Choice { id: key.into(), phrases: Vec::new(), key: Digit::from_char(key) }).collect(),
        ),
        _ => panic!("no such expectation: {words:?}"),
    }
}

fn tell_action(action: &Action) -> String {
    match action {
        Action::StartRecognition { turn, from, expectation, .. } => {
            format!("start recognition, {turn}, from {from}, {}", tell_expectation(expectation))
        }
        Action::GuessTranscript { turn } => format!("guess transcript, {turn}"),
        Action::FinishRecognition { turn, to, as_guessed } => {
            format!("finish recognition, {turn}, to {to}{}", if *as_guessed { ", as guessed" } else { "" })
        }
        Action::CancelRecognition { turn } => format!("cancel recognition, {turn}"),
        Action::PrepareReply { prompt } => format!("prepare: {}", tell_prompt(prompt)),
        Action::StartReply { reply, prompt } => format!("start {reply}: {}", tell_prompt(prompt)),
        Action::Acknowledge { reply, expectation, .. } => {
            format!("acknowledge {reply}, answer to {}", tell_expectation(expectation))
        }
        Action::CancelReply { reply } => format!("cancel {reply}"),
        Action::Synthesise { reply, sentence } => format!("synthesise {reply}, {}: {}", sentence.index, sentence.text),
        Action::SetGain(gain) => format!("gain {:.0} dB", gain.db()),
        Action::StopPlayout => "stop playout".into(),
        Action::CommitHeard { reply, heard, interrupted } => {
            format!("commit {reply}{}: {heard:?}", if *interrupted { ", interrupted" } else { "" })
        }
        Action::Transfer { target } => format!("transfer to {target}"),
        Action::HangUp => "hang up".into(),
    }
}

fn tell_expectation(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Choice(choices) => format!("choice of {}", choices.len()),
        other => format!("{other:?}").to_lowercase(),
    }
}

fn tell_prompt(prompt: &Prompt) -> String {
    match prompt {
        Prompt::Said { turn, transcript } => format!("said in {turn}: {}", transcript.text),
        Prompt::Keyed { turn, keys } => format!("keyed in {turn}: {}", keys.reveal()),
        Prompt::Hinted { hint } => format!("hinted: {}", hint.text().expect("scripts steer").reveal()),
        Prompt::NoInput { count } => format!("no input {count}"),
        Prompt::NoMatch { count, at_length } => format!("no match {count}{}", if *at_length { ", at length" } else { "" }),
        Prompt::Closing { why } => format!("closing, {why:?}").to_lowercase(),
        Prompt::Greeting | Prompt::Trouble => format!("{prompt:?}").to_lowercase(),
    }
}

fn tell_event(event: &Event) -> String {
    match event {
        Event::SpeechStarted { turn, at } => format!("speech started, {turn}, at {at}"),
        Event::SpeechEnded { turn, at } => format!("speech ended, {turn}, at {at}"),
        Event::Transcript { turn, transcript } => {
            format!("transcript, {turn}, {:?}: {}", transcript.finality, transcript.text).to_lowercase()
        }
        Event::Reply { turn, reply, text } => format!("{reply} to {turn}: {text}"),
        Event::ReplyStarted { turn, reply } => format!("{reply} to {turn} started"),
        Event::ReplyEnded { turn, reply, heard, interrupted } => {
            format!("{reply} to {turn} {}: {heard:?}", if *interrupted { "interrupted" } else { "ended" })
        }
        Event::BargeIn { turn, reply, after } => format!("barge-in, {turn}, {reply}, after {} ms", after.as_millis()),
        Event::Digit { turn, digit } => format!("digit {digit}, {turn}"),
        Event::Latency(latency) => format!(
            "latency, {}: endpoint {} + stt {} + reply {} + tts {} + wire {} = {} ms",
            latency.turn,
            latency.endpoint.as_millis(),
            latency.stt.as_millis(),
            latency.reply.as_millis(),
            latency.tts.as_millis(),
            latency.wire.as_millis(),
            latency.total.as_millis()
        ),
        Event::Ended { cause } => format!("ended: {}", cause.as_str()),
    }
}
