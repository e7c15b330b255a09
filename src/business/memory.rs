//! What is remembered of a caller from one call to the next, on any channel, and only with their yes.
//! Never holds a sensitive slot, and never touches a disk; the store seals the JSON this makes.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use crate::talk::Language;

use super::flow::Slot;

/// How much is remembered, and for how long. Part of a company's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryConfig {
    /// An unfinished request is offered again for this many days.
    pub resume_days: u16,
    /// A caller who said no is not asked again for this many days.
    pub ask_again_days: u16,
    /// This many topics are kept, the latest.
    pub topics: u8,
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self { resume_days: 7, ask_again_days: 180, topics: 5 }
    }
}

/// Whether the caller lets us remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "state", content = "on")]
pub enum Consent {
    /// Never asked, or not answered.
    #[default]
    Unknown,
    /// Said yes on that day.
    Given(NaiveDate),
    /// Said no on that day.
    Refused(NaiveDate),
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    consent: Consent,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    language: Option<Language>,
    /// Names of flows and entries, latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    topics: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_order: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    facts: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unfinished: Option<Unfinished>,
}

/// What one call leaves to remember.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CallNotes {
    /// The language it ended in.
    pub language: Option<Language>,
    /// What it was about: flows and entries, in order.
    pub topics: Vec<String>,
    /// The order it was last about.
    pub last_order: Option<String>,
    /// Slots worth knowing next time (a size, a branch).
    pub facts: Noted,
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
    /// What "my order" may mean.
    pub last_order: Option<&'a str>,
    /// Slots known from earlier calls.
    pub facts: Option<&'a BTreeMap<String, Value>>,
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
    pub const fn consent(&self) -> Consent {
        self.consent
    }

    /// Whether the caller is to be asked: never twice, and after a no only when it has long been said.
    ///
    /// To be asked once a call, after the first request is served and before good-bye.
    pub fn asks(&self, today: NaiveDate, config: &MemoryConfig) -> bool {
        match self.consent {
            Consent::Unknown => true,
            Consent::Given(_) => false,
            Consent::Refused(on) => on.checked_add_days(Days::new(config.ask_again_days.into())).is_some_and(|day| today >= day),
        }
    }

    /// The caller's answer. A no wipes what was remembered; that it was said is all that stays.
    #[must_use]
    pub fn answered(self, yes: bool, today: NaiveDate) -> Self {
        if yes {
            Self { consent: Consent::Given(today), ..self }
        } else {
            Self { consent: Consent::Refused(today), ..Self::default() }
        }
    }

    /// What the next call may begin with: nothing without consent.
    pub fn recall(&self, today: NaiveDate, config: &MemoryConfig) -> Recalled<'_> {
        if !matches!(self.consent, Consent::Given(_)) {
            return Recalled::default();
        }
        let fresh = |left: &&Unfinished| today <= left.on + Days::new(config.resume_days.into());
        Recalled {
            language: self.language,
            topics: &self.topics,
            last_order: self.last_order.as_deref(),
            facts: (!self.facts.is_empty()).then_some(&self.facts),
            unfinished: self.unfinished.as_ref().filter(fresh),
        }
    }

    /// This memory with a call added; unchanged without consent.
    #[must_use]
    pub fn remember(mut self, call: CallNotes, today: NaiveDate, config: &MemoryConfig) -> Self {
        if !matches!(self.consent, Consent::Given(_)) {
            return self;
        }
        self.language = call.language.or(self.language);
        self.last_order = call.last_order.or(self.last_order);
        self.facts.extend(call.facts.0);
        for topic in call.topics {
            self.topics.retain(|known| *known != topic);
            self.topics.push(topic);
        }
        self.topics.drain(..self.topics.len().saturating_sub(config.topics.into()));
        self.unfinished = call.unfinished.map(|(flow, slots)| Unfinished { flow, slots: slots.0, on: today });
        self
    }

    /// "Forget me": nothing is left but that this caller is not to be remembered.
    #[must_use]
    pub fn forget(self, today: NaiveDate) -> Self {
        self.answered(false, today)
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
            last_order: Some("12346".into()),
            facts: Noted::default().with("size", &slot(false), json!("m")).with("card", &slot(true), json!("4111")),
            unfinished: Some(("return_order".into(), slots)),
        }
    }

    #[test]
    fn nothing_is_kept_or_recalled_before_a_yes() {
        let config = MemoryConfig::default();
        let unknown = Memory::default().remember(call(), day(0), &config);
        assert_eq!((unknown.to_json(), unknown.recall(day(0), &config)), (None, Recalled::default()));
        assert!(unknown.asks(day(0), &config));
        let refused = unknown.answered(false, day(0)).remember(call(), day(0), &config);
        assert_eq!(refused.to_json().unwrap(), r#"{"consent":{"state":"refused","on":"2026-01-01"}}"#);
    }

    #[test]
    fn a_request_left_on_one_channel_goes_on_in_another_for_a_week() {
        let config = MemoryConfig::default();
        let kept = Memory::default().answered(true, day(0)).remember(call(), day(0), &config).to_json().unwrap();
        let memory = Memory::from_json(&kept).unwrap();
        let recalled = memory.recall(day(7), &config);
        let unfinished = recalled.unfinished.expect("a week is not over");
        assert_eq!(
            (unfinished.flow.as_str(), &unfinished.slots),
            ("return_order", &BTreeMap::from([("order".into(), json!("12346"))]))
        );
        assert_eq!((recalled.language, recalled.last_order), (Some(Language::ZH), Some("12346")));
        assert_eq!(memory.recall(day(8), &config).unfinished, None);
        let finished = memory.remember(CallNotes::default(), day(1), &config);
        assert_eq!(finished.recall(day(1), &config).unfinished, None);
    }

    #[test]
    fn what_is_sensitive_is_in_no_memory() {
        let config = MemoryConfig::default();
        let kept = Memory::default().answered(true, day(0)).remember(call(), day(0), &config).to_json().unwrap();
        assert!(kept.contains("12346") && !kept.contains("8041") && !kept.contains("4111"), "{kept}");
    }

    #[test]
    fn forgetting_leaves_only_the_no_and_the_question_waits_half_a_year() {
        let config = MemoryConfig::default();
        let memory = Memory::default().answered(true, day(0)).remember(call(), day(0), &config).forget(day(3));
        assert!(!memory.to_json().unwrap().contains("12346"));
        assert_eq!(memory.recall(day(3), &config), Recalled::default());
        assert!(!memory.asks(day(182), &config) && memory.asks(day(183), &config));
        assert!(!memory.answered(true, day(200)).asks(day(900), &config));
    }

    #[test]
    fn the_latest_topics_are_kept_each_once() {
        let config = MemoryConfig { topics: 2, ..MemoryConfig::default() };
        let about =
            |topics: &[&str]| CallNotes { topics: topics.iter().map(ToString::to_string).collect(), ..CallNotes::default() };
        let memory = Memory::default().answered(true, day(0));
        let memory = memory.remember(about(&["a", "b"]), day(0), &config).remember(about(&["c", "b"]), day(1), &config);
        assert_eq!(memory.recall(day(1), &config).topics, ["c", "b"]);
        assert!(Memory::from_json("{}").is_err(), "a document that says nothing of consent is none");
    }
}
