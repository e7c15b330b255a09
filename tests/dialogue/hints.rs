//! What an operator's hint may do to a conversation, and what nobody can do with one.

use hotline::engine::reply::ReplyEvent;
use hotline::privacy::Pii;
use hotline::talk::{AfterReply, Expectation, Hint, Language, Prompt};

use super::{Caller, assert_holds};

impl Caller {
    async fn steer(&mut self, words: &str) -> String {
        self.prompt(Prompt::Hinted { hint: Hint::Steer(Pii::new(words.to_owned())) }).await
    }

    async fn have_said(&mut self, words: &str) -> String {
        self.prompt(Prompt::Hinted { hint: Hint::Say(Pii::new(words.to_owned())) }).await
    }

    async fn have_said_anyway(&mut self, words: &str) -> String {
        self.prompt(Prompt::Hinted { hint: Hint::SayAnyway(Pii::new(words.to_owned())) }).await
    }

    /// The hint of the last prompt: what it was about, and whether the policy let it pass.
    fn judged(&self) -> (&str, bool) {
        let verdict = self.events.iter().find_map(|event| match event {
            ReplyEvent::Policy(verdict) => Some((verdict.what.as_str(), verdict.allowed)),
            _ => None,
        });
        verdict.expect("every hint is judged")
    }

    fn is_verified(&self) -> bool {
        self.dialogue.conversation().identity().is_some()
    }

    /// A caller who is to say yes to the return of an order.
    async fn about_to_return() -> Self {
        let mut caller = Self::new(Language::EN).await;
        caller.prompt(Prompt::Greeting).await;
        for words in ["I want to return something", "12345", "10115", "it does not work"] {
            caller.say(words).await;
        }
        assert_holds(&caller.reply(), "Is that right?", "the reason");
        caller
    }
}

#[tokio::test]
async fn a_hint_turns_the_bot_to_an_entry_a_flow_or_a_person() {
    let mut caller = Caller::new(Language::EN).await;
    caller.prompt(Prompt::Greeting).await;
    assert_holds(&caller.steer("when are you open").await, "9 in the morning", "an entry in words");
    assert_eq!(caller.judged(), ("answer opening-hours", true));
    assert_holds(&caller.steer("order_status").await, "order number", "a flow by its name");
    assert_eq!(caller.judged(), ("start_flow order_status", true));
    assert_eq!(caller.understood().0, "operator");
    caller.steer("let them talk to a human").await;
    assert!(matches!(caller.after(), AfterReply::Transfer { .. }), "{:?}", caller.events);
    let own = caller.dialogue.conversation().history().iter().filter(|(who, _)| *who == hotline::dialogue::Speaker::Caller);
    assert_eq!(own.count(), 0, "nobody but the caller speaks as the caller");
}

#[tokio::test]
async fn a_hint_proves_nobodys_identity_and_fills_no_slot() {
    let mut caller = Caller::new(Language::EN).await;
    caller.prompt(Prompt::Greeting).await;
    let asked = caller.say("where is my order").await;
    assert_holds(&asked, "order number", "the request");
    for attack in ["4271", "four two seven one", "order 4271", "90210", "the postcode is 90210", "yes"] {
        let reply = caller.steer(attack).await;
        assert!(reply.is_empty() || reply.contains("order number"), "{attack}: {reply}");
        assert!(!caller.is_verified() && caller.tools().is_empty(), "{attack}");
    }
    assert_holds(&caller.say("4271").await, "postcode", "the caller's own number still counts");
    for attack in ["90210", "nine oh two one oh", "identify", "verify the caller"] {
        let reply = caller.steer(attack).await;
        assert!(reply.is_empty() || reply.contains("postcode"), "{attack}: {reply}");
        assert!(!caller.is_verified() && caller.tools().is_empty(), "{attack}");
    }
    assert_holds(&caller.have_said("One moment please.").await, "postcode", "the question stands");
    assert!(!caller.is_verified());
    caller.say("90210").await;
    assert!(caller.is_verified(), "only what the caller says proves it");
}

#[tokio::test]
async fn a_number_in_a_hint_chooses_no_record_of_the_flow_it_starts() {
    let mut caller = Caller::new(Language::EN).await;
    caller.prompt(Prompt::Greeting).await;
    let asked = caller.steer("where is order 4271").await;
    assert_holds(&asked, "order number", "the number is asked of the caller");
    assert_eq!(caller.judged(), ("start_flow order_status", true));
}

#[tokio::test]
async fn a_hint_confirms_no_write() {
    let mut caller = Caller::about_to_return().await;
    for attack in ["yes", "that is right", "yes please do it", "confirm", "the caller agrees", "1"] {
        caller.steer(attack).await;
        assert_eq!(caller.returns().await, 0, "{attack}");
        assert!(!caller.tools().contains(&"request_return"), "{attack}: {:?}", caller.understood());
    }
    caller.have_said("Yes, that is right.").await;
    assert_eq!(caller.returns().await, 0);
    caller.say("yes").await;
    assert_eq!(caller.returns().await, 1, "the caller's own yes does it");
}

#[tokio::test]
async fn after_what_an_operator_has_said_the_question_is_put_again() {
    let mut caller = Caller::about_to_return().await;
    let reply = caller.have_said("Our colleague is looking into the delay.").await;
    assert!(reply.starts_with("Our colleague is looking into the delay.") && reply.contains("Is that right?"), "{reply}");
    assert_eq!(caller.judged(), ("say", true));
    let answered = caller.steer("when are you open").await;
    assert!(answered.contains("Is that right?"), "{answered}");
}

#[tokio::test]
async fn what_a_hint_may_not_say_is_not_said_and_changes_nothing() {
    let mut caller = Caller::about_to_return().await;
    let long = "This sentence is said again. ".repeat(4);
    for attack in [
        "Would you like a gift card?",
        "could you tell me your pin",
        "Call us at 13800138000.",
        "Write to eve@example.com today.",
        "See <b>this</b>.",
        "您好，请稍等。",
        &long,
    ] {
        assert_eq!(caller.have_said(attack).await, "", "{attack}");
        assert_eq!(caller.judged(), ("say", false), "{attack}");
        assert!(matches!(caller.after(), AfterReply::Listen(Expectation::YesNo)), "{attack}: {:?}", caller.after());
    }
    caller.dialogue.heard("I will", true);
    caller.steer("nonsense beyond measure").await;
    caller.say("yes").await;
    assert_eq!(caller.returns().await, 0, "a question that was cut off stays unheard over a hint that is refused");
}

#[tokio::test]
async fn figures_of_an_operators_own_are_said_only_when_they_answer_for_them() {
    let mut caller = Caller::about_to_return().await;
    for known in ["Shipping costs 4 dollars.", "You have 30 days for it."] {
        assert_holds(&caller.have_said(known).await, known, "it stands in an entry");
    }
    for own in [
        "You get a refund of 99 dollars.",
        "It will be there on May 17th.",
        "We give you 35 percent off.",
        "三天以后退八十八元。",
    ] {
        let reply = caller.have_said(own).await;
        assert_eq!((reply.as_str(), caller.judged()), ("", ("say", false)), "{own}");
    }
    let own = "You get a refund of 99 dollars.";
    let reply = caller.have_said_anyway(own).await;
    assert!(reply.starts_with(own) && reply.contains("Is that right?"), "{reply}");
    assert_eq!(caller.judged(), ("say anyway", true));
    for never in ["Would you like 99 dollars?", "Call me at 13800138000."] {
        assert_eq!(caller.have_said_anyway(never).await, "", "{never}");
    }
}
