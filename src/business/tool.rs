//! The contract of a tool: its arguments, whether it writes, the identity it needs, its time-out, and what runs it.
//! Never runs one.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

/// Whether a tool changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// It only looks; it may run for a guess that is thrown away later.
    Reads,
    /// It changes something: never without the caller's yes to a read-back.
    Writes,
}

/// How well the caller must be known: 0 not at all, 1 by what they know, 2 by a code, 3 by a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Deserialize, Serialize)]
#[serde(try_from = "u8")]
pub struct Level(u8);

impl Level {
    /// Nobody in particular.
    pub const ANONYMOUS: Self = Self(0);

    /// The levels a caller can reach at a machine, lowest first.
    pub const PROVABLE: [Self; 2] = [Self(1), Self(2)];

    /// The level as a number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<u8> for Level {
    type Error = &'static str;
    fn try_from(level: u8) -> Result<Self, &'static str> {
        if level <= 3 { Ok(Self(level)) } else { Err("an identity level is 0, 1, 2 or 3") }
    }
}

/// The type of an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArgumentKind {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// True or false.
    Flag,
    /// The account the caller was verified for; filled in by the engine, never by a flow.
    Account,
}

impl ArgumentKind {
    /// The value as this type, or `None` if it is not one.
    pub fn coerce(self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Text | Self::Account, Value::String(_)) | (Self::Flag, Value::Bool(_)) => Some(value.clone()),
            (Self::Text, Value::Number(n)) => Some(Value::String(n.to_string())),
            (Self::Integer, Value::Number(n)) => n.as_i64().map(Value::from),
            (Self::Integer, Value::String(s)) => s.parse::<i64>().ok().map(Value::from),
            _ => None,
        }
    }
}

/// What a tool call reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// Statements over the pack's own database; the rows of the last one are the result.
    Sql(Vec<String>),
    /// A JSON request: arguments in the query (GET) or the body.
    Http {
        /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
        method: String,
        /// Address; `{argument}` is filled in.
        url: String,
    },
    /// A tool written in Rust and registered under this name.
    Native(String),
    /// A tool that an MCP server serves.
    Mcp {
        /// Where the server is.
        server: McpServer,
        /// What the server calls it.
        tool: String,
    },
}

/// Where a server of the Model Context Protocol is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum McpServer {
    /// At an address (streamable HTTP).
    Http {
        /// The address.
        url: String,
        /// The environment variable that holds the bearer token, if the server asks for one.
        token_env: Option<String>,
    },
    /// A program that is started in the pack's folder and spoken with over its standard input and output.
    Program {
        /// The program and its arguments; never empty.
        command: Vec<String>,
        /// Environment variables that it may see besides `PATH`, `HOME` and the like.
        env: Vec<String>,
    },
}

impl McpServer {
    /// Reads what a pack declares: an address or a command, not both.
    pub(super) fn declared(
        url: Option<String>,
        command: Vec<String>,
        token_env: Option<String>,
        env: Vec<String>,
    ) -> Option<Self> {
        match url {
            Some(url) if command.is_empty() && env.is_empty() => {
                let web = url.starts_with("http://") || url.starts_with("https://");
                web.then_some(Self::Http { url, token_env })
            }
            None if !command.is_empty() && token_env.is_none() => Some(Self::Program { command, env }),
            Some(_) | None => None,
        }
    }
}

/// One tool as the pack declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does, in one line.
    pub about: String,
    /// Whether it writes.
    pub effect: Effect,
    /// The identity it needs.
    pub level: Level,
    /// Its result is for a `verify` step alone.
    pub private: bool,
    /// How long it may take.
    pub timeout: Duration,
    /// Its arguments; all are needed.
    pub arguments: BTreeMap<String, ArgumentKind>,
    /// Statements with which a built-in tool reads the pack's database, by the name it gives each.
    pub reads: BTreeMap<String, String>,
    /// What runs it.
    pub binding: Binding,
}

impl ToolSpec {
    /// The arguments that a flow gives.
    pub fn given(&self) -> impl Iterator<Item = &String> {
        self.arguments.iter().filter(|(_, kind)| **kind != ArgumentKind::Account).map(|(name, _)| name)
    }

    /// The argument that is the verified account.
    pub fn account(&self) -> Option<&String> {
        self.arguments.iter().find(|(_, kind)| **kind == ArgumentKind::Account).map(|(name, _)| name)
    }
}

/// A call that policy has allowed: typed arguments and all that the runner must know.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolCall {
    /// The tool's name.
    pub name: String,
    /// Arguments, each of its declared type.
    pub arguments: BTreeMap<String, Value>,
    /// Whether it writes.
    pub effect: Effect,
    /// The identity it needs.
    pub level: Level,
    /// How long it may take.
    pub timeout: Duration,
    /// Said if it takes a while.
    pub filler: Option<String>,
}

/// Why a tool gave no result. An empty search is a result, not a failure.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToolFailure {
    /// It took longer than its time-out.
    #[error("the tool {0} did not answer in time; look at what it reaches or raise timeout_ms")]
    TimedOut(String),
    /// What it reaches failed.
    #[error("the tool {name} failed: {what}")]
    Backend {
        /// Which tool.
        name: String,
        /// What happened.
        what: String,
    },
    /// The caller is not identified well enough.
    #[error("the tool {0} needs a caller who is identified")]
    NotAuthorised(String),
}

/// Whether a name can be used for flows, slots, steps and tools: `a-z`, `0-9`, `_`, `-`, beginning with a letter.
pub fn identifier_ok(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
}
