//! The keypad menu: flows that have a key, and `0` for a person.
//! Never the only way: whatever it offers can be said as well.

use crate::business::flow::Flow;
use crate::business::{Cue, HouseIntent, Pack, Topic};
use crate::talk::{Choice, Digit, Language};

/// The key for a person.
const AGENT: char = '0';

/// What a key of the menu means.
pub(super) fn topic(pack: &Pack, keys: &str) -> Option<Topic> {
    if keys == AGENT.to_string() {
        return Some(Topic::House(HouseIntent::Handoff));
    }
    let pressed = |key: &Digit| key.as_char().to_string() == keys;
    pack.flows().values().find(|f| f.key.as_ref().is_some_and(pressed)).map(|f| Topic::Flow(f.id.clone()))
}

/// The menu as the caller may choose from it.
pub(super) fn choices(pack: &Pack) -> Vec<Choice> {
    let flows = pack.flows().values().filter(|f| f.key.is_some()).map(|f| Choice {
        id: f.id.clone(),
        phrases: f.intent.values().flatten().cloned().collect(),
        key: f.key,
    });
    let handoff = pack.topics().into_iter().find(|(topic, _)| *topic == Topic::House(HouseIntent::Handoff));
    let phrases = handoff.map(|(_, phrases)| phrases.values().flatten().cloned().collect()).unwrap_or_default();
    flows.chain([Choice { id: pack.handoff().to_owned(), phrases, key: Digit::from_char(AGENT) }]).collect()
}

/// The menu in words, a sentence a key.
pub(super) fn sentences(pack: &Pack, language: Language) -> Vec<String> {
    let line = |cue, variables: &minijinja::Value| pack.prompt(cue).render(language, variables).unwrap_or_default();
    let items = by_key(pack).into_iter().map(|(key, flow)| {
        let about = flow.about.template(language).unwrap_or_default();
        line(Cue::MenuItem, &minijinja::context! { about, key => key.to_string() })
    });
    items.chain([line(Cue::MenuAgent, &minijinja::context! { key => AGENT.to_string() })]).collect()
}

/// What is on the menu, in a few words each; what can be asked for at all where there is no menu.
pub(super) fn abouts(pack: &Pack, language: Language) -> Vec<&str> {
    let on_menu: Vec<&Flow> = by_key(pack).into_iter().map(|(_, flow)| flow).collect();
    let asked_for = || pack.flows().values().filter(|f| !f.intent.is_empty()).collect();
    let flows: Vec<&Flow> = if on_menu.is_empty() { asked_for() } else { on_menu };
    flows.into_iter().filter_map(|f| f.about.template(language)).collect()
}

/// Several things in one phrase, the last after an "and".
pub(super) fn listed(things: &[&str], language: Language) -> String {
    let (and, comma) = if language == Language::ZH { ("和", "、") } else { (" and ", ", ") };
    match things.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{}{and}{last}", rest.join(comma)),
        _ => things.concat(),
    }
}

fn by_key(pack: &Pack) -> Vec<(Digit, &Flow)> {
    let mut flows: Vec<_> = pack.flows().values().filter_map(|f| Some((f.key?, f))).collect();
    flows.sort_by_key(|(key, _)| key.event());
    flows
}
