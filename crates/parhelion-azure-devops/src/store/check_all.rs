//! What always holds about an organization: looked at before each publication in debug builds.

use super::{AzureDevOpsStore, BuildStatus, MAX_BUILDS, MAX_DELETED, MAX_DELIVERIES, MAX_ISSUES, MAX_PUSHES};

impl AzureDevOpsStore {
    /// Panics when something does not hold.
    pub(super) fn check_all(&self) {
        let mut names = std::collections::BTreeSet::new();
        for project in self.projects.values() {
            assert!(names.insert(project.name.to_lowercase()), "two projects are named {}", project.name);
        }
        for (id, definition) in self.definitions.iter() {
            assert_eq!(*id, definition.id);
            assert!(self.projects.contains_key(&definition.project), "definition {id} has no project");
        }
        for (id, build) in self.builds.iter() {
            assert_eq!(*id, build.id);
            assert!(self.definitions.contains_key(&build.definition), "build {id} has no definition");
            assert_eq!(build.status == BuildStatus::Completed, build.result.is_some(), "build {id}");
            let (due, held) = crate::domain::run::life::next(build);
            assert_eq!(
                build.status == BuildStatus::Completed,
                due.or(held).is_none(),
                "build {id} stands still"
            );
            assert!(due.is_none_or(|at| self.due.contains_key(&(at, *id))), "build {id} is forgotten");
            assert!(held.is_none_or(|at| self.held.contains_key(&(at, *id))), "build {id} is forgotten");
        }
        for (definition, branch) in self.batches.keys() {
            assert!(self.definitions.contains_key(definition), "{branch} of no definition is held back");
        }
        for endpoint in self.endpoints.values() {
            assert!(!endpoint.shares.is_empty(), "endpoint {} is in no project", endpoint.id);
        }
        for (id, group) in self.variable_groups.iter() {
            assert!(*id == group.id && !group.shares.is_empty(), "variable group {id} is in no project");
        }
        for (queue, project) in self.projects.values().flat_map(|p| p.queues.iter().map(|q| (q.pool, p.id))) {
            assert!(self.pools.contains_key(&queue), "a queue of project {project} has no pool");
        }
        for repository in self.repositories.values() {
            assert!(self.projects.contains_key(&repository.project), "{} has no project", repository.name);
        }
        for (_, id) in self.due.keys().chain(self.held.keys()) {
            assert!(self.builds.contains_key(id), "build {id} is gone");
        }
        for id in self.open_operations.keys() {
            assert!(self.operations.get(id).is_some_and(|o| o.wait.is_some()), "operation {id} is done");
        }
        assert!(self.deleted_builds.len() <= MAX_DELETED && self.deleted_definitions.len() <= MAX_DELETED);
        assert!(self.deliveries.len() <= MAX_DELIVERIES && self.issues.len() <= MAX_ISSUES);
        assert!(self.builds.len() <= MAX_BUILDS && self.pushes.len() <= MAX_PUSHES);
        let bodies = self.deliveries.values().map(|d| d.body.0.len());
        assert_eq!(self.delivery_bytes, bodies.sum::<usize>());
        assert_eq!(self.push_bytes, self.pushes.values().map(|p| p.weight()).sum::<usize>());
        self.check_service_hooks();
        self.check_approvals();
        self.check_checks();
        assert_eq!(self.build_bytes, self.builds.values().map(|b| b.weight()).sum::<usize>());
    }
}
