//! The console's pages as they were built into this binary: plain modules, served as they stand in `web/console`.
//! Never an inline script or another host: the policy in `super` would not let them run.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// A file of `web/console`, its kind and its text.
macro_rules! files {
    ($($kind:ident $name:literal),* $(,)?) => {
        [$(($name, $kind, include_str!(concat!("../../../web/console/", $name)))),*]
    };
}

const FILES: [(&str, &str, &str); 17] = files![
    HTML "index.html", SVG "icon.svg", CSS "console.css", CSS "views.css", SCRIPT "main.js", SCRIPT "api.js", SCRIPT "dom.js", SCRIPT "login.js",
    SCRIPT "wall.js", SCRIPT "listen.js", SCRIPT "seat.js", SCRIPT "story.js", SCRIPT "calls.js", SCRIPT "call.js", SCRIPT "overview.js", SCRIPT "knowledge.js", SCRIPT "accounts.js",
];

/// `GET /console` and the files it asks for.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let [(_, kind, text), ..] = FILES;
    let index = Router::new()
        .route("/console", get(async move || ([(CONTENT_TYPE, kind)], text).into_response()))
        .route("/console/", get(async || Redirect::permanent("/console")));
    FILES.into_iter().skip(1).fold(index, |router, (name, kind, text)| {
        router.route(&format!("/console/{name}"), get(async move || ([(CONTENT_TYPE, kind)], text).into_response()))
    })
}
