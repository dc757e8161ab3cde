//! Which pipelines may use a resource.

use crate::store::{AzureDevOpsStore, Definition, Project, ResourceId};

/// Whether pipelines need a permission for what their YAML names (`azure.permissions=strict`).
pub fn is_strict(store: &AzureDevOpsStore) -> bool {
    store.profile.as_ref().is_some_and(|p| p.strict_permissions)
}

/// Whether a pipeline may use a resource. `implied`: its YAML does not name it, it comes with the pipeline.
// CHOICE: in the default mode all may until somebody says otherwise; what comes with a pipeline is never in question
// before that.
pub fn permitted(
    store: &AzureDevOpsStore,
    project: &Project,
    definition: &Definition,
    resource: &ResourceId,
    implied: bool,
    strict: bool,
) -> bool {
    let said = store.permissions.get(&(project.id, resource.clone()));
    let all = said.and_then(|p| p.all.as_ref()).map(|p| p.authorized);
    let own = said.and_then(|p| p.pipelines.get(&definition.id)).is_some_and(|p| p.authorized);
    // What the build API says counts as well.
    let listed = project.authorized.iter().chain(&definition.authorized);
    let listed = listed.filter(|r| r.authorized).any(|r| ResourceId::new(&r.kind, &r.id) == *resource);
    own || listed || all.unwrap_or(implied || !strict)
}
