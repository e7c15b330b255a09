//! Callers who have not got what they are asked for: told where to find it, then offered a person; never "I did not understand".

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::{Command, DialogueConfig};
use hotline::talk::Language;

use super::{Caller, assert_holds};

/// Says each line and looks for a part of the answer.
async fn check(caller: &mut Caller, lines: &[(&str, &str)]) {
    for (words, part) in lines {
        let reply = caller.say(words).await;
        assert_holds(&reply, part, words);
    }
}

fn is_not_at_hand(caller: &Caller) -> bool {
    caller.understood().1 == [Command::NotAtHand]
}

#[tokio::test]
async fn a_caller_without_the_number_hears_where_it_stands_and_then_of_a_person() {
    let mut caller = Caller::new(Language::EN).await;
    check(&mut caller, &[("where is my order", "order number"), ("I don't know", "confirmed your order")]).await;
    assert!(is_not_at_hand(&caller));
    check(&mut caller, &[("I don't have it", "Shall I connect you to a colleague?")]).await;
    assert!(is_not_at_hand(&caller));
    check(&mut caller, &[("no", "order number"), ("four two seven one", "postcode")]).await;
    check(&mut caller, &[("I can't remember it", "parcel"), ("90210", "desk lamp")]).await;
}

#[tokio::test]
async fn the_same_in_chinese() {
    let mut caller = Caller::new(Language::ZH).await;
    check(&mut caller, &[("我的快递到哪里了", "订单号"), ("我不知道", "确认订单的邮件")]).await;
    assert!(is_not_at_hand(&caller));
    check(&mut caller, &[("我没有", "转接人工")]).await;
    assert!(is_not_at_hand(&caller));
    check(&mut caller, &[("好的", "转")]).await;
}

#[tokio::test]
async fn a_bank_customer_is_told_where_the_number_stands_and_words_for_it_are_no_value() {
    let pack = Arc::new(Pack::load(Path::new("packs/bank")).unwrap_or_else(|e| panic!("{e}")));
    let mut caller = Caller::with(Language::EN, DialogueConfig::default(), pack).await;
    check(&mut caller, &[("what is my balance", "customer number"), ("I don't have it with me", "top of each statement")]).await;
    check(&mut caller, &[("I have no idea", "colleague"), ("yes please", "")]).await;
    assert_eq!(caller.understood().1, [Command::Affirm]);
}
