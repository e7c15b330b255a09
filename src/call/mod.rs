//! One leg: who has the floor and what happens next. A pure value: time and results come in, actions come out.
//! Never touches samples, clocks, tasks or locks.

mod input;
mod output;

pub use input::{Hangup, Input, RecognitionFailed};
pub use output::{Action, Event, Latency, Output};
