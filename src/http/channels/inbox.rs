//! Messages of all channels, answered one after another within a chat and side by side between chats.
//! Never answers a message twice that a platform delivers twice.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::engine::Tasks;
use crate::http::{Chat, ChatAnswer, ChatError, ChatMessage, Meaning, Senses};
use crate::privacy::Pii;
use crate::talk::{CallId, Expectation, Language, Transcript};

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

/// What is told instead of an answer, in the language of the chat, or in both where it is not known yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notice {
    NotRead,
    NotHeard,
    TooLong,
    Failed,
}

impl Notice {
    fn text(self, language: Option<Language>) -> String {
        let (english, chinese) = match self {
            Self::NotRead => (
                "I can read text, photos of codes, and voice notes here. Please type your question.",
                "这里我能看文字、照片上的码和语音，请把问题打给我。",
            ),
            Self::NotHeard => {
                ("I could not make out that voice note. Please type your question.", "这段语音我没有听清，请把问题打给我。")
            }
            Self::TooLong => ("That is too long for me. Please ask in a few sentences.", "这段太长了，请用几句话说。"),
            Self::Failed => ("I cannot answer right now. Please try again in a minute.", "现在答不上来，请过一分钟再试。"),
        };
        match language {
            Some(Language::ZH) => chinese.to_owned(),
            Some(_) => english.to_owned(),
            None => format!("{english}\n{chinese}"),
        }
    }
}

/// What a person sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing yet: they opened the chat, or subscribed.
    Joined,
    Text(Pii<String>),
    /// A photo, under the platform's name for it, and what was written beneath.
    Photo(String, Option<Pii<String>>),
    /// A voice note, under the platform's name for it.
    Voice(String),
    /// A sticker, a place …
    Other,
}

/// One message of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Incoming {
    /// The platform's id of the message, unique in its channel.
    pub(super) id: String,
    /// The platform's id of the chat.
    pub(super) chat: Pii<String>,
    /// The number or address that the platform vouches for.
    pub(super) from: Pii<String>,
    /// The language of the person's app, where the platform tells it.
    pub(super) language: Option<Language>,
    pub(super) content: Content,
}

/// A way back to whoever wrote.
#[async_trait]
pub(super) trait Outbox: Send + Sync {
    /// The channel's name.
    fn name(&self) -> &'static str;
    /// Sends `text` to a chat.
    async fn send(&self, chat: &Pii<String>, text: &str);
    /// The photo or voice note of that name; what fails is in the log.
    async fn fetch(&self, file: &str) -> Option<Vec<u8>>;
}

/// Who answers, and who looks and listens.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) chat: Arc<dyn Chat>,
    pub(super) senses: Arc<dyn Senses>,
}

/// There is no room for a message now.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

/// All chats of all channels.
#[derive(Clone)]
pub(super) struct Inbox {
    desk: Desk,
    tasks: Tasks,
    state: Arc<Mutex<State>>,
}

type ChatKey = (&'static str, String);
/// A message, and its own way back.
type Waiting = (Content, Arc<dyn Outbox>);

#[derive(Default)]
struct State {
    chats: HashMap<ChatKey, mpsc::Sender<Waiting>>,
    seen: Seen,
}

impl Inbox {
    pub(super) fn new(desk: Desk, tasks: Tasks) -> Self {
        Self { desk, tasks, state: Arc::default() }
    }

    /// Takes a message to be answered soon; one that was taken before is passed over.
    pub(super) fn take(&self, message: Incoming, outbox: &Arc<dyn Outbox>) -> Result<(), Full> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let id = (outbox.name(), message.id);
        if state.seen.contains(&id) {
            return Ok(());
        }
        let key = (outbox.name(), message.chat.reveal().clone());
        let waiting = (message.content, Arc::clone(outbox));
        let first = match state.chats.get(&key) {
            None => Some(waiting),
            Some(queue) => match queue.try_send(waiting) {
                Ok(()) => None,
                Err(TrySendError::Closed(waiting)) => Some(waiting),
                Err(TrySendError::Full(_)) => return Err(Full),
            },
        };
        if let Some(first) = first {
            if state.chats.len() >= MOST {
                return Err(Full);
            }
            let (queue, waiting) = mpsc::channel(WAITING);
            queue.try_send(first).expect("an empty queue has room");
            state.chats.insert(key.clone(), queue);
            let (chat, from, language) = (message.chat, message.from, message.language);
            let (inbox, asked) = (self.clone(), Expectation::Open);
            self.tasks.spawn("channel", One { inbox, key, chat, from, language, asked, conversation: None }.run(waiting));
        }
        state.seen.insert(id);
        Ok(())
    }
}

/// One chat.
struct One {
    inbox: Inbox,
    key: ChatKey,
    chat: Pii<String>,
    from: Pii<String>,
    /// The language of the last answer; before one, of the person's app.
    language: Option<Language>,
    /// What the last answer asked for.
    asked: Expectation,
    conversation: Option<CallId>,
}

impl One {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        loop {
            match tokio::time::timeout(IDLE, waiting.recv()).await {
                Ok(Some((content, outbox))) => {
                    let text = self.answer(content, &*outbox).await.unwrap_or_else(|notice| notice.text(self.language));
                    outbox.send(&self.chat, &text).await;
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

    async fn answer(&mut self, content: Content, outbox: &dyn Outbox) -> Result<String, Notice> {
        match content {
            Content::Joined => {
                let greeting = self.inbox.desk.chat.greet(self.key.0, Some(self.from.clone()), self.language);
                let answer = in_time(greeting).await;
                self.take(answer)
            }
            Content::Text(text) => self.ask(text, None).await,
            Content::Photo(photo, caption) => self.look(outbox.fetch(&photo).await, caption).await,
            Content::Voice(note) => self.listen(outbox.fetch(&note).await).await,
            Content::Other => Err(Notice::NotRead),
        }
    }

    /// What is on a photo is said as if it were typed, behind what was written beneath it.
    async fn look(&mut self, photo: Option<Vec<u8>>, caption: Option<Pii<String>>) -> Result<String, Notice> {
        let photo = photo.ok_or(Notice::Failed)?;
        let seen = self.inbox.desk.senses.look(photo, self.language).await.map_err(|error| {
            tracing::warn!(channel = self.key.0, %error, "A photo was not looked at.");
            Notice::NotRead
        });
        match (seen.map(|seen| seen.meaning), caption) {
            (Ok(Meaning::Said(said)), Some(caption)) => {
                self.ask(Pii::new(format!("{} {}", caption.reveal(), said.reveal())), None).await
            }
            (Ok(Meaning::Said(said)), None) => self.ask(said, None).await,
            (Ok(Meaning::Unread(_)) | Err(_), Some(caption)) => self.ask(caption, None).await,
            (Ok(Meaning::Unread(told)), None) => Ok(told),
            (Err(notice), None) => Err(notice),
        }
    }

    /// What is heard is answered, and shown first: whoever spoke sees what was made of it.
    async fn listen(&mut self, note: Option<Vec<u8>>) -> Result<String, Notice> {
        let note = note.ok_or(Notice::Failed)?;
        let listening = self.inbox.desk.senses.listen(note, self.language, self.asked.clone());
        let heard = tokio::time::timeout(PATIENCE, listening).await.map_err(|_| Notice::NotHeard)?.map_err(|error| {
            tracing::warn!(channel = self.key.0, %error, "A voice note was not heard.");
            Notice::NotHeard
        })?;
        if heard.is_nothing() {
            return Err(Notice::NotHeard);
        }
        let shown = format!("🎤 {}\n", heard.text);
        Ok(shown + &self.ask(Pii::new(heard.text.clone()), Some(heard)).await?)
    }

    async fn ask(&mut self, text: Pii<String>, heard: Option<Transcript>) -> Result<String, Notice> {
        if text.reveal().chars().count() > LONGEST {
            return Err(Notice::TooLong);
        }
        let message = |conversation| {
            let (text, heard, from) = (text.clone(), heard.clone(), Some(self.from.clone()));
            ChatMessage { conversation, text, language: None, heard, from, channel: self.key.0 }
        };
        let chat = &self.inbox.desk.chat;
        let answer = match in_time(chat.answer(message(self.conversation.clone()))).await {
            Err(ChatError::NoConversation) => in_time(chat.answer(message(None))).await,
            answer => answer,
        };
        self.take(answer)
    }

    /// Goes on from an answer, and makes one text of it.
    fn take(&mut self, answer: Result<ChatAnswer, ChatError>) -> Result<String, Notice> {
        let answer = answer.map_err(|_| Notice::Failed)?;
        self.conversation = answer.goes_on();
        self.language = answer.sentences.last().map(|sentence| sentence.language).or(self.language);
        let said = answer.sentences.iter().map(|sentence| sentence.text.as_str()).collect::<Vec<_>>().join("\n");
        if let Some(asked) = answer.after.expected() {
            self.asked = asked.clone();
        }
        Ok(said)
    }
}

async fn in_time(answer: impl Future<Output = Result<ChatAnswer, ChatError>>) -> Result<ChatAnswer, ChatError> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(ChatError::Failed))
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
