//! A piper voice's description and how its phonemes become the model's input.
//! Never runs a model; the rules are those of piper1-gpl (`phoneme_ids.py`, `voice.py`).

use std::collections::HashMap;

use serde::Deserialize;

use crate::audio::SampleRate;

const PAD: &str = "_";
const BEGIN: &str = "^";
const END: &str = "$";

/// What espeak-ng writes composed and the voices know decomposed only (Unicode NFD).
const DECOMPOSED: [(char, &str); 6] =
    [('ç', "c\u{327}"), ('ã', "a\u{303}"), ('õ', "o\u{303}"), ('ẽ', "e\u{303}"), ('ĩ', "i\u{303}"), ('ũ', "u\u{303}")];

/// The `.onnx.json` beside a voice. Keys that are not needed to speak are ignored.
#[derive(Debug, Clone, Deserialize)]
struct Description {
    audio: Audio,
    espeak: EspeakVoice,
    #[serde(default)]
    inference: Inference,
    #[serde(default = "one")]
    num_speakers: u32,
    #[serde(default)]
    phoneme_type: PhonemeType,
    phoneme_id_map: HashMap<String, Vec<i64>>,
}

#[derive(Debug, Clone, Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Debug, Clone, Deserialize)]
struct EspeakVoice {
    voice: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(default)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Default for Inference {
    /// piper's own values.
    fn default() -> Self {
        Self { noise_scale: 0.667, length_scale: 1.0, noise_w: 0.8 }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum PhonemeType {
    #[default]
    Espeak,
    Text,
    Pinyin,
}

fn one() -> u32 {
    1
}

/// A voice's description, checked.
#[derive(Debug, Clone)]
pub(super) struct Vits {
    ids: HashMap<String, Vec<i64>>,
    longest: usize,
    inference: Inference,
    /// Samples per second.
    pub rate: SampleRate,
    /// The espeak-ng voice that makes its phonemes.
    pub phonemes_of: String,
    /// How many speakers the model holds; with more than one it wants to be told which.
    pub speakers: u32,
}

impl Vits {
    /// Reads the `.onnx.json`; the error says what is wrong with it.
    pub(super) fn parse(json: &[u8]) -> Result<Self, String> {
        let described: Description = serde_json::from_slice(json).map_err(|error| format!("no piper voice: {error}"))?;
        let kind = described.phoneme_type;
        if kind != PhonemeType::Espeak {
            return Err(format!("it speaks from {kind:?} phonemes, which are not supported; take a voice made with espeak-ng's"));
        }
        let ids = described.phoneme_id_map;
        for symbol in [PAD, BEGIN, END] {
            if ids.get(symbol).is_none_or(Vec::is_empty) {
                return Err(format!("its phoneme_id_map has no {symbol:?}"));
            }
        }
        let hz = described.audio.sample_rate;
        Ok(Self {
            longest: ids.keys().map(|symbol| symbol.chars().count()).max().unwrap_or(1),
            ids,
            inference: described.inference,
            rate: SampleRate::new(hz).ok_or_else(|| format!("it speaks at {hz} Hz; 8000 to 48000 are supported"))?,
            phonemes_of: described.espeak.voice,
            speakers: described.num_speakers,
        })
    }

    /// The model's input for phonemes in IPA: begin, pad, then each symbol's ids and a pad, then end. A symbol of several
    /// characters is taken whole; one the voice does not know is left out.
    pub(super) fn ids(&self, phonemes: &str) -> Vec<i64> {
        let chars: Vec<char> = decomposed(phonemes, &self.ids);
        let mut ids = [&self.ids[BEGIN][..], &self.ids[PAD]].concat();
        let mut at = 0;
        while at < chars.len() {
            let lengths = (1..=self.longest.min(chars.len() - at)).rev();
            let known = lengths.filter_map(|n| Some((n, self.ids.get(&chars[at..at + n].iter().collect::<String>())?))).next();
            if let Some((_, symbol)) = known {
                ids.extend(symbol);
                ids.extend(&self.ids[PAD]);
            }
            at += known.map_or(1, |(length, _)| length);
        }
        ids.extend(&self.ids[END]);
        ids
    }

    /// Noise, length and duration noise, as the model takes them; a faster rate is a shorter length.
    pub(super) fn scales(&self, rate: f32) -> [f32; 3] {
        [self.inference.noise_scale, self.inference.length_scale / rate, self.inference.noise_w]
    }
}

/// What piper speaks for a clause: espeak-ng's phonemes without language switches, and the clause's own closing mark.
pub(super) fn with_mark(phonemes: &[String], clause: &str) -> String {
    let joined = phonemes.iter().map(|part| without_switches(part)).collect::<Vec<_>>().join(", ");
    let mark = match clause.trim_end().chars().next_back() {
        Some('?' | '？') => "?",
        Some('!' | '！') => "!",
        Some(',' | '，' | '、') => ",",
        Some(';' | '；') => ";",
        Some(':' | '：') => ":",
        _ => ".",
    };
    format!("{}{mark}", joined.trim())
}

/// espeak-ng marks a word of another language by `(en)` before and `(cmn)` after it.
fn without_switches(phonemes: &str) -> String {
    let mut depth = 0_u32;
    let outside = |c: &char| match c {
        '(' => {
            depth += 1;
            false
        }
        ')' => {
            depth = depth.saturating_sub(1);
            false
        }
        _ => depth == 0,
    };
    phonemes.chars().filter(outside).collect()
}

fn decomposed(phonemes: &str, ids: &HashMap<String, Vec<i64>>) -> Vec<char> {
    let mut chars = Vec::new();
    for c in phonemes.chars() {
        match DECOMPOSED.iter().find(|(composed, _)| *composed == c) {
            Some((_, parts)) if !ids.contains_key(c.encode_utf8(&mut [0; 4]) as &str) => chars.extend(parts.chars()),
            _ => chars.push(c),
        }
    }
    chars
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(map: &str, more: &str) -> Result<Vits, String> {
        let json =
            format!(r#"{{"audio":{{"sample_rate":22050}},"espeak":{{"voice":"en-us"}},"phoneme_id_map":{{{map}}}{more}}}"#);
        Vits::parse(json.as_bytes())
    }

    const MARKS: &str = r#""_":[0],"^":[1],"$":[2]"#;

    #[test]
    fn ids_follow_piper_begin_pad_symbols_with_pads_end() {
        let voice = voice(&format!(r#"{MARKS},"h":[20],"ə":[59,60]"#), "").expect("a voice");
        assert_eq!(voice.ids("hə"), [1, 0, 20, 0, 59, 60, 0, 2]);
    }

    #[test]
    fn symbols_of_several_characters_are_taken_whole() {
        let voice = voice(&format!(r#"{MARKS},"a":[5],"ɪ":[6],"aɪ":[7]"#), "").expect("a voice");
        assert_eq!(voice.ids("aɪa"), [1, 0, 7, 0, 5, 0, 2]);
    }

    #[test]
    fn unknown_symbols_are_left_out_and_composed_ones_taken_apart() {
        let voice = voice(&format!(r#"{MARKS},"c":[8],"̧":[9]"#), "").expect("a voice");
        assert_eq!(voice.ids("ç☃"), [1, 0, 8, 0, 9, 0, 2]);
    }

    #[test]
    fn a_voice_without_speaker_map_is_read_and_a_faster_rate_is_shorter() {
        let voice = voice(MARKS, r#","inference":{"length_scale":1.2},"num_speakers":4"#).expect("a voice");
        assert_eq!((voice.speakers, voice.rate.hz()), (4, 22_050));
        assert_eq!(voice.scales(1.5), [0.667, 0.8, 0.8]);
    }

    #[test]
    fn broken_descriptions_say_what_is_wrong() {
        for (map, more, told) in [
            (r#""^":[1],"$":[2]"#, "", "\"_\""),
            (MARKS, r#","phoneme_type":"pinyin""#, "Pinyin"),
            (MARKS, r#","num_speakers":"many""#, "\"many\""),
        ] {
            let error = voice(map, more).expect_err(told);
            assert!(error.contains(told), "{error}");
        }
        assert!(Vits::parse(b"{").is_err());
        let fast = br#"{"audio":{"sample_rate":96000},"espeak":{"voice":"en"},"phoneme_id_map":{"_":[0],"^":[1],"$":[2]}}"#;
        assert!(Vits::parse(fast).expect_err("too fast").contains("96000"));
    }

    #[test]
    fn the_closing_mark_is_the_clauses_own_and_switches_go() {
        assert_eq!(with_mark(&["ni2 (en)həlˈəʊ(cmn)".to_owned()], "你 hello？"), "ni2 həlˈəʊ?");
        assert_eq!(with_mark(&["a".to_owned(), "b".to_owned()], "a, b"), "a, b.");
    }
}
