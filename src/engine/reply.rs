//! One call's dialogue as the driver sees it: a prompt goes in, sentences and the end of the reply come out.

use crate::talk::{AfterReply, Language, Sentence};

/// What comes out while a reply is made.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// A sentence to say.
    Sentence(Sentence),
    /// A tool was called.
    Tool {
        /// Its name in the pack.
        name: String,
        /// Whether it gave a result.
        ok: bool,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// Nothing more will be said in this reply.
    Ended {
        /// What follows.
        after: AfterReply,
        /// The language the conversation is in now.
        language: Language,
    },
}
