//! Who may ask for what: a small safe-deposit desk with facts, a PIN and a one-time code.

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::DialogueConfig;
use hotline::engine::reply::ReplyEvent;
use hotline::talk::Language;

use super::{Caller, assert_holds};

/// The PIN of both customers is 2468; salts differ.
const FILES: &[(&str, &str)] = &[
    (
        "pack.toml",
        r#"
name = "desk"
company = { en = "the desk" }
languages = ["en"]
handoff = "agent"
"#,
    ),
    ("identity.toml", "[level.1]\nflow = \"identify\"\n[level.2]\nflow = \"pin\"\n"),
    (
        "tools.toml",
        r#"
[tool.customer]
about = "The record a caller is checked against."
effect = "reads"
private = true
args = { number = "text" }
sql = ["SELECT id, postcode, first_name FROM customers WHERE number = :number"]

[tool.pin]
about = "The hash of the PIN."
effect = "reads"
level = 1
private = true
args = { customer = "account" }
sql = ["SELECT id, pin_hash FROM customers WHERE id = :customer"]

[tool.boxes]
about = "The customer's boxes."
effect = "reads"
level = 1
args = { customer = "account" }
sql = ["SELECT number, place FROM boxes WHERE customer = :customer ORDER BY number"]

[tool.open_box]
about = "Opens a box."
effect = "writes"
level = 2
args = { customer = "account", box = "text" }
sql = ["UPDATE boxes SET open = 1 WHERE customer = :customer AND number = :box RETURNING number"]
"#,
    ),
    (
        "flows/identify.toml",
        r#"
about = { en = "finding out who is calling" }
[slot.number]
kind = "digits"
min = 6
max = 6
[slot.postcode]
kind = "digits"
min = 5
max = 5
[[step]]
id = "ask"
collect = "number"
ask = { en = "What is your customer number?" }
again = [{ en = "Please say the six digits of your customer number." }]
[[step]]
collect = "postcode"
ask = { en = "And your postcode?" }
again = [{ en = "Please say the five digits of your postcode." }]
[[step]]
verify = 1
record = "customer"
args = { number = "number" }
facts = { postcode = "postcode" }
account = "id"
keep = ["first_name"]
failed = "wrong"
[[step]]
say = { en = "Thank you, {{ caller.first_name }}." }
end = true
[[step]]
id = "wrong"
say = { en = "That does not match." }
[[step]]
forget = ["number", "postcode"]
next = "ask"
"#,
    ),
    (
        "flows/pin.toml",
        r#"
about = { en = "checking your PIN" }
[slot.pin]
kind = "digits"
min = 4
max = 4
sensitive = true
[[step]]
id = "ask"
collect = "pin"
ask = { en = "Please key in your PIN." }
again = [{ en = "Please press the four keys of your PIN." }]
[[step]]
verify = 2
record = "pin"
secret = { pin = "pin_hash" }
account = "id"
failed = "ask"
"#,
    ),
    (
        "flows/boxes.toml",
        r#"
about = { en = "your boxes" }
[intent]
en = ["which boxes do i have", "my boxes", "list my boxes", "what boxes are mine", "show me my boxes"]
[[step]]
call = "boxes"
save = "mine"
[[step]]
say = { en = "{{ caller.first_name }}, you have {{ mine.count }} boxes." }
"#,
    ),
    (
        "flows/open.toml",
        r#"
about = { en = "opening a box" }
[intent]
en = ["open my box", "please open a box", "i want a box opened", "unlock my box", "could you open one of my boxes"]
[slot.box]
kind = "record"
[[step]]
identify = 1
[[step]]
call = "boxes"
save = "mine"
[[step]]
collect = "box"
ask = { en = "Which box?" }
again = [{ en = "Please say where the box stands." }]
among = { list = "mine", column = "number", by = ["place"] }
[[step]]
identify = 2
[[step]]
confirm = { en = "I open box {{ box }} in {{ chosen.box.place }}. Is that right?" }
no = "leave"
[[step]]
call = "open_box"
args = { box = "box" }
save = "done"
[[step]]
say = { en = "Box {{ done.number }} is open." }
end = true
[[step]]
id = "leave"
say = { en = "It stays closed." }
"#,
    ),
    (
        "database/0001_desk.sql",
        r#"
CREATE TABLE customers (id TEXT, number TEXT, postcode TEXT, first_name TEXT, pin_hash TEXT);
CREATE TABLE boxes (number TEXT, customer TEXT, place TEXT, open INTEGER DEFAULT 0);
INSERT INTO customers VALUES
 ('a', '111222', '90210', 'Anna', 'PINHASH'),
 ('b', '333444', '10115', 'Ben', 'PINHASH');
INSERT INTO boxes VALUES ('17', 'a', 'the red room', 0), ('18', 'a', 'the cellar', 0), ('19', 'b', 'the tower', 0);
"#,
    ),
];
/// PBKDF2-HMAC-SHA256 of 2468, made with Python's `hashlib.pbkdf2_hmac`.
const PIN_HASH: &str =
    "pbkdf2-sha256$1000$0a0b0c0d0e0f10111213141516171819$f065fc58fbbafa99693eb52ca6d6b41f2f177539d7df203dc842c8d2ebfb5e77";

fn desk(folder: &Path) -> Arc<Pack> {
    for (name, text) in FILES {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text.replace("PINHASH", PIN_HASH)).unwrap();
    }
    Arc::new(Pack::load(folder).unwrap_or_else(|e| panic!("{e}")))
}

async fn caller() -> (Caller, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let pack = desk(folder.path());
    (Caller::with(Language::EN, DialogueConfig::default(), pack).await, folder)
}

/// A caller who is known and was asked which box, and the folder of the pack.
pub(crate) async fn at_the_open_question() -> (Caller, tempfile::TempDir) {
    let (mut caller, folder) = caller().await;
    talk(&mut caller, &[("open my box", "customer number"), ("111222", "postcode"), ("90210", "which box")]).await;
    (caller, folder)
}

/// Says each line and looks for a part of the answer.
async fn talk(caller: &mut Caller, lines: &[(&str, &str)]) {
    for (words, part) in lines {
        let reply = caller.say(words).await;
        assert_holds(&reply, part, words);
    }
}

#[tokio::test]
async fn a_tool_finds_out_who_calls_before_it_answers() {
    let (mut caller, _pack) = caller().await;
    let lines = [
        ("which boxes do I have", "customer number"),
        ("111222", "postcode"),
        ("90210", "Anna, you have 2 boxes"),
        ("my boxes", "Anna, you have 2 boxes"),
    ];
    talk(&mut caller, &lines).await;
}

#[tokio::test]
async fn unknown_and_wrong_are_answered_alike_and_the_third_failure_locks() {
    let mut replies = Vec::new();
    for number in ["999999", "111222"] {
        let (mut caller, _pack) = caller().await;
        caller.say("my boxes").await;
        let mut heard = Vec::new();
        for _ in 0..3 {
            caller.say(number).await;
            heard.push(caller.say("55555").await);
        }
        assert_holds(&heard[2], "locked", number);
        assert_holds(&caller.say("my boxes").await, "customer number", "a new try");
        caller.say("111222").await;
        assert_holds(&caller.say("90210").await, "locked", "not even with the right answers");
        assert_holds(&caller.say("yes").await, "colleague", "yes to a person");
        replies.push(heard);
    }
    assert_eq!(replies[0], replies[1]);
}

#[tokio::test]
async fn a_write_takes_the_pin_and_a_yes_and_is_tied_to_the_account() {
    let (mut caller, _pack) = caller().await;
    let lines = [
        ("please open a box", "customer number"),
        ("333444", "postcode"),
        ("10115", "which box"),
        ("box 17", "where the box stands"),
        ("the one in the tower", "key in your PIN"),
    ];
    talk(&mut caller, &lines).await;
    assert_holds(&caller.key("1357").await, "key in your PIN", "a wrong PIN");
    assert_holds(&caller.key("2468").await, "I open box 19 in the tower", "the right PIN");
    assert_holds(&caller.say("yes").await, "box 19 is open", "yes");
    let told = format!("{:?}", caller.dialogue.conversation().history());
    assert!(!told.contains("2468") && !told.contains("1357"), "{told}");
    assert!(caller.events.iter().all(|event: &ReplyEvent| !format!("{event:?}").contains("2468")));
}

#[tokio::test]
async fn a_fact_that_is_keyed_in_matches_exactly_where_a_spoken_one_may_be_misheard() {
    let (mut caller, _pack) = caller().await;
    talk(&mut caller, &[("my boxes", "customer number"), ("111222", "postcode")]).await;
    assert_holds(&caller.key("50210").await, "does not match", "no key is misheard");
    talk(&mut caller, &[("111222", "postcode"), ("five oh two one oh", "Anna, you have 2 boxes")]).await;
}

#[tokio::test]
async fn giving_up_the_proof_gives_up_what_needed_it() {
    let (mut caller, _pack) = caller().await;
    let lines = [("my boxes", "customer number"), ("never mind", "left that"), ("which boxes do i have", "customer number")];
    talk(&mut caller, &lines).await;
}

#[tokio::test]
async fn a_pin_that_is_spoken_is_in_no_history() {
    let (mut caller, _pack) = caller().await;
    talk(&mut caller, &[("open my box", "customer number"), ("111222", "postcode"), ("90210", "which"), ("red room", "PIN")])
        .await;
    assert_holds(&caller.say("two four six eight").await, "I open box 17", "a spoken PIN");
    let told = format!("{:?}", caller.dialogue.conversation().history());
    assert!(!told.contains("six eight"), "{told}");
}
