//! What the end-pointer measures of each pause in recordings, as the training script of `models/end-of-turn.md` reads it.
//! Never judges: whether a pause was the end is where the recording ends.
//!
//! `cargo bench --bench pauses < LIST`: paths of wavs on standard input (8 or 16 kHz), one JSON line a pause of 120 ms or more.

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use std::fs::File;
use std::io::{BufReader, stdin};
use std::time::Duration;

use hotline::audio::wav::Sound;
use hotline::audio::{FRAME, Frame, MediaTime};
use hotline::call::turn::{Cadence, Measures};
use hotline::media::{MediaConfig, PortFormat, Uplink};

/// A pause is looked at after so much silence; it ends with 60 ms of speech.
const LOOK: u32 = 6;
const RESUMED: u32 = 3;

fn main() {
    for path in stdin().lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
        match pauses(path.trim()) {
            Ok(pauses) => pauses.iter().for_each(|pause| println!("{pause}")),
            Err(error) => eprintln!("{path}: {error}"),
        }
    }
}

/// The pauses of one recording, which ends with one.
fn pauses(path: &str) -> Result<Vec<serde_json::Value>, Box<dyn std::error::Error>> {
    let mut sound = Sound::read(BufReader::new(File::open(path)?))?;
    sound.pcm.extend(vec![0; sound.rate.hz() as usize]);
    let mut uplink = Uplink::new(PortFormat::Pcm(sound.rate), &MediaConfig::default());
    let (mut cadence, mut now, mut told) = (Cadence::default(), Duration::ZERO, Vec::new());
    let (mut speaking, mut silent, mut spoken) = (0u32, 0u32, 0u32);
    let mut open: Option<(Measures, f32, u32)> = None;
    let line = |(measures, finality, silent): (Measures, f32, u32), ends: bool, spoken: u32| {
        let named: serde_json::Map<_, _> =
            Measures::NAMES.iter().zip(measures.values()).map(|(name, value)| ((*name).to_owned(), value.into())).collect();
        let (pause_ms, spoken_ms) = ((FRAME * silent).as_millis(), (FRAME * spoken).as_millis());
        serde_json::json!({ "file": path, "ends": ends, "pause_ms": pause_ms as u64, "spoken_ms": spoken_ms as u64,
                            "finality": finality, "measures": named })
    };
    for piece in sound.pcm.chunks_exact(sound.rate.frame_len()) {
        uplink.push(&Frame::new(piece, sound.rate, MediaTime::ZERO));
        now += FRAME;
        let heard = uplink.pull(now);
        cadence.hear(&heard);
        if heard.speech.get() >= 0.5 {
            if spoken == 0 {
                cadence.begin(FRAME);
            }
            speaking += 1;
            spoken += 1;
            if speaking >= RESUMED {
                told.extend(open.take().map(|open| line(open, false, spoken - speaking)));
                silent = 0;
            }
        } else if spoken > 0 {
            silent += 1 + std::mem::take(&mut speaking).min(RESUMED - 1);
            if silent >= LOOK && open.is_none() {
                let silence = FRAME * silent;
                open = cadence.measures(silence).map(|measures| (measures, cadence.finality(silence), silent));
            }
            if let Some((_, _, length)) = &mut open {
                *length = silent;
            }
        }
    }
    told.extend(open.map(|open| line(open, true, spoken)));
    Ok(told)
}
