//! Scripted conversations over the shop's own pack.

use hotline::engine::reply::ReplyEvent;
use hotline::talk::{AfterReply, Closing, Expectation, Importance, Language, Prompt};

use super::{Caller, assert_holds};

/// Each line: what the caller says, and a part of the answer.
async fn check(language: Language, script: &[(&str, &str)]) -> Caller {
    let mut caller = Caller::new(language).await;
    caller.prompt(Prompt::Greeting).await;
    for (words, part) in script {
        let reply = caller.say(words).await;
        assert_holds(&reply, part, words);
    }
    caller
}

#[tokio::test]
async fn an_order_is_found_in_english() {
    check(
        Language::EN,
        &[
            ("hi, where is my order?", "order number"),
            ("four two seven one", "postcode"),
            ("nine oh two one oh", "Thank you, Anna. Order 4 2 7 1, a desk lamp, is on its way with Swift Post"),
            ("no thanks", "Goodbye"),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_order_is_found_in_chinese() {
    check(
        Language::ZH,
        &[
            ("你好，我的快递到哪里了", "订单号"),
            ("四二七幺", "邮编"),
            ("九零二幺零", "谢谢您，安娜。 订单4 2 7 1，台灯，已由速邮发出"),
            ("没有了，谢谢", "再见"),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_number_in_the_question_is_not_asked_for_again() {
    check(Language::EN, &[("where is order 4271", "postcode"), ("90210", "desk lamp"), ("is order 2801 here", "wool blanket")])
        .await;
    check(Language::ZH, &[("帮我查一下订单4271到哪了", "邮编"), ("90210", "台灯"), ("订单2801到哪里了", "羊毛毯")]).await;
}

#[tokio::test]
async fn a_return_is_confirmed_and_registered_once() {
    let mut caller = check(
        Language::EN,
        &[
            ("I want to return something", "order number"),
            ("12345", "postcode"),
            ("10115", "Why do you return it"),
            ("it does not work", "return of order 1 2 3 4 5, headphones, because it is broken"),
        ],
    )
    .await;
    assert_eq!(caller.after(), &AfterReply::Listen(Expectation::YesNo));
    assert_eq!(caller.returns().await, 0);
    assert_holds(&caller.say("yes please").await, "registered under number R 5 0 0 1", "yes please");
    assert_eq!((caller.returns().await, caller.tools()), (1, vec!["request_return"]));
    assert_holds(&caller.say("I want to return order 12345").await, "already registered", "again");
    assert_eq!(caller.returns().await, 1);
}

#[tokio::test]
async fn a_return_in_chinese_and_a_no_changes_nothing() {
    let mut caller = check(
        Language::ZH,
        &[
            ("我要退货", "订单号"),
            ("一万两千三百四十五", "邮编"),
            ("一零一一五", "退货原因"),
            ("坏了", "原因是商品损坏"),
            ("不，先不要", "没有做任何改动"),
        ],
    )
    .await;
    assert_eq!(caller.returns().await, 0);
    for (words, part) in [("我要退订单12345", "退货原因"), ("不喜欢", "不想要了"), ("对的", "退货已登记")]
    {
        assert_holds(&caller.say(words).await, part, words);
    }
    assert_eq!(caller.returns().await, 1);
}

#[tokio::test]
async fn corrections_replace_one_value() {
    check(
        Language::EN,
        &[
            ("where is order 12345", "postcode"),
            ("10115", "headphones"),
            ("no, 12346", "paper lantern"),
            ("what about 4271", "no order 4 2 7 1 of yours"),
        ],
    )
    .await;
    check(Language::ZH, &[("查订单12345", "邮编"), ("10115", "耳机"), ("不对，是12346", "纸灯笼")]).await;
    check(
        Language::EN,
        &[
            ("return order 1180", "postcode"),
            ("20095", "more than 30 days"),
            ("I want to return order 8889", "Why do you"),
            ("the wrong size", "because it is the wrong item"),
            ("no, it is broken", "because it is broken"),
            ("no", "nothing was changed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_digression_is_answered_and_the_flow_goes_on() {
    check(
        Language::EN,
        &[
            ("I want to return something", "order number"),
            ("how long is the shipping?", "2 to 4 days inside the country, and 7 to 10 days abroad. What is your order number"),
            ("12345", "postcode"),
            ("how long is the warranty?", "what is the postcode"),
            ("10115", "Why do you return it"),
            ("where is my order 12346", "paper lantern"),
            ("it is broken", "Is that right"),
            ("when are you open", "9 in the morning"),
            ("no", "nothing was changed"),
        ],
    )
    .await;
}

#[tokio::test]
async fn it_means_the_order_just_talked_about() {
    let script = [("where is order 12345", "postcode"), ("10115", "headphones"), ("can I return it?", "Why do you return it")];
    check(Language::EN, &script).await;
    check(Language::ZH, &[("查订单12345", "邮编"), ("10115", "耳机"), ("那个能退吗", "退货原因")]).await;
}

#[tokio::test]
async fn two_requests_in_one_sentence_are_both_served() {
    check(
        Language::EN,
        &[
            ("check my order and i want to return something", "order number"),
            ("4271", "postcode"),
            ("90210", "on its way with Swift Post"),
            ("2801", "Why do you"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_person_can_be_had_at_any_time() {
    for (language, words) in [(Language::EN, "agent please"), (Language::ZH, "转人工")] {
        let mut caller = check(language, &[]).await;
        caller.say(if language == Language::EN { "where is my order" } else { "查订单" }).await;
        caller.say(words).await;
        assert_eq!(caller.after(), &AfterReply::Transfer { target: "agent".to_owned() });
    }
}

#[tokio::test]
async fn it_never_claims_to_be_human() {
    for words in ["are you a robot?", "am I talking to a real person?", "are you human"] {
        check(Language::EN, &[(words, "Yes, I am a machine")]).await;
    }
    check(Language::ZH, &[("你是真人吗", "不是真人")]).await;
}

#[tokio::test]
async fn good_bye_ends_the_call() {
    let caller = check(Language::EN, &[("that is all, goodbye", "Goodbye")]).await;
    assert_eq!(caller.after(), &AfterReply::HangUp);
    let caller = check(Language::ZH, &[("再见", "再见")]).await;
    assert_eq!(caller.after(), &AfterReply::HangUp);
}

#[tokio::test]
async fn what_is_not_understood_leads_to_the_keys_and_then_to_a_person() {
    let mut caller = check(
        Language::EN,
        &[
            ("purple monkeys dance on tuesday", "another way"),
            ("the sea is deep and blue", "press 1. For returning an order, press 2."),
        ],
    )
    .await;
    assert!(matches!(caller.after(), AfterReply::Listen(Expectation::Choice(choices)) if choices.len() == 6));
    caller.say("sing me a song of summer").await;
    assert_eq!(caller.after(), &AfterReply::Transfer { target: "agent".to_owned() });
}

#[tokio::test]
async fn three_bad_order_numbers_lead_to_a_person() {
    let mut caller = check(
        Language::EN,
        &[
            ("where is order 12345", "postcode"),
            ("10115", "headphones"),
            ("check my order", "Which order do you mean"),
            ("9999", "I find no order 9 9 9 9 of yours. Please say the four or five digits"),
            ("8888", "You can also key in"),
        ],
    )
    .await;
    caller.say("7777").await;
    assert_eq!(caller.after(), &AfterReply::Transfer { target: "agent".to_owned() });
}

#[tokio::test]
async fn the_language_changes_in_the_middle_and_nothing_is_lost() {
    check(
        Language::ZH,
        &[
            ("我要退货", "订单号"),
            ("Can you speak English?", "let us speak English. What is your order number"),
            ("12345", "postcode"),
            ("10115", "Why do you return it"),
            ("请说中文", "好的，我们说中文。 请问退货原因"),
            ("发错了", "原因是发错货"),
        ],
    )
    .await;
}

#[tokio::test]
async fn keys_answer_whatever_is_asked() {
    let mut caller = check(Language::EN, &[]).await;
    let keyed = [
        ("2", "order number"),
        ("12345", "postcode"),
        ("10115", "Why do you"),
        ("1", "because it is broken"),
        ("1", "registered"),
    ];
    for (keys, part) in keyed {
        let reply = caller.key(keys).await;
        assert_holds(&reply, part, keys);
    }
    assert_eq!(caller.returns().await, 1);
    caller.key("0").await;
    assert!(matches!(caller.after(), AfterReply::Transfer { .. }));
}

#[tokio::test]
async fn repeat_slower_wait_and_cancel_work_in_every_flow() {
    let mut caller = check(
        Language::EN,
        &[
            ("I want to return something", "order number"),
            ("say that again", "order number"),
            ("speak slower please", "slower. What is your order number"),
            ("hold on", "take your time"),
            ("12345", "postcode"),
            ("10115", "Why do you"),
            ("never mind", "left that as it was. Is there anything else"),
            ("what can you do", "finding your order, returning an order"),
        ],
    )
    .await;
    caller.say("slower").await;
    let slow = |e: &ReplyEvent| matches!(e, ReplyEvent::Manner(manner) if manner.rate_percent == 70);
    assert!(caller.events.iter().any(slow));
}

/// The caller is given time, says nothing of the matter when coming back, and is asked what was asked before.
async fn asks_for_a_moment_and_comes_back(
    language: Language,
    talk: &[(&str, &str)],
    waits: &str,
    (back, question): (&str, &str),
) {
    let mut caller = check(language, talk).await;
    let asked = match caller.after() {
        AfterReply::Listen(asked) => asked.clone(),
        other => panic!("{other:?}"),
    };
    caller.say(waits).await;
    assert_eq!(caller.after(), &AfterReply::Wait(asked.clone()), "{waits}");
    assert_holds(&caller.prompt(Prompt::NoInput { count: 1 }).await, question, "the soft check");
    assert_eq!(caller.after(), &AfterReply::Listen(asked.clone()), "only the moment asked for is long");
    assert_holds(&caller.say(back).await, question, back);
    assert_eq!(caller.after(), &AfterReply::Listen(asked));
}

#[tokio::test]
async fn who_asked_for_a_moment_and_is_back_is_asked_again() {
    let talk = [("where is my order", "order number")];
    for (waits, back) in [("hold on", "okay i am back"), ("one moment please", "i'm here again"), ("wait a second", "i am back")]
    {
        asks_for_a_moment_and_comes_back(Language::EN, &talk, waits, (back, "order number")).await;
    }
    let talk = [("我的订单到哪里了", "订单号")];
    for (waits, back) in [("等一下", "我回来了"), ("稍等", "好了"), ("请等一会儿", "我在")] {
        asks_for_a_moment_and_comes_back(Language::ZH, &talk, waits, (back, "订单号")).await;
    }
}

#[tokio::test]
async fn a_near_miss_is_asked_about() {
    let mut caller = check(Language::EN, &[("something about payment", "Do you mean changing how an order is paid?")]).await;
    assert_eq!(caller.after(), &AfterReply::Listen(Expectation::YesNo));
    assert_holds(&caller.say("yes").await, "order number", "yes");
}

#[tokio::test]
async fn the_first_sentence_says_machine_and_must_be_heard() {
    let mut caller = Caller::new(Language::EN).await;
    caller.prompt(Prompt::Greeting).await;
    let sentence = caller.events.iter().find_map(|event| if let ReplyEvent::Sentence(s) = event { Some(s) } else { None });
    let first = sentence.unwrap_or_else(|| panic!("{:?}", caller.events));
    assert_eq!(first.importance, Importance::MustBeHeard);
    assert!(first.text.contains("automated assistant of Lantern Shop"));
}

#[tokio::test]
async fn silence_noise_trouble_and_closing_have_words() {
    let mut caller = check(Language::EN, &[("where is my order", "order number")]).await;
    let mut said = Vec::new();
    for count in 1..=3 {
        let reply = caller.prompt(Prompt::NoInput { count }).await;
        assert_holds(&reply, "What is your order number", "silence");
        said.push(reply);
    }
    said.dedup();
    assert_eq!(said.len(), 3, "three differing prompts");
    assert_holds(&caller.prompt(Prompt::NoMatch { count: 1, at_length: false }).await, "one by one", "noise");
    assert_holds(&caller.prompt(Prompt::Trouble).await, "something went wrong", "trouble");
    assert_holds(&caller.prompt(Prompt::Closing { why: Closing::NoInput }).await, "hang up", "closing");
    assert_eq!(caller.after(), &AfterReply::HangUp);
}

/// What a recommendation names.
fn idea(reply: &str) -> String {
    let (_, after) = reply.split_once("How about ").unwrap_or_else(|| panic!("{reply:?} recommends nothing"));
    after.split('?').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn what_a_caller_said_no_to_is_not_recommended_again_in_that_call() {
    let mut caller = check(Language::EN, &[("recommend me something", "order number"), ("12345", "postcode")]).await;
    let first = idea(&caller.say("10115").await);
    for (words, part) in [("no thanks", "leave it at that"), ("where is order 12345", "headphones")] {
        assert_holds(&caller.say(words).await, part, words);
    }
    let second = idea(&caller.say("recommend me something").await);
    assert_ne!(first, second);
    let third = caller.say("something else").await;
    assert!(!third.contains(&first) && !third.contains(&second), "{third}");
    let fourth = idea(&caller.say("recommend me something").await);
    assert!(fourth != first && fourth != second, "{fourth}");
}
