//! Which machine and which build a report was made on.
//! Never names the host or its addresses: reports are passed around.

use std::fs;

use serde::{Deserialize, Serialize};

/// What a figure depends on besides the code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Processor model.
    pub cpu: String,
    /// Cores this process may use.
    pub cores: usize,
    /// Memory, in MiB.
    pub memory_mib: u64,
    /// Kernel release.
    pub kernel: String,
}

/// Which program it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Build {
    /// Version of the package.
    pub version: String,
    /// Commit it was built from, if the build knew.
    pub commit: String,
    /// `debug` (dependencies optimised) or `release`.
    pub profile: String,
    /// Recogniser that heard the callers.
    pub recogniser: String,
    /// Voice that answered.
    pub voice: String,
}

impl Machine {
    /// This machine, as far as the system tells.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, key: &str| {
            text.lines().find(|line| line.starts_with(key)).and_then(|line| line.split(':').nth(1)).map(|v| v.trim().to_owned())
        };
        let kib = field(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: kib.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
        }
    }
}

impl Build {
    /// This program, with the engines that are in use.
    pub fn this(recogniser: &str, voice: &str) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: option_env!("HOTLINE_COMMIT").unwrap_or("unknown").to_owned(),
            profile: if cfg!(debug_assertions) { "debug (optimised dependencies)" } else { "release" }.to_owned(),
            recogniser: recogniser.to_owned(),
            voice: voice.to_owned(),
        }
    }
}
