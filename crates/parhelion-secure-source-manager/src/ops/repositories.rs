//! Repositories. Their creation, which makes a commit, stands in `create_repository.rs`.

use crate::{
    domain::{
        fields,
        filter::Filter,
        lro::{self, Outcome, timestamp},
        mask::Mask,
        names::{Name, Place},
        pages::page,
        urls,
    },
    error::Error,
    proto::{
        self, longrunning,
        v1::{
            self, DeleteRepositoryRequest, GetRepositoryRequest, ListRepositoriesRequest,
            ListRepositoriesResponse, UpdateRepositoryRequest, repository,
        },
    },
    store::{Key, Repository, SsmStore},
};
use parhelion_core::text;
use parhelion_state::{Operation, Query, Tx, View};

/// The collection's name.
pub const COLLECTION: &str = "repositories";

/// A repository as the API shows it.
pub fn message(base: &str, key: &Key, record: &Repository) -> v1::Repository {
    let scan_config = record.secret_scan.clone().map(|(enabled, inspect_template)| repository::ScanConfig {
        secret_scan_config: Some(repository::scan_config::SecretScanConfig { enabled, inspect_template }),
    });
    v1::Repository {
        name: full_name(key, record),
        description: record.description.clone(),
        instance: record.instance_name.clone(),
        uid: record.uid.clone(),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        etag: record.etag.clone(),
        uris: Some(urls::uris(base, &key.0, &key.1, record)),
        // Docs: input only.
        initial_config: None,
        service_account: record.service_account.clone(),
        scan_config,
    }
}

/// A repository's name, with the project as at its creation.
pub fn full_name(key: &Key, record: &Repository) -> String {
    format!("projects/{}/locations/{}/repositories/{}", record.project, key.0, key.1)
}

/// A fresh etag.
pub fn etag(tx: &mut Tx<'_>) -> String {
    text::hex(&tx.bytes::<8>("etag"))
}

/// The secret scan of a request's scan configuration.
pub fn secret_scan(given: Option<repository::ScanConfig>) -> Result<Option<(bool, String)>, Error> {
    let Some(scan) = given.and_then(|c| c.secret_scan_config) else { return Ok(None) };
    fields::short("repository.scan_config.secret_scan_config.inspect_template", &scan.inspect_template)?;
    Ok(Some((scan.enabled, scan.inspect_template)))
}

/// Lists the repositories of a location, or of one instance, by name.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/list
pub struct ListRepositories;
impl Query for ListRepositories {
    const NAME: &'static str = "ListRepositories";
    type Store = SsmStore;
    type Input = ListRepositoriesRequest;
    type Output = ListRepositoriesResponse;
    type Error = Error;

    fn run(
        store: &SsmStore,
        input: ListRepositoriesRequest,
        view: &View<'_>,
    ) -> Result<ListRepositoriesResponse, Error> {
        let place = Place::parse("parent", &input.parent)?;
        let filter = Filter::parse(&input.filter, "Repository")?;
        // CHOICE: without an instance the whole location (the real central API wants one).
        let instance = match input.instance.as_str() {
            "" => None,
            name => Some(Name::parse("instance", name, "instances")?.id),
        };
        let all = store
            .repositories
            .iter()
            .filter(|((location, _), _)| *location == place.location)
            .filter(|(_, record)| instance.as_ref().is_none_or(|id| record.instance == *id))
            .map(|(key, record)| message(&view.call.base, key, record))
            .filter(|m| input.filter.is_empty() || filter.takes(&proto::json_of("Repository", m)))
            .collect();
        let question = [COLLECTION, &place.to_string(), &input.filter, &input.instance];
        let (repositories, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListRepositoriesResponse { repositories, next_page_token })
    }
}

/// Tells of one repository.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/get
pub struct GetRepository;
impl Query for GetRepository {
    const NAME: &'static str = "GetRepository";
    type Store = SsmStore;
    type Input = GetRepositoryRequest;
    type Output = v1::Repository;
    type Error = Error;

    fn run(store: &SsmStore, input: GetRepositoryRequest, view: &View<'_>) -> Result<v1::Repository, Error> {
        let key = Name::parse("name", &input.name, COLLECTION)?.key();
        let record = store.repository(&key).ok_or(Error::NotFound(input.name))?;
        Ok(message(&view.call.base, &key, record))
    }
}

/// Changes a repository: description, service account, scan configuration.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/patch
pub struct UpdateRepository;
impl Operation for UpdateRepository {
    const NAME: &'static str = "UpdateRepository";
    type Store = SsmStore;
    type Input = UpdateRepositoryRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UpdateRepositoryRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let given = input.repository.ok_or_else(|| Error::field("repository", "is required."))?;
        let mask = Mask::of(input.update_mask.as_ref(), "Repository")?;
        let name = Name::parse("repository.name", &given.name, COLLECTION)?;
        let key = name.key();
        let Some(record) = store.repository(&key) else { return Err(Error::NotFound(given.name)) };
        if !given.etag.is_empty() && given.etag != record.etag {
            return Err(Error::Etag(given.name));
        }
        // Docs: immutable. Left out, it is no change.
        if mask.has("instance") && !given.instance.is_empty() {
            let instance = Name::parse("repository.instance", &given.instance, "instances")?;
            if instance.id != record.instance || instance.place.location != key.0 {
                return Err(Error::field("repository.instance", "is immutable."));
            }
        }
        if mask.touches("initial_config") && given.initial_config.is_some() {
            return Err(Error::field("repository.initial_config", "is used on creation only."));
        }
        let mut next = Repository::clone(record);
        if mask.has("description") {
            fields::description("repository.description", &given.description)?;
            next.description = given.description;
        }
        if mask.has("service_account") {
            fields::short("repository.service_account", &given.service_account)?;
            next.service_account = given.service_account;
        }
        let scan = secret_scan(given.scan_config)?;
        if mask.has("scan_config.secret_scan_config") {
            next.secret_scan = scan;
        } else {
            let (enabled, template) = scan.unwrap_or_default();
            let current = next.secret_scan.clone().unwrap_or_default();
            let paths = "scan_config.secret_scan_config";
            let (e, t) =
                (mask.has(&format!("{paths}.enabled")), mask.has(&format!("{paths}.inspect_template")));
            if e || t {
                next.secret_scan =
                    Some((if e { enabled } else { current.0 }, if t { template } else { current.1 }));
            }
        }
        next.etag = etag(tx);
        next.updated = tx.now();
        let target = full_name(&key, &next);
        let outcome = Outcome::of("Repository", &message(&tx.call().base.clone(), &key, &next));
        if input.validate_only {
            return Ok(lro::would_be(tx, &name.place, "update", &target, outcome));
        }
        let begun = lro::begin(tx, &name.place, "update", &target);
        if begun.succeeds() {
            store.repositories.put(key, next);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Deletes a repository with all that belongs to it.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories/delete
pub struct DeleteRepository;
impl Operation for DeleteRepository {
    const NAME: &'static str = "DeleteRepository";
    type Store = SsmStore;
    type Input = DeleteRepositoryRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeleteRepositoryRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = Name::parse("name", &input.name, COLLECTION)?;
        let key = name.key();
        let target = match store.repository(&key) {
            Some(record) => full_name(&key, record),
            None if input.allow_missing => input.name,
            None => return Err(Error::NotFound(input.name)),
        };
        let begun = lro::begin(tx, &name.place, "delete", &target);
        if begun.succeeds() {
            store.remove_repository(&key);
        }
        Ok(begun.end(store, tx, Outcome::empty()))
    }
}
