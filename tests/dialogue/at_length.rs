//! Callers who talk for a minute: what they came for is summed up and taken up one by one; who was not understood is asked for a sentence.

use hotline::dialogue::Command;
use hotline::engine::reply::ReplyEvent;
use hotline::talk::{Importance, Language, Prompt};

use super::{Caller, assert_holds};

const ENGLISH: &str = "oh hello good that somebody is there you know I have been meaning to call you all week but my sister was \
    here with the children and there was no quiet minute and so well what it is really about is the lamp I bought from you the \
    one for the hall it was a present and I thought it would look nice but my husband does not like it at all so I want to \
    return an item and he says it is far too bright anyway and then there is another thing which I nearly forgot my neighbour \
    asked me about it just yesterday on the stairs what are your opening hours because she would rather come and see things \
    herself she is like that she never orders anything";
const CHINESE: &str = "喂你好啊总算打通了我这个星期一直想给你们打电话可是家里来了客人孩子又闹一直没有空是这么回事我前一阵子在你们那里给客厅\
    买了一盏灯本来觉得挺好看的结果我先生说太亮了他怎么也不喜欢所以我要退货他说还是原来那盏旧的好另外还有一件事我差点忘了昨天在楼道里碰到邻居\
    她让我帮她问一问你们几点开门她这个人就喜欢自己亲眼看看再说从来不在网上买东西";

async fn sums_up(language: Language, talk: &str, parts: [&str; 3]) {
    let mut caller = Caller::new(language).await;
    let reply = caller.say(talk).await;
    for part in parts {
        assert_holds(&reply, part, talk);
    }
    let commands = caller.understood().1;
    assert!(matches!(&commands[0], Command::Answer { .. }), "{commands:?}");
    assert!(commands.contains(&Command::StartFlow { flow: "return_order".into() }), "{commands:?}");
    assert_eq!(commands.iter().filter(|c| matches!(c, Command::StartFlow { .. } | Command::Answer { .. })).count(), 2);
    let first = caller.events.iter().find_map(|event| match event {
        ReplyEvent::Sentence(sentence) => Some(sentence),
        _ => None,
    });
    assert_eq!(first.map(|sentence| sentence.importance), Some(Importance::MustBeHeard), "so that the caller comes to a stop");
}

#[tokio::test]
async fn a_minute_of_talk_is_summed_up_and_its_requests_are_taken_up() {
    sums_up(Language::EN, ENGLISH, ["I have listened to all of that", "opening hours", "order number"]).await;
    sums_up(Language::ZH, CHINESE, ["您说的我都听了", "营业", "订单号"]).await;
}

#[tokio::test]
async fn a_few_words_are_not_summed_up() {
    let mut caller = Caller::new(Language::EN).await;
    let reply = caller.say("I want to return something and what are your opening hours").await;
    assert!(!reply.contains("listened"), "{reply}");
}

#[tokio::test]
async fn who_talked_for_long_and_was_not_understood_is_asked_for_a_sentence() {
    for (language, part) in [(Language::EN, "in one short sentence"), (Language::ZH, "用一句简短的话")] {
        let mut caller = Caller::new(language).await;
        assert_holds(&caller.prompt(Prompt::NoMatch { count: 1, at_length: true }).await, part, "a minute of talk");
    }
    let mut caller = Caller::new(Language::EN).await;
    caller.say("where is my order").await;
    let again = caller.prompt(Prompt::NoMatch { count: 1, at_length: true }).await;
    assert_holds(&again, "order number", "a question stays that question");
}
