//! Projects: create, list, get, update, delete.
//! https://learn.microsoft.com/en-us/rest/api/azure/devops/core/projects

use crate::{
    error::{Error, Result},
    operations::Input,
    show::{Links, project as show},
    store::{
        AzureDevOpsStore, MAX_OPERATIONS, OperationRecord, Project, Queue, Repository, valid_project_name,
    },
    wire::{
        reply::{Reply, page},
        request::ApiRequest,
    },
};
use parhelion_core::{Event, Verdict};
use parhelion_state::{Operation, Query, Tx, View};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
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

/// Clients send the name or the number of the enumeration.
fn visibility(given: Option<&Value>) -> Result<Option<String>> {
    match given {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(n)) if n.as_u64() == Some(2) => Ok(Some("public".into())),
        Some(Value::Number(n)) if n.as_u64() == Some(0) => Ok(Some("private".into())),
        Some(Value::String(s)) if s.eq_ignore_ascii_case("public") => Ok(Some("public".into())),
        Some(Value::String(s)) if s.eq_ignore_ascii_case("private") => Ok(Some("private".into())),
        Some(other) => Err(Error::invalid(format!("The visibility {other} is neither private nor public."))),
    }
}

/// Keeps an operation's record; the oldest goes when there are too many.
fn record(store: &mut AzureDevOpsStore, tx: &mut Tx<'_>) -> OperationRecord {
    let operation = OperationRecord { id: tx.uuid("operation"), started: tx.now() };
    store.operations.put(operation.id, operation.clone());
    if store.operations.len() > MAX_OPERATIONS {
        let oldest = store.operations.values().min_by_key(|o| (o.started, o.id)).map(|o| o.id);
        if let Some(id) = oldest {
            store.operations.remove(&id);
        }
    }
    operation
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
        if store.project(&name).is_ok() {
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
        // OBSERVED: creation makes the queues of both pools.
        let mut queue = |name: &str, pool, hosted| Queue {
            id: u32::try_from(tx.number("queue")).unwrap_or(u32::MAX),
            name: name.to_owned(),
            pool,
            hosted,
        };
        let queues = vec![queue("Default", 1, false), queue("Azure Pipelines", 2, true)];
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
        };
        // OBSERVED: and a git repository of the project's name, without any branch.
        let repository = Repository {
            id: tx.uuid("repository"),
            project: project.id,
            name,
            default_branch: None,
            refs: BTreeMap::new(),
        };
        tx.emit(
            Event::new("project.created", format!("project:{}", project.id))
                .fact(format!("project {} was created, with its repository", project.name))
                .verdict(Verdict::Ok)
                .with("name", project.name.clone()),
        );
        store.repositories.put(repository.id, repository);
        store.projects.put(project.id, project);
        let operation = record(store, tx);
        Ok(Reply::One(show::started(&operation, &Links::of(store, tx.call()))))
    }
}

fn cut(text: &str) -> String {
    text.chars().take(80).collect()
}

/// What a list is asked for.
pub struct Wanted {
    all: bool,
    none: bool,
    top: usize,
    skip: usize,
}

impl Input for Wanted {
    fn read(request: &ApiRequest) -> Result<Self> {
        let state = request.query.get("stateFilter").unwrap_or("wellFormed").to_ascii_lowercase();
        let skip = request.query.parsed("continuationToken")?.or(request.query.parsed("$skip")?);
        Ok(Wanted {
            all: matches!(state.as_str(), "all" | "wellformed"),
            none: matches!(state.as_str(), "new" | "createpending" | "deleting" | "deleted" | "unchanged"),
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
        if !wanted.all && !wanted.none {
            return Err(Error::invalid(
                "The query parameter stateFilter is none of all, wellFormed, createPending, deleting, new, deleted.",
            ));
        }
        let links = Links::of(store, view.call);
        let mut projects: Vec<_> = store.projects.values().filter(|_| wanted.all).collect();
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
        let project = store.project(&input.project)?;
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
            if store.project(name).is_ok_and(|other| other.id != project.id) {
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
        let operation = record(store, tx);
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
        let definitions: Vec<u32> =
            store.definitions.values().filter(|d| d.project == id).map(|d| d.id).collect();
        for definition in definitions {
            store.forget_definition(definition);
        }
        let repositories: Vec<Uuid> =
            store.repositories.values().filter(|r| r.project == id).map(|r| r.id).collect();
        for repository in repositories {
            store.forget_repository(repository);
        }
        let endpoints: Vec<Uuid> = store.endpoints.keys().copied().collect();
        for endpoint in endpoints {
            store.forget_share(endpoint, id);
        }
        store.projects.remove(&id);
        tx.emit(
            Event::new("project.deleted", format!("project:{id}"))
                .fact(format!("project {} was deleted with everything in it", project.name)),
        );
        let operation = record(store, tx);
        Ok(Reply::One(show::started(&operation, &Links::of(store, tx.call()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Bench;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn a_created_project_has_a_repository_and_two_queues() {
        let bench = Bench::new();
        let answer =
            bench.ok("POST /contoso/_apis/projects", json!({ "name": "Fabrikam", "description": "d" }));
        assert_eq!(answer["status"], "notSet");
        let url = answer["url"].as_str().unwrap();
        assert_eq!(
            url,
            format!("http://localhost/contoso/_apis/operations/{}", answer["id"].as_str().unwrap())
        );
        let polled = bench.get(&format!("/contoso/_apis/operations/{}", answer["id"].as_str().unwrap()));
        assert_eq!(polled["status"], "succeeded");
        let repositories = bench.get("/contoso/fabrikam/_apis/git/repositories");
        assert_eq!(repositories["value"][0]["name"], "Fabrikam");
        assert!(repositories["value"][0].get("defaultBranch").is_none());
        let project = bench.store().project("FABRIKAM").unwrap();
        assert_eq!(
            project.queues.iter().map(|q| q.name.as_str()).collect::<Vec<_>>(),
            ["Default", "Azure Pipelines"]
        );
    }

    #[test]
    fn a_project_is_shown_with_its_links() {
        let bench = Bench::new();
        bench.ok("POST /contoso/_apis/projects", json!({ "name": "My Project" }));
        let shown = bench.get("/contoso/_apis/projects/my%20project?includeCapabilities=true");
        expect![[r#"
            {
              "id": "{{id:1}}",
              "name": "My Project",
              "url": "http://localhost/contoso/_apis/projects/{{id:1}}",
              "state": "wellFormed",
              "revision": 1,
              "visibility": "private",
              "lastUpdateTime": "2026-01-01T00:00:00Z",
              "_links": {
                "self": {
                  "href": "http://localhost/contoso/_apis/projects/{{id:1}}"
                },
                "collection": {
                  "href": "http://localhost/contoso/_apis/projectCollections/{{id:2}}"
                },
                "web": {
                  "href": "http://localhost/contoso/My%20Project"
                }
              },
              "defaultTeam": {
                "id": "{{id:3}}",
                "name": "My Project Team",
                "url": "http://localhost/contoso/_apis/projects/{{id:1}}/teams/{{id:3}}"
              },
              "capabilities": {
                "processTemplate": {
                  "templateName": "Basic",
                  "templateTypeId": "{{id:4}}"
                },
                "versioncontrol": {
                  "sourceControlType": "Git",
                  "gitEnabled": "True",
                  "tfvcEnabled": "False"
                }
              }
            }"#]]
        .assert_eq(&crate::testing::golden(&shown));
    }

    #[test]
    fn names_are_checked_and_unique_in_any_case() {
        let bench = Bench::new();
        bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
        for (name, status, key) in [
            ("p", 400, "ProjectAlreadyExistsException"),
            ("", 400, "InvalidProjectNameException"),
            ("a:b", 400, "InvalidProjectNameException"),
        ] {
            let (s, body) = bench.call("POST /contoso/_apis/projects", json!({ "name": name }));
            assert_eq!((s, body["typeKey"].as_str().unwrap()), (status, key), "{name}");
        }
        let (s, body) = bench.call("GET /contoso/_apis/projects/nope", Value::Null);
        assert_eq!((s, body["typeKey"].as_str().unwrap()), (404, "ProjectDoesNotExistWithNameException"));
    }

    #[test]
    fn lists_are_paged_by_name() {
        let bench = Bench::new();
        for name in ["c", "A", "b"] {
            bench.ok("POST /contoso/_apis/projects", json!({ "name": name }));
        }
        let names = |path: &str| {
            let list = bench.get(path);
            let names: Vec<_> = list["value"].as_array().unwrap().iter().map(|p| p["name"].clone()).collect();
            assert_eq!(list["count"], names.len());
            Value::from(names).to_string()
        };
        assert_eq!(names("/contoso/_apis/projects"), r#"["A","b","c"]"#);
        assert_eq!(names("/contoso/_apis/projects?$top=2"), r#"["A","b"]"#);
        assert_eq!(names("/contoso/_apis/projects?$top=2&continuationToken=2"), r#"["c"]"#);
        assert_eq!(names("/contoso/_apis/projects?stateFilter=deleting"), "[]");
        let response = bench.send("GET", "/contoso/_apis/projects?$top=2", &[], "");
        assert_eq!(response.header("x-ms-continuationtoken"), Some("2"));
    }

    #[test]
    fn a_project_can_be_renamed_and_deleted() {
        let bench = Bench::new();
        bench.ok("POST /contoso/_apis/projects", json!({ "name": "P" }));
        let response =
            bench.send("PATCH", "/contoso/_apis/projects/P", &[], r#"{"name":"Q","visibility":2}"#);
        assert_eq!(response.status, 202);
        assert_eq!(bench.get("/contoso/_apis/projects/Q")["visibility"], "public");
        assert_eq!(bench.send("DELETE", "/contoso/_apis/projects/Q", &[], "").status, 202);
        assert_eq!(bench.get("/contoso/_apis/projects")["count"], 0);
        assert!(bench.store().repositories.is_empty());
    }
}
