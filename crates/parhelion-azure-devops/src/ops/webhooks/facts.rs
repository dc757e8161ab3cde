//! What the journal tells about a webhook request: for `/_parhelion/explain`.

use super::records::is_credential;
use crate::domain::{
    checksum::{Checked, Digests},
    hooks::{Candidate, Judged},
};
use crate::store::OutcomeKind;
use parhelion_azure_pipelines::{FilterVerdict, Issue};
use parhelion_core::{Cause, Event, EventNo, Verdict};
use parhelion_state::Tx;
use serde_json::Value;

/// The subject of a webhook delivery's own entries.
pub fn subject(delivery: uuid::Uuid) -> String {
    format!("webhook-delivery:{delivery}")
}

/// Writes what a candidate made of a request, one entry a step; gives the last, which is the cause of the run.
pub fn judged(candidate: &Candidate, judged: &Judged, received: EventNo, tx: &mut Tx<'_>) -> EventNo {
    let mut last = tx.emit(signature(candidate, &judged.checked).because(received));
    if judged.stopped == Some(OutcomeKind::Paused) {
        let definition = &candidate.look.definition;
        let fact =
            format!("pipeline {} is {}: nothing starts", definition.name, word(definition.queue_status));
        return tx.emit(about(candidate, "pipeline.skipped", fact, Verdict::Skipped).because(last));
    }
    if judged.stopped == Some(OutcomeKind::Unauthorized) {
        return last;
    }
    if judged.filters.is_empty() {
        let fact = format!(
            "webhook {} of pipeline {} has no filters",
            candidate.resource.alias, candidate.look.definition.name
        );
        return tx.emit(about(candidate, "filter.evaluated", fact, Verdict::Ok).because(last));
    }
    for filter in &judged.filters {
        last = tx.emit(evaluated(candidate, filter).because(last));
    }
    last
}

fn word(of: impl serde::Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn about(candidate: &Candidate, kind: &'static str, fact: String, verdict: Verdict) -> Event {
    let definition = &candidate.look.definition;
    Event::new(kind, format!("pipeline:{}", definition.id))
        .fact(fact)
        .verdict(verdict)
        .with("project", candidate.look.project.name.clone())
        .with("pipeline_id", definition.id)
        .with("pipeline", definition.name.clone())
        .with("alias", candidate.resource.alias.clone())
        .with("connection", candidate.connection())
}

/// The checksum of a connection.
pub fn signature(candidate: &Candidate, checked: &Checked) -> Event {
    let connection = candidate.connection();
    let (fact, verdict, digests) = match checked {
        Checked::Open => {
            (format!("connection {connection} has no secret: nothing to check"), Verdict::Ok, None)
        }
        Checked::Right(d) => (
            format!(
                "{} holds the HMAC-SHA1 of the body under the secret of connection {connection}",
                d.header
            ),
            Verdict::Ok,
            Some(d),
        ),
        Checked::Wrong(d @ Digests { given: None, .. }) => (
            format!(
                "the header {}, where connection {connection} expects the checksum, is missing",
                d.header
            ),
            Verdict::Failed,
            Some(d),
        ),
        Checked::Wrong(d) => (
            format!(
                "{} does not hold the HMAC-SHA1 of the body under the secret of connection {connection}",
                d.header
            ),
            Verdict::Failed,
            Some(d),
        ),
    };
    let event = about(candidate, "signature.checked", fact, verdict);
    match digests {
        None => event,
        Some(d) => {
            // A connection may name any header: one that holds credentials is not shown here either.
            let hide = |value: &String| if is_credential(&d.header) { "****" } else { value }.to_owned();
            event
                .with("algorithm", "HMAC-SHA1")
                .with("secret", "****")
                .with("header", d.header.clone())
                .with("computed", d.computed.clone())
                .with("given", d.given.as_ref().map(hide).map_or(Value::Null, Value::from))
        }
    }
}

fn evaluated(candidate: &Candidate, filter: &FilterVerdict) -> Event {
    let verdict = if filter.matched { Verdict::Ok } else { Verdict::Failed };
    let fact = format!("filter {} = '{}': {}", filter.path, filter.expected, filter.reason);
    about(candidate, "filter.evaluated", fact, verdict)
        .with("path", filter.path.clone())
        .with("selected", filter.selected.clone())
        .with("compared_with", filter.expected.clone())
}

/// The YAML with the payload is no pipeline.
pub fn invalid(candidate: &Candidate, messages: &[String], cause: EventNo, tx: &mut Tx<'_>) {
    let fact = format!(
        "the YAML of pipeline {} with this payload is not valid: no run",
        candidate.look.definition.name
    );
    let event = about(candidate, "yaml.expanded", fact, Verdict::Failed).with("messages", messages.to_vec());
    tx.emit(event.because(cause));
}

/// The YAML with the payload is a pipeline; with what a user may want to know all the same.
pub fn valid(candidate: &Candidate, warnings: &[Issue], cause: EventNo, tx: &mut Tx<'_>) -> Cause {
    let look = &candidate.look;
    let commit = look.place.commit.map(|c| c.to_string()).unwrap_or_default();
    let fact = format!(
        "{} of branch {} was expanded with the payload as parameters.{}",
        look.place.file, look.place.branch, candidate.resource.alias
    );
    let mut event = about(candidate, "yaml.expanded", fact, Verdict::Ok).with("commit", commit);
    if !warnings.is_empty() {
        event = event.with("warnings", warnings.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    Cause::Event(tx.emit(event.because(cause)))
}
