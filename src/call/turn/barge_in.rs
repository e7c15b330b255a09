//! What speech over the bot does to the bot's own: softer, then judged while it lasts, then silent; a blip or a listener's "mm-hm"
//! and all is as before.
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
    /// Speech this long stops the bot, unless it is known to be a listener's "mm-hm" by then.
    pub stop_after_ms: u64,
    /// A listener's words that go on this long stop it too.
    pub backchannel_ms: u64,
    /// How much softer.
    pub duck_db: f32,
}

impl Default for BargeInConfig {
    fn default() -> Self {
        Self { duck_after_ms: 60, listen_after_ms: 120, stop_after_ms: 350, backchannel_ms: 900, duck_db: -12.0 }
    }
}

/// How loud the bot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gain {
    /// As it is.
    Full,
    /// Softer, while somebody may be interrupting.
    Ducked,
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
            Gain::Full | Gain::Ducked => None,
        }
    }

    /// Whether speech that is listened to interrupts: by its words, or by how long it has gone on.
    pub fn interrupts(&self, run: &Run, so_far: Reaction) -> bool {
        let least = match so_far {
            Reaction::Words => return true,
            Reaction::Nothing => self.stop_after_ms,
            Reaction::Grunt | Reaction::Assent => self.backchannel_ms,
        };
        run.voiced >= Duration::from_millis(least)
    }

    /// The level of the bot's sound at this gain.
    pub const fn level(&self, gain: Gain) -> Dbfs {
        match gain {
            Gain::Full => Dbfs::new(0.0),
            Gain::Ducked => Dbfs::new(self.duck_db),
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
            detector.hear(&Heard { at: MediaTime::from_millis(at), speech: Probability::ONE, level, concealed: false });
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
    fn words_interrupt_at_once_and_a_listener_does_not() {
        let config = BargeInConfig::default();
        assert!(config.interrupts(&run(160, 0), Reaction::Words));
        assert!(!config.interrupts(&run(340, 0), Reaction::Nothing) && config.interrupts(&run(360, 0), Reaction::Nothing));
        assert!(!config.interrupts(&run(800, 0), Reaction::Grunt) && config.interrupts(&run(900, 0), Reaction::Assent));
    }
}
