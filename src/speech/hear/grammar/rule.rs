//! What may be said, as written in JSGF (Java Speech Grammar Format 1.0): words, choices, options, repetition and other rules.
//! Never reads a whole JSGF file: only the right side of a rule, without tags and imports.

/// What may be said at one place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    /// This word.
    Word(String),
    /// What the rule of that name says.
    Rule(String),
    /// One after the other.
    Sequence(Vec<Self>),
    /// One of these.
    Any(Vec<Self>),
    /// This or nothing.
    Optional(Box<Self>),
    /// This, once or more often.
    Repeated(Box<Self>),
}

impl Expression {
    /// Reads `[please] (call | ring) <someone>+`. The rules are this crate's own: a bracket too few closes at the end.
    pub(super) fn read(text: &str) -> Self {
        let spaced = ["|", "(", ")", "[", "]", "+"].iter().fold(text.to_owned(), |t, mark| t.replace(mark, &format!(" {mark} ")));
        any(&mut spaced.split_whitespace().peekable())
    }

    /// The names of the rules in it.
    #[cfg(test)]
    pub(super) fn rules(&self) -> Vec<&str> {
        match self {
            Self::Word(_) => Vec::new(),
            Self::Rule(name) => vec![name],
            Self::Sequence(parts) | Self::Any(parts) => parts.iter().flat_map(Self::rules).collect(),
            Self::Optional(part) | Self::Repeated(part) => part.rules(),
        }
    }
}

type Tokens<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// Up to the bracket that closes it, which is taken too.
fn any(tokens: &mut Tokens<'_>) -> Expression {
    let mut ways = vec![Vec::new()];
    while let Some(token) = tokens.next() {
        let part = match token {
            ")" | "]" => break,
            "|" => {
                ways.push(Vec::new());
                continue;
            }
            "(" => any(tokens),
            "[" => Expression::Optional(Box::new(any(tokens))),
            _ => match token.strip_prefix('<').and_then(|name| name.strip_suffix('>')) {
                Some(name) => Expression::Rule(name.to_owned()),
                None => Expression::Word(token.to_owned()),
            },
        };
        let repeated = tokens.next_if_eq(&"+").is_some();
        let part = if repeated { Expression::Repeated(Box::new(part)) } else { part };
        ways.last_mut().expect("begins with one").push(part);
    }
    Expression::Any(ways.into_iter().map(Expression::Sequence).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_choices_and_repetition_nest() {
        let word = |text: &str| Expression::Word(text.to_owned());
        let one = |parts: Vec<Expression>| Expression::Any(vec![Expression::Sequence(parts)]);
        let choice = Expression::Any(vec![Expression::Sequence(vec![word("b.")]), Expression::Sequence(vec![word("c")])]);
        assert_eq!(
            Expression::read("[a] (b. | c)+ <digit>"),
            one(vec![
                Expression::Optional(Box::new(one(vec![word("a")]))),
                Expression::Repeated(Box::new(choice)),
                Expression::Rule("digit".to_owned()),
            ])
        );
    }
}
