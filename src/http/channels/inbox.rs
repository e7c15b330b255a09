//! Messages of all channels, answered one after another within a chat and side by side between chats.
//! Never answers a message twice that a platform delivers twice.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::engine::Tasks;
use crate::http::{Chat, ChatAnswer, ChatError, ChatMessage};
use crate::privacy::Pii;
use crate::talk::CallId;

/// Messages of one chat that may wait; one more is refused, and the platform delivers it again later.
const WAITING: usize = 16;
/// Chats at once.
const MOST: usize = 1_000;
/// A chat is forgotten after so much silence, as its conversation is.
const IDLE: Duration = Duration::from_secs(30 * 60);
/// Longest wait for the dialogue: nobody waits on a line here, so it is long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Messages that are known again.
const KNOWN: usize = 8_192;
/// Longest message that is answered, in characters.
const LONGEST: usize = 4_000;

const NOT_TEXT: &str = "I can only read text here. Please type your question.\n这里只能看文字，请把问题打给我。";
const TOO_LONG: &str = "That is too long for me. Please ask in a few sentences.\n这段太长了，请用几句话说。";
const FAILED: &str = "I cannot answer right now. Please try again in a minute.\n现在答不上来，请过一分钟再试。";

/// What a person sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    Text(Pii<String>),
    /// A picture, a voice note, a place …
    Other,
}

/// One message of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incoming {
    /// The platform's id of the message, unique in its channel.
    pub(super) id: String,
    /// The platform's id of the chat.
    pub(super) chat: Pii<String>,
    pub(super) content: Content,
}

/// A way back to whoever wrote.
#[async_trait]
pub(super) trait Outbox: Send + Sync {
    /// The channel's name.
    fn name(&self) -> &'static str;
    /// Sends `text` to a chat.
    async fn send(&self, chat: &Pii<String>, text: &str);
}

/// There is no room for a message now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// All chats of all channels.
#[derive(Clone)]
pub(super) struct Inbox {
    chat: Arc<dyn Chat>,
    tasks: Tasks,
    state: Arc<Mutex<State>>,
}

type ChatKey = (&'static str, String);

#[derive(Default)]
struct State {
    chats: HashMap<ChatKey, mpsc::Sender<Content>>,
    seen: Seen,
}

impl Inbox {
    pub(super) fn new(chat: Arc<dyn Chat>, tasks: Tasks) -> Self {
        Self { chat, tasks, state: Arc::default() }
    }

    /// Takes a message to be answered soon; one that was taken before is passed over.
    pub(super) fn take(&self, message: Incoming, outbox: &Arc<dyn Outbox>) -> Result<(), Full> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let id = (outbox.name(), message.id);
        if state.seen.contains(&id) {
            return Ok(());
        }
        let key = (outbox.name(), message.chat.reveal().clone());
        let begun = state.chats.get(&key).map(|queue| queue.try_send(message.content.clone()));
        match begun {
            Some(Ok(())) => {}
            Some(Err(TrySendError::Full(_))) => return Err(Full),
            Some(Err(TrySendError::Closed(_))) | None => {
                if state.chats.len() >= MOST {
                    return Err(Full);
                }
                let (queue, waiting) = mpsc::channel(WAITING);
                queue.try_send(message.content).expect("an empty queue has room");
                state.chats.insert(key.clone(), queue);
                let one = One { inbox: self.clone(), outbox: Arc::clone(outbox), key, chat: message.chat, conversation: None };
                self.tasks.spawn("channel", one.run(waiting));
            }
        }
        state.seen.insert(id);
        Ok(())
    }
}

/// One chat.
struct One {
    inbox: Inbox,
    outbox: Arc<dyn Outbox>,
    key: ChatKey,
    chat: Pii<String>,
    conversation: Option<CallId>,
}

impl One {
    async fn run(mut self, mut waiting: mpsc::Receiver<Content>) {
        loop {
            match tokio::time::timeout(IDLE, waiting.recv()).await {
                Ok(Some(content)) => {
                    let text = self.answer(content).await;
                    self.outbox.send(&self.chat, &text).await;
                }
                Ok(None) => return,
                Err(_) => {
                    let mut state = self.inbox.state.lock().unwrap_or_else(PoisonError::into_inner);
                    // Under the lock nobody can add one between the look and the removal.
                    if waiting.is_empty() {
                        state.chats.remove(&self.key);
                        return;
                    }
                }
            }
        }
    }

    async fn answer(&mut self, content: Content) -> String {
        let text = match content {
            Content::Other => return NOT_TEXT.to_owned(),
            Content::Text(text) if text.reveal().chars().count() > LONGEST => return TOO_LONG.to_owned(),
            Content::Text(text) => text,
        };
        let answer = match self.ask(text.clone()).await {
            Err(ChatError::NoConversation) => {
                self.conversation = None;
                self.ask(text).await
            }
            answer => answer,
        };
        let Ok(answer) = answer else { return FAILED.to_owned() };
        self.conversation = answer.goes_on();
        answer.sentences.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    async fn ask(&self, text: Pii<String>) -> Result<ChatAnswer, ChatError> {
        let message = ChatMessage { conversation: self.conversation.clone(), text, language: None };
        tokio::time::timeout(PATIENCE, self.inbox.chat.answer(message)).await.unwrap_or(Err(ChatError::Failed))
    }
}

/// The last messages, to know one that comes again.
#[derive(Default)]
struct Seen {
    known: HashSet<ChatKey>,
    order: VecDeque<ChatKey>,
}

impl Seen {
    fn contains(&self, id: &ChatKey) -> bool {
        self.known.contains(id)
    }

    fn insert(&mut self, id: ChatKey) {
        if self.known.insert(id.clone()) {
            self.order.push_back(id);
        }
        if self.order.len() > KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}
