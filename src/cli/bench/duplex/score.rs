//! The eight figures of a duplex run, in τ-voice's definitions: what a moment's timeline says, and the rates over many.
//! Never looks at what the bot meant to do: only at what was audible at the caller's ear.

use std::time::Duration;

use serde::Serialize;

use super::script::Kind;

/// A frame of the bot at this level is audible, in dBFS.
const AUDIBLE: f32 = -45.0;
/// The bot has stopped when it was silent for so long; a shorter gap is one between words.
const GAP: Duration = Duration::from_millis(200);
/// Softer by this much is ducked, in dB.
const SOFTER: f32 = 10.0;
/// A bot that has not begun by then has not answered.
const ANSWERS_WITHIN: Duration = Duration::from_secs(4);
/// A bot that has not stopped by then has not yielded.
const YIELDS_WITHIN: Duration = Duration::from_secs(2);
/// A bot that has not stopped by then has ignored what it heard.
const IGNORED_AFTER: Duration = Duration::from_secs(1);
/// τ-voice counts in ticks of this length.
const TICK: Duration = Duration::from_millis(200);
const FRAME: Duration = Duration::from_millis(20);

/// What was audible in a moment.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    /// The caller's first sample.
    pub onset: Duration,
    /// The sample after the caller's last.
    pub end: Duration,
    /// When each frame of the bot's came to the caller's ear, and its level in dBFS.
    pub bot: Vec<(Duration, f32)>,
}

/// What came of a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "came")]
pub enum Came {
    /// The bot answered so long after the caller's last sample (and so many ticks).
    Answered {
        /// Exactly, in milliseconds.
        ms: u64,
        /// In ticks of 0.2 s, as milliseconds.
        tick_ms: u64,
    },
    /// The bot began to speak while the caller's turn was open.
    CutOff {
        /// So long before the caller's end, in milliseconds.
        before_end_ms: u64,
    },
    /// Nothing was answered.
    Unanswered,
    /// The bot stopped so long after the caller's first sample.
    Stopped {
        /// In milliseconds.
        ms: u64,
    },
    /// The bot went on.
    WentOn,
    /// The bot was not speaking when it should have been: the moment says nothing.
    Void,
}

/// What came of a moment, and when the bot became softer after the caller's first sample.
pub fn judge(kind: Kind, timeline: &Timeline) -> (Came, Option<u64>) {
    if !kind.is_over_the_bot() {
        return (answer(timeline), None);
    }
    let Timeline { onset, bot, .. } = timeline;
    let before = bot.iter().rev().filter(|(at, db)| at < onset && *db >= AUDIBLE).take(10);
    let full = before.map(|(_, db)| *db).fold(f32::MIN, f32::max);
    if full == f32::MIN || !bot.iter().any(|(at, db)| *at < *onset && *at + GAP > *onset && *db >= AUDIBLE) {
        return (Came::Void, None);
    }
    let softer = bot.iter().find(|(at, db)| at >= onset && *db <= full - SOFTER).map(|(at, _)| millis(*at - *onset));
    let came = match silence(timeline).map(|at| at - *onset) {
        Some(after) if after <= YIELDS_WITHIN => Came::Stopped { ms: millis(after) },
        Some(_) | None => Came::WentOn,
    };
    (came, softer)
}

fn answer(Timeline { onset, end, bot }: &Timeline) -> Came {
    let mut audible = bot.iter().filter(|(_, db)| *db >= AUDIBLE).map(|(at, _)| *at);
    match audible.find(|at| at >= onset) {
        Some(at) if at < *end => Came::CutOff { before_end_ms: millis(*end - at) },
        Some(at) if at - *end <= ANSWERS_WITHIN => {
            let tick = |at: Duration| at.as_nanos() / TICK.as_nanos();
            let ticks = tick(at) - tick(end.saturating_sub(Duration::from_nanos(1)));
            Came::Answered { ms: millis(at - *end), tick_ms: ticks as u64 * 200 }
        }
        Some(_) | None => Came::Unanswered,
    }
}

/// When the first silence after the caller's first sample begins that is longer than a gap between words.
fn silence(Timeline { onset, bot, .. }: &Timeline) -> Option<Duration> {
    let mut last = *onset;
    for (at, _) in bot.iter().filter(|(at, db)| at >= onset && *db >= AUDIBLE) {
        if *at > last + GAP {
            return Some(last);
        }
        last = *at + FRAME;
    }
    let heard_until = bot.last()?.0;
    (heard_until > last + GAP).then_some(last)
}

/// A moment that was played.
#[derive(Debug, Clone, Serialize)]
pub struct Result {
    /// Its number.
    pub number: usize,
    /// Its language's code.
    pub language: String,
    /// Never tuned on.
    pub held_out: bool,
    /// What was done.
    pub kind: &'static str,
    /// What was uttered.
    pub text: String,
    /// Whether there was a pause inside.
    pub pauses: bool,
    /// Speech over noise in dB.
    pub snr_db: Option<f32>,
    /// Who spoke.
    pub voice: String,
    /// What came of it.
    #[serde(flatten)]
    pub came: Came,
    /// When the bot became softer, in milliseconds after the caller's first sample.
    pub softer_ms: Option<u64>,
    /// What the recogniser made of it.
    pub understood: String,
}

/// The eight figures of some moments. A rate of nothing is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// How many moments.
    pub moments: usize,
    /// Response latency, exactly: p50, p95 and p99 in milliseconds.
    pub response_ms: Option<[u64; 3]>,
    /// The same in ticks of 0.2 s.
    pub response_tick_ms: Option<[u64; 3]>,
    /// Share of turns that were answered.
    pub response_rate: Option<f64>,
    /// From an interruption's first sample to the bot's silence: p50, p95 and p99 in milliseconds.
    pub yield_ms: Option<[u64; 3]>,
    /// Share of interruptions that the bot yielded to.
    pub yield_rate: Option<f64>,
    /// Share of turns in which the bot began while the caller's turn was open.
    pub agent_interruption: Option<f64>,
    /// The same of turns with a pause inside.
    pub cut_at_pauses: Option<f64>,
    /// Share of backchannels over which the bot went on for a second.
    pub ignored_backchannels: Option<f64>,
    /// The same of tics.
    pub ignored_tics: Option<f64>,
    /// The same of side talk.
    pub ignored_side_talk: Option<f64>,
    /// From the first sample over the bot to its being softer: p50, p95 and p99 in milliseconds.
    pub softer_ms: Option<[u64; 3]>,
}

impl Figures {
    /// The figures of these moments.
    pub fn of<'r>(results: impl Iterator<Item = &'r Result> + Clone) -> Self {
        let kind = |kind: Kind| results.clone().filter(move |r| r.kind == kind.name() && r.came != Came::Void);
        let turns = || kind(Kind::Turn).chain(kind(Kind::Dictated));
        let is_cut = |r: &Result| matches!(r.came, Came::CutOff { .. });
        let ignored = |of: Kind| {
            let stopped = |r: &Result| matches!(r.came, Came::Stopped { ms } if u128::from(ms) <= IGNORED_AFTER.as_millis());
            share(kind(of), |r| !stopped(r))
        };
        let answered = |tick: bool| {
            turns().filter_map(move |r| match r.came {
                Came::Answered { ms, tick_ms } => Some(if tick { tick_ms } else { ms }),
                _ => None,
            })
        };
        let stops = kind(Kind::Interruption).filter_map(|r| if let Came::Stopped { ms } = r.came { Some(ms) } else { None });
        Self {
            moments: results.clone().count(),
            response_ms: percentiles(answered(false)),
            response_tick_ms: percentiles(answered(true)),
            response_rate: share(turns(), |r| r.came != Came::Unanswered),
            yield_ms: percentiles(stops),
            yield_rate: share(kind(Kind::Interruption), |r| matches!(r.came, Came::Stopped { .. })),
            agent_interruption: share(turns(), is_cut),
            cut_at_pauses: share(turns().filter(|r| r.pauses), is_cut),
            ignored_backchannels: ignored(Kind::Backchannel),
            ignored_tics: ignored(Kind::Tic),
            ignored_side_talk: ignored(Kind::SideTalk),
            softer_ms: percentiles(kind(Kind::Interruption).filter_map(|r| r.softer_ms)),
        }
    }
}

fn share<'r>(results: impl Iterator<Item = &'r Result>, is: impl Fn(&Result) -> bool) -> Option<f64> {
    let (mut all, mut some) = (0u32, 0u32);
    for result in results {
        all += 1;
        some += u32::from(is(result));
    }
    (all > 0).then(|| f64::from(some) / f64::from(all))
}

/// By the nearest rank.
fn percentiles(ms: impl Iterator<Item = u64>) -> Option<[u64; 3]> {
    let mut ms: Vec<u64> = ms.collect();
    ms.sort_unstable();
    let rank = |percent: usize| ms.get((ms.len() * percent).div_ceil(100).saturating_sub(1)).copied();
    Some([rank(50)?, rank(95)?, rank(99)?])
}

const fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: f32 = -17.0;

    /// The bot's frames: from, to and level of each stretch in milliseconds; silent elsewhere up to `until`.
    fn timeline(onset: u64, end: u64, (stretches, until): (&[(u64, u64, f32)], u64)) -> Timeline {
        let level = |ms: u64| stretches.iter().find(|(from, to, _)| (*from..*to).contains(&ms)).map_or(-80.0, |s| s.2);
        let bot = (0..until / 20).map(|n| (Duration::from_millis(n * 20), level(n * 20))).collect();
        Timeline { onset: Duration::from_millis(onset), end: Duration::from_millis(end), bot }
    }

    #[test]
    fn a_turn_is_answered_cut_off_or_neither() {
        let turn = |bot: &[(u64, u64, f32)]| judge(Kind::Turn, &timeline(1_000, 2_100, (bot, 8_000))).0;
        assert_eq!(turn(&[(0, 300, FULL), (2_560, 4_000, FULL)]), Came::Answered { ms: 460, tick_ms: 400 });
        assert_eq!(turn(&[(1_800, 4_000, FULL)]), Came::CutOff { before_end_ms: 300 });
        assert_eq!(turn(&[(0, 300, FULL)]), Came::Unanswered);
        assert_eq!(turn(&[(6_200, 7_000, FULL)]), Came::Unanswered);
    }

    #[test]
    fn over_the_bot_a_gap_between_words_is_no_yield_and_a_softer_bot_has_not_stopped() {
        let over = |kind, bot: &[(u64, u64, f32)]| judge(kind, &timeline(1_000, 1_600, (bot, 5_000)));
        assert_eq!(over(Kind::Interruption, &[(0, 1_100, FULL), (1_100, 1_420, -29.0)]), (Came::Stopped { ms: 420 }, Some(100)));
        assert_eq!(
            over(Kind::Backchannel, &[(0, 1_200, FULL), (1_200, 1_700, -29.0), (1_700, 5_000, FULL)]),
            (Came::WentOn, Some(200))
        );
        assert_eq!(over(Kind::Tic, &[(0, 1_300, FULL), (1_460, 5_000, FULL)]).0, Came::WentOn, "160 ms between words");
        assert_eq!(over(Kind::Interruption, &[(0, 3_400, FULL)]).0, Came::WentOn, "2.4 s is no yield");
        assert_eq!(over(Kind::Tic, &[(0, 700, FULL)]), (Came::Void, None));
    }

    #[test]
    fn rates_are_over_the_moments_they_are_about() {
        let result = |kind: Kind, came| Result {
            number: 0,
            language: "en".to_owned(),
            held_out: false,
            kind: kind.name(),
            text: String::new(),
            pauses: kind == Kind::Dictated,
            snr_db: None,
            voice: String::new(),
            came,
            softer_ms: None,
            understood: String::new(),
        };
        let results = [
            result(Kind::Turn, Came::Answered { ms: 300, tick_ms: 400 }),
            result(Kind::Turn, Came::Unanswered),
            result(Kind::Dictated, Came::CutOff { before_end_ms: 100 }),
            result(Kind::Dictated, Came::Answered { ms: 500, tick_ms: 600 }),
            result(Kind::Interruption, Came::Stopped { ms: 350 }),
            result(Kind::Interruption, Came::WentOn),
            result(Kind::Backchannel, Came::Stopped { ms: 1_300 }),
            result(Kind::Backchannel, Came::Stopped { ms: 400 }),
            result(Kind::Tic, Came::Void),
        ];
        let figures = Figures::of(results.iter());
        assert_eq!((figures.response_ms, figures.response_tick_ms), (Some([300, 500, 500]), Some([400, 600, 600])));
        assert_eq!((figures.response_rate, figures.agent_interruption), (Some(0.75), Some(0.25)));
        assert_eq!((figures.cut_at_pauses, figures.yield_rate), (Some(0.5), Some(0.5)));
        assert_eq!((figures.ignored_backchannels, figures.ignored_tics), (Some(0.5), None), "1.3 s later is no reaction to it");
        assert_eq!(figures.yield_ms, Some([350; 3]));
    }
}
