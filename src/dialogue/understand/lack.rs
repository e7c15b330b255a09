//! "I don't know", "I don't have it with me", 我不知道: words that say that a value cannot be given.
//! Never looks for the value itself; whoever asks has looked before.

use crate::business::tokens;

/// More words than this tell more than that something is missing.
const MOST_WORDS: usize = 14;
/// In English, without apostrophes.
const LACKS: &[&str] = &[
    "dont know",
    "do not know",
    "dont have",
    "do not have",
    "havent got",
    "have not got",
    "dont remember",
    "do not remember",
    "cant remember",
    "cannot remember",
    "dont recall",
    "cant recall",
    "no idea",
    "no clue",
    "not sure",
    "i forgot",
    "i have forgotten",
    "ive forgotten",
    "cant find",
    "cannot find",
    "can not find",
    "not with me",
    "not at hand",
    "not on me",
    "i lost it",
    "cant tell you",
];
/// In Chinese, where words are not parted.
const LACKS_ZH: &[&str] = &[
    "不知道",
    "不晓得",
    "不清楚",
    "不记得",
    "记不得",
    "记不起",
    "记不清",
    "想不起",
    "忘了",
    "忘记了",
    "我没有",
    "没带",
    "找不到",
    "找不着",
    "不在身边",
    "不在手边",
    "手头没有",
    "身边没有",
    "查不到",
    "没有这个号",
];

/// Whether the caller says that they cannot tell what they were asked for.
pub(crate) fn lacks(words: &str) -> bool {
    let plain: String = words.chars().filter(|c| !matches!(c, '\'' | '’')).collect();
    let said = tokens(&plain);
    let spoken = |phrase: &&str| {
        let phrase: Vec<&str> = phrase.split(' ').collect();
        said.windows(phrase.len()).any(|window| window == phrase.as_slice())
    };
    said.len() <= MOST_WORDS && (LACKS.iter().any(spoken) || LACKS_ZH.iter().any(|phrase| words.contains(phrase)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_heard_in_both_languages_and_a_value_is_not_taken_for_it() {
        for words in
            ["I don't know", "I don’t have it with me", "no idea, sorry", "uh I forgot", "我不知道", "我没有", "号码我忘了"]
        {
            assert!(lacks(words), "{words}");
        }
        for words in ["4271", "yes", "no", "the headphones", "没错", "有的", "I do know it: 4271"] {
            assert!(!lacks(words), "{words}");
        }
    }
}
