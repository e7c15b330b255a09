//! A tool that is a JSON request to a company's own service.
//! Never follows a redirect, and never lets an argument choose the host or the path's shape.

use serde_json::Value;

use crate::business::ToolCall;

/// An answer larger than this is no answer for a call.
pub(super) const MOST_BYTES: usize = 256 * 1024;

/// Sends the request and reads the answer; an object gets `count` 1, `404` counts as nothing found.
pub(super) async fn call(web: &reqwest::Client, method: &str, url: &str, call: &ToolCall) -> Result<Value, String> {
    let method: reqwest::Method = method.parse().map_err(|_| format!("{method:?} is no HTTP method"))?;
    let (url, rest) = filled(url, call);
    let request = web.request(method.clone(), url);
    let request = if method == reqwest::Method::GET {
        let pairs = rest.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(&plain(value))));
        let query = pairs.collect::<Vec<_>>().join("&");
        let (client, request) = request.build_split();
        let mut request = request.map_err(|e| e.without_url().to_string())?;
        if !query.is_empty() {
            let query = request.url().query().map_or_else(|| query.clone(), |own| format!("{own}&{query}"));
            request.url_mut().set_query(Some(&query));
        }
        reqwest::RequestBuilder::from_parts(client, request)
    } else {
        request.json(&rest)
    };
    let mut response = request.send().await.map_err(|e| e.without_url().to_string())?;
    if response.status() == reqwest::StatusCode::NOT_FOUND {
        return Ok(serde_json::json!({ "count": 0, "rows": [] }));
    }
    if !response.status().is_success() {
        return Err(format!("the service answered {}", response.status()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| e.without_url().to_string())? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST_BYTES {
            return Err(format!("the service answered with more than {MOST_BYTES} bytes"));
        }
    }
    result(serde_json::from_slice(&body).map_err(|e| format!("the service did not answer with JSON: {e}"))?)
}

/// `{argument}` in the address filled in; the arguments that stand nowhere in it.
fn filled<'c>(url: &str, call: &'c ToolCall) -> (String, std::collections::BTreeMap<&'c str, &'c Value>) {
    let mut url = url.to_owned();
    let mut rest = std::collections::BTreeMap::new();
    for (name, value) in &call.arguments {
        let place = format!("{{{name}}}");
        if url.contains(&place) {
            url = url.replace(&place, &encoded(&plain(value)));
        } else {
            rest.insert(name.as_str(), value);
        }
    }
    (url, rest)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Percent-encoded: unreserved characters of RFC 3986 section 2.3 stay.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
            _ => format!("%{b:02X}"),
        })
        .collect()
}

/// As flows read it: the first row's fields, `count` and, of a list, `rows`.
pub(super) fn result(body: Value) -> Result<Value, String> {
    match body {
        Value::Object(mut object) => {
            object.entry("count").or_insert_with(|| 1.into());
            Ok(Value::Object(object))
        }
        Value::Array(rows) => {
            let mut first = rows.first().and_then(Value::as_object).cloned().unwrap_or_default();
            first.insert("count".to_owned(), rows.len().into());
            first.insert("rows".to_owned(), rows.into());
            Ok(Value::Object(first))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err("the service answered with neither an object nor a list".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::future::pending;
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::super::Tools;
    use super::*;
    use crate::business::{Binding, Effect, Level, ToolFailure, ToolSpec};
    use crate::store::pack_data::PackData;

    /// Calls a tool at `method` and `path` of a service that sends these bytes (`None`: takes the request and is silent).
    /// The service's view of the request, and what the tool gave.
    async fn ask(method: &str, path: &str, answer: Option<&[u8]>) -> (String, Result<Value, ToolFailure>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}{path}", listener.local_addr().expect("bound"));
        let arguments = BTreeMap::from([("order".to_owned(), json!("42 7/1")), ("note".to_owned(), json!("a&b"))]);
        let spec = ToolSpec {
            name: "look".to_owned(),
            about: String::new(),
            effect: Effect::Reads,
            level: Level::ANONYMOUS,
            private: false,
            reads: BTreeMap::new(),
            timeout: Duration::from_millis(300),
            arguments: BTreeMap::new(),
            binding: Binding::Http { method: method.to_owned(), url },
        };
        let call = ToolCall {
            name: spec.name.clone(),
            arguments,
            effect: spec.effect,
            level: spec.level,
            timeout: spec.timeout,
            filler: None,
        };
        let service = async {
            let (mut stream, _) = listener.accept().await.expect("the tool's request");
            let (mut buffer, mut request) = ([0; 4_096], String::new());
            while !request.contains("\r\n\r\n") || (method == "POST" && !request.ends_with('}')) {
                let n = stream.read(&mut buffer).await.expect("a request");
                request.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
            let Some(answer) = answer else { return (request, pending().await) };
            // A client that has read enough hangs up.
            stream.write_all(answer).await.ok();
            (request, stream)
        };
        let folder = tempfile::tempdir().expect("a folder");
        let data = PackData::open(&folder.path().join("pack.db"), folder.path()).await.expect("a database");
        let web = Tools::client().expect("a client");
        let tools = Tools {
            specs: Arc::new(BTreeMap::from([("look".to_owned(), spec)])),
            data,
            folder: std::path::PathBuf::new(),
            web,
            native: Arc::default(),
            registered: Arc::default(),
            mcp: Arc::default(),
        };
        let asked = tools.run(&call, None);
        tokio::pin!(service, asked);
        tokio::select! {
            (request, _open) = &mut service => (request, asked.await),
            result = &mut asked => (String::new(), result),
        }
    }

    fn reply(status: &str, body: &str) -> Vec<u8> {
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    fn why(result: Result<Value, ToolFailure>) -> String {
        result.expect_err("the service gave nothing of use").to_string()
    }

    #[tokio::test]
    async fn arguments_fill_the_path_then_the_query_or_the_body() {
        let found = reply("200 OK", "{\"status\":\"shipped\"}");
        let (request, result) = ask("GET", "/orders/{order}?key=1", Some(&found)).await;
        assert!(request.starts_with("GET /orders/42%207%2F1?key=1&note=a%26b HTTP/1.1"), "{request}");
        assert_eq!(result, Ok(json!({ "status": "shipped", "count": 1 })));
        let (request, _) = ask("POST", "/orders/{order}", Some(&found)).await;
        assert!(request.starts_with("POST /orders/42%207%2F1 ") && request.ends_with("{\"note\":\"a&b\"}"), "{request}");
    }

    #[tokio::test]
    async fn a_list_counts_and_nothing_found_is_a_result() {
        let (_, result) = ask("GET", "/", Some(&reply("200 OK", "[{\"a\":1},{\"a\":2}]"))).await;
        assert_eq!(result, Ok(json!({ "a": 1, "count": 2, "rows": [{ "a": 1 }, { "a": 2 }] })));
        let (_, result) = ask("GET", "/", Some(&reply("404 Not Found", "<html>"))).await;
        assert_eq!(result, Ok(json!({ "count": 0, "rows": [] })));
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told_as_what_it_is() {
        let elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n";
        for (answer, part) in [
            (reply("500 Internal Server Error", "{}"), "500"),
            (elsewhere.to_vec(), "302"),
            (reply("200 OK", "<html>"), "JSON"),
            (reply("200 OK", "\"yes\""), "neither an object nor a list"),
            (reply("200 OK", &format!("[\"{}\"]", "x".repeat(MOST_BYTES))), "more than"),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{".to_vec(), "look"),
            (b"SSH-2.0\r\n\r\n".to_vec(), "look"),
        ] {
            let why = why(ask("GET", "/", Some(&answer)).await.1);
            assert!(why.contains(part), "{why}");
            assert!(!why.contains("127.0.0.1"), "an address may hold what a caller said: {why}");
        }
    }

    #[tokio::test]
    async fn a_silent_service_is_given_up_in_time() {
        assert_eq!(ask("GET", "/", None).await.1, Err(ToolFailure::TimedOut("look".to_owned())));
    }
}
