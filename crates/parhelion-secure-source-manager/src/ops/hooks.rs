//! Hooks.

use crate::{
    domain::{
        fields,
        lro::{self, Outcome, timestamp},
        mask::Mask,
        names::{Child, Name},
        pages::page,
    },
    error::Error,
    ops::repositories,
    proto::{
        longrunning,
        v1::{
            self, CreateHookRequest, DeleteHookRequest, GetHookRequest, ListHooksRequest, ListHooksResponse,
            UpdateHookRequest, hook,
        },
    },
    store::{HOOKS, Hook, HookEvent, HookKey, SsmStore},
};
use parhelion_state::{Operation, Query, Tx, View};

/// A hook as the API shows it.
pub fn message(key: &HookKey, record: &Hook) -> v1::Hook {
    let number = |event: &HookEvent| match event {
        HookEvent::Push => hook::HookEventType::Push,
        HookEvent::PullRequest => hook::HookEventType::PullRequest,
        HookEvent::PullRequestComment => hook::HookEventType::PullRequestComment,
    };
    v1::Hook {
        name: full_name(key, record),
        target_uri: record.target_uri.clone(),
        disabled: record.disabled,
        events: record.events.iter().map(|e| number(e).into()).collect(),
        create_time: Some(timestamp(record.created)),
        update_time: Some(timestamp(record.updated)),
        uid: record.uid.clone(),
        push_option: record.branch_filter.clone().map(|branch_filter| hook::PushOption { branch_filter }),
        // CHOICE: write-only, like a password.
        sensitive_query_string: String::new(),
    }
}

fn full_name(key: &HookKey, record: &Hook) -> String {
    format!("projects/{}/locations/{}/repositories/{}/hooks/{}", record.project, key.0, key.1, key.2)
}

/// The collection's name.
pub const COLLECTION: &str = "hooks";

/// Lists the hooks of a repository by id.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.hooks/list
pub struct ListHooks;
impl Query for ListHooks {
    const NAME: &'static str = "ListHooks";
    type Store = SsmStore;
    type Input = ListHooksRequest;
    type Output = ListHooksResponse;
    type Error = Error;

    fn run(store: &SsmStore, input: ListHooksRequest, _: &View<'_>) -> Result<ListHooksResponse, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        if store.repository(&repository.key()).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        let all = store.hooks_of(&repository.key()).map(|(key, record)| message(key, record)).collect();
        let question = ["hooks", &repository.to_string()];
        let (hooks, next_page_token) = page(all, input.page_size, &input.page_token, &question)?;
        Ok(ListHooksResponse { hooks, next_page_token })
    }
}

/// Tells of one hook.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.hooks/get
pub struct GetHook;
impl Query for GetHook {
    const NAME: &'static str = "GetHook";
    type Store = SsmStore;
    type Input = GetHookRequest;
    type Output = v1::Hook;
    type Error = Error;

    fn run(store: &SsmStore, input: GetHookRequest, _: &View<'_>) -> Result<v1::Hook, Error> {
        let key = Child::parse("name", &input.name, COLLECTION)?.key();
        let record = store.hooks.get(&key).ok_or(Error::NotFound(input.name))?;
        Ok(message(&key, record))
    }
}

/// Creates a hook.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.hooks/create
pub struct CreateHook;
impl Operation for CreateHook {
    const NAME: &'static str = "CreateHook";
    type Store = SsmStore;
    type Input = CreateHookRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: CreateHookRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let repository = Name::parse("parent", &input.parent, repositories::COLLECTION)?;
        fields::id("hook_id", &input.hook_id)?;
        let given = input.hook.ok_or_else(|| Error::field("hook", "is required."))?;
        let branch_filter = given.push_option.map(|o| o.branch_filter);
        let record = Hook {
            project: repository.place.project.clone(),
            target_uri: given.target_uri,
            disabled: given.disabled,
            events: fields::events("hook.events", &given.events)?,
            created: tx.now(),
            updated: tx.now(),
            uid: tx.uuid("hook").to_string(),
            branch_filter,
            sensitive_query_string: given.sensitive_query_string,
        };
        check(&record)?;
        if store.repository(&repository.key()).is_none() {
            return Err(Error::NotFound(input.parent));
        }
        let name = Child { repository, collection: COLLECTION, id: input.hook_id };
        let key = name.key();
        if store.hooks.contains_key(&key) {
            return Err(Error::Exists(name.to_string()));
        }
        if store.hooks_of(&name.repository.key()).count() >= HOOKS {
            return Err(Error::Full { holder: "the repository", limit: HOOKS, what: "hooks" });
        }
        let outcome = Outcome::of("Hook", &message(&key, &record));
        let begun = lro::begin(tx, &name.repository.place, "create", &name.to_string());
        if begun.succeeds() {
            store.hooks.put(key, record);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

fn check(record: &Hook) -> Result<(), Error> {
    fields::target_uri("hook.target_uri", &record.target_uri)?;
    fields::branch_filter(
        "hook.push_option.branch_filter",
        record.branch_filter.as_deref().unwrap_or_default(),
    )?;
    fields::sensitive_query_string("hook.sensitive_query_string", &record.sensitive_query_string)
}

/// Changes a hook.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.hooks/patch
pub struct UpdateHook;
impl Operation for UpdateHook {
    const NAME: &'static str = "UpdateHook";
    type Store = SsmStore;
    type Input = UpdateHookRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: UpdateHookRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let given = input.hook.ok_or_else(|| Error::field("hook", "is required."))?;
        let mask = Mask::of(input.update_mask.as_ref(), "Hook")?;
        let name = Child::parse("hook.name", &given.name, COLLECTION)?;
        let key = name.key();
        let Some(record) = store.hooks.get(&key) else { return Err(Error::NotFound(given.name)) };
        let mut next = Hook::clone(record);
        if mask.has("target_uri") {
            next.target_uri = given.target_uri;
        }
        if mask.has("disabled") {
            next.disabled = given.disabled;
        }
        if mask.has("events") {
            next.events = fields::events("hook.events", &given.events)?;
        }
        if mask.has("push_option") {
            next.branch_filter = given.push_option.map(|o| o.branch_filter);
        } else if mask.has("push_option.branch_filter") {
            next.branch_filter = Some(given.push_option.unwrap_or_default().branch_filter);
        }
        // CHOICE: who reads a hook, changes it and writes it back without a mask cannot know this field; an empty
        // one then stays what it was.
        let unknown = mask == Mask::Unset && given.sensitive_query_string.is_empty();
        if mask.has("sensitive_query_string") && !unknown {
            next.sensitive_query_string = given.sensitive_query_string;
        }
        check(&next)?;
        next.updated = tx.now();
        let target = full_name(&key, &next);
        let outcome = Outcome::of("Hook", &message(&key, &next));
        let begun = lro::begin(tx, &name.repository.place, "update", &target);
        if begun.succeeds() {
            store.hooks.put(key, next);
        }
        Ok(begun.end(store, tx, outcome))
    }
}

/// Deletes a hook.
/// https://docs.cloud.google.com/secure-source-manager/docs/reference/rest/v1/projects.locations.repositories.hooks/delete
pub struct DeleteHook;
impl Operation for DeleteHook {
    const NAME: &'static str = "DeleteHook";
    type Store = SsmStore;
    type Input = DeleteHookRequest;
    type Output = longrunning::Operation;
    type Error = Error;

    fn run(
        store: &mut SsmStore,
        input: DeleteHookRequest,
        tx: &mut Tx<'_>,
    ) -> Result<longrunning::Operation, Error> {
        let name = Child::parse("name", &input.name, COLLECTION)?;
        let key = name.key();
        let Some(record) = store.hooks.get(&key) else { return Err(Error::NotFound(input.name)) };
        let begun = lro::begin(tx, &name.repository.place, "delete", &full_name(&key, record));
        if begun.succeeds() {
            store.hooks.remove(&key);
        }
        Ok(begun.end(store, tx, Outcome::empty()))
    }
}
