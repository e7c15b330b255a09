//! `GET /v1/widget/talk`: the data path of a page: captions and states out, text, keys and buttons in.
//! Never holds the call: a page that is gone and comes back with its token goes on where it was.

use std::sync::Arc;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Widget;
use super::message::{State as Going, ToPage, Who, Wish};
use super::sessions::{Sent, Session, Shown};
use crate::http::error::ApiError;
use crate::http::{ChatError, ChatMessage};
use crate::line::webrtc::{Link, WebRtcError};
use crate::privacy::Pii;
use crate::store::journal::{Entry, JournalEvent};
use crate::talk::AfterReply;

/// How a call ends without its conversation, unless the visitor hung up.
const ENDS_ONLY_THE_CALL: [&str; 3] = ["caller", "media-timeout", "transport"];
/// What a page's writing stands under in records.
const CHANNEL: &str = "widget";
/// Longest message of a page, in bytes.
const LONGEST: usize = 32 * 1024;

/// The token stands in the address, because a page cannot give a socket a header.
#[derive(Deserialize)]
pub(super) struct Asked {
    token: Option<String>,
}

/// Opens the data path.
pub(super) async fn open(
    State(widget): State<Arc<Widget>>,
    Query(asked): Query<Asked>,
    upgrade: WebSocketUpgrade,
) -> Result<Response, ApiError> {
    let session = widget.sessions.find(asked.token.as_deref())?;
    Ok(upgrade.max_message_size(LONGEST).on_upgrade(move |socket| Page { widget, session, socket }.run()))
}

/// One page that is connected.
struct Page {
    widget: Arc<Widget>,
    session: Arc<Session>,
    socket: WebSocket,
}

/// The page is gone.
struct Gone;

impl Page {
    async fn run(mut self) {
        let session = Arc::clone(&self.session);
        // A page that was loaded anew may come before its old socket is known to be gone: it waits for that one's end.
        let stop = self.widget.stop.clone();
        let mut shown = tokio::select! { () = stop.cancelled() => return, shown = session.shown.lock() => shown };
        let _gone = self.talk(&mut shown).await;
    }

    async fn talk(&mut self, shown: &mut Shown) -> Result<(), Gone> {
        self.tell(ToPage::Ready { conversation: self.session.conversation.as_str().to_owned() }).await?;
        let stop = self.widget.stop.clone();
        loop {
            tokio::select! {
                () = stop.cancelled() => return Err(Gone),
                sent = shown.photos.recv() => match sent {
                    Some(Sent::Words(words)) => self.answer(words).await?,
                    Some(Sent::Told(text)) => self.say(text).await?,
                    None => return Err(Gone),
                },
                entry = shown.calls.recv() => self.show(entry.ok_or(Gone)?).await?,
                message = self.socket.recv() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text).await?,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => self.session.touch(),
                    Some(Ok(Message::Binary(_))) => self.refuse("bad_message", "messages are text").await?,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Gone),
                },
            }
        }
    }

    async fn hear(&mut self, text: &str) -> Result<(), Gone> {
        self.session.touch();
        let wish = match Wish::parse(text) {
            Ok(wish) => wish,
            Err(error) => return self.tell(error).await,
        };
        let link = self.session.link();
        match (wish, link) {
            (Wish::Write(text), Some(link)) => self.hand(link.write(text)).await,
            (Wish::Write(text), None) => self.answer(text).await,
            (Wish::Press(digit), Some(link)) => self.hand(link.press(digit)).await,
            (Wish::Interrupt, Some(link)) => self.hand(link.interrupt()).await,
            (Wish::Speak(language), link) => {
                self.session.set_language(language);
                match (language, link) {
                    (Some(language), Some(link)) => self.hand(link.speak(language)).await,
                    (Some(_) | None, None) | (None, Some(_)) => Ok(()),
                }
            }
            (Wish::HangUp, link) => self.hang_up(link).await,
            (Wish::Press(digit), None) => self.answer(Pii::new(digit.as_char().to_string())).await,
            (Wish::Interrupt, None) => Ok(()),
        }
    }

    /// Shows what happened on a call. One that was lost or given up is no end: the conversation goes on in writing, or in a new call.
    async fn show(&mut self, entry: Entry) -> Result<(), Gone> {
        if let JournalEvent::CallEnded { cause } = &entry.event {
            if ENDS_ONLY_THE_CALL.contains(&cause.as_str()) && !self.session.has_said_goodbye() {
                return self.tell(ToPage::state(Going::Listening)).await;
            }
            self.session.forget();
        }
        for message in ToPage::of(entry) {
            self.tell(message).await?;
        }
        Ok(())
    }

    async fn say(&mut self, text: String) -> Result<(), Gone> {
        let language = self.session.spoken();
        self.tell(ToPage::Caption { who: Who::Bot, turn: None, text, is_final: true, language }).await
    }

    /// Answers something typed where no call lasts: the same dialogue without a sound.
    async fn answer(&mut self, text: Pii<String>) -> Result<(), Gone> {
        let said = ToPage::Caption { who: Who::Caller, turn: None, text: text.reveal().clone(), is_final: true, language: None };
        self.tell(said).await?;
        self.tell(ToPage::state(Going::Thinking)).await?;
        if let Some(dialogue) = self.session.returned().await {
            self.session.set_written(self.widget.chat.adopt(CHANNEL, dialogue));
        }
        let message = ChatMessage::typed(self.session.written(), text, self.session.language()).by(CHANNEL);
        let answer = tokio::time::timeout(self.widget.timeout, self.widget.chat.answer(message)).await;
        let answer = match answer.unwrap_or(Err(ChatError::Failed)) {
            Ok(answer) => answer,
            Err(error) => {
                if error == ChatError::NoConversation {
                    self.session.set_written(None);
                }
                self.refuse("no_answer", &error.to_string()).await?;
                return self.tell(ToPage::state(Going::Listening)).await;
            }
        };
        for sentence in answer.sentences {
            let language = Some(sentence.language);
            self.tell(ToPage::Caption { who: Who::Bot, turn: None, text: sentence.text, is_final: true, language }).await?;
        }
        match answer.after {
            AfterReply::Listen(_) | AfterReply::Wait(_) => {
                self.session.set_written(Some(answer.conversation));
                self.tell(ToPage::state(Going::Listening)).await
            }
            AfterReply::HangUp => self.end("bot").await,
            AfterReply::Transfer { .. } => self.end("transferred").await,
        }
    }

    async fn end(&mut self, cause: &str) -> Result<(), Gone> {
        self.session.forget();
        self.tell(ToPage::State { state: Going::Ended, cause: Some(cause.to_owned()) }).await?;
        self.tell(ToPage::Ended { cause: cause.to_owned() }).await
    }

    /// A call tells its own end; a written conversation ends here.
    async fn hang_up(&mut self, link: Option<Link>) -> Result<(), Gone> {
        match link {
            Some(link) => {
                self.session.say_goodbye();
                link.hang_up().await;
                Ok(())
            }
            None => {
                self.end("caller").await?;
                let close = CloseFrame { code: close_code::NORMAL, reason: "bye".into() };
                let _gone_already = self.socket.send(Message::Close(Some(close))).await;
                Err(Gone)
            }
        }
    }

    async fn hand(&mut self, done: Result<(), WebRtcError>) -> Result<(), Gone> {
        match done {
            Ok(()) => Ok(()),
            Err(error) => self.refuse("call_over", &error.to_string()).await,
        }
    }

    async fn refuse(&mut self, code: &'static str, message: &str) -> Result<(), Gone> {
        self.tell(ToPage::Error { code, message: message.to_owned() }).await
    }

    async fn tell(&mut self, message: ToPage) -> Result<(), Gone> {
        if let ToPage::Caption { language: Some(language), .. } = &message {
            self.session.set_spoken(*language);
        }
        self.socket.send(Message::Text(message.to_json().into())).await.map_err(|_| Gone)
    }
}
