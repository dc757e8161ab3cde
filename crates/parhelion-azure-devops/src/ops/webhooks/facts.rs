//! What the journal tells about a webhook request: for `/_parhelion/explain`. One entry a step of azure-devops.md
//! 4.2 to 4.4, for each pipeline that is considered; each is the cause of the next.

use super::{
    receive::{Considered, Received},
    records::is_credential,
};
use crate::{
    domain::{
        checksum::{Checked, Given},
        hooks::{self, By, Candidate},
    },
    error::Error,
    settings::Registration,
    store::{AzureDevOpsStore, Outcome, OutcomeKind, WebhookDelivery},
};
use parhelion_azure_pipelines::{FilterVerdict, Issue};
use parhelion_core::{Cause, Event, EventNo, Verdict, text};
use parhelion_state::Tx;
use serde_json::{Value, json};

/// Most of a pipeline's messages that a fact quotes, bytes; its data has all.
const QUOTED_BYTES: usize = 400;
/// Pipelines that a list names.
const LISTED: usize = 50;

/// The subject of a webhook delivery's own entries.
pub fn subject(delivery: uuid::Uuid) -> String {
    format!("webhook-delivery:{delivery}")
}

/// A request came.
pub fn arrived(received: &Received, subject: &str) -> Event {
    let size = received.body.as_ref().map_or_else(
        || format!("a body of more than {} bytes", super::MAX_BODY_BYTES),
        |b| format!("{} bytes", b.len()),
    );
    let event = Event::new("webhook.received", subject)
        .fact(format!("a request for webhook {} with {size}", received.name))
        .with("name", received.name.clone());
    match received.redelivery_of {
        Some(first) => event.with("redelivery_of", first.to_string()),
        None => event,
    }
}

/// Which pipelines the name reaches.
pub fn found(received: &Received, by: By, all: &[Candidate], subject: &str) -> Event {
    let how = match by {
        By::Parameter => "webhookname",
        By::Connection => "name, since no connection has that webhookname",
    };
    let (count, noun) = (all.len(), if all.len() == 1 { "webhook resource" } else { "webhook resources" });
    let list = all.iter().take(LISTED).map(|c| {
        let definition = &c.look.definition;
        json!({
            "project": c.look.project.name, "pipeline_id": definition.id, "pipeline": definition.name,
            "alias": c.resource.alias, "connection": c.connection(),
            "has_secret": !c.endpoint.parameter("secret").is_empty(), "filters": c.resource.filters.len(),
        })
    });
    Event::new("webhook.found", subject)
        .fact(format!("{} reaches {count} {noun} by the connection's {how}", received.name))
        .verdict(Verdict::Ok)
        .with("resources", list.collect::<Vec<_>>())
}

/// Row 2: nobody refers to the name. Nothing is kept but what the journal tells.
pub fn unknown(store: &AzureDevOpsStore, received: &Received, mode: Registration, tx: &mut Tx<'_>) -> Error {
    let subject = format!("webhook:{}", received.name.to_lowercase());
    let first = tx.explain(arrived(received, &subject));
    let event = Event::new("webhook.refused", subject)
        .fact(format!("no pipeline's webhook is registered under the name {}: 500", received.name))
        .verdict(Verdict::Failed)
        .with("near_misses", hooks::near_misses(store, mode, &received.name));
    tx.explain(event.because(first));
    Error::WebhookUnknown { name: received.name.clone() }
}

/// Writes what a candidate made of a request, one entry a step; gives the last, which is the cause of what follows.
pub fn judged(considered: &Considered, cause: EventNo, tx: &mut Tx<'_>) -> EventNo {
    let Considered { candidate, judged, .. } = considered;
    // The body was not read: there is nothing to tell of this pipeline.
    let Some(checked) = &judged.checked else { return cause };
    let mut last = tx.emit(signature(candidate, checked).because(cause));
    match judged.stopped {
        Some(OutcomeKind::Unauthorized | OutcomeKind::Unreadable) => return last,
        Some(OutcomeKind::Paused) => {
            let definition = &candidate.look.definition;
            let status = word(definition.queue_status);
            let fact = format!("pipeline {} is {status}: nothing starts", definition.name);
            return tx.emit(about(candidate, "pipeline.skipped", fact, Verdict::Skipped).because(last));
        }
        _ => {}
    }
    if judged.filters.is_empty() {
        let (alias, pipeline) = (&candidate.resource.alias, &candidate.look.definition.name);
        let fact = format!("webhook {alias} of pipeline {pipeline} has no filters");
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

/// The checksum under a connection's secret: whose, in which header, what was given and what was expected.
fn signature(candidate: &Candidate, checked: &Checked) -> Event {
    let connection = candidate.connection();
    let sum = format!("the HMAC-SHA1 of the body under the secret of connection {connection}");
    let kind = "signature.checked";
    let (event, given) = match checked {
        Checked::Open => {
            let fact = format!("connection {connection} has no secret: nothing to check");
            return about(candidate, kind, fact, Verdict::Ok);
        }
        Checked::Right(given) => {
            (about(candidate, kind, format!("{} holds {sum}", given.header), Verdict::Ok), given)
        }
        Checked::Wrong(given, wrong) => {
            let fact = format!("{} does not hold {sum}: {}", given.header, wrong.why);
            let event = about(candidate, kind, fact, Verdict::Failed);
            let event = event.with("why", wrong.why.clone()).with("expected", wrong.expected.clone());
            (event.with("body_sha1", wrong.body_sha1.clone()), given)
        }
    };
    event
        .with("algorithm", "HMAC-SHA1")
        .with("secret", "****")
        .with("header", given.header.clone())
        .with("expected_form", "40 hexadecimal digits in either case, whatever stands before the last =")
        .with("given", shown(given))
}

/// What the header held. A connection may name any header: one that holds credentials is not shown here either.
fn shown(given: &Given) -> Value {
    let hide = |value: &String| if is_credential(&given.header) { "****" } else { value }.to_owned();
    given.value.as_ref().map(hide).map_or(Value::Null, Value::from)
}

fn evaluated(candidate: &Candidate, filter: &FilterVerdict) -> Event {
    let verdict = if filter.matched { Verdict::Ok } else { Verdict::Failed };
    let fact = format!("filter {} = '{}': {}", filter.path, filter.expected, filter.reason);
    about(candidate, "filter.evaluated", fact, verdict)
        .with("path", filter.path.clone())
        .with("selected", filter.selected.clone())
        .with("selected_count", filter.selected_count)
        .with("compared_with", filter.expected.clone())
}

/// The YAML with the payload is no pipeline.
pub fn invalid(candidate: &Candidate, messages: &[String], cause: EventNo, tx: &mut Tx<'_>) {
    let first = messages.first().map_or("", String::as_str);
    let fact = format!(
        "the YAML of pipeline {} with this payload is not valid, so there is no run: {}",
        candidate.look.definition.name,
        text::prefix(first, QUOTED_BYTES)
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

/// What the request came to, in one sentence: what a story about the delivery begins with.
pub fn answered(record: &WebhookDelivery, candidates: &[Candidate]) -> Event {
    let each = record.outcomes.iter().zip(candidates).take(LISTED);
    let each: Vec<String> = each
        .map(|(o, c)| format!("pipeline {} of {}: {}", c.look.definition.name, c.look.project.name, came(o)))
        .collect();
    let any = |kinds: &[OutcomeKind]| record.outcomes.iter().any(|o| kinds.contains(&o.result));
    let verdict = match record.status {
        200 if any(&[OutcomeKind::Queued]) => Verdict::Ok,
        200 if !any(&[OutcomeKind::Unauthorized, OutcomeKind::ValidationFailed]) => Verdict::Skipped,
        _ => Verdict::Failed,
    };
    let what = match (&record.message, verdict) {
        (Some(message), _) => format!("{}: {message}", record.status),
        (None, Verdict::Ok) => format!("{}: {}", record.status, each.join("; ")),
        (None, _) => format!("{}, but nothing runs: {}", record.status, each.join("; ")),
    };
    Event::new("webhook.answered", subject(record.id))
        .fact(what)
        .verdict(verdict)
        .with("status", record.status)
}

fn came(outcome: &Outcome) -> String {
    match (outcome.result, outcome.build_id, &outcome.filter) {
        (OutcomeKind::Queued, Some(build), _) => format!("run {build} was queued"),
        (OutcomeKind::FilterMiss, _, Some(f)) => {
            format!("filter {} = '{}' does not hold: {}", f.path, f.expected, f.reason)
        }
        (kind, ..) => {
            let message = outcome.message.as_deref().unwrap_or_default();
            let kind = word(kind).replace('_', " ");
            format!("{kind}: {}", text::prefix(message, QUOTED_BYTES)).replace('\n', " ")
        }
    }
}
