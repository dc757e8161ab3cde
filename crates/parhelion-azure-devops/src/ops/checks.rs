//! Checks on resources: creating, listing, getting, changing, deleting.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/approvalsandchecks/check-configurations

pub mod runs;

use crate::{
    domain::checks::{Given, GivenResource, configure},
    error::{Error, Result},
    operations::Input,
    show::{Links, approval as show},
    store::{AzureDevOpsStore, CheckConfiguration, Project, ResourceId},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query as Reading, Tx, View};
use std::sync::Arc;

/// Resources of one question at most.
const MAX_RESOURCES: usize = 1_000;

fn with_settings(request: &ApiRequest) -> bool {
    let expand = request.query.get("$expand").unwrap_or_default();
    expand.eq_ignore_ascii_case("settings") || expand == "1"
}

fn event(kind: &'static str, check: &CheckConfiguration, done: &str) -> Event {
    let (resource, name) = (&check.resource, &check.resource_name);
    let name = if name.is_empty() { &resource.id } else { name };
    let fact = format!("check {} ({:?}) of {} {name} was {done}", check.id, check.kind, resource.kind);
    Event::new(kind, format!("checkconfiguration:{}", check.id)).fact(fact).verdict(Verdict::Ok)
}

/// A project and a check.
pub struct New {
    project: String,
    given: Given,
}

impl Input for New {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(New { project: request.project()?.to_owned(), given: request.json()? })
    }
}

/// CheckConfigurations_Add.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "CheckConfigurations_Add";
    type Store = AzureDevOpsStore;
    type Input = New;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: New, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let id = u32::try_from(tx.number("check")).unwrap_or(u32::MAX);
        let check = configure(store, &project, input.given, id, None, tx.now())?;
        tx.emit(event("checkconfiguration.created", &check, "made"));
        let shown = show::check(&check, &Links::of(store, tx.call()), true);
        store.put_check(check);
        Ok(Reply::One(shown))
    }
}

/// A project and one of its checks.
pub struct Key {
    project: String,
    id: String,
    settings: bool,
}

impl Input for Key {
    fn read(request: &ApiRequest) -> Result<Self> {
        let settings = with_settings(request);
        Ok(Key { project: request.project()?.to_owned(), id: request.value("id").to_owned(), settings })
    }
}

impl Key {
    fn find(&self, store: &AzureDevOpsStore) -> Result<(Arc<Project>, Arc<CheckConfiguration>)> {
        let project = store.project(&self.project)?;
        let found = self.id.parse::<u32>().ok().and_then(|id| store.checks.get(&id));
        let found = found.filter(|c| c.project == project.id).cloned();
        let unknown = || Error::CheckUnknown { id: self.id.chars().take(80).collect() };
        Ok((project, found.ok_or_else(unknown)?))
    }
}

/// CheckConfigurations_Get.
pub struct Get;

impl Reading for Get {
    const NAME: &'static str = "CheckConfigurations_Get";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, key: Key, view: &View<'_>) -> Result<Reply> {
        let (_, found) = key.find(store)?;
        Ok(Reply::One(show::check(&found, &Links::of(store, view.call), key.settings)))
    }
}

/// A check and what becomes of it.
pub struct Changed {
    key: Key,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { key: Key::read(request)?, given: request.json()? })
    }
}

/// CheckConfigurations_Update.
// Docs: what stands before a stage already does not change with it.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "CheckConfigurations_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let (project, before) = input.key.find(store)?;
        let check = configure(store, &project, input.given, before.id, Some(&before), tx.now())?;
        tx.emit(event("checkconfiguration.changed", &check, "changed"));
        let shown = show::check(&check, &Links::of(store, tx.call()), true);
        store.take_check(before.id);
        store.put_check(check);
        Ok(Reply::One(shown))
    }
}

/// CheckConfigurations_Delete.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "CheckConfigurations_Delete";
    type Store = AzureDevOpsStore;
    type Input = Key;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, key: Key, tx: &mut Tx<'_>) -> Result<Reply> {
        let (_, found) = key.find(store)?;
        store.take_check(found.id);
        tx.emit(event("checkconfiguration.deleted", &found, "deleted"));
        Ok(Reply::Nothing)
    }
}

/// A project and the resources whose checks are asked for; none: all of the project.
pub struct Wanted {
    project: String,
    resources: Vec<ResourceId>,
    settings: bool,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let text = |name: &str| request.query.get(name).map(str::to_owned);
        let (kind, id) = (text("resourceType"), text("resourceId"));
        let resources = match (kind, id) {
            (None, None) => Vec::new(),
            (kind, id) => vec![GivenResource { kind, id: id.map(Into::into), name: None }.read()?],
        };
        Ok(Wanted { project: request.project()?.to_owned(), resources, settings: with_settings(request) })
    }
}

fn on(store: &AzureDevOpsStore, wanted: &Wanted, links: &Links) -> Result<Reply> {
    let project = store.project(&wanted.project)?;
    let mut found: Vec<&Arc<CheckConfiguration>> = Vec::new();
    if wanted.resources.is_empty() {
        found.extend(store.checks.values());
    }
    for resource in &wanted.resources {
        found.extend(store.checks_on(resource));
    }
    let inside = found.into_iter().filter(|c| c.project == project.id);
    Ok(Reply::list(inside.map(|c| show::check(c, links, wanted.settings)).collect()))
}

/// CheckConfigurations_List: on one resource.
pub struct List;

impl Reading for List {
    const NAME: &'static str = "CheckConfigurations_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        on(store, &wanted, &Links::of(store, view.call))
    }
}

/// Several resources.
pub struct Several(Wanted);

impl Input for Several {
    fn read(request: &ApiRequest) -> Result<Self> {
        let given: Vec<GivenResource> = request.json_list()?;
        if given.is_empty() || given.len() > MAX_RESOURCES {
            return Err(Error::invalid(format!("The body lists one to {MAX_RESOURCES} resources.")));
        }
        let mut resources: Vec<ResourceId> = given.iter().map(GivenResource::read).collect::<Result<_>>()?;
        resources.sort();
        resources.dedup();
        let project = request.project()?.to_owned();
        Ok(Several(Wanted { project, resources, settings: with_settings(request) }))
    }
}

/// CheckConfigurations_Query: on several resources.
pub struct Query;

impl Reading for Query {
    const NAME: &'static str = "CheckConfigurations_Query";
    type Store = AzureDevOpsStore;
    type Input = Several;
    type Output = Reply;
    type Error = Error;
    fn run(store: &AzureDevOpsStore, Several(wanted): Several, view: &View<'_>) -> Result<Reply> {
        on(store, &wanted, &Links::of(store, view.call))
    }
}
