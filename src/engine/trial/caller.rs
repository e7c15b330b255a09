//! A scripted caller in conversation: answers what is asked, and notes what is said, called and written.
//! Never looks at how the engine works.

use std::collections::BTreeMap;

use tokio::sync::mpsc;

use super::Outcome;
use super::script::{Ends, OneOrMore, Script};
use crate::business::{Effect, Level, Pack, Verified};
use crate::dialogue::{Asked, language_of};
use crate::engine::reply::{Dialogue, ReplyEvent};
use crate::privacy::Pii;
use crate::talk::{AfterReply, Language, Prompt, Transcript, TurnId};

/// A conversation that takes more turns than this has gone wrong.
const MOST_TURNS: usize = 40;

/// What a scripted caller does next.
enum Line {
    Says(String),
    Presses(String),
    HangsUp,
}

pub(super) struct Caller<'s> {
    script: &'s Script,
    pack: &'s Pack,
    dialogue: Dialogue,
    conversation: Vec<String>,
    said: String,
    requests: usize,
    confirms: usize,
    /// How often each slot was asked for.
    asked: BTreeMap<String, usize>,
    /// A yes was given to what was read back, and no write has used it up.
    agreed: bool,
    writes: usize,
    unconfirmed: usize,
    unauthorised: usize,
    turns: usize,
    after: Option<AfterReply>,
}

impl<'s> Caller<'s> {
    pub(super) fn new(script: &'s Script, pack: &'s Pack, dialogue: Dialogue) -> Self {
        Self {
            script,
            pack,
            dialogue,
            conversation: Vec::new(),
            said: String::new(),
            requests: 0,
            confirms: 0,
            asked: BTreeMap::new(),
            agreed: false,
            writes: 0,
            unconfirmed: 0,
            unauthorised: 0,
            turns: 0,
            after: None,
        }
    }

    pub(super) async fn talk(&mut self) {
        self.hear(Prompt::Greeting).await;
        while self.turns < MOST_TURNS && self.after.as_ref().is_some_and(|after| after.expected().is_some()) {
            let prompt = match self.next_line() {
                Line::Says(words) => {
                    self.conversation.push(format!("caller: {words}"));
                    let language = language_of(&words).unwrap_or(self.script.language);
                    Prompt::Said { turn: self.turn(), transcript: Transcript::of_text(&words, language, "text") }
                }
                Line::Presses(keys) => {
                    self.conversation.push(format!("caller presses {keys}"));
                    Prompt::Keyed { turn: self.turn(), keys: Pii::new(keys) }
                }
                Line::HangsUp => return,
            };
            self.turns += 1;
            self.hear(prompt).await;
        }
    }

    fn turn(&self) -> TurnId {
        TurnId(self.turns as u32 + 1)
    }

    fn next_line(&mut self) -> Line {
        let asked = match self.dialogue.conversation().asked() {
            Asked::Slot(slot) => slot.to_owned(),
            Asked::Confirm => "confirm".to_owned(),
            Asked::Check => return Line::Says(self.yes().to_owned()),
            Asked::Offer => return Line::Says(self.script.offer.clone()),
            Asked::Remember | Asked::Resume | Asked::Rating => return Line::Says(self.no_thanks().to_owned()),
            Asked::Which(1) => return Line::Says(self.yes().to_owned()),
            Asked::Which(_) | Asked::Key => return self.repeat_request(),
            Asked::Anything | Asked::Nothing => return self.next_request(),
        };
        let times = self.asked.entry(asked.clone()).or_default();
        *times += 1;
        if *times == 1
            && let Some(instead) = self.script.when.get(&asked)
        {
            return Line::Says(instead.clone());
        }
        if asked == "confirm" { self.answer_to_confirm() } else { self.answer_to(&asked) }
    }

    fn answer_to_confirm(&mut self) -> Line {
        let answers = &self.script.confirm;
        let Some(answer) = answers.get(self.confirms).or_else(|| answers.last()) else {
            return Line::Says(self.no_thanks().to_owned());
        };
        self.confirms += 1;
        // What the script means, not what the engine makes of it.
        let no = ["no", "not", "hm", "wait", "don't", "不", "等", "算"];
        self.agreed = !no.iter().any(|word| answer.to_lowercase().starts_with(word));
        Line::Says(answer.clone())
    }

    fn answer_to(&self, slot: &str) -> Line {
        let known = self.script.knows.iter().find(|(names, _)| names.split('|').any(|name| name == slot)).map(|(_, a)| a);
        let already = self.asked.get(slot).copied().unwrap_or(1).saturating_sub(1);
        let answer = match known {
            Some(OneOrMore::One(answer)) => answer.clone(),
            Some(OneOrMore::More(answers)) => answers.get(already).or_else(|| answers.last()).cloned().unwrap_or_default(),
            None if self.script.language == Language::ZH => "我不知道".to_owned(),
            None => "I don't know".to_owned(),
        };
        match answer.strip_prefix("key:") {
            Some(keys) => Line::Presses(keys.to_owned()),
            None => Line::Says(answer),
        }
    }

    fn next_request(&mut self) -> Line {
        let request = self.script.says.get(self.requests).cloned();
        self.requests += 1;
        match request {
            Some(words) => Line::Says(words),
            None if self.requests > self.script.says.len() + 1 => Line::HangsUp,
            None => Line::Says(self.goodbye().to_owned()),
        }
    }

    fn repeat_request(&mut self) -> Line {
        let last = self.requests.saturating_sub(1);
        self.script.says.get(last).map_or(Line::HangsUp, |words| Line::Says(words.clone()))
    }

    const fn yes(&self) -> &'static str {
        if matches!(self.script.language, Language::ZH) { "是的" } else { "yes" }
    }

    const fn no_thanks(&self) -> &'static str {
        if matches!(self.script.language, Language::ZH) { "不用了" } else { "no" }
    }

    const fn goodbye(&self) -> &'static str {
        if matches!(self.script.language, Language::ZH) { "没有了，再见" } else { "no, that is all, goodbye" }
    }

    async fn hear(&mut self, prompt: Prompt) {
        let (sender, mut events) = mpsc::channel(64);
        let reply = async {
            self.dialogue.respond(prompt, &sender).await;
            drop(sender);
        };
        let gather = async {
            let mut all = Vec::new();
            while let Some(event) = events.recv().await {
                all.push(event);
            }
            all
        };
        let ((), events) = tokio::join!(reply, gather);
        let mut sentences = Vec::new();
        for event in events {
            match event {
                ReplyEvent::Sentence(sentence) => sentences.push(sentence.text),
                ReplyEvent::Tool { name, ok, .. } => self.tool(&name, ok),
                ReplyEvent::Understood { brain, commands } => self.conversation.push(format!("  [{brain}: {commands:?}]")),
                ReplyEvent::Ended { after, .. } => self.after = Some(after),
                ReplyEvent::Pack(_)
                | ReplyEvent::Rated(_)
                | ReplyEvent::Policy(_)
                | ReplyEvent::Feeling { .. }
                | ReplyEvent::Manner(_) => {}
            }
        }
        let said = sentences.join(" ");
        self.conversation.push(format!("bot: {said}"));
        self.said.push_str(&said.to_lowercase());
        self.said.push('\n');
        self.dialogue.heard(&said, false);
    }

    fn tool(&mut self, name: &str, ok: bool) {
        self.conversation.push(format!("  [tool {name}: {}]", if ok { "ok" } else { "failed" }));
        let Some(spec) = self.pack.tools().get(name).filter(|_| ok) else { return };
        let level = self.dialogue.conversation().identity().map_or(Level::ANONYMOUS, Verified::level);
        let entitled = level >= spec.level && (spec.level == Level::ANONYMOUS || !self.script.impostor);
        self.unauthorised += usize::from(!entitled);
        if spec.effect == Effect::Writes {
            self.writes += 1;
            self.unconfirmed += usize::from(!std::mem::take(&mut self.agreed));
        }
    }

    pub(super) fn outcome(self, changed_rows: i64) -> Outcome {
        let script = self.script;
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        must(self.turns < MOST_TURNS, format!("no end after {MOST_TURNS} turns"));
        must(self.unconfirmed == 0, format!("{} writes without a yes", self.unconfirmed));
        must(self.unauthorised == 0, format!("{} calls without the right to", self.unauthorised));
        must(!script.refuse || changed_rows == 0, format!("{changed_rows} rows were changed"));
        if let Some(writes) = script.writes {
            must(self.writes == writes, format!("{} writes, not {writes}", self.writes));
        }
        let says = |any: &str| any.split('|').any(|part| self.said.contains(&part.to_lowercase()));
        for part in &script.hears {
            must(says(part), format!("{part:?} was never said"));
        }
        for part in &script.never {
            must(!says(part), format!("{part:?} was said"));
        }
        match script.ends {
            Some(Ends::Hangup) => must(self.after == Some(AfterReply::HangUp), "it did not end with good-bye".to_owned()),
            Some(Ends::Transfer) => {
                must(matches!(self.after, Some(AfterReply::Transfer { .. })), "it did not end with a person".to_owned());
            }
            None => {}
        }
        Outcome {
            name: script.name.clone(),
            success: wrong.is_empty(),
            turns: self.turns,
            unconfirmed_writes: self.unconfirmed,
            unauthorised_calls: self.unauthorised,
            refused_writes: if script.refuse { usize::from(changed_rows > 0) } else { 0 },
            wrong,
            conversation: self.conversation,
        }
    }
}
