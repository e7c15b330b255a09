//! A new master key: every key is re-wrapped one by one, then the old one goes.
//! Never leaves a key that neither master opens, wherever it is stopped; calls go on meanwhile.

use super::{KeyError, OWN, Vault, files, label, master, wrapped};

/// What a rotation did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// Keys that are wrapped by the new master key now and were not before.
    pub rewrapped: usize,
    /// Keys there are.
    pub keys: usize,
}

impl Vault {
    /// Wraps every key by a new master key. With the master key in a file, a new one is made beside it and takes its place
    /// at the end; from elsewhere, the configured one is the new one and `previous_master_key` the old one.
    ///
    /// Stopped at any moment, it goes on where it was when it is run again.
    ///
    /// # Errors
    /// No new master key, a key that no known master key opens, a file that refuses.
    pub fn rotate(&self) -> Result<Rotation, KeyError> {
        self.prepare_next()?;
        let mut rewrapped = 0;
        loop {
            let mut left = 0;
            for label in self.labels()? {
                left += usize::from(self.rewrap(&label)?);
            }
            rewrapped += left;
            if left == 0 && self.finish()? {
                return Ok(Rotation { rewrapped, keys: self.labels()?.len() });
            }
        }
    }

    /// From here on, whoever makes a key wraps it by the new master key.
    pub(super) fn prepare_next(&self) -> Result<(), KeyError> {
        let _held = self.hold()?;
        match self.masters.file() {
            Some(path) if !master::next(&path).exists() => master::make_file(&master::next(&path)),
            Some(_) => Ok(()),
            None if self.masters.has_previous() => Ok(()),
            None => Err(KeyError::NothingNew),
        }
    }

    /// Whether the key was wrapped by another master key than the new one.
    pub(super) fn rewrap(&self, label: &str) -> Result<bool, KeyError> {
        let _held = self.hold()?;
        let path = self.path(label);
        let new = self.masters.wrapping()?;
        match wrapped(&path)? {
            Some((id, _)) if id != new.id => {}
            // Done already, or destroyed meanwhile.
            Some(_) | None => return Ok(false),
        }
        let Some(key) = self.unwrap(label)? else { return Ok(false) };
        self.wrap(label, &key)?;
        Ok(true)
    }

    /// The new master key takes the old one's place, unless a key appeared that is still wrapped by the old one.
    fn finish(&self) -> Result<bool, KeyError> {
        let _held = self.hold()?;
        let new = self.masters.wrapping()?;
        for label in self.labels()? {
            if wrapped(&self.path(&label))?.is_some_and(|(id, _)| id != new.id) {
                return Ok(false);
            }
        }
        if let Some(path) = self.masters.file() {
            let next = master::next(&path);
            files::replace(&next, &path).map_err(KeyError::file(&path, "put the new master key in its place"))?;
        }
        Ok(true)
    }

    /// Every wrapped key there is.
    pub(super) fn labels(&self) -> Result<Vec<String>, KeyError> {
        let own = OWN.into_iter().map(str::to_owned).filter(|label| self.path(label).exists());
        Ok(own.chain(self.callers()?.into_iter().map(label)).collect())
    }
}
