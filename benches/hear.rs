//! How well the embedded recogniser hears callers spoken by flite and espeak-ng in a telephone's band: sentence errors in
//! the grammar, what is rejected in and outside of it, time to the final transcript and real-time factor.
//! Never judges; prints figures. `cargo bench --profile dev --bench hear`, with `-- noise` behind it only what noise does, with `-- mandarin` only Mandarin.

mod callers;

use std::path::Path;
use std::time::Instant;

use callers::{Dice, spoken, street, telephone};
use hotline::audio::MediaTime;
use hotline::audio::wav::Sound;
use hotline::business::Pack;
use hotline::engine::phrases;
use hotline::speech::hear::sphinx::Sphinx;
use hotline::speech::hear::{Cancel, FrontEnd, HearRequest, Phrase, Recognizer, SphinxConfig};
use hotline::speech::speak::{EngineKind, FliteVoice, SpeakConfig, Synthesizer, open};
use hotline::talk::{Expectation, Language, Transcript};

const PHRASES: &[&str] = &[
    "where is my order",
    "where is order {order_number}",
    "return something",
    "what are your opening hours",
    "the status of my order",
    "how long does delivery take",
    "i want my money back",
    "do you ship abroad",
    "cancel my order",
    "change my address",
    "how can i pay",
    "thank you that's all",
    "my parcel is damaged",
    "what is your return policy",
];
const INSIDE: &[&str] = &[
    "where is my order",
    "i want to return something",
    "what are your opening hours",
    "i'd like to speak to an agent please",
    "can you tell me the status of my order",
    "how long does delivery take",
    "i want my money back",
    "do you ship abroad",
    "cancel my order please",
    "um i would like to change my address",
    "how can i pay",
    "goodbye",
    "thank you that's all",
    "my parcel is damaged",
    "what is your return policy",
];
const OUTSIDE: &[&str] = &[
    "the weather is lovely in lisbon today",
    "my grandmother used to bake apple pies on sunday",
    "have you seen the football match last night",
    "the cat sat on the windowsill and purred",
    "please turn down the radio in the kitchen",
    "purple elephants dance quietly",
    "what a strange idea",
    "my neighbour plays the trumpet very badly",
    "could you fetch the ladder from the garage",
    "the stock market fell sharply on monday",
    "let us meet at the station",
    "dinner is ready",
    "look at that big red bus",
    "stop doing that",
    "it was raining all afternoon",
    "my phone battery is almost dead",
    "i forgot my umbrella on the train",
];
const YES_NO: &[(&str, bool)] = &[
    ("yes", true),
    ("no", false),
    ("yes please", true),
    ("no thank you", false),
    ("yeah that's right", true),
    ("that's correct", true),
    ("nope", false),
    ("sure", true),
    ("no that's wrong", false),
    ("i don't think so", false),
];
const DIGITS: &[(&str, &str)] = &[
    ("four two seven one", "4271"),
    ("nine zero three five", "9035"),
    ("double five eight six", "5586"),
    ("one one two six eight", "11268"),
    ("seven oh four two", "7042"),
    ("three nine six one", "3961"),
];
const CHINESE: &[(&str, Want, &str)] = &[
    ("是的。", Want::YesNo, "是的"),
    ("不是。", Want::YesNo, "不是"),
    ("对。", Want::YesNo, "对"),
    ("好的。", Want::YesNo, "好的"),
    ("不用了。", Want::YesNo, "不用了"),
    ("不对。", Want::YesNo, "不对"),
    ("可以。", Want::YesNo, "可以"),
    ("不要。", Want::YesNo, "不要"),
    ("四二七一。", Want::Digits, "4271"),
    ("九零三五。", Want::Digits, "9035"),
    ("五五八六。", Want::Digits, "5586"),
    ("查询订单。", Want::Open, "查询订单"),
    ("我要退货。", Want::Open, "我要退货"),
    ("营业时间。", Want::Open, "营业时间"),
    ("转人工。", Want::Open, "转人工"),
    ("人工服务。", Want::Open, "人工服务"),
];

const CHINESE_OUTSIDE: &[&str] = &[
    "今天天气真好。",
    "我奶奶喜欢做饺子。",
    "昨天的足球比赛很精彩。",
    "请把收音机关小一点。",
    "猫在窗台上睡觉。",
    "周末我们去爬山吧。",
    "这本书很有意思。",
    "火车晚点了半个小时。",
    "孩子们在院子里玩。",
    "我忘了带雨伞。",
];

#[derive(Clone, Copy)]
enum Want {
    Open,
    YesNo,
    Digits,
}

impl Want {
    fn expectation(self) -> Expectation {
        match self {
            Self::Open => Expectation::Open,
            Self::YesNo => Expectation::YesNo,
            Self::Digits => Expectation::Digits { min: 4, max: 5, sensitive: false },
        }
    }
}

/// The recogniser, the callers' voices, and what it took.
struct Trial {
    sphinx: Sphinx,
    voices: Vec<hotline::speech::speak::Voices>,
    finals_ms: Vec<f64>,
    sound_s: f64,
    work_s: f64,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let data = tempfile::tempdir().expect("a folder");
    let english = PHRASES.iter().map(|t| Phrase { text: (*t).to_owned(), language: Language::EN, first: true });
    let chinese =
        ["查询订单", "我要退货", "营业时间"].map(|t| Phrase { text: t.to_owned(), language: Language::ZH, first: true });
    let mut config = SphinxConfig { library: std::env::var("SPHINX_LIBRARY").unwrap_or_default(), ..SphinxConfig::default() };
    let set = |name, value: &mut f32| *value = std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(*value);
    if std::env::var("FRONT_END").is_ok_and(|f| f == "model") {
        config.front_end = FrontEnd::Model;
    }
    set("WORD_INSERTION", &mut config.word_insertion);
    set("REJECT_ABOVE", &mut config.reject_above);
    set("REJECT_WORD_ABOVE", &mut config.reject_word_above);
    set("MANDARIN_LEEWAY", &mut config.mandarin_leeway);
    let sphinx_config = config.clone();
    let sphinx = match Sphinx::open(&config, english.chain(chinese).collect()) {
        Ok(sphinx) => sphinx,
        Err(error) => return println!("SKIP hear: {error}"),
    };
    let config = |voice| {
        let mut config = SpeakConfig { engines: vec![EngineKind::Flite, EngineKind::Espeak], ..SpeakConfig::default() };
        config.flite.voice = voice;
        config
    };
    let voices = FliteVoice::ALL.iter().filter_map(|v| open(&config(*v), data.path(), runtime.handle()).ok()).collect();
    let mut trial = Trial { sphinx, voices, finals_ms: Vec::new(), sound_s: 0.0, work_s: 0.0 };

    let only = |part: &str| std::env::args().any(|arg| arg == part);
    match () {
        () if only("noise") => return trial.noise("packs/shop", &sphinx_config),
        () if only("mandarin") => return trial.mandarin(),
        () => {}
    }
    let inside: Vec<_> = INSIDE.iter().map(|t| (*t, Expectation::Open, *t)).collect();
    trial.english("phrases, open", &inside, |wanted, heard| wanted == heard);
    let digits: Vec<_> = DIGITS.iter().map(|(t, w)| (*t, Want::Digits.expectation(), *w)).collect();
    trial.english("digit strings", &digits, |wanted, heard| wanted == heard);
    let yes_no: Vec<_> = YES_NO.iter().map(|(t, yes)| (*t, Expectation::YesNo, if *yes { "+" } else { "-" })).collect();
    let negative = |heard: &str| ["no", "nope", "nah", "wrong", "don't", "not"].iter().any(|w| heard.split(' ').any(|h| h == *w));
    trial.english("yes or no", &yes_no, |wanted, heard| negative(heard) == (wanted == "-"));
    for (name, expectation) in
        [("open", Expectation::Open), ("yes or no", Expectation::YesNo), ("digits", Want::Digits.expectation())]
    {
        trial.outside(name, &expectation);
    }
    trial.people();
    trial.mandarin();
    trial.report();
    for folder in ["packs/shop", "packs/bank"] {
        trial.pack(folder, &sphinx_config);
    }
    trial.noise("packs/shop", &sphinx_config);
}

impl Trial {
    fn english(&mut self, name: &str, cases: &[(&str, Expectation, &str)], right: impl Fn(&str, &str) -> bool) {
        let (mut all, mut wrong, mut rejected) = (0, 0, 0);
        for (text, expectation, wanted) in cases {
            for voice in 0..self.voices.len() {
                let pcm = said(&self.voices[voice], text, Language::EN);
                let heard = self.hear(&pcm, expectation, Language::EN);
                all += 1;
                if heard.is_nothing() {
                    rejected += 1;
                } else if !right(wanted, &heard.text) {
                    wrong += 1;
                    println!("  {name}: {text:?} heard as {:?} ({:.2})", heard.text, heard.confidence.get());
                }
            }
        }
        println!("{name}: {all} sentences, {wrong} wrong, {rejected} rejected");
    }

    fn outside(&mut self, name: &str, expectation: &Expectation) {
        let (mut all, mut accepted) = (0, 0);
        for text in OUTSIDE {
            for voice in 0..self.voices.len() {
                let pcm = said(&self.voices[voice], text, Language::EN);
                let heard = self.hear(&pcm, expectation, Language::EN);
                all += 1;
                accepted += usize::from(!heard.is_nothing());
                if !heard.is_nothing() {
                    println!("  outside, {name}: {text:?} heard as {:?} ({:.2})", heard.text, heard.confidence.get());
                }
            }
        }
        println!("outside the grammar, {name}: {all} sentences, {accepted} accepted");
    }

    /// People's voices from pocketsphinx-testdata: nothing that they say is in the grammar.
    fn people(&mut self) {
        let (mut all, mut accepted) = (0, 0);
        for folder in ["librivox", "cards"] {
            let Ok(files) = std::fs::read_dir(Path::new("/usr/share/pocketsphinx/test/data").join(folder)) else { continue };
            for path in files.flatten().map(|f| f.path()).filter(|p| p.extension().is_some_and(|e| e == "wav")) {
                let Ok(sound) =
                    std::fs::File::open(&path).map_err(|e| e.to_string()).and_then(|f| Sound::read(f).map_err(|e| e.to_string()))
                else {
                    continue;
                };
                let heard = self.hear(&telephone(&sound.pcm, sound.rate), &Expectation::Open, Language::EN);
                all += 1;
                accepted += usize::from(!heard.is_nothing());
            }
        }
        println!("people outside the grammar (pocketsphinx-testdata): {all} recordings, {accepted} accepted");
    }

    fn learn(&mut self, folder: &str, config: &SphinxConfig) -> Vec<Phrase> {
        let pack = Pack::load(Path::new(folder)).expect("a pack of this project");
        let phrases = phrases(&pack);
        self.sphinx = Sphinx::open(config, phrases.clone()).expect("opens");
        phrases
    }

    /// A whole pack's grammar in a street's noise: one in sixteen of its phrases, sentences outside, and the noise alone.
    fn noise(&mut self, folder: &str, config: &SphinxConfig) {
        let phrases = self.learn(folder, config);
        let plain: Vec<&Phrase> = phrases.iter().filter(|p| p.language == Language::EN && !p.text.contains('{')).collect();
        for snr_db in [20.0, 15.0, 10.0, 5.0] {
            let mut dice = Dice(7);
            let mut hear = |trial: &mut Self, text: &str, voice: usize| {
                let (pcm, rate) = spoken(&trial.voices[voice % trial.voices.len()], text, Language::EN);
                let pcm = telephone(&street(&pcm, snr_db, &mut dice), rate);
                trial.hear(&pcm, &Expectation::Open, Language::EN)
            };
            let letters = |text: &str| text.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect::<String>();
            let said: Vec<(&str, Transcript)> =
                plain.iter().step_by(16).enumerate().map(|(n, p)| (p.text.as_str(), hear(self, &p.text, n))).collect();
            let rejected = said.iter().filter(|(_, heard)| heard.is_nothing()).count();
            let right = said.iter().filter(|(text, heard)| letters(text) == letters(&heard.text)).count();
            let outside = OUTSIDE.iter().enumerate().filter(|(n, text)| !hear(self, text, *n).is_nothing()).count();
            let alone = (0..30).filter(|n| {
                let quiet = vec![0; 3_200 + 1_600 * (n % 10)];
                let mut noise = street(&[vec![3_000; 16_000], quiet].concat(), snr_db, &mut dice).split_off(16_000);
                noise.truncate(3_200 + 1_600 * (n % 10));
                let pcm = telephone(&noise, hotline::audio::SampleRate::HZ_16000);
                !self.hear(&pcm, &Expectation::Open, Language::EN).is_nothing()
            });
            println!(
                "street noise, {snr_db} dB: {} said, {} heard otherwise, {rejected} rejected; outside {outside} of {} accepted; noise alone {} of 30",
                said.len(),
                said.len() - right - rejected,
                OUTSIDE.len(),
                alone.count()
            );
        }
    }

    /// The grammar of a whole pack: one in eight of its phrases without a slot, said as it stands there.
    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
    fn pack(&mut self, folder: &str, config: &SphinxConfig) {
        let phrases = self.learn(folder, config);
        for (what, expectation) in
            [("first", Expectation::Open), ("next", Expectation::Open), ("digits", Want::Digits.expectation())]
        {
            let begun = Instant::now();
            self.hear(&[0; 320], &expectation, Language::EN);
            println!("{folder}, {what} utterance: a decoder is ready after {:.0} ms", begun.elapsed().as_secs_f64() * 1_000.0);
        }
        (self.finals_ms, self.sound_s, self.work_s) = (Vec::new(), 0.0, 0.0);
        let plain = phrases.iter().filter(|p| p.language == Language::EN && !p.text.contains('{'));
        let texts: Vec<&str> = plain.map(|p| p.text.as_str()).collect();
        let (mut all, mut wrong, mut rejected) = (0, 0, 0);
        for (n, text) in texts.iter().step_by(8).enumerate() {
            let pcm = said(&self.voices[n % self.voices.len()], text, Language::EN);
            let heard = self.hear(&pcm, &Expectation::Open, Language::EN);
            let letters = |text: &str| text.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect::<String>();
            all += 1;
            rejected += usize::from(heard.is_nothing());
            wrong += usize::from(!heard.is_nothing() && letters(&heard.text) != letters(text));
        }
        println!(
            "{folder}: {} English phrases in the grammar; {all} said, {wrong} heard otherwise, {rejected} rejected",
            texts.len()
        );
        self.outside(folder, &Expectation::Open);
        self.report();
    }

    fn report(&mut self) {
        self.finals_ms.sort_by(f64::total_cmp);
        let at = |q: f64| self.finals_ms[(self.finals_ms.len() as f64 * q) as usize];
        let factor = self.work_s / self.sound_s;
        println!(
            "finish to final transcript: p50 {:.1} ms, p95 {:.1} ms (wall); real-time factor {factor:.3}",
            at(0.5),
            at(0.95)
        );
    }

    fn mandarin(&mut self) {
        let (mut wrong, mut rejected) = (0, 0);
        for (text, want, wanted) in CHINESE {
            let pcm = said(&self.voices[0], text, Language::ZH);
            let heard = self.hear(&pcm, &want.expectation(), Language::ZH);
            if heard.is_nothing() {
                rejected += 1;
                println!("  mandarin: {text} rejected, {:?}", heard.alternatives.first().map(|a| (&a.text, a.confidence.get())));
            } else if heard.text != *wanted {
                wrong += 1;
                println!("  mandarin: {text} heard as {}", heard.text);
            }
        }
        let wants = [Want::Open, Want::YesNo, Want::Digits];
        let outside = CHINESE_OUTSIDE.iter().flat_map(|text| wants.iter().map(move |want| (text, want)));
        let accepted = outside.filter(|(text, want)| {
            let heard = self.hear(&said(&self.voices[0], text, Language::ZH), &want.expectation(), Language::ZH);
            if !heard.is_nothing() {
                println!("  outside, mandarin: {text} heard as {} ({:.2})", heard.text, heard.confidence.get());
            }
            !heard.is_nothing()
        });
        println!(
            "mandarin by espeak-ng: {} sentences, {wrong} wrong, {rejected} rejected; outside {} of {} accepted",
            CHINESE.len(),
            accepted.count(),
            CHINESE_OUTSIDE.len() * wants.len()
        );
    }

    #[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
    fn hear(&mut self, pcm: &[i16], expectation: &Expectation, language: Language) -> Transcript {
        let request =
            HearRequest { language, expectation: expectation.clone(), from: MediaTime::ZERO, cancel: Cancel::default() };
        let mut hearing = self.sphinx.start(request).expect("starts");
        let begun = Instant::now();
        for piece in pcm.chunks(320) {
            hearing.feed(piece).expect("takes sound");
        }
        let ended = Instant::now();
        let heard = hearing.finish(false).expect("ends");
        self.finals_ms.push(ended.elapsed().as_secs_f64() * 1_000.0);
        self.work_s += begun.elapsed().as_secs_f64();
        self.sound_s += pcm.len() as f64 / 16_000.0;
        heard
    }
}

fn said(voice: &impl Synthesizer, text: &str, language: Language) -> Vec<i16> {
    let (pcm, rate) = spoken(voice, text, language);
    telephone(&pcm, rate)
}
