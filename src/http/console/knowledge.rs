//! What the bot knows and what it did not understand: a question's hits in the knowledge, and the gaps of some days.
//! Never changes the pack: a gap comes with a suggestion, which a person takes or not (see `learned`).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Console, refused};
use crate::business::{Text, tokens};
use crate::engine::Growth;
use crate::http::error::ApiError;
use crate::privacy::redact;
use crate::store::journal::{Entry, JournalEvent};
use crate::store::{CallRecord, StoreError};
use crate::talk::{CallId, Language};

/// Hits shown.
const HITS: usize = 10;
/// Longest question, in characters.
const LONGEST: usize = 500;
/// Calls that are looked through, the latest first.
const CALLS: usize = 1_000;
/// Clusters shown, the largest first.
const CLUSTERS: usize = 100;
/// Two sentences that share so much of their words are about the same.
const ALIKE: f64 = 0.5;

/// A question to try.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    q: String,
}

/// Sentences about the same thing that were not understood.
struct Cluster {
    /// The words of its first sentence.
    words: BTreeSet<String>,
    language: Language,
    said: Vec<(String, CallId)>,
}

/// `GET /console/api/knowledge?q=…`: the entries that share words with the question, best first, with their BM25 scores.
pub(super) async fn hits(State(console): State<Arc<Console>>, Query(asked): Query<Asked>) -> Result<Json<Value>, ApiError> {
    if asked.q.trim().is_empty() || asked.q.chars().count() > LONGEST {
        return Err(refused(StatusCode::UNPROCESSABLE_ENTITY, "a question has 1 to 500 characters", "write a short question"));
    }
    let pack = (console.rooms.pack)();
    let texts = |text: &Text| text.templates().map(str::to_owned).collect::<Vec<_>>();
    let hits = pack.knowledge().search(&asked.q).into_iter().take(HITS).map(|(entry, score)| {
        let (about, answer) = (texts(&entry.about), texts(&entry.answer));
        json!({ "id": entry.id, "score": score, "about": about, "answer": answer, "phrasings": entry.phrasings })
    });
    let hits: Vec<_> = hits.collect();
    Ok(Json(json!({ "pack": pack.name(), "entries": pack.knowledge().entries().len(), "hits": hits })))
}

/// `GET /console/api/gaps`: what callers said in words and the bot did not understand, alike sentences together. What it has
/// learnt to understand since is no gap any more.
pub(super) async fn gaps(State(console): State<Arc<Console>>) -> Result<Json<Value>, ApiError> {
    let gaps = console.off_the_line(move |console| {
        let records = console.rooms.archive.records();
        let ids: Vec<_> = records.ids()?.into_iter().take(CALLS).collect();
        let mut clusters = Vec::new();
        for id in &ids {
            gather(&mut clusters, &records.show(id)?, |said| !console.rooms.growth.is_understood(said));
        }
        clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.said.len()));
        let shown: Vec<_> = clusters.iter().take(CLUSTERS).map(|cluster| cluster.shown(&console.rooms.growth)).collect();
        Ok::<_, StoreError>(json!({ "calls": ids.len(), "gaps": shown }))
    });
    Ok(Json(gaps.await??))
}

/// Adds the sentences of a call that were not understood and are open still, each to the first cluster it is like.
fn gather(clusters: &mut Vec<Cluster>, record: &CallRecord, is_open: impl Fn(&str) -> bool) {
    for (text, language) in not_understood(&record.entries).filter(|(text, _)| is_open(text)) {
        let text = redact(text);
        let words: BTreeSet<_> = tokens(&text).into_iter().collect();
        let said = (text, record.id.clone());
        match clusters.iter_mut().find(|cluster| cluster.language == language && alike(&cluster.words, &words)) {
            Some(cluster) => cluster.said.push(said),
            None => clusters.push(Cluster { words, language, said: vec![said] }),
        }
    }
}

/// The words before each turn in which nothing was understood.
fn not_understood(entries: &[Entry]) -> impl Iterator<Item = (&str, Language)> {
    let mut said = None;
    entries.iter().filter_map(move |entry| {
        if let JournalEvent::Transcript { text, is_final: true, language, .. } = &entry.event {
            said = Some((text.as_str(), *language)).filter(|(text, _)| !text.trim().is_empty());
        } else if let JournalEvent::Understood { commands, .. } = &entry.event {
            return said.take().filter(|_| commands.iter().any(|command| command == "no_match"));
        }
        None
    })
}

/// Jaccard's index of two sets of words.
fn alike(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let (shared, all) = (one.intersection(other).count(), one.union(other).count());
    all > 0 && shared as f64 / all as f64 >= ALIKE
}

impl Cluster {
    /// The cluster with the entry that is nearest, to which its sentences may be added as ways to ask.
    fn shown(&self, growth: &Growth) -> Value {
        let (first, _) = &self.said[0];
        let nearest = growth.nearest(first).map(|(id, score)| json!({ "id": id, "score": score }));
        let said: Vec<_> = self.said.iter().map(|(text, call)| json!({ "text": text, "call": call.as_str() })).collect();
        json!({ "count": self.said.len(), "language": self.language, "said": said, "nearest": nearest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_sentences_that_were_not_understood_come_together() {
        let lines = [
            r#"{"t_ms":1,"turn":1,"kind":"transcript","text":"do you sell gift cards","final":true,"engine":"x","language":"en"}"#,
            r#"{"t_ms":2,"turn":1,"kind":"understood","brain":"embedded","commands":["no_match"]}"#,
            r#"{"t_ms":3,"turn":2,"kind":"transcript","text":"where is my order","final":true,"engine":"x","language":"en"}"#,
            r#"{"t_ms":4,"turn":2,"kind":"understood","brain":"embedded","commands":["start_flow order_status"]}"#,
            r#"{"t_ms":5,"turn":3,"kind":"transcript","text":"do you have gift cards","final":true,"engine":"x","language":"en"}"#,
            r#"{"t_ms":6,"turn":3,"kind":"understood","brain":"embedded","commands":["no_match"]}"#,
        ];
        let entries: Vec<Entry> = lines.iter().map(|line| serde_json::from_str(line).expect("an entry")).collect();
        let id = CallId::new("20261122-151923-kqzt").expect("an id");
        let record = CallRecord { id, entries, lines: Vec::new(), damage: Vec::new(), is_closed: true, is_recorded: false };
        let mut clusters = Vec::new();
        gather(&mut clusters, &record, |_| true);
        assert_eq!((clusters.len(), clusters[0].said.len()), (1, 2));
        assert_eq!(clusters[0].said[1].0, "do you have gift cards");
        let mut open = Vec::new();
        gather(&mut open, &record, |said| !said.contains("gift cards"));
        assert!(open.is_empty(), "what is understood by now is no gap");
    }
}
