//! How well the embedded recogniser hears numbers said digit by digit: strings of 4, 6 and 10 by each flite voice and espeak-ng's
//! English, grouped as people group them ("double five", "oh"), at G.711, clean and with noise; and what other speech becomes
//! while digits are expected. Never judges; prints figures. `cargo bench --profile dev --bench digits`.

mod callers;

use std::collections::BTreeMap;

use callers::{Dice, noisy, spoken, telephone};
use hotline::audio::MediaTime;
use hotline::audio::wav::Sound;
use hotline::speech::hear::sphinx::Sphinx;
use hotline::speech::hear::{Cancel, FrontEnd, HearRequest, Recognizer, SphinxConfig};
use hotline::speech::speak::{EngineKind, FliteVoice, SpeakConfig, Voices, open};
use hotline::talk::{Expectation, Language, Transcript};

const WORDS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
/// How many digits are said, and how many are expected.
const LENGTHS: [(usize, u8, u8); 3] = [(4, 4, 5), (6, 5, 7), (10, 8, 12)];
const NOISE_DB: f32 = 20.0;
const OUTSIDE: &[&str] = &[
    "the weather is lovely in lisbon today",
    "my grandmother used to bake apple pies on sunday",
    "could you fetch the ladder from the garage",
    "dinner is ready",
    "it was raining all afternoon",
    "i forgot my umbrella on the train",
    "where did i put that letter",
    "hold on a moment i have to look for it",
    "i don't have it here with me",
    "just a second",
    "let me find my glasses",
    "why do you need my number",
    "i don't know it by heart",
    "that is on the other page",
    "she went to the shops to buy some bread",
];

/// What became of some strings.
#[derive(Default, Clone, Copy)]
struct Tally {
    strings: usize,
    right: usize,
    rejected: usize,
    among: usize,
    digits: usize,
    digit_errors: usize,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let data = tempfile::tempdir().expect("a folder");
    let mut config = SphinxConfig::default();
    if std::env::var("FRONT_END").is_ok_and(|f| f == "model") {
        config.front_end = FrontEnd::Model;
    }
    let set = |name, value: &mut f32| *value = std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(*value);
    set("WORD_INSERTION", &mut config.word_insertion);
    set("REJECT_ABOVE", &mut config.reject_above);
    set("REJECT_WORD_ABOVE", &mut config.reject_word_above);
    set("REJECT_PAUSE_ABOVE", &mut config.reject_pause_above);
    let sphinx = match Sphinx::open(&config, Vec::new()) {
        Ok(sphinx) => sphinx,
        Err(error) => return println!("SKIP digits: {error}"),
    };
    let each: usize = std::env::var("STRINGS").ok().and_then(|n| n.parse().ok()).unwrap_or(6);
    let voice = |engines: &[EngineKind], flite| {
        let mut config = SpeakConfig { engines: engines.to_vec(), ..SpeakConfig::default() };
        config.flite.voice = flite;
        open(&config, data.path(), runtime.handle()).ok()
    };
    let flite = FliteVoice::ALL.iter().filter_map(|v| Some((format!("{v:?}"), voice(&[EngineKind::Flite], *v)?)));
    let voices: Vec<(String, Voices)> =
        flite.chain(voice(&[EngineKind::Espeak], FliteVoice::ALL[0]).map(|v| ("espeak-ng".to_owned(), v))).collect();
    let mut tallies: BTreeMap<(usize, &str, &str), Tally> = BTreeMap::new();
    for (name, voice) in &voices {
        let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
        for (length, min, max) in LENGTHS {
            for _ in 0..each {
                let digits: String = (0..length).map(|_| char::from(b'0' + dice.below(10) as u8)).collect();
                let (pcm, rate) = spoken(voice, &said(&digits, &mut dice), Language::EN);
                let expectation = Expectation::Digits { min, max, sensitive: false };
                for (line, pcm) in [("clean", pcm.clone()), ("noise", noisy(&pcm, NOISE_DB, &mut dice))] {
                    let heard = hear(&sphinx, &telephone(&pcm, rate), &expectation);
                    for who in [name.as_str(), "all"] {
                        tallies.entry((length, line, who)).or_default().count(&digits, &heard);
                    }
                }
            }
        }
    }
    outside(&sphinx, &voices);
    people(&sphinx);
    for ((length, line, who), tally) in &tallies {
        println!("{length} digits, {line}, {who}: {}", tally.told());
    }
}

impl Tally {
    fn count(&mut self, wanted: &str, heard: &Transcript) {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let best = digits(&heard.text);
        self.strings += 1;
        self.right += usize::from(best == wanted);
        self.rejected += usize::from(heard.is_nothing());
        self.among += usize::from(best == wanted || heard.alternatives.iter().any(|a| digits(&a.text) == wanted));
        if !heard.is_nothing() {
            self.digits += wanted.len();
            self.digit_errors += edits(wanted, &best);
        }
    }

    fn told(&self) -> String {
        let share = |n: usize, of: usize| 100.0 * n as f32 / of.max(1) as f32;
        format!(
            "{:.0} % right, {:.0} % among the alternatives, {:.0} % rejected, digit errors {:.1} % (n={})",
            share(self.right, self.strings),
            share(self.among, self.strings),
            share(self.rejected, self.strings),
            share(self.digit_errors, self.digits),
            self.strings
        )
    }
}

/// As a person reads a number out: in groups, doubles named now and then, zero or oh.
fn said(digits: &str, dice: &mut Dice) -> String {
    let zero = ["zero", "oh"][dice.below(2)];
    let pause = [" ", ", "][dice.below(2)];
    let word = |d: char| if d == '0' { zero } else { WORDS[d.to_digit(10).expect("a digit") as usize] };
    let mut rest: Vec<char> = digits.chars().rev().collect();
    let (mut text, mut left) = (String::new(), 0);
    while let Some(digit) = rest.pop() {
        if left == 0 {
            left = 2 + dice.below(3);
            text.push_str(if text.is_empty() { "" } else { pause });
        } else {
            text.push(' ');
        }
        left -= 1;
        if rest.last() == Some(&digit) && dice.below(2) == 0 {
            rest.pop();
            left = left.saturating_sub(1);
            text.push_str("double ");
        }
        text.push_str(word(digit));
    }
    text
}

/// The least insertions, deletions and substitutions between two strings.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let cost = (corner + usize::from(x != *y)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = std::mem::replace(&mut row[j + 1], cost);
        }
    }
    row[b.len()]
}

fn hear(sphinx: &Sphinx, pcm: &[i16], expectation: &Expectation) -> Transcript {
    let request = HearRequest {
        language: Language::EN,
        expectation: expectation.clone(),
        from: MediaTime::ZERO,
        cancel: Cancel::default(),
    };
    let mut hearing = sphinx.start(request).expect("starts");
    for piece in pcm.chunks(320) {
        hearing.feed(piece).expect("takes sound");
    }
    let heard = hearing.finish(false).expect("ends");
    if std::env::var("TELL").is_ok() {
        let first = heard.alternatives.first().map(|a| a.text.clone());
        println!("  {expectation:?} {:?} ({:.3}) {first:?}", heard.text, heard.confidence.get());
    }
    heard
}

/// Other speech while digits are expected: a number out of it is a false one; a word such as "no" is not counted.
fn outside(sphinx: &Sphinx, voices: &[(String, Voices)]) {
    let (mut all, mut accepted) = (0, 0);
    // The shortest numbers are the easiest to read into other speech.
    let (_, min, max) = LENGTHS[0];
    for (_, voice) in voices {
        for text in OUTSIDE {
            let (pcm, rate) = spoken(voice, text, Language::EN);
            let heard = hear(sphinx, &telephone(&pcm, rate), &Expectation::Digits { min, max, sensitive: false });
            all += 1;
            accepted += usize::from(heard.text.chars().any(|c| c.is_ascii_digit()));
        }
    }
    println!("other speech under digits: {accepted} of {all} became a number ({:.0} %)", 100.0 * accepted as f32 / all as f32);
}

/// What people said in recordings of the Debian package `pocketsphinx-testdata`.
fn people(sphinx: &Sphinx) {
    let folder = std::path::Path::new("/usr/share/pocketsphinx/test/data");
    for (file, wanted) in [("tidigits/dhd.2934z.raw", "29340"), ("numbers.raw", "")] {
        let Ok(bytes) = std::fs::read(folder.join(file)) else { continue };
        let pcm: Vec<i16> = bytes.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        let heard = hear(
            sphinx,
            &telephone(&pcm, hotline::audio::SampleRate::HZ_16000),
            &Expectation::Digits { min: 4, max: 12, sensitive: false },
        );
        println!(
            "a person, {file} ({wanted}): {:?}, else {:?}",
            heard.text,
            heard.alternatives.iter().map(|a| &a.text).collect::<Vec<_>>()
        );
    }
    let Ok(files) = std::fs::read_dir(folder.join("librivox")) else { return };
    let (mut all, mut accepted) = (0, 0);
    for path in files.flatten().map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "wav")) {
        let Some(sound) = std::fs::File::open(&path).ok().and_then(|f| Sound::read(f).ok()) else { continue };
        let heard = hear(sphinx, &telephone(&sound.pcm, sound.rate), &Expectation::Digits { min: 4, max: 12, sensitive: false });
        all += 1;
        accepted += usize::from(heard.text.chars().any(|c| c.is_ascii_digit()));
    }
    println!("people reading a novel under digits: {accepted} of {all} became a number");
}
