//! The page's hand on its call, beside the sound: keys, text, late candidates, a restart of ICE, hanging up.
//! Never keeps the call alive: when the port is gone, everything here says so.

use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, mpsc};
use webrtc::peer_connection::{RTCIceCandidateInit, RTCSessionDescription};

use super::WebRtcError;
use super::peer::{self, Connection};
use super::sdp::{Chosen, Fragment};
use crate::line::{CloseCause, PortEvent};
use crate::privacy::Pii;
use crate::talk::{Digit, Language};

/// A handle of one browser's call; clones are the same hand.
#[derive(Clone)]
pub struct Link {
    connection: Weak<Connection>,
    page: mpsc::Sender<PortEvent>,
    /// The offer in force.
    offer: Arc<Mutex<String>>,
    chosen: Chosen,
}

impl Link {
    pub(super) fn new((connection, page): (&Arc<Connection>, mpsc::Sender<PortEvent>), offer: String, chosen: Chosen) -> Self {
        Self { connection: Arc::downgrade(connection), page, offer: Arc::new(Mutex::new(offer)), chosen }
    }

    /// Whether the call is over, or never came about.
    pub fn is_over(&self) -> bool {
        self.connection.strong_count() == 0 || self.page.is_closed()
    }

    /// A key of the page's keypad.
    ///
    /// # Errors
    /// As every other hand on a call that is over: [`WebRtcError::Over`].
    pub fn press(&self, digit: Digit) -> Result<(), WebRtcError> {
        self.tell(PortEvent::Digit(digit))
    }

    /// Text typed by the visitor.
    ///
    /// # Errors
    /// [`WebRtcError::Over`].
    pub fn write(&self, text: Pii<String>) -> Result<(), WebRtcError> {
        self.tell(PortEvent::Typed(text))
    }

    /// The button that stops the bot.
    ///
    /// # Errors
    /// [`WebRtcError::Over`].
    pub fn interrupt(&self) -> Result<(), WebRtcError> {
        self.tell(PortEvent::Interrupt)
    }

    /// The visitor has picked a language.
    ///
    /// # Errors
    /// [`WebRtcError::Over`].
    pub fn speak(&self, language: Language) -> Result<(), WebRtcError> {
        self.tell(PortEvent::Language(language))
    }

    /// Hangs up, whatever is said.
    pub async fn hang_up(&self) {
        let _over_anyway = self.tell(PortEvent::Closed(CloseCause::RemoteHangup));
        // Nobody reads the page's events of a call that is not connected yet.
        if let Some(connection) = self.connection.upgrade() {
            connection.close().await;
        }
    }

    /// Takes a fragment that came later (RFC 9725 section 4.3): candidates, or another generation, which is answered by ours.
    ///
    /// # Errors
    /// [`WebRtcError::Over`], or [`WebRtcError::Offer`] if the fragment makes no sense.
    pub async fn trickle(&self, fragment: &str) -> Result<Option<String>, WebRtcError> {
        let connection = self.connection.upgrade().ok_or(WebRtcError::Over)?;
        let fragment = Fragment::parse(fragment);
        let mut offer = self.offer.lock().await;
        if fragment.restarts(&offer) {
            let again = fragment.applied_to(&offer);
            let description = RTCSessionDescription::offer(again.clone()).map_err(peer::bad_offer)?;
            let answer = connection.answer(description).await?;
            *offer = again;
            let answer = connection.outward(&answer, &self.chosen);
            return Ok(Some(Fragment::of_answer(&answer)));
        }
        for candidate in fragment.candidates {
            let candidate = RTCIceCandidateInit {
                candidate,
                sdp_mline_index: Some(0),
                username_fragment: fragment.ufrag.clone(),
                ..RTCIceCandidateInit::default()
            };
            connection.add(candidate).await?;
        }
        Ok(None)
    }

    /// A page that sends more than the call takes at a time loses the newest.
    fn tell(&self, event: PortEvent) -> Result<(), WebRtcError> {
        if self.connection.strong_count() == 0 {
            return Err(WebRtcError::Over);
        }
        match self.page.try_send(event) {
            Ok(()) | Err(mpsc::error::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WebRtcError::Over),
        }
    }
}
