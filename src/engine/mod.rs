//! The tokio shell: drivers, jobs, workers, admission, shutdown, clock.
//! Holds no rule about callers, people or time of day.

pub mod reply;
