//! One file becomes one checked value.
//! Never re-checked once it exists.
