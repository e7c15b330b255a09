//! Wrappers for a caller's data and for secrets: printing or logging them shows a placeholder.
//! Never stores or transmits anything.

use std::fmt;

/// Personal data of a caller. `Debug` and `Display` print `<pii>`; reading it takes [`Pii::reveal`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Pii<T>(T);

impl<T> Pii<T> {
    /// Marks a value as personal data.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<pii>")
    }
}

impl<T> fmt::Display for Pii<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<pii>")
    }
}

/// A key, password or PIN. `Debug` prints `<secret>`; it has no `Display`, no equality and no order.
#[derive(Clone, Default)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Marks a value as a secret.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_shows_nothing() {
        let caller = Pii::new("+8613800138000");
        assert_eq!(format!("{caller} {caller:?} {:?}", Secret::new("4271")), "<pii> <pii> <secret>");
        assert_eq!(*caller.reveal(), "+8613800138000");
    }
}
