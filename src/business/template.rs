//! What is said, per language, as templates; and how a rendered text falls into sentences.
//! Never says a text it could not render: an error goes back to the one who asked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use minijinja::{Environment, UndefinedBehavior, Value};
use toml::Spanned;

use crate::talk::Language;

use super::filters;
use super::source::{Fault, Source};

/// A template a language.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text(BTreeMap<Language, String>);

/// As it stands in a pack's file.
pub(super) type RawText = Spanned<BTreeMap<Language, String>>;

/// A spoken sentence has at most this many words.
pub(super) const MOST_WORDS: usize = 25;
/// And at most this many Chinese characters.
pub(super) const MOST_HAN: usize = 45;
/// Signs no voice can say; they stand for formatting.
const UNSPEAKABLE: &[char] = &[
    '*', '_', '`', '<', '>', '[', ']', '{', '}', '|', '\\', '^', '~', '#', '/', '=', '+', '&', '@', '•', '·', '→', '←', '⇒', '×',
    '÷', '©', '®', '™', '§', '†', '…', '♥',
];
/// More digits in a row than this are no quantity anybody says.
const MOST_DIGITS: usize = 4;

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    filters::add_to(&mut env);
    env
});

impl Text {
    /// The template in that language.
    pub fn template(&self, language: Language) -> Option<&str> {
        self.0.get(&language).map(String::as_str)
    }

    /// All templates.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    #[cfg(test)]
    pub(super) const fn of(templates: BTreeMap<Language, String>) -> Self {
        Self(templates)
    }

    /// The text in that language with the variables filled in.
    pub fn render(&self, language: Language, variables: &Value) -> Result<String, minijinja::Error> {
        let template = self.template(language).unwrap_or_default();
        render(template, variables)
    }

    /// The text with variables that are known beforehand filled in. A language that cannot be rendered stays as it is.
    pub(super) fn filled(self, variables: impl Fn(Language) -> Value) -> Self {
        let fill = |(language, template): (Language, String)| {
            let text = render(&template, &variables(language)).unwrap_or(template);
            (language, text)
        };
        Self(self.0.into_iter().map(fill).collect())
    }

    /// Reads a text, noting what a voice could not say.
    pub(super) fn check(raw: &RawText, languages: &[Language], at: &Source, faults: &mut Vec<Fault>) -> Self {
        let span = raw.span();
        for language in languages {
            if !raw.get_ref().contains_key(language) {
                faults.push(at.error(span.clone(), format!("the text is missing in {language}; add {language} = \"…\"")));
            }
        }
        for (language, template) in raw.get_ref() {
            for what in complaints(template) {
                faults.push(at.error(span.clone(), format!("the {language} text {what}")));
            }
        }
        Self(raw.get_ref().clone())
    }

    /// In which language the text is too long to be asked: the caller must keep all of it in mind to answer.
    pub(super) fn too_long_to_ask(&self) -> Option<String> {
        let pieces = |template: &str| without_tags(template).split('\u{0}').map(length).max().unwrap_or(0);
        let long = self.0.iter().find(|(language, template)| pieces(template) > most(**language))?;
        Some(format!("the {} question has {} words; ask in at most {}", long.0, pieces(long.1), most(*long.0)))
    }

    /// The variables that stand in a template as they are, without a filter.
    pub(super) fn unfiltered(&self) -> BTreeSet<String> {
        let tags = self.0.values().flat_map(|template| template.split("{{").skip(1).filter_map(|rest| rest.split("}}").next()));
        let bare = |tag: &&str| tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
        tags.map(str::trim).filter(bare).map(str::to_owned).collect()
    }

    /// The variables that its template reads in each and every language. A chosen record counts whatever column is read,
    /// `chosen.city.name_en` here and `chosen.city.name_zh` there: both are `chosen.city`.
    pub(super) fn variables_everywhere(&self) -> BTreeSet<String> {
        let record = |variable: String| match variable.strip_prefix("chosen.").and_then(|rest| rest.split_once('.')) {
            Some((slot, _)) => format!("chosen.{slot}"),
            None => variable,
        };
        let all = self.0.values().map(|t| variables(t).into_iter().map(record).collect::<BTreeSet<_>>());
        all.reduce(|a, b| a.intersection(&b).cloned().collect()).unwrap_or_default()
    }

    /// The variables its templates read, `tool.field` for nested ones.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        self.0.values().flat_map(|t| variables(t)).collect()
    }
}

/// A template with its variables filled in.
pub fn render(template: &str, variables: &Value) -> Result<String, minijinja::Error> {
    let text = TEMPLATES.render_str(template, variables)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether an expression of a `branch` holds.
pub fn truth(expression: &str, variables: &Value) -> Result<bool, minijinja::Error> {
    Ok(TEMPLATES.compile_expression(expression)?.eval(variables)?.is_true())
}

/// The variables an expression reads, or why it is none.
pub(super) fn expression_variables(expression: &str) -> Result<BTreeSet<String>, String> {
    let compiled = TEMPLATES.compile_expression(expression).map_err(|e| e.to_string())?;
    Ok(compiled.undeclared_variables(true).into_iter().collect())
}

/// The sentences of a text, each short enough to be synthesised on its own.
pub fn sentences(text: &str) -> Vec<String> {
    ranges(text).into_iter().filter_map(|r| text.get(r)).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}

fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut from = 0;
    let mut ranges = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let after = at + c.len_utf8();
        let space_follows = letters.peek().is_none_or(|(_, next)| next.is_whitespace());
        if matches!(c, '。' | '？' | '！' | '；') || (matches!(c, '.' | '?' | '!') && space_follows) {
            ranges.push(from..after);
            from = after;
        }
    }
    ranges.push(from..text.len());
    ranges
}

fn variables(template: &str) -> BTreeSet<String> {
    TEMPLATES.template_from_str(template).map(|t| t.undeclared_variables(true)).unwrap_or_default().into_iter().collect()
}

fn complaints(template: &str) -> Vec<String> {
    if let Err(e) = TEMPLATES.template_from_str(template) {
        return vec![format!("is no template: {e}")];
    }
    let plain = without_tags(template);
    let mut found = Vec::new();
    if plain.contains("http") || plain.contains("www.") {
        found.push("holds a web address; say it in words".to_owned());
    } else if plain.contains('@') {
        found.push("holds an e-mail address; say it in words, or write {{ \"…\" | email }}".to_owned());
    } else if let Some(sign) = plain.chars().find(|c| UNSPEAKABLE.contains(c) || is_picture(*c)) {
        found.push(format!("holds {sign:?}, which no voice can say; write it out"));
    }
    if plain.lines().any(|line| line.trim_start().starts_with("- ")) {
        found.push("holds a list, which no voice can show; write sentences".to_owned());
    }
    if let Some(row) = plain.split(|c: char| !c.is_ascii_digit()).find(|row| row.len() > MOST_DIGITS) {
        found.push(format!("holds {row}, too long to be said as a number; write {{{{ \"{row}\" | digits }}}}"));
    }
    for sentence in plain.split('\u{0}').flat_map(sentences) {
        let (words, han) = (sentence.split_whitespace().count(), han(&sentence));
        if words > MOST_WORDS {
            found.push(format!("has a sentence of {words} words; a caller keeps at most {MOST_WORDS} in mind, so split it"));
        } else if han > MOST_HAN {
            found.push(format!("has a sentence of {han} characters; a caller keeps at most {MOST_HAN} in mind, so split it"));
        }
    }
    found
}

/// Emoji and other pictures.
const fn is_picture(c: char) -> bool {
    matches!(c as u32, 0x2190..=0x21FF | 0x2300..=0x27BF | 0x2B00..=0x2BFF | 0xFE0F | 0x200D | 0x1F000..=0x1FAFF)
}

fn han(text: &str) -> usize {
    text.chars().filter(|&c| super::knowledge::is_han(c)).count()
}

/// Words, or Chinese characters.
fn length(text: &str) -> usize {
    text.split_whitespace().count().max(han(text))
}

const fn most(language: Language) -> usize {
    if matches!(language, Language::ZH) { MOST_HAN } else { MOST_WORDS }
}

/// The template's own words: a value counts as one word, a `{% … %}` ends a piece (NUL).
fn without_tags(template: &str) -> String {
    let mut plain = String::new();
    let mut rest = template;
    while let Some((before, tagged)) = rest.split_once('{') {
        plain.push_str(before);
        let (close, stands_for) = match tagged.chars().next() {
            Some('{') => ("}}", "x"),
            Some('%') => ("%}", "\u{0}"),
            _ => ("", "{"),
        };
        plain.push_str(stands_for);
        rest = if close.is_empty() { tagged } else { tagged.split_once(close).map_or("", |(_, after)| after) };
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_does_not_end_a_sentence() {
        assert_eq!(sentences("It is $12.50. Anything else?"), ["It is $12.50.", "Anything else?"]);
        assert_eq!(sentences("您好。请说！"), ["您好。", "请说！"]);
    }

    #[test]
    fn filters_make_numbers_sayable() {
        let variables = minijinja::context! { language => "zh", order => "4271", price => 1250 };
        assert_eq!(render("{{ order | digits }} {{ price | money }}", &variables).unwrap(), "4 2 7 1 12.50元");
    }

    #[test]
    fn formatting_and_long_sentences_are_refused() {
        assert!(complaints("See **here**.")[0].contains('*'));
        assert!(complaints(&"word ".repeat(26))[0].contains("26 words"));
        assert!(complaints("{% if a %}One.{% else %}Two {{ b }}.{% endif %}").is_empty());
        assert!(complaints("{% if %}")[0].contains("no template"));
        for (template, what) in [
            ("Well done 🎉", "no voice can say"),
            ("Go to https://example.com now", "web address"),
            ("Write to help@example.com", "e-mail address"),
            ("Open 24/7", "'/'"),
            ("Yes ✓", "no voice can say"),
            ("One:\n- a\n- b", "a list"),
            ("Call 10086", "10086"),
            (&"字".repeat(46), "46 characters"),
        ] {
            let found = complaints(template);
            assert!(found.iter().any(|f| f.contains(what)), "{template}: {found:?}");
        }
        for template in [
            "Call {{ \"10086\" | digits }}.",
            "It costs $12.50, that is 15% off.",
            "Order 4271 costs 1,299 dollars.",
            "5-7个工作日",
        ] {
            assert_eq!(complaints(template), Vec::<String>::new(), "{template}");
        }
    }
}
