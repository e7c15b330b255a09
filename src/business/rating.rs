//! Whether callers are asked at the end how satisfied they are, from 1 to 5. Part of a company's configuration.
//! Never asked by itself: a pack that says nothing asks nobody.

use serde::Deserialize;

/// The question at the end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RatingConfig {
    /// Whether callers who say good-bye, and for whom something was done, are asked.
    pub on: bool,
}
