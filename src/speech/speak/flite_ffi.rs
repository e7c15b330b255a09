//! flite 2.x, opened at run time, its sound streamed as it is made.
//! Never linked at build time, so the binary starts where flite is not installed; never holds its lock while a sink runs.
#![allow(unsafe_code)]

use std::any::Any;
use std::cell::Cell;
use std::ffi::{CString, c_char, c_float, c_int, c_short, c_void};
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, MutexGuard};

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};

use super::Sink;

/// `cst_wave` of flite 1.x and 2.x (cst_wave.h).
#[repr(C)]
struct Wave {
    kind: *const c_char,
    sample_rate: c_int,
    num_samples: c_int,
    num_channels: c_int,
    samples: *mut c_short,
}

/// The head of `cst_voice` (cst_voice.h); what follows is flite's own business.
#[repr(C)]
struct Voice {
    name: *const c_char,
    features: *mut c_void,
}

/// `cst_audio_streaming_info`, as far as it is used here; flite allocates it, so what follows may differ between versions.
#[repr(C)]
struct Streaming {
    min_samples: c_int,
    callback: Option<unsafe extern "C" fn(*const Wave, c_int, c_int, c_int, *mut Self) -> c_int>,
}

/// Samples between two calls of the callback: 50 ms.
const CHUNK_SAMPLES: c_int = 800;
/// The callback's answers (cst_audio.h).
const GO_ON: c_int = 0;
const STOP: c_int = -1;

/// One thread runs in flite at a time: a voice is one object for the whole process, and its values are counted without
/// atomics by every utterance. The turn passes on while a sink runs, for that may wait; what an utterance needs after that
/// is its own.
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    /// What this thread is speaking; flite has one place for user data a voice, and a voice may be half way through several texts.
    static JOB: Cell<*mut Job<'static>> = const { Cell::new(ptr::null_mut()) };
}

/// A text on its way through flite.
struct Job<'a> {
    sink: Sink<'a>,
    turn: Option<MutexGuard<'static, ()>>,
    rate_hz: c_int,
    panic: Option<Box<dyn Any + Send>>,
}

/// One flite voice, loaded.
pub(super) struct Flite {
    voice: NonNull<Voice>,
    synth_text: unsafe extern "C" fn(*const c_char, *mut Voice) -> *mut c_void,
    delete_utterance: unsafe extern "C" fn(*mut c_void),
    set_float: unsafe extern "C" fn(*mut c_void, *const c_char, c_float),
    // Last, so that it is closed last: everything above points into these.
    _libraries: Vec<Library>,
}

// SAFETY: flite keeps no thread-local state, and every use of the voice waits for `TURN`.
unsafe impl Send for Flite {}
// SAFETY: as above.
unsafe impl Sync for Flite {}

impl Flite {
    /// Opens libflite and the voice `slt`, `rms`, `awb` or `kal16`.
    pub(super) fn open(voice: &str) -> Result<Self, String> {
        let _turn = turn();
        let library = load("libflite.so.1")?;
        let voices = load(&format!("libflite_cmu_us_{voice}.so.1"))?;
        // SAFETY: the signatures are those of flite.h, cst_features.h and cst_audio.h of flite 2.x; SONAME 1 is checked by the
        // name. The symbols stay valid because the libraries live as long as this value.
        unsafe {
            let init: unsafe extern "C" fn() -> c_int = symbol(&library, "flite_init")?;
            let register: unsafe extern "C" fn(*const c_char) -> *mut Voice =
                symbol(&voices, &format!("register_cmu_us_{voice}"))?;
            init();
            let loaded = NonNull::new(register(ptr::null())).ok_or_else(|| format!("flite cannot load voice {voice}"))?;
            stream_from(&library, loaded)?;
            Ok(Self {
                voice: loaded,
                synth_text: symbol(&library, "flite_synth_text")?,
                delete_utterance: symbol(&library, "delete_utterance")?,
                set_float: symbol(&library, "flite_feat_set_float")?,
                _libraries: vec![voices, library],
            })
        }
    }

    /// Speaks `text` into the sink with every duration stretched by `stretch` (above 1 is slower); gives the samples per
    /// second, 0 where there was nothing to speak.
    pub(super) fn speak(&self, text: &str, stretch: f32, sink: Sink<'_>) -> Result<u32, String> {
        let text = CString::new(text.split('\0').next().unwrap_or_default()).expect("cut before the first zero byte");
        let mut job = Job { sink, turn: Some(turn()), rate_hz: 0, panic: None };
        let outer = JOB.replace((&raw mut job).cast());
        // SAFETY: the voice lives as long as the library, and this thread holds the turn; the strings are terminated and
        // outlive the calls (the feature's name is kept by flite and static). The utterance is ours until it is deleted.
        let made = unsafe {
            (self.set_float)(self.voice.as_ref().features, c"duration_stretch".as_ptr(), stretch);
            let utterance = (self.synth_text)(text.as_ptr(), self.voice.as_ptr());
            if !utterance.is_null() {
                (self.delete_utterance)(utterance);
            }
            !utterance.is_null()
        };
        JOB.set(outer);
        drop(job.turn.take());
        if let Some(panic) = job.panic {
            resume_unwind(panic);
        }
        if made { Ok(job.rate_hz.unsigned_abs()) } else { Err("flite could not speak the text".to_owned()) }
    }
}

fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Makes the voice hand its sound to [`give`] as it is made; once a voice, for all its texts.
///
/// # Safety
/// `library` must be libflite, `voice` one of its voices, and the caller must hold the turn.
unsafe fn stream_from(library: &Library, voice: NonNull<Voice>) -> Result<(), String> {
    // SAFETY: by this function's contract; the signatures are those of cst_audio.h and flite.h. flite allocates the struct,
    // which begins with the two fields that are set, and keeps it for as long as the voice. A value set before is released.
    unsafe {
        let new: unsafe extern "C" fn() -> *mut Streaming = symbol(library, "new_audio_streaming_info")?;
        let wrap: unsafe extern "C" fn(*mut Streaming) -> *const c_void = symbol(library, "audio_streaming_info_val")?;
        let set: unsafe extern "C" fn(*mut c_void, *const c_char, *const c_void) = symbol(library, "flite_feat_set")?;
        let present: unsafe extern "C" fn(*const c_void, *const c_char) -> c_int = symbol(library, "feat_present")?;
        let features = voice.as_ref().features;
        if present(features, c"streaming_info".as_ptr()) != 0 {
            // Opened before: another thread may be half way through a text with it.
            return Ok(());
        }
        let streaming = new().as_mut().ok_or("flite has no memory left")?;
        streaming.min_samples = CHUNK_SAMPLES;
        streaming.callback = Some(give);
        set(features, c"streaming_info".as_ptr(), wrap(streaming));
    }
    Ok(())
}

/// Called by flite with the next samples of the text this thread is speaking.
unsafe extern "C" fn give(wave: *const Wave, start: c_int, size: c_int, _last: c_int, _: *mut Streaming) -> c_int {
    // SAFETY: `JOB` is null or points to the job of the `speak` that called flite on this very thread and waits for it.
    let (Some(job), Some(wave)) = (unsafe { JOB.get().as_mut() }, unsafe { wave.as_ref() }) else { return GO_ON };
    let (Ok(start), Ok(size)) = (usize::try_from(start), usize::try_from(size)) else { return STOP };
    if wave.samples.is_null() || size == 0 {
        return GO_ON;
    }
    job.rate_hz = wave.sample_rate;
    // SAFETY: flite has written `size` samples from `start` on, and leaves them alone until this call returns.
    let pcm = unsafe { std::slice::from_raw_parts(wave.samples.add(start), size) };
    drop(job.turn.take());
    // A panic may not pass through flite's frames; `speak` carries it on.
    let given = catch_unwind(AssertUnwindSafe(|| (job.sink)(pcm)));
    job.turn = Some(turn());
    match given {
        Ok(ControlFlow::Continue(())) => GO_ON,
        Ok(ControlFlow::Break(())) => STOP,
        Err(panic) => {
            job.panic = Some(panic);
            STOP
        }
    }
}

fn load(name: &str) -> Result<Library, String> {
    // SAFETY: flite's libraries have no initialisers beyond the C runtime's. They are opened globally, as the voices expect
    // the symbols of the library beside them.
    unsafe { Library::open(Some(name), RTLD_LAZY | RTLD_GLOBAL) }
        .map_err(|error| format!("{name} is missing ({error}); run: apt-get install libflite1"))
}

/// # Safety
/// `T` must be the symbol's type, and must not be used after `library` is closed.
unsafe fn symbol<T: Copy>(library: &Library, name: &str) -> Result<T, String> {
    // SAFETY: by this function's contract.
    let found = unsafe { library.get::<T>(name.as_bytes()) };
    found.map(|symbol| *symbol).map_err(|error| format!("libflite has no {name}: {error}; install flite 2.x (libflite1)"))
}
