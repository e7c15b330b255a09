//! What the slots make of whole utterances.

use std::collections::BTreeMap;

use super::*;
use crate::talk::Language;

fn slot(kind: SlotKind) -> Slot {
    Slot { kind, sensitive: false, phrases: BTreeMap::new() }
}

#[track_caller]
fn check(kind: SlotKind, cases: &[(&str, &str)]) {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let slot = slot(kind);
    for (text, expected) in cases {
        let found = value(&slot, text, today).map(|v| v.to_json().to_string().replace('"', "")).unwrap_or_default();
        assert_eq!(found, *expected, "{text}");
    }
}

#[test]
fn days_and_times() {
    check(
        SlotKind::Date,
        &[
            ("not friday, saturday", "2026-11-28"),
            ("monday, no wait, tuesday please", "2026-11-24"),
            ("saturday, not friday", "2026-11-28"),
            ("it was delivered the day before yesterday", "2026-11-20"),
            ("不是周五，是周六", "2026-11-28"),
            ("my order", ""),
            ("may i ask something", ""),
        ],
    );
    check(
        SlotKind::Time,
        &[("three", "15:00"), ("um, eleven please", "11:00"), ("not at three, at four", "16:00"), ("we are two", "")],
    );
    check(
        SlotKind::DateTime,
        &[
            ("tomorrow at half past three", "2026-11-23T15:30"),
            ("next friday at ten in the morning", "2026-11-27T10:00"),
            ("December 5th, 14:05", "2026-12-05T14:05"),
            ("后天下午三点半", "2026-11-24T15:30"),
            ("12月5号上午十点", "2026-12-05T10:00"),
            ("今晚八点", "2026-11-22T20:00"),
            ("tomorrow", ""),
            ("at three", ""),
        ],
    );
}

#[test]
fn amounts_counts_and_parts() {
    check(
        SlotKind::Amount,
        &[
            ("transfer 300 dollars to account 4271", "30000"),
            ("三百五十块钱转到4271", "35000"),
            ("no, three hundred", "30000"),
            ("12.50", "1250"),
            ("nothing", ""),
        ],
    );
    check(
        SlotKind::Number { min: 1, max: 9_999 },
        &[
            ("two", "2"),
            ("just two please", "2"),
            ("a hundred and five", "105"),
            ("one oh two", "102"),
            ("twenty twenty six", "2026"),
            ("三百五", "350"),
            ("一千零二", "1002"),
            ("两个人", "2"),
            ("that is one thing i do not understand at all", ""),
            ("zero", ""),
        ],
    );
    check(SlotKind::Months, &[("over three years", "36"), ("thirty six", "36"), ("24期", "24"), ("i do not know", "")]);
    check(SlotKind::Duration, &[("an hour and a half", "90"), ("住三晚", "4320"), ("thirty", "")]);
    check(
        SlotKind::Percent,
        &[("at 4.2 percent", "420"), ("百分之三点五", "350"), ("five", "500"), ("five of them broke down", "")],
    );
}

#[test]
fn what_is_spelled_or_dictated() {
    check(
        SlotKind::Code { min: 4, max: 8, pattern: String::new() },
        &[("order number hash W2378", "W2378"), ("订单W二三七八", "W2378")],
    );
    check(SlotKind::Phone, &[("415 555 0132", "+14155550132"), ("幺三八零零一三八零零零", "+8613800138000")]);
    check(SlotKind::Email, &[("anna dot lee at example dot com", "anna.lee@example.com")]);
    check(SlotKind::Postcode, &[("nine four one oh three", "94103"), ("邮编五一八零零零", "518000")]);
    check(SlotKind::Name, &[("my name is anna lee", "Anna Lee"), ("我叫张伟，弓长张", "张伟")]);
}

#[test]
fn a_choice_that_is_said_not_to_be_meant_is_not_taken() {
    let choice = |id: &str, phrases: &[&str]| SlotChoice {
        id: id.to_owned(),
        about: crate::business::Text::default(),
        phrases: BTreeMap::from([(Language::EN, phrases.iter().map(|p| (*p).to_owned()).collect())]),
        key: None,
    };
    let kind =
        SlotKind::Choice(vec![choice("broken", &["broken", "坏了"]), choice("wrong", &["wrong item", "不是我要的", "发错货"])]);
    check(
        kind,
        &[
            ("it is broken", "broken"),
            ("not broken, the wrong item", "wrong"),
            ("不是坏了，是发错货", "wrong"),
            ("不是我要的", "wrong"),
            ("hello", ""),
        ],
    );
}

#[test]
fn keys_stand_for_what_can_be_keyed() {
    for (kind, keys, expected) in [
        (SlotKind::Date, "20261224", Some(Value::Date(NaiveDate::from_ymd_opt(2026, 12, 24).unwrap()))),
        (SlotKind::Time, "1530", Some(Value::Time(NaiveTime::from_hms_opt(15, 30, 0).unwrap()))),
        (SlotKind::Amount, "12", Some(Value::Amount(1_200))),
        (SlotKind::Months, "36", Some(Value::Months(36))),
        (SlotKind::Phone, "13800138000", Some(Value::Phone("+8613800138000".to_owned()))),
        (SlotKind::Number { min: 1, max: 9 }, "12", None),
        (SlotKind::Email, "12", None),
        (SlotKind::Date, "1*", None),
    ] {
        assert_eq!(keyed(&slot(kind.clone()), keys), expected, "{kind:?} {keys}");
    }
}

#[test]
fn a_number_told_over_two_turns_was_said() {
    let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
    let order = slot(SlotKind::Digits { min: 4, max: 5 });
    let said = ["hello", "four two", "seven one"];
    assert!(was_said(&order, &Value::Digits("4271".to_owned()), said.into_iter(), today));
    assert!(!was_said(&order, &Value::Digits("4272".to_owned()), said.into_iter(), today));
    assert!(was_said(&order, &Value::Digits("4279".to_owned()), ["4271, no, nine"].into_iter(), today));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn kinds() -> Vec<SlotKind> {
        vec![
            SlotKind::Digits { min: 4, max: 6 },
            SlotKind::Code { min: 4, max: 8, pattern: String::new() },
            SlotKind::Date,
            SlotKind::Time,
            SlotKind::DateTime,
            SlotKind::Amount,
            SlotKind::Number { min: 0, max: i64::MAX },
            SlotKind::Months,
            SlotKind::Duration,
            SlotKind::Percent,
            SlotKind::Phone,
            SlotKind::Email,
            SlotKind::Postcode,
            SlotKind::Name,
            SlotKind::Text,
        ]
    }

    const WORDS: &[&str] = &[
        "four",
        "oh",
        "double",
        "hundred",
        "万",
        "三",
        "点",
        "半",
        "月",
        "号",
        "next",
        "friday",
        "no",
        "not",
        "不是",
        "at",
        "dot",
        "com",
        "@",
        "999999999999999999",
        "12.5",
        "-",
        "/",
        ":",
        "%",
        "the",
        "15th",
        "of",
        "ago",
        "in",
        "years",
        "百分之",
        "a",
        "b",
        "as",
        "year",
        "零",
        "亿",
    ];

    proptest! {
        #[test]
        fn no_words_are_too_strange(picks in proptest::collection::vec(0..WORDS.len(), 0..12), noise in "\\PC{0,20}") {
            let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
            let mut text: String = picks.iter().map(|i| WORDS[*i]).collect::<Vec<_>>().join(" ");
            text.push_str(&noise);
            for kind in kinds() {
                let _ = value(&slot(kind), &text, today);
            }
        }

        #[test]
        fn digits_told_one_by_one_come_back(number in "[0-9]{4,8}", chinese: bool) {
            let english = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
            let han = ["零", "幺", "二", "三", "四", "五", "六", "七", "八", "九"];
            let names = if chinese { han } else { english };
            let text = number.bytes().map(|b| names[usize::from(b - b'0')]).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(digits::digits(&text, 4, 8), Some(number));
        }
    }
}

#[test]
fn an_amount_is_told_along_with_other_things() {
    for (words, cents) in [
        ("what would I pay for a loan of two hundred thousand over three years at 4.2 percent", Some(20_000_000)),
        ("贷款20万，3年，4.2%，月供多少", Some(20_000_000)),
        ("存一万块五年有多少利息", Some(1_000_000)),
        ("send 50 dollars to my landlord", Some(5_000)),
        ("split it into 12 parts", None),
        ("move 2000 to account 4253", None),
    ] {
        assert_eq!(told_amount(words), cents, "{words}");
    }
}
