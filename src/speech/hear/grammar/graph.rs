//! Everything that may be said as one small graph of words: common beginnings stand in it once, and so do words and slots that go on
//! alike, since a recogniser's work grows with its states. Never knows a word's sound.
//!
//! A word or rule before the same rest is the same state, which shares the ends; the subset construction (Rabin and Scott, 1959)
//! shares the beginnings. Minimising the packs' graphs further would save one state in a hundred.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use super::rule::Expression;

/// What one rule says.
pub(super) type Rules = BTreeMap<String, Expression>;

/// A word's number in [`Graph::words`].
type WordId = u32;
type State = usize;

/// One of the top ways through a graph, and how likely it is beside the others: above 0, at most 1.
pub(super) struct Way<'a> {
    pub(super) said: &'a Expression,
    pub(super) likely: f32,
}

/// A deterministic graph of words; state 0 is its beginning.
pub(super) struct Graph {
    words: Vec<String>,
    states: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// What was said so far may be all.
    ends: bool,
    arcs: BTreeMap<Label, State>,
}

/// A word and how likely it is, as the bits of a positive number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Label {
    word: WordId,
    likely: u32,
}

impl Graph {
    /// The graph of these ways. A rule that is not among `rules` says nothing.
    pub(super) fn of(ways: &[Way<'_>], rules: &Rules) -> Self {
        let mut draft =
            Draft { rules, words: Vec::new(), numbers: HashMap::new(), states: vec![Loose::default()], known: HashMap::new() };
        let begins = ways.iter().map(|way| (draft.build(way.said, END), way.likely)).collect::<Vec<_>>();
        let states = draft.deterministic(&begins);
        Self { words: draft.words, states }
    }

    /// The graph in the text format of SphinxBase's finite-state grammars, where a word's second reading is the word `WORD(2)`.
    pub(super) fn fsg(&self, readings: impl Fn(&str) -> usize) -> String {
        let end = self.states.len();
        let mut text = format!("FSG_BEGIN hotline\nNUM_STATES {}\nSTART_STATE 0\nFINAL_STATE {end}\n", end + 1);
        for (from, node) in self.states.iter().enumerate() {
            if node.ends {
                let _ = writeln!(text, "TRANSITION {from} {end} 1.0");
            }
            for (label, to) in &node.arcs {
                let (word, likely) = (&self.words[label.word as usize], f32::from_bits(label.likely));
                let _ = writeln!(text, "TRANSITION {from} {to} {likely} {word}");
                for reading in 2..=readings(word) {
                    let _ = writeln!(text, "TRANSITION {from} {to} {likely} {word}({reading})");
                }
            }
        }
        text.push_str("FSG_END\n");
        text
    }

    /// Every word in it.
    pub(super) fn words(&self) -> BTreeSet<String> {
        self.words.iter().cloned().collect()
    }

    /// Whether just this may be said.
    pub(super) fn says(&self, text: &str) -> bool {
        let mut at: BTreeSet<State> = [0].into();
        for word in text.split_whitespace() {
            let Some(number) = self.words.iter().position(|w| w == word) else { return false };
            let onward =
                |state: &State| self.states[*state].arcs.iter().filter(|(l, _)| l.word as usize == number).map(|(_, to)| *to);
            at = at.iter().flat_map(onward).collect();
        }
        at.iter().any(|state| self.states[*state].ends)
    }

    /// How many states it has.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.states.len()
    }
}

/// The state of a [`Draft`] after which nothing more is said.
const END: State = 0;

/// A graph under construction, in which many arcs may bear the same word and some bear none.
struct Draft<'a> {
    rules: &'a Rules,
    words: Vec<String>,
    numbers: HashMap<String, WordId>,
    states: Vec<Loose>,
    /// The state from which that is said before what the other state says.
    known: HashMap<(Said, State), State>,
}

#[derive(Default)]
struct Loose {
    arcs: Vec<(WordId, State)>,
    silent: Vec<State>,
}

#[derive(PartialEq, Eq, Hash)]
enum Said {
    Word(WordId),
    Rule(String),
}

impl Draft<'_> {
    /// A state from which this is said and then what `next` says.
    fn build(&mut self, said: &Expression, next: State) -> State {
        match said {
            Expression::Word(word) => {
                let word = self.number(word);
                self.once(Said::Word(word), next, |_| Loose { arcs: vec![(word, next)], silent: Vec::new() })
            }
            Expression::Rule(name) => {
                let Some(rule) = self.rules.get(name) else { return next };
                self.once(Said::Rule(name.clone()), next, |draft| Loose {
                    silent: vec![draft.build(rule, next)],
                    arcs: Vec::new(),
                })
            }
            Expression::Sequence(parts) => parts.iter().rev().fold(next, |next, part| self.build(part, next)),
            Expression::Any(ways) => {
                let silent = ways.iter().map(|way| self.build(way, next)).collect();
                self.add(Loose { silent, arcs: Vec::new() })
            }
            Expression::Optional(part) => {
                let silent = vec![self.build(part, next), next];
                self.add(Loose { silent, arcs: Vec::new() })
            }
            Expression::Repeated(part) => {
                let again = self.add(Loose { silent: vec![next], arcs: Vec::new() });
                let begin = self.build(part, again);
                self.states[again].silent.push(begin);
                begin
            }
        }
    }

    fn once(&mut self, said: Said, next: State, make: impl FnOnce(&mut Self) -> Loose) -> State {
        let key = (said, next);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let state = make(self);
        let state = self.add(state);
        self.known.insert(key, state);
        state
    }

    fn add(&mut self, state: Loose) -> State {
        self.states.push(state);
        self.states.len() - 1
    }

    fn number(&mut self, word: &str) -> WordId {
        if let Some(number) = self.numbers.get(word) {
            return *number;
        }
        let number = self.words.len() as WordId;
        self.words.push(word.to_owned());
        self.numbers.insert(word.to_owned(), number);
        number
    }

    /// A state for every set of states that the same words lead to.
    fn deterministic(&self, begins: &[(State, f32)]) -> Vec<Node> {
        let mut first = Node::default();
        let mut sets: Vec<Vec<State>> = Vec::new();
        let mut numbers: HashMap<Vec<State>, State> = HashMap::new();
        let mut number = |set: Vec<State>, sets: &mut Vec<Vec<State>>| {
            *numbers.entry(set).or_insert_with_key(|set| {
                sets.push(set.clone());
                sets.len()
            })
        };
        for (begin, likely) in begins {
            let (ends, arcs) = self.onward(&[*begin]);
            first.ends |= ends;
            for (word, set) in arcs {
                first.arcs.insert(Label { word, likely: likely.to_bits() }, number(set, &mut sets));
            }
        }
        let mut nodes = vec![first];
        let mut next = 0;
        while next < sets.len() {
            let (ends, arcs) = self.onward(&sets[next]);
            let arc = |(word, set)| (Label { word, likely: 1f32.to_bits() }, number(set, &mut sets));
            nodes.push(Node { ends, arcs: arcs.into_iter().map(arc).collect() });
            next += 1;
        }
        nodes
    }

    /// Whether one of these states ends, and where each word leads to from them.
    fn onward(&self, states: &[State]) -> (bool, BTreeMap<WordId, Vec<State>>) {
        let mut seen: BTreeSet<State> = states.iter().copied().collect();
        let mut open: Vec<State> = states.to_vec();
        let mut arcs: BTreeMap<WordId, Vec<State>> = BTreeMap::new();
        while let Some(state) = open.pop() {
            open.extend(self.states[state].silent.iter().copied().filter(|silent| seen.insert(*silent)));
            for (word, to) in &self.states[state].arcs {
                arcs.entry(*word).or_default().push(*to);
            }
        }
        for to in arcs.values_mut() {
            to.sort_unstable();
            to.dedup();
        }
        (seen.contains(&END), arcs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn graph(text: &str, rules: &[(&str, &str)]) -> Graph {
        let rules = rules.iter().map(|(name, text)| ((*name).to_owned(), Expression::read(text))).collect();
        Graph::of(&[Way { said: &Expression::read(text), likely: 1.0 }], &rules)
    }

    #[test]
    fn it_says_what_the_rules_say_and_nothing_else() {
        let graph =
            graph("[please] call <who> [now | (<digit>)+]", &[("who", "me | the boss"), ("digit", "one | double [oh] two")]);
        for said in ["call me", "please call the boss now", "call me one double two one", "call me double oh two"] {
            assert!(graph.says(said), "{said}");
        }
        for other in ["", "call", "please me", "call the", "call me double", "call me now one", "call you"] {
            assert!(!graph.says(other), "{other}");
        }
    }

    #[test]
    fn beginnings_ends_and_slots_that_go_on_alike_stand_once() {
        // The beginning, behind "where" and "where is", behind "order", and the end.
        assert_eq!(graph("where is my order | where is our order | send order | send my order", &[]).len(), 6);
        let digits = [("digits", "(one | two)+")];
        let one = graph("order <digits>", &digits).len();
        assert_eq!(graph("order <digits> | cancel <digits> | <digits>", &digits).len(), one);
    }

    #[test]
    fn a_likelier_way_keeps_its_weight_where_words_are_common() {
        let (expected, open) = (Expression::read("yes | no"), Expression::read("yes please"));
        let graph = Graph::of(&[Way { said: &expected, likely: 1.0 }, Way { said: &open, likely: 0.125 }], &Rules::new());
        assert!(graph.says("yes") && graph.says("yes please") && !graph.says("no please"));
        let fsg = graph.fsg(|word| if word == "no" { 2 } else { 1 });
        for arc in [" 0.125 yes\n", " 1 yes\n", " 1 no\n", " 1 no(2)\n"] {
            assert!(fsg.contains(arc), "{fsg}");
        }
        assert!(!fsg.contains("yes(2)") && !fsg.contains("no(3)"), "{fsg}");
    }
}
