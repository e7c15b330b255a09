//! An embedded turn: the caller's words to the first sentence, without the line and without a tool.
//! Fails if one turn in a hundred takes longer than 5 ms, or the pack longer than 2 s to load and learn.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use hotline::business::Pack;
use hotline::dialogue::{Conversation, Understanding};
use hotline::talk::{Language, Prompt, Transcript, TurnId};

const TURNS: usize = 4_000;
const P99: Duration = Duration::from_millis(5);
const READY: Duration = Duration::from_secs(2);

const WORDS: &[&str] = &[
    "where is my order",
    "what are your opening hours on saturday please",
    "i want to return order one two three four five because it is broken and also know when you are open",
    "write me a poem about the sea",
    "我的快递怎么还没有到",
    "请问你们周末几点开门",
    "agent please",
    "no, I meant four two seven one",
];

#[expect(clippy::disallowed_methods, reason = "a bench reads the clock")]
fn main() {
    let start = Instant::now();
    let pack = Arc::new(Pack::load(Path::new("packs/shop")).expect("the shop's pack is right"));
    let loaded = start.elapsed();
    let understanding = Arc::new(Understanding::train(&pack));
    let ready = start.elapsed();
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).expect("a day");
    let conversation = Conversation::new(pack, understanding, Some(Language::EN), today);
    let mut times: Vec<Duration> = (0..TURNS)
        .map(|i| {
            let transcript = Transcript::of_text(WORDS[i % WORDS.len()], Language::EN, "bench");
            let prompt = Prompt::Said { turn: TurnId(1), transcript };
            let start = Instant::now();
            std::hint::black_box(conversation.propose(&prompt, None).sentences().count());
            start.elapsed()
        })
        .collect();
    times.sort();
    let (p50, p99, worst) = (times[TURNS / 2], times[TURNS * 99 / 100], times[TURNS - 1]);
    println!("pack load {loaded:?}, with training {ready:?}; turn p50 {p50:?}, p99 {p99:?}, worst {worst:?} of {TURNS}");
    assert!(p99 <= P99, "p99 {p99:?} is over {P99:?}");
    assert!(ready <= READY, "ready after {ready:?}, more than {READY:?}");
}
