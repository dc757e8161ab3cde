//! A request at the public endpoint, in the order of azure-devops.md 4.2: name, size, checksum, JSON, then filters
//! and YAML of each pipeline.

use super::{facts, records};
use crate::{
    domain::{
        checksum::Checked,
        hooks::{self, Candidate},
        run::{self, Outcome as Expansion, expanded},
    },
    error::{Error, Result},
    store::{AzureDevOpsStore, Blob, Outcome, OutcomeKind, TriggerIssue, WebhookDelivery},
    tenant::{ATTEMPTS, Tenant},
};
use bytes::Bytes;
use parhelion_core::{Event, EventNo, Verdict};
use parhelion_state::Tx;
use serde_json::Value;
use uuid::Uuid;

/// Largest body of a request, bytes.
// CHOICE: the service's own bound is not documented.
pub const MAX_BODY_BYTES: u64 = 2 * 1024 * 1024;

/// A request.
#[derive(Clone, Debug)]
pub struct Received {
    /// The name in its URL, decoded.
    pub name: String,
    /// Its headers in order.
    pub headers: Vec<(String, String)>,
    /// Its body; `None`: larger than [`MAX_BODY_BYTES`].
    pub body: Option<Bytes>,
    /// The delivery whose bytes these are.
    pub redelivery_of: Option<Uuid>,
}

/// A request that was recorded.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The delivery's id.
    pub id: Uuid,
    /// Why it was refused as a whole; `None`: 200.
    pub refused: Option<Error>,
    /// The record, as the control API shows it.
    pub record: Value,
}

/// Takes a request.
///
/// # Errors
/// [`Error::WebhookUnknown`], of which only the journal tells; and what is no fault of the request.
pub async fn receive(tenant: &Tenant, received: Received) -> Result<Taken> {
    let mode = tenant.settings.webhook_registration;
    for _ in 0..ATTEMPTS {
        let candidates =
            tenant.read(|store, _| hooks::reached(hooks::registered(store, mode), &received.name));
        let payload = refused_as_a_whole(&candidates, &received);
        let mut expansions: Vec<Option<Expansion>> = Vec::new();
        for candidate in &candidates {
            expansions.push(match (&payload, &received.body) {
                (Ok(payload), Some(body))
                    if hooks::judge(candidate, &received.headers, body, payload).stopped.is_none() =>
                {
                    let ask = candidate.ask(payload, &received.name, None);
                    Some(expanded(tenant, &candidate.look, &ask).await?)
                }
                _ => None,
            });
        }
        let before = Before { candidates, payload, expansions };
        match tenant.write(|store, tx| record(store, &received, &before, mode, tx)) {
            Err(Error::Contended) => continue,
            other => return other,
        }
    }
    Err(Error::Contended)
}

/// What was seen and worked out before the write.
struct Before {
    candidates: Vec<Candidate>,
    payload: std::result::Result<Value, Error>,
    expansions: Vec<Option<Expansion>>,
}

/// Rows 3 to 6: size, checksum, JSON. Gives the payload.
fn refused_as_a_whole(candidates: &[Candidate], received: &Received) -> Result<Value> {
    let body = received.body.as_ref().ok_or(Error::TooLarge { limit: MAX_BODY_BYTES })?;
    let refuses = |c: &Candidate| !hooks::check(c, &received.headers, body).accepts();
    if !candidates.is_empty() && candidates.iter().all(refuses) {
        return Err(Error::WebhookUnauthorized { name: received.name.clone() });
    }
    // OBSERVED: a request without a body is taken.
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()));
    }
    serde_json::from_slice(body).map_err(|e| Error::WebhookNotJson { why: e.to_string() })
}

fn record(
    store: &mut AzureDevOpsStore,
    received: &Received,
    before: &Before,
    mode: crate::settings::Registration,
    tx: &mut Tx<'_>,
) -> Result<Taken> {
    let candidates = hooks::reached(hooks::registered(store, mode), &received.name);
    if candidates.is_empty() && before.candidates.is_empty() {
        return Err(unknown(store, received, mode, tx));
    }
    let same = candidates.len() == before.candidates.len()
        && candidates.iter().zip(&before.candidates).all(|(now, then)| now.is_still(then));
    if !same {
        return Err(Error::Contended);
    }
    let id = tx.uuid("webhook-delivery");
    let first = tx.emit(arrived(received, facts::subject(id)));
    let mut record = WebhookDelivery {
        number: tx.number("webhook-delivery-number"),
        id,
        at: tx.now(),
        name: received.name.clone(),
        headers: received.headers.clone(),
        body: Blob(received.body.clone().unwrap_or_default()),
        status: 200,
        message: None,
        redelivery_of: received.redelivery_of,
        outcomes: Vec::new(),
    };
    let refused = match &before.payload {
        Ok(payload) => {
            for (candidate, expansion) in candidates.iter().zip(&before.expansions) {
                let outcome =
                    consider(store, received, candidate, payload, expansion.as_ref(), (id, first), tx)?;
                record.outcomes.push(outcome);
            }
            None
        }
        Err(error) => {
            record.outcomes = refuse(store, received, &candidates, error, first, tx);
            record.status = error.status();
            record.message = Some(error.to_string());
            Some(error.clone())
        }
    };
    let shown = records::delivery(&record);
    records::keep(store, record);
    Ok(Taken { id, refused, record: shown })
}

fn arrived(received: &Received, subject: String) -> Event {
    let size = received.body.as_ref().map_or_else(
        || format!("a body of more than {MAX_BODY_BYTES} bytes"),
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

/// Row 2: nobody refers to the name. Nothing is kept but what the journal tells.
fn unknown(
    store: &AzureDevOpsStore,
    received: &Received,
    mode: crate::settings::Registration,
    tx: &mut Tx<'_>,
) -> Error {
    let subject = format!("webhook:{}", received.name.to_lowercase());
    let first = tx.explain(arrived(received, subject.clone()));
    let event = Event::new("webhook.refused", subject)
        .fact(format!("no pipeline's webhook is registered under the name {}: 500", received.name))
        .verdict(Verdict::Failed)
        .with("near_misses", hooks::near_misses(store, mode, &received.name));
    tx.explain(event.because(first));
    Error::WebhookUnknown { name: received.name.clone() }
}

/// Rows 3 to 5: the request as a whole. Each pipeline's record and, where the checksum is wrong, its trigger issue.
fn refuse(
    store: &mut AzureDevOpsStore,
    received: &Received,
    candidates: &[Candidate],
    error: &Error,
    first: EventNo,
    tx: &mut Tx<'_>,
) -> Vec<Outcome> {
    let unauthorized = matches!(error, Error::WebhookUnauthorized { .. });
    if !unauthorized {
        let event = Event::new("webhook.refused", format!("webhook:{}", received.name.to_lowercase()));
        tx.emit(event.fact(error.to_string()).verdict(Verdict::Failed).because(first));
    }
    let mut outcomes = Vec::new();
    for candidate in candidates {
        let message = if unauthorized {
            let body = received.body.clone().unwrap_or_default();
            let checked = hooks::check(candidate, &received.headers, &body);
            tx.emit(facts::signature(candidate, &checked).because(first));
            let message = refusal(&checked);
            issue(store, candidate, &message, tx);
            message
        } else {
            error.to_string()
        };
        let kind = if unauthorized { OutcomeKind::Unauthorized } else { OutcomeKind::Unreadable };
        outcomes.push(Outcome { message: Some(message), ..outcome(candidate, kind) });
    }
    outcomes
}

fn refusal(checked: &Checked) -> String {
    match checked {
        Checked::Wrong(d) if d.given.is_none() => {
            format!("The header {} with the checksum is missing.", d.header)
        }
        Checked::Wrong(d) => format!("The checksum in the header {} is not that of the body.", d.header),
        Checked::Open | Checked::Right(_) => String::new(),
    }
}

fn outcome(candidate: &Candidate, result: OutcomeKind) -> Outcome {
    Outcome {
        project_id: candidate.look.project.id,
        pipeline_id: candidate.look.definition.id,
        alias: candidate.resource.alias.clone(),
        result,
        build_id: None,
        message: None,
        filter: None,
    }
}

fn issue(store: &mut AzureDevOpsStore, candidate: &Candidate, message: &str, tx: &mut Tx<'_>) {
    let issue = TriggerIssue {
        timestamp: tx.now(),
        pipeline_id: candidate.look.definition.id,
        alias: candidate.resource.alias.clone(),
        is_error: true,
        message: message.to_owned(),
    };
    records::issue(store, issue, tx);
}

/// Row 7: what one pipeline makes of it.
fn consider(
    store: &mut AzureDevOpsStore,
    received: &Received,
    candidate: &Candidate,
    payload: &Value,
    expansion: Option<&Expansion>,
    (delivery, first): (Uuid, EventNo),
    tx: &mut Tx<'_>,
) -> Result<Outcome> {
    let body = received.body.clone().unwrap_or_default();
    let judged = hooks::judge(candidate, &received.headers, &body, payload);
    let last = facts::judged(candidate, &judged, first, tx);
    if let Some(kind) = judged.stopped {
        let message = match kind {
            OutcomeKind::Unauthorized => Some(refusal(&judged.checked)),
            OutcomeKind::Paused => Some("The pipeline is paused or disabled.".to_owned()),
            _ => None,
        };
        let filter = judged.filters.into_iter().find(|f| !f.matched);
        return Ok(Outcome { message, filter, ..outcome(candidate, kind) });
    }
    match expansion {
        None => Err(Error::Contended),
        Some(Err(messages)) => {
            facts::invalid(candidate, messages, last, tx);
            let message = messages.join("\n");
            issue(store, candidate, &message, tx);
            Ok(Outcome { message: Some(message), ..outcome(candidate, OutcomeKind::ValidationFailed) })
        }
        Some(Ok(expanded)) => {
            let cause = facts::valid(candidate, &expanded.warnings, last, tx);
            let ask = candidate.ask(payload, &received.name, Some(delivery));
            let build = run::queue(store, &candidate.look, &ask, expanded, cause, tx);
            Ok(Outcome { build_id: Some(build.id), ..outcome(candidate, OutcomeKind::Queued) })
        }
    }
}
