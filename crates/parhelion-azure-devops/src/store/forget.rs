//! Taking things out together with what hangs on them.

use super::{
    AzureDevOpsStore, Build, DeletedBuild, MAX_BUILD_BYTES, MAX_BUILDS, MAX_DELETED, MAX_DELIVERIES,
    MAX_DELIVERY_BYTES, MAX_PUSH_BYTES, MAX_PUSHES, MAX_REVISIONS, Push, WebhookDelivery,
};
use crate::domain::run::life;
use parhelion_core::Timestamp;
use std::{collections::BTreeSet, sync::Arc};
use uuid::Uuid;

impl AzureDevOpsStore {
    /// Takes out a definition with its revisions, builds and trigger issues.
    pub fn forget_definition(&mut self, id: u32) {
        self.definitions.remove(&id);
        let revisions: Vec<_> = self.revisions.range((id, 0)..=(id, u32::MAX)).map(|(k, _)| *k).collect();
        for revision in revisions {
            self.revisions.remove(&revision);
        }
        let builds: Vec<u32> = self.builds.values().filter(|b| b.definition == id).map(|b| b.id).collect();
        for build in builds {
            self.take_build(build);
        }
        let deleted: Vec<u32> =
            self.deleted_builds.values().filter(|d| d.build.definition == id).map(|d| d.build.id).collect();
        for build in deleted {
            self.deleted_builds.remove(&build);
        }
        let held: Vec<_> = self.batches.keys().filter(|(definition, _)| *definition == id).cloned().collect();
        for batch in held {
            self.batches.remove(&batch);
        }
        let issues: Vec<u64> =
            self.issues.iter().filter(|(_, i)| i.pipeline_id == id).map(|(k, _)| *k).collect();
        for issue in issues {
            self.issues.remove(&issue);
        }
    }

    /// Takes out a project with everything in it.
    pub fn forget_project(&mut self, id: Uuid) {
        let definitions: Vec<u32> =
            self.definitions.values().filter(|d| d.project == id).map(|d| d.id).collect();
        for definition in definitions {
            self.forget_definition(definition);
        }
        let deleted: Vec<u32> =
            self.deleted_definitions.iter().filter(|(_, d)| d.project == id).map(|(k, _)| *k).collect();
        for definition in deleted {
            self.deleted_definitions.remove(&definition);
        }
        let repositories: Vec<Uuid> =
            self.repositories.values().filter(|r| r.project == id).map(|r| r.id).collect();
        for repository in repositories {
            self.forget_repository(repository);
        }
        let endpoints: Vec<Uuid> = self.endpoints.keys().copied().collect();
        for endpoint in endpoints {
            self.forget_share(endpoint, id);
        }
        let groups: Vec<u32> = self.variable_groups.keys().copied().collect();
        for group in groups {
            self.forget_group_share(group, id);
        }
        // What only looked at this project has nothing left to look at.
        let of = id.to_string();
        let watchers: Vec<Uuid> = self
            .subscriptions
            .iter()
            .filter(|(_, s)| s.publisher_inputs.get("projectId").is_some_and(|p| p.eq_ignore_ascii_case(&of)))
            .map(|(id, _)| *id)
            .collect();
        for subscription in watchers {
            self.forget_subscription(subscription);
        }
        self.forget_environments(id);
        self.projects.remove(&id);
    }

    /// Takes out a repository with its pushes. Definitions that build it stay, and say so when they are run.
    pub fn forget_repository(&mut self, id: Uuid) {
        self.repositories.remove(&id);
        let pushes: Vec<u32> = self.pushes.values().filter(|p| p.repository == id).map(|p| p.id).collect();
        for push in pushes {
            self.take_push(push);
        }
    }

    /// Takes a definition out of sight with its builds: it can be brought back, they cannot.
    // CHOICE: the service brings back the builds too.
    pub fn delete_definition(&mut self, id: u32) {
        let Some(definition) = self.definitions.get(&id).cloned() else { return };
        self.forget_definition(id);
        self.deleted_definitions.put(id, Arc::unwrap_or_clone(definition));
        while self.deleted_definitions.len() > MAX_DELETED {
            let Some(oldest) = self.deleted_definitions.get_min().map(|(id, _)| *id) else { return };
            self.deleted_definitions.remove(&oldest);
        }
    }

    /// Takes an endpoint out of a project; it is gone when that was its last.
    pub fn forget_share(&mut self, endpoint: Uuid, project: Uuid) {
        let left = self.endpoints.edit(&endpoint, |e| {
            e.shares.retain(|s| s.project != project);
            e.shares.len()
        });
        if left == Some(0) {
            self.endpoints.remove(&endpoint);
        }
    }

    /// Takes a variable group out of a project; it is gone when that was its last.
    pub fn forget_group_share(&mut self, group: u32, project: Uuid) {
        let left = self.variable_groups.edit(&group, |g| {
            g.shares.retain(|s| s.project != project);
            g.shares.len()
        });
        if left == Some(0) {
            self.variable_groups.remove(&group);
        }
    }

    /// Keeps a definition's present form as an earlier revision.
    pub fn keep_revision(&mut self, id: u32) {
        let Some(definition) = self.definitions.get(&id).cloned() else { return };
        self.revisions.put((id, definition.revision), (*definition).clone());
        if let Some(old) = definition.revision.checked_sub(MAX_REVISIONS) {
            self.revisions.remove(&(id, old));
        }
    }

    /// Puts a build in its place; the oldest go when there are too many or they hold too much.
    pub fn put_build(&mut self, build: Build) {
        if let Some(before) = self.builds.get(&build.id).cloned() {
            self.build_bytes = self.build_bytes.saturating_sub(before.weight());
            self.schedule(&before, false);
        }
        self.build_bytes += build.weight();
        self.schedule(&build, true);
        self.builds.put(build.id, build);
        while self.builds.len() > 1 && (self.builds.len() > MAX_BUILDS || self.build_bytes > MAX_BUILD_BYTES)
        {
            let Some(oldest) = self.builds.get_min().map(|(id, _)| *id) else { return };
            self.take_build(oldest);
        }
    }

    /// Notes (or forgets) when a build goes on by itself, and since when it stands until it is stepped.
    fn schedule(&mut self, build: &Build, noted: bool) {
        let (due, held) = life::next(build);
        for (table, at) in [(&mut self.due, due), (&mut self.held, held)] {
            let Some(at) = at else { continue };
            if noted {
                table.put((at, build.id), ());
            } else {
                table.remove(&(at, build.id));
            }
        }
    }

    /// Changes a build, if it is there.
    pub fn edit_build<R>(&mut self, id: u32, change: impl FnOnce(&mut Build) -> R) -> Option<R> {
        let mut build = Arc::unwrap_or_clone(self.builds.get(&id)?.clone());
        let done = change(&mut build);
        self.put_build(build);
        Some(done)
    }

    /// The first build that goes on by now.
    pub fn due_build(&self, now: Timestamp) -> Option<Arc<Build>> {
        let ((at, id), _) = self.due.get_min()?;
        self.builds.get(id).filter(|_| *at <= now).cloned()
    }

    /// The builds that are not over, as their ids.
    pub fn open_builds(&self) -> BTreeSet<u32> {
        self.due.keys().chain(self.held.keys()).map(|(_, id)| *id).collect()
    }

    /// The builds in which something stands until it is stepped, the longest first.
    pub fn held_builds(&self) -> impl Iterator<Item = &Arc<Build>> {
        self.held.keys().filter_map(|(_, id)| self.builds.get(id))
    }

    /// Takes a build out of sight: lists may still tell of it.
    pub fn delete_build(&mut self, id: u32, at: Timestamp) {
        let Some(build) = self.take_build(id) else { return };
        let mut build = Arc::unwrap_or_clone(build);
        build.final_yaml = "".into();
        (build.pipeline, build.known, build.groups) = Default::default();
        // Secrets among them are not kept for what nobody runs again.
        build.variables.clear();
        build.stages.clear();
        build.artifacts.clear();
        build.delivery = None;
        let by = self.user();
        self.deleted_builds.put(id, DeletedBuild { build, at, by });
        while self.deleted_builds.len() > MAX_DELETED {
            let Some(oldest) = self.deleted_builds.get_min().map(|(id, _)| *id) else { return };
            self.deleted_builds.remove(&oldest);
        }
    }

    /// Keeps a push; the oldest go when there are too many or they hold too much.
    pub fn keep_push(&mut self, push: Push) {
        self.push_bytes += push.weight();
        self.pushes.put(push.id, push);
        while self.pushes.len() > 1 && (self.pushes.len() > MAX_PUSHES || self.push_bytes > MAX_PUSH_BYTES) {
            let Some(oldest) = self.pushes.get_min().map(|(id, _)| *id) else { return };
            self.take_push(oldest);
        }
    }

    /// Keeps the record of a webhook request; the oldest go when there are too many or they hold too much.
    pub fn keep_delivery(&mut self, record: WebhookDelivery) {
        self.delivery_bytes += record.body.0.len();
        self.deliveries.put(record.number, record);
        while self.deliveries.len() > 1
            && (self.deliveries.len() > MAX_DELIVERIES || self.delivery_bytes > MAX_DELIVERY_BYTES)
        {
            let Some(oldest) = self.deliveries.get_min().map(|(n, _)| *n) else { return };
            let gone = self.deliveries.remove(&oldest).map_or(0, |d| d.body.0.len());
            self.delivery_bytes = self.delivery_bytes.saturating_sub(gone);
        }
    }

    fn take_push(&mut self, id: u32) {
        if let Some(gone) = self.pushes.remove(&id) {
            self.push_bytes = self.push_bytes.saturating_sub(gone.weight());
        }
    }

    /// Takes a build out.
    pub fn take_build(&mut self, id: u32) -> Option<Arc<Build>> {
        let gone = self.builds.remove(&id)?;
        self.build_bytes = self.build_bytes.saturating_sub(gone.weight());
        self.schedule(&gone, false);
        let checks = gone.stages.iter().filter_map(|s| s.checkpoint.as_ref()).flat_map(|c| &c.runs);
        for run in checks {
            self.take_approval(&run.record);
        }
        Some(gone)
    }
}
