//! What a world keeps across its tenants, under one lock: journal, directory of handles, deadlines, job queue.

use crate::{Handle, Table, Ticket};
use imbl::ordmap::DiffItem;
use parhelion_core::{Call, Cause, DeliveryId, Event, Members, Owner, Seq, Timestamp, Verdict, limits, text};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::BuildHasher;
use std::sync::Arc;

/// A journal entry (control.md 6).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Entry {
    /// Its number, from 1; never given twice.
    pub seq: Seq,
    /// When, in the world's time.
    pub at: Timestamp,
    /// The world.
    pub world: Arc<str>,
    /// The surface, empty for the world's own.
    pub surface: &'static str,
    /// The tenant, empty where there is none.
    pub tenant: String,
    /// What kind of thing happened.
    pub kind: &'static str,
    /// `{thing}:{id}`.
    pub subject: String,
    /// The request in which it happened; empty for time, mail and reports.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// The entry that led here, 0 for none.
    pub cause: Seq,
    /// A sentence for a reader.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fact: String,
    /// How it came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Everything else.
    pub data: Members,
}

/// Who writes an entry.
pub(crate) struct Writer<'a> {
    pub owner: &'a Owner,
    pub surface: &'static str,
    pub call: &'a Call,
    pub now: Timestamp,
}

pub(crate) struct Ledger {
    pub world: Arc<str>,
    pub seq: Seq,
    pub journal: VecDeque<Arc<Entry>>,
    /// The newest entry of each subject that is still in the journal. By surface and tenant, not by store:
    /// two stores of a surface tell one story.
    /// By digest: three texts for each key of 10 000 would be most of what it holds.
    last: BTreeMap<u64, Seq>,
    pub directory: BTreeMap<Handle, (Owner, String)>,
    pub deadlines: BTreeSet<(Timestamp, Owner)>,
    deadline_of: BTreeMap<Owner, Timestamp>,
    pub jobs: VecDeque<Ticket>,
    /// Handed out and not yet done: (owner, generation, id).
    pub running: BTreeSet<(Owner, u64, u64)>,
    /// Deliveries whose last report has been taken in, newest last.
    finished: VecDeque<DeliveryId>,
}

/// What stands for a subject of a tenant of a surface. Two that had the same would have each other's causes told.
fn digest(surface: &str, tenant: &str, subject: &str) -> u64 {
    foldhash::fast::FixedState::default().hash_one((surface, tenant, subject))
}

/// The most frequent kind. Nothing names a request as its cause by subject: causes name it by number.
const REQUEST: &str = "request";

impl Ledger {
    pub fn new(world: Arc<str>) -> Self {
        Ledger {
            world,
            seq: 0,
            journal: VecDeque::new(),
            last: BTreeMap::new(),
            directory: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            deadline_of: BTreeMap::new(),
            jobs: VecDeque::new(),
            running: BTreeSet::new(),
            finished: VecDeque::new(),
        }
    }

    /// Appends an entry; the oldest goes when the journal is full.
    pub fn write(&mut self, by: &Writer<'_>, mut event: Event, cause: Seq) -> Seq {
        bound(&mut event);
        self.seq += 1;
        if self.journal.len() >= limits::JOURNAL_EVENTS
            && let Some(old) = self.journal.pop_front()
            && old.kind != REQUEST
        {
            let key = digest(old.surface, &old.tenant, &old.subject);
            if self.last.get(&key) == Some(&old.seq) {
                self.last.remove(&key);
            }
        }
        if event.kind != REQUEST {
            self.last.insert(digest(by.surface, &by.owner.tenant, &event.subject), self.seq);
        }
        self.journal.push_back(Arc::new(Entry {
            seq: self.seq,
            at: by.now,
            world: self.world.clone(),
            surface: by.surface,
            tenant: by.owner.tenant.clone(),
            kind: event.kind,
            subject: event.subject,
            request_id: by.call.request_id.clone(),
            cause,
            fact: event.fact,
            verdict: event.verdict,
            data: event.data,
        }));
        self.seq
    }

    /// The seq behind a cause; `own` are the seqs of this operation's events so far.
    pub fn cause(&self, by: &Writer<'_>, own: &[Seq], cause: &Cause) -> Seq {
        match cause {
            Cause::Call => by.call.cause,
            Cause::Event(n) => own.get(n.0).copied().unwrap_or(by.call.cause),
            Cause::Last(subject) => {
                let key = digest(by.surface, &by.owner.tenant, subject);
                self.last.get(&key).copied().unwrap_or(by.call.cause)
            }
        }
    }

    /// Whether it is another one than before.
    pub fn set_deadline(&mut self, owner: &Owner, deadline: Option<Timestamp>) -> bool {
        if self.deadline_of.get(owner).copied() == deadline {
            return false;
        }
        if let Some(old) = self.deadline_of.remove(owner) {
            self.deadlines.remove(&(old, owner.clone()));
        }
        if let Some(new) = deadline {
            self.deadline_of.insert(owner.clone(), new);
            self.deadlines.insert((new, owner.clone()));
        }
        true
    }

    /// Brings the directory up to date by the difference of a tenant's handles.
    pub fn index(&mut self, owner: &Owner, old: &Table<Handle, String>, new: &Table<Handle, String>) {
        if old.ptr_eq(new) {
            return;
        }
        for change in old.diff(new) {
            match change {
                DiffItem::Add(handle, name) | DiffItem::Update { new: (handle, name), .. } => {
                    self.directory.insert(handle.clone(), (owner.clone(), String::clone(name)));
                }
                DiffItem::Remove(handle, _) => {
                    // Only if it is still ours: in a restore another tenant may have it by now.
                    if self.directory.get(handle).is_some_and(|(whose, _)| whose == owner) {
                        self.directory.remove(handle);
                    }
                }
            }
        }
    }

    pub fn finish(&mut self, id: DeliveryId) {
        if self.finished.len() >= limits::DELIVERIES {
            self.finished.pop_front();
        }
        self.finished.push_back(id);
    }

    pub fn has_finished(&self, id: DeliveryId) -> bool {
        self.finished.iter().rev().any(|done| *done == id)
    }
}

/// Cuts what a caller made too long: the journal is bounded in bytes as well.
fn bound(event: &mut Event) {
    let short = text::prefix(&event.fact, limits::JOURNAL_FACT_BYTES);
    if short.len() < event.fact.len() {
        event.fact = format!("{short}…");
    }
    for value in event.data.values_mut() {
        let bytes = value.text_bytes();
        if bytes > limits::JOURNAL_MEMBER_BYTES {
            *value = match value.as_str() {
                Some(long) => format!("{}…", text::prefix(long, limits::JOURNAL_MEMBER_BYTES)).into(),
                None => format!("(left out: {bytes} bytes)").into(),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_fact_and_long_members_are_cut() {
        let mut event = Event::new("x", "x:1")
            .fact("ä".repeat(limits::JOURNAL_FACT_BYTES))
            .with("text", "b".repeat(limits::JOURNAL_MEMBER_BYTES + 1))
            .with("list", vec!["c".repeat(1000); 100])
            .with("short", "d");
        bound(&mut event);
        assert!(event.fact.len() <= limits::JOURNAL_FACT_BYTES + 3 && event.fact.ends_with('…'));
        assert!(event.data["text"].as_str().is_some_and(|t| t.ends_with('…')));
        assert!(event.data["list"] == "(left out: 100100 bytes)" && event.data["short"] == "d");
    }
}
