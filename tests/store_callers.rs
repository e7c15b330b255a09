//! What outlives calls, as the line uses it: one suite, on SQLite and on Postgres.

#[path = "common/postgres.rs"]
mod postgres;
#[path = "common/skip.rs"]
mod skip;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hotline::business::memory::{CallNotes, Memory, MemoryConfig};
use hotline::privacy::Pii;
use hotline::store::callers::{Callers, CallersError, Standing};
use hotline::store::{DatabaseUrl, PrivacyConfig, Pseudonym, StoreConfig, Vault};
use serde_json::json;

/// An open store and what it needs to be opened again.
struct Store {
    callers: Callers,
    vault: Arc<Vault>,
    config: StoreConfig,
}

impl Store {
    async fn open(data: &Path, url: &str) -> Result<Self, CallersError> {
        let config = StoreConfig { data: data.to_owned(), database: DatabaseUrl::from(url.to_owned()), ..StoreConfig::default() };
        let vault = Arc::new(Vault::open(data, &PrivacyConfig::default()).expect("keys"));
        let callers = Callers::open(&config, &PrivacyConfig::default(), Arc::clone(&vault)).await?;
        Ok(Self { callers, vault, config })
    }

    async fn restarted(self) -> Self {
        drop(self.callers);
        Self::open(&self.config.data, self.config.database.reveal()).await.expect("it opened before")
    }

    fn caller(&self, number: &str) -> Pseudonym {
        self.vault.caller(&Pii::new(number.to_owned())).expect("a number")
    }

    fn account(&self, name: &str) -> Pseudonym {
        self.vault.account(&Pii::new(name.to_owned()))
    }
}

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_000_000, 0).expect("a time")
}

fn minutes(n: i64) -> DateTime<Utc> {
    noon() + TimeDelta::minutes(n)
}

fn memory(name: &str) -> Memory {
    let (today, notes) = (noon().date_naive(), CallNotes { subject: Some(json!(name)), ..CallNotes::default() });
    Memory::default().allowed("May I remember you?".to_owned(), today).remember(notes, today, &MemoryConfig::default())
}

async fn suite(store: Store) {
    let store = locks(store).await;
    memories(&store).await;
    many_calls_at_once(&store).await;
}

/// Three failures lock an account for fifteen minutes, over a restart, and nobody else's.
async fn locks(store: Store) -> Store {
    let (alice, bob) = (store.account("alice"), store.account("bob"));
    let fail = async |store: &Store, at| store.callers.failed(alice, at).await.expect("counted");
    assert_eq!(fail(&store, minutes(0)).await, Standing::Free);
    assert_eq!(fail(&store, minutes(1)).await, Standing::Free);
    let locked = Standing::Locked { until: minutes(17) };
    assert_eq!(fail(&store, minutes(2)).await, locked);
    let store = store.restarted().await;
    assert_eq!(store.callers.standing(alice, minutes(3)).await.expect("known"), locked);
    assert_eq!(fail(&store, minutes(4)).await, locked, "a lock is not prolonged");
    assert_eq!(store.callers.standing(bob, minutes(3)).await.expect("unknown"), Standing::Free);
    let last = minutes(17) - Duration::from_millis(1);
    assert_eq!(store.callers.standing(alice, last).await.expect("known"), locked);
    assert_eq!(store.callers.standing(alice, minutes(17)).await.expect("known"), Standing::Free);
    for minute in [18, 19] {
        assert_eq!(fail(&store, minutes(minute)).await, Standing::Free, "it is counted anew");
    }
    store.callers.passed(alice).await.expect("forgotten");
    for minute in [20, 21] {
        assert_eq!(fail(&store, minutes(minute)).await, Standing::Free, "after a right answer too");
    }
    assert_eq!(fail(&store, minutes(22)).await, Standing::Locked { until: minutes(37) });
    store
}

/// What a caller agreed to have remembered comes back to that caller alone.
async fn memories(store: &Store) {
    let (ann, ben) = (store.caller("+8613800138000"), store.caller("+8613900139000"));
    assert_eq!(store.callers.recall(ann).await.expect("nothing yet"), None);
    for name in ["Ann", "Anna"] {
        store.callers.remember(ann, &memory(name), noon()).await.expect("kept");
    }
    let recalled = store.callers.recall(ann).await.expect("kept").expect("there");
    assert_eq!(recalled, memory("Anna"));
    assert!(!format!("{recalled:?}").contains("Anna"));
    assert_eq!(store.callers.recall(ben).await.expect("nothing"), None);
    assert!(store.callers.forget(ann).await.expect("forgotten"));
    assert!(!store.callers.forget(ann).await.expect("nothing left"));
    assert_eq!(store.callers.recall(ann).await.expect("nothing left"), None);
}

/// Guesses on many calls at the same time are all counted.
async fn many_calls_at_once(store: &Store) {
    let account = store.account("carol");
    let guesses = futures::future::join_all((0..8).map(|_| store.callers.failed(account, noon()))).await;
    let locked = guesses.into_iter().filter(|standing| standing.as_ref().expect("counted") != &Standing::Free).count();
    assert_eq!(locked, 6, "all but the first two");
}

#[tokio::test]
async fn on_sqlite() {
    let data = tempfile::Builder::new().prefix("a 100% café? #").tempdir().expect("a folder");
    suite(Store::open(data.path(), "").await.expect("a file in the data folder")).await;
    let bytes = std::fs::read(data.path().join("callers.db")).expect("the database");
    for plain in ["Ann", "138001", "alice", "remember you"] {
        assert!(!bytes.windows(plain.len()).any(|window| window == plain.as_bytes()), "{plain}");
    }
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(data.path().join("callers.db")).expect("the database").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn on_postgres() {
    let server = match postgres::Postgres::start() {
        Ok(server) => server,
        Err(why) => return skip::skip("postgresql", &why),
    };
    let data = tempfile::tempdir().expect("a folder");
    let mut tries = 0;
    let store = loop {
        // The server is there when it answers; each try waits for its own time-out or refusal.
        match Store::open(data.path(), &server.url()).await {
            Ok(store) => break store,
            Err(error) if tries == 200 => panic!("the server never answered: {error}"),
            Err(_) => tries += 1,
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    suite(store).await;
    assert!(!data.path().join("callers.db").exists());
}

#[tokio::test]
async fn a_database_that_cannot_be_opened_is_named_without_its_password() {
    let data = tempfile::tempdir().expect("a folder");
    for url in ["postgres://eve:hunter2@127.0.0.1:1/none", "mysql://eve:hunter2@host/x", "hunter2"] {
        let error = Store::open(data.path(), url).await.err().expect("no such database");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        assert!(error.to_string().contains("store.database"), "{error}");
    }
}
