//! What words tell of a turn: that they break off where nobody ends ("what are your", "我想"), or that they are a listener's
//! ("mm-hm", "嗯"). Never says that a sentence is whole; many a whole one could go on.

use crate::talk::Transcript;

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
    "er",
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

/// Sounds of somebody who is about to speak, when nothing else was said.
const HESITATING_ZH: &[&str] = &["嗯", "呃", "额", "那个", "这个", "就是", "就是说", "那"];

/// What a listener hums.
const GRUNTS: &[&str] = &["mm", "mmm", "mhm", "mm-hm", "mm-hmm", "hm", "hmm", "uh-huh", "huh", "ah", "oh", "um", "uh"];
/// What a listener says, and who agrees.
const ASSENT: &[&str] = &[
    "yes",
    "yeah",
    "yep",
    "okay",
    "ok",
    "right",
    "sure",
    "good",
    "great",
    "fine",
    "alright",
    "i see",
    "got it",
    "all right",
    "go ahead",
];
/// Words that are an order by themselves.
const ORDERS: &[&str] = &[
    "stop", "wait", "no", "nope", "hey", "hello", "agent", "operator", "human", "help", "cancel", "quiet", "pardon", "sorry",
    "what", "repeat", "again",
];
const ORDERS_ZH: &[char] = &['停', '等', '不', '别', '喂'];
const GRUNTS_ZH: &[char] = &['嗯', '哦', '噢', '啊', '唔'];
const ASSENT_ZH: &[char] = &['对', '好', '是', '的', '行', '明', '白', '懂', '了'];

/// Another reading of this confidence may have been said.
const LIKELY: f32 = 0.3;

/// What words over the bot's own are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reaction {
    /// Nothing was made out.
    #[default]
    Nothing,
    /// A listener's hum.
    Grunt,
    /// A listener's "yes", or an answer.
    Assent,
    /// One word that orders nothing: an answer where one is expected, and else what a recogniser makes of a hum.
    Word,
    /// Something of the caller's own.
    Words,
}

impl Reaction {
    /// What this text is.
    pub fn of(text: &str) -> Self {
        let text = text.to_lowercase();
        let words: Vec<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '\'').filter(|word| !word.is_empty()).collect();
        let both = words.join(" ");
        let others = if words.len() > 1 { Self::Words } else { Self::Word };
        let english = words.iter().map(|word| match () {
            () if GRUNTS.contains(word) => Self::Grunt,
            () if ASSENT.contains(word) || ASSENT.contains(&both.as_str()) => Self::Assent,
            () if ORDERS.contains(word) => Self::Words,
            () => others,
        });
        let characters = || text.chars().filter(|c| !c.is_ascii() && c.is_alphabetic());
        let others = if characters().count() > 1 { Self::Words } else { Self::Word };
        let mandarin = characters().map(|c| match c {
            c if GRUNTS_ZH.contains(&c) => Self::Grunt,
            c if ASSENT_ZH.contains(&c) => Self::Assent,
            c if ORDERS_ZH.contains(&c) => Self::Words,
            _ => others,
        });
        english.chain(mandarin).max_by_key(|kind| *kind as u8).unwrap_or_default()
    }

    /// What this transcript is: an order that is nearly as likely as what was understood is heard too.
    pub fn of_transcript(transcript: &Transcript) -> Self {
        let orders = |text: &str| Self::of(text) == Self::Words && !text.trim().contains(' ');
        let mut likely = transcript.alternatives.iter().filter(|other| other.confidence.get() >= LIKELY);
        match Self::of(&transcript.text) {
            Self::Nothing | Self::Word if likely.any(|other| orders(&other.text)) => Self::Words,
            known => known,
        }
    }
}

/// How many words: by spaces; two characters of Chinese, which has none, are one.
pub(super) fn count(text: &str) -> usize {
    let characters = text.chars().filter(|c| !c.is_ascii()).count();
    text.split_whitespace().filter(|word| word.is_ascii()).count() + characters.div_ceil(2)
}

/// Whether that is one word that neither agrees nor orders: what something is about, seldom all of it.
pub(super) fn is_topic(text: &str) -> bool {
    match Reaction::of(text) {
        Reaction::Nothing | Reaction::Grunt | Reaction::Assent => false,
        Reaction::Word => true,
        Reaction::Words => count(text) == 1 && !text.is_ascii() && !text.contains(ORDERS_ZH),
    }
}

/// Whether that is only the sound of somebody who is about to speak.
pub(super) fn hesitates(text: &str) -> bool {
    HESITATING_ZH.contains(&text)
}

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
        return LEADING_ZH.iter().any(|end| text.ends_with(end)) || hesitates(&text);
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
    use crate::talk::{Alternative, Language, Probability};

    #[test]
    fn words_that_must_go_on_break_off() {
        for text in [
            "what are your",
            "Um,",
            "I'd like to",
            "where is",
            "how long does",
            "my order and",
            "so I",
            "我想",
            "请问",
            "我的",
            "那个",
            "嗯",
        ] {
            assert_eq!(break_off(text), text != "so I", "{text}");
        }
    }

    #[test]
    fn what_may_be_all_does_not() {
        for text in [
            "",
            "yes I do",
            "yes it is",
            "where is my order",
            "who do I talk to",
            "What is your?",
            "是的",
            "我要退货",
            "要这个",
            "4271",
        ] {
            assert!(!break_off(text), "{text}");
        }
    }

    #[test]
    fn a_listener_is_told_from_a_speaker() {
        let of = |text| Reaction::of(text);
        assert!(["mm-hm", "Uh-huh.", "嗯嗯", "oh"].map(of).iter().all(|r| *r == Reaction::Grunt));
        assert!(["okay", "I see.", "好的", "嗯，对", "oh right"].map(of).iter().all(|r| *r == Reaction::Assent));
        assert!(["stop", "no", "i do", "okay but wait", "等一下", "退货", "不"].map(of).iter().all(|r| *r == Reaction::Words));
        assert_eq!((of("both"), of("5"), of("go ahead")), (Reaction::Word, Reaction::Word, Reaction::Assent));
        assert_eq!(of(" "), Reaction::Nothing);
    }

    #[test]
    fn an_order_that_was_nearly_understood_is_one() {
        let heard = |text: &str, other: &str, confidence| {
            let other = Alternative { text: other.to_owned(), confidence: Probability::new(confidence) };
            let transcript = Transcript::of_text(text, Language::EN, "test");
            Reaction::of_transcript(&Transcript { alternatives: vec![other], ..transcript })
        };
        assert_eq!(heard("", "stop", 0.39), Reaction::Words);
        assert_eq!((heard("", "stop", 0.1), heard("both", "uh the", 0.6)), (Reaction::Nothing, Reaction::Word));
        assert_eq!(heard("okay", "no", 0.4), Reaction::Assent);
    }
}
