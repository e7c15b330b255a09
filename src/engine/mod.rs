//! The tokio shell: drivers, jobs, admission, shutdown, clock.
//! Holds no rule about callers, people or time of day.

pub mod clock;
pub mod reply;
mod tasks;

pub use tasks::Tasks;
