//! The small bodies inside a dialog: keys in INFO, the progress of a transfer in NOTIFY.
//! Never fails loudly: what cannot be read is `None`.

use crate::talk::Digit;

/// The key in an INFO of `application/dtmf-relay` (`Signal=4`) or `application/dtmf` (`4`).
pub fn digit(content_type: &str, body: &[u8]) -> Option<Digit> {
    let body = std::str::from_utf8(body).ok()?;
    let key = match content_type.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        "application/dtmf-relay" => body.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim())
        })?,
        "application/dtmf" => body.trim(),
        _ => return None,
    };
    let mut keys = key.chars();
    match (keys.next(), keys.next()) {
        (Some(key), None) => Digit::from_char(key),
        // Some phones send the event's number: 10 is the star, 11 the hash.
        (Some(_), Some(_)) => key.parse().ok().and_then(Digit::from_event),
        (None, _) => None,
    }
}

/// The status in the body of a transfer's NOTIFY (`message/sipfrag`, RFC 3420).
pub fn fragment_status(body: &[u8]) -> Option<u16> {
    let line = std::str::from_utf8(body).ok()?.lines().next()?;
    line.strip_prefix("SIP/2.0 ")?.split_whitespace().next()?.parse().ok().filter(|status| (100..700).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_both_styles() {
        let key = |kind, body: &str| digit(kind, body.as_bytes()).map(Digit::as_char);
        assert_eq!(key("application/dtmf-relay", "Signal=4\r\nDuration=160\r\n"), Some('4'));
        assert_eq!(key("Application/DTMF-Relay; x=1", "Duration=100\nsignal= #"), Some('#'));
        assert_eq!(key("application/dtmf", "*"), Some('*'));
        assert_eq!(key("application/dtmf-relay", "Signal=11"), Some('#'));
        assert_eq!(key("application/dtmf-relay", "Signal="), None);
        assert_eq!(key("text/plain", "4"), None);
    }

    #[test]
    fn the_status_of_a_fragment_is_read() {
        assert_eq!(fragment_status(b"SIP/2.0 200 OK\r\n"), Some(200));
        assert_eq!(fragment_status(b"SIP/2.0 603 Decline"), Some(603));
        assert_eq!(fragment_status(b"HTTP/1.1 200 OK"), None);
        assert_eq!(fragment_status(b"SIP/2.0 9 x"), None);
    }
}
