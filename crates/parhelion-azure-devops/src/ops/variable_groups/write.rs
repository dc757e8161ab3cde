//! Creating, replacing, sharing and deleting.

use crate::{
    domain::variable_groups::{Given, MAX_GROUPS, Reference, build, further},
    error::{Error, Result},
    operations::Input,
    show::{Links, variable_group as show},
    store::{AzureDevOpsStore, VariableGroup},
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Tx};
use std::sync::Arc;
use uuid::Uuid;

impl Input for Given {
    fn read(request: &ApiRequest) -> Result<Self> {
        request.json()
    }
}

fn event(kind: &'static str, id: u32) -> Event {
    Event::new(kind, format!("variablegroup:{id}")).verdict(Verdict::Ok)
}

/// A group by the text of its id.
fn known(store: &AzureDevOpsStore, id: &str) -> Result<Arc<VariableGroup>> {
    let found = id.parse().ok().and_then(|id: u32| store.variable_groups.get(&id));
    found.cloned().ok_or_else(|| Error::VariableGroupUnknown { id: id.chars().take(80).collect() })
}

/// Keeps a group, and answers with it.
fn keep(store: &mut AzureDevOpsStore, group: VariableGroup, implied: Option<Uuid>, tx: &Tx<'_>) -> Reply {
    let links = Links::of(store, tx.call());
    store.variable_groups.put(group.id, group.clone());
    Reply::One(show::variable_group(store, &group, implied, &links))
}

fn add(store: &mut AzureDevOpsStore, given: Given, implied: Option<Uuid>, tx: &mut Tx<'_>) -> Result<Reply> {
    if store.variable_groups.len() >= MAX_GROUPS {
        return Err(Error::argument(format!("An organization has at most {MAX_GROUPS} variable groups.")));
    }
    let mut group = build(store, given, 0, None, implied, tx.now())?;
    group.id = u32::try_from(tx.number("variable_group")).unwrap_or(u32::MAX);
    let names: Vec<&String> = group.variables.keys().collect();
    tx.emit(
        event("variable_group.created", group.id)
            .fact(format!("the variable group was created with {} variables", names.len()))
            .with("variables", names),
    );
    Ok(keep(store, group, implied, tx))
}

/// Variablegroups_Add.
pub struct Add;

impl Operation for Add {
    const NAME: &'static str = "Variablegroups_Add";
    type Store = AzureDevOpsStore;
    type Input = Given;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, given: Given, tx: &mut Tx<'_>) -> Result<Reply> {
        add(store, given, None, tx)
    }
}

/// What clients of 5.1 post: the project stands in the path.
pub struct InProject {
    project: String,
    given: Given,
}

impl Input for InProject {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(InProject { project: request.project()?.to_owned(), given: request.json()? })
    }
}

/// Variablegroups_Add of older clients.
pub struct AddInProject;

impl Operation for AddInProject {
    const NAME: &'static str = "Variablegroups_Add";
    type Store = AzureDevOpsStore;
    type Input = InProject;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: InProject, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?.id;
        add(store, input.given, Some(project), tx)
    }
}

/// A group's id, its new form, and the project of the path.
pub struct Changed {
    id: String,
    given: Given,
    project: Option<String>,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        let id = request.value("groupId").to_owned();
        Ok(Changed { id, given: request.json()?, project: request.project.clone() })
    }
}

fn update(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
    let project = input.project.as_deref().map(|p| store.project(p)).transpose()?.map(|p| p.id);
    let before = known(store, &input.id)?;
    if project.is_some_and(|p| before.share(p).is_none()) {
        return Err(Error::VariableGroupUnknown { id: input.id });
    }
    let group = build(store, input.given, before.id, Some(&before), project, tx.now())?;
    let changed: Vec<&String> = group
        .variables
        .iter()
        .filter(|(name, variable)| before.variables.get(*name) != Some(variable))
        .map(|(name, _)| name)
        .collect();
    let gone: Vec<&String> = before.variables.keys().filter(|n| !group.variables.contains_key(*n)).collect();
    tx.emit(
        event("variable_group.changed", group.id)
            .fact(format!("{} variables of the group were set, {} taken out", changed.len(), gone.len()))
            .with("set", changed)
            .with("taken_out", gone),
    );
    Ok(keep(store, group, project, tx))
}

/// Variablegroups_Update: replaces it whole; secrets without a value stay.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Variablegroups_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        update(store, input, tx)
    }
}

/// Variablegroups_Update of older clients.
pub struct UpdateInProject;

impl Operation for UpdateInProject {
    const NAME: &'static str = "Variablegroups_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        update(store, input, tx)
    }
}

/// A group's id and further projects.
pub struct Shared {
    id: String,
    references: Vec<Reference>,
}

impl Input for Shared {
    fn read(request: &ApiRequest) -> Result<Self> {
        // The clients send the id in the query.
        let id = match request.value("groupId") {
            "" => request.query.get("variableGroupId").unwrap_or_default(),
            id => id,
        };
        Ok(Shared { id: id.to_owned(), references: request.json_list()? })
    }
}

/// Variablegroups_ShareVariableGroup.
pub struct Share;

impl Operation for Share {
    const NAME: &'static str = "Variablegroups_ShareVariableGroup";
    type Store = AzureDevOpsStore;
    type Input = Shared;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Shared, tx: &mut Tx<'_>) -> Result<Reply> {
        let mut group = Arc::unwrap_or_clone(known(store, &input.id)?);
        for reference in &input.references {
            let share = further(store, reference, &group)?;
            group.shares.retain(|s| s.project != share.project);
            group.shares.push(share);
        }
        group.modified = tx.now();
        tx.emit(
            event("variable_group.changed", group.id)
                .fact("the variable group was shared with further projects"),
        );
        store.variable_groups.put(group.id, group);
        Ok(Reply::Nothing)
    }
}

fn delete(store: &mut AzureDevOpsStore, id: &str, projects: &[Uuid], tx: &mut Tx<'_>) -> Result<Reply> {
    let group = known(store, id)?;
    if !projects.iter().any(|p| group.share(*p).is_some()) {
        return Err(Error::VariableGroupUnknown { id: id.to_owned() });
    }
    for project in projects {
        store.forget_group_share(group.id, *project);
    }
    let left = store.variable_groups.get(&group.id).map_or(0, |g| g.shares.len());
    let fact = format!("the variable group was taken out of projects, {left} are left");
    tx.emit(event("variable_group.deleted", group.id).fact(fact));
    Ok(Reply::Nothing)
}

/// A group's id and the projects that lose it.
pub struct Unshared {
    id: String,
    projects: Vec<String>,
}

impl Input for Unshared {
    fn read(request: &ApiRequest) -> Result<Self> {
        let projects = request.query.list("projectIds").unwrap_or_default();
        if projects.is_empty() {
            return Err(Error::invalid("The query parameter projectIds is required."));
        }
        let projects = projects.into_iter().map(str::to_owned).collect();
        Ok(Unshared { id: request.value("groupId").to_owned(), projects })
    }
}

/// Variablegroups_Delete: out of those projects; gone when none is left.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Variablegroups_Delete";
    type Store = AzureDevOpsStore;
    type Input = Unshared;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Unshared, tx: &mut Tx<'_>) -> Result<Reply> {
        let projects = input.projects.iter().map(|p| Ok(store.project(p)?.id)).collect::<Result<Vec<_>>>()?;
        delete(store, &input.id, &projects, tx)
    }
}

/// A group's id and the project of the path.
pub struct OfProject {
    id: String,
    project: String,
}

impl Input for OfProject {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(OfProject { id: request.value("groupId").to_owned(), project: request.project()?.to_owned() })
    }
}

/// Variablegroups_Delete of older clients.
pub struct DeleteInProject;

impl Operation for DeleteInProject {
    const NAME: &'static str = "Variablegroups_Delete";
    type Store = AzureDevOpsStore;
    type Input = OfProject;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: OfProject, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?.id;
        delete(store, &input.id, &[project], tx)
    }
}
