//! A business pack: one folder with the company's words, flows, answers and tools, read into one checked value.
//! Never half-loaded: a pack with an error gives all its errors and no pack.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use minijinja::value::Serde;
use serde::Deserialize;
use serde_json::{Map, Value};
use toml::Spanned;

use crate::talk::Language;

use super::emotion::EmotionPolicy;
use super::flow::{self, Flow};
use super::house::{Cue, House, HouseIntent, house};
use super::import;
use super::knowledge::{Entry, Knowledge, tokens};
use super::memory::MemoryConfig;
use super::rating::RatingConfig;
use super::rules;
use super::source::{Fault, PackError, Severity, Source, nearest};
use super::template::{RawText, Text, sentences};
use super::tool::{ArgumentKind, Binding, Effect, Level, McpServer, ToolSpec, identifier_ok};
use super::topic::Topic;

/// Phrases callers say, per language.
pub type Phrases = BTreeMap<Language, Vec<String>>;

/// A pack that passed every check.
#[derive(Debug)]
pub struct Pack {
    name: String,
    folder: PathBuf,
    company: Text,
    languages: Vec<Language>,
    handoff: String,
    prompts: BTreeMap<Cue, Text>,
    requests: BTreeMap<HouseIntent, Phrases>,
    yes: Phrases,
    no: Phrases,
    flows: BTreeMap<String, Flow>,
    knowledge: Knowledge,
    tools: BTreeMap<String, ToolSpec>,
    /// Level → the flow that proves it.
    identity: BTreeMap<Level, String>,
    emotion: EmotionPolicy,
    memory: MemoryConfig,
    rating: RatingConfig,
    policy: Map<String, Value>,
    warnings: Vec<Fault>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    name: Spanned<String>,
    company: RawText,
    /// The first is the one a call begins in.
    languages: Spanned<Vec<Language>>,
    /// Where callers who want a person are sent, by the name the configuration gives it.
    handoff: String,
    #[serde(default)]
    prompt: BTreeMap<Spanned<String>, RawText>,
    #[serde(default)]
    request: BTreeMap<Spanned<String>, Phrases>,
    #[serde(default)]
    memory: MemoryConfig,
    #[serde(default)]
    rating: RatingConfig,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKnowledge {
    entry: Vec<Spanned<RawEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry {
    id: Spanned<String>,
    about: RawText,
    answer: RawText,
    phrasings: Spanned<Phrases>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    level: BTreeMap<Spanned<String>, RawLevel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLevel {
    flow: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTools {
    #[serde(default)]
    tool: BTreeMap<String, Spanned<RawTool>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTool {
    about: String,
    effect: Effect,
    #[serde(default)]
    level: Level,
    #[serde(default)]
    private: bool,
    #[serde(default = "five_seconds")]
    timeout_ms: u64,
    #[serde(default)]
    args: BTreeMap<String, ArgumentKind>,
    sql: Option<Vec<String>>,
    http: Option<RawHttp>,
    native: Option<String>,
    #[serde(default)]
    reads: BTreeMap<String, String>,
    mcp: Option<RawMcp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHttp {
    method: String,
    url: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMcp {
    tool: String,
    url: Option<String>,
    token_env: Option<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    env: Vec<String>,
}

const fn five_seconds() -> u64 {
    5_000
}

impl Pack {
    /// Reads and checks the folder `packs/NAME`.
    ///
    /// # Errors
    /// A file that cannot be read, or every error found in the files, each as `file:line: what to do`.
    pub fn load(folder: &Path) -> Result<Self, PackError> {
        let mut faults = Vec::new();
        let manifest = Source::read(&folder.join("pack.toml"))?;
        let raw: RawPack = manifest.parse().map_err(|fault| PackError::Faulty(vec![fault]))?;
        let languages = raw.languages.get_ref().clone();
        if languages.is_empty() {
            faults.push(manifest.error(raw.languages.span(), "name at least one language".to_owned()));
        }
        if !identifier_ok(raw.name.get_ref()) {
            faults.push(manifest.error(raw.name.span(), "a pack's name is made of a-z, 0-9, - and _".to_owned()));
        }
        let tools = read_tools(folder, &mut faults)?;
        let policy = rules::read(folder, &mut faults)?;
        let mut entries = read_knowledge(folder, &languages, (&policy, raw.company.get_ref()), &mut faults)?;
        let imported = import::read(&folder.join("knowledge"), &languages, &mut entries, &mut faults)?;
        entries.extend(imported);
        check_migrations(folder, &mut faults);
        let identity = read_identity(folder, &mut faults)?;
        let flows = read_flows(folder, &languages, (&tools, &identity, &policy), &mut faults)?;
        let emotion = EmotionPolicy::read(folder, &languages, &mut faults)?;
        let company = Text::check(&raw.company, &languages, &manifest, &mut faults);
        let (prompts, requests, house) = furnish(&raw, &manifest, &languages, &mut faults);
        let (errors, warnings): (Vec<_>, Vec<_>) = faults.into_iter().partition(|f| f.severity == Severity::Error);
        if !errors.is_empty() {
            return Err(PackError::Faulty(errors));
        }
        let pack = Self {
            name: raw.name.into_inner(),
            folder: folder.to_owned(),
            company,
            languages,
            handoff: raw.handoff,
            prompts,
            requests,
            yes: house.yes,
            no: house.no,
            flows,
            knowledge: Knowledge::new(entries),
            tools,
            identity,
            emotion,
            memory: raw.memory,
            rating: raw.rating,
            policy,
            warnings,
        };
        let clashes = pack.clashes()?;
        if clashes.is_empty() { Ok(pack) } else { Err(PackError::Faulty(clashes)) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder it was read from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The company's name in that language.
    pub fn company(&self, language: Language) -> &str {
        self.company.template(language).unwrap_or_default()
    }

    /// The languages it is written in; a call begins in the first.
    pub fn languages(&self) -> &[Language] {
        &self.languages
    }

    /// The language a call begins in, unless it asks for another.
    pub fn first_language(&self) -> Language {
        self.languages[0]
    }

    /// Where callers who want a person are sent.
    pub fn handoff(&self) -> &str {
        &self.handoff
    }

    /// A prompt that belongs to no flow.
    pub fn prompt(&self, cue: Cue) -> &Text {
        &self.prompts[&cue]
    }

    /// What is said first in a call: that this is a machine, then the first question.
    pub fn greeting(&self, language: Language) -> Vec<String> {
        let variables = minijinja::context! { language => language.code(), company => self.company(language) };
        let notice = self.emotion.notice();
        let texts = [Some(self.prompt(Cue::Disclosure)), notice, Some(self.prompt(Cue::Greeting))];
        let said = texts.into_iter().flatten().map(|text| text.render(language, &variables).unwrap_or_default());
        said.flat_map(|text| sentences(&text)).collect()
    }

    /// What whoever is about to talk must be told: that this is a machine, and that calls are recorded, where they are.
    pub fn disclosures(&self, language: Language) -> [String; 2] {
        let variables = minijinja::context! { language => language.code(), company => self.company(language) };
        [Cue::Disclosure, Cue::Recorded].map(|cue| self.prompt(cue).render(language, &variables).unwrap_or_default())
    }

    /// Short texts without variables that are said often: worth synthesising before the first call.
    pub fn fixed_prompts(&self, language: Language) -> Vec<String> {
        let templates = self.prompts.values().filter_map(|t| t.template(language));
        let fixed = templates.filter(|t| !t.contains('{')).flat_map(sentences);
        fixed.chain(self.greeting(language)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Acknowledgements that may be said at once while the answer is made.
    pub fn fillers(&self, language: Language) -> Vec<String> {
        self.prompt(Cue::Filler).template(language).map(sentences).unwrap_or_default()
    }

    /// The flows by name.
    pub fn flows(&self) -> &BTreeMap<String, Flow> {
        &self.flows
    }

    /// The questions and answers.
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// The tools by name.
    pub fn tools(&self) -> &BTreeMap<String, ToolSpec> {
        &self.tools
    }

    /// The company's rules that are plain values.
    pub const fn policy(&self) -> &Map<String, Value> {
        &self.policy
    }

    /// The flow that proves an identity of that level.
    pub fn identity_flow(&self, level: Level) -> Option<&Flow> {
        self.flows.get(self.identity.get(&level)?)
    }

    /// Whether this flow proves an identity: it is run by the engine, never asked for.
    pub fn proves_identity(&self, flow: &str) -> bool {
        self.identity.values().any(|f| f == flow)
    }

    /// What a caller's feelings change.
    pub const fn emotion(&self) -> &EmotionPolicy {
        &self.emotion
    }

    /// What is remembered of callers who give leave.
    pub const fn memory(&self) -> &MemoryConfig {
        &self.memory
    }

    /// Whether callers are asked how satisfied they are.
    pub const fn rating(&self) -> RatingConfig {
        self.rating
    }

    /// What could be better.
    pub fn warnings(&self) -> &[Fault] {
        &self.warnings
    }

    /// Phrases that mean yes.
    pub fn yes(&self) -> &Phrases {
        &self.yes
    }

    /// Phrases that mean no.
    pub fn no(&self) -> &Phrases {
        &self.no
    }

    /// Everything a caller may ask for, with the phrases for it.
    pub fn topics(&self) -> Vec<(Topic, &Phrases)> {
        let asked_for = self.flows.values().filter(|f| !f.intent.is_empty());
        let flows = asked_for.map(|f| (Topic::Flow(f.id.clone()), &f.intent));
        let entries = self.knowledge.entries().iter().map(|e| (Topic::Entry(e.id.clone()), &e.phrasings));
        let house = self.requests.iter().map(|(intent, phrases)| (Topic::House(*intent), phrases));
        flows.chain(entries).chain(house).collect()
    }

    /// One phrase cannot start two things.
    fn clashes(&self) -> Result<Vec<Fault>, PackError> {
        let mut owner: BTreeMap<Vec<String>, &Topic> = BTreeMap::new();
        let mut clashes = Vec::new();
        let topics = self.topics();
        for (topic, phrases) in &topics {
            for phrase in phrases.values().flatten() {
                if let Some(other) = owner.insert(tokens(phrase), topic)
                    && other != topic
                {
                    clashes.push((phrase, format!("{phrase:?} starts both {other} and {topic}; take it out of one")));
                }
            }
        }
        clashes.into_iter().map(|(phrase, what)| self.where_it_stands(phrase, what)).collect()
    }

    fn where_it_stands(&self, phrase: &str, what: String) -> Result<Fault, PackError> {
        let documents = import::sources(&self.folder.join("knowledge"))?;
        if let Some(fault) = documents.iter().find_map(|file| Some(file.error_at(file.line_of(phrase)?, what.clone()))) {
            return Ok(fault);
        }
        let mut sources = read_folder(&self.folder.join("flows"))?;
        sources.extend(read_folder(&self.folder)?);
        let found =
            sources.iter().rev().find_map(|source| Some(source.error_at(source.line_of(&format!("{phrase:?}"))?, what.clone())));
        Ok(found.unwrap_or_else(|| house().0.error_at(1, what)))
    }
}

/// Tools, the flows that prove an identity, and the company's rules.
type Reachable<'a> = (&'a BTreeMap<String, ToolSpec>, &'a BTreeMap<Level, String>, &'a Map<String, Value>);

fn read_flows(
    folder: &Path,
    languages: &[Language],
    (tools, identity, policy): Reachable<'_>,
    faults: &mut Vec<Fault>,
) -> Result<BTreeMap<String, Flow>, PackError> {
    let sources = read_folder(&folder.join("flows"))?;
    let read: Vec<(Source, Flow)> =
        sources.into_iter().filter_map(|source| flow::read(&source, languages, faults).map(|flow| (source, flow))).collect();
    let all: BTreeMap<&str, &Flow> = read.iter().map(|(_, flow)| (flow.id.as_str(), flow)).collect();
    let around = flow::Around { flows: &all, tools, identity, policy };
    for (source, flow) in &read {
        if flow.intent.is_empty() && !identity.values().any(|f| *f == flow.id) {
            faults.push(source.error_at(1, "nothing starts this flow; write [intent], or name it in identity.toml".to_owned()));
        }
        faults.extend(flow::check(flow, &around, source));
    }
    Ok(read.into_iter().map(|(_, flow)| (flow.id.clone(), flow)).collect())
}

fn read_identity(folder: &Path, faults: &mut Vec<Fault>) -> Result<BTreeMap<Level, String>, PackError> {
    let path = folder.join("identity.toml");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let source = Source::read(&path)?;
    let raw: RawIdentity = match source.parse() {
        Ok(raw) => raw,
        Err(fault) => {
            faults.push(fault);
            return Ok(BTreeMap::new());
        }
    };
    let mut identity = BTreeMap::new();
    for (name, RawLevel { flow }) in raw.level {
        match name.get_ref().parse().ok().and_then(|n: u8| Level::PROVABLE.into_iter().find(|l| l.get() == n)) {
            Some(level) if folder.join("flows").join(format!("{}.toml", flow.get_ref())).exists() => {
                identity.insert(level, flow.into_inner());
            }
            Some(_) => faults.push(source.error(flow.span(), format!("there is no flow flows/{}.toml", flow.get_ref()))),
            None => faults.push(source.error(name.span(), "a machine can prove the levels 1 and 2".to_owned())),
        }
    }
    Ok(identity)
}

/// A migration whose name does not say when it runs would be passed over in silence.
fn check_migrations(folder: &Path, faults: &mut Vec<Fault>) {
    let files = std::fs::read_dir(folder.join("database")).into_iter().flatten().flatten().map(|file| file.path());
    for path in files.filter(|path| path.extension().is_some_and(|e| e == "sql")) {
        let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
        if name.split_once('_').is_none_or(|(number, _)| number.parse::<i64>().is_err()) {
            let what = "a migration is called NUMBER_WHAT.sql, for example 0001_customers.sql; this one would not run".to_owned();
            faults.push(Fault { severity: Severity::Error, file: path, line: 1, what });
        }
    }
}

fn read_folder(folder: &Path) -> Result<Vec<Source>, PackError> {
    let unreadable = |source| PackError::Unreadable { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for file in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = file.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths.iter().map(|path| Source::read(path)).collect()
}

fn read_knowledge(
    folder: &Path,
    languages: &[Language],
    (policy, company): (&Map<String, Value>, &BTreeMap<Language, String>),
    faults: &mut Vec<Fault>,
) -> Result<Vec<Entry>, PackError> {
    let path = folder.join("faq.toml");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let source = Source::read(&path)?;
    let raw: RawKnowledge = match source.parse() {
        Ok(raw) => raw,
        Err(fault) => {
            faults.push(fault);
            return Ok(Vec::new());
        }
    };
    let mut entries: Vec<Entry> = Vec::new();
    for raw in raw.entry {
        let line = source.line(raw.span().start);
        let raw = raw.into_inner();
        let id = raw.id.into_inner();
        if entries.iter().any(|e| e.id == id) {
            faults.push(source.error_at(line, format!("two entries are called {id}; give one another id")));
        }
        for language in languages.iter().filter(|l| !raw.phrasings.get_ref().contains_key(l)) {
            faults.push(source.error(raw.phrasings.span(), format!("{id} has no phrasings in {language}; add some")));
        }
        let answer = Text::check(&raw.answer, languages, &source, faults);
        let known =
            |v: &str| matches!(v, "company" | "language") || v.strip_prefix("policy.").is_some_and(|r| policy.contains_key(r));
        if let Some(variable) = answer.variables().iter().find(|v| !known(v)) {
            faults.push(source.error_at(line, format!("an answer knows no {variable}; only company, language and policy.NAME")));
        }
        let answer = answer.filled(|language| {
            minijinja::context! { language => language.code(), company => company.get(&language), policy => Serde(policy) }
        });
        let about = Text::check(&raw.about, languages, &source, faults);
        entries.push(Entry { id, about, answer, phrasings: raw.phrasings.into_inner() });
    }
    Ok(entries)
}

fn read_tools(folder: &Path, faults: &mut Vec<Fault>) -> Result<BTreeMap<String, ToolSpec>, PackError> {
    let path = folder.join("tools.toml");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let source = Source::read(&path)?;
    let raw: RawTools = match source.parse() {
        Ok(raw) => raw,
        Err(fault) => {
            faults.push(fault);
            return Ok(BTreeMap::new());
        }
    };
    let mut tools = BTreeMap::new();
    for (name, raw) in raw.tool {
        let span = raw.span();
        match tool_of(name, raw.into_inner()) {
            Ok(tool) => {
                tools.insert(tool.name.clone(), tool);
            }
            Err(what) => faults.push(source.error(span, what)),
        }
    }
    Ok(tools)
}

fn tool_of(name: String, raw: RawTool) -> Result<ToolSpec, String> {
    if !identifier_ok(&name) {
        return Err(format!("{name:?} is no name for a tool; use a-z, 0-9 and _"));
    }
    let binding = match (raw.sql, raw.http, raw.native, raw.mcp) {
        (Some(sql), None, None, None) if !sql.is_empty() => Binding::Sql(sql),
        (None, Some(RawHttp { method, url }), None, None) => Binding::Http { method, url },
        (None, None, Some(native), None) => Binding::Native(native),
        (None, None, None, Some(RawMcp { tool, url, token_env, command, env })) => {
            let server = McpServer::declared(url, command, token_env, env).ok_or_else(|| {
                format!("mcp of the tool {name} needs url = \"http…\" (and token_env) or command = [\"…\"] (and env = [\"…\"])")
            })?;
            Binding::Mcp { server, tool }
        }
        _ => {
            return Err(format!(
                "the tool {name} needs exactly one of sql = [\"…\"], http = {{ method, url }}, native = \"…\" or mcp = {{ url, tool }}"
            ));
        }
    };
    let timeout = Duration::from_millis(raw.timeout_ms);
    let spec = ToolSpec {
        name,
        about: raw.about,
        effect: raw.effect,
        level: raw.level,
        private: raw.private,
        timeout,
        arguments: raw.args,
        reads: raw.reads,
        binding,
    };
    if !spec.reads.is_empty() && !matches!(spec.binding, Binding::Native(_)) {
        return Err(format!("{}: reads is for a tool with native = \"…\"; write sql = [\"…\"] instead", spec.name));
    }
    let accounts = spec.arguments.values().filter(|kind| **kind == ArgumentKind::Account).count();
    if accounts > 1 || (accounts == 1 && spec.level == Level::ANONYMOUS) {
        return Err(format!("{}: an argument of kind account stands alone and needs level = 1 or more", spec.name));
    }
    Ok(spec)
}

/// The house's prompts and requests with the pack's own in their place.
fn furnish(
    raw: &RawPack,
    manifest: &Source,
    languages: &[Language],
    faults: &mut Vec<Fault>,
) -> (BTreeMap<Cue, Text>, BTreeMap<HouseIntent, Phrases>, House) {
    let (source, house) = house();
    let mut prompts = BTreeMap::new();
    for cue in Cue::ALL {
        let own = raw.prompt.iter().find(|(name, _)| name.get_ref() == cue.as_str());
        let text = match own {
            Some((_, text)) => Text::check(text, languages, manifest, faults),
            None => Text::check(&house.prompt[cue], languages, &source, faults),
        };
        prompts.insert(*cue, text);
    }
    for (name, _) in raw.prompt.iter().filter(|(name, _)| Cue::ALL.iter().all(|cue| cue.as_str() != name.get_ref().as_str())) {
        let hint = nearest(name.get_ref(), Cue::ALL.iter().map(|cue| cue.as_str()));
        faults.push(manifest.error(name.span(), format!("there is no prompt {}; {hint}", name.get_ref())));
    }
    let mut requests = house.request.clone();
    for (name, phrases) in &raw.request {
        match HouseIntent::ALL.iter().find(|i| i.as_str() == name.get_ref().as_str()) {
            Some(intent) => phrases.iter().for_each(|(language, more)| {
                requests.entry(*intent).or_default().entry(*language).or_default().extend(more.iter().cloned());
            }),
            None => {
                let hint = nearest(name.get_ref(), HouseIntent::ALL.iter().map(|i| i.as_str()));
                faults.push(manifest.error(name.span(), format!("there is no request {}; {hint}", name.get_ref())));
            }
        }
    }
    (prompts, requests, house)
}
