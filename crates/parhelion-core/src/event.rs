//! Journal entries as operations write them.

use crate::{Datum, Members};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What happened, or was found to be so. Written to the journal with a seq, a time and its cause.
///
/// `subject` is `{thing}:{id}` (`execution:…`, `hook:12`, `run:3`, `pipeline:name`): [`Cause::Last`] and
/// `/_parhelion/explain/{id}` find entries by it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// One of control.md 6's kinds: `webhook.received`, `filter.evaluated`, `execution.started` …
    pub kind: &'static str,
    /// `{thing}:{id}`.
    pub subject: String,
    /// One sentence for a reader: what was found. Empty when the kind says it all.
    pub fact: String,
    /// How it came out, where it is something that can come out one way or the other.
    pub verdict: Option<Verdict>,
    /// Everything else: plain members, never a secret in clear.
    pub data: Members,
    /// What led here.
    pub cause: Cause,
}

/// The outcome of a check or a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It held, it matched, it was done.
    Ok,
    /// It did not hold: this is (part of) the reason that nothing came of it.
    Failed,
    /// Nothing wrong, and nothing to do (a disabled hook, a filter that leaves it out).
    Skipped,
    /// It waits for something that the fact names.
    Waiting,
}

/// What led to an event. A seq exists only after the commit, so a cause is named, not numbered.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Cause {
    /// The request, mail, delivery or deadline that this operation runs for.
    #[default]
    Call,
    /// An event of this very operation.
    Event(EventNo),
    /// The newest event of that subject in this tenant; works hours later.
    Last(String),
}

/// The number of an event within its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventNo(pub usize);

impl From<EventNo> for Cause {
    fn from(n: EventNo) -> Self {
        Cause::Event(n)
    }
}

impl Event {
    /// An event of a kind about a subject (`{thing}:{id}`), caused by the call.
    pub fn new(kind: &'static str, subject: impl Into<String>) -> Self {
        Event {
            kind,
            subject: subject.into(),
            fact: String::new(),
            verdict: None,
            data: Members::default(),
            cause: Cause::Call,
        }
    }
    /// Adds the sentence for a reader.
    pub fn fact(mut self, fact: impl Into<String>) -> Self {
        self.fact = fact.into();
        self
    }
    /// Adds the outcome.
    pub fn verdict(mut self, verdict: Verdict) -> Self {
        self.verdict = Some(verdict);
        self
    }
    /// Adds a member to `data`.
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<Datum>) -> Self {
        self.data.insert(name, value);
        self
    }
    /// Names the cause.
    pub fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = cause.into();
        self
    }
}
