//! A pack that is edited while a caller is on the line.

use std::path::Path;
use std::time::Duration;

use hotline::business::Pack;
use hotline::dialogue::DialogueConfig;
use hotline::engine::reload;
use hotline::engine::reply::Dialogues;
use hotline::talk::Language;

use super::{Caller, assert_holds};

/// Longer than any edit may take to be noticed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let path = file.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

pub(crate) fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from:?} is not in {}", file.display());
    std::fs::write(file, text.replace(from, to)).unwrap();
}

/// The shop's pack in a folder of its own, and a caller who talks to it.
async fn caller() -> (Caller, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new("packs/shop"), folder.path());
    let pack = Pack::load(folder.path()).unwrap_or_else(|e| panic!("{e}"));
    (Caller::with(Language::EN, DialogueConfig::default(), pack.into()).await, folder)
}

#[tokio::test]
async fn an_edit_is_heard_in_the_next_turn_and_the_flow_goes_on() {
    let (mut caller, folder) = caller().await;
    assert_holds(&caller.say("how much is shipping").await, "4 dollars", "before the edit");
    caller.say("my coupon does not work").await;
    edit(&folder.path().join("faq.toml"), "4 dollars", "6 dollars");
    let edited = Pack::load(folder.path()).unwrap();
    caller.dialogues.replace(edited.into()).await.unwrap();
    assert_holds(&caller.say("how much is shipping").await, "6 dollars", "after the edit");
}

#[tokio::test]
async fn a_flow_that_was_edited_begins_anew_with_what_the_caller_told() {
    let (mut caller, folder) = super::identity::at_the_open_question().await;
    edit(&folder.path().join("flows/open.toml"), "Which box?", "Which of your boxes?");
    let edited = Pack::load(folder.path()).unwrap();
    caller.dialogues.replace(edited.into()).await.unwrap();
    assert_holds(&caller.say("hm").await, "which of your boxes", "the identity is still known");
}

#[tokio::test]
async fn the_folder_is_watched_and_a_broken_edit_changes_nothing() {
    let (caller, folder) = caller().await;
    let dialogues: Dialogues = caller.dialogues.clone();
    let (learnt, mut packs) = tokio::sync::mpsc::unbounded_channel();
    let told = move |pack: &Pack| drop(learnt.send(pack.name().to_owned()));
    let watching = reload::watch(dialogues.clone(), folder.path().to_owned(), told);
    let editing = async {
        // The watcher has seen the folder as it was once it polls; two edits follow, the first of them broken.
        tokio::task::yield_now().await;
        edit(&folder.path().join("pack.toml"), "Lantern Shop", "Lantern *Shop*");
        let broken = tokio::time::timeout(Duration::from_secs(3), packs.recv()).await;
        assert!(broken.is_err(), "a broken pack was taken");
        assert_eq!(dialogues.pack().company(Language::EN), "Lantern Shop");
        edit(&folder.path().join("pack.toml"), "Lantern *Shop*", "Lantern Store");
        tokio::time::timeout(PATIENCE, packs.recv()).await.expect("the mended pack is taken")
    };
    tokio::select! {
        () = watching => unreachable!("it watches for ever"),
        name = editing => assert_eq!(name.as_deref(), Some("shop")),
    }
    assert_eq!(dialogues.pack().company(Language::EN), "Lantern Store");
}
