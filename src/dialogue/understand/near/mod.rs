//! Which of the records that exist a caller means, when the words were heard half right: an id, a name, a code.
//! Never decides alone between two that are about as near: then both come back, and the caller is asked.

mod pinyin;
mod sounds;

use sounds::{Costs, Sound};

/// What the records are; it decides which sounds are taken for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Letters and digits told one by one.
    Code,
    /// Names of people and places.
    Name,
}

/// The record that was meant.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// This one; `margin` says how much nearer it is than the next, from 0 to 1.
    One {
        /// Its place in the list.
        index: usize,
        /// How sure it is: the distance of the next record less that of this one.
        margin: f32,
    },
    /// One of these, nearest first: ask.
    Several(Vec<usize>),
    /// None of them.
    None,
}

/// A code farther than this from every reading is not meant: the part of its signs that would have to be wrong. Among 500
/// records this keeps strangers out (see the measurement in the tests); one sign of five may be missing.
const FARTHEST_CODE: f32 = 0.20;
/// Likewise for names, which have more sounds, and are spelled in more ways.
const FARTHEST_NAME: f32 = 0.25;
/// The nearest must be nearer than the next by this much.
const MARGIN: f32 = 0.10;
/// What each worse reading adds to its distance: the recogniser had a reason to put it behind.
const RANK: f32 = 0.02;
/// At most so many are asked about.
const MOST: usize = 3;

/// The record nearest to any of the readings (best first).
pub fn choose(readings: &[&str], records: &[&str], kind: Kind) -> Choice {
    let heard: Vec<Vec<Sound>> = readings.iter().map(|r| sounds(r, kind)).collect();
    let costs = Costs::of(kind);
    let farthest = match kind {
        Kind::Code => FARTHEST_CODE,
        Kind::Name => FARTHEST_NAME,
    };
    let mut ranked: Vec<(usize, f32)> = records
        .iter()
        .enumerate()
        .map(|(index, record)| (index, nearest(&heard, &sounds(record, kind), costs)))
        .filter(|(_, distance)| *distance <= farthest)
        .collect();
    ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
    match ranked.as_slice() {
        [] => Choice::None,
        [(index, distance)] => Choice::One { index: *index, margin: 1.0 - distance },
        [(index, distance), (_, next), ..] if next - distance >= MARGIN => Choice::One { index: *index, margin: next - distance },
        [(_, distance), ..] => {
            let close = ranked.iter().take_while(|(_, d)| d - distance < MARGIN).take(MOST);
            Choice::Several(close.map(|(index, _)| *index).collect())
        }
    }
}

/// The least distance of any reading, worse ones at a price.
fn nearest(heard: &[Vec<Sound>], record: &[Sound], costs: &Costs) -> f32 {
    let ranked = heard.iter().enumerate().map(|(rank, h)| distance(h, record, costs) + RANK * rank as f32);
    ranked.fold(1.0, f32::min)
}

/// A weighted edit distance, as the part of the longer one's sounds that differ: from 0, the same, to 1.
fn distance(heard: &[Sound], record: &[Sound], costs: &Costs) -> f32 {
    let longest = heard.len().max(record.len());
    if longest == 0 || heard.is_empty() || record.is_empty() {
        return 1.0;
    }
    let mut above: Vec<f32> = (0..=record.len()).map(|n| n as f32).collect();
    for (at, sound) in heard.iter().enumerate() {
        let mut row = vec![at as f32 + 1.0];
        for (column, wanted) in record.iter().enumerate() {
            let same = above[column] + costs.cost(*sound, *wanted);
            row.push(same.min(above[column + 1] + 1.0).min(row[column] + 1.0));
        }
        above = row;
    }
    above[record.len()] / longest as f32
}

/// What is compared: letters and digits of a code, sounds of a name.
fn sounds(text: &str, kind: Kind) -> Vec<Sound> {
    let plain: Vec<char> = text.chars().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect();
    match kind {
        Kind::Name if plain.iter().all(char::is_ascii) => sounds::of_name(&plain.iter().collect::<String>()),
        Kind::Name => plain.iter().flat_map(|c| pinyin::of(*c).map_or_else(|| vec![Sound::from(*c)], Vec::from)).collect(),
        Kind::Code => plain.into_iter().map(Sound::from).collect(),
    }
}

#[cfg(test)]
mod tests;
