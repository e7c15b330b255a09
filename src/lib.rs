//! Hotline: a voice call-centre bot. It hears a phone line, understands, answers, and can be interrupted.
//!
//! Sound flows one way, left to right; the only loop is through `call`, and that is a value, not a callback:
//!
//! ```text
//! caller ──packet──► line ──► media (uplink) ──► call ──► media (downlink) ──► line ──packet──► caller
//!                                                 ▲  │
//!                                         results │  ▼ actions
//!                            jobs: speech::hear · dialogue (· business) · speech::speak
//! ```
//!
//! The rooms stand below in the order sound passes them; `tests/architecture.rs` holds who may import whom.

// Layer 0: values.
pub mod audio;
pub mod privacy;

// Layer 1: what passes between the rooms.
pub mod talk;

// The line and one call's sound.
pub mod line;

pub mod media;

// Who has the floor.
pub mod call;
/// Who is joined with whom: the bot, or an operator who takes the call over. No sound, no tasks, no clock.
pub mod desk;

// Sound to text, text to sound.
pub mod speech;

// What a company brings, and what is said.
pub mod business;

pub mod dialogue;

// What outlives a call, and what a tool reaches.
pub mod store;

pub mod tools;

// The shell.
pub mod config;

pub mod telemetry;

pub mod engine;

#[cfg(feature = "web")]
pub mod http;

pub mod cli;
