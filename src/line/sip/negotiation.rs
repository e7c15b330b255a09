//! One call's offers and answers over its whole life: first answer, re-INVITE, UPDATE, answer in the ACK.
//! Never sends anything; it is told what came and says what to reply.

use std::net::IpAddr;

use crate::line::rtp::{Law, MediaTarget};

use super::offer::{AddressRules, Local, OfferError, Remote, offer};

/// What a description changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// What is agreed on now.
    pub target: MediaTarget,
    /// Whether the other side holds.
    pub held: bool,
}

/// The state of a call's negotiation.
#[derive(Debug)]
pub struct Negotiation {
    local: Local,
    rules: AddressRules,
    laws: Vec<Law>,
    last: String,
    target: Option<MediaTarget>,
    offered: bool,
}

impl Negotiation {
    /// Begins; `laws` are what we offer when asked to, in order.
    pub const fn new(local: Local, rules: AddressRules, laws: Vec<Law>) -> Self {
        Self { local, rules, laws, last: String::new(), target: None, offered: false }
    }

    /// Answers an offer.
    pub fn answer(&mut self, body: &[u8]) -> Result<(String, Agreement), OfferError> {
        Ok(self.answer_read(&Remote::parse(body, &self.rules)?))
    }

    /// Answers an offer that was read already.
    pub fn answer_read(&mut self, remote: &Remote) -> (String, Agreement) {
        let agreement = self.agree(remote);
        (self.describe(|local| remote.answer(local)), agreement)
    }

    /// Makes an offer; the answer is taken by [`Negotiation::answered`].
    pub fn offer(&mut self) -> String {
        self.offered = true;
        let laws = self.laws.clone();
        self.describe(|local| offer(local, &laws))
    }

    /// Whether an answer is awaited.
    pub const fn is_open(&self) -> bool {
        self.offered
    }

    /// Takes the answer to our offer.
    pub fn answered(&mut self, body: &[u8]) -> Result<Agreement, OfferError> {
        self.offered = false;
        let remote = Remote::parse(body, &self.rules)?;
        Ok(self.agree(&remote))
    }

    /// What sound is like until something is agreed on: nothing is sent.
    pub fn provisional(&self) -> Agreement {
        let law = self.laws.first().copied().unwrap_or(Law::A);
        let nowhere = if self.local.addr.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0u16; 8]) };
        let target = MediaTarget {
            addr: (nowhere, 0).into(),
            law,
            payload_type: law.payload_type(),
            event_type: None,
            send: false,
            receive: true,
        };
        Agreement { target, held: false }
    }

    /// A hold of the old style names no address: the one before is kept for the way back.
    fn agree(&mut self, remote: &Remote) -> Agreement {
        let mut target = remote.target;
        if let (true, Some(before)) = (target.addr.ip().is_unspecified(), self.target) {
            target.addr = before.addr;
        }
        self.target = Some(target);
        Agreement { target, held: remote.held }
    }

    /// The version rises exactly when the description changes (RFC 3264 section 8).
    fn describe(&mut self, make: impl Fn(Local) -> String) -> String {
        if !self.last.is_empty() && make(self.local) != self.last {
            self.local.version += 1;
        }
        self.last = make(self.local);
        self.last.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn body(connection: &str, direction: &str) -> Vec<u8> {
        format!("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 {connection}\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\na={direction}\r\n")
            .into_bytes()
    }

    #[test]
    fn hold_and_resume_raise_the_version_and_a_repeated_offer_does_not() {
        let local = Local { addr: SocketAddr::from(([127, 0, 0, 1], 30_000)), session: 9, version: 1 };
        let rules = AddressRules { peer: [127, 0, 0, 1].into(), own: Vec::new() };
        let mut call = Negotiation::new(local, rules, vec![Law::A]);
        let mut versions = Vec::new();
        for (connection, direction, held) in [
            ("127.0.0.1", "sendrecv", false),
            ("127.0.0.1", "sendrecv", false),
            ("127.0.0.1", "sendonly", true),
            ("127.0.0.1", "sendrecv", false),
            ("0.0.0.0", "sendrecv", true),
        ] {
            let (answer, agreement) = call.answer(&body(connection, direction)).expect("acceptable");
            assert_eq!((agreement.held, agreement.target.addr.port()), (held, 4000));
            assert_eq!(agreement.target.addr.ip(), rules_ip());
            versions.push(answer.lines().nth(1).and_then(|o| o.split(' ').nth(2)).map(str::to_owned).expect("an o= line"));
        }
        assert_eq!(versions, ["1", "1", "2", "3", "4"]);
    }

    fn rules_ip() -> IpAddr {
        [127, 0, 0, 1].into()
    }
}
