//! What callers of a pack may be expected to say. Never what it means: that is learnt from all phrases.

use std::collections::BTreeMap;

use super::flow::SlotKind;
use super::pack::Pack;
use crate::talk::Language;

/// Phrases of a list that are listened for beside any question.
const FIRST: usize = 5;
/// Phrases of a list that are listened for at all. A recogniser on a telephone loses by a vocabulary that grows without end;
/// what stands further back only teaches what words mean.
const HEARD: usize = 50;

impl Pack {
    /// What a caller of that language may be expected to say, for a recogniser's grammar: the front of every list; each with
    /// whether it is among the first of its list, which are the commonest. `{digits}`, `{date}`, `{amount}` and `{name}` stand where such a thing is said.
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
            for (n, phrase) in list.iter().enumerate().take(HEARD) {
                *phrases.entry(phrase.clone()).or_default() |= n < FIRST;
            }
        }
        phrases
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_recogniser_listens_for_the_front_of_a_list_and_the_rest_is_only_learnt() {
        let pack = Pack::load(Path::new("packs/shop")).unwrap_or_else(|e| panic!("{e}"));
        let heard = pack.phrases(Language::EN);
        let topics = pack.topics();
        let lists = topics.iter().filter_map(|(_, phrases)| phrases.get(&Language::EN));
        let long: Vec<&Vec<String>> = lists.filter(|list| list.len() > HEARD).collect();
        assert!(!long.is_empty());
        for list in long {
            assert!(list[..HEARD].iter().all(|phrase| heard.contains_key(phrase)));
            assert!(list[HEARD..].iter().any(|phrase| !heard.contains_key(phrase)));
        }
    }
}
