//! Callers who come back: what is offered to them, what they are told, and what lies on disk with and without their leave.

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::DialogueConfig;
use hotline::engine::reply::Dialogues;
use hotline::privacy::Pii;
use hotline::store::{Archive, PrivacyConfig, StoreConfig};
use hotline::talk::{AfterReply, Language, Prompt};

use super::{Caller, assert_holds, shop};

const NUMBER: &str = "sip:+8613800138000@gw.example.com";

/// A desk that remembers, and the folder it remembers in.
struct Desk {
    dialogues: Dialogues,
    archive: Arc<Archive>,
    data: tempfile::TempDir,
}

impl Desk {
    async fn open(pack: Arc<Pack>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let dialogues = Dialogues::open(&DialogueConfig::default(), pack, data.path()).await.unwrap();
        let store = StoreConfig { data: data.path().to_owned(), ..StoreConfig::default() };
        let archive = Arc::new(Archive::open(&store, &PrivacyConfig::default()).await.unwrap());
        dialogues.keep_callers_in(Arc::clone(&archive));
        Self { dialogues, archive, data }
    }

    /// The shop's, after a call from [`NUMBER`] that left a return half done, with leave to remember it.
    async fn with_half_a_return() -> Self {
        let desk = Self::open(shop()).await;
        let (mut caller, _) = desk.caller(NUMBER, Language::EN).await;
        talk(&mut caller, HALF_A_RETURN).await;
        talk(&mut caller, &[("yes", "Goodbye")]).await;
        desk
    }

    /// Somebody on the telephone, or with an empty number somebody who types.
    async fn caller(&self, number: &str, language: Language) -> (Caller, String) {
        let dialogue = self.dialogues.begin(Some(language)).calling_from(&Pii::new(number.to_owned()));
        let data = tempfile::tempdir().unwrap();
        let mut caller = Caller { dialogue, dialogues: self.dialogues.clone(), data, events: Vec::new() };
        let greeting = caller.prompt(Prompt::Greeting).await;
        (caller, greeting)
    }

    /// Whether anything is remembered of anybody.
    async fn remembers(&self) -> bool {
        let file = self.data.path().join("callers.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM memories").fetch_one(&pool).await.unwrap() > 0
    }
}

async fn talk(caller: &mut Caller, script: &[(&str, &str)]) {
    for (words, part) in script {
        let reply = caller.say(words).await;
        assert_holds(&reply, part, words);
    }
}

/// Up to the question for the reason of a return, and good-bye.
const HALF_A_RETURN: &[(&str, &str)] = &[
    ("I want to return something", "order number"),
    ("12345", "postcode"),
    ("10115", "Why do you return it"),
    ("goodbye", "May I remember"),
];

#[tokio::test]
async fn a_return_begun_on_the_phone_goes_on_in_the_chat() {
    let desk = Desk::open(shop()).await;
    let (mut phone, _) = desk.caller(NUMBER, Language::EN).await;
    talk(&mut phone, HALF_A_RETURN).await;
    assert!(!desk.remembers().await, "nothing is kept before the yes");
    talk(&mut phone, &[("yes please", "Goodbye")]).await;
    assert_eq!(phone.after(), &AfterReply::HangUp);
    let (mut chat, greeting) = desk.caller("", Language::EN).await;
    assert!(!greeting.contains("Last time"), "who writes is nobody yet");
    talk(
        &mut chat,
        &[
            ("I want to return something", "order number"),
            ("12345", "postcode"),
            ("10115", "Last time we were at returning an order, number 1 2 3 4 5. Shall we go on with it?"),
            ("yes", "Why do you return it"),
            ("it is broken", "return of order 1 2 3 4 5"),
            ("yes", "registered"),
            ("no thanks", "Goodbye"),
        ],
    )
    .await;
    let (_, greeting) = desk.caller(NUMBER, Language::EN).await;
    assert!(!greeting.contains("Last time"), "what was finished in the chat is not offered on the phone: {greeting}");
}

#[tokio::test]
async fn a_number_that_may_be_forged_is_offered_the_request_and_told_no_value() {
    let desk = Desk::with_half_a_return().await;
    let (mut forger, greeting) = desk.caller(NUMBER, Language::EN).await;
    assert_holds(&greeting, "Last time we were at returning an order. Shall we go on", "the greeting");
    talk(&mut forger, &[("what do you know about me", "we talked about returning an order"), ("goodbye", "Goodbye")]).await;
    let (mut forger, _) = desk.caller(NUMBER, Language::EN).await;
    talk(&mut forger, &[("yes", "What is your order number")]).await;
}

#[tokio::test]
async fn a_caller_is_greeted_in_the_language_of_the_last_time_and_a_no_drops_the_request() {
    let desk = Desk::open(shop()).await;
    let (mut caller, _) = desk.caller(NUMBER, Language::EN).await;
    let half = [("我要退货", "订单号"), ("12345", "邮编"), ("10115", "退货原因"), ("再见", "可以记住"), ("可以", "再见")];
    talk(&mut caller, &half).await;
    let (mut again, greeting) = desk.caller(NUMBER, Language::EN).await;
    assert_holds(&greeting, "上次我们正在办理退货。 要接着办吗", "a call from the number");
    talk(&mut again, &[("不用", "请问有什么可以帮您"), ("再见", "再见")]).await;
    let (_, greeting) = desk.caller(NUMBER, Language::EN).await;
    assert!(!greeting.contains("上次"), "dropped for good: {greeting}");
}

#[tokio::test]
async fn without_leave_nothing_is_on_disk_and_nobody_is_asked_twice() {
    let desk = Desk::open(shop()).await;
    let (mut caller, _) = desk.caller(NUMBER, Language::EN).await;
    talk(
        &mut caller,
        &[("where is order 4271", "postcode"), ("90210", "May I remember"), ("where is order 2801", "wool blanket")],
    )
    .await;
    talk(&mut caller, &[("no thanks", "Goodbye")]).await;
    assert!(!desk.remembers().await, "an answer that is none is no yes");
    let (mut caller, _) = desk.caller("", Language::EN).await;
    talk(&mut caller, &[("where is order 4271", "postcode"), ("90210", "May I remember"), ("no", "I will not remember it")])
        .await;
    let (mut caller, _) = desk.caller("", Language::EN).await;
    talk(&mut caller, &[("where is order 4271", "postcode"), ("90210", "anything else")]).await;
    talk(&mut caller, &[("what do you know about me", "nothing")]).await;
}

#[tokio::test]
async fn who_asks_is_told_and_who_wants_it_is_forgotten() {
    let desk = Desk::with_half_a_return().await;
    let (mut again, _) = desk.caller("", Language::EN).await;
    talk(&mut again, &[("where is order 4271", "postcode"), ("90210", "May I remember"), ("no", "not remember")]).await;
    let (mut owner, _) = desk.caller(NUMBER, Language::EN).await;
    talk(
        &mut owner,
        &[
            ("yes", "order number"),
            ("12345", "postcode"),
            ("10115", "Why"),
            ("what do you know about me", "returning an order"),
            ("please forget me", "I have forgotten"),
        ],
    )
    .await;
    let (_, greeting) = desk.caller(NUMBER, Language::EN).await;
    assert!(!greeting.contains("Last time"), "{greeting}");
}

#[tokio::test]
async fn erasing_the_number_erases_what_was_kept_under_the_account_and_the_disk_shows_no_word_of_it() {
    let desk = Desk::with_half_a_return().await;
    for word in ["return_order", "8613800138000"] {
        assert!(!holds(desk.data.path(), word), "{word} lies in the clear");
    }
    let person = desk.archive.subject(desk.archive.find(NUMBER).expect("a number"), "tester");
    let now = chrono::Utc::now();
    assert!(person.export(std::io::Cursor::new(Vec::new()), now).await.unwrap().memory);
    assert!(desk.remembers().await);
    assert!(person.erase(now).await.unwrap().is_some());
    assert!(!desk.remembers().await, "the account's memory went with the number's");
}

#[tokio::test]
async fn a_pack_that_switched_memory_off_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    super::reload::copy(Path::new("packs/shop"), folder.path());
    super::reload::edit(&folder.path().join("pack.toml"), "[memory]", "[memory]\non = false");
    let desk = Desk::open(Arc::new(Pack::load(folder.path()).unwrap())).await;
    let (mut caller, _) = desk.caller(NUMBER, Language::EN).await;
    talk(&mut caller, &[("where is order 4271", "postcode"), ("90210", "anything else"), ("forget me", "nothing")]).await;
    assert!(!desk.remembers().await);
}

/// Whether any file of a caller's holds that text; the shop's own database is the company's.
fn holds(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().filter(|file| file.file_name() != "packs").any(|file| {
        let path = file.path();
        if path.is_dir() {
            return holds(&path, text);
        }
        std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
    })
}
