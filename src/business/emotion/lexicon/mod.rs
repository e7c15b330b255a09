//! The words that tell feelings, one file a language, and where they stand in a turn.
//! Never weighs one against another; `words` does.

mod hints;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::talk::Language;

use super::super::knowledge::is_han;
use super::Emotion;
use hints::Hints;

/// What finding an entry says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sense {
    /// Of feelings, by how much each (log-odds).
    Feeling([f32; Emotion::ALL.len()]),
    /// Of what makes anybody angry, said with or without heat: a third call, a broken promise.
    Grievance(f32),
    /// Of something that went wrong, which most callers just report; praise beside it is not meant.
    Trouble(f32),
    /// Of something that has come right: praise beside it is meant.
    Fixed,
    /// That what follows is denied.
    Negation,
    /// How much of what follows is meant.
    Degree(f32),
    /// That what follows counts and what stood before does not.
    Contrast,
    /// That what follows counts less than what comes after it.
    Concession,
    /// That a bot's sentence brings no help.
    BadNews,
    /// Nothing: its words are no other entry's.
    Blank,
    /// Nothing, and it is not looked for: what calm callers say, for the hints.
    Plain,
}

/// One word of a turn; a Chinese character is a word.
#[derive(Debug)]
pub(super) struct Token {
    text: String,
    /// Which stretch between two punctuation marks it stands in.
    pub(super) clause: usize,
}

/// An entry found in a turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hit {
    /// As the lexicon writes it.
    pub(super) entry: &'static str,
    pub(super) sense: Sense,
    /// Its first word in the turn.
    pub(super) from: usize,
    /// Its last word in the turn.
    pub(super) to: usize,
}

/// The entries of one language.
pub(super) struct Lexicon {
    entries: Vec<Entry>,
    /// Entries by their first word, and by the first letters of a first word that is a stem.
    by_word: HashMap<&'static str, Vec<usize>>,
    by_stem: HashMap<&'static str, Vec<usize>>,
    /// How many words `..` stands for at most.
    longest_gap: usize,
    hints: Hints,
}

struct Entry {
    text: &'static str,
    pieces: Vec<Piece>,
    sense: Sense,
    starts_turn: bool,
    ends_turn: bool,
}

enum Piece {
    Word(&'static str),
    /// `disappoint*`: a word that begins so.
    Stem(&'static str),
    /// `..`: a few words of the same clause, or none.
    Gap,
}

/// Letters of a stem that it is looked up by.
const STEM_KEY: usize = 3;

static ENGLISH: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("en.txt"), 3));
static CHINESE: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("zh.txt"), 6));

/// The entries of that language, if there are any.
pub(super) fn of(language: Language) -> Option<&'static Lexicon> {
    match language {
        Language::EN => Some(&ENGLISH),
        Language::ZH => Some(&CHINESE),
        _ => None,
    }
}

/// The words of a turn in lower case, without apostrophes, each with its clause.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let (mut clause, mut open) = (0, false);
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_han(c) {
            tokens.push(Token { text: c.to_string(), clause });
            open = false;
        } else if c.is_alphanumeric() {
            match tokens.last_mut().filter(|_| open) {
                Some(word) => word.text.push(c),
                None => tokens.push(Token { text: c.to_string(), clause }),
            }
            open = true;
        } else if c != '\'' && c != '’' {
            open = false;
            clause += usize::from(!c.is_whitespace() && c != '-');
        }
    }
    tokens
}

impl Lexicon {
    /// Reads `[sense weight, …]` headings and the entries below each, parted by commas and line ends; `#` begins a comment.
    fn read(file: &'static str, longest_gap: usize) -> Self {
        let mut lexicon =
            Self { entries: Vec::new(), by_word: HashMap::new(), by_stem: HashMap::new(), longest_gap, hints: Hints::default() };
        let mut sense = Sense::Blank;
        for line in file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                Some(heading) => sense = sense_of(heading),
                None => line.split(',').map(str::trim).filter(|e| !e.is_empty()).for_each(|entry| lexicon.add(entry, sense)),
            }
        }
        lexicon
    }

    fn add(&mut self, text: &'static str, sense: Sense) {
        let pieces = pieces(text.trim_start_matches('^').trim_end_matches('$'));
        if let Some(emotion) = tells_of(sense) {
            let words: Vec<&str> = pieces.iter().filter_map(Piece::word).collect();
            self.hints.learn(&words, emotion);
        }
        if sense == Sense::Plain {
            return;
        }
        let number = self.entries.len();
        match pieces.first().expect("an entry has a word") {
            Piece::Word(word) => self.by_word.entry(word).or_default().push(number),
            Piece::Stem(stem) => self.by_stem.entry(key(stem)).or_default().push(number),
            Piece::Gap => panic!("the entry {text:?} begins with a gap"),
        }
        self.entries.push(Entry { text, pieces, sense, starts_turn: text.starts_with('^'), ends_turn: text.ends_with('$') });
    }

    /// What the words hint at by the entries they stand in elsewhere.
    pub(super) fn hints(&self, tokens: &[Token]) -> [f32; Emotion::ALL.len()] {
        let words: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
        self.hints.of(&words)
    }

    /// The entries found, in the order of the turn; of two that share a word, the one with more words.
    pub(super) fn find(&self, tokens: &[Token]) -> Vec<Hit> {
        let mut found: Vec<(&Entry, Vec<usize>)> = (0..tokens.len()).flat_map(|from| self.found_at(tokens, from)).collect();
        found.sort_by_key(|(_, places)| (std::cmp::Reverse(places.len()), places[0]));
        let mut taken = vec![false; tokens.len()];
        let mut hits = Vec::new();
        for (entry, places) in found {
            if places.iter().any(|&place| taken[place]) {
                continue;
            }
            places.iter().for_each(|&place| taken[place] = true);
            let (from, to) = (places[0], *places.last().expect("an entry has a word"));
            hits.push(Hit { entry: entry.text, sense: entry.sense, from, to });
        }
        hits.sort_by_key(|hit| hit.from);
        hits
    }

    fn found_at<'t>(&'t self, tokens: &'t [Token], from: usize) -> impl Iterator<Item = (&'t Entry, Vec<usize>)> {
        let word = tokens[from].text.as_str();
        let words = self.by_word.get(word).into_iter().flatten();
        let stems = self.by_stem.get(key(word)).into_iter().flatten();
        words.chain(stems).filter_map(move |&number| {
            let entry = &self.entries[number];
            let mut places = Vec::new();
            let fits = (!entry.starts_turn || from == 0) && self.fits(&entry.pieces, tokens, from, &mut places);
            (fits && (!entry.ends_turn || places.last() == Some(&(tokens.len() - 1)))).then_some((entry, places))
        })
    }

    /// Whether the pieces stand at `at`, and where.
    fn fits(&self, pieces: &[Piece], tokens: &[Token], at: usize, places: &mut Vec<usize>) -> bool {
        let Some((piece, rest)) = pieces.split_first() else { return true };
        let word = tokens.get(at);
        match piece {
            Piece::Gap => {
                let clause = tokens[at - 1].clause;
                let last = at + self.longest_gap;
                (at..=last).take_while(|&n| tokens.get(n).is_some_and(|t| t.clause == clause)).any(|n| {
                    let so_far = places.len();
                    let fits = self.fits(rest, tokens, n, places);
                    if !fits {
                        places.truncate(so_far);
                    }
                    fits
                })
            }
            Piece::Word(wanted) => word.is_some_and(|t| t.text == *wanted) && self.take(rest, tokens, at, places),
            Piece::Stem(stem) => word.is_some_and(|t| t.text.starts_with(stem)) && self.take(rest, tokens, at, places),
        }
    }

    fn take(&self, rest: &[Piece], tokens: &[Token], at: usize, places: &mut Vec<usize>) -> bool {
        places.push(at);
        self.fits(rest, tokens, at + 1, places)
    }

    /// How many entries there are that tell of a feeling or how it is meant.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.entries.iter().filter(|e| e.sense != Sense::Blank).map(|e| e.text).collect::<std::collections::BTreeSet<_>>().len()
    }
}

impl Piece {
    const fn word(&self) -> Option<&'static str> {
        match self {
            Self::Word(word) | Self::Stem(word) => Some(word),
            Self::Gap => None,
        }
    }
}

/// What an entry's words hint at when they stand in other company.
fn tells_of(sense: Sense) -> Option<Emotion> {
    match sense {
        Sense::Feeling(weights) => Emotion::ALL.into_iter().max_by(|a, b| weights[*a as usize].total_cmp(&weights[*b as usize])),
        Sense::Grievance(_) => Some(Emotion::Angry),
        Sense::Blank | Sense::Plain | Sense::Trouble(_) => Some(Emotion::Neutral),
        Sense::Fixed | Sense::Negation | Sense::Degree(_) | Sense::Contrast | Sense::Concession | Sense::BadNews => None,
    }
}

/// The first letters of a word, all of it if it is shorter.
fn key(word: &str) -> &str {
    word.char_indices().nth(STEM_KEY).map_or(word, |(end, _)| word.split_at(end).0)
}

fn pieces(text: &'static str) -> Vec<Piece> {
    text.split_whitespace().flat_map(words_of).collect()
}

/// One written word; Chinese is written without spaces and falls into characters.
fn words_of(word: &'static str) -> Vec<Piece> {
    if let Some(stem) = word.strip_suffix('*') {
        assert!(stem.chars().count() >= STEM_KEY, "the stem {stem:?} is too short");
        return vec![Piece::Stem(stem)];
    }
    let mut pieces = Vec::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let len = if is_han(first) { first.len_utf8() } else { rest.find(is_han).unwrap_or(rest.len()) };
        let (piece, after) = rest.split_at(if rest.starts_with("..") { 2 } else { len });
        pieces.push(if piece == ".." { Piece::Gap } else { Piece::Word(piece) });
        rest = after;
    }
    pieces
}

/// `angry 1.5, upset 0.5`, `grievance 1`, `negation` …
fn sense_of(heading: &str) -> Sense {
    let mut feelings = [0.0; Emotion::ALL.len()];
    for part in heading.split(',') {
        let (name, weight) = match part.trim().split_once(' ') {
            Some((name, weight)) => (name, weight.parse().ok()),
            None => (part.trim(), None),
        };
        let needed = || weight.unwrap_or_else(|| panic!("[{heading}] needs a number"));
        match name {
            "grievance" => return Sense::Grievance(needed()),
            "trouble" => return Sense::Trouble(needed()),
            "degree" => return Sense::Degree(needed()),
            "fixed" => return Sense::Fixed,
            "negation" => return Sense::Negation,
            "contrast" => return Sense::Contrast,
            "concession" => return Sense::Concession,
            "badnews" => return Sense::BadNews,
            "blank" => return Sense::Blank,
            "plain" => return Sense::Plain,
            _ => {
                let emotion = Emotion::ALL.iter().find(|e| e.as_str() == name);
                let emotion = emotion.unwrap_or_else(|| panic!("[{heading}] names no emotion"));
                feelings[*emotion as usize] = needed();
            }
        }
    }
    Sense::Feeling(feelings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(lexicon: &Lexicon, text: &str) -> Vec<&'static str> {
        lexicon.find(&tokens(text)).iter().map(|hit| hit.entry).collect()
    }

    #[test]
    fn both_languages_have_more_than_500_entries() {
        let sizes = [Language::EN, Language::ZH].map(|language| of(language).expect("a lexicon").len());
        println!("entries en, zh: {sizes:?}");
        assert!(sizes.iter().all(|&size| size >= 500), "{sizes:?}");
    }

    #[test]
    fn longer_entries_win_and_gaps_stay_in_their_clause() {
        let lexicon =
            Lexicon::read("[angry 1]\nhow many .. times, fed up\n[pleased 1]\nfed, 不错, 错, ^great$\n[upset 1]\nsad*", 3);
        assert_eq!(found(&lexicon, "I'm fed up, how many more times?"), ["fed up", "how many .. times"]);
        assert!(found(&lexicon, "how many, times").is_empty());
        assert_eq!(found(&lexicon, "真不错,sadly"), ["不错", "sad*"]);
        assert_eq!(found(&lexicon, "Great!"), ["^great$"]);
        assert!(found(&lexicon, "a great").is_empty());
    }
}
