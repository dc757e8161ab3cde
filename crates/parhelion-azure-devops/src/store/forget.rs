//! Taking things out together with what hangs on them.

use super::{
    AzureDevOpsStore, Build, MAX_BUILD_BYTES, MAX_BUILDS, MAX_DELIVERIES, MAX_DELIVERY_BYTES, MAX_PUSH_BYTES,
    MAX_PUSHES, MAX_REVISIONS, Push, WebhookDelivery,
};
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
        let issues: Vec<u64> =
            self.issues.iter().filter(|(_, i)| i.pipeline_id == id).map(|(k, _)| *k).collect();
        for issue in issues {
            self.issues.remove(&issue);
        }
    }

    /// Takes out a repository with its pushes. Definitions that build it stay, and say so when they are run.
    pub fn forget_repository(&mut self, id: Uuid) {
        self.repositories.remove(&id);
        let pushes: Vec<u32> = self.pushes.values().filter(|p| p.repository == id).map(|p| p.id).collect();
        for push in pushes {
            self.take_push(push);
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
        self.build_bytes += build.weight();
        if let Some(before) = self.builds.put(build.id, build) {
            self.build_bytes = self.build_bytes.saturating_sub(before.weight());
        }
        while self.builds.len() > 1 && (self.builds.len() > MAX_BUILDS || self.build_bytes > MAX_BUILD_BYTES)
        {
            let Some(oldest) = self.builds.get_min().map(|(id, _)| *id) else { return };
            self.take_build(oldest);
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
    pub fn take_build(&mut self, id: u32) {
        if let Some(gone) = self.builds.remove(&id) {
            self.build_bytes = self.build_bytes.saturating_sub(gone.weight());
        }
    }
}
