//! PocketSphinx, opened when the program runs: both the 0.8 interface (Debian's `libpocketsphinx3`) and that of 5.x.
//! Never linked at build time, never judges a score, and never lets the library write to standard error.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{NonNull, null, null_mut};
use std::sync::{Arc, OnceLock};

/// How much a word's likelihood counts beside its sound: the library's own default.
const LANGUAGE_WEIGHT: f32 = 6.5;

unsafe extern "C" {
    /// A stream that reads memory (POSIX.1-2008).
    fn fmemopen(memory: *mut c_void, size: usize, mode: Text) -> Object;
    fn fclose(stream: Object) -> c_int;
}

/// An object of the library.
type Object = *mut c_void;
type Text = *const c_char;

/// Declares the functions used, and how each is found under its name in the library.
macro_rules! functions {
    ($( $field:ident ( $($arg:ty),* ) $(-> $ret:ty)? = $old:literal | $new:literal; )*) => {
        struct Api { $( $field: unsafe extern "C" fn($($arg),*) $(-> $ret)?, )* }

        impl Api {
            fn find(libraries: &[libloading::Library], interface: Interface) -> Result<Self, String> {
                Ok(Self { $( $field: symbol(libraries, match interface { Interface::V08 => $old, Interface::V5 => $new })?, )* })
            }
        }
    };
}

functions! {
    init(Object) -> Object = "ps_init" | "ps_init";
    free(Object) -> c_int = "ps_free" | "ps_free";
    free_config(Object) -> c_int = "cmd_ln_free_r" | "ps_config_free";
    log_to(Object) = "err_set_logfp" | "err_set_logfp";
    add_word(Object, Text, Text, c_int) -> c_int = "ps_add_word" | "ps_add_word";
    logarithms(Object) -> Object = "ps_get_logmath" | "ps_get_logmath";
    read_graph(Object, Object, f32) -> Object = "fsg_model_read" | "fsg_model_read";
    free_graph(Object) -> c_int = "fsg_model_free" | "fsg_model_free";
    add_graph(Object, Text, Object) -> c_int = "ps_set_fsg" | "ps_add_fsg";
    activate(Object, Text) -> c_int = "ps_set_search" | "ps_activate_search";
    remove(Object, Text) -> c_int = "ps_unset_search" | "ps_remove_search";
    start_stream(Object) -> c_int = "ps_start_stream" | "ps_start_stream";
    start(Object) -> c_int = "ps_start_utt" | "ps_start_utt";
    process(Object, *const i16, usize, c_int, c_int) -> c_int = "ps_process_raw" | "ps_process_raw";
    process_cepstra(Object, *const *const f32, c_int, c_int, c_int) -> c_int = "ps_process_cep" | "ps_process_cep";
    end(Object) -> c_int = "ps_end_utt" | "ps_end_utt";
    hypothesis(Object, *mut i32) -> Text = "ps_get_hyp" | "ps_get_hyp";
    paths(Object) -> Object = "ps_nbest" | "ps_nbest";
    next_path(Object) -> Object = "ps_nbest_next" | "ps_nbest_next";
    path_text(Object, *mut i32) -> Text = "ps_nbest_hyp" | "ps_nbest_hyp";
    free_paths(Object) = "ps_nbest_free" | "ps_nbest_free";
    segments(Object) -> Object = "ps_seg_iter" | "ps_seg_iter";
    next_segment(Object) -> Object = "ps_seg_next" | "ps_seg_next";
    segment_word(Object) -> Text = "ps_seg_word" | "ps_seg_word";
    segment_frames(Object, *mut c_int, *mut c_int) = "ps_seg_frames" | "ps_seg_frames";
    segment_score(Object, *mut i32, *mut i32, *mut i32) -> i32 = "ps_seg_prob" | "ps_seg_prob";
}

/// Which interface a library has: 0.8 and 5prealpha (`libpocketsphinx.so.3` with `libsphinxbase.so.3`), or 5.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interface {
    V08,
    V5,
}

/// The opened library.
pub struct Library {
    api: Api,
    interface: Interface,
    libraries: Vec<libloading::Library>,
}

impl Library {
    /// The library of this machine, opened once for the process; the error names each one that was tried.
    pub fn open() -> Result<Arc<Self>, String> {
        static OPENED: OnceLock<Result<Arc<Library>, String>> = OnceLock::new();
        let any = || {
            Self::load(&["libpocketsphinx.so.5"], Interface::V5).or_else(|e5| {
                let old = Self::load(&["libsphinxbase.so.3", "libpocketsphinx.so.3"], Interface::V08);
                old.map_err(|e08| format!("{e08}; {e5}"))
            })
        };
        OPENED.get_or_init(|| any().map(Arc::new)).clone()
    }

    /// The 5.x library at a path of its own, for one that is not where the loader looks.
    pub fn open_at(path: &str) -> Result<Arc<Self>, String> {
        Self::load(&[path], Interface::V5).map(Arc::new)
    }

    fn load(names: &[&str], interface: Interface) -> Result<Self, String> {
        let open = |name: &&str| {
            // SAFETY: PocketSphinx and SphinxBase run no code of consequence when they are loaded or unloaded.
            unsafe { libloading::Library::new(*name) }.map_err(|e| e.to_string())
        };
        let libraries = names.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let api = Api::find(&libraries, interface)?;
        // SAFETY: a null FILE is documented to turn logging off (sphinxbase/err.h).
        unsafe { (api.log_to)(null_mut()) };
        Ok(Self { api, interface, libraries })
    }

    /// Which interface it has.
    pub const fn interface(&self) -> Interface {
        self.interface
    }

    /// A configuration object of these names and values, or `None` if one is unknown.
    fn config(&self, options: &[(&str, &str)]) -> Option<Object> {
        match self.interface {
            Interface::V08 => {
                type Parse = unsafe extern "C" fn(Object, *const c_void, i32, *const Text, i32) -> Object;
                let known: unsafe extern "C" fn() -> *const c_void = symbol(&self.libraries, "ps_args").ok()?;
                let parse: Parse = symbol(&self.libraries, "cmd_ln_parse_r").ok()?;
                let words: Vec<CString> =
                    options.iter().flat_map(|(name, value)| [c_text(&format!("-{name}")), c_text(value)]).collect();
                let argv: Vec<Text> = words.iter().map(|w| w.as_ptr()).collect();
                // SAFETY: `argv` holds `argc` texts that outlive the call, which copies them.
                let config = unsafe { parse(null_mut(), known(), argv.len() as i32, argv.as_ptr(), 1) };
                (!config.is_null()).then_some(config)
            }
            Interface::V5 => {
                let new: unsafe extern "C" fn(*const c_void) -> Object = symbol(&self.libraries, "ps_config_init").ok()?;
                let set: unsafe extern "C" fn(Object, Text, Text) -> *const c_void =
                    symbol(&self.libraries, "ps_config_set_str").ok()?;
                // SAFETY: null asks for the default set of parameters.
                let config = unsafe { new(null()) };
                // SAFETY: `config` is live and both texts are copied by the call.
                let ok = options.iter().all(|(n, v)| unsafe { !set(config, c_text(n).as_ptr(), c_text(v).as_ptr()).is_null() });
                ok.then_some(config)
            }
        }
    }
}

/// Whether samples are a piece of an utterance or all of it.
#[derive(Debug, Clone, Copy)]
pub enum Span {
    Piece,
    Whole,
}

/// One word of the best path and where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The word as in the dictionary, `<sil>` or a filler.
    pub word: String,
    /// Its first frame, 10 ms each.
    pub from_frame: u32,
    /// Its last frame.
    pub to_frame: u32,
    /// Its acoustic score in the library's log base 1.0001; smaller is worse.
    pub score: i32,
}

/// A decoder: an acoustic model, a dictionary and named searches. Used by one thread at a time.
pub struct Decoder {
    library: Arc<Library>,
    raw: NonNull<c_void>,
}

// SAFETY: a decoder holds no thread-local state; `&mut self` keeps it to one thread at a time.
unsafe impl Send for Decoder {}

impl Decoder {
    /// A decoder with these parameters (names without dash), or `None` if the model cannot be read or a name is unknown.
    pub fn new(library: &Arc<Library>, options: &[(&str, &str)]) -> Option<Self> {
        let config = library.config(options)?;
        // SAFETY: `config` is live; the decoder takes its own reference, so ours is given up afterwards.
        let raw = unsafe {
            let raw = (library.api.init)(config);
            (library.api.free_config)(config);
            raw
        };
        Some(Self { library: library.clone(), raw: NonNull::new(raw)? })
    }

    /// Adds a word by its phones (`F AO R`); false if a phone is unknown.
    pub fn add_word(&mut self, word: &str, phones: &str) -> bool {
        // SAFETY: live decoder; the texts are copied.
        unsafe { (self.library.api.add_word)(self.raw.as_ptr(), c_text(word).as_ptr(), c_text(phones).as_ptr(), 0) >= 0 }
    }

    /// Adds a grammar in the text format of SphinxBase under a name; false if it does not parse or a word of it is not in the
    /// dictionary.
    pub fn add_grammar(&mut self, name: &str, fsg: &str) -> bool {
        let api = &self.library.api;
        // SAFETY: live decoder; the stream reads `fsg`, outlives the call that reads it and is closed once; the graph is freed once,
        // the decoder having taken its own reference.
        unsafe {
            let stream = fmemopen(fsg.as_ptr().cast_mut().cast(), fsg.len(), c"r".as_ptr());
            if stream.is_null() {
                return false;
            }
            let graph = (api.read_graph)(stream, (api.logarithms)(self.raw.as_ptr()), LANGUAGE_WEIGHT);
            fclose(stream);
            if graph.is_null() {
                return false;
            }
            let added = (api.add_graph)(self.raw.as_ptr(), c_text(name).as_ptr(), graph) == 0;
            (api.free_graph)(graph);
            added
        }
    }

    /// Drops the search of that name, which must not be the active one.
    pub fn remove(&mut self, name: &str) {
        // SAFETY: live decoder.
        unsafe { (self.library.api.remove)(self.raw.as_ptr(), c_text(name).as_ptr()) };
    }

    /// Makes the search of that name the one that is used; between utterances only.
    pub fn activate(&mut self, name: &str) -> bool {
        // SAFETY: live decoder.
        unsafe { (self.library.api.activate)(self.raw.as_ptr(), c_text(name).as_ptr()) == 0 }
    }

    /// Begins an utterance of a new stream; false if no search is active or one is already going on.
    pub fn start(&mut self) -> bool {
        // SAFETY: live decoder.
        unsafe {
            (self.library.api.start_stream)(self.raw.as_ptr());
            (self.library.api.start)(self.raw.as_ptr()) == 0
        }
    }

    /// Takes 16 kHz samples and searches as far as they go; a whole utterance is normalised by its own cepstral mean.
    pub fn process(&mut self, pcm: &[i16], span: Span) -> bool {
        // SAFETY: live decoder; the slice is only read.
        unsafe { (self.library.api.process)(self.raw.as_ptr(), pcm.as_ptr(), pcm.len(), 0, span as c_int) >= 0 }
    }

    /// Takes the next frames of 13 cepstra instead of samples; for a decoder that does not normalise them itself.
    pub fn process_cepstra(&mut self, frames: &[[f32; 13]]) -> bool {
        if frames.is_empty() {
            return true;
        }
        let rows: Vec<*const f32> = frames.iter().map(|frame| frame.as_ptr()).collect();
        // SAFETY: live decoder; each row is a frame of the 13 values that the models of this interface are made of, only read.
        unsafe {
            (self.library.api.process_cepstra)(self.raw.as_ptr(), rows.as_ptr(), rows.len() as c_int, 0, Span::Piece as c_int)
                >= 0
        }
    }

    /// Ends the utterance.
    pub fn end(&mut self) -> bool {
        // SAFETY: live decoder.
        unsafe { (self.library.api.end)(self.raw.as_ptr()) == 0 }
    }

    /// Whether a path reaches an end of the grammar.
    pub fn has_hypothesis(&mut self) -> bool {
        // SAFETY: live decoder; the score may be null, and the text is not kept.
        unsafe { !(self.library.api.hypothesis)(self.raw.as_ptr(), null_mut()).is_null() }
    }

    /// The words of the likeliest paths of an ended utterance, best first, at most so many; the same words may come again with
    /// other times. The score is in the library's log scale, larger is likelier.
    pub fn paths(&mut self, most: usize) -> Vec<(String, i32)> {
        let api = &self.library.api;
        let mut paths = Vec::new();
        // SAFETY: live decoder; the iterator frees itself when it reaches its end, and is freed here where it is left before.
        unsafe {
            let mut at = (api.paths)(self.raw.as_ptr());
            while !at.is_null() && paths.len() < most {
                let mut score = 0;
                if let Some(text) = owned((api.path_text)(at, &mut score)) {
                    paths.push((text, score));
                }
                at = (api.next_path)(at);
            }
            if !at.is_null() {
                (api.free_paths)(at);
            }
        }
        paths
    }

    /// The words of the best path so far, silences and fillers among them.
    pub fn segments(&mut self) -> Vec<Segment> {
        let api = &self.library.api;
        let mut segments = Vec::new();
        // SAFETY: live decoder; the iterator frees itself when it reaches its end, which this loop always does.
        unsafe {
            let mut at = (api.segments)(self.raw.as_ptr());
            while !at.is_null() {
                let (mut from, mut to, mut score, mut language, mut back) = (0, 0, 0, 0, 0);
                (api.segment_frames)(at, &mut from, &mut to);
                (api.segment_score)(at, &mut score, &mut language, &mut back);
                let word = owned((api.segment_word)(at)).unwrap_or_default();
                segments.push(Segment { word, from_frame: from.max(0) as u32, to_frame: to.max(0) as u32, score });
                at = (api.next_segment)(at);
            }
        }
        segments
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: this is the only owner, and the library outlives it by the `Arc`.
        unsafe { (self.library.api.free)(self.raw.as_ptr()) };
    }
}

/// A function of that name in the first library that has it.
fn symbol<T: Copy>(libraries: &[libloading::Library], name: &str) -> Result<T, String> {
    // SAFETY: the caller's type is the function's signature in the headers of that interface.
    let find = |library: &libloading::Library| unsafe { library.get::<T>(name.as_bytes()).ok().map(|s| *s) };
    libraries.iter().find_map(find).ok_or_else(|| format!("the PocketSphinx library has no {name}"))
}

/// A C text; zero bytes, which no word or grammar holds, are left out.
fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).expect("zero bytes were taken out")
}

/// # Safety
/// `text` is null or a C text that lives through the call.
unsafe fn owned(text: Text) -> Option<String> {
    // SAFETY: checked for null; by contract a C text.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
