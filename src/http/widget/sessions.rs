//! Who may talk: short-lived tokens, how many an address may have, and what belongs to each.
//! Never lets a stranger guess a token, and never keeps one for ever.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::config::WidgetConfig;
use crate::engine::reply::Dialogue;
use crate::engine::{Guest, clock};
use crate::http::Chat;
use crate::line::webrtc::Link;
use crate::privacy::Pii;
use crate::store::journal::Entry;
use crate::store::token;
use crate::talk::{CallId, Language};

/// Tokens at once, whoever asks.
const MOST: usize = 10_000;
/// Events of a call that wait for its page; the newest is lost beyond it.
const EVENTS: usize = 256;
/// Photos that wait for the page's socket; the newest is lost beyond it.
const SENT: usize = 8;
/// Longest wait for the dialogue of a call that is over.
const CARRIED: Duration = Duration::from_secs(3);
/// Tokens are counted over this long.
const MINUTE: Duration = Duration::from_secs(60);

/// Why somebody may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token is missing, unknown or expired.
    NoToken,
    /// The address has too many already.
    TooMany,
}

/// All who may talk.
pub(super) struct Sessions {
    ttl: Duration,
    minted_a_minute: u32,
    calls: u32,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    sessions: HashMap<String, Arc<Session>>,
    /// Tokens of this minute.
    minted: HashMap<IpAddr, (Instant, u32)>,
}

/// One page's session.
pub(super) struct Session {
    /// The conversation's name, for the page.
    pub conversation: CallId,
    /// Who it is.
    pub address: IpAddr,
    /// What happens on its calls goes in here ...
    pub told: mpsc::Sender<Entry>,
    /// ... and comes out here, for the one socket that shows it.
    pub shown: tokio::sync::Mutex<Shown>,
    /// Held while a photo is on its way.
    pub uploading: tokio::sync::Mutex<()>,
    sent: mpsc::Sender<Sent>,
    now: Mutex<Now>,
}

/// What the one socket shows.
pub(super) struct Shown {
    /// What happens on the calls.
    pub calls: mpsc::Receiver<Entry>,
    /// What came of photos.
    pub photos: mpsc::Receiver<Sent>,
}

/// What came of a photo while no call lasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// The caller says this.
    Words(Pii<String>),
    /// The caller is told this.
    Told(String),
}

struct Now {
    touched: Instant,
    language: Option<Language>,
    spoken: Option<Language>,
    call: Option<(CallId, Link)>,
    written: Option<CallId>,
    /// Where the dialogue of the call comes back.
    returned: Option<oneshot::Receiver<Dialogue>>,
    /// The visitor hung up, and not only the call.
    goodbye: bool,
}

impl Sessions {
    pub(super) fn new(config: &WidgetConfig) -> Self {
        let (minted_a_minute, calls) = (config.sessions_per_minute.get(), config.calls_per_address.get());
        Self { ttl: Duration::from_secs(config.token_ttl_s), minted_a_minute, calls, open: Mutex::default() }
    }

    /// A new token for that address.
    pub(super) fn mint(&self, address: IpAddr) -> Result<(String, Arc<Session>), Refused> {
        let (now, mut open) = (clock::now(), lock(&self.open));
        open.minted.retain(|_, (since, _)| now.duration_since(*since) < MINUTE);
        open.sessions.retain(|_, session| !session.is_over(now, self.ttl));
        let (_, minted) = open.minted.entry(address).or_insert((now, 0));
        if *minted >= self.minted_a_minute {
            return Err(Refused::TooMany);
        }
        *minted += 1;
        if open.sessions.len() >= MOST {
            return Err(Refused::TooMany);
        }
        let ((told, calls), (sent, photos)) = (mpsc::channel(EVENTS), mpsc::channel(SENT));
        let session = Arc::new(Session {
            conversation: Guest::new().id,
            address,
            told,
            shown: tokio::sync::Mutex::new(Shown { calls, photos }),
            uploading: tokio::sync::Mutex::default(),
            sent,
            now: Mutex::new(Now {
                touched: now,
                language: None,
                spoken: None,
                call: None,
                written: None,
                returned: None,
                goodbye: false,
            }),
        });
        let token = token();
        open.sessions.insert(token.clone(), Arc::clone(&session));
        Ok((token, session))
    }

    /// The session of that token, which is good for as long again from now on.
    pub(super) fn find(&self, token: Option<&str>) -> Result<Arc<Session>, Refused> {
        let now = clock::now();
        let open = lock(&self.open);
        let session = token.and_then(|token| open.sessions.get(token)).filter(|session| !session.is_over(now, self.ttl));
        let session = Arc::clone(session.ok_or(Refused::NoToken)?);
        session.touch();
        Ok(session)
    }

    /// Whether that address may have one more call.
    pub(super) fn may_call(&self, address: IpAddr) -> Result<(), Refused> {
        let open = lock(&self.open);
        let calls = open.sessions.values().filter(|session| session.address == address && session.link().is_some()).count();
        if calls >= self.calls as usize { Err(Refused::TooMany) } else { Ok(()) }
    }
}

impl Session {
    /// It is in use.
    pub(super) fn touch(&self) {
        lock(&self.now).touched = clock::now();
    }

    /// The call that lasts, and its name.
    pub(super) fn call(&self) -> Option<(CallId, Link)> {
        lock(&self.now).call.clone().filter(|(_, link)| !link.is_over())
    }

    /// The page's hand on the call that lasts.
    pub(super) fn link(&self) -> Option<Link> {
        self.call().map(|(_, link)| link)
    }

    /// This call is the one from now on.
    pub(super) fn set_call(&self, id: CallId, link: Link) {
        lock(&self.now).call = Some((id, link));
    }

    /// The language picked.
    pub(super) fn language(&self) -> Option<Language> {
        lock(&self.now).language
    }

    /// This language was picked; `None` finds it out.
    pub(super) fn set_language(&self, language: Option<Language>) {
        lock(&self.now).language = language;
    }

    /// The language last spoken or written, else the one picked.
    pub(super) fn spoken(&self) -> Option<Language> {
        let now = lock(&self.now);
        now.spoken.or(now.language)
    }

    /// This language was spoken or written.
    pub(super) fn set_spoken(&self, language: Language) {
        lock(&self.now).spoken = Some(language);
    }

    /// Gives the page's socket what came of a photo, now or when it is back.
    pub(super) fn send(&self, sent: Sent) {
        if self.sent.try_send(sent).is_err() {
            tracing::warn!("What came of a photo is lost: its page does not come back.");
        }
    }

    /// The written conversation, if one has begun.
    pub(super) fn written(&self) -> Option<CallId> {
        lock(&self.now).written.clone()
    }

    /// The written conversation goes on there; `None` begins another.
    pub(super) fn set_written(&self, conversation: Option<CallId>) {
        lock(&self.now).written = conversation;
    }

    /// The call's dialogue will come back here.
    pub(super) fn set_returned(&self, returned: oneshot::Receiver<Dialogue>) {
        lock(&self.now).returned = Some(returned);
    }

    /// The dialogue of the call that was the last, if nobody has it yet.
    pub(super) async fn returned(&self) -> Option<Dialogue> {
        let returned = lock(&self.now).returned.take()?;
        timeout(CARRIED, returned).await.ok()?.ok()
    }

    /// What a new call goes on with: the last call's dialogue, else the written conversation's.
    pub(super) async fn carried(&self, chat: &dyn Chat) -> Option<Dialogue> {
        if let Some(dialogue) = self.returned().await {
            return Some(dialogue);
        }
        let written = lock(&self.now).written.take()?;
        chat.lend(&written).await
    }

    /// The visitor hangs up: the conversation ends with the call.
    pub(super) fn say_goodbye(&self) {
        lock(&self.now).goodbye = true;
    }

    /// Whether the visitor hung up.
    pub(super) fn has_said_goodbye(&self) -> bool {
        lock(&self.now).goodbye
    }

    /// The conversation is over; what comes is another.
    pub(super) fn forget(&self) {
        let mut now = lock(&self.now);
        (now.written, now.returned, now.goodbye) = (None, None, false);
    }

    /// A call that lasts keeps its session, however long nobody touches it.
    fn is_over(&self, now: Instant, ttl: Duration) -> bool {
        now.duration_since(lock(&self.now).touched) >= ttl && self.link().is_none()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::num::NonZeroU32;

    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_token_is_good_until_it_expires_and_no_other_is() {
        let sessions = Sessions::new(&WidgetConfig::default());
        let (token, session) = sessions.mint(ADDRESS).expect("the first");
        assert_eq!(token.len(), 64);
        assert!(sessions.find(Some(&token)).is_ok_and(|found| found.conversation == session.conversation));
        assert_eq!(sessions.find(None).err(), Some(Refused::NoToken));
        assert_eq!(sessions.find(Some("0")).err(), Some(Refused::NoToken));
        let at_once = Sessions::new(&WidgetConfig { token_ttl_s: 0, ..WidgetConfig::default() });
        let (token, _) = at_once.mint(ADDRESS).expect("the first");
        assert_eq!(at_once.find(Some(&token)).err(), Some(Refused::NoToken));
    }

    #[test]
    fn an_address_gets_so_many_tokens_a_minute() {
        let two = NonZeroU32::new(2).expect("two");
        let sessions = Sessions::new(&WidgetConfig { sessions_per_minute: two, ..WidgetConfig::default() });
        assert!(sessions.mint(ADDRESS).is_ok() && sessions.mint(ADDRESS).is_ok());
        assert_eq!(sessions.mint(ADDRESS).err(), Some(Refused::TooMany));
        assert!(sessions.mint(IpAddr::V4(Ipv4Addr::BROADCAST)).is_ok(), "another address");
    }
}
