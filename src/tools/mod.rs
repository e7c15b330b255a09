//! What a tool call reaches: the pack's database, a company's HTTP service, a tool written in Rust.
//! Never decides whether a call is allowed; it is the second lock behind that decision, not the first.

mod http;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use thiserror::Error;

use crate::business::{Binding, Effect, Level, Pack, ToolCall, ToolFailure, ToolSpec, Verified};
use crate::store::pack_data::{PackData, PackDataError};

/// A tool written in Rust, for what neither SQL nor HTTP can do.
#[async_trait]
pub trait NativeTool: Send + Sync {
    /// Whether it writes. A pack that declares less is refused.
    fn effect(&self) -> Effect;

    /// Runs it. Arguments have the types the pack declares.
    async fn run(&self, arguments: &BTreeMap<String, Value>) -> Result<Value, String>;
}

/// Why a pack's tools cannot be opened.
#[derive(Debug, Error)]
pub enum ToolsError {
    /// The pack's database.
    #[error(transparent)]
    Database(#[from] PackDataError),
    /// The HTTP client.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
    /// The pack names a Rust tool that this program has not got.
    #[error("the tool {tool} is declared native = {native:?}, which this program has not got")]
    NoSuchNative {
        /// The pack's name for it.
        tool: String,
        /// The name it asks for.
        native: String,
    },
    /// A tool that writes is declared as one that reads.
    #[error("the tool {0} writes, but the pack declares effect = \"reads\"; declare effect = \"writes\"")]
    HiddenWrite(String),
}

/// All tools of one pack, ready to be called.
#[derive(Clone)]
pub struct Tools {
    specs: Arc<BTreeMap<String, ToolSpec>>,
    data: PackData,
    web: reqwest::Client,
    native: Arc<BTreeMap<String, Arc<dyn NativeTool>>>,
}

impl fmt::Debug for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tools").field("specs", &self.specs.keys()).finish_non_exhaustive()
    }
}

impl Tools {
    /// Opens what the pack's tools reach; its database lies in `DATA/packs/NAME.db`.
    pub async fn open(pack: &Pack, data: &Path, native: BTreeMap<String, Arc<dyn NativeTool>>) -> Result<Self, ToolsError> {
        for spec in pack.tools().values() {
            let Binding::Native(name) = &spec.binding else { continue };
            match native.get(name) {
                None => return Err(ToolsError::NoSuchNative { tool: spec.name.clone(), native: name.clone() }),
                Some(tool) if tool.effect() == Effect::Writes && spec.effect == Effect::Reads => {
                    return Err(ToolsError::HiddenWrite(spec.name.clone()));
                }
                Some(_) => {}
            }
        }
        let file = data.join("packs").join(format!("{}.db", pack.name()));
        let database = PackData::open(&file, &pack.folder().join("database")).await?;
        // reqwest is built without a TLS provider of its own; a second installation is refused and harmless.
        rustls::crypto::ring::default_provider().install_default().ok();
        let web = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { specs: Arc::new(pack.tools().clone()), data: database, web, native: Arc::new(native) })
    }

    /// The same tools over a database in another folder.
    ///
    /// # Errors
    /// A database that cannot be opened.
    pub async fn over(&self, pack: &Pack, data: &Path) -> Result<Self, ToolsError> {
        Self::open(pack, data, (*self.native).clone()).await
    }

    /// The pack's own database.
    pub const fn data(&self) -> &PackData {
        &self.data
    }

    /// Runs a call to its end, within its time-out, for this caller; `None` is nobody in particular.
    ///
    /// # Errors
    /// A caller who is not known well enough, or not as the account that the call is about; and whatever the tool reports.
    pub async fn run(&self, call: &ToolCall, caller: Option<&Verified>) -> Result<Value, ToolFailure> {
        let failed = |what: String| ToolFailure::Backend { name: call.name.clone(), what };
        let spec = self.specs.get(&call.name).ok_or_else(|| failed("the pack declares no such tool".to_owned()))?;
        let strange = spec.account().is_some_and(|name| {
            let account = call.arguments.get(name).and_then(Value::as_str);
            account.is_none() || account != caller.map(Verified::account)
        });
        if strange || caller.map_or(Level::ANONYMOUS, Verified::level) < spec.level {
            return Err(ToolFailure::NotAuthorised(call.name.clone()));
        }
        let work = async {
            match &spec.binding {
                Binding::Sql(statements) => self.sql(spec.effect, statements, call).await.map_err(|e| failed(e.to_string())),
                Binding::Http { method, url } => http::call(&self.web, method, url, call).await.map_err(failed),
                Binding::Native(name) => self.native[name].run(&call.arguments).await.map_err(failed),
            }
        };
        tokio::time::timeout(call.timeout, work).await.unwrap_or_else(|_| Err(ToolFailure::TimedOut(call.name.clone())))
    }

    async fn sql(&self, effect: Effect, statements: &[String], call: &ToolCall) -> Result<Value, PackDataError> {
        match (effect, statements) {
            (Effect::Reads, statements) => {
                let mut result = Value::Null;
                for sql in statements {
                    result = self.data.look_up(sql, &call.arguments).await?;
                }
                Ok(result)
            }
            (Effect::Writes, statements) => self.data.change(statements, &call.arguments).await,
        }
    }
}
