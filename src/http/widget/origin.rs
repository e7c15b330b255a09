//! Which pages may use this line (RFC 6454 origins), and how their browsers are told (CORS).
//! Never takes a request without an origin for one of its own page.

use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue};

/// The request's origin, if it may use this line: it is on the list, or it is this server's own page.
pub(in crate::http) fn allowed(headers: &HeaderMap, list: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    let listed = list.iter().any(|entry| entry == "*" || entry.trim_end_matches('/').eq_ignore_ascii_case(text));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let own = text.split_once("://").is_some_and(|(_, authority)| host.is_some_and(|h| h.eq_ignore_ascii_case(authority)));
    (listed || own).then(|| origin.clone())
}

/// Lets a page of that origin read the answer.
pub(super) fn permit(headers: &mut HeaderMap, origin: &HeaderValue) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    let fixed = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, if-match"),
        (ACCESS_CONTROL_EXPOSE_HEADERS, "location, retry-after"),
        (ACCESS_CONTROL_MAX_AGE, "600"),
        (VARY, "origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may(origin: Option<&'static str>, list: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("line.example:8080"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let list: Vec<_> = list.iter().map(|&entry| entry.to_owned()).collect();
        allowed(&headers, &list).is_some()
    }

    #[test]
    fn the_lines_own_page_and_those_on_the_list_may_and_nobody_else() {
        assert!(may(Some("http://line.example:8080"), &[]));
        assert!(may(Some("https://shop.example"), &["https://shop.example/"]));
        assert!(may(Some("https://any.example"), &["*"]));
        for origin in
            [None, Some("null"), Some("https://shop.example.evil"), Some("http://line.example"), Some("http://shop.example")]
        {
            assert!(!may(origin, &["https://shop.example"]), "{origin:?}");
        }
    }
}
