//! The question at the end of a call: asked where the pack wants it, once, and answered by voice or key.

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::DialogueConfig;
use hotline::engine::reply::ReplyEvent;
use hotline::talk::{AfterReply, Expectation, Language, Prompt};

use super::{Caller, assert_holds};

/// The shop's pack, asking for ratings.
fn asking() -> (tempfile::TempDir, Arc<Pack>) {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(Path::new("packs/shop"), copy.path());
    let manifest = std::fs::read_to_string(copy.path().join("pack.toml")).unwrap();
    std::fs::write(copy.path().join("pack.toml"), format!("{manifest}\n[rating]\non = true\n")).unwrap();
    let pack = Pack::load(copy.path()).unwrap_or_else(|e| panic!("{e}"));
    (copy, Arc::new(pack))
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { copy_folder(&from, &to) } else { assert!(std::fs::copy(from, to).is_ok()) }
    }
}

fn rated(caller: &Caller) -> Option<u8> {
    caller.events.iter().find_map(|event| if let ReplyEvent::Rated(stars) = event { Some(*stars) } else { None })
}

#[tokio::test]
async fn a_caller_for_whom_something_was_done_is_asked_once_and_answers_by_voice_or_key() {
    let (_folder, pack) = asking();
    let first = Caller::with(Language::EN, DialogueConfig::default(), pack).await;
    for (answer, stars) in
        [("four", Some(4)), ("five out of five please", Some(5)), ("key:2", Some(2)), ("no", None), ("goodbye", None)]
    {
        let mut caller = Caller::over(&first.dialogues, Language::EN).await;
        caller.prompt(Prompt::Greeting).await;
        caller.say("when are you open").await;
        assert_holds(&caller.say("goodbye").await, "from 1, not at all, to 5", "goodbye");
        assert!(matches!(caller.after(), AfterReply::Listen(Expectation::Choice(all)) if all.len() == 5));
        let reply = match answer.strip_prefix("key:") {
            Some(keys) => caller.key(keys).await,
            None => caller.say(answer).await,
        };
        assert_holds(&reply, "Goodbye", answer);
        assert_eq!((rated(&caller), caller.after()), (stars, &AfterReply::HangUp), "{answer}");
    }
}

#[tokio::test]
async fn nobody_is_pressed_and_a_last_question_is_still_answered() {
    let (_folder, pack) = asking();
    let mut caller = Caller::with(Language::ZH, DialogueConfig::default(), pack).await;
    caller.prompt(Prompt::Greeting).await;
    caller.say("营业时间").await;
    assert_holds(&caller.say("没有了，再见").await, "您打几分", "再见");
    assert_holds(&caller.say("运费是多少").await, "4元", "a question in place of an answer");
    assert_holds(&caller.say("再见").await, "再见", "asked once");
    assert_eq!(caller.after(), &AfterReply::HangUp);
    let mut silent = Caller::over(&caller.dialogues, Language::EN).await;
    silent.prompt(Prompt::Greeting).await;
    assert_holds(&silent.say("goodbye").await, "Goodbye", "nothing was done, nobody is asked");
    let mut silent = Caller::over(&caller.dialogues, Language::EN).await;
    silent.prompt(Prompt::Greeting).await;
    silent.say("when are you open").await;
    silent.say("goodbye").await;
    assert_holds(&silent.prompt(Prompt::NoInput { count: 1 }).await, "Goodbye", "silence is an answer");
}

#[tokio::test]
async fn a_pack_that_says_nothing_asks_nobody() {
    let mut caller = Caller::new(Language::EN).await;
    caller.prompt(Prompt::Greeting).await;
    caller.say("when are you open").await;
    assert_holds(&caller.say("goodbye").await, "Goodbye", "goodbye");
    assert_eq!(caller.after(), &AfterReply::HangUp);
}
