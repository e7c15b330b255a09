//! How long the caller must be silent until the turn is over: by what was asked, by the words so far, and by how this caller pauses.
//! Never waits where the answer is complete, and never longer than its bound.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::words::{self, Reaction};
use crate::audio::Dbfs;
use crate::talk::{Ending, Expectation, Transcript};

/// When a turn is over: silence after the last speech frame, by what is expected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointConfig {
    /// After an open question.
    pub open_ms: u64,
    /// While the recogniser hears sound and understands none of it: the answer would be a question, which has no hurry.
    pub unheard_ms: u64,
    /// After a question for yes or no.
    pub yes_no_ms: u64,
    /// After a choice.
    pub choice_ms: u64,
    /// While fewer digits than asked for are in; people read numbers in groups.
    pub digits_ms: u64,
    /// While something is spelled.
    pub spelling_ms: u64,
    /// After a question for a date.
    pub date_ms: u64,
    /// After a question for an amount.
    pub amount_ms: u64,
    /// After a question for a name.
    pub name_ms: u64,
    /// After a question for an address.
    pub address_ms: u64,
    /// When the digits asked for are all in.
    pub complete_ms: u64,
    /// After an open question, when the recogniser knows that the words so far may be all.
    pub whole_ms: u64,
    /// After an open question, when hardly a word was said: what it is about, seldom all of it.
    pub brief_ms: u64,
    /// While the words so far cannot be all.
    pub unfinished_ms: u64,
    /// Never less, except for complete digits.
    pub least_ms: u64,
    /// Never more.
    pub most_ms: u64,
    /// A pause less than this below the turn's loudest is a noisy one, where few words are not believed either.
    pub noise_db: f32,
    /// How much one pause that was taken, or nearly taken, for the end lengthens the wait in this call.
    pub learn_ms: u64,
    /// How much longer the wait is for each natural logarithm by which the voice makes it less likely that the turn is over.
    pub voice_ms: u64,
    /// After this much silence the recogniser tells what it would make of the turn, and the answer to it is made ready.
    pub guess_ms: u64,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            open_ms: 300,
            unheard_ms: 500,
            yes_no_ms: 200,
            choice_ms: 240,
            digits_ms: 900,
            spelling_ms: 800,
            date_ms: 400,
            amount_ms: 400,
            name_ms: 400,
            address_ms: 600,
            complete_ms: 100,
            whole_ms: 260,
            brief_ms: 600,
            unfinished_ms: 1_000,
            least_ms: 200,
            most_ms: 1_200,
            noise_db: 20.0,
            learn_ms: 50,
            voice_ms: 400,
            guess_ms: 120,
        }
    }
}

impl EndpointConfig {
    /// The same with every wait so many times as long.
    #[must_use]
    pub fn slower(&self, factor: f32) -> Self {
        let times = |ms: u64| (ms as f32 * factor) as u64;
        Self {
            open_ms: times(self.open_ms),
            unheard_ms: times(self.unheard_ms),
            yes_no_ms: times(self.yes_no_ms),
            choice_ms: times(self.choice_ms),
            digits_ms: times(self.digits_ms),
            spelling_ms: times(self.spelling_ms),
            date_ms: times(self.date_ms),
            amount_ms: times(self.amount_ms),
            name_ms: times(self.name_ms),
            address_ms: times(self.address_ms),
            complete_ms: times(self.complete_ms),
            whole_ms: times(self.whole_ms),
            brief_ms: times(self.brief_ms),
            unfinished_ms: times(self.unfinished_ms),
            least_ms: times(self.least_ms),
            most_ms: times(self.most_ms),
            noise_db: self.noise_db,
            learn_ms: self.learn_ms,
            voice_ms: times(self.voice_ms),
            guess_ms: self.guess_ms,
        }
    }
}

/// Digits as Mandarin says them one by one.
const DIGITS_ZH: [char; 13] = ['零', '〇', '一', '幺', '二', '两', '三', '四', '五', '六', '七', '八', '九'];

/// What the recogniser's guess holds so far of the answer that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    digits: usize,
    /// Several words and no digit: the caller is saying something else than a number.
    words: bool,
    /// Hardly a word, which neither agrees nor orders.
    brief: bool,
    /// A word or two, whatever they are.
    few: bool,
    /// The recogniser told that it makes nothing out.
    unheard: bool,
    /// What the latest words would be over the bot's own, and what is believed of them.
    guess: Reaction,
    reaction: Reaction,
    ending: Ending,
}

impl Progress {
    /// What a partial transcript shows. One or two words may still lead to digits ("it's …").
    pub fn of(transcript: &Transcript) -> Self {
        let text = &transcript.text;
        let digits = text.chars().filter(|c| c.is_ascii_digit() || DIGITS_ZH.contains(c)).count();
        let count = words::count(text);
        let several = count > 2 || text.chars().filter(|c| !c.is_ascii()).count() > 3;
        let ending = match transcript.ending {
            Ending::Unknown if words::break_off(text) => Ending::Unfinished,
            Ending::Whole if words::hesitates(text) => Ending::Unfinished,
            // A number may be longer than it has to be.
            Ending::Whole if text.ends_with(|c: char| c.is_ascii_digit()) => Ending::Unknown,
            known => known,
        };
        let guess = Reaction::of(text);
        let (brief, few) = (words::is_topic(text), (1..=2).contains(&count));
        Self {
            digits,
            words: digits == 0 && several,
            brief,
            few,
            unheard: transcript.is_nothing(),
            guess,
            reaction: guess,
            ending,
        }
    }

    /// The same, given what was made out before: of a hum a recogniser often makes a word at first, so that words are believed from the
    /// second guess on.
    #[must_use]
    pub fn after(self, before: Self) -> Self {
        let doubted = self.guess == Reaction::Words && before.guess != Reaction::Words;
        Self { reaction: if doubted { before.reaction } else { self.guess }, ..self }
    }

    /// What is believed of these words over the bot's own.
    pub const fn reaction(self) -> Reaction {
        self.reaction
    }
}

/// How the turn is said so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    /// The longest pause in it.
    pub paused: Duration,
    /// What the voice says of the pause at hand, where that is known; see [`super::Cadence::finality`].
    pub finality: f32,
    /// Its pauses are not much softer than its words.
    pub noisy: bool,
}

/// Decides the silence that ends a turn; learns how long this caller pauses inside one.
#[derive(Debug, Clone)]
pub struct Endpointer {
    config: EndpointConfig,
    slack: Duration,
}

impl Endpointer {
    /// Knows nothing of the caller yet.
    pub const fn new(config: EndpointConfig) -> Self {
        Self { config, slack: Duration::ZERO }
    }

    /// The silence after which the end is guessed at.
    pub const fn guess(&self) -> Duration {
        Duration::from_millis(self.config.guess_ms)
    }

    /// Whether a pause of this level is a noisy one in a turn whose loudest sound is that.
    pub fn is_noisy(&self, pause: Dbfs, peak: Dbfs) -> bool {
        peak.db() - pause.db() < self.config.noise_db
    }

    /// The shortest silence that ends a turn.
    pub const fn least(&self) -> Duration {
        Duration::from_millis(self.config.least_ms)
    }

    /// The silence after which a turn is over, as far as the caller has got.
    pub fn silence(&self, expectation: &Expectation, progress: Progress, pace: Pace) -> Duration {
        let config = &self.config;
        let Progress { digits, words, brief, few, unheard, guess, ending, .. } = progress;
        let base = match expectation {
            Expectation::Digits { max, .. } if digits >= usize::from(*max) => {
                return Duration::from_millis(config.complete_ms);
            }
            // Who dictates in groups waits between the last two as long as between the first.
            Expectation::Digits { min, .. } if digits >= usize::from(*min) => {
                config.open_ms.max(pace.paused.as_millis() as u64 * 13 / 10).min(config.digits_ms)
            }
            Expectation::Digits { .. } if words => config.open_ms,
            Expectation::Digits { .. } => config.digits_ms,
            // In noise few words are not believed, whatever they are.
            Expectation::Open if brief || few && pace.noisy => config.brief_ms,
            Expectation::Open if ending == Ending::Whole => config.whole_ms,
            Expectation::Open => config.open_ms,
            Expectation::YesNo => config.yes_no_ms,
            Expectation::Choice(_) => config.choice_ms,
            Expectation::Spelling => config.spelling_ms,
            Expectation::Date | Expectation::Time => config.date_ms,
            Expectation::Amount | Expectation::Number => config.amount_ms,
            Expectation::Name => config.name_ms,
            Expectation::Address => config.address_ms,
        };
        // A hum before a sentence is the beginning of one, after a question it is a yes.
        let hums_yes = *expectation == Expectation::YesNo && matches!(guess, Reaction::Grunt | Reaction::Assent);
        let base = match ending {
            Ending::Unfinished if !hums_yes => base.max(config.unfinished_ms),
            Ending::Unknown | Ending::Whole if unheard => base.max(config.unheard_ms),
            Ending::Unfinished | Ending::Unknown | Ending::Whole => base,
        };
        let most = Duration::from_millis(config.most_ms.max(config.least_ms));
        let by_voice = match ending {
            Ending::Whole => Duration::ZERO,
            Ending::Unknown | Ending::Unfinished => {
                Duration::from_millis((config.voice_ms as f32 * hangs(expectation, pace.finality)) as u64)
            }
        };
        (Duration::from_millis(base) + by_voice + self.slack).clamp(Duration::from_millis(config.least_ms), most)
    }

    /// The caller went on after this pause, where `waited` would have been the end: wait a little longer from now on.
    pub fn paused(&mut self, pause: Duration, waited: Duration) {
        let wish = pause.mul_f32(1.2);
        if wish > waited {
            let most = Duration::from_millis(self.config.most_ms);
            self.slack = (self.slack + (wish - waited).min(Duration::from_millis(self.config.learn_ms))).min(most);
        }
    }

    /// A turn ended where it was taken to end, with no pause in it: wait a little less again.
    pub fn ended_cleanly(&mut self) {
        self.slack = self.slack * 2 / 3;
    }
}

/// How much the voice hangs in the air. What is answered in a word or read out is said as a list is: there it tells nothing. A voice
/// that comes to rest shortens nothing: so does every clause of a sentence.
fn hangs(expectation: &Expectation, finality: f32) -> f32 {
    match expectation {
        Expectation::Open | Expectation::Date | Expectation::Time | Expectation::Name | Expectation::Address => {
            (-finality).max(0.0)
        }
        Expectation::YesNo
        | Expectation::Choice(_)
        | Expectation::Digits { .. }
        | Expectation::Spelling
        | Expectation::Amount
        | Expectation::Number => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::Language;

    const DIGITS: Expectation = Expectation::Digits { min: 4, max: 6, sensitive: false };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Said with such a pause in it.
    fn after(pause: u64) -> Pace {
        Pace { paused: ms(pause), ..Pace::default() }
    }

    /// What is understood so far, by a recogniser that cannot tell whether it is all.
    fn so_far(text: &str) -> Progress {
        Progress::of(&Transcript::of_text(text, Language::EN, "test"))
    }

    fn known(text: &str, ending: Ending) -> Progress {
        Progress::of(&Transcript { ending, ..Transcript::of_text(text, Language::EN, "test") })
    }

    #[test]
    fn a_word_that_tells_what_it_is_about_is_seldom_all() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        let open =
            |progress, noisy| endpointer.silence(&Expectation::Open, progress, Pace { noisy, ..Pace::default() }).as_millis();
        let whole = |text| known(text, Ending::Whole);
        assert_eq!((open(whole("refund"), false), open(whole("退款"), false)), (600, 600));
        assert_eq!((open(whole("a refund please"), false), open(whole("我要退款"), false)), (260, 260));
        assert_eq!((open(whole("agent"), false), open(whole("不要"), false), open(whole("好的"), false)), (260, 260, 260));
        assert_eq!((open(whole("sure thing"), true), open(whole("sure thing"), false)), (600, 260), "a noise makes words");
        assert_eq!(endpointer.silence(&Expectation::YesNo, whole("both"), Pace::default()), ms(200), "it was asked for");
        assert_eq!(open(whole("嗯"), false), 1_000, "whoever hums goes on");
        assert!(
            endpointer.is_noisy(Dbfs::new(-38.0), Dbfs::new(-20.0)) && !endpointer.is_noisy(Dbfs::new(-44.0), Dbfs::new(-20.0))
        );
    }

    #[test]
    fn the_question_decides_how_long_silence_lasts() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        assert_eq!(endpointer.silence(&Expectation::YesNo, Progress::default(), Pace::default()), ms(200));
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::default(), Pace::default()), ms(300));
        assert_eq!(endpointer.silence(&DIGITS, so_far("427"), Pace::default()), ms(900));
        assert_eq!(endpointer.silence(&DIGITS, so_far("okay"), Pace::default()), ms(900), "digits may follow");
        assert_eq!(
            endpointer.silence(&DIGITS, so_far("what are your opening hours"), Pace::default()),
            ms(300),
            "another question"
        );
        assert_eq!(endpointer.silence(&DIGITS, so_far("4271"), Pace::default()), ms(300));
        assert_eq!(endpointer.silence(&DIGITS, so_far("427109"), Pace::default()), ms(100));
    }

    #[test]
    fn who_dictates_in_groups_is_waited_for_as_long_as_between_the_groups_before() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        assert_eq!(endpointer.silence(&DIGITS, so_far("4271"), after(350)), ms(455));
        assert_eq!(endpointer.silence(&DIGITS, so_far("四二七一"), after(350)), ms(455));
        assert_eq!(endpointer.silence(&DIGITS, so_far("4271"), after(5_000)), ms(900));
        assert_eq!(endpointer.silence(&DIGITS, so_far("427109"), after(350)), ms(100));
        assert_eq!(endpointer.silence(&Expectation::Open, so_far("yes"), after(350)), ms(300), "only there");
    }

    #[test]
    fn a_hum_is_the_beginning_of_a_sentence_or_a_yes() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        assert_eq!(endpointer.silence(&Expectation::Open, so_far("嗯"), Pace::default()), ms(1_000));
        assert_eq!(endpointer.silence(&Expectation::YesNo, so_far("嗯"), Pace::default()), ms(200));
    }

    #[test]
    fn words_that_cannot_be_all_are_waited_for() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        let open = |progress| endpointer.silence(&Expectation::Open, progress, Pace::default());
        assert_eq!(open(so_far("what are your")), ms(1_000));
        assert_eq!(open(known("return", Ending::Unfinished)), ms(1_000), "the recogniser knows better");
        assert_eq!(open(known("i need to", Ending::Whole)), ms(260));
        assert_eq!(open(known("where is order 42", Ending::Whole)), ms(300), "a number may go on");
        assert_eq!(open(so_far("what are your opening hours")), ms(300));
        assert_eq!(open(so_far("")), ms(500), "what was not understood may be the first half of a sentence");
        assert_eq!(endpointer.silence(&Expectation::YesNo, so_far("yes and"), Pace::default()), ms(1_000));
    }

    #[test]
    fn a_voice_that_hangs_in_the_air_is_waited_for() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        let wait =
            |expectation, finality| endpointer.silence(expectation, so_far("a lamp"), Pace { finality, ..Pace::default() });
        assert_eq!(wait(&Expectation::Open, -1.0), ms(700));
        assert_eq!(wait(&Expectation::Open, 1.5), ms(300), "a voice that rests may rest between two clauses");
        let whole = known("where is my order", Ending::Whole);
        let hanging = Pace { finality: -1.0, ..Pace::default() };
        assert_eq!(endpointer.silence(&Expectation::Open, whole, hanging), ms(260), "words come first");
        assert_eq!(wait(&Expectation::YesNo, -2.0), ms(200), "a yes is a yes however it is said");
    }

    #[test]
    fn words_are_believed_from_the_second_guess_on() {
        let guesses =
            |texts: &[&str]| texts.iter().fold(Progress::default(), |before, text| so_far(text).after(before)).reaction();
        assert_eq!(guesses(&["no"]), Reaction::Nothing);
        assert_eq!(guesses(&["no", "no wait"]), Reaction::Words);
        assert_eq!(guesses(&["oh", "nope"]), Reaction::Grunt);
        assert_eq!(guesses(&["oh", "nope", "okay"]), Reaction::Assent);
    }

    #[test]
    fn a_caller_who_pauses_gets_more_time_within_bounds_and_loses_it_again() {
        let mut endpointer = Endpointer::new(EndpointConfig::default());
        endpointer.paused(ms(150), ms(300));
        assert_eq!(
            endpointer.silence(&Expectation::Open, Progress::default(), Pace::default()),
            ms(300),
            "a short pause teaches nothing"
        );
        endpointer.paused(ms(600), ms(300));
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::default(), Pace::default()), ms(350));
        for _ in 0..100 {
            let waited = endpointer.silence(&Expectation::Open, Progress::default(), Pace::default());
            endpointer.paused(ms(5_000), waited);
        }
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::default(), Pace::default()), ms(1_200));
        for _ in 0..30 {
            endpointer.ended_cleanly();
        }
        assert!(endpointer.silence(&Expectation::Open, Progress::default(), Pace::default()) < ms(301));
    }
}
