//! What callers feel, on lines written before the lexicon was (`en.csv`, `zh.csv`) and after it was done (`fresh_*.csv`).
//! Never tunes anything: `dev_*.csv` are for that.

use std::path::Path;
use std::time::Duration;

use hotline::audio::Dbfs;
use hotline::business::Pack;
use hotline::cli::eval::emotion::{Outcome, read};
use hotline::talk::{Language, Pitch, Prosody};

use super::Caller;

fn outcome(name: &str, language: Language) -> Outcome {
    let file = format!("tests/dialogue/emotion/{name}{language}.csv");
    let outcome = Outcome::of(read(Path::new(&file)).unwrap(), language);
    let (accuracy, error) = (100.0 * outcome.accuracy(), outcome.calibration_error());
    println!("{file}: {} lines, {accuracy:.1} % right, calibration error {error:.3}\n{}", outcome.read.len(), outcome.table());
    outcome
}

#[test]
fn feelings_are_read_right_in_82_of_100_held_out_lines() {
    for language in [Language::EN, Language::ZH] {
        let outcome = outcome("", language);
        assert!(outcome.read.len() >= 200);
        assert!(outcome.accuracy() >= 0.82 && outcome.balanced() >= 0.82);
    }
}

/// Idioms and situations that no entry was written for: the honest lower bound, kept from falling.
#[test]
fn what_no_entry_was_written_for_is_mostly_read_as_neutral_and_not_as_the_opposite() {
    use hotline::business::emotion::Emotion::{Angry, Neutral, Pleased, Upset};
    for language in [Language::EN, Language::ZH] {
        let outcome = outcome("fresh_", language);
        let opposite = |(is, read)| matches!((is, read), (Angry | Upset, Pleased) | (Pleased, Angry | Upset));
        let wrong_way: usize = outcome.confusion().into_iter().filter(|(pair, _)| opposite(*pair)).map(|(_, n)| n).sum();
        assert!(10 * wrong_way <= outcome.read.len(), "{wrong_way} of {} are taken for their opposite", outcome.read.len());
        let plain = outcome.confusion().into_iter().filter(|((is, read), _)| *is == Neutral && *read != Neutral);
        assert!(plain.map(|(_, n)| n).sum::<usize>() <= 4, "calm callers are not to be soothed");
    }
}

#[test]
fn a_turn_is_read_within_a_millisecond() {
    let lines = read(Path::new("tests/dialogue/emotion/en.csv")).unwrap();
    let leave = Pack::load(Path::new("packs/shop")).unwrap().emotion().leave().expect("the shop reads feelings");
    #[expect(clippy::disallowed_methods, reason = "a test measures")]
    let started = std::time::Instant::now();
    for line in &lines {
        hotline::business::emotion::Emotion::of_words(leave, &line.text, Language::EN, &[]);
    }
    let each = started.elapsed() / lines.len() as u32;
    println!("{each:?} a turn");
    assert!(each.as_micros() < 1_000, "{each:?}");
}

/// The way a caller usually speaks, and the same voice raised: louder, faster, higher, livelier.
fn voice(raised: bool) -> Prosody {
    let (level, hz, range, rate) = if raised { (-18.0, 165.0, 9.0, 5.5) } else { (-30.0, 120.0, 5.0, 4.0) };
    Prosody {
        level: Dbfs::new(level),
        pitch: Some(Pitch { median_hz: hz, range_semitones: range }),
        syllables_per_s: rate,
        speech: Duration::from_secs(2),
        over_bot: if raised { Duration::from_secs(1) } else { Duration::ZERO },
    }
}

/// What is answered to the same words after three calm turns, and whether a person was offered.
async fn answers(raised: bool) -> (String, String) {
    let mut caller = Caller::new(Language::EN).await;
    for words in ["when are you open", "how much is the shipping", "when are you open"] {
        caller.dialogue.sounded(voice(false));
        caller.say(words).await;
    }
    caller.dialogue.sounded(voice(raised));
    let first = caller.say("where is my order, I am still waiting").await;
    caller.dialogue.sounded(voice(raised));
    (first, caller.say("where is my order, I am still waiting").await)
}

#[tokio::test]
async fn the_same_words_said_angrily_are_answered_in_another_way_than_said_calmly() {
    let (calm, calm_again) = answers(false).await;
    let (angry, angry_again) = answers(true).await;
    assert_ne!(calm, angry, "an angry voice is met with an apology");
    assert!(angry.to_lowercase().contains("sorry"), "{angry}");
    assert!(!calm_again.contains("colleague") && angry_again.contains("colleague"), "{calm_again} / {angry_again}");
}
