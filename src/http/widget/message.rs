//! What passes between a page and the line beside the sound: one JSON object a message.
//! Never more of a call than its caller may see.

use serde::{Deserialize, Serialize};

use crate::privacy::Pii;
use crate::store::journal::{Entry, JournalEvent};
use crate::talk::{Digit, Language};

/// From the page.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum FromPage {
    /// Typed text.
    Text { text: String },
    /// A key of the keypad.
    Digit { digit: char },
    /// The button that stops the bot.
    Interrupt,
    /// `en`, `zh` … or `auto`.
    Language { language: String },
    /// The page hangs up.
    Hangup,
}

/// What the page wants, read and checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Wish {
    /// To say this.
    Write(Pii<String>),
    /// To press this key.
    Press(Digit),
    /// That the bot stops.
    Interrupt,
    /// To be heard in this language; `None` finds it out.
    Speak(Option<Language>),
    /// To hang up.
    HangUp,
}

/// Longest text, in characters.
const MAX_CHARS: usize = 4_000;

impl Wish {
    /// Reads a message.
    pub(super) fn parse(text: &str) -> Result<Self, ToPage> {
        let wrong = |message: &str| ToPage::Error { code: "bad_message", message: message.to_owned() };
        let message: FromPage =
            serde_json::from_str(text).map_err(|_| wrong("send one of text, digit, interrupt, language, hangup"))?;
        match message {
            FromPage::Text { text } if text.trim().is_empty() => Err(wrong("the text is blank")),
            FromPage::Text { text } if text.chars().count() > MAX_CHARS => Err(wrong("the text is longer than 4000 characters")),
            FromPage::Text { text } => Ok(Self::Write(Pii::new(text.trim().to_owned()))),
            FromPage::Digit { digit } => Digit::from_char(digit).map(Self::Press).ok_or_else(|| wrong("a key is 0 to 9, * or #")),
            FromPage::Interrupt => Ok(Self::Interrupt),
            FromPage::Language { language } if language == "auto" => Ok(Self::Speak(None)),
            FromPage::Language { language } => {
                language.parse().map(|language| Self::Speak(Some(language))).map_err(|_| wrong("no such language"))
            }
            FromPage::Hangup => Ok(Self::HangUp),
        }
    }
}

/// Who said something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Who {
    Caller,
    Bot,
}

/// What is going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Listening,
    Thinking,
    Speaking,
    Ended,
}

/// To the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum ToPage {
    Ready {
        conversation: String,
    },
    State {
        state: State,
        #[serde(skip_serializing_if = "Option::is_none")]
        cause: Option<String>,
    },
    Caption {
        who: Who,
        #[serde(skip_serializing_if = "Option::is_none")]
        turn: Option<u32>,
        text: String,
        #[serde(rename = "final")]
        is_final: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        language: Option<Language>,
    },
    BargeIn,
    Tool {
        name: String,
        ok: bool,
    },
    Ended {
        cause: String,
    },
    Error {
        code: &'static str,
        message: String,
    },
}

impl ToPage {
    /// Something in that state.
    pub(super) const fn state(state: State) -> Self {
        Self::State { state, cause: None }
    }

    /// What the caller's page shows of an event of the call, in order.
    pub(super) fn of(entry: Entry) -> Vec<Self> {
        let turn = entry.turn;
        match entry.event {
            JournalEvent::Transcript { text, is_final, .. } if text.trim().is_empty() && !is_final => Vec::new(),
            JournalEvent::Transcript { text, .. } if text.trim().is_empty() => vec![Self::state(State::Listening)],
            JournalEvent::Transcript { text, is_final, language, .. } => {
                let caption = Self::Caption { who: Who::Caller, turn, text, is_final, language: Some(language) };
                let thinking = is_final.then(|| Self::state(State::Thinking));
                [caption].into_iter().chain(thinking).collect()
            }
            JournalEvent::Reply { text } => {
                vec![Self::Caption { who: Who::Bot, turn, text, is_final: true, language: None }]
            }
            JournalEvent::ReplyStarted => vec![Self::state(State::Speaking)],
            JournalEvent::ReplyEnded { .. } | JournalEvent::SpeechStarted { .. } => vec![Self::state(State::Listening)],
            JournalEvent::BargeIn { .. } => vec![Self::BargeIn],
            JournalEvent::Tool { name, ok, .. } => vec![Self::Tool { name, ok }],
            JournalEvent::CallEnded { cause } => {
                vec![Self::State { state: State::Ended, cause: Some(cause.clone()) }, Self::Ended { cause }]
            }
            JournalEvent::CallStarted { .. }
            | JournalEvent::SpeechEnded { .. }
            | JournalEvent::Digit { .. }
            | JournalEvent::Latency { .. }
            | JournalEvent::Hint { .. }
            | JournalEvent::Joined { .. }
            | JournalEvent::Policy { .. }
            | JournalEvent::Pack { .. }
            | JournalEvent::Rating { .. }
            | JournalEvent::Understood { .. }
            | JournalEvent::Feeling { .. }
            | JournalEvent::Identity { .. }
            | JournalEvent::EventsLost { .. } => Vec::new(),
        }
    }

    /// As it goes over the wire.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a message has only text, numbers and flags")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(event: serde_json::Value) -> serde_json::Value {
        let mut event = event;
        event["t_ms"] = json!(5);
        let entry: Entry = serde_json::from_value(event).expect("an entry");
        ToPage::of(entry)
            .iter()
            .map(|message| serde_json::from_str(&message.to_json()).expect("JSON"))
            .collect::<Vec<serde_json::Value>>()
            .into()
    }

    #[test]
    fn a_call_reads_on_the_page_as_the_protocol_says() {
        let heard =
            json!({ "kind": "transcript", "turn": 2, "text": "我的订单", "final": true, "engine": "x", "language": "zh" });
        let caption =
            json!({ "type": "caption", "who": "caller", "turn": 2, "text": "我的订单", "final": true, "language": "zh" });
        assert_eq!(shown(heard), json!([caption, { "type": "state", "state": "thinking" }]));
        let said = json!({ "type": "caption", "who": "bot", "turn": 2, "text": "Yes.", "final": true });
        assert_eq!(shown(json!({ "kind": "reply", "turn": 2, "text": "Yes." })), json!([said]));
        let ended = json!([{ "type": "state", "state": "ended", "cause": "bot" }, { "type": "ended", "cause": "bot" }]);
        assert_eq!(shown(json!({ "kind": "call_ended", "cause": "bot" })), ended);
        assert_eq!(
            shown(json!({ "kind": "call_started", "from": "203.0.113.9", "to": "x", "transport": "webrtc", "codec": "OPUS" })),
            json!([])
        );
    }

    #[test]
    fn a_pages_messages_are_read_and_wrong_ones_told() {
        let read = |text: &str| Wish::parse(text);
        assert_eq!(read(r#"{"type":"text","text":" hi "}"#), Ok(Wish::Write(Pii::new("hi".to_owned()))));
        assert_eq!(read(r#"{"type":"digit","digit":"5"}"#).ok(), Digit::from_char('5').map(Wish::Press));
        assert_eq!(read(r#"{"type":"language","language":"auto"}"#), Ok(Wish::Speak(None)));
        assert_eq!(read(r#"{"type":"language","language":"zh"}"#), Ok(Wish::Speak(Some(Language::ZH))));
        assert_eq!((read(r#"{"type":"interrupt"}"#), read(r#"{"type":"hangup"}"#)), (Ok(Wish::Interrupt), Ok(Wish::HangUp)));
        for wrong in ["", "[]", r#"{"type":"text","text":" "}"#, r#"{"type":"digit","digit":"x"}"#, r#"{"type":"sing"}"#] {
            assert!(matches!(read(wrong), Err(ToPage::Error { code: "bad_message", .. })), "{wrong}");
        }
    }
}
