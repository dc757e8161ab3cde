//! Listing and getting.

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, endpoint as show},
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_state::{Query, View};
use serde_json::Value;
use uuid::Uuid;

/// What a list is asked for; absent: everything.
#[derive(Default)]
pub struct Wanted {
    project: String,
    kind: Option<String>,
    schemes: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    names: Option<Vec<String>>,
    owner: Option<String>,
    details: bool,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let list = |name| request.query.list(name).map(|l| l.into_iter().map(str::to_lowercase).collect());
        Ok(Wanted {
            project: request.project()?.to_owned(),
            kind: request.query.get("type").map(str::to_owned),
            schemes: list("authSchemes"),
            ids: list("endpointIds"),
            names: list("endpointNames"),
            owner: request.query.get("owner").map(str::to_owned),
            details: request.query.flag("includeDetails"),
        })
    }
}

/// Endpoints_GetServiceEndpoints, by name or other filters.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Endpoints_GetServiceEndpoints";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let among = |list: &Option<Vec<String>>, text: &str| {
            list.as_ref().is_none_or(|l| l.contains(&text.to_lowercase()))
        };
        let same = |wanted: &Option<String>, text: &str| {
            wanted.as_ref().is_none_or(|w| w.eq_ignore_ascii_case(text))
        };
        let mut found: Vec<_> = store
            .endpoints
            .values()
            .filter_map(|e| Some((e.share(project.id)?.name.to_lowercase(), e)))
            .filter(|(name, e)| {
                among(&wanted.names, name)
                    && among(&wanted.ids, &e.id.to_string())
                    && among(&wanted.schemes, &e.scheme)
                    && same(&wanted.kind, &e.kind)
                    && same(&wanted.owner, &e.owner)
            })
            .collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let show = |e| show::endpoint(store, e, Some(project.id), &links, wanted.details);
        Ok(Reply::list(found.into_iter().map(|(_, e)| show(e)).collect()))
    }
}

/// An endpoint of a project.
pub struct One {
    project: String,
    id: String,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(One { project: request.project()?.to_owned(), id: request.value("endpointId").to_owned() })
    }
}

/// Endpoints_Get: an unknown one is `null`, not an error.
// OBSERVED: the Terraform provider polls a deleted endpoint so, and takes an error for a failure.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Endpoints_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let found = Uuid::parse_str(&input.id).ok().and_then(|id| store.endpoints.get(&id));
        let found = found.filter(|e| e.share(project.id).is_some());
        let links = Links::of(store, view.call);
        Ok(Reply::One(
            found.map_or(Value::Null, |e| show::endpoint(store, e, Some(project.id), &links, true)),
        ))
    }
}
