//! People's names: behind "my name is", spelled, or with their characters explained (弓长张，伟大的伟).
//! Never takes a request for a name: common words of requests are none.

use super::spelling::{is_explained, spelled};
use super::surname::{described, is_surname};
use super::words::{from, skip, word, words};

const LEADS: &[&str] = &[
    "my full name is",
    "my first name is",
    "my last name is",
    "the last name is",
    "last name is",
    "first name is",
    "my name is",
    "the name is",
    "name is",
    "this is",
    "i am",
    "im",
    "its",
    "it is",
    "thats",
    "you are speaking with",
    "speaking with",
    "call me",
    "我的名字叫",
    "我的名字是",
    "我的姓名是",
    "名字叫",
    "名字是",
    "姓名是",
    "我叫做",
    "我叫",
    "我姓",
    "我是",
    "叫我",
    "姓",
    "叫",
    "是",
];
const FILLERS: &[&str] = &[
    "um", "uh", "er", "yes", "yeah", "hi", "hello", "sure", "okay", "ok", "well", ",", "mr", "mrs", "ms", "miss", "doctor", "dr",
    "嗯", "呃", "你好", "您好", "好的", "那个", "哦",
];
const TITLES_BEHIND: &[&str] = &[
    "speaking",
    "here",
    "please",
    "thanks",
    "thank you",
    "calling",
    "先生",
    "女士",
    "小姐",
    "同学",
    "老师",
    "的",
    "啊",
    "呢",
    "哈",
];
/// Words that no name holds.
const NEVER: &[&str] = &[
    "what", "why", "how", "when", "where", "which", "who", "no", "not", "dont", "cant", "wont", "my", "your", "the", "a", "an",
    "order", "want", "need", "would", "like", "have", "has", "is", "are", "was", "do", "does", "can", "could", "please", "help",
    "about", "calling", "with", "you", "it", "that", "this", "don", "know", "say", "tell", "mean", "looking", "sorry", "agent",
    "of", "to", "for", "and", "at", "in", "on",
];
const NEVER_HAN: &[char] = &[
    '我', '你', '您', '他', '她', '什', '么', '怎', '哪', '谁', '吗', '呢', '不', '没', '要', '想', '请', '问', '的', '了', '是',
    '个', '这', '那', '查', '订', '单',
];
const LONGEST_WORDS: usize = 5;
const LONGEST_HAN: usize = 4;

/// The name in the words, in the caller's own spelling where it has capitals.
pub fn name(text: &str) -> Option<String> {
    let said = words(text);
    let behind = after_lead(&said);
    let rest = from(&said, behind);
    if rest.iter().any(|w| !w.is_ascii()) { chinese(rest) } else { latin(rest, text) }
}

/// Where the name begins: behind the last lead, or behind fillers.
fn after_lead(said: &[String]) -> usize {
    let lead = |at: usize| Some(at + LEADS.iter().filter_map(|l| super::words::starts(from(said, at), l)).max()?);
    let chinese_inside =
        |at: usize| at > 0 && word(said, at).chars().all(|c| matches!(c, '是' | '叫' | '姓')) && !is_lead_place(said, at);
    let led = (0..said.len()).filter(|at| !chinese_inside(*at)).filter_map(lead).next_back().filter(|at| *at < said.len());
    let mut at = led.unwrap_or(0);
    while let length @ 1.. = skip(from(said, at), FILLERS) {
        at += length;
    }
    at
}

/// A bare 是, 叫 or 姓 leads only at the beginning or behind a pause.
fn is_lead_place(said: &[String], at: usize) -> bool {
    at == 0 || FILLERS.contains(&word(said, at - 1))
}

/// Letters spelled give the name's end: "Anna Smith, s m y t h" is Anna Smyth.
fn latin(rest: &[String], text: &str) -> Option<String> {
    let mut plain: Vec<String> = Vec::new();
    let mut letters: Vec<String> = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        if skip(from(rest, at), TITLES_BEHIND) > 0 && !plain.is_empty() {
            break;
        }
        let spelled = spelled(from(rest, at), false).filter(|s| s.pieces >= 2 || is_explained(from(rest, at)));
        match spelled {
            Some(spelled) => {
                at += spelled.length;
                letters.push(spelled.text);
            }
            None => {
                let announced = super::spelling::announced(from(rest, at)).unwrap_or(0);
                let word = word(rest, at);
                if announced == 0 && word != "," {
                    plain.push(word.to_owned());
                }
                at += announced.max(1);
            }
        }
    }
    let names = with_spelling(plain, letters);
    let fits = !names.is_empty() && names.len() <= LONGEST_WORDS && names.iter().all(|w| could_be_name(w));
    fits.then(|| names.iter().map(|w| as_written(w, text)).collect::<Vec<_>>().join(" "))
}

/// Spelled names replace the plain ones that they are near to, the last first.
fn with_spelling(mut plain: Vec<String>, letters: Vec<String>) -> Vec<String> {
    if plain.is_empty() {
        return letters;
    }
    for name in letters {
        let near = plain.iter_mut().rev().find(|w| strsim::normalized_damerau_levenshtein(w, &name) >= 0.5);
        match near {
            Some(old) => *old = name,
            None => plain.push(name),
        }
    }
    plain
}

fn could_be_name(word: &str) -> bool {
    !NEVER.contains(&word) && word.chars().all(char::is_alphabetic)
}

/// As the recogniser wrote it, if it used capitals; else with one.
fn as_written(word: &str, text: &str) -> String {
    let mut pieces = text.split(|c: char| !c.is_alphanumeric() && !matches!(c, '\'' | '’' | '-'));
    let same = |p: &&str| p.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).eq(word.chars());
    match pieces.find(same).filter(|p| p.chars().any(char::is_uppercase) && p.chars().count() > 1) {
        Some(piece) => piece.to_owned(),
        None => {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
        }
    }
}

/// Plain characters, then explanations: the first may settle the surname, the others the given name.
fn chinese(rest: &[String]) -> Option<String> {
    let (mut plain, mut explained) = (String::new(), Vec::new());
    let mut at = 0;
    while at < rest.len() {
        if let Some((letter, length)) = described(from(rest, at)) {
            explained.push(letter);
            at += length;
            continue;
        }
        let behind = skip(from(rest, at), TITLES_BEHIND);
        let word = word(rest, at);
        if behind == 0 && word != "," && explained.is_empty() {
            plain.push_str(word);
        }
        at += behind.max(1);
    }
    let name = settled(&plain, &explained);
    let length = name.chars().count();
    let fits = (1..=LONGEST_HAN).contains(&length) && name.chars().all(|c| !c.is_ascii() && !NEVER_HAN.contains(&c));
    fits.then_some(name)
}

/// 张伟 with 立早章 is 章伟; 弓长张 and 伟大的伟 alone are 张伟.
fn settled(plain: &str, explained: &[char]) -> String {
    if plain.is_empty() {
        return explained.iter().collect();
    }
    let mut name: Vec<char> = plain.chars().collect();
    for letter in explained {
        if name.contains(letter) {
            continue;
        }
        if is_surname(*letter) && name.len() > 1 {
            name[0] = *letter;
        } else if name.len() == 1 && is_surname(*letter) && explained.len() == 1 {
            name = vec![*letter];
        } else {
            name.push(*letter);
        }
    }
    name.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_english() {
        for (text, expected) in [
            ("my name is Anna Lee", "Anna Lee"),
            ("anna lee", "Anna Lee"),
            ("this is Anna McGregor speaking", "Anna McGregor"),
            ("hi, um, i'm peter", "Peter"),
            ("it's mr smith", "Smith"),
            ("s m i t h", "Smith"),
            ("Anna Smith, s m y t h", "Anna Smyth"),
            ("anna smith spelled s m y t h", "Anna Smyth"),
            ("m as in mike, e, i, p", "Meip"),
            ("sierra mike india tango hotel", "Smith"),
            ("first name is anna", "Anna"),
            ("Mary O'Neil here", "Mary O'Neil"),
            ("what do you need my name for", ""),
            ("i want to return my order", ""),
            ("4271", ""),
        ] {
            assert_eq!(name(text).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn names_in_chinese() {
        for (text, expected) in [
            ("我叫张伟", "张伟"),
            ("张伟", "张伟"),
            ("你好，我是王小明", "王小明"),
            ("我姓张，弓长张", "张"),
            ("弓长张", "张"),
            ("我叫张伟，弓长张，伟大的伟", "张伟"),
            ("我叫张伟，立早章", "章伟"),
            ("弓长张，伟大的伟", "张伟"),
            ("木子李，明天的明", "李明"),
            ("我姓章，立早章", "章"),
            ("名字是欧阳娜娜", "欧阳娜娜"),
            ("我姓陈，耳东陈先生", "陈"),
            ("我想查订单", ""),
            ("你要我名字干什么", ""),
        ] {
            assert_eq!(name(text).unwrap_or_default(), expected, "{text}");
        }
    }
}
