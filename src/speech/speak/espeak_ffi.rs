//! espeak-ng in this process: its C API behind one lock, because all of it is one global state.
//! Never runs foreign code while it holds the lock: sound is collected, then handed over.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_int, c_short, c_void};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock};

use espeak_rs_sys as sys;

/// Milliseconds of sound between two calls of the callback.
const CHUNK_MS: c_int = 20;

/// A language espeak-ng offers: its tag (`fr`, `en-us`, `cmn`), the voice file and the priority (lower first).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offered {
    pub tag: String,
    pub file: String,
    pub priority: u8,
}

/// espeak-ng, initialised; there is one in a process.
pub(super) struct Library {
    state: Mutex<State>,
    rate_hz: u32,
}

struct State {
    /// The data it was initialised with.
    data: PathBuf,
    /// The voice that is selected now; selecting one reads its dictionary from disk.
    voice: String,
}

/// Exclusive use of espeak-ng.
pub(super) struct Turn<'a>(MutexGuard<'a, State>);

impl Library {
    /// Initialises espeak-ng with the data in `folder`. The first folder stays for the life of the process.
    pub(super) fn open(folder: &Path) -> Result<&'static Self, String> {
        static LIBRARY: OnceLock<Library> = OnceLock::new();
        static OPENING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = OPENING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(library) = LIBRARY.get() {
            return Ok(library);
        }
        let rate_hz = initialise(folder)?;
        Ok(LIBRARY.get_or_init(|| Self { state: Mutex::new(State { data: folder.to_owned(), voice: String::new() }), rate_hz }))
    }

    /// Samples per second of all its voices.
    pub(super) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Waits for exclusive use.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn(self.state.lock().unwrap_or_else(|poisoned| {
            let mut state = poisoned.into_inner();
            // Whoever panicked may have been between two calls: the voice is selected anew.
            state.voice.clear();
            state
        }))
    }
}

fn initialise(folder: &Path) -> Result<u32, String> {
    let path = folder.to_str().and_then(|path| CString::new(path).ok());
    let path = path.ok_or_else(|| format!("{} is no path espeak-ng can take", folder.display()))?;
    // SAFETY: `path` is a terminated string that outlives the call; espeak-ng copies it. Only `open` calls this, once at a
    // time. DONT_EXIT makes a missing file an error value instead of the end of the process.
    let rate = unsafe {
        let options = sys::espeakINITIALIZE_DONT_EXIT as c_int;
        let rate = sys::espeak_Initialize(sys::espeak_AUDIO_OUTPUT_AUDIO_OUTPUT_SYNCHRONOUS, CHUNK_MS, path.as_ptr(), options);
        sys::espeak_SetSynthCallback(Some(collect));
        rate
    };
    match u32::try_from(rate) {
        Ok(rate) if rate > 0 => Ok(rate),
        _ => Err(format!("espeak-ng cannot use the data in {}; remove that folder and start again", folder.display())),
    }
}

impl Turn<'_> {
    /// All languages of all voices.
    pub(super) fn offered(&self) -> Vec<Offered> {
        let mut offered = Vec::new();
        // SAFETY: the list and the voices it points to live in espeak-ng until the next call, which the lock forbids; the
        // list ends with a null pointer. `languages` is a list of (priority byte, terminated tag), ended by a zero byte.
        unsafe {
            let mut voices = sys::espeak_ListVoices(std::ptr::null_mut());
            while !voices.is_null() && !(*voices).is_null() {
                let voice = &**voices;
                let file = CStr::from_ptr(voice.identifier).to_string_lossy();
                let mut languages = voice.languages;
                while !languages.is_null() && *languages != 0 {
                    let tag = CStr::from_ptr(languages.add(1));
                    let priority = *languages as u8;
                    offered.push(Offered { tag: tag.to_string_lossy().into_owned(), file: file.clone().into_owned(), priority });
                    languages = languages.add(tag.to_bytes_with_nul().len() + 1);
                }
                voices = voices.add(1);
            }
        }
        offered
    }

    /// Speaks `text` with a voice (`cmn`, `en-us`, `roa/fr`) at `words_per_minute`; 16-bit mono samples.
    pub(super) fn speak(&mut self, text: &str, voice: &str, words_per_minute: u16) -> Result<Vec<i16>, String> {
        let text = terminated(text);
        self.select(voice)?;
        let mut pcm: Vec<i16> = Vec::new();
        // SAFETY: `text` is terminated and outlives the call, its size counts the terminator. In synchronous mode the
        // callback runs only inside `espeak_Synth`, so `pcm`, reached through `user_data`, is alive and not borrowed
        // elsewhere; the lock keeps every other caller out.
        let result = unsafe {
            sys::espeak_SetParameter(sys::espeak_PARAMETER_espeakRATE, c_int::from(words_per_minute), 0);
            sys::espeak_Synth(
                text.as_ptr().cast(),
                text.as_bytes_with_nul().len(),
                0,
                sys::espeak_POSITION_TYPE_POS_CHARACTER,
                0,
                sys::espeakCHARS_UTF8,
                std::ptr::null_mut(),
                (&raw mut pcm).cast(),
            )
        };
        if result == sys::espeak_ERROR_EE_OK { Ok(pcm) } else { Err(format!("espeak-ng refused the text (error {result})")) }
    }

    /// The phonemes of `text` in IPA, one string a clause, with the clause's own punctuation left out.
    #[cfg(feature = "piper")]
    pub(super) fn phonemes(&mut self, text: &str, voice: &str) -> Result<Vec<String>, String> {
        let text = terminated(text);
        self.select(voice)?;
        let mut clauses = Vec::new();
        let mut rest: *const c_void = text.as_ptr().cast();
        while !rest.is_null() {
            let before = rest;
            // SAFETY: `rest` points into `text`, which is terminated and alive; espeak-ng moves it on by one clause and sets
            // it to null at the end. The answer is a terminated string in a buffer of espeak-ng's, copied before the next call.
            let clause = unsafe {
                let answer =
                    sys::espeak_TextToPhonemes(&raw mut rest, sys::espeakCHARS_UTF8 as c_int, sys::espeakPHONEMES_IPA as c_int);
                if answer.is_null() { String::new() } else { CStr::from_ptr(answer).to_string_lossy().into_owned() }
            };
            if !clause.is_empty() {
                clauses.push(clause);
            } else if rest == before {
                // No progress and no end: espeak-ng would be asked the same for ever.
                return Err("espeak-ng found no phonemes".to_owned());
            }
        }
        Ok(clauses)
    }

    fn select(&mut self, voice: &str) -> Result<(), String> {
        if self.0.voice == voice {
            return Ok(());
        }
        let data = &self.0.data;
        // Without its dictionaries espeak-ng does not fail, it reads through a null pointer.
        if !data.join("phontab").is_file() {
            return Err(format!("its data in {} was taken away; start again, and it is unpacked anew", data.display()));
        }
        let name = terminated(voice);
        // SAFETY: `name` is terminated and outlives the call; the lock keeps every other caller out.
        let result = unsafe { sys::espeak_SetVoiceByName(name.as_ptr()) };
        if result == sys::espeak_ERROR_EE_OK {
            voice.clone_into(&mut self.0.voice);
            return Ok(());
        }
        // The old voice would stay selected and speak in the wrong language.
        self.0.voice.clear();
        Err(format!("espeak-ng has no voice {voice:?} (error {result}); `espeak-ng --voices` lists them"))
    }
}

/// Text up to its first zero byte, as C reads it.
fn terminated(text: &str) -> CString {
    CString::new(text.split('\0').next().unwrap_or_default()).expect("cut before the first zero byte")
}

/// Called by espeak-ng with the next samples; 1 would end the synthesis, 0 goes on.
unsafe extern "C" fn collect(wav: *mut c_short, count: c_int, events: *mut sys::espeak_EVENT) -> c_int {
    let count = usize::try_from(count).unwrap_or(0);
    if wav.is_null() || count == 0 || events.is_null() {
        return 0;
    }
    // SAFETY: espeak-ng gives `count` samples at `wav` and at least one event, whose `user_data` is the pointer that `speak`
    // passed to `espeak_Synth`: a live `Vec` that only this call touches.
    unsafe {
        let pcm = (*events).user_data.cast::<Vec<i16>>();
        if let Some(pcm) = pcm.as_mut() {
            pcm.extend_from_slice(std::slice::from_raw_parts(wav, count));
        }
    }
    0
}
