//! Judges an INVITE before anybody is bothered with it: form, credentials, extensions, session timer, offer.
//! Never creates a dialog: what does not pass gets its final answer here.

use std::net::IpAddr;

use rsipstack::sip::prelude::{HeadersExt, ToTypedHeader};
use rsipstack::sip::{Header, Request, Scheme, StatusCode};

use crate::line::rtp::Law;

use super::digest::{Attempt, Authenticator, Verdict};
use super::offer::{AddressRules, OfferError, Remote};
use super::session_timer::{MIN_SE_S, SessionTimer};

/// Methods we answer.
pub const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY, PRACK";
/// Extensions we know (RFC 4028).
const EXTENSIONS: [&str; 1] = ["timer"];

/// An INVITE that may ring.
#[derive(Debug)]
pub struct Screened {
    /// The caller's address.
    pub from: String,
    /// The address that was called.
    pub to: String,
    /// The offer; `None`: we are to make one.
    pub offer: Option<Remote>,
    /// The agreed session timer.
    pub timer: Option<SessionTimer>,
}

impl Screened {
    /// The codec that will be spoken.
    pub fn law(&self) -> Law {
        self.offer.as_ref().map_or(Law::A, |offer| offer.target.law)
    }
}

/// A final answer: status, headers.
pub type Refusal = (StatusCode, Vec<Header>);

/// Header with any name.
pub fn header(name: &str, value: impl Into<String>) -> Header {
    Header::Other(name.to_owned(), value.into())
}

/// Value of a header.
pub fn value(request: &Request, name: &str) -> Option<String> {
    request.header_value(name)
}

/// The parts without which a request cannot even be answered or matched (RFC 3261 section 8.1.1).
pub fn is_well_formed(request: &Request) -> bool {
    let tagged = request.from_header().ok().and_then(|from| from.tag().ok()).flatten().is_some();
    let to = request.to_header().is_ok_and(|to| to.tag().is_ok() && to.uri().is_ok());
    let cseq =
        request.cseq_header().is_ok_and(|cseq| cseq.seq().is_ok() && cseq.method().is_ok_and(|method| method == request.method));
    let call = request.call_id_header().is_ok_and(|id| !id.value().trim().is_empty());
    let length = value(request, "Content-Length").or_else(|| value(request, "l"));
    // A body that is shorter than it says was cut off on its way (RFC 3261 section 18.3).
    let whole = length.is_none_or(|length| length.trim().parse::<usize>().is_ok_and(|length| length <= request.body.len()));
    let lists =
        request.headers.iter().filter(|h| matches!(h, Header::Via(_) | Header::Contact(_) | Header::From(_) | Header::To(_)));
    tagged && to && cseq && call && whole && request.top_via_header().is_ok() && !lists.map(Header::value).any(is_broken_list)
}

/// Whether a quote is left open, or there is nothing between two separators (RFC 4475 sections 3.1.2.1 and 3.1.2.6).
fn is_broken_list(value: &str) -> bool {
    let (mut quoted, mut escaped, mut last) = (false, false, ' ');
    for c in value.chars().filter(|c| !c.is_whitespace()) {
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        if !quoted && matches!(last, ';' | ',') && matches!(c, ';' | ',') {
            return true;
        }
        last = c;
    }
    quoted || matches!(last, ';' | ',')
}

/// The host a request came from: what the transport added to its Via, else what it says itself.
pub fn signalling_host(request: &Request) -> Option<IpAddr> {
    let via = request.top_via_header().ok()?.typed().ok()?;
    match via.received() {
        Some(received) => received.ok(),
        None => IpAddr::try_from(via.sent_by().host.clone()).ok(),
    }
}

/// Whether the caller may call at all; otherwise the challenge.
pub fn authenticate(request: &Request, users: &Authenticator, now_s: u64) -> Result<(), Refusal> {
    let call_id = request.call_id_header().map(|id| id.value().to_owned()).unwrap_or_default();
    let authorization = value(request, "Authorization");
    let attempt = Attempt { method: "INVITE", call_id: &call_id, authorization: authorization.as_deref() };
    match users.check(now_s, attempt) {
        Verdict::Known => Ok(()),
        Verdict::Challenge { stale } => {
            let challenges = users.challenges(now_s, &call_id, stale);
            Err((
                StatusCode::Unauthorized,
                challenges.into_iter().map(|challenge| header("WWW-Authenticate", challenge)).collect(),
            ))
        }
    }
}

/// Everything else an INVITE is judged by.
pub fn screen(request: &Request, rules: &AddressRules) -> Result<Screened, Refusal> {
    if !matches!(request.uri.scheme, Some(Scheme::Sip | Scheme::Sips)) {
        return Err((StatusCode::UnsupportedUriScheme, Vec::new()));
    }
    let from = request.from_header().and_then(|from| from.uri()).map_err(|_| bad_request())?;
    let contact = request.typed_contact_headers().map_err(|_| bad_request())?;
    if contact.len() != 1 {
        return Err(bad_request());
    }
    check_extensions(request)?;
    let timer = session_timer(request)?;
    let offer = read_offer(request, rules)?;
    Ok(Screened { from: from.to_string(), to: request.uri.to_string(), offer, timer })
}

/// The session timer a request asks for, or 422.
pub fn session_timer(request: &Request) -> Result<Option<SessionTimer>, Refusal> {
    let asked = value(request, "Session-Expires").or_else(|| value(request, "x"));
    let supported = request.header_contains_token("Supported", "timer");
    SessionTimer::agree(asked.as_deref(), supported)
        .map_err(|_| (StatusCode::SessionIntervalTooSmall, vec![header("Min-SE", MIN_SE_S.to_string())]))
}

/// The answer to an offer we cannot take: 400 where it cannot be read, else 488 with the reason (RFC 3261 section 20.43).
pub fn refusal(error: OfferError) -> Refusal {
    let warning = header("Warning", format!("399 hotline \"{error}\""));
    match error {
        OfferError::Malformed | OfferError::TooLong => (StatusCode::BadRequest, vec![warning]),
        OfferError::NoAudio | OfferError::NoCodec | OfferError::PacketTime | OfferError::Address => {
            (StatusCode::NotAcceptableHere, vec![warning])
        }
    }
}

fn bad_request() -> Refusal {
    (StatusCode::BadRequest, Vec::new())
}

fn check_extensions(request: &Request) -> Result<(), Refusal> {
    let required = request.headers.iter().filter(|h| h.name().eq_ignore_ascii_case("Require"));
    let tags = required.flat_map(|h| h.value().split(',').map(str::trim));
    let unknown: Vec<&str> =
        tags.filter(|tag| !tag.is_empty() && !EXTENSIONS.iter().any(|known| known.eq_ignore_ascii_case(tag))).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err((StatusCode::BadExtension, vec![header("Unsupported", unknown.join(", "))]))
}

fn read_offer(request: &Request, rules: &AddressRules) -> Result<Option<Remote>, Refusal> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let kind = value(request, "Content-Type").or_else(|| value(request, "c")).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind != "application/sdp" {
        return Err((StatusCode::UnsupportedMediaType, vec![header("Accept", "application/sdp")]));
    }
    Remote::parse(&request.body, rules).map(Some).map_err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_quotes_and_empty_items_are_told_from_strange_but_whole_values() {
        for whole in ["\"J Rosenberg \\\\\\\"\" <sip:j@example.com>;tag=9", "<sip:a@b>;x=\";;,,\"", "\"ends in \\\\\" <sip:a@b>"]
        {
            assert!(!is_broken_list(whole), "{whole}");
        }
        for broken in ["\"Mr. J. User <sip:j.user@example.com>", "<sip:joe@example.org>;;;;", "SIP/2.0/UDP 192.0.2.15;;,;,,"] {
            assert!(is_broken_list(broken), "{broken}");
        }
    }
}
