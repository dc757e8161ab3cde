//! Instances.

use crate::{
    domain::{
        fields,
        filter::{self, Filter},
        lro::{self, Outcome, Then, timestamp},
        names::{self, Name, Place},
        pages::page,
        urls,
    },
    error::Error,
    proto::{
        self, longrunning,
        v1::{
            self, CreateInstanceRequest, DeleteInstanceRequest, GetInstanceRequest, ListInstancesRequest,
            ListInstancesResponse, instance,
        },
    },
    store::{INSTANCES, Instance, InstanceState, Key, PrivateConfig, SsmStore},
};
use parhelion_core::Timestamp;
use parhelion_state::{Operation, Query, Tx, View};

/// The collection's name.
pub const COLLECTION: &str = "instances";

/// An instance as the API shows it.
pub fn message(base: &str, key: &Key, record: &Instance) -> v1::Instance {
    let private_config = record.private_config.as_ref().map(|p| instance::PrivateConfig {
        is_private: p.is_private,
        ca_pool: p.ca_pool.clone(),
        psc_allowed_projects: p.psc_allowed_projects.clone(),
        custom_host_config: p.custom_hosts.clone().map(|[html, api, git_ssh, git_http]| {
            instance::private_config::CustomHostConfig { html, api, git_ssh, git_http }
        }),
        ..Default::default()
    });
    let federation =
        record.workforce_federation.map(|enabled| instance::WorkforceIdentityFederationConfig { enabled });
    v1::Instance {
        name: format!("projects/{}/locations/{}/instances/{}", record.project, key.0, key.1),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        labels: record.labels.clone(),
        state: match record.state {
            InstanceState::Creating => instance::State::Creating,
            InstanceState::Active => instance::State::Active,
            InstanceState::Deleting => instance::State::Deleting,
        }
        .into(),
        host_config: Some(urls::host_config(base, &record.project, key, record)),
        kms_key: record.kms_key.clone(),
        private_config,
        workforce_identity_federation_config: federation,
        ..Default::default()
    }
}

/// Lists the instances of a location by name.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.instances/list
pub struct ListInstances;
impl Query for ListInstances {
    const NAME: &'static str = "ListInstances";
    type Store = SsmStore;
    type Input = ListInstancesRequest;
    type Output = ListInstancesResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListInstancesRequest,
        view: &View<'_>,
    ) -> Result<ListInstancesResponse, Error> {
        let place = Place::parse("parent", &input.parent)?;
        let filter = Filter::parse(&input.filter, "Instance")?;
        let mut all: Vec<(v1::Instance, serde_json::Value)> = store
            .instances
            .iter()
            .filter(|((location, _), _)| *location == place.location)
            .map(|(key, record)| message(&view.call.base, key, record))
            .map(|m| (m.clone(), proto::json_of("Instance", &m)))
            .filter(|(_, json)| filter.takes(json))
            .collect();
        filter::order(&mut all, &input.order_by)?;
        let all = all.into_iter().map(|(m, _)| m).collect();
        let question = [COLLECTION, &place.to_string(), &input.filter, &input.order_by];
        let (instances, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListInstancesResponse { instances, next_page_token, unreachable: Vec::new() })
    }
}

/// Tells of one instance.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.instances/get
pub struct GetInstance;
impl Query for GetInstance {
    const NAME: &'static str = "GetInstance";
    type Store = SsmStore;
    type Input = GetInstanceRequest;
    type Output = v1::Instance;
    type Error = Error;

    fn run(store: &SsmStore, input: GetInstanceRequest, view: &View<'_>) -> Result<v1::Instance, Error> {
        let key = Name::parse("name", &input.name, COLLECTION)?.key();
        let record = store.instances.get(&key).ok_or(Error::NotFound(input.name))?;
        Ok(message(&view.call.base, &key, record))
    }
}

/// Creates an instance. Simulated: no machine is started; the pace of operations says when it is active.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.instances/create
pub struct CreateInstance;
impl Operation for CreateInstance {
    const NAME: &'static str = "CreateInstance";
    type Store = SsmStore;
    type Input = CreateInstanceRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CreateInstanceRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let place = Place::parse("parent", &input.parent)?;
        fields::request_id("request_id", &input.request_id)?;
        let asked = request_key(Self::NAME, &input.request_id);
        if let Some(first) = repeated(store, &asked, tx.now()) {
            return Ok(first);
        }
        fields::id("instance_id", &input.instance_id)?;
        let given = input.instance.ok_or_else(|| Error::field("instance", "is required."))?;
        let mut record = record(&place, given, tx.now())?;
        let name = place.with(COLLECTION, &input.instance_id);
        if store.instances.contains_key(&name.key()) {
            return Err(Error::Exists(name.to_string()));
        }
        if store.instances.len() >= INSTANCES {
            return Err(Error::Full { holder: "the project", limit: INSTANCES, what: "instances" });
        }
        // What the operation gives in the end.
        let outcome = Outcome::of("Instance", &message(&tx.call().base.clone(), &name.key(), &record));
        let mut begun = lro::begin(tx, &place, "create", &name.to_string());
        if begun.succeeds() {
            tx.claim(names::number_handle(&store.project.0), store.project.0.clone());
            if begun.waits() {
                record.state = InstanceState::Creating;
                begun.then(Then::Activate(name.key()));
            }
            store.instances.put(name.key(), record);
        }
        let operation = begun.end(store, tx, outcome);
        remember(store, asked, &operation, tx.now());
        Ok(operation)
    }
}

/// Deletes an instance; one that has repositories only by force, and then with them.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.instances/delete
pub struct DeleteInstance;
impl Operation for DeleteInstance {
    const NAME: &'static str = "DeleteInstance";
    type Store = SsmStore;
    type Input = DeleteInstanceRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeleteInstanceRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = Name::parse("name", &input.name, COLLECTION)?;
        fields::request_id("request_id", &input.request_id)?;
        let asked = request_key(Self::NAME, &input.request_id);
        if let Some(first) = repeated(store, &asked, tx.now()) {
            return Ok(first);
        }
        let key = name.key();
        let Some(record) = store.instances.get(&key).cloned() else {
            return Err(Error::NotFound(input.name));
        };
        let repositories = store.repositories_of(&key);
        if !repositories.is_empty() && !input.force {
            return Err(Error::NotEmpty(input.name));
        }
        let target = format!("projects/{}/locations/{}/instances/{}", record.project, key.0, key.1);
        // CHOICE: one operation at a time; one that is under way can be cancelled.
        match record.state {
            InstanceState::Active => {}
            InstanceState::Creating => return Err(Error::state(&target, "the instance is being created.")),
            InstanceState::Deleting => return Err(Error::state(&target, "the instance is being deleted.")),
        }
        let mut begun = lro::begin(tx, &name.place, "delete", &target);
        if begun.succeeds() && begun.waits() {
            store.instances.edit(&key, |i| i.state = InstanceState::Deleting);
            begun.then(Then::Remove(key));
        } else if begun.succeeds() {
            store.remove_instance(&key);
        }
        let operation = begun.end(store, tx, Outcome::empty());
        remember(store, asked, &operation, tx.now());
        Ok(operation)
    }
}

fn record(place: &Place, given: v1::Instance, now: Timestamp) -> Result<Instance, Error> {
    fields::labels("instance.labels", &given.labels)?;
    fields::kms_key("instance.kms_key", &given.kms_key)?;
    let private_config = given.private_config.map(private_config).transpose()?;
    Ok(Instance {
        project: place.project.clone(),
        labels: given.labels,
        kms_key: given.kms_key,
        private_config,
        workforce_federation: given.workforce_identity_federation_config.map(|c| c.enabled),
        created: now,
        updated: now,
        state: InstanceState::Active,
    })
}

fn private_config(given: instance::PrivateConfig) -> Result<PrivateConfig, Error> {
    let field = |name: &str| format!("instance.private_config.{name}");
    if !given.is_private {
        return Err(Error::field(field("is_private"), "is required."));
    }
    fields::ca_pool(&field("ca_pool"), &given.ca_pool)?;
    if given.psc_allowed_projects.len() > 100 {
        return Err(Error::field(field("psc_allowed_projects"), "at most 100 are allowed."));
    }
    let custom_hosts = given.custom_host_config.map(|c| [c.html, c.api, c.git_ssh, c.git_http]);
    let host = |h: &String| {
        !h.is_empty() && h.len() <= 253 && h.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b))
    };
    if custom_hosts.as_ref().is_some_and(|hosts| !hosts.iter().all(host)) {
        return Err(Error::field(field("custom_host_config"), "all four hosts are required."));
    }
    Ok(PrivateConfig {
        is_private: true,
        ca_pool: given.ca_pool,
        psc_allowed_projects: given.psc_allowed_projects,
        custom_hosts,
    })
}

/// What a request id is kept under: CHOICE: the same id of another method is another request. Empty for none.
fn request_key(method: &str, request_id: &str) -> String {
    if request_id.is_empty() {
        String::new()
    } else {
        format!("{method} {}", request_id.to_ascii_lowercase())
    }
}

/// Docs: for 60 minutes the same request id gives the first operation (as long as that is kept).
fn repeated(store: &mut SsmStore, asked: &str, now: Timestamp) -> Option<longrunning::Operation> {
    let over: Vec<String> = store
        .request_ids
        .iter()
        .filter(|(_, seen)| {
            now - seen.0 > chrono::TimeDelta::minutes(60) || !store.operations.contains_key(&seen.1)
        })
        .map(|(id, _)| id.clone())
        .collect();
    for id in over {
        store.request_ids.remove(&id);
    }
    let (_, key) = &**store.request_ids.get(asked)?;
    let record = store.operations.get(key)?;
    Some(lro::to_message(key, record))
}

fn remember(store: &mut SsmStore, asked: String, operation: &longrunning::Operation, now: Timestamp) {
    if !asked.is_empty()
        && let Ok(name) = Name::parse("name", &operation.name, "operations")
    {
        store.request_ids.put(asked, (now, name.key()));
    }
}
