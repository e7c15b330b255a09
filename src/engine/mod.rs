//! The tokio shell: drivers, jobs, admission, shutdown, clock.
//! Holds no rule about callers, people or time of day.

mod bridge;
pub mod clock;
mod driver;
mod growth;
mod jobs;
pub mod learning;
mod line;
mod loan;
mod lockouts;
mod memories;
mod notes;
mod observe;
pub mod reload;
pub mod replay;
pub mod reply;
pub mod simulate;
mod sound;
mod switchboard;
mod tasks;
pub mod trial;
mod upkeep;
mod voice;
mod wall;
mod written;

pub use growth::{Change, Growth, GrowthError, Tried};
pub use jobs::Engines;
pub use line::{Facts, Line, OpenError, Speech, phrases};
pub use loan::Loan;
pub use memories::Customer;
pub use notes::{NoteError, decodes_amr};
pub use observe::{Observers, Seen};
pub use switchboard::{Guest, Place, Shared, Switchboard};
pub use tasks::Tasks;
pub use wall::{Lasting, NotTaken, Order, Overheard, Seat, Told, Wall};
pub use written::{Written, WrittenEnd};
