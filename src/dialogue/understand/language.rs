//! Which language words are in, as far as they tell.
//! Never guesses from a word that both languages use: unsure means that the conversation stays in its language.

use std::collections::BTreeSet;

use crate::business::tokens;
use crate::talk::Language;

/// English words that people say in the middle of Chinese, and the other way about.
const BORROWED: &[&str] = &[
    "ok", "okay", "yes", "yeah", "no", "hello", "hi", "hey", "bye", "thank", "thanks", "you", "sorry", "please", "oh", "wow",
    "vip", "app", "wifi", "email", "pin", "id", "sim", "atm", "pos", "qr", "iphone", "ipad", "wechat", "alipay", "a", "b", "c",
];
/// English words from which a sentence is English; so many of them are not borrowed.
const ENGLISH: usize = 3;
const OWN: usize = 2;
/// Chinese characters from which a sentence is Chinese; about two make a word.
const HAN: usize = 2;

/// The language the words are surely in; `None` where they are too few, borrowed, or as much the one as the other.
/// Who knows the language so far keeps it then.
pub fn language_of(words: &str) -> Option<Language> {
    let tokens = tokens(words);
    let han = tokens.iter().filter(|t| !t.is_ascii()).count();
    let english: Vec<&str> = tokens.iter().filter(|t| t.bytes().all(|b| b.is_ascii_alphabetic())).map(String::as_str).collect();
    let own: BTreeSet<&str> = english.iter().copied().filter(|word| !BORROWED.contains(word)).collect();
    let chinese_words = han.div_ceil(2);
    if han >= HAN && chinese_words >= own.len() {
        Some(Language::ZH)
    } else if english.len() >= ENGLISH && own.len() >= OWN && own.len() > 2 * chinese_words {
        Some(Language::EN)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(language: Option<Language>, sentences: &[&str]) {
        for sentence in sentences {
            assert_eq!(language_of(sentence), language, "{sentence}");
        }
    }

    #[test]
    fn whole_sentences_tell() {
        check(
            Some(Language::EN),
            &["where is my order", "thank you very much indeed", "I'd like a refund", "can you speak english"],
        );
        check(Some(Language::ZH), &["我的订单到哪了", "好的", "你好", "人工"]);
    }

    #[test]
    fn short_and_borrowed_words_do_not_flip() {
        check(
            None,
            &[
                "",
                "ok",
                "OK OK OK",
                "yes please",
                "no no thank you",
                "bye bye",
                "VIP",
                "好",
                "嗯",
                "hello hello hello",
                "4271",
                "wifi",
            ],
        );
    }

    #[test]
    fn a_word_of_the_other_language_does_not_change_the_sentence() {
        check(
            Some(Language::ZH),
            &["我的 order 到哪了", "帮我 check 一下 order 状态", "我要办 VIP 会员卡", "这个 iPhone 能退吗", "OK 那我知道了"],
        );
        check(Some(Language::EN), &["what does 您好 mean in english", "my name is 王芳 and i am waiting for a parcel"]);
        check(None, &["order 订单 status please", "refund 退"]);
    }
}
