//! How well held-out phrasings are understood: none of these stands in the pack.

use hotline::business::{HouseIntent, Topic};
use hotline::dialogue::Understanding;

use super::shop;

/// The score at which a topic is acted on.
const ACT: f32 = -0.20;

fn flow(id: &str) -> Topic {
    Topic::Flow(id.to_owned())
}

fn entry(id: &str) -> Topic {
    Topic::Entry(id.to_owned())
}

#[test]
fn held_out_phrasings_are_understood_and_nothing_out_of_scope_is_acted_on() {
    let understanding = Understanding::train(&shop());
    let in_scope: Vec<(Topic, &[&str])> = vec![
        (
            flow("order_status"),
            &[
                "where's my package",
                "my parcel still isn't here",
                "could you tell me where order 12346 is",
                "any news on my order",
                "i ordered something and it hasn't come",
                "please check on order number 5150",
                "我的包裹还没有收到",
                "帮我查下单子到哪里了",
                "订单现在什么情况",
                "快递到哪一站了",
                "我的货发出来没有",
            ],
        ),
        (
            flow("return_order"),
            &[
                "i wanna give this back",
                "the lamp is damaged i want a refund",
                "i'd like to send back my order",
                "take it back please",
                "这个东西我想退掉",
                "我买的衣服想退货",
                "可以帮我退款吗",
            ],
        ),
        (entry("opening-hours"), &["are you open on saturdays", "when do you close today", "星期六开门吗", "几点关门"]),
        (entry("shipping-cost"), &["is shipping free", "what's the delivery fee", "运费多少", "送货要钱吗"]),
        (entry("warranty"), &["how long is the guarantee", "does it have a warranty", "有没有保修", "保修几年"]),
        (entry("payment"), &["can i pay with my credit card", "在哪里付款", "可以刷卡付款吗"]),
        (entry("address"), &["do you have a physical store", "where's your store", "你们的店在哪"]),
        (
            Topic::House(HouseIntent::Handoff),
            &["can i talk to a human being please", "get me an agent", "给我转个人工", "我要找客服"],
        ),
        (Topic::House(HouseIntent::Repeat), &["can you say that one more time", "say it again please", "再说一次好吗"]),
        (Topic::House(HouseIntent::Goodbye), &["ok bye bye then", "that's all for today", "那就再见了"]),
        (Topic::House(HouseIntent::Robot), &["are you a real human", "is this a robot", "你是真人还是机器人"]),
        (Topic::House(HouseIntent::Slower), &["please speak a bit slower", "能不能说慢一点"]),
    ];
    let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
    for (topic, phrasings) in &in_scope {
        for words in *phrasings {
            let best = understanding.intents(words).remove(0);
            all += 1;
            if best.topic == *topic && best.score >= ACT { right += 1 } else { wrong.push(format!("{words}: {best:?}")) }
        }
    }
    println!("{right} of {all} right; wrong: {wrong:#?}");
    assert!(100 * right >= 85 * all, "{right} of {all}: {wrong:#?}");
    for words in [
        "write me a poem about the sea",
        "what is the capital of france",
        "i like football",
        "book me a flight to paris",
        "tell me a joke",
        "what's the weather like",
        "can you order me a pizza",
        "how old is the president",
        "play some music",
        "who won the election",
        "my cat is black",
        "divide ten by three",
        "给我写首诗",
        "今天天气怎么样",
        "法国的首都是哪里",
        "讲个笑话",
        "帮我订一张机票",
        "股票会涨吗",
        "我喜欢踢足球",
        "世界上最高的山",
    ] {
        let best = understanding.intents(words).remove(0);
        assert!(best.score < ACT, "{words:?} is out of scope, but {best:?} would be acted on");
    }
}
