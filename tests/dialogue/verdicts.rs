//! What the policy says on the way: which rule allowed or refused what, for the record of the call.

use hotline::engine::reply::ReplyEvent;
use hotline::talk::{Language, Prompt};

use super::Caller;

fn verdicts(caller: &Caller) -> Vec<(&str, &str, bool)> {
    let told = caller.events.iter().filter_map(|event| match event {
        ReplyEvent::Policy(verdict) => Some((verdict.what.as_str(), verdict.rule, verdict.allowed)),
        _ => None,
    });
    told.collect()
}

#[tokio::test]
async fn identity_and_the_yes_before_a_write_are_judged_for_the_record() {
    let mut caller = Caller::new(Language::EN).await;
    caller.prompt(Prompt::Greeting).await;
    caller.say("I want to return something").await;
    let known = "the caller is known well enough";
    assert!(verdicts(&caller).iter().any(|(_, rule, allowed)| *rule == known && !allowed), "{:?}", verdicts(&caller));
    caller.say("12345").await;
    caller.say("99999").await;
    let record = "what the caller gave matches the record";
    assert!(verdicts(&caller).contains(&("identify", record, false)), "{:?}", verdicts(&caller));
    caller.say("12345").await;
    caller.say("10115").await;
    assert!(verdicts(&caller).contains(&("identify", record, true)), "{:?}", verdicts(&caller));
    caller.say("it does not work").await;
    caller.dialogue.heard("I will", true);
    caller.say("yes").await;
    assert_eq!(verdicts(&caller), [("affirm", "the question was heard", false)]);
    caller.say("yes please").await;
    let all = verdicts(&caller);
    assert!(all.contains(&("request_return", "the caller said yes to these very values", true)), "{all:?}");
    assert_eq!(caller.returns().await, 1);
}
