//! One file a subcommand.
//! Holds no logic that a library user would miss.

pub mod say;
