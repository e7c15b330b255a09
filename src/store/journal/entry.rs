//! The lines of a journal and what they mean.
//! Never printed with what a caller said: `Debug` shows kind and time.
//!
//! # Schema
//!
//! Every line has `t_ms` (milliseconds since the call was answered), `kind`, and, where it belongs to a turn, `turn` (from 1).
//! Readers ignore fields and kinds they do not know. All times are whole milliseconds.
//!
//! | `kind` | fields |
//! |---|---|
//! | `call_started` | `from` caller's address · `to` address called · `transport` (`sip/udp`, `webrtc`, …; of text `chat`, `widget`, `whatsapp`, …) · `codec` (`PCMA`, …; `text`) |
//! | `pack` | `name` · `version` first digits of its content's hash; told at the start, and when the call goes on with another |
//! | `speech_started` | `at_ms` place of the first speech frame in the caller's sound |
//! | `speech_ended` | `at_ms` place of the end of the last speech frame |
//! | `transcript` | `text` · `final` (bool) · `engine` · `language` (ISO 639) |
//! | `reply` | `text` one sentence, as it is handed to the voice |
//! | `reply_started` | – (its first sound left) |
//! | `reply_ended` | `heard` the words that left · `interrupted` (bool) |
//! | `barge_in` | `after_ms` from the caller's first speech frame to the stop |
//! | `digit` | `digit` the key; never told for a sensitive entry |
//! | `hint` | `way` (`steer`, `say`, `say anyway`) · `text` what an operator wrote |
//! | `joined` | `with` (`operator`, `bot`) who has the caller from here on |
//! | `policy` | `what` a command with its name out of the pack, or a tool · `rule` that judged it · `allowed` (bool) |
//! | `tool` | `name` · `ok` (bool) · `ms` |
//! | `understood` | `brain` (`embedded`, `openai`, `pack`) · `commands` kinds, with names out of the pack and no value of the caller's |
//! | `feeling` | `emotion` · `confidence` (0 to 1) · `cue` the strongest sign's name, if there was one |
//! | `identity` | `verified` (bool) |
//! | `rating` | `stars` how satisfied the caller is, from 1 to 5 |
//! | `latency` | `endpoint_ms` · `stt_ms` · `reply_ms` · `tts_ms` · `wire_ms` · `total_ms` |
//! | `call_ended` | `cause` (`caller`, `bot`, `transferred`, `no-input`, …; `voice`: what was written goes on as a call) |
//! | `events_lost` | `count` lines that are missing here, because the queue was full or the disk refused |

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::{Event, Latency};
use crate::privacy::redact;
use crate::talk::{Finality, Language, TurnId};

/// One line. `Debug` shows its kind and time, and nothing of the caller.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since the call was answered.
    pub t_ms: u64,
    /// The turn it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// What happened.
    #[serde(flatten)]
    pub event: JournalEvent,
}

/// What happened; see the module's schema for the fields' meaning.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the schema above is their documentation, and a test holds the two together")]
pub enum JournalEvent {
    CallStarted {
        from: String,
        to: String,
        transport: String,
        codec: String,
    },
    Pack {
        name: String,
        version: String,
    },
    SpeechStarted {
        at_ms: u64,
    },
    SpeechEnded {
        at_ms: u64,
    },
    Transcript {
        text: String,
        #[serde(rename = "final")]
        is_final: bool,
        engine: String,
        language: Language,
    },
    Reply {
        text: String,
    },
    ReplyStarted,
    ReplyEnded {
        heard: String,
        interrupted: bool,
    },
    BargeIn {
        after_ms: u64,
    },
    Digit {
        digit: char,
    },
    Hint {
        way: String,
        text: String,
    },
    Joined {
        with: String,
    },
    Policy {
        what: String,
        rule: String,
        allowed: bool,
    },
    Tool {
        name: String,
        ok: bool,
        ms: u64,
    },
    Understood {
        brain: String,
        commands: Vec<String>,
    },
    Feeling {
        emotion: String,
        confidence: f32,
        cue: Option<String>,
    },
    Identity {
        verified: bool,
    },
    Rating {
        stars: u8,
    },
    Latency {
        endpoint_ms: u64,
        stt_ms: u64,
        reply_ms: u64,
        tts_ms: u64,
        wire_ms: u64,
        total_ms: u64,
    },
    CallEnded {
        cause: String,
    },
    EventsLost {
        count: u64,
    },
}

impl JournalEvent {
    /// Every `kind`, in the order of the schema.
    pub const KINDS: [&'static str; 21] = [
        "call_started",
        "pack",
        "speech_started",
        "speech_ended",
        "transcript",
        "reply",
        "reply_started",
        "reply_ended",
        "barge_in",
        "digit",
        "hint",
        "joined",
        "policy",
        "tool",
        "understood",
        "feeling",
        "identity",
        "rating",
        "latency",
        "call_ended",
        "events_lost",
    ];

    /// Its `kind`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::CallStarted { .. } => "call_started",
            Self::Pack { .. } => "pack",
            Self::SpeechStarted { .. } => "speech_started",
            Self::SpeechEnded { .. } => "speech_ended",
            Self::Transcript { .. } => "transcript",
            Self::Reply { .. } => "reply",
            Self::ReplyStarted => "reply_started",
            Self::ReplyEnded { .. } => "reply_ended",
            Self::BargeIn { .. } => "barge_in",
            Self::Digit { .. } => "digit",
            Self::Hint { .. } => "hint",
            Self::Joined { .. } => "joined",
            Self::Policy { .. } => "policy",
            Self::Tool { .. } => "tool",
            Self::Understood { .. } => "understood",
            Self::Feeling { .. } => "feeling",
            Self::Identity { .. } => "identity",
            Self::Rating { .. } => "rating",
            Self::Latency { .. } => "latency",
            Self::CallEnded { .. } => "call_ended",
            Self::EventsLost { .. } => "events_lost",
        }
    }

    /// Whether a turn (or the call) is complete with it, so that it is worth a visit to the disk.
    pub(super) const fn ends_turn(&self) -> bool {
        matches!(self, Self::CallStarted { .. } | Self::ReplyEnded { .. } | Self::CallEnded { .. })
    }

    /// Hides personal numbers and addresses in what was said.
    pub fn redact(&mut self) {
        if let Self::Transcript { text, .. }
        | Self::Reply { text }
        | Self::ReplyEnded { heard: text, .. }
        | Self::Hint { text, .. } = self
        {
            *text = redact(text);
        }
    }
}

impl Entry {
    /// What happened `at` after the call was answered.
    pub fn new(at: Duration, turn: Option<TurnId>, event: JournalEvent) -> Self {
        Self { t_ms: millis(&at), turn: turn.map(|t| t.0), event }
    }

    /// The line for what a call told, `at` after it was answered.
    pub fn of(at: Duration, event: &Event) -> Self {
        let (turn, event) = match event {
            Event::SpeechStarted { turn, at } => (Some(turn), JournalEvent::SpeechStarted { at_ms: at.as_millis() }),
            Event::SpeechEnded { turn, at } => (Some(turn), JournalEvent::SpeechEnded { at_ms: at.as_millis() }),
            Event::Transcript { turn, transcript } => {
                let event = JournalEvent::Transcript {
                    text: transcript.text.clone(),
                    is_final: transcript.finality == Finality::Final,
                    engine: transcript.engine.clone().into_owned(),
                    language: transcript.language,
                };
                (Some(turn), event)
            }
            Event::Reply { turn, reply: _, text } => (Some(turn), JournalEvent::Reply { text: text.clone() }),
            Event::ReplyStarted { turn, reply: _ } => (Some(turn), JournalEvent::ReplyStarted),
            Event::ReplyEnded { turn, reply: _, heard, interrupted } => {
                (Some(turn), JournalEvent::ReplyEnded { heard: heard.clone(), interrupted: *interrupted })
            }
            Event::BargeIn { turn, reply: _, after } => (Some(turn), JournalEvent::BargeIn { after_ms: millis(after) }),
            Event::Digit { turn, digit } => (Some(turn), JournalEvent::Digit { digit: digit.as_char() }),
            Event::Latency(latency) => (Some(&latency.turn), JournalEvent::from(latency)),
            Event::Ended { cause } => (None, JournalEvent::CallEnded { cause: cause.as_str().to_owned() }),
        };
        Self::new(at, turn.copied(), event)
    }
}

impl From<&Latency> for JournalEvent {
    fn from(latency: &Latency) -> Self {
        let Latency { turn: _, endpoint, stt, reply, tts, wire, total } = latency;
        Self::Latency {
            endpoint_ms: millis(endpoint),
            stt_ms: millis(stt),
            reply_ms: millis(reply),
            tts_ms: millis(tts),
            wire_ms: millis(wire),
            total_ms: millis(total),
        }
    }
}

impl fmt::Debug for JournalEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {} ms", self.event.kind(), self.t_ms)
    }
}

fn millis(duration: &Duration) -> u64 {
    duration.as_millis() as u64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One event of every kind, and what its line must look like.
    pub(in crate::store::journal) fn one_of_each() -> Vec<JournalEvent> {
        let text = || "hello".to_owned();
        vec![
            JournalEvent::CallStarted { from: text(), to: text(), transport: text(), codec: text() },
            JournalEvent::Pack { name: text(), version: text() },
            JournalEvent::SpeechStarted { at_ms: 1 },
            JournalEvent::SpeechEnded { at_ms: 2 },
            JournalEvent::Transcript { text: text(), is_final: true, engine: text(), language: Language::ZH },
            JournalEvent::Reply { text: text() },
            JournalEvent::ReplyStarted,
            JournalEvent::ReplyEnded { heard: text(), interrupted: false },
            JournalEvent::BargeIn { after_ms: 3 },
            JournalEvent::Digit { digit: '#' },
            JournalEvent::Hint { way: text(), text: text() },
            JournalEvent::Joined { with: text() },
            JournalEvent::Policy { what: text(), rule: text(), allowed: true },
            JournalEvent::Tool { name: text(), ok: true, ms: 4 },
            JournalEvent::Understood { brain: text(), commands: vec![text()] },
            JournalEvent::Feeling { emotion: text(), confidence: 0.5, cue: Some(text()) },
            JournalEvent::Identity { verified: true },
            JournalEvent::Rating { stars: 5 },
            JournalEvent::Latency { endpoint_ms: 1, stt_ms: 1, reply_ms: 1, tts_ms: 1, wire_ms: 1, total_ms: 5 },
            JournalEvent::CallEnded { cause: text() },
            JournalEvent::EventsLost { count: 6 },
        ]
    }

    /// Kind and field names of the table in this file's documentation.
    fn documented() -> Vec<(String, Vec<String>)> {
        let rows = include_str!("entry.rs").lines().filter_map(|l| l.strip_prefix("//! | `"));
        rows.filter(|row| !row.starts_with("kind`"))
            .map(|row| {
                let (kind, fields) = row.split_once("` | ").expect("a row has two columns");
                let named = |field: &str| field.trim().strip_prefix('`')?.split('`').next().map(str::to_owned);
                (kind.to_owned(), fields.split('·').filter_map(named).collect())
            })
            .collect()
    }

    #[test]
    fn every_kind_has_exactly_its_documented_fields() {
        let written: Vec<(String, Vec<String>)> = one_of_each()
            .into_iter()
            .map(|event| {
                let kind = event.kind().to_owned();
                let line = serde_json::to_value(Entry { t_ms: 7, turn: Some(1), event }).expect("plain data");
                assert_eq!((&line["t_ms"], &line["turn"], line["kind"].as_str()), (&7.into(), &1.into(), Some(&*kind)));
                let known = ["t_ms", "turn", "kind"];
                let object = line.as_object().expect("a line is an object");
                (kind, object.keys().filter(|k| !known.contains(&k.as_str())).cloned().collect())
            })
            .collect();
        assert!(written.iter().map(|(kind, _)| kind.as_str()).eq(JournalEvent::KINDS));
        let sorted = |mut table: Vec<(String, Vec<String>)>| {
            table.iter_mut().for_each(|(_, fields)| fields.sort());
            table
        };
        assert_eq!(sorted(written), sorted(documented()));
    }

    #[test]
    fn every_kind_reads_back() {
        for (i, event) in one_of_each().into_iter().enumerate() {
            let entry = Entry { t_ms: i as u64, turn: (i % 2 == 0).then_some(3), event };
            let line = serde_json::to_string(&entry).expect("plain data");
            assert!(serde_json::from_str::<Entry>(&line).is_ok_and(|back| back == entry), "{line}");
        }
    }

    #[test]
    fn printing_an_entry_shows_nothing_of_the_caller() {
        for event in one_of_each() {
            assert!(!format!("{:?}", Entry { t_ms: 0, turn: None, event }).contains("hello"));
        }
    }
}
