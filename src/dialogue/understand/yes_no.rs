//! Yes or no, in all its forms: by the phrases of the pack, and by those that nobody thinks of writing down.
//! Never takes a doubtful word for a yes: what hangs on it may not be undone.

use std::collections::BTreeMap;

use crate::business::{Pack, tokens};

/// Words that carry no answer.
const FILLERS: &[&str] = &[
    "um", "uh", "er", "well", "oh", "please", "thanks", "so", "then", "just", "actually", "呃", "那", "啊", "呢", "吧", "请",
    "哦", "呀", "嘛", "了",
];
/// Words that turn a yes into something else.
const DOUBTS: &[&str] =
    &["but", "wait", "what", "how", "why", "which", "if", "maybe", "但", "什", "怎", "吗", "么", "等", "如", "除"];
/// Phrases that hold a yes or no and mean neither.
const NEITHER: &[&str] = &[
    "对不起",
    "不好意思",
    "excuse me",
    "是不是",
    "对不对",
    "no idea",
    "not sure",
    "im not sure",
    "i am not sure",
    "i dont know",
    "i do not know",
    "不知道",
    "不清楚",
    "不好说",
    "说不好",
    "看情况",
    "hard to say",
    "it depends",
    "好不好",
    "行不行",
    "可不可以",
    "要不要",
    "不一定",
];
/// A yes that gives way to a no behind it: "okay, no thanks", 好的不用了.
const WEAK: &[&str] = &["ok", "okay", "right", "all right", "alright", "fine", "嗯", "嗯嗯", "好", "好的", "好吧", "行", "对对"];
/// Questions hung onto an answer.
const TAGS: &[&str] = &[
    "谢谢",
    "谢谢你",
    "多谢",
    "thank you",
    "thank you very much",
    "isnt it",
    "isnt that so",
    "arent we",
    "doesnt it",
    "dont you think",
    "you know",
    "i mean",
    "i said",
    "我说",
    "你说呢",
];

const YES: &[&str] = &[
    "i guess so",
    "i guess",
    "i think so",
    "i suppose so",
    "i suppose",
    "i believe so",
    "i would say so",
    "i should think so",
    "why not",
    "by all means",
    "you bet",
    "you got it",
    "thats it",
    "thats the one",
    "that is the one",
    "that one",
    "thats me",
    "thats mine",
    "it is",
    "it does",
    "i do",
    "i am",
    "i did",
    "i would",
    "i will",
    "we do",
    "they are",
    "uh huh",
    "mm hmm",
    "mhm",
    "for sure",
    "very well",
    "certainly",
    "good",
    "works for me",
    "go for it",
    "lets do it",
    "lets do that",
    "please go ahead",
    "if you would",
    "i dont mind",
    "dont mind",
    "its fine",
    "that works",
    "not wrong",
    "not wrong at all",
    "nothing wrong",
    "not a problem",
    "no problem at all",
    "no objection",
    "no objections",
    "i dont disagree",
    "i cant say no",
    "no doubt",
    "that wont be a problem",
    "why wouldnt i",
    "就是这个",
    "对就是这个",
    "就是它",
    "是这个",
    "是这样",
    "是这样的",
    "就这个",
    "可以的",
    "行的",
    "好嘞",
    "嗯对",
    "哎对",
    "是我",
    "没毛病",
    "应该是",
    "应该对",
    "应该没错",
    "我想是的",
    "我觉得是",
    "算是",
    "不错",
    "照办",
    "没什么不对",
    "没有不对",
    "不是不行",
    "不是不可以",
    "没意见",
    "不反对",
    "没什么问题",
    "不会错",
    "错不了",
    "我不介意",
    "不介意",
    "没说不行",
    "怎么不是",
    "可不是",
    "为什么不",
];
const NO: &[&str] = &[
    "i dont think so",
    "i do not think so",
    "i doubt it",
    "not quite",
    "not exactly",
    "not at all",
    "not that one",
    "thats not it",
    "thats not me",
    "that is not it",
    "it isnt",
    "it is not",
    "its not",
    "i am not",
    "im not",
    "i would not",
    "i wouldnt",
    "i did not",
    "i didnt",
    "it doesnt",
    "nothing like that",
    "by no means",
    "under no circumstances",
    "hell no",
    "id rather not",
    "not today",
    "not yet",
    "not so",
    "hardly",
    "i cant say that",
    "that isnt right",
    "that cant be right",
    "thats not what i said",
    "thats not what i want",
    "no good",
    "i dont want that",
    "i dont want to",
    "not okay",
    "not ok",
    "not right",
    "not fine",
    "not good",
    "cannot agree",
    "i dont agree",
    "不太对",
    "不太是",
    "不怎么对",
    "并不是",
    "并不对",
    "才不是",
    "没这回事",
    "没有这回事",
    "不完全是",
    "不是这个",
    "不是这样",
    "不是这样的",
    "不是我",
    "还是算了",
    "先不",
    "先别",
    "不想",
    "不愿意",
    "不必",
    "不可能",
    "没说过",
    "不要办",
    "我不要",
    "不办",
    "不是我要的",
    "哪有",
    "不可以的",
    "有问题",
    "不大对",
    "不算是",
    "不认可",
    "没有同意",
    "没同意",
    "不答应",
];

/// What a phrase answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Yes,
    /// A yes only if nothing else is said: "it is", but not "it is broken".
    LoneYes,
    /// A yes, unless a no follows.
    WeakYes,
    No,
    /// Neither: the caller is in doubt, or apologises.
    Neither,
    /// Nothing: it hangs on another answer.
    Tag,
}

/// The phrases for yes and no, as words.
#[derive(Debug)]
pub struct YesNo {
    phrases: BTreeMap<Vec<String>, Answer>,
    longest: usize,
}

/// What was found in an utterance.
#[derive(Default)]
struct Found {
    answers: Vec<Answer>,
    covered: usize,
    others: usize,
    /// One of the other words asks or limits.
    doubted: bool,
    /// The first word that carries anything began an answer.
    leads: bool,
}

impl YesNo {
    /// Takes the phrases from the pack beside those that everybody uses; the pack's own count more.
    pub fn new(pack: &Pack) -> Self {
        let listed = |phrases: &'static [&str], answer| phrases.iter().map(move |p| (tokens(p), answer));
        let own = |phrases: &crate::business::Phrases, answer| -> Vec<_> {
            phrases.values().flatten().map(|p| (tokens(p), answer)).collect()
        };
        let everywhere = listed(YES, Answer::LoneYes).chain(listed(NO, Answer::No));
        let of_pack = own(pack.yes(), Answer::Yes).into_iter().chain(own(pack.no(), Answer::No));
        let special = listed(WEAK, Answer::WeakYes).chain(listed(NEITHER, Answer::Neither)).chain(listed(TAGS, Answer::Tag));
        let phrases: BTreeMap<_, _> = everywhere.chain(of_pack).chain(special).collect();
        let longest = phrases.keys().map(Vec::len).max().unwrap_or(0);
        Self { phrases, longest }
    }

    /// What the words answer; `None` if they are neither, or both.
    pub fn answer(&self, text: &str) -> Option<bool> {
        let words = tokens(text);
        let found = self.found(&words);
        // The 是的 of 是的，马上办 is an answer, whatever follows.
        let led = text.split_once(['，', ',']).is_some_and(|(first, _)| self.found(&tokens(first)).others == 0);
        let says = |answer| found.answers.contains(&answer);
        let lone = says(Answer::LoneYes) && (found.others == 0 || says(Answer::Yes));
        let answer = match (lone || says(Answer::Yes), says(Answer::No), says(Answer::WeakYes)) {
            (false, true, _) => false,
            (true, false, _) | (false, false, true) => true,
            (true, true, _) | (false, false, false) => return None,
        };
        let doubtful = says(Answer::Neither) || answer && found.doubted;
        let enough = found.covered >= found.others || found.leads && (led || words[0].is_ascii());
        (!doubtful && enough).then_some(answer)
    }

    fn found(&self, words: &[String]) -> Found {
        let mut found = Found::default();
        let mut at = 0;
        while at < words.len() {
            let begins = found.covered + found.others == 0;
            match self.longest_at(words, at) {
                Some((length, answer)) => {
                    found.leads |= begins;
                    found.covered += length;
                    found.answers.push(answer);
                    at += length;
                }
                None => {
                    found.doubted |= DOUBTS.contains(&words[at].as_str());
                    found.others += usize::from(!FILLERS.contains(&words[at].as_str()));
                    at += 1;
                }
            }
        }
        found
    }

    fn longest_at(&self, words: &[String], at: usize) -> Option<(usize, Answer)> {
        let most = self.longest.min(words.len() - at);
        (1..=most).rev().find_map(|n| self.phrases.get(&words[at..at + n]).map(|answer| (n, *answer)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yes_and_no_in_all_their_forms() {
        let pack = Pack::load(concat!(env!("CARGO_MANIFEST_DIR"), "/packs/shop").as_ref()).unwrap();
        let yes_no = YesNo::new(&pack);
        let yes = [
            "yes",
            "yes please",
            "yeah that's right",
            "I guess so",
            "um, I think so",
            "it is, isn't it",
            "that's the one",
            "sure, why not",
            "okay, go ahead",
            "mm-hmm",
            "not wrong at all",
            "no objections",
            "I don't mind",
            "no problem",
            "well, I suppose so",
            "certainly, please do",
            "yes yes yes",
            "ok",
            "嗯对就是这个",
            "嗯",
            "对",
            "对的，没错",
            "好的好的",
            "是的，就这样办",
            "没什么不对",
            "不是不行",
            "应该是吧",
            "可以的",
            "不错",
            "行，办吧",
            "嗯嗯，是这样的",
            "没意见",
            "好吧",
            "可不是嘛",
        ];
        let no = [
            "no",
            "not really",
            "no thanks",
            "I don't think so",
            "no, that's wrong",
            "not exactly",
            "it isn't",
            "okay, no thanks",
            "uh, not quite",
            "that's not what I said",
            "I'd rather not",
            "no no no",
            "not right",
            "hardly",
            "不是",
            "嗯，不对",
            "好的不用了",
            "不太对",
            "不是这个",
            "还是算了",
            "并不是这样",
            "先不要了",
            "不，谢谢",
            "我不要",
            "不可以",
        ];
        let neither = [
            "",
            "um",
            "what",
            "I'm not sure",
            "no idea",
            "I don't know",
            "yes, but the other one",
            "yes if it is free",
            "maybe",
            "yes no",
            "对不起",
            "是不是有问题啊什么意思",
            "不知道",
            "看情况吧",
            "where is my order",
            "wait",
            "it is broken",
            "i do want another one",
            "good morning",
            "好不好用呢这个东西",
        ];
        for (phrases, expected) in [(&yes[..], Some(true)), (&no[..], Some(false)), (&neither[..], None)] {
            for words in phrases {
                assert_eq!(yes_no.answer(words), expected, "{words}");
            }
        }
    }
}
