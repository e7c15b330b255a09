//! Tools that an MCP server serves, over HTTP or from a program that is started here; one connection a server.
//! Never tells a server more than a call's arguments, and never takes its word that a tool may run.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use rmcp::ServiceExt;
use rmcp::model::{CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ContentBlock, Implementation, Tool};
use rmcp::service::{RoleClient, RunningService, ServiceError};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use super::http::{MOST_BYTES, result};
use crate::business::{Binding, Effect, McpServer, Pack, ToolCall};

/// A server that has not answered the handshake by then is left for the first call to try again.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a started program sees of our environment, besides what its pack names: secrets of ours are not for it.
const ENVIRONMENT: &[&str] = &["PATH", "HOME", "USER", "SHELL", "TERM", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// The MCP servers of one pack.
#[derive(Default)]
pub(super) struct Servers(BTreeMap<McpServer, Line>);

/// One server and the connection to it.
struct Line {
    server: McpServer,
    folder: std::path::PathBuf,
    web: reqwest::Client,
    open: Mutex<Option<Arc<Session>>>,
}

/// A connection after the handshake, with what the server serves.
struct Session {
    client: RunningService<RoleClient, ClientConfig>,
    tools: Vec<Tool>,
}

impl Servers {
    /// Connects to every server the pack names. One that cannot be reached is told in the log and tried again by the first
    /// call of its tools.
    pub(super) async fn open(pack: &Pack, web: &reqwest::Client) -> Self {
        let servers = pack.tools().values().filter_map(|spec| match &spec.binding {
            Binding::Mcp { server, .. } => Some(server.clone()),
            Binding::Sql(_) | Binding::Http { .. } | Binding::Native(_) => None,
        });
        let lines = servers.map(|server| (server.clone(), Line::new(server, pack.folder(), web)));
        let servers = Self(lines.collect());
        join_all(servers.0.values().map(Line::warm)).await;
        servers
    }

    /// Calls a tool of a server; an object, a list or plain text (as `text`) comes back.
    pub(super) async fn call(&self, server: &McpServer, tool: &str, call: &ToolCall) -> Result<Value, String> {
        let line = self.0.get(server).ok_or("the pack had no such server when it was opened")?;
        let session = line.session().await?;
        fits(&session.tools, tool, call)?;
        let arguments: Map<String, Value> = call.arguments.clone().into_iter().collect();
        let request = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        match session.client.call_tool(request).await {
            Ok(answer) => shaped(answer),
            Err(e) => {
                if matches!(e, ServiceError::TransportClosed | ServiceError::TransportSend(_)) {
                    line.hang_up(&session);
                }
                Err(told(&e))
            }
        }
    }
}

impl Line {
    fn new(server: McpServer, folder: &Path, web: &reqwest::Client) -> Self {
        Self { server, folder: folder.to_owned(), web: web.clone(), open: Mutex::new(None) }
    }

    async fn warm(&self) {
        match tokio::time::timeout(PATIENCE, self.session()).await {
            Ok(Ok(session)) => info!(tools = session.tools.len(), "An MCP server is connected."),
            Ok(Err(error)) => warn!(error, "An MCP server cannot be reached; the next call of its tools tries again."),
            Err(_) => {
                warn!(seconds = PATIENCE.as_secs(), "An MCP server does not answer; the next call of its tools tries again.")
            }
        }
    }

    /// The open connection, or a new one if there is none or it broke.
    async fn session(&self) -> Result<Arc<Session>, String> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(session) = open.filter(|s| !s.client.is_closed() && !s.client.is_transport_closed()) {
            return Ok(session);
        }
        let session = Arc::new(self.connect().await?);
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = Some(session.clone());
        Ok(session)
    }

    fn hang_up(&self, broken: &Arc<Session>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_some_and(|session| Arc::ptr_eq(session, broken)) {
            *open = None;
        }
    }

    async fn connect(&self) -> Result<Session, String> {
        let us = ClientConfig::new(ClientCapabilities::default(), Implementation::new("hotline", env!("CARGO_PKG_VERSION")));
        let client = match &self.server {
            McpServer::Http { url, token_env } => {
                let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str())
                    .max_json_response_size(MOST_BYTES)
                    .max_sse_event_size(MOST_BYTES);
                if let Some(name) = token_env {
                    let token = std::env::var(name).map_err(|_| format!("the MCP server at {url} needs a token; set {name}"))?;
                    config = config.auth_header(token);
                }
                let transport = StreamableHttpClientTransport::with_client(self.web.clone(), config);
                us.serve(transport).await.map_err(|_| {
                    format!(
                        "no MCP server answers at {url}; is it running, is the path right (often /mcp), does it want token_env?"
                    )
                })?
            }
            McpServer::Program { command, env } => {
                let shown = command.join(" ");
                let program = self.start(command, env).map_err(|e| format!("cannot start {shown}: {e}; is it installed?"))?;
                let unspoken = |_| format!("{shown} was started but does not speak MCP; run it by hand to see what it says");
                us.serve(program).await.map_err(unspoken)?
            }
        };
        let tools = client.list_all_tools().await.map_err(|e| told(&e))?;
        Ok(Session { client, tools })
    }

    fn start(&self, command: &[String], env: &[String]) -> std::io::Result<TokioChildProcess> {
        let (program, arguments) = command.split_first().ok_or_else(|| std::io::Error::other("no command"))?;
        let seen = ENVIRONMENT.iter().copied().chain(env.iter().map(String::as_str));
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(&self.folder).kill_on_drop(true).env_clear();
        command.envs(seen.filter_map(|name| Some((name, std::env::var_os(name)?))));
        // What it writes to its log could hold what callers said.
        Ok(TokioChildProcess::builder(command).stderr(Stdio::null()).spawn()?.0)
    }
}

/// The server has the tool, it does not write where the pack says that it reads, and it gets what it needs.
fn fits(tools: &[Tool], name: &str, call: &ToolCall) -> Result<(), String> {
    let Some(tool) = tools.iter().find(|t| t.name == name) else {
        let there = tools.iter().map(|t| t.name.as_ref()).collect::<Vec<_>>().join(", ");
        return Err(format!("the MCP server has no tool {name}; it has: {there}"));
    };
    let writes = tool.annotations.as_ref().and_then(|a| a.read_only_hint) == Some(false);
    if writes && call.effect == Effect::Reads {
        return Err(format!("the MCP server says that {name} writes; declare effect = \"writes\""));
    }
    let required = tool.input_schema.get("required").and_then(Value::as_array);
    let missing = required.into_iter().flatten().filter_map(Value::as_str).find(|r| !call.arguments.contains_key(*r));
    missing.map_or(Ok(()), |missing| Err(format!("the MCP server's {name} needs {missing}; add it to args")))
}

/// Structured content first, then text that is JSON, then text as it is. A tool's own error is told without its words:
/// they may be about the caller.
fn shaped(answer: CallToolResult) -> Result<Value, String> {
    if answer.is_error == Some(true) {
        return Err("the MCP server's tool reports an error; call it by hand to see which".to_owned());
    }
    let texts = answer.content.iter().filter_map(ContentBlock::as_text).map(|t| t.text.as_str());
    let text = texts.collect::<Vec<_>>().join("\n");
    if text.len() > MOST_BYTES {
        return Err(format!("the MCP server answered with more than {MOST_BYTES} bytes"));
    }
    match answer.structured_content.or_else(|| serde_json::from_str(&text).ok()) {
        Some(body @ (Value::Object(_) | Value::Array(_))) => result(body),
        Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
            Ok(json!({ "count": 1, "text": text }))
        }
    }
}

/// A failed call without what the server said, which may be about the caller.
fn told(e: &ServiceError) -> String {
    match e {
        ServiceError::McpError(e) => format!("the MCP server refused the call with code {}", e.code.0),
        ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
            "the connection to the MCP server broke; the next call opens it again".to_owned()
        }
        ServiceError::Timeout { .. } => "the MCP server did not answer in time".to_owned(),
        // Theirs is an open enum.
        _ => "the MCP server did not keep to the protocol".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::business::{ArgumentKind, Level, ToolSpec};

    /// A pack with one MCP tool, as a company declares it.
    fn pack(folder: &Path, tool: &str) -> Result<Pack, crate::business::PackError> {
        std::fs::write(
            folder.join("pack.toml"),
            "name = \"hotel\"\ncompany = { en = \"Hotel\" }\nlanguages = [\"en\"]\nhandoff = \"desk\"\n",
        )
        .unwrap();
        std::fs::create_dir_all(folder.join("flows")).unwrap();
        std::fs::write(folder.join("tools.toml"), format!("[tool.rooms]\nabout = \"Free rooms.\"\n{tool}")).unwrap();
        Pack::load(folder)
    }

    fn call(spec: &ToolSpec, arguments: &[(&str, &str)]) -> ToolCall {
        ToolCall {
            name: spec.name.clone(),
            arguments: arguments.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect(),
            effect: spec.effect,
            level: spec.level,
            timeout: spec.timeout,
            filler: None,
        }
    }

    /// What the pack's one tool answers.
    async fn answer(pack: &Pack, arguments: &[(&str, &str)]) -> Result<Value, String> {
        let spec = &pack.tools()["rooms"];
        let servers = Servers::open(pack, &web()).await;
        let Binding::Mcp { server, tool } = &spec.binding else { panic!("{:?} is no MCP tool", spec.binding) };
        servers.call(server, tool, &call(spec, arguments)).await
    }

    fn web() -> reqwest::Client {
        rustls::crypto::ring::default_provider().install_default().ok();
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
    }

    /// A server as the protocol's text describes it: JSON-RPC 2.0, a message a line.
    const SCRIPT: &str = r#"
        while read -r line; do
          id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
          say() { printf '{"jsonrpc":"2.0","id":%s,"result":%s}\n' "$id" "$1"; }
          case $line in
            *'"initialize"'*) say '{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"hotel","version":"1"}}';;
            *'"tools/list"'*) say '{"tools":[
              {"name":"free","inputSchema":{"type":"object","required":["night"]},"annotations":{"readOnlyHint":true}},
              {"name":"book","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":false}},
              {"name":"secret","inputSchema":{"type":"object"}},
              {"name":"broken","inputSchema":{"type":"object"}}]}' | tr -d '\n'; echo;;
            *'"friday"'*) say '{"content":[],"structuredContent":{"rooms":3,"floor":"two"}}';;
            *'"free"'*) say '{"content":[{"type":"text","text":"[{\"rooms\":1},{\"rooms\":2}]"}]}';;
            *'"secret"'*) say "{\"content\":[{\"type\":\"text\",\"text\":\"${MASTER_KEY:-none}\"}]}";;
            *'"broken"'*) say '{"isError":true,"content":[{"type":"text","text":"Anna has no booking"}]}';;
          esac
        done
    "#;

    fn program(folder: &Path, tool: &str, effect: &str, args: &str) -> Pack {
        std::fs::write(folder.join("server.sh"), SCRIPT).unwrap();
        let tool = format!(
            "effect = \"{effect}\"\ntimeout_ms = 900\nargs = {args}\nmcp = {{ command = [\"sh\", \"server.sh\"], tool = \"{tool}\" }}\n"
        );
        pack(folder, &tool).unwrap()
    }

    #[tokio::test]
    async fn a_program_that_speaks_mcp_answers_with_an_object_or_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let pack = program(folder.path(), "free", "reads", "{ night = \"text\" }");
        let friday = answer(&pack, &[("night", "friday")]).await.unwrap();
        assert_eq!(friday, json!({ "rooms": 3, "floor": "two", "count": 1 }));
        let monday = answer(&pack, &[("night", "monday")]).await.unwrap();
        assert_eq!((&monday["rooms"], &monday["count"]), (&json!(1), &json!(2)));
        assert_eq!(monday["rows"][1]["rooms"], 2);
    }

    #[tokio::test]
    async fn what_does_not_fit_is_refused_before_it_is_called() {
        let folder = tempfile::tempdir().unwrap();
        for (tool, args, part) in [
            ("free", "{ day = \"text\" }", "needs night; add it to args"),
            ("book", "{}", "declare effect = \"writes\""),
            ("fee", "{}", "has no tool fee; it has: free, book, secret, broken"),
            ("broken", "{}", "reports an error"),
        ] {
            let pack = program(folder.path(), tool, "reads", args);
            let e = answer(&pack, &[]).await.unwrap_err();
            assert!(e.contains(part) && !e.contains("Anna"), "{tool}: {e}");
        }
    }

    #[tokio::test]
    async fn a_started_program_does_not_see_our_environment() {
        let folder = tempfile::tempdir().unwrap();
        // CARGO_MANIFEST_DIR stands for a secret of ours: it is set in every test, and the script would print it.
        std::fs::write(folder.path().join("server.sh"), SCRIPT.replace("MASTER_KEY", "CARGO_MANIFEST_DIR")).unwrap();
        let declared = |more: &str| {
            format!("effect = \"reads\"\nargs = {{}}\nmcp = {{ command = [\"sh\", \"server.sh\"], tool = \"secret\"{more} }}\n")
        };
        let hidden = answer(&pack(folder.path(), &declared("")).unwrap(), &[]).await.unwrap();
        assert_eq!(hidden["text"], "none");
        let shown = answer(&pack(folder.path(), &declared(", env = [\"CARGO_MANIFEST_DIR\"]")).unwrap(), &[]).await.unwrap();
        assert_eq!(shown["text"], env!("CARGO_MANIFEST_DIR"));
    }

    #[tokio::test]
    async fn a_program_that_died_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let pack = program(folder.path(), "free", "reads", "{ night = \"text\" }");
        let script = SCRIPT.replace(r#"*'"friday"'*)"#, r#"*'"sunday"'*) exit;; *'"friday"'*)"#);
        std::fs::write(folder.path().join("server.sh"), script).unwrap();
        let servers = Servers::open(&pack, &web()).await;
        let spec = &pack.tools()["rooms"];
        let Binding::Mcp { server, tool } = &spec.binding else { panic!("{:?} is no MCP tool", spec.binding) };
        let e = servers.call(server, tool, &call(spec, &[("night", "sunday")])).await.unwrap_err();
        assert!(e.contains("opens it again"), "{e}");
        assert_eq!(servers.call(server, tool, &call(spec, &[("night", "friday")])).await.unwrap()["rooms"], 3);
    }

    #[test]
    fn a_declaration_that_names_no_server_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for mcp in
            ["{ tool = \"a\" }", "{ url = \"ftp://x\", tool = \"a\" }", "{ url = \"http://x\", command = [\"y\"], tool = \"a\" }"]
        {
            let e = pack(folder.path(), &format!("effect = \"reads\"\nmcp = {mcp}\n")).unwrap_err().to_string();
            assert!(e.contains("tools.toml:1: mcp of the tool rooms needs url"), "{e}");
        }
        let declared =
            "effect = \"writes\"\nlevel = 2\nargs = { night = \"text\" }\nmcp = { url = \"https://x/mcp\", tool = \"a\" }\n";
        let pack = pack(folder.path(), declared).unwrap();
        let spec = &pack.tools()["rooms"];
        assert_eq!((spec.level, spec.effect), (Level::try_from(2).unwrap(), Effect::Writes));
        assert_eq!(spec.arguments["night"], ArgumentKind::Text);
    }

    #[cfg(feature = "web")]
    #[tokio::test]
    async fn a_server_on_the_web_answers_and_wants_its_token() {
        use axum::http::{HeaderMap, StatusCode};
        use axum::response::IntoResponse;

        async fn rpc(headers: HeaderMap, axum::Json(message): axum::Json<Value>) -> axum::response::Response {
            if headers.get("authorization").is_none_or(|a| a != concat!("Bearer ", env!("CARGO_PKG_NAME"))) {
                return StatusCode::UNAUTHORIZED.into_response();
            }
            let result = match message["method"].as_str() {
                Some("initialize") => json!({
                    "protocolVersion": "2025-06-18", "capabilities": { "tools": {} }, "serverInfo": { "name": "h", "version": "1" },
                }),
                Some("tools/list") => json!({ "tools": [{ "name": "free", "inputSchema": { "type": "object" } }] }),
                Some("tools/call") => json!({ "content": [{ "type": "text", "text": message["params"]["arguments"]["night"] }] }),
                Some(_) | None => return StatusCode::ACCEPTED.into_response(),
            };
            axum::Json(json!({ "jsonrpc": "2.0", "id": message["id"], "result": result })).into_response()
        }

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let mut server = tokio::task::JoinSet::new();
        let app = axum::Router::new().route("/mcp", axum::routing::post(rpc));
        server.spawn(async move { axum::serve(listener, app).await });

        let folder = tempfile::tempdir().unwrap();
        let declared = |more: &str| {
            format!("effect = \"reads\"\nargs = {{ night = \"text\" }}\nmcp = {{ url = \"{url}\", tool = \"free\"{more} }}\n")
        };
        let pack_with = |more: &str| pack(folder.path(), &declared(more)).unwrap();
        let night = [("night", "星期五")];
        assert_eq!(answer(&pack_with(", token_env = \"CARGO_PKG_NAME\""), &night).await.unwrap()["text"], "星期五");
        let e = answer(&pack_with(""), &night).await.unwrap_err();
        assert!(e.contains("does it want token_env?"), "{e}");
        let e = answer(&pack_with(", token_env = \"HOTLINE_NO_SUCH_TOKEN\""), &night).await.unwrap_err();
        assert!(e.contains("set HOTLINE_NO_SUCH_TOKEN"), "{e}");
    }
}
