//! The latency run itself: callers phone the line one after another, a few at a time, and time what comes back.
//! Never shares a clock with the line: both ends of every figure are packets of the caller's own call.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::sync::mpsc;

use super::callers::Utterance;
use super::report::Turn;
use crate::audio::Dbfs;
use crate::cli::caller::{AUDIBLE, CallEnded, Caller, Said};
use crate::engine::{Seen, clock};
use crate::store::journal::{Entry, JournalEvent};
use crate::talk::CallId;

/// A turn without an audible answer for so long counts as unanswered.
const ANSWER: Duration = Duration::from_secs(6);
/// The bot has finished when it has been silent that long.
const QUIET: Duration = Duration::from_millis(600);
/// The bot is at full level where it comes this close to its loudest; ducked, it is 12 dB below.
const FULL_LEVEL_DB: f32 = 9.0;
/// Longest wait for the bot to finish.
const LONGEST_REPLY: Duration = Duration::from_secs(20);

/// When a turn was measured, to find what the line said of it.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The figures from outside.
    pub turn: Turn,
    began: Instant,
    ended: Instant,
}

/// Speaks these utterances in one call, each after the bot has finished. A call that the bot ends (it hands over to a person
/// whom nobody here can be) ends the list early: the turn it ended in counts as unanswered.
pub async fn turns(caller: &mut Caller, utterances: &[Utterance]) -> Vec<Measured> {
    let mut measured = Vec::with_capacity(utterances.len());
    // A call that ends before its first turn ends in it.
    caller.until_audible(ANSWER).await.ok();
    for utterance in utterances {
        let began = clock::now();
        match turn(caller, utterance).await {
            Ok(turn) => measured.push(turn),
            Err(CallEnded(_)) => {
                measured.push(Measured { turn: unanswered(utterance), began, ended: clock::now() });
                break;
            }
        }
    }
    caller.until_quiet(QUIET, LONGEST_REPLY).await.ok();
    caller.hang_up().await;
    measured
}

fn unanswered(utterance: &Utterance) -> Turn {
    Turn {
        text: utterance.text.clone(),
        voice: utterance.voice.clone(),
        kind: utterance.kind,
        pause_ms: utterance.pause_ms,
        total_ms: None,
        cut_off: false,
        understood: None,
        stages_ms: None,
    }
}

async fn turn(caller: &mut Caller, utterance: &Utterance) -> Result<Measured, CallEnded> {
    caller.set_noise(utterance.noise);
    caller.until_quiet(QUIET, LONGEST_REPLY).await?;
    let began = clock::now();
    let heard = caller.heard().len();
    let Said { last, .. } = caller.say(&utterance.pcm).await?;
    let cut_off = caller.heard().iter().skip(heard).any(|frame| frame.level >= AUDIBLE && frame.at < last);
    let answered = if cut_off { None } else { caller.until_audible(ANSWER).await? };
    let turn = Turn { total_ms: answered.map(|at| (at - last).as_millis() as u64), cut_off, ..unanswered(utterance) };
    Ok(Measured { turn, began, ended: clock::now() })
}

/// What one interruption brought about, from the caller's first speech sample on.
#[derive(Debug, Clone, Copy)]
pub struct Interrupted {
    /// Until the bot's last packet at full level, in milliseconds.
    pub softer_ms: u64,
    /// Until its last audible packet.
    pub silent_ms: u64,
}

/// Asks and interrupts the answer, that many times, after the greeting (whose notice must be heard).
pub async fn barge_ins(
    caller: &mut Caller,
    question: &[i16],
    interruption: &[i16],
    times: usize,
) -> Result<Vec<Interrupted>, CallEnded> {
    let mut found = Vec::with_capacity(times);
    caller.until_audible(ANSWER).await?;
    for _ in 0..times {
        caller.until_quiet(QUIET, LONGEST_REPLY).await?;
        caller.say(question).await?;
        let asked = caller.heard().len();
        if caller.until_audible(ANSWER).await?.is_none() {
            continue;
        }
        caller.wait(Duration::from_millis(700)).await?;
        let before = caller.heard().len();
        let first = caller.say(interruption).await?.first;
        let loudest = caller.heard()[asked..before].iter().map(|frame| frame.level.db()).fold(AUDIBLE.db(), f32::max);
        let full = Dbfs::new((loudest - FULL_LEVEL_DB).max(AUDIBLE.db()));
        let since = |at: Instant| (at - first).as_millis() as u64;
        let last = |level| last_before_gap(caller, before, (first, level)).map(since);
        found.extend(last(full).zip(last(AUDIBLE)).map(|(softer_ms, silent_ms)| Interrupted { softer_ms, silent_ms }));
    }
    caller.hang_up().await;
    Ok(found)
}

/// The last packet of that level before the bot's first 300 ms without one, after `first`.
fn last_before_gap(caller: &Caller, from: usize, (first, level): (Instant, Dbfs)) -> Option<Instant> {
    let mut last = None;
    for frame in caller.heard().iter().skip(from).filter(|frame| frame.level >= level && frame.at >= first) {
        if last.is_some_and(|last| frame.at - last > Duration::from_millis(300)) {
            break;
        }
        last = Some(frame.at);
    }
    last
}

/// What the line told of its calls while the callers phoned, with the time it told it.
#[derive(Default)]
pub struct Told {
    callers: HashMap<CallId, String>,
    entries: Vec<(Instant, CallId, Entry)>,
}

impl Told {
    /// Gathers until the line's side is dropped.
    pub async fn gather(mut live: mpsc::Receiver<Seen>) -> Self {
        let mut told = Self::default();
        while let Some((id, entry)) = live.recv().await {
            if let JournalEvent::CallStarted { from, .. } = &entry.event {
                told.callers.insert(id.clone(), from.clone());
            }
            told.entries.push((clock::now(), id, entry));
        }
        told
    }

    /// Adds what the line told of a turn of that caller.
    pub fn complete(&self, caller: &str, measured: Measured) -> Turn {
        let Measured { mut turn, began, ended } = measured;
        let of_call = |id: &CallId| self.callers.get(id).is_some_and(|from| from.contains(caller));
        // The waterfall is told with the first frame, which the caller may hear a moment earlier.
        let until = ended + Duration::from_millis(200);
        for (at, id, entry) in &self.entries {
            if *at < began || *at > until || !of_call(id) {
                continue;
            }
            match &entry.event {
                JournalEvent::Transcript { text, is_final: true, .. } => turn.understood = Some(text.clone()),
                JournalEvent::Latency { endpoint_ms, stt_ms, reply_ms, tts_ms, wire_ms, .. } => {
                    turn.stages_ms = Some([*endpoint_ms, *stt_ms, *reply_ms, *tts_ms, *wire_ms]);
                }
                _ => {}
            }
        }
        turn
    }
}

/// Times between consecutive packets of the bot, in tenths of a millisecond.
pub fn spacing(caller: &Caller) -> Vec<u64> {
    caller.heard().windows(2).map(|pair| (pair[1].at - pair[0].at).as_micros() as u64 / 100).collect()
}

/// A report from a file of an earlier run.
pub fn read(path: &std::path::Path) -> anyhow::Result<super::report::Report> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: no report of `hotline bench latency --json`", path.display()))
}
