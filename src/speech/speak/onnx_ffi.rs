//! Tries ONNX Runtime's library before `ort` touches it: with a missing or wrong one `ort` waits for ever (ort issue 560).
//! Never leaves a runtime half loaded.
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_void};
use std::path::Path;

use libloading::{Library, Symbol};

/// `OrtApiBase` (onnxruntime_c_api.h).
#[repr(C)]
struct ApiBase {
    api: unsafe extern "C" fn(u32) -> *const c_void,
    version: unsafe extern "C" fn() -> *const c_char,
}

/// The version of the ONNX Runtime at `path`, if it is one that `ort` can use.
pub(super) fn version(path: &Path) -> Result<String, String> {
    let told = |error: libloading::Error| format!("{} is no usable ONNX Runtime: {error}", path.display());
    // SAFETY: ONNX Runtime's initialisers only set up its own globals; the library stays loaded for this whole function.
    let library = unsafe { Library::new(path) }.map_err(told)?;
    // SAFETY: `OrtGetApiBase` has had this signature since the first release; it returns a static table.
    unsafe {
        let base: Symbol<'_, unsafe extern "C" fn() -> *const ApiBase> = library.get(b"OrtGetApiBase").map_err(told)?;
        let base = base().as_ref().ok_or_else(|| format!("{} has no API table", path.display()))?;
        let version = CStr::from_ptr((base.version)()).to_string_lossy().into_owned();
        if (base.api)(ort::MINOR_VERSION).is_null() {
            return Err(format!("ONNX Runtime {version} is too old; 1.{} or newer is needed", ort::MINOR_VERSION));
        }
        Ok(version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_or_wrong_library_is_an_error_at_once() {
        assert!(version(Path::new("/nowhere/libonnxruntime.so")).is_err());
        let folder = tempfile::tempdir().expect("a temporary folder");
        let garbage = folder.path().join("libonnxruntime.so");
        std::fs::write(&garbage, b"\x7fELF and nothing more").expect("writable");
        assert!(version(&garbage).expect_err("garbage").contains("libonnxruntime.so"));
    }

    #[test]
    fn another_library_is_not_taken_for_the_runtime() {
        assert!(version(Path::new("libc.so.6")).expect_err("the C library").contains("no usable ONNX Runtime"));
    }
}
