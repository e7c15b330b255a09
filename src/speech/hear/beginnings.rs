//! What a line's callers often say, by how it begins: an engine that hears any words learns from it whether they may be all.
//! Never changes a word, and never judges words that nobody wrote down.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::talk::{Ending, Expectation, Language, Transcript};

use super::phrase::{Phrase, Piece, pieces};
use super::{Cancel, HearError, HearRequest, Hearing, Recognizer};

/// What people say before they say anything; longer ones first.
const OPENERS: [&[&str]; 14] = [
    &["请", "问", "一", "下"],
    &["good", "morning"],
    &["excuse", "me"],
    &["请", "问"],
    &["你", "好"],
    &["您", "好"],
    &["hello"],
    &["hey"],
    &["hi"],
    &["um"],
    &["uh"],
    &["so"],
    &["嗯"],
    &["喂"],
];

/// Phrases and their beginnings.
#[derive(Debug, Default)]
pub struct Beginnings(HashMap<(Language, String), Ending>);

impl Beginnings {
    /// Of these phrases; of one with a placeholder, what stands before that.
    pub fn of(phrases: &[Phrase]) -> Self {
        let mut known = HashMap::new();
        for Phrase { text, language, .. } in phrases {
            let pieces = pieces(text);
            let Some(Piece::Words(words)) = pieces.first() else { continue };
            let tokens = tokens(words);
            // What may be a yes is more often what people say while they think.
            if OPENERS.iter().any(|opener| tokens == *opener) {
                continue;
            }
            for end in 1..=tokens.len() {
                let ending = known.entry((*language, tokens[..end].join(" "))).or_insert(Ending::Unfinished);
                if end == tokens.len() && pieces.len() == 1 {
                    *ending = Ending::Whole;
                }
            }
        }
        Self(known)
    }

    /// Whether that may be all; only what is known can be said to be unfinished.
    pub fn ending(&self, text: &str, language: Language) -> Ending {
        let tokens = tokens(text);
        let mut rest = tokens.as_slice();
        loop {
            if let Some(known) = self.0.get(&(language, rest.join(" "))) {
                return *known;
            }
            let begins = |opener: &&&[&str]| rest.len() > opener.len() && opener.iter().zip(rest).all(|(a, b)| a == b);
            let opener = OPENERS.iter().find(begins);
            let Some(opener) = opener else { return Ending::Unknown };
            rest = &rest[opener.len()..];
        }
    }
}

/// Words in small letters, and each Chinese character.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = vec![String::new()];
    for c in text.to_lowercase().chars() {
        let last = tokens.last_mut().expect("there is always one");
        match c {
            _ if c.is_alphanumeric() && !c.is_ascii() && !c.is_lowercase() => tokens.extend([c.to_string(), String::new()]),
            _ if c.is_alphanumeric() || c == '\'' => last.push(c),
            _ => tokens.push(String::new()),
        }
    }
    tokens.retain(|token| !token.is_empty());
    tokens
}

/// A recogniser of any words, told what is often said to this line.
pub struct Knowing<R> {
    ear: R,
    known: RwLock<Arc<Beginnings>>,
}

impl<R: Recognizer> Knowing<R> {
    /// That recogniser, and what is said to it until it learns something else.
    pub fn new(ear: R, phrases: &[Phrase]) -> Self {
        Self { ear, known: RwLock::new(Arc::new(Beginnings::of(phrases))) }
    }
}

impl<R: Recognizer> Recognizer for Knowing<R> {
    fn name(&self) -> &'static str {
        self.ear.name()
    }

    fn hears(&self, language: Language) -> bool {
        self.ear.hears(language)
    }

    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
        let is_open = request.expectation == Expectation::Open;
        let hearing = self.ear.start(request)?;
        let known = Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner));
        Ok(if is_open { Box::new(Judged { hearing, known }) } else { hearing })
    }

    fn learn(&self, phrases: Vec<Phrase>) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Beginnings::of(&phrases));
        self.ear.learn(phrases);
    }
}

/// An answer to an open question.
struct Judged {
    hearing: Box<dyn Hearing>,
    known: Arc<Beginnings>,
}

impl Judged {
    fn judge(&self, transcript: Transcript) -> Transcript {
        Transcript { ending: self.known.ending(&transcript.text, transcript.language), ..transcript }
    }
}

impl Hearing for Judged {
    fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError> {
        Ok(self.hearing.feed(pcm)?.map(|transcript| self.judge(transcript)))
    }

    fn guess(&mut self, cancel: &Cancel) -> Result<Option<Transcript>, HearError> {
        Ok(self.hearing.guess(cancel)?.map(|transcript| self.judge(transcript)))
    }

    fn finish(self: Box<Self>, as_guessed: bool) -> Result<Transcript, HearError> {
        self.hearing.finish(as_guessed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::MediaTime;

    fn phrases() -> Vec<Phrase> {
        let phrase = |text: &str, language| Phrase { text: text.to_owned(), language, first: true };
        let english = ["What are your opening hours?", "returns", "returns please", "where is order {number}"];
        let chinese = ["质保是多久", "我要退货", "嗯"];
        english.map(|text| phrase(text, Language::EN)).into_iter().chain(chinese.map(|text| phrase(text, Language::ZH))).collect()
    }

    #[test]
    fn words_that_begin_a_phrase_are_unfinished_and_a_phrase_is_whole() {
        let known = Beginnings::of(&phrases());
        let of = |text| known.ending(text, Language::EN);
        assert_eq!([of("What are your"), of("hello, what are your"), of("where is order")], [Ending::Unfinished; 3]);
        assert_eq!([of("Returns."), of("um, returns please"), of("what are your opening hours")], [Ending::Whole; 3]);
        assert_eq!([of("where is order 42"), of("your opening hours"), of("hello"), of("")], [Ending::Unknown; 4]);
        let zh = |text| known.ending(text, Language::ZH);
        assert_eq!([zh("质保"), zh("你好，质保")], [Ending::Unfinished; 2]);
        assert_eq!([zh("请问一下，质保是多久？"), zh("我要退货")], [Ending::Whole; 2]);
        assert_eq!([zh("returns"), of("质保")], [Ending::Unknown; 2], "each language by itself");
        assert_eq!(zh("嗯"), Ending::Unknown, "a yes, or somebody who thinks");
    }

    /// Hears these words at every pause.
    struct Always(&'static str);

    impl Recognizer for Always {
        fn name(&self) -> &'static str {
            "always"
        }
        fn hears(&self, _: Language) -> bool {
            true
        }
        fn start(&self, _: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
            Ok(Box::new(Self(self.0)))
        }
    }

    impl Hearing for Always {
        fn feed(&mut self, _: &[i16]) -> Result<Option<Transcript>, HearError> {
            Ok(None)
        }
        fn guess(&mut self, _: &Cancel) -> Result<Option<Transcript>, HearError> {
            Ok(Some(Transcript::of_text(self.0, Language::EN, "always")))
        }
        fn finish(self: Box<Self>, _: bool) -> Result<Transcript, HearError> {
            Ok(Transcript::of_text(self.0, Language::EN, "always"))
        }
    }

    #[test]
    fn guesses_at_answers_to_open_questions_are_judged_by_what_was_learnt_last() {
        let knowing = Knowing::new(Always("what are your"), &[]);
        let guess = |expectation| {
            let request = HearRequest { language: Language::EN, expectation, from: MediaTime::ZERO, cancel: Cancel::default() };
            let mut hearing = knowing.start(request).expect("starts");
            hearing.guess(&Cancel::default()).expect("guesses").expect("something").ending
        };
        assert_eq!(guess(Expectation::Open), Ending::Unknown);
        knowing.learn(phrases());
        assert_eq!((guess(Expectation::Open), guess(Expectation::Name)), (Ending::Unfinished, Ending::Unknown));
    }
}
