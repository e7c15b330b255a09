//! The widget's script and the page that shows it, as they were built into this binary.
//! Never builds anything: `web/widget/dist` is committed, and a test tells when it is stale.

use axum::Router;
use axum::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;

const SCRIPT: &str = include_str!("../../web/widget/dist/hotline-widget.js");
const PAGE: &str = include_str!("../../web/widget/dist/demo.html");

/// `GET /talk`, a page with the widget on it, and `GET /widget/hotline-widget.js`, the widget for any page.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route("/talk", get(page)).route("/widget/hotline-widget.js", get(script))
}

async fn page() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, "no-cache")], PAGE)
}

/// Any page may load it; what it may then do is decided by the page's origin.
async fn script() -> impl IntoResponse {
    let headers =
        [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache"), (ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    (headers, SCRIPT)
}
