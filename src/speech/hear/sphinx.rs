//! The embedded recogniser: PocketSphinx hears a grammar made of the pack's phrases and what is expected, while the caller speaks.
//! Never forces a sentence onto what lies outside of the grammar: that is [`Transcript::nothing`], with the reading as an alternative.
//!
//! Every senone of the acoustic model is scored in each 10 ms, so a path's score says how far it lies below the best that the
//! model could have made of the sound ("on-line garbage", Boite et al., Eurospeech 1993). In-grammar speech lies close, other
//! speech does not, or is swallowed by pauses that are far from silence; the thresholds of [`SphinxConfig`] are the operating point, measured by `cargo bench --bench hear`.
//!
//! Mandarin goes through English phones, for grammars of a few words only. It was never tried on people; of espeak-ng's Mandarin it
//! takes more than half right (`benches/hear.rs`), so what it hears is read back, and the keypad is what such a caller can count on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::audio::{Dbfs, MediaTime, SampleRate};
use crate::talk::{Alternative, Ending, Finality, Language, Transcript, Word};

use super::decoders::{Decoders, Lent};
use super::front::{self, Cepstrum, Front};
use super::lexicon::Lexicon;
use super::limits::Limits;
use super::phrase::Phrase;
use super::readings::{MOST_PATHS, base, is_long_enough, is_word, readings};
use super::sphinx_ffi::{Library, Segment, Span};
use super::vocabulary::{Sayable, Vocabulary};
use super::written::written;
use super::{Cancel, HearError, HearRequest, Hearing, Recognizer, SphinxConfig};

const NAME: &str = "sphinx";
/// The longest utterance that is heard a second time when it was not understood: it takes a twentieth of its length.
const SECOND_HEARING_SAMPLES: usize = 8 * 16_000;
/// Below this there is nothing to hear again.
const QUIET_DB: f32 = -60.0;
/// Sound between two partial transcripts.
const PARTIAL_EVERY_SAMPLES: usize = 960;

/// The embedded recogniser, shared by all calls.
pub struct Sphinx {
    decoders: Arc<Decoders>,
    config: SphinxConfig,
    vocabulary: Vocabulary,
}

impl Sphinx {
    /// Opens the library, the model and the dictionary, and makes one decoder ready. Phrases with a word that nothing can
    /// pronounce are left out of the grammars and told by [`Self::unpronounceable`].
    pub fn open(config: &SphinxConfig, phrases: Vec<Phrase>) -> Result<Self, HearError> {
        let library = if config.library.is_empty() { Library::open() } else { Library::open_at(&config.library) };
        let library = library.map_err(|e| failed(format!("{e}; apt-get install libpocketsphinx3 pocketsphinx-en-us")))?;
        let lexicon = Lexicon::read(&config.dictionary).map_err(|e| {
            failed(format!(
                "{}: {e}; apt-get install pocketsphinx-en-us, or set hear.sphinx.dictionary",
                config.dictionary.display()
            ))
        })?;
        let decoders = Decoders::open(library, config)?;
        Ok(Self { decoders, config: config.clone(), vocabulary: Vocabulary::new(lexicon, phrases) })
    }

    /// Phrases that cannot be heard, each with the words (or characters) that no rule can pronounce.
    pub fn unpronounceable(&self) -> BTreeMap<String, BTreeSet<String>> {
        self.vocabulary.unpronounceable()
    }

    /// Words whose pronunciation was only guessed from their letters.
    pub fn guessed(&self) -> Vec<String> {
        self.vocabulary.guessed()
    }
}

impl Recognizer for Sphinx {
    fn name(&self) -> &'static str {
        NAME
    }

    /// English; and of Mandarin some: what its small grammar holds, never free speech.
    fn hears(&self, language: Language) -> bool {
        language == Language::EN || language == Language::ZH
    }

    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
        if !self.hears(request.language) {
            return Err(failed(format!("it hears en and a little zh, not {}", request.language)));
        }
        let sayable = self.vocabulary.sayable(&request.expectation, request.language);
        let mut lent = self.decoders.lend(&sayable)?;
        if !lent.primed().decoder.start() {
            return Err(failed("the decoder could not begin an utterance"));
        }
        let limits = Limits::of(&self.config, request.language);
        let front = self.decoders.front();
        Ok(Box::new(Listening {
            decoders: Arc::clone(&self.decoders),
            lent,
            sayable,
            request,
            limits,
            front,
            frames: Vec::new(),
            pcm: Vec::new(),
            told: None,
            since_partial: 0,
            guessed: None,
            open: true,
        }))
    }

    /// From the next utterance on; those under way are heard to their end by what was known when they began.
    fn learn(&self, phrases: Vec<Phrase>) {
        self.vocabulary.teach(phrases);
        let unheard = self.unpronounceable().len();
        if unheard > 0 {
            tracing::warn!(unheard, "Some phrases of the edited pack cannot be pronounced and are not listened for.");
        }
    }
}

/// One utterance in a decoder.
struct Listening {
    decoders: Arc<Decoders>,
    lent: Lent,
    sayable: Arc<Sayable>,
    request: HearRequest,
    limits: Limits,
    /// Makes the features, where the decoder does not.
    front: Option<Front>,
    /// The features it made, as far as they may be heard a second time.
    frames: Vec<Cepstrum>,
    /// The sound, likewise.
    pcm: Vec<i16>,
    /// The partial transcript that was told last.
    told: Option<String>,
    since_partial: usize,
    /// What was heard at the second hearing, when the caller paused.
    guessed: Option<Transcript>,
    /// The decoder's utterance is still to be ended.
    open: bool,
}

impl Listening {
    fn take(&mut self, pcm: &[i16]) -> Result<(), HearError> {
        let Some(front) = &mut self.front else {
            let taken = pcm.is_empty() || self.lent.primed().decoder.process(pcm, Span::Piece);
            return taken.then_some(()).ok_or_else(|| failed("the decoder could not take the sound"));
        };
        let frames = front.push(pcm);
        self.take_frames(frames)
    }

    fn take_frames(&mut self, frames: Vec<Cepstrum>) -> Result<(), HearError> {
        let mean = self.front.as_ref().map(Front::expected).unwrap_or_default();
        if !self.lent.primed().decoder.process_cepstra(&front::normalised(&frames, &mean)) {
            return Err(failed("the decoder could not take the sound"));
        }
        if self.pcm.len() <= SECOND_HEARING_SAMPLES {
            self.frames.extend(frames);
        }
        Ok(())
    }

    fn end(&mut self) -> bool {
        std::mem::take(&mut self.open) && self.lent.primed().decoder.end()
    }

    /// Ends the decoder's utterance and reads what it made of it.
    fn conclude(&mut self) -> Result<Transcript, HearError> {
        if !self.end() {
            return Err(failed("the decoder could not end the utterance"));
        }
        // Without a path to an end of the grammar the best one so far is a half sentence, which nobody said.
        if !self.lent.primed().decoder.has_hypothesis() {
            self.lent.understands(false);
            return Ok(Transcript::nothing(self.request.language, NAME));
        }
        let heard = self.transcript(Finality::Final);
        self.lent.understands(!heard.is_nothing());
        Ok(heard)
    }

    fn is_worth_hearing_again(&self) -> bool {
        self.pcm.len() <= SECOND_HEARING_SAMPLES && Dbfs::of(&self.pcm).db() >= QUIET_DB
    }

    /// While it streams, an utterance is normalised by the mean of other callers; a new voice or line may fail by that alone. So what
    /// was not understood is heard once more, by its own mean.
    fn hear_again(&mut self) -> Result<Transcript, HearError> {
        let decoder = &mut self.lent.primed().decoder;
        self.open = decoder.start();
        let heard = match self.frames.is_empty() {
            false => decoder.process_cepstra(&front::normalised(&self.frames, &front::mean(&self.frames))),
            true => decoder.process(&self.pcm, Span::Whole),
        };
        if !(self.open && heard) {
            return Err(failed("the decoder could not hear the utterance again"));
        }
        self.conclude()
    }

    /// The same utterance for another decoder, which has heard nothing of it yet.
    fn with(&self, lent: Lent) -> Self {
        Self {
            decoders: Arc::clone(&self.decoders),
            lent,
            sayable: Arc::clone(&self.sayable),
            request: self.request.clone(),
            limits: self.limits,
            front: None,
            frames: self.frames.clone(),
            pcm: self.pcm.clone(),
            told: None,
            since_partial: 0,
            guessed: None,
            open: false,
        }
    }

    fn transcript(&mut self, finality: Finality) -> Transcript {
        let language = self.request.language;
        let segments = self.lent.primed().decoder.segments();
        let said: Vec<&Segment> = segments.iter().filter(|s| is_word(&s.word)).collect();
        if said.is_empty() {
            return Transcript { finality, ..Transcript::nothing(language, NAME) };
        }
        let confidence = self.limits.confidence(&segments);
        let words: Vec<Word> = said.iter().map(|s| self.word(s)).collect();
        let separator = if language == Language::ZH { "" } else { " " };
        let spoken = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(separator);
        let text = written(&spoken, language, &self.request.expectation);
        let ending = self.sayable.ending(&said.iter().map(|s| base(&s.word)).collect::<Vec<_>>().join(" "));
        let mut sure = Transcript { finality, confidence, words, ending, ..Transcript::of_text(text, language, NAME) };
        if finality == Finality::Final {
            self.compare(&mut sure);
        }
        if confidence.get() >= 0.5 && (finality == Finality::Partial || is_long_enough(&sure.text, &self.request.expectation)) {
            return sure;
        }
        let rejected = Alternative { text: sure.text, confidence };
        let alternatives = std::iter::once(rejected).chain(sure.alternatives).collect();
        Transcript { finality, confidence, alternatives, ..Transcript::nothing(language, NAME) }
    }

    /// Adds the other readings of an ended utterance. Where the best path has not as many digits as were asked for, the likeliest
    /// reading that has them stands for it, without times.
    fn compare(&mut self, heard: &mut Transcript) {
        let paths = self.lent.primed().decoder.paths(MOST_PATHS);
        let mut others = readings(&paths, heard.language, &self.request.expectation, heard.confidence);
        if !is_long_enough(&heard.text, &self.request.expectation) && !others.is_empty() {
            heard.text = others.remove(0).text;
            heard.words.clear();
        }
        others.retain(|other| other.text != heard.text);
        heard.alternatives = others;
    }

    fn word(&self, segment: &Segment) -> Word {
        let at = |frame: u32| {
            let sample = MediaTime::from_samples(u64::from(frame) * 160, SampleRate::HZ_16000);
            MediaTime::from_micros(self.request.from.as_micros() + sample.as_micros())
        };
        Word {
            text: base(&segment.word).to_owned(),
            from: at(segment.from_frame),
            to: at(segment.to_frame + 1),
            confidence: self.limits.confidence(std::slice::from_ref(segment)),
        }
    }
}

impl Hearing for Listening {
    fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError> {
        if self.request.cancel.is_cancelled() {
            return Err(HearError::Cancelled);
        }
        self.take(pcm)?;
        self.since_partial += pcm.len();
        if self.pcm.len() <= SECOND_HEARING_SAMPLES {
            self.pcm.extend_from_slice(pcm);
        }
        if self.since_partial < PARTIAL_EVERY_SAMPLES {
            return Ok(None);
        }
        self.since_partial = 0;
        let partial = self.transcript(Finality::Partial);
        self.lent.understands(!partial.is_nothing());
        if self.told.as_ref() == Some(&partial.text) {
            return Ok(None);
        }
        self.told = Some(partial.text.clone());
        Ok(Some(partial))
    }

    /// What is understood so far; where that is nothing another decoder hears it again, if one is free. Whether that is all it cannot
    /// tell: it takes half a sentence for the whole one that sounds most like it.
    fn guess(&mut self, _: &Cancel) -> Result<Option<Transcript>, HearError> {
        self.guessed = None;
        let streamed = self.transcript(Finality::Partial);
        if !streamed.is_nothing() || !self.is_worth_hearing_again() {
            return Ok(Some(streamed));
        }
        let Some(lent) = self.decoders.spare(&self.sayable)? else { return Ok(Some(streamed)) };
        let again = self.with(lent).hear_again()?;
        self.guessed = Some(again.clone());
        let better = if again.is_nothing() {
            streamed
        } else {
            Transcript { finality: Finality::Partial, ending: Ending::Unknown, ..again }
        };
        self.told = Some(better.text.clone());
        Ok(Some(better))
    }

    fn finish(mut self: Box<Self>, as_guessed: bool) -> Result<Transcript, HearError> {
        if self.request.cancel.is_cancelled() {
            return Err(HearError::Cancelled);
        }
        let waiting = self.front.as_mut().map(Front::finish).unwrap_or_default();
        self.take_frames(waiting)?;
        let streamed = self.conclude()?;
        if !streamed.is_nothing() || !self.is_worth_hearing_again() {
            return Ok(streamed);
        }
        self.guessed.take().filter(|_| as_guessed).map_or_else(|| self.hear_again(), Ok)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.end();
    }
}

fn failed(what: impl Into<String>) -> HearError {
    HearError::Backend { engine: NAME, what: what.into() }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::speech::speak::{Delivery, EngineKind, SpeakConfig, Synthesizer, open};
    use crate::talk::Expectation;

    fn phrases() -> Vec<Phrase> {
        let english =
            ["where is my order", "where is order {order_number}", "i want to return something", "what are your opening hours"];
        let chinese = ["查询订单", "我要退货", "营业时间"];
        let of = |texts: &[&str], language| {
            texts.iter().map(|t| Phrase { text: (*t).to_owned(), language, first: true }).collect::<Vec<_>>()
        };
        [of(&english, Language::EN), of(&chinese, Language::ZH)].concat()
    }

    /// The recogniser, or a named skip where its Debian packages are not there.
    fn sphinx(test: &str) -> Option<Sphinx> {
        match Sphinx::open(&SphinxConfig::default(), phrases()) {
            Ok(sphinx) => Some(sphinx),
            Err(error) => {
                println!("SKIP {test}: {error}");
                None
            }
        }
    }

    /// Speech in a telephone's band, with silence around it; none where flite is not there.
    #[cfg(feature = "flite")]
    fn spoken(test: &str, text: &str) -> Option<Vec<i16>> {
        use audio_codec_algorithms::{decode_ulaw, encode_ulaw};
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let config = SpeakConfig { engines: vec![EngineKind::Flite], ..SpeakConfig::default() };
        let data = tempfile::tempdir().expect("a folder");
        let voice = match open(&config, data.path(), runtime.handle()) {
            Ok(voice) if voice.speaks(Language::EN) => voice,
            _ => {
                println!("SKIP {test}: flite is not installed");
                return None;
            }
        };
        let mut pcm = vec![0; 3_200];
        let mut sink = |piece: &[i16]| {
            pcm.extend_from_slice(piece);
            ControlFlow::Continue(())
        };
        assert_eq!(voice.rate(Language::EN), SampleRate::HZ_16000);
        voice.synthesise(text, Language::EN, Delivery::default(), &mut sink).expect("speaks");
        pcm.extend([0; 6_400]);
        // Down to 8 kHz, through mu-law, and up again with every other sample made up.
        let line = narrow(&pcm).into_iter().step_by(2).map(|s| decode_ulaw(encode_ulaw(s)));
        let stuffed: Vec<i16> = line.flat_map(|s| [s.saturating_mul(2), 0]).collect();
        Some(narrow(&stuffed))
    }

    /// Nothing above 3.4 kHz: a windowed sinc of 63 taps.
    #[cfg(feature = "flite")]
    fn narrow(pcm: &[i16]) -> Vec<i16> {
        use std::f32::consts::PI;
        let cut = 2.0 * 3_400.0 / 16_000.0;
        let tap = |i: i32| {
            let window = 0.54 + 0.46 * (PI * i as f32 / 31.0).cos();
            window * if i == 0 { cut } else { (PI * cut * i as f32).sin() / (PI * i as f32) }
        };
        let taps: Vec<f32> = (-31..=31).map(tap).collect();
        pcm.windows(63).map(|w| w.iter().zip(&taps).map(|(&s, t)| f32::from(s) * t).sum::<f32>() as i16).collect()
    }

    fn hear(sphinx: &Sphinx, pcm: &[i16], expectation: Expectation) -> Transcript {
        let request =
            HearRequest { language: Language::EN, expectation, from: MediaTime::from_millis(1_000), cancel: Cancel::default() };
        let mut hearing = sphinx.start(request).expect("starts");
        for piece in pcm.chunks(320) {
            hearing.feed(piece).expect("takes sound");
        }
        hearing.finish(false).expect("ends")
    }

    #[cfg(feature = "flite")]
    #[test]
    fn a_pause_tells_what_was_said_and_changes_nothing() {
        let test = "a_pause_tells_what_was_said_and_changes_nothing";
        let (Some(sphinx), Some(order)) = (sphinx(test), spoken(test, "where is my order")) else { return };
        let request = || HearRequest {
            language: Language::EN,
            expectation: Expectation::Open,
            from: MediaTime::ZERO,
            cancel: Cancel::default(),
        };
        let heard = hear(&sphinx, &order, Expectation::Open);
        let mut hearing = sphinx.start(request()).expect("starts");
        // In the middle of a word, between two, and at the end.
        let pieces: Vec<&[i16]> = order.chunks(order.len() / 5).collect();
        let mut guesses = Vec::new();
        for piece in &pieces {
            hearing.feed(piece).expect("takes sound");
            guesses.push(hearing.guess(&Cancel::default()).expect("guesses").expect("a guess"));
        }
        let last = guesses.pop().expect("some");
        assert_eq!((last.text.as_str(), last.finality, last.ending), ("where is my order", Finality::Partial, Ending::Whole));
        assert!(guesses.iter().any(|guess| guess.ending != Ending::Whole), "{guesses:?}");
        assert_eq!(hearing.finish(true).expect("ends").text, heard.text);
    }

    #[cfg(feature = "flite")]
    #[test]
    fn what_is_in_the_grammar_is_heard_on_a_phone_line() {
        let test = "what_is_in_the_grammar_is_heard_on_a_phone_line";
        let (Some(sphinx), Some(order)) = (sphinx(test), spoken(test, "where is my order")) else { return };
        let heard = hear(&sphinx, &order, Expectation::Open);
        assert_eq!(heard.text, "where is my order", "{:?}", heard.alternatives);
        assert!(heard.confidence.get() > 0.5);
        assert!(heard.words.windows(2).all(|w| w[0].to <= w[1].from), "{:?}", heard.words);
        assert!(heard.words[0].from > MediaTime::from_millis(1_100));
        // Which digits it were is sometimes wrong in a telephone's band (benches/digits.rs); that it was four of them is not.
        let Some(digits) = spoken(test, "four two seven one") else { return };
        let heard = hear(&sphinx, &digits, Expectation::Digits { min: 4, max: 4, sensitive: false }).text;
        assert!(heard.len() == 4 && heard.bytes().all(|b| b.is_ascii_digit()), "{heard}");
    }

    #[cfg(feature = "flite")]
    #[test]
    fn what_is_outside_the_grammar_is_nothing_and_not_the_nearest_phrase() {
        let test = "what_is_outside_the_grammar_is_nothing_and_not_the_nearest_phrase";
        let Some(sphinx) = sphinx(test) else { return };
        for text in ["my grandmother used to bake apple pies on sunday", "purple elephants dance quietly in the moonlight"] {
            let Some(pcm) = spoken(test, text) else { return };
            assert!(hear(&sphinx, &pcm, Expectation::Open).is_nothing(), "{text}");
        }
    }

    #[cfg(feature = "flite")]
    #[test]
    fn an_edited_packs_phrases_are_heard_from_the_next_utterance_on() {
        let test = "an_edited_packs_phrases_are_heard_from_the_next_utterance_on";
        let text = "where is my order";
        let (Some(sphinx), Some(pcm)) = (sphinx(test), spoken(test, text)) else { return };
        assert_eq!(hear(&sphinx, &pcm, Expectation::Open).text, text);
        sphinx.learn(Vec::new());
        assert!(hear(&sphinx, &pcm, Expectation::Open).is_nothing());
        sphinx.learn(vec![Phrase { text: "where is order".to_owned(), language: Language::EN, first: true }]);
        assert!(sphinx.vocabulary.sayable(&Expectation::Open, Language::EN).fsg.contains(" order\n"));
        sphinx.learn(vec![Phrase { text: text.to_owned(), language: Language::EN, first: true }]);
        assert_eq!(hear(&sphinx, &pcm, Expectation::Open).text, text);
    }

    #[cfg(feature = "flite")]
    #[test]
    fn a_sentence_is_heard_after_noise_silence_and_speech_that_was_not_understood() {
        let test = "a_sentence_is_heard_after_noise_silence_and_speech_that_was_not_understood";
        let (Some(sphinx), Some(pcm)) = (sphinx(test), spoken(test, "where is my order")) else { return };
        let noise: Vec<i16> = (0..8_000u32).map(|n| ((n.wrapping_mul(2_654_435_761) >> 20) as i16 - 2_048) / 16).collect();
        let pin = Expectation::Digits { min: 4, max: 4, sensitive: true };
        for (before, expectation) in [(&noise, Expectation::Open), (&vec![0; 8_000], Expectation::YesNo), (&pcm, pin)] {
            assert!(hear(&sphinx, before, expectation).is_nothing());
            assert_eq!(hear(&sphinx, &pcm, Expectation::Open).text, "where is my order");
        }
    }

    #[test]
    fn silence_is_nothing_and_decoders_come_back() {
        let Some(sphinx) = sphinx("silence_is_nothing_and_decoders_come_back") else { return };
        for expectation in [Expectation::Open, Expectation::YesNo, Expectation::Spelling, Expectation::Date, Expectation::Open] {
            assert!(hear(&sphinx, &[0; 16_000], expectation).is_nothing());
        }
        // One utterance given up half way leaves its decoder usable.
        let request = HearRequest {
            language: Language::ZH,
            expectation: Expectation::YesNo,
            from: MediaTime::ZERO,
            cancel: Cancel::default(),
        };
        let mut hearing = sphinx.start(request.clone()).expect("starts");
        hearing.feed(&[0; 4_000]).expect("takes sound");
        request.cancel.cancel();
        assert!(matches!(hearing.feed(&[0; 320]), Err(HearError::Cancelled)));
        drop(hearing);
        assert!(hear(&sphinx, &[0; 16_000], Expectation::YesNo).is_nothing());
    }

    #[test]
    fn every_grammar_of_both_languages_is_taken_by_the_library() {
        let Some(sphinx) = sphinx("every_grammar_of_both_languages_is_taken_by_the_library") else { return };
        for language in [Language::EN, Language::ZH] {
            for expectation in [
                Expectation::Open,
                Expectation::YesNo,
                Expectation::Digits { min: 1, max: 16, sensitive: true },
                Expectation::Spelling,
                Expectation::Date,
                Expectation::Time,
                Expectation::Amount,
                Expectation::Number,
                Expectation::Name,
                Expectation::Address,
            ] {
                let request =
                    HearRequest { language, expectation: expectation.clone(), from: MediaTime::ZERO, cancel: Cancel::default() };
                let started = sphinx.start(request).map(drop);
                assert!(started.is_ok(), "{language} {expectation:?}: {started:?}");
            }
        }
    }

    #[test]
    fn more_utterances_than_decoders_wait_and_are_refused_in_the_end_with_the_setting_to_raise() {
        let config = SphinxConfig { decoders: 1, wait_ms: 50, ..SphinxConfig::default() };
        let Ok(sphinx) = Sphinx::open(&config, Vec::new()) else {
            return println!("SKIP more_utterances_than_decoders: PocketSphinx is not installed");
        };
        let request = HearRequest {
            language: Language::EN,
            expectation: Expectation::YesNo,
            from: MediaTime::ZERO,
            cancel: Cancel::default(),
        };
        let first = sphinx.start(request.clone()).expect("the one decoder");
        assert!(sphinx.start(request.clone()).err().expect("none is left").to_string().contains("hear.sphinx.decoders"));
        drop(first);
        assert!(sphinx.start(request.clone()).is_ok());
        let patient = SphinxConfig { wait_ms: 60_000, ..config };
        let sphinx = Sphinx::open(&patient, Vec::new()).expect("opens");
        std::thread::scope(|scope| {
            let first = sphinx.start(request.clone()).expect("the one decoder");
            let second = scope.spawn(|| sphinx.start(request.clone()).map(drop));
            drop(first);
            assert!(second.join().expect("ends").is_ok());
        });
    }

    #[test]
    fn characters_without_a_pronunciation_are_reported() {
        let phrase = |text: &str| Phrase { text: text.to_owned(), language: Language::ZH, first: true };
        let Ok(sphinx) = Sphinx::open(&SphinxConfig::default(), vec![phrase("龘货"), phrase("退货")]) else {
            return println!("SKIP characters_without_a_pronunciation: PocketSphinx is not installed");
        };
        assert_eq!(sphinx.unpronounceable()["龘货"], BTreeSet::from(["龘".to_owned()]));
    }
}
