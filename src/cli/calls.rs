//! `hotline calls list|show`: past calls, for people and as JSON lines.
//! Never changes a record.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;
use tokio::sync::mpsc;

use crate::engine::Seen;
use crate::store::journal::{Entry, JournalEvent};
use crate::store::{CallRecord, CallRecords, CallSummary};
use crate::talk::CallId;
use crate::telemetry::{Percentiles, Waterfall};

/// Past calls.
#[derive(Debug, Args)]
pub struct CallsArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CallsCommand,
    /// The folder that holds the records, instead of the configured one.
    #[arg(long, global = true)]
    pub data: Option<PathBuf>,
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
}

/// Runs the subcommand on the records under `--data`, or else under the configured folder.
pub fn run(args: &CallsArgs, configured: &Path, out: &mut dyn Write) -> anyhow::Result<()> {
    let records = CallRecords::new(args.data.as_deref().unwrap_or(configured));
    match &args.command {
        CallsCommand::List => list(&records.list()?, args.json, out)?,
        CallsCommand::Show { id } => {
            let record = records.show(&find(&records, id)?)?;
            if args.json { show_json(&record, out)? } else { show(&record, out)? }
        }
    }
    Ok(())
}

fn find(records: &CallRecords, id: &str) -> anyhow::Result<CallId> {
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
            let damage = if call.damaged > 0 { format!("  {} damaged lines", call.damaged) } else { String::new() };
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
    if let Some(wav) = &record.recording {
        writeln!(out, "recording: {}", wav.display())?;
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
        &JournalEvent::Latency { endpoint_ms, stt_ms, reply_ms, tts_ms, wire_ms, .. } => {
            ("", Waterfall::new([endpoint_ms, stt_ms, reply_ms, tts_ms, wire_ms]).to_string())
        }
        JournalEvent::CallEnded { cause } => ("call", format!("ended: {cause}")),
        JournalEvent::EventsLost { count } => ("", format!("({count} lines are missing here)")),
        JournalEvent::SpeechStarted { .. }
        | JournalEvent::SpeechEnded { .. }
        | JournalEvent::ReplyStarted
        | JournalEvent::ReplyEnded { interrupted: false, .. } => return None,
    })
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
fn clock(duration: Duration) -> String {
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
        r#"{"t_ms":64000,"kind":"cal"#,
    );

    fn printed(command: CallsCommand, json: bool) -> String {
        let data = tempfile::tempdir().expect("a folder");
        let folder = data.path().join("calls/20261122-151923-kqzt");
        std::fs::create_dir_all(&folder).expect("a fresh folder");
        std::fs::write(folder.join("events.jsonl"), LINES).expect("written");
        let mut out = Vec::new();
        run(&CallsArgs { command, data: None, json }, data.path(), &mut out).expect("the call is there");
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
damaged: events.jsonl:11: cut off: the writer was stopped in the middle of it
";
        assert_eq!(printed(CallsCommand::Show { id: "last".to_owned() }, false), expected);
    }

    #[test]
    fn json_is_the_whole_lines_as_they_stand() {
        let json = printed(CallsCommand::Show { id: "20261122-151923-kqzt".to_owned() }, true);
        assert_eq!(json.lines().collect::<Vec<_>>(), LINES.lines().take(10).collect::<Vec<_>>());
    }

    #[test]
    fn the_list_is_one_line_a_call() {
        let list = printed(CallsCommand::List, false);
        assert_eq!(list, "20261122-151923-kqzt  1:04.000    1 turns  caller         sip:\u{fffd}[2Jeve@x  1 damaged lines\n");
        let json: serde_json::Value = serde_json::from_str(&printed(CallsCommand::List, true)).expect("one object");
        assert_eq!((&json["length_ms"], &json["started"]), (&64_000.into(), &"2026-11-22 15:19:23".into()));
    }

    #[test]
    fn a_wrong_id_says_where_the_right_ones_are() {
        let data = tempfile::tempdir().expect("a folder");
        for id in ["../../etc", "20261122-000000-aaaa"] {
            let command = CallsCommand::Show { id: id.to_owned() };
            let error =
                run(&CallsArgs { command, data: None, json: false }, data.path(), &mut Vec::new()).expect_err("no such call");
            assert!(error.to_string().contains("hotline calls list"), "{error}");
        }
    }
}
