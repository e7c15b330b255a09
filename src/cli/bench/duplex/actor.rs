//! A caller in a moment: hears the greeting out, brings the bot to where the moment begins, does what it says, and listens.
//! Never knows more of the bot than its ear.

use std::time::Duration;

use super::hum::hum;
use super::score::Timeline;
use super::script::{Kind, Moment, Piece};
use crate::audio::{Dbfs, SampleRate};
use crate::cli::bench::callers::{SPEECH, speak};
use crate::engine::simulate::{Deed, SAMPLES, Talker, cough};
use crate::speech::speak::{SpeakError, Synthesizer};
use crate::talk::Language;

/// The noise of a quiet line, in dBFS.
const QUIET: f32 = -66.0;
/// The bot is audible at this level, in dBFS.
const AUDIBLE: f32 = -45.0;
/// The bot has finished when it has been silent that long.
const FINISHED: Duration = Duration::from_millis(700);
/// It is speaking when it was audible so shortly ago.
const SOUNDING: Duration = Duration::from_millis(60);
/// Who waits longer for the bot gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is listened to behind the caller's end.
const AFTER: Duration = Duration::from_millis(4_500);
/// Somebody who speaks to another person is further away: softer by this, in dB.
const AWAY: f32 = -13.0;
/// Who is not answered for so long goes on.
const WAITS: Duration = Duration::from_secs(4);
/// What is said aloud first, so that the bot knows the caller's voice.
const SAYS: [(Language, &str); 2] = [(Language::EN, "what can you do"), (Language::ZH, "你能做什么")];
/// What asks for an order number, and what is answered at length: written, so that noise does not change it.
const ASKS: [(Language, [&str; 2]); 2] =
    [(Language::EN, ["where is my order", "what can you do"]), (Language::ZH, ["我的订单到哪里了", "你能做什么"])];

/// What was said before a moment over the bot.
pub fn says(moment: &Moment) -> Option<&'static str> {
    let said = SAYS.iter().find(|(language, _)| *language == moment.language)?.1;
    moment.kind.is_over_the_bot().then_some(said)
}

/// What a moment needs to have been asked before it.
fn asks(moment: &Moment) -> Option<&'static str> {
    let [number, much] = ASKS.iter().find(|(language, _)| *language == moment.language)?.1;
    match moment.kind {
        Kind::Turn => None,
        Kind::Dictated => Some(number),
        Kind::Backchannel | Kind::Tic | Kind::SideTalk | Kind::Interruption => Some(much),
    }
}

/// Something uttered, as sound and as words.
#[derive(Default)]
pub struct Uttered {
    /// 8 kHz sound.
    pub pcm: Vec<i16>,
    /// Words and where their middles are.
    words: Vec<(String, Duration)>,
}

impl Uttered {
    /// The moment's utterance by that voice.
    ///
    /// # Errors
    /// The voice's.
    pub fn of(moment: &Moment, voice: &dyn Synthesizer) -> Result<Self, SpeakError> {
        let mut uttered = Self::default();
        for piece in &moment.pieces {
            match piece {
                Piece::Ms(ms) if moment.kind == Kind::Tic => cough(*ms as usize * 8, &mut uttered.pcm),
                Piece::Ms(ms) => uttered.pcm.resize(uttered.pcm.len() + *ms as usize * 8, 0),
                Piece::Words(text) => uttered.say(text, moment.language, voice)?,
                // Men and women listen alike.
                Piece::Hums { hum: lengths } => hum(lengths, 100.0 + (moment.number * 37 % 120) as f32, &mut uttered.pcm),
            }
        }
        if moment.kind == Kind::SideTalk {
            let gain = Dbfs::new(AWAY).gain();
            uttered.pcm.iter_mut().for_each(|sample| *sample = (f32::from(*sample) * gain) as i16);
            uttered.words.clear();
        }
        Ok(uttered)
    }

    /// These words by that voice.
    ///
    /// # Errors
    /// The voice's.
    pub fn words(text: &str, language: Language, voice: &dyn Synthesizer) -> Result<Self, SpeakError> {
        let mut uttered = Self::default();
        uttered.say(text, language, voice)?;
        Ok(uttered)
    }

    fn say(&mut self, text: &str, language: Language, voice: &dyn Synthesizer) -> Result<(), SpeakError> {
        let from = self.pcm.len();
        self.pcm.extend(speak(voice, text, language)?);
        self.words.extend(placed(text, language, (from, self.pcm.len())));
        Ok(())
    }

    /// Adds the sound from there on to the frame; says how much of it that was.
    fn sound(&self, from: usize, frame: &mut [i16; SAMPLES]) -> usize {
        let rest = &self.pcm[from..];
        frame.iter_mut().zip(rest).for_each(|(to, sample)| *to = to.saturating_add(*sample));
        rest.len().min(SAMPLES)
    }
}

/// The words of a text spread over the samples that say it; of Chinese each character is one.
fn placed(text: &str, language: Language, (from, to): (usize, usize)) -> Vec<(String, Duration)> {
    let words: Vec<String> = match language {
        Language::ZH => text.chars().map(String::from).collect(),
        _ => text.split_whitespace().map(|word| format!("{word} ")).collect(),
    };
    let all: usize = words.iter().map(|word| word.chars().count()).sum();
    let mut before = 0;
    words
        .into_iter()
        .map(|word| {
            let length = word.chars().count();
            let middle = from + (to - from) * (2 * before + length) / (2 * all.max(1));
            before += length;
            (word, Duration::from_micros(middle as u64 * 125))
        })
        .collect()
}

/// The caller.
pub struct Actor<'u> {
    kind: Kind,
    said: Option<&'u Uttered>,
    asks: Option<&'static str>,
    uttered: &'u Uttered,
    state: State,
    /// When that state began.
    since: Duration,
    noise: Noise,
    /// So far into the bot's speech the moment begins.
    into: Duration,
    /// When the bot's present stretch of speech began, and when it was last audible.
    bot: Option<(Duration, Duration)>,
    /// When something was first said.
    spoke: Duration,
    timeline: Timeline,
}

#[derive(Clone, Copy)]
enum State {
    /// The bot greets.
    Greeted,
    /// So much of what is said before has left.
    Saying(usize),
    /// It was said; the bot answers.
    Answered,
    /// The question was written.
    Asked,
    /// The moment has begun; so much of it has left.
    Uttering(usize),
    /// It is over.
    Listening,
}

impl<'u> Actor<'u> {
    /// The caller of that moment, who says this before.
    pub fn new(moment: &Moment, said: Option<&'u Uttered>, uttered: &'u Uttered) -> Self {
        let level = moment.snr_db.map_or(QUIET, |snr| SPEECH.db() - snr);
        Self {
            kind: moment.kind,
            said,
            asks: asks(moment),
            uttered,
            state: State::Greeted,
            since: Duration::ZERO,
            noise: Noise::new(moment.number as u64, Dbfs::new(level)),
            into: Duration::from_millis(1_000 + moment.number as u64 * 137 % 900),
            bot: None,
            spoke: Duration::ZERO,
            timeline: Timeline::default(),
        }
    }

    /// What was audible.
    pub fn timeline(self) -> Timeline {
        self.timeline
    }

    fn is_silent(&self, now: Duration) -> bool {
        self.bot.is_some_and(|(_, last)| now >= last + FINISHED)
    }

    /// Whether the bot has said something since this state began, and is silent again; or says nothing.
    fn is_answered(&self, now: Duration) -> bool {
        match self.bot.filter(|(from, _)| *from > self.since) {
            Some((_, last)) => now >= last + FINISHED,
            None => now > self.since + WAITS,
        }
    }

    /// Whether the moment begins now.
    fn begins(&self, now: Duration) -> bool {
        match self.bot.filter(|(from, _)| *from > self.since) {
            None => now > self.since + PATIENCE,
            Some((from, last)) if self.kind.is_over_the_bot() => now < last + SOUNDING && now >= from + self.into,
            Some((_, last)) => now >= last + FINISHED,
        }
    }

    fn enter(&mut self, state: State, now: Duration) {
        (self.state, self.since) = (state, now);
    }

    /// What happens before this tick's sound: the next state, and what is written.
    fn next(&mut self, now: Duration) -> Option<&'static str> {
        let heard_out = match self.state {
            State::Greeted => self.is_silent(now),
            State::Answered => self.is_answered(now),
            State::Asked => self.begins(now),
            State::Saying(_) | State::Uttering(_) | State::Listening => false,
        };
        match (self.state, self.said, self.asks) {
            (State::Greeted, Some(_), _) if heard_out => {
                self.spoke = now;
                self.enter(State::Saying(0), now);
            }
            (State::Greeted | State::Answered, _, Some(question)) if heard_out => {
                self.enter(State::Asked, now);
                return Some(question);
            }
            _ if heard_out => self.begin(now),
            _ => {}
        }
        None
    }

    /// The first sample leaves now.
    fn begin(&mut self, now: Duration) {
        self.timeline.onset = now;
        self.timeline.end = now + Duration::from_micros(self.uttered.pcm.len() as u64 * 125);
        self.enter(State::Uttering(0), now);
    }
}

impl Talker for Actor<'_> {
    fn tick(&mut self, now: Duration, frame: &mut [i16; SAMPLES]) -> Deed {
        frame.iter_mut().for_each(|sample| *sample = self.noise.next());
        if let Some(question) = self.next(now) {
            return Deed::Type(question.to_owned());
        }
        match (self.state, self.said) {
            (State::Saying(from), Some(said)) => {
                let from = from + said.sound(from, frame);
                let state = if from == said.pcm.len() { State::Answered } else { State::Saying(from) };
                self.enter(state, now);
            }
            (State::Uttering(from), _) => {
                let from = from + self.uttered.sound(from, frame);
                let state = if from == self.uttered.pcm.len() { State::Listening } else { State::Uttering(from) };
                self.enter(state, now);
            }
            (State::Listening, _) if now >= self.timeline.end + AFTER => return Deed::HangUp,
            _ => {}
        }
        Deed::Listen
    }

    fn hear(&mut self, at: Duration, pcm: &[i16]) {
        let level = Dbfs::of(pcm).db();
        self.timeline.bot.push((at, level));
        if level >= AUDIBLE {
            let from = self.bot.filter(|(_, last)| at < *last + FINISHED).map_or(at, |(from, _)| from);
            self.bot = Some((from, at));
        }
    }

    fn said(&self, from: Duration, to: Duration) -> String {
        /// The way of a sound through network and jitter buffer, about.
        const WAY: Duration = Duration::from_millis(60);
        let begun = matches!(self.state, State::Uttering(_) | State::Listening);
        let said = self.said.map(|said| (said, self.spoke)).filter(|(_, at)| *at > Duration::ZERO);
        let uttered = begun.then_some((self.uttered, self.timeline.onset));
        let words = said.into_iter().chain(uttered).flat_map(|(uttered, onset)| {
            uttered.words.iter().filter(move |(_, middle)| (from..to).contains(&(onset + *middle + WAY)))
        });
        words.map(|(word, _)| word.as_str()).collect::<String>().trim().to_owned()
    }
}

/// A street: low noise that swells and fades, the same for the same seed.
struct Noise {
    random: u64,
    low: f32,
    n: u64,
    gain: f32,
}

impl Noise {
    /// A one-pole low pass at about 800 Hz has this share of white noise's amplitude.
    const POLE: f32 = 0.53;

    fn new(seed: u64, level: Dbfs) -> Self {
        // Uniform noise of width 1 has the deviation 1/√12, and the low pass keeps √((1 − a) / (1 + a)) of it.
        let deviation = ((1.0 - Self::POLE) / (1.0 + Self::POLE)).sqrt() / 12.0_f32.sqrt();
        Self { random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, low: 0.0, n: 0, gain: level.gain() * 32_768.0 / deviation }
    }

    fn next(&mut self) -> i16 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let white = (self.random >> 40) as f32 / (1_u64 << 24) as f32 - 0.5;
        self.low = Self::POLE * self.low + (1.0 - Self::POLE) * white;
        self.n += 1;
        let seconds = self.n as f32 / SampleRate::HZ_8000.hz() as f32;
        let swell = 1.0 + 0.3 * (seconds * 2.1).sin();
        (self.low * self.gain * swell) as i16
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_the_level_it_is_told() {
        let mut noise = Noise::new(7, Dbfs::new(-32.0));
        let pcm: Vec<i16> = (0..80_000).map(|_| noise.next()).collect();
        assert!((Dbfs::of(&pcm).db() + 32.0).abs() < 1.0, "{}", Dbfs::of(&pcm));
    }

    #[test]
    fn words_lie_in_the_samples_that_say_them() {
        let words = placed("where is it", Language::EN, (8_000, 16_000));
        let at: Vec<u64> = words.iter().map(|(_, at)| at.as_millis() as u64).collect();
        assert!(at.is_sorted() && at[0] > 1_000 && at[2] < 2_000, "{at:?}");
        assert_eq!(placed("你好", Language::ZH, (0, 800)).len(), 2);
    }
}
