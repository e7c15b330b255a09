//! Phrases that were spoken before, kept as sound up to a bound.
//! Never keeps a phrase that was broken off or failed.

use std::collections::HashMap;
use std::mem::size_of_val;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::audio::SampleRate;
use crate::talk::Language;

use super::by_clause::hand_over;
use super::{Delivery, Sink, SpeakError, Synthesizer};

/// What makes two phrases sound the same: voice, text, language and the rate's bits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    voice: &'static str,
    text: String,
    language: Language,
    rate: u32,
}

/// Sound of phrases, the least recently used given up first. Shared by the voices in front of it.
pub struct Phrases {
    max_bytes: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    sounds: HashMap<Key, (Arc<[i16]>, u64)>,
    bytes: usize,
    uses: u64,
}

impl Phrases {
    /// Room for that many bytes of sound; 0 keeps nothing.
    pub fn new(max_bytes: usize) -> Self {
        Self { max_bytes, kept: Mutex::default() }
    }

    /// Bytes of sound kept now.
    pub fn bytes(&self) -> usize {
        self.kept().bytes
    }

    fn find(&self, key: &Key) -> Option<Arc<[i16]>> {
        let mut kept = self.kept();
        kept.uses += 1;
        let now = kept.uses;
        let (sound, used) = kept.sounds.get_mut(key)?;
        *used = now;
        Some(Arc::clone(sound))
    }

    fn keep(&self, key: Key, sound: Vec<i16>) {
        let bytes = size_of_val(sound.as_slice());
        // One phrase never pushes out everything else.
        if bytes > self.max_bytes / 4 {
            return;
        }
        let mut kept = self.kept();
        kept.uses += 1;
        let used = kept.uses;
        if let Some((before, _)) = kept.sounds.insert(key, (sound.into(), used)) {
            kept.bytes -= size_of_val(&*before);
        }
        kept.bytes += bytes;
        while kept.bytes > self.max_bytes {
            kept.give_up_oldest();
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Kept {
    fn give_up_oldest(&mut self) {
        let oldest = self.sounds.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone());
        let gone = oldest.and_then(|key| self.sounds.remove(&key));
        self.bytes = gone.map_or(0, |(sound, _)| self.bytes - size_of_val(&*sound));
    }
}

/// A voice whose repeated phrases come from [`Phrases`].
pub struct Cached<S> {
    voice: S,
    phrases: Arc<Phrases>,
}

impl<S: Synthesizer> Cached<S> {
    /// Puts the phrases in front of a voice.
    pub fn new(voice: S, phrases: Arc<Phrases>) -> Self {
        Self { voice, phrases }
    }
}

impl<S: Synthesizer> Synthesizer for Cached<S> {
    fn name(&self) -> &'static str {
        self.voice.name()
    }

    fn speaks(&self, language: Language) -> bool {
        self.voice.speaks(language)
    }

    fn rate(&self, language: Language) -> SampleRate {
        self.voice.rate(language)
    }

    fn synthesise(&self, text: &str, language: Language, delivery: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
        let key = Key { voice: self.voice.name(), text: text.to_owned(), language, rate: delivery.rate.to_bits() };
        if let Some(sound) = self.phrases.find(&key) {
            // A `Break` ends it, and there is nothing left to end.
            let _ = hand_over(&sound, self.rate(language), sink);
            return Ok(());
        }
        let (mut sound, mut whole) = (Vec::new(), true);
        self.voice.synthesise(text, language, delivery, &mut |pcm| {
            let next = sink(pcm);
            sound.extend_from_slice(pcm);
            whole = next.is_continue();
            next
        })?;
        if whole && !sound.is_empty() {
            self.phrases.keep(key, sound);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A thousand samples a phrase, counting how often it was asked.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Synthesizer for Counting {
        fn name(&self) -> &'static str {
            "counting"
        }
        fn speaks(&self, _: Language) -> bool {
            true
        }
        fn rate(&self, _: Language) -> SampleRate {
            SampleRate::HZ_8000
        }
        fn synthesise(&self, text: &str, _: Language, _: Delivery, sink: Sink<'_>) -> Result<(), SpeakError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            if text == "fail" {
                return Err(SpeakError::Backend { engine: "counting", what: "asked to fail".to_owned() });
            }
            let _ = sink(&[7; 500]).is_continue() && sink(&[8; 500]).is_continue();
            Ok(())
        }
    }

    fn voice(max_bytes: usize) -> Cached<Counting> {
        Cached::new(Counting::default(), Arc::new(Phrases::new(max_bytes)))
    }

    fn say(voice: &Cached<Counting>, text: &str, rate: f32) -> Vec<i16> {
        let mut pcm = Vec::new();
        let mut sink = |piece: &[i16]| {
            pcm.extend_from_slice(piece);
            ControlFlow::Continue(())
        };
        voice.synthesise(text, Language::EN, Delivery { rate }, &mut sink).ok();
        pcm
    }

    #[test]
    fn a_repeated_phrase_is_made_once_and_sounds_the_same() {
        let voice = voice(1 << 20);
        assert_eq!(say(&voice, "Hello.", 1.0), say(&voice, "Hello.", 1.0));
        assert_eq!(voice.voice.0.load(Ordering::Relaxed), 1);
        say(&voice, "Hello.", 0.8);
        assert_eq!(voice.voice.0.load(Ordering::Relaxed), 2, "another delivery is another sound");
    }

    #[test]
    fn a_phrase_that_broke_off_or_failed_is_not_kept() {
        let voice = voice(1 << 20);
        voice.synthesise("Hello.", Language::EN, Delivery::default(), &mut |_| ControlFlow::Break(())).expect("speaks");
        say(&voice, "fail", 1.0);
        assert_eq!(voice.phrases.bytes(), 0);
        assert_eq!(say(&voice, "Hello.", 1.0).len(), 1_000);
    }

    #[test]
    fn bytes_stay_bounded_and_the_least_used_goes_first() {
        let voice = voice(8_000);
        for text in ["a", "b", "c", "d", "a", "e"] {
            say(&voice, text, 1.0);
        }
        assert_eq!(voice.phrases.bytes(), 8_000);
        let made = voice.voice.0.load(Ordering::Relaxed);
        say(&voice, "a", 1.0);
        assert_eq!(voice.voice.0.load(Ordering::Relaxed), made, "a was used lately");
        say(&voice, "b", 1.0);
        assert_eq!(voice.voice.0.load(Ordering::Relaxed), made + 1, "b was given up");
    }
}
