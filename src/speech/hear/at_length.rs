//! Who talks for a minute is heard in pieces: what was said up to a pause is settled there, and the engine begins afresh behind it.
//! Never cuts where somebody speaks unless there was no pause at all, and changes nothing of a turn of ordinary length.

use std::sync::Arc;
use std::time::Duration;

use super::{Cancel, HearError, HearRequest, Hearing, Phrase, Recognizer};
use crate::audio::SampleRate;
use crate::talk::{Finality, Language, Probability, Transcript};

const SECOND: usize = SampleRate::HZ_16000.hz() as usize;
/// A piece of so many samples ends at the next pause: 10 s.
const ENOUGH: usize = 10 * SECOND;
/// Here it ends, pause or not: whisper looks at 30 s at most.
const MOST: usize = 28 * SECOND;

/// A recogniser that hears long turns in pieces.
pub struct AtLength(pub Arc<dyn Recognizer>);

impl Recognizer for AtLength {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn hears(&self, language: Language) -> bool {
        self.0.hears(language)
    }

    fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
        let piece = self.0.start(request.clone())?;
        Ok(Box::new(Pieces { ear: Arc::clone(&self.0), request, said: None, piece: Some(piece), fed: 0, settled: false }))
    }

    fn learn(&self, phrases: Vec<Phrase>) {
        self.0.learn(phrases);
    }
}

/// One turn.
struct Pieces {
    ear: Arc<dyn Recognizer>,
    /// Of the piece at hand.
    request: HearRequest,
    /// What was understood before it.
    said: Option<Transcript>,
    /// `None` between two.
    piece: Option<Box<dyn Hearing>>,
    /// Samples of the piece.
    fed: usize,
    /// The last guess was all that was said before the piece.
    settled: bool,
}

impl Pieces {
    /// The engine, which begins afresh where it has settled what was said before.
    fn piece(&mut self) -> Result<&mut Box<dyn Hearing>, HearError> {
        if self.piece.is_none() {
            self.piece = Some(self.ear.start(self.request.clone())?);
        }
        Ok(self.piece.as_mut().expect("it was just begun"))
    }

    /// What was said so far is decided.
    fn settle(&mut self) -> Result<(), HearError> {
        let Some(piece) = self.piece.take() else { return Ok(()) };
        self.said = Some(joined(self.said.take(), piece.finish(false)?));
        self.request.from = self.request.from + Duration::from_micros(self.fed as u64 * 1_000_000 / SECOND as u64);
        self.fed = 0;
        Ok(())
    }
}

impl Hearing for Pieces {
    fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError> {
        if self.fed >= MOST {
            self.settle()?;
        }
        self.fed += pcm.len();
        let partial = self.piece()?.feed(pcm)?;
        Ok(partial.map(|partial| joined(self.said.clone(), partial)))
    }

    fn guess(&mut self, cancel: &Cancel) -> Result<Option<Transcript>, HearError> {
        self.settled = self.fed >= ENOUGH;
        if !self.settled {
            let guess = self.piece()?.guess(cancel)?;
            return Ok(guess.map(|guess| joined(self.said.clone(), guess)));
        }
        self.settle()?;
        Ok(self.said.clone().map(|said| Transcript { finality: Finality::Partial, ..said }))
    }

    fn finish(self: Box<Self>, as_guessed: bool) -> Result<Transcript, HearError> {
        let Self { ear, request, said, piece, settled, .. } = *self;
        match (piece, said) {
            (_, Some(said)) if as_guessed && settled => Ok(said),
            (Some(piece), said) => Ok(joined(said, piece.finish(as_guessed)?)),
            (None, said) => Ok(said.unwrap_or_else(|| Transcript::nothing(request.language, ear.name()))),
        }
    }
}

/// What was said before and now, as one.
fn joined(before: Option<Transcript>, now: Transcript) -> Transcript {
    match before.filter(|before| !before.is_nothing()) {
        None => now,
        Some(before) if now.is_nothing() => Transcript { finality: now.finality, ..before },
        Some(before) => {
            let between = if now.language == Language::ZH { "，" } else { " " };
            let confidence = Probability::new(before.confidence.get().min(now.confidence.get()));
            let text = [before.text.trim(), now.text.trim()].join(between);
            let words = [before.words, now.words].concat();
            Transcript { text, confidence, words, alternatives: Vec::new(), ..now }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::audio::MediaTime;
    use crate::talk::Expectation;

    /// Hears the numbers of its utterances, and notes how much it was fed of each.
    #[derive(Default)]
    struct Counting(Arc<Mutex<Vec<(MediaTime, usize)>>>);

    struct Utterance(Arc<Mutex<Vec<(MediaTime, usize)>>>, usize);

    impl Recognizer for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn hears(&self, _: Language) -> bool {
            true
        }
        fn start(&self, request: HearRequest) -> Result<Box<dyn Hearing>, HearError> {
            let mut all = self.0.lock().expect("no panic");
            all.push((request.from, 0));
            Ok(Box::new(Utterance(Arc::clone(&self.0), all.len() - 1)))
        }
    }

    impl Hearing for Utterance {
        fn feed(&mut self, pcm: &[i16]) -> Result<Option<Transcript>, HearError> {
            self.0.lock().expect("no panic")[self.1].1 += pcm.len();
            Ok(None)
        }
        fn guess(&mut self, _: &Cancel) -> Result<Option<Transcript>, HearError> {
            Ok(Some(Transcript::of_text(format!("guess {}", self.1), Language::EN, "counting")))
        }
        fn finish(self: Box<Self>, _: bool) -> Result<Transcript, HearError> {
            let said = if self.1 == 1 { String::new() } else { format!("piece {}", self.1) };
            Ok(Transcript::of_text(said, Language::EN, "counting"))
        }
    }

    type Fed = Arc<Mutex<Vec<(MediaTime, usize)>>>;

    fn hearing() -> (Box<dyn Hearing>, Fed) {
        let ear = Counting::default();
        let fed = Arc::clone(&ear.0);
        let (from, cancel) = (MediaTime::from_millis(500), Cancel::default());
        let request = HearRequest { language: Language::EN, expectation: Expectation::Open, from, cancel };
        (AtLength(Arc::new(ear)).start(request).expect("starts"), fed)
    }

    fn speak(hearing: &mut dyn Hearing, seconds: usize) {
        (0..seconds * 50).for_each(|_| assert!(hearing.feed(&[0; 320]).expect("fed").is_none()));
    }

    fn guess(hearing: &mut dyn Hearing) -> String {
        hearing.guess(&Cancel::default()).expect("guessed").expect("something").text
    }

    #[test]
    fn a_minute_is_heard_in_pieces_from_pause_to_pause() {
        let (mut hearing, fed) = hearing();
        speak(&mut *hearing, 8);
        assert_eq!(guess(&mut *hearing), "guess 0", "an ordinary turn is left whole");
        speak(&mut *hearing, 4);
        assert_eq!(guess(&mut *hearing), "piece 0");
        speak(&mut *hearing, 11);
        assert_eq!(guess(&mut *hearing), "piece 0", "nothing was understood of the second");
        speak(&mut *hearing, 5);
        assert_eq!(guess(&mut *hearing), "piece 0 guess 2");
        speak(&mut *hearing, 30);
        assert_eq!(hearing.finish(false).expect("heard").text, "piece 0 piece 2 piece 3");
        let seconds =
            fed.lock().expect("no panic").iter().map(|(from, n)| (from.as_micros() / 1_000, n / SECOND)).collect::<Vec<_>>();
        assert_eq!(seconds, [(500, 12), (12_500, 11), (23_500, 28), (51_500, 7)], "where no pause comes, it is cut");
    }

    #[test]
    fn a_turn_that_ends_in_the_pause_where_it_was_settled_is_not_heard_again() {
        let (mut hearing, fed) = hearing();
        speak(&mut *hearing, 12);
        assert_eq!(guess(&mut *hearing), "piece 0");
        speak(&mut *hearing, 1);
        assert_eq!(hearing.finish(true).expect("heard").text, "piece 0");
        assert_eq!(fed.lock().expect("no panic").len(), 2);
    }
}
