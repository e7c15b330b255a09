//! A call in numbers: what is left of it when it is over.
//! Never holds a word of the caller's or a key.

use std::time::Duration;

use crate::talk::Finality;

use super::input::Hangup;
use super::output::Event;

/// The summary of a call so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CallRecord {
    /// From the answer to the end, or until now; zero if it was never answered.
    pub duration: Duration,
    /// Stretches in which the caller began to speak.
    pub utterances: u32,
    /// Final transcripts with words in them.
    pub understood: u32,
    /// Final transcripts without.
    pub not_understood: u32,
    /// Keys pressed, secret ones not counted.
    pub digits: u32,
    /// Replies of which something was heard.
    pub replies: u32,
    /// Replies that were cut off.
    pub interruptions: u32,
    /// Turns with a waterfall.
    pub answered: u32,
    /// Their waits, summed: from the caller's last speech frame to our first sound.
    pub waited: Duration,
    /// The longest of these waits.
    pub longest_wait: Duration,
    /// Why the call ended, once it has.
    pub cause: Option<Hangup>,
}

impl CallRecord {
    pub(super) fn note(&mut self, event: &Event) {
        match event {
            Event::SpeechStarted { .. } => self.utterances += 1,
            Event::Transcript { transcript, .. } => match transcript.finality {
                Finality::Partial => {}
                Finality::Final if transcript.is_nothing() => self.not_understood += 1,
                Finality::Final => self.understood += 1,
            },
            Event::Digit { .. } => self.digits += 1,
            Event::ReplyStarted { .. } => self.replies += 1,
            Event::BargeIn { .. } => self.interruptions += 1,
            Event::Latency(latency) => {
                self.answered += 1;
                self.waited += latency.total;
                self.longest_wait = self.longest_wait.max(latency.total);
            }
            Event::Ended { cause } => self.cause = Some(*cause),
            Event::SpeechEnded { .. } | Event::Reply { .. } | Event::ReplyEnded { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::talk::{Language, Transcript, TurnId};

    use super::super::output::Latency;
    use super::*;

    #[test]
    fn events_add_up() {
        let turn = TurnId(1);
        let latency = |ms| {
            let total = Duration::from_millis(ms);
            let none = Duration::ZERO;
            Event::Latency(Latency { turn, endpoint: total, stt: none, reply: none, tts: none, wire: none, total })
        };
        let mut record = CallRecord::default();
        for event in [
            Event::Transcript { turn, transcript: Transcript::of_text("yes", Language::EN, "test") },
            Event::Transcript { turn, transcript: Transcript::nothing(Language::EN, "test") },
            latency(400),
            latency(600),
            Event::Ended { cause: Hangup::Bot },
        ] {
            record.note(&event);
        }
        assert_eq!((record.understood, record.not_understood, record.answered), (1, 1, 2));
        assert_eq!((record.waited, record.longest_wait), (Duration::from_secs(1), Duration::from_millis(600)));
        assert_eq!(record.cause, Some(Hangup::Bot));
    }
}
