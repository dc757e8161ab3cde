//! What runs used a service endpoint.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/serviceendpoint/executionhistory/list

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, link, time, without_nulls},
    store::{AzureDevOpsStore, Build, Definition, Endpoint, Project},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_state::{Query, View};
use serde_json::{Value, json};
use uuid::Uuid;

/// Records in a page when the client does not say.
// Docs: 50.
const PAGE: usize = 50;

/// An endpoint of a project, and the page.
pub struct Wanted {
    project: String,
    id: String,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        // Docs: `top`, without the dollar sign.
        let top: Option<usize> = request.query.parsed("top")?.or(request.query.parsed("$top")?);
        Ok(Wanted {
            project: request.project()?.to_owned(),
            id: request.value("endpointId").to_owned(),
            top: top.unwrap_or(PAGE).min(1_000),
            skip: request.query.parsed("continuationToken")?.unwrap_or(0),
        })
    }
}

/// Whether a run used an endpoint: its webhook started it.
// CHOICE: steps are not executed, so that they name a connection does not make it used.
fn used(build: &Build, definition: &Definition, endpoint: &Endpoint, project: &Project) -> bool {
    let Some(alias) = build.trigger_info.get("alias") else { return false };
    let name = endpoint.share(project.id).map(|s| s.name.as_str());
    let of = |connection: &str| name.is_some_and(|n| n.eq_ignore_ascii_case(connection));
    definition.registered.webhooks.iter().any(|w| w.alias == *alias && of(&w.connection))
}

fn record(
    endpoint: &Endpoint,
    build: &Build,
    definition: &Definition,
    project: &Project,
    links: &Links,
) -> Value {
    let web = |path: String| json!({ "web": link(links.to(format_args!("{}/{path}", project.id))) });
    json!({
        "endpointId": endpoint.id,
        "data": without_nulls(json!({
            "id": build.id,
            "planType": "Build",
            "definition": {
                "_links": web(format!("_build/definition?definitionId={}", definition.id)),
                "id": definition.id,
                "name": definition.name,
            },
            "owner": {
                "_links": web(format!("_build/results?buildId={}", build.id)),
                "id": build.id,
                "name": build.number,
            },
            "startTime": build.started.map(time),
            "finishTime": build.finished.map(time),
            "result": build.result,
        })),
    })
}

/// Executionhistory_List: newest first.
pub struct History;

impl Query for History {
    const NAME: &'static str = "Executionhistory_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let project = store.project(&wanted.project)?;
        let links = Links::of(store, view.call);
        let found = Uuid::parse_str(&wanted.id).ok().and_then(|id| store.endpoints.get(&id));
        let unknown = || Error::EndpointUnknown { id: wanted.id.chars().take(80).collect() };
        let endpoint = found.filter(|e| e.share(project.id).is_some()).ok_or_else(unknown)?;
        let runs = store.builds.values().rev().filter(|b| b.project == project.id).filter_map(|b| {
            let definition = store.definitions.get(&b.definition)?;
            used(b, definition, endpoint, &project).then_some((b, definition))
        });
        let (page, next) = page(runs, wanted.skip, wanted.top);
        let items = page.into_iter().map(|(b, d)| record(endpoint, b, d, &project, &links));
        Ok(Reply::List { items: items.collect(), next: next.map(|n| n.to_string()) })
    }
}
