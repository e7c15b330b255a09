//! Who talks for long: what they came for is found in it and summed up, and the first of it is taken up.
//! Never sums up what no command stands for; who was not understood at all is asked for one sentence.

use crate::business::{Cue, HouseIntent, Topic, tokens};

use super::Command;
use super::act::MOST_MISSES;
use super::draft::Draft;
use super::session::Waiting;
use super::understand::{Understanding, words_of};

/// So many words (of Chinese, characters) are long: about a quarter of a minute.
const LONG: usize = 40;
/// A request is looked for in so many words at once …
const WINDOWS: [usize; 2] = [5, 9];
/// … and so many further on each time.
const STEP: usize = 2;
/// How sure a request in so few words among many must be.
const SURE: f32 = 0.7;
/// More is not taken up at once.
const MOST: usize = 3;

/// Whether that is much to say at once.
pub(super) fn is_long(text: &str) -> bool {
    tokens(text).len() >= LONG
}

/// What is asked for in a long text, as it comes in it; the surest where there is too much.
pub(super) fn wishes(understanding: &Understanding, text: &str) -> Vec<Topic> {
    let text = text.to_lowercase();
    let words: Vec<&str> = words_of(&text).collect();
    let mut found: Vec<(usize, Topic, f32)> = Vec::new();
    let at = |from: usize| WINDOWS.map(|length| (from, from + length));
    for (from, to) in (0..words.len()).step_by(STEP).flat_map(at).filter(|(_, to)| *to <= words.len()) {
        let Some(best) = understanding.intents(&together(&words[from..to])).into_iter().next() else { continue };
        let is_one = match best.topic {
            Topic::Flow(_) | Topic::Entry(_) | Topic::House(HouseIntent::Handoff) => best.score >= SURE,
            Topic::House(_) => false,
        };
        match found.iter_mut().find(|(_, topic, _)| *topic == best.topic) {
            Some((_, _, score)) => *score = score.max(best.score),
            None if is_one => found.push((from, best.topic, best.score)),
            None => {}
        }
    }
    found.sort_by(|a, b| b.2.total_cmp(&a.2));
    found.truncate(MOST);
    found.sort_by_key(|(from, ..)| *from);
    found.into_iter().map(|(_, topic, _)| topic).collect()
}

/// Words as a text again: Chinese has no spaces.
fn together(words: &[&str]) -> String {
    let mut text = String::new();
    for word in words {
        let spaced = word.is_ascii() && text.ends_with(|c: char| c.is_ascii());
        text.extend([if spaced { " " } else { "" }, *word]);
    }
    text
}

impl Draft<'_> {
    /// Tells who talked for long what was understood: the first sentence is heard out, so that they come to a stop.
    pub(super) fn sum_up(&mut self, commands: &[Command]) {
        let topics = commands.iter().filter_map(|command| match command {
            Command::StartFlow { flow } => Some(Topic::Flow(flow.clone())),
            Command::Answer { entry } => Some(Topic::Entry(entry.clone())),
            _ => None,
        });
        let topics: Vec<Topic> = topics.collect();
        let wishes: Vec<String> = topics.iter().filter_map(|topic| self.about(topic).map(str::to_owned)).collect();
        if !wishes.is_empty() {
            self.cue_with(Cue::SummedUp, &minijinja::context! { wishes });
            self.must_be_heard = 1;
        }
    }

    /// The caller spoke and nothing was understood. Who talked for long may have said too much at once.
    pub(super) fn not_understood(&mut self, at_length: bool) {
        match self.session.waiting {
            Waiting::Anything | Waiting::Menu | Waiting::Clarify(_) if at_length && self.session.misses + 1 < MOST_MISSES => {
                self.session.misses = self.session.misses.saturating_add(1);
                self.cue(Cue::InASentence);
                self.must_be_heard = 1;
                self.wait_for(Waiting::Anything);
            }
            _ => self.miss(),
        }
    }
}
