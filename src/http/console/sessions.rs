//! Who is logged in: a random cookie, of which only a hash is kept, and a token that every change must show (CSRF).
//! Never outlives the process, its idle time, or the account.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use crate::store::operators::Operator;
use crate::store::token;

/// Sessions at once; beyond it the one that was idle longest ends.
const MOST: usize = 1_000;
/// Nobody stays logged in longer, however busy.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Everybody who is logged in.
pub(super) struct Sessions {
    idle: Duration,
    open: Mutex<HashMap<[u8; 32], Open>>,
}

struct Open {
    session: Arc<Session>,
    began: Instant,
    touched: Instant,
}

/// One login.
pub(super) struct Session {
    /// Whose.
    pub who: Operator,
    /// What every change must show.
    pub csrf: String,
    /// Done when the session is over: what is open then closes.
    pub over: CancellationToken,
}

impl Sessions {
    pub(super) fn new(idle: Duration) -> Self {
        Self { idle, open: Mutex::default() }
    }

    /// Logs somebody in; the cookie's value.
    pub(super) fn begin(&self, who: Operator, now: Instant) -> (String, Arc<Session>) {
        let (cookie, session) = (token(), Session { who, csrf: token(), over: CancellationToken::new() });
        let session = Arc::new(session);
        let mut open = self.lock();
        self.sweep(&mut open, now);
        if open.len() >= MOST {
            let idle_longest = open.iter().min_by_key(|(_, open)| open.touched).map(|(key, _)| *key);
            idle_longest.and_then(|key| open.remove(&key)).inspect(|open| open.session.over.cancel());
        }
        open.insert(key(&cookie), Open { session: Arc::clone(&session), began: now, touched: now });
        (cookie, session)
    }

    /// The session of that cookie, which is in use now.
    pub(super) fn find(&self, cookie: &str, now: Instant) -> Option<Arc<Session>> {
        let mut open = self.lock();
        self.sweep(&mut open, now);
        let found = open.get_mut(&key(cookie))?;
        found.touched = now;
        Some(Arc::clone(&found.session))
    }

    /// Ends the sessions of an account.
    pub(super) fn end_all_of(&self, name: &str) {
        self.lock().retain(|_, open| keep(open, open.session.who.name != name));
    }

    /// Ends one.
    pub(super) fn end(&self, session: &Session) {
        self.lock().retain(|_, open| keep(open, !std::ptr::eq(&*open.session, session)));
    }

    fn sweep(&self, open: &mut HashMap<[u8; 32], Open>, now: Instant) {
        let lasts = |open: &Open| now.duration_since(open.touched) < self.idle && now.duration_since(open.began) < LONGEST;
        open.retain(|_, open| keep(open, lasts(open)));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Session {
    /// Whether a change shows this session's token. Hashes are compared: how long that takes tells nothing of the token.
    pub(super) fn allows(&self, shown: &str) -> bool {
        key(&self.csrf) == key(shown)
    }
}

fn keep(open: &Open, lasts: bool) -> bool {
    if !lasts {
        open.session.over.cancel();
    }
    lasts
}

fn key(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::clock;
    use crate::store::operators::Role;

    const IDLE: Duration = Duration::from_secs(60);

    fn lin() -> Operator {
        Operator { name: "lin".to_owned(), role: Role::Operator }
    }

    #[test]
    fn a_session_lasts_while_it_is_used_and_no_longer_than_a_day() {
        let (sessions, now) = (Sessions::new(IDLE), clock::now());
        let (cookie, session) = sessions.begin(lin(), now);
        assert!(sessions.find("another", now).is_none());
        let mut at = now;
        while at < now + LONGEST {
            assert!(sessions.find(&cookie, at).is_some());
            at += IDLE / 2;
        }
        assert!(sessions.find(&cookie, at).is_none() && session.over.is_cancelled());
        let (cookie, _) = sessions.begin(lin(), now);
        assert!(sessions.find(&cookie, now + IDLE).is_none(), "idle");
    }

    #[test]
    fn who_is_removed_is_out_at_once() {
        let (sessions, now) = (Sessions::new(IDLE), clock::now());
        let [(first, _), (second, session)] = [(); 2].map(|()| sessions.begin(lin(), now));
        sessions.end(&session);
        assert!(sessions.find(&second, now).is_none() && sessions.find(&first, now).is_some());
        sessions.end_all_of("lin");
        assert!(sessions.find(&first, now).is_none());
    }
}
