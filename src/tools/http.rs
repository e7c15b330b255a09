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
