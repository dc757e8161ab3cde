//! A request at the public endpoint, in the order of azure-devops.md 4.2: name, size, checksum, JSON, then filters
//! and YAML of each pipeline.

use super::{facts, records};
use crate::{
    domain::{
        checksum::Checked,
        hooks::{self, By, Candidate, Judged},
        run::{self, Outcome as Expanding, expanded},
    },
    error::{Error, Result},
    store::{AzureDevOpsStore, Blob, Delivered, Outcome, OutcomeKind, TriggerIssue, WebhookDelivery},
    tenant::{ATTEMPTS, Tenant},
};
use bytes::Bytes;
use parhelion_core::EventNo;
use parhelion_state::Tx;
use serde_json::Value;
use std::sync::Arc;
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
}

/// Takes a request.
///
/// # Errors
/// [`Error::WebhookUnknown`], of which only the journal tells; and what is no fault of the request.
pub async fn receive(tenant: &Tenant, received: Received) -> Result<Taken> {
    let payload = payload(received.body.as_ref());
    for _ in 0..ATTEMPTS {
        let before = consider(tenant, &received, &payload).await?;
        match tenant.write(|store, tx| record(store, &received, &before, tenant, tx)) {
            Err(Error::Contended) => continue,
            other => return other,
        }
    }
    Err(Error::Contended)
}

/// Rows 3, 5 and 6: size, JSON, no body at all.
fn payload(body: Option<&Bytes>) -> Result<Arc<Value>> {
    let body = body.ok_or(Error::TooLarge { limit: MAX_BODY_BYTES })?;
    // OBSERVED: a request without a body is taken.
    if body.trim_ascii().is_empty() {
        return Ok(Value::Object(serde_json::Map::new()).into());
    }
    serde_json::from_slice(body).map(Arc::new).map_err(|e| Error::WebhookNotJson { why: e.to_string() })
}

/// What was seen and worked out before the write.
struct Before {
    by: By,
    considered: Vec<Considered>,
    /// Rows 3 to 5: why it is refused as a whole.
    refused: Option<Error>,
}

/// A webhook resource that the name reaches.
pub struct Considered {
    /// Whose it is.
    pub candidate: Candidate,
    /// What it makes of the request.
    pub judged: Judged,
    /// Its YAML with the payload; `None`: it does not come to that.
    pub expansion: Option<Expanding>,
}

async fn consider(tenant: &Tenant, received: &Received, payload: &Result<Arc<Value>>) -> Result<Before> {
    let mode = tenant.settings.webhook_registration;
    let (by, candidates) = tenant.read(|store, _| hooks::reached(store, mode, &received.name));
    let mut considered = Vec::new();
    for candidate in candidates {
        let (body, readable) = (received.body.as_deref(), payload.as_deref().ok());
        let judged = hooks::judge(&candidate, &received.headers, body, readable);
        considered.push(Considered { candidate, judged, expansion: None });
    }
    let refuses = |c: &Considered| c.judged.stopped == Some(OutcomeKind::Unauthorized);
    let refused = match payload {
        // The size comes before the checksum, the checksum before the JSON.
        Err(error @ Error::TooLarge { .. }) => Some(error.clone()),
        _ if !considered.is_empty() && considered.iter().all(refuses) => {
            Some(Error::WebhookUnauthorized { name: received.name.clone() })
        }
        Err(error) => Some(error.clone()),
        Ok(_) => None,
    };
    if let (None, Ok(payload)) = (&refused, payload) {
        for Considered { candidate, judged, expansion } in &mut considered {
            if judged.stopped.is_none() {
                let ask = candidate.ask_with(&received.name, payload);
                *expansion = Some(expanded(tenant, &candidate.look, &ask).await?);
            }
        }
    }
    Ok(Before { by, considered, refused })
}

/// Writes down what came of it, and queues the runs; [`Error::Contended`] when a pipeline, its branch or a connection
/// is no longer what was considered.
fn record(
    store: &mut AzureDevOpsStore,
    received: &Received,
    before: &Before,
    tenant: &Tenant,
    tx: &mut Tx<'_>,
) -> Result<Taken> {
    let mode = tenant.settings.webhook_registration;
    let (_, candidates) = hooks::reached(store, mode, &received.name);
    if candidates.is_empty() && before.considered.is_empty() {
        return Err(facts::unknown(store, received, mode, tx));
    }
    let same = candidates.len() == before.considered.len()
        && candidates.iter().zip(&before.considered).all(|(now, then)| now.is_still(&then.candidate))
        && before.considered.iter().all(|then| match &then.expansion {
            Some(Ok(expansion)) => expansion.is_still(store),
            _ => true,
        });
    if !same {
        return Err(Error::Contended);
    }
    let id = tx.uuid("webhook-delivery");
    let subject = facts::subject(id);
    let first = tx.emit(facts::arrived(received, &subject));
    let found = tx.emit(facts::found(received, before.by, &candidates, &subject).because(first));
    let mut outcomes = Vec::new();
    for considered in &before.considered {
        outcomes.push(outcome(store, received, considered, before.refused.as_ref(), (id, found), tx)?);
    }
    let refused = before.refused.as_ref();
    let record = WebhookDelivery {
        number: tx.number("webhook-delivery-number"),
        id,
        at: tx.now(),
        name: received.name.clone(),
        headers: received.headers.clone(),
        body: Blob(received.body.clone().unwrap_or_default()),
        status: refused.map_or(200, Error::status),
        message: refused.map(ToString::to_string),
        redelivery_of: received.redelivery_of,
        outcomes,
    };
    tx.emit(facts::answered(&record, &candidates).because(found));
    store.keep_delivery(record);
    Ok(Taken { id, refused: before.refused.clone() })
}

/// What one pipeline made of it. Where it should have run and does not, a trigger issue says why.
fn outcome(
    store: &mut AzureDevOpsStore,
    received: &Received,
    considered: &Considered,
    refused: Option<&Error>,
    (delivery, found): (Uuid, EventNo),
    tx: &mut Tx<'_>,
) -> Result<Outcome> {
    let Considered { candidate, judged, expansion } = considered;
    let last = facts::judged(considered, found, tx);
    let mut outcome = Outcome {
        project_id: candidate.look.project.id,
        pipeline_id: candidate.look.definition.id,
        alias: candidate.resource.alias.clone(),
        result: OutcomeKind::Queued,
        build_id: None,
        message: None,
        filter: None,
    };
    if let Some(kind) = judged.stopped {
        outcome.result = kind;
        outcome.message = match kind {
            OutcomeKind::Unauthorized => judged.checked.as_ref().map(refusal),
            OutcomeKind::Paused => Some("The pipeline is paused or disabled.".to_owned()),
            OutcomeKind::Unreadable => refused.map(ToString::to_string),
            _ => None,
        };
        outcome.filter = judged.filters.iter().find(|f| !f.matched).cloned();
        // CHOICE: where another connection of the name accepts the request, it was meant for that one: no issue.
        if kind == OutcomeKind::Unauthorized && matches!(refused, Some(Error::WebhookUnauthorized { .. })) {
            issue(store, candidate, outcome.message.as_deref().unwrap_or_default(), tx);
        }
        return Ok(outcome);
    }
    match expansion {
        None => return Err(Error::Contended),
        Some(Err(messages)) => {
            facts::invalid(candidate, messages, last, tx);
            let message = messages.join("\n");
            issue(store, candidate, &message, tx);
            outcome.result = OutcomeKind::ValidationFailed;
            outcome.message = Some(message);
        }
        Some(Ok(expansion)) => {
            let cause = facts::valid(candidate, &expansion.expanded.warnings, last, tx);
            let payload = Blob(received.body.clone().unwrap_or_default());
            let delivery = Some(Delivered { id: delivery, payload });
            let ask = run::Ask { delivery, ..candidate.ask(&received.name) };
            outcome.build_id = Some(run::start(store, &candidate.look, &ask, expansion, cause, tx));
        }
    }
    Ok(outcome)
}

fn refusal(checked: &Checked) -> String {
    match checked {
        Checked::Wrong(given, wrong) => {
            format!("The header {} does not hold the checksum of the body: {}.", given.header, wrong.why)
        }
        Checked::Open | Checked::Right(_) => String::new(),
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
