//! What a feeling changes in the bot's manner: a table in the pack (`emotion.toml`), the house's where the pack has none.
//! Never reads a feeling, and never says a word; it gives the leave to read, and answers a reading with a value.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::talk::{EmotionOn, Language, Probability};

use super::super::source::{Fault, PackError, Source};
use super::super::template::{RawText, Text};
use super::{Emotion, Reading};

/// The table.
#[derive(Debug, Clone, PartialEq)]
pub struct EmotionPolicy {
    on: bool,
    angry_turns: u8,
    least_confidence: Probability,
    notice: Text,
    rules: BTreeMap<Emotion, Rule>,
}

/// One row.
#[derive(Debug, Clone, PartialEq)]
struct Rule {
    shorter: bool,
    slower: bool,
    selling: bool,
    apologies: Vec<Text>,
}

/// Anger must be this likely in a turn for it to bear out anger in another.
const LIKELIER_THAN_NOT: f32 = 0.5;

/// What the call remembers of the caller's feelings.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mood {
    /// Angry turns in a row since a person was last offered.
    angry_turns: u8,
    /// Apologies said so far, by emotion.
    apologies: [u8; Emotion::ALL.len()],
    /// A caller who was cross is sold nothing until they are glad again.
    selling_stopped: bool,
    /// How likely anger was when it was last heard, until a turn surely tells something else.
    anger: Probability,
}

/// How the next reply differs from a plain one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Said first; each apology once a call.
    pub apologise: Option<Text>,
    /// Speech slows down.
    pub slower: bool,
    /// What could be left out is.
    pub shorter: bool,
    /// Something may be recommended.
    pub selling: bool,
    /// A person is offered.
    pub offer_human: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    on: Option<bool>,
    angry_turns: Option<Spanned<u8>>,
    least_confidence: Option<Spanned<f32>>,
    notice: Option<RawText>,
    #[serde(default)]
    feeling: BTreeMap<Emotion, RawRule>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct RawRule {
    shorter: Option<bool>,
    slower: Option<bool>,
    selling: Option<bool>,
    apologies: Option<Vec<RawText>>,
}

impl EmotionPolicy {
    /// The house's table with the pack's `emotion.toml` over it.
    ///
    /// # Errors
    /// A file that is there and cannot be read; what is wrong in it goes to `faults`.
    pub(in super::super) fn read(folder: &Path, languages: &[Language], faults: &mut Vec<Fault>) -> Result<Self, PackError> {
        let (house, raw) = house();
        let path = folder.join("emotion.toml");
        if !path.exists() {
            return Ok(Self::off().over(raw, &house, languages, faults));
        }
        let source = Source::read(&path)?;
        match source.parse::<RawPolicy>() {
            Ok(own) => {
                // A pack that writes its own notice and apologies owes none in the house's languages.
                let policy = Self::off().over(raw, &house, &[], faults).over(own, &source, languages, faults);
                faults.extend(policy.unannounced(languages, &source));
                Ok(policy)
            }
            Err(fault) => {
                faults.push(fault);
                Ok(Self::off())
            }
        }
    }

    /// The house's own table.
    pub fn house() -> Self {
        let (source, raw) = house();
        Self::off().over(raw, &source, &[], &mut Vec::new())
    }

    /// A table that is switched off.
    fn off() -> Self {
        let plain = || Rule { shorter: false, slower: false, selling: true, apologies: Vec::new() };
        Self {
            on: false,
            angry_turns: 2,
            least_confidence: Probability::ZERO,
            notice: Text::default(),
            rules: Emotion::ALL.into_iter().map(|emotion| (emotion, plain())).collect(),
        }
    }

    /// The leave to read feelings, without which nothing that reads them can be called; `None` where the pack says `on = false`.
    pub const fn leave(&self) -> Option<EmotionOn> {
        if self.on { Some(EmotionOn::granted()) } else { None }
    }

    /// What the caller is told at the start of the call, where feelings are read.
    pub const fn notice(&self) -> Option<&Text> {
        if self.on { Some(&self.notice) } else { None }
    }

    /// What a reading changes, and the mood after it.
    ///
    /// A raised voice over plain words is never sure anger by itself: a bad line or a loud room raises voices too. Heard again,
    /// it is acted on once the chance that it was wrong both times is small enough.
    pub fn react(&self, mood: &Mood, reading: &Reading) -> (Mood, Reaction) {
        let angry = reading.emotion == Emotion::Angry;
        if reading.confidence < self.least_confidence && !(angry && self.borne_out(mood, reading)) {
            let anger = if angry { reading.confidence } else { mood.anger };
            return (Mood { anger, ..*mood }, self.plain(mood));
        }
        let rule = &self.rules[&reading.emotion];
        let angry_turns = if angry { mood.angry_turns + 1 } else { 0 };
        let offer_human = self.angry_turns > 0 && angry_turns >= self.angry_turns;
        let said = &mood.apologies[reading.emotion as usize];
        let apologise = rule.apologies.get(usize::from(*said)).cloned();
        let anger = if angry { reading.confidence } else { Probability::ZERO };
        let mut next = Mood { angry_turns: if offer_human { 0 } else { angry_turns }, anger, ..*mood };
        next.apologies[reading.emotion as usize] += u8::from(apologise.is_some());
        next.selling_stopped = !rule.selling || (mood.selling_stopped && reading.emotion != Emotion::Pleased);
        let reaction =
            Reaction { apologise, slower: rule.slower, shorter: rule.shorter, selling: !next.selling_stopped, offer_human };
        (next, reaction)
    }

    /// Whether anger that was heard before makes this turn's sure enough.
    fn borne_out(&self, mood: &Mood, reading: &Reading) -> bool {
        let turns = [mood.anger, reading.confidence].map(Probability::get);
        let both_wrong: f32 = turns.iter().map(|p| 1.0 - p).product();
        turns.iter().all(|p| *p > LIKELIER_THAN_NOT) && 1.0 - both_wrong >= self.least_confidence.get()
    }

    /// What a turn changes of which too little is known.
    fn plain(&self, mood: &Mood) -> Reaction {
        let selling = self.rules[&Emotion::Neutral].selling && !mood.selling_stopped;
        Reaction { apologise: None, slower: false, shorter: false, selling, offer_human: false }
    }

    fn over(mut self, raw: RawPolicy, source: &Source, languages: &[Language], faults: &mut Vec<Fault>) -> Self {
        self.on = raw.on.unwrap_or(self.on);
        if let Some(turns) = raw.angry_turns {
            self.angry_turns = *turns.get_ref();
        }
        if let Some(least) = raw.least_confidence {
            if !(0.0..=1.0).contains(least.get_ref()) {
                faults.push(source.error(least.span(), format!("{} is no confidence; write 0 to 1", least.get_ref())));
            }
            self.least_confidence = Probability::new(*least.get_ref());
        }
        if let Some(notice) = &raw.notice {
            self.notice = Text::check(notice, languages, source, faults);
        }
        for (emotion, raw) in raw.feeling {
            let rule = self.rules.get_mut(&emotion).expect("every emotion has a row");
            rule.shorter = raw.shorter.unwrap_or(rule.shorter);
            rule.slower = raw.slower.unwrap_or(rule.slower);
            rule.selling = raw.selling.unwrap_or(rule.selling);
            if let Some(apologies) = raw.apologies {
                rule.apologies = apologies.iter().map(|text| Text::check(text, languages, source, faults)).collect();
            }
        }
        self
    }

    /// Languages of the pack in which feelings would be read without a word about it.
    fn unannounced(&self, languages: &[Language], source: &Source) -> Vec<Fault> {
        let silent = languages.iter().filter(|language| self.on && self.notice.template(**language).is_none());
        silent
            .map(|language| {
                source.error_at(1, format!("feelings are read and no [notice] says so in {language}; add one, or on = false"))
            })
            .collect()
    }
}

fn house() -> (Source, RawPolicy) {
    let source = Source::of_text("emotion.toml", include_str!("house.toml"));
    let raw = source.parse().expect("the house's table is part of the program and tested");
    (source, raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Language; 2] = [Language::EN, Language::ZH];

    fn reading(text: &str) -> Reading {
        let leave = EmotionPolicy::house().leave().expect("the house reads feelings");
        Emotion::of_words(leave, text, Language::EN, &[])
    }

    fn call(policy: &EmotionPolicy, turns: &[&str]) -> Vec<Reaction> {
        let mut mood = Mood::default();
        let mut react = |turn: &&str| {
            let (next, reaction) = policy.react(&mood, &reading(turn));
            mood = next;
            reaction
        };
        turns.iter().map(&mut react).collect()
    }

    fn of_pack(toml: &str) -> (EmotionPolicy, Vec<Fault>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("emotion.toml"), toml).unwrap();
        let mut faults = Vec::new();
        (EmotionPolicy::read(folder.path(), &BOTH, &mut faults).unwrap(), faults)
    }

    const ANGRY: &str = "this is outrageous, I am furious";

    #[test]
    fn two_angry_turns_bring_two_apologies_and_the_offer_of_a_person() {
        let reactions = call(&EmotionPolicy::house(), &[ANGRY, ANGRY, ANGRY, ANGRY]);
        assert_eq!(reactions.iter().map(|r| r.offer_human).collect::<Vec<_>>(), [false, true, false, true]);
        assert!(reactions.iter().all(|r| r.slower && r.shorter && !r.selling));
        let apologies: Vec<_> = reactions.iter().map(|r| r.apologise.clone()).collect();
        assert!(apologies[0].is_some() && apologies[0] != apologies[1] && apologies[3].is_none(), "{apologies:?}");
    }

    #[test]
    fn a_calm_turn_begins_the_count_anew_and_an_unsure_one_leaves_it() {
        let policy = EmotionPolicy::house();
        let offered = |turns: &[&str]| call(&policy, turns).iter().any(|r| r.offer_human);
        assert!(!offered(&[ANGRY, "my order number is twelve", ANGRY]));
        let unsure = Reading { confidence: Probability::new(0.3), ..reading("the second one") };
        let (mood, _) = policy.react(&Mood::default(), &reading(ANGRY));
        assert_eq!(policy.react(&mood, &unsure).0, mood);
    }

    #[test]
    fn anger_that_is_likely_but_not_sure_is_believed_when_it_is_heard_again() {
        let policy = EmotionPolicy::house();
        let angry = |p: f32| Reading { confidence: Probability::new(p), ..reading(ANGRY) };
        let believed = |turns: &[Reading]| {
            let mut mood = Mood::default();
            let mut react = |turn: &Reading| {
                let (next, reaction) = policy.react(&mood, turn);
                mood = next;
                reaction.slower
            };
            turns.iter().map(&mut react).collect::<Vec<_>>()
        };
        assert_eq!(believed(&[angry(0.57), angry(0.57), angry(0.57)]), [false, true, true]);
        assert_eq!(believed(&[angry(0.57), angry(0.45), angry(0.57)]), [false, false, false]);
        assert_eq!(believed(&[angry(0.57), reading("wonderful, I am so happy with it"), angry(0.57)]), [false, false, false]);
    }

    #[test]
    fn a_cross_caller_is_sold_nothing_until_they_are_glad() {
        let turns = ["the blue one", ANGRY, "the blue one", "wonderful, I am so happy with it", "the blue one"];
        let selling: Vec<bool> = call(&EmotionPolicy::house(), &turns).iter().map(|r| r.selling).collect();
        assert_eq!(selling, [true, false, false, true, true]);
    }

    #[test]
    fn a_pack_changes_single_keys_and_mistakes_are_named_with_their_line() {
        let (policy, faults) = of_pack("angry_turns = 3\n[feeling.upset]\nslower = false");
        assert_eq!((policy.angry_turns, policy.rules[&Emotion::Upset].slower, faults), (3, false, Vec::new()));
        assert!(policy.rules[&Emotion::Upset].shorter);
        let (_, faults) = of_pack("on = true\nleast_confidence = 7.0\n[notice]\nen = \"I notice how you feel.\"");
        let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|f| f.contains("emotion.toml:2") && f.contains("no confidence")), "{told:?}");
        assert!(told.iter().any(|f| f.contains("missing in zh")), "{told:?}");
    }

    #[test]
    fn the_house_speaks_both_languages() {
        let mut faults = Vec::new();
        EmotionPolicy::read(tempfile::tempdir().unwrap().path(), &BOTH, &mut faults).unwrap();
        assert_eq!(faults, []);
    }

    #[test]
    fn switched_off_there_is_no_leave_and_nothing_to_announce() {
        let (policy, _) = of_pack("on = false");
        assert_eq!((policy.leave(), policy.notice()), (None, None));
    }

    /// The leave is made in one place, so that off means off: counted in the source itself.
    #[test]
    fn only_a_policy_that_is_on_gives_leave() {
        fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
            let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let product = |path: &Path| {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
        };
        let grants = sources(&root).iter().map(|path| product(path).matches("EmotionOn::granted()").count()).sum::<usize>();
        assert_eq!(grants, 1);
    }
}
