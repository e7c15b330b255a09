//! The grammar of one moment of a call, as JSGF text: the pack's phrases and what the dialogue expects now.
//! Never touches a recogniser, a file or a dictionary; words come out as they are spelled.

mod english;
mod mandarin;
mod tree;

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::talk::{Expectation, Language};

use super::phrase::{Phrase, Piece, Slot, pieces};
use tree::Pieces;

/// A grammar and the words it is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grammar {
    /// JSGF 1.0 text with one public rule.
    pub jsgf: String,
    /// Every word it uses.
    pub words: BTreeSet<String>,
}

/// The longest string of digits a grammar counts.
const LONGEST_DIGITS: u8 = 32;

/// A named rule in JSGF.
type Rule = (&'static str, &'static str);

/// How much likelier the expected answer is than anything else the pack understands.
const EXPECTED_WEIGHT: u32 = 8;

impl Grammar {
    /// The grammar of that language for this expectation.
    pub fn build(phrases: &[Phrase], expectation: &Expectation, language: Language) -> Self {
        let is_open = matches!(expectation, Expectation::Open);
        let listened_for = phrases.iter().filter(|p| p.language == language && (p.first || is_open));
        let open = alternatives(listened_for.map(|p| p.text.as_str()), language);
        let mut body = String::from("#JSGF V1.0 UTF-8 en;\ngrammar hotline;\n");
        let expected = expected(expectation, language);
        let anything = if is_private(expectation) { "<always>" } else { "<open>" };
        let top = match expected {
            Some(expected) => {
                // Among digits and letters a long carrier phrase only lends its words to them.
                let choice = matches!(expectation, Expectation::Choice(_));
                let (lead, tail) = if choice { ("before", "after") } else { ("lead", "tail") };
                format!("/{EXPECTED_WEIGHT}/ [<{lead}>] ({expected}) [<{tail}>] | /1/ {anything}")
            }
            None => "<open>".to_owned(),
        };
        let _ = writeln!(body, "public <utterance> = {top};");
        let mut wanted = rules_in(&top);
        if wanted.contains("open") {
            let said = if open.is_empty() { String::new() } else { format!("[<before>] ({open}) [<after>] | ") };
            let rule = format!("{said}<yes> | <no> | <always>");
            wanted.extend(rules_in(&rule));
            let _ = writeln!(body, "<open> = {rule};");
        }
        push_rules(&mut body, wanted, if language == Language::ZH { mandarin::RULES } else { english::RULES });
        let words = words_in(&body);
        Self { jsgf: body, words }
    }
}

/// The words of a text as the grammar spells them: lower case without punctuation, digits as words, characters apart.
pub fn spelled(text: &str, language: Language) -> Vec<String> {
    if language == Language::ZH { mandarin::spelled(text) } else { english::spelled(text) }
}

/// A PIN or card number: nothing of the pack is understood beside it.
const fn is_private(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::Digits { sensitive: true, .. })
}

fn expected(expectation: &Expectation, language: Language) -> Option<String> {
    Some(match expectation {
        Expectation::Open => return None,
        Expectation::YesNo => "<yes> | <no>".to_owned(),
        Expectation::Choice(choices) => {
            let said = alternatives(choices.iter().flat_map(|c| c.phrases.iter().map(String::as_str)), language);
            if said.is_empty() {
                return None;
            }
            said
        }
        Expectation::Digits { min, max, .. } => digit_string(*min, *max, language),
        Expectation::Spelling => "<spelling>".to_owned(),
        Expectation::Date => "<date>".to_owned(),
        Expectation::Time => "[<date>] <time> | <date>".to_owned(),
        Expectation::Amount => "<amount>".to_owned(),
        Expectation::Number => "<measure>".to_owned(),
        Expectation::Name => "<name>".to_owned(),
        Expectation::Address => "<spelling> | <digits>".to_owned(),
    })
}

/// Exactly so many digits, one by one: a free loop would put some into every sound. In English two or three of the same
/// may be said as "double" and "triple".
fn digit_string(min: u8, max: u8, language: Language) -> String {
    let max = usize::from(max.clamp(1, LONGEST_DIGITS));
    let min = usize::from(min).clamp(1, max);
    let english = language != Language::ZH;
    // From the last digit to the first: what may still follow, nested, so that the graph stays linear in its length.
    let one = if english { "(<digit> | double <digit> | triple <digit>)" } else { "<digit>" };
    // A doubled digit is one spoken word fewer, so that the fewest words are a third of the digits.
    let fewest = if english { min.div_ceil(3) } else { min };
    let optional = (fewest..max).fold(String::new(), |rest, _| format!("[{one} {rest}]"));
    format!("{}{optional}", format!("{one} ").repeat(fewest))
}

fn alternatives<'a>(texts: impl Iterator<Item = &'a str>, language: Language) -> String {
    let phrases: BTreeSet<Pieces> = texts.map(|text| in_pieces(text, language)).collect();
    tree::any_of(phrases.into_iter())
}

fn in_pieces(text: &str, language: Language) -> Pieces {
    let mut found = Pieces { slots: Vec::new(), words: vec![Vec::new()] };
    for piece in pieces(text) {
        match piece {
            Piece::Words(words) => found.words.last_mut().expect("never empty").extend(spelled(&words, language)),
            Piece::Slot(slot) => {
                found.slots.push(slot);
                found.words.push(Vec::new());
            }
        }
    }
    found
}

const fn slot_rule(slot: Slot) -> &'static str {
    match slot {
        Slot::Digits => "<digits>",
        Slot::Date => "<date>",
        Slot::Amount => "<amount>",
        Slot::Name => "<name>",
        Slot::Spelling => "<spelling>",
    }
}

/// Writes the wanted rules and those they use in turn, each once.
fn push_rules(body: &mut String, wanted: BTreeSet<String>, rules: &[Rule]) {
    // Rules of the phrases themselves are wanted too: they stand in the text so far.
    let mut open: Vec<String> = wanted.into_iter().chain(rules_in(body)).collect();
    let mut done = BTreeSet::new();
    while let Some(name) = open.pop() {
        let Some((_, text)) = rules.iter().find(|(n, _)| *n == name) else { continue };
        if done.insert(name.clone()) {
            let _ = writeln!(body, "<{name}> = {text};");
            open.extend(rules_in(text));
        }
    }
}

/// Names in angle brackets.
fn rules_in(text: &str) -> BTreeSet<String> {
    text.split('<').skip(1).filter_map(|part| part.split_once('>')).map(|(name, _)| name.to_owned()).collect()
}

/// Every word of the rules' right sides.
fn words_in(jsgf: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for line in jsgf.lines().skip(2).filter_map(|l| l.split_once(" = ")).map(|(_, right)| right) {
        let mut bare = String::new();
        let mut depth = None;
        for c in line.chars() {
            depth = match (depth, c) {
                (None, '<') => Some('>'),
                (None, '/') => Some('/'),
                (Some(end), c) if c == end => None,
                (Some(end), _) => Some(end),
                (None, c) => {
                    bare.push(if "|()[];+*".contains(c) { ' ' } else { c });
                    None
                }
            };
        }
        words.extend(bare.split_whitespace().map(str::to_owned));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::Choice;

    fn phrase(text: &str, language: Language) -> Phrase {
        Phrase { text: text.to_owned(), language, first: true }
    }

    #[test]
    fn phrases_slots_and_carriers_are_in_the_open_grammar() {
        let grammar = Grammar::build(
            &[phrase("Where is order {digits}?", Language::EN), phrase("查订单", Language::ZH)],
            &Expectation::Open,
            Language::EN,
        );
        assert!(grammar.jsgf.contains("where is order <digits>"), "{}", grammar.jsgf);
        for word in ["where", "please", "um", "double", "yes", "agent"] {
            assert!(grammar.words.contains(word), "{word} is missing");
        }
        assert!(!grammar.words.contains("查") && !grammar.words.iter().any(|w| w.contains(['<', '/', '8'])));
    }

    #[test]
    fn every_rule_that_is_used_is_there_once() {
        for language in [Language::EN, Language::ZH] {
            for expectation in [
                Expectation::Open,
                Expectation::YesNo,
                Expectation::Digits { min: 4, max: 4, sensitive: true },
                Expectation::Spelling,
                Expectation::Date,
                Expectation::Time,
                Expectation::Amount,
                Expectation::Number,
                Expectation::Name,
                Expectation::Address,
            ] {
                let jsgf = Grammar::build(&[phrase("{date} {amount} {name}", language)], &expectation, language).jsgf;
                for rule in rules_in(&jsgf) {
                    let defined =
                        jsgf.lines().filter(|l| l.trim_start_matches("public ").starts_with(&format!("<{rule}> = "))).count();
                    assert_eq!(defined, 1, "{language} {expectation:?} <{rule}> in\n{jsgf}");
                }
            }
        }
    }

    #[test]
    fn a_pin_is_heard_beside_nothing_of_the_pack() {
        let pin = Expectation::Digits { min: 4, max: 4, sensitive: true };
        let grammar = Grammar::build(&[phrase("cancel my order", Language::EN)], &pin, Language::EN);
        assert!(grammar.words.contains("seven") && !grammar.words.contains("cancel"));
    }

    #[test]
    fn beside_another_question_the_first_phrases_are_listened_for() {
        let rare = Phrase { first: false, ..phrase("cancel that thing", Language::EN) };
        let phrases = [phrase("cancel my order", Language::EN), rare];
        let words = |expectation: &Expectation| Grammar::build(&phrases, expectation, Language::EN).words;
        assert!(words(&Expectation::Open).contains("thing"));
        assert!(words(&Expectation::YesNo).contains("order") && !words(&Expectation::YesNo).contains("thing"));
    }

    #[test]
    fn choices_are_preferred_to_the_rest() {
        let choice = Choice { id: "a".into(), phrases: vec!["退货".into()], key: None };
        let grammar = Grammar::build(&[], &Expectation::Choice(vec![choice]), Language::ZH);
        assert!(grammar.jsgf.contains("/8/ [<before>] (退 货)"), "{}", grammar.jsgf);
    }
}
