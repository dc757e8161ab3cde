//! Long-running operations. Here each is done when it is first told of.

use crate::{
    domain::names::Place,
    proto::{PACKAGE, longrunning, type_url, v1},
    store::{Key, OPERATIONS_KEPT, OperationRecord, SsmStore},
};
use parhelion_core::{Event, Timestamp, Verdict, text};
use parhelion_state::Tx;
use prost::Message;
use prost_types::Any;

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

/// Keeps a finished operation and gives its message.
pub fn finish(
    store: &mut SsmStore,
    tx: &mut Tx<'_>,
    place: &Place,
    verb: &str,
    target: &str,
    outcome: Outcome,
) -> longrunning::Operation {
    let (key, record) = make(tx, place, verb, target, outcome);
    let finished = Event::new("operation.finished", format!("operation:{}", key.1))
        .fact(format!("{verb} of {target} is done"))
        .verdict(Verdict::Ok)
        .with("target", target)
        .with("verb", verb);
    tx.emit(finished);
    let message = to_message(&key, &record);
    store.operation_order.put(tx.number("operation"), key.clone());
    store.operations.put(key, record);
    while store.operations.len() > OPERATIONS_KEPT
        && let Some((number, oldest)) = store.operation_order.get_min().map(|(n, k)| (*n, Key::clone(k)))
    {
        store.operation_order.remove(&number);
        store.operations.remove(&oldest);
    }
    message
}

/// The finished operation that a `validate_only` call gives: nothing is kept.
pub fn would_be(
    tx: &mut Tx<'_>,
    place: &Place,
    verb: &str,
    target: &str,
    outcome: Outcome,
) -> longrunning::Operation {
    let (key, record) = make(tx, place, verb, target, outcome);
    to_message(&key, &record)
}

fn make(
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
        ended: tx.now(),
        response_type: outcome.type_name,
        response: text::hex(&outcome.bytes),
    };
    ((place.location.clone(), id), record)
}

/// The message of a kept operation.
pub fn to_message(key: &Key, record: &OperationRecord) -> longrunning::Operation {
    let metadata = v1::OperationMetadata {
        create_time: Some(timestamp(record.created)),
        end_time: Some(timestamp(record.ended)),
        target: record.target.clone(),
        verb: record.verb.clone(),
        api_version: "v1".to_owned(),
        ..Default::default()
    };
    let metadata =
        Any { type_url: type_url(&format!("{PACKAGE}.OperationMetadata")), value: metadata.encode_to_vec() };
    let value = text::unhex(&record.response).unwrap_or_default();
    let response = Any { type_url: type_url(&record.response_type), value };
    longrunning::Operation {
        name: format!("projects/{}/locations/{}/operations/{}", record.project, key.0, key.1),
        metadata: Some(metadata),
        done: true,
        result: Some(longrunning::operation::Result::Response(response)),
    }
}

/// An instant as the API writes it.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    // Sub-second nanoseconds are below a billion, but for a leap second, which UTC instants here never are.
    prost_types::Timestamp {
        seconds: at.timestamp(),
        nanos: i32::try_from(at.timestamp_subsec_nanos()).unwrap_or(0),
    }
}
