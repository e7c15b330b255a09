//! `hotline chat`: a conversation with a pack in the terminal, by text.
//! Never shows a caller's values among the decisions: only what was understood.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Stdout};
use tokio::sync::mpsc;

use crate::business::Pack;
use crate::config::Config;
use crate::dialogue::{Verdict, language_of};
use crate::engine::reply::{Dialogue, Dialogues, ReplyEvent};
use crate::engine::{Tasks, reload};
use crate::privacy::Pii;
use crate::store::{Archive, StoreConfig};
use crate::talk::{AfterReply, Language, Prompt, Transcript, TurnId};

/// Talk to a pack by text
#[derive(Debug, Args)]
pub struct ChatArgs {
    /// The pack's folder.
    #[arg(long, default_value = "packs/shop")]
    pub pack: PathBuf,
    /// The language to begin in; the pack's first if not given.
    #[arg(long)]
    pub language: Option<Language>,
    /// The number or address that is written from; by it a caller is remembered, where the pack gives leave.
    #[arg(long, default_value = "")]
    pub from: String,
    /// Show what was understood and which tools were called.
    #[arg(long)]
    pub decisions: bool,
    /// The folder for the pack's database.
    #[arg(long, env = "HOTLINE_DATA", default_value = "data")]
    pub data: PathBuf,
}

/// Talks until the end of the conversation or of the input. A line of digits after `#` counts as keys: `#4271`.
///
/// # Errors
/// A pack with errors, a database that cannot be opened, a terminal that is gone.
pub async fn run(args: ChatArgs, config: &Config) -> anyhow::Result<()> {
    let pack = Arc::new(Pack::load(&args.pack)?);
    let dialogues = Dialogues::open(&config.dialogue, pack, &args.data).await.context("the conversation cannot begin")?;
    let store = StoreConfig { data: args.data.clone(), ..config.store.clone() };
    dialogues.keep_callers_in(Arc::new(Archive::open(&store, &config.privacy).await?));
    let tasks = Tasks::default();
    tasks.spawn("pack", reload::watch(dialogues.clone(), args.pack.clone(), |_| ()));
    let mut chat = Chat {
        dialogue: dialogues.begin(args.language).calling_from(&Pii::new(args.from)),
        out: tokio::io::stdout(),
        decisions: args.decisions,
    };
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut turn = TurnId::default();
    let mut after = chat.answer(Prompt::Greeting).await?;
    while after.expected().is_some() {
        chat.write("> ").await?;
        let Some(line) = lines.next_line().await? else { break };
        turn = turn.next();
        after = chat.answer(prompt(turn, line.trim(), chat.dialogue.language())).await?;
    }
    if let AfterReply::Transfer { target } = after {
        chat.write(&format!("  (the caller is handed to {target})\n")).await?;
    }
    dialogues.finished().await;
    tasks.stop();
    Ok(())
}

fn prompt(turn: TurnId, line: &str, language: Language) -> Prompt {
    match line.strip_prefix('#') {
        Some(keys) => Prompt::Keyed { turn, keys: Pii::new(keys.to_owned()) },
        None if line.is_empty() => Prompt::NoInput { count: 1 },
        None => {
            let language = language_of(line).unwrap_or(language);
            Prompt::Said { turn, transcript: Transcript::of_text(line, language, "text") }
        }
    }
}

struct Chat {
    dialogue: Dialogue,
    out: Stdout,
    decisions: bool,
}

impl Chat {
    async fn answer(&mut self, prompt: Prompt) -> anyhow::Result<AfterReply> {
        let (sender, mut events) = mpsc::channel(16);
        let (dialogue, out, decisions) = (&mut self.dialogue, &mut self.out, self.decisions);
        let reply = async move {
            dialogue.respond(prompt, &sender).await;
            drop(sender);
        };
        let show = async {
            let (mut said, mut after) = (Vec::new(), AfterReply::HangUp);
            while let Some(event) = events.recv().await {
                let line = match event {
                    ReplyEvent::Sentence(sentence) => {
                        said.push(sentence.text.clone());
                        format!("{}\n", sentence.text)
                    }
                    ReplyEvent::Ended { after: then, .. } => {
                        after = then;
                        continue;
                    }
                    ReplyEvent::Understood { brain, commands } if decisions => format!("  [{brain}: {commands:?}]\n"),
                    ReplyEvent::Tool { name, ok, ms, .. } if decisions => format!("  [tool {name}: ok {ok}, {ms} ms]\n"),
                    ReplyEvent::Manner(manner) if decisions => format!("  [{manner:?}]\n"),
                    ReplyEvent::Feeling { emotion, confidence, cue } if decisions => {
                        format!("  [{emotion} {confidence:.2}{}]\n", cue.map(|cue| format!(": {cue}")).unwrap_or_default())
                    }
                    ReplyEvent::Policy(Verdict { what, rule, allowed }) if decisions => {
                        format!("  [{what}: {} by \"{rule}\"]\n", if allowed { "allowed" } else { "refused" })
                    }
                    ReplyEvent::Understood { .. }
                    | ReplyEvent::Policy(_)
                    | ReplyEvent::Pack(_)
                    | ReplyEvent::Rated(_)
                    | ReplyEvent::Feeling { .. }
                    | ReplyEvent::Tool { .. }
                    | ReplyEvent::Manner(_) => continue,
                };
                out.write_all(line.as_bytes()).await?;
                out.flush().await?;
            }
            anyhow::Ok((said, after))
        };
        let ((), shown) = tokio::join!(reply, show);
        let (said, after) = shown?;
        self.dialogue.heard(&said.join(" "), false);
        Ok(after)
    }

    async fn write(&mut self, text: &str) -> anyhow::Result<()> {
        self.out.write_all(text.as_bytes()).await?;
        self.out.flush().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_words_keys_or_silence() {
        let of = |line| prompt(TurnId(1), line, Language::EN);
        assert!(matches!(of("#4271"), Prompt::Keyed { keys, .. } if keys.reveal() == "4271"));
        assert!(matches!(of(""), Prompt::NoInput { .. }));
        assert!(matches!(of("我的快递"), Prompt::Said { transcript, .. } if transcript.language == Language::ZH));
    }
}
