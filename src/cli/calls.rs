//! `hotline calls list|show|wav`: past calls, for people, as JSON lines, and to listen to.
//! Never changes a record, and never shows one without a word in the audit log.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use tokio::sync::mpsc;

use super::audit::operator;
use super::line_args::DataArgs;
use crate::config::Config;
use crate::dialogue::is_condition;
use crate::engine::{Seen, clock};
use crate::store::audit::{AuditEvent, AuditLog};
use crate::store::journal::{Entry, JournalEvent};
use crate::store::{CallRecord, CallRecords, CallSummary, KeyError, Vault, recording};
use crate::talk::CallId;
use crate::telemetry::{Percentiles, Waterfall};

/// Past calls.
#[derive(Debug, Args)]
pub struct CallsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CallsCommand,
    #[command(flatten)]
    data: DataArgs,
    /// Print JSON lines.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with past calls.
#[derive(Debug, Subcommand)]
pub enum CallsCommand {
    /// All calls, the latest first.
    List,
    /// One call: who said what when, interruptions, and where the time went.
    Show {
        /// The call's id, or `last`.
        id: String,
    },
    /// A call's sound as a wav: left the caller, right the bot.
    Wav {
        /// The call's id, or `last`.
        id: String,
        /// Where to write it; nothing there is overwritten.
        out: PathBuf,
    },
}

/// Runs the subcommand on the records under `--data`, or else under the configured folder.
///
/// # Errors
/// No such call, keys that cannot be had, an audit log that cannot be written: what is not audited is not shown.
pub fn run(args: &CallsArgs, config: Config, out: &mut dyn Write) -> anyhow::Result<()> {
    let config = args.data.over(config);
    let vault = match Vault::existing(&config.store.data, &config.privacy) {
        Ok(vault) => Arc::new(vault),
        Err(KeyError::NoKeys(_)) if matches!(args.command, CallsCommand::List) => return Ok(list(&[], args.json, out)?),
        Err(error) => return Err(error.into()),
    };
    let records = CallRecords::new(Arc::clone(&vault));
    match &args.command {
        CallsCommand::List => list(&records.list()?, args.json, out)?,
        CallsCommand::Show { id } => {
            let record = records.show(&find(&records, id)?)?;
            note_access(&vault, &record.id, "events")?;
            if args.json { show_json(&record, out)? } else { show(&record, out)? }
        }
        CallsCommand::Wav { id, out: path } => {
            let id = find(&records, id)?;
            note_access(&vault, &id, "recording")?;
            let file = new_file(path)?;
            for damage in recording::read(&vault, &id, io::BufWriter::new(file))? {
                writeln!(out, "damaged: {damage}")?;
            }
        }
    }
    Ok(())
}

/// A file that only its owner may read, where there is none yet.
pub fn new_file(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.write(true).read(true).create_new(true).open(path);
    file.with_context(|| format!("{} cannot be made; name a file that is not there yet", path.display()))
}

/// Somebody looked at a call's record.
pub fn note_access(vault: &Vault, call: &CallId, what: &'static str) -> anyhow::Result<()> {
    let access = AuditEvent::Access { call: call.clone(), what, by: operator() };
    AuditLog::open(vault)?.append(clock::wall().to_utc(), &access)?;
    Ok(())
}

/// The call with that id, or the `last` one.
pub fn find(records: &CallRecords, id: &str) -> anyhow::Result<CallId> {
    if id == "last" {
        let latest = records.list()?.into_iter().next().context("no call was kept yet; place one, then ask again")?;
        return Ok(latest.id);
    }
    CallId::new(id).context("that is no call id; `hotline calls list` shows them")
}

fn list(calls: &[CallSummary], json: bool, out: &mut dyn Write) -> io::Result<()> {
    for call in calls {
        if json {
            writeln!(out, "{}", summary_json(call))?;
        } else {
            let cause = call.cause.as_deref().unwrap_or("not ended");
            let damage = if call.damaged > 0 { format!("  {} damaged records", call.damaged) } else { String::new() };
            let (id, length, turns, from) = (&call.id, clock(call.length), call.turns, printable(call.from.reveal()));
            writeln!(out, "{id:<20}  {length:>8}  {turns:>3} turns  {cause:<13}  {from}{damage}")?;
        }
    }
    if calls.is_empty() && !json {
        writeln!(out, "No call was kept yet.")?;
    }
    Ok(())
}

fn summary_json(call: &CallSummary) -> serde_json::Value {
    json!({
        "id": call.id.as_str(),
        "started": call.started.map(|at| at.to_string()),
        "from": call.from.reveal(),
        "length_ms": call.length.as_millis() as u64,
        "turns": call.turns,
        "barge_ins": call.barge_ins,
        "cause": call.cause,
        "damaged": call.damaged,
    })
}

fn show_json(record: &CallRecord, out: &mut dyn Write) -> io::Result<()> {
    record.lines.iter().try_for_each(|line| writeln!(out, "{}", line.reveal()))
}

fn show(record: &CallRecord, out: &mut dyn Write) -> io::Result<()> {
    let summary = record.summary();
    writeln!(out, "{}  {}  {} turns  {} interruptions", record.id, clock(summary.length), summary.turns, summary.barge_ins)?;
    for entry in &record.entries {
        if let Some(line) = line(entry) {
            writeln!(out, "{line}")?;
        }
    }
    show_latency(record, out)?;
    if record.is_recorded {
        writeln!(out, "recorded: hotline calls wav {} FILE.wav", record.id)?;
    }
    if !record.is_closed {
        writeln!(out, "not closed: the call lasts, its writer was stopped, or its end was taken away")?;
    }
    record.damage.iter().try_for_each(|damage| writeln!(out, "damaged: {damage}"))
}

/// Who did what, for a person who reads along; `None` for what only machines want.
fn told(entry: &Entry) -> Option<(&'static str, String)> {
    Some(match &entry.event {
        JournalEvent::CallStarted { from, to, transport, codec } => ("call", format!("{from} → {to} ({transport}, {codec})")),
        JournalEvent::Transcript { is_final: false, .. } => return None,
        JournalEvent::Transcript { text, engine, language, .. } if text.trim().is_empty() => {
            ("caller", format!("(not understood: {engine}, {language})"))
        }
        JournalEvent::Transcript { text, engine, language, .. } => ("caller", format!("{text}  ({engine}, {language})")),
        JournalEvent::Reply { text } => ("bot", text.clone()),
        JournalEvent::ReplyEnded { interrupted: true, heard } => ("", format!("✂ heard up to here: {heard:?}")),
        JournalEvent::BargeIn { after_ms } => ("caller", format!("interrupts; the bot stops after {after_ms} ms")),
        JournalEvent::Digit { digit } => ("caller", format!("presses {digit}")),
        JournalEvent::Tool { name, ok, ms } => ("bot", format!("[{name}: {} in {ms} ms]", if *ok { "done" } else { "failed" })),
        JournalEvent::Pack { name, version } => ("", format!("pack {name}, version {version}")),
        JournalEvent::Rating { stars } => ("caller", format!("gives {stars} of 5")),
        JournalEvent::Joined { with } => ("call", format!("joined with: {with}")),
        JournalEvent::Hint { way, text } => ("operator", format!("{way}: {text}")),
        JournalEvent::Policy { what, rule, allowed: false } => ("", held_back(what, rule)),
        JournalEvent::Identity { verified: true } => ("", "the caller is who they say".to_owned()),
        JournalEvent::Identity { verified: false } => ("", "nobody is vouched for any more".to_owned()),
        &JournalEvent::Latency { endpoint_ms, stt_ms, reply_ms, tts_ms, wire_ms, .. } => {
            ("", Waterfall::new([endpoint_ms, stt_ms, reply_ms, tts_ms, wire_ms]).to_string())
        }
        JournalEvent::CallEnded { cause } => ("call", format!("ended: {cause}")),
        JournalEvent::EventsLost { count } => ("", format!("({count} lines are missing here)")),
        JournalEvent::Understood { .. }
        | JournalEvent::Policy { allowed: true, .. }
        | JournalEvent::Feeling { .. }
        | JournalEvent::SpeechStarted { .. }
        | JournalEvent::SpeechEnded { .. }
        | JournalEvent::ReplyStarted
        | JournalEvent::ReplyEnded { interrupted: false, .. } => return None,
    })
}

/// What the policy did not let pass: put off until the caller meets the rule, or not done at all.
fn held_back(what: &str, rule: &str) -> String {
    match is_condition(rule) {
        true => format!("{what} waits until {rule}"),
        false => format!("{what} is refused, by the rule {rule:?}"),
    }
}

fn show_latency(record: &CallRecord, out: &mut dyn Write) -> io::Result<()> {
    let totals: BTreeMap<Option<u32>, Duration> = record
        .entries
        .iter()
        .filter_map(|entry| match entry.event {
            JournalEvent::Latency { total_ms, .. } => Some((entry.turn, Duration::from_millis(total_ms))),
            _ => None,
        })
        .collect();
    match Percentiles::of(&totals.into_values().collect::<Vec<_>>()) {
        Some(latency) => writeln!(out, "voice to voice: {latency}"),
        None => Ok(()),
    }
}

/// Prints what happens on a line as it happens, until the line is closed.
pub async fn follow(mut events: mpsc::Receiver<Seen>) {
    while let Some((_, entry)) = events.recv().await {
        if let Some(line) = line(&entry) {
            // Nobody reading is no reason to end the line.
            writeln!(io::stdout(), "{line}").ok();
        }
    }
}

/// One event as a person reads it; `None` for what only machines want.
pub fn line(entry: &Entry) -> Option<String> {
    let (who, what) = told(entry)?;
    Some(format!("{:>8}  {who:<7} {}", clock(Duration::from_millis(entry.t_ms)), printable(&what)))
}

/// `1:02.345`.
pub fn clock(duration: Duration) -> String {
    let ms = duration.as_millis();
    format!("{}:{:02}.{:03}", ms / 60_000, ms / 1_000 % 60, ms % 1_000)
}

/// Text that cannot move the reader's cursor: a caller's name may hold escape sequences.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::TurnId;

    const LINES: &str = concat!(
        r#"{"t_ms":0,"kind":"call_started","from":"sip:\u001b[2Jeve@x","to":"sip:bot@x","transport":"sip/udp","codec":"PCMA"}"#,
        "\n",
        r#"{"t_ms":900,"turn":0,"kind":"reply","text":"Hello, this is the shop."}"#,
        "\n",
        r#"{"t_ms":2100,"turn":1,"kind":"barge_in","after_ms":140}"#,
        "\n",
        r#"{"t_ms":2110,"turn":0,"kind":"reply_ended","heard":"Hello, this","interrupted":true}"#,
        "\n",
        r#"{"t_ms":3000,"turn":1,"kind":"speech_ended","at_ms":2600}"#,
        "\n",
        r#"{"t_ms":3050,"turn":1,"kind":"transcript","text":"order","final":false,"engine":"sphinx","language":"en"}"#,
        "\n",
        r#"{"t_ms":3100,"turn":1,"kind":"transcript","text":"我的订单","final":true,"engine":"whisper","language":"zh"}"#,
        "\n",
        r#"{"t_ms":3110,"turn":1,"kind":"tool","name":"order_status","ok":true,"ms":3}"#,
        "\n",
        r#"{"t_ms":3300,"turn":1,"kind":"latency","endpoint_ms":400,"stt_ms":100,"reply_ms":10,"tts_ms":20,"wire_ms":70,"total_ms":600}"#,
        "\n",
        r#"{"t_ms":64000,"kind":"call_ended","cause":"caller"}"#,
        "\n",
    );

    #[test]
    fn what_a_caller_may_yet_meet_waits_and_only_what_breaks_a_rule_is_refused() {
        let waits = held_back("order_status", "the caller is known well enough");
        assert_eq!(waits, "order_status waits until the caller is known well enough");
        assert_eq!(held_back("openai", "the pack has it"), "openai is refused, by the rule \"the pack has it\"");
    }

    fn config(data: &Path) -> Config {
        let mut config = Config::default();
        config.store.data = data.to_owned();
        config.store.redact = false;
        config
    }

    /// The call of these lines, whose writer was stopped within its last words.
    fn printed(command: CallsCommand, json: bool) -> String {
        let data = tempfile::tempdir().expect("a folder");
        let config = config(data.path());
        let vault = Arc::new(Vault::open(data.path(), &config.privacy).expect("keys"));
        let id = CallId::new("20261122-151923-kqzt").expect("an id");
        let (journal, writer) = crate::store::journal::journal(&config.store, &vault);
        let call = journal.open(id.clone(), vault.caller_of(&crate::privacy::Pii::default(), &id));
        for line in LINES.lines() {
            let Entry { t_ms, turn, event } = serde_json::from_str(line).expect("an entry");
            call.record(Duration::from_millis(t_ms), turn.map(TurnId), event);
        }
        drop((call, journal));
        writer.run();
        let file =
            File::options().write(true).open(data.path().join("calls/20261122-151923-kqzt/events.sealed")).expect("it is there");
        file.set_len(file.metadata().expect("a file").len() - 3).expect("cut");
        let mut out = Vec::new();
        let audited = !matches!(command, CallsCommand::List);
        run(&CallsArgs { command, data: DataArgs::default(), json }, config, &mut out).expect("the call is there");
        if audited {
            let key = crate::store::audit::public_key(data.path()).expect("a log");
            assert_eq!(crate::store::audit::verify(data.path(), &key, None).expect("whole").entries, 1);
        }
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn the_conversation_reads_like_one() {
        let expected = "\
20261122-151923-kqzt  1:04.000  1 turns  1 interruptions
0:00.000  call    sip:\u{fffd}[2Jeve@x → sip:bot@x (sip/udp, PCMA)
0:00.900  bot     Hello, this is the shop.
0:02.100  caller  interrupts; the bot stops after 140 ms
0:02.110          ✂ heard up to here: \"Hello, this\"
0:03.100  caller  我的订单  (whisper, zh)
0:03.110  bot     [order_status: done in 3 ms]
0:03.300            600 ms  ░░░░░░░░░░▒▒▒▓█▄▄          endpoint 400 · stt 100 · reply 10 · tts 20 · wire 70
1:04.000  call    ended: caller
voice to voice: p50 600 ms · p95 600 ms · p99 600 ms · max 600 ms (of 1)
not closed: the call lasts, its writer was stopped, or its end was taken away
damaged: events.sealed: record 4: cut off: the writer was stopped in the middle of it, or the end was removed
";
        assert_eq!(printed(CallsCommand::Show { id: "last".to_owned() }, false), expected);
    }

    #[test]
    fn json_is_the_whole_lines_as_they_stand() {
        let json = printed(CallsCommand::Show { id: "20261122-151923-kqzt".to_owned() }, true);
        assert_eq!(json.lines().collect::<Vec<_>>(), LINES.lines().collect::<Vec<_>>());
    }

    #[test]
    fn the_list_is_one_line_a_call() {
        let list = printed(CallsCommand::List, false);
        assert_eq!(list, "20261122-151923-kqzt  1:04.000    1 turns  caller         sip:\u{fffd}[2Jeve@x  1 damaged records\n");
        let json: serde_json::Value = serde_json::from_str(&printed(CallsCommand::List, true)).expect("one object");
        assert_eq!((&json["length_ms"], &json["started"]), (&64_000.into(), &"2026-11-22 15:19:23".into()));
    }

    #[test]
    fn a_wrong_id_says_where_the_right_ones_are() {
        let data = tempfile::tempdir().expect("a folder");
        Vault::open(data.path(), &Config::default().privacy).expect("keys");
        for id in ["../../etc", "20261122-000000-aaaa"] {
            let command = CallsCommand::Show { id: id.to_owned() };
            let args = CallsArgs { command, data: DataArgs::default(), json: false };
            let error = run(&args, config(data.path()), &mut Vec::new()).expect_err("no such call");
            assert!(error.to_string().contains("hotline calls list"), "{error}");
        }
    }
}
