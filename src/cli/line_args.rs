//! The options that every subcommand with a line has, laid over the configuration file and the environment.
//! Never opens anything.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use crate::config::Config;
#[cfg(feature = "sip")]
use crate::line::sip::Listen;

/// Where the configuration is, and what goes before it.
#[derive(Debug, Clone, Default, Args)]
pub struct LineArgs {
    /// Address to answer SIP on, as udp:ADDR:PORT or tcp:ADDR:PORT; repeatable.
    #[cfg(feature = "sip")]
    #[arg(long, value_name = "TRANSPORT:ADDR:PORT")]
    pub sip: Vec<Listen>,
    /// Address for health, metrics and text chat.
    #[arg(long, value_name = "ADDR:PORT")]
    pub http: Option<SocketAddr>,
    /// Business pack.
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Folder for everything that is kept (also HOTLINE_DATA).
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl LineArgs {
    /// That configuration with these options laid over it.
    #[must_use]
    pub fn over(&self, mut config: Config) -> Config {
        #[cfg(feature = "sip")]
        if !self.sip.is_empty() {
            config.sip.listen.clone_from(&self.sip);
        }
        if let Some(http) = self.http {
            config.http.listen = http;
        }
        if let Some(pack) = &self.pack {
            config.pack.clone_from(pack);
        }
        if let Some(data) = &self.data {
            config.store.data.clone_from(data);
        }
        config
    }
}

/// Where what is kept lies, for subcommands that read it.
#[derive(Debug, Clone, Default, Args)]
pub struct DataArgs {
    /// The folder that holds what is kept, instead of the configured one (also HOTLINE_DATA).
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl DataArgs {
    /// That configuration with these options laid over it.
    #[must_use]
    pub fn over(&self, mut config: Config) -> Config {
        if let Some(data) = &self.data {
            config.store.data.clone_from(data);
        }
        config
    }
}
