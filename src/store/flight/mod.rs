//! The flight recorder: all that a call's decisions were made of, with its times, sealed in `DATA/calls/CALL_ID/flight.sealed`.
//! Never holds what was said or keyed where a secret was asked for, nor the sound of it.
//!
//! A flight is lines of JSON ([`Line`] has the schema): what the call is run by, then each input and, behind it, what the call
//! answered to it. Since the call is a value, the same inputs give the same answers anywhere (`hotline replay`). Each record of
//! the sealed file is a gzip member of whole lines, so that the file taken out of its seal is one `.jsonl.gz` that `zcat` shows.

mod file;
mod line;
mod recorder;
mod veil;

use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use thiserror::Error;

use crate::talk::CallId;

use super::keys::Vault;
use super::seal::SealedReader;
use super::{Damage, StoreError};

pub use file::{FlightFile, flights};
pub use line::{FORMAT, Head, Line, Rtp};
pub use recorder::{CallFlight, Flights};
pub use veil::{veil, veil_output};

/// Name of the file in the call's folder.
pub const FILE_NAME: &str = "flight.sealed";
/// A flight is not read further: so much is an hour's call with its packets, ten times over.
const LONGEST: u64 = 1 << 30;

/// One call's flight, read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Flight {
    /// What the call was run by.
    pub head: Head,
    /// What happened, in order.
    pub lines: Vec<Line>,
}

/// Why a flight cannot be read.
#[derive(Debug, Error)]
pub enum FlightError {
    /// The file's own trouble.
    #[error("line {line} cannot be read ({source}); a flight is made by `hotline replay CALL --export FILE`")]
    Unreadable {
        /// The line's number, from 1.
        line: usize,
        /// Why.
        source: std::io::Error,
    },
    /// A line that this program cannot make sense of.
    #[error("line {line}: {what}; it was recorded by another version, or altered")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong with it.
        what: String,
    },
    /// It does not begin with what the call was run by.
    #[error("the first line is no head of a flight; this is another kind of file")]
    NoHead,
    /// Another version's.
    #[error(
        "this is a flight of format {0}, and this program reads formats up to {FORMAT}; replay it with the program that recorded it"
    )]
    Format(u32),
}

impl Flight {
    /// Reads a flight that was taken out of its seal.
    ///
    /// # Errors
    /// Whatever is no whole flight, with the line it lies in.
    pub fn read(file: impl Read) -> Result<Self, FlightError> {
        let mut lines = BufReader::new(MultiGzDecoder::new(file).take(LONGEST)).lines().enumerate();
        let mut next = || {
            let (at, text) = lines.next()?;
            let line = at + 1;
            Some(text.map_err(|source| FlightError::Unreadable { line, source }).and_then(|text| {
                serde_json::from_str(&text).map_err(|error| FlightError::Line { line, what: error.to_string() })
            }))
        };
        let head = match next().ok_or(FlightError::NoHead)? {
            Ok(Line::Head(head)) if head.format <= FORMAT => *head,
            Ok(Line::Head(head)) => return Err(FlightError::Format(head.format)),
            Ok(_) | Err(_) => return Err(FlightError::NoHead),
        };
        let lines = std::iter::from_fn(next).collect::<Result<_, _>>()?;
        Ok(Self { head, lines })
    }

    /// The flight as a file that [`Self::read`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = Line::Head(Box::new(self.head.clone()));
        let text: Vec<u8> = std::iter::once(&head).chain(&self.lines).flat_map(Line::to_bytes).collect();
        file::packed(&text).expect("memory takes it")
    }
}

/// A call's flight taken out of its seal, as a file that [`Flight::read`] reads, and where it is damaged; it ends there.
///
/// # Errors
/// No flight, no key for it.
pub fn unsealed(vault: &Vault, call: &CallId) -> Result<(Vec<u8>, Option<Damage>), StoreError> {
    let Some(records) = SealedReader::open(vault, call, FILE_NAME)? else {
        return Err(StoreError::NoFlight(call.clone()));
    };
    let mut packed = Vec::new();
    for record in records {
        match record {
            Ok(members) => packed.extend(members),
            Err(damage) => return Ok((packed, Some(damage))),
        }
    }
    Ok((packed, None))
}
