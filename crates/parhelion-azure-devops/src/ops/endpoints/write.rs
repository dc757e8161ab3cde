//! Creating, updating, sharing and deleting.

use crate::{
    domain::endpoints::{Given, Reference, build, further},
    error::{Error, Result},
    operations::Input,
    show::{Links, endpoint as show},
    store::AzureDevOpsStore,
    wire::{reply::Reply, request::ApiRequest},
};
use parhelion_core::Event;
use parhelion_state::{Operation, Tx};
use uuid::Uuid;

impl Input for Given {
    fn read(request: &ApiRequest) -> Result<Self> {
        request.json()
    }
}

fn create(
    store: &mut AzureDevOpsStore,
    given: Given,
    implied: Option<Uuid>,
    tx: &mut Tx<'_>,
) -> Result<Reply> {
    // OBSERVED: an id that the caller gives is ignored.
    let id = tx.uuid("endpoint");
    let endpoint = build(store, given, id, None, implied, tx.now())?;
    tx.emit(
        event("endpoint.created", id)
            .fact("the service connection was created")
            .with("type", endpoint.kind.clone()),
    );
    store.endpoints.put(id, endpoint.clone());
    Ok(Reply::One(show::endpoint(store, &endpoint, implied, &Links::of(store, tx.call()), true)))
}

fn event(kind: &'static str, id: Uuid) -> Event {
    Event::new(kind, format!("endpoint:{id}"))
}

/// Endpoints_Create.
pub struct Create;

impl Operation for Create {
    const NAME: &'static str = "Endpoints_Create";
    type Store = AzureDevOpsStore;
    type Input = Given;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, given: Given, tx: &mut Tx<'_>) -> Result<Reply> {
        create(store, given, None, tx)
    }
}

/// What older clients post: the project stands in the path.
pub struct InProject {
    project: String,
    given: Given,
}

impl Input for InProject {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(InProject { project: request.project()?.to_owned(), given: request.json()? })
    }
}

/// Endpoints_Create of older clients.
pub struct CreateInProject;

impl Operation for CreateInProject {
    const NAME: &'static str = "Endpoints_Create";
    type Store = AzureDevOpsStore;
    type Input = InProject;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: InProject, tx: &mut Tx<'_>) -> Result<Reply> {
        let project = store.project(&input.project)?.id;
        create(store, input.given, Some(project), tx)
    }
}

/// An endpoint's id and its new form.
pub struct Changed {
    id: String,
    given: Given,
}

impl Input for Changed {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Changed { id: request.value("endpointId").to_owned(), given: request.json()? })
    }
}

fn replace(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Uuid> {
    let id = known(store, &input.id)?;
    let before = store.endpoints.get(&id).cloned();
    let endpoint = build(store, input.given, id, before.as_deref(), None, tx.now())?;
    store.endpoints.put(id, endpoint);
    tx.emit(event("endpoint.changed", id).fact("the service connection was replaced"));
    Ok(id)
}

fn known(store: &AzureDevOpsStore, id: &str) -> Result<Uuid> {
    let found = Uuid::parse_str(id).ok().filter(|u| store.endpoints.contains_key(u));
    found.ok_or_else(|| Error::EndpointUnknown { id: id.chars().take(80).collect() })
}

/// Endpoints_UpdateServiceEndpoint: replaces it whole.
pub struct Update;

impl Operation for Update {
    const NAME: &'static str = "Endpoints_UpdateServiceEndpoint";
    type Store = AzureDevOpsStore;
    type Input = Changed;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Changed, tx: &mut Tx<'_>) -> Result<Reply> {
        let id = replace(store, input, tx)?;
        let links = Links::of(store, tx.call());
        let endpoint = store.endpoints.get(&id).ok_or(Error::EndpointUnknown { id: id.to_string() })?;
        Ok(Reply::One(show::endpoint(store, endpoint, None, &links, true)))
    }
}

/// Several endpoints, each with its id.
pub struct Many(Vec<Given>);

impl Input for Many {
    fn read(request: &ApiRequest) -> Result<Self> {
        request.json_list().map(Many)
    }
}

/// Endpoints_UpdateServiceEndpoints: all or none.
pub struct UpdateMany;

impl Operation for UpdateMany {
    const NAME: &'static str = "Endpoints_UpdateServiceEndpoints";
    type Store = AzureDevOpsStore;
    type Input = Many;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, Many(given): Many, tx: &mut Tx<'_>) -> Result<Reply> {
        let mut ids = Vec::new();
        for given in given {
            let id = given.id.clone().unwrap_or_default();
            ids.push(replace(store, Changed { id, given }, tx)?);
        }
        let links = Links::of(store, tx.call());
        let shown = ids.iter().filter_map(|id| store.endpoints.get(id));
        Ok(Reply::list(shown.map(|e| show::endpoint(store, e, None, &links, true)).collect()))
    }
}

/// An endpoint's id and further projects.
pub struct Shared {
    id: String,
    references: Vec<Reference>,
}

impl Input for Shared {
    fn read(request: &ApiRequest) -> Result<Self> {
        Ok(Shared { id: request.value("endpointId").to_owned(), references: request.json_list()? })
    }
}

/// Endpoints_ShareServiceEndpoint.
pub struct Share;

impl Operation for Share {
    const NAME: &'static str = "Endpoints_ShareServiceEndpoint";
    type Store = AzureDevOpsStore;
    type Input = Shared;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Shared, tx: &mut Tx<'_>) -> Result<Reply> {
        let id = known(store, &input.id)?;
        for reference in &input.references {
            let Some(endpoint) = store.endpoints.get(&id).cloned() else { break };
            let share = further(store, reference, &endpoint)?;
            store.endpoints.edit(&id, |e| {
                e.shares.retain(|s| s.project != share.project);
                e.shares.push(share);
            });
        }
        tx.emit(
            event("endpoint.changed", id).fact("the service connection was shared with further projects"),
        );
        Ok(Reply::Nothing)
    }
}

/// An endpoint's id and the projects that lose it.
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
        Ok(Unshared { id: request.value("endpointId").to_owned(), projects })
    }
}

/// Endpoints_Delete: out of those projects; gone when none is left.
pub struct Delete;

impl Operation for Delete {
    const NAME: &'static str = "Endpoints_Delete";
    type Store = AzureDevOpsStore;
    type Input = Unshared;
    type Output = Reply;
    type Error = Error;
    fn run(store: &mut AzureDevOpsStore, input: Unshared, tx: &mut Tx<'_>) -> Result<Reply> {
        let id = known(store, &input.id)?;
        for project in &input.projects {
            let project = store.project(project)?.id;
            store.forget_share(id, project);
        }
        tx.emit(event("endpoint.deleted", id).fact("the service connection was taken out of projects"));
        Ok(Reply::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Bench, golden};
    use expect_test::expect;
    use serde_json::{Value, json};

    fn webhook(name: &str, secret: Value) -> Value {
        json!({
            "id": "11111111-2222-3333-4444-555555555555",
            "name": name,
            "type": "IncomingWebhook",
            "url": "https://dev.azure.com",
            "authorization": {
                "scheme": "None",
                "parameters": { "webhookname": "WebHook", "secret": secret, "header": "X-WH-Checksum" },
            },
            "serviceEndpointProjectReferences": [{ "projectReference": { "name": "P" }, "name": name }],
        })
    }

    #[test]
    fn a_webhook_connection_is_created_and_its_secret_hidden() {
        let bench = Bench::with_project("P");
        let created =
            bench.ok("POST /contoso/_apis/serviceendpoint/endpoints", webhook("IncomingWH", json!("s3cret")));
        expect![[r#"
            {
              "data": {},
              "id": "{{id:1}}",
              "name": "IncomingWH",
              "type": "IncomingWebhook",
              "url": "https://dev.azure.com",
              "createdBy": {
                "displayName": "Parhelion User",
                "url": "http://localhost/contoso/_apis/Identities/{{id:2}}",
                "id": "{{id:2}}",
                "uniqueName": "user@example.com",
                "imageUrl": "http://localhost/contoso/_api/_common/identityImage?id={{id:2}}",
                "descriptor": "msa.{{id:2}}"
              },
              "description": "",
              "authorization": {
                "parameters": {
                  "header": "X-WH-Checksum",
                  "secret": null,
                  "webhookname": "WebHook"
                },
                "scheme": "None"
              },
              "isShared": false,
              "isReady": true,
              "isOutdated": false,
              "owner": "library",
              "operationStatus": {
                "state": "Ready",
                "statusMessage": ""
              },
              "serviceEndpointProjectReferences": [
                {
                  "projectReference": {
                    "id": "{{id:3}}",
                    "name": "P"
                  },
                  "name": "IncomingWH",
                  "description": ""
                }
              ]
            }"#]]
        .assert_eq(&golden(&created));
        assert_ne!(created["id"], "11111111-2222-3333-4444-555555555555");
        let listed = bench.get("/contoso/P/_apis/serviceendpoint/endpoints?type=incomingwebhook");
        assert_eq!(listed["count"], 1);
        assert!(listed["value"][0]["authorization"]["parameters"].get("secret").is_none());
        let dump = bench.dump(false).to_string();
        assert!(!dump.contains("s3cret") && dump.contains("****"), "{dump}");
        assert!(bench.dump(true).to_string().contains("s3cret"));
    }

    #[test]
    fn an_update_without_the_secret_keeps_it() {
        let bench = Bench::with_project("P");
        let created =
            bench.ok("POST /contoso/_apis/serviceendpoint/endpoints", webhook("C", json!("s3cret")));
        let id = created["id"].as_str().unwrap();
        let path = format!("PUT /contoso/_apis/serviceendpoint/endpoints/{id}");
        let secret = || bench.store().endpoints.values().next().unwrap().parameter("secret").to_owned();
        bench.ok(&path, webhook("D", Value::Null));
        assert_eq!(secret(), "s3cret");
        assert_eq!(bench.get(&format!("/contoso/P/_apis/serviceendpoint/endpoints/{id}"))["name"], "D");
        bench.ok(&path, webhook("D", json!("")));
        assert_eq!(secret(), "");
    }

    #[test]
    fn what_cannot_be_a_connection_is_refused() {
        let bench = Bench::with_project("P");
        bench.ok("POST /contoso/_apis/serviceendpoint/endpoints", webhook("Taken", Value::Null));
        let mut no_name = webhook("A", Value::Null);
        no_name["authorization"]["parameters"]["webhookname"] = json!("");
        let mut bad_name = no_name.clone();
        bad_name["authorization"]["parameters"]["webhookname"] = json!("a b");
        let mut no_project = webhook("A", Value::Null);
        no_project["serviceEndpointProjectReferences"] = json!([]);
        let mut other_project = webhook("A", Value::Null);
        other_project["serviceEndpointProjectReferences"][0]["projectReference"]["name"] = json!("nope");
        for (body, status, key) in [
            (webhook("taken", Value::Null), 409, "DuplicateServiceConnectionException"),
            (no_name, 400, "VssPropertyValidationException"),
            (bad_name, 400, "VssPropertyValidationException"),
            (no_project, 400, "VssPropertyValidationException"),
            (other_project, 404, "ProjectDoesNotExistWithNameException"),
            (json!({ "name": 7 }), 400, "VssPropertyValidationException"),
        ] {
            let (s, answer) = bench.call("POST /contoso/_apis/serviceendpoint/endpoints", body);
            assert_eq!((s, answer["typeKey"].as_str().unwrap()), (status, key));
        }
        assert_eq!(bench.store().endpoints.len(), 1);
    }

    #[test]
    fn an_endpoint_goes_with_its_last_project() {
        let bench = Bench::with_project("P");
        bench.ok("POST /contoso/_apis/projects", json!({ "name": "Q" }));
        let created = bench.ok("POST /contoso/_apis/serviceendpoint/endpoints", webhook("C", Value::Null));
        let path = format!("/contoso/_apis/serviceendpoint/endpoints/{}", created["id"].as_str().unwrap());
        let share = r#"[{"projectReference":{"name":"Q"}}]"#;
        assert_eq!(bench.send("PATCH", &path, &[], share).status, 204);
        assert_eq!(bench.get("/contoso/Q/_apis/serviceendpoint/endpoints")["value"][0]["isShared"], true);
        assert_eq!(bench.send("DELETE", &path, &[], "").status, 400);
        assert_eq!(bench.send("DELETE", &format!("{path}?projectIds=P,Q&deep=true"), &[], "").status, 204);
        assert!(bench.store().endpoints.is_empty());
        let gone = bench.send("GET", &format!("/contoso/P{}", &path["/contoso".len()..]), &[], "");
        assert_eq!((gone.status, gone.body.as_str()), (200, "null"));
    }

    #[test]
    fn the_project_of_older_clients_stands_in_the_path() {
        let bench = Bench::with_project("P");
        let mut body = webhook("Old", Value::Null);
        body.as_object_mut().unwrap().remove("serviceEndpointProjectReferences");
        let created =
            bench.ok("POST /contoso/P/_apis/serviceendpoint/endpoints?api-version=5.1-preview.2", body);
        assert_eq!(created["serviceEndpointProjectReferences"][0]["name"], "Old");
    }
}
