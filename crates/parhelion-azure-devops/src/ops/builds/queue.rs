//! Queueing.

use crate::{
    domain::run::{self, Ask},
    error::{Error, Result},
    operations::{Input, Work},
    ops::runs::start,
    store::{AzureDevOpsStore, Reason, Variable},
    tenant::Tenant,
    wire::{reply::Reply, request::ApiRequest, words},
};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a caller gives of a build.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Given {
    definition: Option<Reference>,
    source_branch: Option<String>,
    source_version: Option<String>,
    parameters: Option<String>,
    template_parameters: Option<BTreeMap<String, Value>>,
    reason: Option<Value>,
    priority: Option<Value>,
    queue: Option<Reference>,
    demands: Option<Vec<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    id: Option<u32>,
}

/// A definition and how it is to be run.
pub struct Asked {
    project: String,
    definition: u32,
    ask: Ask,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let definition = given.definition.and_then(|d| d.id).or(request.query.parsed("definitionId")?);
        let definition = definition
            .ok_or_else(|| Error::invalid("The build names no definition: {\"definition\":{\"id\":…}}."))?;
        let version = given.source_version.filter(|v| !v.trim().is_empty());
        let ask = Ask {
            reason: reason(given.reason.as_ref())?,
            branch: run::branch(given.source_branch.as_deref()),
            version: version.map(|v| run::commit(&v)).transpose()?,
            parameters: given.template_parameters.unwrap_or_default(),
            variables: variables(given.parameters.as_deref())?,
            raw_parameters: given.parameters.filter(|p| !p.trim().is_empty()),
            priority: words::PRIORITY
                .member("priority", given.priority.as_ref())?
                .unwrap_or("normal")
                .to_owned(),
            queue: given.queue.and_then(|q| q.id),
            demands: given.demands.unwrap_or_default(),
            ..Ask::default()
        };
        Ok(Asked { project: request.project()?.to_owned(), definition, ask })
    }
}

/// The variables of `parameters`: a JSON object as text, with texts as values.
fn variables(parameters: Option<&str>) -> Result<BTreeMap<String, Variable>> {
    let Some(text) = parameters.filter(|p| !p.trim().is_empty()) else { return Ok(BTreeMap::new()) };
    let given: BTreeMap<String, Value> = serde_json::from_str(text)
        .map_err(|e| Error::invalid(format!("The build's parameters are no JSON object: {e}.")))?;
    let plain = |value: Value| match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    };
    let variable = |value| Variable { value: plain(value), ..Variable::default() };
    Ok(given.into_iter().map(|(name, value)| (name, variable(value))).collect())
}

/// A caller may name a reason; what only the service can have seen stays a manual start.
// CHOICE: so does `none`, and a trigger's that nobody pulled.
fn reason(given: Option<&Value>) -> Result<Reason> {
    let word = words::REASON.member("reason", given)?.filter(|w| *w != "resourceTrigger");
    let known = word.and_then(|w| serde_json::from_value(w.into()).ok());
    Ok(known.unwrap_or(Reason::Manual))
}

/// Builds_Queue.
pub struct Queue;

impl Work for Queue {
    const NAME: &'static str = "Builds_Queue";
    type Input = Asked;
    async fn run(tenant: &Tenant, input: Asked) -> Result<Reply> {
        let find = |store: &AzureDevOpsStore| {
            let project = store.project(&input.project)?;
            let id = input.definition.to_string();
            let definition =
                store.definition(&project, &id).cloned().ok_or(Error::DefinitionUnknown { id })?;
            match input.ask.queue {
                // CHOICE: the text.
                Some(queue) if project.queue(queue).is_none() => {
                    Err(Error::invalid(format!("The project {} has no agent queue {queue}.", project.name)))
                }
                _ => Ok((project, definition)),
            }
        };
        start(
            tenant,
            find,
            input.ask.clone(),
            |messages| Error::QueueRefused { messages },
            |shown| shown.as_build(),
        )
        .await
    }
}
