//! flite 2.x, opened at run time: five functions of its C API and one struct.
//! Never linked at build time, so the binary starts where flite is not installed.
#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_float, c_int, c_short, c_void};
use std::ptr::NonNull;
use std::sync::Mutex;

use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_LAZY};

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

/// One call is inside flite at a time: a voice is one object for the whole process, and its features are counted without
/// atomics by every utterance.
static TURN: Mutex<()> = Mutex::new(());

/// One flite voice, loaded.
pub(super) struct Flite {
    voice: NonNull<Voice>,
    text_to_wave: unsafe extern "C" fn(*const c_char, *mut Voice) -> *mut Wave,
    delete_wave: unsafe extern "C" fn(*mut Wave),
    set_float: unsafe extern "C" fn(*mut c_void, *const c_char, c_float),
    // Last, so that it is closed last: everything above points into these.
    _libraries: Vec<Library>,
}

// SAFETY: flite keeps no thread-local state, and every use of the voice waits for `TURN`.
unsafe impl Send for Flite {}
// SAFETY: as above.
unsafe impl Sync for Flite {}

/// What flite made of a text.
pub(super) struct Sound {
    pub pcm: Vec<i16>,
    pub rate_hz: u32,
}

impl Flite {
    /// Opens libflite and the voice `slt`, `rms`, `awb`, `kal` or `kal16`.
    pub(super) fn open(voice: &str) -> Result<Self, String> {
        let _turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let library = load("libflite.so.1")?;
        let voices = load(&format!("libflite_cmu_us_{voice}.so.1"))?;
        // SAFETY: the signatures are those of flite.h and cst_wave.h, unchanged since 1.4; SONAME 1 is checked by the name.
        // The symbols stay valid because the libraries live as long as this value.
        unsafe {
            let init: unsafe extern "C" fn() -> c_int = symbol(&library, "flite_init")?;
            let register: unsafe extern "C" fn(*const c_char) -> *mut Voice =
                symbol(&voices, &format!("register_cmu_us_{voice}"))?;
            init();
            let loaded = NonNull::new(register(std::ptr::null())).ok_or_else(|| format!("flite cannot load voice {voice}"))?;
            Ok(Self {
                voice: loaded,
                text_to_wave: symbol(&library, "flite_text_to_wave")?,
                delete_wave: symbol(&library, "delete_wave")?,
                set_float: symbol(&library, "flite_feat_set_float")?,
                _libraries: vec![voices, library],
            })
        }
    }

    /// Speaks `text` with every duration stretched by `stretch` (above 1 is slower).
    pub(super) fn speak(&self, text: &str, stretch: f32) -> Result<Sound, String> {
        let text = CString::new(text.split('\0').next().unwrap_or_default()).expect("cut before the first zero byte");
        let turn = TURN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        // SAFETY: the voice is alive for as long as the library and used by this thread alone; the strings are terminated and
        // outlive the calls. The wave is ours until it is deleted; its samples are copied before that.
        unsafe {
            (self.set_float)(self.voice.as_ref().features, c"duration_stretch".as_ptr(), stretch);
            let wave = (self.text_to_wave)(text.as_ptr(), self.voice.as_ptr());
            drop(turn);
            let made = wave.as_ref().ok_or("flite could not speak the text")?;
            let sound = copied(made);
            (self.delete_wave)(wave);
            sound
        }
    }
}

/// # Safety
/// `wave.samples` must point to `num_samples` times `num_channels` samples, as flite's waves do.
unsafe fn copied(wave: &Wave) -> Result<Sound, String> {
    let (Ok(count), Ok(rate_hz), 1) = (usize::try_from(wave.num_samples), u32::try_from(wave.sample_rate), wave.num_channels)
    else {
        return Err(format!("flite gave {} channels of {} samples", wave.num_channels, wave.num_samples));
    };
    if wave.samples.is_null() || count == 0 {
        return Ok(Sound { pcm: Vec::new(), rate_hz });
    }
    // SAFETY: by this function's contract, and one channel was checked above.
    let samples = unsafe { std::slice::from_raw_parts(wave.samples, count) };
    Ok(Sound { pcm: samples.to_vec(), rate_hz })
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
