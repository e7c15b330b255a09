//! How long the caller must be silent until the turn is over: by what was asked, and by how this caller pauses.
//! Never waits where the answer is complete, and never longer than its bound.

use std::time::Duration;

use serde::Deserialize;

use crate::talk::Expectation;

/// When a turn is over: silence after the last speech frame, by what is expected.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndpointConfig {
    /// After an open question.
    pub open_ms: u64,
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
    /// Never less, except for complete digits.
    pub least_ms: u64,
    /// Never more.
    pub most_ms: u64,
    /// How much one pause that was taken, or nearly taken, for the end lengthens the wait in this call.
    pub learn_ms: u64,
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            open_ms: 300,
            yes_no_ms: 200,
            choice_ms: 240,
            digits_ms: 900,
            spelling_ms: 800,
            date_ms: 400,
            amount_ms: 400,
            name_ms: 400,
            address_ms: 600,
            complete_ms: 100,
            least_ms: 200,
            most_ms: 1_200,
            learn_ms: 50,
        }
    }
}

/// What the recogniser's guess holds so far of the answer that is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// Nothing was made out yet.
    #[default]
    Nothing,
    /// So many digits.
    Digits(usize),
    /// Several words and no digit: the caller is saying something else.
    Words,
}

impl Progress {
    /// What a partial transcript shows. One or two words may still lead to digits ("it's …").
    pub fn of(text: &str) -> Self {
        match text.chars().filter(char::is_ascii_digit).count() {
            0 if text.split_whitespace().count() > 2 || text.chars().filter(|c| !c.is_ascii()).count() > 3 => Self::Words,
            0 => Self::Nothing,
            digits => Self::Digits(digits),
        }
    }

    const fn digits(self) -> usize {
        match self {
            Self::Digits(digits) => digits,
            Self::Nothing | Self::Words => 0,
        }
    }
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

    /// The silence after which a turn is over, as far as the caller has got.
    pub fn silence(&self, expectation: &Expectation, progress: Progress) -> Duration {
        let config = &self.config;
        let digits = progress.digits();
        let base = match expectation {
            Expectation::Digits { max, .. } if digits >= usize::from(*max) => {
                return Duration::from_millis(config.complete_ms);
            }
            Expectation::Digits { min, .. } if digits >= usize::from(*min) => config.open_ms,
            Expectation::Digits { .. } if progress == Progress::Words => config.open_ms,
            Expectation::Digits { .. } => config.digits_ms,
            Expectation::Open => config.open_ms,
            Expectation::YesNo => config.yes_no_ms,
            Expectation::Choice(_) => config.choice_ms,
            Expectation::Spelling => config.spelling_ms,
            Expectation::Date | Expectation::Time => config.date_ms,
            Expectation::Amount | Expectation::Number => config.amount_ms,
            Expectation::Name => config.name_ms,
            Expectation::Address => config.address_ms,
        };
        let most = Duration::from_millis(config.most_ms.max(config.least_ms));
        (Duration::from_millis(base) + self.slack).clamp(Duration::from_millis(config.least_ms), most)
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

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: Expectation = Expectation::Digits { min: 4, max: 6, sensitive: false };

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn the_question_decides_how_long_silence_lasts() {
        let endpointer = Endpointer::new(EndpointConfig::default());
        assert_eq!(endpointer.silence(&Expectation::YesNo, Progress::Nothing), ms(200));
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::Nothing), ms(300));
        assert_eq!(endpointer.silence(&DIGITS, Progress::Digits(3)), ms(900));
        assert_eq!(endpointer.silence(&DIGITS, Progress::of("it's")), ms(900), "digits may follow");
        assert_eq!(endpointer.silence(&DIGITS, Progress::of("what are your opening hours")), ms(300), "another question");
        assert_eq!(endpointer.silence(&DIGITS, Progress::Digits(4)), ms(300));
        assert_eq!(endpointer.silence(&DIGITS, Progress::Digits(6)), ms(100));
    }

    #[test]
    fn a_caller_who_pauses_gets_more_time_within_bounds_and_loses_it_again() {
        let mut endpointer = Endpointer::new(EndpointConfig::default());
        endpointer.paused(ms(150), ms(300));
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::Nothing), ms(300), "a short pause teaches nothing");
        endpointer.paused(ms(600), ms(300));
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::Nothing), ms(350));
        for _ in 0..100 {
            let waited = endpointer.silence(&Expectation::Open, Progress::Nothing);
            endpointer.paused(ms(5_000), waited);
        }
        assert_eq!(endpointer.silence(&Expectation::Open, Progress::Nothing), ms(1_200));
        for _ in 0..30 {
            endpointer.ended_cleanly();
        }
        assert!(endpointer.silence(&Expectation::Open, Progress::Nothing) < ms(301));
    }
}
