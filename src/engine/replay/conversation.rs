//! A recorded conversation once more: its prompts, what its tools gave and what was heard, into the dialogue that this program is.
//! Never runs a tool or asks a model, and never goes on where a secret or another pack would be needed.

use std::sync::Arc;
use std::time::Duration;

use super::Difference;
use crate::business::Pack;
use crate::dialogue::{Decision, Rerun, Rerunning, Step, Understanding};
use crate::engine::reply::PackVersion;
use crate::store::flight::{Flight, Line};

/// What came of a conversation's replay.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Talked {
    /// How many prompts, results and remarks it was given.
    pub steps: usize,
    /// How many of its decisions were compared.
    pub decisions: usize,
    /// Where it first decided something else than was recorded.
    pub difference: Option<Difference>,
    /// Why it was not replayed further, and from when on.
    pub stop: Option<(Duration, &'static str)>,
}

/// The pack that the conversation began with; `None` where the flight holds no conversation.
pub fn made_with(flight: &Flight) -> Option<PackVersion> {
    steps(flight).find_map(|(_, step)| match step {
        Step::Pack { name, version } => Some(PackVersion { name, version }),
        _ => None,
    })
}

/// Replays a flight's conversation with that pack.
pub fn talked(flight: &Flight, pack: Arc<Pack>, understanding: Arc<Understanding>) -> Talked {
    let mut talked = Talked::default();
    let mut rerun = Rerun::new(pack, understanding);
    let mut given = String::new();
    for (at, step) in steps(flight) {
        let rerunning = rerun.take(&step);
        match &step {
            Step::Decided(_) => {}
            step => {
                talked.steps += 1;
                given = format!("{step:?}");
            }
        }
        talked.decisions = rerun.decisions;
        match rerunning {
            Rerunning::Same => {}
            Rerunning::Other { recorded, now } => {
                let now = now.as_ref().map_or_else(|| vec!["nothing".to_owned()], lines);
                talked.difference = Some(Difference { at, input: given, recorded: lines(&recorded), now });
                break;
            }
            Rerunning::Withheld => {
                talked.stop =
                    Some((at, "a secret was asked for, which is in no record, and without it the conversation goes elsewhere"));
                break;
            }
            Rerunning::PackReplaced => {
                talked.stop = Some((at, "the pack was replaced"));
                break;
            }
        }
    }
    talked
}

/// The flight with what this program decides with that pack in the place of what the conversation had decided, up to where it
/// cannot be replayed: from now on that is right.
///
/// # Errors
/// The pack's folder cannot be read.
pub fn retold(flight: &Flight, pack: Arc<Pack>, understanding: Arc<Understanding>) -> std::io::Result<Flight> {
    let PackVersion { name, version } = PackVersion::of(&pack)?;
    let mut rerun = Rerun::new(pack, understanding);
    let mut readable = steps(flight).fuse();
    let mut stopped = false;
    let mut lines = Vec::new();
    for line in &flight.lines {
        let Line::Step(at, kept) = line else {
            lines.push(line.clone());
            continue;
        };
        let now = match readable.next().filter(|_| !stopped) {
            None => None,
            Some((_, step)) => match (rerun.take(&step), step) {
                (Rerunning::Same, Step::Pack { .. }) => Some(Step::Pack { name: name.clone(), version: version.clone() }),
                (Rerunning::Other { now: Some(now), .. }, _) => Some(Step::Decided(now)),
                (Rerunning::Same | Rerunning::Other { now: None, .. }, _) => None,
                (Rerunning::Withheld | Rerunning::PackReplaced, _) => {
                    stopped = true;
                    None
                }
            },
        };
        let step = now.map_or_else(|| kept.clone(), |now| serde_json::to_value(now).expect("nothing of it is refused by JSON"));
        lines.push(Line::Step(*at, step));
    }
    Ok(Flight { head: flight.head.clone(), lines })
}

/// The steps that this program can read, up to the first that it cannot or that was lost.
fn steps(flight: &Flight) -> impl Iterator<Item = (Duration, Step)> {
    let whole = flight.lines.iter().take_while(|line| !matches!(line, Line::Lost(_)));
    let told = whole.filter_map(|line| match line {
        Line::Step(at, step) => Some((Duration::from_nanos(*at), step)),
        _ => None,
    });
    told.map_while(|(at, step)| serde_json::from_value(step.clone()).ok().map(|step| (at, step)))
}

fn lines(decision: &Decision) -> Vec<String> {
    let said = decision.say.iter().map(|sentence| format!("say: {sentence}"));
    said.chain([format!("{}, then {}", decision.language, decision.next)]).collect()
}
