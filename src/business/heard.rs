//! What callers of a pack may be expected to say. Never what it means: that is learnt from all phrases.

use std::collections::BTreeMap;

use super::flow::SlotKind;
use super::pack::Pack;
use crate::talk::Language;

/// Phrases of a list that are listened for beside any question.
const FIRST: usize = 5;

impl Pack {
    /// What a caller of that language may be expected to say, for a recogniser's grammar; each with whether it is among the first of
    /// its list, which are the commonest. `{digits}`, `{date}`, `{amount}` and `{name}` stand where such a thing is said.
    pub fn phrases(&self, language: Language) -> BTreeMap<String, bool> {
        let slots = self.flows().values().flat_map(|f| f.slots.values());
        let choices = slots.clone().flat_map(|slot| match &slot.kind {
            SlotKind::Choice(choices) => choices.iter().map(|c| &c.phrases).collect(),
            SlotKind::Digits { .. }
            | SlotKind::Code { .. }
            | SlotKind::Date
            | SlotKind::Time
            | SlotKind::DateTime
            | SlotKind::Amount
            | SlotKind::Number { .. }
            | SlotKind::Months
            | SlotKind::Duration
            | SlotKind::Percent
            | SlotKind::Phone
            | SlotKind::Email
            | SlotKind::Postcode
            | SlotKind::Name
            | SlotKind::Record
            | SlotKind::Text => Vec::new(),
        });
        let topics = self.topics();
        let all = topics.iter().map(|(_, p)| *p).chain(slots.map(|s| &s.phrases)).chain(choices).chain([self.yes(), self.no()]);
        let mut phrases = BTreeMap::new();
        for list in all.filter_map(|p| p.get(&language)) {
            for (n, phrase) in list.iter().enumerate() {
                *phrases.entry(phrase.clone()).or_default() |= n < FIRST;
            }
        }
        phrases
    }
}
