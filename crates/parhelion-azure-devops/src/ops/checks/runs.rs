//! Evaluations of checks: those that stand before a stage, and those that are asked for by themselves.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/approvalsandchecks/check-evaluations

use crate::{
    domain::checks::{GivenResource, evaluate},
    error::{Error, Result},
    operations::Input,
    show::{Links, approval as show},
    store::{AzureDevOpsStore, ResourceId},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

/// Bytes of a context at most.
const MAX_CONTEXT: usize = 64 * 1024;

fn with_resources(request: &ApiRequest) -> bool {
    let expand = request.query.get("$expand").unwrap_or_default();
    expand.eq_ignore_ascii_case("resources") || expand == "1"
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Given {
    id: Option<Uuid>,
    resources: Option<Vec<GivenResource>>,
    context: Option<Value>,
}

/// A project and what is to be evaluated.
pub struct Asked {
    project: String,
    id: Option<Uuid>,
    resources: Vec<ResourceId>,
    context: Value,
    expand: bool,
}

impl Input for Asked {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Given = request.json()?;
        let resources = given.resources.unwrap_or_default();
        let mut resources: Vec<ResourceId> =
            resources.iter().map(GivenResource::read).collect::<Result<_>>()?;
        if resources.is_empty() {
            return Err(Error::invalid("The body names no resources whose checks are to be evaluated."));
        }
        resources.sort();
        resources.dedup();
        let context = given.context.unwrap_or_default();
        if context.to_string().len() > MAX_CONTEXT {
            return Err(Error::invalid(format!("The context is larger than {MAX_CONTEXT} bytes.")));
        }
        let (project, expand) = (request.project()?.to_owned(), with_resources(request));
        Ok(Asked { project, id: given.id, resources, context, expand })
    }
}

/// CheckEvaluations_Evaluate.
pub struct Evaluate;

impl Operation for Evaluate {
    const NAME: &'static str = "CheckEvaluations_Evaluate";
    type Store = AzureDevOpsStore;
    type Input = Asked;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Asked, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let suite = evaluate(store, &project, input.id, &input.resources, input.context, tx)?;
        Ok(Reply::One(show::suite(&suite, &Links::of(store, tx.call()), input.expand)))
    }
}

/// A project and one of its evaluations.
pub struct Key {
    project: String,
    id: String,
    expand: bool,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        let id = request.value("checkSuiteId").to_owned();
        Ok(Key { project: request.project()?.to_owned(), id, expand: with_resources(request) })
    }
}

/// CheckEvaluations_Get: also of what stands before a stage, by the id of its checkpoint's record.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "CheckEvaluations_Get";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: Key, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&key.project)?;
        let links = Links::of(store, view.call);
        let id = Uuid::parse_str(&key.id).ok();
        let own = id.and_then(|id| store.suites.get(&id)).filter(|s| s.project == project.id);
        let found = match own {
            Some(own) => Some((**own).clone()),
            None => id.and_then(|id| show::of_stage(store, project.id, id)),
        };
        let unknown = || Error::SuiteUnknown { id: key.id.chars().take(80).collect() };
        Ok(Reply::One(show::suite(&found.ok_or_else(unknown)?, &links, key.expand)))
    }
}
