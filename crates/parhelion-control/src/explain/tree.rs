//! From a thing to the whole chain it belongs to: up to where it began, and down through everything that followed.

use parhelion_core::{Seq, Timestamp, Verdict};
use parhelion_state::{Entry, World};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Entries told in one story.
const ENTRIES: usize = 2_000;
/// Subjects that are asked what they wait for.
const SUBJECTS: usize = 100;
/// Steps from cause to effect told in one story.
const DEPTH: usize = 100;

/// One fact with what followed from it.
#[derive(Debug, Serialize)]
pub struct Node {
    /// Its number in the journal; none for what stands now and is no entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<Seq>,
    pub kind: &'static str,
    pub subject: String,
    pub fact: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    pub at: Timestamp,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub detail: Map<String, Value>,
    /// Whether it is (about) what was asked for.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub because: Vec<Node>,
}

/// The answer: how the thing stands, and because of what.
#[derive(Debug, Serialize)]
pub struct Story {
    pub id: String,
    pub fact: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    pub at: Timestamp,
    pub detail: Map<String, Value>,
    pub because: Vec<Node>,
}

/// What a subject is asked for by: all of `{thing}:{id}`, or the id alone.
fn names(subject: &str, id: &str) -> bool {
    subject == id || subject.split_once(':').is_some_and(|(_, rest)| rest == id)
}

/// The story of a seq, a request, a delivery or any other subject; `None` when the journal knows nothing of it.
pub fn story(world: &World, id: &str, wanted: impl Fn(&Entry) -> bool) -> Option<Story> {
    let all = world.entries(0, usize::MAX, |_| true);
    let by_seq: BTreeMap<Seq, &Arc<Entry>> = all.iter().map(|entry| (entry.seq, entry)).collect();
    let asked: BTreeSet<Seq> =
        match id.parse::<Seq>().ok().and_then(|seq| by_seq.get(&seq)).filter(|e| wanted(e)) {
            Some(entry) => BTreeSet::from([entry.seq]),
            None => {
                let of = |e: &&Arc<Entry>| {
                    (e.request_id == id && !id.is_empty() || names(&e.subject, id)) && wanted(e)
                };
                all.iter().filter(of).map(|entry| entry.seq).collect()
            }
        };
    let newest = by_seq[asked.last()?];

    let mut origins: BTreeSet<Seq> = BTreeSet::new();
    for seq in &asked {
        let mut at = *seq;
        // Causes are older than what they led to, so this ends; the oldest may be gone from the journal.
        while let Some(cause) = by_seq.get(&at).map(|e| e.cause).filter(|c| *c < at && by_seq.contains_key(c))
        {
            at = cause;
        }
        origins.insert(at);
    }
    let mut effects: BTreeMap<Seq, Vec<Seq>> = BTreeMap::new();
    for entry in &all {
        effects.entry(entry.cause).or_default().push(entry.seq);
    }
    let mut left = ENTRIES;
    let mut because: Vec<Node> = origins
        .iter()
        .filter_map(|origin| node(*origin, &by_seq, &effects, &asked, &mut left, DEPTH))
        .collect();

    // How it came out: the last thing said of it that can come out one way or the other; of a request, the first
    // thing that did not hold.
    let is_request = asked.iter().any(|seq| by_seq[seq].request_id == id);
    let mut said = asked.iter().map(|seq| by_seq[seq]).filter(|entry| entry.verdict.is_some());
    let outcome = if is_request {
        let mut said: Vec<_> = said.collect();
        said.sort_by_key(|entry| (entry.verdict == Some(Verdict::Ok), entry.seq));
        said.first().copied()
    } else {
        said.next_back()
    };
    let outcome = outcome.unwrap_or(newest);
    let mut detail = Map::new();
    for member in ["surface", "tenant", "request_id"] {
        let value = match member {
            "surface" => newest.surface,
            "tenant" => &newest.tenant,
            _ => &newest.request_id,
        };
        if !value.is_empty() {
            detail.insert(member.to_owned(), value.into());
        }
    }
    if let Some(record) = world.requests().lock().get(id) {
        detail.insert("status".into(), record.status.into());
        detail.insert("operation".into(), record.operation.clone().into());
    }
    let mut story = Story {
        id: id.to_owned(),
        fact: sentence(outcome.kind, &outcome.subject, &outcome.fact),
        verdict: outcome.verdict,
        at: outcome.at,
        detail,
        because: Vec::new(),
    };
    // What it waits for now is how it stands, unless something has come to nothing before.
    let standing = standing(world, asked.iter().map(|seq| &**by_seq[seq]));
    if let Some(waits) = standing.first().filter(|_| story.verdict != Some(Verdict::Failed) || !is_request) {
        story.fact.clone_from(&waits.fact);
        (story.verdict, story.at) = (waits.verdict, waits.at);
    }
    because.extend(standing);
    story.because = because;
    Some(story)
}

/// What the things that were asked for wait for now.
fn standing<'a>(world: &World, asked: impl Iterator<Item = &'a Entry>) -> Vec<Node> {
    let subjects: BTreeSet<(&str, &str, &str)> =
        asked.map(|entry| (entry.surface, entry.tenant.as_str(), entry.subject.as_str())).collect();
    let at = world.clock.now();
    let facts = subjects
        .into_iter()
        .take(SUBJECTS)
        .flat_map(|(surface, tenant, subject)| world.standing(surface, tenant, subject));
    let nodes = facts.map(|event| Node {
        seq: None,
        kind: event.kind,
        fact: sentence(event.kind, &event.subject, &event.fact),
        subject: event.subject,
        verdict: event.verdict,
        at,
        detail: event.data.to_object(),
        asked: false,
        because: Vec::new(),
    });
    let mut told = BTreeSet::new();
    nodes.filter(|node| told.insert((node.subject.clone(), node.fact.clone()))).collect()
}

fn sentence(kind: &str, subject: &str, fact: &str) -> String {
    if fact.is_empty() { format!("{kind} {subject}") } else { fact.to_owned() }
}

fn node(
    seq: Seq,
    by_seq: &BTreeMap<Seq, &Arc<Entry>>,
    effects: &BTreeMap<Seq, Vec<Seq>>,
    asked: &BTreeSet<Seq>,
    left: &mut usize,
    depth: usize,
) -> Option<Node> {
    let entry = by_seq.get(&seq)?;
    *left = left.checked_sub(1)?;
    let next = depth.checked_sub(1)?;
    let children = effects.get(&seq).map(Vec::as_slice).unwrap_or_default();
    Some(Node {
        seq: Some(seq),
        kind: entry.kind,
        subject: entry.subject.clone(),
        fact: sentence(entry.kind, &entry.subject, &entry.fact),
        verdict: entry.verdict,
        at: entry.at,
        detail: entry.data.to_object(),
        asked: asked.contains(&seq),
        because: children
            .iter()
            .filter(|child| **child > seq)
            .filter_map(|child| node(*child, by_seq, effects, asked, left, next))
            .collect(),
    })
}
