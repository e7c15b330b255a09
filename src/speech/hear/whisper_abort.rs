//! Runs one whisper decode that ends early when it is cancelled.
//! Never uses the crate's own safe callback: in whisper-rs 0.16 it calls a wrongly typed trampoline, and aborts at once.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

use whisper_rs::{FullParams, WhisperError, WhisperState};

use super::Cancel;

/// Decodes the sound into `state`. The flag is looked at between the encoder and each token, so a cancelled decode may
/// still take as long as its encoder does.
pub(super) fn decode(
    state: &mut WhisperState,
    mut params: FullParams<'_, '_>,
    pcm: &[f32],
    cancel: &Cancel,
) -> Result<(), WhisperError> {
    // SAFETY: the flag is borrowed for this whole function, and the callback is used only inside of `full`, which returns
    // before it ends; the callback reads it atomically.
    unsafe {
        params.set_abort_callback(Some(is_cancelled));
        params.set_abort_callback_user_data(std::ptr::from_ref::<AtomicBool>(&cancel.0).cast_mut().cast::<c_void>());
    }
    state.full(params, pcm)
}

/// # Safety
/// `flag` points to an `AtomicBool` that outlives the call.
unsafe extern "C" fn is_cancelled(flag: *mut c_void) -> bool {
    // SAFETY: by contract.
    unsafe { (*flag.cast::<AtomicBool>()).load(Ordering::Relaxed) }
}
