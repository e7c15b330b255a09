//! What outlives a call: records, journal, recordings.
//! The only place that writes files of callers.

pub mod weights;
