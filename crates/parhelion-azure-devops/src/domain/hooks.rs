//! Incoming webhooks: which pipelines a name reaches, and what each makes of a request (azure-devops.md 4).

mod near;

pub use near::near_misses;

use crate::{
    domain::{
        checksum::{self, Checked},
        run::{Ask, Look},
    },
    settings::Registration,
    store::{AzureDevOpsStore, Endpoint, OutcomeKind, QueueStatus, Reason},
};
use parhelion_azure_pipelines::{FilterVerdict, WebhookResource, judge_all};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// A webhook resource of a pipeline, with the service connection that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The pipeline, and where its YAML is.
    pub look: Look,
    /// The resource.
    pub resource: WebhookResource,
    /// The connection.
    pub endpoint: Arc<Endpoint>,
}

impl Candidate {
    /// What a run for a request at that name is asked to be; its payload is only needed for the expansion.
    pub fn ask(&self, webhook: &str) -> Ask {
        Ask {
            reason: Reason::ResourceTrigger,
            // CHOICE: the members of triggerInfo.
            trigger_info: BTreeMap::from([
                ("alias".to_owned(), self.resource.alias.clone()),
                ("webHookName".to_owned(), webhook.to_owned()),
            ]),
            ..Ask::default()
        }
    }
    /// The same with the payload under the resource's alias.
    pub fn ask_with(&self, webhook: &str, payload: &Arc<Value>) -> Ask {
        let payloads = BTreeMap::from([(self.resource.alias.clone(), payload.clone())]);
        Ask { payloads, ..self.ask(webhook) }
    }
    /// Whether both saw the same pipeline, resource and connection.
    pub fn is_still(&self, other: &Candidate) -> bool {
        self.look.is_still(&other.look) && self.resource == other.resource && self.endpoint == other.endpoint
    }
    /// The connection's name in the pipeline's project.
    pub fn connection(&self) -> &str {
        self.endpoint.share(self.look.project.id).map_or("", |s| &s.name)
    }
}

/// By what a name in a webhook's URL was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The connection's parameter `webhookname`.
    Parameter,
    /// The connection's own name.
    Connection,
}

/// What a name in a webhook's URL reaches: every webhook resource of the organization whose connection exists and has
/// that `webhookname`; if there is none, that name of its own.
// Docs: the first. CHOICE: the second, since the seed's second example posts to the connection's name; and that
// case does not matter.
pub fn reached(store: &AzureDevOpsStore, mode: Registration, name: &str) -> (By, Vec<Candidate>) {
    let wanted = name.to_lowercase();
    let by_parameter = |_: Uuid, e: &Endpoint| e.parameter("webhookname").to_lowercase() == wanted;
    let found = registered(store, mode, by_parameter);
    if !found.is_empty() {
        return (By::Parameter, found);
    }
    let by_name =
        |project: Uuid, e: &Endpoint| e.share(project).is_some_and(|s| s.name.to_lowercase() == wanted);
    (By::Connection, registered(store, mode, by_name))
}

/// The webhook resources whose connection exists and is wanted, by pipeline and place in the YAML.
fn registered(
    store: &AzureDevOpsStore,
    mode: Registration,
    wanted: impl Fn(Uuid, &Endpoint) -> bool,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for definition in store.definitions.values() {
        // Docs: in practice a webhook exists only after a first run or save; the permissive mode does not wait.
        if mode == Registration::FirstRun && !definition.activated {
            continue;
        }
        for resource in &definition.registered.webhooks {
            // Docs: with a `type` it is an extension's webhook, which this endpoint never starts.
            if resource.kind.is_some() {
                continue;
            }
            let endpoint = connection(store, definition.project, &resource.connection);
            let Some(endpoint) = endpoint.filter(|e| wanted(definition.project, e)) else { continue };
            let Some(project) = store.projects.get(&definition.project) else { continue };
            let look = Look::at(store, project.clone(), definition, &Ask::default());
            found.push(Candidate { look, resource: resource.clone(), endpoint: endpoint.clone() });
        }
    }
    found
}

fn connection<'s>(store: &'s AzureDevOpsStore, project: Uuid, name: &str) -> Option<&'s Arc<Endpoint>> {
    let wanted = name.to_lowercase();
    let named = |e: &&Arc<Endpoint>| e.share(project).is_some_and(|s| s.name.to_lowercase() == wanted);
    store.endpoints.values().find(|e| e.is_webhook() && named(e))
}

/// What a candidate makes of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Its checksum; `None`: the body was too large to be read.
    pub checked: Option<Checked>,
    /// Its filters, if they were looked at.
    pub filters: Vec<FilterVerdict>,
    /// Why it does not run; `None`: it does.
    pub stopped: Option<OutcomeKind>,
}

/// Judges a request for a candidate, in the order of azure-devops.md 4.2. `body` is `None` when it was too large,
/// `payload` when it is no JSON.
pub fn judge(
    candidate: &Candidate,
    headers: &[(String, String)],
    body: Option<&[u8]>,
    payload: Option<&Value>,
) -> Judged {
    let endpoint = &candidate.endpoint;
    let (secret, header) = (endpoint.parameter("secret"), endpoint.parameter("header"));
    let checked = body.map(|body| checksum::check(secret, header, headers, body));
    let mut judged = Judged { checked, filters: Vec::new(), stopped: None };
    judged.stopped = match (&judged.checked, payload) {
        (Some(checked), _) if !checked.accepts() => Some(OutcomeKind::Unauthorized),
        (None, _) | (_, None) => Some(OutcomeKind::Unreadable),
        _ if candidate.look.definition.queue_status != QueueStatus::Enabled => Some(OutcomeKind::Paused),
        (_, Some(payload)) => {
            judged.filters = judge_all(&candidate.resource.filters, payload);
            judged.filters.iter().any(|f| !f.matched).then_some(OutcomeKind::FilterMiss)
        }
    };
    judged
}
