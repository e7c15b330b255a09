//! `GET /openapi.json`: every page that programs call, with what it takes, what it gives, and how a sender proves itself.
//! Never describes the operators' console: its pages are for its own script.

use utoipa::PartialSchema as _;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, Response,
    ResponseBuilder, Schema,
};

use super::error::Fault;
use super::{Health, Ready, chat, events, widget};

const JSON: &str = "application/json";
const TEXT: &str = "text/plain";
const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
const XML: &str = "application/xml";
const FORM: &str = "multipart/form-data";
/// The name under which the token of a page is described.
const TOKEN: &str = "token";

/// One page: how it is asked, what it does, what it takes and gives.
struct Page {
    asked: (HttpMethod, &'static str),
    does: &'static str,
    /// Headers and parameters that it needs.
    needs: &'static [(&'static str, ParameterIn)],
    /// The kind of the body, and its schema where it is ours.
    takes: Option<(&'static str, Option<&'static str>)>,
    gives: (&'static str, Option<&'static str>),
    /// The schema of what it gives, where that is JSON of ours.
    answer: Option<&'static str>,
    by_token: bool,
}

impl Page {
    const fn new(method: HttpMethod, path: &'static str, does: &'static str) -> Self {
        Self { asked: (method, path), does, needs: &[], takes: None, gives: ("200", Some(JSON)), answer: None, by_token: false }
    }

    const fn taking(self, kind: &'static str, schema: Option<&'static str>) -> Self {
        Self { takes: Some((kind, schema)), ..self }
    }

    const fn giving(self, status: &'static str, kind: Option<&'static str>) -> Self {
        Self { gives: (status, kind), ..self }
    }

    const fn answering(self, schema: &'static str) -> Self {
        Self { answer: Some(schema), ..self }
    }

    const fn needing(self, needs: &'static [(&'static str, ParameterIn)]) -> Self {
        Self { needs, ..self }
    }

    const fn by_token(self) -> Self {
        Self { by_token: true, ..self }
    }
}

const TELEGRAM: &[(&str, ParameterIn)] = &[("X-Telegram-Bot-Api-Secret-Token", ParameterIn::Header)];
const META: &[(&str, ParameterIn)] = &[("X-Hub-Signature-256", ParameterIn::Header)];
const META_CHALLENGE: &[(&str, ParameterIn)] =
    &[("hub.mode", ParameterIn::Query), ("hub.verify_token", ParameterIn::Query), ("hub.challenge", ParameterIn::Query)];
const WECHAT: &[(&str, ParameterIn)] = &[("timestamp", ParameterIn::Query), ("nonce", ParameterIn::Query)];
const WECHAT_CHALLENGE: &[(&str, ParameterIn)] = &[
    ("signature", ParameterIn::Query),
    ("timestamp", ParameterIn::Query),
    ("nonce", ParameterIn::Query),
    ("echostr", ParameterIn::Query),
];
const EVENT: &[(&str, ParameterIn)] =
    &[("X-Hotline-Timestamp", ParameterIn::Header), ("X-Hotline-Signature", ParameterIn::Header)];
const CALL: &[(&str, ParameterIn)] = &[("id", ParameterIn::Path)];

/// Every page that programs call. A test holds it against the routes.
fn pages() -> [Page; 20] {
    use HttpMethod::{Delete, Get, Patch, Post};
    [
        Page::new(Get, "/healthz", "Whether the program runs.").answering("Health"),
        Page::new(Get, "/readyz", "Whether calls are accepted now.").answering("Ready"),
        Page::new(Get, "/metrics", "The line's numbers for Prometheus.").giving("200", Some(TEXT)),
        Page::new(Get, "/openapi.json", "This description."),
        Page::new(Get, "/talk", "A page with the widget on it.").giving("200", Some("text/html")),
        Page::new(Get, "/widget/hotline-widget.js", "The widget for any page.").giving("200", Some("text/javascript")),
        Page::new(Post, "/v1/chat", "Answers a typed message, as on the phone.")
            .taking(JSON, Some("ChatRequest"))
            .answering("ChatAnswer"),
        Page::new(Get, "/v1/chat/ws", "A WebSocket: each message is a body of POST /v1/chat, each answer its answer.")
            .giving("101", None),
        Page::new(Post, "/v1/events", "Takes what happened to a customer's device or order, for their next conversation.")
            .taking(JSON, Some("CustomerEvent"))
            .needing(EVENT)
            .giving("201", Some(JSON))
            .answering("EventTaken"),
        Page::new(Post, "/v1/widget/sessions", "A token for a page, and all that it must know before a call begins.")
            .answering("Session"),
        Page::new(Post, "/v1/widget/images", "Looks at a photo (one part named file) and reads the codes on it.")
            .taking(FORM, None)
            .answering("Codes")
            .by_token(),
        Page::new(Post, "/v1/widget/calls", "Answers an offer (WHIP); Location names the call.")
            .taking(SDP, None)
            .giving("201", Some(SDP))
            .by_token(),
        Page::new(Patch, "/v1/widget/calls/{id}", "Takes late candidates, or restarts ICE.")
            .taking(FRAGMENT, None)
            .needing(CALL)
            .giving("204", None)
            .by_token(),
        Page::new(Delete, "/v1/widget/calls/{id}", "Hangs up.").needing(CALL).giving("200", None).by_token(),
        Page::new(Get, "/v1/widget/talk", "A WebSocket of captions, text and control; its first message holds the token.")
            .giving("101", None),
        Page::new(Post, "/v1/channels/telegram", "Takes an update of the Bot API.")
            .taking(JSON, None)
            .needing(TELEGRAM)
            .giving("200", None),
        Page::new(Get, "/v1/channels/whatsapp", "Proves this address to Meta.").needing(META_CHALLENGE).giving("200", Some(TEXT)),
        Page::new(Post, "/v1/channels/whatsapp", "Takes a notice of the WhatsApp Cloud API.")
            .taking(JSON, None)
            .needing(META)
            .giving("200", None),
        Page::new(Get, "/v1/channels/wechat", "Proves this address to WeChat.")
            .needing(WECHAT_CHALLENGE)
            .giving("200", Some(TEXT)),
        Page::new(Post, "/v1/channels/wechat", "Takes a message or event of an official account.")
            .taking(XML, None)
            .needing(WECHAT)
            .giving("200", Some(XML)),
    ]
}

/// The description of all pages. Those under `/v1/widget`, `/v1/channels` and `/v1/events` are there where they are configured.
pub fn description() -> OpenApi {
    let mut paths = Paths::new();
    for page in pages() {
        let (method, path) = page.asked.clone();
        paths.add_path_operation(path, vec![method], operation(&page));
    }
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("From POST /v1/widget/sessions.")).build();
    let components = ComponentsBuilder::new()
        .schema("ChatRequest", chat::Request::schema())
        .schema("ChatAnswer", chat::Answer::schema())
        .schema("Codes", widget::images::Codes::schema())
        .schema("CustomerEvent", events::Posted::schema())
        .schema("Error", Fault::schema())
        .schema("EventTaken", events::Taken::schema())
        .schema("Health", Health::schema())
        .schema("Ready", Ready::schema())
        .schema("Session", widget::Minted::schema())
        .security_scheme(TOKEN, SecurityScheme::Http(bearer))
        .build();
    let license = LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).build();
    let info = InfoBuilder::new().title("Hotline").version(env!("CARGO_PKG_VERSION")).license(Some(license)).build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn operation(page: &Page) -> OperationBuilder {
    let (status, kind) = page.gives;
    let right = ResponseBuilder::new().description(page.does);
    let schema = page.answer.map_or_else(|| plain(kind), |name| RefOr::Ref(Ref::from_schema_name(name)));
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let right = kind.into_iter().fold(right, |right, kind| right.content(kind, content.clone()));
    let mut operation =
        OperationBuilder::new().summary(Some(page.does)).response(status, right.build()).response("default", failure());
    for (name, place) in page.needs {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let parameter =
            ParameterBuilder::new().name(*name).parameter_in(place.clone()).required(Required::True).schema(Some(text));
        operation = operation.parameter(parameter);
    }
    if let Some((kind, schema)) = page.takes {
        let content = ContentBuilder::new().schema(schema.map(Ref::from_schema_name)).build();
        let body = RequestBodyBuilder::new().required(Some(Required::True)).content(kind, content).build();
        operation = operation.request_body(Some(body));
    }
    if page.by_token { operation.security(SecurityRequirement::new(TOKEN, Vec::<String>::new())) } else { operation }
}

/// Whatever is wrong is told like this.
fn failure() -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Error"))).build();
    ResponseBuilder::new().description("What is wrong, and what to do.").content(JSON, content).build()
}

/// What is no JSON of ours: a text, or this description.
fn plain(kind: Option<&str>) -> RefOr<Schema> {
    let of = if kind == Some(JSON) { Type::Object } else { Type::String };
    Schema::from(ObjectBuilder::new().schema_type(of).build()).into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The ways in which all paths below a folder are asked, as `GET /readyz`.
    fn routes(folder: &Path, found: &mut BTreeSet<String>) {
        for file in fs::read_dir(folder).expect("the source").flatten().map(|file| file.path()) {
            if file.is_dir() && !file.ends_with("console") {
                routes(&file, found);
            } else if file.extension().is_some_and(|ending| ending == "rs") {
                let source = fs::read_to_string(&file).expect("text");
                let calls = source.split(concat!(".route", "(\"")).skip(1);
                for (path, rest) in calls.filter_map(|call| call.split_once('"')) {
                    found.extend(methods(rest).into_iter().map(|method| format!("{method} {path}")));
                }
            }
        }
    }

    /// The methods of a route, from what follows its path up to the call's end.
    fn methods(rest: &str) -> Vec<String> {
        let mut depth = 1;
        let end = rest.find(|sign| {
            depth += i32::from(sign == '(') - i32::from(sign == ')');
            depth == 0
        });
        let (call, _) = rest.split_at(end.expect("a route's call ends"));
        let words = call.split(|sign: char| !sign.is_ascii_alphabetic());
        words.filter(|word| ["get", "post", "patch", "delete"].contains(word)).map(str::to_uppercase).collect()
    }

    fn operations() -> Vec<(String, serde_json::Value)> {
        let told = serde_json::to_value(description()).expect("JSON");
        let paths = told["paths"].as_object().expect("paths").clone();
        let of = |(path, all): (String, serde_json::Value)| {
            let all = all.as_object().expect("operations").clone();
            all.into_iter().map(move |(method, operation)| (format!("{} {path}", method.to_uppercase()), operation))
        };
        paths.into_iter().flat_map(of).collect()
    }

    #[test]
    fn every_route_is_described_and_every_description_has_a_route() {
        let mut found = BTreeSet::new();
        routes(Path::new("src/http"), &mut found);
        let described: BTreeSet<_> = operations().into_iter().map(|(asked, _)| asked).collect();
        assert_eq!(described, found);
    }

    #[test]
    fn every_answer_has_its_schema_and_every_schema_is_there() {
        let told = serde_json::to_value(description()).expect("JSON");
        for (asked, operation) in operations() {
            for (status, answer) in operation["responses"].as_object().expect("answers") {
                for (kind, content) in answer["content"].as_object().into_iter().flatten() {
                    let schema = &content["schema"];
                    let name = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/components/schemas/"));
                    let is_ours = kind == JSON && !(asked.ends_with("/openapi.json") && status == "200");
                    assert!(schema.is_object() && name.is_some() == is_ours, "{asked} {status} {kind}: {schema}");
                    assert!(
                        name.is_none_or(|name| told["components"]["schemas"][name]["properties"].is_object()),
                        "{asked}: {name:?}"
                    );
                }
            }
        }
        let answer = &told["components"]["schemas"]["ChatAnswer"];
        assert_eq!(answer["properties"]["after"]["enum"], serde_json::json!(["listen", "hang-up", "transfer"]), "{answer}");
        assert_eq!(answer["required"], serde_json::json!(["conversation", "sentences", "after"]));
    }

    #[test]
    fn bodies_of_ours_are_described_by_their_own_types() {
        let told = serde_json::to_value(description()).expect("JSON");
        let schemas = &told["components"]["schemas"];
        assert_eq!(schemas["ChatRequest"]["required"], serde_json::json!(["text"]));
        let event = &schemas["CustomerEvent"]["properties"];
        assert!(["id", "customer", "kind", "text", "expires", "openly"].iter().all(|name| event[name].is_object()), "{event}");
        assert_eq!(told["paths"]["/v1/widget/calls"]["post"]["security"][0]["token"], serde_json::json!([]));
        assert_eq!(told["paths"]["/v1/channels/wechat"]["post"]["requestBody"]["required"], true);
    }
}
