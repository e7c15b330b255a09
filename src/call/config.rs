//! The numbers a call is run by. Every one has a working default.
//! Never changed while a call is up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::talk::Language;

use super::keypad::KeypadConfig;
use super::turn::TurnConfig;

/// How long a call waits for what, and how often it asks. A longer wait than a day counts as a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallConfig {
    /// The language a call begins in, until the dialogue says otherwise.
    pub language: Language,
    /// The line clicks and begins to hum as it opens: nothing is heard before this.
    pub settle_ms: u64,
    /// Longest time until a leg that rings is up.
    pub ringing_ms: u64,
    /// The caller's silence, after the bot has finished, until the bot asks.
    pub no_input_ms: u64,
    /// The same, where the caller asked for a moment.
    pub moment_ms: u64,
    /// How often a silent caller is asked before the good-bye.
    pub no_input_prompts: u8,
    /// How often a caller who is not understood is asked before the good-bye.
    pub no_match_prompts: u8,
    /// Sound before the first speech frame that the recogniser gets too.
    pub pre_roll_ms: u64,
    /// Speech that, before our answer is audible, reopens the caller's turn. Anything shorter is a cough and changes nothing.
    pub resume_ms: u64,
    /// Below this much speech an utterance is dropped unheard.
    pub blip_ms: u64,
    /// Below this much speech an utterance that yields no words is a cough: no question is asked.
    pub cough_ms: u64,
    /// Below this level an utterance that yields no words is something in the room: no question is asked.
    pub murmur_dbfs: f32,
    /// Longest time from a turn's beginning in which what follows a pause is heard as one with it (the uplink keeps 30 s of sound).
    pub reopen_ms: u64,
    /// Longest turn: then the bot takes the floor. In its last quarter any short pause ends it.
    pub longest_turn_ms: u64,
    /// Who has spoken for so long and was not understood is asked for it in a sentence.
    pub long_talk_ms: u64,
    /// Longest wait for a final transcript.
    pub transcript_ms: u64,
    /// Longest wait for the dialogue's first or next sentence.
    pub reply_ms: u64,
    /// The caller's wait for the first sound of an answer until a short acknowledgement fills it.
    pub acknowledge_ms: u64,
    /// Longest time without a sample leaving while a sentence is due.
    pub stall_ms: u64,
    /// How many failures of ours in a row are apologised for before the call is ended.
    pub apologies: u8,
    /// Longest good-bye.
    pub closing_ms: u64,
    /// Longest hold.
    pub hold_ms: u64,
    /// Longest wait for the outcome of a transfer.
    pub transfer_ms: u64,
    /// Longest call.
    pub longest_call_ms: u64,
    /// When the caller has the floor.
    pub turn: TurnConfig,
    /// How keys are collected.
    pub keypad: KeypadConfig,
}

impl Default for CallConfig {
    fn default() -> Self {
        Self {
            language: Language::EN,
            settle_ms: 400,
            ringing_ms: 60_000,
            no_input_ms: 7_000,
            moment_ms: 40_000,
            no_input_prompts: 3,
            no_match_prompts: 3,
            pre_roll_ms: 300,
            resume_ms: 200,
            blip_ms: 80,
            cough_ms: 200,
            murmur_dbfs: -50.0,
            reopen_ms: 25_000,
            longest_turn_ms: 60_000,
            long_talk_ms: 15_000,
            transcript_ms: 5_000,
            reply_ms: 8_000,
            acknowledge_ms: 1_500,
            stall_ms: 3_000,
            apologies: 3,
            closing_ms: 15_000,
            hold_ms: 600_000,
            transfer_ms: 30_000,
            longest_call_ms: 3_600_000,
            turn: TurnConfig::default(),
            keypad: KeypadConfig::default(),
        }
    }
}

/// That many milliseconds, but never more than a day: a clock can be asked for that.
pub(super) const fn ms(n: u64) -> Duration {
    const DAY: u64 = 86_400_000;
    Duration::from_millis(if n < DAY { n } else { DAY })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_and_an_unknown_key_is_an_error() {
        assert_eq!(toml::from_str::<CallConfig>("").unwrap(), CallConfig::default());
        let config: CallConfig = toml::from_str("language = \"zh\"\n[turn.endpoint]\nopen_ms = 500").unwrap();
        assert_eq!((config.language, config.turn.endpoint.open_ms), (Language::ZH, 500));
        assert!(toml::from_str::<CallConfig>("no_input = 7").is_err());
    }
}
