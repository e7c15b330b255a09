//! The scripted caller in virtual time: speaks, pauses, presses keys, coughs and hangs up when the script says so,
//! and knows of the bot only what arrives at his ear.
//! Never sees an event of the call; the recogniser alone is told what the sounds meant.

use std::collections::VecDeque;
use std::time::Duration;

use super::network::Random;
use super::scenario::{Act, After, Piece, Step};
use super::voices;
use crate::audio::{Dbfs, FRAME};
use crate::talk::Digit;

/// The bot is audible in a 20 ms frame of at least this level.
const AUDIBLE: Dbfs = Dbfs::new(-45.0);
/// A silence of the bot this long parts two stretches of its speech.
const GAP: Duration = Duration::from_millis(200);
/// The bot has finished when it has been silent that long.
const FINISHED: Duration = Duration::from_millis(700);
/// A bot that says nothing for so long has nothing to say.
const PATIENCE: Duration = Duration::from_secs(6);
/// From one key to the next.
const KEY: Duration = Duration::from_millis(200);
/// The way of a sound through network and jitter buffer, about.
const WAY: Duration = Duration::from_millis(60);
/// The soft end of a last word belongs to it.
const END: Duration = Duration::from_millis(150);
/// Samples of one frame.
pub const SAMPLES: usize = voices::RATE.frame_len();

/// What a caller does in one tick, besides the sound he makes.
pub enum Deed {
    /// Is on the line.
    Listen,
    /// Presses a key.
    Key(Digit),
    /// Writes something.
    Type(String),
    /// Hangs up.
    HangUp,
}

/// Somebody who calls. Knows of the bot only what arrives at the ear.
pub trait Talker {
    /// 20 ms have passed since the last time: writes the sound made in them (8 kHz) into `frame`, and says what else is done.
    fn tick(&mut self, now: Duration, frame: &mut [i16; SAMPLES]) -> Deed;

    /// 20 ms of the bot's sound arrive.
    fn hear(&mut self, at: Duration, pcm: &[i16]);

    /// The words that the bot's side heard in this range of the call, for a scripted recogniser.
    fn said(&self, from: Duration, to: Duration) -> String;
}

/// What the caller found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// For each answer, from the caller's last sample to its first sound at his ear.
    pub waits: Vec<Duration>,
    /// How often the bot began to speak before the caller had finished.
    pub cut_offs: usize,
}

/// The caller.
pub(super) struct Caller {
    steps: VecDeque<Step>,
    doing: Doing,
    /// When the last step ended.
    since: Duration,
    bot: Bot,
    words: Vec<Word>,
    /// When he ended an utterance that has no answer yet.
    waiting_since: Option<Duration>,
    findings: Findings,
    noise: Random,
}

enum Doing {
    Waiting,
    Speaking { pcm: Vec<i16>, at: usize, words: bool, cut_off: bool },
    Silent { until: Duration },
    Pressing { keys: VecDeque<Digit>, next: Duration },
}

/// What is heard of the bot.
#[derive(Default)]
struct Bot {
    /// The stretch of speech that is going on or was the last: from and to.
    stretch: Option<(Duration, Duration)>,
}

/// A word that was said, as the recogniser makes it out, and when.
struct Word {
    text: String,
    middle: Duration,
}

impl Caller {
    /// A caller with that script, who hangs up at its end. `seed` makes the noise of the line.
    pub(super) fn new(steps: &[Step], seed: u64) -> Self {
        let mut steps: VecDeque<_> = steps.iter().cloned().collect();
        steps.push_back(Step { after: After::Bot, act: Act::HangUp });
        Self {
            steps,
            doing: Doing::Waiting,
            since: Duration::ZERO,
            bot: Bot::default(),
            words: Vec::new(),
            waiting_since: None,
            findings: Findings::default(),
            noise: Random::new(seed),
        }
    }

    /// What he found out.
    pub(super) fn findings(self) -> Findings {
        self.findings
    }
}

impl Talker for Caller {
    fn hear(&mut self, at: Duration, pcm: &[i16]) {
        if Dbfs::of(pcm) < AUDIBLE || !self.bot.sounds(at) {
            return;
        }
        if let Doing::Speaking { words: true, cut_off, .. } = &mut self.doing {
            self.findings.cut_offs += usize::from(!std::mem::replace(cut_off, true));
        } else if let Some(ended) = self.waiting_since.take() {
            self.findings.waits.push(at - ended);
        }
    }

    fn said(&self, from: Duration, to: Duration) -> String {
        let within = |word: &&Word| (from..to + END).contains(&(word.middle + WAY));
        self.words.iter().filter(within).map(|word| word.text.as_str()).collect::<String>().trim().to_owned()
    }

    fn tick(&mut self, now: Duration, frame: &mut [i16; SAMPLES]) -> Deed {
        if matches!(self.doing, Doing::Waiting) && self.is_time(now) {
            let step = self.steps.pop_front().expect("the last step ends the call");
            match step.act {
                Act::HangUp => return Deed::HangUp,
                Act::Silence(time) => self.doing = Doing::Silent { until: now + time },
                Act::Press(keys) => self.doing = Doing::Pressing { keys: keys.into(), next: now },
                Act::Cough(time) => {
                    let mut pcm = Vec::new();
                    voices::cough(time.as_millis() as usize * 8, &mut pcm);
                    self.doing = Doing::Speaking { pcm, at: 0, words: false, cut_off: false };
                }
                Act::Say { pieces, heard_as } => {
                    let pcm = self.utter(now, &pieces, heard_as.as_deref());
                    self.waiting_since = None;
                    self.doing = Doing::Speaking { pcm, at: 0, words: true, cut_off: false };
                }
            }
        }
        self.go_on(now, frame)
    }
}

impl Caller {
    fn is_time(&self, now: Duration) -> bool {
        let Some(step) = self.steps.front() else { return false };
        match step.after {
            After::Ms(ms) => now >= self.since + Duration::from_millis(ms),
            After::BotSpeakingMs(ms) => self.bot.speaking_for(now) >= Some(Duration::from_millis(ms)),
            After::Bot => match self.bot.stretch {
                Some((_, to)) if to >= self.since => now >= to + FINISHED,
                _ => now >= self.since + PATIENCE,
            },
        }
    }

    fn go_on(&mut self, now: Duration, frame: &mut [i16; SAMPLES]) -> Deed {
        for sample in frame.iter_mut() {
            *sample = ((self.noise.unit() - 0.5) * 30.0) as i16;
        }
        let ended = match &mut self.doing {
            Doing::Waiting => false,
            Doing::Silent { until } => now + FRAME >= *until,
            Doing::Pressing { keys, next } => {
                if now >= *next
                    && let Some(key) = keys.pop_front()
                {
                    *next = now + KEY;
                    return Deed::Key(key);
                }
                keys.is_empty() && now >= *next
            }
            Doing::Speaking { pcm, at, words, cut_off } => {
                for (to, from) in frame.iter_mut().zip(&pcm[*at..]) {
                    *to = to.saturating_add(*from);
                }
                *at = (*at + SAMPLES).min(pcm.len());
                let ended = *at == pcm.len();
                self.waiting_since = (ended && *words && !*cut_off).then_some(now);
                ended
            }
        };
        if ended {
            self.doing = Doing::Waiting;
            self.since = now + FRAME;
        }
        Deed::Listen
    }

    /// The sound of an utterance that begins now; its words are noted with their times.
    fn utter(&mut self, now: Duration, pieces: &[Piece], heard_as: Option<&str>) -> Vec<i16> {
        let mut pcm = Vec::new();
        for piece in pieces {
            let from = pcm.len();
            match piece {
                Piece::Pause { pause_ms } => pcm.resize(from + *pause_ms as usize * 8, 0),
                Piece::Words(text) => {
                    voices::speak(voices::length(text), &mut pcm);
                    if heard_as.is_none() {
                        self.note(now, text, (from, pcm.len()));
                    }
                }
            }
        }
        if let Some(text) = heard_as {
            self.note(now, text, (0, pcm.len()));
        }
        pcm
    }

    /// Spreads the words of a text over the samples that say them.
    fn note(&mut self, now: Duration, text: &str, (from, to): (usize, usize)) {
        let words = words(text);
        let all: usize = words.iter().map(|word| voices::length(word)).sum::<usize>().max(1);
        let mut before = 0;
        for word in words {
            let length = voices::length(&word);
            let middle = from + (to - from) * (before + length / 2) / all;
            before += length;
            self.words.push(Word { text: word, middle: now + Duration::from_micros(middle as u64 * 125) });
        }
    }
}

impl Bot {
    /// An audible frame came; whether it begins a stretch of speech.
    fn sounds(&mut self, at: Duration) -> bool {
        match &mut self.stretch {
            Some((_, to)) if at < *to + GAP => {
                *to = at.max(*to);
                false
            }
            _ => {
                self.stretch = Some((at, at));
                true
            }
        }
    }

    /// For how long it has been speaking, if it does.
    fn speaking_for(&self, now: Duration) -> Option<Duration> {
        self.stretch.filter(|(_, to)| now < *to + GAP).map(|(from, _)| now - from)
    }
}

/// The words of a text, each with the space before it; a Chinese character is a word, and has none.
fn words(text: &str) -> Vec<String> {
    let is_whole = |c: char| c >= '\u{2e80}';
    let mut words: Vec<String> = Vec::new();
    let (mut open, mut space) = (false, if text.starts_with(is_whole) { "" } else { " " });
    for c in text.chars() {
        let whole = is_whole(c);
        if c.is_whitespace() {
            (open, space) = (false, " ");
        } else if let Some(word) = words.last_mut().filter(|_| open && !whole) {
            word.push(c);
        } else {
            words.push(format!("{space}{c}"));
            (open, space) = (!whole, "");
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_join_to_what_was_said() {
        for text in ["where is my order", "查订单4271好吗", "my 订单 please"] {
            assert_eq!(words(text).concat().trim(), text);
        }
        assert_eq!(words("查订单4271").len(), 4);
    }

    fn say(pieces: Vec<Piece>) -> Caller {
        let act = Act::Say { pieces, heard_as: None };
        let mut caller = Caller::new(&[Step { after: After::Ms(0), act }], 1);
        for tick in 0..200 {
            caller.tick(FRAME * tick, &mut [0; SAMPLES]);
        }
        caller
    }

    #[test]
    fn a_turn_that_is_cut_at_its_pause_holds_the_words_before_it() {
        let words = |text: &str| Piece::Words(text.to_owned());
        let caller = say(vec![words("i want"), Piece::Pause { pause_ms: 600 }, words("to return it")]);
        let ms = Duration::from_millis;
        assert_eq!(caller.said(ms(0), ms(500)), "i want");
        assert_eq!(caller.said(ms(900), ms(3_000)), "to return it");
        assert_eq!(caller.said(ms(0), ms(3_000)), "i want to return it");
    }

    #[test]
    fn the_ear_tells_an_answer_from_a_bot_that_cuts_in() {
        let loud = [3_000; 160];
        let mut caller = say(vec![Piece::Words("hello there".to_owned())]);
        caller.hear(Duration::from_millis(4_000), &loud);
        caller.hear(Duration::from_millis(4_020), &loud);
        assert_eq!(caller.findings.waits, [Duration::from_millis(4_000 - 700)]);
        let act = Act::Say { pieces: vec![Piece::Words("hello".to_owned())], heard_as: None };
        let mut caller = Caller::new(&[Step { after: After::Ms(0), act }], 1);
        caller.tick(Duration::ZERO, &mut [0; SAMPLES]);
        caller.hear(Duration::from_millis(10), &loud);
        assert_eq!(caller.findings, Findings { waits: Vec::new(), cut_offs: 1 });
    }
}
