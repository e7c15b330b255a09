//! Speech frames in a row: hysteresis on probability and level, short gaps bridged.
//! Never decides what a run of speech means; that depends on who has the floor.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audio::{Dbfs, FRAME, MediaTime};
use crate::talk::Heard;

/// What counts as speech.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectorConfig {
    /// A frame begins speech at this probability …
    pub on: f32,
    /// … and the frames after it go on being speech down to this one.
    pub off: f32,
    /// A quieter frame is never speech.
    pub floor_dbfs: f32,
    /// Speech this long opens a turn when nobody else speaks.
    pub onset_ms: u64,
    /// Speech this long goes on with a turn that is open.
    pub continue_ms: u64,
    /// A longer gap ends a run.
    pub bridge_ms: u64,
    /// Frames made up for lost ones continue speech for this long.
    pub conceal_ms: u64,
    /// Frames softer than the loudest of their run by more than this hold it open and are not counted as voiced: they may be
    /// all that a detector adds to a short sound (20 to 60 ms).
    pub held_db: f32,
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self {
            on: 0.5,
            off: 0.35,
            floor_dbfs: -60.0,
            onset_ms: 60,
            continue_ms: 40,
            bridge_ms: 100,
            conceal_ms: 60,
            held_db: 15.0,
        }
    }
}

/// A stretch of speech without a real gap.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Run {
    /// Its first speech frame.
    pub from: MediaTime,
    /// End of its last speech frame.
    pub last: MediaTime,
    /// Speech in it, gaps and made-up frames not counted.
    pub spoken: Duration,
    /// Speech in it that no detector can have made up after a short loud sound.
    pub voiced: Duration,
    /// Its loudest frame.
    pub peak: Dbfs,
    received: MediaTime,
}

/// Finds runs of speech, frame by frame.
#[derive(Debug, Clone)]
pub struct SpeechDetector {
    config: DetectorConfig,
    run: Option<Run>,
    deaf_until: MediaTime,
}

impl SpeechDetector {
    /// Hears nothing yet.
    pub const fn new(config: DetectorConfig) -> Self {
        Self { config, run: None, deaf_until: MediaTime::ZERO }
    }

    /// Takes the next frame in; says whether it is speech.
    pub fn hear(&mut self, heard: &Heard) -> bool {
        let speech = self.is_speech(heard);
        let end = heard.at + FRAME;
        match &mut self.run {
            Some(run) if speech => run.extend(heard, end, self.config.held_db),
            None if speech => self.run = Some(Run::new(heard, end)),
            Some(run) if end.since(run.last) > Duration::from_millis(self.config.bridge_ms) => self.run = None,
            Some(_) | None => {}
        }
        speech
    }

    /// The speech that is going on, or ended less than a bridge ago.
    pub const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// The same, if at least this much of it is voiced.
    pub fn run_of(&self, least: Duration) -> Option<Run> {
        self.run.filter(|run| run.voiced >= least)
    }

    /// Forgets the run: it belongs to a turn that is over.
    pub const fn reset(&mut self) {
        self.run = None;
    }

    /// Forgets the run and takes nothing for speech until then.
    pub fn deafen(&mut self, until: MediaTime) {
        self.run = None;
        self.deaf_until = self.deaf_until.max(until);
    }

    fn is_speech(&self, heard: &Heard) -> bool {
        if heard.at < self.deaf_until || heard.level.db() < self.config.floor_dbfs {
            return false;
        }
        let ongoing = self.run.filter(|run| run.last >= heard.at);
        match ongoing {
            Some(run) if heard.concealed => heard.at.since(run.received) < Duration::from_millis(self.config.conceal_ms),
            None if heard.concealed => false,
            Some(_) => heard.speech.get() >= self.config.off,
            None => heard.speech.get() >= self.config.on,
        }
    }
}

/// What a detector may add to a sound, generously.
const ADDED: Duration = Duration::from_millis(80);

impl Run {
    /// How long it is at least: its voiced frames, or all of it but what a detector may have added. Hisses and stops between its voiced
    /// sounds count where there are not more of them.
    pub fn lasting(&self) -> Duration {
        let whole = self.last.since(self.from);
        let speech = if self.voiced * 2 >= whole { whole } else { self.spoken };
        self.voiced.max(speech.saturating_sub(ADDED))
    }

    fn new(heard: &Heard, end: MediaTime) -> Self {
        Self { from: heard.at, last: end, spoken: FRAME, voiced: FRAME, peak: heard.level, received: end }
    }

    fn extend(&mut self, heard: &Heard, end: MediaTime, held_db: f32) {
        self.last = self.last.max(end);
        if heard.concealed {
            return;
        }
        self.received = self.received.max(end);
        self.spoken += FRAME;
        if heard.level.db() >= self.peak.db() - held_db {
            self.voiced += FRAME;
        }
        if heard.level > self.peak {
            self.peak = heard.level;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::talk::Probability;

    use super::*;

    /// One character a frame: `.` silence, `s` speech, `h` soft speech, `m` between the thresholds, `q` speech below the floor, `x` concealed.
    fn detector_after(frames: &str) -> SpeechDetector {
        let mut detector = SpeechDetector::new(DetectorConfig::default());
        for (n, c) in frames.chars().enumerate() {
            let (speech, level, concealed) = match c {
                's' => (0.9, -20.0, false),
                'h' => (0.9, -36.0, false),
                'm' => (0.4, -20.0, false),
                'q' => (0.9, -70.0, false),
                'x' => (0.9, -20.0, true),
                _ => (0.0, -70.0, false),
            };
            detector.hear(&Heard {
                speech: Probability::new(speech),
                level: Dbfs::new(level),
                concealed,
                ..Heard::nothing(MediaTime::from_millis(n as u64 * 20))
            });
        }
        detector
    }

    fn spoken_ms(frames: &str) -> Option<u128> {
        detector_after(frames).run().map(|run| run.spoken.as_millis())
    }

    #[test]
    fn doubtful_frames_go_on_with_speech_and_do_not_begin_it() {
        assert_eq!(spoken_ms("..mmm"), None);
        assert_eq!(spoken_ms("..smm"), Some(60));
        assert_eq!(spoken_ms("..s.m"), Some(20));
        assert_eq!(spoken_ms("..qqq"), None);
    }

    #[test]
    fn a_short_gap_is_bridged_and_a_long_one_ends_the_run() {
        assert_eq!(spoken_ms("ss...ss"), Some(80));
        assert_eq!(spoken_ms("ss......ss"), Some(40));
        assert_eq!(detector_after("ss...ss").run().map(|run| run.from), Some(MediaTime::ZERO));
    }

    #[test]
    fn what_a_detector_adds_to_a_short_sound_is_not_voiced() {
        let run = *detector_after("..shhh").run().unwrap();
        assert_eq!((run.spoken.as_millis(), run.voiced.as_millis()), (80, 20));
        assert_eq!(detector_after("..hhss").run().unwrap().voiced.as_millis(), 80, "a soft beginning is");
        assert_eq!(detector_after("..shhhss").run_of(Duration::from_millis(80)), None);
    }

    #[test]
    fn made_up_frames_continue_speech_briefly_and_never_begin_it() {
        assert_eq!(spoken_ms("xxx"), None);
        let run = *detector_after("sxxxx").run().unwrap();
        assert_eq!((run.spoken.as_millis(), run.last), (20, MediaTime::from_millis(80)));
    }

    #[test]
    fn a_key_tone_is_not_speech() {
        let mut detector = detector_after("sss");
        detector.deafen(MediaTime::from_millis(360));
        assert_eq!(detector.run(), None);
        let at = MediaTime::from_millis(340);
        let heard = Heard { speech: Probability::ONE, level: Dbfs::new(-10.0), ..Heard::nothing(at) };
        assert!(!detector.hear(&heard));
        assert!(detector.hear(&Heard { at: MediaTime::from_millis(360), ..heard }));
    }
}
