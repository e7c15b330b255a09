//! From the entries found in a turn to what its caller feels: denial, degree, contrast, praise that is not meant, what came before.
//! Never holds a word of any language; the lexicons do.

use crate::talk::Language;

use super::lexicon::{self, Hit, Lexicon, Sense, Token};
use super::{Emotion, Evidence, Reading, Said};

type Scores = [f32; Emotion::ALL.len()];

/// Log-odds of a turn in which nothing is found: most turns are plain.
const PRIOR: Scores = [0.0, 0.0, 0.0, 1.1, 0.0];
/// The same in a language without a lexicon: hardly more likely than not.
const UNREAD: Scores = [0.0, 0.0, 0.0, 0.4, 0.0];
/// Entries that together weigh less leave room for hints.
const SPEAKS_UP: f32 = 1.0;
/// How far before an entry a word may deny it or say its degree.
const REACH: usize = 3;
/// What stands before a `but` counts this much, and what stands after it that much.
const BEFORE_BUT: f32 = 0.4;
const AFTER_BUT: f32 = 1.2;
const CONCEDED: f32 = 0.5;
/// How much one point of a grievance, of trouble, is heat and how much is sorrow.
const GRIEVANCE: (f32, f32) = (1.3, 0.3);
const TROUBLE: (f32, f32) = (0.15, 0.3);
/// Praise beside this much bad news is not meant.
const SUSPICIOUS: f32 = 0.7;
/// Praise weaker than this is politeness, which is meant in any mood.
const PRAISE: f32 = 0.9;
/// A bare word of praise is at most this long.
const BARE: usize = 6;
/// A mood lasts a little.
const LINGERS: f32 = 0.3;
/// An exclamation mark.
const EXCLAIMED: f32 = 1.15;
/// Two words or more in capitals.
const SHOUTED: f32 = 0.9;

/// Reads a turn, given what was said before it.
pub(super) fn read(text: &str, language: Language, before: &[Said<'_>]) -> Reading {
    let Some(lexicon) = lexicon::of(language) else { return Reading::of(UNREAD, Vec::new()) };
    let turn = Turn::new(lexicon, text);
    let mut tally = turn.tally(burden(lexicon, before));
    tally.hint(lexicon.hints(&turn.tokens));
    if shouted(text) {
        tally.add("capitals", Emotion::Angry, SHOUTED);
    }
    if text.contains(['!', '！']) {
        Emotion::ALL.iter().filter(|e| **e != Emotion::Neutral).for_each(|e| tally.scores[*e as usize] *= EXCLAIMED);
    }
    Reading::of(tally.scores, tally.evidence)
}

/// How heavily what was said before weighs on a bare "great, thanks": the caller's own last words, and news since then.
fn burden(lexicon: &Lexicon, before: &[Said<'_>]) -> f32 {
    let since = before.iter().rposition(|said| matches!(said, Said::Caller(_)));
    let own = since.map_or(0.0, |at| match before[at] {
        Said::Caller(text) => Turn::new(lexicon, text).load(),
        Said::Bot(_) => 0.0,
    });
    let answers = before.iter().skip(since.map_or(0, |at| at + 1));
    let news: Vec<f32> = answers
        .map(|said| match said {
            Said::Bot(text) | Said::Caller(text) => Turn::new(lexicon, text).bad_news(),
        })
        .collect();
    match news.iter().copied().reduce(f32::max) {
        None => own,
        Some(0.0) => own * LINGERS,
        Some(bad) => own + bad,
    }
}

fn shouted(text: &str) -> bool {
    let words = || text.split_whitespace().filter(|w| w.chars().filter(|c| c.is_alphabetic()).count() > 2);
    let loud = words().filter(|w| w.chars().all(|c| !c.is_lowercase()) && w.chars().any(char::is_uppercase)).count();
    loud >= 2 && 2 * loud > words().count()
}

/// A turn's words and the entries found in them.
struct Turn {
    tokens: Vec<Token>,
    hits: Vec<Hit>,
}

#[derive(Default)]
struct Tally {
    scores: Scores,
    evidence: Vec<Evidence>,
    /// Praise waits here until it is known whether it is meant.
    praise: Vec<(&'static str, f32)>,
    /// What makes praise hard to believe.
    suspicion: f32,
}

impl Tally {
    fn add(&mut self, cue: &'static str, emotion: Emotion, weight: f32) {
        if weight != 0.0 {
            self.scores[emotion as usize] += weight;
            self.evidence.push(Evidence { cue, emotion, weight });
        }
    }

    /// Where no entry speaks up, the words' other company does; that it is calm company leaves a voice its say.
    fn hint(&mut self, hints: Scores) {
        let found = Emotion::ALL.iter().filter(|e| **e != Emotion::Neutral).map(|e| self.scores[*e as usize]);
        let calm = hints.iter().all(|hint| *hint <= hints[Emotion::Neutral as usize]);
        if found.fold(0.0, f32::max) < SPEAKS_UP && !calm {
            Emotion::ALL.into_iter().for_each(|e| self.add("words of such phrases", e, hints[e as usize]));
        }
    }
}

impl Turn {
    fn new(lexicon: &Lexicon, text: &str) -> Self {
        let tokens = lexicon::tokens(text);
        let hits = lexicon.find(&tokens);
        Self { tokens, hits }
    }

    fn tally(&self, burden: f32) -> Tally {
        let mut tally = Tally { scores: PRIOR, ..Tally::default() };
        for hit in &self.hits {
            self.weigh(hit, &mut tally);
        }
        let praise: f32 = tally.praise.iter().map(|(_, weight)| weight).sum();
        let fixed = self.has(|sense| sense == Sense::Fixed) || self.has(|sense| sense == Sense::Contrast);
        let bare = self.tokens.len() <= BARE && burden >= SUSPICIOUS;
        let mocks = praise >= PRAISE && !fixed && (tally.suspicion >= SUSPICIOUS || bare);
        for (cue, weight) in std::mem::take(&mut tally.praise) {
            tally.add(cue, if mocks { Emotion::Angry } else { Emotion::Pleased }, weight);
        }
        if mocks {
            tally.add("praise beside trouble", Emotion::Angry, 0.6);
        } else if praise == 0.0 && burden >= SUSPICIOUS {
            tally.add("the turn before", Emotion::Angry, LINGERS);
        }
        tally
    }

    fn weigh(&self, hit: &Hit, tally: &mut Tally) {
        let factor = self.degree(hit) * self.standing(hit);
        match hit.sense {
            Sense::Feeling(weights) => {
                let weights = if self.denied(hit) { denied(weights) } else { weights };
                for emotion in Emotion::ALL {
                    let weight = weights[emotion as usize] * factor;
                    match emotion {
                        Emotion::Pleased if weight > 0.0 => tally.praise.push((hit.entry, weight)),
                        Emotion::Angry => {
                            tally.suspicion += 0.6 * weight.max(0.0);
                            tally.add(hit.entry, emotion, weight);
                        }
                        Emotion::Upset | Emotion::Anxious | Emotion::Neutral | Emotion::Pleased => {
                            tally.add(hit.entry, emotion, weight);
                        }
                    }
                }
            }
            Sense::Grievance(weight) => {
                tally.suspicion += weight * factor;
                tally.add(hit.entry, Emotion::Angry, weight * factor * GRIEVANCE.0);
                tally.add(hit.entry, Emotion::Upset, weight * factor * GRIEVANCE.1);
            }
            Sense::Trouble(weight) if !self.denied(hit) => {
                tally.suspicion += weight * factor;
                tally.add(hit.entry, Emotion::Angry, weight * factor * TROUBLE.0);
                tally.add(hit.entry, Emotion::Upset, weight * factor * TROUBLE.1);
            }
            Sense::Trouble(_)
            | Sense::Fixed
            | Sense::Negation
            | Sense::Degree(_)
            | Sense::Contrast
            | Sense::Concession
            | Sense::BadNews
            | Sense::Blank
            | Sense::Plain => {}
        }
    }

    /// Whether a word shortly before the entry denies it. "Don't put me back in that queue" denies no anger: an idiom of anger stays.
    fn denied(&self, hit: &Hit) -> bool {
        let angry = matches!(hit.sense, Sense::Feeling([angry, ..]) if angry > 0.0);
        let idiom = angry && hit.entry.split_whitespace().count() >= 3;
        !idiom && self.shortly_before(hit).any(|other| other.sense == Sense::Negation)
    }

    fn degree(&self, hit: &Hit) -> f32 {
        let degrees = self.shortly_before(hit).filter_map(|other| match other.sense {
            Sense::Degree(factor) => Some(factor),
            _ => None,
        });
        degrees.product()
    }

    fn shortly_before<'t>(&'t self, hit: &'t Hit) -> impl Iterator<Item = &'t Hit> {
        let near = move |other: &Hit| other.to < hit.from && hit.from - other.to <= REACH;
        self.hits.iter().filter(move |other| near(other) && self.tokens[other.to].clause == self.tokens[hit.from].clause)
    }

    /// How much an entry counts for standing before or after a `but`, or in an `although`.
    fn standing(&self, hit: &Hit) -> f32 {
        let but = self.hits.iter().rfind(|other| other.sense == Sense::Contrast);
        let although = self.hits.iter().find(|other| other.sense == Sense::Concession);
        let conceded = although.is_some_and(|a| a.to < hit.from && self.tokens[a.to].clause == self.tokens[hit.from].clause);
        match but {
            Some(but) if hit.to < but.from => BEFORE_BUT,
            Some(_) => AFTER_BUT,
            None if conceded => CONCEDED,
            None => 1.0,
        }
    }

    fn has(&self, is: impl Fn(Sense) -> bool) -> bool {
        self.hits.iter().any(|hit| is(hit.sense))
    }

    /// How bad a mood the turn itself leaves behind.
    fn load(&self) -> f32 {
        let tally = self.tally(0.0);
        tally.suspicion + 0.5 * tally.scores[Emotion::Upset as usize]
    }

    /// How bad the news is that a bot's sentence brings.
    fn bad_news(&self) -> f32 {
        if self.has(|sense| sense == Sense::BadNews) { SUSPICIOUS } else { 0.0 }
    }
}

/// What a denied feeling tells: "not happy" is no joy, "not worried" is calm.
fn denied(weights: Scores) -> Scores {
    let [angry, upset, anxious, neutral, pleased] = weights;
    let calm = 0.3 * (angry + upset + anxious).max(0.0);
    [0.35 * pleased.max(0.0), 0.7 * pleased.max(0.0), 0.0, neutral + calm, 0.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(text: &str) -> Emotion {
        read(text, Language::EN, &[]).emotion
    }

    #[test]
    fn denial_turns_a_feeling_round() {
        assert_eq!(english("I am happy with it"), Emotion::Pleased);
        assert_eq!(english("I am not happy with it"), Emotion::Upset);
        assert_eq!(english("I am not worried"), Emotion::Neutral);
        assert_eq!(read("我不担心", Language::ZH, &[]).emotion, Emotion::Neutral);
    }

    #[test]
    fn what_stands_after_a_but_counts() {
        assert_eq!(english("I was furious but now I am delighted"), Emotion::Pleased);
        assert_eq!(english("I was delighted but now I am furious"), Emotion::Angry);
    }

    #[test]
    fn bare_praise_after_bad_news_is_anger_and_after_good_news_thanks() {
        let complaint = Said::Caller("this is the third time I call and it is still broken");
        let after = |news| read("great, thanks a lot", Language::EN, &[complaint, Said::Bot(news)]).emotion;
        assert_eq!(after("I am sorry, I cannot find it."), Emotion::Angry);
        assert_eq!(after("A new one is on its way and comes tomorrow."), Emotion::Pleased);
        assert_eq!(english("great, thanks a lot"), Emotion::Pleased);
        assert_eq!(english("great, thanks a lot, it is broken again"), Emotion::Angry);
        let complaint = Said::Caller("你们又没修好，我都打了三次电话了");
        assert_eq!(read("真行啊", Language::ZH, &[complaint]).emotion, Emotion::Angry);
    }

    #[test]
    fn a_language_without_a_lexicon_is_read_as_neutral_and_not_surely() {
        let reading = read("C'est inadmissible !", "fr".parse().unwrap(), &[]);
        assert_eq!((reading.emotion, reading.evidence.len()), (Emotion::Neutral, 0));
        assert!(reading.confidence.get() < 0.6);
    }

    #[test]
    fn evidence_names_entries_and_never_the_callers_words() {
        let reading = read("my name is Zebedee and I am furious", Language::EN, &[]);
        assert!(reading.evidence.iter().all(|e| !e.cue.contains("Zebedee")));
        assert_eq!(reading.evidence[0].emotion, Emotion::Angry);
    }
}
