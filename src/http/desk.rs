//! Conversations by text: each typed message is answered by the same dialogue as on the phone.
//! Never keeps one for ever: a conversation nobody goes on with is forgotten, and its record is closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::chat::{Chat, ChatAnswer, ChatError, ChatMessage};
use crate::dialogue::language_of;
use crate::engine::reply::{Dialogue, ReplyEvent};
use crate::engine::{Switchboard, Written, WrittenEnd, clock};
use crate::privacy::Pii;
use crate::store::call_id;
use crate::talk::{AfterReply, CallId, Expectation, Language, Prompt, Sentence, Transcript, TurnId};

/// Conversations at once.
const MOST: usize = 1_000;
/// A conversation is forgotten after so much silence.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Conversations that are over are looked for so often.
const SWEEP: Duration = Duration::from_secs(60);

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
    record: Written,
    /// `None` where it was given away.
    dialogue: Option<Dialogue>,
    turn: TurnId,
    /// Whether a secret was asked for last.
    is_secret: bool,
    greeted: bool,
    over: bool,
}

impl TextDesk {
    /// The desk of this line.
    pub fn new(board: Switchboard) -> Self {
        Self { board, open: Mutex::default() }
    }

    /// Forgets conversations nobody goes on with, until it is dropped.
    pub async fn sweep(self: Arc<Self>) {
        loop {
            clock::sleep_until(clock::now() + SWEEP).await;
            self.forget_the_silent(&mut self.open.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn forget_the_silent(&self, open: &mut HashMap<CallId, Slot>) {
        let now = clock::now();
        for (_, slot) in open.extract_if(|_, slot| now.duration_since(slot.touched) >= IDLE) {
            // One that is being answered is not silent.
            if let Ok(mut talk) = slot.talk.try_lock() {
                talk.record.end(WrittenEnd::Silence);
            }
        }
    }

    /// The conversation of that name, or a new one with somebody who comes like this.
    fn find(&self, id: Option<&CallId>, comer: &Comer<'_>) -> Result<(CallId, Arc<tokio::sync::Mutex<Talk>>), ChatError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        self.forget_the_silent(&mut open);
        if let Some(id) = id {
            let slot = open.get_mut(id).ok_or(ChatError::NoConversation)?;
            slot.touched = clock::now();
            return Ok((id.clone(), Arc::clone(&slot.talk)));
        }
        if open.len() >= MOST {
            return Err(ChatError::Busy);
        }
        let (id, talk) = self.talk(self.board.shared().dialogues.begin(comer.language), comer, false);
        Ok((id.clone(), Self::keep(&mut open, id, talk)))
    }

    fn keep(open: &mut HashMap<CallId, Slot>, id: CallId, talk: Talk) -> Arc<tokio::sync::Mutex<Talk>> {
        let talk = Arc::new(tokio::sync::Mutex::new(talk));
        open.insert(id, Slot { talk: Arc::clone(&talk), touched: clock::now() });
        talk
    }

    /// A conversation with that dialogue, under a name of its own. Whoever has an address is known by it as on the phone;
    /// whoever has none, by this conversation alone.
    fn talk(&self, dialogue: Dialogue, comer: &Comer<'_>, greeted: bool) -> (CallId, Talk) {
        let observers = &self.board.shared().observers;
        let id = call_id(clock::wall().naive_local(), clock::seed() as u32);
        let from = comer.from.cloned().unwrap_or_default();
        let caller = observers.archive.vault().caller_of(&from, &id);
        let dialogue = dialogue.of(id.clone(), caller);
        let dialogue = if comer.from.is_some() { dialogue.calling_from(&from) } else { dialogue };
        let record = Written::begin(observers, (id.clone(), caller), comer.channel, &from);
        let talk = Talk { record, dialogue: Some(dialogue), turn: TurnId::default(), is_secret: false, greeted, over: false };
        (id, talk)
    }
}

/// Somebody who writes.
struct Comer<'a> {
    channel: &'static str,
    from: Option<&'a Pii<String>>,
    language: Option<Language>,
}

#[async_trait]
impl Chat for TextDesk {
    async fn answer(&self, message: ChatMessage) -> Result<ChatAnswer, ChatError> {
        let ChatMessage { conversation, text, language, heard, from, channel } = message;
        let text = heard.as_ref().map_or_else(|| text.reveal(), |heard| &heard.text);
        let language = language.or_else(|| language_of(text));
        let (conversation, talk) = self.find(conversation.as_ref(), &Comer { channel, from: from.as_ref(), language })?;
        let mut talk = talk.lock().await;
        let language = match &talk.dialogue {
            Some(dialogue) if !talk.over => language.unwrap_or_else(|| dialogue.language()),
            Some(_) | None => return Err(ChatError::NoConversation),
        };
        let mut sentences = talk.greet().await;
        let transcript = heard.clone().unwrap_or_else(|| Transcript::of_text(text, language, "text"));
        let (answer, after) = talk.hear(transcript).await;
        let after = after.ok_or(ChatError::Failed)?;
        sentences.extend(answer);
        talk.over = after.expected().is_none();
        if talk.over {
            // Nobody can go on with it: its record is closed with it.
            self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&conversation);
        }
        Ok(ChatAnswer { conversation, sentences, after })
    }

    async fn greet(
        &self,
        channel: &'static str,
        from: Option<Pii<String>>,
        language: Option<Language>,
    ) -> Result<ChatAnswer, ChatError> {
        let (conversation, talk) = self.find(None, &Comer { channel, from: from.as_ref(), language })?;
        let sentences = talk.lock().await.greet().await;
        Ok(ChatAnswer { conversation, sentences, after: AfterReply::Listen(Expectation::Open) })
    }

    async fn lend(&self, conversation: &CallId) -> Option<Dialogue> {
        let slot = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(conversation)?;
        let mut talk = slot.talk.lock().await;
        talk.record.end(WrittenEnd::Voice);
        talk.dialogue.take().filter(|_| !talk.over)
    }

    fn adopt(&self, channel: &'static str, dialogue: Dialogue) -> Option<CallId> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST {
            return None;
        }
        // Its caller was greeted where it began.
        let (id, talk) = self.talk(dialogue, &Comer { channel, from: None, language: None }, true);
        Self::keep(&mut open, id.clone(), talk);
        Some(id)
    }
}

impl Talk {
    /// Whoever writes first is told, as on the phone, that a machine answers.
    async fn greet(&mut self) -> Vec<Sentence> {
        if std::mem::replace(&mut self.greeted, true) { Vec::new() } else { self.say(Prompt::Greeting).await.0 }
    }

    async fn hear(&mut self, transcript: Transcript) -> (Vec<Sentence>, Option<AfterReply>) {
        self.turn = self.turn.next();
        self.record.said(self.turn, &transcript, self.is_secret);
        self.say(Prompt::Said { turn: self.turn, transcript }).await
    }

    async fn say(&mut self, prompt: Prompt) -> (Vec<Sentence>, Option<AfterReply>) {
        let (out, mut events) = mpsc::channel(16);
        let Some(dialogue) = &mut self.dialogue else { return (Vec::new(), None) };
        let record = &mut self.record;
        let known = dialogue.conversation().identity().is_some();
        let respond = async {
            dialogue.respond(prompt, &out).await;
            drop(out);
        };
        let gather = async {
            let (mut sentences, mut after) = (Vec::new(), None);
            while let Some(event) = events.recv().await {
                record.replied(&event);
                if let ReplyEvent::Sentence(sentence) = event {
                    sentences.push(sentence);
                } else if let ReplyEvent::Ended { after: then, .. } = event {
                    after = Some(then);
                }
            }
            (sentences, after)
        };
        let ((), (sentences, after)) = tokio::join!(respond, gather);
        let said = sentences.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join(" ");
        dialogue.heard(&said, false);
        let verified = dialogue.conversation().identity().is_some();
        self.is_secret = after.as_ref().and_then(AfterReply::expected).is_some_and(Expectation::is_secret);
        self.record.answered(said, (verified != known).then_some(verified), after.as_ref());
        (sentences, after)
    }
}
