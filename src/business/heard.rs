//! What callers of a pack may be expected to say. Never what it means: that is learnt from all phrases.

use std::collections::BTreeSet;

use super::flow::SlotKind;
use super::pack::Pack;
use crate::talk::Language;

impl Pack {
    /// What a caller of that language may be expected to say, for a recogniser's grammar.
    /// `{digits}`, `{date}`, `{amount}` and `{name}` stand where such a thing is said.
    pub fn phrases(&self, language: Language) -> Vec<String> {
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
        all.filter_map(|p| p.get(&language)).flatten().cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }
}
