//! What is made ready while the caller may still go on: the language model's answer, what a tool looks up, the first sentence.
//! Never has an effect: nothing is committed, no tool that writes runs, and what is not asked for after all is dropped.

use std::pin::Pin;

use futures::FutureExt;
use futures::future::{BoxFuture, MaybeDone, maybe_done};

use super::{Dialogue, Done, Reply, clock};
use crate::business::ToolCall;
use crate::talk::{Language, Prompt};

/// A question and its answer, which is on its way or there.
pub(super) struct Ahead<Q, A> {
    question: Q,
    answer: MaybeDone<BoxFuture<'static, A>>,
}

impl<Q: PartialEq, A> Ahead<Q, A> {
    /// Asks this; the work is begun when it is waited for.
    pub(super) fn new(question: Q, answer: impl Future<Output = A> + Send + 'static) -> Self {
        Self { question, answer: maybe_done(answer.boxed()) }
    }

    /// Whether this is the question.
    pub(super) fn is_of(&self, question: &Q) -> bool {
        self.question == *question
    }

    /// Waits for the answer and looks at it.
    pub(super) async fn answer(&mut self) -> Option<&A> {
        (&mut self.answer).await;
        Pin::new(&mut self.answer).output_mut().map(|answer| &*answer)
    }

    /// Waits for the answer.
    pub(super) async fn taken(mut self) -> Option<A> {
        (&mut self.answer).await;
        Pin::new(&mut self.answer).take_output()
    }
}

impl Dialogue {
    /// Makes the answer to this prompt ready, in case it is asked next. What it would begin with, if that is known without a tool.
    /// The future may be dropped at any await; what was begun goes on when the prompt is asked.
    pub async fn rehearse(&mut self, prompt: &Prompt) -> Option<(String, Language)> {
        if self.deed.is_some() || self.reply == Reply::Underway {
            return None;
        }
        let prompt = self.after_unanswered(prompt.clone());
        let proposal = self.ask_model_ahead(&prompt).await.ok()?;
        let plan = self.conversation.propose(&prompt, proposal);
        match plan.lookup() {
            Some(call) => self.look_up_ahead(call.clone()).await,
            None => self.lookup = None,
        }
        plan.opening().map(|(text, language)| (text.to_owned(), language))
    }

    async fn look_up_ahead(&mut self, call: ToolCall) {
        let lookup = self.looked_up(call);
        self.lookup.insert(lookup).answer().await;
    }

    /// What a tool that only reads gives, asked ahead or now.
    pub(super) fn looked_up(&mut self, call: ToolCall) -> Ahead<ToolCall, Done> {
        let kept = self.lookup.take().filter(|ahead| ahead.is_of(&call));
        kept.unwrap_or_else(|| Ahead::new(call.clone(), self.run(call)))
    }

    /// Runs a tool, as the caller who is known by now.
    pub(super) fn run(&self, call: ToolCall) -> impl Future<Output = Done> + Send + 'static {
        let (tools, caller) = (self.desk.tools.clone(), self.conversation.identity().cloned());
        async move {
            let started = clock::now();
            let result = tools.run(&call, caller.as_ref()).await;
            (result, clock::since(started))
        }
    }
}

/// Without a language model there is nothing to ask.
#[cfg(not(feature = "openai"))]
impl Dialogue {
    #[expect(clippy::unused_async, reason = "the same signature as with a model")]
    pub(super) async fn ask_model(&mut self, _: &Prompt, _: &mut super::Voice<'_>) -> Option<crate::dialogue::Proposal> {
        None
    }

    #[expect(clippy::unused_async, reason = "the same signature as with a model")]
    async fn ask_model_ahead(&mut self, _: &Prompt) -> Result<Option<crate::dialogue::Proposal>, ()> {
        Ok(None)
    }
}
