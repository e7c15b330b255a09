//! What is said, per language, as templates; and how a rendered text falls into sentences.
//! Never says a text it could not render: an error goes back to the one who asked.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use minijinja::{Environment, State, UndefinedBehavior, Value};
use toml::Spanned;

use crate::talk::Language;

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
const UNSPEAKABLE: &[char] = &['*', '_', '`', '<', '>', '[', ']', '{', '}', '|', '\\', '^', '~', '#'];

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    env.add_filter("digits", spaced);
    env.add_filter("spell", spaced);
    env.add_filter("money", money);
    env
});

impl Text {
    /// The template in that language.
    pub fn template(&self, language: Language) -> Option<&str> {
        self.0.get(&language).map(String::as_str)
    }

    /// All templates.
    pub(super) fn templates(&self) -> impl Iterator<Item = &str> {
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

    /// The variables that its template reads in each and every language.
    pub(super) fn variables_everywhere(&self) -> BTreeSet<String> {
        let all = self.0.values().map(|t| variables(t));
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
    if let Some(sign) = plain.chars().find(|c| UNSPEAKABLE.contains(c)) {
        found.push(format!("holds {sign:?}, which no voice can say; write it out"));
    }
    if plain.contains("http") || plain.contains("www.") {
        found.push("holds a web address; say it in words".to_owned());
    }
    for sentence in plain.split('\u{0}').flat_map(sentences) {
        let words = sentence.split_whitespace().count();
        let han = sentence.chars().filter(|&c| super::knowledge::is_han(c)).count();
        if words > MOST_WORDS || han > MOST_HAN {
            found.push(format!(
                "has a sentence of {} words; a caller keeps at most {MOST_WORDS} in mind, so split it",
                words.max(han)
            ));
        }
    }
    found
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

/// `4271` as `4 2 7 1`, so that it is read key by key.
fn spaced(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.chars().filter(|c| c.is_alphanumeric()).map(String::from).collect::<Vec<_>>().join(" ")
}

/// Cents as an amount in the words of the conversation's language.
fn money(state: &State<'_, '_>, cents: i64) -> String {
    let chinese = state.lookup("language").is_some_and(|l| l.as_str() == Some("zh"));
    match (chinese, cents % 100) {
        (false, 0) => format!("${}", cents / 100),
        (false, rest) => format!("${}.{:02}", cents / 100, rest.abs()),
        (true, 0) => format!("{}元", cents / 100),
        (true, rest) => format!("{}.{:02}元", cents / 100, rest.abs()),
    }
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
    }
}
