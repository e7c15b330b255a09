//! What the caller has really heard of a reply: samples that left, turned into words.
//! Never counts a word before its last sample is out, and never slices inside a character.

use std::time::Duration;

use crate::audio::FRAME;
use crate::talk::{Playout, Sentence};

/// How long one unit of [`weight`] takes to say, used only while a sentence's length is not known yet.
const UNIT: Duration = Duration::from_millis(60);

/// The sentences of one reply, and how much of each has left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PlayoutLedger {
    lines: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    sentence: Sentence,
    role: Role,
    played: Duration,
    queued: Duration,
    /// Known once the sentence is synthesised to its end.
    length: Option<Duration>,
    over: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Answer,
    /// Fills the wait for the answer.
    Acknowledgement,
}

impl PlayoutLedger {
    /// Takes a sentence in; `false` if its number is not above those that are there, which makes it a repetition.
    pub fn add(&mut self, sentence: Sentence) -> bool {
        let fresh = self.lines.last().is_none_or(|last| last.sentence.index < sentence.index);
        if fresh {
            self.lines.push(Line::new(sentence, Role::Answer));
        }
        fresh
    }

    /// Takes in a few words that are to be heard before all others; `false` if something was heard already, or they were said.
    pub fn acknowledge(&mut self, sentence: Sentence) -> bool {
        let fits = self.lines.iter().all(|line| line.sentence.index > sentence.index && line.played.is_zero());
        if fits {
            self.lines.insert(0, Line::new(sentence, Role::Acknowledgement));
        }
        fits
    }

    /// A sentence is synthesised to its end; a length of zero says that the voice failed and nothing of it will be heard.
    pub fn synthesised(&mut self, index: u16, length: Duration) {
        if let Some(line) = self.lines.iter_mut().find(|line| line.sentence.index == index) {
            line.length = Some(length);
            line.over |= line.played >= length;
        }
    }

    /// A frame of this reply has left. Says whether that is progress.
    pub fn play(&mut self, playout: &Playout) -> bool {
        let Some(at) = self.lines.iter().position(|line| line.sentence.index == playout.sentence) else { return false };
        for earlier in &mut self.lines[..at] {
            earlier.over = true;
            // An acknowledgement that was not there before the answer is never heard.
            if earlier.role == Role::Acknowledgement && earlier.played.is_zero() {
                earlier.length = Some(Duration::ZERO);
            }
        }
        let line = &mut self.lines[at];
        let progress = playout.played > line.played;
        line.played = line.played.max(playout.played);
        line.queued = playout.queued;
        line.length = playout.length.or(line.length);
        line.over |= line.length.is_some_and(|length| line.played >= length);
        progress
    }

    /// A frame left that held nothing of this reply: a sentence that was synthesised to its end and of which nothing waits
    /// is over, even where its parts do not quite sum to its length.
    pub fn pause(&mut self) {
        if let Some(line) = self.lines.iter_mut().find(|line| !line.over) {
            let has_begun = line.played > Duration::ZERO;
            let lacks_nothing = line.length.is_some_and(|length| line.queued.is_zero() || line.played + FRAME >= length);
            line.over = has_begun && lacks_nothing;
        }
    }

    /// The sentence that is being heard or comes next; `None` when all that is known has been said.
    pub fn current(&self) -> Option<&Sentence> {
        self.lines.iter().find(|line| !line.over).map(|line| &line.sentence)
    }

    /// Whether there is no sentence at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether there were sentences and the voice could say none of them.
    pub fn is_mute(&self) -> bool {
        !self.lines.is_empty() && self.lines.iter().all(|line| line.length == Some(Duration::ZERO))
    }

    /// The words that have left, in order.
    pub fn heard(&self) -> String {
        let mut heard = String::new();
        for line in &self.lines {
            let words = line.heard();
            let joins = heard.chars().next_back().is_none_or(|c| kind(c) != Kind::Letter)
                || words.chars().next().is_none_or(|c| kind(c) != Kind::Letter);
            if !joins {
                heard.push(' ');
            }
            heard.push_str(words);
        }
        heard
    }
}

impl Line {
    const fn new(sentence: Sentence, role: Role) -> Self {
        Self { sentence, role, played: Duration::ZERO, queued: Duration::ZERO, length: None, over: false }
    }

    fn heard(&self) -> &str {
        let text = self.sentence.text.trim();
        match (self.over, self.length) {
            (true, Some(Duration::ZERO)) => "",
            (true, _) => text,
            (false, Some(length)) => spoken_part(text, self.played, length),
            (false, None) => {
                let usual = UNIT * text.chars().map(weight).sum();
                spoken_part(text, self.played, usual.max(self.played + self.queued))
            }
        }
    }
}

/// The words of `text` that end before `played` of `length`.
fn spoken_part(text: &str, played: Duration, length: Duration) -> &str {
    let total: u32 = text.chars().map(weight).sum();
    let out = |sum: u32| u128::from(sum) * length.as_micros() <= u128::from(total) * played.as_micros();
    let (mut sum, mut end) = (0, 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        sum += weight(c);
        if !out(sum) {
            break;
        }
        if chars.peek().is_none_or(|&(_, next)| is_boundary(kind(c), kind(next))) {
            end = at + c.len_utf8();
        }
    }
    text.split_at(end).0.trim_end()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Space,
    /// A character that is a word of its own.
    Ideograph,
    /// Full-width punctuation; belongs to what stands before it.
    Mark,
    Letter,
}

const fn kind(c: char) -> Kind {
    match c {
        '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF65}' => Kind::Mark,
        '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' => {
            Kind::Ideograph
        }
        c if c.is_whitespace() => Kind::Space,
        _ => Kind::Letter,
    }
}

/// A word may end between these two characters.
const fn is_boundary(this: Kind, next: Kind) -> bool {
    match (this, next) {
        (_, Kind::Space | Kind::Ideograph) | (Kind::Ideograph | Kind::Mark, Kind::Letter) => true,
        (_, Kind::Mark) | (Kind::Space | Kind::Letter, Kind::Letter) => false,
    }
}

/// How long a character takes to say, against a letter: an ideograph is a syllable, a digit is a word.
const fn weight(c: char) -> u32 {
    match kind(c) {
        Kind::Ideograph => 4,
        Kind::Letter if c.is_ascii_digit() => 4,
        Kind::Letter | Kind::Mark | Kind::Space => 1,
    }
}

#[cfg(test)]
mod tests {
    use crate::talk::{Importance, Language, ReplyId};

    use super::*;

    fn ledger(texts: &[&str]) -> PlayoutLedger {
        let mut ledger = PlayoutLedger::default();
        for (index, text) in texts.iter().enumerate() {
            let sentence =
                Sentence { index: index as u16, text: (*text).into(), language: Language::EN, importance: Importance::Normal };
            assert!(ledger.add(sentence));
        }
        ledger
    }

    fn playout(sentence: u16, played_ms: u64, length_ms: Option<u64>) -> Playout {
        Playout {
            reply: ReplyId(1),
            sentence,
            played: Duration::from_millis(played_ms),
            length: length_ms.map(Duration::from_millis),
            queued: Duration::ZERO,
        }
    }

    #[test]
    fn heard_words_stay_in_history() {
        let mut ledger = ledger(&["Your order left us.", "It arrives on Monday."]);
        assert_eq!(ledger.heard(), "");
        ledger.play(&playout(0, 500, Some(1_000)));
        assert_eq!(ledger.heard(), "Your", "half of 19 letters ends inside `order`, which was not heard to its end");
        ledger.play(&playout(1, 600, Some(1_000)));
        assert_eq!(ledger.heard(), "Your order left us. It arrives");
        ledger.play(&playout(1, 1_000, Some(1_000)));
        assert_eq!(ledger.heard(), "Your order left us. It arrives on Monday.");
        assert_eq!(ledger.current(), None);
    }

    #[test]
    fn chinese_is_cut_by_character_and_joined_without_spaces() {
        let mut ledger = ledger(&["您好。", "您的订单到了,ABC 公司"]);
        ledger.play(&playout(1, 450, Some(1_000)));
        assert_eq!(ledger.heard(), "您好。您的订单");
        ledger.play(&playout(1, 999, Some(1_000)));
        assert_eq!(ledger.heard(), "您好。您的订单到了,ABC 公");
    }

    #[test]
    fn a_sentence_of_unknown_length_never_counts_words_that_are_still_queued() {
        let mut ledger = ledger(&["One two three four."]);
        ledger.play(&Playout { queued: Duration::from_secs(3), ..playout(0, 600, None) });
        assert_eq!(ledger.heard(), "One");
    }

    #[test]
    fn a_sentence_the_voice_could_not_say_was_not_heard() {
        let mut ledger = ledger(&["Lost.", "Found."]);
        ledger.synthesised(0, Duration::ZERO);
        assert!(!ledger.is_mute());
        ledger.play(&playout(1, 300, Some(300)));
        assert_eq!(ledger.heard(), "Found.");
    }

    #[test]
    fn a_last_frame_that_is_not_full_does_not_keep_a_sentence_open() {
        let mut ledger = ledger(&["Hello."]);
        ledger.play(&Playout { queued: FRAME, ..playout(0, 290, Some(300)) });
        ledger.pause();
        assert_eq!(ledger.current(), None);
    }

    #[test]
    fn a_resampler_that_keeps_some_sound_does_not_keep_a_sentence_open() {
        let mut ledger = ledger(&["Hello."]);
        ledger.play(&Playout { queued: FRAME, ..playout(0, 100, None) });
        ledger.pause();
        assert!(ledger.current().is_some(), "the voice is still at work");
        ledger.play(&playout(0, 200, Some(300)));
        assert!(ledger.current().is_some());
        ledger.pause();
        assert_eq!((ledger.current(), ledger.heard().as_str()), (None, "Hello."));
    }

    #[test]
    fn an_acknowledgement_is_heard_before_the_answer_or_never() {
        let line =
            |index, text: &str| Sentence { index, text: text.into(), language: Language::EN, importance: Importance::Normal };
        let waiting = || {
            let mut ledger = PlayoutLedger::default();
            assert!(ledger.add(line(Sentence::FIRST, "It is on its way.")));
            assert!(ledger.acknowledge(line(Sentence::ACKNOWLEDGEMENT, "Let me see.")));
            assert!(!ledger.acknowledge(line(Sentence::ACKNOWLEDGEMENT, "Let me see.")), "once");
            ledger
        };
        let (mut heard, mut late) = (waiting(), waiting());
        heard.play(&playout(Sentence::ACKNOWLEDGEMENT, 500, Some(500)));
        for ledger in [&mut heard, &mut late] {
            ledger.play(&playout(Sentence::FIRST, 800, Some(800)));
        }
        assert_eq!((heard.heard().as_str(), heard.current()), ("Let me see. It is on its way.", None));
        assert_eq!((late.heard().as_str(), late.current()), ("It is on its way.", None));
        assert!(!late.acknowledge(line(Sentence::ACKNOWLEDGEMENT, "Let me see.")), "not into the answer");
    }

    #[test]
    fn no_cut_falls_inside_a_character() {
        let text = "Zwölf 三 é👍 ok，好。";
        for ms in 0..=1_000 {
            let part = spoken_part(text, Duration::from_millis(ms), Duration::from_secs(1));
            assert!(text.starts_with(part));
        }
        assert_eq!(spoken_part(text, Duration::from_secs(1), Duration::from_secs(1)), text);
    }
}
