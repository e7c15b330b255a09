//! Holds what came of a call against what was expected of it.
//! Never looks at anything but the record of the call and what the caller found out.

use std::fmt;

use super::caller::Findings;
use super::scenario::Expected;
use crate::store::journal::{Entry, JournalEvent};

/// One expectation and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was expected.
    pub expected: Expected,
    /// Whether it was so.
    pub met: bool,
    /// How it was, in words.
    pub found: String,
}

/// Judges a call by its record and by what the caller found out.
pub fn judge(expect: &[Expected], entries: &[Entry], findings: &Findings) -> Vec<Verdict> {
    let verdict = |expected: &Expected| {
        let (met, found) = weigh(expected, entries, findings);
        Verdict { expected: expected.clone(), met, found }
    };
    expect.iter().map(verdict).collect()
}

fn weigh(expected: &Expected, entries: &[Entry], findings: &Findings) -> (bool, String) {
    let times = |n: usize| format!("{n} times");
    match expected {
        Expected::Said(part) => match saying(entries, part) {
            Some(sentence) => (true, format!("{sentence:?}")),
            None => (false, "never".to_owned()),
        },
        Expected::NotSaid(part) => match saying(entries, part) {
            Some(sentence) => (false, format!("{sentence:?}")),
            None => (true, "never".to_owned()),
        },
        Expected::BargeIns(wanted) => {
            let n = entries.iter().filter(|entry| matches!(entry.event, JournalEvent::BargeIn { .. })).count();
            (n == *wanted, times(n))
        }
        Expected::Ended(wanted) => {
            let ended = entries.iter().find_map(|entry| match &entry.event {
                JournalEvent::CallEnded { cause } => Some(cause.as_str()),
                _ => None,
            });
            (ended == Some(wanted), ended.unwrap_or("not at all").to_owned())
        }
        Expected::LatencyMsBelow(bound) => match findings.waits.iter().max() {
            Some(longest) => (longest.as_millis() < u128::from(*bound), format!("at most {} ms", longest.as_millis())),
            None => (false, "no utterance was answered".to_owned()),
        },
        Expected::CutOffs(wanted) => (findings.cut_offs == *wanted, times(findings.cut_offs)),
    }
}

/// The first sentence of the bot's with this in it.
fn saying<'e>(entries: &'e [Entry], part: &str) -> Option<&'e str> {
    let part = part.to_lowercase();
    entries.iter().find_map(|entry| match &entry.event {
        JournalEvent::Reply { text } if text.to_lowercase().contains(&part) => Some(text.as_str()),
        _ => None,
    })
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.met { "✓" } else { "✗" };
        write!(f, "{mark} {}: {}", self.expected, self.found)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(part) => write!(f, "the bot says {part:?}"),
            Self::NotSaid(part) => write!(f, "the bot does not say {part:?}"),
            Self::BargeIns(n) => write!(f, "{n} interruptions"),
            Self::Ended(cause) => write!(f, "the call ends: {cause}"),
            Self::LatencyMsBelow(ms) => write!(f, "answers in less than {ms} ms"),
            Self::CutOffs(n) => write!(f, "{n} cut-offs"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_expectation_can_be_met_and_missed() {
        let events = [
            JournalEvent::Reply { text: "Your order is on its way.".to_owned() },
            JournalEvent::BargeIn { after_ms: 140 },
            JournalEvent::CallEnded { cause: "caller".to_owned() },
        ];
        let entries = events.map(|event| Entry::new(Duration::ZERO, None, event));
        let findings = Findings { waits: vec![Duration::from_millis(400), Duration::from_millis(650)], cut_offs: 1 };
        let met = |expected| judge(&[expected], &entries, &findings)[0].met;
        let said = |text: &str| Expected::Said(text.to_owned());
        assert!(met(said("ON ITS way")) && !met(said("sorry")));
        assert!(met(Expected::NotSaid("sorry".to_owned())) && !met(Expected::NotSaid("order".to_owned())));
        assert!(met(Expected::BargeIns(1)) && !met(Expected::BargeIns(0)));
        assert!(met(Expected::Ended("caller".to_owned())) && !met(Expected::Ended("bot".to_owned())));
        assert!(met(Expected::LatencyMsBelow(651)) && !met(Expected::LatencyMsBelow(650)));
        assert!(met(Expected::CutOffs(1)) && !met(Expected::CutOffs(0)));
        assert!(!judge(&[Expected::LatencyMsBelow(1)], &entries, &Findings::default())[0].met, "no answer is no quick answer");
    }
}
