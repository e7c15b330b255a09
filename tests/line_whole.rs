//! Calls to a whole line over real SIP and RTP, its ear and voice scripted: what callers notice, and what is kept of them.
//! Never scripts anything between the wire and the ear.
#![cfg(all(feature = "sip", feature = "web"))]

#[path = "common/house.rs"]
mod house;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use hotline::audio::wav::Sound;
use hotline::audio::{Dbfs, SampleRate};
use hotline::call::Hangup;
use hotline::engine::{Order, Seat};
use hotline::http::{Chat, ChatMessage, TextDesk};
use hotline::line::CloseCause;
use hotline::line::wav::WavFile;
use hotline::privacy::Pii;
use hotline::store::journal::JournalEvent;
use hotline::talk::Hint;
use house::{Ear, House, PATIENCE, Tone, records_of, speech, until_ended};
use tokio::sync::mpsc;
use tokio::time::timeout;

fn cause(event: &JournalEvent) -> Option<&str> {
    if let JournalEvent::CallEnded { cause } = event { Some(cause) } else { None }
}

fn heard(event: &JournalEvent) -> &str {
    if let JournalEvent::ReplyEnded { heard, .. } = event { heard } else { panic!("{} is no end of a reply", event.kind()) }
}

#[tokio::test]
async fn a_call_is_kept_whole() {
    let turns = ["what is your return policy", "what are your opening hours", "where is my order"];
    let tone = Tone { longest: "within 30 days", ..Tone::default() };
    let mut house = House::open_as(Ear::of(&turns), tone, |_| {}).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    caller.say(&speech(500)).await.expect("the call is up");
    house.until(&mut caller, |event| matches!(event, JournalEvent::ReplyStarted)).await;
    caller.say(&speech(600)).await.expect("the call is up");
    let answer = house.until(&mut caller, |e| matches!(e, JournalEvent::ReplyEnded { interrupted: false, .. })).await;
    assert!(heard(&answer).contains("Monday to Saturday"), "{}", heard(&answer));
    let wall = house.open.line().board().shared().observers.wall.clone();
    let hint = Hint::Steer(Pii::new("shipping-cost".to_owned()));
    wall.order(&wall.watch().0[0].id, Order::Hint(hint)).expect("it lasts");
    house.until(&mut caller, |e| matches!(e, JournalEvent::ReplyEnded { heard, .. } if heard.contains("4 dollars"))).await;
    house.ask(&mut caller).await;
    house.key(&mut caller, "4271#").await;
    let answer = house.key(&mut caller, "90210#").await;
    assert!(heard(&answer).contains("desk lamp"), "{}", heard(&answer));
    caller.hang_up().await;
    house.told(|event| cause(event) == Some("caller")).await;
    let data = house.close().await;
    let records = records_of(data.path());
    let calls = records.list().expect("readable");
    assert_eq!(calls.len(), 1);
    let call = records.show(&calls[0].id).expect("kept");
    assert_eq!(call.damage, []);
    let kinds: BTreeSet<_> = call.entries.iter().map(|entry| entry.event.kind()).collect();
    let all: BTreeSet<_> =
        JournalEvent::KINDS.into_iter().filter(|kind| !["events_lost", "joined", "rating"].contains(kind)).collect();
    assert_eq!(kinds, all, "every kind of the schema");
    assert!(call.entries.is_sorted_by_key(|entry| entry.t_ms), "in the order of time");
    assert_eq!(call.entries.first().map(|entry| entry.event.kind()), Some("call_started"));
    assert_eq!(call.entries.last().map(|entry| entry.event.kind()), Some("call_ended"));
}

#[tokio::test]
async fn a_wav_file_calls_and_keeps_what_it_heard() {
    let mut house = House::open(&["what are your opening hours"]).await;
    let mut pcm = vec![0; 8 * 1_500];
    pcm.extend(speech(500));
    let heard = tempfile::NamedTempFile::new().expect("a file");
    let recording = heard.reopen().expect("the same file");
    let wav = WavFile::new(Sound { pcm, rate: SampleRate::HZ_8000 }, 2_000, Some(recording)).expect("a file takes a wav");
    let board = house.open.line().board().clone();
    let place = board.admit().expect("there is room");
    assert_eq!(board.serve(Box::new(wav), place).await, Hangup::Caller);
    let answer = house.told(|event| matches!(event, JournalEvent::Reply { text } if text.contains("Monday"))).await;
    assert_eq!(answer.kind(), "reply");
    let heard = Sound::read(heard.reopen().expect("written")).expect("a whole wav");
    let spoken = |ms: std::ops::Range<usize>| Dbfs::of(&heard.pcm[ms.start * 8..ms.end * 8]).db() > -30.0;
    assert!(heard.millis() >= 3_900 && spoken(100..600), "the greeting is in it, {} ms", heard.millis());
    assert!(spoken(2_600..2_900), "and the answer");
}

#[tokio::test]
async fn hangup_with_reply_in_flight_leaks_no_task() {
    let tone = Tone { longest: "within 30 days", ..Tone::default() };
    let mut house = House::open_as(Ear::of(&["what is your return policy"]), tone, |_| {}).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    caller.say(&speech(500)).await.expect("the call is up");
    house.until(&mut caller, |event| matches!(event, JournalEvent::ReplyStarted)).await;
    assert!(house.open.line().board().tasks_alive() >= 3, "the call, its dialogue and its voice");
    caller.hang_up().await;
    house.told(|event| cause(event) == Some("caller")).await;
    house.until_no_task_is_left().await;
}

#[tokio::test]
async fn an_operator_turns_the_bot_to_an_answer_listens_and_ends_the_call() {
    let mut house = House::open_as(Ear::of(&[]), Tone::default(), |_| {}).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    let wall = house.open.line().board().shared().observers.wall.clone();
    let (lasting, _) = wall.watch();
    let call = &lasting[0];
    assert_eq!((lasting.len(), call.latest[0].event.kind()), (1, "call_started"));
    let mut sound = wall.listen(&call.id).expect("it lasts");
    let overheard = timeout(PATIENCE, sound.recv()).await.expect("in time").expect("the call goes on");
    assert_eq!(overheard.stereo.len(), 2 * overheard.rate.frame_len());
    let hint = Hint::Steer(Pii::new("what are your opening hours".to_owned()));
    wall.order(&call.id, Order::Hint(hint)).expect("it lasts");
    let answer = house.until(&mut caller, |e| matches!(e, JournalEvent::ReplyEnded { interrupted: false, .. })).await;
    assert!(heard(&answer).contains("Monday to Saturday"), "{}", heard(&answer));
    wall.order(&call.id, Order::HangUp).expect("it lasts");
    assert_eq!(until_ended(&mut caller).await, CloseCause::RemoteHangup);
    house.told(|event| cause(event) == Some("operator")).await;
    house.until_no_task_is_left().await;
    assert!(wall.watch().0.is_empty());
}

#[tokio::test]
async fn an_operator_takes_the_caller_over_by_voice_and_gives_them_back() {
    let mut house = House::open_as(Ear::of(&["what are your opening hours"]), Tone::default(), |_| {}).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    let wall = house.open.line().board().shared().observers.wall.clone();
    let id = wall.watch().0[0].id.clone();
    let heard = tempfile::NamedTempFile::new().expect("a file");
    // The operator's own voice: four seconds of it, and then they are gone.
    let sound = Sound { pcm: speech(4_000), rate: SampleRate::HZ_8000 };
    let seat = WavFile::new(sound, 0, Some(heard.reopen().expect("the same file"))).expect("a file takes a wav");
    wall.order(&id, Order::TakeOver(Seat(Box::new(seat)))).expect("it lasts");
    house.until(&mut caller, |event| matches!(event, JournalEvent::Joined { with } if with == "operator")).await;
    let before = caller.heard().len();
    caller.wait(Duration::from_secs(1)).await.expect("the call is up");
    let loud = caller.heard()[before..].iter().filter(|frame| frame.level.db() > -30.0).count();
    assert!(loud > 35, "the caller hears the operator: {loud} loud frames");
    caller.say(&speech(1_000)).await.expect("the call is up");
    house.until(&mut caller, |event| matches!(event, JournalEvent::Joined { with } if with == "bot")).await;
    let told = Sound::read(heard.reopen().expect("written")).expect("a whole wav");
    let loudest = told.pcm.chunks(160).filter(|frame| Dbfs::of(frame).db() > -30.0).count();
    assert!(loudest > 35, "the operator hears the caller: {loudest} loud frames");
    let back = house
        .until(&mut caller, |event| matches!(event, JournalEvent::ReplyEnded { heard, .. } if heard.contains("assistant")))
        .await;
    assert!(self::heard(&back).contains("anything else"), "{}", self::heard(&back));
    wall.order(&id, Order::HangUp).expect("it lasts");
    house.told(|event| cause(event) == Some("operator")).await;
    house.until_no_task_is_left().await;
}

#[tokio::test]
async fn lagging_observer_never_ends_a_call() {
    let watched = mpsc::channel(1);
    let turns = (Ear::of(&["what are your opening hours", "goodbye"]), Tone::default());
    let house = House::watched_by(watched, turns, |_| {}).await;
    let mut caller = house.caller().await;
    for _ in 0..2 {
        assert!(caller.until_audible(PATIENCE).await.expect("the call is up").is_some());
        caller.until_quiet(Duration::from_millis(300), PATIENCE).await.expect("the call is up");
        caller.say(&speech(500)).await.expect("the call is up");
    }
    assert_eq!(until_ended(&mut caller).await, CloseCause::RemoteHangup, "the bot says good-bye and hangs up");
    let data = house.close().await;
    let call = &records_of(data.path()).list().expect("readable")[0];
    assert_eq!((call.cause.as_deref(), call.turns, call.damaged), (Some("bot"), 2, 0));
}

#[tokio::test]
async fn a_full_house_asks_to_come_back_and_the_call_that_is_up_goes_on() {
    let ear = Ear::of(&["what are your opening hours"]);
    let mut house = House::open_as(ear, Tone::default(), |config| config.engine.max_calls = 1.try_into().expect("one")).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    let refused = invite(house.open.sip().local_addrs()[0].addr).await;
    assert!(refused.starts_with("SIP/2.0 503 "), "{refused}");
    assert!(refused.lines().any(|line| line.starts_with("Retry-After: ")), "{refused}");
    assert!(heard(&house.ask(&mut caller).await).contains("Monday to Saturday"));
    assert_eq!(house.open.line().metrics().calls_refused.value(), 1);
    caller.hang_up().await;
    house.until_no_task_is_left().await;
    house.caller().await.hang_up().await;
}

#[tokio::test]
async fn a_line_that_closes_says_good_bye_first() {
    let mut house = House::open(&[]).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    let House { open, mut seen, data, .. } = house;
    let before = caller.heard().len();
    let ((), cause_heard) = tokio::join!(open.close(), until_ended(&mut caller));
    assert_eq!(cause_heard, CloseCause::RemoteHangup);
    assert!(caller.heard()[before..].iter().any(|frame| frame.level >= hotline::cli::caller::AUDIBLE), "words, not a click");
    let told: Vec<_> = std::iter::from_fn(|| seen.try_recv().ok()).map(|(_, entry)| entry.event).collect();
    assert!(told.iter().any(|event| cause(event) == Some("shutdown")));
    assert!(matches!(
        told.iter().rev().find(|event| event.kind() == "reply_ended"),
        Some(JournalEvent::ReplyEnded { interrupted: false, .. })
    ));
    drop(data);
}

#[tokio::test]
async fn a_line_that_closes_waits_for_every_good_bye() {
    let mut house = House::open(&[]).await;
    let mut first = house.caller().await;
    house.until_said(&mut first).await;
    let mut second = house.caller().await;
    house.until_said(&mut second).await;
    let House { open, mut seen, data, .. } = house;
    let (heard_first, heard_second) = (first.heard().len(), second.heard().len());
    let ((), ..) = tokio::join!(open.close(), until_ended(&mut first), until_ended(&mut second));
    let audible = |frames: &[hotline::cli::caller::HeardFrame]| frames.iter().any(|f| f.level >= hotline::cli::caller::AUDIBLE);
    assert!(audible(&first.heard()[heard_first..]) && audible(&second.heard()[heard_second..]), "each is told");
    let told: Vec<_> = std::iter::from_fn(|| seen.try_recv().ok()).map(|(_, entry)| entry.event).collect();
    assert_eq!(told.iter().filter(|event| cause(event) == Some("shutdown")).count(), 2);
    let whole = |event: &&JournalEvent| matches!(event, JournalEvent::ReplyEnded { interrupted: false, .. });
    let last: Vec<_> = told.iter().filter(|event| event.kind() == "reply_ended").rev().take(2).collect();
    assert!(last.len() == 2 && last.into_iter().all(|event| whole(&event)), "neither is cut");
    drop(data);
}

#[tokio::test]
async fn a_caller_who_never_sends_sound_is_let_go_by_the_line() {
    let mut house = House::open_as(Ear::of(&[]), Tone::default(), |config| config.sip.media_timeout_ms = 300).await;
    let silent = house.dial().await.expect("answered");
    house.told(|event| cause(event) == Some("media-timeout")).await;
    drop(silent);
    house.until_no_task_is_left().await;
}

#[tokio::test]
async fn a_disk_that_refuses_ends_no_call() {
    let mut house = House::open_as(Ear::of(&["what are your opening hours"]), Tone::default(), |config| {
        std::fs::write(config.store.data.join("calls"), "no folder").expect("written");
    })
    .await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    assert!(heard(&house.ask(&mut caller).await).contains("Monday to Saturday"));
    caller.hang_up().await;
    house.told(|event| cause(event) == Some("caller")).await;
    let metrics = std::sync::Arc::clone(house.open.line().metrics());
    house.close().await;
    let failed = metrics.prometheus().lines().find_map(|line| line.strip_prefix("hotline_journal_failed_total ")?.parse().ok());
    assert!(failed > Some(0u64), "and the operator is told");
}

#[tokio::test]
async fn a_recogniser_that_panics_costs_its_caller_one_turn_and_nobody_else_anything() {
    let mut house = House::open(&["!", "what are your opening hours", "what are your opening hours"]).await;
    let mut unlucky = house.caller().await;
    house.until_said(&mut unlucky).await;
    let apology = house.ask(&mut unlucky).await;
    assert!(!heard(&apology).contains("Monday"), "{}", heard(&apology));
    assert!(heard(&house.ask(&mut unlucky).await).contains("Monday to Saturday"));
    unlucky.hang_up().await;
    house.told(|event| cause(event) == Some("caller")).await;
    let mut other = house.caller().await;
    house.until_said(&mut other).await;
    assert!(heard(&house.ask(&mut other).await).contains("Monday to Saturday"));
}

#[tokio::test]
async fn a_voice_that_panics_is_apologised_for() {
    let tone = Tone { panics_at: "Monday", ..Tone::default() };
    let mut house = House::open_as(Ear::of(&["what are your opening hours", "what is your return policy"]), tone, |_| {}).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    caller.say(&speech(500)).await.expect("the call is up");
    house.until(&mut caller, |event| matches!(event, JournalEvent::ReplyEnded { heard, .. } if !heard.is_empty())).await;
    assert!(heard(&house.ask(&mut caller).await).contains("within 30 days"));
}

#[tokio::test]
async fn a_typed_question_is_answered_and_the_pages_tell_of_the_line() {
    let mut house = House::open(&[]).await;
    let url = house.open.ready().split_whitespace().find(|word| word.starts_with("http://")).expect("told").to_owned();
    let client = reqwest::Client::new();
    let get = async |page: &str| {
        let answer = client.get(format!("{url}{page}")).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("text"))
    };
    assert_eq!(get("/readyz").await, (200, "{\"ready\":true}".to_owned()));
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    assert!(get("/metrics").await.1.contains("hotline_calls_active 1\n"));
    let question = serde_json::json!({ "text": "what are your opening hours" });
    let answer = client.post(format!("{url}/v1/chat")).json(&question).send().await.expect("an answer");
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    assert!(answer["sentences"].to_string().contains("Monday to Saturday"), "{answer}");
    caller.hang_up().await;
    house.told(|event| cause(event) == Some("caller")).await;
    house.until_no_task_is_left().await;
    let metrics = get("/metrics").await.1;
    assert!(metrics.contains("hotline_calls_active 0\n") && metrics.contains("hotline_calls_total{cause=\"caller\"} 1\n"));
}

/// A figure, not a promise: `cargo test --test line_whole -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "what it measures depends on what else the machine does"]
async fn twenty_calls_keep_their_pace() {
    const CALLS: usize = 20;
    let tone = Tone { longest: "How can I help you?", ..Tone::default() };
    let mut house = House::open_as(Ear::of(&[]), tone, |_| {}).await;
    let (tasks, (done, mut spacings)) = (hotline::engine::Tasks::default(), mpsc::channel(CALLS));
    for _ in 0..CALLS {
        let (mut caller, done) = (house.caller().await, done.clone());
        tasks.spawn_to_its_end("caller", async move {
            caller.wait(Duration::from_secs(20)).await.expect("the call is up");
            let at: Vec<_> = caller.heard().iter().map(|frame| frame.at).collect();
            caller.hang_up().await;
            done.send(at).await.expect("the test waits");
        });
    }
    drop(done);
    let mut spaces = Vec::new();
    while let Some(at) = spacings.recv().await {
        assert!(at.len() > 950, "{} packets in 20 s", at.len());
        spaces.extend(at.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64() * 1_000.0));
    }
    spaces.sort_by(f64::total_cmp);
    let percentile = |p: usize| spaces[spaces.len() * p / 1_000];
    let (p50, p95, p99, p999) = (percentile(500), percentile(950), percentile(990), percentile(999));
    println!("{CALLS} calls, {} packets: p50 {p50:.1} p95 {p95:.1} p99 {p99:.1} p99.9 {p999:.1} ms", spaces.len());
    house.told(|event| cause(event) == Some("caller")).await;
    assert!(p99 <= 25.0, "the spacing of packets at the wire, p99 {p99:.1} ms");
}

/// The final answer to an INVITE without a call behind it.
async fn invite(line: std::net::SocketAddr) -> String {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    let from = socket.local_addr().expect("bound");
    let sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n",
        from.port()
    );
    let request = format!(
        "INVITE sip:bot@{line} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKfull\r\nMax-Forwards: 70\r\n\
         From: <sip:test@{from}>;tag=1\r\nTo: <sip:bot@{line}>\r\nCall-ID: full@{from}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:test@{from}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    socket.send_to(request.as_bytes(), line).await.expect("sent");
    let mut buffer = [0; 4_096];
    timeout(PATIENCE, async {
        loop {
            let (len, _) = socket.recv_from(&mut buffer).await.expect("an answer");
            let text = String::from_utf8_lossy(&buffer[..len]).into_owned();
            if !text.starts_with("SIP/2.0 1") {
                return text;
            }
        }
    })
    .await
    .expect("a final answer")
}

#[tokio::test]
async fn a_return_begun_on_the_phone_is_offered_again_to_who_writes() {
    let mut house = House::open(&["i want to return something", "goodbye", "yes please"]).await;
    let mut caller = house.caller().await;
    house.until_said(&mut caller).await;
    house.ask(&mut caller).await;
    house.key(&mut caller, "12345#").await;
    house.key(&mut caller, "10115#").await;
    let question = house.ask(&mut caller).await;
    assert!(heard(&question).contains("May I remember"), "{}", heard(&question));
    house.ask(&mut caller).await;
    assert_eq!(until_ended(&mut caller).await, CloseCause::RemoteHangup);
    house.until_no_task_is_left().await;
    let desk = TextDesk::new(house.open.line().board().clone());
    let mut conversation = None;
    let mut said = String::new();
    for text in ["i want to return something", "12345", "10115", "yes"] {
        let message = ChatMessage::typed(conversation, Pii::new(text.to_owned()), None);
        let answer = desk.answer(message).await.expect("answered");
        conversation = Some(answer.conversation);
        said = answer.sentences.iter().fold(said, |said, sentence| said + &sentence.text + " ");
    }
    assert!(said.contains("Last time we were at returning an order, number 1 2 3 4 5. Shall we go on with it?"), "{said}");
    assert!(said.contains("Why do you return it"), "{said}");
}

#[tokio::test]
async fn an_edited_pack_is_in_the_audit_log() {
    let folder = tempfile::tempdir().expect("a folder");
    copy(Path::new("packs/shop"), folder.path());
    let pack = folder.path().to_owned();
    let house = House::open_as(Ear::of(&[]), Tone::default(), |config| config.pack = pack).await;
    let versions = || {
        let months = std::fs::read_dir(house.data.path().join("audit")).expect("the log").flatten();
        let months = months.filter(|file| file.path().extension().is_some_and(|ending| ending == "jsonl"));
        let lines = months.map(|file| std::fs::read_to_string(file.path()).expect("readable"));
        lines.map(|month| month.lines().filter(|line| line.contains("pack shop")).count()).sum::<usize>()
    };
    assert_eq!(versions(), 1);
    // The watcher sees the folder as it was before the edit.
    tokio::task::yield_now().await;
    let file = folder.path().join("pack.toml");
    let text = std::fs::read_to_string(&file).expect("readable").replace("Lantern Shop", "Lantern Store");
    std::fs::write(file, text).expect("written");
    // The pack is learnt anew first.
    let mut looks = tokio::time::interval(Duration::from_millis(250));
    timeout(PATIENCE, async {
        while versions() == 1 {
            looks.tick().await;
        }
    })
    .await
    .expect("noted");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for file in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &target);
        } else {
            std::fs::copy(file.path(), target).expect("copied");
        }
    }
}
