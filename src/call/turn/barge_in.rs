//! What speech over the bot does to the bot's own: first softer, then silent; a blip and all is as before.
//! Never applies to a sentence that must be heard; the floor asks only where the caller may interrupt.

use std::time::Duration;

use serde::Deserialize;

use crate::audio::Dbfs;

/// What speech does to the bot's own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BargeInConfig {
    /// Speech this long makes the bot softer.
    pub duck_after_ms: u64,
    /// Speech this long stops the bot.
    pub stop_after_ms: u64,
    /// How much softer.
    pub duck_db: f32,
}

impl Default for BargeInConfig {
    fn default() -> Self {
        Self { duck_after_ms: 60, stop_after_ms: 120, duck_db: -12.0 }
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
    /// It is an interruption: stop.
    Yield,
}

impl BargeInConfig {
    /// Judges the speech going on over the bot (`None`: there is none), given how loud the bot is;
    /// it counts as an interruption when it lasts `least` long.
    pub fn judge(&self, spoken: Option<Duration>, least: Duration, gain: Gain) -> Option<Step> {
        let lasts = |long| spoken.is_some_and(|spoken| spoken >= long);
        match gain {
            _ if lasts(least) => Some(Step::Yield),
            Gain::Full if lasts(Duration::from_millis(self.duck_after_ms)) => Some(Step::Duck),
            Gain::Ducked if spoken.is_none() => Some(Step::Restore),
            Gain::Full | Gain::Ducked => None,
        }
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
    use super::*;

    #[test]
    fn speech_ducks_then_stops_and_a_blip_is_forgiven() {
        let config = BargeInConfig::default();
        let judge = |ms: Option<u64>, gain| config.judge(ms.map(Duration::from_millis), Duration::from_millis(120), gain);
        assert_eq!(judge(Some(40), Gain::Full), None);
        assert_eq!(judge(Some(60), Gain::Full), Some(Step::Duck));
        assert_eq!(judge(Some(100), Gain::Ducked), None);
        assert_eq!(judge(Some(120), Gain::Ducked), Some(Step::Yield));
        assert_eq!(judge(None, Gain::Ducked), Some(Step::Restore));
        assert_eq!(judge(None, Gain::Full), None);
    }
}
