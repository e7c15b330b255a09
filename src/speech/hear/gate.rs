//! No invented words: what a free recogniser writes over silence, noise or music is turned away.
//! Never judges a grammar's result, and never the meaning of a sentence.

use crate::audio::Dbfs;

/// What is known of a reading besides its text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence {
    /// The model's own probability that nobody spoke.
    pub no_speech: f32,
    /// Mean log-probability of the tokens.
    pub mean_logprob: f32,
    /// Length of the sound.
    pub seconds: f32,
    /// Its level.
    pub level: Dbfs,
}

/// Why a reading was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invented {
    /// The model itself thinks that nobody spoke, and is unsure of the words.
    NoSpeech,
    /// The words are hardly likelier than any others.
    Unlikely,
    /// The same again and again, or more words than can be said in the time.
    Repetition,
    /// A sentence that such models learned from subtitles of silence.
    Stock,
}

/// Ends of videos, in subtitles. Someone may truly say "thank you", so the short ones count only in quiet or short sound.
const STOCK: &[&str] = &[
    "thanks for watching",
    "thank you for watching",
    "please subscribe",
    "subscribe to my channel",
    "like and subscribe",
    "see you in the next video",
    "subtitles by",
    "transcribed by",
    "amara.org",
    "[music]",
    "(music)",
    "♪",
    "请不吝点赞",
    "点赞",
    "订阅",
    "字幕",
    "谢谢观看",
    "感谢观看",
    "明镜",
    "下期再见",
    "請不吝點讚",
    "訂閱",
    "謝謝觀看",
];
const STOCK_IN_QUIET: &[&str] = &["thank you", "thanks", "you", "bye", "bye bye", "okay", "so", "谢谢", "謝謝", "再见", "嗯"];

const QUIET: f32 = -45.0;
const MIN_WORD_S: f32 = 0.08;

/// Whether a reading is to be turned away, and why (limits after openai/whisper `transcribe.py`: 0.6, −1.0, 2.4).
pub fn invented(text: &str, evidence: &Evidence) -> Option<Invented> {
    let plain: String = text.to_lowercase().chars().filter(|c| !"。，！？,.!?\"".contains(*c)).collect();
    let plain = plain.trim();
    let quiet = evidence.level.db() < QUIET;
    match () {
        () if evidence.no_speech > 0.6 && (evidence.mean_logprob < -0.5 || quiet) => Some(Invented::NoSpeech),
        () if evidence.mean_logprob < -1.0 => Some(Invented::Unlikely),
        () if repeats(plain, evidence.seconds) => Some(Invented::Repetition),
        () if STOCK.iter().any(|stock| plain.contains(stock)) => Some(Invented::Stock),
        () if (quiet || evidence.no_speech > 0.4) && STOCK_IN_QUIET.contains(&plain) => Some(Invented::Stock),
        () => None,
    }
}

/// More than 2.4 times the same, counted in pairs of words (or characters), or faster than anyone speaks.
fn repeats(text: &str, seconds: f32) -> bool {
    let units: Vec<String> = if text.is_ascii() {
        text.split_whitespace().map(str::to_owned).collect()
    } else {
        text.chars().filter(|c| !c.is_whitespace()).map(String::from).collect()
    };
    if units.len() as f32 * MIN_WORD_S > seconds.max(0.5) + 0.5 {
        return true;
    }
    let pairs: Vec<&[String]> = units.windows(2).collect();
    let distinct = pairs.iter().collect::<std::collections::BTreeSet<_>>().len();
    pairs.len() >= 8 && pairs.len() as f32 / distinct as f32 > 2.4
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEECH: Evidence = Evidence { no_speech: 0.05, mean_logprob: -0.2, seconds: 3.0, level: Dbfs::new(-22.0) };

    #[test]
    fn what_was_said_passes() {
        for text in ["Where is my order?", "Thank you.", "四二七一", "yes yes yes", "one one one one one one one"] {
            assert_eq!(invented(text, &SPEECH), None, "{text}");
        }
    }

    #[test]
    fn subtitles_of_silence_are_turned_away() {
        for text in ["Thanks for watching!", "请不吝点赞 订阅", "字幕由社区提供", "♪"] {
            assert_eq!(invented(text, &SPEECH), Some(Invented::Stock), "{text}");
        }
        let quiet = Evidence { level: Dbfs::new(-60.0), ..SPEECH };
        assert_eq!(invented("Thank you.", &quiet), Some(Invented::Stock));
    }

    #[test]
    fn the_models_own_doubts_count() {
        assert_eq!(invented("hello", &Evidence { no_speech: 0.9, mean_logprob: -0.8, ..SPEECH }), Some(Invented::NoSpeech));
        assert_eq!(invented("hello", &Evidence { mean_logprob: -1.4, ..SPEECH }), Some(Invented::Unlikely));
    }

    #[test]
    fn loops_and_impossible_speed_are_turned_away() {
        let looped = "i am going ".repeat(9);
        assert_eq!(invented(&looped, &Evidence { seconds: 20.0, ..SPEECH }), Some(Invented::Repetition));
        assert_eq!(
            invented(&"word and other things ".repeat(8), &Evidence { seconds: 1.0, ..SPEECH }),
            Some(Invented::Repetition)
        );
        assert_eq!(invented(&"对不起".repeat(8), &Evidence { seconds: 9.0, ..SPEECH }), Some(Invented::Repetition));
    }
}
