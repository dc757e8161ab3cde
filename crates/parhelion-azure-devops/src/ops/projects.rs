//! Projects: create, list, get, update, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/core/projects

use crate::{
    domain::operations,
    error::{Error, Result},
    operations::Input,
    show::{Links, project as show},
    store::{AzureDevOpsStore, OperationKind, Project, ProjectState, Queue, Repository, valid_project_name},
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
        words,
    },
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Projects in a page when the client does not say.
const PAGE: usize = 100;

/// What a caller gives of a project.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Given {
    name: Option<String>,
    description: Option<String>,
    visibility: Option<Value>,
    capabilities: Option<BTreeMap<String, BTreeMap<String, Value>>>,
}

impl Input for Given {
    fn read(request: &ApiRequest) -> Result<Self> {
        request.json()
    }
}

fn visibility(given: Option<&Value>) -> Result<Option<String>> {
    // Docs: -1 (`unchanged`) leaves it as it is.
    let given = given.filter(|v| v.as_i64() != Some(-1));
    Ok(words::VISIBILITY.member("visibility", given)?.map(str::to_owned))
}

/// Projects_Create: the project, its repository and its queues exist when the call returns.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Projects_Create";
    type Store = AzureDevOpsStore;
    type Input = Given;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Given, tx: &mut Tx<'_>) -> Result<Reply> {
        let name = input.name.unwrap_or_default().trim().to_owned();
        valid_project_name(&name)?;
        if store.project_in_any_state(&name).is_ok() {
            return Err(Error::ProjectExists { name });
        }
        let template =
            input.capabilities.as_ref().and_then(|c| c.get("processTemplate")?.get("templateTypeId"));
        let process = match template.and_then(Value::as_str) {
            None => show::BASIC,
            Some(id) => Uuid::parse_str(id)
                .map_err(|_| Error::invalid(format!("The process template id '{}' is no GUID.", cut(id))))?,
        };
        let visibility = visibility(input.visibility.as_ref())?.unwrap_or_else(|| "private".into());
        // OBSERVED: creation makes the queues of both pools; others have one if they say so.
        let provided: Vec<_> = store.pools.values().filter(|p| p.auto_provision).cloned().collect();
        let queue = |pool: std::sync::Arc<crate::store::Pool>| Queue {
            id: u32::try_from(tx.number("queue")).unwrap_or(u32::MAX),
            name: pool.name.clone(),
            pool: pool.id,
            hosted: pool.hosted,
        };
        let queues: Vec<Queue> = provided.into_iter().map(queue).collect();
        let project = Project {
            id: tx.uuid("project"),
            name: name.clone(),
            description: input.description.unwrap_or_default(),
            visibility,
            process,
            revision: 1,
            updated: tx.now(),
            team: tx.uuid("team"),
            queues,
            state: ProjectState::WellFormed,
            properties: BTreeMap::new(),
            folders: BTreeMap::new(),
            pipeline_settings: BTreeMap::new(),
            authorized: Vec::new(),
        };
        // OBSERVED: and a git repository of the project's name, without any branch.
        let repository = Repository {
            id: tx.uuid("repository"),
            project: project.id,
            name,
            default_branch: None,
            refs: BTreeMap::new(),
            locked: BTreeSet::new(),
        };
        tx.emit(
            Event::new("project.created", format!("project:{}", project.id))
                .fact(format!("project {} was created, with its repository", project.name))
                .verdict(Verdict::Ok)
                .with("name", project.name.clone()),
        );
        store.repositories.put(repository.id, repository);
        let id = project.id;
        store.projects.put(id, project);
        let operation = operations::start(store, OperationKind::Create, id, tx);
        Ok(Reply::One(show::started(&operation, &Links::of(store, tx.call()))))
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What a list is asked for.
pub struct Wanted {
    state: &'static str,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let state = words::PROJECT_STATE.parameter("stateFilter", request.query.get("stateFilter"))?;
        let skip = request.query.parsed("continuationToken")?.or(request.query.parsed("$skip")?);
        Ok(Wanted {
            state: state.unwrap_or("wellFormed"),
            top: request.query.parsed("$top")?.unwrap_or(PAGE),
            skip: skip.unwrap_or(0),
        })
    }
}

/// Projects_List: by name.
pub struct List;

impl Query for List {
    const NAME: &'static str = "Projects_List";
    type Store = AzureDevOpsStore;
    type Input = Wanted;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, wanted: Wanted, view: &View<'_>) -> Result<Reply> {
        let links = Links::of(store, view.call);
        let takes = |p: &Project| match p.state {
            ProjectState::WellFormed => matches!(wanted.state, "all" | "wellFormed"),
            ProjectState::CreatePending => matches!(wanted.state, "all" | "createPending"),
            ProjectState::Deleting => matches!(wanted.state, "all" | "deleting"),
        };
        let mut projects: Vec<_> = store.projects.values().filter(|p| takes(p)).collect();
        projects.sort_by_cached_key(|p| p.name.to_lowercase());
        let (items, next) =
            page(projects.into_iter().map(|p| show::reference(p, &links)), wanted.skip, wanted.top);
        Ok(Reply::List { items, next: next.map(|n| n.to_string()) })
    }
}

/// A project, and what to show of it.
pub struct One {
    project: String,
    capabilities: bool,
}

impl Input for One {
    fn read(request: &ApiRequest) -> Result<Self> {
        let capabilities = request.query.flag("includeCapabilities");
        Ok(One { project: request.value("projectId").to_owned(), capabilities })
    }
}

/// Projects_Get.
pub struct Get;

impl Query for Get {
    const NAME: &'static str = "Projects_Get";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &AzureDevOpsStore, input: One, view: &View<'_>) -> Result<Reply> {
        let project = store.project_in_any_state(&input.project)?;
        Ok(Reply::One(show::whole(store, &project, &Links::of(store, view.call), input.capabilities)))
    }
}

/// A project and its new members.
pub struct Changed {
    project: String,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { project: request.value("projectId").to_owned(), given: request.json()? })
    }
}

/// Projects_Update: name, description, visibility.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Projects_Update";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let name = input.given.name.map(|n| n.trim().to_owned());
        if let Some(name) = &name {
            valid_project_name(name)?;
            if store.project_in_any_state(name).is_ok_and(|other| other.id != project.id) {
                return Err(Error::ProjectExists { name: name.clone() });
            }
        }
        let visibility = visibility(input.given.visibility.as_ref())?;
        let now = tx.now();
        store.projects.edit(&project.id, |p| {
            p.name = name.unwrap_or_else(|| p.name.clone());
            p.description = input.given.description.unwrap_or_else(|| p.description.clone());
            p.visibility = visibility.unwrap_or_else(|| p.visibility.clone());
            p.revision += 1;
            p.updated = now;
        });
        tx.emit(
            Event::new("project.changed", format!("project:{}", project.id)).fact("the project was changed"),
        );
        let operation = operations::start(store, OperationKind::Update, project.id, tx);
        Ok(Reply::One(show::started(&operation, &Links::of(store, tx.call()))))
    }
}

/// Projects_Delete: the project with everything in it.
// CHOICE: the service keeps a deleted project for 28 days; here it is gone.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Projects_Delete";
    type Store = AzureDevOpsStore;
    type Input = One;
    type Output = Reply;
    type Error = Error;

    fn run(store: &mut AzureDevOpsStore, input: One, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?;
        let id = project.id;
        tx.emit(
            Event::new("project.deleted", format!("project:{id}"))
                .fact(format!("project {} was deleted with everything in it", project.name)),
        );
        let operation = operations::start(store, OperationKind::Delete, id, tx);
        Ok(Reply::One(show::started(&operation, &Links::of(store, tx.call()))))
    }
}
