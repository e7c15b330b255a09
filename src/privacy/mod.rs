//! Values that must not leak: personal data, secrets, and the redaction of free text.
//! Never decides who may see what; it only makes the careless way print nothing.

mod pii;
mod redact;

pub use pii::{Pii, Secret};
pub use redact::redact;
