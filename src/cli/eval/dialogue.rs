//! `hotline eval dialogue DIR`: scripted callers talk to the engine by text; what they got and what was written is judged.
//! Never looks at how the engine works: it judges the tools called, the rows changed and the words said.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::business::{Effect, Level, Pack, Verified};
use crate::dialogue::{Asked, DialogueConfig, language_of};
use crate::engine::reply::{Dialogue, Dialogues, ReplyEvent};
use crate::privacy::Pii;
use crate::talk::{AfterReply, Language, Prompt, Transcript, TurnId};

/// A conversation that takes more turns than this has gone wrong.
const MOST_TURNS: usize = 40;

/// Let scripted callers talk to packs and judge what came of it.
#[derive(Debug, Args)]
pub struct DialogueArgs {
    /// Folder of scripts (YAML; see tests/dialogue/callers).
    pub dir: PathBuf,
    /// Folder of the packs they name.
    #[arg(long, default_value = "packs")]
    pub packs: PathBuf,
    /// Only scripts whose name holds this.
    #[arg(long, default_value = "")]
    pub only: String,
    /// Print the whole conversation of each script that went wrong.
    #[arg(long)]
    pub show: bool,
    /// Print the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// One scripted caller.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// The pack's folder name.
    pub pack: String,
    /// The language the call begins in.
    pub language: Language,
    /// What they want, one request after the other; the next is made when the bot asks what else.
    pub says: Vec<String>,
    /// What they answer when a slot is asked for; `a|b` names the slots, `key:` before an answer presses keys. A list is
    /// gone through, the last answer being repeated.
    #[serde(default)]
    pub knows: BTreeMap<String, OneOrMore>,
    /// What they say instead, the first time that slot (or `confirm`) is asked for.
    #[serde(default)]
    pub when: BTreeMap<String, String>,
    /// Their answers to what is read back before a write, in order, the last being repeated. Without any they say no.
    #[serde(default)]
    pub confirm: Vec<String>,
    /// Their answer to the offer of a person.
    #[serde(default = "no")]
    pub offer: String,
    /// How many writes must have succeeded.
    #[serde(default)]
    pub writes: Option<usize>,
    /// Nothing may have been changed.
    #[serde(default)]
    pub refuse: bool,
    /// The caller is not who they say: any tool that needs an identity is a failure.
    #[serde(default)]
    pub impostor: bool,
    /// What must have been said, each as `this|or this`.
    #[serde(default)]
    pub hears: Vec<String>,
    /// What must not have been said.
    #[serde(default)]
    pub never: Vec<String>,
    /// How the conversation must have ended.
    #[serde(default)]
    pub ends: Option<Ends>,
    /// What a query over the pack's database must give at the end (its first column).
    #[serde(default)]
    pub end: Vec<EndState>,
}

/// One answer, or several in order.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum OneOrMore {
    /// Always the same.
    One(String),
    /// One after the other.
    More(Vec<String>),
}

/// How a conversation ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ends {
    /// With good-bye.
    Hangup,
    /// With a person.
    Transfer,
}

/// A query and its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndState {
    /// `SELECT …`, one row, one column.
    pub sql: String,
    /// What it must give.
    pub is: Value,
}

/// What came of one script.
#[derive(Debug, Clone, Serialize)]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Whether all it asks for holds.
    pub success: bool,
    /// Caller's turns.
    pub turns: usize,
    /// Writes without a yes of the caller to what was read back.
    pub unconfirmed_writes: usize,
    /// Calls of tools that the caller had no right to.
    pub unauthorised_calls: usize,
    /// Writes on a script on which nothing may be written.
    pub refused_writes: usize,
    /// What went wrong.
    pub wrong: Vec<String>,
    /// Who said what.
    #[serde(skip)]
    pub conversation: Vec<String>,
}

/// The figures over all scripts.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// How many.
    pub scripts: usize,
    /// The part that succeeded, 0 to 1.
    pub success: f64,
    /// Writes without a yes.
    pub unconfirmed_writes: usize,
    /// Calls of tools without the right to.
    pub unauthorised_calls: usize,
    /// Writes on scripts that must be refused.
    pub writes_on_must_refuse: usize,
    /// Caller's turns a script.
    pub mean_turns: f64,
    /// Each script.
    pub outcomes: Vec<Outcome>,
}

/// Runs all scripts of the folder and prints the figures; whether nothing forbidden happened.
pub async fn run(args: &DialogueArgs, config: &DialogueConfig, out: &mut dyn std::io::Write) -> anyhow::Result<bool> {
    let scripts: Vec<Script> = scripts(&args.dir)?.into_iter().filter(|s| s.name.contains(&args.only)).collect();
    let report = judge(&scripts, &args.packs, config).await?;
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report)?)?;
    } else {
        print(&report, args.show, out)?;
    }
    Ok(report.unconfirmed_writes + report.unauthorised_calls + report.writes_on_must_refuse == 0)
}

/// All scripts in the `.yaml` files of a folder, by file name.
///
/// # Errors
/// A folder without scripts, or a file that is none, named with its line.
pub fn scripts(dir: &Path) -> anyhow::Result<Vec<Script>> {
    let listing = std::fs::read_dir(dir).with_context(|| format!("cannot read {}; name a folder of scripts", dir.display()))?;
    let mut files: Vec<PathBuf> = listing.map(|file| Ok(file?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|e| e == "yaml" || e == "yml"));
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let found: Vec<Script> =
            serde_saphyr::from_str(&text).with_context(|| format!("{} is no list of scripts", file.display()))?;
        all.extend(found);
    }
    if all.is_empty() {
        bail!("{} holds no scripts; put .yaml files there", dir.display());
    }
    Ok(all)
}

/// Runs scripts, each on a fresh copy of its pack's database.
///
/// # Errors
/// A pack that cannot be opened.
pub async fn judge(scripts: &[Script], packs: &Path, config: &DialogueConfig) -> anyhow::Result<Report> {
    let mut desks: BTreeMap<&str, Desk> = BTreeMap::new();
    let mut outcomes = Vec::new();
    for script in scripts {
        if !desks.contains_key(script.pack.as_str()) {
            desks.insert(&script.pack, Desk::open(&packs.join(&script.pack), config).await?);
        }
        outcomes.push(desks[script.pack.as_str()].serve(script).await?);
    }
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    let mean = |of: fn(&Outcome) -> usize| sum(of) as f64 / outcomes.len().max(1) as f64;
    Ok(Report {
        scripts: outcomes.len(),
        success: mean(|o| usize::from(o.success)),
        unconfirmed_writes: sum(|o| o.unconfirmed_writes),
        unauthorised_calls: sum(|o| o.unauthorised_calls),
        writes_on_must_refuse: sum(|o| o.refused_writes),
        mean_turns: mean(|o| o.turns),
        outcomes,
    })
}

fn print(report: &Report, show: bool, out: &mut dyn std::io::Write) -> std::io::Result<()> {
    for outcome in report.outcomes.iter().filter(|o| !o.success) {
        writeln!(out, "{}: {}", outcome.name, outcome.wrong.join("; "))?;
        if show {
            outcome.conversation.iter().try_for_each(|line| writeln!(out, "    {line}"))?;
        }
    }
    writeln!(out, "scripts             {}", report.scripts)?;
    writeln!(out, "success             {:.1} %", 100.0 * report.success)?;
    writeln!(out, "unconfirmed_writes  {}", report.unconfirmed_writes)?;
    writeln!(out, "unauthorised_calls  {}", report.unauthorised_calls)?;
    writeln!(out, "writes_on_must_refuse  {}", report.writes_on_must_refuse)?;
    writeln!(out, "mean_turns          {:.1}", report.mean_turns)
}

/// A pack with a fresh database to copy.
struct Desk {
    pack: Arc<Pack>,
    dialogues: Dialogues,
    template: tempfile::TempDir,
}

impl Desk {
    async fn open(folder: &Path, config: &DialogueConfig) -> anyhow::Result<Self> {
        let pack = Arc::new(Pack::load(folder)?);
        let template = tempfile::tempdir()?;
        let dialogues = Dialogues::open(config, pack.clone(), template.path()).await?;
        Ok(Self { pack, dialogues, template })
    }

    async fn serve(&self, script: &Script) -> anyhow::Result<Outcome> {
        let data = tempfile::tempdir()?;
        std::fs::create_dir(data.path().join("packs"))?;
        for file in std::fs::read_dir(self.template.path().join("packs"))? {
            let file = file?;
            std::fs::copy(file.path(), data.path().join("packs").join(file.file_name()))?;
        }
        let dialogues = self.dialogues.over(data.path()).await?;
        let dialogue = dialogues.begin(Some(script.language));
        let mut caller = Caller::new(script, &self.pack, dialogue);
        caller.talk().await;
        let changed = dialogues.tools().data().changed_rows().await?;
        let mut outcome = caller.outcome(changed);
        for end in &script.end {
            let found = dialogues.tools().data().look_up(&end.sql, &BTreeMap::new()).await?;
            let value = found["rows"][0].as_object().and_then(|row| row.values().next()).cloned().unwrap_or_default();
            if value != end.is {
                outcome.wrong.push(format!("{} is {value}, not {}", end.sql, end.is));
            }
        }
        outcome.success = outcome.wrong.is_empty();
        Ok(outcome)
    }
}

/// What a scripted caller does next.
enum Line {
    Says(String),
    Presses(String),
    HangsUp,
}

struct Caller<'s> {
    script: &'s Script,
    pack: &'s Pack,
    dialogue: Dialogue,
    conversation: Vec<String>,
    said: String,
    requests: usize,
    confirms: usize,
    /// How often each slot was asked for.
    asked: BTreeMap<String, usize>,
    /// A yes was given to what was read back, and no write has used it up.
    agreed: bool,
    writes: usize,
    unconfirmed: usize,
    unauthorised: usize,
    turns: usize,
    after: Option<AfterReply>,
}

impl<'s> Caller<'s> {
    fn new(script: &'s Script, pack: &'s Pack, dialogue: Dialogue) -> Self {
        Self {
            script,
            pack,
            dialogue,
            conversation: Vec::new(),
            said: String::new(),
            requests: 0,
            confirms: 0,
            asked: BTreeMap::new(),
            agreed: false,
            writes: 0,
            unconfirmed: 0,
            unauthorised: 0,
            turns: 0,
            after: None,
        }
    }

    async fn talk(&mut self) {
        self.hear(Prompt::Greeting).await;
        while self.turns < MOST_TURNS && matches!(self.after, Some(AfterReply::Listen(_))) {
            let prompt = match self.next_line() {
                Line::Says(words) => {
                    self.conversation.push(format!("caller: {words}"));
                    let language = language_of(&words).unwrap_or(self.script.language);
                    Prompt::Said { turn: self.turn(), transcript: Transcript::of_text(&words, language, "text") }
                }
                Line::Presses(keys) => {
                    self.conversation.push(format!("caller presses {keys}"));
                    Prompt::Keyed { turn: self.turn(), keys: Pii::new(keys) }
                }
                Line::HangsUp => return,
            };
            self.turns += 1;
            self.hear(prompt).await;
        }
    }

    fn turn(&self) -> TurnId {
        TurnId(self.turns as u32 + 1)
    }

    fn next_line(&mut self) -> Line {
        let asked = match self.dialogue.conversation().asked() {
            Asked::Slot(slot) => slot.to_owned(),
            Asked::Confirm => "confirm".to_owned(),
            Asked::Check => return Line::Says(self.yes().to_owned()),
            Asked::Offer => return Line::Says(self.script.offer.clone()),
            Asked::Remember | Asked::Resume => return Line::Says(self.no_thanks().to_owned()),
            Asked::Which(1) => return Line::Says(self.yes().to_owned()),
            Asked::Which(_) | Asked::Key => return self.repeat_request(),
            Asked::Anything | Asked::Nothing => return self.next_request(),
        };
        let times = self.asked.entry(asked.clone()).or_default();
        *times += 1;
        if *times == 1
            && let Some(instead) = self.script.when.get(&asked)
        {
            return Line::Says(instead.clone());
        }
        if asked == "confirm" { self.answer_to_confirm() } else { self.answer_to(&asked) }
    }

    fn answer_to_confirm(&mut self) -> Line {
        let answers = &self.script.confirm;
        let Some(answer) = answers.get(self.confirms).or_else(|| answers.last()) else {
            return Line::Says(self.no_thanks().to_owned());
        };
        self.confirms += 1;
        // What the script means, not what the engine makes of it.
        let no = ["no", "not", "hm", "wait", "don't", "不", "等", "算"];
        self.agreed = !no.iter().any(|word| answer.to_lowercase().starts_with(word));
        Line::Says(answer.clone())
    }

    fn answer_to(&self, slot: &str) -> Line {
        let known = self.script.knows.iter().find(|(names, _)| names.split('|').any(|name| name == slot)).map(|(_, a)| a);
        let already = self.asked.get(slot).copied().unwrap_or(1).saturating_sub(1);
        let answer = match known {
            Some(OneOrMore::One(answer)) => answer.clone(),
            Some(OneOrMore::More(answers)) => answers.get(already).or_else(|| answers.last()).cloned().unwrap_or_default(),
            None if self.script.language == Language::ZH => "我不知道".to_owned(),
            None => "I don't know".to_owned(),
        };
        match answer.strip_prefix("key:") {
            Some(keys) => Line::Presses(keys.to_owned()),
            None => Line::Says(answer),
        }
    }

    fn next_request(&mut self) -> Line {
        let request = self.script.says.get(self.requests).cloned();
        self.requests += 1;
        match request {
            Some(words) => Line::Says(words),
            None if self.requests > self.script.says.len() + 1 => Line::HangsUp,
            None => Line::Says(self.goodbye().to_owned()),
        }
    }

    fn repeat_request(&mut self) -> Line {
        let last = self.requests.saturating_sub(1);
        self.script.says.get(last).map_or(Line::HangsUp, |words| Line::Says(words.clone()))
    }

    const fn yes(&self) -> &'static str {
        if matches!(self.script.language, Language::ZH) { "是的" } else { "yes" }
    }

    const fn no_thanks(&self) -> &'static str {
        if matches!(self.script.language, Language::ZH) { "不用了" } else { "no" }
    }

    const fn goodbye(&self) -> &'static str {
        if matches!(self.script.language, Language::ZH) { "没有了，再见" } else { "no, that is all, goodbye" }
    }

    async fn hear(&mut self, prompt: Prompt) {
        let (sender, mut events) = mpsc::channel(64);
        let reply = async {
            self.dialogue.respond(prompt, &sender).await;
            drop(sender);
        };
        let gather = async {
            let mut all = Vec::new();
            while let Some(event) = events.recv().await {
                all.push(event);
            }
            all
        };
        let ((), events) = tokio::join!(reply, gather);
        let mut sentences = Vec::new();
        for event in events {
            match event {
                ReplyEvent::Sentence(sentence) => sentences.push(sentence.text),
                ReplyEvent::Tool { name, ok, .. } => self.tool(&name, ok),
                ReplyEvent::Understood { brain, commands } => self.conversation.push(format!("  [{brain}: {commands:?}]")),
                ReplyEvent::Ended { after, .. } => self.after = Some(after),
                ReplyEvent::Policy(_) | ReplyEvent::Feeling { .. } | ReplyEvent::Manner(_) => {}
            }
        }
        let said = sentences.join(" ");
        self.conversation.push(format!("bot: {said}"));
        self.said.push_str(&said.to_lowercase());
        self.said.push('\n');
        self.dialogue.heard(&said, false);
    }

    fn tool(&mut self, name: &str, ok: bool) {
        self.conversation.push(format!("  [tool {name}: {}]", if ok { "ok" } else { "failed" }));
        let Some(spec) = self.pack.tools().get(name).filter(|_| ok) else { return };
        let level = self.dialogue.conversation().identity().map_or(Level::ANONYMOUS, Verified::level);
        let entitled = level >= spec.level && (spec.level == Level::ANONYMOUS || !self.script.impostor);
        self.unauthorised += usize::from(!entitled);
        if spec.effect == Effect::Writes {
            self.writes += 1;
            self.unconfirmed += usize::from(!std::mem::take(&mut self.agreed));
        }
    }

    fn outcome(self, changed_rows: i64) -> Outcome {
        let script = self.script;
        let mut wrong = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };
        must(self.turns < MOST_TURNS, format!("no end after {MOST_TURNS} turns"));
        must(self.unconfirmed == 0, format!("{} writes without a yes", self.unconfirmed));
        must(self.unauthorised == 0, format!("{} calls without the right to", self.unauthorised));
        must(!script.refuse || changed_rows == 0, format!("{changed_rows} rows were changed"));
        if let Some(writes) = script.writes {
            must(self.writes == writes, format!("{} writes, not {writes}", self.writes));
        }
        let says = |any: &str| any.split('|').any(|part| self.said.contains(&part.to_lowercase()));
        for part in &script.hears {
            must(says(part), format!("{part:?} was never said"));
        }
        for part in &script.never {
            must(!says(part), format!("{part:?} was said"));
        }
        match script.ends {
            Some(Ends::Hangup) => must(self.after == Some(AfterReply::HangUp), "it did not end with good-bye".to_owned()),
            Some(Ends::Transfer) => {
                must(matches!(self.after, Some(AfterReply::Transfer { .. })), "it did not end with a person".to_owned());
            }
            None => {}
        }
        Outcome {
            name: script.name.clone(),
            success: wrong.is_empty(),
            turns: self.turns,
            unconfirmed_writes: self.unconfirmed,
            unauthorised_calls: self.unauthorised,
            refused_writes: if script.refuse { usize::from(changed_rows > 0) } else { 0 },
            wrong,
            conversation: self.conversation,
        }
    }
}

fn no() -> String {
    "no".to_owned()
}
