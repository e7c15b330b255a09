//! Sound to text and text to sound, behind one trait each.
//! Never knows a turn, a call or when sound is played; blocking, run on worker threads.

pub mod hear;
pub mod speak;
