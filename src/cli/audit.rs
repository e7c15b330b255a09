//! `hotline audit verify`: whether the audit log is as it was written, and if not, the first entry that is not.
//! Never writes to it, and needs no secret.

use std::io::Write;
use std::path::Path;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::line_args::DataArgs;
use crate::store::audit::{AuditError, Link, public_key, verify};

/// The audit log.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
    #[command(flatten)]
    data: DataArgs,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check every signature and the chain; name the first altered entry
    Verify {
        /// The log's public key (64 hexadecimal digits), if the one in the folder is not to be trusted.
        #[arg(long, value_name = "HEX")]
        public_key: Option<String>,
        /// A head that was printed earlier, which the log must still hold.
        #[arg(long, value_name = "NUMBER:HASH")]
        holds: Option<Link>,
    },
}

/// Runs the subcommand; whether the log is as it was written.
///
/// # Errors
/// No log, or one that cannot be read.
pub fn run(args: &AuditArgs, configured: &Path, out: &mut dyn Write) -> anyhow::Result<bool> {
    let data = args.data.data.as_deref().unwrap_or(configured);
    let AuditCommand::Verify { public_key: given, holds } = &args.command;
    let key = match given {
        Some(text) => parse_key(text).context("--public-key takes 64 hexadecimal digits, as in DATA/audit/public.key")?,
        None => public_key(data)?,
    };
    match verify(data, &key, *holds) {
        Ok(verified) => {
            writeln!(out, "{} entries, as they were written; note this head elsewhere: {}", verified.entries, verified.head)?;
            Ok(true)
        }
        Err(AuditError::Altered(fault)) => {
            writeln!(out, "{fault}")?;
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Who gives this command, for the audit log.
pub fn operator() -> String {
    ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok()).unwrap_or_else(|| "unknown".to_owned())
}

fn parse_key(text: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = text.trim().chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    Some(std::array::from_fn(|i| digits[2 * i] << 4 | digits[2 * i + 1]))
}
