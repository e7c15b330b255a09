//! Conversations with the shop, as text: what a caller says and what is answered, in both languages and by both brains.

#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

mod ahead;
mod at_length;
mod bank;
mod broken_packs;
mod callers;
mod deeds;
mod emotion;
mod hints;
mod hotel;
mod identity;
mod memory;
#[cfg(feature = "openai")]
mod model;
mod not_at_hand;
mod rating;
mod reload;
mod scripts;
mod shop_desk;
mod tape;
mod understanding;
mod verdicts;

use std::path::Path;
use std::sync::Arc;

use hotline::business::Pack;
use hotline::dialogue::{Command, DialogueConfig};
use hotline::engine::reply::{Dialogue, Dialogues, ReplyEvent};
use hotline::privacy::Pii;
use hotline::talk::{AfterReply, Language, Prompt, Transcript, TurnId};
use tokio::sync::mpsc;

/// The shop's pack.
pub(crate) fn shop() -> Arc<Pack> {
    Arc::new(Pack::load(Path::new("packs/shop")).unwrap_or_else(|e| panic!("{e}")))
}

/// A caller with a text line to the bot.
pub(crate) struct Caller {
    pub(crate) dialogue: Dialogue,
    pub(crate) dialogues: Dialogues,
    pub(crate) data: tempfile::TempDir,
    pub(crate) events: Vec<ReplyEvent>,
}

impl Caller {
    pub(crate) async fn new(language: Language) -> Self {
        Self::with(language, DialogueConfig::default(), shop()).await
    }

    pub(crate) async fn with(language: Language, config: DialogueConfig, pack: Arc<Pack>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let dialogues = Dialogues::open(&config, pack, data.path()).await.unwrap();
        Self { dialogue: dialogues.begin(Some(language)), dialogues, data, events: Vec::new() }
    }

    /// A caller of a pack that is open already, over a database of its own.
    pub(crate) async fn over(open: &Dialogues, language: Language) -> Self {
        let data = tempfile::tempdir().unwrap();
        let dialogues = open.over(data.path()).await.unwrap();
        Self { dialogue: dialogues.begin(Some(language)), dialogues, data, events: Vec::new() }
    }

    /// The whole reply to a prompt, heard to its end.
    pub(crate) async fn prompt(&mut self, prompt: Prompt) -> String {
        let (sender, mut events) = mpsc::channel(64);
        self.dialogue.respond(prompt, &sender).await;
        drop(sender);
        self.events.clear();
        while let Some(event) = events.recv().await {
            self.events.push(event);
        }
        let reply = self.reply();
        self.dialogue.heard(&reply, false);
        reply
    }

    pub(crate) async fn say(&mut self, words: &str) -> String {
        self.prompt(said(words)).await
    }

    pub(crate) async fn key(&mut self, keys: &str) -> String {
        self.prompt(Prompt::Keyed { turn: TurnId(1), keys: Pii::new(keys.to_owned()) }).await
    }

    pub(crate) fn reply(&self) -> String {
        let sentences = self.events.iter().filter_map(|event| match event {
            ReplyEvent::Sentence(sentence) => Some(sentence.text.as_str()),
            _ => None,
        });
        sentences.collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn after(&self) -> &AfterReply {
        match self.events.last() {
            Some(ReplyEvent::Ended { after, .. }) => after,
            other => panic!("a reply ends with Ended, not with {other:?}"),
        }
    }

    pub(crate) fn understood(&self) -> (&'static str, Vec<Command>) {
        let found = self.events.iter().find_map(|event| match event {
            ReplyEvent::Understood { brain, commands } => Some((*brain, commands.clone())),
            _ => None,
        });
        found.expect("every prompt is understood somehow")
    }

    pub(crate) fn tools(&self) -> Vec<&str> {
        let names = self.events.iter().filter_map(|event| match event {
            ReplyEvent::Tool { name, .. } => Some(name.as_str()),
            _ => None,
        });
        names.collect()
    }

    /// How many returns the shop has registered in this conversation; those of its history are numbered below.
    pub(crate) async fn returns(&self) -> i64 {
        let file = self.data.path().join("packs/shop.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).read_only(true);
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        sqlx::query_scalar("SELECT COUNT(*) FROM returns WHERE id > 5000").fetch_one(&pool).await.unwrap()
    }
}

pub(crate) fn said(words: &str) -> Prompt {
    let language = hotline::dialogue::language_of(words).unwrap_or(Language::EN);
    Prompt::Said { turn: TurnId(1), transcript: Transcript::of_text(words, language, "text") }
}

/// Runs a conversation: what the caller says, and a part of what must be answered.
#[track_caller]
pub(crate) fn assert_holds(reply: &str, part: &str, words: &str) {
    assert!(reply.to_lowercase().contains(&part.to_lowercase()), "to {words:?} the bot said {reply:?}, without {part:?}");
}
