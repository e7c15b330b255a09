//! What is remembered of a caller from one call to the next, on any channel, and only with their yes.
//! Never holds a sensitive slot, and never touches a disk; the store seals the JSON this makes.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::talk::Language;

use super::flow::Slot;

/// How much is remembered, and for how long. Part of a company's configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// Whether callers are asked for leave to remember them; off, nobody is asked and nothing is kept.
    pub on: bool,
    /// Whether somebody whose number was remembered is offered the open request in the greeting, before anything is proved.
    /// A number can be forged: such a caller learns what the request was about, and no value of it.
    pub by_number: bool,
    /// The slot that names what a request is about, as `order`: what "it" means to a caller who was remembered.
    pub subject: Option<String>,
    /// An unfinished request is offered again for this many days.
    pub resume_days: u16,
    /// A caller who said no is not asked again for this many days.
    pub ask_again_days: u16,
    /// This many topics are kept, the latest.
    pub topics: u8,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { on: true, by_number: false, subject: None, resume_days: 7, ask_again_days: 180, topics: 5 }
    }
}

/// Whether the caller lets us remember.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Consent {
    /// Never asked, or not answered.
    #[default]
    Unknown,
    /// Said yes.
    Given {
        /// On that day.
        on: NaiveDate,
        /// To this question, as it was put: consent must be shown (GDPR Art. 7(1)).
        question: String,
    },
    /// Said no.
    Refused {
        /// On that day.
        on: NaiveDate,
    },
}

/// A request that was begun and not finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unfinished {
    /// The flow.
    pub flow: String,
    /// The slots that were filled, none of them sensitive.
    pub slots: BTreeMap<String, Value>,
    /// When it was left.
    pub on: NaiveDate,
}

/// What is remembered of one caller.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    consent: Consent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    /// Names of flows and entries, latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    topics: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfinished: Option<Unfinished>,
    /// The pseudonym under which the rest is kept, for whoever exports or erases this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    same_as: Option<String>,
}

impl fmt::Debug for Memory {
    /// How much it is: what it holds is the caller's own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a memory of {} topics", self.topics.len())
    }
}

/// What one call leaves to remember.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallNotes {
    /// The language it ended in.
    pub language: Option<Language>,
    /// What it was about: flows and entries, in order.
    pub topics: Vec<String>,
    /// The value of the subject's slot that it was last about.
    pub subject: Option<Value>,
    /// The flow that was under way at its end, with its slots.
    pub unfinished: Option<(String, Noted)>,
}

/// Slot values on their way into memory: only what is not sensitive gets in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Noted(BTreeMap<String, Value>);

/// What the next call may begin with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Recalled<'a> {
    /// The language to begin in.
    pub language: Option<Language>,
    /// What earlier calls were about, latest last.
    pub topics: &'a [String],
    /// What "it" may mean.
    pub subject: Option<&'a Value>,
    /// "Shall we go on with …?"
    pub unfinished: Option<&'a Unfinished>,
}

/// The stored text is no memory.
#[derive(Debug, Error)]
#[error("a caller's memory cannot be read ({0}); it is left as it is, and the caller counts as unknown")]
pub struct Unreadable(#[from] serde_json::Error);

impl Noted {
    /// Takes a slot's value, unless the flow says that the slot is sensitive.
    #[must_use]
    pub fn with(mut self, name: &str, slot: &Slot, value: Value) -> Self {
        if !slot.sensitive {
            self.0.insert(name.to_owned(), value);
        }
        self
    }
}

impl Memory {
    /// Reads the document that [`Self::to_json`] made.
    ///
    /// # Errors
    /// A text that is none.
    pub fn from_json(document: &str) -> Result<Self, Unreadable> {
        Ok(serde_json::from_str(document)?)
    }

    /// The document to seal and keep; `None` where there is nothing that may be kept.
    pub fn to_json(&self) -> Option<String> {
        let kept = *self != Self::default();
        kept.then(|| serde_json::to_string(self).expect("a memory has string keys only"))
    }

    /// Whether the caller lets us remember.
    pub const fn consent(&self) -> &Consent {
        &self.consent
    }

    /// Whether the caller said yes.
    pub const fn is_allowed(&self) -> bool {
        matches!(self.consent, Consent::Given { .. })
    }

    /// Where the rest of it is kept.
    pub fn same_as(&self) -> Option<&str> {
        self.same_as.as_deref()
    }

    /// Whether the caller is to be asked: never twice, and after a no only when it has long been said.
    ///
    /// To be asked once a call, after the first request is served and before good-bye.
    pub fn asks(&self, today: NaiveDate, config: &MemoryConfig) -> bool {
        match self.consent {
            Consent::Unknown => true,
            Consent::Given { .. } => false,
            Consent::Refused { on } => {
                on.checked_add_days(Days::new(config.ask_again_days.into())).is_some_and(|day| today >= day)
            }
        }
    }

    /// The caller's yes to that question.
    #[must_use]
    pub fn allowed(self, question: String, today: NaiveDate) -> Self {
        Self { consent: Consent::Given { on: today, question }, ..self }
    }

    /// The caller's no, or "forget me". It wipes what was remembered; that it was said is all that stays.
    #[must_use]
    pub fn refused(today: NaiveDate) -> Self {
        Self { consent: Consent::Refused { on: today }, ..Self::default() }
    }

    /// The open request was taken up again, or is wanted no more.
    #[must_use]
    pub fn settled(self) -> Self {
        Self { unfinished: None, ..self }
    }

    /// What may be kept under the caller's number, which can be forged: where the rest is, and with the pack's leave what
    /// an offer to go on needs, without a value.
    #[must_use]
    pub fn face(self, account: Option<String>, config: &MemoryConfig) -> Self {
        let known = if config.by_number { self } else { Self { consent: self.consent, ..Self::default() } };
        let unfinished = known.unfinished.map(|left| Unfinished { slots: BTreeMap::new(), ..left });
        Self { subject: None, unfinished, ..known }.also_under(account)
    }

    /// The same, kept in parts: the other part lies under that pseudonym. A no leads nowhere.
    #[must_use]
    pub fn also_under(self, other: Option<String>) -> Self {
        Self { same_as: other.filter(|_| self.is_allowed()), ..self }
    }

    /// What the next call may begin with: nothing without consent.
    pub fn recall(&self, today: NaiveDate, config: &MemoryConfig) -> Recalled<'_> {
        if !self.is_allowed() {
            return Recalled::default();
        }
        let fresh = |left: &&Unfinished| today <= left.on + Days::new(config.resume_days.into());
        Recalled {
            language: self.language,
            topics: &self.topics,
            subject: self.subject.as_ref(),
            unfinished: self.unfinished.as_ref().filter(fresh),
        }
    }

    /// This memory with a call added; unchanged without consent.
    #[must_use]
    pub fn remember(mut self, call: CallNotes, today: NaiveDate, config: &MemoryConfig) -> Self {
        if !self.is_allowed() {
            return self;
        }
        self.language = call.language.or(self.language);
        self.subject = call.subject.or(self.subject);
        for topic in call.topics {
            self.topics.retain(|known| *known != topic);
            self.topics.push(topic);
        }
        self.topics.drain(..self.topics.len().saturating_sub(config.topics.into()));
        let left = call.unfinished.map(|(flow, slots)| Unfinished { flow, slots: slots.0, on: today });
        self.unfinished = left.or(self.unfinished);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::business::flow::SlotKind;

    fn day(n: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + Days::new(n)
    }

    fn slot(sensitive: bool) -> Slot {
        Slot { kind: SlotKind::Text, sensitive, phrases: BTreeMap::new() }
    }

    fn call() -> CallNotes {
        let slots = Noted::default().with("order", &slot(false), json!("12346")).with("pin", &slot(true), json!("8041"));
        CallNotes {
            language: Some(Language::ZH),
            topics: vec!["return_order".into()],
            subject: Some(json!("12346")),
            unfinished: Some(("return_order".into(), slots)),
        }
    }

    fn allowed() -> Memory {
        Memory::default().allowed("May I?".into(), day(0))
    }

    #[test]
    fn nothing_is_kept_or_recalled_before_a_yes() {
        let config = MemoryConfig::default();
        let unknown = Memory::default().remember(call(), day(0), &config);
        assert_eq!((unknown.to_json(), unknown.recall(day(0), &config)), (None, Recalled::default()));
        assert!(unknown.asks(day(0), &config));
        let refused = Memory::refused(day(0)).remember(call(), day(0), &config);
        assert_eq!(refused.to_json().unwrap(), r#"{"consent":{"state":"refused","on":"2026-01-01"}}"#);
    }

    #[test]
    fn a_request_left_on_one_channel_goes_on_in_another_for_a_week() {
        let config = MemoryConfig::default();
        let kept = allowed().remember(call(), day(0), &config).to_json().unwrap();
        let memory = Memory::from_json(&kept).unwrap();
        let recalled = memory.recall(day(7), &config);
        let unfinished = recalled.unfinished.expect("a week is not over");
        assert_eq!(
            (unfinished.flow.as_str(), &unfinished.slots),
            ("return_order", &BTreeMap::from([("order".into(), json!("12346"))]))
        );
        assert_eq!((recalled.language, recalled.subject), (Some(Language::ZH), Some(&json!("12346"))));
        assert_eq!(memory.recall(day(8), &config).unfinished, None);
        let still = memory.remember(CallNotes::default(), day(1), &config);
        assert!(still.recall(day(1), &config).unfinished.is_some(), "a call about something else leaves it open");
        assert_eq!(still.settled().recall(day(1), &config).unfinished, None);
    }

    #[test]
    fn what_is_sensitive_is_in_no_memory() {
        let config = MemoryConfig::default();
        let kept = allowed().remember(call(), day(0), &config).to_json().unwrap();
        assert!(kept.contains("12346") && !kept.contains("8041"), "{kept}");
    }

    #[test]
    fn forgetting_leaves_only_the_no_and_the_question_waits_half_a_year() {
        let config = MemoryConfig::default();
        let memory = Memory::refused(day(3));
        assert!(!memory.to_json().unwrap().contains("12346"));
        assert_eq!(memory.recall(day(3), &config), Recalled::default());
        assert!(!memory.asks(day(182), &config) && memory.asks(day(183), &config));
        assert!(!memory.allowed(String::new(), day(200)).asks(day(900), &config));
    }

    #[test]
    fn a_number_that_may_be_forged_opens_no_value() {
        let memory = allowed().remember(call(), day(0), &MemoryConfig::default());
        let with_leave = MemoryConfig { by_number: true, ..MemoryConfig::default() };
        let face = memory.clone().face(Some("a".into()), &with_leave);
        assert!(!face.to_json().unwrap().contains("12346"));
        assert_eq!(face.recall(day(0), &with_leave).unfinished.unwrap().flow, "return_order");
        let link = memory.face(Some("a".into()), &MemoryConfig::default());
        assert_eq!((link.same_as(), link.is_allowed(), link.recall(day(0), &with_leave)), (Some("a"), true, Recalled::default()));
    }

    #[test]
    fn the_latest_topics_are_kept_each_once() {
        let config = MemoryConfig { topics: 2, ..MemoryConfig::default() };
        let about =
            |topics: &[&str]| CallNotes { topics: topics.iter().map(ToString::to_string).collect(), ..CallNotes::default() };
        let memory = allowed();
        let memory = memory.remember(about(&["a", "b"]), day(0), &config).remember(about(&["c", "b"]), day(1), &config);
        assert_eq!(memory.recall(day(1), &config).topics, ["c", "b"]);
        assert!(Memory::from_json("{}").is_err(), "a document that says nothing of consent is none");
    }
}
