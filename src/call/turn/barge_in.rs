//! What speech over the bot does to the bot's own: softer, then judged while it lasts, then held for a moment, then silent; a blip
//! or a listener's "mm-hm" and all is as before.
//! Never applies to a sentence that must be heard; the floor asks only where the caller may interrupt.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::{Dbfs, FRAME};

use super::{Reaction, Run};

/// What speech does to the bot's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BargeInConfig {
    /// Speech this long makes the bot softer.
    pub duck_after_ms: u64,
    /// Speech this long is listened to; the bot goes on softly.
    pub listen_after_ms: u64,
    /// Speech this long silences the bot, unless it is known to be a listener's "mm-hm" by then.
    pub stop_after_ms: u64,
    /// The bot is silent for so long, and what it says held, until it is stopped for good: what shows by then to be a listener's
    /// was no more than a gap between words.
    pub hold_ms: u64,
    /// A listener's words that go on this long stop it too.
    pub backchannel_ms: u64,
    /// After short words that stopped the bot it is silent for at least so long, even where the answer is ready.
    pub beat_ms: u64,
    /// How much softer.
    pub duck_db: f32,
    /// Speech softer than the caller's by this is somebody else's, or not meant for the line …
    pub aside_db: f32,
    /// … and stops the bot only when it goes on this long.
    pub aside_ms: u64,
}

impl Default for BargeInConfig {
    fn default() -> Self {
        Self {
            duck_after_ms: 60,
            listen_after_ms: 120,
            stop_after_ms: 350,
            hold_ms: 180,
            backchannel_ms: 900,
            beat_ms: 240,
            duck_db: -12.0,
            aside_db: 8.0,
            aside_ms: 1_500,
        }
    }
}

/// How loud the bot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// As it is.
    Full,
    /// Softer, while somebody may be interrupting.
    Ducked,
    /// Silent, and held where it is, while somebody seems to interrupt.
    Held,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Be softer.
    Duck,
    /// It was nothing: be as loud as before.
    Restore,
    /// It is no blip: hear what it says.
    Listen,
}

/// Speech over the bot that is listened to, as far as it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Interjection {
    /// How long it has lasted; nothing once it has ended.
    pub lasting: Duration,
    /// What its words are so far.
    pub words: Reaction,
    /// It is much softer than the caller.
    pub aside: bool,
    /// For how long the bot has been held for it.
    pub held: Option<Duration>,
}

/// What becomes of speech that is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A listener's, or too short to tell.
    GoOn,
    /// It seems to interrupt: hold what is said.
    Hold,
    /// It interrupts.
    Yield,
}

impl BargeInConfig {
    /// How much voiced sound is certainly speech of `listen_after_ms`: its first and its last frame may hold hardly any.
    pub fn listen_after(&self) -> Duration {
        Duration::from_millis(self.listen_after_ms).saturating_add(FRAME)
    }

    /// What the speech going on over the bot does (`None`: there is none), given how loud the bot is; it is listened to when it
    /// is voiced for `least`.
    pub fn judge(&self, run: Option<&Run>, least: Duration, gain: Gain) -> Option<Step> {
        let duck = Duration::from_millis(self.duck_after_ms);
        match gain {
            _ if run.is_some_and(|run| run.voiced >= least) => Some(Step::Listen),
            Gain::Full if run.is_some_and(|run| run.spoken >= duck) => Some(Step::Duck),
            Gain::Ducked if run.is_none() => Some(Step::Restore),
            Gain::Full | Gain::Ducked | Gain::Held => None,
        }
    }

    /// What becomes of speech that is listened to.
    pub fn weigh(&self, speech: Interjection) -> Verdict {
        let least = match speech.words {
            Reaction::Words => 0,
            Reaction::Nothing | Reaction::Word => self.stop_after_ms,
            Reaction::Grunt | Reaction::Assent => self.backchannel_ms,
        };
        let least = if speech.aside { least.max(self.aside_ms) } else { least };
        match speech.held {
            // What has ended is judged by its last words, which are about to come.
            _ if speech.lasting.is_zero() || speech.lasting < Duration::from_millis(least) => Verdict::GoOn,
            Some(held) if held >= Duration::from_millis(self.hold_ms) => Verdict::Yield,
            Some(_) | None => Verdict::Hold,
        }
    }

    /// Whether speech of this level is not the caller's own, whose level is known by then.
    pub fn is_aside(&self, level: Dbfs, own: Option<Dbfs>) -> bool {
        own.is_some_and(|own| level.db() < own.db() - self.aside_db)
    }

    /// The level of the bot's sound at this gain.
    pub const fn level(&self, gain: Gain) -> Dbfs {
        match gain {
            Gain::Full => Dbfs::new(0.0),
            Gain::Ducked => Dbfs::new(self.duck_db),
            Gain::Held => Dbfs::SILENCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::audio::MediaTime;
    use crate::talk::{Heard, Probability};

    use super::super::{DetectorConfig, SpeechDetector};
    use super::*;

    /// A run of so many milliseconds, of which the last `held` are what a detector adds.
    fn run(ms: u64, held: u64) -> Run {
        let mut detector = SpeechDetector::new(DetectorConfig::default());
        for at in (0..ms).step_by(20) {
            let level = Dbfs::new(if at < ms - held { -20.0 } else { -50.0 });
            detector.hear(&Heard { speech: Probability::ONE, level, ..Heard::nothing(MediaTime::from_millis(at)) });
        }
        *detector.run().expect("it has heard speech")
    }

    #[test]
    fn speech_ducks_then_is_listened_to_and_a_cough_is_forgiven() {
        let config = BargeInConfig::default();
        let judge = |run: Option<Run>, gain| config.judge(run.as_ref(), config.listen_after(), gain);
        assert_eq!(judge(Some(run(40, 0)), Gain::Full), None);
        assert_eq!(judge(Some(run(60, 0)), Gain::Full), Some(Step::Duck));
        assert_eq!(judge(Some(run(120, 0)), Gain::Ducked), None, "100 ms of sound lie in up to six frames");
        assert_eq!(judge(Some(run(180, 60)), Gain::Ducked), None, "and the detector holds on after them");
        assert_eq!(judge(Some(run(140, 0)), Gain::Ducked), Some(Step::Listen));
        assert_eq!(judge(None, Gain::Ducked), Some(Step::Restore));
        assert_eq!(judge(None, Gain::Full), None);
    }

    #[test]
    fn words_and_what_goes_on_hold_the_bot_then_stop_it_and_a_listener_does_not() {
        let config = BargeInConfig::default();
        let weigh = |ms, words, held: Option<u64>| {
            let held = held.map(Duration::from_millis);
            config.weigh(Interjection { lasting: Duration::from_millis(ms), words, held, aside: false })
        };
        assert_eq!(weigh(160, Reaction::Words, None), Verdict::Hold);
        assert_eq!((weigh(340, Reaction::Nothing, None), weigh(360, Reaction::Nothing, None)), (Verdict::GoOn, Verdict::Hold));
        assert_eq!((weigh(880, Reaction::Grunt, None), weigh(900, Reaction::Assent, None)), (Verdict::GoOn, Verdict::Hold));
        assert_eq!(
            (weigh(480, Reaction::Nothing, Some(160)), weigh(500, Reaction::Nothing, Some(180))),
            (Verdict::Hold, Verdict::Yield)
        );
        assert_eq!(weigh(440, Reaction::Assent, Some(100)), Verdict::GoOn, "it was a listener after all");
        assert_eq!(weigh(0, Reaction::Words, Some(180)), Verdict::GoOn, "it has ended, and its last words will tell");
    }

    #[test]
    fn somebody_far_from_the_telephone_has_to_go_on_to_stop_the_bot() {
        let config = BargeInConfig::default();
        assert!(config.is_aside(Dbfs::new(-33.0), Some(Dbfs::new(-20.0))));
        assert!(!config.is_aside(Dbfs::new(-26.0), Some(Dbfs::new(-20.0))) && !config.is_aside(Dbfs::new(-33.0), None));
        for words in [Reaction::Words, Reaction::Nothing, Reaction::Assent] {
            let weigh = |ms| config.weigh(Interjection { lasting: Duration::from_millis(ms), words, aside: true, held: None });
            assert_eq!((weigh(1_480), weigh(1_500)), (Verdict::GoOn, Verdict::Hold));
        }
    }
}
