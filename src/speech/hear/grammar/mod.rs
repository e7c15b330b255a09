//! The grammar of one moment of a call, as a graph of words: the pack's phrases and what the dialogue expects now.
//! Never touches a recogniser, a file or a dictionary; words come out as they are spelled.

mod english;
mod graph;
mod mandarin;
mod rule;

use std::collections::BTreeSet;

use crate::talk::{Expectation, Language};

use super::phrase::{Phrase, Piece, Slot, pieces};
use graph::{Graph, Rules, Way};
use rule::Expression;

/// What may be said at one moment of a call.
pub struct Grammar(Graph);

/// The longest string of digits a grammar counts.
const LONGEST_DIGITS: u8 = 32;

/// A named rule in JSGF.
type Rule = (&'static str, &'static str);

/// How likely anything else that the pack understands is beside the expected answer.
const UNEXPECTED: f32 = 0.125;

impl Grammar {
    /// The grammar of that language for this expectation.
    pub fn build(phrases: &[Phrase], expectation: &Expectation, language: Language) -> Self {
        let is_open = matches!(expectation, Expectation::Open);
        let listened_for = phrases.iter().filter(|p| p.language == language && (p.first || is_open));
        let of_language = if language == Language::ZH { mandarin::RULES } else { english::RULES };
        let mut rules: Rules = of_language.iter().map(|(name, text)| ((*name).to_owned(), Expression::read(text))).collect();
        let said = any_of(listened_for.map(|p| p.text.as_str()), language);
        let open = if said.is_some() {
            "[<before>] <phrase> [<after>] | <yes> | <no> | <always> | <listener>"
        } else {
            "<yes> | <no> | <always> | <listener>"
        };
        rules.extend(said.map(|said| ("phrase".to_owned(), said)));
        let expected = expected(expectation, language, &mut rules).map(|expected| {
            // Among digits and letters a long carrier phrase only lends its words to them.
            let choice = matches!(expectation, Expectation::Choice(_));
            let (lead, tail) = if choice { ("before", "after") } else { ("lead", "tail") };
            Expression::read(&format!("[<{lead}>] ({expected}) [<{tail}>]"))
        });
        let anything = Expression::read(if is_private(expectation) { "<always>" } else { open });
        let mut ways = vec![Way { said: &anything, likely: if expected.is_some() { UNEXPECTED } else { 1.0 } }];
        ways.extend(expected.iter().map(|said| Way { said, likely: 1.0 }));
        Self(Graph::of(&ways, &rules))
    }

    /// Every word it uses.
    pub fn words(&self) -> BTreeSet<String> {
        self.0.words()
    }

    /// The grammar in the text format of SphinxBase's finite-state grammars, given how many readings a word has: the second one of
    /// `the` is the word `the(2)`.
    pub fn fsg(&self, readings: impl Fn(&str) -> usize) -> String {
        self.0.fsg(readings)
    }

    /// Whether just these words, as the grammar spells them, may be said.
    pub fn says(&self, words: &str) -> bool {
        self.0.says(words)
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

/// The expected answer in JSGF; a choice's phrases become a rule.
fn expected(expectation: &Expectation, language: Language, rules: &mut Rules) -> Option<String> {
    Some(match expectation {
        Expectation::Open => return None,
        Expectation::YesNo => "<yes> | <no>".to_owned(),
        Expectation::Choice(choices) => {
            let said = any_of(choices.iter().flat_map(|c| c.phrases.iter().map(String::as_str)), language)?;
            rules.insert("choice".to_owned(), said);
            "<choice>".to_owned()
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

/// Any of these phrases; `None` where nothing of them is left to say.
fn any_of<'a>(texts: impl Iterator<Item = &'a str>, language: Language) -> Option<Expression> {
    let said = |text| pieces(text).into_iter().flat_map(|piece| said(piece, language)).collect::<Vec<_>>();
    let phrases: Vec<_> = texts.map(said).filter(|parts| !parts.is_empty()).map(Expression::Sequence).collect();
    (!phrases.is_empty()).then_some(Expression::Any(phrases))
}

fn said(piece: Piece, language: Language) -> Vec<Expression> {
    match piece {
        Piece::Words(words) => spelled(&words, language).into_iter().map(Expression::Word).collect(),
        Piece::Slot(slot) => vec![Expression::Rule(slot_rule(slot).to_owned())],
    }
}

const fn slot_rule(slot: Slot) -> &'static str {
    match slot {
        Slot::Digits => "digits",
        Slot::Date => "date",
        Slot::Amount => "amount",
        Slot::Name => "name",
        Slot::Spelling => "spelling",
    }
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
        let phrases = [phrase("Where is order {digits}?", Language::EN), phrase("查订单", Language::ZH)];
        let grammar = Grammar::build(&phrases, &Expectation::Open, Language::EN);
        for said in ["where is order four two", "um where is order double seven please", "yes", "talk to an agent"] {
            assert!(grammar.says(said), "{said}");
        }
        assert!(!grammar.says("where is order") && !grammar.says("查 订 单"));
        assert!(grammar.words().contains("double") && !grammar.words().contains("查"));
    }

    #[test]
    fn every_rule_that_is_named_is_there() {
        for rules in [english::RULES, mandarin::RULES] {
            for (name, text) in rules {
                for rule in Expression::read(text).rules() {
                    assert!(rules.iter().any(|(n, _)| *n == rule), "<{rule}> in <{name}>");
                }
            }
        }
    }

    #[test]
    fn what_is_asked_for_is_heard_in_both_languages() {
        let digits = Expectation::Digits { min: 4, max: 4, sensitive: true };
        for (expectation, english, chinese) in [
            (Expectation::YesNo, "yeah that's right", "好 的"),
            (digits, "it's four double two one please", "是 四 二 七 一"),
            (Expectation::Spelling, "b. as in bravo seven", "b. 七"),
            (Expectation::Date, "next friday", "下 周 五"),
            (Expectation::Time, "tomorrow at half past ten", "下 午 三 点 半"),
            (Expectation::Amount, "twenty dollars and five cents", "二 十 块"),
            (Expectation::Number, "two point five percent", "三 个 月"),
            (Expectation::Name, "my name is maria garcia", "我 姓 王"),
            (Expectation::Address, "one two three", "一 二"),
        ] {
            for (language, said) in [(Language::EN, english), (Language::ZH, chinese)] {
                let grammar = Grammar::build(&[], &expectation, language);
                assert!(grammar.says(said), "{language} {expectation:?}: {said}");
                assert!(!grammar.says("purple") && !grammar.says(""), "{language} {expectation:?}");
            }
        }
    }

    #[test]
    fn a_pin_is_heard_beside_nothing_of_the_pack() {
        let pin = Expectation::Digits { min: 4, max: 4, sensitive: true };
        let grammar = Grammar::build(&[phrase("cancel my order", Language::EN)], &pin, Language::EN);
        assert!(grammar.says("seven seven double one") && grammar.says("agent") && !grammar.says("cancel my order"));
    }

    #[test]
    fn beside_another_question_the_first_phrases_are_listened_for() {
        let rare = Phrase { first: false, ..phrase("cancel that thing", Language::EN) };
        let phrases = [phrase("cancel my order", Language::EN), rare];
        let says = |expectation: &Expectation, text: &str| Grammar::build(&phrases, expectation, Language::EN).says(text);
        assert!(says(&Expectation::Open, "cancel that thing"));
        assert!(says(&Expectation::YesNo, "cancel my order") && !says(&Expectation::YesNo, "cancel that thing"));
    }

    #[test]
    fn choices_are_preferred_to_the_rest() {
        let choice = Choice { id: "a".into(), phrases: vec!["退货".into()], key: None };
        let grammar = Grammar::build(&[], &Expectation::Choice(vec![choice]), Language::ZH);
        assert!(grammar.says("请 退 货 吧"));
        let fsg = grammar.fsg(|_| 1);
        assert!(fsg.contains(" 1 退\n") && fsg.contains(" 0.125 行\n"), "{fsg}");
    }
}
