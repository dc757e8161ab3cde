//! Long-running operations. By default each is done when it is first told of; the pace `operation` and behaviours say
//! otherwise.
//!
//! CHOICE: what an operation changes is changed when it begins, so that one that is under way can be looked at; only an
//! instance says by its state that it is not ready. One that a behaviour lets fail changes nothing.

use crate::{
    domain::names::Place,
    error::{CODES, Code},
    proto::{PACKAGE, longrunning, rpc, type_url, v1},
    store::{InstanceState, Key, OPERATIONS_KEPT, OperationRecord, SsmStore, Wait},
};
use parhelion_core::{Cause, Event, Pace, Scripted, Timestamp, Verdict, text};
use parhelion_state::Tx;
use prost::Message;
use prost_types::Any;

pub use crate::store::Then;

/// What an operation gives: a message of the API, packed.
pub struct Outcome {
    type_name: String,
    bytes: Vec<u8>,
}

impl Outcome {
    /// A message of [`PACKAGE`] by its short name.
    pub fn of(short_name: &str, message: &impl Message) -> Outcome {
        Outcome { type_name: format!("{PACKAGE}.{short_name}"), bytes: message.encode_to_vec() }
    }
    /// `google.protobuf.Empty`, of deletions.
    pub fn empty() -> Outcome {
        Outcome { type_name: "google.protobuf.Empty".to_owned(), bytes: Vec::new() }
    }
}

/// An operation that has begun: how long it takes and whether it fails is drawn.
pub struct Begun {
    place: Place,
    verb: String,
    target: String,
    wait: Option<Wait>,
    error: Option<(i32, String)>,
    then: Option<Then>,
    scripted: Option<Scripted>,
}

/// Begins an operation, after all that can refuse the call was looked at.
pub fn begin(tx: &mut Tx<'_>, place: &Place, verb: &str, target: &str) -> Begun {
    let resource = target.rsplit('/').nth(1).unwrap_or_default();
    let facets = [("kind", "operation"), ("verb", verb), ("resource", resource), ("target", target)];
    let scripted = tx.scripted(&facets);
    let now = tx.now();
    let after = |delay| {
        let until = now.checked_add_signed(delay).unwrap_or(Timestamp::MAX_UTC);
        (until > now).then_some(Wait { since: now, until: Some(until) })
    };
    let held = Some(Wait { since: now, until: None });
    let wait = match (&scripted, scripted.as_ref().and_then(Scripted::delay)) {
        (Some(s), _) if s.outcome == "hang" => held,
        (_, Some(delay)) => after(delay),
        (_, None) => match tx.pace("operation") {
            Pace::Immediate => None,
            Pace::After(delay) => after(delay),
            Pace::Manual => held,
        },
    };
    let error = scripted.as_ref().filter(|s| s.outcome == "fail").map(|s| {
        let name = s.text("code").unwrap_or("INTERNAL");
        let code = CODES.iter().find(|(_, n, _)| *n == name).map_or(Code::Internal.number(), |(n, _, _)| *n);
        (code, s.text("message").unwrap_or("The operation failed.").to_owned())
    });
    Begun {
        place: place.clone(),
        verb: verb.to_owned(),
        target: target.to_owned(),
        wait,
        error,
        then: None,
        scripted,
    }
}

impl Begun {
    /// Whether it is to do what it is for.
    pub fn succeeds(&self) -> bool {
        self.error.is_none()
    }
    /// Whether it is not done at once.
    pub fn waits(&self) -> bool {
        self.wait.is_some()
    }
    /// What is left to do when it is done.
    pub fn then(&mut self, then: Then) {
        self.then = Some(then);
    }
    /// Keeps the operation and gives its message; `outcome` is what it comes to.
    pub fn end(self, store: &mut SsmStore, tx: &mut Tx<'_>, outcome: Outcome) -> longrunning::Operation {
        let (key, mut record) = record(tx, &self.place, &self.verb, &self.target, outcome);
        record.error = self.error;
        record.then = self.then;
        record.wait = self.wait;
        let subject = subject(&key);
        if let Some(wait) = &record.wait {
            record.ended = None;
            let fact = match wait.until {
                Some(until) => {
                    format!("{} of {} is under way until {}", self.verb, self.target, shown(until))
                }
                None => format!("{} of {} is under way until it is stepped", self.verb, self.target),
            };
            tx.emit(Event::new("operation.started", &*subject).fact(fact).verdict(Verdict::Ok));
            store.open_operations.put(key.clone(), ());
        }
        if let Some(scripted) = &self.scripted {
            tx.emit(scripted.used(&*subject));
        }
        if record.wait.is_none() {
            told(&key, &record, Cause::Call, tx);
        }
        let message = to_message(&key, &record);
        store.operation_order.put(tx.number("operation"), key.clone());
        store.operations.put(key, record);
        while store.operations.len() > OPERATIONS_KEPT
            && let Some((number, oldest)) = store.operation_order.get_min().map(|(n, k)| (*n, Key::clone(k)))
        {
            finish(store, &oldest, Cause::Call, tx);
            store.operation_order.remove(&number);
            store.operations.remove(&oldest);
        }
        message
    }
}

fn subject(key: &Key) -> String {
    format!("operation:{}", key.1)
}

fn shown(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The journal's entry of an operation that is done.
fn told(key: &Key, record: &OperationRecord, cause: Cause, tx: &mut Tx<'_>) {
    let (verb, target) = (&record.verb, &record.target);
    let (fact, verdict) = match &record.error {
        None => (format!("{verb} of {target} is done"), Verdict::Ok),
        Some((code, message)) => {
            (format!("{verb} of {target} failed with code {code}: {message}"), Verdict::Failed)
        }
    };
    let finished = Event::new("operation.finished", subject(key))
        .fact(fact)
        .verdict(verdict)
        .with("target", target.as_str())
        .with("verb", verb.as_str())
        .because(cause);
    tx.emit(finished);
}

/// Ends an operation that is under way, if it is.
fn finish(store: &mut SsmStore, key: &Key, cause: Cause, tx: &mut Tx<'_>) {
    store.open_operations.remove(key);
    let now = tx.now();
    let done = store.operations.edit(key, |record| {
        record.wait.take().map(|_| {
            record.ended = Some(now);
            record.clone()
        })
    });
    let Some(Some(record)) = done else { return };
    match (&record.then, record.error.is_some()) {
        (Some(Then::Activate(instance)), false) | (Some(Then::Remove(instance)), true) => {
            store.instances.edit(instance, |i| i.state = InstanceState::Active);
        }
        // CHOICE: an instance whose making was cancelled is not there.
        (Some(Then::Activate(instance)), true) | (Some(Then::Remove(instance)), false) => {
            store.remove_instance(instance);
        }
        (None, _) => {}
    }
    told(key, &record, cause, tx);
}

/// Cancels an operation; a done one stays as it is. Whether there is one of that key.
pub fn cancel(store: &mut SsmStore, key: &Key, tx: &mut Tx<'_>) -> bool {
    let there = store.operations.edit(key, |record| {
        if record.wait.is_some() {
            record.cancel_requested = true;
            record.error = Some((1, "Operation was cancelled.".to_owned()));
        }
    });
    finish(store, key, Cause::Call, tx);
    there.is_some()
}

fn open(store: &SsmStore) -> impl Iterator<Item = (&Key, &Wait)> {
    let all = store.open_operations.keys();
    all.filter_map(|key| Some((key, store.operations.get(key)?.wait.as_ref()?)))
}

/// When the next operation is done by itself.
pub fn next_deadline(store: &SsmStore) -> Option<Timestamp> {
    open(store).filter_map(|(_, wait)| wait.until).min()
}

/// Ends every operation whose time has come, in the order of their times.
pub fn on_time(store: &mut SsmStore, tx: &mut Tx<'_>) {
    let now = tx.now();
    let due =
        open(store).filter_map(|(key, wait)| Some((wait.until.filter(|until| *until <= now)?, key.clone())));
    let mut due: Vec<(Timestamp, Key)> = due.collect();
    due.sort_unstable();
    for (_, key) in due {
        finish(store, &key, Cause::Last(subject(&key)), tx);
    }
}

/// Ends what stands until it is stepped: the operation of this id (or name), or the one that has stood longest.
pub fn step(store: &mut SsmStore, id: Option<&str>, tx: &mut Tx<'_>) -> Option<String> {
    let held = open(store).filter(|(_, wait)| wait.until.is_none());
    let chosen = match id {
        Some(id) => held.map(|(key, _)| key).find(|key| is_named(key, id))?.clone(),
        None => held.map(|(key, wait)| (wait.since, key)).min()?.1.clone(),
    };
    finish(store, &chosen, Cause::Call, tx);
    Some(subject(&chosen))
}

/// By its id, its subject in the journal, or the end of its full name.
fn is_named(key: &Key, id: &str) -> bool {
    let id = id.strip_prefix("operation:").unwrap_or(id);
    id.rsplit('/').next() == Some(key.1.as_str())
}

/// What an operation waits for, for explain.
pub fn standing(store: &SsmStore, subject: &str) -> Option<Event> {
    let id = subject.strip_prefix("operation:")?;
    let (_, wait) = open(store).find(|(key, _)| key.1 == id)?;
    let event = Event::new("operation.changed", subject).verdict(Verdict::Waiting);
    Some(match wait.until {
        Some(until) => {
            event.fact(format!("it is done at {}, as its pace says", shown(until))).with("waits_for", "clock")
        }
        None => event.fact("it stands until it is stepped by hand"),
    })
}

/// How an operation stands, for those who wait for it.
pub fn thing(store: &SsmStore, id: &str) -> Option<serde_json::Value> {
    let (key, record) = store.operations.iter().find(|(key, _)| is_named(key, id))?;
    let state = match (&record.wait, &record.error) {
        (Some(_), _) => "running",
        (None, None) => "succeeded",
        (None, Some(_)) => "failed",
    };
    Some(serde_json::json!({
        "id": key.1, "name": name(key, record), "done": record.wait.is_none(), "state": state,
        "target": record.target, "verb": record.verb,
    }))
}

/// The finished operation that a `validate_only` call gives: nothing is kept.
pub fn would_be(
    tx: &mut Tx<'_>,
    place: &Place,
    verb: &str,
    target: &str,
    outcome: Outcome,
) -> longrunning::Operation {
    let (key, record) = record(tx, place, verb, target, outcome);
    to_message(&key, &record)
}

/// The record of one that is done.
fn record(
    tx: &mut Tx<'_>,
    place: &Place,
    verb: &str,
    target: &str,
    outcome: Outcome,
) -> (Key, OperationRecord) {
    // CHOICE: the form that Google's operation ids usually have.
    let hex = text::hex(&tx.bytes::<16>("operation-id"));
    let id =
        format!("operation-{}-{}-{}-{}", tx.now().timestamp_millis(), &hex[..13], &hex[13..21], &hex[21..29]);
    let record = OperationRecord {
        project: place.project.clone(),
        target: target.to_owned(),
        verb: verb.to_owned(),
        created: tx.now(),
        ended: Some(tx.now()),
        response_type: outcome.type_name,
        response: text::hex(&outcome.bytes),
        error: None,
        wait: None,
        then: None,
        cancel_requested: false,
    };
    ((place.location.clone(), id), record)
}

fn name(key: &Key, record: &OperationRecord) -> String {
    format!("projects/{}/locations/{}/operations/{}", record.project, key.0, key.1)
}

/// The message of a kept operation.
pub fn to_message(key: &Key, record: &OperationRecord) -> longrunning::Operation {
    let metadata = v1::OperationMetadata {
        create_time: Some(timestamp(record.created)),
        end_time: record.ended.map(timestamp),
        target: record.target.clone(),
        verb: record.verb.clone(),
        requested_cancellation: record.cancel_requested,
        api_version: "v1".to_owned(),
        ..Default::default()
    };
    let metadata =
        Any { type_url: type_url(&format!("{PACKAGE}.OperationMetadata")), value: metadata.encode_to_vec() };
    let done = record.wait.is_none();
    let result = match &record.error {
        _ if !done => None,
        Some((code, message)) => {
            let status = rpc::Status { code: *code, message: message.clone(), details: Vec::new() };
            Some(longrunning::operation::Result::Error(status))
        }
        None => {
            let value = text::unhex(&record.response).unwrap_or_default();
            let response = Any { type_url: type_url(&record.response_type), value };
            Some(longrunning::operation::Result::Response(response))
        }
    };
    longrunning::Operation { name: name(key, record), metadata: Some(metadata), done, result }
}

/// An instant as the API writes it.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    // Sub-second nanoseconds are below a billion, but for a leap second, which UTC instants here never are.
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0),
    }
}
