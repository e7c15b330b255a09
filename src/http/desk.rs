//! Conversations by text: each typed message is answered by the same dialogue as on the phone.
//! Never keeps one for ever: a conversation nobody goes on with is forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::chat::{Chat, ChatAnswer, ChatError, ChatMessage};
use crate::dialogue::language_of;
use crate::engine::reply::{Dialogue, ReplyEvent};
use crate::engine::{Observers, Switchboard, clock};
use crate::privacy::Pii;
use crate::store::{Pseudonym, call_id};
use crate::talk::{AfterReply, CallId, Expectation, Language, Prompt, Sentence, Transcript, TurnId};

/// Conversations at once.
const MOST: usize = 1_000;
/// A conversation is forgotten after so much silence.
const IDLE: Duration = Duration::from_secs(30 * 60);

/// The text desk of a line.
pub struct TextDesk {
    board: Switchboard,
    open: Mutex<HashMap<CallId, Slot>>,
}

struct Slot {
    talk: Arc<tokio::sync::Mutex<Talk>>,
    touched: Instant,
}

struct Talk {
    id: CallId,
    /// Whoever writes without an address is known by this conversation alone.
    caller: Pseudonym,
    /// `None` where it was given away.
    dialogue: Option<Dialogue>,
    turn: TurnId,
    greeted: bool,
    over: bool,
}

impl TextDesk {
    /// The desk of this line.
    pub fn new(board: Switchboard) -> Self {
        Self { board, open: Mutex::default() }
    }

    fn find(
        &self,
        id: Option<&CallId>,
        (from, language): (Option<&Pii<String>>, Option<Language>),
    ) -> Result<(CallId, Arc<tokio::sync::Mutex<Talk>>), ChatError> {
        let now = clock::now();
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, slot| now.duration_since(slot.touched) < IDLE);
        if let Some(id) = id {
            let slot = open.get_mut(id).ok_or(ChatError::NoConversation)?;
            slot.touched = now;
            return Ok((id.clone(), Arc::clone(&slot.talk)));
        }
        if open.len() >= MOST {
            return Err(ChatError::Busy);
        }
        let talk = self.talk(self.board.shared().dialogues.begin(language), from, false);
        let id = talk.id.clone();
        let talk = Arc::new(tokio::sync::Mutex::new(talk));
        open.insert(id.clone(), Slot { talk: Arc::clone(&talk), touched: now });
        Ok((id, talk))
    }

    /// A conversation with that dialogue, under a name of its own. Whoever has an address is known by it as on the phone.
    fn talk(&self, dialogue: Dialogue, from: Option<&Pii<String>>, greeted: bool) -> Talk {
        let id = call_id(clock::wall().naive_local(), clock::seed() as u32);
        let caller = self.board.shared().observers.archive.vault().caller_of(&from.cloned().unwrap_or_default(), &id);
        let dialogue = dialogue.of(id.clone(), caller);
        let dialogue = match from {
            Some(from) => dialogue.calling_from(from),
            None => dialogue,
        };
        Talk { id, caller, dialogue: Some(dialogue), turn: TurnId::default(), greeted, over: false }
    }
}

#[async_trait]
impl Chat for TextDesk {
    async fn answer(&self, message: ChatMessage) -> Result<ChatAnswer, ChatError> {
        let ChatMessage { conversation, text, language, heard, from } = message;
        let text = heard.as_ref().map_or_else(|| text.reveal(), |heard| &heard.text);
        let language = language.or_else(|| language_of(text));
        let (conversation, talk) = self.find(conversation.as_ref(), (from.as_ref(), language))?;
        let mut talk = talk.lock().await;
        let observers = &self.board.shared().observers;
        let language = match &talk.dialogue {
            Some(dialogue) if !talk.over => language.unwrap_or_else(|| dialogue.language()),
            Some(_) | None => return Err(ChatError::NoConversation),
        };
        let mut sentences = talk.greet(observers).await;
        talk.turn = talk.turn.next();
        let transcript = heard.clone().unwrap_or_else(|| Transcript::of_text(text, language, "text"));
        let prompt = Prompt::Said { turn: talk.turn, transcript };
        let (answer, after) = talk.say(prompt, observers).await;
        let after = after.ok_or(ChatError::Failed)?;
        sentences.extend(answer);
        talk.over = !matches!(after, AfterReply::Listen(_));
        Ok(ChatAnswer { conversation, sentences, after })
    }

    async fn greet(&self, from: Option<Pii<String>>, language: Option<Language>) -> Result<ChatAnswer, ChatError> {
        let (conversation, talk) = self.find(None, (from.as_ref(), language))?;
        let sentences = talk.lock().await.greet(&self.board.shared().observers).await;
        Ok(ChatAnswer { conversation, sentences, after: AfterReply::Listen(Expectation::Open) })
    }

    async fn lend(&self, conversation: &CallId) -> Option<Dialogue> {
        let slot = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(conversation)?;
        let mut talk = slot.talk.lock().await;
        talk.dialogue.take().filter(|_| !talk.over)
    }

    fn adopt(&self, dialogue: Dialogue) -> Option<CallId> {
        // Its caller was greeted where it began.
        let talk = self.talk(dialogue, None, true);
        let id = talk.id.clone();
        let slot = Slot { talk: Arc::new(tokio::sync::Mutex::new(talk)), touched: clock::now() };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let has_room = open.len() < MOST;
        has_room.then(|| open.insert(id.clone(), slot));
        has_room.then_some(id)
    }
}

impl Talk {
    /// Whoever writes first is told, as on the phone, that a machine answers.
    async fn greet(&mut self, observers: &Observers) -> Vec<Sentence> {
        if std::mem::replace(&mut self.greeted, true) { Vec::new() } else { self.say(Prompt::Greeting, observers).await.0 }
    }

    async fn say(&mut self, prompt: Prompt, observers: &Observers) -> (Vec<Sentence>, Option<AfterReply>) {
        let (out, mut events) = mpsc::channel(16);
        let Some(dialogue) = &mut self.dialogue else { return (Vec::new(), None) };
        let who = (&self.id, self.caller);
        let respond = async {
            dialogue.respond(prompt, &out).await;
            drop(out);
        };
        let gather = async {
            let (mut sentences, mut after) = (Vec::new(), None);
            while let Some(event) = events.recv().await {
                match event {
                    ReplyEvent::Sentence(sentence) => sentences.push(sentence),
                    ReplyEvent::Ended { after: then, .. } => after = Some(then),
                    ReplyEvent::Tool { name, effect, ok, .. } => observers.audit_tool(who, (&name, effect, ok)),
                    ReplyEvent::Understood { .. }
                    | ReplyEvent::Policy(_)
                    | ReplyEvent::Pack(_)
                    | ReplyEvent::Rated(_)
                    | ReplyEvent::Feeling { .. }
                    | ReplyEvent::Manner(_) => {}
                }
            }
            (sentences, after)
        };
        let ((), (sentences, after)) = tokio::join!(respond, gather);
        let said: Vec<_> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        dialogue.heard(&said.join(" "), false);
        (sentences, after)
    }
}
