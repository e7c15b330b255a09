//! Whether words break off where nobody ends: "what are your", "我想".
//! Never says that a sentence is whole; many a whole one could go on.

/// Words after which something must come, but for `to` and its like at the end of a question ("who do I talk to").
const LEADING: &[&str] = &[
    "a",
    "an",
    "the",
    "my",
    "your",
    "our",
    "their",
    "its",
    "of",
    "from",
    "with",
    "for",
    "and",
    "or",
    "but",
    "because",
    "if",
    "whether",
    "than",
    "i'd",
    "i'm",
    "i'll",
    "i've",
    "what's",
    "where's",
    "who's",
    "how's",
    "there's",
    "we're",
    "you're",
    "please tell me",
    "um",
    "uh",
    "very",
    "every",
    "want to",
    "like to",
    "need to",
    "going to",
    "have to",
    "how much",
    "how long",
    "how many",
    "what kind",
];
/// Verbs after which something must come, unless they answer: "yes I do", "that's what it is".
const HELPING: &[&str] =
    &["is", "are", "was", "were", "do", "does", "did", "can", "could", "will", "would", "should", "may", "has", "have", "had"];
/// Who may stand before a helping verb that ends a sentence.
const WHO: &[&str] = &["i", "you", "he", "she", "it", "we", "they", "that", "this", "there", "one"];
/// Mandarin that something must follow.
const LEADING_ZH: &[&str] = &[
    "我要",
    "我想",
    "我想要",
    "想要",
    "请",
    "请问",
    "帮我",
    "麻烦",
    "麻烦你",
    "能不能",
    "可不可以",
    "因为",
    "但是",
    "可是",
    "然后",
    "还有",
    "而且",
    "或者",
    "如果",
    "和",
    "跟",
    "把",
    "被",
    "给",
    "从",
    "向",
    "为",
    "我的",
];

/// Whether these words break off.
pub(super) fn break_off(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    if text.ends_with(['?', '!', '.', '？', '！', '。']) && !text.ends_with("...") {
        return false;
    }
    if text.ends_with([',', '，', '、', '…', '-']) || text.ends_with("...") {
        return true;
    }
    if text.chars().next_back().is_some_and(|last| !last.is_ascii()) {
        return LEADING_ZH.iter().any(|end| text.ends_with(end));
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let ends_in = |end: &str| end.split(' ').rev().eq(words.iter().rev().take(end.split(' ').count()).copied());
    let helping = match words.as_slice() {
        [before @ .., last] => HELPING.contains(last) && !before.last().is_some_and(|who| WHO.contains(who)),
        [] => false,
    };
    helping || LEADING.iter().any(|end| ends_in(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_must_go_on_break_off() {
        for text in
            ["what are your", "Um,", "I'd like to", "where is", "how long does", "my order and", "so I", "我想", "请问", "我的"]
        {
            assert_eq!(break_off(text), text != "so I", "{text}");
        }
    }

    #[test]
    fn what_may_be_all_does_not() {
        for text in
            ["", "yes I do", "yes it is", "where is my order", "who do I talk to", "What is your?", "是的", "我要退货", "4271"]
        {
            assert!(!break_off(text), "{text}");
        }
    }
}
