//! The console as a browser on loopback sees it: login, roles, limits, live events, past calls.
#![cfg(feature = "web")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use hotline::audio::{Frame, MediaTime, SampleRate};
use hotline::business::Pack;
use hotline::config::{Config, HttpConfig};
use hotline::engine::reply::{Dialogues, ReplyEvent};
use hotline::engine::{Growth, Order, Tasks, Wall};
use hotline::http::{App, Chat, ChatAnswer, ChatError, ChatMessage, Console, Rooms, router, serve};
use hotline::line::webrtc::WebRtcLine;
use hotline::privacy::Pii;
use hotline::store::Archive;
use hotline::store::audit::{public_key, verify};
use hotline::store::journal::{Entry, JournalEvent, journal};
use hotline::store::recording::recorder;
use hotline::talk::{CallId, Hint, Language, Prompt, Transcript, TurnId};
use hotline::telemetry::Metrics;
use reqwest::header::{COOKIE, ORIGIN, SET_COOKIE};
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const PASSWORD: &str = "a good long password";
const CALL: &str = "20261122-151923-kqzt";

struct Mute;

#[async_trait]
impl Chat for Mute {
    async fn answer(&self, _: ChatMessage) -> Result<ChatAnswer, ChatError> {
        Err(ChatError::Failed)
    }
}

/// A console on a free port, and what a test may do behind it.
struct Place {
    url: String,
    wall: Wall,
    archive: Arc<Archive>,
    dialogues: Dialogues,
    /// The pack's folder.
    folder: PathBuf,
    /// The path of the first admin's link.
    first: String,
    client: Client,
}

/// Somebody who is logged in.
struct Login {
    cookie: String,
    csrf: String,
}

/// Runs `client` against a console with an empty data folder.
async fn with_console(client: impl AsyncFnOnce(Place)) {
    let _taken = rustls::crypto::ring::default_provider().install_default();
    let data = tempfile::tempdir().expect("a folder");
    let mut config = Config::default();
    config.store.data = data.path().to_owned();
    let archive = Arc::new(Archive::open(&config.store, &config.privacy).await.expect("an archive"));
    let folder = data.path().join("packs-of-companies/shop");
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("packs/shop"), &folder);
    let pack = Arc::new(Pack::load(&folder).expect("the pack"));
    let dialogues = Dialogues::open(&config.dialogue, pack, data.path()).await.expect("dialogues");
    let (wall, stop) = (Wall::default(), CancellationToken::new());
    let tasks = Tasks::default();
    let rooms = Rooms {
        archive: Arc::clone(&archive),
        wall: wall.clone(),
        browsers: WebRtcLine::open(config.webrtc.clone(), tasks.tracker()).expect("no secret is named"),
        growth: Growth::new(dialogues.clone(), data.path().to_owned(), tasks.clone()),
        pack: {
            let dialogues = dialogues.clone();
            Box::new(move || dialogues.pack())
        },
        tasks: tasks.clone(),
        stop: stop.clone(),
    };
    let console = Console::open(rooms, &config.http.console, false).expect("a console");
    let first = console.first_admin().expect("written").expect("nobody is there");
    let app = App {
        metrics: Arc::new(Metrics::default()),
        ready: Arc::new(AtomicBool::new(true)),
        chat: Arc::new(Mute),
        talk: None,
        console: Some(console),
        stop: stop.clone(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    let place = Place { url, wall, archive, dialogues, folder, first, client: Client::new() };
    let client = async {
        client(place).await;
        stop.cancel();
    };
    let served = serve(listener, router(app, &HttpConfig::default()), stop.clone().cancelled_owned());
    let (served, ()) = tokio::join!(served, client);
    served.expect("stopped in peace");
    tasks.ended().await;
    let key = public_key(data.path()).expect("a log");
    verify(data.path(), &key, None).expect("the audit log is whole");
}

impl Place {
    async fn ask(&self, method: Method, path: &str, (login, body): (Option<&Login>, Value)) -> Response {
        let mut request = self.client.request(method, format!("{}/console{path}", self.url));
        if let Some(Login { cookie, csrf }) = login {
            request = request.header(COOKIE, cookie).header("x-csrf-token", csrf);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        request.send().await.expect("an answer")
    }

    async fn see(&self, path: &str, login: Option<&Login>) -> (StatusCode, Value) {
        let response = self.ask(Method::GET, path, (login, Value::Null)).await;
        (response.status(), response.json().await.expect("JSON"))
    }

    async fn log_in(&self, name: &str, password: &str) -> Response {
        self.ask(Method::POST, "/api/login", (None, json!({ "name": name, "password": password }))).await
    }

    /// Uses a one-time link.
    async fn open(&self, path: &str) -> Response {
        let link = path.rsplit('/').next().expect("a link");
        self.ask(Method::POST, "/api/open", (None, json!({ "link": link, "password": PASSWORD }))).await
    }

    async fn admin(&self) -> Login {
        login(self.open(&self.first).await).await
    }

    /// Somebody whom this admin lets in.
    async fn with_role(&self, admin: &Login, role: &str) -> Login {
        let invited = self.ask(Method::POST, "/api/accounts", (Some(admin), json!({ "name": role, "role": role }))).await;
        assert_eq!(invited.status(), StatusCode::CREATED);
        let invited: Value = invited.json().await.expect("JSON");
        login(self.open(invited["path"].as_str().expect("a path")).await).await
    }

    /// What the bot answers to these words at the start of a conversation.
    async fn answer(&self, words: &str) -> String {
        let (out, mut events) = tokio::sync::mpsc::channel(64);
        let transcript = Transcript::of_text(words, Language::EN, "text");
        self.dialogues.begin(Some(Language::EN)).respond(Prompt::Said { turn: TurnId(1), transcript }, &out).await;
        drop(out);
        let mut said = String::new();
        while let Some(event) = events.recv().await {
            if let ReplyEvent::Sentence(sentence) = event {
                said.push_str(&sentence.text);
            }
        }
        said
    }

    fn audit(&self) -> String {
        let folder = std::fs::read_dir(self.archive.vault().data().join("audit")).expect("a folder");
        let logs = folder.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "jsonl"));
        logs.map(|path| std::fs::read_to_string(path).expect("text")).collect()
    }

    /// A past call of two turns, in the journal and recorded.
    fn keep_a_call(&self) {
        let (id, vault) = (CallId::new(CALL).expect("an id"), self.archive.vault());
        let caller = vault.caller_of(&Pii::default(), &id);
        let (journal, lines) = journal(&Config::default().store, vault);
        let (recorder, sound) = recorder(vault);
        let call = journal.open(id.clone(), caller);
        let transcript = |text: &str| JournalEvent::Transcript {
            text: text.to_owned(),
            is_final: true,
            engine: "test".to_owned(),
            language: Language::EN,
        };
        let events = [
            JournalEvent::CallStarted {
                from: "sip:+8613800138000@gw".to_owned(),
                to: "sip:bot@x".to_owned(),
                transport: "wav".to_owned(),
                codec: "PCMA".to_owned(),
            },
            transcript("call me at 13800138000"),
            JournalEvent::CallEnded { cause: "caller".to_owned() },
        ];
        for (event, n) in events.into_iter().zip(0..) {
            call.record(Duration::from_secs(n), Some(TurnId(1)), event);
        }
        let mut recording = recorder.open(id, caller, SampleRate::HZ_16000);
        let frame = Frame::new(&[1_000; 320], SampleRate::HZ_16000, MediaTime::ZERO);
        recording.tick(MediaTime::ZERO, Some(&frame), Some(&frame));
        drop((call, journal, recording, recorder));
        lines.run();
        sound.run();
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_folder(&from, &to) } else { assert!(std::fs::copy(from, to).is_ok()) }
    }
}

async fn login(response: Response) -> Login {
    assert_eq!(response.status(), StatusCode::OK);
    let cookie = response.headers()[SET_COOKIE].to_str().expect("text").split(';').next().expect("a pair").to_owned();
    let told: Value = response.json().await.expect("JSON");
    Login { cookie, csrf: told["csrf"].as_str().expect("a token").to_owned() }
}

/// Reads server-sent events until one of that name; its data.
async fn event(response: &mut Response, seen: &mut String, name: &str) -> Value {
    loop {
        while let Some((block, rest)) = seen.split_once("\n\n") {
            let (block, rest) = (block.to_owned(), rest.to_owned());
            *seen = rest;
            if block.lines().any(|line| line == format!("event: {name}")) {
                let data = block.lines().find_map(|line| line.strip_prefix("data: ")).expect("data");
                return serde_json::from_str(data).expect("JSON");
            }
        }
        let chunk = response.chunk().await.expect("the stream goes on").expect("it is not over");
        seen.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
}

#[tokio::test]
async fn the_first_link_opens_once_and_the_cookie_is_kept_from_scripts_and_other_sites() {
    with_console(async |place| {
        assert_eq!(place.see("/api/me", None).await.0, StatusCode::UNAUTHORIZED);
        let opened = place.open(&place.first).await;
        let cookie = opened.headers()[SET_COOKIE].to_str().expect("text").to_owned();
        assert!(cookie.contains("; HttpOnly") && cookie.contains("; SameSite=Strict") && cookie.contains("; Path=/console"));
        let admin = login(opened).await;
        assert_eq!(place.open(&place.first).await.status(), StatusCode::FORBIDDEN, "used");
        let (status, me) = place.see("/api/me", Some(&admin)).await;
        assert_eq!((status, &me["name"], &me["role"]), (StatusCode::OK, &json!("admin"), &json!("admin")));
        let again = login(place.log_in("admin", PASSWORD).await).await;
        let left = place.ask(Method::POST, "/api/logout", (Some(&again), Value::Null)).await;
        assert_eq!(left.status(), StatusCode::NO_CONTENT);
        assert_eq!(place.see("/api/me", Some(&again)).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(place.see("/api/me", Some(&admin)).await.0, StatusCode::OK, "another login of the same account");
    })
    .await;
}

#[tokio::test]
async fn each_role_may_do_its_part_and_a_removed_account_is_out_at_once() {
    with_console(async |place| {
        let admin = place.admin().await;
        let (operator, supervisor) = (place.with_role(&admin, "operator").await, place.with_role(&admin, "supervisor").await);
        for (path, roles) in
            [("/api/me", 3), ("/api/calls", 2), ("/api/overview", 2), ("/api/gaps", 2), ("/api/learned", 2), ("/api/accounts", 1)]
        {
            for (login, rank) in [(&operator, 3), (&supervisor, 2), (&admin, 1)] {
                let expected = if rank <= roles { StatusCode::OK } else { StatusCode::FORBIDDEN };
                assert_eq!(place.see(path, Some(login)).await.0, expected, "{path} for the {rank}. role from above");
            }
        }
        let removed = place.ask(Method::DELETE, "/api/accounts/operator", (Some(&admin), Value::Null)).await;
        assert_eq!(removed.status(), StatusCode::NO_CONTENT);
        assert_eq!(place.see("/api/me", Some(&operator)).await.0, StatusCode::UNAUTHORIZED);
        let last = place.ask(Method::DELETE, "/api/accounts/admin", (Some(&admin), Value::Null)).await;
        assert_eq!(last.status(), StatusCode::CONFLICT);
        for noted in [r#""what":"invited""#, r#""what":"opened""#, r#""what":"removed""#] {
            assert!(place.audit().contains(noted), "{noted}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_without_the_token_and_a_login_from_another_site_are_refused() {
    with_console(async |place| {
        let admin = place.admin().await;
        let forged = Login { csrf: "0".repeat(64), cookie: admin.cookie.clone() };
        let body = json!({ "name": "eve", "role": "admin" });
        let refused = place.ask(Method::POST, "/api/accounts", (Some(&forged), body)).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert_eq!(place.see("/api/accounts", Some(&admin)).await.1["accounts"].as_array().map(Vec::len), Some(1));
        let login = place.client.post(format!("{}/console/api/login", place.url)).header(ORIGIN, "https://evil.example");
        let login = login.json(&json!({ "name": "admin", "password": PASSWORD })).send().await.expect("an answer");
        assert_eq!(login.status(), StatusCode::FORBIDDEN);
    })
    .await;
}

#[tokio::test]
async fn who_guesses_has_to_wait_even_with_the_right_password() {
    with_console(async |place| {
        place.admin().await;
        for _ in 0..5 {
            assert_eq!(place.log_in("admin", "a wrong long password").await.status(), StatusCode::UNAUTHORIZED);
        }
        assert_eq!(place.log_in("admin", PASSWORD).await.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(place.log_in("nobody", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
        let audit = place.audit();
        assert_eq!(audit.matches(r#""by":"admin","ok":false"#).count(), 5);
        assert!(!audit.contains("nobody"), "a name that is none may be somebody's password");
    })
    .await;
}

#[tokio::test]
async fn the_wall_shows_a_call_as_it_happens_and_the_operator_takes_part() {
    with_console(async |place| {
        let admin = place.admin().await;
        let call = CallId::new(CALL).expect("an id");
        let mut on_wall = place.wall.hang(call.clone());
        let said = |text: &str| JournalEvent::Reply { text: text.to_owned() };
        on_wall.happened(Entry { t_ms: 1, turn: None, event: said("I call 13800138000.") });
        let (mut stream, mut seen) = (place.ask(Method::GET, "/api/live", (Some(&admin), Value::Null)).await, String::new());
        let wall = event(&mut stream, &mut seen, "wall").await;
        assert_eq!(wall["calls"][0]["latest"][0]["text"], "I call <phone>.");
        on_wall.happened(Entry { t_ms: 2, turn: Some(1), event: said("And now?") });
        let entry = event(&mut stream, &mut seen, "entry").await;
        assert_eq!((&entry["call"], &entry["entry"]["text"]), (&json!(CALL), &json!("And now?")));
        let frame = Frame::new(&[8_000; 160], SampleRate::HZ_8000, MediaTime::ZERO);
        let silence = Frame::silence(SampleRate::HZ_8000, MediaTime::ZERO);
        (0..10).for_each(|_| on_wall.sound(&frame, &silence));
        let levels = event(&mut stream, &mut seen, "levels").await;
        assert!(levels["caller_db"].as_f64() > Some(-13.0) && levels["bot_db"] == json!(-96.0), "{levels}");
        let hint = (Some(&admin), json!({ "steer": " return policy 4271 " }));
        let hint = place.ask(Method::POST, &format!("/api/live/{CALL}/hint"), hint).await;
        assert_eq!(hint.status(), StatusCode::ACCEPTED);
        let order = on_wall.order().await;
        assert!(matches!(order, Order::Hint(Hint::Steer(words)) if words.reveal() == "return policy 4271"));
        let no_offer = (Some(&admin), json!({ "sdp": "v=0" }));
        let seat = place.ask(Method::POST, &format!("/api/live/{CALL}/take-over"), no_offer).await;
        assert_eq!(seat.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(place.see("/api/seat", Some(&admin)).await.1["ice_servers"].is_array());
        let back = place.ask(Method::POST, &format!("/api/live/{CALL}/give-back"), (Some(&admin), Value::Null)).await;
        assert_eq!(back.status(), StatusCode::ACCEPTED);
        assert!(matches!(on_wall.order().await, Order::GiveBack));
        let end = place.ask(Method::POST, &format!("/api/live/{CALL}/hang-up"), (Some(&admin), Value::Null)).await;
        assert_eq!(end.status(), StatusCode::ACCEPTED);
        assert!(matches!(on_wall.order().await, Order::HangUp));
        let nobody = place.ask(Method::POST, "/api/live/gone/hang-up", (Some(&admin), Value::Null)).await;
        assert_eq!(nobody.status(), StatusCode::NOT_FOUND);
        drop(on_wall);
        assert_eq!(event(&mut stream, &mut seen, "over").await["call"], CALL);
        assert!(place.audit().contains(r#""how":"take over""#) && place.audit().contains(r#""how":"give back""#));
        assert!(place.audit().contains(r#""how":"hint""#) && !place.audit().contains("4271"));
        place.ask(Method::POST, "/api/logout", (Some(&admin), Value::Null)).await;
        while stream.chunk().await.expect("the stream ends in peace").is_some() {}
    })
    .await;
}

#[tokio::test]
async fn a_past_call_is_shown_with_its_sound_and_without_numbers_and_each_look_is_audited() {
    with_console(async |place| {
        let admin = place.admin().await;
        place.keep_a_call();
        let (_, list) = place.see("/api/calls", Some(&admin)).await;
        assert_eq!((&list["calls"][0]["id"], &list["calls"][0]["cause"]), (&json!(CALL), &json!("caller")));
        assert_eq!(place.see(&format!("/api/calls?before={CALL}"), Some(&admin)).await.1["calls"], json!([]));
        let (_, call) = place.see(&format!("/api/calls/{CALL}"), Some(&admin)).await;
        assert_eq!((&call["is_recorded"], &call["is_closed"]), (&json!(true), &json!(true)));
        assert_eq!(call["entries"][1]["text"], "call me at <phone>");
        assert!(call["hits"][0]["entries"].is_array(), "{call}");
        assert!(!call.to_string().contains("13800138000") && !list.to_string().contains("13800138000"), "{call} {list}");
        let wav = place.ask(Method::GET, &format!("/api/calls/{CALL}/recording.wav"), (Some(&admin), Value::Null)).await;
        assert_eq!(wav.headers()["content-type"], "audio/wav");
        assert!(wav.bytes().await.expect("sound").starts_with(b"RIFF"));
        let lines = place.ask(Method::GET, &format!("/api/calls/{CALL}/events.jsonl"), (Some(&admin), Value::Null)).await;
        assert_eq!(lines.text().await.expect("text").lines().count(), 3);
        assert_eq!(place.see("/api/calls/20200101-000000-aaaa", Some(&admin)).await.0, StatusCode::NOT_FOUND);
        let audit = place.audit();
        assert_eq!((audit.matches(r#""what":"events""#).count(), audit.matches(r#""what":"recording""#).count()), (2, 1));
    })
    .await;
}

#[tokio::test]
async fn the_overview_is_told_and_exported_and_a_question_finds_its_entry() {
    with_console(async |place| {
        let admin = place.admin().await;
        place.keep_a_call();
        let (_, overview) = place.see("/api/overview?days=60000", Some(&admin)).await;
        assert_eq!((&overview["all"]["calls"], &overview["all"]["containment"]), (&json!(1), &json!(1.0)));
        let csv = place.ask(Method::GET, "/api/overview/calls.csv?days=60000", (Some(&admin), Value::Null)).await;
        let csv = csv.text().await.expect("text");
        assert!(
            csv.starts_with("call,day,channel,cause,handle_ms,")
                && csv.contains("20261122-151923-kqzt,2026-11-22,wav,caller,2000,"),
            "{csv}"
        );
        let lines = place.ask(Method::GET, "/api/overview/calls.ndjson?days=60000", (Some(&admin), Value::Null)).await;
        assert_eq!(lines.json::<Value>().await.expect("one line")["cause"], "caller");
        let (_, hits) = place.see("/api/knowledge?q=when+are+you+open", Some(&admin)).await;
        assert!(hits["hits"][0]["score"].as_f64() > Some(0.0), "{hits}");
        assert_eq!(place.see("/api/gaps", Some(&admin)).await.1["gaps"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn every_file_is_served_as_it_stands_and_names_no_other_host() {
    with_console(async |place| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("web/console");
        for file in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let (name, text) =
                (file.file_name().expect("a name").to_string_lossy(), std::fs::read_to_string(&file).expect("text"));
            let path = if name == "index.html" { String::new() } else { format!("/{name}") };
            let served = place.ask(Method::GET, &path, (None, Value::Null)).await.text().await.expect("text");
            assert_eq!(served, text, "{name}");
            let text = text.replace("http://www.w3.org/2000/svg", "");
            let foreign = ["https://", "http://", "<style", "style=\"", "onclick="].into_iter().find(|word| text.contains(word));
            assert_eq!(foreign, None, "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_page_is_sealed_off() {
    with_console(async |place| {
        for path in ["", "/main.js", "/console.css", "/api/me"] {
            let response = place.ask(Method::GET, path, (None, Value::Null)).await;
            let policy = response.headers()["content-security-policy"].to_str().expect("text").to_owned();
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"),
                "{path}: {policy}"
            );
            assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_gap_is_closed_by_one_click_and_opened_again_by_another() {
    with_console(async |place| {
        let admin = place.admin().await;
        let words = "does anybody there teach the piano";
        assert!(!place.answer(words).await.contains("lessons"), "not understood yet");
        let file = place.folder.join("knowledge/learned.md");
        let wish = json!({
            "entry": "piano", "said": [words, "who could teach me to play the piano", "有人教钢琴吗"],
            "about": { "en": "piano lessons", "zh": "钢琴课" },
            "answer": { "en": "Piano lessons are on Monday at 7.", "zh": "钢琴课在周一7点。" },
        });
        let meanwhile = async {
            assert!(place.answer("when are you open").await.contains("9 in the morning"), "calls go on during a trial");
        };
        let (told, ()) = tokio::join!(place.ask(Method::POST, "/api/learned", (Some(&admin), wish)), meanwhile);
        let told: Value = told.json().await.expect("JSON");
        assert_eq!((&told["published"], &told["worse"]), (&json!(true), &json!([])), "{told}");
        assert!(told["phrases"].as_u64() > Some(500) && told["scripts"].as_u64() > Some(0), "{told}");
        assert!(place.answer(words).await.contains("Piano lessons are on Monday at 7."));
        let more = json!({ "entry": "opening-hours", "said": ["until what hour may one visit you"] });
        let more: Value = place.ask(Method::POST, "/api/learned", (Some(&admin), more)).await.json().await.expect("JSON");
        assert_eq!(more["published"], true, "{more}");
        let (_, list) = place.see("/api/learned", Some(&admin)).await;
        assert_eq!((&list["changes"][0]["entry"], &list["changes"][1]["entry"]), (&json!("opening-hours"), &json!("piano")));
        for _ in 0..2 {
            let undone = place.ask(Method::POST, "/api/learned/undo", (Some(&admin), Value::Null)).await;
            assert_eq!(undone.status(), StatusCode::OK);
        }
        assert!(!file.exists() && !place.answer(words).await.contains("Piano lessons"), "taken back");
        let nothing = place.ask(Method::POST, "/api/learned/undo", (Some(&admin), Value::Null)).await;
        assert_eq!(nothing.status(), StatusCode::NOT_FOUND);
        assert_eq!(place.audit().matches(r#""kind":"taught""#).count(), 5);
    })
    .await;
}

#[tokio::test]
async fn what_makes_anything_worse_is_not_published_and_says_why() {
    with_console(async |place| {
        let supervisor = {
            let admin = place.admin().await;
            place.with_role(&admin, "supervisor").await
        };
        let before = place.dialogues.pack();
        let hijacking: Vec<_> = ["so", "well", "hey", "hello", "then", "now", "oh", "and", "but", "look", "ok", "please"]
            .iter()
            .flat_map(|word| [format!("{word} where is my order"), format!("where is my parcel {word}")])
            .collect();
        for (said, why) in [(json!(["when are you open"]), "starts both"), (json!(hijacking), "would not be understood any more")]
        {
            let wish = json!({ "entry": "shipping-cost", "said": said });
            let told: Value =
                place.ask(Method::POST, "/api/learned", (Some(&supervisor), wish)).await.json().await.expect("JSON");
            assert_eq!(told["published"], false, "{told}");
            assert!(told["worse"].to_string().contains(why), "{told}");
        }
        let wish = json!({ "entry": "shipping-cost", "said": ["call 13800138000"] });
        let refused = place.ask(Method::POST, "/api/learned", (Some(&supervisor), wish)).await;
        assert_eq!(refused.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(Arc::ptr_eq(&before, &place.dialogues.pack()) && !place.folder.join("knowledge").exists(), "nothing changed");
    })
    .await;
}
