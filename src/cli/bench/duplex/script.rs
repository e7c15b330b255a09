//! The moments of a duplex run: who says what, when, under which noise. Read from YAML, strictly.
//! Never makes a sound.

use serde::Deserialize;

use crate::talk::Language;

/// The moments that the program carries.
pub const BUILT_IN: &str = include_str!("moments.yaml");

/// Speech over noise, in dB; the first is a quiet line.
pub const NOISES: [Option<f32>; 3] = [None, Some(20.0), Some(10.0)];

/// What a caller does in a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Says something while the bot is silent.
    Turn,
    /// Dictates a number that was asked for.
    Dictated,
    /// Shows that he listens while the bot speaks.
    Backchannel,
    /// Coughs or clears his throat while the bot speaks.
    Tic,
    /// Speaks to somebody else while the bot speaks.
    SideTalk,
    /// Interrupts the bot.
    Interruption,
}

impl Kind {
    /// Whether the bot speaks when it happens.
    pub const fn is_over_the_bot(self) -> bool {
        matches!(self, Self::Backchannel | Self::Tic | Self::SideTalk | Self::Interruption)
    }

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Turn => "turn",
            Self::Dictated => "dictated",
            Self::Backchannel => "backchannel",
            Self::Tic => "tic",
            Self::SideTalk => "side talk",
            Self::Interruption => "interruption",
        }
    }
}

/// A part of what is uttered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Piece {
    /// Milliseconds of silence; of a tic, of coughing.
    Ms(u64),
    /// Words.
    Words(String),
    /// Hums with closed lips, so many milliseconds each.
    Hums {
        /// Their lengths.
        hum: Vec<u64>,
    },
}

/// Something that happens between a caller and the bot.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The language spoken.
    pub language: Language,
    /// Never tuned on.
    pub held_out: bool,
    /// What is done.
    pub kind: Kind,
    /// What is uttered.
    pub pieces: Vec<Piece>,
    /// Speech over noise in dB.
    pub snr_db: Option<f32>,
    /// Its number in the run.
    pub number: usize,
}

impl Moment {
    /// What is uttered, for people.
    pub fn text(&self) -> String {
        let cough = self.kind == Kind::Tic;
        let piece = |piece: &Piece| match piece {
            Piece::Words(words) => words.clone(),
            Piece::Hums { hum } if hum.len() > 1 => "(mm-hmm)".to_owned(),
            Piece::Hums { .. } => "(mm)".to_owned(),
            Piece::Ms(ms) if cough => format!("(cough {ms} ms)"),
            Piece::Ms(ms) => format!("({ms})"),
        };
        self.pieces.iter().map(piece).collect::<Vec<_>>().join(" ")
    }

    /// Whether there is a pause inside.
    pub fn pauses(&self) -> bool {
        self.kind != Kind::Tic && self.pieces.iter().any(|piece| matches!(piece, Piece::Ms(_)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    language: Language,
    #[serde(default)]
    held_out: bool,
    #[serde(default)]
    turns: Vec<Vec<Piece>>,
    #[serde(default)]
    dictated: Vec<Vec<Piece>>,
    #[serde(default)]
    backchannels: Vec<Piece>,
    #[serde(default)]
    tics: Vec<Piece>,
    #[serde(default)]
    side_talk: Vec<Piece>,
    #[serde(default)]
    interruptions: Vec<Vec<Piece>>,
}

/// The moments of these sets, each at every noise level.
///
/// # Errors
/// What is wrong with the text and in which line.
pub fn parse(text: &str) -> Result<Vec<Moment>, String> {
    let sets: Vec<Written> = serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |at| at.line());
        format!("line {line}: {}", error.without_snippet())
    })?;
    let mut moments = Vec::new();
    for set in sets {
        let single = |pieces: Vec<Piece>| pieces.into_iter().map(|piece| vec![piece]).collect();
        let kinds: [(Kind, Vec<Vec<Piece>>); 6] = [
            (Kind::Turn, set.turns),
            (Kind::Dictated, set.dictated),
            (Kind::Backchannel, single(set.backchannels)),
            (Kind::Tic, single(set.tics)),
            (Kind::SideTalk, single(set.side_talk)),
            (Kind::Interruption, set.interruptions),
        ];
        for (kind, utterances) in kinds {
            for pieces in utterances {
                if kind != Kind::Tic && pieces.iter().all(|piece| matches!(piece, Piece::Ms(_))) {
                    return Err(format!("a {} without a word: {pieces:?}", kind.name()));
                }
                for snr_db in NOISES {
                    let number = moments.len();
                    let (language, held_out) = (set.language, set.held_out);
                    moments.push(Moment { language, held_out, kind, pieces: pieces.clone(), snr_db, number });
                }
            }
        }
    }
    Ok(moments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_set_is_as_large_as_it_says() {
        let moments = parse(BUILT_IN).expect("it is whole");
        let of = |language| moments.iter().filter(|moment| moment.language == language).count();
        assert!(of(Language::EN) >= 300 && of(Language::ZH) >= 100, "{} and {}", of(Language::EN), of(Language::ZH));
        for language in [Language::EN, Language::ZH] {
            for held_out in [false, true] {
                for kind in [Kind::Turn, Kind::Dictated, Kind::Backchannel, Kind::Tic, Kind::SideTalk, Kind::Interruption] {
                    let is = |m: &&Moment| (m.language, m.held_out, m.kind) == (language, held_out, kind);
                    assert!(moments.iter().any(|m| is(&m)), "{language} {kind:?}");
                }
            }
        }
    }

    #[test]
    fn faults_are_told_where_they_are() {
        assert!(parse("- language: en\n  turns:\n    - [hello]\n  shouts: []").expect_err("no such kind").starts_with("line 4"));
        assert!(parse("- language: en\n  turns: [[300]]").expect_err("nothing is said").contains("without a word"));
    }
}
