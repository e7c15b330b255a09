//! What comes out while a reply is made: sentences, and what is told for the record.
//! Never holds a value of the caller's but what is said and how satisfied they are.

use crate::business::Effect;
use crate::dialogue::{Command, Manner, Verdict};
use crate::store::journal::JournalEvent;
use crate::talk::{AfterReply, Language, Sentence};

/// What comes out while a reply is made.
#[derive(Debug, Clone, PartialEq)]
pub enum ReplyEvent {
    /// What was understood, and by which brain. Holds no value of the caller's.
    Understood {
        /// `embedded`, `openai`, or `pack` where nothing had to be understood.
        brain: &'static str,
        /// What the caller wants.
        commands: Vec<Command>,
    },
    /// The conversation goes on with this state of a pack.
    Pack(PackVersion),
    /// How satisfied the caller is, from 1 to 5.
    Rated(u8),
    /// What the policy said to something that was to be done.
    Policy(Verdict),
    /// What the caller's turn told of their feelings, where the pack reads them.
    Feeling {
        /// Its name.
        emotion: &'static str,
        /// How likely, 0 to 1.
        confidence: f32,
        /// The strongest sign: an entry of the lexicon or a rule's name, never the caller's words.
        cue: Option<&'static str>,
    },
    /// The caller wants to be spoken to like this from now on.
    Manner(Manner),
    /// A sentence to say.
    Sentence(Sentence),
    /// A tool was called.
    Tool {
        /// Its name in the pack.
        name: String,
        /// Whether it writes.
        effect: Effect,
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

/// Which state of which pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackVersion {
    /// The pack's name.
    pub name: String,
    /// The first digits of its content's hash; the audit log has all of them.
    pub version: String,
}

impl ReplyEvent {
    /// What the journal keeps of it; nothing of what is told there by who carries it out.
    pub(in crate::engine) fn for_the_record(&self) -> Option<JournalEvent> {
        match self {
            Self::Understood { brain, commands } => {
                let commands = commands.iter().map(Command::label).collect();
                Some(JournalEvent::Understood { brain: (*brain).to_owned(), commands })
            }
            Self::Pack(PackVersion { name, version }) => {
                Some(JournalEvent::Pack { name: name.clone(), version: version.clone() })
            }
            Self::Rated(stars) => Some(JournalEvent::Rating { stars: *stars }),
            Self::Policy(Verdict { what, rule, allowed }) => {
                Some(JournalEvent::Policy { what: what.clone(), rule: (*rule).to_owned(), allowed: *allowed })
            }
            Self::Feeling { emotion, confidence, cue } => {
                let (emotion, cue) = ((*emotion).to_owned(), cue.map(str::to_owned));
                Some(JournalEvent::Feeling { emotion, confidence: *confidence, cue })
            }
            Self::Manner(_) | Self::Sentence(_) | Self::Tool { .. } | Self::Ended { .. } => None,
        }
    }
}
